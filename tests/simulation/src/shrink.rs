//! From a case that fails to a smaller one that fails.

use std::collections::BTreeSet;

use model::{ResourceAddress, Selection};

use crate::case::{Case, Request};
use crate::random::remove;

/// A smaller case for which `fails` holds: without a revision, a resource, a fault or anything else that it does not take.
pub fn shrink(case: &Case, fails: &dyn Fn(&Case) -> bool) -> Case {
    let mut smallest = case.clone();
    // Each round costs as many runs as there are parts; a few rounds are enough for what shrinks at all.
    for _ in 0..6 {
        let before = smallest.clone();
        for part in parts(&smallest) {
            let smaller = without(&smallest, &part);
            if smaller != smallest && !smaller.revisions.is_empty() && fails(&smaller) {
                smallest = smaller;
            }
        }
        if smallest == before {
            break;
        }
    }
    smallest
}

/// Something that a case may be without.
enum Part {
    Revision(usize),
    Resource(ResourceAddress),
    Fault(usize, usize),
    Weather(usize),
    Doubled(usize),
    Cancelled(usize),
    Only(usize),
    Limits,
    Lag,
    Lingering,
}

fn parts(case: &Case) -> Vec<Part> {
    let mut parts = vec![Part::Limits, Part::Lag, Part::Lingering];
    let revisions = || case.revisions.iter().enumerate();
    parts.extend(revisions().rev().map(|(n, _)| Part::Revision(n)));
    let addresses: BTreeSet<_> = case.revisions.iter().flat_map(|one| one.desired.resources.keys().cloned()).collect();
    parts.extend(addresses.into_iter().rev().map(Part::Resource));
    for (n, revision) in revisions() {
        parts.extend(revision.faults.iter().map(|(call, _)| Part::Fault(n, *call)));
        parts.extend([Part::Weather(n), Part::Doubled(n), Part::Cancelled(n), Part::Only(n)]);
    }
    parts
}

fn without(case: &Case, part: &Part) -> Case {
    let mut case = case.clone();
    let n = match part {
        Part::Revision(n)
        | Part::Fault(n, _)
        | Part::Weather(n)
        | Part::Doubled(n)
        | Part::Cancelled(n)
        | Part::Only(n) => *n,
        Part::Resource(_) | Part::Limits | Part::Lag | Part::Lingering => 0,
    };
    if let Part::Revision(n) = part {
        if *n < case.revisions.len() {
            case.revisions.remove(*n);
            for revision in &mut case.revisions {
                if let Request::Rollback(to) = &mut revision.request {
                    *to -= usize::from(*to > *n);
                }
            }
        }
        return case;
    }
    match part {
        Part::Resource(address) => {
            case.revisions.iter_mut().for_each(|revision| remove(&mut revision.desired, address));
        }
        Part::Limits => case.options.limits = None,
        Part::Lag => case.options.lagging = false,
        Part::Lingering => case.options.lingering = 0..=0,
        Part::Revision(_)
        | Part::Fault(..)
        | Part::Weather(_)
        | Part::Doubled(_)
        | Part::Cancelled(_)
        | Part::Only(_) => {}
    }
    let Some(revision) = case.revisions.get_mut(n) else { return case };
    match part {
        Part::Fault(_, call) => revision.faults.retain(|(at, _)| at != call),
        Part::Weather(_) => revision.weather.clear(),
        Part::Doubled(_) => {
            revision.doubled.clear();
            revision.repeated = false;
        }
        Part::Cancelled(_) => revision.cancelled = None,
        Part::Only(_) => revision.only = Selection::ALL,
        Part::Resource(_) | Part::Revision(_) | Part::Limits | Part::Lag | Part::Lingering => {}
    }
    case
}
