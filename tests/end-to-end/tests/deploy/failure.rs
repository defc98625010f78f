//! A deployment that fails, and the next one, which carries on.

use std::collections::BTreeSet;

use end_to_end::sight::{Sight, shape, the_record_is_true};
use end_to_end::{assert_deployed, outcome};
use local::{Effect, Rule};
use model::{Deployment, Outcome};

use crate::trial::{Trial, desk, undisturbed};

#[tokio::test]
async fn a_failed_deployment_stops_truthfully_and_the_next_one_carries_on_from_there() {
    let expected = undisturbed().await;
    let trial = Trial::start().await;
    trial.stop_on_failure().await;
    let refusal = Rule::on("dynamodb", "CreateTable").caller("strandline-target").always();
    let refusal = trial.account.proxy.inject(refusal, Effect::fail(400, "ValidationException"));
    let deployment = trial.deploy(&desk()).await;
    it_says_what_failed_and_what_was_not_tried(&deployment);
    assert!(deployment.outputs.is_empty(), "nothing is promised that does not exist");
    the_record_is_true(&trial).await;
    let left = trial.look().await;
    assert!(left.all("tables").is_empty() && left.named("functions", "order-agent").is_empty());
    assert_eq!(left.named("functions", "research-agent").len(), 1, "what does not need the table was made");

    trial.account.proxy.withdraw(refusal);
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&desk()).await);
    let sight = trial.look().await;
    assert_eq!(&shape(&sight), expected, "the same end as if nothing had happened");
    assert!(left.things().is_subset(&sight.things()), "what was made is kept");
    let remade: Vec<String> = trial.changes(mark).into_iter().filter(|change| made(&left, change)).collect();
    assert_eq!(remade, Vec::<String>::new());
    the_record_is_true(&trial).await;
}

/// Whether a change makes something that there was already.
fn made(left: &Sight, change: &str) -> bool {
    let (action, name) = change.split_once(' ').unwrap_or((change, ""));
    action.contains(":Create")
        && !name.is_empty()
        && left.things().iter().any(|thing| thing.ends_with(&format!(" {name}")))
}

fn it_says_what_failed_and_what_was_not_tried(deployment: &Deployment) {
    let Outcome::Stopped { causes } = outcome(deployment) else { panic!("{:?}", deployment.status) };
    assert_eq!(causes.len(), 1, "only the root: {causes:#?}");
    let cause = causes.first().expect("one");
    assert_eq!(cause.change.as_ref().map(ToString::to_string).as_deref(), Some("shared/OrdersTable@1"));
    for part in ["shared/OrdersTable", "AWS::DynamoDB::Table", "dynamodb", "CreateTable", "ValidationException"] {
        assert!(cause.message.contains(part), "`{part}` in: {}", cause.message);
    }
    assert!(cause.help.contains("correct the resource's settings"), "{}", cause.help);
    let blocked: BTreeSet<String> = cause.blocked.iter().map(ToString::to_string).collect();
    for key in ["order-agent/Function@1", "order-agent/Integration@1", "customer-support-agent/Function@1"] {
        assert!(blocked.contains(key), "{blocked:?}");
    }
    assert!(!blocked.iter().any(|key| key.starts_with("research-agent/")), "{blocked:?}");
}
