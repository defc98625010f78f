#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use super::*;
use crate::stacks::{chain, forty_eight, independent, network, random, serverless, services};

#[test]
fn no_deployment_and_no_rule_is_faster_than_the_bound() {
    let stacks = [
        forty_eight().unwrap(),
        serverless(),
        network(),
        services(),
        independent(90).unwrap(),
        chain(12).unwrap(),
        random(120, 1).unwrap(),
        random(120, 2).unwrap(),
    ];
    for stack in &stacks {
        let seeds = (1..=4).map(|seed| (seed, Latencies::Drawn)).chain([(1, Latencies::Middle)]);
        for (seed, latencies) in seeds {
            let outcome = measure(stack, latencies, seed, 0).unwrap();
            let most = outcome.bound.most();
            let engine = u64::try_from(outcome.deployed.took.as_micros()).unwrap();
            assert!(engine >= most, "{}, seed {seed}: {engine} < {most}", stack.name);
            assert!(rivals::expected(&outcome.job) >= most, "{}, seed {seed}", stack.name);
            for rival in outcome.levels.into_iter().chain(outcome.peer) {
                assert!(rival >= most, "{}, seed {seed}: {rival} < {most}", stack.name);
            }
        }
    }
}

#[test]
fn the_same_seed_is_the_same_deployment_and_another_seed_another() {
    let took = |seed| measure(&serverless(), Latencies::Drawn, seed, 0).unwrap().deployed.took;
    assert_eq!(took(1), took(1));
    assert_ne!(took(1), took(2));
}

#[test]
fn every_resource_is_made_once_and_was_drawn_a_call() {
    let stack = random(120, 3).unwrap();
    let deployed = run::deploy(&stack.plan, 1, account(Latencies::Drawn)).unwrap();
    for change in &stack.plan.changes {
        let made = deployed
            .calls
            .iter()
            .filter(|call| call.key == change.key && call.port == "create" && call.refused.is_none());
        assert_eq!(made.count(), 1, "{}", change.key);
        assert!(!deployed.draws[&change.key].call.is_zero(), "{}", change.key);
    }
}
