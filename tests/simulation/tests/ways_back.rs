//! Ways back that are asked for, those that fail, and destroying: back and forth between revisions, stuck and on again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use model::{ErrorClass, Presence, Recorded, ResourceAddress, ResourceKey};
use schema::Call;
use serde_json::json;
use simulation::invariants::always;
use simulation::stack::{address, arn, in_a_vpc, to};
use simulation::{Deployed, Machine, Stack, Stopped, Wish, hold, is_back, picture};
use testkit::{Options, World};

fn machine() -> Machine {
    Machine::new(&World::new(1, Options::quick()))
}

fn recorded(machine: &Machine) -> Recorded {
    machine.world.truth().recorded.clone()
}

fn named(names: &[&str]) -> BTreeSet<ResourceAddress> {
    names.iter().map(|name| address(name)).collect()
}

fn key(key: &str) -> ResourceKey {
    key.parse().unwrap()
}

/// Queue, topic with a subscription, role and function, as five revisions have them.
fn revision(number: usize) -> Stack {
    let one = Stack::new()
        .with("Queue", "AWS::SQS::Queue", json!({ "VisibilityTimeout": 1 }))
        .with("Role", "AWS::IAM::Role", json!({ "Policies": arn("Queue") }))
        .with("Function", "AWS::Lambda::Function", json!({ "Role": arn("Role"), "Environment": to("Queue") }));
    let two = one
        .clone()
        .with("Topic", "AWS::SNS::Topic", json!({}))
        .with("Subscription", "AWS::SNS::Subscription", json!({ "TopicArn": to("Topic"), "Endpoint": "x" }))
        .with("Table", "AWS::DynamoDB::Table", json!({ "BillingMode": "A" }));
    let three = two.clone().setting("Queue", "VisibilityTimeout", 3).setting("Table", "BillingMode", "B");
    let four = three.clone().setting("Topic", "FifoTopic", true).setting("Role", "Path", "/four/");
    let five = four.clone().without("Subscription").without("Function").moving("Queue", "Jobs");
    [one, two, three, four, five].into_iter().nth(number - 1).unwrap()
}

#[test]
fn back_to_any_revision_and_forward_again_everything_is_what_that_revision_recorded() {
    let mut machine = machine();
    let mut recorded_at = vec![(Recorded::default(), Vec::new())];
    for number in 1..=5 {
        let stack = revision(number);
        assert_eq!(machine.deploy_and_reap(&format!("d{number}"), &stack.0), Ok(Deployed::Done));
        assert_eq!(hold(&machine, &stack.0), []);
        recorded_at.push((recorded(&machine), picture(&machine)));
    }
    let consent = named(&["Table"]);
    for (step, number) in [3, 5, 1, 4, 2, 5, 3, 0, 5].into_iter().enumerate() {
        let (snapshot, then) = &recorded_at[number];
        let end = machine.carry_out_and_reap(&format!("back{step}"), Wish::Rollback(snapshot, &consent));
        assert_eq!(end, Ok(Deployed::Done), "to {number}");
        machine.drain();
        assert_eq!(is_back(&machine, snapshot), [], "to {number}");
        assert_eq!(picture(&machine), *then, "to {number}");
        if number > 0 {
            let stack = revision(number);
            let again = machine.deploy(&format!("again{step}"), &stack.0);
            assert_eq!((again, hold(&machine, &stack.0)), (Ok(Deployed::Done), Vec::new()), "{number} again");
        }
    }
}

/// A queue and a table, whose next revision changes the queue and makes another table.
fn two() -> (Stack, Stack) {
    let before = Stack::new().with("Queue", "AWS::SQS::Queue", json!({ "VisibilityTimeout": 1 })).with(
        "Table",
        "AWS::DynamoDB::Table",
        json!({ "BillingMode": "A" }),
    );
    let after = before
        .clone()
        .setting("Queue", "VisibilityTimeout", 2)
        .setting("Table", "BillingMode", "B")
        .with("Topic", "AWS::SNS::Topic", json!({ "TopicName": "news" }))
        .with("Alarm", "AWS::CloudWatch::Alarm", json!({ "AlarmActions": [to("Topic")] }));
    (before, after)
}

/// A machine whose deployment failed at the alarm and whose way back failed at the queue, which AWS refuses to change.
fn stuck() -> Machine {
    let (before, after) = two();
    let mut machine = machine();
    machine.undoes = true;
    assert_eq!(machine.deploy("d1", &before.0), Ok(Deployed::Done));
    machine.world.account().refuse(&key("a/Alarm@1"), Call::Create);
    machine.world.account().refuse(&key("a/Topic@1"), Call::Delete);
    let end = machine.deploy("d2", &after.0);
    let Ok(Deployed::Stuck { causes, because }) = end else { panic!("{end:?}") };
    assert_eq!(causes.iter().map(|one| one.change.clone()).collect::<Vec<_>>(), [Some(key("a/Topic@1"))]);
    assert_eq!(because.iter().map(|one| one.change.clone()).collect::<Vec<_>>(), [Some(key("a/Alarm@1"))]);
    machine.drain();
    assert_eq!(always(&machine), [], "the record is true");
    let truth = machine.world.truth().recorded.clone();
    assert_eq!(truth.resources[&key("a/Topic@1")].presence, Presence::Leaving);
    assert_eq!(truth.open_intents().count(), 0);
    machine
}

#[test]
fn a_way_back_that_fails_for_ever_ends_stuck_and_goes_on_once_nothing_is_in_its_way() {
    let mut machine = stuck();
    let (snapshot, none) = (machine.stands.clone(), BTreeSet::new());
    let still = machine.carry_out("back1", Wish::Rollback(&snapshot, &none));
    assert!(matches!(still, Ok(Deployed::Stuck { .. })), "{still:?}");
    machine.drain();
    assert_eq!(always(&machine), []);
    machine.world.account().relent();
    assert_eq!(machine.carry_out("back2", Wish::Rollback(&snapshot, &none)), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(is_back(&machine, &snapshot), []);
}

#[test]
fn what_is_stuck_can_be_deployed_over() {
    let mut machine = stuck();
    let (_, after) = two();
    machine.world.account().relent();
    assert_eq!(machine.deploy("d3", &after.0.clone()), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(hold(&machine, &after.0), []);
}

#[test]
fn what_is_in_the_way_of_a_way_back_can_be_let_go() {
    let mut machine = stuck();
    let (snapshot, none) = (machine.stands.clone(), BTreeSet::new());
    assert_eq!(machine.carry_out("let-go", Wish::LetGo(&named(&["Topic"]))), Ok(Deployed::Done));
    assert_eq!(machine.carry_out("back", Wish::Rollback(&snapshot, &none)), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(is_back(&machine, &snapshot), []);
    assert_eq!(machine.world.things_of(&key("a/Topic@1")).len(), 1, "it stays in the account, untouched");
}

#[test]
fn a_table_that_a_failed_deployment_made_goes_only_if_it_is_empty() {
    let (before, after) = two();
    let after = after.with("Orders", "AWS::DynamoDB::Table", json!({}));
    let fails = |is_full: bool| {
        let mut machine = machine();
        assert_eq!(machine.deploy("d1", &before.0), Ok(Deployed::Done));
        machine.world.account().refuse(&key("a/Alarm@1"), Call::Create);
        let end = machine.deploy("d2", &after.0);
        let Ok(Deployed::Failed(causes)) = end else { panic!("{end:?}") };
        if is_full {
            machine.world.account().fill(&key("a/Orders@1"));
        }
        let announced = machine.world.truth().journals[&"d2".into()].len();
        let end = machine.undo("d2", causes);
        machine.drain();
        (machine, end, announced)
    };
    let (machine, end, _) = fails(false);
    assert!(matches!(end, Ok(Deployed::RolledBack(_))), "{end:?}");
    assert_eq!(machine.world.things_of(&key("a/Orders@1")), []);

    let (mut machine, end, announced) = fails(true);
    let Ok(Deployed::Stuck { causes, .. }) = end else { panic!("{end:?}") };
    assert!(causes[0].message.contains("holds data"), "{}", causes[0].message);
    assert!(causes[0].help.contains("name it to agree"), "{}", causes[0].help);
    let truth = machine.world.truth();
    let lines = &truth.journals[&"d2".into()][announced..];
    let is_announced =
        |entry: &model::Entry| entry.change == key("a/Orders@1") && matches!(entry.event, model::Event::Started { .. });
    assert!(!lines.iter().any(is_announced), "nothing of it was announced");
    let classes = journal::failures(&truth.journals[&"d2".into()], announced).unwrap();
    assert_eq!(classes[&key("a/Orders@1")].class, ErrorClass::HoldsData);
    drop(truth);
    assert_eq!(machine.world.account().emptied(), []);
    assert_eq!(always(&machine), []);
    let snapshot = machine.stands.clone();
    let end = machine.carry_out("back", Wish::Rollback(&snapshot, &named(&["Orders"])));
    assert_eq!(end, Ok(Deployed::Done), "once somebody agrees");
    assert_eq!(machine.world.account().emptied(), [key("a/Orders@1")]);
}

#[test]
fn a_way_back_that_would_need_the_name_of_what_may_hold_data_is_refused_and_the_next_deployment_goes_on() {
    let table = |key: &str| {
        Stack::new().with("Table", "AWS::DynamoDB::Table", json!({ "TableName": "orders", "KeySchema": key }))
    };
    let mut machine = Machine::new(&World::new(1, Options::real()));
    machine.undoes = true;
    assert_eq!(machine.deploy("d1", &table("id").0), Ok(Deployed::Done));
    // AWS takes the deletion, and takes longer for it than anything may.
    let patience = std::mem::replace(&mut machine.limits.readiness, Duration::from_millis(1));
    let end = machine.deploy("d2", &table("other").0);
    let Ok(Deployed::Stopped { because, needed }) = end else { panic!("{end:?}") };
    assert_eq!(because.iter().map(|one| one.change.clone()).collect::<Vec<_>>(), [Some(key("a/Table@1"))]);
    assert_eq!(needed, named(&["Table"]), "it may still hold what it held, for all that anybody knows");
    machine.drain();
    assert_eq!(always(&machine), [], "the record is true");
    machine.limits.readiness = patience;

    let mut back = machine.fork(testkit::Script::default());
    let snapshot = machine.stands.clone();
    assert_eq!(back.carry_out("back", Wish::Rollback(&snapshot, &needed)), Ok(Deployed::Done), "with consent");
    assert_eq!(is_back(&back, &snapshot), []);
    assert_eq!(machine.deploy("d3", &table("other").0), Ok(Deployed::Done));
    assert_eq!(hold(&machine, &table("other").0), []);
}

#[test]
fn destroying_leaves_nothing_behind_and_drains_what_lingers() {
    let lingering = 1_800_000;
    let world = World::new(1, Options { lingering: lingering..=lingering, ..Options::quick() });
    let mut machine = Machine::new(&world);
    machine.limits.lingering = Duration::from_secs(1);
    let stack = in_a_vpc()
        .with("Table", "AWS::DynamoDB::Table", json!({}))
        .with("Api", "AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }))
        .with("Integration", "AWS::ApiGatewayV2::Integration", json!({ "ApiId": to("Api") }));
    assert_eq!(machine.deploy("d1", &stack.0), Ok(Deployed::Done));
    machine.world.account().fill(&key("a/Table@1"));

    let refused = machine.carry_out("gone1", Wish::Destroy(&BTreeSet::new()));
    let Err(Stopped::NoPlan(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("a/Table"), "{why}");
    assert_eq!(hold(&machine, &stack.0), [], "nothing was touched");

    assert_eq!(machine.carry_out("gone2", Wish::Destroy(&named(&["Table"]))), Ok(Deployed::Done));
    let left: Vec<String> = recorded(&machine).resources.keys().map(ToString::to_string).collect();
    assert_eq!(left, ["a/Group@1", "a/Vpc@1"], "an interface still uses them");
    assert_eq!(machine.reap("gone2", Deployed::Done), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(recorded(&machine), Recorded { resources: Default::default(), ..recorded(&machine) });
    assert_eq!(machine.world.account().things().count(), 0);
    assert_eq!(always(&machine), []);
}

#[test]
fn destroying_goes_on_past_what_does_not_go() {
    let (_, stack) = two();
    let mut machine = machine();
    assert_eq!(machine.deploy("d1", &stack.0), Ok(Deployed::Done));
    machine.world.account().refuse(&key("a/Alarm@1"), Call::Delete);
    let end = machine.carry_out("gone1", Wish::Destroy(&named(&["Table"])));
    let Ok(Deployed::Failed(causes)) = end else { panic!("{end:?}") };
    assert_eq!((causes.len(), &causes[0].blocked[..]), (1, [key("a/Topic@1")].as_slice()));
    let left: Vec<String> = recorded(&machine).resources.keys().map(ToString::to_string).collect();
    assert_eq!(left, ["a/Alarm@1", "a/Topic@1"], "what does not need it is gone");
    assert_eq!(always(&machine), []);
    machine.world.account().relent();
    assert_eq!(machine.carry_out("gone2", Wish::Destroy(&BTreeSet::new())), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(machine.world.account().things().count(), 0);
}

#[test]
fn a_role_that_takes_long_to_be_known_is_waited_for_up_to_two_minutes() {
    let stack = Stack::new().with("Role", "AWS::IAM::Role", json!({ "Description": "r" })).with(
        "Function",
        "AWS::Lambda::Function",
        json!({ "Role": arn("Role") }),
    );
    let ends = |seconds: u64, slice: Duration| {
        let millis = seconds * 1_000;
        let world = World::new(1, Options { propagation: Some(millis..=millis), ..Options::quick() });
        let mut machine = Machine::new(&world);
        machine.limits.slice = slice;
        let end = machine.deploy("d", &stack.0);
        let took = world.time().elapsed();
        machine.drain();
        (end, always(&machine), took)
    };
    let long = Duration::from_secs(600);
    for (seconds, slice) in [(19, long), (60, long), (115, long), (60, Duration::from_secs(20))] {
        let (end, broken, took) = ends(seconds, slice);
        assert_eq!((end, broken), (Ok(Deployed::Done), Vec::new()), "{seconds} s");
        assert!(took < Duration::from_secs(seconds + 5), "{seconds} s: {took:?}");
    }
    let (end, broken, took) = ends(10_000, long);
    let Ok(Deployed::Failed(causes)) = end else { panic!("{end:?}") };
    assert!(causes[0].message.contains("cannot be assumed"), "{}", causes[0].message);
    assert_eq!(broken, []);
    assert!((Duration::from_secs(110)..Duration::from_secs(130)).contains(&took), "{took:?}");
}
