//! Ways back to where something was half done, because a deployment had stopped and another ended well beside it.

use super::back::{made_by_d1, to};
use super::random::{lines, standing};
use super::*;

fn queue(of: Value) -> DesiredResource {
    resource("AWS::SQS::Queue", of)
}

fn user(size: u32) -> DesiredResource {
    resource("AWS::Lambda::Function", json!({ "MemorySize": size, "Environment": { "Ref": "a/Q" } }))
}

fn whole(resources: &[(&str, DesiredResource)], before: &Recorded) -> Recorded {
    carried_out(&planned(&desired(resources), before, false).unwrap(), before)
}

/// What a deployment of these resources leaves where it stops at `key`, before anything that comes later.
fn stopped_at(key: &str, presence: Presence, resources: &[(&str, DesiredResource)], before: &Recorded) -> Recorded {
    let mut plan = planned(&desired(resources), before, false).unwrap();
    let at = plan.changes.iter().position(|change| change.key.to_string() == key).unwrap();
    plan.changes.truncate(at + 1);
    let mut now = carried_out(&plan, before);
    let half = now.resources.get_mut(&key.parse().unwrap()).unwrap();
    half.presence = presence;
    if presence == Presence::Announced {
        half.physical_id = None;
    }
    if let Some(before) = before.resources.get(&key.parse().unwrap()) {
        half.earlier = vec![model::Earlier { sent: before.sent.clone(), token: None }];
    }
    now
}

/// The way back of `d1`, to where `then` had something half done.
fn back(then: &Recorded, earlier: &[&Recorded], now: &Recorded, leaves: bool) -> Result<Plan, PlanError> {
    let now = made_by_d1(then, now.clone());
    let (made_by, earlier) = ("d1".into(), earlier.iter().map(|one| (*one).clone()).collect::<Vec<_>>());
    let inverse = to(then, &now, Consent::Automatic { made_by: &made_by });
    let plan = crate::inverse(&Inverse { earlier: &earlier, leaves, ..inverse })?.plan;
    check::check(&plan, &now).unwrap();
    Ok(plan)
}

fn size(plan: &Plan, key: &str) -> Option<i64> {
    plan.change(&key.parse().unwrap()).unwrap().action.to().unwrap().number("MemorySize")
}

#[test]
fn what_was_half_changed_goes_to_what_it_was_when_it_was_whole_or_stays_where_nobody_touched_it() {
    let first = whole(&[("a/F", user(1)), ("a/Q", queue(json!({})))], &Recorded::default());
    let then = stopped_at("a/F@1", Presence::Incomplete, &[("a/F", user(2)), ("a/Q", queue(json!({})))], &first);
    let again = whole(&[("a/F", user(3)), ("a/Q", queue(json!({})))], &then);
    assert_eq!(size(&back(&then, &[&first], &again, true).unwrap(), "a/F@1"), Some(1));
    assert_eq!(size(&back(&then, &[], &again, true).unwrap(), "a/F@1"), Some(2), "of which nothing else is known");
    let beside = whole(&[("a/F", user(2)), ("a/New", queue(json!({}))), ("a/Q", queue(json!({})))], &first);
    let mut untouched = then.clone();
    let new: ResourceKey = "a/New@1".parse().unwrap();
    untouched.resources.insert(new.clone(), beside.resources[&new].clone());
    assert_eq!(keys(&back(&then, &[&first], &untouched, true).unwrap()), ["a/New@1"]);
    assert_eq!(keys(&back(&then, &[&first], &untouched, false).unwrap()), ["a/F@1", "a/New@1"]);
    // The newest record that knows it whole, not the oldest.
    let between = whole(&[("a/F", user(7)), ("a/Q", queue(json!({})))], &first);
    assert_eq!(size(&back(&then, &[&then, &between, &first], &again, true).unwrap(), "a/F@1"), Some(7));
}

#[test]
fn nothing_that_something_half_changed_may_use_goes_while_that_is_left() {
    let stack = |fifo: Value, size: u32| [("a/F", user(size)), ("a/Q", queue(fifo))];
    let first = whole(&stack(json!({}), 1), &Recorded::default());
    // The new queue is made, and whether the function was told of it is not known.
    let then = stopped_at("a/F@1", Presence::Incomplete, &stack(json!({ "FifoQueue": true }), 2), &first);
    assert_eq!(then.generations(&address("a/Q")).count(), 2);
    assert!(back(&then, &[&first], &then, true).unwrap().changes.is_empty(), "the first queue stays");
    let plan = back(&then, &[&first], &then, false).unwrap();
    assert_eq!(keys(&plan), ["a/F@1", "a/Q@1"], "where it is told of the new one, the first goes after that");
    assert_eq!(size(&plan, "a/F@1"), Some(1));
}

#[test]
fn what_was_to_be_replaced_comes_back_and_what_used_it_is_told_of_no_other() {
    let stack = |fifo: Value, size: u32| [("a/F", user(size)), ("a/Q", queue(fifo))];
    let first = whole(&stack(json!({}), 1), &Recorded::default());
    let fifo = || json!({ "FifoQueue": true });
    for presence in [Presence::Announced, Presence::Incomplete] {
        let then = stopped_at("a/Q@2", presence, &stack(fifo(), 1), &first);
        assert!(
            back(&then, &[&first], &then, true).unwrap().changes.is_empty(),
            "{presence:?}: the function uses the first"
        );

        // What uses it was changed since: it must not be told of what is half made.
        let mut now = then.clone();
        now.resources.get_mut(&"a/F@1".parse().unwrap()).unwrap().asked.set("MemorySize", 9);
        assert!(back(&then, &[&first], &now, true).is_err(), "{presence:?}");
        let plan = back(&then, &[&first], &now, false).unwrap();
        assert_eq!(keys(&plan), ["a/Q@1", "a/F@1", "a/Q@2"], "{presence:?}");
        assert!(matches!(&plan.changes[0].action, Action::Move { to } if to.to_string() == "a/Q@3"));
        let after = carried_out(&plan, &now);
        let function = &after.resources[&"a/F@1".parse().unwrap()];
        assert_eq!(function.sent, first.resources[&"a/F@1".parse().unwrap()].sent, "{presence:?}");

        // The next deployment finished it and had not got to what uses it.
        let now = stopped_at("a/F@1", Presence::Incomplete, &stack(fifo(), 4), &then);
        let plan = back(&then, &[&first], &now, true).unwrap();
        assert_eq!(keys(&plan), ["a/Q@1", "a/F@1", "a/Q@2"], "{presence:?}");
    }
}

#[test]
fn what_was_new_and_half_made_goes_unless_something_uses_it() {
    let with = |user: &[(&'static str, DesiredResource)]| [&[("a/Q", queue(json!({})))], user].concat();
    let first = Recorded::default();
    let then = stopped_at("a/Q@1", Presence::Incomplete, &with(&[]), &first);
    let now = whole(&with(&[]), &then);
    let is_deleted = |plan: &Plan| matches!(plan.changes[..], [Change { action: Action::Delete { .. }, .. }]);
    assert!(is_deleted(&back(&then, &[&first], &now, true).unwrap()));
    let used = |record: &Recorded| {
        let mut record = record.clone();
        let all = whole(&with(&[("a/F", user(1))]), &first);
        record.resources.insert("a/F@1".parse().unwrap(), all.resources[&"a/F@1".parse().unwrap()].clone());
        record
    };
    let (then, now) = (used(&then), used(&now));
    assert!(back(&then, &[&first], &now, true).unwrap().changes.is_empty(), "it was finished since, as it was to be");
}

#[test]
fn what_has_moved_or_lost_what_it_used_is_finished_as_it_was_to_be() {
    let first = whole(&[("a/F", user(1)), ("a/Q", queue(json!({})))], &Recorded::default());
    let moved = |size| Desired {
        moved: [(address("a/F"), address("b/F"))].into(),
        ..desired(&[("a/Q", queue(json!({}))), ("b/F", user(size))])
    };
    let mut then = carried_out(&planned(&moved(2), &first, false).unwrap(), &first);
    then.resources.get_mut(&"b/F@1".parse().unwrap()).unwrap().presence = Presence::Incomplete;
    let now = carried_out(&planned(&moved(3), &then, false).unwrap(), &then);
    let plan = back(&then, &[&first], &now, true).unwrap();
    assert_eq!((keys(&plan), size(&plan, "b/F@1")), (vec!["b/F@1".to_owned()], Some(2)), "{:?}", lines(&plan));

    // What it used went with something else.
    let alone = |size: u32| [("a/F", resource("AWS::Lambda::Function", json!({ "MemorySize": size })))];
    let mut then = whole(&alone(2), &first);
    then.resources.get_mut(&"a/F@1".parse().unwrap()).unwrap().presence = Presence::Incomplete;
    assert_eq!(then.resources.len(), 1, "{:?}", standing(&then));
    let now = whole(&alone(3), &then);
    assert_eq!(size(&back(&then, &[&first], &now, true).unwrap(), "a/F@1"), Some(2));
}

#[test]
fn what_was_not_told_of_a_move_before_is_told_of_what_has_moved_and_not_of_what_was_there() {
    let stack = |at: &'static str, name: &str, size: u32| {
        let user = resource("AWS::Lambda::Function", json!({ "MemorySize": size, "Environment": { "Ref": at } }));
        [("a/F", user), (at, queue(json!({ "QueueName": name })))]
    };
    let moved =
        |name, size| Desired { moved: [(address("a/Q"), address("b/Q"))].into(), ..desired(&stack("b/Q", name, size)) };
    let first = whole(&stack("a/Q", "one", 1), &Recorded::default());
    let mut plan = planned(&moved("one", 1), &first, false).unwrap();
    plan.changes.truncate(1);
    let then = carried_out(&plan, &first);
    let function = |record: &Recorded| record.resources[&"a/F@1".parse().unwrap()].clone();
    assert_eq!((keys(&plan), function(&then)), (vec!["a/Q@1".to_owned()], function(&first)));
    let now = carried_out(&planned(&moved("two", 2), &then, false).unwrap(), &then);
    let plan = back(&then, &[&first], &now, true).unwrap();
    let after = function(&carried_out(&plan, &now));
    assert_eq!(after.asked.0["Environment"], json!({ "Ref": "b/Q" }), "{:?}", lines(&plan));
    assert_ne!(after.sent, function(&first).sent, "the first queue is gone");
}

#[test]
fn of_the_records_before_those_are_needed_that_are_the_first_to_tell_of_something() {
    let stack = |size: u32| [("a/F", user(size)), ("a/Q", queue(json!({})))];
    let first = whole(&stack(1), &Recorded::default());
    let half = |record: &Recorded, keys: &[&str]| {
        let mut record = record.clone();
        for key in keys {
            record.resources.get_mut(&key.parse().unwrap()).unwrap().presence = Presence::Incomplete;
        }
        record
    };
    let then = half(&first, &["a/F@1", "a/Q@1"]);
    let queue_only = half(&first, &["a/Q@1"]);
    let mut untold = HalfDone::of(&then);
    assert!(!untold.is_told_by(&then), "it has the same half done");
    assert!(untold.is_told_by(&queue_only) && !untold.is_told());
    assert!(!untold.is_told_by(&queue_only), "a newer one has told that");
    assert!(untold.is_told_by(&first) && untold.is_told());
    assert!(HalfDone::of(&first).is_told(), "nothing is half done");
}

#[test]
fn where_nobody_touched_what_is_half_done_the_way_back_that_leaves_it_needs_no_record_of_before() {
    let stack = |fifo: Value, size: u32| [("a/F", user(size)), ("a/Q", queue(fifo))];
    let first = whole(&stack(json!({}), 1), &Recorded::default());
    let then = stopped_at("a/Q@2", Presence::Incomplete, &stack(json!({ "FifoQueue": true }), 1), &first);
    let mut now = then.clone();
    assert!(HalfDone::of(&then).is_untouched(&now));
    let beside = whole(&[("b/Q", queue(json!({})))], &Recorded::default());
    now.resources.extend(beside.resources);
    assert!(HalfDone::of(&then).is_untouched(&now), "something else is there");
    let [without, with] = [&[][..], &[&first]].map(|earlier| back(&then, earlier, &now, true).unwrap());
    assert_eq!(keys(&without), ["b/Q@1"]);
    assert_eq!(without, with);
    now.resources.get_mut(&"a/Q@2".parse().unwrap()).unwrap().presence = Presence::Present;
    assert!(!HalfDone::of(&then).is_untouched(&now), "it was finished since");
}

#[test]
fn a_way_back_that_cannot_be_is_followed_by_wider_ones() {
    let (none, some) = (Recorded::default(), BTreeSet::new());
    let ways = |touched, leaves| {
        let inverse = Inverse { touched, leaves, ..to(&none, &none, Consent::Named(&some)) };
        inverse.ways().iter().map(|way| (way.touched.is_some(), way.leaves)).collect::<Vec<_>>()
    };
    assert_eq!(ways(Some(&some), true), [(true, true), (false, true), (false, false)]);
    assert_eq!(ways(None, true), [(false, true), (false, false)]);
    assert_eq!(ways(None, false), [(false, false)]);
}
