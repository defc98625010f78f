//! The record as it stands once this plan's moves are made: everything else is planned from this.
//!
//! Borrows from the record. Only what names an address that has changed is copied, and reads the new one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::{
    Desired, Generation, Presence, Properties, Recorded, RecordedResource, Reference, ResourceAddress, ResourceKey,
    expression,
};
use serde_json::Value;

use crate::moves::Relocation;

/// One incarnation.
pub(crate) struct Standing<'a> {
    pub(crate) generation: Generation,
    pub(crate) recorded: &'a RecordedResource,
    /// What was asked for, by the addresses of now.
    pub(crate) asked: Cow<'a, Properties>,
    /// What it needs, by the addresses of now.
    pub(crate) dependencies: Cow<'a, BTreeSet<ResourceAddress>>,
    /// Whether this plan moves it here.
    pub(crate) arrives: bool,
    /// Whether the record names an address that is no longer one.
    pub(crate) is_outdated: bool,
}

impl Standing<'_> {
    /// Whether it is not being deleted.
    pub(crate) fn stays(&self) -> bool {
        self.recorded.presence != Presence::Leaving
    }

    /// Whether nothing is known of it but that it exists: what a search for orphans found.
    pub(crate) fn is_stray(&self) -> bool {
        !self.stays() && self.asked.0.is_empty() && self.dependencies.is_empty()
    }
}

/// Every incarnation, by where it stands.
pub(crate) struct View<'a> {
    places: BTreeMap<Cow<'a, ResourceAddress>, Vec<Standing<'a>>>,
    /// The moves to an address, by the keys of their changes.
    arrivals: BTreeMap<ResourceAddress, Vec<&'a ResourceKey>>,
    /// The highest generation of each address that the tags of something elsewhere name.
    named: BTreeMap<&'a ResourceAddress, Generation>,
}

impl<'a> View<'a> {
    pub(crate) fn of(recorded: &'a Recorded, relocations: &[Relocation<'a>], names: &Names<'_>) -> Self {
        let targets: BTreeMap<&ResourceKey, &ResourceKey> = relocations.iter().map(|one| (one.from, &one.to)).collect();
        let mut view = Self { places: BTreeMap::new(), arrivals: BTreeMap::new(), named: BTreeMap::new() };
        for (key, resource) in &recorded.resources {
            let to = targets.get(key).copied();
            let (address, generation) = match to {
                Some(to) => (Cow::Owned(to.address.clone()), to.generation),
                None => (Cow::Borrowed(&key.address), key.generation),
            };
            if let Some(to) = to {
                view.arrivals.entry(to.address.clone()).or_default().push(key);
            }
            if let Some(made) = &resource.made_as {
                let highest = view.named.entry(&made.address).or_insert(made.generation);
                *highest = (*highest).max(made.generation);
            }
            let (asked, dependencies) = renamed(resource, names);
            let is_outdated = matches!(asked, Cow::Owned(_)) || matches!(dependencies, Cow::Owned(_));
            view.places.entry(address).or_default().push(Standing {
                generation,
                recorded: resource,
                asked,
                dependencies,
                arrives: to.is_some(),
                is_outdated,
            });
        }
        if !relocations.is_empty() {
            view.places.values_mut().for_each(|place| place.sort_by_key(|standing| standing.generation));
        }
        view
    }

    /// Every incarnation, in the order of their keys.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&ResourceAddress, &Standing<'a>)> {
        self.places.iter().flat_map(|(address, place)| place.iter().map(move |standing| (address.as_ref(), standing)))
    }

    pub(crate) fn get(&self, key: &ResourceKey) -> Option<&Standing<'a>> {
        self.places.get(&key.address)?.iter().find(|standing| standing.generation == key.generation)
    }

    /// The incarnation in use: the newest that is not being deleted.
    pub(crate) fn current(&self, address: &ResourceAddress) -> Option<&Standing<'a>> {
        self.places.get(address)?.iter().rev().find(|standing| standing.stays())
    }

    /// The generation of the next incarnation: above all that are recorded, and above all that tags name.
    pub(crate) fn next(&self, address: &ResourceAddress) -> Generation {
        let recorded = self.places.get(address).and_then(|place| place.last()).map(|standing| standing.generation);
        let named = self.named.get(address).copied();
        recorded.max(named).map_or(Generation::FIRST, Generation::next)
    }

    /// The changes that move something to `address`.
    pub(crate) fn arrivals(&self, address: &ResourceAddress) -> impl Iterator<Item = &'a ResourceKey> {
        self.arrivals.get(address).into_iter().flatten().copied()
    }

    /// The value of a reference, from the incarnation in use.
    pub(crate) fn value_of(&self, reference: &Reference) -> Option<Value> {
        self.current(&reference.address)?.recorded.value_of(reference.attribute.as_deref())
    }
}

/// The addresses of now, by those that the record may still name.
pub(crate) type Names<'a> = BTreeMap<&'a ResourceAddress, &'a ResourceAddress>;

/// Of moves that this plan makes, that an earlier one made and stopped before it got to what refers to them, and that the
/// config has forgotten since.
pub(crate) fn names<'a>(desired: Option<&'a Desired>, recorded: &'a Recorded) -> Names<'a> {
    let is_desired = |address: &ResourceAddress| desired.is_some_and(|desired| desired.resources.contains_key(address));
    let is_free = |address: &ResourceAddress| !is_desired(address) && recorded.generations(address).next().is_none();
    let made = |(key, resource): (&'a ResourceKey, &'a RecordedResource)| {
        Some((&resource.made_as.as_ref()?.address, &key.address))
    };
    let mut names: Names<'a> =
        recorded.resources.iter().filter_map(made).filter(|(old, new)| old != new && is_free(old)).collect();
    let moved = desired.into_iter().flat_map(|desired| &desired.moved);
    names.extend(moved.filter(|(_, new)| is_desired(new)));
    names
}

/// What a resource was asked to be and what it needs, by the addresses of now.
fn renamed<'a>(
    resource: &'a RecordedResource,
    names: &Names<'_>,
) -> (Cow<'a, Properties>, Cow<'a, BTreeSet<ResourceAddress>>) {
    let (mut asked, mut dependencies) = (Cow::Borrowed(&resource.asked), Cow::Borrowed(&resource.dependencies));
    if names.is_empty() {
        return (asked, dependencies);
    }
    let now = |address: &ResourceAddress| names.get(address).copied().cloned();
    if resource.dependencies.iter().any(|on| names.contains_key(on)) {
        let renamed = resource.dependencies.iter().map(|on| now(on).unwrap_or_else(|| on.clone()));
        dependencies = Cow::Owned(renamed.collect());
    }
    let references = expression::references(&resource.asked).unwrap_or_default();
    if references.iter().any(|reference| names.contains_key(&reference.address)) {
        let renamed = resource.asked.0.iter().map(|(name, value)| (name.clone(), rename(value, &now)));
        asked = Cow::Owned(renamed.collect());
    }
    (asked, dependencies)
}

fn rename(value: &Value, now: &impl Fn(&ResourceAddress) -> Option<ResourceAddress>) -> Value {
    if let Ok(Some(reference)) = expression::as_reference(value) {
        return match (now(&reference.address), &reference.attribute) {
            (Some(address), Some(attribute)) => expression::attribute(&address, attribute),
            (Some(address), None) => expression::reference(&address),
            (None, _) => value.clone(),
        };
    }
    match value {
        Value::Array(items) => items.iter().map(|item| rename(item, now)).collect(),
        Value::Object(map) => map.iter().map(|(name, item)| (name.clone(), rename(item, now))).collect(),
        other => other.clone(),
    }
}
