//! Deployments that somebody cancels.

use end_to_end::bot::{bot, bot_with, memory};
use end_to_end::trial::Trial;
use end_to_end::{assert_deployed, outcome};
use engine::ports::Cancel;
use jiff::Timestamp;
use model::{DeploymentId, Outcome};
use store::Cancelled;

use crate::trial::{asked, enqueue_held, executions};

async fn cancel(trial: &Trial, id: &DeploymentId) -> Cancelled {
    let cancel = Cancel { by: Some("kim".to_owned()) };
    trial.store.cancel_deployment(&trial.id, id, &cancel, Timestamp::now()).await.expect("an answer")
}

fn by_kim() -> Outcome {
    Outcome::Cancelled { by: Some("kim".to_owned()) }
}

#[tokio::test]
async fn what_waits_and_is_cancelled_never_starts() {
    let trial = Trial::start().await;
    let (running, held) = enqueue_held(&trial, &bot()).await;
    let waiting = trial.enqueue(&bot_with(300)).await;
    assert_eq!(cancel(&trial, &waiting.id).await, Cancelled::Ended);
    let ended = trial.end_of(&waiting.id).await;
    assert_eq!((outcome(&ended), ended.started), (&by_kim(), None));
    held.release();
    assert_deployed(&trial.end_of(&running.id).await);
    trial.told(&ended).await;
    assert_eq!(executions(&trial, &waiting.id).await, Vec::<String>::new());
    assert_eq!(memory(&trial).await, Some(256));
    assert_eq!(cancel(&trial, &running.id).await, Cancelled::Neither, "it has ended");
}

#[tokio::test]
async fn what_runs_and_is_cancelled_finishes_what_has_begun_and_begins_nothing_else() {
    // Calls and leases that last: the one that is held must not be given up.
    let trial = Trial::with(&[]).await;
    let (running, held) = enqueue_held(&trial, &bot()).await;
    assert_eq!(cancel(&trial, &running.id).await, Cancelled::Marked);
    asked(&trial).await;
    held.release();
    let ended = trial.end_of(&running.id).await;
    assert_eq!(*outcome(&ended), by_kim());
    trial.told(&ended).await;
    let recorded = trial.record().await;
    let kinds: Vec<&str> = recorded.resources.values().map(|one| one.kind.as_str()).collect();
    assert!(kinds.contains(&"AWS::IAM::Role"), "its creation had begun: {kinds:?}");
    assert!(!kinds.contains(&"AWS::Lambda::Function"), "it needs the role, and was not begun: {kinds:?}");
    assert_eq!(recorded.open_intents().count(), 0);

    assert_deployed(&trial.deploy(&bot()).await);
    assert_eq!(memory(&trial).await, Some(256));
}
