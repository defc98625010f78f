//! The retiring half of a plan: what is deleted, what is let go, and what is left for another time.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, Edge, Generation, PlanReport, Reach, Reason, ResourceAddress, ResourceKey, Retained, Retaining,
    Retention, Stage, Waiting,
};

use crate::build::Built;
use crate::view::{Standing, View};
use crate::{Exempt, Inputs, Lookup, Problem};

/// What is recorded and not kept, by where it stands.
pub(crate) type Leaving<'v, 'a> = BTreeMap<ResourceKey, &'v Standing<'a>>;

pub(crate) fn retire(
    inputs: &Inputs<'_>,
    view: &View<'_>,
    exempt: &Exempt,
    built: &mut Built,
    report: &mut PlanReport,
    problems: &mut Vec<Problem>,
) -> Vec<Change> {
    let leaving: Leaving<'_, '_> = view
        .places()
        .iter()
        .zip(&built.kept)
        .filter(|(place, _)| !exempt.outside.contains(place.address))
        .flat_map(|(place, kept)| {
            let goes = place.standing.iter().filter(|standing| *kept != Some(standing.generation));
            goes.map(|standing| (ResourceKey::new(place.address.clone(), standing.generation), standing))
        })
        .collect();
    let standing_on = standing_on(&leaving);
    let keeps = |key: &ResourceKey, standing: &Standing<'_>| keeps(inputs, &exempt.not_kept, key, standing);
    // Between incarnations that are all the only one of their address nothing can be turned round.
    let is_turned = view.places().iter().any(|place| place.standing.len() > 1);
    let is_under = |key: &ResourceKey, on_top: &ResourceKey| is_turned && stands_on(key, &on_top.address, &leaving);
    let is_deleted = |key: &ResourceKey, standing: &Standing<'_>| keeps(key, standing).1.is_none();
    let along = clear_the_way(built, &leaving, &standing_on, &is_under, &is_deleted);
    let tried = tried_again(&leaving, &standing_on, &exempt.waiting, &|key, standing| keeps(key, standing).1.is_none());
    let mut is_going = |(key, standing): &(&ResourceKey, &&Standing<'_>)| {
        built.first.contains_key(*key) || tried.contains(*key) || !is_left(inputs, key, standing, report)
    };
    let going: BTreeMap<&ResourceKey, &&Standing<'_>> = leaving.iter().filter(|one| is_going(one)).collect();
    let mut changes = Vec::with_capacity(going.len());
    for (key, standing) in &going {
        let recorded = standing.recorded;
        let first = built.first.get(*key);
        let deposed = inputs.desired.resources.contains_key(&key.address);
        let (retention, keeps) = keeps(key, standing);
        if let Some(forced_by) = first.filter(|_| keeps.is_some() && !along.contains(*key)) {
            problems.push(Problem::NameHeld { resource: key.address.clone(), forced_by: forced_by.clone() });
        }
        let physical_id = recorded.physical_id.clone();
        let action = match keeps {
            Some(because) => {
                report.retained.push(Retained { key: (*key).clone(), because });
                Action::Forget { physical_id }
            }
            None => Action::Delete { physical_id, only_empty: false },
        };
        let because = match (deposed, recorded.reap) {
            (_, Some(_)) => Reason::Due,
            (true, None) => Reason::Deposed,
            (false, None) => Reason::Removed,
        };
        // Letting go touches nothing, and waits for nobody: also not for a deletion that is put off.
        let touches = keeps.is_none();
        let mut needs: Vec<Edge> = dependents(key, &standing_on)
            .filter(|on| touches && going.contains_key(*on) && (first.is_none() || built.first.contains_key(*on)))
            .map(|on| Edge { on: on.clone(), until: Reach::Ready })
            .collect();
        if standing.arrives {
            let moves = view.arrivals(&key.address);
            needs.extend(moves.map(|on| Edge { on: on.clone(), until: Reach::Ready }));
        }
        needs.sort();
        needs.dedup();
        changes.push(Change {
            key: (*key).clone(),
            kind: recorded.kind.clone(),
            action,
            because,
            needs,
            stage: if first.is_some() { Stage::Build } else { Stage::Retire },
            dependencies: standing.dependencies.clone().into_owned(),
            agent: recorded.agent.clone(),
            retention,
            shift: None,
        });
    }
    changes
}

/// What becomes of something that is not wanted any more, and why it is let go, where it is.
fn keeps(
    inputs: &Inputs<'_>,
    not_kept: &BTreeSet<ResourceKey>,
    key: &ResourceKey,
    standing: &Standing<'_>,
) -> (Retention, Option<Retaining>) {
    // The config has the last word on what is replaced; on what it no longer names, the record remembers its last word.
    let wanted = inputs.desired.resources.get(&key.address).map(|resource| resource.retention);
    let goes = standing.is_stray() || not_kept.contains(key);
    let retention = if goes { Retention::Delete } else { wanted.unwrap_or(standing.recorded.retention) };
    let because = match (wanted.is_some(), retention) {
        (false, Retention::Retain) => Some(Retaining::Removed),
        (true, Retention::Retain | Retention::RetainReplaced) => Some(Retaining::Replaced),
        (_, Retention::Delete) | (false, Retention::RetainReplaced) => None,
    };
    (retention, because)
}

/// Whether something stays where it is for now, said in the report: its deletion was put off and is not due; or nothing is
/// known of it but that it holds data, in an environment from which no data may go.
fn is_left(inputs: &Inputs<'_>, key: &ResourceKey, standing: &Standing<'_>, report: &mut PlanReport) -> bool {
    if let Some(until) = standing.recorded.reap.filter(|_| !standing.stays()) {
        report.waiting.push(Waiting { key: key.clone(), until });
        return true;
    }
    let is_safe = standing.is_stray() && inputs.environment.protected && holds_data(&standing.recorded.kind);
    if is_safe {
        report.left.push(key.clone());
    }
    is_safe
}

/// What was put off and stands on something that is deleted now, be it through others that were put off: it is tried again before
/// that, which waits where it is put off again. AWS might delete what stands in it together with it.
fn tried_again<'l>(
    leaving: &'l Leaving<'_, '_>,
    standing_on: &Lookup<&ResourceAddress, Vec<&'l ResourceKey>>,
    waiting: &BTreeSet<ResourceKey>,
    is_deleted: &dyn Fn(&ResourceKey, &Standing<'_>) -> bool,
) -> BTreeSet<&'l ResourceKey> {
    let is_put_off = |standing: &Standing<'_>| !standing.stays() && standing.recorded.reap.is_some();
    let mut tried = BTreeSet::new();
    let begins = leaving.iter().filter(|(key, standing)| !is_put_off(standing) && is_deleted(key, standing));
    let mut ahead: Vec<&ResourceKey> = begins.map(|(key, _)| key).collect();
    while let Some(key) = ahead.pop() {
        let put_off = dependents(key, standing_on).filter(|on| !waiting.contains(*on));
        let put_off = put_off.filter(|on| leaving.get(*on).is_some_and(|one| is_put_off(one)));
        ahead.extend(put_off.filter(|on| tried.insert(*on)));
    }
    tried
}

pub(crate) fn holds_data(kind: &model::ResourceType) -> bool {
    schema::get(kind).is_some_and(|schema| schema.stateful)
}

/// What must go first takes along what is being deleted on top of it, what is replaced because of it, and what goes and stands in
/// it: AWS deletes what stands in it together with it, and a record that says so only later would be believed by a plan that is
/// made in between. Says which go first because they are replaced.
fn clear_the_way(
    built: &mut Built,
    leaving: &Leaving<'_, '_>,
    standing_on: &Lookup<&ResourceAddress, Vec<&ResourceKey>>,
    is_under: &dyn Fn(&ResourceKey, &ResourceKey) -> bool,
    is_deleted: &dyn Fn(&ResourceKey, &Standing<'_>) -> bool,
) -> BTreeSet<ResourceKey> {
    let Built { changes, first, .. } = built;
    if first.is_empty() {
        return BTreeSet::new();
    }
    let replaced: BTreeMap<&ResourceKey, &Change> = changes.iter().filter_map(replaces).collect();
    let mut along = BTreeSet::new();
    let mut ahead: Vec<ResourceKey> = first.keys().cloned().collect();
    while let Some(key) = ahead.pop() {
        let forced_by = first.get(&key).cloned().unwrap_or_default();
        for on_top in dependents(&key, standing_on) {
            let Some(standing) = leaving.get(on_top) else { continue };
            let replaced = replaced.get(on_top);
            let is_along = replaced.is_some_and(|change| is_forced_by(change, standing, &key.address));
            let is_inside = replaced.is_none() && stands_in(standing, &key.address);
            let just_goes = is_inside && is_deleted(on_top, standing);
            let goes_along = !standing.stays() || is_along || just_goes;
            if goes_along && !first.contains_key(on_top) && !is_under(&key, on_top) {
                first.insert(on_top.clone(), forced_by.clone());
                ahead.push(on_top.clone());
                along.extend(is_along.then(|| on_top.clone()));
            }
        }
    }
    along
}

/// Whether something that leaves stands on an address, be it through others that leave. What stands on both sides of it was turned
/// round between two incarnations, and then it is another one that the other stands in.
fn stands_on(key: &ResourceKey, address: &ResourceAddress, leaving: &Leaving<'_, '_>) -> bool {
    let of = |at: &ResourceAddress| {
        let all = leaving.range(ResourceKey::new(at.clone(), Generation::FIRST)..);
        let all = all.take_while(move |(key, _)| key.address == *at);
        all.flat_map(|(_, standing)| standing.dependencies.iter()).collect::<Vec<_>>()
    };
    let mut ahead: Vec<&ResourceAddress> =
        leaving.get(key).into_iter().flat_map(|one| one.dependencies.iter()).collect();
    let mut seen: BTreeSet<&ResourceAddress> = BTreeSet::new();
    while let Some(on) = ahead.pop() {
        if on == address {
            return true;
        }
        if seen.insert(on) {
            ahead.extend(of(on));
        }
    }
    false
}

/// What a change replaces, where it replaces something.
fn replaces(change: &Change) -> Option<(&ResourceKey, &Change)> {
    let Action::Replace { old, .. } = &change.action else { return None };
    Some((old, change))
}

/// Whether a resource is replaced because what stands at `address` is, which one of its create-only properties names.
fn is_forced_by(change: &Change, old: &Standing<'_>, address: &ResourceAddress) -> bool {
    let Action::Replace { forced_by, .. } = &change.action else { return false };
    forced_by.as_slice().iter().any(|one| names(old, one.path.head(), address))
}

/// Whether a property that AWS cannot change names what stands at `address`.
fn stands_in(standing: &Standing<'_>, address: &ResourceAddress) -> bool {
    let frozen = schema::get(&standing.recorded.kind).map(|schema| schema.create_only).unwrap_or_default();
    frozen.iter().any(|property| names(standing, property, address))
}

fn names(standing: &Standing<'_>, property: &str, address: &ResourceAddress) -> bool {
    let mut found = Vec::new();
    let value = standing.asked.get(property);
    value.is_some_and(|value| model::expression::references_in(value, &mut found).is_ok())
        && found.iter().any(|reference| reference.address == *address)
}

/// What is leaving, by what it was made on top of. Where the record names an address that has moved, what stands there now may
/// be meant, too.
pub(crate) fn standing_on<'l>(leaving: &'l Leaving<'_, '_>) -> Lookup<&'l ResourceAddress, Vec<&'l ResourceKey>> {
    let mut on: Lookup<&ResourceAddress, Vec<&ResourceKey>> = Lookup::default();
    for (key, standing) in leaving {
        let named = standing.recorded.dependencies.iter().filter(|_| standing.is_outdated);
        for address in standing.dependencies.iter().chain(named) {
            on.entry(address).or_default().push(key);
        }
    }
    on
}

/// What must be gone before `key` can go. Incarnations of one address do not stand on each other.
pub(crate) fn dependents<'s, 'l>(
    key: &ResourceKey,
    standing_on: &'s Lookup<&ResourceAddress, Vec<&'l ResourceKey>>,
) -> impl Iterator<Item = &'l ResourceKey> + use<'s, 'l> {
    let address = key.address.clone();
    let all = standing_on.get(&key.address).into_iter().flatten().copied();
    all.filter(move |other| other.address != address)
}
