//! Earlier incarnations that are taken up again: still there, and what is wanted, where the newest is not.
//!
//! A deployment that stopped before it retired anything leaves both. To make a third one would be in vain where AWS knows
//! them by what cannot be changed (the alias of a function, the URL of an alias), and would lose what the first one holds.

use std::collections::{BTreeMap, BTreeSet};

use model::{Desired, DesiredResource, Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey, expression};

use crate::view::{Place, Standing, View};

/// Whether an address has more than one incarnation and is wanted: elsewhere there is nothing to take up.
pub(crate) fn may_be(desired: &Desired, recorded: &Recorded) -> bool {
    let pairs = recorded.resources.keys().zip(recorded.resources.keys().skip(1));
    pairs.into_iter().any(|(one, next)| one.address == next.address && desired.resources.contains_key(&one.address))
}

/// What is taken up again, and as which incarnation: the newest there, which is the one in use. What moves to another address
/// is let be.
pub(crate) fn taken_up(desired: &Desired, view: &View<'_>) -> BTreeMap<ResourceKey, ResourceKey> {
    let candidates = view.places().iter().enumerate().filter_map(|(at, place)| {
        let wanted = desired.resources.get(place.address)?;
        let is_open = place.standing.len() > 1 && wanted.ignore_changes.is_empty();
        (is_open && place.standing.iter().all(|standing| !standing.arrives)).then_some((at, place, wanted))
    });
    let candidates: Vec<_> = candidates.collect();
    let mut found: BTreeMap<&ResourceAddress, &Standing<'_>> = BTreeMap::new();
    // What refers to something that comes back means that one.
    loop {
        let next = candidates.iter().find_map(|(_, place, wanted)| {
            let is_known = found.contains_key(place.address);
            let earlier = (!is_known).then(|| earlier(place, wanted, view, &found))?;
            Some((place.address, earlier?))
        });
        let Some((address, standing)) = next else { break };
        found.insert(address, standing);
    }
    let keys = candidates.iter().filter_map(|(at, place, _)| {
        let standing = found.get(place.address)?;
        let from = ResourceKey::new(place.address.clone(), standing.generation);
        Some((from, ResourceKey::new(place.address.clone(), view.next(place.address, Some(*at)))))
    });
    keys.collect()
}

/// What is being deleted and is just what is wanted in all that AWS cannot change, so that AWS may know no other beside it; with
/// the property that tells. Only of types whose names nobody chooses: other names are compared wherever they are. What lingers is
/// told by an id, and may take hours.
pub(crate) fn going_under_its_identity(
    place: &Place<'_>,
    wanted: &DesiredResource,
    view: &View<'_>,
) -> Option<(ResourceKey, String)> {
    let schema = schema::get(&wanted.kind).filter(|schema| schema.naming.is_none() && !schema.lingers)?;
    let is_it = |standing: &&Standing<'_>| {
        !standing.stays() && is_what_is_wanted(standing.recorded, wanted, view, &BTreeMap::new())
    };
    let going = place.standing.iter().rev().find(is_it)?;
    let property = schema.create_only.last()?;
    Some((ResourceKey::new(place.address.clone(), going.generation), (*property).to_owned()))
}

/// The newest of the earlier ones that is what is wanted, where the one in use is not.
fn earlier<'p, 'a>(
    place: &'p Place<'a>,
    wanted: &DesiredResource,
    view: &View<'_>,
    found: &BTreeMap<&ResourceAddress, &Standing<'_>>,
) -> Option<&'p Standing<'a>> {
    let is_it = |standing: &&Standing<'_>| is_what_is_wanted(standing.recorded, wanted, view, found);
    let newest = place.standing.last()?;
    let current = place.current().unwrap_or(newest);
    if is_it(&current) {
        return None;
    }
    let is_there = |standing: &&Standing<'_>| can_be(standing.recorded);
    place.standing.iter().rev().filter(|one| one.generation < current.generation).filter(is_there).find(is_it)
}

/// Whether it is there and not going any more: AWS would not delete it, or it was not its turn yet.
fn can_be(resource: &RecordedResource) -> bool {
    let is_refused = resource.presence != Presence::Leaving || resource.intent.is_none();
    is_refused && resource.physical_id.is_some() && !resource.asked.0.is_empty()
}

/// Whether an incarnation is what is wanted in all that AWS cannot change. A name that the config leaves open may be any.
fn is_what_is_wanted(
    resource: &RecordedResource,
    wanted: &DesiredResource,
    view: &View<'_>,
    found: &BTreeMap<&ResourceAddress, &Standing<'_>>,
) -> bool {
    let Some(schema) = schema::get(&wanted.kind).filter(|_| resource.kind == wanted.kind) else { return false };
    let value_of = |reference: &model::Reference| {
        let standing = found.get(&reference.address).copied().or_else(|| view.current(&reference.address))?;
        standing.recorded.value_of(reference.attribute.as_deref())
    };
    let open: BTreeSet<&str> = schema.naming.iter().map(|naming| naming.property).collect();
    schema.create_only.iter().all(|property| match wanted.properties.get(property) {
        None => open.contains(property) || resource.sent.get(property).is_none(),
        Some(value) => {
            expression::resolve_value(value, &value_of).is_ok_and(|now| resource.sent.get(property) == Some(&now))
        }
    })
}
