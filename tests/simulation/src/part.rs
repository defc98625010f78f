//! Deployments of a part: what they may touch, and what must hold when one has ended.

use std::collections::{BTreeMap, BTreeSet};

use model::{Desired, Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey, Selection, expression};

use crate::invariants::{Broken, always, is_back, moves_on, whole};
use crate::machine::{Machine, Wish};

/// A part, and what there was when its deployment began.
pub struct Part<'a> {
    desired: &'a Desired,
    only: &'a Selection,
    /// What the config asks for, of the part.
    wanted: BTreeSet<ResourceAddress>,
    /// Where anything may be touched.
    touches: BTreeSet<ResourceAddress>,
    before: Recorded,
    /// What there is of what is finished beside the part.
    things: BTreeMap<ResourceKey, String>,
}

impl<'a> Part<'a> {
    /// The part that a selection comes to, reckoned without the planner.
    pub fn of(machine: &Machine, desired: &'a Desired, only: &'a Selection) -> Self {
        let before = machine.world.truth().recorded.clone();
        let named = desired.resources.iter().filter(|(address, one)| only.names(address, one.agent.as_deref()));
        let mut wanted: BTreeSet<ResourceAddress> = named.map(|(address, _)| address.clone()).collect();
        grow(&mut wanted, |address| needs(desired, address));
        let recorded = before.resources.iter().filter(|(key, one)| only.names(&key.address, one.agent.as_deref()));
        let mut touches: BTreeSet<ResourceAddress> = recorded.map(|(key, _)| key.address.clone()).collect();
        touches.retain(|address| !desired.resources.contains_key(address));
        touches.extend(wanted.iter().cloned());
        grow(&mut touches, |address| {
            let from = desired.moved.iter().filter(|(_, to)| *to == address).map(|(from, _)| from.clone());
            let moved = desired.moved.get(address).cloned().into_iter().chain(from);
            let beside = attached(desired, &before, address).into_iter().chain(left_unused(desired, &before, address));
            needs(desired, address).into_iter().chain(moved).chain(beside).collect()
        });
        let mut part = Self { desired, only, wanted, touches, before, things: BTreeMap::new() };
        part.things = part.things(machine, &part.before);
        part
    }

    /// What there is of what is recorded as finished beside the part.
    fn things(&self, machine: &Machine, recorded: &Recorded) -> BTreeMap<ResourceKey, String> {
        let account = machine.world.account();
        let is_finished = |one: &RecordedResource| one.presence == Presence::Present && one.intent.is_none();
        let beside =
            recorded.resources.iter().filter(|(key, one)| !self.touches.contains(&key.address) && is_finished(one));
        let said = |(key, one): (&ResourceKey, &RecordedResource)| {
            let things = account.of(one.made_as.as_ref().unwrap_or(key));
            let said: Vec<String> = things.iter().map(|thing| format!("{} {:?}", thing.id, thing.properties)).collect();
            (key.clone(), said.join("; "))
        };
        beside.map(said).collect()
    }

    /// Everything that is broken after a deployment of the part, however it ended: what is beside it is as it was.
    pub fn beside(&self, machine: &Machine) -> Vec<Broken> {
        let recorded = machine.world.truth().recorded.clone();
        let mut broken = Vec::new();
        for (key, was) in self.before.resources.iter().filter(|(key, _)| !self.touches.contains(&key.address)) {
            // A reap is a deployment of its own.
            if was.reap.is_none() && recorded.resources.get(key) != Some(was) {
                broken.push(Broken::Beside(key.clone(), format!("{:?} and not {was:?}", recorded.resources.get(key))));
            }
        }
        for key in recorded.resources.keys().filter(|key| !self.touches.contains(&key.address)) {
            // What a dead wave made and nobody recorded may be found, and goes.
            let is_found = recorded.resources.get(key).is_some_and(|one| one.presence == Presence::Leaving);
            if !self.before.resources.contains_key(key) && !is_found {
                broken.push(Broken::Beside(key.clone(), "it was not there".to_owned()));
            }
        }
        let now = self.things(machine, &recorded);
        let differs = self.things.iter().filter(|(key, was)| now.get(*key) != Some(was));
        broken
            .extend(differs.map(|(key, was)| Broken::Beside(key.clone(), format!("{:?} and not {was}", now.get(key)))));
        broken
    }

    /// Everything that is broken after it ended well.
    pub fn hold(&self, machine: &Machine) -> Vec<Broken> {
        let recorded = machine.world.truth().recorded.clone();
        let mut broken = self.beside(machine);
        broken.extend(whole(machine).into_iter().filter(|one| !self.was_so(one, &recorded)));
        for address in &self.wanted {
            let wanted = self.desired.resources.get(address);
            let there = recorded.current(address).filter(|(_, one)| one.presence == Presence::Present);
            let is_as_wanted = there.zip(wanted).is_some_and(|((_, one), wanted)| {
                one.kind == wanted.kind
                    && wanted.properties.0.iter().all(|(name, value)| one.asked.get(name) == Some(value))
            });
            if !is_as_wanted {
                broken.push(Broken::Missing(address.to_string()));
            }
        }
        broken.extend(moves_on(&recorded, Wish::Part(self.desired, self.only)));
        broken
    }

    /// Everything that is broken after it failed and what it touched went back alone, to what `stands`.
    pub fn is_back(&self, machine: &Machine, stands: &Recorded, touched: &BTreeSet<ResourceAddress>) -> Vec<Broken> {
        let mut broken = self.beside(machine);
        broken.extend(always(machine));
        let is_touched = |address: &String| touched.iter().any(|one| one.to_string() == *address);
        let of_it = is_back(machine, stands).into_iter().filter(|one| match one {
            Broken::Missing(address)
            | Broken::Another(address, _)
            | Broken::NotBack(address, _)
            | Broken::Unwanted(address) => is_touched(address),
            Broken::Lost(key) | Broken::OpenIntent(key) | Broken::Unfinished(key, _) | Broken::Dangles(key, _) => {
                touched.contains(&key.address)
            }
            _ => false,
        });
        broken.extend(of_it);
        broken
    }

    /// Whether it was so before, and nobody has touched it since.
    fn was_so(&self, broken: &Broken, recorded: &Recorded) -> bool {
        let is_untouched = |key: &ResourceKey| {
            let was = self.before.resources.get(key);
            was.is_some() && was == recorded.resources.get(key) && !self.wanted.contains(&key.address)
        };
        let dangled = |key: &ResourceKey| {
            let was = self.before.resources.get(key);
            let meant = |one: &RecordedResource| expression::resolve(&one.asked, &|of| self.before.value_of(of));
            was.is_some_and(|one| meant(one).as_ref() != Ok(&one.sent))
        };
        match broken {
            Broken::Lost(key) | Broken::OpenIntent(key) => is_untouched(key),
            Broken::Unfinished(key, presence) => {
                let is_found = *presence == Presence::Leaving && !self.before.resources.contains_key(key);
                is_untouched(key) || is_found && !self.touches.contains(&key.address)
            }
            Broken::Dangles(key, _) => is_untouched(key) && dangled(key),
            _ => false,
        }
    }
}

fn needs(desired: &Desired, address: &ResourceAddress) -> Vec<ResourceAddress> {
    let Some(one) = desired.resources.get(address) else { return Vec::new() };
    let references = expression::references(&one.properties).unwrap_or_default();
    references.into_iter().map(|reference| reference.address).chain(one.depends_on.iter().cloned()).collect()
}

/// What is attached to an address, belongs to nobody and is not there yet: it may come along.
fn attached(desired: &Desired, before: &Recorded, address: &ResourceAddress) -> Vec<ResourceAddress> {
    let is_there = |of: &ResourceAddress| before.generations(of).any(|(_, one)| one.presence == Presence::Present);
    let free = desired.resources.iter().filter(|(of, one)| one.agent.is_none() && !is_there(of));
    free.filter(|(of, _)| needs(desired, of).contains(address)).map(|(of, _)| of.clone()).collect()
}

/// What an address used, and nobody asks for any more: it may go with it, unless it is an agent's or holds data.
fn left_unused(desired: &Desired, recorded: &Recorded, address: &ResourceAddress) -> Vec<ResourceAddress> {
    let used: BTreeSet<ResourceAddress> =
        recorded.generations(address).flat_map(|(_, one)| one.dependencies.iter().cloned()).collect();
    let is_free = |on: &ResourceAddress| {
        let is_data = |one: &RecordedResource| schema::get(&one.kind).is_some_and(|schema| schema.stateful);
        let mut all = recorded.generations(on).map(|(_, one)| one);
        !desired.resources.contains_key(on) && all.all(|one| one.agent.is_none() && !is_data(one))
    };
    let known = |on: ResourceAddress| {
        let is_it = move |(key, one): &(&ResourceKey, &RecordedResource)| {
            key.address == on || one.made_as.as_ref().is_some_and(|made| made.address == on)
        };
        recorded.resources.iter().filter(is_it).map(|(key, _)| key.address.clone()).collect::<Vec<_>>()
    };
    used.into_iter().flat_map(known).filter(is_free).collect()
}

/// Adds what leads on from what is there, until nothing does.
fn grow(all: &mut BTreeSet<ResourceAddress>, on: impl Fn(&ResourceAddress) -> Vec<ResourceAddress>) {
    let mut ahead: Vec<ResourceAddress> = all.iter().cloned().collect();
    while let Some(address) = ahead.pop() {
        ahead.extend(on(&address).into_iter().filter(|more| all.insert(more.clone())));
    }
}
