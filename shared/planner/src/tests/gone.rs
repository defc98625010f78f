//! What goes without a config: everything of a scope, or what is let go.

use std::sync::LazyLock;

use model::Scope;
use proptest::prelude::*;

use super::random::{NAMES, allowed, lines, standing, stopped, stray, throw, wanted};
use super::*;

static NOBODY: BTreeSet<ResourceAddress> = BTreeSet::new();
static FIXED: LazyLock<(Environment, DeploymentId, Digest, Stamp)> =
    LazyLock::new(|| (environment(true), "d2".into(), Digest::of(&[]), stamp()));

fn destroying<'a>(recorded: &'a Recorded, scope: &'a Scope, consent: &'a BTreeSet<ResourceAddress>) -> Destroying<'a> {
    let (environment, deployment, config, stamp) = &*FIXED;
    Destroying { recorded, scope, consent, environment, deployment, config, stamp }
}

fn letting_go<'a>(recorded: &'a Recorded, resources: &'a BTreeSet<ResourceAddress>) -> LettingGo<'a> {
    let (environment, deployment, config, stamp) = &*FIXED;
    LettingGo { recorded, resources, environment, deployment, config, stamp }
}

fn recorded(resources: &[(&str, DesiredResource)]) -> Recorded {
    carried_out(&planned(&desired(resources), &Recorded::default(), false).unwrap(), &Recorded::default())
}

fn told(error: PlanError) -> Vec<String> {
    error.0.iter().map(|one| format!("{}: {one}; {}", one.code(), one.help())).collect()
}

#[test]
fn everything_goes_at_the_end_and_after_what_stands_on_it() {
    let record = recorded(&api());
    let Planned { plan, .. } = destroy(&destroying(&record, &Scope::All, &NOBODY)).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/Route@1", "a/Integration@1", "a/Function@1", "shared/Api@1"]);
    let is_removal = |change: &Change| change.because == Reason::Removed && change.stage == Stage::Retire;
    assert!(plan.changes.iter().all(is_removal));
    assert_eq!((plan.parent, plan.unchanged), (record.revision, 0));
    assert!(carried_out(&plan, &record).resources.is_empty());
}

#[test]
fn what_holds_data_needs_a_word_by_name_and_what_is_to_be_kept_is_let_go() {
    let table = |retention| DesiredResource { retention, ..resource("AWS::DynamoDB::Table", json!({})) };
    let record = recorded(&[("a/Goes", table(Retention::Delete)), ("a/Kept", table(Retention::Retain))]);
    let refused = destroy(&destroying(&record, &Scope::All, &NOBODY)).unwrap_err();
    assert_eq!(
        told(refused),
        ["destroy::consent: `a/Goes` holds data that would be lost; add `--consent a/Goes` if that may be lost"]
    );
    let consent = [address("a/Goes")].into();
    let Planned { plan, report } = destroy(&destroying(&record, &Scope::All, &consent)).unwrap();
    check::check(&plan, &record).unwrap();
    assert!(matches!(plan.changes[0].action, Action::Delete { only_empty: false, .. }), "also where data is protected");
    assert!(matches!(plan.changes[1].action, Action::Forget { .. }));
    assert_eq!(plan.irreversible[0].what, "everything that `a/Goes` (AWS::DynamoDB::Table) holds");
    assert_eq!(report.retained[0].key.to_string(), "a/Kept@1");
}

#[test]
fn what_others_stand_on_does_not_go_without_them() {
    let of = |agent: &str, of: Value| DesiredResource { agent: Some(agent.into()), ..resource("AWS::SQS::Queue", of) };
    let on_it = json!({ "RedrivePolicy": { "Ref": "a/Q" } });
    let mut record =
        recorded(&[("a/Q", of("a", json!({}))), ("a/On", of("a", on_it.clone())), ("b/On", of("b", on_it))]);
    let scope = Scope::Agent("a".into());
    let refused = destroy(&destroying(&record, &scope, &NOBODY)).unwrap_err();
    assert_eq!(
        told(refused),
        ["destroy::in-use: `a/Q` is used by `b/On`, which stays; destroy what uses it as well, or take it off first"]
    );
    record.resources.get_mut(&"b/On@1".parse().unwrap()).unwrap().presence = Presence::Leaving;
    let Planned { plan, .. } = destroy(&destroying(&record, &scope, &NOBODY)).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/On@1", "a/Q@1"], "what is being deleted needs nothing any more");
}

#[test]
fn what_was_put_off_deposed_or_left_behind_goes_as_well() {
    let mut record = recorded(&[("a/Q", resource("AWS::SQS::Queue", json!({})))]);
    let queue = record.resources.values().next().unwrap().clone();
    let put_off =
        RecordedResource { presence: Presence::Leaving, reap: Some(model::Timestamp::UNIX_EPOCH), ..queue.clone() };
    let stray = RecordedResource {
        presence: Presence::Leaving,
        asked: Properties::new(),
        retention: Retention::Retain,
        ..queue.clone()
    };
    record.resources.insert("a/Q@2".parse().unwrap(), put_off);
    record.resources.insert("a/Q@3".parse().unwrap(), stray);
    record.resources.insert("a/Q@4".parse().unwrap(), queue);
    let Planned { plan, .. } = destroy(&destroying(&record, &Scope::All, &NOBODY)).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!(keys(&plan), ["a/Q@1", "a/Q@2", "a/Q@3", "a/Q@4"]);
    assert!(plan.changes.iter().all(|change| matches!(change.action, Action::Delete { .. })));
    assert_eq!(plan.changes[1].because, Reason::Due);
}

#[test]
fn what_is_let_go_leaves_the_record_and_nothing_else_changes() {
    let record = recorded(&api());
    let resources = [address("shared/Api")].into();
    let Planned { plan, report } = let_go(&letting_go(&record, &resources)).unwrap();
    check::check(&plan, &record).unwrap();
    assert_eq!((keys(&plan), plan.unchanged), (vec!["shared/Api@1".to_owned()], 3));
    assert!(matches!(plan.changes[0].action, Action::Forget { physical_id: Some(_) }));
    assert_eq!(report.retained[0].key.to_string(), "shared/Api@1");
    let mut rest = record.clone();
    rest.resources.retain(|key, _| key.address != address("shared/Api"));
    assert_eq!(carried_out(&plan, &record).resources, rest.resources);
}

#[test]
fn only_what_is_recorded_can_be_let_go() {
    let record = recorded(&api());
    let resources = ["a/Typo", "shared/Api", "shared/Gone"].map(address).into();
    let refused = let_go(&letting_go(&record, &resources)).unwrap_err();
    let help = "correct the address: the record lists every resource";
    assert_eq!(
        told(refused),
        [
            format!("let-go::unknown: nothing is recorded at `a/Typo`; {help}"),
            format!("let-go::unknown: nothing is recorded at `shared/Gone`; {help}"),
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_recorded_can_be_destroyed_and_let_go(
        throws in prop::collection::vec(throw(), 1..5),
        stack in prop::sample::select(vec!["a", "b", "shared"]),
    ) {
        let mut record = Recorded::default();
        for throw in &throws {
            if let Some(plan) = allowed(&wanted(throw), &record) {
                (record, _) = stopped(&plan, &record, &throw.luck);
            }
            if throw.luck[0] > 200 {
                stray(&mut record, throw.luck[1]);
            }
        }
        let all: BTreeSet<ResourceAddress> = NAMES.map(address).into();
        for scope in [Scope::All, Scope::Stack(stack.to_owned())] {
            let plan = match destroy(&destroying(&record, &scope, &all)) {
                Ok(Planned { plan, .. }) => plan,
                Err(PlanError(problems)) => {
                    prop_assert!(scope != Scope::All);
                    prop_assert!(problems.iter().all(|problem| matches!(problem, Problem::InUse { .. })), "{problems:?}");
                    continue;
                }
            };
            let found = check::check(&plan, &record);
            prop_assert_eq!(found, Ok(()), "{:#?}\n{:#?}", lines(&plan), standing(&record));
            let (after, complete) = stopped(&plan, &record, &[255]);
            prop_assert!(complete);
            let rest = record.resources.iter().filter(|(key, _)| !scope.covers(&key.address, None));
            prop_assert!(rest.eq(after.resources.iter()));
        }
        let there: BTreeSet<ResourceAddress> =
            record.resources.keys().map(|key| key.address.clone()).filter(|at| at.stack == stack).collect();
        let Planned { plan, .. } = let_go(&letting_go(&record, &there)).unwrap();
        prop_assert_eq!(check::check(&plan, &record), Ok(()));
        let rest = record.resources.iter().filter(|(key, _)| key.address.stack != stack);
        prop_assert!(rest.eq(stopped(&plan, &record, &[255]).0.resources.iter()));
    }
}
