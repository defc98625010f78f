//! `cargo xtask hunt`: random tests with ever new seeds, until one fails or the time is over.
//!
//! A gate draws the same cases each time. What happens once in some thousand cases is looked for here.

mod find;
mod random;

use std::num::NonZero;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Value, json};

use crate::console::Console;
use crate::error::XtaskError;
use random::Random;

/// Arguments of `cargo xtask hunt`.
#[derive(Args)]
pub(crate) struct Hunt {
    /// Only random tests whose package and name contain this; the simulator is `simulation`.
    filter: Option<String>,
    /// For how long. What runs when it is over is let run to its end.
    #[arg(long, value_name = "N", default_value = "10")]
    minutes: NonZero<u32>,
    /// The first seed; each round takes the next one. Otherwise the seconds of the clock, so that no hunt repeats another.
    #[arg(long, value_name = "S")]
    seed: Option<u32>,
    /// One JSON object for each random test, at the end.
    #[arg(long)]
    json: bool,
}

impl Hunt {
    /// Builds what draws, and runs all of it with one seed after the other, on every core.
    pub(crate) fn run(self) -> Result<(), XtaskError> {
        let mut tests = find::all()?;
        tests.retain(|test| self.filter.as_deref().is_none_or(|part| test.to_string().contains(part)));
        if tests.is_empty() {
            return Err(XtaskError::Usage("there is no random test of that name".to_owned()));
        }
        let console = if self.json { Console::silent() } else { Console::new() };
        let first = self.seed.unwrap_or_else(seconds_of_the_clock);
        let hunted = Hunted { tests: &tests, first, begun: AtomicUsize::new(0), is_over: AtomicBool::new(false) };
        let found = hunted.until(Instant::now() + Duration::from_secs(60) * self.minutes.get(), &console)?;
        console.finish();
        if self.json {
            (0..tests.len()).filter_map(|test| hunted.row(test, &found)).for_each(|row| println!("{row}"));
        } else {
            found.iter().for_each(|found| println!("{}", hunted.told(found)));
            println!("{}", hunted.line(found.len()));
        }
        if found.is_empty() { Ok(()) } else { Err(XtaskError::Shown) }
    }
}

/// A seed that no earlier hunt began with.
fn seconds_of_the_clock() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}

/// Rounds, each of which runs everything once with a seed of its own.
struct Hunted<'a> {
    tests: &'a [Random],
    first: u32,
    /// Runs that have begun, over all rounds.
    begun: AtomicUsize,
    is_over: AtomicBool,
}

/// A run that failed.
struct Found {
    /// Which of the tests.
    test: usize,
    seed: u32,
    /// The end of what it printed: a test that looks for a smaller case may say a million lines.
    said: String,
    /// What to type to see it again.
    replay: String,
}

/// How much of a failure is shown: the smallest case of a property has some hundred lines.
const LINES: usize = 500;

fn ending(said: &str) -> String {
    let lines: Vec<_> = said.trim_end().lines().collect();
    lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
}

/// What failed. Where nothing did, but something could not be run, that; with a find, the next hunt meets it again.
fn found(ends: Vec<Result<Option<Found>, XtaskError>>) -> Result<Vec<Found>, XtaskError> {
    let mut found = Vec::new();
    let mut all_ran = Ok(());
    for end in ends {
        match end {
            Ok(one) => found.extend(one),
            Err(error) => all_ran = all_ran.and(Err(error)),
        }
    }
    if found.is_empty() {
        all_ran?;
    }
    Ok(found)
}

impl Hunted<'_> {
    /// Goes on until the time is over or something fails, and returns what failed.
    fn until(&self, end: Instant, console: &Console) -> Result<Vec<Found>, XtaskError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let ends: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..cores).map(|_| scope.spawn(|| self.work(end, console))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|died| panic::resume_unwind(died))).collect()
        });
        found(ends)
    }

    fn work(&self, end: Instant, console: &Console) -> Result<Option<Found>, XtaskError> {
        while !self.is_over.load(Ordering::SeqCst) && Instant::now() < end {
            let run = self.begun.fetch_add(1, Ordering::SeqCst);
            let (test, seed) = (run % self.tests.len(), self.seed(run));
            let Some(random) = self.tests.get(test) else { break };
            if test == 0 {
                console.doing(&format!(
                    "seed {seed}, round {}: {} random tests",
                    run / self.tests.len() + 1,
                    self.tests.len()
                ));
            }
            let said = random.run(seed).inspect_err(|_| self.is_over.store(true, Ordering::SeqCst))?;
            if let Some(said) = said {
                self.is_over.store(true, Ordering::SeqCst);
                let replay = random.replay(seed, &said);
                return Ok(Some(Found { test, seed, said: ending(&said), replay }));
            }
        }
        Ok(None)
    }

    fn seed(&self, run: usize) -> u32 {
        let round = u32::try_from(run / self.tests.len()).unwrap_or(u32::MAX);
        self.first.wrapping_add(round)
    }

    /// With how many seeds one of the tests was run.
    fn seeds(&self, test: usize) -> usize {
        let begun = self.begun.load(Ordering::SeqCst);
        begun.saturating_sub(test).div_ceil(self.tests.len())
    }

    /// A failure, and how to see it again.
    fn told(&self, found: &Found) -> String {
        let Some(test) = self.tests.get(found.test) else { return String::new() };
        let Found { seed, said, replay, .. } = found;
        format!("{said}\n-- {test} fails with seed {seed}; the same again:\n{replay}")
    }

    fn line(&self, failed: usize) -> String {
        let (tests, rounds) = (self.tests.len(), self.seeds(0));
        format!("{tests} random tests, {rounds} seeds from {} on, {failed} failed", self.first)
    }

    fn row(&self, test: usize, found: &[Found]) -> Option<Value> {
        let random = self.tests.get(test)?;
        let found = found.iter().find(|found| found.test == test);
        Some(json!({
            "test": random.to_string(),
            "from": self.first,
            "seeds": self.seeds(test),
            "failed": found.map(|found| found.seed),
            "replay": found.map(|found| &found.replay),
            "said": found.map(|found| &found.said),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use clap::Parser;

    use super::random::What;
    use super::*;
    use crate::seed;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        hunt: Hunt,
    }

    fn typed(arguments: &[&str]) -> Option<Hunt> {
        Typed::try_parse_from([&["hunt"], arguments].concat()).map(|typed| typed.hunt).ok()
    }

    /// A program in place of a test.
    fn program(path: &str) -> Random {
        let what = What::Property { target: "--lib".to_owned(), test: "whatever".to_owned() };
        Random { package: "planner".to_owned(), what, program: path.into(), folder: "/".into() }
    }

    fn hunted(tests: &[Random]) -> Hunted<'_> {
        Hunted { tests, first: 40, begun: AtomicUsize::new(0), is_over: AtomicBool::new(false) }
    }

    #[test]
    fn a_hunt_takes_ten_minutes_and_seeds_of_its_own_unless_told() {
        let hunt = typed(&[]).unwrap();
        assert_eq!((hunt.minutes.get(), hunt.seed, hunt.filter), (10, None, None));
        let hunt = typed(&["--minutes", "1", "--seed", "7", "planner"]).unwrap();
        assert_eq!((hunt.minutes.get(), hunt.seed, hunt.filter.as_deref()), (1, Some(7), Some("planner")));
        assert!(typed(&["--minutes", "0"]).is_none());
        assert!(typed(&["--seed", "x"]).is_none());
    }

    #[test]
    fn each_round_runs_everything_with_the_next_seed() {
        let tests = [program("/a"), program("/b"), program("/c")];
        let hunted = hunted(&tests);
        assert_eq!([0, 2, 3, 8].map(|run| hunted.seed(run)), [40, 40, 41, 42]);
        hunted.begun.store(7, Ordering::SeqCst);
        assert_eq!([0, 1, 2].map(|test| hunted.seeds(test)), [3, 2, 2]);
        assert_eq!(hunted.line(0), "3 random tests, 3 seeds from 40 on, 0 failed");
    }

    #[test]
    fn nothing_is_begun_after_a_failure_and_what_failed_can_be_run_again() {
        let tests = [program("true"), program("false")];
        let hunted = hunted(&tests);
        let found = hunted.until(Instant::now() + Duration::from_secs(600), &Console::silent()).unwrap();
        let first = found.first().unwrap();
        assert_eq!(first.test, 1);
        let told = hunted.told(first);
        let last = told.lines().last().unwrap();
        let again = "cargo test -p planner --lib -- --exact whatever";
        assert_eq!(last, format!("{} {again}", seed::typed(first.seed)));
        let after = hunted.begun.load(Ordering::SeqCst);
        hunted.until(Instant::now() + Duration::from_secs(600), &Console::silent()).unwrap();
        assert_eq!(hunted.begun.load(Ordering::SeqCst), after);
        let rows = [0, 1].map(|test| hunted.row(test, &found).unwrap());
        assert_eq!(rows.each_ref().map(|row| row["failed"].as_u64()), [None, Some(u64::from(first.seed))]);
        assert_eq!(rows[1]["replay"], last);
    }

    #[test]
    fn of_a_long_failure_the_end_is_shown() {
        let said: String = (0..2 * LINES).map(|line| format!("{line}\n")).collect();
        let shown = ending(&said);
        assert_eq!((shown.lines().count(), shown.lines().last()), (LINES, Some("999")));
        assert_eq!(ending("short\n"), "short");
    }

    #[test]
    fn what_holds_is_run_until_the_time_is_over() {
        let tests = [program("true")];
        let hunted = hunted(&tests);
        let found = hunted.until(Instant::now() + Duration::from_millis(50), &Console::silent()).unwrap();
        assert!(found.is_empty() && hunted.seeds(0) > 0);
    }

    #[test]
    fn a_find_is_told_also_where_another_program_could_not_be_started() {
        let broken = || Err(XtaskError::Program("/no/such/program".to_owned()));
        let find = || Ok(Some(Found { test: 0, seed: 7, said: String::new(), replay: String::new() }));
        for ends in [vec![broken(), find(), Ok(None)], vec![Ok(None), find(), broken()]] {
            let seeds: Vec<_> = found(ends).unwrap().iter().map(|found| found.seed).collect();
            assert_eq!(seeds, [7]);
        }
        assert!(found(vec![Ok(None), broken()]).is_err());
    }

    #[test]
    fn a_program_that_is_not_there_ends_the_hunt() {
        let tests = [program("/no/such/program")];
        assert!(hunted(&tests).until(Instant::now() + Duration::from_secs(600), &Console::silent()).is_err());
    }
}
