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

/// Who is next, and who is not needed any more because of it. Rollbacks first; then, in the order in which they were accepted,
/// deployments and destructions; then reaps. Of deployments between which nothing is destroyed the newest is carried out: each
/// asks for the whole environment, so that what the others ask for would only be undone. One that was approved goes before
/// those that were not, and is not superseded; one that waits for approval is passed over, and superseded like any other.
fn choose(mut waiting: Vec<QueueEntry>) -> Option<(QueueEntry, Vec<QueueEntry>)> {
    let turn = |entry: &QueueEntry| match entry.kind {
        EntryKind::Rollback => 0,
        EntryKind::Deploy | EntryKind::Destroy => 1,
        EntryKind::Reap => 2,
    };
    waiting.sort_by_key(|entry| (turn(entry), !entry.approved, entry.number));
    let first = waiting.iter().find(|entry| !entry.parked)?.clone();
    if first.kind != EntryKind::Deploy || first.approved {
        return Some((first, Vec::new()));
    }
    // A destruction that waits for approval is passed over as well: it parts nothing, because nobody knows when it comes.
    let is_passed = |entry: &QueueEntry| entry.parked && entry.kind == EntryKind::Destroy;
    let run = waiting.into_iter().filter(|entry| turn(entry) == turn(&first) && !is_passed(entry));
    let mut run: Vec<QueueEntry> = run.take_while(|entry| entry.kind == EntryKind::Deploy).collect();
    let newest = run.iter().rposition(|entry| !entry.parked)?;
    // What waits for approval behind the newest that can go is newer than that, and goes on waiting.
    run.truncate(newest + 1);
    run.pop().map(|newest| (newest, run))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use std::sync::Mutex;

    use async_trait::async_trait;
    use model::{DeploymentId, Selection};

    use super::*;
    use crate::ports::{Active, Cancel};

    /// A queue in memory, and the names of the executions that were started. Those that are `spent` have ended before.
    #[derive(Default)]
    struct Desk {
        entries: Mutex<Vec<QueueEntry>>,
        active: Mutex<Option<Active>>,
        superseded: Mutex<Vec<u64>>,
        started: Mutex<Vec<String>>,
        spent: Vec<String>,
    }

    #[async_trait]
    impl Queue for Desk {
        async fn active(&self, _: &EnvironmentId) -> Result<Option<Active>, StoreError> {
            Ok(self.active.lock().unwrap().clone())
        }

        async fn entries(&self, _: &EnvironmentId) -> Result<Vec<QueueEntry>, StoreError> {
            Ok(self.entries.lock().unwrap().clone())
        }

        async fn activate(&self, _: &EnvironmentId, entry: &QueueEntry) -> Result<bool, StoreError> {
            let mut active = self.active.lock().unwrap();
            let is_free = active.is_none();
            active.get_or_insert(Active { entry: entry.clone(), claimed: false, cancel: None });
            Ok(is_free)
        }

        async fn supersede(
            &self,
            _: &EnvironmentId,
            entry: &QueueEntry,
            _: &QueueEntry,
            _: Timestamp,
        ) -> Result<bool, StoreError> {
            self.superseded.lock().unwrap().push(entry.number);
            self.entries.lock().unwrap().retain(|one| one != entry);
            Ok(true)
        }

        async fn restart(
            &self,
            _: &EnvironmentId,
            entry: &QueueEntry,
            because: Restart,
        ) -> Result<QueueEntry, StoreError> {
            let deaths = entry.deaths + u32::from(because == Restart::Death);
            let entry = QueueEntry { starts: entry.starts + 1, deaths, ..entry.clone() };
            *self.active.lock().unwrap() = Some(Active { entry: entry.clone(), claimed: false, cancel: None });
            Ok(entry)
        }

        async fn cancel(&self, _: &EnvironmentId, _: &DeploymentId, _: &Cancel) -> Result<bool, StoreError> {
            Ok(false)
        }
    }

    #[async_trait]
    impl Executions for Desk {
        async fn start(&self, _: &EnvironmentId, deployment: &DeploymentId, start: u32) -> Result<Launch, StoreError> {
            let name = format!("{deployment}-{start}");
            if self.spent.contains(&name) {
                return Ok(Launch::Spent);
            }
            self.started.lock().unwrap().push(name);
            Ok(Launch::Running)
        }
    }

    fn entry(number: u64, kind: EntryKind) -> QueueEntry {
        QueueEntry {
            number,
            deployment: format!("d{number}").into(),
            starts: 1,
            deaths: 0,
            kind,
            only: Selection::ALL,
            parked: false,
            approved: false,
        }
    }

    fn desk(entries: &[(u64, EntryKind)]) -> Desk {
        let entries = entries.iter().map(|(number, kind)| entry(*number, *kind)).collect();
        Desk { entries: Mutex::new(entries), ..Desk::default() }
    }

    /// What is superseded and started when somebody asks for the next one.
    async fn next(desk: &Desk) -> (Vec<u64>, Vec<String>) {
        let environment = EnvironmentId::new("shop", "dev").unwrap();
        start_next(&environment, desk, desk, Timestamp::UNIX_EPOCH).await.unwrap();
        (desk.superseded.lock().unwrap().clone(), desk.started.lock().unwrap().clone())
    }

    use EntryKind::{Deploy, Destroy, Reap, Rollback};

    #[tokio::test]
    async fn nothing_starts_where_nothing_waits() {
        assert_eq!(next(&desk(&[])).await, (vec![], vec![]));
    }

    #[tokio::test]
    async fn rollbacks_go_first_then_deployments_then_reaps() {
        for (waiting, first) in [
            (vec![(1, Reap), (2, Deploy), (3, Rollback)], "d3-1"),
            (vec![(1, Reap), (2, Deploy)], "d2-1"),
            (vec![(1, Reap)], "d1-1"),
        ] {
            assert_eq!(next(&desk(&waiting)).await, (vec![], vec![first.to_owned()]));
        }
    }

    #[tokio::test]
    async fn of_deployments_the_newest_is_carried_out_and_the_others_are_superseded() {
        let waiting = desk(&[(5, Deploy), (6, Deploy), (7, Deploy), (8, Reap)]);
        assert_eq!(next(&waiting).await, (vec![5, 6], vec!["d7-1".to_owned()]));
    }

    #[tokio::test]
    async fn what_is_destroyed_goes_in_its_turn_and_parts_the_deployments_before_it_from_those_after_it() {
        let waiting = desk(&[(1, Deploy), (2, Deploy), (3, Destroy), (4, Deploy)]);
        assert_eq!(next(&waiting).await, (vec![1], vec!["d2-1".to_owned()]));
        let waiting = desk(&[(3, Destroy), (4, Deploy), (5, Destroy)]);
        assert_eq!(next(&waiting).await, (vec![], vec!["d3-1".to_owned()]));
    }

    #[tokio::test]
    async fn what_waits_for_approval_is_passed_over_and_superseded_by_what_is_newer() {
        let parked = |number| QueueEntry { parked: true, ..entry(number, Deploy) };
        let approved = |number| QueueEntry { approved: true, ..entry(number, Deploy) };
        let waiting = |entries: Vec<QueueEntry>| Desk { entries: Mutex::new(entries), ..Desk::default() };
        assert_eq!(next(&waiting(vec![parked(1)])).await, (vec![], vec![]));
        assert_eq!(next(&waiting(vec![parked(1), entry(2, Reap)])).await, (vec![], vec!["d2-1".to_owned()]));
        assert_eq!(next(&waiting(vec![parked(1), entry(2, Deploy)])).await, (vec![1], vec!["d2-1".to_owned()]));
        assert_eq!(next(&waiting(vec![entry(1, Deploy), parked(2)])).await, (vec![], vec!["d1-1".to_owned()]));
        let first = waiting(vec![entry(1, Deploy), parked(2), approved(3), entry(4, Deploy)]);
        assert_eq!(next(&first).await, (vec![], vec!["d3-1".to_owned()]));
    }

    #[tokio::test]
    async fn a_destruction_that_waits_for_approval_holds_no_deployment_up() {
        let waiting = |entries: Vec<QueueEntry>| Desk { entries: Mutex::new(entries), ..Desk::default() };
        let parked = |number, kind| QueueEntry { parked: true, ..entry(number, kind) };
        let first = waiting(vec![parked(1, Destroy), entry(2, Deploy)]);
        assert_eq!(next(&first).await, (vec![], vec!["d2-1".to_owned()]));
        // What is older would only undo it, whenever that destruction comes.
        let between = waiting(vec![parked(1, Deploy), parked(2, Destroy), entry(3, Deploy), parked(4, Deploy)]);
        assert_eq!(next(&between).await, (vec![1], vec!["d3-1".to_owned()]));
        let around = waiting(vec![entry(1, Deploy), parked(2, Destroy), entry(3, Deploy)]);
        assert_eq!(next(&around).await, (vec![1], vec!["d3-1".to_owned()]));
        let parted = waiting(vec![parked(1, Destroy), entry(2, Deploy), entry(3, Destroy), entry(4, Deploy)]);
        assert_eq!(next(&parted).await, (vec![], vec!["d2-1".to_owned()]));
    }

    #[tokio::test]
    async fn neither_rollbacks_nor_reaps_supersede_each_other() {
        assert_eq!(next(&desk(&[(1, Rollback), (2, Rollback), (3, Deploy)])).await, (vec![], vec!["d1-1".to_owned()]));
        assert_eq!(next(&desk(&[(1, Reap), (2, Reap)])).await, (vec![], vec!["d1-1".to_owned()]));
    }

    #[tokio::test]
    async fn what_runs_is_neither_superseded_nor_started_again() {
        let running = desk(&[(1, Deploy), (2, Deploy)]);
        *running.active.lock().unwrap() = Some(Active { entry: entry(1, Deploy), claimed: true, cancel: None });
        assert_eq!(next(&running).await, (vec![], vec![]));
    }

    #[tokio::test]
    async fn what_has_its_turn_and_was_never_claimed_is_started_under_the_same_name() {
        let handed = desk(&[(1, Deploy), (2, Deploy)]);
        let second = QueueEntry { starts: 2, ..entry(1, Deploy) };
        *handed.active.lock().unwrap() = Some(Active { entry: second, claimed: false, cancel: None });
        assert_eq!(next(&handed).await, (vec![], vec!["d1-2".to_owned()]));
    }

    #[tokio::test]
    async fn an_execution_that_ended_before_it_claimed_is_a_death() {
        let died = Desk { spent: vec!["d1-1".to_owned()], ..desk(&[(1, Deploy)]) };
        assert_eq!(next(&died).await, (vec![], vec!["d1-2".to_owned()]));
        let active = died.active.lock().unwrap().clone().unwrap();
        assert_eq!((active.entry.starts, active.entry.deaths), (2, 1));
    }
}
