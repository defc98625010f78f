//! Whose data a way back may lose.

use std::collections::{BTreeMap, BTreeSet};

use model::{Action, Change, DeploymentId, Loss, Reason, ResourceAddress, ResourceKey, Retention, Stage};

use crate::inverse::{Before, Identity, Inverse};
use crate::retire::holds_data;
use crate::view::{Standing, View};
use crate::{Draft, Problem, losses};

/// Whose data may be lost.
#[derive(Debug, Clone, Copy)]
pub enum Consent<'a> {
    /// Nobody was asked: what this deployment made goes if it holds nothing, and everything else that may hold data stays.
    Automatic {
        /// The deployment that is being undone.
        made_by: &'a DeploymentId,
    },
    /// That of these resources, by name; also in a protected environment.
    Named(&'a BTreeSet<ResourceAddress>),
}

/// What the deployment made that a way back by itself undoes: nobody has used it yet, and to keep it in the account would leave
/// another one with each attempt. So it is not let go.
pub(crate) fn made(inputs: &Inverse<'_>, before: &Before<'_>, view: &View<'_>) -> BTreeSet<ResourceKey> {
    let Consent::Automatic { made_by } = inputs.consent else { return BTreeSet::new() };
    let keys = view.all().map(|(address, standing)| ResourceKey::new(address.clone(), standing.generation));
    keys.filter(|key| is_made_by(made_by, before, view, key)).collect()
}

/// What a way back spares, besides data.
pub(crate) struct Spared<'a> {
    /// What is not made but found.
    pub(crate) again: BTreeSet<&'a ResourceAddress>,
    /// Whether everything is that the revision had: something half done may use it, though another took its place or nobody asks
    /// for it.
    pub(crate) known: bool,
}

/// Takes out of a plan what may not go, and says what is lost by the rest.
pub(crate) fn weigh(
    inputs: &Inverse<'_>,
    before: &Before<'_>,
    view: &View<'_>,
    spared: &Spared<'_>,
    draft: &mut Draft,
    problems: &mut Vec<Problem>,
) {
    let again = &spared.again;
    let is_used = |key: &ResourceKey| spared.known && view.get(key).is_some_and(|one| was_there(before, key, one));
    let mut left: BTreeSet<ResourceKey> = BTreeSet::new();
    for change in &mut draft.retired {
        let is_removed = change.because == Reason::Removed;
        let Action::Delete { only_empty, .. } = &mut change.action else {
            // What an earlier deployment made that stopped is still wanted, as far as anybody said.
            let is_kept = is_removed && matches!(inputs.consent, Consent::Automatic { .. });
            let is_kept = is_kept || !before.covers(&change.key.address) || is_used(&change.key);
            left.extend(is_kept.then(|| change.key.clone()));
            continue;
        };
        let is_kept = match inputs.consent {
            _ if !before.covers(&change.key.address) || is_used(&change.key) => true,
            Consent::Automatic { made_by } if holds_data(&change.kind) => {
                *only_empty = is_made_by(made_by, before, view, &change.key);
                !*only_empty || inputs.environment.protected
            }
            Consent::Automatic { .. } | Consent::Named(_) => false,
        };
        left.extend(is_kept.then(|| change.key.clone()));
    }
    leave(before, left, draft, problems);
    draft.report.left.retain(|key| !is_used(key));
    let mut lost = losses::of(&draft.retired);
    lost.extend(made_anew(before, again, &draft.built.changes));
    if let Consent::Named(consent) = inputs.consent {
        problems.extend(refused(&lost, consent));
    }
    draft.report.lost = lost;
}

/// Whether a deployment made it. The record names the one that changed it last; what comes back to its address was there before.
fn is_made_by(deployment: &DeploymentId, before: &Before<'_>, view: &View<'_>, key: &ResourceKey) -> bool {
    view.get(key).is_some_and(|one| one.recorded.deployment == *deployment && !was_there(before, key, one))
}

/// Whether the revision had it: what comes back to its address was there.
fn was_there(before: &Before<'_>, key: &ResourceKey, standing: &Standing<'_>) -> bool {
    standing.arrives || before.known.contains(&Identity::of(key, standing.recorded))
}

/// Takes deletions out of a plan, and with them those of what the spared ones stand on.
fn leave(before: &Before<'_>, mut left: BTreeSet<ResourceKey>, draft: &mut Draft, problems: &mut Vec<Problem>) {
    if left.is_empty() {
        return;
    }
    let mut deletions: BTreeMap<&ResourceAddress, Vec<&ResourceKey>> = BTreeMap::new();
    let mut changes: BTreeMap<&ResourceKey, &Change> = BTreeMap::new();
    for change in &draft.retired {
        changes.insert(&change.key, change);
        if matches!(change.action, Action::Delete { .. }) {
            deletions.entry(&change.key.address).or_default().push(&change.key);
        }
    }
    let mut ahead: Vec<&ResourceKey> = changes.keys().copied().filter(|key| left.contains(key)).collect();
    while let Some(change) = ahead.pop().and_then(|key| changes.get(key)) {
        if change.stage == Stage::Build {
            problems.push(Problem::NameNeeded { resource: change.key.address.clone() });
        }
        for on in change.dependencies.iter().filter_map(|on| deletions.get(on)).flatten() {
            if left.insert((*on).clone()) {
                ahead.push(on);
            }
        }
    }
    draft.retired.retain(|change| !left.contains(&change.key));
    for change in &mut draft.retired {
        change.needs.retain(|edge| !left.contains(&edge.on));
    }
    draft.report.retained.retain(|retained| !left.contains(&retained.key));
    draft.report.left.extend(left.into_iter().filter(|key| before.covers(&key.address)));
    draft.report.left.sort();
    draft.report.left.dedup();
}

/// What held data and is made again: without it.
fn made_anew<'p>(
    before: &'p Before<'_>,
    again: &'p BTreeSet<&ResourceAddress>,
    changes: &'p [Change],
) -> impl Iterator<Item = Loss> + use<'p> {
    let is_made = |change: &&Change| {
        matches!(change.action, Action::Create { .. } | Action::Replace { .. }) && holds_data(&change.kind)
    };
    changes.iter().filter(is_made).filter_map(|change| {
        let address = &change.key.address;
        let (key, then) = before.in_use.get(address).filter(|_| !again.contains(address))?;
        if before.alive.contains_key(&Identity::of(key, then)) || !holds_data(&then.kind) {
            return None;
        }
        let what = match &then.physical_id {
            Some(id) if then.retention == Retention::Retain => format!(
                "what `{address}` ({}) held: a new one is made, and the old one, where it was let go, stays in the account \
                 as `{id}`",
                then.kind
            ),
            _ => format!("what `{address}` ({}) held when it was deleted, which does not come back", then.kind),
        };
        Some(Loss { resource: address.clone(), what })
    })
}

/// Every loss that nobody consented to, one problem for each resource.
fn refused(lost: &[Loss], consent: &BTreeSet<ResourceAddress>) -> Vec<Problem> {
    let mut by_resource: BTreeMap<&ResourceAddress, Vec<&str>> = BTreeMap::new();
    for loss in lost.iter().filter(|loss| !consent.contains(&loss.resource)) {
        by_resource.entry(&loss.resource).or_default().push(&loss.what);
    }
    let problem = |(resource, what): (&ResourceAddress, Vec<&str>)| Problem::RollbackConsent {
        resource: resource.clone(),
        what: what.join(", and "),
    };
    by_resource.into_iter().map(problem).collect()
}
