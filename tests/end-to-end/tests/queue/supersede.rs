//! Several uploads behind one that runs.

use end_to_end::bot::{bot, bot_with, memory};
use end_to_end::trial::Trial;
use end_to_end::{assert_deployed, outcome};
use model::{DeploymentStatus, Outcome};

use crate::trial::{enqueue_held, executions};

#[tokio::test]
async fn of_three_uploads_that_wait_only_the_newest_is_carried_out() {
    let trial = Trial::start().await;
    let (running, held) = enqueue_held(&trial, &bot()).await;
    let mut waiting = Vec::new();
    for memory in [300, 400, 500] {
        waiting.push(trial.enqueue(&bot_with(memory)).await);
    }
    let [first, second, third] = <[_; 3]>::try_from(waiting).expect("three");
    for deployment in [&first, &second, &third] {
        assert_eq!(trial.head(&deployment.id).await.status, DeploymentStatus::Queued, "nobody overtakes what runs");
    }
    held.release();
    assert_deployed(&trial.end_of(&running.id).await);
    assert_deployed(&trial.end_of(&third.id).await);
    for superseded in [&first, &second] {
        let ended = trial.end_of(&superseded.id).await;
        assert_eq!(*outcome(&ended), Outcome::Superseded { by: third.id.clone() });
        assert_eq!(ended.started, None);
        assert_eq!(executions(&trial, &superseded.id).await, Vec::<String>::new());
        trial.told(&ended).await;
    }
    assert_eq!(memory(&trial).await, Some(500));
}
