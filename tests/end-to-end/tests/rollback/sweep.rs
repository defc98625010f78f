//! An undoing whose executions keep dying.

use end_to_end::bot::{bot, bot_with};
use end_to_end::outcome;
use engine::ports::{Queue, Restart};
use model::{Cause, Deployment, DeploymentStatus, Outcome, QueueEntry, Revision, Timestamp, Undo};
use store::Claim;

use crate::trial::Trial;

/// A deployment of which two executions died while it undid what it had done, and the third is gone without a word.
async fn dying(trial: &Trial, like: &Deployment, because: &Cause) -> QueueEntry {
    let undo = Undo {
        to: Revision(1),
        causes: vec![because.clone()],
        failed: like.plan.clone().expect("a plan"),
        state: like.after.clone().expect("a record"),
        at: Timestamp::now(),
    };
    let head = Deployment {
        id: "f0000000001-undoing".into(),
        status: DeploymentStatus::Queued,
        started: None,
        ended: None,
        execution: None,
        revision: None,
        undo: Some(undo),
        ..like.clone()
    };
    trial.store.accept(&head).await.expect("it is accepted");
    let mut entry = trial.store.entries(&trial.id).await.expect("entries").pop().expect("one");
    assert!(trial.store.activate(&trial.id, &entry).await.expect("an answer"));
    for _ in 0..2 {
        entry = trial.store.restart(&trial.id, &entry, Restart::Death).await.expect("an answer");
    }
    let execution = format!("{}-{}", entry.deployment, entry.starts);
    let claim = trial.store.claim(&trial.id, &entry.deployment, (&execution, entry.starts), Timestamp::now()).await;
    assert!(matches!(claim, Ok(Claim::Claimed(_))), "{claim:?}");
    entry
}

#[tokio::test]
async fn an_undoing_that_dies_three_times_is_stuck_and_the_queue_moves_on() {
    let trial = Trial::with(&[bot()]).await;
    trial.python("import boto3; boto3.client('events').disable_rule(Name='strandline-execution-ended')", &[]).await;
    let first = trial.deployments().await.pop().expect("one");
    let because = Cause { change: None, message: "it failed".into(), help: "look".into(), blocked: Vec::new() };
    let before = trial.ids().await;
    dying(&trial, &first, &because).await;
    trial.sweep().await;
    let ended = trial.next(&before).await;
    let Outcome::Stuck { causes, because: told, next } = outcome(&ended) else { panic!("{:#?}", ended.status) };
    assert!(causes.iter().any(|cause| cause.message.contains("kept ending")), "{causes:#?}");
    assert_eq!(*told, [because]);
    assert_eq!(next, "cargo xtask admin rollback support-desk/dev --to 1");
    assert_eq!(outcome(&trial.deploy(&bot_with(300)).await).name(), "Deployed", "an upload deploys over it");
}
