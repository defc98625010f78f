//! A plan as a scheduling problem: how long each resource takes, what it needs, which limit its creation counts against.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Plan, Reach, ResourceKey};
use schema::Api;

/// Microseconds.
pub type Micros = u64;

/// How long one resource takes, as the simulated account drew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Draw {
    /// The creating call.
    pub call: Duration,
    /// From its answer until the resource is ready.
    pub ready: Duration,
    /// From its answer until others may use it, where it looks ready before.
    pub propagation: Duration,
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The creating call.
    pub call: Micros,
    /// From its answer until the resource is ready.
    pub ready: Micros,
    /// From its answer until what needs it ready can use it: at least `ready`.
    pub usable: Micros,
    /// What it needs: which task, and how far that must have come.
    pub needs: Vec<(usize, Reach)>,
    /// Which limit its creating call counts against.
    pub limit: usize,
}

/// Tasks, each after what it needs, and limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// The limits.
    pub limits: Vec<Api>,
}

impl Job {
    /// The problem that a plan of creations poses. Changes whose needs stand behind them, which no plan has, lose them.
    pub fn of(plan: &Plan, draw: impl Fn(&ResourceKey) -> Draw) -> Self {
        let mut limits: Vec<Api> = Vec::new();
        let mut numbers: BTreeMap<&ResourceKey, usize> = BTreeMap::new();
        let mut tasks = Vec::with_capacity(plan.changes.len());
        for change in &plan.changes {
            let api = schema::api(&change.kind, schema::Call::Create);
            let limit = limits.iter().position(|known| known.name == api.name).unwrap_or_else(|| {
                limits.push(api);
                limits.len() - 1
            });
            let Draw { call, ready, propagation } = draw(&change.key);
            let needs = change.needs.iter().filter_map(|edge| Some((*numbers.get(&edge.on)?, edge.until)));
            tasks.push(Task {
                call: micros(call),
                ready: micros(ready),
                usable: micros(ready.max(propagation)),
                needs: needs.collect(),
                limit,
            });
            numbers.insert(&change.key, tasks.len() - 1);
        }
        Self { tasks, limits }
    }

    /// How long after its start a task has come as far as `until`.
    pub fn reached(&self, task: usize, until: Reach) -> Micros {
        self.tasks.get(task).map_or(0, |task| match until {
            Reach::Identified => task.call,
            Reach::Ready => task.call + task.usable,
        })
    }

    /// How many resources the longest chain of needs has.
    pub fn longest_chain(&self) -> usize {
        let mut chains: Vec<usize> = Vec::with_capacity(self.tasks.len());
        for task in &self.tasks {
            let before = task.needs.iter().filter_map(|(on, _)| chains.get(*on)).max();
            chains.push(before.copied().unwrap_or_default() + 1);
        }
        chains.into_iter().max().unwrap_or_default()
    }
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
