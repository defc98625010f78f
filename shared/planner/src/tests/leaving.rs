//! What is being deleted: put off, found by a sweep, or in the way of a name.

use super::*;

fn queue(name: Option<&str>) -> DesiredResource {
    resource("AWS::SQS::Queue", name.map_or(json!({}), |name| json!({ "QueueName": name })))
}

/// A record of one queue whose deletion was put off, with what stands on it.
fn put_off() -> Recorded {
    let on_top = resource("AWS::SQS::Queue", json!({ "RedrivePolicy": { "Ref": "a/Q" } }));
    let wanted = desired(&[("a/Q", queue(Some("q"))), ("a/Top", on_top), ("b/Stays", queue(None))]);
    let mut record = carried_out(&planned(&wanted, &Recorded::default(), false).unwrap(), &Recorded::default());
    for (key, resource) in record.resources.iter_mut().filter(|(key, _)| key.address.stack == "a") {
        resource.presence = Presence::Leaving;
        resource.reap = Some(model::Timestamp::UNIX_EPOCH);
        assert_eq!(key.generation, Generation(1));
    }
    record
}

#[test]
fn a_deletion_that_was_put_off_waits_for_its_reap() {
    let record = put_off();
    let Planned { plan, report } = reported(&desired(&[("b/Stays", queue(None))]), &record, false).unwrap();
    assert!(plan.changes.is_empty(), "{:?}", keys(&plan));
    assert_eq!(report.waiting.iter().map(|one| one.key.to_string()).collect::<Vec<_>>(), ["a/Q@1", "a/Top@1"]);

    let Planned { plan, report } = reap(&reaping(&record)).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/Top@1", "a/Q@1"], "what stands on it goes first");
    assert!(plan.changes.iter().all(|change| change.because == Reason::Due && change.stage == Stage::Retire));
    assert_eq!((plan.unchanged, report.waiting.len()), (1, 0));
    assert!(reap(&reaping(&carried_out(&plan, &record))).unwrap().plan.changes.is_empty());
}

#[test]
fn a_reap_leaves_what_something_that_stays_needs() {
    let mut record = put_off();
    let top = record.resources.get_mut(&"a/Top@1".parse().unwrap()).unwrap();
    (top.presence, top.reap) = (Presence::Present, None);
    let Planned { plan, report } = reap(&reaping(&record)).unwrap();
    check::check(&plan, &record).unwrap();
    assert!(plan.changes.is_empty());
    assert_eq!(report.waiting.len(), 1);
}

/// An API, and what stands in it and on that, whose deletions were put off.
fn put_off_within_an_api() -> (Desired, Recorded) {
    let api = resource("AWS::ApiGatewayV2::Api", json!({}));
    let within = resource("AWS::ApiGatewayV2::Integration", json!({ "ApiId": { "Ref": "a/Api" } }));
    let on_top = DesiredResource { depends_on: [address("a/Within")].into(), ..queue(None) };
    let all = desired(&[("a/Api", api.clone()), ("a/Within", within), ("a/Top", on_top)]);
    let mut record = carried_out(&planned(&all, &Recorded::default(), false).unwrap(), &Recorded::default());
    for key in ["a/Within@1", "a/Top@1"] {
        let one = record.resources.get_mut(&key.parse().unwrap()).unwrap();
        (one.presence, one.reap) = (Presence::Leaving, Some(model::Timestamp::UNIX_EPOCH));
    }
    (desired(&[("a/Api", api)]), record)
}

#[test]
fn what_was_put_off_is_tried_again_before_what_it_stands_on_goes() {
    let (api, record) = put_off_within_an_api();
    let Planned { plan, report } = reported(&api, &record, false).unwrap();
    assert!(plan.changes.is_empty(), "{:?}", keys(&plan));
    assert_eq!(report.waiting.len(), 2);

    let Planned { plan, report } = reported(&desired(&[]), &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(
        keys(&plan),
        ["a/Top@1", "a/Within@1", "a/Api@1"],
        "AWS would delete what stands in it together with it"
    );
    let needs = |key: &str| plan.change(&key.parse().unwrap()).unwrap().needs[0].on.to_string();
    assert_eq!([needs("a/Within@1"), needs("a/Api@1")], ["a/Top@1", "a/Within@1"]);
    assert!(plan.changes.iter().all(|change| change.stage == Stage::Retire));
    assert!(report.waiting.is_empty());
}

#[test]
fn a_way_back_of_a_part_holds_nothing_up_for_what_was_put_off_beside_it() {
    let (_, record) = put_off_within_an_api();
    let (before, touched, made_by) = (Recorded::default(), [address("a/Api")].into(), "d1".into());
    let all = super::back::to(&before, &record, Consent::Automatic { made_by: &made_by });
    let plan = inverse(&Inverse { touched: Some(&touched), ..all }).unwrap().plan;
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/Api@1"], "it goes by itself");
}

/// A topic, and what subscribes to it.
fn subscribed(topic: Value) -> Desired {
    let of = json!({ "TopicArn": { "Fn::GetAtt": ["a/Topic", "Arn"] }, "Protocol": "sqs", "Endpoint": "arn:queue" });
    desired(&[("a/Topic", resource("AWS::SNS::Topic", topic)), ("a/Sub", resource("AWS::SNS::Subscription", of))])
}

#[test]
fn what_may_be_made_again_in_the_same_that_was_let_go_goes_first() {
    let wanted = subscribed(json!({}));
    let record = carried_out(&planned(&wanted, &Recorded::default(), false).unwrap(), &Recorded::default());
    let order = |plan: &Plan| match &plan.change(&"a/Sub@2".parse().unwrap()).unwrap().action {
        Action::Replace { order, .. } => *order,
        other => panic!("{other:?}"),
    };
    let mut let_go = record.clone();
    let_go.resources.remove(&"a/Topic@1".parse().unwrap());
    let plan = planned(&wanted, &let_go, false).unwrap();
    check::check(&plan, &let_go).unwrap();
    assert_eq!(order(&plan), Order::DeleteFirst, "of the same topic it would be the same subscription");
    let new = plan.change(&"a/Sub@2".parse().unwrap()).unwrap();
    assert_eq!(new.needs.iter().map(|edge| edge.on.to_string()).collect::<Vec<_>>(), ["a/Sub@1", "a/Topic@1"]);
    assert_eq!(plan.change(&"a/Sub@1".parse().unwrap()).unwrap().stage, Stage::Build);

    let another = planned(&subscribed(json!({ "FifoTopic": true })), &record, false).unwrap();
    assert_eq!(order(&another), Order::CreateFirst, "of another topic it is another one");
}

#[test]
fn a_name_that_is_needed_again_is_freed_first_with_what_stands_on_it() {
    let record = put_off();
    let wanted = desired(&[("b/New", queue(Some("q"))), ("b/Stays", queue(None))]);
    let plan = planned(&wanted, &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    let new = plan.changes.last().unwrap();
    assert_eq!(keys(&plan)[..2], ["a/Top@1", "a/Q@1"], "{:?}", keys(&plan));
    assert!(matches!(new.action, Action::Create { .. }) && new.needs[0].on.to_string() == "a/Q@1");
    assert!(plan.changes[..2].iter().all(|change| change.because == Reason::Due && change.stage == Stage::Build));
    let generated = desired(&[("b/New", queue(None)), ("b/Stays", queue(None))]);
    assert_eq!(keys(&planned(&generated, &record, false).unwrap()), ["b/New@1"], "another name is in nobody's way");
}

#[test]
fn what_was_put_off_and_is_wanted_again_is_taken_up_again() {
    let record = put_off();
    for name in [Some("q"), None] {
        let wanted = desired(&[("a/Q", queue(name)), ("b/Stays", queue(None))]);
        let plan = planned(&wanted, &record, false).unwrap();
        check::check(&plan, &record).unwrap();
        assert_eq!(keys(&plan), ["a/Q@1"]);
        assert!(matches!(plan.changes[0].action, Action::Update { .. }));
    }
}

#[test]
fn what_was_put_off_and_is_wanted_elsewhere_is_taken_up_again_and_moves() {
    let record = put_off();
    let mut wanted = desired(&[("b/Q", queue(Some("q"))), ("b/Stays", queue(None))]);
    wanted.moved = [("a/Q".parse().unwrap(), "b/Q".parse().unwrap())].into();
    let plan = planned(&wanted, &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/Q@1", "b/Q@1"]);
    assert!(matches!(plan.changes[0].action, Action::Move { .. }), "{:?}", plan.changes[0]);
    assert!(matches!(plan.changes[1].action, Action::Update { .. }), "{:?}", plan.changes[1]);
    let moved = carried_out(&plan, &record);
    let reaped = reap(&reaping(&moved)).unwrap().plan;
    assert_eq!(keys(&reaped), ["a/Top@1"], "what is in use again is nothing that is due");
}

#[test]
fn what_stands_in_what_is_replaced_goes_before_it_so_that_the_record_never_says_more_than_there_is() {
    // AWS deletes an alias with its function; the name is fixed, so that nothing in the alias's own properties tells.
    let stack = |package: &str, retention: Retention| {
        let function = resource("AWS::Lambda::Function", json!({ "FunctionName": "f", "PackageType": package }));
        let alias = resource("AWS::Lambda::Alias", json!({ "FunctionName": { "Ref": "a/F" }, "Name": "live" }));
        let version = resource("AWS::Lambda::Version", json!({ "FunctionName": { "Ref": "a/F" } }));
        let version = DesiredResource { retention, ..version };
        desired(&[("a/Alias", alias), ("a/F", function), ("a/Version", version)])
    };
    for retention in [Retention::Delete, Retention::RetainReplaced] {
        let wanted = stack("Zip", retention);
        let record = carried_out(&planned(&wanted, &Recorded::default(), false).unwrap(), &Recorded::default());
        let plan = planned(&stack("Image", retention), &record, false).unwrap();
        check::check(&plan, &record).unwrap();
        let place = |key: &str| keys(&plan).iter().position(|other| other == key).unwrap();
        assert!(place("a/Alias@1") < place("a/F@1") && place("a/Version@1") < place("a/F@1"), "{:?}", keys(&plan));
        assert!(place("a/F@1") < place("a/F@2") && place("a/F@2") < place("a/Alias@2"), "{:?}", keys(&plan));
        let needs = &plan.change(&"a/F@1".parse().unwrap()).unwrap().needs;
        assert_eq!(needs.len(), 2, "its deletion waits for both");
    }
}

#[test]
fn letting_go_waits_for_nobody() {
    let kept = DesiredResource { retention: Retention::Retain, ..queue(None) };
    let on_top = resource("AWS::SQS::Queue", json!({ "RedrivePolicy": { "Ref": "a/Kept" } }));
    let wanted = desired(&[("a/Kept", kept), ("a/Top", on_top)]);
    let record = carried_out(&planned(&wanted, &Recorded::default(), false).unwrap(), &Recorded::default());
    let plan = planned(&desired(&[]), &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    let forget = plan.change(&"a/Kept@1".parse().unwrap()).unwrap();
    assert!(matches!(forget.action, Action::Forget { .. }) && forget.needs.is_empty(), "{forget:?}");
}

/// What a sweep records: that it is there, and nothing else.
fn with_stray(kind: &str) -> Recorded {
    let wanted = desired(&[("a/Q", queue(None))]);
    let mut record = carried_out(&planned(&wanted, &Recorded::default(), false).unwrap(), &Recorded::default());
    let known = record.resources.values().next().unwrap().clone();
    let stray = RecordedResource {
        kind: kind.into(),
        presence: Presence::Leaving,
        asked: Properties::new(),
        sent: Properties::new(),
        ..known
    };
    record.resources.insert("a/Q@3".parse().unwrap(), stray);
    record
}

#[test]
fn a_stray_is_deleted_and_its_generation_is_not_used_again() {
    let record = with_stray("AWS::SQS::Queue");
    let plan = planned(&desired(&[("a/Q", queue(None))]), &record, true).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/Q@3"]);
    assert!(matches!(plan.changes[0].action, Action::Delete { .. }));
    let mut other = desired(&[("a/Q", queue(None))]);
    other.resources.get_mut(&address("a/Q")).unwrap().properties.set("FifoQueue", true);
    let plan = planned(&other, &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(plan.changes[0].key.to_string(), "a/Q@4");
}

#[test]
fn a_stray_with_data_is_listed_as_a_loss_and_stays_where_data_is_protected() {
    let record = with_stray("AWS::DynamoDB::Table");
    let wanted = desired(&[("a/Q", queue(None))]);
    let Planned { plan, report } = reported(&wanted, &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!((keys(&plan), plan.irreversible.len()), (vec!["a/Q@3".to_owned()], 1));
    assert_eq!(report.lost, plan.irreversible);

    let Planned { plan, report } = reported(&wanted, &record, true).unwrap();
    assert!(plan.changes.is_empty());
    assert_eq!(report.left, ["a/Q@3".parse().unwrap()]);
}

#[test]
fn circles_between_incarnations_are_taken_apart() {
    // First `b/B` stood on `a/A`, then `a/A` on `b/B`, and both deployments stopped before anything was retired.
    let wanted = desired(&[("a/A", queue(None)), ("b/B", queue(None))]);
    let mut record = carried_out(&planned(&wanted, &Recorded::default(), false).unwrap(), &Recorded::default());
    let template = record.resources.values().next().unwrap().clone();
    for (key, on) in [("a/A@1", ""), ("b/B@1", "a/A"), ("a/A@2", "b/B"), ("b/B@2", "")] {
        let dependencies = Some(on).filter(|on| !on.is_empty()).map(address).into_iter().collect();
        record.resources.insert(key.parse().unwrap(), RecordedResource { dependencies, ..template.clone() });
    }
    let plan = planned(&desired(&[]), &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(plan.changes.len(), 4);

    // Of the same generation, and put off.
    for key in ["a/A@1", "b/B@2"] {
        record.resources.remove(&key.parse().unwrap());
    }
    for (key, resource) in &mut record.resources {
        (resource.presence, resource.reap) = (Presence::Leaving, Some(model::Timestamp::UNIX_EPOCH));
        let on = if key.address.stack == "a" { "b/B" } else { "a/A" };
        resource.dependencies = [address(on)].into();
    }
    let twins = record.resources.into_iter().map(|(key, one)| (ResourceKey::new(key.address, Generation(1)), one));
    let record = Recorded { resources: twins.collect(), ..Recorded::default() };
    let plan = reap(&reaping(&record)).unwrap().plan;
    check::check(&plan, &record).unwrap();
    assert_eq!(plan.changes.len(), 2);
}

#[test]
fn what_is_kept_is_told_with_its_reason() {
    let table = |key: &str| DesiredResource {
        retention: Retention::Retain,
        ..resource("AWS::DynamoDB::Table", json!({ "KeySchema": key }))
    };
    let recorded = carried_out(
        &planned(&desired(&[("a/T", table("a"))]), &Recorded::default(), false).unwrap(),
        &Recorded::default(),
    );
    let because = |wanted: &Desired| reported(wanted, &recorded, true).unwrap().report.retained[0].because;
    assert_eq!(because(&desired(&[])), model::Retaining::Removed);
    assert_eq!(because(&desired(&[("a/T", table("b"))])), model::Retaining::Replaced);
}

/// A function, and its URL under a qualifier, which nothing but the qualifier and the function tells from another.
fn with_url(qualifier: &str) -> Desired {
    let function = resource("AWS::Lambda::Function", json!({ "FunctionName": "f" }));
    let arn = json!({ "Fn::GetAtt": ["a/F", "Arn"] });
    let url = resource("AWS::Lambda::Url", json!({ "TargetFunctionArn": arn, "Qualifier": qualifier }));
    desired(&[("a/F", function), ("a/Url", url)])
}

/// The record of a deployment that made another URL, and stopped before it deleted the first one.
fn with_both_urls() -> Recorded {
    let before = carried_out(&planned(&with_url("one"), &Recorded::default(), false).unwrap(), &Recorded::default());
    let mut both = carried_out(&planned(&with_url("two"), &before, false).unwrap(), &before);
    let first: ResourceKey = "a/Url@1".parse().unwrap();
    both.resources.insert(first.clone(), before.resources[&first].clone());
    both
}

#[test]
fn what_a_deployment_that_stopped_left_is_taken_up_again_where_it_is_what_is_wanted() {
    let refused = |one: &mut RecordedResource| one.presence = Presence::Leaving;
    for aws_would_not_delete_it in [false, true] {
        let mut record = with_both_urls();
        if aws_would_not_delete_it {
            record.resources.get_mut(&"a/Url@1".parse().unwrap()).map(refused).unwrap();
        }
        let plan = planned(&with_url("one"), &record, false).unwrap();
        check::check(&plan, &record).unwrap();
        assert_eq!(plan.changes[0].key.to_string(), "a/Url@1");
        assert!(matches!(&plan.changes[0].action, Action::Move { to } if to.to_string() == "a/Url@3"), "{plan:?}");
        let gone = plan.change(&"a/Url@2".parse().unwrap()).unwrap();
        assert!(matches!(gone.action, Action::Delete { .. }) && gone.stage == Stage::Retire);
        let is_made = |change: &Change| matches!(change.action, Action::Create { .. } | Action::Replace { .. });
        assert!(!plan.changes.iter().any(is_made), "AWS would say that it exists already");
        assert!(planned(&with_url("one"), &carried_out(&plan, &record), false).unwrap().changes.is_empty());
    }
    let third = planned(&with_url("three"), &with_both_urls(), false).unwrap();
    assert_eq!(third.changes[0].key.to_string(), "a/Url@3", "what nobody wants again makes way as ever");
}

#[test]
fn what_may_be_on_its_way_out_is_gone_before_the_same_is_made_again() {
    let mut record = with_both_urls();
    record.resources.remove(&"a/Url@2".parse().unwrap());
    let intent = model::Intent {
        operation: model::Operation::Delete,
        token: "t".into(),
        attempt: 1,
        at: model::Timestamp::UNIX_EPOCH,
    };
    let one = record.resources.get_mut(&"a/Url@1".parse().unwrap()).unwrap();
    (one.presence, one.intent) = (Presence::Leaving, Some(intent));
    let plan = planned(&with_url("one"), &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/Url@1", "a/Url@2"]);
    assert_eq!(plan.changes[0].stage, Stage::Build);
    assert_eq!(plan.changes[1].needs[0].on, plan.changes[0].key, "AWS would say that it exists already");
    let other = planned(&with_url("two"), &record, false).unwrap();
    check::check(&other, &record).unwrap();
    assert_eq!(keys(&other), ["a/Url@2", "a/Url@1"], "another one waits for nobody");

    let mut elsewhere = with_url("one");
    let url = elsewhere.resources.remove(&address("a/Url")).unwrap();
    elsewhere.resources.insert(address("a/Address"), url);
    elsewhere.moved = [(address("a/Url"), address("a/Address"))].into();
    let moved = planned(&elsewhere, &record, false).unwrap();
    check::check(&moved, &record).unwrap();
    assert_eq!(keys(&moved), ["a/Url@1", "a/Address@1"], "also where it has another address now");
    elsewhere.moved.clear();
    let unsaid = planned(&elsewhere, &record, false).unwrap();
    check::check(&unsaid, &record).unwrap();
    assert_eq!(unsaid.changes, moved.changes, "and where nobody says that it has");
}

#[test]
fn what_goes_and_stands_in_what_must_go_first_goes_with_it() {
    let api = |protocol: &str| {
        let of = json!({ "Name": "api", "ProtocolType": protocol });
        ("a/Api", resource("AWS::ApiGatewayV2::Api", of))
    };
    let within = |kind, of: Value| resource(kind, of);
    let integration = ("a/I", within("AWS::ApiGatewayV2::Integration", json!({ "ApiId": { "Ref": "a/Api" } })));
    let target = json!({ "ApiId": { "Ref": "a/Api" }, "Target": { "Ref": "a/I" } });
    let route = ("a/Route", within("AWS::ApiGatewayV2::Route", target));
    let before = desired(&[api("HTTP"), integration.clone(), route]);
    let record = carried_out(&planned(&before, &Recorded::default(), false).unwrap(), &Recorded::default());
    let plan = planned(&desired(&[api("WEBSOCKET"), integration]), &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan)[..3], ["a/Route@1", "a/I@1", "a/Api@1"], "{:?}", keys(&plan));
}

#[test]
fn what_stood_in_an_older_incarnation_does_not_stand_in_what_must_go_first() {
    // First the queue stood in the table, then a role at the table's address stood on the next queue.
    let queue = |fifo: Value| resource("AWS::SQS::Queue", json!({ "FifoQueue": fifo }));
    let role = |path: Value| resource("AWS::IAM::Role", json!({ "RoleName": "r", "Path": path }));
    let table = resource("AWS::DynamoDB::Table", json!({ "KeySchema": "k" }));
    let stopped_before_the_end = |wanted: &Desired, before: &Recorded| {
        let mut plan = planned(wanted, before, false).unwrap();
        plan.changes.retain(|change| change.stage == Stage::Build);
        carried_out(&plan, before)
    };
    let arn = |of: &str| json!({ "Fn::GetAtt": [of, "Arn"] });
    let first = desired(&[("a/C", queue(arn("b/D"))), ("b/D", table)]);
    let second = desired(&[("a/C", queue(json!("0"))), ("b/D", role(arn("a/C")))]);
    let record = stopped_before_the_end(&second, &stopped_before_the_end(&first, &Recorded::default()));
    let all: Vec<String> = record.resources.keys().map(ToString::to_string).collect();
    assert_eq!(all, ["a/C@1", "a/C@2", "b/D@1", "b/D@2"]);
    let third = desired(&[("a/C", queue(json!("0"))), ("b/D", role(json!("/")))]);
    let plan = planned(&third, &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    let early = plan.changes.iter().filter(|change| change.stage == Stage::Build).map(|change| change.key.to_string());
    assert_eq!(early.collect::<Vec<_>>(), ["b/D@2", "b/D@3"]);
}
