//! Aliases that go to another version in steps: when they do what, what an alarm ends, and what a crash or a cancellation
//! leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on ends here"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use model::{Event, Presence, ResourceKey, Retention, Shift, ShiftStep};
use serde_json::{Value, json};
use simulation::stack::{Stack, address, arn, to};
use simulation::{Deployed, Machine, Wish, picture};
use testkit::{Fault, Moment, Options, Script, World};

/// A function behind an alias, published as `code`, shifted in steps of a minute that an alarm watches.
fn agent(code: &str, percents: &[u8]) -> Stack {
    let mut stack = Stack::new()
        .with("Alarm", "AWS::CloudWatch::Alarm", json!({ "AlarmName": "errors", "Dimensions": to("Function") }))
        .with("Function", "AWS::Lambda::Function", json!({ "Handler": code }))
        .with("Version", "AWS::Lambda::Version", json!({ "FunctionName": to("Function"), "CodeSha256": code }))
        .with(
            "Alias",
            "AWS::Lambda::Alias",
            json!({ "FunctionName": to("Function"), "FunctionVersion": arn("Version"), "Name": "live" }),
        );
    let steps = percents.iter().map(|percent| ShiftStep { percent: *percent, seconds: 60 }).collect();
    stack.0.resources.get_mut(&address("Version")).unwrap().retention = Retention::RetainReplaced;
    let alias = stack.0.resources.get_mut(&address("Alias")).unwrap();
    alias.depends_on.insert(address("Alarm"));
    alias.shift = Some(Shift { steps, alarms: vec![to("Alarm")] });
    stack
}

/// A machine whose environment has the first code.
fn deployed(options: Options) -> Machine {
    let world = World::new(7, options);
    world.keep_log();
    let mut machine = Machine::new(&world);
    machine.undoes = true;
    assert_eq!(machine.deploy("d1", &agent("1", &[20, 60]).0), Ok(Deployed::Done));
    machine.drain();
    machine
}

fn alias() -> ResourceKey {
    "a/Alias@1".parse().unwrap()
}

/// What the alias is in the account: its version, and another one with its weight.
fn routed(machine: &Machine) -> (String, Option<(String, f64)>) {
    let things = machine.world.things_of(&alias());
    assert_eq!(things.len(), 1);
    weights(&things[0].properties.to_value())
}

fn weights(alias: &Value) -> (String, Option<(String, f64)>) {
    let weights = &alias["RoutingConfig"]["AdditionalVersionWeights"][0];
    let second = weights["FunctionVersion"].as_str().map(|version| {
        let weight = weights["FunctionWeight"].as_f64().unwrap();
        (version.to_owned(), weight)
    });
    (alias["FunctionVersion"].as_str().unwrap().to_owned(), second)
}

/// The ARNs of the first version and of the newest.
fn versions(machine: &Machine) -> (String, String) {
    let arn = |generation: u32| {
        let key = format!("a/Version@{generation}").parse().unwrap();
        machine.world.things_of(&key).first().map(|thing| format!("arn:sim:{}:{}", thing.kind, thing.id))
    };
    (arn(1).unwrap(), arn(2).unwrap_or_default())
}

/// When the alias was made what, in whole seconds since the first time: its weight for the new version, 0 for none.
fn history(machine: &Machine, since: usize) -> Vec<(u64, f64)> {
    let is_alias = |line: &&String| line.contains("AWS::Lambda::Alias `");
    let log = machine.world.log();
    let made = log.iter().skip(since).filter(is_alias).map(|line| {
        let value: Value = serde_json::from_str(line.split_once(" is ").unwrap().1).unwrap();
        let at = line.trim().split_once(' ').unwrap().0;
        let seconds = at.strip_suffix('s').and_then(|at| at.parse::<f64>().ok()).unwrap_or_else(|| panic!("{at}"));
        (seconds, weights(&value).1.map_or(0.0, |(_, weight)| weight))
    });
    let made: Vec<_> = made.collect();
    let first = made.first().map_or(0.0, |(at, _)| *at);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few minutes")]
    made.iter().map(|(at, weight)| ((at - first).round() as u64, *weight)).collect()
}

/// The record and the account agree, and nothing is open.
fn is_true(machine: &Machine) {
    let truth = machine.world.truth();
    let recorded = &truth.recorded.resources[&alias()];
    let things = machine.world.things_of(&alias());
    assert_eq!(recorded.sent, things[0].properties, "the record says what the alias is");
}

#[test]
fn the_steps_happen_in_their_time_and_all_calls_go_over_in_the_end() {
    let mut machine = deployed(Options::real());
    let since = machine.world.log().len();
    let begun = machine.world.time().elapsed();
    assert_eq!(machine.deploy("d2", &agent("2", &[20, 60]).0), Ok(Deployed::Done));
    let history = history(&machine, since);
    assert_eq!(history.iter().map(|(_, weight)| *weight).collect::<Vec<_>>(), [0.2, 0.6, 0.0], "{history:?}");
    for ((at, _), expected) in history.iter().zip([0, 60, 120]) {
        assert!((expected..=expected + 3).contains(at), "{history:?}");
    }
    let took = machine.world.time().elapsed() - begun;
    assert!((120..150).contains(&took.as_secs()), "{took:?}");
    let (_, new) = versions(&machine);
    assert_eq!(routed(&machine), (new, None));
    is_true(&machine);
    let truth = machine.world.truth();
    let told = truth.journals[&"d2".into()].iter().filter_map(|entry| match &entry.event {
        Event::Awaiting { what } if entry.change == alias() => Some(what.split(" arn").next().unwrap().to_owned()),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ["20 % of the calls go to version", "60 % of the calls go to version"]);
    let retired: Vec<_> = truth.recorded.resources.keys().map(ToString::to_string).collect();
    assert!(!retired.contains(&"a/Version@1".to_owned()), "the old version is let go of afterwards: {retired:?}");
}

#[test]
fn the_state_machine_waits_and_no_function_runs_for_minutes() {
    let mut machine = deployed(Options::real());
    let before = machine.invocations();
    assert_eq!(machine.deploy("d2", &agent("2", &[20, 60]).0), Ok(Deployed::Done));
    let waves = machine.invocations() - before;
    assert!((4..=7).contains(&waves), "one look each half minute: {waves}");
}

#[test]
fn an_alarm_that_goes_off_leads_all_calls_back() {
    for (after, weight) in [(40, 0.2), (100, 0.6)] {
        let mut machine = deployed(Options::real());
        let (since, stood) = (machine.world.log().len(), routed(&machine));
        machine.world.goes_off("errors", Duration::from_secs(after));
        let end = machine.deploy("d2", &agent("2", &[20, 60]).0);
        machine.drain();
        let Ok(Deployed::RolledBack(causes)) = end else { panic!("{end:?}") };
        assert_eq!(causes.len(), 1);
        let message = "the alarm `errors` went off while calls were led to the new version: 3 errors in 5 minutes";
        assert!(causes[0].message.contains(message), "{causes:?}");
        assert_eq!(causes[0].help, "the agent's log group has what went wrong: mend the agent, then deploy again");
        let history = history(&machine, since);
        let (last, before) = (history[history.len() - 1], history[history.len() - 2]);
        assert_eq!((last.1, before.1), (0.0, weight), "{history:?}");
        assert!(last.0 <= after + 35, "it is noticed within half a minute: {history:?}");
        assert_eq!(routed(&machine), stood, "the old version has all calls again");
        is_true(&machine);
    }
}

#[test]
fn an_alarm_that_was_on_before_does_not_keep_the_agent_from_being_mended() {
    let mut machine = deployed(Options::real());
    machine.world.goes_off("errors", Duration::ZERO);
    machine.world.pass(Duration::from_secs(60));
    assert_eq!(machine.deploy("d2", &agent("2", &[20, 60]).0), Ok(Deployed::Done));
}

#[test]
fn whatever_happens_to_any_call_of_a_shift_it_ends_the_same() {
    let undisturbed = deployed(Options::quick());
    let mut whole = undisturbed.fork(Script::default());
    assert_eq!(whole.deploy("d2", &agent("2", &[20, 60]).0), Ok(Deployed::Done));
    whole.drain();
    let calls = whole.world.calls();
    let mut points = 0;
    let frozen = Fault::Stall(Moment::Before, Duration::from_secs(90));
    let crash = [Moment::Before, Moment::Underway, Moment::After].map(Fault::Crash);
    for fault in crash.into_iter().chain([frozen, Fault::ErrorAfter, Fault::Lost]) {
        for call in 1..=calls {
            let script = Script::one(call, fault);
            let mut machine = undisturbed.fork(script);
            machine.world.keep_log();
            let end = machine.deploy("d2", &agent("2", &[20, 60]).0);
            machine.drain();
            let log = || machine.world.log().join("\n");
            assert_eq!(end, Ok(Deployed::Done), "{fault:?} {call}\n{}", log());
            assert_eq!(picture(&machine), picture(&whole), "{fault:?} {call}\n{}", log());
            let weights: Vec<_> = history(&machine, 0).iter().map(|(_, weight)| *weight).collect();
            let mut steps = weights.clone();
            steps.dedup();
            assert!(steps.ends_with(&[0.0]) && !steps[..steps.len() - 1].contains(&0.0), "{fault:?} {call}: {steps:?}");
            assert!(steps.is_sorted_by_key(|weight| if *weight == 0.0 { 1.0 } else { *weight }), "{weights:?}");
            is_true(&machine);
            points += 1;
        }
    }
    println!("{points} faults");
}

#[test]
fn a_crash_while_an_alarm_is_on_leads_back_all_the_same() {
    let undisturbed = deployed(Options::quick());
    undisturbed.world.goes_off("errors", Duration::from_secs(40));
    let stood = routed(&undisturbed);
    let mut whole = undisturbed.fork(Script::default());
    assert!(matches!(whole.deploy("d2", &agent("2", &[20, 60]).0), Ok(Deployed::RolledBack(_))));
    let calls = whole.world.calls();
    let mut late = 0;
    for moment in [Moment::Before, Moment::After] {
        for call in 1..=calls {
            let script = Script::one(call, Fault::Crash(moment));
            let mut machine = undisturbed.fork(script);
            let end = machine.deploy("d2", &agent("2", &[20, 60]).0);
            machine.drain();
            match end {
                Ok(Deployed::RolledBack(_)) => assert_eq!(routed(&machine), stood, "{moment:?} {call}"),
                // The alarm was on before calls were led over at all: it says nothing of the new version.
                Ok(Deployed::Done) => {
                    let (_, new) = versions(&machine);
                    assert_eq!(routed(&machine), (new, None), "{moment:?} {call}");
                    late += 1;
                }
                other => panic!("{moment:?} {call}: {other:?}"),
            }
            is_true(&machine);
        }
    }
    assert!(late < calls, "most go back: {late} of {}", calls * 2);
}

#[test]
fn what_is_cancelled_stays_where_it_is_and_is_recorded_so() {
    for (after, weight) in [(40, 0.2), (100, 0.6)] {
        let mut machine = deployed(Options::real());
        let (stood, snapshot) = (routed(&machine), machine.stands.clone());
        machine.cancels = Some(Duration::from_secs(after));
        assert_eq!(machine.deploy("d2", &agent("2", &[20, 60]).0), Ok(Deployed::Cancelled));
        machine.drain();
        let (old, new) = versions(&machine);
        assert_eq!(routed(&machine), (old, Some((new.clone(), weight))));
        is_true(&machine);
        assert_eq!(machine.world.truth().recorded.resources[&alias()].presence, Presence::Incomplete);

        let mut back = machine.fork(Script::default());
        let end = back.carry_out("d3", Wish::Rollback(&snapshot, &BTreeSet::new()));
        assert_eq!(end, Ok(Deployed::Done));
        assert_eq!(routed(&back), stood, "going back leads all calls back");
        is_true(&back);

        machine.world.keep_log();
        let since = machine.world.log().len();
        assert_eq!(machine.deploy("d4", &agent("2", &[20, 60]).0), Ok(Deployed::Done));
        assert_eq!(routed(&machine), (new, None), "and going on leads them over");
        let weights: Vec<_> = history(&machine, since).iter().map(|(_, weight)| *weight).collect();
        assert_eq!(weights, [0.2, 0.6, 0.0], "in the steps of the new deployment");
        is_true(&machine);
    }
}

#[test]
fn a_version_that_cannot_be_reached_leads_all_calls_back() {
    let mut machine = deployed(Options::real());
    let stood = routed(&machine);
    machine.relents = true;
    machine.world.account().refuse(&alias(), schema::Call::Update);
    let end = machine.deploy("d2", &agent("2", &[20, 60]).0);
    machine.drain();
    assert!(matches!(end, Ok(Deployed::RolledBack(_))), "{end:?}");
    assert_eq!(routed(&machine), stood);
}
