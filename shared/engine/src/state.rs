//! What an invocation knows: the record, as it stands with everything that was handed to the writer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{CallError, Entry, Event, Properties, Recorded, RecordedResource, ResourceAddress, ResourceKey, Timestamp};

/// The record, shared by the changes that run at the same time. The lock is never held across an await.
#[derive(Debug)]
pub(crate) struct State {
    recorded: Mutex<Recorded>,
    attempts: BTreeMap<ResourceKey, u32>,
    identified: BTreeMap<ResourceKey, Timestamp>,
    /// What this plan came to in earlier invocations.
    begun: BTreeMap<ResourceKey, Begun>,
}

/// What earlier invocations did for a change of this plan.
#[derive(Debug, Default)]
struct Begun {
    /// When a call was first announced.
    since: Option<Timestamp>,
    is_identified: bool,
    is_awaited: bool,
    is_deferred: bool,
    is_done: bool,
    failed: Option<CallError>,
}

impl State {
    /// The record, and what the deployment's journal says. Of what was done before `since`, by another plan of it, only what
    /// is true of whatever comes later counts: which attempts there were, and when something was made.
    pub(crate) fn new(recorded: Recorded, entries: &[Entry], since: usize) -> Self {
        let mut attempts: BTreeMap<ResourceKey, u32> = BTreeMap::new();
        let mut identified = BTreeMap::new();
        for entry in entries {
            match &entry.event {
                Event::Started { attempt, .. } => {
                    let most = attempts.entry(entry.change.clone()).or_default();
                    *most = (*attempt).max(*most);
                }
                Event::Identified { .. } => drop(identified.insert(entry.change.clone(), entry.at)),
                _ => {}
            }
        }
        let mut begun: BTreeMap<ResourceKey, Begun> = BTreeMap::new();
        for entry in entries.iter().skip(since) {
            begun.entry(entry.change.clone()).or_default().go_on(entry);
        }
        Self { recorded: Mutex::new(recorded), attempts, identified, begun }
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        // A poisoned lock means that a change panicked; the record itself is replaced as a whole and stays true.
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self, key: &ResourceKey, is: impl Fn(&Begun) -> bool) -> bool {
        self.begun.get(key).is_some_and(is)
    }

    /// The number of the last attempt at a change in this deployment, by earlier invocations, whichever plan it was for; 0
    /// where there was none. No number stands for two calls.
    pub(crate) fn attempts(&self, key: &ResourceKey) -> u32 {
        self.attempts.get(key).copied().unwrap_or(0)
    }

    /// What this plan failed at in an earlier invocation, and has not taken up again.
    pub(crate) fn failed(&self, key: &ResourceKey) -> Option<CallError> {
        self.begun.get(key)?.failed.clone()
    }

    /// When an earlier invocation first announced a call for a change of this plan; none where none did.
    pub(crate) fn since(&self, key: &ResourceKey) -> Option<Timestamp> {
        self.begun.get(key)?.since
    }

    /// Whether an earlier invocation had finished it but for waiting until it is ready.
    pub(crate) fn is_awaited(&self, key: &ResourceKey) -> bool {
        self.begun(key, |begun| begun.is_awaited)
    }

    /// Whether this plan has put it off already.
    pub(crate) fn is_deferred(&self, key: &ResourceKey) -> bool {
        self.begun(key, |begun| begun.is_deferred)
    }

    /// Whether an earlier invocation has done it for this plan.
    pub(crate) fn is_done(&self, key: &ResourceKey) -> bool {
        self.begun(key, |begun| begun.is_done)
    }

    /// When an earlier invocation of this deployment made it, whichever plan it was for; none where none did.
    pub(crate) fn made(&self, key: &ResourceKey) -> Option<Timestamp> {
        self.identified.get(key).copied()
    }

    /// Whether an earlier invocation began it for this plan.
    pub(crate) fn has_begun(&self, key: &ResourceKey) -> bool {
        self.begun(key, |begun| begun.since.is_some() || begun.is_identified)
    }

    pub(crate) fn get(&self, key: &ResourceKey) -> Option<RecordedResource> {
        self.lock().resources.get(key).cloned()
    }

    /// Every incarnation at an address, oldest first.
    pub(crate) fn generations(&self, address: &ResourceAddress) -> Vec<(ResourceKey, RecordedResource)> {
        self.lock().generations(address).map(|(key, resource)| (key.clone(), resource.clone())).collect()
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

impl Begun {
    fn go_on(&mut self, entry: &Entry) {
        self.is_awaited = matches!(entry.event, Event::Awaiting { .. });
        self.is_deferred = matches!(entry.event, Event::Deferred { .. });
        self.is_done = matches!(entry.event, Event::Succeeded { .. });
        self.failed = None;
        match &entry.event {
            Event::Started { .. } => drop(self.since.get_or_insert(entry.at)),
            Event::Identified { .. } => self.is_identified = true,
            Event::Failed { error } | Event::Vanished { error } => self.failed = Some(error.clone()),
            Event::Awaiting { .. } | Event::Succeeded { .. } | Event::Deferred { .. } | Event::Absent => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Digest, Epoch, ErrorClass, Operation};

    use super::*;

    #[test]
    fn what_an_earlier_plan_did_neither_blocks_nor_hurries_this_one_and_no_token_is_used_twice() {
        let key: ResourceKey = "a/Queue@1".parse().unwrap();
        let at = |second: i64, event| {
            let at = Timestamp::from_second(second).unwrap();
            Entry { at, epoch: Epoch(1), change: key.clone(), event }
        };
        let started = |attempt| {
            let (operation, request) = (Operation::Update, Digest::of(b""));
            Event::Started { operation, token: "t".into(), attempt, request, physical_name: None }
        };
        let failed = Event::Failed { error: CallError::local(ErrorClass::Invalid, "UpdateQueue", "no") };
        let identified = Event::Identified { physical_id: "q".into(), attributes: BTreeMap::new() };
        let mut journal = vec![at(1, started(1)), at(2, identified), at(3, started(2)), at(4, failed)];
        let of = |journal: &[Entry], since| State::new(Recorded::default(), journal, since);
        let own = of(&journal, 0);
        assert!(own.failed(&key).is_some() && own.since(&key).is_some() && own.has_begun(&key));
        let later = of(&journal, 4);
        assert!(later.failed(&key).is_none() && later.since(&key).is_none() && !later.has_begun(&key));
        assert_eq!(later.attempts(&key), 2);
        assert_eq!(later.made(&key).map(Timestamp::as_second), Some(2), "it is as old as it is");
        journal.push(at(5, started(3)));
        assert_eq!(of(&journal, 4).since(&key).map(Timestamp::as_second), Some(5));
        journal.push(at(6, Event::Succeeded { observed: None }));
        assert_eq!([4, 6].map(|since| of(&journal, since).is_done(&key)), [true, false]);
    }
}
