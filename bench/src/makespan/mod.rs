//! How long a deployment takes in virtual time, against what no schedule can beat and against other schedulers.

pub mod bound;
pub mod job;
pub mod list;
pub mod rivals;
pub mod run;
pub mod trace;

use std::time::Duration;

use bound::{Bound, bound};
use job::{Job, Micros};
use list::Pays;
use run::{Deployed, RunError, account, deploy};
use testkit::Latencies;

use crate::report::{Report, table};
use crate::row::Row;
use crate::stacks::{PlannedBy, Stack, StackError};

/// The seed of the account.
pub const SEED: u64 = 1;
/// At most so many times the bound, or the best schedule that a search finds.
const BOUND: f64 = 1.05;
const SEARCH: f64 = 1.02;
/// At most so many times what another scheduler takes.
const RIVAL: f64 = 1.01;
/// How many schedules the search tries where the bound is out of reach.
const ROUNDS: usize = 3_000;

/// Of how many seeds the median is told, besides the one that is judged.
const SEEDS: u64 = 7;
/// The columns of the table.
const HEAD: [&str; 13] = [
    "stack",
    "resources",
    "bound",
    "by",
    "engine",
    "÷ bound",
    "of 7 seeds",
    "levels",
    "peer rule",
    "search",
    "÷ search",
    "longest chain",
    "waves",
];

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum MakespanError {
    /// A stack cannot be planned.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// A stack cannot be deployed.
    #[error("`{stack}`: {error}")]
    Run {
        /// Which stack.
        stack: &'static str,
        /// Why.
        error: RunError,
    },
}

/// What was found for one stack.
#[derive(Debug)]
pub struct Outcome {
    /// The job that the plan poses, with the draws of the account.
    pub job: Job,
    /// What no schedule beats.
    pub bound: Bound,
    /// The engine.
    pub deployed: Deployed,
    /// Level by level, at the engine's price, and free of charge.
    pub levels: [Micros; 2],
    /// The fastest peer's rule, likewise.
    pub peer: [Micros; 2],
    /// The best schedule that a search found, where the engine is not within reach of the bound.
    pub search: Option<Micros>,
}

impl Outcome {
    /// How long the engine took.
    pub fn engine(&self) -> f64 {
        self.deployed.took.as_secs_f64()
    }
}

/// Deploys one stack, and holds it against the others.
///
/// # Errors
/// [`RunError`] where it cannot be deployed.
pub fn measure(stack: &Stack, latencies: Latencies, seed: u64, rounds: usize) -> Result<Outcome, RunError> {
    let deployed = deploy(&stack.plan, seed, account(latencies))?;
    let job = Job::of(&stack.plan, |key| deployed.draws.get(key).copied().unwrap_or_default());
    let bound = bound(&job);
    let is_near = deployed.took.as_secs_f64() <= BOUND * seconds(bound.most());
    let search = (!is_near && rounds > 0).then(|| rivals::search(&job, rounds, seed));
    let both = |rule: fn(&Job, Pays) -> Micros| [Pays::AsTheEngine, Pays::Nothing].map(|pays| rule(&job, pays));
    Ok(Outcome { bound, levels: both(rivals::levels), peer: both(rivals::peer), search, job, deployed })
}

/// What of the table is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Only the stacks whose names contain this.
    pub only: Option<&'a str>,
    /// The seed of the account.
    pub seed: u64,
    /// How many schedules the search tries where the bound is out of reach.
    pub rounds: usize,
    /// Whether the chain that ended last is shown.
    pub traced: bool,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self { only: None, seed: SEED, rounds: ROUNDS, traced: false }
    }
}

/// The table of all stacks, or of those that are asked for.
///
/// # Errors
/// [`MakespanError`] where a stack cannot be planned or deployed.
pub fn run(asked: &Asked<'_>) -> Result<Report, MakespanError> {
    let Asked { only, seed, rounds, traced } = *asked;
    let mut report = Report { name: "makespan", text: String::new(), rows: Vec::new(), missed: Vec::new() };
    let is_asked_for = |stack: &Stack| only.is_none_or(|only| stack.name.contains(only));
    let stacks: Vec<Stack> = crate::stacks::all()?.into_iter().filter(is_asked_for).collect();
    let mut traces = String::new();
    report.text = format!(
        "Seconds of virtual time. *By*: whether the longest path or a limit makes the bound. *Search*: the shortest of {rounds} \
         schedules, where the engine is not within {BOUND} of the bound. *Of {SEEDS} seeds*: the median of engine ÷ bound. \
         *Longest chain*: resources. *Waves*: invocations.\n",
    );
    for (latencies, said) in [(Latencies::Drawn, "drawn"), (Latencies::Middle, "middle")] {
        let mut lines = Vec::new();
        for stack in &stacks {
            let outcome = measure(stack, latencies, seed, rounds)
                .map_err(|error| MakespanError::Run { stack: stack.name, error })?;
            hold(&mut report, &format!("{}, {said}", stack.name), &outcome);
            let median = (latencies == Latencies::Drawn).then(|| median(stack, seed)).transpose();
            let median = median.map_err(|error| MakespanError::Run { stack: stack.name, error })?;
            if let Some(median) = median {
                report.rows.push(Row::told(
                    format!("makespan/{}/median of {SEEDS} seeds", stack.name),
                    median,
                    "× bound",
                ));
            }
            lines.push(line(stack, &outcome, median));
            if traced {
                let chain = trace::last_chain(&stack.plan, &outcome.deployed);
                let limits = trace::limits(&stack.plan, &outcome.deployed);
                traces.push_str(&format!("\n{}, {said}: the chain that ended last\n\n{chain}\n{limits}", stack.name));
            }
        }
        let how = match latencies {
            Latencies::Drawn => format!("Every latency drawn from its range (seed {seed})"),
            Latencies::Middle | Latencies::None => "Every latency the middle of its range".to_owned(),
        };
        report.text.push_str(&format!("\n{how}:\n\n{}", table(&HEAD, &lines)));
    }
    report.text.push_str(&traces);
    Ok(report)
}

/// What the engine takes in the middle of [`SEEDS`] seeds from `first` on, as a part of each one's bound.
fn median(stack: &Stack, first: u64) -> Result<f64, RunError> {
    let ratio = |seed| {
        let outcome = measure(stack, Latencies::Drawn, seed, 0)?;
        Ok::<_, RunError>(outcome.engine() / seconds(outcome.bound.most()))
    };
    let mut ratios: Vec<f64> = (first..first + SEEDS).map(ratio).collect::<Result<_, _>>()?;
    ratios.sort_by(f64::total_cmp);
    Ok(ratios.get(ratios.len() / 2).copied().unwrap_or_default())
}

fn hold(report: &mut Report, stack: &str, outcome: &Outcome) {
    let (engine, most) = (outcome.engine(), seconds(outcome.bound.most()));
    let [levels, free_levels] = outcome.levels.map(seconds);
    let [peer, free_peer] = outcome.peer.map(seconds);
    report.rows.push(Row::held(format!("makespan/{stack}/engine"), engine, "s", most));
    report.rows.push(Row::held(format!("makespan/{stack}/levels"), levels, "s", most));
    report.rows.push(Row::held(format!("makespan/{stack}/peer rule"), peer, "s", most));
    report.rows.push(Row::held(format!("makespan/{stack}/levels, free of charge"), free_levels, "s", most));
    report.rows.push(Row::held(format!("makespan/{stack}/peer rule, free of charge"), free_peer, "s", most));
    let mut miss = |what: &str, than: f64, bar: f64| {
        report
            .missed
            .push(format!("{stack}: {engine:.2} s is {:.3} × {what} of {than:.2} s (bar {bar})", engine / than));
    };
    match outcome.search.map(seconds) {
        Some(search) if engine > SEARCH * search => {
            miss("the bound", most, BOUND);
            miss("the best schedule that the search found", search, SEARCH);
        }
        _ => {}
    }
    for (name, rival) in [("levels", levels), ("the peer's rule", peer)] {
        if engine > RIVAL * rival {
            miss(name, rival, RIVAL);
        }
    }
    let expected = seconds(rivals::expected(&outcome.job));
    report.rows.push(Row::held(format!("makespan/{stack}/longest path first, free of charge"), expected, "s", most));
    if let Some(search) = outcome.search.map(seconds) {
        report.rows.push(Row::held(format!("makespan/{stack}/against search"), engine, "s", search));
    }
}

fn line(stack: &Stack, outcome: &Outcome, median: Option<f64>) -> Vec<String> {
    let (engine, most) = (outcome.engine(), seconds(outcome.bound.most()));
    let by = if outcome.bound.path >= outcome.bound.limits { "path" } else { "limit" };
    let name = match stack.planned_by {
        PlannedBy::Planner => stack.name.to_owned(),
        PlannedBy::Hand => format!("{} †", stack.name),
    };
    let both = |[paying, free]: [Micros; 2]| format!("{:.2} ({:.2})", seconds(paying), seconds(free));
    vec![
        name,
        stack.plan.changes.len().to_string(),
        format!("{most:.2}"),
        by.to_owned(),
        format!("{engine:.2}"),
        format!("{:.3}", engine / most),
        median.map_or_else(String::new, |median| format!("{median:.3}")),
        both(outcome.levels),
        both(outcome.peer),
        outcome.search.map_or_else(String::new, |search| format!("{:.2}", seconds(search))),
        outcome.search.map_or_else(String::new, |search| format!("{:.3}", engine / seconds(search))),
        outcome.job.longest_chain().to_string(),
        outcome.deployed.invocations.to_string(),
    ]
}

fn seconds(micros: Micros) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests;
