//! An execution that somebody stops in the console passes no Catch.

use std::time::Duration;

use end_to_end::{assert_deployed, outcome};
use local::Rule;
use local::proxy::Point;
use model::{DeploymentStatus, Outcome};

use crate::trial::{Trial, desk, undisturbed};
use end_to_end::sight::{shape, the_record_is_true};

#[tokio::test]
async fn an_execution_that_was_stopped_by_hand_is_concluded_and_the_next_upload_goes_on() {
    let expected = undisturbed().await;
    let trial = Trial::start().await;
    let creation = Rule::on("lambda", "CreateFunction").caller("strandline-target");
    let mut held = trial.account.proxy.hold(creation, Point::AfterEffect);
    trial.upload("bundle.zip", desk().bundle()).await;
    held.reached(Duration::from_secs(60)).await.expect("a function is made");
    stop_the_execution(&trial).await;

    let ended = trial.ended_count(1).await;
    let Outcome::Stopped { causes } = outcome(&ended[0]) else { panic!("{:?}", ended[0].status) };
    assert!(causes.iter().any(|cause| cause.message.contains("stopped by hand")), "{causes:#?}");
    // Its last invocation does not know. It goes on, as a Lambda does, or dies; either way the lease keeps others off.
    held.release();
    let deployment = trial.deploy(&desk()).await;
    assert!(matches!(deployment.status, DeploymentStatus::Ended { .. }));
    if outcome(&deployment).name() != "Unchanged" {
        assert_deployed(&deployment);
    }
    assert_eq!(&shape(&trial.look().await), expected);
    the_record_is_true(&trial).await;
}

async fn stop_the_execution(trial: &Trial) {
    let sfn = &trial.account.clients.sfn;
    let running = sfn.list_executions().state_machine_arn(trial.machine().await).send().await.expect("executions");
    let execution = running.executions().first().expect("one runs");
    sfn.stop_execution().execution_arn(execution.execution_arn()).send().await.expect("it is stopped");
}
