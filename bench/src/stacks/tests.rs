#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_stack_is_planned_and_its_changes_stand_after_what_they_need() {
    for stack in all().unwrap() {
        let mut seen = BTreeSet::new();
        for change in &stack.plan.changes {
            assert!(change.needs.iter().all(|edge| seen.contains(&edge.on)), "{}: {}", stack.name, change.key);
            assert!(seen.insert(change.key.clone()), "{}: {}", stack.name, change.key);
        }
    }
}

#[test]
fn the_stacks_are_as_large_as_they_say() {
    let size = |stack: Stack| stack.plan.changes.len();
    assert_eq!(size(forty_eight().unwrap()), 48);
    assert_eq!(size(independent(1_000).unwrap()), 1_000);
    assert_eq!(size(chain(200).unwrap()), 200);
    assert_eq!(size(random(5_000, 1).unwrap()), 5_000);
}

#[test]
fn what_a_hand_writes_refers_to_what_it_waits_for() {
    for stack in [serverless(), network(), services()] {
        for change in &stack.plan.changes {
            let awaited: BTreeSet<_> = change.needs.iter().map(|edge| &edge.on.address).collect();
            for reference in model::expression::references(change.action.to().unwrap()).unwrap() {
                assert!(awaited.contains(&reference.address), "{}: {} → {}", stack.name, change.key, reference.address);
            }
        }
    }
}

#[test]
fn plans_made_by_the_planner_pass_the_check() {
    for stack in all().unwrap().iter().filter(|stack| stack.planned_by == PlannedBy::Planner) {
        assert_eq!(check::check(&stack.plan, &model::Recorded::default()), Ok(()), "{}", stack.name);
    }
}

#[test]
fn a_monorepo_of_a_hundred_agents_has_few_roles_and_a_function_each() {
    let plan = monorepo(100).unwrap().plan;
    let count = |kind: &str| plan.changes.iter().filter(|change| change.kind.as_str() == kind).count();
    assert_eq!(count("AWS::Lambda::Function"), 100);
    assert!(count("AWS::IAM::Role") >= 8, "{}", count("AWS::IAM::Role"));
}

#[test]
fn a_seed_gives_the_same_stack_and_another_seed_another() {
    let plan = |seed| random(200, seed).unwrap().plan;
    assert_eq!(plan(1), plan(1));
    assert_ne!(plan(1), plan(2));
}
