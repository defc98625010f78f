//! Deployments of a part, broken at every call: what is beside the part is as it was, and the whole is what it would have been.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here"
)]

use model::{Desired, Recorded, ResourceAddress, Selection};
use schema::Call;
use serde_json::json;
use simulation::each::each;
use simulation::invariants::always;
use simulation::part::Part;
use simulation::stack::{arn, to};
use simulation::{Broken, Deployed, Machine, Stack, Stopped, Wish, hold, picture};
use testkit::{Fault, Moment, Options, Script, World};

fn only(names: &[&str]) -> Selection {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Resources of agents, by the first letter of their names: `X…` of `x`, `Y…` of `y`, and what is shared.
fn owned(stack: Stack) -> Desired {
    let mut desired = stack.0;
    for (address, one) in &mut desired.resources {
        let letter = address.logical_id.chars().next().unwrap().to_ascii_lowercase();
        one.agent = matches!(letter, 'x' | 'y').then(|| letter.to_string());
    }
    desired
}

/// Two agents with a function each, which share a table; and what the second revision has of them.
fn revisions() -> (Desired, Desired) {
    let function = |role: &str| json!({ "Role": arn(role), "Environment": to("Table") });
    let one = Stack::new()
        .with("Table", "AWS::DynamoDB::Table", json!({ "BillingMode": "A" }))
        .with("XRole", "AWS::IAM::Role", json!({ "Policies": arn("Table") }))
        .with("XFunction", "AWS::Lambda::Function", function("XRole"))
        .with("XQueue", "AWS::SQS::Queue", json!({ "VisibilityTimeout": 1 }))
        .with("YRole", "AWS::IAM::Role", json!({ "Policies": arn("Table") }))
        .with("YFunction", "AWS::Lambda::Function", function("YRole"))
        .with("YTopic", "AWS::SNS::Topic", json!({}));
    let two = one
        .clone()
        .without("XQueue")
        .without("YTopic")
        .setting("Table", "BillingMode", "B")
        .setting("XRole", "Path", "/x/")
        .setting("YRole", "Path", "/y/")
        .with("XAlarm", "AWS::CloudWatch::Alarm", json!({ "AlarmActions": [to("XFunction")] }))
        .with("YAlarm", "AWS::CloudWatch::Alarm", json!({ "AlarmActions": [to("YFunction")] }));
    (owned(one), owned(two))
}

/// A machine at the first revision, of which the second agent's function was left half changed.
fn machine() -> Machine {
    let (one, two) = revisions();
    let mut machine = Machine::new(&World::new(1, Options::quick()));
    machine.undoes = true;
    assert_eq!(machine.deploy("d1", &one), Ok(Deployed::Done));
    machine.undoes = false;
    machine.world.account().refuse(&"a/YFunction@1".parse().unwrap(), Call::Update);
    let half = machine.carry_out("d2", Wish::Part(&two, &only(&["y"])));
    assert!(matches!(half, Ok(Deployed::Failed(_))), "{half:?}");
    machine.undoes = true;
    machine.drain();
    machine
}

fn recorded(machine: &Machine) -> Recorded {
    machine.world.truth().recorded.clone()
}

fn in_use(machine: &Machine) -> Vec<String> {
    recorded(machine).resources.keys().map(ToString::to_string).collect()
}

#[test]
fn a_part_is_deployed_beside_what_another_left_half_made_and_everything_after_it() {
    let (_, two) = revisions();
    let mut machine = machine();
    let x = only(&["x"]);
    let part = Part::of(&machine, &two, &x);
    let y = |machine: &Machine| {
        let all = recorded(machine).resources;
        all.into_iter().filter(|(key, _)| key.address.logical_id.starts_with('Y')).collect::<Vec<_>>()
    };
    let before = y(&machine);
    assert_eq!(machine.carry_out("d3", Wish::Part(&two, &x)), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(part.hold(&machine), []);
    assert_eq!(y(&machine), before, "refused as it is, nobody asked for it");
    machine.world.account().relent();
    assert_eq!(machine.deploy("d4", &two), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(hold(&machine, &two), []);

    let mut whole = Machine::new(&World::new(1, Options::quick()));
    assert_eq!(whole.deploy("d1", &two), Ok(Deployed::Done));
    assert_eq!(picture(&machine), picture(&whole));
}

#[test]
fn a_part_that_dies_at_any_call_leaves_what_is_beside_it_as_it_was() {
    let (_, two) = revisions();
    let x = only(&["x"]);
    let mut calm = machine();
    assert_eq!(calm.carry_out("d3", Wish::Part(&two, &x)), Ok(Deployed::Done));
    let calls = calm.world.calls();
    assert!(calls > 20, "{calls}");
    let (runs, failed) = each(calls * Moment::ALL.len(), |point| {
        let (call, moment) = (1 + point / Moment::ALL.len(), Moment::ALL[point % Moment::ALL.len()]);
        let mut machine = machine();
        let part = Part::of(&machine, &two, &x);
        machine.world.go_wrong(Script { at: [(call, Fault::Crash(moment))].into(), weather: Vec::new() });
        let end = machine.carry_out("d3", Wish::Part(&two, &x));
        machine.drain();
        let broken = part.hold(&machine);
        match (&end, &broken[..]) {
            (Ok(Deployed::Done), []) => Ok(1),
            _ => Err(format!("call {call} {moment:?}: {end:?} {broken:?}")),
        }
    });
    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(runs, calls * Moment::ALL.len());
}

#[test]
fn a_part_that_fails_goes_back_alone_at_whichever_change_it_fails() {
    let (_, two) = revisions();
    let x = only(&["x"]);
    let refused = [
        ("a/XRole@2", Call::Create),
        ("a/XFunction@1", Call::Update),
        ("a/XAlarm@1", Call::Create),
        ("a/XQueue@1", Call::Delete),
    ];
    for (key, call) in refused {
        let mut machine = machine();
        let part = Part::of(&machine, &two, &x);
        let stands = machine.stands.clone();
        machine.relents = true;
        machine.world.account().refuse(&key.parse().unwrap(), call);
        let end = machine.carry_out("d3", Wish::Part(&two, &x));
        machine.drain();
        assert!(matches!(end, Ok(Deployed::RolledBack(_))), "{key}: {end:?}");
        assert!(machine.undid_alone, "{key}");
        let touched = machine.touched(&"d3".into());
        assert!(touched.iter().all(|address| !address.logical_id.starts_with('Y')), "{key}: {touched:?}");
        assert_eq!(part.is_back(&machine, &stands, &touched), [], "{key}");
    }
}

#[test]
fn what_a_part_would_take_from_what_is_beside_it_is_refused_and_nothing_is_touched() {
    let (one, _) = revisions();
    let anew = {
        let mut anew = one.clone();
        let table = anew.resources.get_mut(&ResourceAddress::new("a", "Table")).unwrap();
        table.properties.set("KeySchema", "other");
        anew
    };
    let mut machine = Machine::new(&World::new(1, Options::quick()));
    assert_eq!(machine.deploy("d1", &one), Ok(Deployed::Done));
    let before = recorded(&machine);
    let Err(Stopped::NotSelected(why)) = machine.carry_out("d2", Wish::Part(&anew, &only(&["x"]))) else {
        panic!("it is refused")
    };
    assert!(why.contains("`a/YFunction`") && why.contains("`a/Table`"), "{why}");
    assert_eq!(recorded(&machine), before);
    assert_eq!(machine.carry_out("d3", Wish::Part(&anew, &only(&["x", "y"]))), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(hold(&machine, &anew), []);
}

#[test]
fn an_agent_that_no_config_has_any_more_is_taken_away_alone() {
    let (one, _) = revisions();
    let mut without = one.clone();
    without.resources.retain(|_, resource| resource.agent.as_deref() != Some("y"));
    without.resources.get_mut(&ResourceAddress::new("a", "XQueue")).unwrap().properties.set("VisibilityTimeout", 2);
    let mut machine = Machine::new(&World::new(1, Options::quick()));
    assert_eq!(machine.deploy("d1", &one), Ok(Deployed::Done));
    assert_eq!(machine.carry_out("d2", Wish::Part(&without, &only(&["y"]))), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(in_use(&machine), ["a/Table@1", "a/XFunction@1", "a/XQueue@1", "a/XRole@1"]);
    assert_eq!(always(&machine), []);
    let queue = recorded(&machine).resources[&"a/XQueue@1".parse().unwrap()].clone();
    assert_eq!(queue.asked.get("VisibilityTimeout"), Some(&json!(1)), "the other agent is as it was");
}

#[test]
fn what_touches_anything_beside_a_part_is_found() {
    let (one, two) = revisions();
    let mut machine = Machine::new(&World::new(1, Options::quick()));
    assert_eq!(machine.deploy("d1", &one), Ok(Deployed::Done));
    let x = only(&["x"]);
    let part = Part::of(&machine, &two, &x);
    assert_eq!(part.beside(&machine), []);
    assert_eq!(machine.deploy("d2", &two), Ok(Deployed::Done));
    machine.drain();
    let broken = part.beside(&machine);
    let named =
        |name: &str| broken.iter().any(|one| matches!(one, Broken::Beside(key, _) if key.address.logical_id == name));
    assert!(["YFunction", "YRole", "YTopic"].into_iter().all(named), "{broken:?}");
    assert!(!["Table", "XFunction", "XRole", "XQueue"].into_iter().any(named), "{broken:?}");
}
