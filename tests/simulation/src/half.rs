//! What was half done in the state that a way back leads to, because a deployment had stopped there and a part was deployed beside it.

use std::collections::{BTreeMap, BTreeSet};

use model::{Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey, expression};

use crate::invariants::Broken;
use crate::machine::Machine;

/// What was half done, and what stands on that or beneath it.
#[derive(Debug, Default)]
pub struct HalfDone {
    addresses: BTreeSet<ResourceAddress>,
    /// What may be in use by it, though it is not what is in use by the record.
    deposed: BTreeSet<ResourceKey>,
}

impl HalfDone {
    /// Of the record that is gone back to.
    pub fn of(snapshot: &Recorded) -> Self {
        let is_current = |key: &ResourceKey| snapshot.current(&key.address).is_some_and(|(current, _)| current == key);
        let is_half = |(key, one): &(&ResourceKey, &RecordedResource)| {
            is_current(key) && matches!(one.presence, Presence::Announced | Presence::Incomplete)
        };
        // What names an address that something has moved from was not reached by the deployment that moved it.
        let is_outdated = |(_, one): &(&ResourceKey, &RecordedResource)| {
            mentions(one).any(|on| snapshot.generations(&on).next().is_none())
        };
        let half = snapshot.resources.iter().filter(|one| is_half(one) || is_outdated(one));
        let mut addresses: BTreeSet<ResourceAddress> = half.map(|(key, _)| key.address.clone()).collect();
        loop {
            let stands_on = |one: &RecordedResource| mentions(one).any(|on| addresses.contains(&on));
            let more =
                snapshot.resources.iter().filter(|(key, one)| !addresses.contains(&key.address) && stands_on(one));
            let more: Vec<ResourceAddress> = more.map(|(key, _)| key.address.clone()).collect();
            if more.is_empty() {
                break;
            }
            addresses.extend(more);
        }
        let is_going = |one: &RecordedResource| one.presence == Presence::Leaving && one.reap.is_none();
        let is_deposed = |key: &ResourceKey, one: &RecordedResource| one.reap.is_none() && !is_current(key);
        let deposed = snapshot.resources.iter().filter(|(key, one)| is_going(one) || is_deposed(key, one));
        Self { deposed: deposed.map(|(key, _)| key.clone()).collect(), addresses }
    }

    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        !self.addresses.is_empty() || !self.deposed.is_empty()
    }

    /// Whether something that is not as it was at the snapshot is due to it: it may stay as it is, or be as it was before.
    pub fn explains(&self, broken: &Broken) -> bool {
        match broken {
            Broken::Missing(of) | Broken::Another(of, _) | Broken::NotBack(of, _) | Broken::Unwanted(of) => {
                self.addresses.iter().any(|address| address.to_string() == *of)
            }
            Broken::Lost(key) | Broken::OpenIntent(key) | Broken::Unfinished(key, _) | Broken::Dangles(key, _) => {
                self.addresses.contains(&key.address) || self.deposed.contains(key)
            }
            Broken::Unsettled(of) if self.deposed.iter().any(|key| of.starts_with(&format!("{key} "))) => true,
            Broken::Unsettled(of) => self.addresses.iter().any(|address| of.starts_with(&format!("{address}@"))),
            _ => false,
        }
    }

    /// Everything that was there, finished, at an address of which nothing is there now.
    pub fn taken(&self, machine: &Machine, before: &Recorded) -> Vec<Broken> {
        let recorded = machine.world.truth().recorded.clone();
        let account = machine.world.account();
        let is_there = |(key, one): &(&ResourceKey, &RecordedResource)| {
            one.presence != Presence::Leaving && !account.of(one.made_as.as_ref().unwrap_or(key)).is_empty()
        };
        let there: BTreeSet<&ResourceAddress> =
            recorded.resources.iter().filter(is_there).map(|(key, _)| &key.address).collect();
        let then = before
            .resources
            .iter()
            .filter(|(key, one)| self.addresses.contains(&key.address) && one.presence == Presence::Present);
        let then: BTreeMap<&ResourceAddress, &ResourceKey> = then.map(|(key, _)| (&key.address, key)).collect();
        let taken = then.into_values().filter(|key| !there.contains(&key.address));
        let mut broken: Vec<Broken> = taken.map(|key| Broken::Lost(key.clone())).collect();
        // What exists, finished or not, is told of nothing that was there and is gone.
        let is_gone = |(_, one): &(&ResourceKey, &RecordedResource)| {
            one.physical_id.as_ref().is_some_and(|id| !account.things().any(|thing| thing.id == id.as_str()))
        };
        let gone: Vec<(&ResourceKey, &str)> = before
            .resources
            .iter()
            .filter(is_gone)
            .filter_map(|(key, one)| Some((key, one.physical_id.as_ref()?.as_str())))
            .collect();
        for thing in account.things().filter(|_| self.is_any()) {
            let said = thing.properties.to_value().to_string();
            let told = gone.iter().filter(|(_, id)| said.contains(&format!("{id}\"")));
            broken.extend(told.map(|(key, _)| {
                Broken::Dangles((*key).clone(), format!("{} {} uses it, and it is gone", thing.kind, thing.id))
            }));
        }
        broken
    }
}

fn mentions(one: &RecordedResource) -> impl Iterator<Item = ResourceAddress> {
    let references = expression::references(&one.asked).unwrap_or_default();
    references.into_iter().map(|reference| reference.address).chain(one.dependencies.iter().cloned())
}
