//! What a deployment cannot be faster than, under the delays that are laid over it.
//!
//! Computed from the plan's edges, the delays and the calls that the proxy recorded. Shares nothing with the scheduler: only the
//! tables of `schema`, which say what AWS takes and allows, are the same.

use std::collections::BTreeMap;
use std::time::Instant;

use local::Call;
use model::{Change, Plan, Reach, ResourceKey};
use schema::Api;

use super::delays;

/// When a resource has come how far, in milliseconds from the first call.
struct Reached {
    start: u64,
    identified: u64,
    /// Its dependents can use it.
    ready: u64,
    /// It has been looked at.
    done: u64,
}

/// The least number of seconds from the first call to the end of the last: the longest chain of dependents, or the slowest
/// limit of AWS, whichever takes longer.
pub(super) fn seconds(plan: &Plan, calls: &[Call]) -> f64 {
    let mut reached: BTreeMap<&ResourceKey, Reached> = BTreeMap::new();
    // A plan's order respects its edges.
    for change in &plan.changes {
        let needed = change.needs.iter().filter_map(|edge| {
            let on = reached.get(&edge.on)?;
            Some(match edge.until {
                Reach::Identified => on.identified,
                Reach::Ready => on.ready,
            })
        });
        let start = needed.max().unwrap_or(0);
        let rounds = Rounds::of(plan, change, calls);
        let identified = start + delays::OTHER * rounds.before + delays::of_creation(&change.kind);
        let finished = identified + delays::OTHER * rounds.finishing;
        let done = finished + delays::OTHER * rounds.looking;
        // What AWS has ready as soon as it answers need not be looked at before it is used.
        let ready = if *schema::latency(&change.kind).ready.end() == 0 { finished } else { done };
        reached.insert(&change.key, Reached { start, identified, ready, done });
    }
    let chain = reached.values().map(|one| one.done).max().unwrap_or(0) as f64 / 1e3;
    limited(plan, &reached).fold(chain, f64::max)
}

/// How many calls about one resource had to be made one after another, besides the one that creates it. What ran side by side
/// counts once.
struct Rounds {
    /// Before it: a look for what has its name.
    before: u64,
    /// After it: what the creating call could not carry.
    finishing: u64,
    /// After that: a look at what came of it.
    looking: u64,
}

impl Rounds {
    fn of(plan: &Plan, change: &Change, calls: &[Call]) -> Self {
        let mine: Vec<&Call> = calls.iter().filter(|call| is_about(call, plan, change)).collect();
        let Some(create) = mine.iter().find(|call| delays::creates(call)) else {
            // What has no name of its own is looked at once, at least.
            return Self { before: 0, finishing: 0, looking: 1 };
        };
        let made = end(create);
        let finished = mine.iter().filter(|call| call.mutating).map(|call| end(call)).max().unwrap_or(made);
        Self {
            before: one_after_another(mine.iter().filter(|call| end(call) <= create.started)),
            finishing: one_after_another(mine.iter().filter(|call| call.started >= made && end(call) <= finished)),
            looking: one_after_another(mine.iter().filter(|call| call.started >= finished)).max(1),
        }
    }
}

/// The most calls of which none began before another had ended.
fn one_after_another<'a>(calls: impl Iterator<Item = &'a &'a Call>) -> u64 {
    let mut calls: Vec<&&Call> = calls.collect();
    calls.sort_by_key(|call| end(call));
    let (mut count, mut last) = (0, None);
    for call in calls {
        if last.is_none_or(|last| call.started >= last) {
            (count, last) = (count + 1, Some(end(call)));
        }
    }
    count
}

fn end(call: &Call) -> Instant {
    call.ended.unwrap_or(call.started)
}

/// Parts of the names of operations that are about something in what their resource names.
const INNER: [&str; 9] = [
    "Alias",
    "BucketPolicy",
    "GetPolicy",
    "ListVersionsByFunction",
    "Permission",
    "PublishVersion",
    "Subscri",
    "FunctionUrlConfig",
    "Invoke",
];

/// Whether a call is about a resource that calls can be told of: one that has a name of its own, or the policy of a bucket.
fn is_about(call: &Call, plan: &Plan, change: &Change) -> bool {
    let is_policy = change.kind.as_str() == "AWS::S3::BucketPolicy";
    let bearer = if is_policy { bucket(plan, change) } else { Some(change) };
    let name = bearer.and_then(name);
    let is_named =
        |resource: &str| name.is_some_and(|name| resource == name || resource.ends_with(&format!(":{name}")));
    let is_of_type = match is_policy {
        true => call.operation.contains("BucketPolicy"),
        false => !INNER.iter().any(|inner| call.operation.contains(inner)),
    };
    is_of_type && call.service == service(change) && call.resource.as_deref().is_some_and(is_named)
}

/// The bucket that a policy is of.
fn bucket<'a>(plan: &'a Plan, policy: &Change) -> Option<&'a Change> {
    plan.changes
        .iter()
        .find(|one| one.kind.as_str() == "AWS::S3::Bucket" && policy.dependencies.contains(&one.key.address))
}

/// The name that the plan gives a resource.
fn name(change: &Change) -> Option<&str> {
    let naming = schema::get(&change.kind).and_then(|kind| kind.naming)?;
    change.action.to()?.text(naming.property)
}

/// A type's service, as calls name it.
fn service(change: &Change) -> String {
    let service = change.kind.as_str().split("::").nth(1).unwrap_or_default();
    if service == "ApiGatewayV2" { "apigateway".to_owned() } else { service.to_lowercase() }
}

/// For each limit: the first creation that counts against it, the rest at its rate, and the shortest end.
fn limited(plan: &Plan, reached: &BTreeMap<&ResourceKey, Reached>) -> impl Iterator<Item = f64> {
    let mut shared: BTreeMap<&str, (Api, Vec<&Reached>)> = BTreeMap::new();
    for change in &plan.changes {
        let limit = schema::api(&change.kind, schema::Call::Create);
        let entry = shared.entry(limit.name).or_insert_with(|| (limit, Vec::new()));
        entry.1.extend(reached.get(&change.key));
    }
    shared.into_values().map(|(limit, calls)| {
        let first = calls.iter().map(|call| call.start).min().unwrap_or(0) as f64 / 1e3;
        let tail = calls.iter().map(|call| call.done - call.start).min().unwrap_or(0) as f64 / 1e3;
        let waiting = (calls.len() as f64 - limit.burst).max(0.0) / limit.rate;
        first + waiting + tail
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use local::Caller;
    use model::Timestamp;

    use super::*;

    /// A call of these milliseconds after `origin`.
    fn call(origin: Instant, from: u64, to: u64) -> Call {
        let at = |millis| origin + Duration::from_millis(millis);
        Call {
            id: 0,
            at: Timestamp::UNIX_EPOCH,
            service: "s3".into(),
            operation: "GetBucketTagging".into(),
            resource: None,
            caller: Caller::Nobody,
            mutating: false,
            method: "GET".into(),
            path: "/".into(),
            status: Some(200),
            error: None,
            fault: None,
            forwarded: true,
            took: None,
            started: at(from),
            ended: Some(at(to)),
            body: bytes::Bytes::new(),
        }
    }

    #[test]
    fn what_ran_side_by_side_counts_once() {
        let origin = Instant::now();
        let count = |spans: &[(u64, u64)]| {
            let calls: Vec<Call> = spans.iter().map(|(from, to)| call(origin, *from, *to)).collect();
            one_after_another(calls.iter().collect::<Vec<_>>().iter())
        };
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[(0, 20), (20, 40), (45, 60)]), 3);
        assert_eq!(count(&[(0, 20), (1, 22), (2, 21), (30, 50), (31, 49)]), 2);
        assert_eq!(count(&[(0, 100), (10, 30), (40, 60)]), 2, "as many as followed one another");
    }
}
