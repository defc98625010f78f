//! The retiring half of a plan: what is deleted, what is let go, and what is left for another time.

use std::collections::BTreeMap;

use model::{
    Action, Change, Edge, PlanReport, Reach, Reason, ResourceAddress, ResourceKey, Retained, Retaining, Retention,
    Stage, Waiting,
};

use crate::build::Built;
use crate::view::{Standing, View};
use crate::{Inputs, Lookup, Problem};

/// What is recorded and not kept, by where it stands.
pub(crate) type Leaving<'v, 'a> = BTreeMap<ResourceKey, &'v Standing<'a>>;

pub(crate) fn retire(
    inputs: &Inputs<'_>,
    view: &View<'_>,
    built: &mut Built,
    report: &mut PlanReport,
    problems: &mut Vec<Problem>,
) -> Vec<Change> {
    let leaving: Leaving<'_, '_> = view
        .places()
        .iter()
        .zip(&built.kept)
        .flat_map(|(place, kept)| {
            let goes = place.standing.iter().filter(|standing| *kept != Some(standing.generation));
            goes.map(|standing| (ResourceKey::new(place.address.clone(), standing.generation), standing))
        })
        .collect();
    let standing_on = standing_on(&leaving);
    clear_the_way(built, &leaving, &standing_on);
    let mut is_going = |(key, standing): &(&ResourceKey, &&Standing<'_>)| {
        built.first.contains_key(*key) || !is_left(inputs, key, standing, report)
    };
    let going: BTreeMap<&ResourceKey, &&Standing<'_>> = leaving.iter().filter(|one| is_going(one)).collect();
    let mut changes = Vec::with_capacity(going.len());
    for (key, standing) in &going {
        let recorded = standing.recorded;
        let first = built.first.get(*key);
        // The config has the last word on what is replaced; on what it no longer names, the record remembers its last word.
        let wanted = inputs.desired.resources.get(&key.address).map(|resource| resource.retention);
        let deposed = wanted.is_some();
        let retention = if standing.is_stray() { Retention::Delete } else { wanted.unwrap_or(recorded.retention) };
        let keeps = match (deposed, retention) {
            (false, Retention::Retain) => Some(Retaining::Removed),
            (true, Retention::Retain | Retention::RetainReplaced) => Some(Retaining::Replaced),
            (_, Retention::Delete) | (false, Retention::RetainReplaced) => None,
        };
        if let Some(forced_by) = first.filter(|_| keeps.is_some()) {
            problems.push(Problem::NameHeld { resource: key.address.clone(), forced_by: forced_by.clone() });
        }
        let physical_id = recorded.physical_id.clone();
        let action = match keeps {
            Some(because) => {
                report.retained.push(Retained { key: (*key).clone(), because });
                Action::Forget { physical_id }
            }
            None => Action::Delete { from: standing.asked.clone().into_owned(), physical_id },
        };
        let because = match (deposed, recorded.reap) {
            (_, Some(_)) => Reason::Due,
            (true, None) => Reason::Deposed,
            (false, None) => Reason::Removed,
        };
        let mut needs: Vec<Edge> = dependents(key, &standing_on)
            .filter(|on| going.contains_key(*on) && (first.is_none() || built.first.contains_key(*on)))
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
        });
    }
    changes
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

pub(crate) fn holds_data(kind: &model::ResourceType) -> bool {
    schema::get(kind).is_some_and(|schema| schema.stateful)
}

/// What must go first takes what is being deleted on top of it along.
fn clear_the_way(
    built: &mut Built,
    leaving: &Leaving<'_, '_>,
    standing_on: &Lookup<&ResourceAddress, Vec<&ResourceKey>>,
) {
    let mut ahead: Vec<ResourceKey> = built.first.keys().cloned().collect();
    while let Some(key) = ahead.pop() {
        let forced_by = built.first.get(&key).cloned().unwrap_or_default();
        for on_top in dependents(&key, standing_on) {
            let goes = leaving.get(on_top).is_some_and(|standing| !standing.stays());
            if goes && !built.first.contains_key(on_top) {
                built.first.insert(on_top.clone(), forced_by.clone());
                ahead.push(on_top.clone());
            }
        }
    }
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
