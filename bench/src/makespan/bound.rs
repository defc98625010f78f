//! What no schedule can beat. Shares nothing with any scheduler: neither the engine's nor those that it is held against.
//!
//! Two bounds, of which the larger counts:
//!
//! - the longest path: from a resource's start to that of one which needs it passes its call, and, where it must be ready, its
//!   readiness, and, where it is used, its propagation;
//! - for each limit of AWS and any set of creations under it: none of them arrives before the earliest of their heads; from
//!   then on, at most `burst` calls can arrive at once and `rate` a second after; and what arrived last still has at least the
//!   shortest of their tails before it. (*Head*: the longest path to the arrival of a resource's call. *Tail*: the longest path
//!   from that arrival to the end.) Of all sets the one that gives most is taken, among those that are told by a least head
//!   and a least tail; the others give less.

use super::job::{Job, Micros};

/// What no schedule can beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The longest path.
    pub path: Micros,
    /// The tightest limit.
    pub limits: Micros,
}

impl Bound {
    /// The larger of the two.
    pub fn most(&self) -> Micros {
        self.path.max(self.limits)
    }
}

/// The bound of a job.
pub fn bound(job: &Job) -> Bound {
    let (heads, tails) = (heads(job), tails(job));
    let paths = heads.iter().zip(&tails).map(|(head, tail)| head + tail);
    let path = paths.max().unwrap_or_default();
    let limits = job.limits.iter().enumerate().map(|(limit, api)| {
        let of_limit = job.tasks.iter().zip(heads.iter().zip(&tails)).filter(|(task, _)| task.limit == limit);
        let calls = of_limit.map(|(task, (head, tail))| (head + task.arrives, tail - task.arrives));
        most_of_limit(calls.collect(), api.rate, api.burst)
    });
    Bound { path, limits: limits.max().unwrap_or_default() }
}

/// The earliest start of each task, were there no limits.
fn heads(job: &Job) -> Vec<Micros> {
    let mut heads: Vec<Micros> = Vec::with_capacity(job.tasks.len());
    for task in &job.tasks {
        let starts = task.needs.iter().map(|need| {
            let start = heads.get(need.on).copied().unwrap_or_default();
            start + job.lead(task, need, need.until)
        });
        let head = starts.max().unwrap_or_default();
        heads.push(head);
    }
    heads
}

/// From the start of each task to the end of everything that needs it, were there no limits.
fn tails(job: &Job) -> Vec<Micros> {
    // Nobody waits for the propagation of what nobody uses: it has only to be ready.
    let mut tails: Vec<Micros> = job.tasks.iter().map(|task| task.call + task.ready).collect();
    for (number, task) in job.tasks.iter().enumerate().rev() {
        let own = tails.get(number).copied().unwrap_or_default();
        for need in &task.needs {
            let through = job.lead(task, need, need.until) + own;
            if let Some(tail) = tails.get_mut(need.on) {
                *tail = through.max(*tail);
            }
        }
    }
    tails
}

/// The largest of head + (calls − burst) ÷ rate + tail, over all sets of calls told by a least head and a least tail.
fn most_of_limit(mut calls: Vec<(Micros, Micros)>, rate: f64, burst: f64) -> Micros {
    // From the latest head down, so that every set is the one before and one more call.
    calls.sort_unstable_by(|a, b| b.cmp(a));
    let mut most: Micros = 0;
    let mut longest_first: Vec<Micros> = Vec::with_capacity(calls.len());
    for (head, tail) in calls {
        let place = longest_first.partition_point(|other| *other >= tail);
        longest_first.insert(place, tail);
        for (before, tail) in longest_first.iter().enumerate() {
            most = most.max(head + paced(before + 1, rate, burst) + tail);
        }
    }
    most
}

/// How long after the first of `calls` calls the last can be made.
fn paced(calls: usize, rate: f64, burst: f64) -> Micros {
    // Counts of resources and seconds of a deployment are far below what a double holds exactly.
    // The simulated account lets a call pass that is a twentieth of a token short.
    let beyond = (calls as f64 - burst - 0.05).max(0.0);
    (beyond / rate * 1_000_000.0).floor() as Micros
}

#[cfg(test)]
mod tests {
    use model::Reach::{self, Identified, Ready};
    use schema::Api;

    use super::super::job::{Need, Task};
    use super::*;

    const SECOND: Micros = 1_000_000;

    fn task(call: u64, ready: u64, needs: &[(usize, Reach)]) -> Task {
        let need = |(on, until): &(usize, Reach)| Need { on: *on, until: *until, used: false };
        Task { call: call * SECOND, ready: ready * SECOND, needs: needs.iter().map(need).collect(), ..Task::default() }
    }

    /// Whose call arrives the moment that it is made, for what limits are about.
    fn instant(ready: u64, needs: &[(usize, Reach)]) -> Task {
        task(0, ready, needs)
    }

    fn job(tasks: Vec<Task>, rate: f64, burst: f64) -> Job {
        Job { tasks, limits: vec![Api { name: "test", rate, burst, documented: false }] }
    }

    #[test]
    fn nothing_takes_no_time() {
        assert_eq!(bound(&job(Vec::new(), 1.0, 1.0)).most(), 0);
    }

    #[test]
    fn a_path_counts_calls_and_readiness() {
        let tasks = vec![task(2, 3, &[]), task(1, 4, &[(0, Ready)])];
        assert_eq!(bound(&job(tasks, 1.0, 10.0)).path, 10 * SECOND);
    }

    #[test]
    fn a_role_counts_until_it_can_be_used_where_it_is_used() {
        let role = Task { propagation: 8 * SECOND, ..task(2, 0, &[]) };
        let uses =
            Task { arrives: SECOND / 2, needs: vec![Need { on: 0, until: Ready, used: true }], ..task(1, 1, &[]) };
        // Made after 2 s, usable after 10 s, when the call arrives: half a second of it is over by then.
        assert_eq!(bound(&job(vec![role.clone(), uses], 1.0, 10.0)).path, 11_500_000);
        let mentions = task(1, 1, &[(0, Ready)]);
        assert_eq!(bound(&job(vec![role.clone(), mentions], 1.0, 10.0)).path, 4 * SECOND);
        assert_eq!(bound(&job(vec![role], 1.0, 10.0)).path, 2 * SECOND, "nobody waits for what nobody uses");
    }

    #[test]
    fn an_edge_to_an_identity_counts_the_call_only() {
        let tasks = vec![task(2, 9, &[]), task(1, 1, &[(0, Identified)])];
        assert_eq!(bound(&job(tasks.clone(), 1.0, 10.0)).path, 11 * SECOND, "the other has still to become ready");
        let tasks = vec![task(2, 9, &[]), task(1, 20, &[(0, Identified)])];
        assert_eq!(bound(&job(tasks, 1.0, 10.0)).path, 23 * SECOND);
    }

    #[test]
    fn the_longer_of_two_paths_counts() {
        // 0 → 2 → 3 is 1 + 5 + 1, 1 → 3 is 3 + 1.
        let last = task(1, 0, &[(1, Ready), (2, Ready)]);
        let tasks = vec![task(1, 0, &[]), task(3, 0, &[]), task(5, 0, &[(0, Ready)]), last];
        assert_eq!(bound(&job(tasks, 1.0, 10.0)).path, 7 * SECOND);
    }

    #[test]
    fn a_limit_spreads_what_is_beyond_its_burst() {
        // Ten calls, four at once, two a second: the last arrives after 3 s (less the twentieth), and takes 1 s.
        let bound = bound(&job(vec![instant(1, &[]); 10], 2.0, 4.0));
        assert_eq!((bound.path, bound.limits), (SECOND, 3_975_000));
    }

    #[test]
    fn a_call_counts_where_it_arrives() {
        // Each call arrives after 2 s of its 4: three of them, one a second, arrive after 2, 3 and 4 s.
        let slow = Task { arrives: 2 * SECOND, ..task(4, 0, &[]) };
        assert_eq!(bound(&job(vec![slow; 3], 1.0, 1.0)).limits, 5_950_000);
    }

    #[test]
    fn a_limit_counts_from_the_earliest_start_to_the_shortest_tail() {
        // Six calls, one a second, one at once, none before 3 s, each with 2 s left: 3 + 5 + 2.
        let mut tasks = vec![Task { limit: 1, ..instant(3, &[]) }];
        tasks.extend(std::iter::repeat_n(instant(2, &[(0, Ready)]), 6));
        let mut job = job(tasks, 1.0, 1.0);
        job.limits.push(Api { name: "other", rate: 100.0, burst: 100.0, documented: false });
        assert_eq!(bound(&job).limits, 9_950_000);
    }

    #[test]
    fn the_set_that_gives_most_is_found_among_all() {
        // Three calls with 20 s left and one with 1 s; one a second. All four: 0 + 3 + 1. The three: 0 + 2 + 20.
        let mut tasks = vec![instant(20, &[]); 3];
        tasks.push(instant(1, &[]));
        assert_eq!(bound(&job(tasks, 1.0, 1.0)).limits, 21_950_000);
    }

    #[test]
    fn no_order_of_a_small_job_is_faster_than_its_bound() {
        // Every order of five calls under one limit, by hand: they arrive at 0, 0, 1, 2 and 3 s.
        let tails = [7, 1, 5, 3, 2];
        let tasks: Vec<Task> = tails.iter().map(|seconds| instant(*seconds, &[])).collect();
        let bound = bound(&job(tasks, 1.0, 2.0)).most();
        let mut best = Micros::MAX;
        permutations(&mut tails.to_vec(), 0, &mut |order| {
            let starts = [0, 0, 1, 2, 3];
            let end = order.iter().zip(starts).map(|(tail, start)| (tail + start) * SECOND).max().unwrap();
            best = best.min(end);
        });
        assert!(bound <= best, "{bound} > {best}");
        assert_eq!(best, 7 * SECOND);
    }

    fn permutations(items: &mut Vec<u64>, from: usize, visit: &mut impl FnMut(&[u64])) {
        if from == items.len() {
            visit(items);
        }
        for other in from..items.len() {
            items.swap(from, other);
            permutations(items, from + 1, visit);
            items.swap(from, other);
        }
    }
}
