//! Whether each deletion comes late enough, says what it destroys, and leaves nothing without what it needs.

use std::collections::BTreeSet;

use model::{Action, Change, ResourceKey, Stage};

use crate::Violation;
use crate::index::Index;

pub(crate) fn deletion<'a>(
    change: &'a Change,
    index: &Index<'a>,
    makes_room: &BTreeSet<&ResourceKey>,
    found: &mut Vec<Violation>,
) {
    let Action::Delete { .. } = change.action else { return };
    let key = &change.key;
    if change.stage == Stage::Build && !makes_room.contains(key) {
        found.push(Violation::TooEarly(key.clone()));
    }
    let holds_data = schema::get(&change.kind).is_some_and(|schema| schema.stateful);
    if holds_data && !index.lost.contains(&key.address) {
        found.push(Violation::SilentLoss(key.clone()));
    }
    // An older incarnation is not what others use; only the one in use is.
    let is_in_use = index.current(&key.address).is_some_and(|(current, _)| current == key);
    let has_successor = index.made.contains_key(&key.address);
    let awaited: BTreeSet<&ResourceKey> = change.needs.iter().map(|edge| &edge.on).collect();
    let others = index.standing_on.get(&key.address).into_iter().flatten().copied();
    for other in others.filter(|other| other.address != key.address) {
        match index.change(other) {
            Some(goes) if index.goes(other) => {
                let both_at_the_end = change.stage == Stage::Retire && goes.stage == Stage::Retire;
                // What stood on what was turned round between two incarnations: then either order will do.
                if both_at_the_end && !awaited.contains(other) && !index.waits(other, key) {
                    found.push(Violation::TooEarly(key.clone()));
                }
            }
            Some(changed) if !changed.dependencies.contains(&key.address) => {}
            // What is being deleted and waits for that needs nothing any more.
            None if index.standing.get(other).is_some_and(|standing| !standing.stays()) => {}
            Some(_) | None if is_in_use && !has_successor => found.push(Violation::InUse(key.clone(), other.clone())),
            Some(_) => {}
            // It refers to what takes the place of this one, and goes on with the value of this one.
            None if is_in_use && index.refers(other, &key.address) => {
                found.push(Violation::InUse(key.clone(), other.clone()));
            }
            // Something came back into use in place of this one, and it goes on with the value of this one.
            None if index.arrivals.contains_key(&key.address) && index.is_sent_another(other, &key.address) => {
                found.push(Violation::InUse(key.clone(), other.clone()));
            }
            None => {}
        }
    }
}
