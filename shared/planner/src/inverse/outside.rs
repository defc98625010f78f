//! What does not go back: it may not stand on something that would not be there any more, or not the same, and what goes back
//! cannot refer to what was never seen of it.

use std::collections::BTreeSet;

use model::{Action, Change, Presence, Properties, RecordedResource, ResourceAddress, expression};
use serde_json::Value;

use super::{Before, Inverse, references};
use crate::view::View;
use crate::{Inputs, Problem};

pub(super) fn refuse(
    inputs: &Inverse<'_>,
    before: &Before<'_>,
    planning: &Inputs<'_>,
    view: &View<'_>,
    changes: &[Change],
    still: &BTreeSet<ResourceAddress>,
    problems: &mut Vec<Problem>,
) {
    let is_anew = |change: &&Change| matches!(change.action, Action::Create { .. } | Action::Replace { .. });
    let anew: BTreeSet<&ResourceAddress> = changes.iter().filter(is_anew).map(|change| &change.key.address).collect();
    let desired = planning.desired;
    let goes = |to: &ResourceAddress| {
        let mut recorded = inputs.recorded.generations(to);
        !desired.resources.contains_key(to) && recorded.any(|(_, one)| one.presence != Presence::Leaving)
    };
    let never_seen = |to: &ResourceAddress| {
        still.contains(to) && inputs.recorded.current(to).is_some_and(|(_, one)| one.physical_id.is_none())
    };
    for change in changes {
        let to = change.action.to().map(references).unwrap_or_default();
        let to: BTreeSet<ResourceAddress> = to.into_iter().map(|(_, to)| to).filter(never_seen).collect();
        problems.extend(to.into_iter().map(|to| Problem::Missing { resource: change.key.address.clone(), to }));
    }
    for by in still {
        let Some((_, user)) = inputs.recorded.current(by) else { continue };
        let named = references(&user.asked).into_iter().filter(|(name, to)| {
            let has_moved = desired.moved.contains_key(to);
            let is_another = || view.arrivals(to).next().is_some() && is_sent_another(view, &user.asked, user, name);
            has_moved || goes(to) || anew.contains(to) || is_another()
        });
        let needed = user.dependencies.iter().filter(|to| goes(to)).cloned();
        let on: BTreeSet<ResourceAddress> =
            named.map(|(_, to)| to).chain(needed).filter(|to| before.covers(to)).collect();
        problems.extend(on.into_iter().map(|resource| Problem::OutOfScope { resource, by: by.clone() }));
    }
}

/// Refuses what goes back and would be told of something half done that it was never told of: it used what that was to replace.
pub(super) fn told_another(
    before: &Before<'_>,
    view: &View<'_>,
    changes: &[Change],
    left: &BTreeSet<ResourceAddress>,
    problems: &mut Vec<Problem>,
) {
    for change in changes.iter().filter(|_| !left.is_empty()) {
        let Some((_, then)) = before.in_use.get(&change.key.address) else { continue };
        let named = references(&then.asked).into_iter().filter(|(name, on)| {
            left.contains(on) && value_now(view, &then.asked, name).as_ref() != then.sent.get(name)
        });
        let on: BTreeSet<ResourceAddress> = named.map(|(_, on)| on).collect();
        problems.extend(on.into_iter().map(|to| Problem::Missing { resource: change.key.address.clone(), to }));
    }
}

/// Whether a property was sent with another value than what was asked for has now.
fn is_sent_another(view: &View<'_>, asked: &Properties, user: &RecordedResource, name: &str) -> bool {
    value_now(view, asked, name).is_some_and(|value| user.sent.get(name) != Some(&value))
}

/// The value that a property which was asked for has now; none where that is not known.
pub(crate) fn value_now(view: &View<'_>, asked: &Properties, name: &str) -> Option<Value> {
    let value_of = |reference: &model::Reference| {
        let place = view.places_of(&[&reference.address]).first().copied().flatten()?;
        view.current_at(place)?.recorded.value_of(reference.attribute.as_deref())
    };
    expression::resolve_value(asked.get(name)?, &value_of).ok()
}
