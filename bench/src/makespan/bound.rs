//! What no schedule can beat. Shares nothing with any scheduler: neither the engine's nor those that it is held against.
//!
//! Two bounds, of which the larger counts:
//!
//! - the longest path: from a resource's start to that of one which needs it passes its call, and, where it must be ready, its
//!   readiness and propagation;
//! - for each limit of AWS and any set of creations under it: none of them starts before the earliest of their heads; from
//!   then on, at most `burst` calls can be made at once and `rate` a second after; and what was called last still has at
//!   least the shortest of their tails before it. (*Head*: the longest path to a resource's start. *Tail*: the longest path from
//!   its start to the end.) Of all sets the one that gives most is taken, among those that are told by a least head and a
//!   least tail; the others give less.

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
        let calls: Vec<(Micros, Micros)> = job
            .tasks
            .iter()
            .zip(heads.iter().zip(&tails))
            .filter(|(task, _)| task.limit == limit)
            .map(|(_, (head, tail))| (*head, *tail))
            .collect();
        of_limit(calls, api.rate, api.burst)
    });
    Bound { path, limits: limits.max().unwrap_or_default() }
}

/// The earliest start of each task, were there no limits.
fn heads(job: &Job) -> Vec<Micros> {
    let mut heads: Vec<Micros> = Vec::with_capacity(job.tasks.len());
    for task in &job.tasks {
        let reached = task.needs.iter().map(|(on, until)| {
            let start = heads.get(*on).copied().unwrap_or_default();
            start + job.reached(*on, *until)
        });
        let head = reached.max().unwrap_or_default();
        heads.push(head);
    }
    heads
}

/// From the start of each task to the end of everything that needs it, were there no limits.
fn tails(job: &Job) -> Vec<Micros> {
    // Nobody waits for the propagation of what nobody needs: it has only to be ready.
    let mut tails: Vec<Micros> = job.tasks.iter().map(|task| task.call + task.ready).collect();
    for (number, task) in job.tasks.iter().enumerate().rev() {
        let own = tails.get(number).copied().unwrap_or_default();
        for (on, until) in &task.needs {
            let through = job.reached(*on, *until) + own;
            if let Some(tail) = tails.get_mut(*on) {
                *tail = through.max(*tail);
            }
        }
    }
    tails
}

/// The largest of head + (calls − burst) ÷ rate + tail, over all sets of calls told by a least head and a least tail.
fn of_limit(mut calls: Vec<(Micros, Micros)>, rate: f64, burst: f64) -> Micros {
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
    let beyond = (calls as f64 - burst).max(0.0);
    (beyond / rate * 1_000_000.0).floor() as Micros
}

#[cfg(test)]
mod tests {
    use model::Reach::{self, Identified, Ready};
    use schema::Api;

    use super::super::job::Task;
    use super::*;

    const SECOND: Micros = 1_000_000;

    fn task(call: u64, ready: u64, usable: u64, needs: &[(usize, Reach)]) -> Task {
        let [call, ready, usable] = [call, ready, usable].map(|seconds| seconds * SECOND);
        Task { call, ready, usable, needs: needs.to_vec(), limit: 0 }
    }

    fn job(tasks: Vec<Task>, rate: f64, burst: f64) -> Job {
        Job { tasks, limits: vec![Api { name: "test", rate, burst, documented: false }] }
    }

    #[test]
    fn nothing_takes_no_time() {
        assert_eq!(bound(&job(Vec::new(), 1.0, 1.0)).most(), 0);
    }

    #[test]
    fn a_path_counts_calls_readiness_and_propagation() {
        // 2 + max(0, 8) + 1 + 1: a role, and a function on it.
        let role = task(2, 0, 8, &[]);
        let function = task(1, 1, 1, &[(0, Ready)]);
        assert_eq!(bound(&job(vec![role, function], 1.0, 10.0)).path, 12 * SECOND);
    }

    #[test]
    fn an_edge_to_an_identity_counts_the_call_only() {
        let role = task(2, 0, 8, &[]);
        let function = task(1, 1, 1, &[(0, Identified)]);
        assert_eq!(bound(&job(vec![role, function], 1.0, 10.0)).path, 4 * SECOND);
    }

    #[test]
    fn the_propagation_of_what_nobody_needs_is_not_waited_for() {
        assert_eq!(bound(&job(vec![task(2, 1, 8, &[])], 1.0, 10.0)).path, 3 * SECOND);
    }

    #[test]
    fn the_longer_of_two_paths_counts() {
        // 0 → 2 → 3 is 1 + 5 + 1, 1 → 3 is 3 + 1.
        let tasks = vec![
            task(1, 0, 0, &[]),
            task(3, 0, 0, &[]),
            task(5, 0, 0, &[(0, Ready)]),
            task(1, 0, 0, &[(1, Ready), (2, Ready)]),
        ];
        assert_eq!(bound(&job(tasks, 1.0, 10.0)).path, 7 * SECOND);
    }

    #[test]
    fn a_limit_spreads_what_is_beyond_its_burst() {
        // Ten calls, four at once, two a second: the last starts after 3 s, and takes 1 s.
        let tasks = vec![task(1, 0, 0, &[]); 10];
        let bound = bound(&job(tasks, 2.0, 4.0));
        assert_eq!((bound.path, bound.limits), (SECOND, 4 * SECOND));
    }

    #[test]
    fn a_limit_counts_from_the_earliest_start_to_the_shortest_tail() {
        // Six calls, one a second, one at once, none before 3 s, each with 2 s left: 3 + 5 + 2.
        let mut tasks = vec![Task { limit: 1, ..task(3, 0, 0, &[]) }];
        tasks.extend(std::iter::repeat_n(task(2, 0, 0, &[(0, Ready)]), 6));
        let mut job = job(tasks, 1.0, 1.0);
        job.limits.push(Api { name: "other", rate: 100.0, burst: 100.0, documented: false });
        assert_eq!(bound(&job).limits, 10 * SECOND);
    }

    #[test]
    fn the_set_that_gives_most_is_found_among_all() {
        // Three calls with 20 s left and one with 1 s; one a second. All four: 0 + 3 + 1. The three: 0 + 2 + 20.
        let mut tasks = vec![task(20, 0, 0, &[]); 3];
        tasks.push(task(1, 0, 0, &[]));
        assert_eq!(bound(&job(tasks, 1.0, 1.0)).limits, 22 * SECOND);
    }

    #[test]
    fn no_order_of_a_small_job_is_faster_than_its_bound() {
        // Every order of five calls under one limit, by hand: calls at 0, 0, 1, 2, 3 s in that order.
        let tails = [7, 1, 5, 3, 2];
        let tasks: Vec<Task> = tails.iter().map(|seconds| task(*seconds, 0, 0, &[])).collect();
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
