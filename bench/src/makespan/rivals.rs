//! The other schedulers that the engine is held against, as rules of [`super::list`], and a long search for a good schedule.

use super::job::{Job, Micros};
use super::list::{Edges, Pays, Rule, makespan};
use crate::random::Random;

/// How many tasks the fastest peer runs at a time.
const PEER_SLOTS: usize = 10;

/// Level by level: a level begins when everything of the one before is ready, and starts first what is expected to take longest.
pub fn levels(job: &Job, pays: Pays) -> Micros {
    let mut levels: Vec<usize> = Vec::with_capacity(job.tasks.len());
    for task in &job.tasks {
        let below = task.needs.iter().filter_map(|need| levels.get(need.on)).max();
        levels.push(below.map_or(0, |level| level + 1));
    }
    let urgency = job.tasks.iter().map(|task| task.expected[1]).collect();
    makespan(job, &Rule { urgency, slots: usize::MAX, edges: Edges::AllReady, pays, levels })
}

/// The fastest peer's rule: what is ready in the order of how many need it, ten at a time.
pub fn peer(job: &Job, pays: Pays) -> Micros {
    let mut urgency = vec![0; job.tasks.len()];
    for need in job.tasks.iter().flat_map(|task| &task.needs) {
        if let Some(dependents) = urgency.get_mut(need.on) {
            *dependents += 1;
        }
    }
    makespan(job, &Rule { urgency, slots: PEER_SLOTS, edges: Edges::AllReady, pays, levels: Vec::new() })
}

/// The shortest schedule that a search finds: the longest remaining path first, with `rounds` changes to that order, each
/// of which stays where it does no harm. It pays nothing for safety, and knows how long everything will take; a deployment
/// does neither.
pub fn search(job: &Job, rounds: usize, seed: u64) -> Micros {
    let mut random = Random::of(seed);
    let rule = |urgency: Vec<u64>| Rule {
        urgency,
        slots: usize::MAX,
        edges: Edges::AsPlanned,
        pays: Pays::Nothing,
        levels: Vec::new(),
    };
    let mut best = rule(remaining(job));
    let mut least = makespan(job, &best);
    for round in 0..rounds {
        let mut tried = best.clone();
        // From changing nearly everything a little to changing a few a lot.
        let share = 1 + random.below(if round % 2 == 0 { 100 } else { 5 });
        for urgency in &mut tried.urgency {
            if random.below(100) < share {
                let spread = *urgency / 4 + 1;
                let change = random.number() % (2 * spread);
                *urgency = (*urgency + change).saturating_sub(spread);
            }
        }
        let found = makespan(job, &tried);
        if found <= least {
            (best, least) = (tried, found);
        }
    }
    least
}

/// The longest remaining path first, by what is known beforehand: what the engine's rule comes to where nothing has to be paid
/// for safety.
pub fn expected(job: &Job) -> Micros {
    let mut urgency: Vec<u64> = job.tasks.iter().map(|task| task.expected[1]).collect();
    for (number, task) in job.tasks.iter().enumerate().rev() {
        let own = urgency.get(number).copied().unwrap_or_default();
        for need in &task.needs {
            let Some(on) = job.tasks.get(need.on) else { continue };
            let [call, ready] = on.expected;
            let lead = if need.until == model::Reach::Identified { call } else { ready };
            if let Some(before) = urgency.get_mut(need.on) {
                *before = (*before).max(own + lead);
            }
        }
    }
    let rule = Rule { urgency, slots: usize::MAX, edges: Edges::AsPlanned, pays: Pays::Nothing, levels: Vec::new() };
    makespan(job, &rule)
}

/// From the start of each task to the end of everything that needs it.
fn remaining(job: &Job) -> Vec<u64> {
    let mut remaining: Vec<u64> = job.tasks.iter().map(|task| task.call + task.ready).collect();
    for (number, task) in job.tasks.iter().enumerate().rev() {
        let own = remaining.get(number).copied().unwrap_or_default();
        for need in &task.needs {
            if let Some(before) = remaining.get_mut(need.on) {
                *before = (*before).max(own + job.lead(task, need, need.until));
            }
        }
    }
    remaining
}

#[cfg(test)]
mod tests {
    use model::Reach::{self, Identified, Ready};
    use schema::Api;

    use super::super::bound::bound;
    use super::super::job::{Need, Task};
    use super::*;

    const SECOND: Micros = 1_000_000;

    fn task(call: u64, ready: u64, needs: &[(usize, Reach)]) -> Task {
        let need = |(on, until): &(usize, Reach)| Need { on: *on, until: *until, used: false };
        Task { call: call * SECOND, ready: ready * SECOND, needs: needs.iter().map(need).collect(), ..Task::default() }
    }

    fn job(tasks: Vec<Task>, rate: f64, burst: f64) -> Job {
        Job { tasks, limits: vec![Api { name: "test", rate, burst, documented: false }] }
    }

    #[test]
    fn a_level_waits_for_the_slowest_of_the_one_before() {
        // 0 (1 s) → 1 (1 s), and 2 (5 s), which nobody needs: dataflow ends after 5 s, levels after 6 s.
        let job = job(vec![task(1, 0, &[]), task(1, 0, &[(0, Ready)]), task(5, 0, &[])], 100.0, 100.0);
        assert_eq!(levels(&job, Pays::Nothing), 6 * SECOND);
        assert_eq!(search(&job, 0, 1), 5 * SECOND);
    }

    #[test]
    fn a_peer_runs_ten_at_a_time() {
        let job = job(vec![task(1, 1, &[]); 21], 100.0, 100.0);
        assert_eq!(peer(&job, Pays::Nothing), 6 * SECOND);
        assert_eq!(levels(&job, Pays::Nothing), 2 * SECOND);
    }

    #[test]
    fn a_peer_prefers_what_most_need_and_not_what_takes_longest() {
        // One at a time through the limit: 0 has one dependent, which takes 9 s; 1 has two, which take none.
        let tasks = vec![
            task(0, 0, &[]),
            task(0, 0, &[]),
            task(0, 9, &[(0, Ready)]),
            task(0, 0, &[(1, Ready)]),
            task(0, 0, &[(1, Ready)]),
        ];
        let job = job(tasks, 1.0, 1.0);
        // Peer: 1 at 0 s, 0 at 1 s, 2 at 2 s (of the three that nobody needs the first) → 11 s. Longest first: 0, 2 at 1 s → 10 s.
        assert_eq!(peer(&job, Pays::Nothing), 11 * SECOND);
        assert_eq!(search(&job, 0, 1), 10 * SECOND);
    }

    #[test]
    fn an_edge_to_an_identity_is_used_by_none_of_the_rivals() {
        let job = job(vec![task(1, 9, &[]), task(1, 0, &[(0, Identified)])], 100.0, 100.0);
        assert_eq!((levels(&job, Pays::Nothing), peer(&job, Pays::Nothing)), (11 * SECOND, 11 * SECOND));
        assert_eq!(search(&job, 0, 1), 10 * SECOND);
    }

    #[test]
    fn who_pays_as_the_engine_commits_before_the_call_and_reads_after_it() {
        let paying = |needs: &[(usize, Reach)]| Task { before: SECOND / 2, after: SECOND / 4, ..task(1, 2, needs) };
        let job = job(vec![paying(&[]), paying(&[(0, Ready)])], 100.0, 100.0);
        for rule in [levels, peer] {
            assert_eq!(rule(&job, Pays::Nothing), 6 * SECOND);
            assert_eq!(rule(&job, Pays::AsTheEngine), 6 * SECOND + 3 * SECOND / 2, "each ready at a whole quarter");
        }
    }

    #[test]
    fn who_pays_as_the_engine_looks_four_times_a_second_and_is_refused_by_a_role() {
        let table = Task { ready: 1_100_000, ..task(1, 0, &[]) };
        assert_eq!(levels(&job(vec![table], 1.0, 9.0), Pays::AsTheEngine), 2_250_000, "seen at the next quarter");
        let role = Task { propagation: 3 * SECOND, ..task(1, 0, &[]) };
        let needs = vec![Need { on: 0, until: Ready, used: true }];
        let function = Task { needs, arrives: 250_000, ..task(1, 0, &[]) };
        // Made at 1 s, usable at 4 s; called at 1 s and every 0.75 s after, for the last time at 4 s.
        let job = job(vec![role, function], 100.0, 100.0);
        assert_eq!(peer(&job, Pays::AsTheEngine), 5 * SECOND);
        assert_eq!(peer(&job, Pays::Nothing), 4_750_000);
    }

    #[test]
    fn calls_beyond_the_burst_wait_for_their_tokens() {
        let job = job(vec![task(1, 0, &[]); 10], 2.0, 4.0);
        assert_eq!(search(&job, 0, 1), 4 * SECOND);
        assert_eq!(levels(&job, Pays::Nothing), 4 * SECOND);
    }

    #[test]
    fn no_rule_beats_the_bound_and_the_search_beats_no_rule_downwards() {
        let mut random = Random::of(3);
        for _ in 0..50 {
            let mut tasks = Vec::new();
            for number in 0..60_usize {
                let mut needs = Vec::new();
                for _ in 0..random.below(3) {
                    if number > 0 {
                        let until = if random.below(2) == 0 { Identified } else { Ready };
                        needs.push((random.below(number), until));
                    }
                }
                let (call, ready) = (random.below(4) as u64, random.below(9) as u64);
                tasks.push(Task { limit: random.below(2), ..task(call, ready, &needs) });
            }
            let mut job = job(tasks, 2.0, 3.0);
            job.limits.push(Api { name: "other", rate: 5.0, burst: 1.0, documented: false });
            let (least, found) = (bound(&job).most(), search(&job, 20, 1));
            assert!(least <= found && found <= search(&job, 0, 1), "{least} {found}");
            assert!(least <= levels(&job, Pays::Nothing) && least <= peer(&job, Pays::Nothing));
        }
    }
}
