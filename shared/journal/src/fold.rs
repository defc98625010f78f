//! The fold of entries into status.

use std::collections::BTreeMap;

use model::{CallError, Entry, Event, Operation, PhysicalId, ResourceKey};

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

/// Folds entries, in the order of their commits.
///
/// # Errors
/// [`IllegalTransition`] at the first entry that cannot follow those before it.
pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Status, IllegalTransition> {
    let mut status = Status::default();
    for (index, entry) in entries.into_iter().enumerate() {
        let before = status.changes.get(&entry.change);
        match next(before, &entry.event) {
            Some(after) => {
                status.changes.insert(entry.change.clone(), after);
            }
            None => {
                return Err(IllegalTransition {
                    index,
                    change: entry.change.clone(),
                    event: verb(&entry.event),
                    standing: before.map_or("it was never tried".to_owned(), standing),
                });
            }
        }
    }
    Ok(status)
}

fn next(before: Option<&ChangeStatus>, event: &Event) -> Option<ChangeStatus> {
    use ChangeStatus as S;
    // A later plan of the same deployment takes up again what an earlier one failed at, as if it were new: a journal does not
    // say where a plan ends.
    let before = before.filter(|before| !matches!(before, S::Failed(_)));
    match (before, event) {
        // A first attempt; also on what an earlier plan of the same deployment left or finished, except that nothing is
        // created a second time.
        (
            None | Some(S::Identified(_) | S::Succeeded | S::Deferred | S::Absent { .. }),
            Event::Started { operation, attempt, .. },
        ) => {
            let made = matches!(before, Some(S::Identified(_) | S::Succeeded));
            let again = match before {
                Some(S::Absent { attempt: earlier }) => attempt > earlier,
                _ => true,
            };
            (again && !(made && *operation == Operation::Create))
                .then_some(S::Started { operation: *operation, attempt: *attempt })
        }
        // Updates and deletions may be issued again; a creation only once its effect is resolved.
        (Some(S::Started { operation: earlier, attempt: first }), Event::Started { operation, attempt, .. }) => {
            (earlier == operation && *operation != Operation::Create && attempt > first)
                .then_some(S::Started { operation: *operation, attempt: *attempt })
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
    use model::{Digest, Epoch, ErrorClass, Timestamp};

    use super::*;

    fn entries(events: Vec<Event>) -> Vec<Entry> {
        let change: ResourceKey = "a/Queue@1".parse().unwrap();
        events
            .into_iter()
            .map(|event| Entry { at: Timestamp::UNIX_EPOCH, epoch: Epoch(1), change: change.clone(), event })
            .collect()
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
        Event::Failed { error: CallError::local(ErrorClass::Denied, "CreateQueue", "no") }
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
}
