//! Every call of every port, one after the other: the process dies there, and again at every call of what goes on; or it
//! freezes there, and wakes when everything is over.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on ends here"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use simulation::each::each;
use simulation::scenarios::scenarios;
use simulation::{Deployed, Machine, Scenario, Stack, hold};
use testkit::{Fault, Moment, Options, Script, World};

/// What lands late has landed by then.
const LANDED: Duration = Duration::from_secs(15);

/// Longer than any deployment here takes, reaps included.
const LONG: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A copy of a world can be prepared once and shared by threads; a machine cannot.
struct Prepared {
    scenario: Scenario,
    calls: usize,
    picture: Vec<String>,
}

thread_local! {
    static MACHINES: std::cell::RefCell<std::collections::BTreeMap<&'static str, Machine>> = Default::default();
}

impl Prepared {
    fn of(scenario: Scenario) -> Result<Self, String> {
        let undisturbed = scenario.prepared().and_then(|machine| scenario.undisturbed(&machine));
        let undisturbed = undisturbed.map_err(|why| format!("{}, undisturbed: {why}", scenario.name))?;
        Ok(Self { calls: undisturbed.calls, picture: undisturbed.picture, scenario })
    }

    fn fork(&self, script: Script) -> Machine {
        MACHINES.with_borrow_mut(|machines| {
            let prepared = machines.entry(self.scenario.name);
            let machine = prepared.or_insert_with(|| self.scenario.prepared().unwrap()).fork(script);
            if std::env::var_os("SIMULATION_LOG").is_some() {
                machine.world.keep_log();
            }
            machine
        })
    }

    fn is_the_same(&self, machine: &mut Machine, deployment: &str, what: &str) -> Result<(), String> {
        let name = self.scenario.name;
        let failed = |why: String, machine: &Machine| {
            let log = machine.world.log().join("\n    ");
            Err(format!("{name}, {what}: {why}\n    {log}"))
        };
        match self.scenario.finish_as(machine, deployment) {
            Err(why) => failed(why, machine),
            Ok(finished) if finished.picture != self.picture => {
                failed(format!("{:#?} and not {:#?}", finished.picture, self.picture), machine)
            }
            Ok(_) => Ok(()),
        }
    }
}

fn moments(at: usize) -> (usize, Moment) {
    (at / Moment::ALL.len() + 1, Moment::ALL[at % Moment::ALL.len()])
}

/// What was covered, and what failed.
#[derive(Default)]
struct Tally {
    points: usize,
    runs: usize,
    failed: Vec<String>,
}

impl Tally {
    fn prepare(&mut self, scenario: Scenario) -> Option<Prepared> {
        let prepared = Prepared::of(scenario);
        prepared
            .map_err(|why| {
                println!("  {why}");
                self.failed.push(why);
            })
            .ok()
    }

    fn add(
        &mut self,
        what: &str,
        prepared: &Prepared,
        points: usize,
        (runs, failed): (usize, Vec<String>),
        began: Instant,
    ) {
        let (name, calls) = (prepared.scenario.name, prepared.calls);
        println!("{what}: {name}: {calls} calls, {points} points, {runs} runs, {:.1?}", began.elapsed());
        failed.iter().take(5).for_each(|why| println!("  {why}"));
        if failed.is_empty() {
            assert_eq!(points, calls * Moment::ALL.len(), "every call of the undisturbed run was a point");
        }
        self.points += points;
        self.runs += runs;
        self.failed.extend(failed);
    }

    fn close(self, what: &str) {
        // Past the capture of tests that pass: how much was covered is part of the result.
        let said = format!("{what}: {} points, {} runs, {} failed\n", self.points, self.runs, self.failed.len());
        std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).unwrap();
        assert!(self.failed.is_empty(), "look at what happened with `SIMULATION_LOG=1`: {}", self.failed[0]);
    }
}

#[test]
fn a_process_that_dies_at_any_call_and_again_at_any_call_of_the_next_is_resumed_to_the_same_end() {
    let mut tally = Tally::default();
    for scenario in scenarios() {
        let began = Instant::now();
        let Some(prepared) = tally.prepare(scenario) else { continue };
        let points = AtomicUsize::new(0);
        let done = each(prepared.calls * Moment::ALL.len(), |at| {
            let (call, moment) = moments(at);
            let mut dead = prepared.fork(Script::one(call, Fault::Crash(moment)));
            if !prepared.scenario.abandoned(&mut dead)? {
                return Err(format!("{}: nobody died at call {call}", prepared.scenario.name));
            }
            dead.world.pass(LANDED);
            let first = format!("died {moment:?} call {call}");
            let mut resumed = dead.fork(Script::default());
            prepared.is_the_same(&mut resumed, "d", &first)?;
            points.fetch_add(1, Ordering::SeqCst);
            let mut runs = 1;
            for again in 1..=resumed.world.calls() {
                for moment in [Moment::Before, Moment::After] {
                    let mut machine = dead.fork(Script::one(again, Fault::Crash(moment)));
                    prepared.is_the_same(&mut machine, "d", &format!("{first}, then {moment:?} call {again}"))?;
                    runs += 1;
                }
            }
            Ok(runs)
        });
        tally.add("dies twice", &prepared, points.into_inner(), done, began);
    }
    tally.close("dies, and again at every call of the next");
}

#[test]
fn a_process_that_dies_at_any_call_is_carried_on_by_another_deployment_to_the_same_end() {
    let mut tally = Tally::default();
    for scenario in scenarios() {
        let began = Instant::now();
        let Some(prepared) = tally.prepare(scenario) else { continue };
        let done = each(prepared.calls * Moment::ALL.len(), |at| {
            let (call, moment) = moments(at);
            let mut machine = prepared.fork(Script::one(call, Fault::Crash(moment)));
            prepared.scenario.abandoned(&mut machine)?;
            machine.forget_plan();
            prepared.is_the_same(&mut machine, "e", &format!("died {moment:?} call {call}, another goes on"))?;
            Ok(1)
        });
        tally.add("dies, another goes on", &prepared, done.0, done, began);
    }
    tally.close("dies, and another deployment goes on");
}

#[test]
fn a_process_that_freezes_at_any_call_and_wakes_when_its_successor_is_done_changes_nothing() {
    let mut tally = Tally::default();
    for scenario in scenarios() {
        for successor in ["d", "e"] {
            let began = Instant::now();
            let Some(prepared) = tally.prepare(scenario.clone()) else { continue };
            let done = each(prepared.calls * Moment::ALL.len(), |at| {
                let (call, moment) = moments(at);
                let mut machine = prepared.fork(Script::one(call, Fault::Stall(moment, LONG)));
                if !prepared.scenario.abandoned(&mut machine)? {
                    return Err(format!("{}: nobody froze at call {call}", prepared.scenario.name));
                }
                if successor == "e" {
                    machine.forget_plan();
                }
                prepared.is_the_same(
                    &mut machine,
                    successor,
                    &format!("froze {moment:?} call {call}, {successor} goes on"),
                )?;
                Ok(1)
            });
            tally.add("freezes", &prepared, done.0, done, began);
        }
    }
    tally.close("freezes, and wakes when its successor is done");
}

#[test]
fn a_process_that_freezes_while_it_waits_looks_again_before_it_gives_up() {
    let table = |key: &str| {
        Stack::new().with("Table", "AWS::DynamoDB::Table", json!({ "TableName": "orders", "KeySchema": key }))
    };
    let mut prepared = Machine::new(&World::new(1, Options::real()));
    assert_eq!(prepared.deploy("before", &table("id").0), Ok(Deployed::Done));
    let mut undisturbed = prepared.fork(Script::default());
    undisturbed.world.keep_log();
    assert_eq!(undisturbed.deploy("d", &table("other").0), Ok(Deployed::Done));
    let log = undisturbed.world.log();
    let number = |line: &String| line.split_whitespace().nth(1)?.parse().ok();
    let told = log.iter().skip_while(|line| !line.contains(" delete "));
    let looks: Vec<usize> =
        told.filter(|line| line.contains(" read ") || line.contains(" settle ")).filter_map(number).collect();
    assert!(looks.len() > 10, "{log:#?}");
    for (call, moment) in looks.into_iter().flat_map(|call| Moment::ALL.map(|moment| (call, moment))) {
        let mut machine = prepared.fork(Script::one(call, Fault::Stall(moment, Duration::from_secs(2_000))));
        machine.waits_for_frozen = true;
        machine.world.keep_log();
        let end = machine.deploy("d", &table("other").0);
        assert_eq!(end, Ok(Deployed::Done), "froze {moment:?} call {call}\n{}", machine.world.log().join("\n"));
        assert_eq!(hold(&machine, &table("other").0), [], "froze {moment:?} call {call}");
    }
}
