//! What AWS would take for the same: nothing that is wanted goes with what stood for it before.

use super::*;

fn topic() -> (&'static str, DesiredResource) {
    ("a/Topic", resource("AWS::SNS::Topic", json!({})))
}

fn subscription(endpoint: impl Into<Value>) -> DesiredResource {
    let of = json!({ "TopicArn": { "Ref": "a/Topic" }, "Protocol": "sqs", "Endpoint": endpoint.into() });
    resource("AWS::SNS::Subscription", of)
}

fn deployed(wanted: &Desired) -> Recorded {
    carried_out(&planned(wanted, &Recorded::default(), false).unwrap(), &Recorded::default())
}

/// What there is in an account that knows one of each `property`, after a plan: making one that is there makes nothing, and one
/// that goes is gone whoever made it.
fn left_after(plan: &Plan, before: &Recorded, property: &str) -> BTreeSet<String> {
    let known = |of: &Properties| of.text(property).map(str::to_owned);
    let mut there: BTreeSet<String> = before.resources.values().filter_map(|one| known(&one.sent)).collect();
    let mut sent: BTreeMap<String, String> =
        before.resources.iter().filter_map(|(key, one)| Some((key.to_string(), known(&one.sent)?))).collect();
    for change in &plan.changes {
        let key = change.key.to_string();
        match &change.action {
            Action::Create { to } | Action::Replace { to, .. } => {
                there.extend(known(to));
                sent.extend(known(to).map(|known| (key, known)));
            }
            Action::Update { to, .. } => {
                there.retain(|one| sent.get(&key) != Some(one));
                there.extend(known(to));
            }
            Action::Delete { .. } => there.retain(|one| sent.get(&key) != Some(one)),
            Action::Move { .. } | Action::Forget { .. } => {}
        }
    }
    there
}

fn all(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_is_numbered_and_gets_one_more_in_front_loses_none() {
    let numbered = |endpoints: &[&str]| {
        let names: Vec<String> = (0..endpoints.len()).map(|at| format!("a/Sub{at}")).collect();
        let subscriptions = names.iter().zip(endpoints).map(|(name, of)| (name.as_str(), subscription(*of)));
        desired(&[topic()].into_iter().chain(subscriptions).collect::<Vec<_>>())
    };
    let record = deployed(&numbered(&["e1", "e2"]));
    let plan = planned(&numbered(&["e0", "e1", "e2"]), &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(left_after(&plan, &record, "Endpoint"), all(&["e0", "e1", "e2"]), "{:?}", keys(&plan));
    let again = carried_out(&plan, &record);
    assert!(planned(&numbered(&["e0", "e1", "e2"]), &again, false).unwrap().changes.is_empty());
    // And two that change places.
    let turned = planned(&numbered(&["e2", "e1"]), &record, false).unwrap();
    check::check(&turned, &record).unwrap();
    assert_eq!(left_after(&turned, &record, "Endpoint"), all(&["e1", "e2"]), "{:?}", keys(&turned));
}

#[test]
fn the_same_in_other_words_is_no_other_one() {
    let queue = ("a/Jobs", resource("AWS::SQS::Queue", json!({})));
    let with = |endpoint: Value| desired(&[topic(), queue.clone(), ("a/Sub", subscription(endpoint))]);
    let by_reference = with(json!({ "Fn::GetAtt": ["a/Jobs", "Arn"] }));
    let record = deployed(&by_reference);
    let (_, one) = record.current(&address("a/Sub")).unwrap();
    let written_out = with(one.sent.get("Endpoint").unwrap().clone());
    let plan = planned(&written_out, &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/Sub@1"]);
    assert!(matches!(&plan.changes[0].action, Action::Update { diff, .. } if diff.is_empty()), "{plan:?}");
    let reworded = carried_out(&plan, &record);
    assert!(planned(&written_out, &reworded, false).unwrap().changes.is_empty());
    assert_eq!(keys(&planned(&by_reference, &reworded, false).unwrap()), ["a/Sub@1"], "and back");
    let another = planned(&with(json!("arn:another")), &record, false).unwrap();
    assert_eq!(keys(&another), ["a/Sub@2", "a/Sub@1"]);
}

#[test]
fn a_route_is_not_made_while_another_one_still_has_its_key() {
    let api = ("a/Api", resource("AWS::ApiGatewayV2::Api", json!({})));
    let with = |routes: &[(&'static str, &str)]| {
        let route = |key: &str| json!({ "ApiId": { "Ref": "a/Api" }, "RouteKey": key });
        let routes = routes.iter().map(|(at, key)| (*at, resource("AWS::ApiGatewayV2::Route", route(key))));
        desired(&[api.clone()].into_iter().chain(routes).collect::<Vec<_>>())
    };
    let record = deployed(&with(&[("a/R2", "GET /a"), ("a/R3", "GET /c")]));
    for (wanted, left) in [
        (with(&[("a/R1", "GET /a"), ("a/R2", "GET /b"), ("a/R3", "GET /c")]), all(&["GET /a", "GET /b", "GET /c"])),
        (with(&[("a/R3", "GET /a")]), all(&["GET /a"])),
    ] {
        let plan = planned(&wanted, &record, false).unwrap();
        check::check(&plan, &record).unwrap();
        assert_eq!(left_after(&plan, &record, "RouteKey"), left, "{:?}", keys(&plan));
    }
}

#[test]
fn what_is_said_to_move_from_where_nothing_is_does_not_keep_the_other_from_moving() {
    let at = |address: &'static str| desired(&[topic(), (address, subscription("e"))]);
    let record = deployed(&at("a/Was"));
    let mut wanted = at("a/Now");
    wanted.moved.insert(address("a/LongAgo"), address("a/Now"));
    let plan = planned(&wanted, &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert!(matches!(&plan.changes[0].action, Action::Move { to } if to.to_string() == "a/Now@1"), "{plan:?}");
    assert!(plan.changes.iter().all(|change| change.because == Reason::Moved), "{plan:?}");
}

#[test]
fn what_is_attached_to_a_queue_moves_where_its_address_does() {
    let of = json!({ "FunctionName": "f", "EventSourceArn": { "Fn::GetAtt": ["a/Jobs", "Arn"] } });
    let policy = json!({ "Queues": [{ "Ref": "a/Jobs" }], "PolicyDocument": { "Statement": [] } });
    let with = |events: &'static str, access: &'static str| {
        let events = (events, resource("AWS::Lambda::EventSourceMapping", of.clone()));
        let access = (access, resource("AWS::SQS::QueuePolicy", policy.clone()));
        desired(&[("a/Jobs", resource("AWS::SQS::Queue", json!({}))), events, access])
    };
    let record = deployed(&with("a/OldEvents", "a/OldPolicy"));
    let plan = planned(&with("a/Events", "a/Policy"), &record, false).unwrap();
    check::check(&plan, &record).unwrap();
    assert!(plan.changes.iter().all(|change| change.because == Reason::Moved), "{:?}", keys(&plan));
}
