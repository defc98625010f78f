//! Approval that is given, in time or for a plan that is past.

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with, memory};
use end_to_end::{assert_deployed, outcome};
use model::Digest;
use serde_json::Value;

use crate::trial::{Trial, digest};

#[tokio::test]
async fn nothing_is_touched_before_somebody_approves_and_then_exactly_that_plan_is_carried_out() {
    let trial = Trial::start().await;
    let mark = trial.account.proxy.mark();
    let waits = trial.ask(&bot()).await;
    let id = waits.id.as_str();
    let asked = digest(&waits).to_string();
    let reference = waits.approval.clone().unwrap().plan;
    let written = trial.file(&reference.key).await.expect("the plan is written down");
    assert_eq!(Digest::of(&written).to_string(), asked);
    assert!(trial.turn_is_free().await);
    let token = trial.token(&waits.id).await;

    // Looking decides nothing.
    let shown = trial.admin(&["approve", DESK]).await.unwrap();
    assert!(shown.contains("+ Function") && shown.contains("Nothing was decided."), "{shown}");
    assert!(shown.contains(&format!("cargo xtask admin approve {DESK} {id} --plan {asked}")), "{shown}");
    assert!(shown.contains(&format!("cargo xtask admin deny {DESK} {id} --plan {asked}")), "{shown}");
    assert!(!shown.contains(&token), "whoever has the token can end the waiting");
    let line = trial.admin(&["queue", DESK]).await.unwrap();
    assert!(line.starts_with(&format!("asks   {id}  deploy")) && line.ends_with("for approval"), "{line}");
    let error = trial.admin(&["approve", DESK, "--plan", &"0".repeat(64)]).await.expect_err("another plan");
    assert!(error.contains(&format!("the plan that waits for approval is {asked}")), "{error}");
    let error = trial.admin(&["approve", DESK, "--plan", "0"]).await.expect_err("no digest");
    assert!(error.contains("64 hexadecimal digits"), "{error}");
    // Nor does a wave that somebody starts all the same.
    let refused = trial.wave(&waits).await;
    assert!(refused.contains("Corrupt") && refused.contains("must be approved"), "{refused}");
    assert_eq!(trial.head(&waits.id).await, waits);
    trial.assert_untouched(mark);
    assert!(trial.account.proxy.since(mark).iter().all(|call| !call.is("sts", "AssumeRole")));

    let approved = trial.admin(&["approve", DESK, "--plan", &asked, "--why", "as agreed"]).await.unwrap();
    assert!(approved.starts_with(&format!("{id}: it was approved, by arn:aws:")), "{approved}");
    assert!(approved.ends_with(": as agreed"), "{approved}");
    let ended = trial.end_of(&waits.id).await;
    assert_deployed(&ended);
    assert_eq!(ended.plan, Some(reference.clone()), "the plan that was carried out");
    assert_eq!(trial.file(&reference.key).await.as_ref(), Some(&written));
    let decision = ended.approval.clone().unwrap().decision.expect("who approved stays in the head");
    assert!(decision.approved && decision.why.as_deref() == Some("as agreed"), "{decision:?}");
    assert!(!trial.changes_since(mark).is_empty());
    assert_eq!(memory(&trial).await, Some(256));
    trial.all_succeeded(&waits.id, 2).await;
    trial.told(&ended).await;
    assert!(!trial.history(&ended, "metadata.json").await.contains(&token));
    assert_eq!(trial.store.waiting_executions(&trial.id).await.unwrap(), []);

    // Once more is told, and changes nothing.
    let again = trial.approve(&waits).await;
    assert!(again.starts_with(&format!("{id}: it was approved already, by arn:aws:")), "{again}");
    let error = trial.admin(&["deny", DESK, id, "--plan", &asked]).await.expect_err("it was approved");
    assert!(error.contains("it is too late") && error.contains("it was approved already"), "{error}");
    assert_eq!(trial.head(&waits.id).await, ended);
    let error = trial.admin(&["approve", DESK]).await.expect_err("nothing waits");
    assert!(error.contains("nothing in `support-desk/dev` waits for approval"), "{error}");
}

#[tokio::test]
async fn what_was_approved_and_is_stale_is_planned_and_asked_about_anew() {
    let trial = Trial::free().await;
    for project in [bot(), bot_with(300)] {
        assert_deployed(&trial.deploy(&project).await);
    }
    trial.rule(3_600, &[]).await;
    let waits = trial.ask(&bot_with(400)).await;

    // Waiting holds neither lease nor turn: a way back, which loses nothing and asks nobody, goes its way meanwhile.
    trial.admin(&["rollback", DESK, "--to", "previous"]).await.expect("it is in the queue");
    let all = trial.ended_count(3).await;
    let back = all.iter().find(|one| one.id != waits.id && one.config.is_none()).expect("the way back");
    assert_eq!(outcome(back).name(), "RolledBack", "{:?}", back.status);
    assert_eq!(memory(&trial).await, Some(256));
    trial.all_succeeded(&back.id, 1).await;

    let mark = trial.account.proxy.mark();
    trial.approve(&waits).await;
    let again = trial.waits(&waits.id, 2).await;
    assert_ne!(digest(&again), digest(&waits), "it is made from another record");
    assert_eq!(again.approval.as_ref().unwrap().decision, None, "the old approval counts no more");
    trial.assert_untouched(mark);
    let error = trial.admin(&["approve", DESK, "--plan", &digest(&waits).to_string()]).await.expect_err("it is past");
    assert!(error.contains(&digest(&again).to_string()), "{error}");

    trial.approve(&again).await;
    let ended = trial.end_of(&waits.id).await;
    assert_deployed(&ended);
    assert_eq!(ended.plan.as_ref().map(|plan| &plan.digest), Some(digest(&again)));
    assert_eq!(memory(&trial).await, Some(400));
    trial.all_succeeded(&waits.id, 3).await;
}

#[tokio::test]
async fn only_who_is_listed_may_decide() {
    let trial = Trial::start().await;
    let nobody = "arn:aws:iam::123456789012:user/nobody";
    trial.rule(3_600, &[nobody]).await;
    let waits = trial.ask(&bot()).await;
    let plan = digest(&waits).to_string();
    for verb in ["approve", "deny"] {
        let error = trial.admin(&[verb, DESK, "--plan", &plan]).await.expect_err("it is not among them");
        assert!(error.contains("is not among those who may decide in `support-desk/dev`"), "{error}");
        assert!(error.contains(nobody), "{error}");
    }
    assert_eq!(trial.head(&waits.id).await, waits);
    let identity = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'], end='')";
    let caller = trial.python(identity, &[]).await;
    trial.rule(3_600, &[nobody, &caller]).await;
    let shown = trial.admin(&["approve", DESK, "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["digest"].as_str(), Some(plan.as_str()));
    let approved = trial.admin(&["approve", DESK, "--plan", &plan, "--json"]).await.unwrap();
    let approved: Value = serde_json::from_str(&approved).unwrap();
    assert_eq!(approved["decision"]["by"].as_str(), Some(caller.as_str()));
    assert_deployed(&trial.end_of(&waits.id).await);
}
