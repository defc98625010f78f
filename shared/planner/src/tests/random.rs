//! Whatever is desired, after whatever stopped half way: plans pass the verifier, and lead to what is desired.

use std::collections::BTreeMap;

use model::{Intent, Operation, PropertyPath};
use proptest::prelude::*;

use super::*;

pub(super) const NAMES: [&str; 6] = ["a/A", "a/B", "b/C", "b/D", "shared/E", "shared/F"];

/// Types with what a replacement needs: a name, a create-only property, and one that holds data.
pub(super) const KINDS: [(&str, &str, Option<&str>); 5] = [
    ("AWS::SQS::Queue", "FifoQueue", Some("QueueName")),
    ("AWS::IAM::Role", "Path", Some("RoleName")),
    ("AWS::DynamoDB::Table", "KeySchema", Some("TableName")),
    ("AWS::Lambda::Version", "Description", None),
    ("AWS::EC2::SecurityGroup", "VpcId", None),
];

/// One resource as dice say.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    pub(super) wanted: bool,
    pub(super) kind: usize,
    pub(super) frozen: u8,
    pub(super) free: u8,
    pub(super) refers: Vec<(usize, bool)>,
    pub(super) depends: Option<usize>,
    pub(super) retention: u8,
    pub(super) fixed: bool,
    pub(super) ignores: bool,
}

/// One deployment: resources, the order in which they may refer to each other, moves, and how far it gets.
#[derive(Debug, Clone)]
pub(super) struct Throw {
    pub(super) dice: Vec<Dice>,
    pub(super) order: Vec<usize>,
    pub(super) moves: Vec<(usize, usize)>,
    pub(super) luck: Vec<u8>,
}

fn dice() -> impl Strategy<Value = Dice> {
    let refers = prop::collection::vec((0..NAMES.len(), any::<bool>()), 0..3);
    let texts = (0..2u8, 0..3u8);
    let rest = (prop::option::of(0..NAMES.len()), 0..6u8, prop::bool::weighted(0.2), prop::bool::weighted(0.3));
    (prop::bool::weighted(0.75), 0..KINDS.len(), texts, refers, rest).prop_map(
        |(wanted, kind, (frozen, free), refers, (depends, retention, fixed, ignores))| Dice {
            wanted,
            kind,
            frozen,
            free,
            refers,
            depends,
            retention,
            fixed,
            ignores,
        },
    )
}

pub(super) fn throw() -> impl Strategy<Value = Throw> {
    let order = Just((0..NAMES.len()).collect::<Vec<_>>()).prop_shuffle();
    let moves = prop::collection::vec((0..NAMES.len(), 0..NAMES.len()), 0..2);
    let luck = prop::collection::vec(any::<u8>(), 24);
    (prop::collection::vec(dice(), NAMES.len()), order, moves, luck).prop_map(|(dice, order, moves, luck)| Throw {
        dice,
        order,
        moves,
        luck,
    })
}

/// What a throw wants. References lead only to what comes earlier in its order.
pub(super) fn wanted(throw: &Throw) -> Desired {
    let mut moves: BTreeMap<ResourceAddress, ResourceAddress> = BTreeMap::new();
    let mut moved_to = BTreeSet::new();
    let mut gone = BTreeSet::new();
    for (from, to) in &throw.moves {
        let is_free = from != to && !moved_to.contains(from) && !gone.contains(to);
        if is_free && gone.insert(*from) && moved_to.insert(*to) {
            moves.insert(address(NAMES[*from]), address(NAMES[*to]));
        }
    }
    let is_there = |at: usize| throw.dice[at].wanted && !gone.contains(&at);
    let place = |at: usize| throw.order.iter().position(|other| *other == at).unwrap();
    let mut resources = Vec::new();
    for (at, dice) in throw.dice.iter().enumerate().filter(|(at, _)| is_there(*at)) {
        let (kind, frozen, name) = KINDS[dice.kind];
        let mut of = json!({ frozen: dice.frozen.to_string(), "Free": dice.free, "Deep": { "X": dice.free, "Y": 1 } });
        for (to, freezes) in dice.refers.iter().filter(|(to, _)| is_there(*to) && place(*to) < place(at)) {
            of[if *freezes { frozen } else { "Uses" }] = json!({ "Fn::GetAtt": [NAMES[*to], "Arn"] });
        }
        if let Some(name) = name.filter(|_| dice.fixed) {
            of[name] = json!(format!("fixed-{at}"));
        }
        let depends = dice.depends.filter(|to| is_there(*to) && place(*to) < place(at));
        let retention = match dice.retention {
            0 => Retention::Retain,
            1 => Retention::RetainReplaced,
            _ => Retention::Delete,
        };
        let ignored = ["Free", "Deep.X", "Uses"].map(|path| PropertyPath(path.to_owned()));
        let made = DesiredResource {
            depends_on: depends.into_iter().map(|to| address(NAMES[to])).collect(),
            retention,
            ignore_changes: ignored.into_iter().filter(|_| dice.ignores).collect(),
            ..resource(kind, of)
        };
        resources.push((NAMES[at], made));
    }
    Desired { moved: moves, ..desired(&resources) }
}

/// The record after a deployment that gets as far as `luck` has it: each change succeeds, stops before anything, stops in the
/// middle, or is put off.
pub(super) fn stopped(plan: &Plan, before: &Recorded, luck: &[u8]) -> (Recorded, bool) {
    let mut after = before.clone();
    (after.revision, after.sequence) = (plan.parent.next(), before.sequence + 1);
    let mut done = BTreeSet::new();
    let mut complete = true;
    for (change, luck) in plan.changes.iter().zip(luck.iter().cycle()) {
        let ready =
            change.needs.iter().all(|edge| done.contains(&edge.on)) && (complete || change.stage == Stage::Build);
        let is_deletion = matches!(change.action, Action::Delete { .. });
        match luck {
            _ if !ready => complete = false,
            0..=20 => complete = false,
            21..=60 if change.action.to().is_some() => {
                half(change, &mut after, *luck);
                complete = false;
            }
            21..=40 if is_deletion => {
                after.resources.get_mut(&change.key).unwrap().presence = Presence::Leaving;
                complete = false;
            }
            41..=80 if is_deletion && change.stage == Stage::Retire => {
                let resource = after.resources.get_mut(&change.key).unwrap();
                (resource.presence, resource.reap) = (Presence::Leaving, Some(model::Timestamp::UNIX_EPOCH));
                done.insert(change.key.clone());
            }
            _ => {
                succeed(change, &mut after);
                done.insert(change.key.clone());
            }
        }
    }
    (after, complete)
}

fn half(change: &Change, after: &mut Recorded, luck: u8) {
    let known = after.resources.get(&change.key).and_then(|resource| resource.physical_id.clone());
    succeed(change, after);
    let resource = after.resources.get_mut(&change.key).unwrap();
    resource.presence = Presence::Incomplete;
    if known.is_none() && luck.is_multiple_of(2) {
        (resource.presence, resource.physical_id) = (Presence::Announced, None);
        resource.attributes.clear();
        resource.intent = Some(Intent {
            operation: Operation::Create,
            token: String::new(),
            attempt: 1,
            at: model::Timestamp::UNIX_EPOCH,
        });
    }
}

fn succeed(change: &Change, after: &mut Recorded) {
    let only = Plan { changes: vec![change.clone()], ..empty() };
    after.resources = carried_out(&only, after).resources;
}

fn empty() -> Plan {
    planned(&desired(&[]), &Recorded::default(), false).unwrap()
}

/// What another engine's sweep might find: something that a dead wave made.
pub(super) fn stray(record: &mut Recorded, luck: u8) {
    let at = address(NAMES[usize::from(luck) % NAMES.len()]);
    let last = record.generations(&at).last().map_or(Generation::FIRST, |(key, _)| key.generation.next());
    let Some(template) = record.resources.values().next().cloned() else { return };
    let found = RecordedResource {
        presence: Presence::Leaving,
        asked: Properties::new(),
        sent: Properties::new(),
        dependencies: BTreeSet::new(),
        reap: None,
        earlier: Vec::new(),
        made_as: None,
        intent: None,
        physical_id: Some(PhysicalId(format!("stray:{at}@{last}"))),
        ..template
    };
    record.resources.insert(ResourceKey::new(at, last), found);
}

pub(super) fn holds(plan: &Plan, record: &Recorded, desired: &Desired) {
    if let Err(violations) = check::check_with(plan, record, &Digest::of(b"config")) {
        panic!("{violations:#?}\nmoved {:?}\nplan {:#?}\nrecord {:#?}", desired.moved, lines(plan), standing(record));
    }
}

pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let line = |change: &Change| {
        let needs: Vec<_> = change.needs.iter().map(|edge| edge.on.to_string()).collect();
        format!("{:?} {} {:?} needs {needs:?} {:?}", change.stage, change.key, change.because, change.action)
    };
    plan.changes.iter().map(line).collect()
}

pub(super) fn standing(record: &Recorded) -> Vec<String> {
    let line = |(key, one): (&ResourceKey, &RecordedResource)| {
        let on: Vec<_> = one.dependencies.iter().map(ToString::to_string).collect();
        format!(
            "{key} {} {:?} reap {} made as {:?} on {on:?} {:?}",
            one.kind,
            one.presence,
            one.reap.is_some(),
            one.made_as,
            one.asked
        )
    };
    record.resources.iter().map(line).collect()
}

/// A plan, unless the dice ask for what is refused for a reason.
pub(super) fn allowed(desired: &Desired, record: &Recorded) -> Option<Plan> {
    allowed_part(desired, record, &Selection::ALL)
}

/// The same of a part, which may be refused for what stands beside it.
pub(super) fn allowed_part(desired: &Desired, record: &Recorded, only: &Selection) -> Option<Plan> {
    match selected(desired, record, only, false).map(|planned| planned.plan) {
        Ok(plan) => Some(plan),
        Err(PlanError(problems)) => {
            let beside = |one: &Problem| matches!(one, Problem::NotSelected { .. } | Problem::NameNotSelected { .. });
            let fine = |one: &Problem| {
                !only.is_all() && beside(one)
                    || matches!(
                        one,
                        Problem::NameHeld { .. }
                            | Problem::KeptReference { .. }
                            | Problem::MovedOnto { .. }
                            | Problem::Cycle(_)
                    )
            };
            assert!(problems.iter().all(fine), "{problems:?}");
            None
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_passes_the_verifier_whatever_stopped_before(throws in prop::collection::vec(throw(), 1..6)) {
        let mut record = Recorded::default();
        let mut last = None;
        for throw in &throws {
            let desired = wanted(throw);
            let Some(plan) = allowed(&desired, &record) else { continue };
            holds(&plan, &record, &desired);
            (record, _) = stopped(&plan, &record, &throw.luck);
            if throw.luck[0] > 200 {
                stray(&mut record, throw.luck[1]);
            }
            last = Some(desired);
        }
        let Some(desired) = last else { return Ok(()) };
        let Some(plan) = allowed(&desired, &record) else { return Ok(()) };
        holds(&plan, &record, &desired);
        let (record, complete) = stopped(&plan, &record, &[255]);
        prop_assert!(complete);

        let again = planned(&desired, &record, false).unwrap();
        prop_assert!(again.changes.is_empty(), "{:#?}\n{:#?}", lines(&again), standing(&record));
        for address in desired.resources.keys() {
            let (_, current) = record.current(address).unwrap();
            prop_assert_eq!(current.presence, Presence::Present);
        }
        let stays = record.resources.iter().filter(|(_, one)| one.reap.is_none());
        prop_assert_eq!(stays.count(), desired.resources.len(), "{:#?}", standing(&record));

        let reaped = crate::reap(&reaping(&record)).unwrap().plan;
        holds(&reaped, &record, &desired);
        prop_assert!(reaped.changes.iter().all(|change| change.because == Reason::Due));
        let (record, _) = stopped(&reaped, &record, &[255]);
        prop_assert!(record.resources.values().all(|one| one.reap.is_none()), "{:#?}", standing(&record));
    }
}
