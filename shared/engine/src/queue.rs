//! `start_next`: the one way in which the next execution is chosen and started.

use model::{EntryKind, EnvironmentId, QueueEntry, Timestamp};

use crate::ports::{Executions, Launch, Queue, Restart, StoreError};

/// Starts the next deployment of an environment, if none has its turn. Also starts again what was given its turn and never
/// claimed, be it the first execution of a deployment or one that another handed over to. Called by whoever may have changed
/// the queue, as often as they like.
///
/// # Errors
/// [`StoreError`] of the queue or of the executions.
pub async fn start_next(
    environment: &EnvironmentId,
    queue: &dyn Queue,
    executions: &dyn Executions,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = match queue.active(environment).await? {
        Some(active) if active.claimed => return Ok(()),
        Some(active) => active.entry,
        None => match give_turn(environment, queue, now).await? {
            Some(entry) => entry,
            None => return Ok(()),
        },
    };
    if executions.start(environment, &entry.deployment, entry.starts).await? == Launch::Spent {
        // It ran, and ended before it claimed the deployment.
        let entry = queue.restart(environment, &entry, Restart::Death).await?;
        executions.start(environment, &entry.deployment, entry.starts).await?;
    }
    Ok(())
}

/// Gives the first that waits its turn, and ends those that it supersedes. None where nothing waits, or somebody else was
/// faster.
async fn give_turn(
    environment: &EnvironmentId,
    queue: &dyn Queue,
    now: Timestamp,
) -> Result<Option<QueueEntry>, StoreError> {
    let entries = queue.entries(environment).await?;
    let Some((chosen, superseded)) = choose(entries) else { return Ok(None) };
    for entry in &superseded {
        queue.supersede(environment, entry, &chosen, now).await?;
    }
    Ok(queue.activate(environment, &chosen).await?.then_some(chosen))
}

/// Who is next, and who is not needed any more because of it. Rollbacks first, then deployments, then reaps; of each kind
/// the one that was accepted first, but of deployments the newest: each asks for the whole environment, so that what the
/// others ask for would only be undone.
fn choose(mut waiting: Vec<QueueEntry>) -> Option<(QueueEntry, Vec<QueueEntry>)> {
    waiting.sort_by_key(|entry| (entry.kind, entry.number));
    let kind = waiting.first()?.kind;
    waiting.retain(|entry| entry.kind == kind);
    match kind {
        EntryKind::Deploy => waiting.pop().map(|newest| (newest, waiting)),
        EntryKind::Rollback | EntryKind::Reap => waiting.into_iter().next().map(|first| (first, Vec::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, kind: EntryKind) -> QueueEntry {
        QueueEntry { number, deployment: format!("d{number}").into(), starts: 1, deaths: 0, kind }
    }

    fn chosen(waiting: &[(u64, EntryKind)]) -> Option<(u64, Vec<u64>)> {
        let waiting = waiting.iter().map(|(number, kind)| entry(*number, *kind)).collect();
        let numbers = |entries: Vec<QueueEntry>| entries.iter().map(|entry| entry.number).collect();
        choose(waiting).map(|(next, superseded)| (next.number, numbers(superseded)))
    }

    #[test]
    fn nothing_follows_on_an_empty_queue() {
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn rollbacks_go_first_then_deployments_then_reaps() {
        use EntryKind::{Deploy, Reap, Rollback};
        assert_eq!(chosen(&[(1, Reap), (2, Deploy), (3, Rollback)]), Some((3, vec![])));
        assert_eq!(chosen(&[(1, Reap), (2, Deploy)]), Some((2, vec![])));
        assert_eq!(chosen(&[(1, Reap)]), Some((1, vec![])));
    }

    #[test]
    fn of_deployments_the_newest_is_carried_out_and_the_others_are_superseded() {
        use EntryKind::{Deploy, Reap};
        assert_eq!(chosen(&[(7, Deploy), (5, Deploy), (6, Deploy), (8, Reap)]), Some((7, vec![5, 6])));
    }

    #[test]
    fn neither_rollbacks_nor_reaps_supersede_each_other() {
        use EntryKind::{Deploy, Reap, Rollback};
        assert_eq!(chosen(&[(2, Rollback), (1, Rollback), (3, Deploy)]), Some((1, vec![])));
        assert_eq!(chosen(&[(2, Reap), (1, Reap)]), Some((1, vec![])));
    }
}
