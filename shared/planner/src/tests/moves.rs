//! Resources with new addresses: the record follows, and nothing in AWS changes.

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
