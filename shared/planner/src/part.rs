//! Deployments of a part: what is named, with everything that it needs, and what is attached to that and not there yet.
//!
//! What is not of the part stays as it is recorded, finished or not: it is neither built nor retired, and what stands on
//! something of the part may not lose it.

mod fate;

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Change, Desired, DesiredResource, Gate, GateCheck, Presence, Recorded, RecordedResource, ResourceAddress,
    ResourceKey, Retention, Selected, Selection, expression,
};
use serde_json::Value;

use fate::Fate;

use crate::build::Built;
use crate::inverse::references;
use crate::moves::Relocation;
use crate::retire::holds_data;
use crate::view::View;
use crate::{Draft, Inputs, Problem};

/// The part that a deployment is about, by addresses.
pub(crate) struct Part<'a> {
    only: &'a Selection,
    /// What the whole config asks for.
    whole: &'a Desired,
    /// What of that is planned.
    chosen: BTreeSet<&'a ResourceAddress>,
    /// What is recorded, is of the part, and is not asked for where it stands.
    going: BTreeSet<&'a ResourceAddress>,
}

impl<'a> Part<'a> {
    /// What a selection comes to; none where it is everything.
    pub(crate) fn of(inputs: &Inputs<'a>) -> Option<Self> {
        let Inputs { desired, recorded, only, .. } = *inputs;
        if only.is_all() {
            return None;
        }
        let is_desired = |address: &ResourceAddress| desired.resources.contains_key(address);
        let addresses: BTreeSet<&ResourceAddress> = recorded.resources.keys().map(|key| &key.address).collect();
        let names_recorded = |address: &ResourceAddress| {
            let agent = recorded.current(address).and_then(|(_, one)| one.agent.as_deref());
            only.names(address, agent)
        };
        let named = desired.resources.iter().filter(|(address, one)| only.names(address, one.agent.as_deref()));
        let mut ahead: Vec<&ResourceAddress> = named.map(|(address, _)| address).collect();
        // What has moved to somebody else is still what was named: it goes there, and is not lost.
        let moves = desired.moved.iter().filter(|(from, to)| is_desired(to) && addresses.contains(from));
        ahead.extend(moves.filter(|(from, _)| names_recorded(from)).map(|(_, to)| to));
        ahead.extend(gates(desired, only).flat_map(|gate| of_gate(gate, desired)));
        let mut chosen = BTreeSet::new();
        while !ahead.is_empty() {
            chosen = closure(chosen, ahead, desired, recorded);
            ahead = attached(&chosen, desired, recorded);
        }
        let left_behind = |from: &ResourceAddress| desired.moved.get(from).is_some_and(|to| chosen.contains(to));
        let is_gone = |address: &&ResourceAddress| !is_desired(address) && names_recorded(address);
        let going = addresses.into_iter().filter(|address| is_gone(address) || left_behind(address));
        let going = going.filter(|address| !chosen.contains(address)).collect();
        let mut part = Self { only, whole: desired, chosen, going };
        part.take_along(recorded);
        Some(part)
    }

    /// What belongs to no agent, is not asked for any more, holds no data, and was used by nothing but the part, goes with it:
    /// roles stand by themselves, and nobody would think of naming them.
    fn take_along(&mut self, recorded: &'a Recorded) {
        let mut users: BTreeMap<ResourceAddress, BTreeSet<&ResourceAddress>> = BTreeMap::new();
        for (key, one) in &recorded.resources {
            for on in mentions(one).filter(|on| *on != key.address) {
                users.entry(on).or_default().insert(&key.address);
            }
        }
        let half = |(key, one): (&ResourceKey, &RecordedResource)| {
            !self.covers(&key.address) && (!one.earlier.is_empty() || one.presence == Presence::Incomplete)
        };
        if recorded.resources.iter().any(half) {
            // What was not changed to its end may use anything.
            return;
        }
        loop {
            let is_left = |address: &ResourceAddress| {
                !self.covers(address)
                    && !self.whole.resources.contains_key(address)
                    && !self.whole.moved.contains_key(address)
                    && recorded.generations(address).all(|(_, one)| is_nobodys(one))
            };
            let is_used_here = |address: &ResourceAddress| {
                let made = recorded.generations(address).filter_map(|(_, one)| one.made_as.as_ref());
                let names = [address].into_iter().chain(made.map(|key| &key.address)).collect::<BTreeSet<_>>();
                let mut all = names.into_iter().filter_map(|name| users.get(name)).flatten().peekable();
                all.peek().is_some() && all.all(|user| self.covers(user) || *user == address)
            };
            let all = recorded.resources.keys().map(|key| &key.address);
            let more: Vec<&ResourceAddress> = all.filter(|one| is_left(one) && is_used_here(one)).collect();
            if more.is_empty() {
                return;
            }
            self.going.extend(more);
        }
    }

    /// Whether an address is of the part.
    fn covers(&self, address: &ResourceAddress) -> bool {
        self.chosen.contains(address) || self.going.contains(address)
    }

    /// What is recorded beside the part.
    pub(crate) fn outside(&self, recorded: &Recorded) -> BTreeSet<ResourceAddress> {
        let addresses = recorded.resources.keys().map(|key| &key.address);
        addresses.filter(|address| !self.covers(address)).cloned().collect()
    }

    /// What the config asks for, of the part. An output is of it where all that it refers to will be there.
    pub(crate) fn desired(&self, recorded: &Recorded) -> Desired {
        let whole = self.whole;
        let is_chosen = |address: &ResourceAddress| self.chosen.contains(address);
        let is_there = |reference: &model::Reference| {
            let stays = || !self.covers(&reference.address) && recorded.value_of(reference).is_some();
            is_chosen(&reference.address) || stays()
        };
        let is_known = |value: &Value| {
            let mut found = Vec::new();
            expression::references_in(value, &mut found).is_err() || found.iter().all(is_there)
        };
        let keep = |name: &String, value: &Value| is_known(value).then(|| (name.clone(), value.clone()));
        let resources = whole.resources.iter().filter(|(address, _)| is_chosen(address));
        let moved = whole.moved.iter().filter(|(from, to)| is_chosen(from) || is_chosen(to));
        Desired {
            resources: resources.map(|(address, one)| (address.clone(), one.clone())).collect(),
            outputs: whole.outputs.iter().filter_map(|(name, value)| keep(name, value)).collect(),
            moved: moved.map(|(from, to)| (from.clone(), to.clone())).collect(),
            gates: gates(whole, self.only).cloned().collect(),
            environment: whole.environment.clone(),
            account: whole.account.clone(),
            region: whole.region.clone(),
        }
    }

    /// What there is to say of it.
    pub(crate) fn told(&self, recorded: &Recorded) -> Selected {
        let is_named = |address: &ResourceAddress| {
            let agent = self.whole.resources.get(address).and_then(|one| one.agent.as_deref());
            self.only.names(address, agent)
        };
        let recorded = recorded.resources.keys().map(|key| &key.address);
        let all: BTreeSet<&ResourceAddress> = recorded.chain(self.whole.resources.keys()).collect();
        Selected {
            named: self.only.clone(),
            along: self.chosen.iter().filter(|address| !is_named(address)).map(|one| (*one).clone()).collect(),
            left: all.into_iter().filter(|address| !self.covers(address)).count(),
        }
    }

    /// Refuses what is beside the part and would lose what it stands on, or holds a name that something of the part needs.
    pub(crate) fn refuse(
        &self,
        view: &View<'_>,
        relocations: &[Relocation<'_>],
        draft: &Draft,
        problems: &mut Vec<Problem>,
    ) {
        let fate = Fate::of(self, view, relocations, draft);
        let mut found: BTreeSet<(ResourceAddress, ResourceAddress)> = BTreeSet::new();
        for (address, standing) in view.all().filter(|(address, _)| !self.covers(address)) {
            let in_use = view.current(address).is_some_and(|current| current.generation == standing.generation);
            found.extend(fate.taken_from(standing, in_use, view).into_iter().map(|on| (on, address.clone())));
        }
        problems.extend(found.into_iter().map(|(resource, by)| Problem::NotSelected {
            name: self.name_of(&by, view),
            resource,
            by,
        }));
        let Built { first, changes, .. } = &draft.built;
        for (holder, property) in first.iter().filter(|(holder, _)| !self.covers(&holder.address)) {
            let needs = |change: &&Change| change.needs.iter().any(|edge| edge.on == *holder);
            let Some(by) = changes.iter().find(needs) else { continue };
            problems.push(Problem::NameNotSelected {
                resource: by.key.address.clone(),
                property: property.clone(),
                holder: holder.address.clone(),
                name: self.name_of(&holder.address, view),
            });
        }
    }

    /// What has to be named for an address to be of the part.
    fn name_of(&self, address: &ResourceAddress, view: &View<'_>) -> String {
        let desired = self.whole.resources.get(address).map(|one| one.agent.clone());
        let recorded = || view.current(address).and_then(|standing| standing.recorded.agent.clone());
        desired.unwrap_or_else(recorded).unwrap_or_else(|| address.stack.clone())
    }
}

/// The gates of what is named. Those of the whole environment are not: they speak for more than the part.
fn gates<'a>(desired: &'a Desired, only: &Selection) -> impl Iterator<Item = &'a Gate> {
    desired.gates.iter().filter(|gate| gate.agent.as_ref().is_some_and(|agent| only.0.contains(agent)))
}

fn of_gate<'a>(gate: &Gate, desired: &'a Desired) -> Vec<&'a ResourceAddress> {
    match &gate.check {
        GateCheck::Alarm { name } => referred(name, desired),
        GateCheck::Invoke { function, payload } => {
            referred(function, desired).into_iter().chain(referred(payload, desired)).collect()
        }
        GateCheck::Http { url, .. } => referred(url, desired),
    }
}

/// What a value refers to, of what is desired. What is malformed is told when it is read.
fn referred<'a>(value: &Value, desired: &'a Desired) -> Vec<&'a ResourceAddress> {
    let mut found = Vec::new();
    let _ = expression::references_in(value, &mut found);
    found.iter().filter_map(|one| Some(desired.resources.get_key_value(&one.address)?.0)).collect()
}

/// What is `chosen`, and what is `ahead`, with everything that it needs.
fn closure<'a>(
    mut chosen: BTreeSet<&'a ResourceAddress>,
    mut ahead: Vec<&'a ResourceAddress>,
    desired: &'a Desired,
    recorded: &Recorded,
) -> BTreeSet<&'a ResourceAddress> {
    while let Some(address) = ahead.pop() {
        if let Some((address, resource)) = desired.resources.get_key_value(address)
            && chosen.insert(address)
        {
            ahead.extend(needs(address, resource, desired, recorded));
        }
    }
    chosen
}

/// What belongs to nobody, is not there yet, and is attached to something of the part: an API is nothing without its stage, a
/// bucket is not to be without its policy. What would bring an agent along, or change what is there, is left to a deployment of
/// that.
fn attached<'a>(
    chosen: &BTreeSet<&'a ResourceAddress>,
    desired: &'a Desired,
    recorded: &Recorded,
) -> Vec<&'a ResourceAddress> {
    let is_attached = |(address, one): &(&'a ResourceAddress, &'a DesiredResource)| {
        !chosen.contains(address)
            && is_free(address, one, desired, recorded)
            && needs(address, one, desired, recorded).into_iter().any(|on| chosen.contains(on))
            && brings_only_what_is_free(address, chosen, desired, recorded)
    };
    desired.resources.iter().filter(is_attached).map(|(address, _)| address).collect()
}

/// Whether something belongs to nobody and is not there yet, or only half; also not under an address that it moves from.
fn is_free(address: &ResourceAddress, one: &DesiredResource, desired: &Desired, recorded: &Recorded) -> bool {
    let from = desired.moved.iter().filter(|(_, to)| *to == address).map(|(from, _)| from);
    let mut all = [address].into_iter().chain(from).flat_map(|address| recorded.generations(address));
    one.agent.is_none() && !all.any(|(_, one)| one.presence == Presence::Present)
}

/// Whether nothing comes along with a resource but what is chosen already, or free like it.
fn brings_only_what_is_free<'a>(
    address: &'a ResourceAddress,
    chosen: &BTreeSet<&'a ResourceAddress>,
    desired: &'a Desired,
    recorded: &Recorded,
) -> bool {
    let (mut seen, mut ahead) = (BTreeSet::new(), vec![address]);
    while let Some(address) = ahead.pop() {
        let Some((address, one)) = desired.resources.get_key_value(address).filter(|(one, _)| !chosen.contains(one))
        else {
            continue;
        };
        if !is_free(address, one, desired, recorded) {
            return false;
        }
        if seen.insert(address) {
            ahead.extend(needs(address, one, desired, recorded));
        }
    }
    true
}

/// What a resource needs, of what is desired; also by what `ignore_changes` may keep of what was asked for.
fn needs<'a>(
    address: &ResourceAddress,
    resource: &'a DesiredResource,
    desired: &'a Desired,
    recorded: &Recorded,
) -> Vec<&'a ResourceAddress> {
    let mut needs: Vec<&ResourceAddress> = resource.depends_on.iter().collect();
    // That something is still wanted where it is said to have moved from is told with it.
    needs.extend(desired.moved.iter().filter(|(_, to)| *to == address).map(|(from, _)| from));
    needs.extend(resource.properties.0.values().flat_map(|value| referred(value, desired)));
    if !resource.ignore_changes.is_empty() {
        let from = desired.moved.iter().filter(|(_, to)| *to == address).map(|(from, _)| from);
        let kept = [address].into_iter().chain(from).filter_map(|address| recorded.current(address));
        for (_, on) in kept.flat_map(|(_, kept)| references(&kept.asked)) {
            let now = desired.moved.get(&on).unwrap_or(&on);
            needs.extend(desired.resources.get_key_value(now).map(|(address, _)| address));
        }
    }
    needs
}

/// Whether it belongs to no agent, and nothing is lost with it.
fn is_nobodys(one: &RecordedResource) -> bool {
    one.agent.is_none() && one.retention != Retention::Retain && !holds_data(&one.kind)
}

/// Every address that a record names.
fn mentions(recorded: &RecordedResource) -> impl Iterator<Item = ResourceAddress> {
    let named = references(&recorded.asked).into_iter().map(|(_, on)| on);
    named.chain(recorded.dependencies.iter().cloned())
}
