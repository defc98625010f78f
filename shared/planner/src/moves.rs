//! Which incarnations move to another address, and to which generation there.
//!
//! A move is safe to repeat, whole or in part: the incarnation in use goes first, so that a record which an earlier
//! deployment left half moved is told from one in which somebody made the old address anew.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, Desired, Edge, Generation, Presence, Reach, Reason, Recorded, RecordedResource, ResourceAddress,
    ResourceKey, Stage,
};

use crate::Problem;
use crate::view::View;

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

type Standing<'a> = (&'a ResourceKey, &'a RecordedResource);

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
    let stays = |(_, resource): &Standing<'_>| resource.presence != Presence::Leaving;
    let old: Vec<Standing<'a>> = recorded.generations(from).collect();
    let Some((current, _)) = old.iter().copied().rfind(stays) else { return Some(Vec::new()) };
    let arrived: Vec<Standing<'a>> = recorded.generations(to).filter(stays).collect();
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
fn is_older((key, resource): Standing<'_>, origin: &ResourceKey) -> bool {
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
