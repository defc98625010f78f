//! The state machine and the functions understand each other, and nothing in the flow is a dead end.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot read its document has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use contracts::template;
use serde_json::{Value, json};
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
const VERDICTS: [(&str, &[&str]); 7] = [
    ("Claimed", &["claimed", "observe", "back", "enqueued", "gone", "refused"]),
    ("Observed", &["observed", "refused"]),
    ("Planned", &["changes", "unchanged", "refused", "failed", "approval"]),
    ("Decided", &["approved", "denied", "gone"]),
    ("Waved", &["more", "wait", "replan", "hand-over", "cancelled", "failed", "check", "done"]),
    ("Gated", &["done", "wait", "failed", "cancelled"]),
    ("Undone", &["changes", "unchanged", "refused", "failed", "approval"]),
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

/// The verdict that a branch of a choice is for; where it asks for more, that of its first part.
fn verdict(branch: &Value) -> &str {
    let first = array(&branch["And"]).first().unwrap_or(branch);
    assert!(["$.verdict", "$.decision.verdict"].contains(&first["Variable"].as_str().unwrap()), "{first}");
    first["StringEquals"].as_str().unwrap()
}

/// Where each branch for `wanted` leads, in their order.
fn leads(choice: &Value, wanted: &str) -> Vec<String> {
    let branches = array(&choice["Choices"]).iter().filter(|branch| verdict(branch) == wanted);
    branches.map(|branch| branch["Next"].as_str().unwrap().to_owned()).collect()
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
        let ends = state["End"] == true || state["Type"] == "Succeed" || state["Type"] == "Fail";
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
        let known: BTreeSet<_> = array(&states[choice]["Choices"]).iter().map(verdict).collect();
        assert_eq!(known, verdicts.iter().copied().collect(), "{choice}");
        assert_eq!(states[choice]["Default"], "Misunderstood");
    }
}

/// The states that an execution passes whose steps answer with these verdicts, in their order.
fn passed<'m>(machine: &'m Value, verdicts: &[&str]) -> Vec<&'m str> {
    let states = states(machine);
    let mut verdicts = verdicts.iter().copied();
    let mut passed = Vec::new();
    let mut next = machine["StartAt"].as_str();
    while let Some(name) = next {
        passed.push(name);
        let state = states[name];
        next = if state["Type"] == "Choice" {
            let given = verdicts.next().unwrap();
            array(&state["Choices"]).iter().find(|branch| verdict(branch) == given).unwrap()["Next"].as_str()
        } else {
            state["Next"].as_str()
        };
    }
    passed
}

#[test]
fn a_deployment_of_one_wave_takes_at_most_eight_transitions() {
    let machine = machine();
    let passed = passed(&machine, &["claimed", "changes", "done"]);
    assert_eq!(passed, ["Enter", "Claimed", "Plan", "Planned", "ProvisionWave", "Waved", "Conclude"]);
    assert!(passed.len() <= 8);
}

#[test]
fn what_must_be_known_of_the_account_is_looked_up_before_planning() {
    let machine = machine();
    let observed = passed(&machine, &["observe", "observed", "unchanged"]);
    assert_eq!(observed, ["Enter", "Claimed", "Observe", "Observed", "Plan", "Planned", "Conclude"]);
    assert_eq!(passed(&machine, &["observe", "refused"]).last(), Some(&"Conclude"), "nothing is planned without it");
}

#[test]
fn whatever_goes_wrong_in_a_step_is_concluded() {
    let machine = machine();
    for (name, state) in tasks(&states(&machine)) {
        if name == "Conclude" {
            assert!(state["Catch"].is_null(), "what would conclude a failing Conclude?");
            continue;
        }
        let mut catches = array(&state["Catch"]).to_vec();
        if name == "AwaitApproval" {
            let expired = json!({ "ErrorEquals": ["States.Timeout"], "ResultPath": "$.decision", "Next": "Expired" });
            assert_eq!(catches.remove(0), expired);
        }
        let caught: Vec<_> = catches.iter().map(|catch| &catch["ErrorEquals"]).collect();
        // `States.ALL` must stand alone and last, and does not catch the other.
        assert_eq!(caught, [&json!(["States.DataLimitExceeded"]), &json!(["States.ALL"])]);
        for catch in &catches {
            assert_eq!((&catch["Next"], &catch["ResultPath"]), (&"Failed".into(), &"$.error".into()), "{name}");
        }
    }
    for (name, verdict) in [("Failed", "failed"), ("Expired", "expired"), ("Denied", "denied")] {
        let passed = &machine["States"][name];
        assert_eq!((&passed["Result"], &passed["ResultPath"]), (&verdict.into(), &"$.verdict".into()));
        assert_eq!(passed["Next"], "Conclude", "{name}");
    }
}

#[test]
fn a_dead_wave_is_retried_for_longer_than_any_lease() {
    let (machine, engine) = (machine(), template::engine().unwrap());
    let most = |parameter: &str| engine["Parameters"][parameter]["MaxValue"].as_f64().unwrap();
    for (name, state) in tasks(&states(&machine)) {
        for error in ["LeaseLost", "Lambda.Unknown", "Runtime.ExitError", TIMED_OUT, "States.Timeout"] {
            // How long somebody may think is no failure, and is not waited for once more.
            if name == "AwaitApproval" && error == "States.Timeout" {
                let named = array(&state["Retry"]).iter().flat_map(|retry| array(&retry["ErrorEquals"]));
                assert!(!named.collect::<Vec<_>>().contains(&&Value::from(error)));
                continue;
            }
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
        if name == "AwaitApproval" {
            assert_eq!(state["TimeoutSecondsPath"], "$.patience", "as long as the environment's rule says");
            continue;
        }
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
        ("Enter", "enter", &[("began", "$$.Execution.StartTime")][..]),
        ("Observe", "observe", &[]),
        ("Plan", "plan", &[]),
        ("AwaitApproval", "await-approval", &[("token", "$$.Task.Token")]),
        ("ProvisionWave", "wave", &[]),
        ("Gates", "gates", &[]),
        ("Rollback", "rollback", &[]),
        ("HandOver", "hand-over", &[]),
        ("Conclude", "conclude", &[]),
    ];
    let found = states(&machine);
    assert_eq!(tasks(&found).len(), steps.len());
    for (name, step, more) in steps {
        let keys: String = more.iter().map(|(key, _)| format!(r#","{key}":"{{}}""#)).collect();
        let values: String = more.iter().map(|(_, value)| format!(", {value}")).collect();
        let payload = found[name]["Parameters"]["Payload.$"].as_str().unwrap();
        assert_eq!(
            payload,
            format!(
                r#"States.JsonMerge($, States.StringToJson(States.Format('\{{"step":"{step}","execution":"{{}}"{keys}\}}', $$.Execution.Name{values})), false)"#
            )
        );
        // A function answers with the state as it stands from then on; who decides, with their decision only.
        let waits = name == "AwaitApproval";
        let (path, put) = if waits { ("ResultPath", "$.decision") } else { ("OutputPath", "$.Payload") };
        assert_eq!(found[name][path], put, "{name}");
        let service = "arn:aws:states:::lambda:invoke";
        let resource = if waits { format!("{service}.waitForTaskToken") } else { service.to_owned() };
        assert_eq!(found[name]["Resource"], resource, "{name}");
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
    let most = waves["MaxValue"].as_u64().unwrap() * longest
        + sum(&["Enter", "Claimed", "Observe", "Observed", "HandOver", "Elsewhere"]);
    assert!((HISTORY - most) / RETRY > 1_000, "there is room for a thousand tries that fail: {most}");
}

#[test]
fn a_hand_over_ends_the_execution_without_concluding_the_deployment() {
    let machine = machine();
    let states = states(&machine);
    assert_eq!(leads(states["Waved"], "hand-over"), ["HandOver"]);
    assert_eq!(states["HandOver"]["Next"], "Elsewhere");
    assert_eq!(states["HandOver"]["Parameters"]["FunctionName"], "${ConcludeFunction}");
    assert_eq!(states["Elsewhere"]["Type"], "Succeed");
}

#[test]
fn what_is_cancelled_is_concluded() {
    let machine = machine();
    let states = states(&machine);
    for choice in ["Waved", "Gated"] {
        assert_eq!(leads(states[choice], "cancelled"), ["Conclude"], "{choice}");
    }
}

#[test]
fn what_failed_goes_through_rollback_and_its_plan_through_the_same_waves() {
    let machine = machine();
    let states = states(&machine);
    for choice in ["Waved", "Gated"] {
        assert_eq!(leads(states[choice], "failed"), ["Rollback"], "{choice}");
    }
    assert_eq!(leads(states["Claimed"], "back"), ["Rollback"]);
    assert_eq!(leads(states["Undone"], "changes"), ["ProvisionWave"]);
    assert_eq!(leads(states["Undone"], "failed"), ["Conclude"], "there is no way back from a way back");
}

#[test]
fn a_plan_is_made_again_where_it_was_made() {
    let machine = machine();
    let states = states(&machine);
    assert_eq!(leads(states["Waved"], "replan"), ["Rollback", "Plan"]);
    let undoing = array(&states["Waved"]["Choices"]).iter().find(|branch| verdict(branch) == "replan").unwrap();
    // Absent in the state of executions that began before there was a way back; comparing what is absent is an error.
    let more = json!([{ "Variable": "$.undo", "IsPresent": true }, { "Variable": "$.undo", "BooleanEquals": true }]);
    assert_eq!(array(&undoing["And"]).get(1..), more.as_array().map(Vec::as_slice));
}

#[test]
fn what_was_started_by_hand_for_nothing_fails_and_says_why() {
    let machine = machine();
    let states = states(&machine);
    assert_eq!(leads(states["Claimed"], "refused"), ["NotTaken"]);
    let told = &states["NotTaken"];
    assert_eq!((&told["Type"], &told["CausePath"]), (&"Fail".into(), &"$.error.Cause".into()));
    assert_eq!(told["ErrorPath"], "$.error.Error");
}
