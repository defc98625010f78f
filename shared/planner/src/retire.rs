//! The retiring half of a plan: what is deleted, and what is let go.

use std::collections::BTreeMap;

use model::{Action, Change, Edge, Reach, Reason, RecordedResource, ResourceAddress, ResourceKey, Retention, Stage};

use crate::Inputs;
use crate::build::Built;

pub(crate) fn retire(inputs: &Inputs<'_>, built: &Built) -> Vec<Change> {
    let leaving: BTreeMap<&ResourceKey, &RecordedResource> = inputs
        .recorded
        .resources
        .iter()
        .filter(|(key, _)| built.kept.get(&key.address).map(|kept| &kept.key) != Some(*key))
        .collect();
    let standing = standing_on(&leaving);
    let mut changes = Vec::new();
    for (key, recorded) in &leaving {
        let because = if built.kept.contains_key(&key.address) { Reason::Deposed } else { Reason::Removed };
        // The config has the last word on what is replaced; on what it no longer names, the record remembers its last word.
        let wanted = inputs.desired.resources.get(&key.address).map(|resource| resource.retention);
        let retention = wanted.unwrap_or(recorded.retention);
        let action = match (because == Reason::Deposed, retention) {
            (_, Retention::Retain) | (true, Retention::RetainReplaced) => {
                Action::Forget { physical_id: recorded.physical_id.clone() }
            }
            (_, Retention::Delete) | (false, Retention::RetainReplaced) => {
                Action::Delete { from: recorded.asked.clone(), physical_id: recorded.physical_id.clone() }
            }
        };
        let first = built.first.contains(*key);
        changes.push(Change {
            key: (*key).clone(),
            kind: recorded.kind.clone(),
            action,
            because,
            needs: if first { Vec::new() } else { dependents(key, &standing) },
            stage: if first { Stage::Build } else { Stage::Retire },
            dependencies: recorded.dependencies.clone(),
            agent: recorded.agent.clone(),
            retention,
        });
    }
    changes
}

/// What is leaving, by what it was made on top of.
fn standing_on<'a>(
    leaving: &BTreeMap<&'a ResourceKey, &'a RecordedResource>,
) -> BTreeMap<&'a ResourceAddress, Vec<&'a ResourceKey>> {
    let mut standing: BTreeMap<&ResourceAddress, Vec<&ResourceKey>> = BTreeMap::new();
    for (key, recorded) in leaving {
        for on in &recorded.dependencies {
            standing.entry(on).or_default().push(key);
        }
    }
    standing
}

/// What must be gone before `key` can go.
fn dependents(key: &ResourceKey, standing: &BTreeMap<&ResourceAddress, Vec<&ResourceKey>>) -> Vec<Edge> {
    let others = standing.get(&key.address).into_iter().flatten().filter(|other| **other != key);
    others.map(|other| Edge { on: (*other).clone(), until: Reach::Ready }).collect()
}
