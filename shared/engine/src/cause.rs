//! Root failures in words: what failed, why, what to do, and what was not tried because of it.

use std::collections::{BTreeMap, BTreeSet};

use model::{CallError, Cause, Change, ErrorClass, Plan, ResourceKey};

/// The operation that fails where an alarm goes off while calls are led to another version.
pub(crate) const SHIFT: &str = "shift";

/// The root failures of a plan. Everything that waits for them, directly or not, is listed under the first that it waits for.
pub fn causes(plan: &Plan, failed: &BTreeMap<ResourceKey, CallError>) -> Vec<Cause> {
    let mut listed = BTreeSet::new();
    failed
        .iter()
        .filter_map(|(key, error)| Some((plan.change(key)?, error)))
        .map(|(change, error)| {
            let blocked = blocked_by(plan, &change.key, failed, &mut listed);
            of(change, error, blocked)
        })
        .collect()
}

fn of(change: &Change, error: &CallError, blocked: Vec<ResourceKey>) -> Cause {
    let message = format!("`{}` ({}): {error}", change.key.address, change.kind);
    Cause { change: Some(change.key.clone()), message, help: help(change, error), blocked }
}

fn blocked_by(
    plan: &Plan,
    root: &ResourceKey,
    failed: &BTreeMap<ResourceKey, CallError>,
    listed: &mut BTreeSet<ResourceKey>,
) -> Vec<ResourceKey> {
    let mut reached = BTreeSet::from([root]);
    let mut blocked = Vec::new();
    // Changes stand in an order that respects their edges, so that one pass finds everything.
    for change in &plan.changes {
        if failed.contains_key(&change.key) || !change.needs.iter().any(|edge| reached.contains(&edge.on)) {
            continue;
        }
        reached.insert(&change.key);
        if listed.insert(change.key.clone()) {
            blocked.push(change.key.clone());
        }
    }
    blocked
}

fn help(change: &Change, error: &CallError) -> String {
    let what = match error.class {
        ErrorClass::Throttled => "the account's request limits were used up: deploy again",
        ErrorClass::Transient => {
            "the service did not answer: deploy again, and the engine looks up what became of the call"
        }
        ErrorClass::NotPropagated => "something that was made is not visible everywhere yet: deploy again",
        ErrorClass::Busy => "something else is changing the resource: wait for it, then deploy again",
        ErrorClass::AlreadyExists => {
            "rename or delete the existing resource; the engine never takes over what it did not make"
        }
        ErrorClass::NotFound if error.operation == "read" => "deploy again: the resource is made anew",
        ErrorClass::NotFound => {
            "something that the resource needs does not exist: check its properties, then deploy again"
        }
        ErrorClass::DependencyViolation => {
            "something that the engine did not make still uses it: remove that, then deploy again"
        }
        ErrorClass::Denied if error.service == "strandline" => {
            "the resource belongs to somebody else now: give it another name in the config"
        }
        ErrorClass::Denied => {
            "the target role or its permissions boundary does not allow this: update `bootstrap/target-role.yaml`"
        }
        ErrorClass::Invalid if error.operation == SHIFT => {
            "the agent's log group has what went wrong: mend the agent, then deploy again"
        }
        ErrorClass::Invalid => "correct the resource's settings in the config, then deploy again",
        ErrorClass::Quota => "raise the quota in Service Quotas or remove resources, then deploy again",
        ErrorClass::HoldsData => "name it to agree to losing what it holds, or deploy a config that keeps it",
        ErrorClass::Unknown => "look at the resource in the AWS console with the request id, then deploy again",
    };
    match &error.request_id {
        Some(id) => format!("{what} (request id {id}, `{}`)", change.key),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use model::{Action, Properties, Reason, Retention, Stage};

    use super::*;

    const CLASSES: [ErrorClass; 12] = [
        ErrorClass::Throttled,
        ErrorClass::Transient,
        ErrorClass::NotPropagated,
        ErrorClass::Busy,
        ErrorClass::AlreadyExists,
        ErrorClass::NotFound,
        ErrorClass::DependencyViolation,
        ErrorClass::Denied,
        ErrorClass::Invalid,
        ErrorClass::Quota,
        ErrorClass::HoldsData,
        ErrorClass::Unknown,
    ];

    /// Compiles only as long as no class is missing above.
    fn place(class: ErrorClass) -> usize {
        match class {
            ErrorClass::Throttled => 0,
            ErrorClass::Transient => 1,
            ErrorClass::NotPropagated => 2,
            ErrorClass::Busy => 3,
            ErrorClass::AlreadyExists => 4,
            ErrorClass::NotFound => 5,
            ErrorClass::DependencyViolation => 6,
            ErrorClass::Denied => 7,
            ErrorClass::Invalid => 8,
            ErrorClass::Quota => 9,
            ErrorClass::HoldsData => 10,
            ErrorClass::Unknown => 11,
        }
    }

    #[test]
    fn every_failure_names_its_resource_and_says_what_to_do() {
        let change = Change {
            key: "a/Queue@1".parse().unwrap(),
            kind: "AWS::SQS::Queue".into(),
            action: Action::Create { to: Properties::new() },
            because: Reason::New,
            needs: Vec::new(),
            stage: Stage::Build,
            dependencies: BTreeSet::new(),
            agent: None,
            retention: Retention::Delete,
            shift: None,
        };
        for (at, class) in CLASSES.into_iter().enumerate() {
            assert_eq!(place(class), at);
            let error = CallError::local(class, "CreateQueue", "no");
            let cause = of(&change, &error, Vec::new());
            assert!(cause.message.contains("a/Queue"), "{}", cause.message);
            let says_what = ["deploy again", "rename", "correct", "raise", "remove", "update", "name", "look"];
            assert!(says_what.iter().any(|word| cause.help.contains(word)), "{class}: {}", cause.help);
        }
    }
}
