#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use model::{DeploymentStatus, EnvironmentId, Origin, Rollback, Scope, Undo};
use planner::{Destination, Nowhere, destination, last, let_go_since};
use proptest::prelude::*;

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn at(day: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + day * DAY_MS).unwrap()
}

fn object(key: &str) -> ObjectRef {
    ObjectRef { key: key.to_owned(), version: "v".to_owned(), digest: Digest::of(key.as_bytes()) }
}

/// A deployment of one day; `None` of an outcome: it runs.
fn deployment(day: i64, revision: u64, outcome: Option<Outcome>) -> Deployment {
    let id = DeploymentId(format!("d{day:04}"));
    let environment = EnvironmentId::new("shop", "dev").unwrap();
    let ended = outcome.as_ref().map(|_| at(day));
    let status = outcome.map_or(DeploymentStatus::Running, |outcome| DeploymentStatus::Ended { outcome });
    Deployment {
        ended,
        status,
        revision: Some(Revision(revision)),
        after: ended.map(|_| object(&format!("{id}/state-after.json"))),
        ..Deployment::new(id, environment, Origin::Engine, Request::DEPLOY, at(day))
    }
}

fn stopped() -> Outcome {
    Outcome::Stopped { causes: Vec::new() }
}

fn history(deployments: Vec<Deployment>, keep: Keep) -> History {
    let revision = deployments.iter().filter_map(|one| one.revision).max().unwrap_or_default();
    History { keep, deployments, revision, needed: BTreeSet::new() }
}

fn gone(history: &History, day: i64) -> Vec<String> {
    history.outlived(at(day)).into_iter().map(|id| id.0).collect()
}

const ONE: Keep = Keep { deployments: 1, days: 0 };

#[test]
fn what_is_older_than_both_limits_goes_and_nothing_else() {
    let all: Vec<_> = (1..=6).map(|n| deployment(n, u64::try_from(n).unwrap(), Some(Outcome::Deployed))).collect();
    let keep = |deployments, days| history(all.clone(), Keep { deployments, days });
    assert_eq!(gone(&keep(1, 0), 30), ["d0001", "d0002", "d0003", "d0004", "d0005"]);
    assert_eq!(gone(&keep(4, 0), 30), ["d0001", "d0002"]);
    assert_eq!(gone(&keep(1, 27), 30), ["d0001", "d0002", "d0003"], "those of the last four weeks stay");
    assert_eq!(gone(&keep(1, 365), 30), Vec::<String>::new());
    assert_eq!(gone(&keep(0, u32::MAX), 30), Vec::<String>::new(), "for ever");
    assert_eq!(
        gone(&keep(1, 0), 18),
        ["d0001", "d0002", "d0003"],
        "the event of an upload may come again for two weeks"
    );
}

#[test]
fn the_last_that_succeeded_stays_behind_those_that_failed() {
    let mut all = vec![deployment(1, 1, Some(Outcome::Deployed)), deployment(2, 2, Some(Outcome::Deployed))];
    all.extend((3..9).map(|n| deployment(n, u64::try_from(n).unwrap(), Some(stopped()))));
    assert_eq!(gone(&history(all, ONE), 30), ["d0001", "d0003", "d0004", "d0005", "d0006", "d0007"]);
}

#[test]
fn what_a_rollback_went_to_stays_while_the_environment_stands_there() {
    let back = Outcome::RolledBack { to: Revision(1), causes: Vec::new() };
    let mut all = vec![
        deployment(1, 1, Some(Outcome::Deployed)),
        deployment(2, 2, Some(Outcome::Deployed)),
        deployment(3, 3, Some(back)),
    ];
    assert_eq!(gone(&history(all.clone(), ONE), 30), ["d0002"]);
    all.push(deployment(4, 4, Some(Outcome::Deployed)));
    assert_eq!(gone(&history(all, ONE), 30), ["d0001", "d0002", "d0003"]);
}

#[test]
fn whatever_a_way_back_may_lead_to_stays_until_it_has_ended() {
    let mut all: Vec<_> = (1..=4).map(|n| deployment(n, u64::try_from(n).unwrap(), Some(Outcome::Deployed))).collect();
    let back = |to| Request::Rollback(Rollback { to, scope: Scope::All, consent: BTreeSet::new() });
    all.push(Deployment { revision: None, request: back(Target::Revision(Revision(2))), ..deployment(5, 0, None) });
    assert_eq!(gone(&history(all.clone(), ONE), 30), ["d0001", "d0003"]);
    all.last_mut().unwrap().request = back(Target::Previous);
    assert_eq!(gone(&history(all.clone(), ONE), 30), Vec::<String>::new());
    let undo =
        Undo { to: Revision(3), causes: Vec::new(), failed: object("failed"), state: object("state"), at: at(5) };
    *all.last_mut().unwrap() = Deployment { undo: Some(undo), ..deployment(5, 5, None) };
    assert_eq!(gone(&history(all, ONE), 30), ["d0001", "d0002"]);
}

#[test]
fn whatever_tells_that_what_was_let_go_left_something_whole_stays_with_it() {
    let let_go =
        |day, revision| Deployment { request: let_go(0), ..deployment(day, revision, Some(Outcome::Deployed)) };
    let reap = Deployment { request: Request::Reap, ..deployment(3, 2, Some(Outcome::Unchanged)) };
    let well = [deployment(1, 2, Some(stopped())), deployment(2, 2, Some(Outcome::Unchanged)), reap, let_go(4, 3)];
    let back = Rollback { to: Target::Revision(Revision(3)), scope: Scope::All, consent: BTreeSet::new() };
    let asked = Deployment { revision: None, request: Request::Rollback(back), ..deployment(7, 0, None) };
    let mut all = well.to_vec();
    all.extend([deployment(5, 4, Some(Outcome::Deployed)), deployment(6, 5, Some(Outcome::Deployed)), asked]);
    assert_eq!(gone(&history(all, ONE), 30), ["d0005"]);
    let half = vec![deployment(1, 1, Some(Outcome::Deployed)), deployment(2, 2, Some(stopped())), let_go(3, 3)];
    let failed = (4..7).map(|n| deployment(n, u64::try_from(n).unwrap(), Some(stopped())));
    assert_eq!(gone(&history(half.into_iter().chain(failed).collect(), ONE), 30), ["d0004", "d0005"]);
}

#[test]
fn a_digest_is_found_wherever_it_stands() {
    let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
    let text = format!(r#"{{"S3Key":"artifacts/{one}.zip","Version":"x-{other}","Not":"{one}0"}}"#);
    assert_eq!(digests(text.as_bytes()), BTreeSet::from([one, other]));
}

fn outcomes() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        4 => Just(Some(Outcome::Deployed)),
        2 => Just(Some(Outcome::Unchanged)),
        2 => Just(Some(stopped())),
        1 => Just(Some(Outcome::Refused { refusals: Vec::new() })),
        1 => (0u64..6).prop_map(|to| Some(Outcome::RolledBack { to: Revision(to), causes: Vec::new() })),
        1 => Just(None),
    ]
}

fn to_the_previous() -> Rollback {
    Rollback { to: Target::Previous, scope: Scope::All, consent: BTreeSet::new() }
}

fn let_go(resource: u8) -> Request {
    Request::LetGo { resources: [format!("a/R{resource}").parse().unwrap()].into() }
}

fn requests() -> impl Strategy<Value = Request> {
    let back = |to| Request::Rollback(Rollback { to, scope: Scope::All, consent: BTreeSet::new() });
    prop_oneof![
        6 => Just(Request::DEPLOY),
        1 => Just(back(Target::Previous)),
        1 => (0u64..6).prop_map(move |to| back(Target::Revision(Revision(to)))),
        1 => Just(Request::Rollback(Rollback { scope: Scope::Agent("orders".into()), ..to_the_previous() })),
        1 => Just(Request::Reap),
        2 => (0u8..3).prop_map(let_go),
    ]
}

fn histories() -> impl Strategy<Value = History> {
    let one = (outcomes(), requests(), any::<bool>(), 0u64..2, proptest::option::weighted(0.1, 0u64..6));
    let all = proptest::collection::vec(one, 0..14);
    (all, 0usize..4, 0u32..8, proptest::collection::btree_set(0i64..14, 0..2)).prop_map(
        |(all, deployments, days, needed)| {
            let mut revision = 0;
            let heads = all.into_iter().enumerate().map(|(day, (outcome, request, has_after, step, undo))| {
                revision += step;
                let mut head = deployment(i64::try_from(day).unwrap(), revision, outcome);
                head.request = request;
                head.after = head.after.filter(|_| has_after);
                head.undo = undo.filter(|_| head.ended.is_none()).map(|to| Undo {
                    to: Revision(to),
                    causes: Vec::new(),
                    failed: object(&format!("{}/failed", head.id)),
                    state: object(&format!("{}/state-failed.json", head.id)),
                    at: at(0),
                });
                head
            });
            let heads = heads.collect();
            let needed = needed.into_iter().map(|day| DeploymentId(format!("d{day:04}"))).collect();
            History { needed, ..history(heads, Keep { deployments, days }) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_goes_that_is_in_use_or_within_a_limit(history in histories(), day in 0i64..40) {
        let now = at(day);
        let gone: BTreeSet<DeploymentId> = history.outlived(now).into_iter().collect();
        let heads = &history.deployments;
        for (index, head) in heads.iter().enumerate() {
            if !gone.contains(&head.id) {
                continue;
            }
            prop_assert!(head.outcome().is_some(), "{} has not ended", head.id);
            prop_assert!(heads.len() - index > history.keep.deployments, "{} is one of the newest", head.id);
            let age = now.duration_since(head.ended.unwrap()).as_secs_f64() / 86_400.0;
            prop_assert!(age >= f64::from(history.keep.days.max(15)), "{} is {age} days old", head.id);
            prop_assert!(!history.needed.contains(&head.id), "{} is needed", head.id);
        }
        // Whatever looks for a way back finds what it would have found.
        let left: Vec<Deployment> = heads.iter().filter(|head| !gone.contains(&head.id)).cloned().collect();
        let found = |found: Result<Destination<'_>, Nowhere>| {
            found.ok().map(|found| (found.revision, found.left_by.map(|head| head.id.clone())))
        };
        prop_assert_eq!(found(last(&left)), found(last(heads)), "what a failure goes back to");
        if let Ok(Destination { left_by: Some(left_by), .. }) = last(heads) {
            prop_assert_eq!(let_go_since(left_by, &left), let_go_since(left_by, heads), "and what stays let go");
        }
        let mut wanted = vec![(Target::Revision(history.revision), &Scope::All)];
        for head in heads.iter().filter(|head| head.outcome().is_none()) {
            if let Request::Rollback(back) = &head.request {
                wanted.push((back.to, &back.scope));
            }
            wanted.extend(head.undo.iter().map(|undo| (Target::Revision(undo.to), &Scope::All)));
        }
        for (target, scope) in wanted {
            let sought = |heads| found(destination(target, scope, heads));
            prop_assert_eq!(sought(&left), sought(heads), "{:?} of {:?}", target, scope);
        }
    }

    #[test]
    fn what_has_gone_leaves_nothing_more_to_go(history in histories(), day in 0i64..40) {
        let gone = history.outlived(at(day));
        let left = History {
            deployments: history.deployments.iter().filter(|one| !gone.contains(&one.id)).cloned().collect(),
            ..history
        };
        prop_assert_eq!(left.outlived(at(day)), Vec::<DeploymentId>::new());
    }

    #[test]
    fn nothing_goes_that_is_referred_to_or_new(
        stored in proptest::collection::vec((0u8..4, -40i64..1, 0u8..2), 0..12),
        keys in proptest::collection::btree_set(0u8..4, 0..4),
        versions in proptest::collection::btree_set(0usize..12, 0..4),
    ) {
        let count = stored.len();
        let mut stored: Vec<Stored> = stored
            .into_iter()
            .enumerate()
            .map(|(index, (key, day, content))| Stored {
                key: format!("artifacts/{key}"),
                version: format!("v{index}"),
                etag: Some(format!("\"{key}-{content}\"")),
                modified: at(day),
                is_current: false,
            })
            .collect();
        for index in 0..count {
            stored[index].is_current = !stored[index + 1..].iter().any(|later| later.key == stored[index].key);
        }
        let mut references = References::default();
        keys.iter().for_each(|key| references.add(format!("artifacts/{key}"), ""));
        versions.iter().filter_map(|index| stored.get(*index)).for_each(|one| references.add(&one.key, &one.version));
        let gone = references.unreferred(&stored, at(0));
        for one in &stored {
            let is_young = one.modified > at(-30);
            let is_named = references.versions.contains(&(one.key.clone(), one.version.clone()));
            let is_read = one.is_current && references.keys.contains(&one.key);
            if is_young || is_named || is_read {
                prop_assert!(!gone.contains(&one), "{one:?}");
            } else if !references.keys.contains(&one.key) {
                prop_assert!(gone.contains(&one), "{one:?}");
            }
        }
        // Every content that somebody may read by its key is still there.
        for one in stored.iter().filter(|one| references.keys.contains(&one.key)) {
            let has_it = |other: &&Stored| other.key == one.key && other.etag == one.etag && !gone.contains(other);
            prop_assert!(stored.iter().any(|other| has_it(&other)), "{one:?}");
        }
        prop_assert!(overwritten(&stored, at(0)).iter().all(|one| !one.is_current && one.modified <= at(-30)));
    }
}
