//! Ten thousand resources, made, left alone, destroyed and brought back: nothing here may grow with the square of their number.

use super::*;

const AGENTS: usize = 3_333;

/// A role, a function and a queue for each agent, all on one shared table: 10,000 in all.
fn many() -> Desired {
    let mut all = desired(&[("shared/Orders", resource("AWS::DynamoDB::Table", json!({})))]);
    for agent in 0..AGENTS {
        let at = |name: &str| ResourceAddress::new(format!("agent-{agent}"), name);
        let role = json!({ "Policies": [{ "Resource": { "Fn::GetAtt": ["shared/Orders", "Arn"] } }] });
        let function = json!({
            "Role": { "Fn::GetAtt": [at("Role").to_string(), "Arn"] },
            "Environment": { "Variables": { "QUEUE": { "Ref": at("Queue").to_string() } } },
        });
        all.resources.insert(at("Role"), resource("AWS::IAM::Role", role));
        all.resources.insert(at("Queue"), resource("AWS::SQS::Queue", json!({ "VisibilityTimeout": 30 })));
        all.resources.insert(at("Function"), resource("AWS::Lambda::Function", function));
    }
    all
}

#[test]
fn ten_thousand_resources_are_made_left_alone_and_destroyed() {
    let wanted = many();
    let nothing = Recorded::default();
    let first = planned(&wanted, &nothing, false).unwrap();
    check::check(&first, &nothing).unwrap();
    assert_eq!(first.changes.len(), 3 * AGENTS + 1);

    let record = carried_out(&first, &nothing);
    let again = planned(&wanted, &record, false).unwrap();
    check::check(&again, &record).unwrap();
    assert_eq!((again.changes.len(), again.unchanged), (0, 3 * AGENTS + 1));

    let gone = planned(&desired(&[]), &record, false).unwrap();
    check::check(&gone, &record).unwrap();
    assert_eq!(gone.changes.last().unwrap().key.to_string(), "shared/Orders@1");
    assert!(carried_out(&gone, &record).resources.is_empty());
}

#[test]
fn ten_thousand_resources_go_back() {
    let nothing = Recorded::default();
    let before = carried_out(&planned(&many(), &nothing, false).unwrap(), &nothing);
    let mut fifo = many();
    for queue in fifo.resources.values_mut().filter(|one| one.kind.as_str() == "AWS::SQS::Queue") {
        queue.properties.set("FifoQueue", true);
    }
    let mut stopped = planned(&fifo, &before, false).unwrap();
    stopped.changes.retain(|change| change.stage == Stage::Build);
    let now = carried_out(&stopped, &before);
    let all = BTreeSet::new();
    let back = inverse(&back::to(&before, &now, Consent::Named(&all))).unwrap().plan;
    check::check(&back, &now).unwrap();
    assert_eq!(back.changes.len(), 3 * AGENTS, "a queue comes back, its function is told, the other queue goes");
    let again = carried_out(&back, &now);
    assert!(inverse(&back::to(&before, &again, Consent::Named(&all))).unwrap().plan.changes.is_empty());
}

#[test]
fn thousands_that_have_no_name_move_and_are_made_where_others_go() {
    let routes = |at: &str, count: usize| {
        let mut all = desired(&[("a/Api", resource("AWS::ApiGatewayV2::Api", json!({})))]);
        for number in 0..count {
            let of = json!({ "ApiId": { "Ref": "a/Api" }, "RouteKey": format!("GET /{number}") });
            let address = ResourceAddress::new("a", format!("{at}{number}"));
            all.resources.insert(address, resource("AWS::ApiGatewayV2::Route", of));
        }
        all
    };
    let nothing = Recorded::default();
    let mut record = carried_out(&planned(&routes("Old", AGENTS), &nothing, false).unwrap(), &nothing);
    let moved = planned(&routes("New", AGENTS), &record, false).unwrap();
    check::check(&moved, &record).unwrap();
    assert!(moved.changes.iter().all(|change| change.because == Reason::Moved), "{:?}", keys(&moved));
    assert_eq!(moved.changes.iter().filter(|change| matches!(change.action, Action::Move { .. })).count(), AGENTS);

    for (_, one) in record.resources.iter_mut().filter(|(key, _)| key.address != address("a/Api")) {
        one.presence = Presence::Leaving;
    }
    let again = planned(&routes("New", AGENTS), &record, false).unwrap();
    check::check(&again, &record).unwrap();
    assert_eq!(again.changes.len(), 2 * AGENTS, "each old one goes before the new one is made");
}

/// A chain of functions, each told of the next, and what is told of the first.
fn chain(half: &dyn Fn(usize) -> bool) -> Recorded {
    let at = |number: usize| ResourceAddress::new("chain", format!("F{number}"));
    let user = |on: &ResourceAddress| {
        resource(
            "AWS::Lambda::Function",
            json!({ "Environment": { "Variables": { "ON": { "Ref": on.to_string() } } } }),
        )
    };
    let mut all = desired(&[("chain/User", user(&at(0)))]);
    all.resources.extend((0..AGENTS).map(|number| (at(number), user(&at(number + 1)))));
    all.resources.insert(at(AGENTS), resource("AWS::SQS::Queue", json!({})));
    let nothing = Recorded::default();
    let mut record = carried_out(&planned(&all, &nothing, false).unwrap(), &nothing);
    for number in (0..=AGENTS).filter(|number| half(*number)) {
        let key = ResourceKey::new(at(number), Generation::FIRST);
        record.resources.get_mut(&key).unwrap().presence = Presence::Incomplete;
    }
    record
}

#[test]
fn thousands_that_were_half_made_go_or_are_left_or_finished() {
    let nothing = Recorded::default();
    let (made_by, earlier) = ("d1".into(), [nothing.clone()]);
    let by_itself = |then: &Recorded, now: &Recorded, leaves: bool| {
        let way = back::to(then, now, Consent::Automatic { made_by: &made_by });
        let plan = inverse(&Inverse { earlier: &earlier, leaves, ..way }).unwrap().plan;
        check::check(&plan, now).unwrap();
        plan
    };
    let mut then = carried_out(&planned(&many(), &nothing, false).unwrap(), &nothing);
    let is_half = |kind: &str| matches!(kind, "AWS::Lambda::Function" | "AWS::SQS::Queue");
    for one in then.resources.values_mut().filter(|one| is_half(one.kind.as_str())) {
        one.presence = Presence::Incomplete;
    }
    assert!(by_itself(&then, &then, true).changes.is_empty(), "nobody has touched them");
    let gone = by_itself(&then, &then, false);
    assert_eq!(gone.changes.len(), 2 * AGENTS, "nothing whole uses them");
    assert!(gone.changes.iter().all(|change| matches!(change.action, Action::Delete { .. })));

    // Each is in use because the one before it is.
    let then = chain(&|_| true);
    let finished = by_itself(&then, &then, false);
    assert_eq!(finished.changes.len(), AGENTS + 1);
    assert!(finished.changes.iter().all(|change| matches!(change.action, Action::Update { .. })));

    // All stand on the one that is half made.
    let then = chain(&|number| number == AGENTS);
    assert!(by_itself(&then, &then, true).changes.is_empty());
}
