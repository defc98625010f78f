//! The record as a plan's moves leave it, and what is looked up in it again and again.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, Generation, Plan, Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey, Stage,
    expression,
};

use crate::Violation;

/// One incarnation, where it stands once the moves are made.
pub(crate) struct Standing<'a> {
    pub(crate) recorded: &'a RecordedResource,
    /// The change that moves it there.
    pub(crate) moved_by: Option<&'a ResourceKey>,
}

/// Everything at hand, so that each rule is one pass over the plan.
pub(crate) struct Index<'a> {
    /// The changes by what they concern.
    pub(crate) changes: BTreeMap<&'a ResourceKey, &'a Change>,
    /// Every recorded incarnation.
    pub(crate) standing: BTreeMap<&'a ResourceKey, Standing<'a>>,
    /// The incarnation in use at each recorded address; the newest that is being deleted where all are.
    current: BTreeMap<&'a ResourceAddress, &'a ResourceKey>,
    /// The highest generation that an address has, had before the moves, or is named with by tags elsewhere.
    pub(crate) highest: BTreeMap<&'a ResourceAddress, Generation>,
    /// The changes that move something to an address.
    pub(crate) arrivals: BTreeMap<&'a ResourceAddress, BTreeSet<&'a ResourceKey>>,
    /// What makes or changes the incarnation that an address has in the end.
    pub(crate) made: BTreeMap<&'a ResourceAddress, BTreeSet<&'a ResourceKey>>,
    /// What is recorded, by what it was made on top of.
    pub(crate) standing_on: BTreeMap<&'a ResourceAddress, BTreeSet<&'a ResourceKey>>,
    /// New addresses, by those that the record still names.
    now: BTreeMap<&'a ResourceAddress, &'a ResourceAddress>,
    /// Addresses whose loss the plan lists.
    pub(crate) lost: BTreeSet<&'a ResourceAddress>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(plan: &'a Plan, recorded: &'a Recorded, found: &mut Vec<Violation>) -> Self {
        let mut index = Self {
            changes: BTreeMap::new(),
            standing: recorded
                .resources
                .iter()
                .map(|(key, one)| (key, Standing { recorded: one, moved_by: None }))
                .collect(),
            current: BTreeMap::new(),
            highest: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            made: BTreeMap::new(),
            standing_on: BTreeMap::new(),
            now: BTreeMap::new(),
            lost: plan.irreversible.iter().map(|loss| &loss.resource).collect(),
        };
        for change in &plan.changes {
            if index.changes.insert(&change.key, change).is_some() {
                found.push(Violation::Twice(change.key.clone()));
            }
            if change.action.to().is_some() {
                index.made.entry(&change.key.address).or_default().insert(&change.key);
            }
        }
        index.rank(recorded);
        index.relocate(plan, found);
        index.relate();
        index
    }

    fn rank(&mut self, recorded: &'a Recorded) {
        for (key, resource) in &recorded.resources {
            for named in [Some(key), resource.made_as.as_ref()].into_iter().flatten() {
                let highest = self.highest.entry(&named.address).or_insert(named.generation);
                *highest = (*highest).max(named.generation);
            }
        }
    }

    /// Makes the moves: all at once, so that none is taken for the other.
    fn relocate(&mut self, plan: &'a Plan, found: &mut Vec<Violation>) {
        let moves = plan.changes.iter().filter_map(|change| match &change.action {
            Action::Move { to } => Some((&change.key, to)),
            _ => None,
        });
        let taken: Vec<_> = moves.filter_map(|(key, to)| Some((key, to, self.standing.get(key)?.recorded))).collect();
        for (key, to, recorded) in taken {
            if self.standing.contains_key(to) {
                found.push(Violation::MovedOnto { change: key.clone(), to: to.clone() });
                continue;
            }
            self.now.insert(&key.address, &to.address);
            self.standing.remove(key);
            self.standing.insert(to, Standing { recorded, moved_by: Some(key) });
            self.arrivals.entry(&to.address).or_default().insert(key);
            let highest = self.highest.entry(&to.address).or_insert(to.generation);
            *highest = (*highest).max(to.generation);
        }
    }

    /// Who is in use, and what stands on what, by the addresses of now.
    fn relate(&mut self) {
        for (key, standing) in &self.standing {
            let stays = |key: &&ResourceKey| self.standing.get(*key).is_some_and(Standing::stays);
            // Ascending: a later one is newer.
            match self.current.get(&key.address) {
                Some(other) if stays(other) && !standing.stays() => {}
                _ => drop(self.current.insert(&key.address, key)),
            }
        }
        for (key, standing) in &self.standing {
            for on in &standing.recorded.dependencies {
                let on = self.now.get(on).copied().unwrap_or(on);
                self.standing_on.entry(on).or_default().insert(key);
            }
        }
    }

    /// Whether what is recorded refers to an address, by the addresses of now.
    pub(crate) fn refers(&self, key: &ResourceKey, to: &ResourceAddress) -> bool {
        let asked = self.standing.get(key).map(|standing| &standing.recorded.asked);
        let references = asked.and_then(|asked| expression::references(asked).ok()).unwrap_or_default();
        references.iter().map(|one| self.now.get(&one.address).copied().unwrap_or(&one.address)).any(|on| on == to)
    }

    pub(crate) fn current(&self, address: &ResourceAddress) -> Option<(&'a ResourceKey, &Standing<'a>)> {
        let key = self.current.get(address).copied()?;
        Some((key, self.standing.get(key)?))
    }

    /// Whether the plan deletes it or lets it go.
    pub(crate) fn goes(&self, key: &ResourceKey) -> bool {
        let goes = |change: &&Change| matches!(change.action, Action::Delete { .. } | Action::Forget { .. });
        self.changes.get(key).is_some_and(goes)
    }

    /// Whether one change waits for another, be it through others.
    pub(crate) fn waits(&self, change: &'a ResourceKey, on: &ResourceKey) -> bool {
        let mut seen = BTreeSet::from([change]);
        let mut ahead = vec![change];
        while let Some(key) = ahead.pop() {
            for edge in self.changes.get(key).into_iter().flat_map(|change| &change.needs) {
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
        for change in self.changes.values() {
            let awaited = change.needs.iter().filter(|edge| self.needs_the_name_of(change, &edge.on));
            ahead.extend(awaited.map(|edge| &edge.on));
        }
        while let Some(key) = ahead.pop() {
            let Some(change) = self.changes.get(key).filter(|_| room.insert(key)) else { continue };
            let deletions = change.needs.iter().filter(|edge| {
                self.changes.get(&edge.on).is_some_and(|on| {
                    on.stage == Stage::Build && on.dependencies.contains(&key.address) && self.goes(&edge.on)
                })
            });
            ahead.extend(deletions.map(|edge| &edge.on));
        }
        room
    }

    fn needs_the_name_of(&self, change: &Change, key: &ResourceKey) -> bool {
        if matches!(&change.action, Action::Replace { old, .. } if old == key) {
            return true;
        }
        let (Some(to), Some(standing)) = (change.action.to(), self.standing.get(key)) else { return false };
        let naming = schema::get(&change.kind).and_then(|schema| schema.naming);
        let Some(name) = naming.and_then(|naming| to.text(naming.property)) else { return false };
        let held = naming.and_then(|naming| standing.recorded.asked.text(naming.property));
        let known = standing.recorded.physical_id.as_ref().map(|id| id.as_str());
        standing.recorded.kind == change.kind && (held == Some(name) || known == Some(name))
    }
}

impl Standing<'_> {
    /// Whether it is not being deleted.
    pub(crate) fn stays(&self) -> bool {
        self.recorded.presence != Presence::Leaving
    }
}
