//! Where each change of a plan stands, and when it began and ended: the journal's fold with its times.

use std::collections::BTreeMap;

use journal::{ChangeStatus, IllegalTransition};
use model::{CallError, Change, Entry, Epoch, Event, Operation, Plan, Reach, ResourceKey, Stage, Timestamp};

/// Every change of a plan with what the journal says of it, in the plan's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress<'a> {
    /// The changes.
    pub runs: Vec<Run<'a>>,
    /// The waves that wrote the journal, each with when its first and its last line were written.
    pub epochs: BTreeMap<Epoch, (Timestamp, Timestamp)>,
}

/// One change as it ran so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'a> {
    /// The change.
    pub change: &'a Change,
    /// Where it stands.
    pub standing: Standing,
    /// When it began; none where it has not.
    pub began: Option<Timestamp>,
    /// When its resource was known to exist.
    pub identified: Option<Timestamp>,
    /// When it succeeded or failed.
    pub ended: Option<Timestamp>,
}

/// Where a change stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It has not begun. Where it waits for nothing, it may begin at any moment.
    Waiting {
        /// The changes that it still needs.
        on: Vec<ResourceKey>,
        /// Whether it also waits until everything is made and changed, because it removes something.
        until_built: bool,
    },
    /// A call is under way.
    Running {
        /// Which; none while something is looked up.
        operation: Option<Operation>,
        /// Which attempt.
        attempt: u32,
    },
    /// The resource exists and is being finished; with what is waited for, where that was said.
    Settling(Option<String>),
    /// It is done.
    Done,
    /// Its deletion is put off: something that lingers still uses it.
    Deferred,
    /// It failed.
    Failed(CallError),
}

#[derive(Default)]
struct Times {
    began: Option<Timestamp>,
    identified: Option<Timestamp>,
    ended: Option<Timestamp>,
    awaiting: Option<String>,
}

impl<'a> Progress<'a> {
    /// Reads a journal with the plan that it belongs to.
    ///
    /// # Errors
    /// [`IllegalTransition`] where the journal contradicts itself.
    pub fn of(plan: &'a Plan, entries: &[Entry]) -> Result<Self, IllegalTransition> {
        let status = journal::fold(entries)?;
        let mut times: BTreeMap<&ResourceKey, Times> = BTreeMap::new();
        for entry in entries {
            times.entry(&entry.change).or_default().note(entry);
        }
        let reached = |key: &ResourceKey, reach: Reach| match status.changes.get(key) {
            Some(ChangeStatus::Succeeded | ChangeStatus::Deferred) => true,
            Some(ChangeStatus::Identified(_)) => reach == Reach::Identified,
            _ => false,
        };
        let is_built = |change: &Change| change.stage == Stage::Retire || reached(&change.key, Reach::Ready);
        let all_built = plan.changes.iter().all(is_built);
        let runs = plan.changes.iter().map(|change| {
            let times = times.remove(&change.key).unwrap_or_default();
            let standing = match status.changes.get(&change.key) {
                None => {
                    let open = change.needs.iter().filter(|edge| !reached(&edge.on, edge.until));
                    Standing::Waiting {
                        on: open.map(|edge| edge.on.clone()).collect(),
                        until_built: change.stage == Stage::Retire && !all_built,
                    }
                }
                // An update is made, and waited for.
                Some(ChangeStatus::Started { .. }) if times.awaiting.is_some() => {
                    Standing::Settling(times.awaiting.clone())
                }
                Some(ChangeStatus::Started { operation, attempt }) => {
                    Standing::Running { operation: Some(*operation), attempt: *attempt }
                }
                Some(ChangeStatus::Absent { attempt }) => Standing::Running { operation: None, attempt: *attempt },
                Some(ChangeStatus::Identified(_)) => Standing::Settling(times.awaiting.clone()),
                Some(ChangeStatus::Succeeded) => Standing::Done,
                Some(ChangeStatus::Deferred) => Standing::Deferred,
                Some(ChangeStatus::Failed(error)) => Standing::Failed(error.clone()),
            };
            Run { change, standing, began: times.began, identified: times.identified, ended: times.ended }
        });
        let mut epochs: BTreeMap<Epoch, (Timestamp, Timestamp)> = BTreeMap::new();
        for entry in entries {
            epochs.entry(entry.epoch).or_insert((entry.at, entry.at)).1 = entry.at;
        }
        Ok(Self { runs: runs.collect(), epochs })
    }

    /// How many changes are done.
    pub fn done(&self) -> usize {
        self.runs.iter().filter(|run| matches!(run.standing, Standing::Done | Standing::Deferred)).count()
    }
}

impl Run<'_> {
    /// Seconds from its beginning to its end.
    pub fn took(&self) -> Option<f64> {
        Some(crate::words::seconds(self.began?, self.ended?))
    }

    /// Whether it is under way.
    pub fn is_active(&self) -> bool {
        matches!(self.standing, Standing::Running { .. } | Standing::Settling(_))
    }
}

impl Times {
    fn note(&mut self, entry: &Entry) {
        // A change that runs again, under a later plan of the same deployment, is shown as it ran last.
        if self.ended.is_some() {
            *self = Self::default();
        }
        self.began.get_or_insert(entry.at);
        match &entry.event {
            Event::Started { .. } | Event::Absent => self.awaiting = None,
            Event::Identified { .. } => self.identified = Some(entry.at),
            Event::Awaiting { what } => self.awaiting = Some(what.clone()),
            Event::Succeeded { .. } | Event::Deferred { .. } | Event::Failed { .. } | Event::Vanished { .. } => {
                self.ended = Some(entry.at);
            }
        }
    }
}
