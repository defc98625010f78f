//! The record as a plan's moves leave it, and what is looked up in it again and again.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::BuildHasherDefault;

use model::{
    Action, Change, Generation, Plan, Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey, Stage,
    expression,
};

use schema::Naming;

use crate::Violation;

/// Looked up, and never gone through where the order could show; hashed without anything random.
pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// As [`Map`].
pub(crate) type Set<K> = HashSet<K, BuildHasherDefault<DefaultHasher>>;

/// One incarnation, where it stands once the moves are made.
pub(crate) struct Standing<'a> {
    pub(crate) recorded: &'a RecordedResource,
    /// The change that moves it there.
    pub(crate) moved_by: Option<&'a ResourceKey>,
}

/// Everything at hand, so that each rule is one pass over the plan.
pub(crate) struct Index<'a> {
    /// The changes by what they concern, with their places in the plan.
    changes: Map<&'a ResourceKey, (usize, &'a Change)>,
    /// Every recorded incarnation.
    pub(crate) standing: Map<&'a ResourceKey, Standing<'a>>,
    /// The incarnation in use at each recorded address; the newest that is being deleted where all are.
    current: Map<&'a ResourceAddress, &'a ResourceKey>,
    /// The highest generation that an address has, had before the moves, or is named with by tags elsewhere.
    pub(crate) highest: Map<&'a ResourceAddress, Generation>,
    /// The changes that move something to an address.
    pub(crate) arrivals: Map<&'a ResourceAddress, Vec<&'a ResourceKey>>,
    /// What makes or changes the incarnation that an address has in the end.
    pub(crate) made: Map<&'a ResourceAddress, Vec<&'a ResourceKey>>,
    /// What is recorded, by what it was made on top of.
    pub(crate) standing_on: Map<&'a ResourceAddress, Vec<&'a ResourceKey>>,
    /// New addresses, by those that the record still names.
    now: Map<&'a ResourceAddress, &'a ResourceAddress>,
    /// Addresses whose loss the plan lists.
    pub(crate) lost: Set<&'a ResourceAddress>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(plan: &'a Plan, recorded: &'a Recorded, found: &mut Vec<Violation>) -> Self {
        let count = recorded.resources.len();
        let mut index = Self {
            changes: Map::with_capacity_and_hasher(plan.changes.len(), BuildHasherDefault::default()),
            standing: Map::with_capacity_and_hasher(count, BuildHasherDefault::default()),
            current: Map::default(),
            highest: Map::default(),
            arrivals: Map::default(),
            made: Map::default(),
            standing_on: Map::default(),
            now: Map::default(),
            lost: plan.irreversible.iter().map(|loss| &loss.resource).collect(),
        };
        for (rank, change) in plan.changes.iter().enumerate() {
            if index.changes.insert(&change.key, (rank, change)).is_some() {
                found.push(Violation::Twice(change.key.clone()));
            }
            if change.action.to().is_some() {
                index.made.entry(&change.key.address).or_default().push(&change.key);
            }
        }
        for (key, resource) in &recorded.resources {
            index.standing.insert(key, Standing { recorded: resource, moved_by: None });
            index.raise(key);
            resource.made_as.iter().for_each(|made| index.raise(made));
        }
        index.relocate(plan, recorded, found);
        index.relate(plan, recorded);
        index
    }

    fn raise(&mut self, key: &'a ResourceKey) {
        let highest = self.highest.entry(&key.address).or_insert(key.generation);
        *highest = (*highest).max(key.generation);
    }

    /// Makes the moves.
    fn relocate(&mut self, plan: &'a Plan, recorded: &Recorded, found: &mut Vec<Violation>) {
        for change in &plan.changes {
            let Action::Move { to } = &change.action else { continue };
            let Some(resource) = self.standing.get(&change.key).map(|standing| standing.recorded) else { continue };
            if self.standing.contains_key(to) {
                found.push(Violation::MovedOnto { change: change.key.clone(), to: to.clone() });
                continue;
            }
            // Who names an address means what is in use there.
            if recorded.current(&change.key.address).is_some_and(|(current, _)| *current == change.key) {
                self.now.insert(&change.key.address, &to.address);
            }
            self.standing.remove(&change.key);
            self.standing.insert(to, Standing { recorded: resource, moved_by: Some(&change.key) });
            self.arrivals.entry(&to.address).or_default().push(&change.key);
            self.raise(to);
        }
    }

    /// Who is in use, and what stands on what is deleted, by the addresses of now.
    fn relate(&mut self, plan: &'a Plan, recorded: &'a Recorded) {
        let moved = plan.changes.iter().filter_map(|change| match &change.action {
            Action::Move { to } => Some(to),
            _ => None,
        });
        let deleted = plan.changes.iter().filter(|change| matches!(change.action, Action::Delete { .. }));
        self.standing_on.extend(deleted.map(|change| (&change.key.address, Vec::new())));
        for key in recorded.resources.keys().chain(moved) {
            let Some(standing) = self.standing.get(key) else { continue };
            let rank = |key: &ResourceKey| (self.standing.get(key).map(Standing::stays), key.generation);
            if self.current.get(&key.address).is_none_or(|other| rank(other) < rank(key)) {
                self.current.insert(&key.address, key);
            }
            for on in &standing.recorded.dependencies {
                let on = self.now.get(on).copied().unwrap_or(on);
                if let Some(standing_on) = self.standing_on.get_mut(on) {
                    standing_on.push(key);
                }
            }
        }
    }

    /// Whether what is recorded refers to an address, by the addresses of now.
    pub(crate) fn refers(&self, key: &ResourceKey, to: &ResourceAddress) -> bool {
        let asked = self.standing.get(key).map(|standing| &standing.recorded.asked);
        let references = asked.and_then(|asked| expression::references(asked).ok()).unwrap_or_default();
        references.iter().map(|one| self.now.get(&one.address).copied().unwrap_or(&one.address)).any(|on| on == to)
    }

    /// Whether what refers to an address was sent another value than that has once the moves are made.
    pub(crate) fn is_sent_another(&self, key: &ResourceKey, to: &ResourceAddress) -> bool {
        let Some(standing) = self.standing.get(key) else { return false };
        let value_of = |reference: &model::Reference| {
            let address = self.now.get(&reference.address).copied().unwrap_or(&reference.address);
            let (_, current) = self.current(address)?;
            current.recorded.value_of(reference.attribute.as_deref())
        };
        let RecordedResource { asked, sent, .. } = standing.recorded;
        asked.0.iter().any(|(name, value)| {
            let mut found = Vec::new();
            let names = |one: &model::Reference| self.now.get(&one.address).copied().unwrap_or(&one.address) == to;
            expression::references_in(value, &mut found).is_ok()
                && found.iter().any(names)
                && expression::resolve_value(value, &value_of).is_ok_and(|value| sent.get(name) != Some(&value))
        })
    }

    pub(crate) fn current(&self, address: &ResourceAddress) -> Option<(&'a ResourceKey, &Standing<'a>)> {
        let key = self.current.get(address).copied()?;
        Some((key, self.standing.get(key)?))
    }

    /// The change that concerns a key.
    pub(crate) fn change(&self, key: &ResourceKey) -> Option<&'a Change> {
        self.ranked(key).map(|(_, change)| change)
    }

    /// The same, with its place in the plan.
    pub(crate) fn ranked(&self, key: &ResourceKey) -> Option<(usize, &'a Change)> {
        self.changes.get(key).copied()
    }

    /// Whether something may stay though another takes its place: it holds data, or there stands on it what the plan does not
    /// change, and which holds data or is not in use itself.
    pub(crate) fn may_stay(&self, key: &'a ResourceKey) -> bool {
        let mut seen = BTreeSet::from([key]);
        let mut ahead = vec![key];
        while let Some(key) = ahead.pop() {
            let Some(standing) = self.standing.get(key) else { continue };
            let is_in_use = self.current.get(&key.address) == Some(&key);
            let holds_data = schema::get(&standing.recorded.kind).is_some_and(|schema| schema.stateful);
            if holds_data || (seen.len() > 1 && !(is_in_use && standing.stays())) {
                return true;
            }
            let made_as = standing.recorded.made_as.as_ref().map(|made| &made.address);
            let names = |on: &ResourceAddress| *on == key.address || Some(on) == made_as;
            let on_it = self.standing.iter().filter(|(other, standing)| {
                standing.recorded.dependencies.iter().any(names) && self.change(other).is_none()
            });
            ahead.extend(on_it.map(|(other, _)| *other).filter(|other| seen.insert(*other)));
        }
        false
    }

    /// Whether the plan deletes it or lets it go.
    pub(crate) fn goes(&self, key: &ResourceKey) -> bool {
        let goes = |change: &&Change| matches!(change.action, Action::Delete { .. } | Action::Forget { .. });
        self.change(key).as_ref().is_some_and(goes)
    }

    /// Whether one change waits for another, be it through others.
    pub(crate) fn waits(&self, change: &'a ResourceKey, on: &ResourceKey) -> bool {
        let mut seen = BTreeSet::from([change]);
        let mut ahead = vec![change];
        while let Some(key) = ahead.pop() {
            for edge in self.change(key).into_iter().flat_map(|change| &change.needs) {
                if edge.on == *on {
                    return true;
                }
                if seen.insert(&edge.on) {
                    ahead.push(&edge.on);
                }
            }
        }
        false
    }

    /// Deletions that may come before the end: something is made that waits for them and needs a name that they hold; and what
    /// stands on such a one.
    pub(crate) fn makes_room(&self) -> BTreeSet<&'a ResourceKey> {
        let mut room = BTreeSet::new();
        let mut ahead: Vec<&'a ResourceKey> = Vec::new();
        for (_, change) in self.changes.values() {
            let naming = schema::get(&change.kind).and_then(|schema| schema.naming);
            let named = naming.and_then(|naming| Some((naming, change.action.to()?.text(naming.property)?)));
            let awaited = change.needs.iter().filter(|edge| self.needs_the_name_of(change, named, &edge.on));
            ahead.extend(awaited.map(|edge| &edge.on));
        }
        while let Some(key) = ahead.pop() {
            let Some(change) = self.change(key).filter(|_| room.insert(key)) else { continue };
            let deletions = change.needs.iter().filter(|edge| {
                self.change(&edge.on).is_some_and(|on| {
                    on.stage == Stage::Build && on.dependencies.contains(&key.address) && self.goes(&edge.on)
                })
            });
            ahead.extend(deletions.map(|edge| &edge.on));
        }
        room
    }

    /// Whether AWS would take what a change makes for something that is recorded, because it knows both by the same.
    fn is_the_same(&self, change: &Change, recorded: &RecordedResource) -> bool {
        let value_of = |reference: &model::Reference| {
            let (_, current) = self.current(&reference.address)?;
            current.recorded.value_of(reference.attribute.as_deref())
        };
        let wanted = change.action.to().and_then(|to| {
            schema::known_by(&change.kind, |property| {
                let asked = to.get(property);
                asked.map(|value| expression::resolve_value(value, &value_of)).transpose().ok()
            })
        });
        let sent = || schema::known_by(&recorded.kind, |property| Some(recorded.sent.get(property).cloned()));
        wanted.is_some_and(|wanted| sent() == Some(wanted))
    }

    /// Whether what a change makes, under this name, takes the place or the name of something.
    fn needs_the_name_of(&self, change: &Change, named: Option<(Naming, &str)>, key: &ResourceKey) -> bool {
        if matches!(&change.action, Action::Replace { old, .. } if old == key) {
            return true;
        }
        let Some(standing) = self.standing.get(key) else { return false };
        let recorded = standing.recorded;
        if self.is_the_same(change, recorded) {
            return true;
        }
        let Some((naming, name)) = named else {
            // AWS knows it by what cannot be changed: the one that is going has it until it is gone.
            let frozen = schema::get(&change.kind).map(|schema| schema.create_only).unwrap_or_default();
            return !standing.stays()
                && recorded.kind == change.kind
                && change.action.to().is_some_and(|to| {
                    frozen.iter().all(|property| to.get(property).is_some() == recorded.asked.get(property).is_some())
                });
        };
        let known = recorded.physical_id.as_ref().map(|id| id.as_str());
        recorded.kind == change.kind && (recorded.asked.text(naming.property) == Some(name) || known == Some(name))
    }
}

impl Standing<'_> {
    /// Whether it is not being deleted.
    pub(crate) fn stays(&self) -> bool {
        self.recorded.presence != Presence::Leaving
    }
}
