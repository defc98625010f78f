//! Secrets in properties: whatever goes wrong at whichever call, what is made has them in the end, and nothing that is kept
//! ever had them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends here")]

use model::Presence;
use serde_json::json;
use simulation::each::each;
use simulation::stack::{Stack, address, arn, to};
use simulation::{Deployed, Machine};
use testkit::{Fault, HIDDEN, Moment, Options, Script, World};

/// The version after which nothing refers to a secret any more.
const LAST: u32 = 2;

/// A function with secrets in its variables, in a version of their own and within other text, and a parameter that is one.
fn stack(version: u32) -> Stack {
    let key = format!("{{{{resolve:ssm-secure:/shop/key:{version}}}}}");
    let url = "https://shop:{{resolve:secretsmanager:db:SecretString:password}}@db";
    let (key, url) = if version > LAST { ("plain".to_owned(), "https://db") } else { (key, url) };
    Stack::new()
        .with("Role", "AWS::IAM::Role", json!({ "RoleName": "shop-dev-role" }))
        .with(
            "Function",
            "AWS::Lambda::Function",
            json!({ "Role": arn("Role"), "Environment": { "Variables": { "KEY": key, "URL": url } } }),
        )
        .with(
            "Parameter",
            "AWS::SSM::Parameter",
            json!({ "Name": "/shop/dev/p", "Value": key, "Uses": to("Function") }),
        )
}

/// Whether no secret stands in anything that is written down or said; where one does, the text around it.
fn none_is_kept(machine: &Machine, ends: &[String]) -> Result<(), String> {
    let truth = machine.world.truth();
    let recorded = serde_json::to_string(&truth.recorded.resources.values().collect::<Vec<_>>()).unwrap();
    let kept = format!("{truth:?}\n{recorded}\n{}", ends.join("\n"));
    let Some(at) = kept.find(HIDDEN) else { return Ok(()) };
    let around: String = kept.chars().skip(at.saturating_sub(300)).take(400).collect();
    Err(format!("a secret is kept: {around}"))
}

/// Deploys both versions, one after the other, with this going wrong.
fn run(script: Script) -> (Machine, Vec<String>) {
    deployed(script, LAST)
}

/// The same up to some version.
fn deployed(script: Script, last: u32) -> (Machine, Vec<String>) {
    let world = World::new(11, Options::quick());
    world.go_wrong(script);
    let mut machine = Machine::new(&world);
    let mut ends = Vec::new();
    for version in 1..=last {
        let end = machine.deploy(&format!("d{version}"), &stack(version).0);
        ends.push(format!("{end:?}"));
        machine.drain();
        if end != Ok(Deployed::Done) {
            break;
        }
    }
    (machine, ends)
}

/// Whether what exists has the second version of its secrets, and is recorded as finished.
fn has_them(machine: &Machine) -> bool {
    let recorded = machine.world.truth().recorded.clone();
    ["Function", "Parameter"].iter().all(|name| {
        let Some((key, resource)) = recorded.current(&address(name)) else { return false };
        let things = machine.world.things_of(key);
        let live = things.first().map(|thing| thing.properties.to_value().to_string()).unwrap_or_default();
        let is_told = live.contains(&format!("{HIDDEN} version 2 of the SSM parameter `/shop/key`"));
        is_told && !live.contains("{{") && resource.presence == Presence::Present && resource.intent.is_none()
    })
}

#[test]
fn wherever_a_process_dies_what_is_made_has_its_secrets_and_nothing_that_is_kept_has() {
    let (undisturbed, ends) = run(Script::default());
    assert_eq!(ends, ["Ok(Done)", "Ok(Done)"]);
    assert!(has_them(&undisturbed));
    assert_eq!(none_is_kept(&undisturbed, &ends), Ok(()));
    let calls = undisturbed.world.calls();
    assert!(undisturbed.world.calls_by_name()["secret"] > 4, "dying there is tried, too");

    let (runs, failed) = each(calls * Moment::ALL.len(), |at| {
        let (call, moment) = (at / Moment::ALL.len() + 1, Moment::ALL.into_iter().nth(at % Moment::ALL.len()).unwrap());
        let (machine, ends) = run(Script::one(call, Fault::Crash(moment)));
        if ends != ["Ok(Done)", "Ok(Done)"] || !has_them(&machine) {
            return Err(format!("{moment:?} call {call}: {ends:?}"));
        }
        none_is_kept(&machine, &ends).map(|()| 1).map_err(|why| format!("{moment:?} call {call}: {why}"))
    });
    assert_eq!(failed, Vec::<String>::new());
    assert!(runs > 100, "{runs}");
}

#[test]
fn whatever_call_fails_nothing_that_is_kept_or_said_has_a_secret() {
    let calls = run(Script::default()).0.world.calls();
    let faults = [Fault::ErrorBefore, Fault::Refused, Fault::Throttled, Fault::Lost];
    let (_, failed) = each(calls * faults.len(), |at| {
        let (call, fault) = (at / faults.len() + 1, faults.into_iter().nth(at % faults.len()).unwrap());
        let (machine, ends) = run(Script::one(call, fault));
        none_is_kept(&machine, &ends).map(|()| 1).map_err(|why| format!("{fault:?} at call {call}: {why}"))
    });
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn wherever_a_process_dies_while_secrets_are_taken_away_nothing_that_is_kept_has_one_and_nothing_that_is_made() {
    let (undisturbed, ends) = deployed(Script::default(), LAST + 1);
    assert_eq!(ends, ["Ok(Done)", "Ok(Done)", "Ok(Done)"]);
    let (first, all) = (run(Script::default()).0.world.calls(), undisturbed.world.calls());
    assert!(all > first);
    let (runs, failed) = each((all - first) * Moment::ALL.len(), |at| {
        let (call, moment) =
            (first + at / Moment::ALL.len() + 1, Moment::ALL.into_iter().nth(at % Moment::ALL.len()).unwrap());
        let (machine, ends) = deployed(Script::one(call, Fault::Crash(moment)), LAST + 1);
        let recorded = machine.world.truth().recorded.clone();
        let is_told =
            recorded.resources.keys().any(|key| format!("{:?}", machine.world.things_of(key)).contains(HIDDEN));
        if ends.last().map(String::as_str) != Some("Ok(Done)") || is_told {
            return Err(format!("{moment:?} call {call}: {ends:?}, told: {is_told}"));
        }
        none_is_kept(&machine, &ends).map(|()| 1).map_err(|why| format!("{moment:?} call {call}: {why}"))
    });
    assert_eq!(failed, Vec::<String>::new());
    assert!(runs > 10, "{runs}");
}
