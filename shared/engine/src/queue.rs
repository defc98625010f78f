//! `start_next`: the one way in which the next execution is chosen and started.

use model::{DeploymentId, EntryKind, EnvironmentId, QueueEntry, Timestamp};

use crate::ports::{Executions, Launch, Queue, Restart, StoreError};

/// Starts the next deployment of an environment, if none has its turn. Also starts again what was given its turn and never
/// claimed, be it the first execution of a deployment or one that another handed over to. Called by whoever may have changed
/// the queue, as often as they like. Answers which deployments ended as superseded: no execution writes their history or tells
/// of them.
///
/// # Errors
/// [`StoreError`] of the queue or of the executions.
pub async fn start_next(
    environment: &EnvironmentId,
    queue: &dyn Queue,
    executions: &dyn Executions,
    now: Timestamp,
) -> Result<Vec<DeploymentId>, StoreError> {
    let mut superseded = Vec::new();
    let entry = match queue.active(environment).await? {
        Some(active) if active.claimed => return Ok(superseded),
        Some(active) => active.entry,
        None => match give_turn(environment, queue, now, &mut superseded).await? {
            Some(entry) => entry,
            None => return Ok(superseded),
        },
    };
    if executions.start(environment, &entry.deployment, entry.starts).await? == Launch::Spent {
        // It ran, and ended before it claimed the deployment.
        let entry = queue.restart(environment, &entry, Restart::Death).await?;
        executions.start(environment, &entry.deployment, entry.starts).await?;
    }
    Ok(superseded)
}

/// Gives the first that waits its turn, and ends what is superseded before it, which joins `superseded`. None where nothing can
/// go, or somebody else was faster.
async fn give_turn(
    environment: &EnvironmentId,
    queue: &dyn Queue,
    now: Timestamp,
    superseded: &mut Vec<DeploymentId>,
) -> Result<Option<QueueEntry>, StoreError> {
    let mut before = None;
    loop {
        let Some(next) = choose(queue.entries(environment).await?) else { return Ok(None) };
        let mut stands = true;
        for (entry, by) in &next.superseded {
            if queue.supersede(environment, entry, by, now).await? {
                superseded.push(entry.deployment.clone());
            } else {
                stands = false;
            }
        }
        // What could not be superseded may be the one to go, now that what was newer is gone. Only if the queue says the same
        // twice, it is something else that keeps it from ending.
        if stands || before.as_ref() == Some(&next) {
            return Ok(queue.activate(environment, &next.entry).await?.then_some(next.entry));
        }
        before = Some(next);
    }
}

/// Who is next.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    entry: QueueEntry,
    /// What was accepted before it and is not needed any more, each with what is carried out instead.
    superseded: Vec<(QueueEntry, QueueEntry)>,
}

/// Who is next, and who before it is not needed any more. Rollbacks first; then, in the order in which they were accepted,
/// deployments and destructions; then reaps.
///
/// Of deployments between which nothing is destroyed, one is superseded by the newest that is about all that it is about: what
/// it asks for would only be undone. Nothing else supersedes it, and what is left keeps its order, so that the last word about
/// each agent and stack is the newest one's. One that was approved goes before those that were not, and is not superseded. One
/// that waits for approval supersedes nothing. It is passed over by what is about other agents and stacks; what is about some of
/// its own and not all waits behind it, with whatever comes after: otherwise the older one would have the last word, once it is
/// approved.
fn choose(mut waiting: Vec<QueueEntry>) -> Option<Next> {
    let turn = |entry: &QueueEntry| match entry.kind {
        EntryKind::Rollback => 0,
        EntryKind::Deploy | EntryKind::Destroy => 1,
        EntryKind::Reap => 2,
    };
    waiting.sort_by_key(|entry| (turn(entry), !entry.approved, entry.number));
    let first = waiting.iter().find(|entry| !entry.parked)?.clone();
    if first.kind != EntryKind::Deploy || first.approved {
        return Some(Next { entry: first, superseded: Vec::new() });
    }
    // A destruction that waits for approval is passed over as well: it parts nothing, because nobody knows when it comes.
    let is_passed = |entry: &&QueueEntry| entry.parked && entry.kind == EntryKind::Destroy;
    let run = waiting.iter().filter(|entry| turn(entry) == turn(&first) && !is_passed(entry));
    let run: Vec<&QueueEntry> = run.take_while(|entry| entry.kind == EntryKind::Deploy).collect();
    let mut superseded = Vec::new();
    let mut asking: Vec<&QueueEntry> = Vec::new();
    for (at, &entry) in run.iter().enumerate() {
        let includes = |newer: &&&QueueEntry| !newer.parked && newer.only.includes(&entry.only);
        if let Some(&newest) = run.iter().skip(at + 1).rfind(includes) {
            superseded.push((entry.clone(), newest.clone()));
        } else if entry.parked {
            asking.push(entry);
        } else if asking.iter().any(|older| older.only.overlaps(&entry.only)) {
            break;
        } else {
            // What another one supersedes waits for that one's turn, which might be cancelled before it has it; but nobody is asked
            // any longer about what is older.
            superseded.retain(|(old, by)| old.parked || by == entry);
            return Some(Next { entry: entry.clone(), superseded });
        }
    }
    let reap = waiting.iter().find(|entry| entry.kind == EntryKind::Reap)?;
    Some(Next { entry: reap.clone(), superseded: Vec::new() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use model::Selection;

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
        /// The queue as somebody else leaves it in the moment in which something is to be superseded.
        then: Mutex<Option<Vec<QueueEntry>>>,
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
            if let Some(then) = self.then.lock().unwrap().take() {
                *self.entries.lock().unwrap() = then;
                return Ok(false);
            }
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
        let told = start_next(&environment, desk, desk, Timestamp::UNIX_EPOCH).await.unwrap();
        let superseded = desk.superseded.lock().unwrap().clone();
        let ids: Vec<DeploymentId> = superseded.iter().map(|number| format!("d{number}").into()).collect();
        assert_eq!(told, ids, "whoever asks is told what ended");
        (superseded, desk.started.lock().unwrap().clone())
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

    /// A deployment of agents and stacks that have names of one letter: `1` of everything, `2:ab` of two of them, `3:a?` of one and
    /// waiting for approval, `4:a!` approved; `5x` a destruction, `6x?` one that waits for approval, `7r` a reap.
    fn written(word: &str) -> QueueEntry {
        let (number, rest) = word.split_at(word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len()));
        let kind = match rest.chars().next() {
            Some('x') => Destroy,
            Some('r') => Reap,
            _ => Deploy,
        };
        let names = rest.strip_prefix(':').unwrap_or_default().trim_end_matches(['?', '!']);
        QueueEntry {
            only: names.chars().map(String::from).collect(),
            parked: rest.ends_with('?'),
            approved: rest.ends_with('!'),
            ..entry(number.parse().unwrap(), kind)
        }
    }

    /// Who is next of what waits, and what is superseded by what: `3, 1 by 4`; `-` for nobody.
    fn told(waiting: &str) -> String {
        let Some(next) = choose(waiting.split_whitespace().map(written).collect()) else { return "-".to_owned() };
        let superseded = next.superseded.iter().map(|(old, by)| format!(", {} by {}", old.number, by.number));
        next.entry.number.to_string() + &superseded.collect::<String>()
    }

    #[test]
    fn a_deployment_is_superseded_by_the_newest_that_is_about_all_of_it_and_the_others_go_in_their_order() {
        for (waiting, expected) in [
            ("1 2", "2, 1 by 2"),
            ("1 2:a", "1"),
            ("1:a 2", "2, 1 by 2"),
            ("1:a 2:b", "1"),
            ("1:a 2:a", "2, 1 by 2"),
            ("1:a 2:ab", "2, 1 by 2"),
            ("1:ab 2:a", "1"),
            ("1:ab 2:bc", "1"),
            // What is newer and about the same does not overtake what is between.
            ("1:a 2:b 3:a", "2"),
            ("1:a 3:a", "3, 1 by 3"),
            ("1:a 2:b 3", "3, 1 by 3, 2 by 3"),
            ("1:a 2:a 3:b", "2, 1 by 2"),
            ("1 2:a 3", "3, 1 by 3, 2 by 3"),
            ("1 2:a 3:a", "1"),
            ("1:a 2:b 3:ab 4:c", "3, 1 by 3, 2 by 3"),
            ("1:a 2:b 3:c 4:ab", "3"),
            ("1:a 2:ab 3:abc", "3, 1 by 3, 2 by 3"),
            // Two together are not one that is wider.
            ("1:ab 2:a 3:b", "1"),
        ] {
            assert_eq!(told(waiting), expected, "{waiting}");
        }
    }

    #[test]
    fn what_is_destroyed_parts_the_parts_before_it_from_those_after_it() {
        for (waiting, expected) in [
            ("1:a 2x 3", "1"),
            ("1:a 2:a 3x 4", "2, 1 by 2"),
            ("1x 2:a 3:a", "1"),
            // One that waits for approval parts nothing.
            ("1:a 2x? 3:b", "1"),
            ("1:a 2x? 3", "3, 1 by 3"),
            ("1x? 2:a", "2"),
        ] {
            assert_eq!(told(waiting), expected, "{waiting}");
        }
    }

    #[test]
    fn what_waits_for_approval_is_passed_over_by_what_is_about_nothing_of_it_and_waited_for_by_what_is_about_some() {
        for (waiting, expected) in [
            ("1:a? 2:b", "2"),
            ("1:a? 2:a", "2, 1 by 2"),
            ("1:a? 2", "2, 1 by 2"),
            ("1? 2:a", "-"),
            ("1:ab? 2:bc", "-"),
            // The order stands behind what is held up, for destructions as well; reaps are about nothing that anybody wants.
            ("1:ab? 2:b 3:c", "-"),
            ("1:ab? 2:b 3x", "-"),
            ("1:ab? 2:b 3r", "3"),
            // Nothing is held up by what is superseded.
            ("1? 2:a 3", "3, 1 by 3, 2 by 3"),
            ("1:ab? 2:bc 3:ab", "2, 1 by 3"),
            ("1:ab? 2:a 3:c 4:abd", "3, 1 by 4"),
            // What waits for approval itself supersedes nothing, and holds nothing up that is older.
            ("1:a 2:a?", "1"),
            ("1:a 2? 3:b", "1"),
            ("1:a 2:b? 3:a", "3, 1 by 3"),
            ("1:a? 2:b? 3:c", "3"),
            ("1:a? 2:a?", "-"),
            // What was approved goes first, and is not superseded.
            ("1! 2:a 3", "1"),
            ("1:b? 2:a! 3:b", "2"),
        ] {
            assert_eq!(told(waiting), expected, "{waiting}");
        }
    }

    /// Carries out what waits, one after the other, and says about each name whose word was the last.
    fn last_words(waiting: &str) -> BTreeMap<char, u64> {
        let mut waiting: Vec<QueueEntry> = waiting.split_whitespace().map(written).collect();
        let mut last = BTreeMap::new();
        loop {
            let Some(next) = choose(waiting.clone()) else {
                // As late as can be: it is approved when nothing else can go.
                let Some(asks) = waiting.iter_mut().find(|entry| entry.parked) else { break };
                (asks.parked, asks.approved) = (false, true);
                continue;
            };
            let is_over = |entry: &QueueEntry| {
                *entry == next.entry || next.superseded.iter().any(|(superseded, _)| superseded == entry)
            };
            waiting.retain(|entry| !is_over(entry));
            for name in 'a'..='c' {
                if next.entry.only.overlaps(&Selection([name.to_string()].into())) {
                    last.insert(name, next.entry.number);
                }
            }
        }
        assert_eq!(waiting, [], "nobody waits for ever");
        last
    }

    #[test]
    fn the_last_word_about_each_agent_is_that_of_the_newest_that_is_about_it_whatever_waits() {
        let kinds = ["", ":a", ":b", ":ab", ":bc", ":a?", ":ab?", "?"];
        let mut cases = 0;
        let all = pairs(&kinds).flat_map(|(one, two)| pairs(&kinds).map(move |(three, four)| [one, two, three, four]));
        // What waits for approval had its turn before all that did not have it yet.
        for [one, two, three, four] in all.filter(|kinds| kinds.is_sorted_by_key(|kind| !kind.ends_with('?'))) {
            let waiting = format!("1{one} 2{two} 3{three} 4{four} 5:c");
            let newest = |name: char| {
                let about = |entry: &QueueEntry| entry.only.overlaps(&Selection([name.to_string()].into()));
                waiting.split_whitespace().map(written).filter(about).map(|entry| entry.number).max()
            };
            let expected: BTreeMap<char, u64> = ('a'..='c').filter_map(|name| Some((name, newest(name)?))).collect();
            assert_eq!(last_words(&waiting), expected, "{waiting}");
            cases += 1;
        }
        assert!(cases > 1000, "{cases}");
    }

    fn pairs<'k>(kinds: &'k [&'k str]) -> impl Iterator<Item = (&'k str, &'k str)> {
        kinds.iter().flat_map(|one| kinds.iter().map(|two| (*one, *two)))
    }

    #[tokio::test]
    async fn what_loses_its_successor_while_somebody_looks_gets_its_turn_itself() {
        let waiting = |words: &str| words.split_whitespace().map(written).collect::<Vec<_>>();
        let cancelled = Desk { then: Mutex::new(Some(waiting("1:a"))), ..Desk::default() };
        *cancelled.entries.lock().unwrap() = waiting("1:a 2:ab");
        assert_eq!(next(&cancelled).await, (vec![], vec!["d1-1".to_owned()]));
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
