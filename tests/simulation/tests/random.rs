//! A slice of the random cases, and that the harness finds what is broken on purpose.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here"
)]

use std::time::Duration;

use model::{Entry, Epoch, Event, Intent, Operation};
use serde_json::json;
use simulation::case::Case;
use simulation::random::case;
use simulation::shrink::shrink;
use simulation::stack::to;
use simulation::{Broken, Deployed, Machine, Stack, hold};
use testkit::{Fault, Moment, Options, Script, World};

/// How many seeds: the binary runs twenty thousand.
const SEEDS: u64 = 2_000;

fn nothing_else(_: &Machine) -> Vec<Broken> {
    Vec::new()
}

#[test]
fn whatever_goes_wrong_nothing_is_lost_orphaned_or_doubled() {
    let run = |seeds: Vec<u64>| {
        let failure = |seed: &u64| case(*seed).run(false, &nothing_else).err().map(|failure| (*seed, failure.what));
        seeds.iter().filter_map(failure).collect::<Vec<_>>()
    };
    let halves = [0, 1].map(|half| (0..SEEDS).filter(|seed| seed % 2 == half).collect::<Vec<_>>());
    let failed: Vec<_> = std::thread::scope(|scope| {
        halves.map(|seeds| scope.spawn(|| run(seeds))).into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    for (seed, what) in &failed {
        println!("seed {seed}: {}", what.join("; "));
    }
    assert!(failed.is_empty(), "look at one with `cargo run -p simulation -- --seed {}`", failed[0].0);
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    for seed in 0..40 {
        assert_eq!(case(seed), case(seed));
        let log = |case: &Case| {
            let logged = std::sync::Mutex::new(Vec::new());
            let also = |machine: &Machine| {
                logged.lock().unwrap().extend(machine.world.log());
                Vec::new()
            };
            let end = case.run(true, &also);
            (end, logged.into_inner().unwrap())
        };
        let (one, other) = (log(&case(seed)), log(&case(seed)));
        assert!(one.1.len() > 10);
        assert_eq!(one, other, "seed {seed}");
    }
}

/// An invariant that is wrong: that there is never a queue beside a table.
fn no_queue_beside_a_table(machine: &Machine) -> Vec<Broken> {
    let account = machine.world.account();
    let has = |kind: &str| account.things().any(|thing| thing.kind == kind);
    let is_broken = has("AWS::SQS::Queue") && has("AWS::DynamoDB::Table");
    is_broken.then(|| Broken::Missing("this".to_owned())).into_iter().collect()
}

#[test]
fn what_is_broken_on_purpose_is_found_and_made_small() {
    let is_it = |what: &String| *what == Broken::Missing("this".to_owned()).to_string();
    let fails =
        |case: &Case| case.run(false, &no_queue_beside_a_table).is_err_and(|failure| failure.what.iter().any(is_it));
    let large = (0..SEEDS).map(case).find(|case| fails(case) && case.revisions.len() > 1).expect("a seed with both");
    let small = shrink(&large, &fails);
    assert!(fails(&small));
    assert_eq!(small.revisions.len(), 1, "{small:#?}");
    let kinds: Vec<_> = small.revisions[0].desired.resources.values().map(|one| one.kind.to_string()).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert!(kinds.contains(&"AWS::SQS::Queue".to_owned()) && kinds.contains(&"AWS::DynamoDB::Table".to_owned()));
    assert!(small.revisions[0].faults.is_empty() && small.revisions[0].weather.is_empty());
}

/// What is found after something was done to a world in which everything held.
fn found(harm: impl FnOnce(&World)) -> Vec<Broken> {
    let stack = Stack::new().with("Topic", "AWS::SNS::Topic", json!({ "TopicName": "news" })).with(
        "Subscription",
        "AWS::SNS::Subscription",
        json!({ "TopicArn": to("Topic"), "Endpoint": "x" }),
    );
    let world = World::new(1, Options::quick());
    let mut machine = Machine::new(&world);
    assert_eq!(machine.deploy("d", &stack.0), Ok(Deployed::Done));
    machine.drain();
    assert_eq!(hold(&machine, &stack.0), []);
    harm(&world);
    hold(&machine, &stack.0)
}

#[test]
fn every_invariant_is_found_broken_when_it_is() {
    let topic: model::ResourceKey = "a/Topic@1".parse().unwrap();
    let is = |found: Vec<Broken>, expected: fn(&Broken) -> bool| assert!(found.iter().any(expected), "{found:?}");

    is(found(|world| world.account().vanish("AWS::SNS::Topic", "news")), |broken| matches!(broken, Broken::Lost(_)));
    is(
        found(|world| world.account().tamper("AWS::SNS::Topic", "news", |thing| thing.properties.set("X", 1))),
        |broken| matches!(broken, Broken::Differs(..)),
    );
    is(found(|world| drop(world.truth().recorded.resources.remove(&topic))), |broken| {
        matches!(broken, Broken::Orphaned(..))
    });
    is(found(|world| drop(world.truth().recorded.resources.remove(&topic))), |broken| {
        matches!(broken, Broken::History(_))
    });
    let open = Intent { operation: Operation::Update, token: "t".into(), attempt: 1, at: Default::default() };
    is(found(|world| world.truth().recorded.resources.get_mut(&topic).unwrap().intent = Some(open)), |broken| {
        matches!(broken, Broken::OpenIntent(_))
    });
    is(
        found(|world| {
            let mut truth = world.truth();
            let at = Default::default();
            let entry = Entry { at, epoch: Epoch(1), change: topic.clone(), event: Event::Absent };
            truth.journals.get_mut(&"d".into()).unwrap().push(entry);
        }),
        |broken| matches!(broken, Broken::Journal(_)),
    );
    is(
        found(|world| {
            let mut truth = world.truth();
            let subscription = truth.recorded.resources.get_mut(&"a/Subscription@1".parse().unwrap()).unwrap();
            subscription.sent.set("TopicArn", "another");
        }),
        |broken| matches!(broken, Broken::Dangles(..)),
    );
}

#[test]
fn a_call_that_lands_later_than_any_can_is_noticed_where_it_does_harm() {
    // A creation that takes effect a minute after its process died, when its successor has long made another one: AWS gives
    // no way to know, which is why there is a bound. The harness must see it.
    let stack = Stack::new().with("Api", "AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }));
    let ends = |landing| {
        let options = Options { landing: Duration::from_secs(landing), ..Options::quick() };
        let world = World::new(1, options.with(Script::one(6, Fault::Crash(Moment::Underway))));
        let mut machine = Machine::new(&world);
        assert_eq!(machine.deploy("d", &stack.0), Ok(Deployed::Done));
        machine.drain();
        assert_eq!(world.calls_by_name()["create"], if landing < 15 { 1 } else { 2 });
        hold(&machine, &stack.0)
    };
    assert_eq!(ends(14), []);
    let harm = ends(200);
    let is_seen = |broken: &Broken| matches!(broken, Broken::Account(_) | Broken::Doubled(..));
    assert!(harm.iter().any(is_seen), "{harm:?}");
}
