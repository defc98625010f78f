//! An independent verifier of plans: refuses one that breaks an invariant, whoever made it.
//!
//! Owns the list of what must hold. Shares no code with `planner` and never repairs anything.

mod deletion;
mod fits;
mod index;
mod shift;
mod violation;

use std::borrow::Cow;

use graph::order_of_ranks;
use model::{Action, Change, Digest, Plan, Presence, Recorded, RecordedResource, ResourceKey};

use index::{Index, Map};

pub use violation::Violation;

/// Checks a plan against the record that it was made from.
///
/// # Errors
/// Every invariant that it breaks.
pub fn check(plan: &Plan, recorded: &Recorded) -> Result<(), Vec<Violation>> {
    let mut found = Vec::new();
    if (plan.parent, plan.sequence) != (recorded.revision, recorded.sequence) {
        found.push(Violation::StaleParent { plan: plan.parent, record: recorded.revision });
    }
    let recorded = &reprieved(plan, recorded);
    let index = Index::of(plan, recorded, &mut found);
    order(plan, &index, &mut found);
    let makes_room = index.makes_room();
    for change in &plan.changes {
        fits::fits(change, &index, &mut found);
        fits::references(change, &index, &mut found);
        shift::shift(change, &mut found);
        deletion::deletion(change, &index, &makes_room, &mut found);
    }
    names(plan, &mut found);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The record, in which what AWS would not delete, and the plan takes into use again, is not being deleted any more.
fn reprieved<'a>(plan: &Plan, recorded: &'a Recorded) -> Cow<'a, Recorded> {
    let is_refused = |resource: &RecordedResource| {
        resource.presence == Presence::Leaving && resource.intent.is_none() && resource.physical_id.is_some()
    };
    let refused: Map<&ResourceKey, ()> =
        recorded.resources.iter().filter(|(_, resource)| is_refused(resource)).map(|(key, _)| (key, ())).collect();
    if refused.is_empty() {
        return Cow::Borrowed(recorded);
    }
    let is_update = |change: &&Change| matches!(change.action, Action::Update { .. });
    let updated: Map<&ResourceKey, ()> =
        plan.changes.iter().filter(is_update).map(|change| (&change.key, ())).collect();
    let taken_up =
        plan.changes.iter().filter(|change| refused.contains_key(&change.key)).filter(|change| match &change.action {
            Action::Update { .. } => true,
            Action::Move { to } => to.address == change.key.address || updated.contains_key(to),
            Action::Create { .. } | Action::Replace { .. } | Action::Delete { .. } | Action::Forget { .. } => false,
        });
    let keys: Vec<&ResourceKey> = taken_up.map(|change| &change.key).collect();
    if keys.is_empty() {
        return Cow::Borrowed(recorded);
    }
    let mut recorded = recorded.clone();
    for key in keys {
        if let Some(resource) = recorded.resources.get_mut(key) {
            resource.presence = Presence::Incomplete;
            resource.reap = None;
        }
    }
    Cow::Owned(recorded)
}

/// Checks a plan against the record and the config that it was made from.
///
/// # Errors
/// As [`check`], and [`Violation::OtherConfig`].
pub fn check_with(plan: &Plan, recorded: &Recorded, config: &Digest) -> Result<(), Vec<Violation>> {
    let mut found = check(plan, recorded).err().unwrap_or_default();
    if plan.config != *config {
        found.push(Violation::OtherConfig { plan: plan.config.clone(), config: config.clone() });
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn order(plan: &Plan, index: &Index<'_>, found: &mut Vec<Violation>) {
    let mut needs = Vec::with_capacity(plan.changes.len());
    for change in &plan.changes {
        let mut ranks = Vec::with_capacity(change.needs.len());
        for edge in &change.needs {
            match index.ranked(&edge.on) {
                Some((rank, on)) if on.stage <= change.stage => ranks.push(rank),
                Some(_) => {
                    let (change, on) = (change.key.clone(), edge.on.clone());
                    found.push(Violation::AwaitsTheEnd { change, on });
                }
                None => found.push(Violation::DanglingEdge { change: change.key.clone(), on: edge.on.clone() }),
            }
        }
        needs.push(ranks);
    }
    if let Err(cycle) = order_of_ranks(&needs) {
        let cycle = cycle.map(|rank| plan.changes.get(rank).map(|change| change.key.to_string()).unwrap_or_default());
        found.push(Violation::Circle(cycle.to_string()));
    }
}

fn names(plan: &Plan, found: &mut Vec<Violation>) {
    let mut named: Map<(&str, &str), &ResourceKey> = Map::default();
    for change in &plan.changes {
        let naming = schema::get(&change.kind).and_then(|schema| schema.naming);
        let name = naming.and_then(|naming| change.action.to()?.text(naming.property));
        let Some(name) = name else { continue };
        if let Some(other) = named.insert((change.kind.as_str(), name), &change.key) {
            found.push(Violation::SameName(other.clone(), change.key.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
