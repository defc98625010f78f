//! Whatever is desired, after whatever stopped half way: a part is deployed without anything beside it.

use proptest::prelude::*;

use super::random::{NAMES, allowed, allowed_part, holds, lines, standing, stopped, stray, throw, wanted};
use super::*;

/// Every selection of the stacks that there are.
fn only() -> impl Strategy<Value = Selection> {
    prop::sample::subsequence(vec!["a", "b", "shared"], 1..=2)
        .prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

/// The addresses that a selection may touch: what is named, what that needs, and what moves there or from there.
fn may_touch(desired: &Desired, record: &Recorded, only: &Selection) -> BTreeSet<ResourceAddress> {
    let is_named = |address: &ResourceAddress| only.names(address, None);
    let mut all: BTreeSet<ResourceAddress> = NAMES.map(address).into_iter().filter(is_named).collect();
    // What something asks for, or keeps of what it asked for before.
    let on = |of: &ResourceAddress, one: &DesiredResource| {
        let moved = desired.moved.iter().filter(|(_, to)| *to == of).map(|(from, _)| from);
        let places = [of].into_iter().chain(moved).filter(|_| !one.ignore_changes.is_empty());
        let kept = places.filter_map(|place| record.current(place)).map(|(_, kept)| &kept.asked);
        let asked = kept.chain([&one.properties]).flat_map(|asked| model::expression::references(asked).unwrap());
        let mut all: BTreeSet<ResourceAddress> = one.depends_on.iter().cloned().collect();
        all.extend(asked.map(|reference| reference.address));
        all.extend(all.iter().filter_map(|on| desired.moved.get(on)).cloned().collect::<Vec<_>>());
        all
    };
    let is_there = |of: &ResourceAddress| record.generations(of).any(|(_, one)| one.presence == Presence::Present);
    // Until nothing is added: more than is touched, because what is not of the part may be needed by the record alone.
    loop {
        let mut more = BTreeSet::new();
        for address in &all {
            more.extend(desired.resources.get(address).into_iter().flat_map(|one| on(address, one)));
            more.extend(desired.moved.get(address).cloned());
            more.extend(desired.moved.iter().filter(|(_, to)| *to == address).map(|(from, _)| from.clone()));
            // What is attached to it, is nobody's and is not there yet.
            let free = desired.resources.iter().filter(|(of, one)| one.agent.is_none() && !is_there(of));
            more.extend(free.filter(|(of, one)| on(of, one).contains(address)).map(|(of, _)| of.clone()));
        }
        // What nobody asks for any more goes with those who used it.
        let is_free = |one: &RecordedResource| one.agent.is_none() && one.kind.as_str() != "AWS::DynamoDB::Table";
        let used = all.iter().flat_map(|address| record.generations(address)).flat_map(|(_, one)| {
            let asked = model::expression::references(&one.asked).unwrap();
            one.dependencies.iter().cloned().chain(asked.into_iter().map(|reference| reference.address))
        });
        let made = |on: ResourceAddress| {
            let is_it = move |(key, one): &(&ResourceKey, &RecordedResource)| {
                key.address == on || one.made_as.as_ref().is_some_and(|made| made.address == on)
            };
            record.resources.iter().filter(is_it).map(|(key, _)| key.address.clone()).collect::<Vec<_>>()
        };
        let used = used
            .flat_map(made)
            .filter(|on| !desired.resources.contains_key(on) && record.generations(on).all(|(_, one)| is_free(one)));
        more.extend(used);
        let before = all.len();
        all.extend(more);
        if all.len() == before {
            return all;
        }
    }
}

fn beside(record: &Recorded, touched: &BTreeSet<ResourceAddress>) -> Vec<String> {
    let mut rest = record.clone();
    rest.resources.retain(|key, _| !touched.contains(&key.address));
    standing(&rest)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_part_touches_nothing_beside_it_and_its_plan_passes_the_verifier(
        throws in prop::collection::vec((throw(), prop::option::of(only())), 1..6),
    ) {
        let mut record = Recorded::default();
        for (throw, only) in &throws {
            let desired = wanted(throw);
            let only = only.clone().unwrap_or_default();
            let Some(plan) = allowed_part(&desired, &record, &only) else { continue };
            holds(&plan, &record, &desired);
            let again = allowed_part(&desired, &record, &only).unwrap();
            prop_assert_eq!(serde_json::to_string(&plan).unwrap(), serde_json::to_string(&again).unwrap());
            let before = record.clone();
            (record, _) = stopped(&plan, &record, &throw.luck);
            if !only.is_all() {
                let touched = may_touch(&desired, &before, &only);
                prop_assert_eq!(beside(&before, &touched), beside(&record, &touched), "{:#?}", lines(&plan));
                for change in &plan.changes {
                    prop_assert!(touched.contains(&change.key.address), "{:?} {:#?}", only, lines(&plan));
                }
            }
            if throw.luck[0] > 200 {
                stray(&mut record, throw.luck[1]);
            }
        }
    }

    #[test]
    fn part_after_part_leads_where_the_whole_leads(
        before in prop::collection::vec(throw(), 0..3),
        throw in throw(),
        order in Just(vec!["a", "b", "shared"]).prop_shuffle(),
    ) {
        let mut record = Recorded::default();
        for throw in &before {
            let desired = wanted(throw);
            let Some(plan) = allowed(&desired, &record) else { continue };
            (record, _) = stopped(&plan, &record, &throw.luck);
        }
        let desired = wanted(&throw);
        if allowed(&desired, &record).is_none() {
            return Ok(());
        }
        for name in order {
            let only = Selection([name.to_owned()].into());
            let Some(plan) = allowed_part(&desired, &record, &only) else { return Ok(()) };
            holds(&plan, &record, &desired);
            let (after, complete) = stopped(&plan, &record, &[255]);
            prop_assert!(complete);
            let again = allowed_part(&desired, &after, &only).unwrap();
            prop_assert!(again.changes.is_empty(), "{:#?}\n{:#?}", lines(&again), standing(&after));
            record = after;
        }
        let whole = planned(&desired, &record, false).unwrap();
        prop_assert!(whole.changes.is_empty(), "{:#?}\n{:#?}", lines(&whole), standing(&record));
    }
}
