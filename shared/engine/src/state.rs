//! What an invocation knows: the record, as it stands with everything that was handed to the writer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use journal::{ChangeStatus, Status};
use model::{Entry, Event, Properties, Recorded, RecordedResource, ResourceKey, Timestamp};

/// The record, shared by the changes that run at the same time. The lock is never held across an await.
#[derive(Debug)]
pub(crate) struct State {
    recorded: Mutex<Recorded>,
    attempts: BTreeMap<ResourceKey, u32>,
    since: BTreeMap<ResourceKey, Timestamp>,
}

impl State {
    /// The record, and what `entries` (whose fold is `status`) say of the changes that this deployment has begun.
    pub(crate) fn new(recorded: Recorded, status: &Status, entries: &[Entry]) -> Self {
        let mut since = BTreeMap::new();
        for entry in entries.iter().filter(|entry| matches!(entry.event, Event::Started { .. })) {
            since.entry(entry.change.clone()).or_insert(entry.at);
        }
        let attempts = status.changes.iter().filter_map(|(key, status)| match status {
            ChangeStatus::Started { attempt, .. } | ChangeStatus::Absent { attempt } => Some((key.clone(), *attempt)),
            ChangeStatus::Identified(_)
            | ChangeStatus::Succeeded
            | ChangeStatus::Deferred
            | ChangeStatus::Failed(_) => None,
        });
        Self { attempts: attempts.collect(), since, recorded: Mutex::new(recorded) }
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        // A poisoned lock means that a change panicked; the record itself is replaced as a whole and stays true.
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the last attempt at a change in this deployment, by earlier invocations; 0 where there was none.
    pub(crate) fn attempts(&self, key: &ResourceKey) -> u32 {
        self.attempts.get(key).copied().unwrap_or(0)
    }

    /// When an earlier invocation first announced a call for a change of this deployment; none where none did.
    pub(crate) fn since(&self, key: &ResourceKey) -> Option<Timestamp> {
        self.since.get(key).copied()
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
