//! Deployments that go on in another execution.

use std::time::Duration;

use end_to_end::assert_deployed;
use end_to_end::bot::{bot, memory};
use end_to_end::trial::Trial;
use local::{Effect, Rule};

use crate::trial::executions;

#[tokio::test]
async fn a_deployment_of_many_waves_goes_on_in_successor_executions() {
    let parameters = [("WavesPerExecution", "1"), ("SliceSeconds", "1"), ("LeaseSeconds", "6"), ("CallSeconds", "3")];
    let trial = Trial::with(&parameters).await;
    let slow = Rule::on("*", "*").caller("strandline-target").always();
    trial.account.proxy.inject(slow, Effect::Delay(Duration::from_millis(400)));
    let deployment = trial.deploy(&bot()).await;
    assert_deployed(&deployment);

    let executions = executions(&trial, &deployment.id).await;
    assert!(executions.len() >= 2, "{executions:?}");
    let names: Vec<String> = (1..=executions.len()).map(|number| format!("{}-{number}", deployment.id)).collect();
    assert_eq!(executions, names, "one after the other, and none of another name");
    assert_eq!(deployment.execution.as_ref(), names.last(), "the last one had it");
    let recorded = trial.record().await;
    assert_eq!(recorded.open_intents().count(), 0);
    assert_eq!(memory(&trial).await, Some(256));
    let creations = trial.account.proxy.calls().into_iter().filter(|call| call.is("lambda", "CreateFunction"));
    assert_eq!(creations.filter(|call| call.status == Some(201)).count(), 1);
}
