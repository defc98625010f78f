//! A plan as a scheduling problem: how long each resource takes, what it needs, which limit its creation counts against.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Change, Plan, Reach, ResourceKey};
use schema::Api;

/// Microseconds.
pub type Micros = u64;

/// How long one resource takes, as the simulated account drew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Draw {
    /// The creating call.
    pub call: Duration,
    /// From its start until it arrives, where limits count it and what it uses must be usable.
    pub arrives: Duration,
    /// From its answer until the resource is ready.
    pub ready: Duration,
    /// From its answer until others may use it, where it looks ready before.
    pub propagation: Duration,
    /// Before the creating call: the commit of the intent, and a look where the call would succeed on what is there.
    pub before: Duration,
    /// After it is ready: the read that shows it.
    pub after: Duration,
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Task {
    /// The creating call.
    pub call: Micros,
    /// From its start until it arrives.
    pub arrives: Micros,
    /// From its answer until the resource is ready.
    pub ready: Micros,
    /// From its answer until what uses it can: more than `ready` for roles.
    pub propagation: Micros,
    /// How long it is expected to take, by what is known before: its call, and until what needs it can begin.
    pub expected: [Micros; 2],
    /// What a safe creation needs before its call; no part of the bound.
    pub before: Micros,
    /// What it needs after it is ready; no part of the bound.
    pub after: Micros,
    /// What it needs.
    pub needs: Vec<Need>,
    /// Which limit its creating call counts against.
    pub limit: usize,
}

/// A need of one task for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Which task.
    pub on: usize,
    /// How far that must have come.
    pub until: Reach,
    /// Whether it is used by the call itself, which AWS refuses for as long as it has not propagated: a function's role.
    pub used: bool,
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
            let role = role_of(change);
            let latency = schema::latency(&change.kind);
            let need = |edge: &model::Edge| {
                let on = *numbers.get(&edge.on)?;
                Some(Need { on, until: edge.until, used: role.as_ref() == Some(&edge.on.address) })
            };
            let Draw { call, arrives, ready, propagation, before, after } = draw(&change.key);
            tasks.push(Task {
                call: micros(call),
                arrives: micros(arrives),
                ready: micros(ready),
                propagation: micros(propagation),
                expected: [schema::middle(&latency.call), latency.expected()].map(|millis| millis * 1_000),
                before: micros(before),
                after: micros(after),
                needs: change.needs.iter().filter_map(need).collect(),
                limit,
            });
            numbers.insert(&change.key, tasks.len() - 1);
        }
        Self { tasks, limits }
    }

    /// How long after the start of what is needed `task` can start at the earliest, where the need is for `until`.
    pub fn lead(&self, task: &Task, need: &Need, until: Reach) -> Micros {
        let Some(on) = self.tasks.get(need.on) else { return 0 };
        let reached = match until {
            Reach::Identified => on.call,
            Reach::Ready => on.call + on.ready,
        };
        // The call may be on its way already when what it uses becomes usable.
        let usable = if need.used { (on.call + on.propagation).saturating_sub(task.arrives) } else { 0 };
        reached.max(usable)
    }

    /// How many resources the longest chain of needs has.
    pub fn longest_chain(&self) -> usize {
        let mut chains: Vec<usize> = Vec::with_capacity(self.tasks.len());
        for task in &self.tasks {
            let before = task.needs.iter().filter_map(|need| chains.get(need.on)).max();
            chains.push(before.copied().unwrap_or_default() + 1);
        }
        chains.into_iter().max().unwrap_or_default()
    }
}

/// The role that a function's creation is refused without.
fn role_of(change: &Change) -> Option<model::ResourceAddress> {
    if change.kind.as_str() != "AWS::Lambda::Function" {
        return None;
    }
    let role = change.action.to()?.get("Role")?;
    model::expression::as_reference(role).ok().flatten().map(|reference| reference.address)
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
