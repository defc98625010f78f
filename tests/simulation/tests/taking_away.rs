//! Updates that ask for something no more, one after the other, each dying somewhere: what they sent is taken away by whoever
//! goes on, whatever that one asks for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here"
)]

use std::time::Duration;

use serde_json::json;
use simulation::{Deployed, Machine, Scenario, Stack, Stopped, hold};
use testkit::{Fault, Moment, Script};

/// What lands late has landed by then.
const LANDED: Duration = Duration::from_secs(15);

/// A queue of which one thing is said.
fn queue(property: &str) -> Stack {
    Stack::new().with("Queue", "AWS::SQS::Queue", json!({ property: 1 }))
}

fn deploy(machine: &mut Machine, deployment: &str, stack: &Stack) -> Result<Deployed, Stopped> {
    let end = machine.deploy_and_reap(deployment, &stack.0);
    machine.drain();
    end
}

#[test]
fn what_two_updates_sent_that_died_anywhere_is_taken_away_by_a_third() {
    let [was, one, two, three] =
        ["DelaySeconds", "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod"].map(queue);
    let first = Scenario::new("the first update", one).after(was.clone());
    let prepared = first.prepared().unwrap();
    let calls = first.undisturbed(&prepared).unwrap().calls;
    let mut runs = 0;
    for (call, moment) in (1..=calls).flat_map(|call| Moment::ALL.map(|moment| (call, moment))) {
        let mut dead = prepared.fork(Script::one(call, Fault::Crash(moment)));
        assert!(first.abandoned(&mut dead).unwrap(), "nobody died {moment:?} call {call}");
        dead.world.pass(LANDED);
        let mut second = dead.fork(Script::default());
        assert_eq!(deploy(&mut second, "e", &two), Ok(Deployed::Done));
        for (again, later) in (1..=second.world.calls()).flat_map(|call| Moment::ALL.map(|moment| (call, moment))) {
            let mut machine = dead.fork(Script::one(again, Fault::Crash(later)));
            machine.abandons = true;
            let _ = machine.deploy_and_reap("e", &two.0);
            machine.abandons = false;
            machine.world.pass(LANDED);
            // A third with wishes of its own, and one that wants back what was.
            for stack in [&three, &was] {
                let mut last = machine.fork(Script::default());
                let end = deploy(&mut last, "f", stack);
                let what = format!("died {moment:?} call {call}, then {later:?} call {again}");
                assert_eq!(end, Ok(Deployed::Done), "{what}");
                assert_eq!(hold(&last, &stack.0), Vec::new(), "{what}");
                runs += 1;
            }
        }
    }
    assert!(runs > 1_000, "{runs}");
}
