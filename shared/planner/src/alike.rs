//! What AWS would take for the same as what is made or changed: that goes first, or changes first.
//!
//! A subscription that is made anew beside one to the same queue is that one: deleting the old one at the end would take both.

use model::{Action, Change, Edge, Order, Reach, ResourceAddress, ResourceKey};

use crate::build::Built;
use crate::moves::{known_as_of, known_by};
use crate::view::View;
use crate::{Inputs, Lookup};

/// Has each change wait for what AWS would take for what it makes, wherever that stands.
pub(crate) fn give_way(inputs: &Inputs<'_>, view: &View<'_>, built: &mut Built) {
    let is_concerned = |change: &Change| change.action.to().is_some() && !schema::sole(&change.kind).is_empty();
    if view.places().is_empty() || !built.changes.iter().any(is_concerned) {
        return;
    }
    let is_made = |change: &&Change| matches!(change.action, Action::Create { .. } | Action::Replace { .. });
    let made: Lookup<&ResourceAddress, ()> =
        built.changes.iter().filter(is_made).map(|change| (&change.key.address, ())).collect();
    // What something that this plan makes will be known by is not known yet.
    let value_of = |reference: &model::Reference| {
        let standing = view.current(&reference.address).filter(|_| !made.contains_key(&reference.address))?;
        standing.recorded.value_of(reference.attribute.as_deref())
    };
    let becomes = |key: &ResourceKey| {
        let wanted = inputs.desired.resources.get(&key.address)?;
        known_as_of(wanted, &value_of)
    };
    let changed: Lookup<&ResourceKey, ()> = built.changes.iter().map(|change| (&change.key, ())).collect();
    let mut holders: Lookup<String, Vec<Holder>> = Lookup::default();
    for (place, kept) in view.places().iter().zip(&built.kept) {
        for standing in &place.standing {
            if schema::sole(&standing.recorded.kind).is_empty() {
                continue;
            }
            let key = ResourceKey::new(place.address.clone(), standing.generation);
            let stays = *kept == Some(standing.generation);
            // What stays as it is gives way to nothing.
            let Some(known) = known_by(standing.recorded).filter(|_| !stays || changed.contains_key(&key)) else {
                continue;
            };
            holders.entry(known).or_default().push(Holder { key, stays });
        }
    }
    let mut ways: Vec<(usize, Vec<(ResourceKey, bool)>)> = Vec::new();
    for (at, change) in built.changes.iter().enumerate().filter(|(_, change)| is_concerned(change)) {
        let Some(known) = becomes(&change.key) else { continue };
        let holders = holders.get(&known).into_iter().flatten().filter(|holder| holder.key != change.key);
        let gives = |holder: &&Holder| match holder.stays {
            true => becomes(&holder.key).is_some_and(|other| other != known),
            false => true,
        };
        let gives: Vec<(ResourceKey, bool)> =
            holders.filter(gives).map(|holder| (holder.key.clone(), holder.stays)).collect();
        ways.extend((!gives.is_empty()).then_some((at, gives)));
    }
    for (at, holders) in ways {
        let Some(change) = built.changes.get_mut(at) else { continue };
        let property = schema::sole(&change.kind).last().copied().unwrap_or_default();
        for (holder, stays) in holders {
            if let Action::Replace { old, order, .. } = &mut change.action
                && *old == holder
            {
                *order = Order::DeleteFirst;
            }
            change.needs.push(Edge { on: holder.clone(), until: Reach::Ready });
            if !stays {
                built.first.entry(holder).or_insert_with(|| property.to_owned());
            }
        }
        change.needs.sort();
        change.needs.dedup();
    }
}

/// What is recorded and known by something.
struct Holder {
    key: ResourceKey,
    /// Whether it is still wanted where it stands.
    stays: bool,
}
