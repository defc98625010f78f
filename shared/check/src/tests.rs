//! Each test breaks one invariant of a plan that holds, and sees it refused.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, DeploymentId, Digest, Edge, EnvironmentId, Intent, Loss, Operation, Presence, Properties,
    PropertyDiff, PropertyPath, Reach, Reason, RecordedResource, Retention, Revision, Shift, ShiftStep, Stage, Stamp,
    expression, properties,
};
use serde_json::json;

use super::*;

fn change(key: &str, kind: &str, action: Action, stage: Stage, needs: &[&str]) -> Change {
    let dependencies = match action.to() {
        Some(to) => expression::references(to).unwrap().into_iter().map(|found| found.address).collect(),
        None => BTreeSet::new(),
    };
    Change {
        key: key.parse().unwrap(),
        kind: kind.into(),
        action,
        because: Reason::New,
        needs: needs.iter().map(|on| Edge { on: on.parse().unwrap(), until: Reach::Ready }).collect(),
        stage,
        dependencies,
        agent: None,
        retention: Retention::Delete,
        shift: None,
    }
}

fn recorded(resources: &[(&str, &str, &[&str])]) -> Recorded {
    let resource = |kind: &str, dependencies: &[&str]| RecordedResource {
        kind: kind.into(),
        physical_id: Some("id".into()),
        presence: Presence::Present,
        asked: Properties::new(),
        sent: Properties::new(),
        baseline: Properties::new(),
        attributes: BTreeMap::new(),
        dependencies: dependencies.iter().map(|on| on.parse().unwrap()).collect(),
        agent: None,
        retention: Retention::Delete,
        deployment: DeploymentId::from("d0"),
        intent: None,
        made_as: None,
        reap: None,
        earlier: Vec::new(),
    };
    Recorded {
        revision: Revision(1),
        sequence: 5,
        resources: resources.iter().map(|(key, kind, on)| (key.parse().unwrap(), resource(kind, on))).collect(),
    }
}

fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        version: 1,
        deployment: "d1".into(),
        environment: EnvironmentId::new("shop", "dev").unwrap(),
        account: String::new(),
        region: String::new(),
        stamp: Stamp {
            engine: "e".into(),
            scope: "shop/dev".into(),
            version: String::new(),
            deployed_at: String::new(),
            deployed_by: String::new(),
        },
        parent: Revision(1),
        sequence: 5,
        config: Digest::of(b""),
        changes,
        unchanged: 0,
        irreversible: Vec::new(),
        outputs: BTreeMap::new(),
        since: 0,
        gates: Vec::new(),
    }
}

fn create(to: serde_json::Value) -> Action {
    Action::Create { to: properties(to) }
}

fn delete() -> Action {
    Action::Delete { physical_id: Some("id".into()), only_empty: false }
}

const QUEUE: &str = "AWS::SQS::Queue";
const TABLE: &str = "AWS::DynamoDB::Table";

/// A queue that replaces another under an alarm-like dependent, and a table that goes.
fn good() -> (Plan, Recorded) {
    let record = recorded(&[("a/Old@1", QUEUE, &[]), ("a/On@1", QUEUE, &["a/Old"]), ("a/Table@1", TABLE, &[])]);
    let mut plan = plan(vec![
        change("a/New@1", QUEUE, create(json!({ "QueueName": "n" })), Stage::Build, &[]),
        change("a/User@1", QUEUE, create(json!({ "RedrivePolicy": { "Ref": "a/New" } })), Stage::Build, &["a/New@1"]),
        change("a/On@1", QUEUE, delete(), Stage::Retire, &[]),
        change("a/Old@1", QUEUE, delete(), Stage::Retire, &["a/On@1"]),
        change("a/Table@1", TABLE, delete(), Stage::Retire, &[]),
    ]);
    plan.irreversible.push(Loss { resource: "a/Table".parse().unwrap(), what: "all".into() });
    (plan, record)
}

/// Whether breaking a good plan makes just this kind of violation appear.
fn refuses(breaks: impl Fn(&mut Plan, &mut Recorded), is: fn(&Violation) -> bool) {
    let (mut plan, mut recorded) = good();
    assert_eq!(check(&plan, &recorded), Ok(()), "the plan holds before it is broken");
    breaks(&mut plan, &mut recorded);
    let found = check(&plan, &recorded).unwrap_err();
    assert!(found.iter().any(is), "{found:?}");
}

#[test]
fn a_stale_parent_is_refused() {
    refuses(|plan, _| plan.parent = Revision(0), |found| matches!(found, Violation::StaleParent { .. }));
    refuses(|_, record| record.sequence += 1, |found| matches!(found, Violation::StaleParent { .. }));
}

#[test]
fn two_changes_of_one_incarnation_are_refused() {
    refuses(|plan, _| plan.changes.push(plan.changes[0].clone()), |found| matches!(found, Violation::Twice(_)));
}

#[test]
fn an_edge_to_nowhere_is_refused() {
    refuses(
        |plan, _| plan.changes[0].needs.push(Edge { on: "a/Nowhere@1".parse().unwrap(), until: Reach::Ready }),
        |found| matches!(found, Violation::DanglingEdge { .. }),
    );
}

#[test]
fn a_circle_is_refused() {
    refuses(
        |plan, _| plan.changes[0].needs.push(Edge { on: "a/User@1".parse().unwrap(), until: Reach::Ready }),
        |found| matches!(found, Violation::Circle(_)),
    );
    refuses(
        |plan, _| plan.changes[0].needs.push(Edge { on: "a/Old@1".parse().unwrap(), until: Reach::Ready }),
        |found| matches!(found, Violation::AwaitsTheEnd { .. }),
    );
}

#[test]
fn a_reference_that_is_not_waited_for_is_refused() {
    refuses(|plan, _| plan.changes[1].needs.clear(), |found| matches!(found, Violation::Unreachable { .. }));
    refuses(|plan, _| drop(plan.changes.remove(0)), |found| matches!(found, Violation::Unreachable { .. }));
}

#[test]
fn an_unknown_type_is_refused() {
    refuses(
        |plan, _| plan.changes[0].kind = "AWS::Made::Up".into(),
        |found| matches!(found, Violation::UnknownType(_)),
    );
}

#[test]
fn creating_what_is_recorded_and_deleting_what_is_not_are_refused() {
    let is: fn(&Violation) -> bool = |found| matches!(found, Violation::Misfit(..));
    refuses(
        |plan, _| plan.changes[0].key = "a/Kept@1".parse().unwrap(),
        |found| matches!(found, Violation::DanglingEdge { .. }),
    );
    refuses(
        |_, record| {
            let queue = record.resources.values().next().unwrap().clone();
            record.resources.insert("a/New@1".parse().unwrap(), queue);
        },
        is,
    );
    refuses(|_, record| drop(record.resources.remove(&"a/Table@1".parse().unwrap())), is);
}

#[test]
fn updating_a_create_only_property_is_refused() {
    refuses(
        |plan, record| {
            let queue = record.resources.values().next().unwrap().clone();
            record.resources.insert("a/Kept@1".parse().unwrap(), queue);
            let path = PropertyPath::root("QueueName");
            let diff = vec![PropertyDiff { path, from: None, to: None }];
            let action = Action::Update { to: Properties::new(), diff };
            plan.changes.push(change("a/Kept@1", QUEUE, action, Stage::Build, &[]));
        },
        |found| matches!(found, Violation::CreateOnly { .. }),
    );
}

#[test]
fn deleting_before_the_end_or_before_dependents_is_refused() {
    let is: fn(&Violation) -> bool = |found| matches!(found, Violation::TooEarly(_));
    refuses(|plan, _| plan.changes[4].stage = Stage::Build, is);
    refuses(|plan, _| plan.changes[3].needs.clear(), is);
}

#[test]
fn deleting_what_something_still_needs_is_refused() {
    refuses(
        |plan, _| {
            plan.changes.remove(2);
            plan.changes[2].needs.clear();
        },
        |found| matches!(found, Violation::InUse(..)),
    );
}

#[test]
fn losing_data_in_silence_is_refused() {
    refuses(|plan, _| plan.irreversible.clear(), |found| matches!(found, Violation::SilentLoss(_)));
}

#[test]
fn one_name_for_two_resources_is_refused() {
    refuses(
        |plan, _| {
            let twin = change("a/Twin@1", QUEUE, create(json!({ "QueueName": "n" })), Stage::Build, &[]);
            plan.changes.push(twin);
        },
        |found| matches!(found, Violation::SameName(..)),
    );
}

/// A queue that moves and is used, one that is replaced, and an update of what refers to the first.
fn moving() -> (Plan, Recorded) {
    let mut record = recorded(&[
        ("a/Old@1", QUEUE, &[]),
        ("a/User@1", QUEUE, &["a/Old"]),
        ("b/Kind@2", QUEUE, &[]),
        ("b/On@1", QUEUE, &["b/Kind"]),
    ]);
    for (key, to) in [("a/User@1", "a/Old"), ("b/On@1", "b/Kind")] {
        record.resources.get_mut(&key.parse().unwrap()).unwrap().asked = properties(json!({ "Uses": { "Ref": to } }));
    }
    let update = |to: &str| Action::Update { to: properties(json!({ "Uses": { "Ref": to } })), diff: Vec::new() };
    let replace = Action::Replace {
        old: "b/Kind@2".parse().unwrap(),
        to: properties(json!({ "FifoQueue": true })),
        order: model::Order::CreateFirst,
        forced_by: model::NonEmpty::new(vec![PropertyDiff {
            path: PropertyPath::root("FifoQueue"),
            from: None,
            to: Some(json!(true)),
        }])
        .unwrap(),
    };
    let moves = Action::Move { to: "a/New@1".parse().unwrap() };
    let plan = plan(vec![
        change("a/Old@1", QUEUE, moves, Stage::Build, &[]),
        change("a/New@1", QUEUE, update("a/New"), Stage::Build, &["a/Old@1"]),
        change("a/User@1", QUEUE, update("a/New"), Stage::Build, &["a/New@1", "a/Old@1"]),
        change("b/Kind@3", QUEUE, replace, Stage::Build, &[]),
        change("b/On@1", QUEUE, update("b/Kind"), Stage::Build, &["b/Kind@3"]),
        change("b/Kind@2", QUEUE, delete(), Stage::Retire, &[]),
    ]);
    let mut plan = plan;
    if let Action::Update { to, .. } = &mut plan.changes[1].action {
        *to = Properties::new();
    }
    plan.changes[1].dependencies.clear();
    (plan, record)
}

/// As [`refuses`], of the plan that moves.
fn refuses_moving(breaks: impl Fn(&mut Plan, &mut Recorded), is: fn(&Violation) -> bool) {
    let (mut plan, mut recorded) = moving();
    assert_eq!(check(&plan, &recorded), Ok(()), "the plan holds before it is broken");
    breaks(&mut plan, &mut recorded);
    let found = check(&plan, &recorded).unwrap_err();
    assert!(found.iter().any(is), "{found:?}");
}

fn another(record: &Recorded) -> RecordedResource {
    let mut resource = record.resources[&"a/Old@1".parse().unwrap()].clone();
    resource.physical_id = Some("another".into());
    resource
}

#[test]
fn moving_onto_what_is_recorded_is_refused() {
    let is: fn(&Violation) -> bool = |found| matches!(found, Violation::MovedOnto { .. });
    refuses_moving(|_, record| drop(record.resources.insert("a/New@1".parse().unwrap(), another(record))), is);
    refuses_moving(
        |plan, record| {
            record.resources.insert("c/Other@1".parse().unwrap(), another(record));
            let moves = Action::Move { to: "a/New@1".parse().unwrap() };
            plan.changes.push(change("c/Other@1", QUEUE, moves, Stage::Build, &[]));
        },
        is,
    );
}

#[test]
fn moving_onto_what_is_made_is_refused() {
    refuses_moving(
        |plan, _| plan.changes[1].action = create(json!({})),
        |found| matches!(found, Violation::Misfit(..)),
    );
}

#[test]
fn moving_what_is_not_recorded_at_the_end_or_to_where_it_is_is_refused() {
    let is: fn(&Violation) -> bool = |found| matches!(found, Violation::Misfit(..));
    refuses_moving(|_, record| drop(record.resources.remove(&"a/Old@1".parse().unwrap())), is);
    refuses_moving(|plan, _| plan.changes[0].stage = Stage::Retire, is);
    refuses_moving(|plan, _| plan.changes[0].action = Action::Move { to: "a/Old@2".parse().unwrap() }, is);
}

#[test]
fn changing_what_moves_or_what_refers_to_it_before_it_has_moved_is_refused() {
    let is: fn(&Violation) -> bool = |found| matches!(found, Violation::BeforeMove { .. });
    refuses_moving(|plan, _| plan.changes[1].needs.clear(), is);
    refuses_moving(|plan, _| plan.changes[2].needs.retain(|edge| edge.on.address.logical_id != "Old"), is);
    refuses_moving(
        |plan, _| {
            plan.changes[1].action = delete();
            plan.changes[1].needs.clear();
            plan.changes[1].stage = Stage::Retire;
        },
        is,
    );
}

#[test]
fn changing_under_the_old_address_what_has_moved_is_refused() {
    refuses_moving(
        |plan, _| plan.changes[0].action = delete(),
        |found| matches!(found, Violation::Misfit(key, _) if key.to_string() == "a/New@1"),
    );
}

#[test]
fn building_on_what_comes_at_the_end_is_refused() {
    refuses_moving(
        |plan, _| plan.changes[3].needs.push(Edge { on: "b/Kind@2".parse().unwrap(), until: Reach::Ready }),
        |found| matches!(found, Violation::AwaitsTheEnd { .. }),
    );
}

#[test]
fn a_replacement_that_leaves_the_old_one_behind_is_refused() {
    refuses_moving(|plan, _| drop(plan.changes.remove(5)), |found| matches!(found, Violation::StaysBehind { .. }));
}

#[test]
fn a_generation_that_is_not_the_newest_is_refused() {
    let is: fn(&Violation) -> bool = |found| matches!(found, Violation::OldGeneration(_));
    refuses_moving(|_, record| drop(record.resources.insert("b/Kind@4".parse().unwrap(), another(record))), is);
    refuses_moving(
        |_, record| {
            let elsewhere = RecordedResource { made_as: Some("b/Kind@3".parse().unwrap()), ..another(record) };
            record.resources.insert("c/Kind@1".parse().unwrap(), elsewhere);
        },
        is,
    );
    refuses(
        |_, record| {
            let queue = record.resources.values().next().unwrap().clone();
            record.resources.insert("a/New@2".parse().unwrap(), queue);
        },
        is,
    );
}

#[test]
fn updating_what_is_being_deleted_is_refused_unless_aws_would_not_delete_it() {
    let leaving = |record: &mut Recorded| {
        record.resources.get_mut(&"b/On@1".parse().unwrap()).unwrap().presence = Presence::Leaving;
    };
    let is: fn(&Violation) -> bool = |found| matches!(found, Violation::Misfit(..));
    let open = |_: &mut Plan, record: &mut Recorded| {
        leaving(record);
        let (operation, at) = (Operation::Delete, Default::default());
        let intent = Intent { operation, token: String::new(), attempt: 1, at };
        record.resources.get_mut(&"b/On@1".parse().unwrap()).unwrap().intent = Some(intent);
    };
    refuses_moving(open, is);
    let (plan, mut record) = moving();
    leaving(&mut record);
    assert_eq!(check(&plan, &record), Ok(()), "it is still there, and nothing is on its way");
}

#[test]
fn leaving_what_refers_to_a_replaced_one_as_it_is_is_refused() {
    refuses_moving(|plan, _| drop(plan.changes.remove(4)), |found| matches!(found, Violation::InUse(..)));
}

#[test]
fn waiting_for_another_change_at_an_address_than_the_one_that_makes_it_is_refused() {
    refuses_moving(
        |plan, _| {
            plan.changes[4].needs[0].on = "b/Kind@2".parse().unwrap();
            plan.changes[4].stage = Stage::Retire;
        },
        |found| matches!(found, Violation::Unreachable { .. }),
    );
}

#[test]
fn a_deletion_out_of_turn_needs_somebody_who_needs_its_name() {
    let named = |name: &str| {
        let (mut plan, mut record) = good();
        record.resources.get_mut(&"a/Old@1".parse().unwrap()).unwrap().asked = properties(json!({ "QueueName": name }));
        plan.changes[2].stage = Stage::Build;
        plan.changes[3].stage = Stage::Build;
        plan.changes[0].needs.push(Edge { on: "a/Old@1".parse().unwrap(), until: Reach::Ready });
        check(&plan, &record)
    };
    assert!(named("n").unwrap_err().iter().all(|found| *found == Violation::TooEarly("a/On@1".parse().unwrap())));
    assert_eq!(named("other").unwrap_err().len(), 2);
}

#[test]
fn a_plan_from_another_config_is_refused() {
    let (plan, record) = good();
    assert_eq!(check_with(&plan, &record, &Digest::of(b"")), Ok(()));
    let found = check_with(&plan, &record, &Digest::of(b"another")).unwrap_err();
    assert!(matches!(found[..], [Violation::OtherConfig { .. }]));
}

/// A queue that comes back into use, one that had taken its place and goes, and an update of what was told of that one.
fn coming_back() -> (Plan, Recorded) {
    let mut record = recorded(&[("a/Q@1", QUEUE, &[]), ("a/Q@2", QUEUE, &[]), ("a/User@1", QUEUE, &["a/Q"])]);
    for (key, id) in [("a/Q@1", "old"), ("a/Q@2", "new")] {
        record.resources.get_mut(&key.parse().unwrap()).unwrap().physical_id = Some(id.into());
    }
    let uses = properties(json!({ "Uses": { "Ref": "a/Q" } }));
    let user = record.resources.get_mut(&"a/User@1".parse().unwrap()).unwrap();
    (user.asked, user.sent) = (uses.clone(), properties(json!({ "Uses": "new" })));
    let moves = Action::Move { to: "a/Q@3".parse().unwrap() };
    let update = Action::Update { to: uses, diff: Vec::new() };
    let plan = plan(vec![
        change("a/Q@1", QUEUE, moves, Stage::Build, &[]),
        change("a/User@1", QUEUE, update, Stage::Build, &["a/Q@1"]),
        change("a/Q@2", QUEUE, delete(), Stage::Retire, &[]),
    ]);
    (plan, record)
}

/// As [`refuses`], of the plan in which something comes back into use.
fn refuses_coming_back(breaks: impl Fn(&mut Plan, &mut Recorded), is: fn(&Violation) -> bool) {
    let (mut plan, mut recorded) = coming_back();
    assert_eq!(check(&plan, &recorded), Ok(()), "the plan holds before it is broken");
    breaks(&mut plan, &mut recorded);
    let found = check(&plan, &recorded).unwrap_err();
    assert!(found.iter().any(is), "{found:?}");
}

#[test]
fn coming_back_to_where_it_is_or_below_the_newest_is_refused() {
    let is: fn(&Violation) -> bool = |found| matches!(found, Violation::Misfit(key, _) if key.to_string() == "a/Q@1");
    for to in ["a/Q@1", "a/Q@0"] {
        refuses_coming_back(|plan, _| plan.changes[0].action = Action::Move { to: to.parse().unwrap() }, is);
    }
    refuses_coming_back(
        |_, record| {
            let elsewhere = RecordedResource { made_as: Some("a/Q@4".parse().unwrap()), ..another_of(record) };
            record.resources.insert("b/Q@1".parse().unwrap(), elsewhere);
        },
        is,
    );
}

fn another_of(record: &Recorded) -> RecordedResource {
    record.resources[&"a/Q@2".parse().unwrap()].clone()
}

#[test]
fn coming_back_while_it_is_being_deleted_is_refused() {
    refuses_coming_back(
        |_, record| {
            let queue = record.resources.get_mut(&"a/Q@1".parse().unwrap()).unwrap();
            queue.presence = Presence::Leaving;
            let (operation, at) = (Operation::Delete, Default::default());
            queue.intent = Some(Intent { operation, token: "t".into(), attempt: 1, at });
        },
        |found| matches!(found, Violation::Misfit(key, _) if key.to_string() == "a/Q@1"),
    );
}

#[test]
fn what_was_told_of_the_one_that_goes_is_told_of_the_one_that_comes_back() {
    refuses_coming_back(
        |plan, _| drop(plan.changes.remove(1)),
        |found| matches!(found, Violation::InUse(key, by) if key.to_string() == "a/Q@2" && by.to_string() == "a/User@1"),
    );
    refuses_coming_back(|plan, _| plan.changes[1].needs.clear(), |found| matches!(found, Violation::BeforeMove { .. }));
    let (mut plan, mut record) = coming_back();
    plan.changes.remove(1);
    record.resources.get_mut(&"a/User@1".parse().unwrap()).unwrap().sent = properties(json!({ "Uses": "old" }));
    assert_eq!(check(&plan, &record), Ok(()), "it never heard of the other one");
}

#[test]
fn sparing_data_where_there_is_none_is_refused_and_where_there_is_some_its_loss_is_listed_all_the_same() {
    let spare = |plan: &mut Plan, at: usize| {
        plan.changes[at].action = Action::Delete { physical_id: Some("id".into()), only_empty: true };
    };
    refuses(
        |plan, _| spare(plan, 3),
        |found| matches!(found, Violation::Misfit(key, _) if key.to_string() == "a/Old@1"),
    );
    refuses(
        |plan, _| {
            spare(plan, 4);
            plan.irreversible.clear();
        },
        |found| matches!(found, Violation::SilentLoss(_)),
    );
    let (mut plan, record) = good();
    spare(&mut plan, 4);
    assert_eq!(check(&plan, &record), Ok(()));
}

#[test]
fn a_replaced_one_may_stay_for_the_data_in_it_or_on_it() {
    let staying = |kind: &str, on_it: &[(&str, &str)]| {
        let (mut plan, mut record) = moving();
        plan.changes.remove(5);
        for key in ["b/Kind@2", "b/Kind@3"] {
            plan.changes.iter_mut().filter(|one| one.key.to_string() == key).for_each(|one| one.kind = kind.into());
        }
        record.resources.get_mut(&"b/Kind@2".parse().unwrap()).unwrap().kind = kind.into();
        for (key, kind) in on_it {
            let on = RecordedResource {
                kind: (*kind).into(),
                dependencies: ["b/Kind".parse().unwrap()].into(),
                ..another(&record)
            };
            record.resources.insert(key.parse().unwrap(), on);
        }
        check(&plan, &record).is_ok()
    };
    assert!(!staying(QUEUE, &[]) && staying(TABLE, &[]));
    assert!(staying(QUEUE, &[("c/Table@1", TABLE)]) && !staying(QUEUE, &[("c/Queue@1", QUEUE)]));
    assert!(staying(QUEUE, &[("c/Queue@1", QUEUE), ("c/Queue@2", QUEUE)]), "what is not in use itself");
}

/// An alias that is led to another version in two steps, watched by an alarm.
fn shifting() -> (Plan, Recorded) {
    const ALIAS: &str = "AWS::Lambda::Alias";
    let record = recorded(&[("a/Alias@1", ALIAS, &["a/Alarm"]), ("a/Alarm@1", "AWS::CloudWatch::Alarm", &[])]);
    let update = Action::Update { to: properties(json!({ "FunctionVersion": "2" })), diff: Vec::new() };
    let mut alias = change("a/Alias@1", ALIAS, update, Stage::Build, &[]);
    let step = |percent, seconds| ShiftStep { percent, seconds };
    let alarms = vec![json!({ "Ref": "a/Alarm" })];
    alias.shift = Some(Shift { steps: vec![step(10, 1_800), step(99, 1_800)], alarms });
    alias.dependencies.insert("a/Alarm".parse().unwrap());
    (plan(vec![alias]), record)
}

#[test]
fn a_shift_that_cannot_be_is_refused() {
    let (plan, record) = shifting();
    assert_eq!(check(&plan, &record), Ok(()));
    let refuses = |breaks: &dyn Fn(&mut Change), why: &str| {
        let (mut plan, record) = shifting();
        breaks(&mut plan.changes[0]);
        let found = check(&plan, &record).unwrap_err();
        assert!(found.iter().any(|one| matches!(one, Violation::WrongShift(_, is) if *is == why)), "{why}: {found:?}");
    };
    let of = |change: &mut Change, breaks: &dyn Fn(&mut Shift)| breaks(change.shift.as_mut().unwrap());
    refuses(&|change| change.kind = QUEUE.into(), "only the update of an alias can be shifted");
    refuses(&|change| change.action = delete(), "only the update of an alias can be shifted");
    let none = "it has no steps, or one that takes no time";
    refuses(&|change| of(change, &|shift| shift.steps.clear()), none);
    refuses(&|change| of(change, &|shift| shift.steps[0].seconds = 0), none);
    for (first, second) in [(0, 99), (10, 100), (99, 99), (50, 20)] {
        let sets = |shift: &mut Shift| (shift.steps[0].percent, shift.steps[1].percent) = (first, second);
        refuses(&|change| of(change, &sets), "its percents do not ascend from 1 to 99");
    }
    refuses(&|change| of(change, &|shift| shift.steps[1].seconds += 1), "it takes longer than an hour");
    refuses(&|change| of(change, &|shift| shift.alarms.clear()), "no alarm watches it");
    refuses(&|change| change.dependencies.clear(), "it is watched by an alarm that it does not depend on");
}
