//! What is not done at once: waits that the state machine takes over, deletions that are put off, cancelling, moves, and what
//! a dead holder left behind.

use std::sync::atomic::Ordering;

use engine::ports::Owned;
use model::{Event, Properties, ResourceAddress, ResourceKey, Timestamp};

use super::*;

fn recorded(world: &World, key: &str) -> Option<model::RecordedResource> {
    world.truth.lock().unwrap().recorded.resources.get(&key.parse::<ResourceKey>().unwrap()).cloned()
}

fn of(resources: &[(&str, &str, Value)]) -> Desired {
    let resources = resources.iter().map(|(at, kind, to)| (at.parse().unwrap(), resource(kind, to.clone())));
    Desired { resources: resources.collect(), ..desired(1) }
}

/// A network whose security group refers to it.
fn network() -> Desired {
    of(&[
        ("a/Vpc", "AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16" })),
        ("a/Group", "AWS::EC2::SecurityGroup", json!({ "VpcId": { "Ref": "a/Vpc" } })),
    ])
}

async fn end(world: &World, deployment: &str, desired: &Desired) -> End {
    let (plan, digest) = planned(world, deployment, desired);
    let mut end = invoke(world, &plan, &digest, limits()).await.unwrap();
    while end == End::More {
        end = invoke(world, &plan, &digest, limits()).await.unwrap();
    }
    world.truth.lock().unwrap().journal.clear();
    end
}

#[tokio::test]
async fn a_wave_that_only_waits_lets_the_state_machine_wait_and_is_resumed_where_it_was() {
    let world = World::new();
    let limits = Limits { long_wait: Duration::from_secs(3), ..limits() };
    let (plan, digest) = plan(&world, "d1", 1);
    let Some(End::Wait(wait)) = invoke(&world, &plan, &digest, limits).await else { panic!("the table takes long") };
    assert!(wait >= Duration::from_secs(3), "{wait:?}");
    let updates = |world: &World| world.updates.load(Ordering::SeqCst);
    let before = updates(&world);
    let reserved = world.truth.lock().unwrap().until;
    assert!(Timestamp::from_millisecond(reserved).unwrap() > world.now() + wait, "the lease is kept for it meanwhile");
    world.sleep(wait).await;
    let mut end = invoke(&world, &plan, &digest, limits).await.unwrap();
    while let End::Wait(wait) = end {
        world.sleep(wait).await;
        end = invoke(&world, &plan, &digest, limits).await.unwrap();
    }
    assert_eq!(end, End::Done);
    // The role and the integration needed the table's name only, and were finished before.
    assert_eq!(updates(&world), before, "nothing was finished twice");
    assert_eq!(left(&world).len(), 5);
}

#[tokio::test]
async fn a_deletion_that_lingers_is_put_off_with_what_stands_behind_it_and_fails_nothing() {
    let world = World::new();
    assert_eq!(end(&world, "d1", &network()).await, End::Done);
    let used = CallError::local(ErrorClass::DependencyViolation, "delete", "it has a dependent object");
    *world.fails.lock().unwrap() = Some(("delete", used, u32::MAX));
    assert_eq!(end(&world, "d2", &of(&[])).await, End::Done);
    for key in ["a/Group@1", "a/Vpc@1"] {
        let left = recorded(&world, key).unwrap();
        assert!(left.presence == Presence::Leaving && left.intent.is_none(), "{left:?}");
        assert!(left.reap.unwrap() > world.now(), "it is tried again later");
    }
    assert_eq!(world.account.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_announced_and_never_seen_is_not_forgotten_where_aws_refuses_its_deletion() {
    let mut made = 0;
    for call in 1..40 {
        let world = World::new();
        let (plan, digest) = planned(&world, "d1", &of(&[("a/Role", "AWS::IAM::Role", json!({}))]));
        world.dies_at(call, Death::After);
        if invoke(&world, &plan, &digest, limits()).await.is_some() {
            break;
        }
        world.lives();
        world.truth.lock().unwrap().journal.clear();
        let count = |world: &World| world.account.lock().unwrap().len();
        made += usize::from(
            count(&world) == 1 && recorded(&world, "a/Role@1").is_some_and(|one| one.physical_id.is_none()),
        );
        let refused = CallError::local(ErrorClass::Denied, "delete", "not yours");
        *world.fails.lock().unwrap() = Some(("delete", refused, u32::MAX));
        patiently(&world, "d2").await;
        assert_eq!(recorded(&world, "a/Role@1").is_some(), count(&world) == 1, "died at {call}");
        *world.fails.lock().unwrap() = None;
        patiently(&world, "d3").await;
        assert_eq!((recorded(&world, "a/Role@1"), count(&world)), (None, 0), "died at {call}");
    }
    assert!(made > 0, "nothing was made without being seen");
}

/// Deletes everything, and waits for leases.
async fn patiently(world: &World, deployment: &str) {
    loop {
        match end(world, deployment, &of(&[])).await {
            End::Wait(wait) => world.sleep(wait + Duration::from_secs(1)).await,
            End::Replan => {}
            _ => return,
        }
    }
}

#[tokio::test]
async fn a_deletion_that_took_effect_unanswered_and_is_refused_when_it_is_asked_again_is_done() {
    let world = World::new();
    assert_eq!(end(&world, "d1", &of(&[("a/Role", "AWS::IAM::Role", json!({}))])).await, End::Done);
    let lost = CallError::local(ErrorClass::Transient, "delete", "internal error");
    *world.fails.lock().unwrap() = Some(("delete, lost", lost, 1));
    assert_eq!(end(&world, "d2", &of(&[])).await, End::Done);
    assert_eq!(recorded(&world, "a/Role@1"), None);
}

#[tokio::test]
async fn a_deletion_that_was_not_answered_before_the_invocation_ended_is_not_forgotten_where_the_next_one_is_refused() {
    let world = World::new();
    assert_eq!(end(&world, "d1", &of(&[("a/Role", "AWS::IAM::Role", json!({}))])).await, End::Done);
    let (plan, digest) = planned(&world, "d2", &of(&[]));
    let fails = |class, message: &str| {
        *world.fails.lock().unwrap() = Some(("delete", CallError::local(class, "delete", message), u32::MAX));
    };
    fails(ErrorClass::Transient, "internal error");
    let short = Limits { slice: Duration::from_secs(2), ..limits() };
    assert_eq!(invoke(&world, &plan, &digest, short).await, Some(End::More));
    fails(ErrorClass::Denied, "not any more");
    let Some(End::Failed(_)) = invoke(&world, &plan, &digest, limits()).await else { panic!("it is refused") };
    world.truth.lock().unwrap().journal.clear();
    let left = recorded(&world, "a/Role@1").unwrap();
    assert!(left.presence == Presence::Leaving && left.intent.is_some(), "nobody may count on it: {left:?}");

    // The first call lands.
    world.account.lock().unwrap().clear();
    assert_eq!(end(&world, "d3", &of(&[])).await, End::Done);
    assert_eq!(recorded(&world, "a/Role@1"), None);
}

#[tokio::test]
async fn a_deletion_that_waited_over_invocations_for_what_uses_it_and_is_refused_may_be_taken_up_again() {
    let world = World::new();
    assert_eq!(end(&world, "d1", &of(&[("a/Role", "AWS::IAM::Role", json!({}))])).await, End::Done);
    let used = CallError::local(ErrorClass::DependencyViolation, "delete", "it is in use");
    *world.fails.lock().unwrap() = Some(("delete", used, u32::MAX));
    let short = Limits { slice: Duration::from_secs(2), ..limits() };
    let (plan, digest) = planned(&world, "d2", &of(&[]));
    let mut end = invoke(&world, &plan, &digest, short).await;
    assert_eq!(end, Some(End::More));
    while let Some(End::More) = end {
        end = invoke(&world, &plan, &digest, limits()).await;
    }
    let left = recorded(&world, "a/Role@1").unwrap();
    assert!(left.presence == Presence::Leaving && left.intent.is_none(), "{end:?} {left:?}");
}

#[tokio::test]
async fn a_deployment_that_is_cancelled_finishes_what_has_begun_and_begins_nothing_else() {
    let mut half_done = 0;
    for slice in 8..40 {
        let world = World::new();
        let limits = Limits { slice: Duration::from_millis(slice), ..limits() };
        let (plan, digest) = plan(&world, "d1", 1);
        if invoke(&world, &plan, &digest, limits).await != Some(End::More) {
            continue;
        }
        let begun: BTreeSet<_> = world.truth.lock().unwrap().journal.iter().map(|entry| entry.change.clone()).collect();
        half_done += usize::from(!unfinished(&world).is_empty());
        world.cancelled.store(true, Ordering::SeqCst);
        let mut end = End::More;
        while end == End::More {
            end = invoke(&world, &plan, &digest, self::limits()).await.unwrap();
        }
        let is_left = begun.len() < 5;
        assert_eq!(end, if is_left { End::Cancelled } else { End::Done }, "{slice} ms");
        assert_eq!(unfinished(&world), [], "{slice} ms");
        let truth = world.truth.lock().unwrap();
        let now: BTreeSet<_> = truth.journal.iter().map(|entry| entry.change.clone()).collect();
        assert_eq!(now, begun, "{slice} ms");
    }
    assert!(half_done > 0);
}

/// What the record says is under way, or not as it shall be.
fn unfinished(world: &World) -> Vec<ResourceKey> {
    let truth = world.truth.lock().unwrap();
    let unfinished =
        truth.recorded.resources.iter().filter(|(_, one)| one.intent.is_some() || one.presence != Presence::Present);
    unfinished.map(|(key, _)| key.clone()).collect()
}

#[tokio::test]
async fn what_moves_is_recorded_elsewhere_and_still_told_by_the_tags_it_was_made_with() {
    let world = World::new();
    let queue = |at: &str, timeout: u32| of(&[(at, "AWS::SQS::Queue", json!({ "VisibilityTimeout": timeout }))]);
    assert_eq!(end(&world, "d1", &queue("a/Old", 1)).await, End::Done);
    let moved = |timeout| Desired {
        moved: BTreeMap::from([(ResourceAddress::new("a", "Old"), ResourceAddress::new("b", "New"))]),
        ..queue("b/New", timeout)
    };
    let calls = world.updates.load(Ordering::SeqCst);
    assert_eq!(end(&world, "d2", &moved(1)).await, End::Done);
    assert_eq!(world.updates.load(Ordering::SeqCst), calls, "a move alone tells AWS nothing");
    assert!(recorded(&world, "a/Old@1").is_none());
    assert_eq!(recorded(&world, "b/New@1").unwrap().made_as, Some("a/Old@1".parse().unwrap()));
    assert_eq!(end(&world, "d3", &moved(2)).await, End::Done, "it is still known as ours");
    assert_eq!(world.updates.load(Ordering::SeqCst), calls + 1);
    assert_eq!(end(&world, "d4", &of(&[])).await, End::Done);
    assert!(world.account.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_a_dead_holder_made_and_nobody_recorded_is_deleted_and_nothing_else_is() {
    let world = World::new();
    let (plan, digest) = plan(&world, "d1", 1);
    world.dies_at(8, Death::After);
    assert_eq!(invoke(&world, &plan, &digest, limits()).await, None);
    world.lives();
    // A creation of the dead holder took effect, although it was known to have had none.
    let lost: ResourceKey = "a/Lost@1".parse().unwrap();
    let announced = Event::Started {
        operation: model::Operation::Create,
        token: "t".into(),
        attempt: 1,
        request: Digest::of(b""),
        physical_name: None,
    };
    {
        let mut truth = world.truth.lock().unwrap();
        for event in [announced, Event::Absent] {
            let epoch = model::Epoch(truth.epoch);
            truth.journal.push(model::Entry { at: Timestamp::UNIX_EPOCH, epoch, change: lost.clone(), event });
        }
    }
    for key in ["a/Lost@1", "a/Retained@1"] {
        let id = format!("AWS::SQS::Queue:{key}");
        let thing =
            world::Thing { kind: "AWS::SQS::Queue".into(), tag: key.into(), properties: Properties::new(), polls: 0 };
        world.account.lock().unwrap().insert(id.clone(), thing);
        let stray = Owned {
            kind: "AWS::SQS::Queue".into(),
            key: key.parse().unwrap(),
            physical_id: id.as_str().into(),
            properties: Properties::new(),
        };
        world.strays.lock().unwrap().push(stray);
    }
    assert_eq!(run(&world, "d1", 1, limits()).await, End::Done);
    let account = world.account.lock().unwrap();
    assert!(!account.contains_key("AWS::SQS::Queue:a/Lost@1"), "it goes");
    assert!(account.contains_key("AWS::SQS::Queue:a/Retained@1"), "what was let go is left alone");
    assert_eq!(account.len(), 6);
}

#[tokio::test]
async fn what_carries_anothers_tags_is_not_deleted() {
    let world = World::new();
    assert_eq!(end(&world, "d1", &network()).await, End::Done);
    for thing in world.account.lock().unwrap().values_mut() {
        thing.tag = "somebody/Else@1".into();
    }
    let End::Failed(causes) = end(&world, "d2", &of(&[])).await else { panic!("nothing of ours is there") };
    assert!(causes.iter().all(|cause| cause.message.contains("tags of ownership")), "{causes:?}");
    assert_eq!(world.account.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_told_from_what_stands_there_already_is_not_taken_for_made() {
    let world = World::new();
    let policy = json!({ "PolicyName": "p", "Roles": ["r"], "PolicyDocument": {} });
    let standing = world::Thing {
        kind: "AWS::IAM::Policy".to_owned(),
        tag: "a/Policy@1".to_owned(),
        properties: properties(policy.clone()),
        polls: 0,
    };
    world.account.lock().unwrap().insert("p".to_owned(), standing.clone());
    let End::Failed(causes) = end(&world, "d1", &of(&[("a/Policy", "AWS::IAM::Policy", policy)])).await else {
        panic!("it was taken for made");
    };
    assert!(causes[0].message.contains("under `moved`"), "{causes:?}");
    assert_eq!(world.account.lock().unwrap().get("p"), Some(&standing));
    assert_eq!(recorded(&world, "a/Policy@1"), None);
}
