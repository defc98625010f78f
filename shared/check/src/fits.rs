//! Whether each change fits the record, as the plan's moves leave it.

use model::{Action, Change, Presence, Stage, expression};

use crate::Violation;
use crate::index::Index;

pub(crate) fn fits(change: &Change, index: &Index<'_>, found: &mut Vec<Violation>) {
    let key = &change.key;
    let recorded = index.standing.get(key).map(|standing| standing.recorded);
    let mut misfit = |why| found.push(Violation::Misfit(key.clone(), why));
    match (&change.action, recorded) {
        (Action::Create { .. }, Some(recorded)) if recorded.presence != Presence::Announced => {
            misfit("it is made already")
        }
        (Action::Replace { .. }, Some(_)) => misfit("it is made already"),
        (Action::Update { .. } | Action::Delete { .. } | Action::Forget { .. }, None) => misfit("it is not recorded"),
        (Action::Update { .. }, Some(recorded)) if recorded.physical_id.is_none() => misfit("it was never seen"),
        (Action::Update { .. }, Some(recorded)) if recorded.presence == Presence::Leaving => {
            misfit("it is being deleted")
        }
        (Action::Replace { old, .. }, None) if !index.standing.contains_key(old) => {
            misfit("what it replaces is not recorded");
        }
        (Action::Replace { old, .. }, None) if old.address != key.address || old.generation >= key.generation => {
            misfit("it is not a later incarnation of what it replaces");
        }
        (Action::Move { .. }, _) if change.stage != Stage::Build => misfit("it moves at the end"),
        (Action::Move { to }, _) if to == key => misfit("it moves to where it is"),
        (Action::Move { to }, _) if index.standing.get(to).is_none_or(|at| at.moved_by != Some(key)) => {
            misfit("it cannot move");
        }
        // Within its address, a move puts it back in use: so it must be what is in use then.
        (Action::Move { to }, _)
            if to.address == key.address
                && index.current(&key.address).is_none_or(|(current, at)| current != to || !at.stays()) =>
        {
            misfit("it moves within its address and is not in use then");
        }
        (Action::Move { to }, _)
            if to.address == key.address
                && index.highest.get(&to.address).is_some_and(|highest| *highest > to.generation) =>
        {
            misfit("it moves within its address to below what that has had");
        }
        (Action::Delete { only_empty: true, .. }, Some(_)) if !holds_data(change) => {
            misfit("it holds no data that its deletion could spare");
        }
        _ => {}
    }
    if matches!(change.action, Action::Create { .. } | Action::Replace { .. })
        && recorded.is_none()
        && index.highest.get(&key.address).is_some_and(|highest| *highest >= key.generation)
    {
        found.push(Violation::OldGeneration(key.clone()));
    }
    if let Action::Replace { old, .. } = &change.action
        && !index.goes(old)
        && !index.may_stay(old)
    {
        found.push(Violation::StaysBehind { change: key.clone(), old: old.clone() });
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

fn holds_data(change: &Change) -> bool {
    schema::get(&change.kind).is_some_and(|schema| schema.stateful)
}

/// Everything that a change refers to is recorded and stays, or is made by a change that it waits for; and what moves has moved.
pub(crate) fn references(change: &Change, index: &Index<'_>, found: &mut Vec<Violation>) {
    let key = &change.key;
    let awaits = |on: &model::ResourceKey| change.needs.iter().any(|edge| edge.on == *on);
    if let Some(moved) = index.standing.get(key).and_then(|standing| standing.moved_by).filter(|moved| !awaits(moved)) {
        found.push(Violation::BeforeMove { change: key.clone(), moved: moved.clone() });
    }
    let Some(to) = change.action.to() else { return };
    let Ok(references) = expression::references(to) else {
        found.push(Violation::Misfit(key.clone(), "a reference is malformed"));
        return;
    };
    let mut addresses: Vec<_> = references.into_iter().map(|reference| reference.address).collect();
    addresses.dedup();
    for address in &addresses {
        let reached = match index.made.get(address) {
            Some(made) => made.iter().all(|on| awaits(on)),
            None => index.current(address).is_some_and(|(on, standing)| standing.stays() && !index.goes(on)),
        };
        if !reached {
            found.push(Violation::Unreachable { change: key.clone(), to: address.clone() });
        }
    }
    let concerned = addresses.iter().chain(&change.dependencies).chain([&key.address]);
    let moves: std::collections::BTreeSet<_> =
        concerned.filter_map(|address| index.arrivals.get(address)).flatten().filter(|moved| !awaits(moved)).collect();
    found.extend(moves.into_iter().map(|moved| Violation::BeforeMove { change: key.clone(), moved: (*moved).clone() }));
}
