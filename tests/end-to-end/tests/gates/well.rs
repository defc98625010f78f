//! Agents that are well, at once or in time.

use end_to_end::trial::Trial;
use end_to_end::{assert_deployed, outcome};
use engine::ports::Cancel;
use jiff::Timestamp;
use local::{Effect, Rule};
use model::Outcome;
use store::Cancelled;

use crate::bot::{ask, bot, entered, gets, looks, says};

#[tokio::test]
async fn an_agent_that_is_well_passes_and_is_asked_once() {
    let trial = Trial::start().await;
    let health = "{ invoke: { payload: { smoke: true } }, http: { path: /bot }, alarms: true, within: 5 }";
    let project = bot(health, &says("one"));
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&project).await);
    assert_eq!(ask(&trial).await, "one");
    assert!(entered(&trial, "WaitForGates").await > 0, "the alarm was watched for its time");
    assert_eq!(looks(&trial, mark, "lambda", "Invoke").len(), 1, "a smoke invocation that succeeded is not repeated");
    assert_eq!(gets(&trial, mark), 1, "nor is an address that answered");

    let mark = trial.account.proxy.mark();
    let again = trial.deploy(&project).await;
    assert_eq!(*outcome(&again), Outcome::Unchanged);
    assert_eq!(looks(&trial, mark, "lambda", "Invoke").len(), 0, "nothing changed, and nothing is looked at");
}

#[tokio::test]
async fn an_agent_that_becomes_well_within_its_time_passes() {
    let trial = Trial::start().await;
    let starting = Rule::on("execute-api", "*").times(2);
    trial.account.proxy.inject(starting, Effect::fail(503, "ServiceUnavailable"));
    let mark = trial.account.proxy.mark();
    let health = "{ invoke: {}, http: { path: /bot }, within: 60 }";
    assert_deployed(&trial.deploy(&bot(health, &says("one"))).await);
    assert_eq!(gets(&trial, mark), 3, "asked until it is well");
    assert_eq!(looks(&trial, mark, "lambda", "Invoke").len(), 1, "what holds already is not asked again");
    assert_eq!(entered(&trial, "WaitForGates").await, 2, "the state machine waits between looks");
    assert_eq!(ask(&trial).await, "one");
}

#[tokio::test]
async fn a_deployment_that_is_cancelled_while_it_is_watched_ends_without_going_back() {
    let trial = Trial::start().await;
    let watched = bot("{ alarms: true, within: 900 }", &says("one"));
    trial.upload("bundle.zip", watched.bundle()).await;
    let waits = async || (entered(&trial, "WaitForGates").await > 0).then_some(());
    trial.until("the state machine to wait for the alarm", waits).await;
    let id = trial.deployments().await.remove(0).id;
    let cancel = Cancel { by: Some("kim".to_owned()) };
    let cancelled = trial.store.cancel_deployment(&trial.id, &id, &cancel, Timestamp::now()).await;
    assert_eq!(cancelled.unwrap(), Cancelled::Marked);
    let ended = trial.ended_count(1).await;
    assert_eq!(*outcome(&ended[0]), Outcome::Cancelled { by: Some("kim".to_owned()) });
    assert_eq!(ask(&trial).await, "one", "what was made stays");
}
