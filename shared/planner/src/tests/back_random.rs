//! Whatever was deployed since, and whatever stopped it: the way back passes the verifier, and leads back.

use std::collections::BTreeMap;

use model::Scope;
use proptest::prelude::*;

use super::back::{in_use, made_by_d1};
use super::random::{NAMES, Throw, allowed, allowed_part, lines, standing, stopped, stray, throw, wanted};
use super::*;

/// A record after a deployment that came to its end, and one after others since that may not have.
fn before_and_after(done: &[Throw], since: &[Throw]) -> Option<(Recorded, Recorded)> {
    let mut record = Recorded::default();
    for throw in done {
        if let Some(plan) = allowed(&wanted(throw), &record) {
            (record, _) = stopped(&plan, &record, &throw.luck);
        }
    }
    let (before, _) = stopped(&allowed(&wanted(done.last()?), &record)?, &record, &[255]);
    let mut record = before.clone();
    for throw in since {
        if let Some(plan) = allowed(&wanted(throw), &record) {
            (record, _) = stopped(&plan, &record, &throw.luck);
        }
        if throw.luck[0] > 200 {
            stray(&mut record, throw.luck[1]);
        }
    }
    Some((before.clone(), made_by_d1(&before, record)))
}

fn holds(plan: &Plan, before: &Recorded, record: &Recorded) {
    if let Err(violations) = check::check(plan, record) {
        panic!("{violations:#?}\nplan {:#?}\nnow {:#?}\nbefore {:#?}", lines(plan), standing(record), standing(before));
    }
}

/// A way back, unless there is none for a reason.
fn back(inverse: &Inverse<'_>, is_fine: fn(&Problem) -> bool) -> Option<Planned> {
    match crate::inverse(inverse) {
        Ok(planned) => Some(planned),
        Err(PlanError(problems)) => {
            assert!(
                problems.iter().all(is_fine),
                "{problems:#?}\nnow {:#?}\nbefore {:#?}",
                standing(inverse.recorded),
                standing(inverse.snapshot)
            );
            None
        }
    }
}

fn name_is_held(problem: &Problem) -> bool {
    matches!(problem, Problem::NameHeld { .. } | Problem::NameNeeded { .. })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_way_back_leads_to_what_was_there_and_no_further(
        done in prop::collection::vec(throw(), 1..3),
        since in prop::collection::vec(throw(), 1..4),
    ) {
        let Some((before, now)) = before_and_after(&done, &since) else { return Ok(()) };
        let all: BTreeSet<ResourceAddress> = NAMES.map(address).into();
        let inverse = |recorded| super::back::to(&before, recorded, Consent::Named(&all));
        let unchanged = crate::inverse(&inverse(&before)).unwrap().plan;
        prop_assert!(unchanged.changes.is_empty(), "{:#?}\n{:#?}", lines(&unchanged), standing(&before));

        let Some(Planned { plan, .. }) = back(&inverse(&now), name_is_held) else { return Ok(()) };
        holds(&plan, &before, &now);
        let (after, complete) = stopped(&plan, &now, &[255]);
        prop_assert!(complete);
        prop_assert_eq!(in_use(&after), in_use(&before), "{:#?}\n{:#?}", lines(&plan), standing(&now));

        let again = crate::inverse(&inverse(&after)).unwrap().plan;
        prop_assert!(again.changes.is_empty(), "{:#?}\n{:#?}", lines(&again), standing(&after));
    }

    #[test]
    fn a_way_back_that_stops_is_gone_again(
        done in prop::collection::vec(throw(), 1..3),
        since in prop::collection::vec(throw(), 1..3),
        luck in prop::collection::vec(prop::collection::vec(any::<u8>(), 24), 1..4),
    ) {
        let Some((before, mut now)) = before_and_after(&done, &since) else { return Ok(()) };
        let all: BTreeSet<ResourceAddress> = NAMES.map(address).into();
        for luck in luck.iter().map(Vec::as_slice).chain([[255].as_slice()]) {
            let inverse = super::back::to(&before, &now, Consent::Named(&all));
            let Some(Planned { plan, .. }) = back(&inverse, name_is_held) else { return Ok(()) };
            holds(&plan, &before, &now);
            (now, _) = stopped(&plan, &now, luck);
        }
        prop_assert_eq!(in_use(&now), in_use(&before));
    }

    #[test]
    fn a_way_back_by_itself_loses_nothing_that_was_there(
        done in prop::collection::vec(throw(), 1..3),
        since in prop::collection::vec(throw(), 1..3),
        protected in any::<bool>(),
    ) {
        let Some((before, now)) = before_and_after(&done, &since) else { return Ok(()) };
        let environment = environment(protected);
        let made_by = "d1".into();
        let inverse = super::back::to(&before, &now, Consent::Automatic { made_by: &made_by });
        let inverse = Inverse { environment: &environment, ..inverse };
        let Some(Planned { plan, report }) = back(&inverse, name_is_held) else { return Ok(()) };
        holds(&plan, &before, &now);
        for change in plan.changes.iter().filter(|change| change.kind.as_str() == "AWS::DynamoDB::Table") {
            let Action::Delete { only_empty, .. } = &change.action else { continue };
            let recorded = &now.resources[&change.key];
            prop_assert!(*only_empty && !protected && recorded.deployment.as_str() == "d1", "{}", change.key);
        }
        let (after, complete) = stopped(&plan, &now, &[255]);
        prop_assert!(complete);
        let there = in_use(&after);
        for (address, was) in in_use(&before) {
            prop_assert_eq!(there.get(&address), Some(&was));
        }
        let tables = |record: &Recorded| -> BTreeSet<PhysicalId> {
            let all = record.resources.values().filter(|one| one.kind.as_str() == "AWS::DynamoDB::Table");
            all.filter_map(|one| one.physical_id.clone()).collect()
        };
        let retained = plan.changes.iter().filter_map(|change| match &change.action {
            Action::Forget { physical_id } => physical_id.clone(),
            _ => None,
        });
        let kept: BTreeSet<PhysicalId> = tables(&after).into_iter().chain(retained).collect();
        prop_assert!(tables(&before).intersection(&tables(&now)).all(|table| kept.contains(table)), "{:#?}\n{:#?}\n{:#?}", lines(&plan), standing(&now), standing(&before));
        prop_assert!(report.left.iter().all(|key| after.resources.contains_key(key)));
    }

    #[test]
    fn a_way_back_of_a_part_touches_nothing_else(
        done in prop::collection::vec(throw(), 1..3),
        since in prop::collection::vec(throw(), 1..3),
        stack in prop::sample::select(vec!["a", "b", "shared"]),
    ) {
        let still = |throw: &Throw| Throw { moves: Vec::new(), ..throw.clone() };
        let (done, since): (Vec<_>, Vec<_>) = (done.iter().map(still).collect(), since.iter().map(still).collect());
        let Some((before, now)) = before_and_after(&done, &since) else { return Ok(()) };
        let all: BTreeSet<ResourceAddress> = NAMES.map(address).into();
        let scope = Scope::Stack(stack.to_owned());
        let inverse = Inverse { scope: &scope, ..super::back::to(&before, &now, Consent::Named(&all)) };
        let is_fine = |problem: &Problem| {
            name_is_held(problem)
                || matches!(problem, Problem::OutOfScope { .. } | Problem::Missing { .. } | Problem::Cycle(_))
        };
        let Some(Planned { plan, report }) = back(&inverse, is_fine) else { return Ok(()) };
        holds(&plan, &before, &now);
        let (after, _) = stopped(&plan, &now, &[255]);
        let of = |record: &Recorded, inside: bool| -> BTreeMap<ResourceKey, RecordedResource> {
            let all = record.resources.iter().filter(|(key, _)| (key.address.stack == stack) == inside);
            all.map(|(key, one)| (key.clone(), one.clone())).collect()
        };
        prop_assert_eq!(of(&after, false), of(&now, false), "{:#?}", lines(&plan));
        // Of what was made since, that stays on which something deposed elsewhere still stands.
        let part = |record: &Recorded, left: &[ResourceKey]| {
            let mut resources = of(record, true);
            resources.retain(|key, _| !left.contains(key));
            in_use(&Recorded { resources, ..Recorded::default() })
        };
        let (is, was) = (part(&after, &report.left), part(&before, &[]));
        prop_assert_eq!(is, was, "{:#?}\n{:#?}", lines(&plan), standing(&now));
    }

    #[test]
    fn a_way_back_to_what_was_half_done_finishes_or_leaves_it_and_takes_nothing_that_was_there(
        done in prop::collection::vec(throw(), 1..3),
        stopping in throw(),
        beside in throw(),
        stack in prop::sample::select(vec!["a", "b", "shared"]),
        failing in throw(),
    ) {
        let Some((first, now)) = before_and_after(&done, &[stopping]) else { return Ok(()) };
        let only = Selection([stack.to_owned()].into());
        let Some(part) = allowed_part(&wanted(&beside), &now, &only) else { return Ok(()) };
        let (then, _) = stopped(&part, &now, &[255]);
        let Some(plan) = allowed(&wanted(&failing), &then) else { return Ok(()) };
        let now = made_by_d1(&then, stopped(&plan, &then, &failing.luck).0);
        let (made_by, earlier) = ("d1".into(), [first]);
        let inverse = super::back::to(&then, &now, Consent::Automatic { made_by: &made_by });
        let ways = Inverse { earlier: &earlier, leaves: true, ..inverse }.ways();
        // What would be left needs no record of before.
        for way in ways.iter().filter(|way| way.leaves && HalfDone::of(&then).is_untouched(&now)) {
            let unread = crate::inverse(&Inverse { earlier: &[], ..*way });
            prop_assert_eq!(unread.map(|one| one.plan), crate::inverse(way).map(|one| one.plan));
        }
        let passes = |plan: &Plan| check::check(plan, &now).is_ok();
        let plans = ways.iter().filter_map(|way| Some((way.leaves, crate::inverse(way).ok()?.plan)));
        let plans: Vec<_> = plans.collect();
        let Some((leaves, plan)) = plans.iter().find(|(_, plan)| passes(plan)).or(plans.last()).cloned() else {
            return Ok(());
        };
        holds(&plan, &then, &now);
        let (after, complete) = stopped(&plan, &now, &[255]);
        prop_assert!(complete);
        let is_half = |one: &RecordedResource| matches!(one.presence, Presence::Announced | Presence::Incomplete);
        let told = || format!("{:#?}\nnow {:#?}\nthen {:#?}", lines(&plan), standing(&now), standing(&then));
        let is_untouched = |address: &ResourceAddress| now.generations(address).eq(then.generations(address));
        let is_left = then.resources.keys().map(|key| &key.address).any(|address| {
            then.current(address).is_some_and(|(_, one)| is_half(one)) && is_untouched(address)
        });
        for (key, one) in then.resources.iter().filter(|_| leaves && is_left) {
            let is_known = |other: &RecordedResource| other.kind == one.kind && other.physical_id == one.physical_id;
            let was_there = one.physical_id.is_some() && now.resources.values().any(is_known);
            prop_assert!(!was_there || after.resources.values().any(is_known), "{key} {}", told());
        }
        let used = after.resources.iter().filter(|(key, _)| after.current(&key.address).is_some_and(|(used, _)| used == *key));
        for (key, _) in used.filter(|(_, one)| is_half(one)) {
            let is_as_it_was = then.resources.get(key) == after.resources.get(key);
            let is_data = after.resources[key].kind.as_str() == "AWS::DynamoDB::Table";
            prop_assert!(is_as_it_was || is_data || after.resources[key].retention != Retention::Delete, "{key} {}", told());
        }
    }
}
