//! What becomes of a part, as far as it concerns what stands on it from beside it.

use std::collections::{BTreeMap, BTreeSet};

use model::{Action, Change, RecordedResource, ResourceAddress};
use serde_json::Value;

use super::{Part, mentions};
use crate::Draft;
use crate::inverse::{references, value_now};
use crate::moves::Relocation;
use crate::view::{Standing, View};

/// What becomes of the part, as far as it concerns what stands on it.
pub(super) struct Fate<'d> {
    /// What will not be there any more.
    gone: BTreeSet<&'d ResourceAddress>,
    /// What is made, and was not in use before.
    made: BTreeSet<&'d ResourceAddress>,
    /// What is made in the place of another.
    replaced: BTreeSet<&'d ResourceAddress>,
    /// Where an incarnation is deleted.
    deleted: BTreeSet<&'d ResourceAddress>,
    /// What AWS knows of what is deleted.
    known: Vec<(&'d ResourceAddress, BTreeSet<&'d str>)>,
    /// What has another address, by the old one.
    moved: BTreeMap<&'d ResourceAddress, &'d ResourceAddress>,
}

impl<'d> Fate<'d> {
    pub(super) fn of(part: &Part<'d>, view: &'d View<'_>, relocations: &'d [Relocation<'_>], draft: &'d Draft) -> Self {
        let built = |is_it: fn(&Action) -> bool| {
            let all = draft.built.changes.iter().filter(move |change| is_it(&change.action));
            all.map(|change| &change.key.address).collect()
        };
        // What is left where something has moved from is known by the new address.
        let now = |change: &'d Change| {
            let address = &change.key.address;
            part.whole.moved.get(address).filter(|to| part.chosen.contains(to)).unwrap_or(address)
        };
        let deleted = draft.retired.iter().filter(|change| matches!(change.action, Action::Delete { .. }));
        let known = deleted.clone().filter_map(|change| Some((now(change), values(view.get(&change.key)?.recorded))));
        let elsewhere = relocations.iter().filter(|one| one.from.address != one.to.address);
        Self {
            gone: draft.retired.iter().map(now).filter(|address| !part.chosen.contains(address)).collect(),
            made: built(|action| matches!(action, Action::Create { .. })),
            replaced: built(|action| matches!(action, Action::Replace { .. })),
            known: known.collect(),
            deleted: deleted.map(now).collect(),
            moved: elsewhere.map(|one| (&one.from.address, &one.to.address)).collect(),
        }
    }

    /// What an incarnation beside the part stands on and would find no more, or not the same.
    pub(super) fn taken_from(&self, standing: &Standing<'_>, in_use: bool, view: &View<'_>) -> Vec<ResourceAddress> {
        let Standing { recorded, asked, dependencies, .. } = standing;
        if !standing.stays() && recorded.reap.is_some() {
            // It goes by itself, and what it stands on is tried again until it has.
            return Vec::new();
        }
        let is_lost = |name: &str, on: &ResourceAddress| {
            self.gone.contains(on)
                || self.replaced.contains(on)
                || self.made.contains(on) && recorded.physical_id.is_some()
                || self.deleted.contains(on) && recorded.sent.get(name) != value_now(view, asked, name).as_ref()
        };
        let named = references(asked).into_iter().filter(|(name, on)| is_lost(name, on)).map(|(_, on)| on);
        let is_held_up = |on: &&ResourceAddress| self.gone.contains(*on) || !in_use && self.deleted.contains(*on);
        let needed = dependencies.iter().filter(is_held_up).cloned();
        let moved = mentions(recorded).filter_map(|on| self.moved.get(&on).copied().cloned());
        // What was not changed to its end may still be what it was before.
        let sent = recorded.earlier.iter().flat_map(|earlier| earlier.sent.0.values());
        let used = sent.flat_map(|value| self.known.iter().filter(move |(_, known)| has_one_of(value, known)));
        named.chain(needed).chain(moved).chain(used.map(|(on, _)| (*on).clone())).collect()
    }
}

/// What references to a resource may have been sent as.
fn values(recorded: &RecordedResource) -> BTreeSet<&str> {
    let attributes = recorded.attributes.values().filter_map(Value::as_str);
    recorded.physical_id.iter().map(|id| id.as_str()).chain(attributes).filter(|value| !value.is_empty()).collect()
}

fn has_one_of(value: &Value, known: &BTreeSet<&str>) -> bool {
    match value {
        Value::String(text) => known.iter().any(|known| text.contains(known)),
        Value::Array(items) => items.iter().any(|item| has_one_of(item, known)),
        Value::Object(map) => map.values().any(|item| has_one_of(item, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
