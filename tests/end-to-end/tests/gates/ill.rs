//! Agents that are not well: what was changed goes back.

use end_to_end::trial::Trial;
use end_to_end::{assert_deployed, outcome};
use model::Outcome;

use crate::bot::{ask, bot, entered, rolled_back, says, set_alarm, time_out};

#[tokio::test]
async fn code_that_raises_in_its_smoke_invocation_goes_back_to_the_code_before() {
    let trial = Trial::start().await;
    let health = "{ invoke: { payload: { smoke: true } }, within: 3 }";
    assert_deployed(&trial.deploy(&bot(health, &says("one"))).await);
    assert_eq!(ask(&trial).await, "one");

    let raising = bot(health, &format!("assert 'smoke' not in event, 'out of tea'\n    {}", says("two")));
    let deployment = trial.deploy(&raising).await;
    let cause = rolled_back(&deployment);
    for part in ["agent `bot`", "smoke invocation", "out of tea", "within 3 seconds"] {
        assert!(cause.message.contains(part), "`{part}` in: {}", cause.message);
    }
    assert!(cause.help.contains("log group"), "{}", cause.help);
    assert_eq!(ask(&trial).await, "one", "the code before is back");

    trial.stop_on_failure().await;
    let stopped = trial.deploy(&raising).await;
    let Outcome::Stopped { causes } = outcome(&stopped) else { panic!("{:#?}", stopped.status) };
    assert!(causes[0].message.contains("out of tea"), "{causes:#?}");
    assert_eq!(ask(&trial).await, "two", "where the environment's record says so, it stays");
}

#[tokio::test]
async fn an_alarm_that_is_on_goes_back() {
    let trial = Trial::start().await;
    let health = "{ alarms: true, within: 3 }";
    assert_deployed(&trial.deploy(&bot(health, &says("one"))).await);
    set_alarm(&trial, "ALARM").await;
    let deployment = trial.deploy(&bot(health, &says("two"))).await;
    let cause = rolled_back(&deployment);
    for part in ["agent `bot`", "is in ALARM", "three errors in five minutes", "quiet for 3 seconds"] {
        assert!(cause.message.contains(part), "`{part}` in: {}", cause.message);
    }
    assert_eq!(ask(&trial).await, "one");

    set_alarm(&trial, "OK").await;
    assert_deployed(&trial.deploy(&bot(health, &says("two"))).await);
    assert_eq!(ask(&trial).await, "two", "once it is quiet, the same code stays");
}

#[tokio::test]
async fn an_address_that_answers_with_an_error_goes_back() {
    let trial = Trial::start().await;
    let health = "{ http: { path: /bot }, within: 3 }";
    assert_deployed(&trial.deploy(&bot(health, &says("one"))).await);
    let deployment = trial.deploy(&bot(health, "return {'statusCode': 500, 'body': 'two'}")).await;
    let cause = rolled_back(&deployment);
    assert!(cause.message.contains("/bot` answered with status 500, not 200"), "{}", cause.message);
    assert_eq!(ask(&trial).await, "one");
}

#[tokio::test]
async fn an_execution_that_dies_while_gates_are_looked_at_does_not_let_them_pass() {
    let trial = Trial::start().await;
    let health = "{ invoke: { payload: { smoke: true } }, within: 20 }";
    assert_deployed(&trial.deploy(&bot(health, &says("one"))).await);
    let raising = bot(health, &format!("assert 'smoke' not in event, 'out of tea'\n    {}", says("two")));
    trial.upload("bundle.zip", raising.bundle()).await;
    let waits = async || (entered(&trial, "WaitForGates").await > 0).then_some(());
    trial.until("the state machine to wait for the agent", waits).await;
    time_out(&trial).await;
    let ended = trial.ended_count(2).await;
    let deployment = ended.iter().max_by_key(|one| one.accepted).expect("two");
    assert!(deployment.execution.as_ref().is_some_and(|name| name.ends_with("-2")), "another went on: {deployment:#?}");
    assert!(rolled_back(deployment).message.contains("out of tea"), "{deployment:#?}");
    assert_eq!(ask(&trial).await, "one");
}
