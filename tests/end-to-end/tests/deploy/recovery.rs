//! Ways out: what a stop in the middle of a change leaves, the next deployment finishes.

use end_to_end::{Project, assert_deployed, outcome};
use local::{Effect, Rule};
use model::{Cause, Deployment, Outcome};

use crate::trial::{EVERYTHING, Trial, desk, without_research};
use end_to_end::sight::{text, the_record_is_true};

const TABLE: &str = "orders: { key: { PK: S }, sort: { SK: S }, ttl: until }";
const KEYED: &str = "orders: { key: { PK: S }, sort: { SK: S }, ttl: until, on_removal: delete }";
const KEYED_OTHERWISE: &str = "orders: { key: { PK: S }, sort: { Kind: S }, ttl: until, on_removal: delete }";

#[tokio::test]
async fn whatever_stops_a_change_the_next_deployment_finishes_it() {
    let trial = Trial::start().await;
    trial.stop_on_failure().await;
    assert_deployed(&trial.deploy(&desk().with("strands.yaml", TABLE, KEYED)).await);
    let project = a_replacement_that_stopped_half_way(&trial).await;
    let project = a_resource_that_somebody_deleted(&trial, project).await;
    a_deletion_that_was_refused(&trial, project).await;
}

async fn a_replacement_that_stopped_half_way(trial: &Trial) -> Project {
    let old = trial.look().await.name("tables", "Orders");
    let project = desk().with("strands.yaml", TABLE, KEYED_OTHERWISE);
    let refusal = Rule::on("lambda", "UpdateFunctionConfiguration").resource("order-agent").always();
    let refusal = trial.account.proxy.inject(refusal, Effect::fail(400, "InvalidParameterValueException"));
    let deployment = trial.deploy(&project).await;
    assert_eq!(change(only_cause(&deployment)), "order-agent/Function@1");
    let between = trial.look().await;
    assert_eq!(between.named("tables", "Orders").len(), 2, "the old one is not given up before all is well");
    let variable = "/Configuration/Environment/Variables/ORDERS_TABLE";
    assert_eq!(text(between.one("functions", "order-agent"), variable), old);
    assert_ne!(text(between.one("functions", "customer-support-agent"), variable), old);
    the_record_is_true(trial).await;

    trial.account.proxy.withdraw(refusal);
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&project).await);
    let after = trial.look().await;
    let function = after.name("functions", "order-agent");
    let expected = [format!("lambda:UpdateFunctionConfiguration {function}"), format!("dynamodb:DeleteTable {old}")];
    assert_eq!(trial.changes(mark), expected, "only what was left to do");
    assert_eq!(text(after.one("functions", "order-agent"), variable), after.name("tables", "Orders"));
    assert_eq!(after.things().len(), EVERYTHING);
    assert_eq!(after.dangling(), Vec::<String>::new());
    the_record_is_true(trial).await;
    project
}

async fn a_resource_that_somebody_deleted(trial: &Trial, project: Project) -> Project {
    let group = trial.look().await.name("log_groups", "order-agent");
    trial.account.clients.logs.delete_log_group().log_group_name(&group).send().await.expect("it is deleted by hand");
    let project = project.with("strands.yaml", "log_retention_days: 14", "log_retention_days: 30");
    let deployment = trial.deploy(&project).await;
    let cause = only_cause(&deployment);
    assert_eq!(change(cause), "order-agent/LogGroup@1");
    assert!(cause.message.contains(&group) && cause.message.contains("deleted by somebody else"), "{}", cause.message);
    assert!(cause.help.contains("deploy again"), "{}", cause.help);
    the_record_is_true(trial).await;

    assert_deployed(&trial.deploy(&project).await);
    let after = trial.look().await;
    assert_eq!(after.all("log_groups").values().filter(|group| group["retentionInDays"] == 30).count(), 3);
    assert_eq!(after.things().len(), EVERYTHING);
    assert_eq!(after.dangling(), Vec::<String>::new());
    let answer = trial.ask(&after, "support", "When are you open?").await;
    assert_eq!(text(&answer, "/tool"), "opening_hours");
    the_record_is_true(trial).await;
    project
}

async fn a_deletion_that_was_refused(trial: &Trial, project: Project) {
    let project = without_research(project);
    let refusal = Rule::on("lambda", "DeleteFunction").caller("strandline-target").always();
    let refusal = trial.account.proxy.inject(refusal, Effect::fail(400, "InvalidParameterValueException"));
    let deployment = trial.deploy(&project).await;
    assert_eq!(change(only_cause(&deployment)), "research-agent/Function@1");
    the_record_is_true(trial).await;

    trial.account.proxy.withdraw(refusal);
    assert_deployed(&trial.deploy(&project).await);
    let after = trial.look().await;
    let left: Vec<String> = after.things().into_iter().filter(|thing| thing.contains("research-agent")).collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(after.all("roles").len(), 2);
    assert_eq!(after.dangling(), Vec::<String>::new());
    the_record_is_true(trial).await;
    assert_eq!(outcome(&trial.deploy(&project).await).name(), "Unchanged");
}

fn only_cause(deployment: &Deployment) -> &Cause {
    let Outcome::Stopped { causes } = outcome(deployment) else { panic!("{:?}", deployment.status) };
    assert_eq!(causes.len(), 1, "{causes:#?}");
    causes.first().expect("one")
}

fn change(cause: &Cause) -> String {
    cause.change.as_ref().map(ToString::to_string).unwrap_or_default()
}
