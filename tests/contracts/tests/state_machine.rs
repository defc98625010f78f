//! The state machine and the functions understand each other, and nothing in the flow is a dead end.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot read its document has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use contracts::template;
use serde_json::Value;
use step::StepError;

/// Errors of AWS itself: States.*, the Lambda integration's, and what the Lambda service reports for a process that died or
/// ran out of time ("Handling error conditions in Step Functions", AWS Step Functions developer guide).
const AWS_ERRORS: [&str; 10] = [
    "States.ALL",
    "States.DataLimitExceeded",
    "States.Timeout",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
];
/// The newer name of a function's own time-out.
const TIMED_OUT: &str = "Sandbox.Timedout";

/// What each step may answer, by the choice that reads it.
const VERDICTS: [(&str, &[&str]); 3] = [
    ("Claimed", &["claimed", "enqueued", "gone"]),
    ("Planned", &["changes", "unchanged", "refused", "failed"]),
    ("Waved", &["more", "wait", "replan", "hand-over", "cancelled", "failed", "done"]),
];

fn machine() -> Value {
    let path = template::repository().join("statemachine/deploy.asl.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn states(machine: &Value) -> BTreeMap<&str, &Value> {
    machine["States"].as_object().unwrap().iter().map(|(name, state)| (name.as_str(), state)).collect()
}

fn tasks<'m>(states: &BTreeMap<&'m str, &'m Value>) -> Vec<(&'m str, &'m Value)> {
    states.iter().filter(|(_, state)| state["Type"] == "Task").map(|(name, state)| (*name, *state)).collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn named_errors(machine: &Value) -> BTreeSet<String> {
    let states = states(machine);
    let handlers = states.values().flat_map(|state| array(&state["Retry"]).iter().chain(array(&state["Catch"])));
    handlers.flat_map(|handler| array(&handler["ErrorEquals"])).map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_error_named_is_a_step_error_or_one_of_aws() {
    for name in named_errors(&machine()) {
        let name = name.as_str();
        assert!(StepError::NAMES.contains(&name) || AWS_ERRORS.contains(&name) || name == TIMED_OUT, "{name}");
    }
}

#[test]
fn every_step_error_is_named_by_every_task() {
    let machine = machine();
    for (task, state) in tasks(&states(&machine)) {
        for error in StepError::NAMES {
            let named = array(&state["Retry"]).iter().any(|retry| array(&retry["ErrorEquals"]).contains(&error.into()));
            assert!(named, "{task} says nothing of {error}");
        }
    }
}

#[test]
fn every_state_can_be_reached_and_says_what_it_is_for() {
    let machine = machine();
    let states = states(&machine);
    let mut reached = BTreeSet::new();
    let mut ahead = vec![machine["StartAt"].as_str().unwrap()];
    while let Some(name) = ahead.pop() {
        if !reached.insert(name) {
            continue;
        }
        let state = states[name];
        assert!(state["Comment"].as_str().is_some_and(|comment| comment.len() > 20), "{name} has no comment");
        let onward = [&state["Next"], &state["Default"]].into_iter();
        let choices = array(&state["Choices"]).iter().chain(array(&state["Catch"])).map(|branch| &branch["Next"]);
        let onward: Vec<_> = onward.chain(choices).filter_map(Value::as_str).collect();
        let ends = state["End"] == true || state["Type"] == "Succeed";
        assert_eq!(ends, onward.is_empty(), "{name} leads nowhere, or on after its end");
        ahead.extend(onward);
    }
    assert_eq!(reached, states.keys().copied().collect());
}

#[test]
fn every_verdict_is_understood_and_any_other_is_a_failure() {
    let machine = machine();
    let states = states(&machine);
    for (choice, verdicts) in VERDICTS {
        let known: BTreeSet<_> =
            array(&states[choice]["Choices"]).iter().map(|branch| branch["StringEquals"].as_str().unwrap()).collect();
        assert_eq!(known, verdicts.iter().copied().collect(), "{choice}");
        assert_eq!(states[choice]["Default"], "Misunderstood");
    }
}

#[test]
fn a_deployment_of_one_wave_takes_at_most_eight_transitions() {
    let machine = machine();
    let states = states(&machine);
    let mut verdicts = ["claimed", "changes", "done"].into_iter();
    let mut passed = Vec::new();
    let mut next = machine["StartAt"].as_str();
    while let Some(name) = next {
        passed.push(name);
        let state = states[name];
        next = if state["Type"] == "Choice" {
            let verdict = verdicts.next().unwrap();
            let taken = array(&state["Choices"]).iter().find(|branch| branch["StringEquals"] == verdict);
            taken.unwrap()["Next"].as_str()
        } else {
            state["Next"].as_str()
        };
    }
    assert_eq!(passed, ["Enter", "Claimed", "Plan", "Planned", "ProvisionWave", "Waved", "Conclude"]);
    assert!(passed.len() <= 8);
}

#[test]
fn whatever_goes_wrong_in_a_step_is_concluded() {
    let machine = machine();
    for (name, state) in tasks(&states(&machine)) {
        if name == "Conclude" {
            assert!(state["Catch"].is_null(), "what would conclude a failing Conclude?");
            continue;
        }
        let caught: Vec<_> = array(&state["Catch"]).iter().map(|catch| &catch["ErrorEquals"]).collect();
        // `States.ALL` must stand alone and last, and does not catch the other.
        assert_eq!(caught, [&serde_json::json!(["States.DataLimitExceeded"]), &serde_json::json!(["States.ALL"])]);
        for catch in array(&state["Catch"]) {
            assert_eq!((&catch["Next"], &catch["ResultPath"]), (&"Failed".into(), &"$.error".into()), "{name}");
        }
    }
    let failed = &machine["States"]["Failed"];
    assert_eq!((&failed["Result"], &failed["ResultPath"]), (&"failed".into(), &"$.verdict".into()));
    assert_eq!(failed["Next"], "Conclude");
}

#[test]
fn a_dead_wave_is_retried_for_longer_than_any_lease() {
    let (machine, engine) = (machine(), template::engine().unwrap());
    let most = |parameter: &str| engine["Parameters"][parameter]["MaxValue"].as_f64().unwrap();
    for (name, state) in tasks(&states(&machine)) {
        for error in ["LeaseLost", "Lambda.Unknown", "Runtime.ExitError", TIMED_OUT, "States.Timeout"] {
            let retry =
                array(&state["Retry"]).iter().find(|retry| array(&retry["ErrorEquals"]).contains(&error.into()));
            let retry = retry.unwrap_or_else(|| panic!("{name} does not retry {error}"));
            assert_eq!(retry["JitterStrategy"], "NONE", "with jitter the sum would be a matter of luck");
            let mut wait = retry["IntervalSeconds"].as_f64().unwrap();
            let mut total = 0.0;
            for _ in 0..retry["MaxAttempts"].as_u64().unwrap() {
                total += wait;
                wait = (wait * retry["BackoffRate"].as_f64().unwrap()).min(retry["MaxDelaySeconds"].as_f64().unwrap());
            }
            assert!(total > most("LeaseSeconds") + most("CallSeconds"), "{name}: {error} for {total} s");
        }
    }
}

#[test]
fn a_step_never_times_out_before_its_function() {
    let (machine, engine) = (machine(), template::engine().unwrap());
    for (name, state) in tasks(&states(&machine)) {
        let function = state["Parameters"]["FunctionName"].as_str().unwrap();
        let function = function.trim_start_matches("${").trim_end_matches('}');
        let timeout = engine["Resources"][function]["Properties"]["Timeout"].as_u64().unwrap();
        assert!(state["TimeoutSeconds"].as_u64().unwrap() > timeout, "{name}");
    }
}

#[test]
fn a_slice_and_its_last_calls_fit_into_the_function() {
    let engine = template::engine().unwrap();
    let most = |parameter: &str| engine["Parameters"][parameter]["MaxValue"].as_u64().unwrap();
    let timeout = engine["Resources"]["ProvisionWaveFunction"]["Properties"]["Timeout"].as_u64().unwrap();
    assert!(most("SliceSeconds") + most("CallSeconds") < timeout);
}

#[test]
fn each_task_says_which_step_it_is_and_in_which_execution() {
    let machine = machine();
    let steps = [
        ("Enter", "enter"),
        ("Plan", "plan"),
        ("ProvisionWave", "wave"),
        ("HandOver", "hand-over"),
        ("Conclude", "conclude"),
    ];
    let found = states(&machine);
    assert_eq!(tasks(&found).len(), steps.len());
    for (name, step) in steps {
        let payload = found[name]["Parameters"]["Payload.$"].as_str().unwrap();
        assert_eq!(
            payload,
            format!(
                r#"States.JsonMerge($, States.StringToJson(States.Format('\{{"step":"{step}","execution":"{{}}"\}}', $$.Execution.Name)), false)"#
            )
        );
        assert_eq!(found[name]["OutputPath"], "$.Payload");
    }
}

#[test]
fn the_template_fills_in_every_function_and_no_other() {
    let (machine, engine) = (machine(), template::engine().unwrap());
    let filled = engine["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"].as_object().unwrap();
    let named: BTreeSet<_> = tasks(&states(&machine))
        .iter()
        .map(|(_, task)| task["Parameters"]["FunctionName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, filled.keys().map(|name| format!("${{{name}}}")).collect());
}

/// Events that each kind of state writes into the history of its execution, the calls of a function included (AWS Step
/// Functions API reference, `HistoryEvent`): a task is entered, scheduled, started, succeeds and is exited; anything else is
/// entered and exited.
fn events(state: &Value) -> u64 {
    if state["Type"] == "Task" { 5 } else { 2 }
}

#[test]
fn an_execution_hands_over_before_its_history_is_full() {
    const HISTORY: u64 = 20_000;
    const RETRY: u64 = 3;
    let (machine, engine) = (machine(), template::engine().unwrap());
    let states = states(&machine);
    let sum = |names: &[&str]| names.iter().map(|name| events(states[name])).sum::<u64>();
    assert_eq!(sum(&["ProvisionWave", "Waved", "Wait"]), 9);
    let longest = sum(&["ProvisionWave", "Waved", "Wait", "Plan", "Planned"]);
    assert_eq!(longest, 16, "where every wave asks for another plan");
    let waves = &engine["Parameters"]["WavesPerExecution"];
    assert!(waves["Default"].as_u64() <= waves["MaxValue"].as_u64());
    let most = waves["MaxValue"].as_u64().unwrap() * longest + sum(&["Enter", "Claimed", "HandOver", "Elsewhere"]);
    assert!((HISTORY - most) / RETRY > 1_000, "there is room for a thousand tries that fail: {most}");
}

#[test]
fn a_hand_over_ends_the_execution_without_concluding_the_deployment() {
    let machine = machine();
    let states = states(&machine);
    let branch = array(&states["Waved"]["Choices"]).iter().find(|branch| branch["StringEquals"] == "hand-over");
    assert_eq!(branch.unwrap()["Next"], "HandOver");
    assert_eq!(states["HandOver"]["Next"], "Elsewhere");
    assert_eq!(states["HandOver"]["Parameters"]["FunctionName"], "${ConcludeFunction}");
    assert_eq!(states["Elsewhere"]["Type"], "Succeed");
}

#[test]
fn what_is_cancelled_is_concluded() {
    let machine = machine();
    let states = states(&machine);
    let branch = array(&states["Waved"]["Choices"]).iter().find(|branch| branch["StringEquals"] == "cancelled");
    assert_eq!(branch.unwrap()["Next"], "Conclude");
}
