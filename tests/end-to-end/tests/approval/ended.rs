//! Approval that is not given: denied, too late, or there was nothing left to approve.

use std::time::Duration;

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with, memory};
use end_to_end::{assert_deployed, outcome};
use local::Effect;
use local::proxy::{Mark, Rule};
use model::{Deployment, Outcome};
use serde_json::json;

use crate::trial::{Trial, digest};

/// It has ended like this, its history says so, nothing was touched, and nothing waits any more.
async fn ended_as(trial: &Trial, waits: &Deployment, expected: impl Fn(&Outcome) -> bool) -> Deployment {
    let ended = trial.end_of(&waits.id).await;
    assert!(expected(outcome(&ended)), "{:?}", ended.status);
    trial.told(&ended).await;
    assert!(trial.turn_is_free().await);
    assert_eq!(trial.record().await.resources.len(), 0);
    trial
        .until("the token to be gone", async || {
            trial.store.waiting_executions(&trial.id).await.unwrap().is_empty().then_some(())
        })
        .await;
    ended
}

#[tokio::test]
async fn what_is_denied_touches_nothing_and_the_next_one_is_asked_about_anew() {
    let trial = Trial::start().await;
    let mark = trial.account.proxy.mark();
    let waits = trial.ask(&bot()).await;
    let plan = digest(&waits).to_string();
    let shown = trial.admin(&["deny", DESK]).await.unwrap();
    assert!(shown.contains("Nothing was decided."), "{shown}");
    let denied = trial.admin(&["deny", DESK, "--plan", &plan, "--why", "not on a Friday"]).await.unwrap();
    assert!(denied.contains("it was denied, by arn:aws:") && denied.ends_with(": not on a Friday"), "{denied}");
    let is_denied = |outcome: &Outcome| matches!(outcome, Outcome::Denied { by, why } if by.starts_with("arn:aws:") && why.as_deref() == Some("not on a Friday"));
    ended_as(&trial, &waits, is_denied).await;
    trial.all_succeeded(&waits.id, 1).await;
    let error = trial.admin(&["approve", DESK, waits.id.as_str(), "--plan", &plan]).await.expect_err("it was denied");
    assert!(error.contains("it is too late") && error.contains("it was denied already"), "{error}");
    trial.assert_untouched(mark);

    let next = trial.ask(&bot()).await;
    trial.approve(&next).await;
    assert_deployed(&trial.end_of(&next.id).await);
}

#[tokio::test]
async fn what_nobody_decides_in_time_expires() {
    let trial = Trial::start().await;
    trial.rule(1, &[]).await;
    let mark = trial.account.proxy.mark();
    let waits = trial.ask(&bot()).await;
    let expires = waits.approval.as_ref().unwrap().expires;
    trial.until("the time to be over", async || (jiff::Timestamp::now() >= expires).then_some(())).await;
    let error = trial.admin(&["approve", DESK, "--plan", &digest(&waits).to_string()]).await.expect_err("too late");
    assert!(error.contains("there was time until"), "{error}");
    assert_eq!(trial.head(&waits.id).await, waits);
    // The emulator knows no time-outs that come from the input: the test ends the waiting as Step Functions does.
    let timeout = trial.account.clients.sfn.send_task_failure().task_token(trial.token(&waits.id).await);
    timeout.error("States.Timeout").send().await.expect("it waited");
    ended_as(&trial, &waits, |outcome| *outcome == Outcome::Expired).await;
    trial.all_succeeded(&waits.id, 1).await;
    trial.assert_untouched(mark);
}

#[tokio::test]
async fn what_is_cancelled_while_it_waits_has_ended_its_execution_is_released_and_what_waits_behind_it_goes_on() {
    let trial = Trial::start().await;
    trial.without_sweeper().await;
    let waits = trial.ask(&bot()).await;
    let mark = trial.account.proxy.mark();
    let behind = trial.enqueue_only("bot", &bot_with(300)).await;
    intake_is_done(&trial, mark).await;
    trial.admin(&["cancel", DESK, waits.id.as_str(), "--by", "kim"]).await.expect("it is cancelled");
    let behind = trial.waits(&behind.id, 1).await;
    trial.admin(&["cancel", DESK, behind.id.as_str(), "--by", "kim"]).await.expect("it is cancelled");
    let by = Some("kim".to_owned());
    assert_eq!(*outcome(&trial.end_of(&waits.id).await), Outcome::Cancelled { by: by.clone() });
    let error = trial
        .admin(&["approve", DESK, waits.id.as_str(), "--plan", &digest(&waits).to_string()])
        .await
        .expect_err("it has ended");
    assert!(error.contains("it waits for no approval") && error.contains("has ended as Cancelled"), "{error}");
    for one in [&waits, &behind] {
        ended_as(&trial, one, |outcome| *outcome == Outcome::Cancelled { by: by.clone() }).await;
        trial.all_succeeded(&one.id, 1).await;
    }
}

/// Waits until intake has looked for what is next, after it took in what was uploaded since.
async fn intake_is_done(trial: &Trial, mark: Mark) {
    trial
        .until("intake to look into the queue", async || {
            let calls = trial.account.proxy.since(mark).into_iter().filter(|call| call.caller.is_named("intake"));
            let mut after = calls.skip_while(|call| !call.is("dynamodb", "TransactWriteItems"));
            after.any(|call| call.is("dynamodb", "Query") && call.ended.is_some()).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_newer_upload_supersedes_what_waits_for_approval() {
    let trial = Trial::start().await;
    trial.without_sweeper().await;
    let first = trial.ask(&bot()).await;
    // The newer one comes to no end meanwhile: nobody has to wait for that.
    let planning = Rule::on("s3", "PutObject").caller("strandline-plan").always();
    let planning = trial.account.proxy.inject(planning, Effect::fail(503, "SlowDown"));
    let second = trial.enqueue(&bot_with(300)).await;
    ended_as_superseded(&trial, &first, &second.id).await;
    assert!(trial.head(&second.id).await.approval.is_none(), "it is not planned yet");
    trial.account.proxy.withdraw(planning);
    let second = trial.waits(&second.id, 1).await;
    trial.approve(&second).await;
    assert_deployed(&trial.end_of(&second.id).await);
    assert_eq!(memory(&trial).await, Some(300));
    trial.all_succeeded(&second.id, 2).await;
}

async fn ended_as_superseded(trial: &Trial, first: &Deployment, by: &model::DeploymentId) {
    let ended = trial.end_of(&first.id).await;
    assert_eq!(*outcome(&ended), Outcome::Superseded { by: by.clone() });
    trial.told(&ended).await;
    trial.all_succeeded(&first.id, 1).await;
}

#[tokio::test]
async fn an_execution_that_is_stopped_by_hand_while_it_waits_ends_the_deployment() {
    let trial = Trial::start().await;
    let waits = trial.ask(&bot()).await;
    stop(&trial, &waits).await;
    ended_as(&trial, &waits, |outcome| *outcome == Outcome::Cancelled { by: None }).await;

    // Where nobody tells of it, the sweeper finds it.
    let disable = "import boto3; boto3.client('events').disable_rule(Name='strandline-execution-ended')";
    trial.python(disable, &[]).await;
    let waits = trial.ask(&bot_with(300)).await;
    assert_eq!(trial.sweep().await, json!([]), "it waits, and nothing is wrong with that");
    stop(&trial, &waits).await;
    tokio::time::timeout(Duration::from_secs(60), async { while trial.sweep().await == json!([]) {} })
        .await
        .expect("the sweeper finds it");
    ended_as(&trial, &waits, |outcome| *outcome == Outcome::Cancelled { by: None }).await;
}

async fn stop(trial: &Trial, waits: &Deployment) {
    let stop = "import boto3, sys\nsfn = boto3.client('stepfunctions')\n\
                machine = [one['stateMachineArn'] for one in sfn.list_state_machines()['stateMachines'] if one['name'] == 'strandline-deploy'][0]\n\
                sfn.stop_execution(executionArn=machine.replace(':stateMachine:', ':execution:') + ':' + sys.argv[1])";
    trial.python(stop, &[waits.execution.as_deref().expect("an execution")]).await;
}
