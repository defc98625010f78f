//! An independent verifier of plans: refuses one that breaks an invariant, whoever made it.
//!
//! Owns the list of what must hold. Shares no code with `planner` and never repairs anything.

use std::collections::{BTreeMap, BTreeSet};

use graph::Graph;
use model::{Action, Change, Plan, Presence, Recorded, ResourceAddress, ResourceKey, Stage, expression};

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The plan was made from another state of the record.
    #[error("the plan was made from revision {plan}, and the record stands at {record}, or was changed since")]
    StaleParent {
        /// The plan's.
        plan: model::Revision,
        /// The record's.
        record: model::Revision,
    },
    /// Two changes of one incarnation.
    #[error("`{0}` is changed twice")]
    Twice(ResourceKey),
    /// A change waits for one that is not in the plan.
    #[error("`{change}` waits for `{on}`, which the plan does not change")]
    DanglingEdge {
        /// The change.
        change: ResourceKey,
        /// What it waits for.
        on: ResourceKey,
    },
    /// Changes wait for each other, or for one that stands behind them.
    #[error("the changes wait for each other in a circle: {0}")]
    Circle(String),
    /// A change refers to a resource that is not there when it runs.
    #[error("`{change}` refers to `{to}`, which is neither recorded nor made before it")]
    Unreachable {
        /// The change.
        change: ResourceKey,
        /// What it refers to.
        to: ResourceAddress,
    },
    /// The type has no schema.
    #[error("`{0}` is of a type that is not supported")]
    UnknownType(ResourceKey),
    /// What is created is recorded already, or what is changed or deleted is not.
    #[error("`{0}` does not fit the record: {1}")]
    Misfit(ResourceKey, &'static str),
    /// An update in place of a property that AWS cannot change.
    #[error("`{change}` updates `{property}`, which can only be replaced")]
    CreateOnly {
        /// The change.
        change: ResourceKey,
        /// The property.
        property: String,
    },
    /// A deletion that does not wait for the end, or does not wait for what stands on it.
    #[error("`{0}` would be deleted before what needs it is gone")]
    TooEarly(ResourceKey),
    /// Data is destroyed and the plan does not say so.
    #[error("`{0}` holds data, and the plan does not list its loss")]
    SilentLoss(ResourceKey),
    /// Two resources would have one name.
    #[error("`{0}` and `{1}` have the same name")]
    SameName(ResourceKey, ResourceKey),
    /// Something that is wanted would be deleted: the plan's changes and the record contradict.
    #[error("`{0}` is in use by `{1}` and would be deleted")]
    InUse(ResourceKey, ResourceKey),
}

/// Checks a plan against the record that it was made from.
///
/// # Errors
/// Every invariant that it breaks.
pub fn check(plan: &Plan, recorded: &Recorded) -> Result<(), Vec<Violation>> {
    let mut found = Vec::new();
    if (plan.parent, plan.sequence) != (recorded.revision, recorded.sequence) {
        found.push(Violation::StaleParent { plan: plan.parent, record: recorded.revision });
    }
    let index = Index::of(plan, recorded, &mut found);
    order(&index.changes, &mut found);
    for change in &plan.changes {
        fits(change, recorded, &mut found);
        references(change, &index, recorded, &mut found);
        deletion(change, &index, recorded, &mut found);
    }
    names(plan, &mut found);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// What is looked up again and again, so that ten thousand changes are checked in one pass each.
struct Index<'a> {
    /// The changes by what they concern.
    changes: BTreeMap<&'a ResourceKey, &'a Change>,
    /// Addresses at which something is made or stays, changed.
    made: BTreeSet<&'a ResourceAddress>,
    /// Incarnations that a change which waits for their end replaces.
    makes_room: BTreeSet<&'a ResourceKey>,
    /// What is recorded, by what it was made on top of.
    standing_on: BTreeMap<&'a ResourceAddress, Vec<&'a ResourceKey>>,
    /// Addresses whose loss the plan lists.
    lost: BTreeSet<&'a ResourceAddress>,
}

impl<'a> Index<'a> {
    fn of(plan: &'a Plan, recorded: &'a Recorded, found: &mut Vec<Violation>) -> Self {
        let mut index = Self {
            changes: BTreeMap::new(),
            made: BTreeSet::new(),
            makes_room: BTreeSet::new(),
            standing_on: BTreeMap::new(),
            lost: plan.irreversible.iter().map(|loss| &loss.resource).collect(),
        };
        for change in &plan.changes {
            if index.changes.insert(&change.key, change).is_some() {
                found.push(Violation::Twice(change.key.clone()));
            }
            if change.action.to().is_some() {
                index.made.insert(&change.key.address);
            }
            if let Action::Replace { old, .. } = &change.action
                && change.needs.iter().any(|edge| edge.on == *old)
            {
                index.makes_room.insert(old);
            }
        }
        for (key, resource) in &recorded.resources {
            for on in &resource.dependencies {
                index.standing_on.entry(on).or_default().push(key);
            }
        }
        index
    }
}

fn order(changes: &BTreeMap<&ResourceKey, &Change>, found: &mut Vec<Violation>) {
    let ranks: BTreeMap<&ResourceKey, usize> = changes.keys().enumerate().map(|(rank, key)| (*key, rank)).collect();
    let mut graph = Graph::new();
    for (rank, change) in changes.values().enumerate() {
        graph.add(rank);
        for edge in &change.needs {
            match changes.get(&edge.on) {
                Some(on) if on.stage <= change.stage => {
                    graph.depend(rank, ranks.get(&edge.on).copied().unwrap_or(rank));
                }
                Some(_) => found.push(Violation::Circle(format!("{} → {}", change.key, edge.on))),
                None => found.push(Violation::DanglingEdge { change: change.key.clone(), on: edge.on.clone() }),
            }
        }
    }
    if let Err(cycle) = graph.order() {
        let keys: Vec<&ResourceKey> = changes.keys().copied().collect();
        let path = cycle.path().filter_map(|rank| keys.get(*rank)).map(|key| format!("`{key}`"));
        found.push(Violation::Circle(path.collect::<Vec<_>>().join(" → ")));
    }
}

fn fits(change: &Change, recorded: &Recorded, found: &mut Vec<Violation>) {
    let key = &change.key;
    let record = recorded.resources.get(key);
    let mut misfit = |why| found.push(Violation::Misfit(key.clone(), why));
    match (&change.action, record) {
        (Action::Create { .. }, Some(record)) if record.presence != Presence::Announced => misfit("it is made already"),
        (Action::Replace { .. }, Some(_)) => misfit("it is made already"),
        (Action::Update { .. } | Action::Delete { .. } | Action::Forget { .. }, None) => misfit("it is not recorded"),
        (Action::Update { .. }, Some(record)) if record.physical_id.is_none() => misfit("it was never seen"),
        (Action::Replace { old, .. }, None) if !recorded.resources.contains_key(old) => {
            misfit("what it replaces is not recorded");
        }
        (Action::Replace { old, .. }, None) if old.address != key.address || old.generation >= key.generation => {
            misfit("it is not a later incarnation of what it replaces");
        }
        _ => {}
    }
    let Some(schema) = schema::get(&change.kind) else {
        found.push(Violation::UnknownType(key.clone()));
        return;
    };
    if let Action::Update { diff, .. } = &change.action {
        let frozen = diff.iter().filter(|one| schema.create_only.contains(&one.path.head()));
        found.extend(frozen.map(|one| Violation::CreateOnly { change: key.clone(), property: one.path.to_string() }));
    }
}

/// Everything that a change refers to is recorded and stays, or is made by a change that it waits for.
fn references(change: &Change, index: &Index<'_>, recorded: &Recorded, found: &mut Vec<Violation>) {
    let Some(to) = change.action.to() else { return };
    let Ok(references) = expression::references(to) else {
        found.push(Violation::Misfit(change.key.clone(), "a reference is malformed"));
        return;
    };
    let awaited: BTreeSet<&ResourceAddress> = change.needs.iter().map(|edge| &edge.on.address).collect();
    for reference in references {
        let address = reference.address;
        let is_changed = index.made.contains(&address);
        let is_recorded = is_changed
            || recorded.current(&address).is_some_and(|(key, _)| {
                !index
                    .changes
                    .get(key)
                    .is_some_and(|other| matches!(other.action, Action::Delete { .. } | Action::Forget { .. }))
            });
        if (is_changed && !awaited.contains(&address)) || (!is_changed && !is_recorded) {
            found.push(Violation::Unreachable { change: change.key.clone(), to: address });
        }
    }
}

fn deletion(change: &Change, index: &Index<'_>, recorded: &Recorded, found: &mut Vec<Violation>) {
    let Action::Delete { .. } = change.action else { return };
    let key = &change.key;
    if change.stage == Stage::Build {
        if !index.makes_room.contains(key) {
            found.push(Violation::TooEarly(key.clone()));
        }
    }
    let holds_data = schema::get(&change.kind).is_some_and(|schema| schema.stateful);
    if holds_data && !index.lost.contains(&key.address) {
        found.push(Violation::SilentLoss(key.clone()));
    }
    // An older incarnation is not what dependents use; only the last one at its address is.
    let is_last = recorded.current(&key.address).is_some_and(|(current, _)| current == key);
    let has_successor = index.made.contains(&key.address);
    let awaited: BTreeSet<&ResourceKey> = change.needs.iter().map(|edge| &edge.on).collect();
    for other in index.standing_on.get(&key.address).into_iter().flatten().copied().filter(|other| *other != key) {
        match index.changes.get(other) {
            Some(goes) if matches!(goes.action, Action::Delete { .. } | Action::Forget { .. }) => {
                let waits = awaited.contains(other);
                if change.stage == Stage::Retire && goes.stage == Stage::Retire && !waits {
                    found.push(Violation::TooEarly(key.clone()));
                }
            }
            Some(changed) if !changed.dependencies.contains(&key.address) => {}
            Some(_) | None if is_last && !has_successor => {
                found.push(Violation::InUse(key.clone(), other.clone()));
            }
            Some(_) | None => {}
        }
    }
}

fn names(plan: &Plan, found: &mut Vec<Violation>) {
    let mut named: BTreeMap<(&str, &str), &ResourceKey> = BTreeMap::new();
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
