//! Root failures in words: what failed, why, what to do, and what was not tried because of it.

use std::collections::{BTreeMap, BTreeSet};

use model::{CallError, Cause, Change, ErrorClass, Plan, ResourceKey};

/// The root failures of a plan. Everything that waits for them, directly or not, is listed under the first that it waits for.
pub fn causes(plan: &Plan, failed: &BTreeMap<ResourceKey, CallError>) -> Vec<Cause> {
    let mut listed = BTreeSet::new();
    failed
        .iter()
        .filter_map(|(key, error)| Some((plan.change(key)?, error)))
        .map(|(change, error)| {
            let blocked = blocked_by(plan, &change.key, failed, &mut listed);
            Cause {
                change: Some(change.key.clone()),
                message: format!("`{}` ({}): {error}", change.key.address, change.kind),
                help: help(change, error),
                blocked,
            }
        })
        .collect()
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
        ErrorClass::Invalid => "correct the resource's settings in the config, then deploy again",
        ErrorClass::Quota => "raise the quota in Service Quotas or remove resources, then deploy again",
        ErrorClass::Unknown => "look at the resource in the AWS console with the request id, then deploy again",
    };
    match &error.request_id {
        Some(id) => format!("{what} (request id {id}, `{}`)", change.key),
        None => what.to_owned(),
    }
}
