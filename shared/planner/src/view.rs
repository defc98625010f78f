//! The record as it stands once this plan's moves are made: everything else is planned from this.
//!
//! Borrows from the record. Only what names an address that has changed is copied, and reads the new one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::{
    Desired, Generation, Presence, Properties, Recorded, RecordedResource, ResourceAddress, ResourceKey, expression,
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
    /// In the order of their addresses.
    places: Vec<Place<'a>>,
    /// The moves to an address, by the keys of their changes.
    arrivals: BTreeMap<&'a ResourceAddress, Vec<&'a ResourceKey>>,
    /// The highest generation of each address that the tags of something elsewhere name.
    named: BTreeMap<&'a ResourceAddress, Generation>,
}

/// The incarnations at one address, oldest first.
pub(crate) struct Place<'a> {
    pub(crate) address: &'a ResourceAddress,
    pub(crate) standing: Vec<Standing<'a>>,
}

impl<'a> Place<'a> {
    /// The incarnation in use: the newest that is not being deleted.
    pub(crate) fn current(&self) -> Option<&Standing<'a>> {
        self.standing.iter().rev().find(|standing| standing.stays())
    }
}

impl<'a> View<'a> {
    pub(crate) fn of(recorded: &'a Recorded, relocations: &'a [Relocation<'a>], names: &Names<'_>) -> Self {
        let targets: BTreeMap<&ResourceKey, &'a ResourceKey> =
            relocations.iter().map(|one| (one.from, &one.to)).collect();
        let mut view = Self { places: Vec::new(), arrivals: BTreeMap::new(), named: BTreeMap::new() };
        let mut all: Vec<(&'a ResourceAddress, Standing<'a>)> = Vec::with_capacity(recorded.resources.len());
        for (key, resource) in &recorded.resources {
            let to = targets.get(key).copied();
            if let Some(to) = to {
                view.arrivals.entry(&to.address).or_default().push(key);
            }
            if let Some(made) = &resource.made_as {
                let highest = view.named.entry(&made.address).or_insert(made.generation);
                *highest = (*highest).max(made.generation);
            }
            let (asked, dependencies) = renamed(resource, names);
            let is_outdated = matches!(asked, Cow::Owned(_)) || matches!(dependencies, Cow::Owned(_));
            let ResourceKey { address, generation } = to.unwrap_or(key);
            let generation = *generation;
            let arrives = to.is_some();
            all.push((address, Standing { generation, recorded: resource, asked, dependencies, arrives, is_outdated }));
        }
        if !relocations.is_empty() {
            all.sort_by(|one, other| (one.0, one.1.generation).cmp(&(other.0, other.1.generation)));
        }
        for (address, standing) in all {
            match view.places.last_mut().filter(|place| place.address == address) {
                Some(place) => place.standing.push(standing),
                None => view.places.push(Place { address, standing: vec![standing] }),
            }
        }
        view
    }

    /// Every place, in the order of their addresses.
    pub(crate) fn places(&self) -> &[Place<'a>] {
        &self.places
    }

    /// Where each of `addresses`, which ascend, stands among the places.
    pub(crate) fn places_of(&self, addresses: &[&ResourceAddress]) -> Vec<Option<usize>> {
        let mut ahead = self.places.iter().enumerate().peekable();
        let mut find = |address: &ResourceAddress| {
            while ahead.next_if(|(_, place)| place.address < address).is_some() {}
            ahead.next_if(|(_, place)| place.address == address).map(|(at, _)| at)
        };
        addresses.iter().map(|address| find(address)).collect()
    }

    /// Every incarnation, in the order of their keys.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'a ResourceAddress, &Standing<'a>)> {
        self.places.iter().flat_map(|place| place.standing.iter().map(move |standing| (place.address, standing)))
    }

    pub(crate) fn get(&self, key: &ResourceKey) -> Option<&Standing<'a>> {
        self.place(&key.address)?.standing.iter().find(|standing| standing.generation == key.generation)
    }

    /// The incarnation in use at a place.
    pub(crate) fn current_at(&self, place: usize) -> Option<&Standing<'a>> {
        self.places.get(place)?.current()
    }

    /// The place of an address, where anything stands there.
    pub(crate) fn place(&self, address: &ResourceAddress) -> Option<&Place<'a>> {
        let at = self.places.binary_search_by(|place| place.address.cmp(address)).ok()?;
        self.places.get(at)
    }

    /// The incarnation in use at an address.
    pub(crate) fn current(&self, address: &ResourceAddress) -> Option<&Standing<'a>> {
        self.place(address)?.current()
    }

    /// The generation of the next incarnation of `address`, which may stand at a place: above all that are recorded, and above
    /// all that tags name.
    pub(crate) fn next(&self, address: &ResourceAddress, place: Option<usize>) -> Generation {
        let recorded = place.and_then(|place| self.places.get(place)?.standing.last()).map(|last| last.generation);
        let named = self.named.get(address).copied();
        recorded.max(named).map_or(Generation::FIRST, Generation::next)
    }

    /// The same, wherever it stands.
    pub(crate) fn following(&self, address: &ResourceAddress) -> Generation {
        self.next(address, self.places.binary_search_by(|place| place.address.cmp(address)).ok())
    }

    /// Lets the next incarnation of `address` come after `generation`.
    pub(crate) fn raise(&mut self, address: &'a ResourceAddress, generation: Generation) {
        let highest = self.named.entry(address).or_insert(generation);
        *highest = (*highest).max(generation);
    }

    /// The changes that move something to `address`.
    pub(crate) fn arrivals(&self, address: &ResourceAddress) -> impl Iterator<Item = &'a ResourceKey> {
        self.arrivals.get(address).into_iter().flatten().copied()
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
pub(crate) fn renamed<'a>(
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
