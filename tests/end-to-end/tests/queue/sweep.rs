//! What nobody heard of, and the sweeper finds.

use end_to_end::bot::{bot, bot_with, memory};
use end_to_end::trial::Trial;
use end_to_end::{assert_deployed, outcome};
use engine::ports::{Queue, Restart};
use jiff::Timestamp;
use model::{Deployment, DeploymentId, DeploymentStatus, Outcome, QueueEntry};
use serde_json::json;
use store::Claim;

use crate::trial::unheard;

/// Puts a deployment of this project into the queue as intake does, and dies before it starts anything.
async fn accepted(trial: &Trial, like: &Deployment, id: &str) -> QueueEntry {
    let head = Deployment {
        id: id.into(),
        status: DeploymentStatus::Queued,
        started: None,
        ended: None,
        plan: None,
        execution: None,
        revision: None,
        ..like.clone()
    };
    trial.store.accept(&head).await.expect("it is accepted");
    trial.store.entries(&trial.id).await.expect("entries").pop().expect("one")
}

/// Gives it its turn, and lets an execution claim it that is gone without a word.
async fn claimed(trial: &Trial, entry: &QueueEntry) {
    assert!(trial.store.activate(&trial.id, entry).await.expect("an answer"));
    claim(trial, entry).await;
}

/// Claims the deployment that has its turn for an execution that is gone without a word.
async fn claim(trial: &Trial, entry: &QueueEntry) {
    let execution = (format!("{}-{}", entry.deployment, entry.starts), entry.starts);
    let claim = trial.store.claim(&trial.id, &entry.deployment, (&execution.0, execution.1), Timestamp::now()).await;
    assert!(matches!(claim, Ok(Claim::Claimed(_))), "{claim:?}");
}

#[tokio::test]
async fn a_queue_that_stands_still_moves_on() {
    let trial = unheard().await;
    assert_deployed(&trial.deploy_and_settle(&bot()).await);
    let other = trial.deploy_and_settle(&bot_with(300)).await;
    assert_eq!(trial.sweep().await, json!([]), "there is nothing to do");

    // Accepted, and not started.
    let entry = accepted(&trial, &other, "f0000000001-waits").await;
    trial.sweep().await;
    assert_eq!(outcome(&trial.end_of(&entry.deployment).await).name(), "Unchanged");
    trial.settled().await;

    // Given its turn, and not started.
    let entry = accepted(&trial, &other, "f0000000002-turn").await;
    assert!(trial.store.activate(&trial.id, &entry).await.expect("an answer"));
    assert_eq!(trial.sweep().await, json!([{ "started": "f0000000002-turn-1" }]));
    assert_eq!(outcome(&trial.end_of(&entry.deployment).await).name(), "Unchanged");
    trial.settled().await;

    // Handed over, and the successor not started.
    let entry = accepted(&trial, &other, "f0000000003-handed").await;
    claimed(&trial, &entry).await;
    trial.store.restart(&trial.id, &entry, Restart::HandOver).await.expect("an answer");
    assert_eq!(trial.sweep().await, json!([{ "started": "f0000000003-handed-2" }]));
    let ended = trial.end_of(&entry.deployment).await;
    assert_eq!(ended.execution.as_deref(), Some("f0000000003-handed-2"));
    assert_eq!(memory(&trial).await, Some(300));
}

#[tokio::test]
async fn what_cannot_be_read_any_more_does_not_keep_the_queue_from_moving() {
    let trial = unheard().await;
    let first = trial.deploy_and_settle(&bot()).await;
    let entry = accepted(&trial, &first, "f0000000001-broken").await;
    assert!(trial.store.activate(&trial.id, &entry).await.expect("an answer"));
    let mut last = entry.clone();
    for _ in 0..2 {
        last = trial.store.restart(&trial.id, &last, Restart::Death).await.expect("an answer");
    }
    claim(&trial, &last).await;
    let segment = "import boto3, sys; boto3.client('dynamodb').put_item(TableName='strandline', Item={'pk': {'S': sys.argv[1]}, \
        'sk': {'S': 'SEGMENT#000000000001'}, 'body': {'S': 'nonsense'}})";
    trial.python(segment, &["DEPLOYMENT#f0000000001-broken"]).await;
    assert_eq!(trial.sweep().await, json!([{ "concluded": entry.deployment }]));
    let ended = trial.end_of(&entry.deployment).await;
    let Outcome::Stopped { causes } = outcome(&ended) else { panic!("{:?}", ended.status) };
    assert!(causes[0].message.contains("SEGMENT#000000000001 is corrupt"), "{causes:#?}");
    assert_eq!(outcome(&trial.deploy(&bot()).await).name(), "Unchanged", "the queue moves on");
}

#[tokio::test]
async fn an_execution_that_is_gone_is_resumed_and_given_up_after_three_deaths() {
    let trial = unheard().await;
    let first = trial.deploy_and_settle(&bot()).await;
    assert_deployed(&first);

    let entry = accepted(&trial, &first, "f0000000001-once").await;
    claimed(&trial, &entry).await;
    let moved = trial.sweep().await;
    assert_eq!(moved, json!([{ "resumed": "f0000000001-once", "running": true }]));
    let ended = trial.end_of(&entry.deployment).await;
    trial.settled().await;
    assert_eq!(outcome(&ended).name(), "Unchanged");
    assert_eq!(ended.execution.as_deref(), Some("f0000000001-once-2"));

    // Two died before, and others handed over: those are no deaths.
    let entry = accepted(&trial, &first, "f0000000002-thrice").await;
    assert!(trial.store.activate(&trial.id, &entry).await.expect("an answer"));
    let mut last = entry.clone();
    for because in [Restart::HandOver, Restart::Death, Restart::HandOver, Restart::Death] {
        last = trial.store.restart(&trial.id, &last, because).await.expect("an answer");
    }
    assert_eq!((last.starts, last.deaths), (5, 2));
    claim(&trial, &last).await;
    let thrice = DeploymentId::from("f0000000002-thrice");
    assert_eq!(trial.sweep().await, json!([{ "concluded": thrice }]));
    let ended = trial.end_of(&thrice).await;
    let Outcome::Stopped { causes } = outcome(&ended) else { panic!("{:?}", ended.status) };
    assert!(causes[0].message.contains("kept ending"), "{causes:#?}");
    trial.told(&ended).await;
    assert_eq!(outcome(&trial.deploy_and_settle(&bot()).await).name(), "Unchanged", "the queue moves on");
}

#[tokio::test]
async fn a_history_that_is_missing_is_written() {
    let trial = unheard().await;
    let first = trial.deploy_and_settle(&bot()).await;
    let entry = accepted(&trial, &first, "f0000000001-gone").await;
    claimed(&trial, &entry).await;
    let head = trial.head(&entry.deployment).await;
    let outcome = Outcome::Stopped { causes: Vec::new() };
    let head = Deployment { status: DeploymentStatus::Ended { outcome }, ended: Some(Timestamp::now()), ..head };
    let active = trial.store.active(&trial.id).await.expect("an answer").expect("it has its turn");
    assert!(trial.store.conclude(&head, &active, None).await.expect("an answer"), "and here it dies");
    trial.sweep().await;
    trial.told(&head).await;
    assert_eq!(trial.store.unwritten(&trial.id).await.expect("an answer"), []);
}
