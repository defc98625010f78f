//! Deletions that were put off.

use std::time::Duration;

use end_to_end::bot::bot;
use end_to_end::trial::Trial;
use end_to_end::{Project, assert_deployed, outcome};
use engine::ports::{Acquired, Commit, Ledger};
use jiff::Timestamp;
use model::{Deployment, Presence, Request, ResourceKey};
use serde_json::json;

/// How long the deletion is put off: long enough for a deployment to come in between.
const PUT_OFF: Duration = Duration::from_secs(15);

fn without_the_topic() -> Project {
    bot().with("strands.yaml", "shared:\n  topics: { alerts: {} }\n", "")
}

/// Records that the topic's deletion was put off. What lingers in AWS does not in the emulator: nothing else is forged.
async fn put_off(trial: &Trial) -> (ResourceKey, Timestamp) {
    let recorded = trial.record().await;
    let (key, topic) = recorded
        .resources
        .into_iter()
        .find(|(_, one)| one.kind.as_str() == "AWS::SNS::Topic")
        .expect("the topic is recorded");
    let until = Timestamp::now() + PUT_OFF;
    let until = Timestamp::from_millisecond(until.as_millisecond()).expect("a time");
    let deployment = topic.deployment.clone();
    let life = Duration::from_secs(60);
    let taken = trial.store.acquire(&trial.id, &deployment, Timestamp::now(), life).await.expect("an answer");
    let Acquired::Taken(lease) = taken else { panic!("{taken:?}") };
    let topic = model::RecordedResource { presence: Presence::Leaving, reap: Some(until), ..topic };
    let commit = Commit {
        environment: &trial.id,
        deployment: &deployment,
        epoch: lease.epoch,
        sequence: lease.sequence + 1,
        expires: Timestamp::now() + life,
        starts: None,
        entries: &[],
        items: &[(key.clone(), Some(topic))],
    };
    trial.store.commit(&commit).await.expect("the commit is taken");
    trial.store.release(&trial.id, lease.epoch, None).await.expect("the lease is given back");
    (key, until)
}

fn reaps(deployments: &[Deployment]) -> Vec<&Deployment> {
    deployments.iter().filter(|one| one.request == Request::Reap).collect()
}

#[tokio::test]
async fn deletions_that_were_put_off_are_told_and_tried_again_when_they_are_due() {
    let trial = Trial::start().await;
    assert_deployed(&trial.deploy(&bot()).await);
    let (key, until) = put_off(&trial).await;
    let deployment = trial.deploy(&without_the_topic()).await;
    assert!(outcome(&deployment).is_success(), "{:?}", deployment.status);
    assert_eq!(deployment.deferred, std::slice::from_ref(&key), "it is told");
    assert!(trial.record().await.resources.contains_key(&key), "and left alone");
    assert_eq!(trial.store.turn(&trial.id).await.expect("an answer").reap, Some(until));
    assert_eq!(trial.sweep().await, json!([]), "it is not due");

    let left = until.duration_since(Timestamp::now()).as_millis() + 100;
    tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or_default())).await;
    let (one, two) = tokio::join!(trial.sweep(), trial.sweep());
    let deployments = trial.ended_count(3).await;
    let [reap] = reaps(&deployments)[..] else { panic!("two sweepers make one: {one} {two}") };
    assert_deployed(reap);
    assert_eq!((&reap.config, &reap.deferred), (&None, &Vec::new()));
    assert!(!trial.record().await.resources.contains_key(&key));
    let deletions = trial.account.proxy.calls().into_iter().filter(|call| call.is("sns", "DeleteTopic"));
    assert_eq!(deletions.count(), 1);
    assert_eq!(trial.store.turn(&trial.id).await.expect("an answer").reap, None);
    assert_eq!(trial.sweep().await, json!([]), "nothing is left");
    assert_eq!(outcome(&trial.deploy(&without_the_topic()).await).name(), "Unchanged");
}
