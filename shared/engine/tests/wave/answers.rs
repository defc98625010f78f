//! Resources whose own code says what they are known by, at every change anew.

use model::{PhysicalId, ResourceKey};

use super::*;

fn custom(name: &str) -> Desired {
    let mut desired = desired(1);
    let add = [
        ("a/Counter", "Custom::Counter", json!({ "ServiceToken": "f", "Name": name })),
        ("a/User", "AWS::SQS::Queue", json!({ "QueueName": "q", "RedrivePolicy": { "Ref": "a/Counter" } })),
    ];
    desired.resources = add.into_iter().map(|(at, kind, to)| (at.parse().unwrap(), resource(kind, to))).collect();
    desired
}

/// What the record knows of the counter: by incarnation, its name and whether it is on its way out.
fn known(world: &World) -> Vec<(u32, String, bool)> {
    let truth = world.truth.lock().unwrap();
    let counter = "a/Counter".parse().unwrap();
    let known = truth.recorded.generations(&counter).map(|(key, one)| {
        let name = one.physical_id.as_ref().map_or("", PhysicalId::as_str).to_owned();
        (key.generation.0, name, one.presence == Presence::Leaving && one.reap.is_some())
    });
    known.collect()
}

/// What the queue was told of the counter.
fn told(world: &World) -> Value {
    let key: ResourceKey = "a/User@1".parse().unwrap();
    world.truth.lock().unwrap().recorded.resources[&key].sent.get("RedrivePolicy").unwrap().clone()
}

async fn deployed(world: &World, deployment: &str, name: &str) {
    let (plan, digest) = planned(world, deployment, &custom(name));
    loop {
        match invoke(world, &plan, &digest, limits()).await.unwrap() {
            End::More => {}
            end => {
                assert_eq!(end, End::Done, "{name}");
                break;
            }
        }
    }
    world.truth.lock().unwrap().journal.clear();
}

#[tokio::test]
async fn what_answers_by_another_name_leaves_the_first_for_later_and_what_refers_to_it_is_told() {
    let world = World::new();
    deployed(&world, "d1", "one").await;
    assert_eq!((known(&world), told(&world)), (vec![(1, "one".to_owned(), false)], json!("one")));

    deployed(&world, "d2", "two").await;
    let both = vec![(1, "one".to_owned(), true), (2, "two".to_owned(), false)];
    assert_eq!((known(&world), told(&world)), (both, json!("two")));
    assert!(world.account.lock().unwrap().contains_key("one"), "nothing is deleted before all that could fail is done");
}

#[tokio::test]
async fn what_answers_by_its_earlier_name_is_in_use_again_and_not_deleted() {
    let world = World::new();
    for (deployment, name) in [("d1", "one"), ("d2", "two"), ("d3", "one")] {
        deployed(&world, deployment, name).await;
    }
    let known = known(&world);
    assert_eq!(known, [(2, "two".to_owned(), true), (3, "one".to_owned(), false)]);
}

#[tokio::test]
async fn what_answers_only_after_its_deployment_gave_up_is_what_answered_and_nothing_is_due() {
    let world = World::new();
    let (plan, digest) = planned(&world, "d1", &custom("one"));
    let silent = CallError::local(ErrorClass::Busy, "settle", "not yet");
    *world.fails.lock().unwrap() = Some(("settle", silent, u32::MAX));
    let mut end = End::More;
    while end == End::More {
        end = invoke(&world, &plan, &digest, limits()).await.unwrap();
    }
    assert!(matches!(end, End::Failed(_)), "{end:?}");
    world.truth.lock().unwrap().journal.clear();
    *world.fails.lock().unwrap() = None;

    deployed(&world, "d2", "one").await;
    assert_eq!((known(&world), told(&world)), (vec![(1, "one".to_owned(), false)], json!("one")));
}

#[tokio::test]
async fn what_gives_way_to_another_after_a_move_shares_its_identity_with_nothing() {
    let world = World::new();
    deployed(&world, "d1", "one").await;
    let mut moved = custom("two");
    let (from, to) = ("a/Counter".parse().unwrap(), "a/Counted".parse().unwrap());
    let counter = moved.resources.remove(&from).unwrap();
    moved.resources.insert(to, counter);
    moved.resources.remove(&"a/User".parse().unwrap());
    moved.moved.insert(from, "a/Counted".parse().unwrap());
    let (plan, digest) = planned(&world, "d2", &moved);
    let mut end = End::More;
    while end == End::More {
        end = invoke(&world, &plan, &digest, limits()).await.unwrap();
    }
    assert_eq!(end, End::Done);
    let truth = world.truth.lock().unwrap();
    let made_as = |key: &str| {
        let key: ResourceKey = key.parse().unwrap();
        truth.recorded.resources[&key].made_as.as_ref().map(ToString::to_string)
    };
    assert_eq!((made_as("a/Counted@1").as_deref(), made_as("a/Counted@2")), (Some("a/Counter@1"), None));
}

#[tokio::test]
async fn wherever_a_change_of_name_dies_it_is_resumed_to_the_same_end() {
    let count = World::new();
    deployed(&count, "d1", "one").await;
    count.dies_at(usize::MAX, Death::Before);
    deployed(&count, "d2", "two").await;
    let calls = count.calls();
    for death in [Death::Before, Death::After] {
        let mut at = 1;
        while at <= calls {
            let world = World::new();
            deployed(&world, "d1", "one").await;
            let (plan, digest) = planned(&world, "d2", &custom("two"));
            world.dies_at(at, death);
            let ended = invoke(&world, &plan, &digest, limits()).await;
            world.lives();
            if ended.is_none() {
                world.sleep(LEASE * 2).await;
                let mut end = invoke(&world, &plan, &digest, limits()).await.unwrap();
                while end == End::More {
                    end = invoke(&world, &plan, &digest, limits()).await.unwrap();
                }
                assert_eq!(end, End::Done, "dead {death:?} call {at}");
            }
            let both = [(1, "one".to_owned(), true), (2, "two".to_owned(), false)];
            assert_eq!((known(&world), told(&world)), (both.to_vec(), json!("two")), "dead {death:?} call {at}");
            at += 1;
        }
    }
    assert!(calls > 10, "{calls}");
}
