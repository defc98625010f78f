//! Resources with new addresses: the record follows, and nothing in AWS changes.

use super::back::{in_use, to};
use super::*;

/// A queue, and a function of it that names it, at the given addresses.
fn pair(queue: &str, moved: &[(&str, &str)]) -> Desired {
    let role =
        json!({ "Path": "/", "Policies": [{ "PolicyName": "p", "PolicyDocument": { "Fn::GetAtt": [queue, "Arn"] } }] });
    let permission = json!({ "Action": "a", "FunctionName": { "Ref": queue } });
    let resources = [
        (queue, resource("AWS::SQS::Queue", json!({ "VisibilityTimeout": 30 }))),
        ("a/Role", resource("AWS::IAM::Role", role)),
        ("a/Permission", resource("AWS::Lambda::Permission", permission)),
    ];
    let moved = moved.iter().map(|(from, to)| (address(from), address(to))).collect();
    Desired { moved, ..desired(&resources) }
}

fn before() -> Recorded {
    carried_out(&planned(&pair("a/Queue", &[]), &Recorded::default(), false).unwrap(), &Recorded::default())
}

const THERE: (&str, &str) = ("a/Queue", "shared/Jobs");

#[test]
fn a_move_alone_changes_nothing_in_aws_and_is_made_once() {
    let before = before();
    let desired = pair("shared/Jobs", &[THERE]);
    let Planned { plan, report } = reported(&desired, &before, true).unwrap();
    check::check(&plan, &before).unwrap();
    assert_eq!(keys(&plan), ["a/Queue@1", "a/Permission@1", "a/Role@1"]);
    assert!(matches!(&plan.changes[0].action, Action::Move { to } if to.to_string() == "shared/Jobs@1"));
    for change in &plan.changes[1..] {
        let Action::Update { to, diff } = &change.action else { panic!("{change:?}") };
        assert!(diff.is_empty() && before.resources[&change.key].asked != *to, "only the record's wording: {change:?}");
        assert_eq!(change.because, Reason::Moved);
        assert_eq!(change.needs.iter().map(|edge| edge.on.to_string()).collect::<Vec<_>>(), ["a/Queue@1"]);
    }
    assert_eq!(report.moved[0].to.to_string(), "shared/Jobs@1");

    let after = carried_out(&plan, &before);
    let (was, is) =
        (&before.resources[&"a/Queue@1".parse().unwrap()], &after.resources[&"shared/Jobs@1".parse().unwrap()]);
    assert_eq!((&was.asked, &was.physical_id), (&is.asked, &is.physical_id), "the generated name stays");
    let again = planned(&desired, &after, false).unwrap();
    assert!(again.changes.is_empty(), "{:?}", keys(&again));
}

#[test]
fn what_moves_and_changes_is_changed_after_its_move() {
    let mut desired = pair("shared/Jobs", &[THERE]);
    let queue = desired.resources.get_mut(&address("shared/Jobs")).unwrap();
    queue.properties.set("VisibilityTimeout", 60);
    let plan = planned(&desired, &before(), false).unwrap();
    let update = plan.change(&"shared/Jobs@1".parse().unwrap()).unwrap();
    assert!(matches!(&update.action, Action::Update { diff, .. } if diff.len() == 1));
    assert_eq!(update.needs[0].on.to_string(), "a/Queue@1");

    desired.resources.get_mut(&address("shared/Jobs")).unwrap().properties.set("FifoQueue", true);
    let plan = planned(&desired, &before(), false).unwrap();
    check::check(&plan, &before()).unwrap();
    let replace = plan.change(&"shared/Jobs@2".parse().unwrap()).unwrap();
    assert!(matches!(&replace.action, Action::Replace { old, .. } if old.to_string() == "shared/Jobs@1"));
    let delete = plan.change(&"shared/Jobs@1".parse().unwrap()).unwrap();
    assert!(delete.needs.iter().any(|edge| edge.on.to_string() == "a/Queue@1"), "{:?}", delete.needs);
}

#[test]
fn deposed_incarnations_move_after_the_one_in_use_and_go() {
    let mut before = before();
    let mut older = before.resources[&"a/Queue@1".parse().unwrap()].clone();
    older.physical_id = Some("older".into());
    let current = before.resources.remove(&"a/Queue@1".parse().unwrap()).unwrap();
    before.resources.insert("a/Queue@1".parse().unwrap(), older);
    before.resources.insert("a/Queue@2".parse().unwrap(), current);
    let desired = pair("shared/Jobs", &[THERE]);
    let Planned { plan, report } = reported(&desired, &before, false).unwrap();
    check::check(&plan, &before).unwrap();
    assert_eq!(&keys(&plan)[..2], ["a/Queue@2", "a/Queue@1"]);
    assert_eq!(plan.changes[1].needs[0].on.to_string(), "a/Queue@2");
    let goes = plan.change(&"shared/Jobs@1".parse().unwrap()).unwrap();
    assert!(matches!(goes.action, Action::Delete { .. }) && goes.because == Reason::Deposed);
    assert_eq!(report.deposed, ["shared/Jobs@1".parse().unwrap()]);

    // It stopped between the two moves.
    let half = Plan { changes: vec![plan.changes[0].clone()], ..plan };
    let between = carried_out(&half, &before);
    let rest = planned(&desired, &between, false).unwrap();
    check::check(&rest, &between).unwrap();
    assert!(
        matches!(&rest.changes[0].action, Action::Move { to } if to.to_string() == "shared/Jobs@1"),
        "{:?}",
        keys(&rest)
    );
    let after = carried_out(&rest, &between);
    assert!(planned(&desired, &after, false).unwrap().changes.is_empty());
    assert_eq!(after.current(&address("shared/Jobs")).unwrap().0.generation, Generation(2));
}

#[test]
fn an_address_that_something_moved_away_from_does_not_use_its_generations_again() {
    let moved = pair("shared/Jobs", &[THERE]);
    let after = carried_out(&planned(&moved, &before(), false).unwrap(), &before());
    let mut both = pair("shared/Jobs", &[]);
    both.resources.insert(address("a/Queue"), resource("AWS::SQS::Queue", json!({})));
    let plan = planned(&both, &after, false).unwrap();
    check::check(&plan, &after).unwrap();
    assert_eq!(keys(&plan), ["a/Queue@2"], "the tags of `shared/Jobs@1` still say `a/Queue@1`");
}

#[test]
fn a_move_that_was_half_recorded_is_understood_without_the_move() {
    let desired = pair("shared/Jobs", &[THERE]);
    let plan = planned(&desired, &before(), false).unwrap();
    let half = Plan { changes: vec![plan.changes[0].clone()], ..plan };
    let between = carried_out(&half, &before());
    let plan = planned(&pair("shared/Jobs", &[]), &between, false).unwrap();
    assert!(plan.changes.iter().all(|change| matches!(&change.action, Action::Update { diff, .. } if diff.is_empty())));

    let gone = planned(&super::desired(&[]), &between, false).unwrap();
    let queue = gone.change(&"shared/Jobs@1".parse().unwrap()).unwrap();
    assert_eq!(queue.needs.len(), 2, "what stands on it goes first, by whatever address it knows it");
}

#[test]
fn a_move_from_what_is_not_recorded_is_nothing() {
    let plan = planned(&pair("shared/Jobs", &[THERE]), &Recorded::default(), false).unwrap();
    assert!(plan.changes.iter().all(|change| change.because == Reason::New));
}

#[test]
fn moves_that_cannot_be_are_refused() {
    let code = |moved: &[(&str, &str)], recorded: &Recorded| {
        let PlanError(problems) = planned(&pair("shared/Jobs", moved), recorded, false).unwrap_err();
        problems[0].code()
    };
    assert_eq!(code(&[("a/Role", "shared/Jobs")], &before()), "plan::moved-stays");
    assert_eq!(code(&[THERE, ("a/Other", "shared/Jobs")], &before()), "plan::moved-together");
    assert_eq!(code(&[THERE, ("a/Older", "a/Queue")], &before()), "plan::moved-on");
    assert_eq!(code(&[("a/Queue", "a/Queue")], &before()), "plan::moved-on");
    assert_eq!(code(&[("a/Queue", "a/Role")], &before()), "plan::moved-onto");
}

/// An API with a stage, a topic that a queue subscribes to, and a function with an alias, whose URL is that of the alias: each
/// but the API, the topic and the function at an address that ends with `at`.
fn what_has_no_name(at: &str, stage: &str) -> Desired {
    let there = |what: &str| format!("a/{what}{at}");
    let (api, topic, function) = ("a/Api", "a/Topic", "a/Function");
    let alias = there("Alias");
    let refer = |to: &str| json!({ "Ref": to });
    let subscription = json!({ "TopicArn": refer(topic), "Protocol": "sqs", "Endpoint": "arn:queue" });
    let url = json!({ "TargetFunctionArn": refer(&alias), "Qualifier": "live", "AuthType": "NONE" });
    let all = [
        (api.to_owned(), resource("AWS::ApiGatewayV2::Api", json!({}))),
        (there("Stage"), resource("AWS::ApiGatewayV2::Stage", json!({ "ApiId": refer(api), "StageName": stage }))),
        (topic.to_owned(), resource("AWS::SNS::Topic", json!({}))),
        (there("Subscription"), resource("AWS::SNS::Subscription", subscription)),
        (function.to_owned(), resource("AWS::Lambda::Function", json!({}))),
        (alias.clone(), resource("AWS::Lambda::Alias", json!({ "FunctionName": refer(function), "Name": "live" }))),
        (there("Url"), resource("AWS::Lambda::Url", url)),
    ];
    let all: Vec<(&str, DesiredResource)> = all.iter().map(|(at, one)| (at.as_str(), one.clone())).collect();
    desired(&all)
}

#[test]
fn what_aws_would_take_for_the_same_moves_also_where_nobody_says_so() {
    let before = what_has_no_name("", "prod");
    let record = carried_out(&planned(&before, &Recorded::default(), false).unwrap(), &Recorded::default());
    let after = what_has_no_name("Renamed", "prod");
    let Planned { plan, report } = reported(&after, &record, true).unwrap();
    check::check(&plan, &record).unwrap();
    let moves: Vec<String> = report.moved.iter().map(|one| format!("{} to {}", one.from, one.to)).collect();
    assert_eq!(
        moves,
        [
            "a/Alias@1 to a/AliasRenamed@1",
            "a/Stage@1 to a/StageRenamed@1",
            "a/Subscription@1 to a/SubscriptionRenamed@1",
            "a/Url@1 to a/UrlRenamed@1",
        ]
    );
    let touches = |change: &&Change| match &change.action {
        Action::Move { .. } => false,
        Action::Update { diff, .. } => !diff.is_empty(),
        _ => true,
    };
    assert_eq!(plan.changes.iter().find(touches), None, "to make it again would be to delete it");
    let moved = carried_out(&plan, &record);
    assert!(planned(&after, &moved, false).unwrap().changes.is_empty());
    // Said or not, it is the same plan.
    let said = Desired {
        moved: report.moved.iter().map(|one| (one.from.address.clone(), one.to.address.clone())).collect(),
        ..after
    };
    assert_eq!(planned(&said, &record, true).unwrap(), plan);
}

#[test]
fn what_aws_tells_apart_is_made_and_deleted_as_ever() {
    let before = what_has_no_name("", "prod");
    let record = carried_out(&planned(&before, &Recorded::default(), false).unwrap(), &Recorded::default());
    let mut after = what_has_no_name("", "prod");
    after.resources.remove(&address("a/Stage"));
    let other = what_has_no_name("Renamed", "test").resources.remove(&address("a/StageRenamed")).unwrap();
    after.resources.insert(address("a/StageRenamed"), other);
    let plan = planned(&after, &record, false).unwrap();
    assert_eq!(keys(&plan), ["a/StageRenamed@1", "a/Stage@1"]);
    assert!(
        matches!(plan.changes[0].action, Action::Create { .. })
            && matches!(plan.changes[1].action, Action::Delete { .. })
    );

    let integration = || resource("AWS::ApiGatewayV2::Integration", json!({ "ApiId": { "Ref": "a/Api" } }));
    let with = |at: &str| desired(&[("a/Api", resource("AWS::ApiGatewayV2::Api", json!({}))), (at, integration())]);
    let record = carried_out(&planned(&with("a/One"), &Recorded::default(), false).unwrap(), &Recorded::default());
    assert_eq!(keys(&planned(&with("a/Other"), &record, false).unwrap()), ["a/Other@1", "a/One@1"]);
}

#[test]
fn what_was_made_since_at_another_address_and_is_the_same_to_aws_comes_back() {
    let at = |address: &'static str, raw: bool| {
        let of = json!({ "TopicArn": { "Ref": "a/T" }, "Protocol": "sqs", "Endpoint": "e", "RawMessageDelivery": raw });
        desired(&[("a/T", resource("AWS::SNS::Topic", json!({}))), (address, resource("AWS::SNS::Subscription", of))])
    };
    let after = |desired: &Desired, before: &Recorded| carried_out(&planned(desired, before, false).unwrap(), before);
    let before = after(&at("a/Then", false), &Recorded::default());
    let gone = after(&desired(&[]), &before);
    assert!(gone.resources.is_empty());
    let now = after(&at("a/Now", true), &gone);
    let plan = inverse(&to(&before, &now, Consent::Named(&BTreeSet::new()))).unwrap().plan;
    check::check(&plan, &now).unwrap();
    assert_eq!(keys(&plan), ["a/Now@1", "a/Then@1"]);
    assert!(matches!(&plan.changes[0].action, Action::Move { to } if to.to_string() == "a/Then@1"), "{plan:?}");
    assert!(matches!(&plan.changes[1].action, Action::Update { diff, .. } if diff.len() == 1), "{plan:?}");
    assert_eq!(in_use(&carried_out(&plan, &now)), in_use(&before));
}
