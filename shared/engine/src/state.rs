//! What an invocation knows: the record, as it stands with everything that was handed to the writer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use journal::{ChangeStatus, Status};
use model::{CallError, Entry, Event, Properties, Recorded, RecordedResource, ResourceKey, Timestamp};

/// The record, shared by the changes that run at the same time. The lock is never held across an await.
#[derive(Debug)]
pub(crate) struct State {
    recorded: Mutex<Recorded>,
    attempts: BTreeMap<ResourceKey, u32>,
    failed: BTreeMap<ResourceKey, CallError>,
    since: BTreeMap<ResourceKey, Timestamp>,
    identified: BTreeMap<ResourceKey, Timestamp>,
    awaiting: BTreeSet<ResourceKey>,
    deferred: BTreeSet<ResourceKey>,
}

impl State {
    /// The record, and what `entries` (whose fold is `status`) say of the changes that this deployment has begun.
    pub(crate) fn new(recorded: Recorded, status: &Status, entries: &[Entry]) -> Self {
        let mut since = BTreeMap::new();
        let mut attempts: BTreeMap<ResourceKey, u32> = BTreeMap::new();
        let mut identified = BTreeMap::new();
        let mut awaiting = BTreeSet::new();
        for entry in entries {
            match &entry.event {
                Event::Started { attempt, .. } => {
                    since.entry(entry.change.clone()).or_insert(entry.at);
                    let most = attempts.entry(entry.change.clone()).or_default();
                    *most = (*attempt).max(*most);
                }
                Event::Identified { .. } => drop(identified.insert(entry.change.clone(), entry.at)),
                _ => {}
            }
            if matches!(entry.event, Event::Awaiting { .. }) {
                awaiting.insert(entry.change.clone());
            } else {
                awaiting.remove(&entry.change);
            }
        }
        let mut failed = BTreeMap::new();
        let mut deferred = BTreeSet::new();
        for (key, status) in &status.changes {
            match status {
                ChangeStatus::Deferred => drop(deferred.insert(key.clone())),
                ChangeStatus::Failed(error) => drop(failed.insert(key.clone(), error.clone())),
                ChangeStatus::Started { .. }
                | ChangeStatus::Absent { .. }
                | ChangeStatus::Identified(_)
                | ChangeStatus::Succeeded => {}
            }
        }
        Self { recorded: Mutex::new(recorded), attempts, failed, since, identified, awaiting, deferred }
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        // A poisoned lock means that a change panicked; the record itself is replaced as a whole and stays true.
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the last attempt at a change in this deployment, by earlier invocations; 0 where there was none.
    pub(crate) fn attempts(&self, key: &ResourceKey) -> u32 {
        self.attempts.get(key).copied().unwrap_or(0)
    }

    /// What an earlier invocation of this deployment failed at, and has not taken up again.
    pub(crate) fn failed(&self, key: &ResourceKey) -> Option<CallError> {
        self.failed.get(key).cloned()
    }

    /// When an earlier invocation first announced a call for a change of this deployment; none where none did.
    pub(crate) fn since(&self, key: &ResourceKey) -> Option<Timestamp> {
        self.since.get(key).copied()
    }

    /// Whether an earlier invocation had finished it but for waiting until it is ready.
    pub(crate) fn is_awaited(&self, key: &ResourceKey) -> bool {
        self.awaiting.contains(key)
    }

    /// Whether this deployment has put it off already.
    pub(crate) fn is_deferred(&self, key: &ResourceKey) -> bool {
        self.deferred.contains(key)
    }

    /// When an earlier invocation of this deployment made it; none where none did.
    pub(crate) fn made(&self, key: &ResourceKey) -> Option<Timestamp> {
        self.identified.get(key).copied()
    }

    /// Whether an earlier invocation of this deployment began it.
    pub(crate) fn has_begun(&self, key: &ResourceKey) -> bool {
        self.since.contains_key(key) || self.identified.contains_key(key)
    }

    pub(crate) fn get(&self, key: &ResourceKey) -> Option<RecordedResource> {
        self.lock().resources.get(key).cloned()
    }

    pub(crate) fn set(&self, key: &ResourceKey, resource: Option<RecordedResource>) {
        let mut recorded = self.lock();
        match resource {
            Some(resource) => recorded.resources.insert(key.clone(), resource),
            None => recorded.resources.remove(key),
        };
    }

    /// Properties with every reference resolved from the record.
    pub(crate) fn resolve(&self, properties: &Properties) -> Result<Properties, model::Unresolved> {
        let recorded = self.lock();
        model::expression::resolve(properties, &|reference| recorded.value_of(reference))
    }
}
