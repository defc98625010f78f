//! A schedule by a rule: whenever a call can be made, the most urgent of what is ready is called. Counts virtual time; nothing
//! is carried out, no call fails, nothing is journalled.
//!
//! It is generous to whatever rule it plays: what is beyond a limit arrives when it passes, in the order of the rule, and no
//! refusal costs a token. A rule that pays nothing knows, besides, the moment at which each thing is ready or usable.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use model::Reach;
use schema::Api;

use super::job::{Job, Micros, Need, Task};

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// How urgent each task is; the greatest first.
    pub urgency: Vec<u64>,
    /// How many tasks run at a time, from when their call is made until they are ready.
    pub slots: usize,
    /// Whether an edge may ask for less than readiness.
    pub edges: Edges,
    /// What is paid for safety.
    pub pays: Pays,
    /// The level of each task, where a level begins when all of the one before are ready; empty where there are none.
    pub levels: Vec<usize>,
}

/// How often a rule looks that does not know when something is ready, and how long it waits after a refusal.
const LOOKS: Micros = 250_000;

/// What a rule pays for each resource besides its call and its readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays {
    /// What the engine pays: the intent is committed before the call, what might be there already is looked for, a read
    /// shows that it is ready, and nobody knows beforehand when that and the propagation of a role will be: both are tried
    /// for four times a second. Refused tries cost no token.
    AsTheEngine,
    /// Nothing.
    Nothing,
}

/// What edges mean to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edges {
    /// What they say.
    AsPlanned,
    /// Every need must be ready.
    AllReady,
}

impl Rule {
    fn before(&self, task: &Task) -> Micros {
        if self.pays == Pays::AsTheEngine { task.before } else { 0 }
    }

    /// From when it is ready until that is seen.
    fn after(&self, task: &Task) -> Micros {
        if self.pays == Pays::AsTheEngine { task.ready.next_multiple_of(LOOKS) - task.ready + task.after } else { 0 }
    }

    /// From the start of the call of what is needed until what needs it can begin.
    fn lead(&self, job: &Job, task: &Task, need: &Need, until: Reach) -> Micros {
        let Some(on) = job.tasks.get(need.on) else { return 0 };
        if self.pays == Pays::Nothing {
            return job.lead(task, need, until);
        }
        let known = if until == Reach::Ready { on.call + on.ready + self.after(on) } else { on.call };
        if !need.used {
            return known;
        }
        // Nobody knows when it can be used: tried at once, and again a while after each refusal, which is answered at the door.
        let arrives = known + self.before(task) + task.arrives;
        let late = (on.call + on.propagation).saturating_sub(arrives);
        let again = 2 * task.arrives + LOOKS;
        known + late.div_ceil(again) * again
    }
}

/// When everything is ready, by `rule`.
pub fn makespan(job: &Job, rule: &Rule) -> Micros {
    let mut run = Run::new(job, rule);
    while let Some(Reverse((at, event))) = run.events.pop() {
        run.now = at;
        run.happens(event);
        // What happens at the same time is seen at the same time.
        if run.events.peek().is_none_or(|Reverse((next, _))| *next > at) {
            run.call();
        }
    }
    run.end
}

/// What happens in a schedule, in the order in which it is seen at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A need of a task is met.
    Met(usize),
    /// A call is where limits count it.
    Arrives(usize),
    /// A task is ready.
    Ready(usize),
    /// There may be a token.
    Token,
}

struct Bucket {
    api: Api,
    tokens: f64,
    at: Micros,
    asked: Micros,
}

struct Run<'a> {
    job: &'a Job,
    rule: &'a Rule,
    now: Micros,
    end: Micros,
    events: BinaryHeap<Reverse<(Micros, Event)>>,
    /// How many needs of each task are not met; a level that has not begun is one.
    unmet: Vec<usize>,
    /// What needs each task, and how long after its start that can start.
    dependents: Vec<Vec<(usize, Micros)>>,
    /// What may be called.
    callable: BinaryHeap<(u64, Reverse<usize>)>,
    /// What has been called and waits for a token, by limit.
    arrived: Vec<BinaryHeap<(u64, Reverse<usize>)>>,
    buckets: Vec<Bucket>,
    running: usize,
    /// How many tasks of each level are not ready.
    unready: Vec<usize>,
    level: usize,
}

impl<'a> Run<'a> {
    fn new(job: &'a Job, rule: &'a Rule) -> Self {
        let mut run = Self {
            job,
            rule,
            now: 0,
            end: 0,
            events: BinaryHeap::new(),
            unmet: job.tasks.iter().map(|task| task.needs.len()).collect(),
            dependents: vec![Vec::new(); job.tasks.len()],
            callable: BinaryHeap::new(),
            arrived: job.limits.iter().map(|_| BinaryHeap::new()).collect(),
            buckets: job.limits.iter().map(|api| Bucket { api: *api, tokens: api.burst, at: 0, asked: 0 }).collect(),
            running: 0,
            unready: vec![0; rule.levels.iter().max().map_or(0, |last| last + 1)],
            level: 0,
        };
        for (number, task) in job.tasks.iter().enumerate() {
            for need in &task.needs {
                let until = if rule.edges == Edges::AllReady { Reach::Ready } else { need.until };
                if let Some(dependents) = run.dependents.get_mut(need.on) {
                    dependents.push((number, rule.lead(job, task, need, until)));
                }
            }
            if let Some(level) = rule.levels.get(number) {
                if let Some(unready) = run.unready.get_mut(*level) {
                    *unready += 1;
                }
                if *level > 0 {
                    run.wait(number);
                }
            }
        }
        for number in 0..job.tasks.len() {
            if run.unmet.get(number) == Some(&0) {
                run.offer(number);
            }
        }
        run.events.push(Reverse((0, Event::Token)));
        run
    }

    fn wait(&mut self, task: usize) {
        if let Some(unmet) = self.unmet.get_mut(task) {
            *unmet += 1;
        }
    }

    fn urgency(&self, task: usize) -> (u64, Reverse<usize>) {
        (self.rule.urgency.get(task).copied().unwrap_or_default(), Reverse(task))
    }

    fn offer(&mut self, task: usize) {
        self.callable.push(self.urgency(task));
    }

    fn arrive(&mut self, task: usize) {
        let urgency = self.urgency(task);
        let limit = self.job.tasks.get(task).map_or(0, |task| task.limit);
        if let Some(arrived) = self.arrived.get_mut(limit) {
            arrived.push(urgency);
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Token => {}
            Event::Met(task) => self.meet(task),
            Event::Arrives(task) => self.arrive(task),
            Event::Ready(task) => {
                self.end = self.end.max(self.now);
                self.running -= 1;
                if let Some(level) = self.rule.levels.get(task) {
                    if let Some(unready) = self.unready.get_mut(*level) {
                        *unready -= 1;
                    }
                    self.begin_levels();
                }
            }
        }
    }

    fn meet(&mut self, task: usize) {
        let Some(unmet) = self.unmet.get_mut(task) else { return };
        *unmet -= 1;
        if *unmet == 0 {
            self.offer(task);
        }
    }

    fn begin_levels(&mut self) {
        while self.unready.get(self.level) == Some(&0) {
            self.level += 1;
            let begun = self.level;
            let of_level = |(task, level): (usize, &usize)| (*level == begun).then_some(task);
            let tasks: Vec<usize> = self.rule.levels.iter().enumerate().filter_map(of_level).collect();
            tasks.into_iter().for_each(|task| self.meet(task));
        }
    }

    /// Makes every call that can be made now, lets every call pass that has a token, and says when to look again.
    fn call(&mut self) {
        while self.running < self.rule.slots {
            let Some((_, Reverse(task))) = self.callable.pop() else { break };
            self.running += 1;
            let arrives = self.job.tasks.get(task).map_or(0, |task| self.rule.before(task) + task.arrives);
            if arrives == 0 {
                self.arrive(task);
            } else {
                self.events.push(Reverse((self.now + arrives, Event::Arrives(task))));
            }
        }
        for limit in 0..self.arrived.len() {
            while let Some(task) = self.pass(limit) {
                self.passed(task);
            }
        }
    }

    /// The most urgent that has arrived under a limit, if there is a token for it.
    fn pass(&mut self, limit: usize) -> Option<usize> {
        let (arrived, bucket) = (self.arrived.get_mut(limit)?, self.buckets.get_mut(limit)?);
        let since = (self.now - bucket.at) as f64 / 1_000_000.0;
        bucket.tokens = (bucket.tokens + since * bucket.api.rate).min(bucket.api.burst);
        bucket.at = self.now;
        arrived.peek()?;
        if bucket.tokens < 1.0 - 1e-9 {
            if bucket.asked <= self.now {
                let wait = ((1.0 - bucket.tokens) / bucket.api.rate * 1_000_000.0).ceil() as Micros;
                bucket.asked = self.now + wait.max(1);
                self.events.push(Reverse((bucket.asked, Event::Token)));
            }
            return None;
        }
        bucket.tokens -= 1.0;
        arrived.pop().map(|(_, Reverse(task))| task)
    }

    /// The call of a task has passed: from here on it takes its time.
    fn passed(&mut self, number: usize) {
        let Some(task) = self.job.tasks.get(number) else { return };
        let left = task.call - task.arrives + task.ready + self.rule.after(task);
        self.events.push(Reverse((self.now + left, Event::Ready(number))));
        for (dependent, lead) in self.dependents.get(number).into_iter().flatten() {
            // A call that uses it can have been made before its own has passed, but not before now.
            let met = (self.now + lead).saturating_sub(task.arrives).max(self.now);
            self.events.push(Reverse((met, Event::Met(*dependent))));
        }
    }
}
