//! What fails and goes back by itself: everything is what it was, and who reads the outcome knows why.

use std::time::Duration;

use end_to_end::bot::{bot, bot_with, with_orders};
use end_to_end::sight::the_record_is_true;
use end_to_end::{assert_deployed, outcome};
use local::proxy::RuleId;
use local::{Effect, Rule};
use model::{Cause, Deployment, Outcome, Plan, Recorded, Revision};

use crate::trial::Trial;

/// More memory, and a table that AWS refuses.
async fn refuse_the_table(trial: &Trial) -> RuleId {
    let creation = Rule::on("dynamodb", "CreateTable").caller("strandline-target").always();
    trial.account.proxy.inject(creation, Effect::fail(400, "ValidationException"))
}

fn changes(causes: &[Cause]) -> Vec<String> {
    causes.iter().filter_map(|cause| cause.change.as_ref()).map(ToString::to_string).collect()
}

fn undone(deployment: &Deployment, to: u64) -> &[Cause] {
    match outcome(deployment) {
        Outcome::RolledBack { to: revision, causes } if *revision == Revision(to) => causes,
        other => panic!("{other:#?}"),
    }
}

#[tokio::test]
async fn what_fails_is_undone_and_says_what_failed() {
    let trial = Trial::with(&[bot()]).await;
    let before = trial.things().await;
    let refusal = refuse_the_table(&trial).await;
    let failed = trial.deploy(&with_orders(bot_with(300))).await;
    assert_eq!(changes(undone(&failed, 1)), ["shared/OrdersTable@1"]);
    assert_eq!(trial.memory().await, Some(256), "it was changed, and changed back");
    assert_eq!(trial.things().await, before);
    assert!(!trial.record().await.resources.keys().any(|key| key.address.logical_id == "OrdersTable"));

    let undo = failed.undo.as_ref().expect("its head says how it was undone");
    let read = async |reference: &model::ObjectRef| trial.store.get(reference).await.expect("it is kept");
    let of_plan = async |reference| serde_json::from_slice::<Plan>(&read(reference).await).expect("a plan");
    let (first, inverse) = (of_plan(&undo.failed).await, of_plan(failed.plan.as_ref().expect("one")).await);
    assert_eq!(first.since, 0);
    assert!(inverse.since > 0, "what failed first is not what the way back failed at");
    let left: Recorded = serde_json::from_slice(&read(&undo.state).await).expect("a record");
    let function = left.resources.values().find(|one| one.kind.as_str() == "AWS::Lambda::Function").expect("one");
    assert_eq!(function.asked.get("MemorySize"), Some(&serde_json::json!(300)), "as the failure left it, for study");

    trial.account.proxy.withdraw(refusal);
    assert_deployed(&trial.deploy(&with_orders(bot_with(300))).await);
    assert_eq!((trial.memory().await, trial.all("tables").await.len()), (Some(300), 1));
}

#[tokio::test]
async fn a_first_deployment_that_fails_leaves_nothing_behind() {
    let trial = Trial::start().await;
    let refusal = Rule::on("lambda", "CreateFunction").caller("strandline-target").always();
    let refusal = trial.account.proxy.inject(refusal, Effect::fail(400, "InvalidParameterValueException"));
    let failed = trial.deploy(&with_orders(bot())).await;
    assert_eq!(changes(undone(&failed, 0)), ["bot/Function@1"]);
    assert_eq!(trial.things().await, Vec::<String>::new());
    assert_eq!(trial.record().await.resources.len(), 0);
    assert!(failed.outputs.is_empty(), "{:?}", failed.outputs);

    trial.account.proxy.withdraw(refusal);
    assert_deployed(&trial.deploy(&with_orders(bot())).await);
}

#[tokio::test]
async fn a_way_back_of_many_waves_goes_on_in_successor_executions() {
    let trial = Trial::in_small_steps().await;
    let refusal = Rule::on("lambda", "CreateFunction").caller("strandline-target").always();
    trial.account.proxy.inject(refusal, Effect::fail(400, "InvalidParameterValueException"));
    // The first rule that is meant befalls a call: every other one is slow.
    let slow = Rule::on("*", "*").caller("strandline-target").always();
    trial.account.proxy.inject(slow, Effect::Delay(Duration::from_millis(400)));
    let failed = trial.deploy(&with_orders(bot())).await;
    let refused = trial.account.proxy.calls().into_iter().filter(|call| call.fault == Some("failed"));
    assert!(refused.count() > 0, "no other rule befalls that call");
    assert_eq!(changes(undone(&failed, 0)), ["bot/Function@1"]);
    let undo = failed.undo.as_ref().expect("its head says how it was undone");
    assert_ne!(Some(&undo.failed), failed.plan.as_ref());
    let execution = failed.execution.as_deref().expect("one had it");
    assert_ne!(execution, format!("{}-1", failed.id), "one execution goes through one wave only");
    assert_eq!(trial.things().await, Vec::<String>::new());
    assert_eq!(trial.record().await.resources.len(), 0);
}

#[tokio::test]
async fn where_what_fails_shall_stop_it_stays_where_it_is() {
    let trial = Trial::with(&[bot()]).await;
    trial.stop_on_failure().await;
    refuse_the_table(&trial).await;
    let failed = trial.deploy(&with_orders(bot_with(300))).await;
    let Outcome::Stopped { causes } = outcome(&failed) else { panic!("{:#?}", failed.status) };
    assert_eq!(changes(causes), ["shared/OrdersTable@1"]);
    assert_eq!((trial.memory().await, &failed.undo), (Some(300), &None));
}

#[tokio::test]
async fn what_cannot_be_undone_is_stuck_and_the_command_that_it_names_goes_on() {
    let trial = Trial::with(&[bot()]).await;
    let table = refuse_the_table(&trial).await;
    let update = Rule::on("lambda", "UpdateFunctionConfiguration").caller("strandline-target").nth(2).always();
    let update = trial.account.proxy.inject(update, Effect::fail(400, "InvalidParameterValueException"));
    let failed = trial.deploy(&with_orders(bot_with(300))).await;
    let Outcome::Stuck { causes, because, next } = outcome(&failed) else { panic!("{:#?}", failed.status) };
    assert_eq!(changes(causes), ["bot/Function@1"]);
    assert_eq!(changes(because), ["shared/OrdersTable@1"]);
    assert_eq!(trial.memory().await, Some(300), "the record is true: so is this");

    trial.account.proxy.withdraw(table);
    trial.account.proxy.withdraw(update);
    let before = trial.ids().await;
    let arguments: Vec<&str> = next.strip_prefix("cargo xtask admin ").expect("a command").split(' ').collect();
    trial.admin(&arguments).await.expect("it is in the queue");
    assert!(undone(&trial.next(&before).await, 1).is_empty(), "that was asked for");
    assert_eq!(trial.memory().await, Some(256));
}

#[tokio::test]
async fn what_was_asked_for_and_fails_for_ever_is_stuck_until_the_command_that_it_names_can_go_on() {
    let trial = Trial::with(&[bot(), with_orders(bot_with(300))]).await;
    let deletion = Rule::on("dynamodb", "DeleteTable").caller("strandline-target").always();
    let deletion = trial.account.proxy.inject(deletion, Effect::fail(403, "AccessDeniedException"));
    let before = trial.ids().await;
    trial.upload("rollback.json", br#"{"to": "previous", "consent": ["shared/OrdersTable"]}"#.to_vec()).await;
    let mut failed = trial.next(&before).await;
    // Once by the file, and once by the command while nothing has changed.
    for again in [true, false] {
        let Outcome::Stuck { causes, because, next } = outcome(&failed) else { panic!("{:#?}", failed.status) };
        let [cause] = &causes[..] else { panic!("{causes:#?}") };
        assert_eq!(changes(causes), ["shared/OrdersTable@1"]);
        for part in ["shared/OrdersTable", "AWS::DynamoDB::Table", "DeleteTable", "AccessDeniedException"] {
            assert!(cause.message.contains(part), "`{part}` in: {}", cause.message);
        }
        assert!(!cause.help.is_empty());
        assert!(because.is_empty(), "nothing failed before: {because:#?}");
        assert_eq!(next, "cargo xtask admin rollback support-desk/dev --to 1 --consent shared/OrdersTable");
        assert_eq!(
            (trial.memory().await, trial.all("tables").await.len()),
            (Some(256), 1),
            "all but what is in the way"
        );
        the_record_is_true(&trial).await;
        if !again {
            trial.account.proxy.withdraw(deletion);
        }
        let before = trial.ids().await;
        let arguments: Vec<&str> = next.strip_prefix("cargo xtask admin ").expect("a command").split(' ').collect();
        trial.admin(&arguments).await.expect("it is in the queue");
        failed = trial.next(&before).await;
    }
    assert!(undone(&failed, 1).is_empty(), "that was asked for");
    assert_eq!((trial.memory().await, trial.all("tables").await.len()), (Some(256), 0));
    the_record_is_true(&trial).await;
    assert_deployed(&trial.deploy(&with_orders(bot_with(300))).await);
}
