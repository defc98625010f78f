//! What is kept for how long: what goes, what stays because somebody may need it, and that a way back finds what it needs.

use std::collections::BTreeSet;
use std::time::Duration;

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, memory};
use end_to_end::trial::Trial;
use end_to_end::{Project, assert_deployed, outcome};
use engine::ports::Ledger;
use model::{Artifact, Deployment, DeploymentId, DeploymentStatus, Digest, Environment, Keep, Outcome, Timestamp};
use serde_json::{Value, json};
use store::Swept;

use crate::admin;

fn in_days(days: u32) -> Timestamp {
    Timestamp::now() + Duration::from_secs(24 * 60 * 60) * days
}

/// An agent of this code, with this much memory.
fn agent(code: &str, memory: u32) -> Project {
    let mut project = bot().with("strands.yaml", "memory: 256", &format!("memory: {memory}"));
    let handler = format!("def handle(event, context):\n    return {{'statusCode': 200, 'body': '{code}'}}\n");
    project.files.insert("agents/bot/handler.py".to_owned(), handler.into_bytes());
    project
}

fn code(deployment: &Deployment) -> Digest {
    deployment.artifacts.get("bot").expect("its code").digest.clone()
}

async fn keep(trial: &Trial, deployments: usize) {
    let record = trial.store.environment(&trial.id).await.unwrap().expect("it is registered");
    let record = Environment { keep: Keep { deployments, days: 0 }, ..record };
    trial.store.put_environment(&record).await.unwrap();
}

async fn sweep(trial: &Trial, now: Timestamp) -> (Vec<DeploymentId>, BTreeSet<String>) {
    let found = trial.store.sweepable(now).await.unwrap();
    assert!(found.failed.is_empty(), "{found:?}");
    trial.store.sweep(&found, || false).await.unwrap();
    let again = trial.store.sweepable(now).await.unwrap();
    assert!(again.deployments.is_empty(), "what is gone is gone: {again:?}");
    let deployments = found.deployments.into_iter().map(|(_, id)| id).collect();
    (deployments, found.objects.into_iter().map(|object| object.key).collect())
}

/// The versions of the objects whose keys begin so.
async fn versions(trial: &Trial, prefix: &str) -> usize {
    let s3 = &trial.account.clients.s3;
    let listed = s3.list_object_versions().bucket(trial.account.deployments()).prefix(prefix).send().await.unwrap();
    listed.versions().len() + listed.delete_markers().len()
}

async fn back(trial: &Trial, to: Value) -> Deployment {
    let before = trial.ids().await;
    trial.upload("rollback.json", json!({ "to": to }).to_string().into_bytes()).await;
    let found = trial.next(&before).await;
    trial.settled().await;
    found
}

#[tokio::test]
async fn what_is_kept_no_longer_goes_and_what_a_way_back_needs_stays() {
    let trial = Trial::start().await;
    let first = trial.deploy_and_settle(&agent("a", 256)).await;
    let second = trial.deploy_and_settle(&agent("b", 300)).await;
    let third = trial.deploy_and_settle(&agent("a", 400)).await;
    for one in [&first, &second, &third] {
        assert_deployed(one);
    }
    assert_eq!(code(&first), code(&third));
    assert_ne!(code(&first), code(&second));

    keep(&trial, 2).await;
    let nothing = admin(&trial, &["history", "sweep", "--dry-run"]).await;
    assert_eq!(nothing.as_deref(), Ok("0 deployments and 0 objects would go"), "nothing is older than two weeks");
    let nothing = admin(&trial, &["history", "sweep"]).await;
    assert_eq!(nothing.as_deref(), Ok("0 deployments and 0 objects removed"), "the engine finds the same");

    the_engine_removes_what_is_older_by_its_own_right(&trial, &first).await;

    // Broken off before it came to anything, and then done.
    let found = trial.store.sweepable(in_days(20)).await.unwrap();
    assert_eq!(found.deployments, [(trial.id.clone(), first.id.clone())]);
    let swept = trial.store.sweep(&found, || true).await.unwrap();
    assert_eq!(swept, Swept { left: 1, ..Swept::default() });
    assert_eq!(trial.ids().await.len(), 3);
    assert_eq!(sweep(&trial, in_days(20)).await, (vec![first.id.clone()], BTreeSet::new()));
    assert_eq!(trial.ids().await, [second.id.clone(), third.id.clone()]);
    assert_eq!(versions(&trial, &store::paths::deployment(&trial.id, &first.id)).await, 0);
    assert_eq!(trial.store.journal(&first.id).await.unwrap(), []);

    // What stays can be gone back to. Then the environment stands there, and it stays although it is older than both limits.
    let returned = back(&trial, json!("previous")).await;
    assert!(matches!(outcome(&returned), Outcome::RolledBack { causes, .. } if causes.is_empty()), "{returned:?}");
    assert_eq!(memory(&trial).await, Some(300));
    keep(&trial, 1).await;
    assert_eq!(sweep(&trial, in_days(20)).await, (vec![third.id.clone()], BTreeSet::new()));
    assert_eq!(trial.ids().await, [second.id.clone(), returned.id.clone()]);

    // What is gone is refused, with those that there are.
    let refused = back(&trial, json!(3)).await;
    let Outcome::Refused { refusals } = outcome(&refused) else { panic!("{refused:?}") };
    let revision = |one: &Deployment| one.revision.expect("a revision").to_string();
    assert_eq!(refusals[0].code, "rollback::unknown-revision", "{refusals:#?}");
    assert!(refusals[0].message.contains("there is no revision 3"), "{refusals:#?}");
    let there = format!("name a revision that there is: {}, {}", revision(&second), revision(&returned));
    assert_eq!(refusals[0].help.as_deref(), Some(there.as_str()));

    // Code goes when nothing speaks of it any more, and is there again when it is uploaded again.
    let artifacts = async |now| {
        let found = trial.store.sweepable(now).await.unwrap().objects.into_iter().map(|object| object.key);
        found.filter(|key| key.starts_with("artifacts/")).collect::<Vec<_>>()
    };
    let none = Vec::<String>::new();
    assert_eq!(artifacts(in_days(40)).await, none, "the plan of the way back says what it took the place of");
    let fourth = trial.deploy_and_settle(&agent("c", 500)).await;
    assert_deployed(&fourth);
    assert_eq!(sweep(&trial, in_days(20)).await.0, [second.id.clone(), returned.id.clone(), refused.id.clone()]);
    assert_eq!(artifacts(in_days(20)).await, none, "not within a month");
    assert_eq!(artifacts(in_days(40)).await, [Artifact::key(&code(&first))]);
    sweep(&trial, in_days(40)).await;
    for (one, left) in [(&first, 0), (&second, 1), (&fourth, 1)] {
        assert_eq!(versions(&trial, &Artifact::key(&code(one))).await, left);
    }
    assert_deployed(&trial.deploy_and_settle(&agent("a", 256)).await);
    assert_eq!(memory(&trial).await, Some(256));
}

/// One of last month, with a file: the function's role is held to its policy here, an administrator's is not.
async fn the_engine_removes_what_is_older_by_its_own_right(trial: &Trial, like: &Deployment) {
    let month_ago = Timestamp::now() - Duration::from_secs(30 * 24 * 60 * 60);
    let old = Deployment {
        id: "00000000001-old".into(),
        accepted: month_ago,
        ended: Some(month_ago),
        status: DeploymentStatus::Ended { outcome: Outcome::Stopped { causes: Vec::new() } },
        revision: None,
        after: None,
        ..like.clone()
    };
    trial.store.accept(&old).await.unwrap();
    trial.store.written(&trial.id, &old.id).await.unwrap();
    let file = store::paths::of_deployment(&trial.id, &old.id, "metadata.json");
    let (s3, bucket) = (&trial.account.clients.s3, trial.account.deployments());
    s3.put_object().bucket(bucket).key(&file).body(b"{}".to_vec().into()).send().await.unwrap();
    let would_go = admin(trial, &["history", "sweep", "--dry-run"]).await;
    assert_eq!(would_go, Ok(format!("{DESK}  {}\n1 deployment and 0 objects would go", old.id)));
    let swept = admin(trial, &["history", "sweep", "--json"]).await;
    let swept: Value = serde_json::from_str(&swept.unwrap()).unwrap();
    assert_eq!(swept, json!({ "deployments": 1, "objects": 1, "left": 0 }));
    assert_eq!(versions(trial, &file).await, 0);
    assert!(!trial.ids().await.contains(&old.id));
}

#[tokio::test]
async fn what_two_deployments_share_stays_as_long_as_one_of_them_and_what_is_found_counts_as_new() {
    let trial = Trial::start().await;
    let first = trial.deploy_and_settle(&agent("a", 256)).await;
    let second = trial.deploy_and_settle(&agent("a", 300)).await;
    let shared = code(&first);
    assert_eq!(shared, code(&second));
    keep(&trial, 1).await;
    let (gone, objects) = sweep(&trial, in_days(40)).await;
    assert_eq!(gone, [first.id]);
    assert!(!objects.contains(&Artifact::key(&shared)), "{objects:?}");
    let (gone, objects) = sweep(&trial, in_days(41)).await;
    assert_eq!((gone, objects.contains(&Artifact::key(&shared))), (vec![], false), "the second needs it");

    // Seen again when it is old, it is written again: whoever sees it refers to it a moment later.
    let key = Artifact::key(&shared);
    assert_eq!(versions(&trial, &key).await, 1);
    assert!(trial.store.kept_artifact(&shared, in_days(14)).await.unwrap().is_some());
    assert_eq!(versions(&trial, &key).await, 1, "it is new enough");
    let found = trial.store.kept_artifact(&shared, in_days(16)).await.unwrap().expect("it is there");
    assert_eq!(found, second.artifacts["bot"]);
    assert_eq!(versions(&trial, &key).await, 2);
    let bytes = trial.file(&key).await.expect("the code");
    assert_eq!(Digest::of(&bytes), shared);
    trial.store.keep_artifact(&shared, bytes, in_days(16)).await.unwrap();
    assert_eq!(versions(&trial, &key).await, 3);
    let (_, objects) = sweep(&trial, in_days(40)).await;
    assert_eq!(objects, BTreeSet::from([key.clone()]), "the older versions, which say the same");
    assert_eq!(versions(&trial, &key).await, 1);
    assert_eq!(Digest::of(&trial.file(&key).await.expect("the code")), shared);

    // A head that is too large for the table refers to a value; another value is left from a commit that failed.
    let stray = format!("{DESK}/values/{}.json", Digest::of(b"stray"));
    let s3 = &trial.account.clients.s3;
    let bucket = trial.account.deployments();
    s3.put_object().bucket(bucket).key(&stray).body(b"stray".to_vec().into()).send().await.unwrap();
    let large = Deployment {
        id: "fffffffffff-large".into(),
        outputs: [("Text".to_owned(), json!("x".repeat(300_000)))].into(),
        ..second.clone()
    };
    trial.store.accept(&large).await.unwrap();
    assert_eq!(versions(&trial, &format!("{DESK}/values/")).await, 2);
    keep(&trial, 10).await;
    let (gone, objects) = sweep(&trial, in_days(40)).await;
    assert_eq!((gone, objects), (vec![], BTreeSet::from([stray])));
    assert_eq!(trial.head(&large.id).await, large, "its value is there still");
}
