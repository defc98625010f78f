//! Which incarnations move to another address, and to which generation there.
//!
//! A move is safe to repeat, whole or in part: the incarnation in use goes first, so that a record which an earlier
//! deployment left half moved is told from one in which somebody made the old address anew.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, Desired, DesiredResource, Edge, Generation, Presence, Reach, Reason, Recorded, RecordedResource,
    ResourceAddress, ResourceKey, Stage, expression,
};

use serde_json::Value;

use crate::Problem;
use crate::view::{self, Standing, View};

/// One incarnation's move.
pub(crate) struct Relocation<'a> {
    pub(crate) from: &'a ResourceKey,
    pub(crate) to: ResourceKey,
    /// The move of the incarnation in use, where this is an older one.
    after: Option<&'a ResourceKey>,
}

impl<'a> Relocation<'a> {
    /// A move that waits for no other.
    pub(crate) fn alone(from: &'a ResourceKey, to: ResourceKey) -> Self {
        Self { from, to, after: None }
    }
}

type Recording<'a> = (&'a ResourceKey, &'a RecordedResource);

/// Every move that is still to be made.
pub(crate) fn relocations<'a>(
    desired: &Desired,
    recorded: &'a Recorded,
    problems: &mut Vec<Problem>,
) -> Vec<Relocation<'a>> {
    let mut relocations = Vec::new();
    let mut claimed: BTreeMap<&ResourceAddress, &ResourceAddress> = BTreeMap::new();
    for (from, to) in &desired.moved {
        if let Some(on) = desired.moved.get(to) {
            problems.push(Problem::MovedOn { from: from.clone(), to: to.clone(), on: on.clone() });
        } else if let Some(other) = claimed.insert(to, from) {
            problems.push(Problem::MovedTogether { one: other.clone(), other: from.clone(), to: to.clone() });
        } else if desired.resources.contains_key(from) {
            problems.push(Problem::MovedStays { from: from.clone(), to: to.clone() });
        } else if desired.resources.contains_key(to) {
            match relocate(recorded, from, to) {
                Some(found) => relocations.extend(found),
                None => problems.push(Problem::MovedOnto { from: from.clone(), to: to.clone() }),
            }
        }
        // What moves to an address that is not desired goes, and may as well go from where it stands.
    }
    relocations
}

/// The moves from one address to another; none where the other is taken.
fn relocate<'a>(recorded: &'a Recorded, from: &ResourceAddress, to: &ResourceAddress) -> Option<Vec<Relocation<'a>>> {
    let stays = |(_, resource): &Recording<'_>| resource.presence != Presence::Leaving;
    let old: Vec<Recording<'a>> = recorded.generations(from).collect();
    let Some((current, _)) = old.iter().copied().rfind(stays) else { return Some(Vec::new()) };
    let arrived: Vec<Recording<'a>> = recorded.generations(to).filter(stays).collect();
    let mut taken: BTreeSet<Generation> = recorded.generations(to).map(|(key, _)| key.generation).collect();
    if let Some((newest, leader)) = arrived.last() {
        let origin = leader.made_as.as_ref()?;
        old.iter().filter(|one| stays(one)).all(|one| is_older(*one, origin)).then_some(())?;
        // An earlier deployment moved the one in use, and stopped: the others follow, below it.
        let mut follow = Vec::new();
        for (key, _) in old.into_iter().rev() {
            let below = |generation: &Generation| *generation < newest.generation && !taken.contains(generation);
            let free = Some(key.generation).filter(below);
            let free = free.or_else(|| (1..newest.generation.0).rev().map(Generation).find(below));
            let Some(generation) = free else { continue };
            taken.insert(generation);
            follow.push(Relocation { from: key, to: ResourceKey::new(to.clone(), generation), after: None });
        }
        return Some(follow);
    }
    taken.extend(named_elsewhere(recorded, to));
    let highest = taken.last().copied().unwrap_or(Generation(0));
    let fits = old.first().is_some_and(|(key, _)| key.generation > highest);
    let mut next = highest;
    let moves = old.into_iter().map(|(key, _)| {
        next = if fits { key.generation } else { next.next() };
        let after = (key != current).then_some(current);
        Relocation { from: key, to: ResourceKey::new(to.clone(), next), after }
    });
    Some(moves.collect())
}

/// Whether an incarnation is older than one that was made as `origin` and stood at the same address.
fn is_older((key, resource): Recording<'_>, origin: &ResourceKey) -> bool {
    if origin.address == key.address {
        return key.generation < origin.generation;
    }
    let made = resource.made_as.as_ref().filter(|made| made.address == origin.address);
    made.is_some_and(|made| made.generation < origin.generation)
}

/// Generations of `address` that the tags of what has moved away from it still name.
fn named_elsewhere(recorded: &Recorded, address: &ResourceAddress) -> impl Iterator<Item = Generation> {
    let made = recorded.resources.values().filter_map(|resource| resource.made_as.as_ref());
    made.filter(move |made| made.address == *address).map(|made| made.generation)
}

/// What is asked for, with the moves that it does not say; none where there are no such moves.
pub(crate) fn with_unsaid(desired: &Desired, recorded: &Recorded) -> Option<Desired> {
    let is_open = |(address, wanted): (&ResourceAddress, &DesiredResource)| {
        !schema::sole(&wanted.kind).is_empty()
            && recorded.generations(address).all(|(_, one)| one.presence == Presence::Leaving)
    };
    if recorded.resources.is_empty() || !desired.resources.iter().any(is_open) {
        return None;
    }
    let relocations = relocations(desired, recorded, &mut Vec::new());
    let unsaid = unsaid(desired, recorded, &relocations, &|_| true);
    let mut desired = (!unsaid.is_empty()).then(|| desired.clone())?;
    // What is said to move there from where nothing is does not.
    desired.moved.retain(|_, said| !unsaid.iter().any(|(_, to)| to.address == *said));
    desired.moved.extend(unsaid.into_iter().map(|(from, to)| (from.address, to.address)));
    Some(desired)
}

/// What is in use at an address at which nothing is wanted any more, may go, and is what is wanted at another at which nothing
/// is, as far as AWS tells such things apart: it stands there from now on. Made again it would be the same one, or refused, and
/// deleting what was in use would take it away.
pub(crate) fn unsaid(
    desired: &Desired,
    recorded: &Recorded,
    relocations: &[Relocation<'_>],
    may_go: &dyn Fn(&ResourceAddress) -> bool,
) -> Vec<(ResourceKey, ResourceKey)> {
    let is_left = |address: &ResourceAddress| {
        !desired.resources.contains_key(address) && !desired.moved.contains_key(address) && may_go(address)
    };
    let is_sole = |(key, resource): (&ResourceKey, &RecordedResource)| {
        !schema::sole(&resource.kind).is_empty() && is_left(&key.address)
    };
    if !recorded.resources.iter().any(is_sole) {
        return Vec::new();
    }
    let view = View::of(recorded, relocations, &view::names(Some(desired), recorded));
    let mut left: BTreeMap<String, Vec<(&ResourceAddress, &Standing<'_>)>> = BTreeMap::new();
    for place in view.places().iter().rev().filter(|place| is_left(place.address)) {
        let known = place.current().and_then(|standing| Some((known_by(standing.recorded)?, standing)));
        if let Some((known, standing)) = known {
            left.entry(known).or_default().push((place.address, standing));
        }
    }
    let arrives: BTreeSet<&ResourceAddress> = relocations.iter().map(|one| &one.to.address).collect();
    let mut open: Vec<(&ResourceAddress, &DesiredResource)> = desired
        .resources
        .iter()
        .filter(|(address, wanted)| !schema::sole(&wanted.kind).is_empty() && !arrives.contains(address))
        .filter(|(address, _)| view.place(address).is_none_or(|place| place.standing.iter().all(goes_for_good)))
        .collect();
    let mut moves = Vec::new();
    let mut found: BTreeMap<&ResourceAddress, &Standing<'_>> = BTreeMap::new();
    // What refers to something that moves means that one: as long as anything is found, something more may be.
    loop {
        let before = moves.len();
        open.retain(|(to, wanted)| {
            let pair = known_as(wanted, &view, &found).and_then(|known| left.get_mut(&known)?.pop());
            let Some((from, standing)) = pair else { return true };
            found.insert(to, standing);
            let to = ResourceKey::new((*to).clone(), view.following(to));
            moves.push((ResourceKey::new(from.clone(), standing.generation), to));
            false
        });
        if moves.len() == before {
            return moves;
        }
    }
}

/// Whether it is being deleted, and nothing takes it up again.
fn goes_for_good(standing: &Standing<'_>) -> bool {
    !standing.stays() && (standing.recorded.intent.is_some() || standing.recorded.physical_id.is_none())
}

/// What AWS tells an incarnation by from others of its type, where that is no name.
pub(crate) fn known_by(resource: &RecordedResource) -> Option<String> {
    schema::known_by(&resource.kind, |property| Some(resource.sent.get(property).cloned()))
}

/// What AWS would tell by what is wanted, as `found` and what is in use have it; none where that is not known yet.
fn known_as(
    wanted: &DesiredResource,
    view: &View<'_>,
    found: &BTreeMap<&ResourceAddress, &Standing<'_>>,
) -> Option<String> {
    known_as_of(wanted, &|reference| {
        let standing = found.get(&reference.address).copied().or_else(|| view.current(&reference.address))?;
        standing.recorded.value_of(reference.attribute.as_deref())
    })
}

/// The same, where references have these values.
pub(crate) fn known_as_of(
    wanted: &DesiredResource,
    value_of: &dyn Fn(&model::Reference) -> Option<Value>,
) -> Option<String> {
    schema::known_by(&wanted.kind, |property| {
        let asked = wanted.properties.get(property);
        asked.map(|value| expression::resolve_value(value, &value_of)).transpose().ok()
    })
}

/// The changes that make the moves. Only the record changes.
pub(crate) fn changes(relocations: &[Relocation<'_>], view: &View<'_>, desired: &Desired) -> Vec<Change> {
    let change = |relocation: &Relocation<'_>| {
        let standing = view.get(&relocation.to)?;
        let needs = relocation.after.map(|on| Edge { on: on.clone(), until: Reach::Ready });
        let agent = desired.resources.get(&relocation.to.address).and_then(|resource| resource.agent.clone());
        Some(Change {
            key: relocation.from.clone(),
            kind: standing.recorded.kind.clone(),
            action: Action::Move { to: relocation.to.clone() },
            because: Reason::Moved,
            needs: needs.into_iter().collect(),
            stage: Stage::Build,
            dependencies: standing.dependencies.clone().into_owned(),
            agent,
            retention: standing.recorded.retention,
            shift: None,
        })
    };
    relocations.iter().filter_map(change).collect()
}
