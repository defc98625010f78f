//! Resources that say themselves for how long they are waited for.

use super::*;

const CONDITION: &str = "AWS::CloudFormation::WaitCondition";

fn waiting(seconds: u64) -> Desired {
    let mut desired = desired(1);
    let condition = resource(CONDITION, json!({ "Handle": "h", "Timeout": seconds.to_string() }));
    desired.resources = BTreeMap::from([("a/Wait".parse().unwrap(), condition)]);
    desired
}

/// Carries a plan out, however many invocations that takes, and says how many seconds it took.
async fn carried_out(world: &World, deployment: &str, desired: &Desired) -> (End, u64) {
    let (plan, digest) = planned(world, deployment, desired);
    let began = world.now();
    loop {
        match invoke(world, &plan, &digest, limits()).await.unwrap() {
            End::More => {}
            End::Wait(wait) => world.sleep(wait).await,
            end => {
                world.truth.lock().unwrap().journal.clear();
                return (end, world.now().duration_since(began).unsigned_abs().as_secs());
            }
        }
    }
}

fn pends(world: &World, times: u32) {
    *world.fails.lock().unwrap() = Some(("settle", CallError::local(ErrorClass::Busy, "settle", "not yet"), times));
}

#[tokio::test]
async fn what_says_how_long_it_may_take_is_waited_for_that_long_over_many_slices_and_no_longer() {
    for seconds in [5, 3_600] {
        let world = World::new();
        pends(&world, u32::MAX);
        let (end, took) = carried_out(&world, "d1", &waiting(seconds)).await;
        let End::Failed(causes) = end else { panic!("{end:?}") };
        assert!(causes[0].message.ends_with(&format!("still waiting for ever after {seconds}s")), "{causes:?}");
        assert!((seconds..seconds + 60).contains(&took), "{took}");
    }
}

#[tokio::test]
async fn what_was_waited_for_is_not_waited_for_again_and_a_change_of_its_patience_is_recorded_alone() {
    let world = World::new();
    pends(&world, 40);
    assert_eq!(carried_out(&world, "d1", &waiting(3_600)).await.0, End::Done);
    let updates = world.updates.load(std::sync::atomic::Ordering::SeqCst);
    pends(&world, u32::MAX);
    let (end, took) = carried_out(&world, "d2", &waiting(7)).await;
    assert_eq!(end, End::Done);
    assert!(took < 5, "nothing is waited for: {took}");
    assert_eq!(world.updates.load(std::sync::atomic::Ordering::SeqCst), updates, "nothing is told");
    let recorded = world.truth.lock().unwrap().recorded.resources[&"a/Wait@1".parse().unwrap()].clone();
    assert_eq!((recorded.presence, recorded.sent.text("Timeout")), (Presence::Present, Some("7")));
}

#[tokio::test]
async fn a_process_that_dies_while_it_waits_is_resumed_and_does_not_wait_anew() {
    let mut call = 1;
    loop {
        let world = World::new();
        pends(&world, u32::MAX);
        let desired = waiting(300);
        let (plan, digest) = planned(&world, "d1", &desired);
        let began = world.now();
        world.dies_at(call, Death::After);
        if invoke(&world, &plan, &digest, limits()).await.is_some() || call > 40 {
            break;
        }
        world.lives();
        let mut end = End::More;
        while matches!(end, End::More | End::Wait(_)) {
            end = invoke(&world, &plan, &digest, limits()).await.unwrap();
            if let End::Wait(wait) = end {
                world.sleep(wait).await;
            }
        }
        assert!(matches!(end, End::Failed(_)), "{end:?}");
        let took = world.now().duration_since(began).unsigned_abs().as_secs();
        assert!((300..300 + 60 + LEASE.as_secs() + 60).contains(&took), "call {call}: {took}");
        call += 1;
    }
    assert!(call > 5);
}
