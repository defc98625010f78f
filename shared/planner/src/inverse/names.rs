//! Which names are kept, and which are given anew.

use std::collections::BTreeSet;

use model::{Desired, Generation, RecordedResource, ResourceAddress, ResourceKey, Retention};
use schema::Naming;

use super::{Before, Identity, Inverse};
use crate::name;
use crate::view::View;

/// Takes generated names out of what is desired, so that what exists keeps its own and what is made anew gets a new one: the
/// old may be blocked for a while. A name that the user fixed stays. What was let go and is told by its name, which then cannot
/// be changed, is looked for under its old name and generation: the addresses of those.
pub(super) fn give<'a>(
    inputs: &Inverse<'a>,
    before: &Before<'a>,
    view: &mut View<'a>,
    desired: &mut Desired,
) -> BTreeSet<&'a ResourceAddress> {
    let addresses: Vec<&ResourceAddress> = before.in_use.keys().copied().collect();
    let places = view.places_of(&addresses);
    let mut again = BTreeSet::new();
    for ((address, (key, then)), place) in before.in_use.iter().zip(places) {
        let is_let_go = then.retention != Retention::Delete && !before.alive.contains_key(&Identity::of(key, then));
        let is_told = told_by_its_name(key, then, view.next(address, place)).filter(|_| place.is_none());
        if let Some(generation) = is_told {
            view.raise(address, generation);
            again.insert(*address);
            continue;
        }
        if is_let_go {
            // It has the tags of its time: they must not name what is made in its place.
            view.raise(address, key.generation);
        }
        let Some(schema) = schema::get(&then.kind) else { continue };
        let Some(naming) = schema.naming else { continue };
        let Some(old) = then.asked.text(naming.property) else { continue };
        let next = view.next(address, place);
        let tells = schema.create_only.contains(&naming.property);
        let is_generated = |key: &ResourceKey, resource: &RecordedResource, name: &str| {
            is_generated(&naming, inputs, key, resource, name)
        };
        let standing = place.and_then(|place| view.current_at(place));
        let now = standing.map(|standing| (standing.recorded, standing.generation));
        let name = match now {
            _ if !is_generated(key, then, old) => continue,
            Some((now, generation)) if now.kind == then.kind => {
                // What is still there is what is in use: it never left its address, or comes back to it. Its name is another
                // only where it was changed in place.
                let is_same = before.alive.contains_key(&Identity::of(key, then)) && !tells;
                let known = ResourceKey::new((*address).clone(), generation);
                match now.asked.text(naming.property) {
                    Some(name) if is_same && name != old => continue,
                    Some(name) if !is_same && !is_generated(&known, now, name) => Some(next),
                    Some(_) | None => None,
                }
            }
            Some(_) | None => None,
        };
        let fresh = name.map(|generation| {
            let key = ResourceKey::new((*address).clone(), generation);
            name::generated(&naming, desired, &inputs.stamp.engine, inputs.deployment, &key, &then.asked)
        });
        let Some(wanted) = desired.resources.get_mut(*address) else { continue };
        match fresh {
            Some(name) => wanted.properties.set(naming.property, name),
            None => drop(wanted.properties.0.remove(naming.property)),
        }
    }
    again
}

/// The generation before that of something which was let go and has a name that nothing else can have: made again, it is found.
fn told_by_its_name(key: &ResourceKey, then: &RecordedResource, next: Generation) -> Option<Generation> {
    let schema = schema::get(&then.kind)?;
    let naming = schema.naming?;
    then.asked.text(naming.property)?;
    let tells = schema.create_only.contains(&naming.property);
    (tells && is_let_go(key, then, next)).then(|| Generation(key.generation.0.saturating_sub(1)))
}

/// Whether nothing is recorded any more of what was to be kept, so that it may still be in the account; and whether its
/// creation would find it: it would carry the tags that it has.
fn is_let_go(key: &ResourceKey, then: &RecordedResource, next: Generation) -> bool {
    then.retention == Retention::Retain
        && then.physical_id.is_some()
        && then.made_as.is_none()
        && next <= key.generation
}

fn is_generated(
    naming: &Naming,
    inputs: &Inverse<'_>,
    key: &ResourceKey,
    resource: &RecordedResource,
    name: &str,
) -> bool {
    let made_as = resource.made_as.as_ref().map(|made| &made.address);
    [Some(&key.address), made_as]
        .into_iter()
        .flatten()
        .any(|address| name::is_generated(naming, &inputs.environment.id, address, name))
}
