//! The fold of entries into status.

use std::collections::{BTreeMap, BTreeSet};

use model::{CallError, Entry, Epoch, Event, Operation, PhysicalId, ResourceKey};

/// Where every change of a deployment stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// By change; none for what was not tried.
    pub changes: BTreeMap<ResourceKey, ChangeStatus>,
}

/// Where a change stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeStatus {
    /// A call was announced; whether it took effect is not known.
    Started {
        /// What was announced.
        operation: Operation,
        /// Which attempt.
        attempt: u32,
    },
    /// The resource exists and is being finished.
    Identified(PhysicalId),
    /// An announced call is known to have had no effect.
    Absent {
        /// The attempt that had none.
        attempt: u32,
    },
    /// It is done.
    Succeeded,
    /// Its deletion is put off.
    Deferred,
    /// It failed.
    Failed(CallError),
}

/// An event that cannot follow what came before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal is corrupt: entry {index} says that `{change}` {event}, but {standing}")]
pub struct IllegalTransition {
    /// The entry's place, from 0.
    pub index: usize,
    /// The change.
    pub change: ResourceKey,
    /// What the entry says.
    pub event: &'static str,
    /// Where the change stood.
    pub standing: String,
}

/// A change, as the lines so far leave it.
struct Known {
    status: ChangeStatus,
    /// The invocation that wrote the last line of it.
    epoch: Epoch,
    /// Whether it was made, and no deletion of it was announced since.
    is_made: bool,
}

/// Folds entries, in the order of their commits.
///
/// # Errors
/// [`IllegalTransition`] at the first entry that cannot follow those before it.
pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Status, IllegalTransition> {
    let mut all: BTreeMap<&ResourceKey, Known> = BTreeMap::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let known = all.get(&entry.change);
        let is_made = known.is_some_and(|known| known.is_made);
        let before = known.filter(|known| !is_taken_up_again(known, entry)).map(|known| &known.status);
        let is_second = is_made && matches!(entry.event, Event::Started { operation: Operation::Create, .. });
        let is_later = known.is_some_and(|known| known.epoch != entry.epoch);
        let Some(status) = next(before, &entry.event, is_later).filter(|_| !is_second) else {
            return Err(IllegalTransition {
                index,
                change: entry.change.clone(),
                event: verb(&entry.event),
                standing: known.map_or("it was never tried".to_owned(), |known| standing(&known.status)),
            });
        };
        let is_made = match &entry.event {
            Event::Identified { .. } => true,
            Event::Started { operation: Operation::Delete, .. } | Event::Vanished { .. } => false,
            // A deletion that finds nothing begins with its end.
            Event::Succeeded { observed: None } if before.is_none() => false,
            _ => is_made,
        };
        all.insert(&entry.change, Known { status, epoch: entry.epoch, is_made });
    }
    Ok(Status { changes: all.into_iter().map(|(key, known)| (key.clone(), known.status)).collect() })
}

/// A journal does not say where a plan ends and another of the same deployment begins, except that no invocation carries out
/// two: what has ended can be taken up again, as if it were new, by a later one. What has failed, by any.
fn is_taken_up_again(known: &Known, entry: &Entry) -> bool {
    match known.status {
        ChangeStatus::Failed(_) => true,
        ChangeStatus::Succeeded | ChangeStatus::Deferred => entry.epoch != known.epoch,
        ChangeStatus::Started { .. } | ChangeStatus::Identified(_) | ChangeStatus::Absent { .. } => false,
    }
}

/// What failed in the lines from `since` on and was not taken up again: what came before is not the failure of a plan that
/// was made when the journal was that long ([`model::Plan::since`]).
///
/// # Errors
/// [`IllegalTransition`] where the journal does not fold.
pub fn failures(entries: &[Entry], since: usize) -> Result<BTreeMap<ResourceKey, CallError>, IllegalTransition> {
    let later: BTreeSet<&ResourceKey> = entries.iter().skip(since).map(|entry| &entry.change).collect();
    let failed = |(key, status): (ResourceKey, ChangeStatus)| match status {
        ChangeStatus::Failed(error) if later.contains(&key) => Some((key, error)),
        _ => None,
    };
    Ok(fold(entries)?.changes.into_iter().filter_map(failed).collect())
}

/// `is_later` where another invocation wrote it, which may carry out another plan.
fn next(before: Option<&ChangeStatus>, event: &Event, is_later: bool) -> Option<ChangeStatus> {
    use ChangeStatus as S;
    match (before, event) {
        // A first attempt; also on what an earlier plan of the same deployment left or finished.
        (
            None | Some(S::Identified(_) | S::Succeeded | S::Deferred | S::Absent { .. }),
            Event::Started { operation, attempt, .. },
        ) => {
            let again = match before {
                Some(S::Absent { attempt: earlier }) => attempt > earlier,
                _ => true,
            };
            again.then_some(S::Started { operation: *operation, attempt: *attempt })
        }
        // Updates and deletions may be issued again, and another plan may do the other; a creation only once its effect is
        // resolved.
        (Some(S::Started { operation: earlier, attempt: first }), Event::Started { operation, attempt, .. }) => {
            ((earlier == operation || is_later) && *operation != Operation::Create && attempt > first)
                .then_some(S::Started { operation: *operation, attempt: *attempt })
        }
        // Another plan lets go of what was announced.
        (Some(S::Started { operation: Operation::Create, .. }), Event::Succeeded { observed: None }) if is_later => {
            Some(S::Succeeded)
        }
        (
            // None: what an earlier deployment announced. Absent: it was found after all.
            None
            | Some(
                S::Started { operation: Operation::Create | Operation::Update, .. }
                | S::Identified(_)
                | S::Absent { .. },
            ),
            Event::Identified { physical_id, .. },
        ) => Some(S::Identified(physical_id.clone())),
        (Some(standing @ (S::Identified(_) | S::Started { .. })), Event::Awaiting { .. }) => Some(standing.clone()),
        (Some(S::Started { attempt, .. }), Event::Absent) => Some(S::Absent { attempt: *attempt }),
        (None, Event::Absent) => Some(S::Absent { attempt: 0 }),
        (
            Some(S::Identified(_) | S::Started { operation: Operation::Update | Operation::Delete, .. })
            // Forgetting, deleting what is not there, and finding nothing left to do announce no call.
            | None
            | Some(S::Absent { .. }),
            Event::Succeeded { .. },
        ) => Some(S::Succeeded),
        // What something deferred stands on is deferred untried.
        (None | Some(S::Started { operation: Operation::Delete, .. }), Event::Deferred { .. }) => Some(S::Deferred),
        (
            None | Some(S::Started { .. } | S::Identified(_) | S::Absent { .. }),
            Event::Failed { error } | Event::Vanished { error },
        ) => Some(S::Failed(error.clone())),
        _ => None,
    }
}

fn verb(event: &Event) -> &'static str {
    match event {
        Event::Started { .. } => "started",
        Event::Identified { .. } => "was identified",
        Event::Awaiting { .. } => "is awaited",
        Event::Succeeded { .. } => "succeeded",
        Event::Failed { .. } => "failed",
        Event::Deferred { .. } => "was put off",
        Event::Absent => "had no effect",
        Event::Vanished { .. } => "vanished",
    }
}

fn standing(status: &ChangeStatus) -> String {
    match status {
        ChangeStatus::Started { operation, attempt } => format!("attempt {attempt} to {} it is open", of(*operation)),
        ChangeStatus::Identified(id) => format!("it exists as `{id}`"),
        ChangeStatus::Absent { attempt } => format!("attempt {attempt} is known to have had no effect"),
        ChangeStatus::Deferred => "it had been put off".to_owned(),
        ChangeStatus::Succeeded => "it had succeeded".to_owned(),
        ChangeStatus::Failed(_) => "it had failed".to_owned(),
    }
}

fn of(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
    }
}

#[cfg(test)]
mod tests {
    use model::{Digest, ErrorClass, Timestamp};

    use super::*;

    fn entries(events: Vec<Event>) -> Vec<Entry> {
        let change: ResourceKey = "a/Queue@1".parse().unwrap();
        events
            .into_iter()
            .map(|event| Entry { at: Timestamp::UNIX_EPOCH, epoch: Epoch(1), change: change.clone(), event })
            .collect()
    }

    /// The same, where `later` were written by another invocation.
    fn followed(first: Vec<Event>, later: Vec<Event>) -> Vec<Entry> {
        let later = entries(later).into_iter().map(|entry| Entry { epoch: Epoch(2), ..entry });
        entries(first).into_iter().chain(later).collect()
    }

    fn started(operation: Operation, attempt: u32) -> Event {
        Event::Started { operation, token: "t".into(), attempt, request: Digest::of(b""), physical_name: None }
    }

    fn identified() -> Event {
        Event::Identified { physical_id: "q".into(), attributes: BTreeMap::new() }
    }

    fn succeeded() -> Event {
        Event::Succeeded { observed: None }
    }

    fn failed() -> Event {
        Event::Failed { error: error() }
    }

    fn error() -> CallError {
        CallError::local(ErrorClass::Denied, "CreateQueue", "no")
    }

    fn folds(events: Vec<Event>) -> bool {
        fold(&entries(events)).is_ok()
    }

    #[test]
    fn a_creation_runs_from_intent_to_success() {
        let events =
            vec![started(Operation::Create, 1), identified(), Event::Awaiting { what: "x".into() }, succeeded()];
        let status = fold(&entries(events)).unwrap();
        assert_eq!(status.changes.values().next(), Some(&ChangeStatus::Succeeded));
    }

    #[test]
    fn a_creation_is_tried_again_only_once_its_effect_is_resolved() {
        assert!(!folds(vec![started(Operation::Create, 1), started(Operation::Create, 2)]));
        assert!(folds(vec![started(Operation::Create, 1), Event::Absent, started(Operation::Create, 2)]));
        assert!(!folds(vec![started(Operation::Create, 1), Event::Absent, started(Operation::Create, 1)]));
        assert!(!folds(vec![started(Operation::Create, 1), identified(), started(Operation::Create, 2)]));
        assert!(folds(vec![started(Operation::Update, 1), started(Operation::Update, 2)]));
    }

    #[test]
    fn a_creation_does_not_succeed_unseen() {
        assert!(!folds(vec![started(Operation::Create, 1), succeeded()]));
        assert!(folds(vec![started(Operation::Delete, 1), succeeded()]));
    }

    #[test]
    fn nothing_follows_an_end_but_another_plan() {
        assert!(!folds(vec![started(Operation::Create, 1), identified(), succeeded(), identified()]));
        assert!(!folds(vec![succeeded(), failed()]));
        assert!(folds(vec![failed(), started(Operation::Create, 1)]));
        assert!(folds(vec![failed(), succeeded()]), "there was nothing left to do");
        assert!(!folds(vec![failed(), started(Operation::Create, 1), succeeded()]), "but not unseen");
        let error = fold(&entries(vec![succeeded(), failed()])).unwrap_err();
        let said = "the journal is corrupt: entry 1 says that `a/Queue@1` failed, but it had succeeded";
        assert_eq!(error.to_string(), said);
    }

    #[test]
    fn another_plan_undoes_what_one_made_and_may_make_it_again_once_it_is_gone() {
        let made = || vec![started(Operation::Create, 1), identified(), succeeded()];
        let gone = || vec![started(Operation::Delete, 2), succeeded()];
        assert!(fold(&followed(made(), gone())).is_ok());
        assert!(fold(&followed(made(), vec![failed()])).is_ok(), "what was made is somebody else's now");
        assert!(fold(&followed(made(), vec![started(Operation::Create, 2)])).is_err(), "nothing is made twice");
        let again = [gone(), vec![started(Operation::Create, 3)]].concat();
        assert!(fold(&followed(made(), again)).is_ok());
        let deferred = || Event::Deferred { until: Timestamp::UNIX_EPOCH, error: error() };
        assert!(fold(&followed(vec![deferred()], vec![deferred()])).is_ok());
        assert!(fold(&followed(vec![deferred()], vec![succeeded()])).is_ok(), "it has gone by itself");
        assert!(!folds(vec![deferred(), deferred()]), "but not by the same invocation");
        let open = || vec![started(Operation::Create, 1)];
        assert!(fold(&followed(open(), vec![started(Operation::Delete, 2)])).is_ok(), "it is looked for, and goes");
    }

    #[test]
    fn what_failed_under_an_earlier_plan_is_not_a_failure_of_this_one() {
        let journal = followed(vec![started(Operation::Update, 1), failed()], vec![started(Operation::Update, 2)]);
        let count = |entries: &[Entry], since| failures(entries, since).unwrap().len();
        assert_eq!([count(&journal[..2], 0), count(&journal[..2], 2), count(&journal, 2)], [1, 0, 0]);
        let again = [journal, followed(Vec::new(), vec![failed()])].concat();
        assert_eq!(count(&again, 2), 1);
    }
}
