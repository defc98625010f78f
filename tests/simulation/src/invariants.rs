//! What must hold when a deployment has ended, whatever went wrong on its way.

use std::collections::{BTreeMap, BTreeSet};

use engine::ports::Clock;
use model::{Action, Desired, Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey, expression};
use serde_json::Value;

use crate::machine::{Machine, Wish, plan};

/// An invariant that is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Something happened in the account that must never happen.
    #[error("in the account: {0}")]
    Account(String),
    /// Something happened in the ledger that must never happen.
    #[error("in the ledger: {0}")]
    Ledger(String),
    /// A call was announced, and nobody knows what came of it.
    #[error("`{0}` has an open intent")]
    OpenIntent(ResourceKey),
    /// A resource is not finished.
    #[error("`{0}` is {1:?}")]
    Unfinished(ResourceKey, Presence),
    /// The record knows something that does not exist.
    #[error("`{0}` is recorded and does not exist")]
    Lost(ResourceKey),
    /// Something of ours exists, and no record knows it.
    #[error("`{0}` exists and is not recorded: {1}")]
    Orphaned(ResourceKey, String),
    /// Two things are one incarnation.
    #[error("`{0}` exists {1} times")]
    Doubled(ResourceKey, usize),
    /// What exists is not what the record says.
    #[error("`{0}` is not what the record says: {1}")]
    Differs(ResourceKey, String),
    /// A resource refers to what is not in use.
    #[error("`{0}` refers to what is not in use: {1}")]
    Dangles(ResourceKey, String),
    /// Something that is wanted is not recorded, or is another type.
    #[error("`{0}` is wanted and is not there")]
    Missing(String),
    /// Something is another incarnation than before, though the one before is still there.
    #[error("`{0}` is another one than before: {1}")]
    Another(String, String),
    /// Something is not what it was.
    #[error("`{0}` is not what it was: {1}")]
    NotBack(String, String),
    /// Something is still there that was not.
    #[error("`{0}` is still in use, and was not there")]
    Unwanted(String),
    /// A deployment of a part touched what is beside it.
    #[error("`{0}` is beside the part, and is not as it was: {1}")]
    Beside(ResourceKey, String),
    /// A journal does not fold.
    #[error("{0}")]
    Journal(String),
    /// The record is not what its commits made it.
    #[error("the record is not the fold of its commits at `{0}`")]
    History(ResourceKey),
    /// Planning the same again changes something.
    #[error("planned again, it changes something: {0}")]
    Unsettled(String),
    /// The plan of the same again is refused.
    #[error("planned again, it is refused: {0}")]
    Refused(String),
}

/// Everything that is broken after a deployment of `desired` that ended well. Nobody may be at work any more.
pub fn hold(machine: &Machine, desired: &Desired) -> Vec<Broken> {
    let mut broken = whole(machine);
    let recorded = machine.world.truth().recorded.clone();
    for (address, wanted) in &desired.resources {
        let there = recorded.current(address).filter(|(_, resource)| resource.presence == Presence::Present);
        let is_as_wanted = there.is_some_and(|(_, resource)| {
            resource.kind == wanted.kind
                && wanted.properties.0.iter().all(|(name, value)| resource.asked.get(name) == Some(value))
        });
        if !is_as_wanted {
            broken.push(Broken::Missing(address.to_string()));
        }
    }
    broken.extend(moves_on(&recorded, Wish::Deploy(desired)));
    broken
}

/// Everything that is broken after a way back to `snapshot` that ended well. Nobody may be at work any more.
pub fn is_back(machine: &Machine, snapshot: &Recorded) -> Vec<Broken> {
    let mut broken = whole(machine);
    let recorded = machine.world.truth().recorded.clone();
    let in_use = |recorded: &Recorded| -> BTreeMap<ResourceAddress, RecordedResource> {
        let stays = recorded.resources.iter().filter(|(_, resource)| resource.presence != Presence::Leaving);
        stays.map(|(key, resource)| (key.address.clone(), resource.clone())).collect()
    };
    let (was, mut is) = (in_use(snapshot), in_use(&recorded));
    for (address, before) in was {
        let Some(now) = is.remove(&address) else {
            broken.push(Broken::Missing(address.to_string()));
            continue;
        };
        let id = before.physical_id.as_ref().map(model::PhysicalId::as_str).unwrap_or_default();
        // What was let go is still there, and another one is made.
        let thing = machine.world.account().thing(before.kind.as_str(), id).cloned();
        let is_there = thing.is_some_and(|thing| thing.key.is_none_or(|key| !machine.forgotten.contains(&key)));
        let naming = schema::get(&before.kind).and_then(|schema| schema.naming).map(|naming| naming.property);
        let named = |name: &str| Some(name) == naming && !is_there;
        let asked = |one: &RecordedResource| {
            let kept = one.asked.0.iter().filter(|(name, _)| !named(name));
            kept.map(|(name, value)| (name.clone(), value.clone())).collect::<BTreeMap<_, _>>()
        };
        if is_there && now.physical_id != before.physical_id {
            broken.push(Broken::Another(address.to_string(), format!("{:?} and not {id}", now.physical_id)));
        }
        let kept = |one: &RecordedResource| (one.retention, one.dependencies.clone(), one.agent.clone());
        if before.kind != now.kind || asked(&before) != asked(&now) || kept(&before) != kept(&now) {
            broken.push(Broken::NotBack(address.to_string(), format!("{now:?} and not {before:?}")));
        }
    }
    broken.extend(is.keys().map(|address| Broken::Unwanted(address.to_string())));
    let everything =
        recorded.resources.keys().chain(snapshot.resources.keys()).map(|key| key.address.clone()).collect();
    broken.extend(moves_on(&recorded, Wish::Rollback(snapshot, &everything)));
    broken
}

/// What would be changed, were the same wish carried out again.
pub(crate) fn moves_on(recorded: &Recorded, wish: Wish<'_>) -> Vec<Broken> {
    let again = match plan(recorded, &"again".into(), wish) {
        Ok(again) => again,
        Err(error) => return vec![Broken::Refused(error.to_string())],
    };
    let mut broken = Vec::new();
    let is_put_off = |key: &ResourceKey| recorded.resources.get(key).is_some_and(|one| one.reap.is_some());
    let moving = again.changes.iter().filter(|change| !(is_put_off(&change.key) && is_deletion(&change.action)));
    broken.extend(moving.map(|change| Broken::Unsettled(format!("{} {:?}", change.key, change.because))));
    if let Err(found) = check::check(&again, recorded) {
        broken.extend(found.iter().map(|violation| Broken::Refused(violation.to_string())));
    }
    broken
}

/// Everything that is broken after whatever ended well.
pub(crate) fn whole(machine: &Machine) -> Vec<Broken> {
    let mut broken = always(machine);
    let recorded = machine.world.truth().recorded.clone();
    broken.extend(lost(machine, &recorded));
    for (key, resource) in &recorded.resources {
        if resource.intent.is_some() {
            broken.push(Broken::OpenIntent(key.clone()));
        }
        let is_put_off = resource.presence == Presence::Leaving && resource.reap.is_some();
        if resource.presence != Presence::Present && !is_put_off {
            broken.push(Broken::Unfinished(key.clone(), resource.presence));
        }
        let meant = expression::resolve(&resource.asked, &|reference| recorded.value_of(reference));
        if resource.presence == Presence::Present && meant.as_ref() != Ok(&resource.sent) {
            broken.push(Broken::Dangles(key.clone(), format!("{meant:?} and not {:?}", resource.sent)));
        }
    }
    broken
}

fn is_deletion(action: &Action) -> bool {
    matches!(action, Action::Delete { .. })
}

/// What must hold also after a deployment that failed: nothing is lost, orphaned or doubled, and nobody wrote out of turn.
pub fn always(machine: &Machine) -> Vec<Broken> {
    let mut broken = Vec::new();
    let truth = machine.world.truth();
    let now = machine.world.time().now().as_microsecond();
    let mut account = machine.world.account();
    account.tidy_all(now);
    broken.extend(account.wrong().iter().map(|wrong| Broken::Account(wrong.to_string())));
    broken.extend(truth.wrong.iter().map(|wrong| Broken::Ledger(wrong.clone())));

    let recorded = &truth.recorded;
    let mut known: BTreeSet<ResourceKey> = machine.forgotten.clone();
    for (key, resource) in &recorded.resources {
        let made_as = resource.made_as.as_ref().unwrap_or(key);
        known.insert(made_as.clone());
        let things: Vec<_> =
            account.of(made_as).into_iter().filter(|thing| resource.kind.as_str() == thing.kind).collect();
        if things.len() > 1 {
            broken.push(Broken::Doubled(key.clone(), things.len()));
        }
        let is_settled = resource.intent.is_none() && resource.presence == Presence::Present;
        let Some(thing) = things.first() else { continue };
        if is_settled && resource.physical_id.as_ref().map(model::PhysicalId::as_str) != Some(&thing.id) {
            broken.push(Broken::Differs(key.clone(), format!("its id is {}", thing.id)));
        }
        if is_settled && thing.properties != resource.sent {
            broken.push(Broken::Differs(key.clone(), format!("{:?} and not {:?}", thing.properties, resource.sent)));
        }
    }
    for thing in account.things() {
        if let Some(key) = thing.key.as_ref().filter(|key| !known.contains(key)) {
            broken.push(Broken::Orphaned(key.clone(), format!("{} {}", thing.kind, thing.id)));
        }
    }
    for entries in truth.journals.values() {
        if let Err(error) = journal::fold(entries) {
            broken.push(Broken::Journal(error.to_string()));
        }
    }
    broken.extend(folds(&truth.history, recorded));
    broken
}

/// What is recorded and does not exist. A deployment that stopped halfway may have deleted what something stands in, which
/// goes with it before its own turn comes; one that ended well may not.
fn lost(machine: &Machine, recorded: &Recorded) -> Vec<Broken> {
    let account = machine.world.account();
    let is_lost = |(key, resource): &(&ResourceKey, &model::RecordedResource)| {
        let made_as = resource.made_as.as_ref().unwrap_or(key);
        !account.of(made_as).iter().any(|thing| resource.kind.as_str() == thing.kind)
    };
    recorded.resources.iter().filter(is_lost).map(|(key, _)| Broken::Lost(key.clone())).collect()
}

/// Whether the record is what its commits made it: every commit that was acknowledged is in it.
fn folds(history: &[testkit::Committed], recorded: &Recorded) -> Vec<Broken> {
    let mut made = BTreeMap::new();
    for (key, item) in history.iter().flat_map(|commit| &commit.items) {
        match item {
            Some(item) => drop(made.insert(key, item)),
            None => drop(made.remove(key)),
        }
    }
    let keys: BTreeSet<&ResourceKey> = made.keys().copied().chain(recorded.resources.keys()).collect();
    let differs = |key: &&&ResourceKey| made.get(**key).copied() != recorded.resources.get(**key);
    keys.iter().filter(differs).map(|key| Broken::History((*key).clone())).collect()
}

/// What there is, in words that do not depend on chance: by address, with references by address, without generated names.
pub fn picture(machine: &Machine) -> Vec<String> {
    let truth = machine.world.truth();
    let account = machine.world.account();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (key, resource) in &truth.recorded.resources {
        let id = resource.physical_id.as_ref().map(ToString::to_string).unwrap_or_default();
        names.insert(id, format!("<{}>", key.address));
        if let Some(Value::String(arn)) = resource.attributes.get("Arn") {
            names.insert(arn.clone(), format!("<{} Arn>", key.address));
        }
    }
    let mut lines: Vec<String> = truth
        .recorded
        .resources
        .iter()
        .map(|(key, resource)| {
            let made_as = resource.made_as.as_ref().unwrap_or(key);
            let there = account.of(made_as).first().map(|thing| said(&thing.properties.to_value(), resource, &names));
            format!("{} {:?} {} {}", key.address, resource.presence, resource.kind, there.unwrap_or_default())
        })
        .collect();
    let retained = machine.forgotten.iter().filter(|key| !account.of(key).is_empty());
    lines.extend(retained.map(|key| format!("{} retained", key.address)));
    lines.sort();
    lines
}

fn said(value: &Value, resource: &model::RecordedResource, names: &BTreeMap<String, String>) -> String {
    let naming = schema::get(&resource.kind).and_then(|schema| schema.naming);
    let mut value = value.clone();
    if let (Value::Object(map), Some(naming)) = (&mut value, naming) {
        map.remove(naming.property);
    }
    for (id, name) in names {
        crate::stack::rename(&mut value, id, name);
    }
    value.to_string()
}
