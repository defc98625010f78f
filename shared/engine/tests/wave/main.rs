//! The loop that carries out a plan, broken at every call of its ports.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here"
)]

mod answers;
mod later;
mod secrets;
mod waits;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use engine::ports::Clock;
use engine::{End, Fence, Limits, Pace, Wave};
use model::{
    CallError, Desired, DesiredResource, Digest, Environment, EnvironmentId, ErrorClass, Plan, Presence, Retention,
    Selection, Stamp, properties,
};
use planner::Inputs;
use serde_json::{Value, json};
use world::{Death, Kinds, World};

const LEASE: Duration = Duration::from_secs(60);

fn id() -> EnvironmentId {
    EnvironmentId::new("shop", "dev").unwrap()
}

fn resource(kind: &str, of: Value) -> DesiredResource {
    DesiredResource {
        kind: kind.into(),
        properties: properties(of),
        depends_on: BTreeSet::new(),
        agent: None,
        retention: Retention::Delete,
        ignore_changes: BTreeSet::new(),
        shift: None,
    }
}

/// Revision by revision: an API with an integration over a role, a table and a queue; then changes, a replacement and
/// deletions.
fn desired(revision: usize) -> Desired {
    let mut resources = BTreeMap::new();
    let mut add = |address: &str, kind: &str, of: Value| {
        resources.insert(address.parse().unwrap(), resource(kind, of));
    };
    if revision == 1 {
        add("a/Queue", "AWS::SQS::Queue", json!({ "VisibilityTimeout": 1 }));
    }
    add("shared/Table", "AWS::DynamoDB::Table", json!({ "BillingMode": if revision == 1 { "A" } else { "B" } }));
    add("a/Role", "AWS::IAM::Role", json!({ "Policies": { "Fn::GetAtt": ["shared/Table", "Arn"] } }));
    add(
        "shared/Api",
        "AWS::ApiGatewayV2::Api",
        json!({ "ProtocolType": if revision == 1 { "HTTP" } else { "WEBSOCKET" } }),
    );
    add(
        "a/Integration",
        "AWS::ApiGatewayV2::Integration",
        json!({
        "ApiId": { "Ref": "shared/Api" }, "IntegrationUri": { "Fn::GetAtt": ["a/Role", "Arn"] } }),
    );
    Desired {
        environment: id(),
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        resources,
        outputs: BTreeMap::new(),
        moved: Default::default(),
        gates: Vec::new(),
    }
}

fn plan(world: &World, deployment: &str, revision: usize) -> (Plan, Digest) {
    planned(world, deployment, &desired(revision))
}

/// The plan that leads from what is recorded to `desired`.
fn planned(world: &World, deployment: &str, desired: &Desired) -> (Plan, Digest) {
    let recorded = world.truth.lock().unwrap().recorded.clone();
    let environment = Environment::new(id(), "123456789012", "eu-central-1");
    let stamp = Stamp {
        engine: "e1".into(),
        scope: "shop/dev".into(),
        version: "1".into(),
        deployed_at: "now".into(),
        deployed_by: deployment.into(),
    };
    let plan = planner::plan(&Inputs {
        desired,
        recorded: &recorded,
        environment: &environment,
        deployment: &deployment.into(),
        config: &Digest::of(b""),
        stamp: &stamp,
        only: &Selection::ALL,
    })
    .unwrap()
    .plan;
    check::check(&plan, &recorded).unwrap();
    let digest = Digest::of_json(&plan).unwrap();
    (plan, digest)
}

/// One invocation; none where the process died in it.
async fn invoke(world: &World, plan: &Plan, digest: &Digest, limits: Limits) -> Option<End> {
    let fence = Fence::new(Duration::from_secs(15));
    let kinds = Kinds::of(world);
    let pace = Pace::new();
    let wave =
        Wave { ledger: world, clock: world, providers: &kinds, health: world, fence: &fence, pace: &pace, limits };
    tokio::select! {
        biased;
        () = world.death() => None,
        end = wave.run(plan, digest) => Some(end.expect("the stores answer")),
    }
}

/// What Step Functions does: invoke until it ends, wait when told to, plan again when told to.
async fn run(world: &World, deployment: &str, revision: usize, limits: Limits) -> End {
    let (mut plan, mut digest) = self::plan(world, deployment, revision);
    for _ in 0..40 {
        match invoke(world, &plan, &digest, limits).await {
            None => world.lives(),
            Some(End::More) => {}
            Some(End::Wait(wait)) => world.sleep(wait + Duration::from_secs(1)).await,
            Some(End::Replan) => (plan, digest) = self::plan(world, deployment, revision),
            Some(end) => return end,
        }
    }
    panic!("no end in sight");
}

fn limits() -> Limits {
    Limits { lease: LEASE, ..Limits::default() }
}

/// What a run left: things by tag, and that everything agrees.
fn left(world: &World) -> Vec<(String, Value)> {
    let truth = world.truth.lock().unwrap();
    let account = world.account.lock().unwrap();
    for (key, resource) in &truth.recorded.resources {
        assert_eq!((resource.presence, &resource.intent), (Presence::Present, &None), "{key}");
        let id = resource.physical_id.as_ref().unwrap();
        assert_eq!(account[id.as_str()].tag, key.to_string(), "the record and the account agree");
        let meant = model::expression::resolve(&resource.asked, &|reference| truth.recorded.value_of(reference));
        assert_eq!(meant.as_ref(), Ok(&resource.sent), "`{key}` refers to what is in use");
    }
    assert_eq!(truth.recorded.resources.len(), account.len(), "nothing is orphaned, nothing is lost");
    for (key, count) in world.created.lock().unwrap().iter() {
        assert_eq!(*count, 1, "`{key}` was made twice");
    }
    journal::fold(&truth.journal).unwrap();
    let mut things: Vec<_> = account.values().map(|thing| (thing.tag.clone(), thing.properties.to_value())).collect();
    things.sort_by(|a, b| a.0.cmp(&b.0));
    things
}

/// References resolve to ids that count up, which a crash may shift; everything else must be the same.
fn comparable(things: Vec<(String, Value)>) -> Vec<String> {
    let digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "#");
    things.into_iter().map(|(tag, value)| format!("{tag} {}", digits(&value.to_string()))).collect()
}

#[tokio::test]
async fn a_deployment_ends_with_what_was_asked_for() {
    let world = World::new();
    assert_eq!(run(&world, "d1", 1, limits()).await, End::Done);
    assert_eq!(left(&world).len(), 5);
    assert_eq!(run(&world, "d1", 1, limits()).await, End::Done, "a wave that is repeated does nothing");
    assert_eq!(world.created.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn what_happens_at_once_is_committed_together() {
    let world = World::new();
    run(&world, "d1", 1, limits()).await;
    let truth = world.truth.lock().unwrap();
    assert!(truth.commits < truth.journal.len(), "{} commits for {} lines", truth.commits, truth.journal.len());
}

#[tokio::test]
async fn a_process_that_dies_at_any_call_is_resumed_to_the_same_end() {
    let undisturbed = World::new();
    run(&undisturbed, "d1", 1, limits()).await;
    let first = undisturbed.calls();
    let after_first = comparable(left(&undisturbed));
    undisturbed.truth.lock().unwrap().journal.clear();
    undisturbed.dies_at(usize::MAX, Death::Before);
    run(&undisturbed, "d2", 2, limits()).await;
    let second = undisturbed.calls();
    let after_second = comparable(left(&undisturbed));

    let mut points = 0;
    for death in [Death::Before, Death::After] {
        for call in 1..=first {
            let world = World::new();
            world.dies_at(call, death);
            assert_eq!(run(&world, "d1", 1, limits()).await, End::Done, "{death:?} call {call}");
            assert_eq!(comparable(left(&world)), after_first, "{death:?} call {call}");
            points += 1;
        }
        for call in 1..=second {
            let world = World::new();
            run(&world, "d1", 1, limits()).await;
            world.truth.lock().unwrap().journal.clear();
            world.dies_at(call, death);
            assert_eq!(run(&world, "d2", 2, limits()).await, End::Done, "{death:?} call {call}");
            assert_eq!(comparable(left(&world)), after_second, "{death:?} call {call} of the second");
            points += 1;
        }
    }
    println!("{points} deaths");
    assert_eq!(points, 2 * (first + second));
}

#[tokio::test]
async fn a_deployment_that_is_abandoned_at_any_call_is_carried_on_by_the_next() {
    let undisturbed = World::new();
    run(&undisturbed, "d1", 1, limits()).await;
    let calls = undisturbed.calls();
    for death in [Death::Before, Death::After] {
        for call in 1..=calls {
            let world = World::new();
            world.dies_at(call, death);
            let (plan, digest) = plan(&world, "d1", 1);
            invoke(&world, &plan, &digest, limits()).await;
            world.lives();
            world.truth.lock().unwrap().journal.clear();
            assert_eq!(run(&world, "d2", 2, limits()).await, End::Done, "{death:?} call {call}");
            assert_eq!(left(&world).len(), 4, "{death:?} call {call}");
        }
    }
}

#[tokio::test]
async fn a_replacement_that_is_abandoned_at_any_call_leaves_nothing_dangling() {
    let undisturbed = World::new();
    run(&undisturbed, "d1", 1, limits()).await;
    undisturbed.truth.lock().unwrap().journal.clear();
    undisturbed.dies_at(usize::MAX, Death::Before);
    run(&undisturbed, "d2", 2, limits()).await;
    let calls = undisturbed.calls();
    for death in [Death::Before, Death::After] {
        for call in 1..=calls {
            let world = World::new();
            run(&world, "d1", 1, limits()).await;
            world.truth.lock().unwrap().journal.clear();
            world.dies_at(call, death);
            let (plan, digest) = plan(&world, "d2", 2);
            invoke(&world, &plan, &digest, limits()).await;
            world.lives();
            world.truth.lock().unwrap().journal.clear();
            assert_eq!(run(&world, "d3", 2, limits()).await, End::Done, "{death:?} call {call}");
            assert_eq!(left(&world).len(), 4, "{death:?} call {call}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_nothing_twice() {
    let world = World::new();
    let lost = CallError::local(ErrorClass::Transient, "create", "connection reset");
    *world.fails.lock().unwrap() = Some(("create, lost", lost, 3));
    assert_eq!(run(&world, "d1", 1, limits()).await, End::Done);
    assert_eq!(left(&world).len(), 5);
}

#[tokio::test]
async fn a_call_that_never_arrives_is_made_again() {
    let world = World::new();
    let lost = CallError::local(ErrorClass::Transient, "create", "connection reset");
    *world.fails.lock().unwrap() = Some(("create", lost, 3));
    assert_eq!(run(&world, "d1", 1, limits()).await, End::Done);
    assert_eq!(left(&world).len(), 5);
}

#[tokio::test]
async fn a_failure_stops_what_needs_it_and_nothing_is_retired() {
    let world = World::new();
    run(&world, "d1", 1, limits()).await;
    world.truth.lock().unwrap().journal.clear();
    let denied = CallError::local(ErrorClass::Denied, "create", "no");
    *world.fails.lock().unwrap() = Some(("create", denied, 1));
    let End::Failed(causes) = run(&world, "d2", 2, limits()).await else { panic!("it failed") };
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].change.as_ref().unwrap().to_string(), "shared/Api@2");
    assert_eq!(causes[0].blocked.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a/Integration@2"]);
    assert_eq!(world.account.lock().unwrap().len(), 5, "the queue that goes is still there");
    world.truth.lock().unwrap().journal.clear();
    assert_eq!(run(&world, "d3", 2, limits()).await, End::Done);
    assert_eq!(left(&world).len(), 4);
}

#[tokio::test]
async fn an_update_that_fails_is_finished_by_the_next_deployment() {
    let world = World::new();
    run(&world, "d1", 1, limits()).await;
    world.truth.lock().unwrap().journal.clear();
    let invalid = CallError::local(ErrorClass::Invalid, "update", "no");
    *world.fails.lock().unwrap() = Some(("update", invalid, 1));
    assert!(matches!(run(&world, "d2", 2, limits()).await, End::Failed(_)));
    let table = world.truth.lock().unwrap().recorded.resources[&"shared/Table@1".parse().unwrap()].clone();
    assert_eq!(table.presence, Presence::Incomplete);
    world.truth.lock().unwrap().journal.clear();
    assert_eq!(run(&world, "d3", 2, limits()).await, End::Done);
    assert_eq!(left(&world).len(), 4);
}

#[tokio::test]
async fn a_slice_that_ends_is_followed_by_another_epoch() {
    let world = World::new();
    let limits = Limits { slice: Duration::from_millis(12), ..limits() };
    assert_eq!(run(&world, "d1", 1, limits).await, End::Done);
    assert_eq!(left(&world).len(), 5);
    let epochs: BTreeSet<_> = world.truth.lock().unwrap().journal.iter().map(|entry| entry.epoch).collect();
    assert!(epochs.len() > 1, "{epochs:?}");
}

#[tokio::test]
async fn what_never_becomes_ready_or_never_goes_is_given_up_also_over_many_slices() {
    let limits = Limits { slice: Duration::from_secs(3), readiness: Duration::from_secs(15), ..limits() };
    let used = CallError::local(ErrorClass::DependencyViolation, "delete", "it is not empty");

    let world = World::new();
    *world.fails.lock().unwrap() = Some(("settle", used.clone(), u32::MAX));
    let End::Failed(causes) = run(&world, "d1", 1, limits).await else { panic!("nothing was ever ready") };
    assert!(causes.iter().any(|cause| cause.message.contains("still waiting")), "{causes:?}");

    let world = World::new();
    run(&world, "d1", 1, limits).await;
    world.truth.lock().unwrap().journal.clear();
    *world.fails.lock().unwrap() = Some(("delete", used, u32::MAX));
    let End::Failed(causes) = run(&world, "d2", 2, limits).await else { panic!("nothing ever went") };
    assert!(causes.iter().any(|cause| cause.message.contains("not empty")), "{causes:?}");
    *world.fails.lock().unwrap() = None;
    world.truth.lock().unwrap().journal.clear();
    assert_eq!(run(&world, "d3", 2, limits).await, End::Done);
    assert_eq!(left(&world).len(), 4);
}

#[tokio::test]
async fn a_plan_for_another_revision_is_not_carried_out() {
    let world = World::new();
    let (stale, digest) = plan(&world, "d0", 1);
    run(&world, "d1", 1, limits()).await;
    let before = world.created.lock().unwrap().clone();
    assert_eq!(invoke(&world, &stale, &digest, limits()).await, Some(End::Replan));
    assert_eq!(*world.created.lock().unwrap(), before);
}

#[tokio::test]
async fn a_plan_made_while_an_abandoned_wave_still_ran_is_not_carried_out() {
    let world = World::new();
    let limits = Limits { slice: Duration::from_millis(12), ..limits() };
    let (first, first_digest) = plan(&world, "d1", 1);
    assert_eq!(invoke(&world, &first, &first_digest, limits).await, Some(End::More));
    let (early, early_digest) = plan(&world, "d2", 1);
    assert_eq!(invoke(&world, &first, &first_digest, limits).await, Some(End::More), "it outlives its execution");
    world.sleep(limits.reserve + Duration::from_secs(1)).await;
    assert_eq!(invoke(&world, &early, &early_digest, limits).await, Some(End::Replan));
}

#[tokio::test]
async fn a_held_lease_is_waited_for() {
    let world = World::new();
    world.dies_at(3, Death::After);
    let (plan, digest) = plan(&world, "d1", 1);
    assert_eq!(invoke(&world, &plan, &digest, limits()).await, None);
    world.lives();
    let Some(End::Wait(wait)) = invoke(&world, &plan, &digest, limits()).await else { panic!("the lease is held") };
    assert!(wait > Duration::ZERO && wait <= LEASE);
}

#[tokio::test]
async fn what_somebody_else_made_under_our_name_is_never_touched() {
    let world = World::new();
    run(&world, "d1", 1, limits()).await;
    world.truth.lock().unwrap().journal.clear();
    for thing in world.account.lock().unwrap().values_mut() {
        thing.tag = "somebody/Else@1".into();
    }
    let End::Failed(causes) = run(&world, "d2", 2, limits()).await else { panic!("nothing of ours is there") };
    assert!(causes.iter().any(|cause| cause.message.contains("tags of ownership")), "{causes:?}");
    assert!(world.account.lock().unwrap().len() >= 5, "nothing was deleted");
    let account = world.account.lock().unwrap();
    let table = account.values().find(|thing| thing.kind == "AWS::DynamoDB::Table").unwrap();
    assert_eq!(table.properties.text("BillingMode"), Some("A"), "nothing was changed");
}
