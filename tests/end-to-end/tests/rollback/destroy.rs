//! `cargo xtask admin destroy`: everything goes, with consent by name, and what is to be kept stays.

use std::collections::BTreeSet;

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, with_orders};
use end_to_end::{assert_deployed, outcome};
use model::{Deployment, Destroy, Origin, Outcome, Request, Scope, Timestamp};
use serde_json::{Value, json};

use crate::trial::{Trial, with_documents};

#[tokio::test]
async fn everything_goes_once_somebody_consents_by_name() {
    let project = with_documents(with_orders(bot()));
    let trial = Trial::with(std::slice::from_ref(&project)).await;
    let before = trial.ids().await;
    let recorded = trial.record().await.resources.len();

    let said = trial.admin(&["destroy", DESK, "--yes"]).await.expect_err("nobody consented");
    assert!(said.contains("nobody consented to losing what these hold: shared/OrdersTable"), "{said}");
    let command = "\n  cargo xtask admin destroy support-desk/dev --consent shared/OrdersTable";
    assert!(said.contains(command), "{said}");
    let consenting = ["destroy", DESK, "--consent", "shared/OrdersTable"];
    let said = trial.admin_typing(&consenting, "yes\n").await.expect_err("that is not its name");
    assert!(said.contains("goes   shared/OrdersTable  AWS::DynamoDB::Table  support-desk-dev-"), "{said}");
    assert!(said.contains("stays  shared/DocumentsBucket  AWS::S3::Bucket  support-desk-dev-"), "{said}");
    assert!(said.contains("`yes` is not `support-desk/dev`: nothing was done"), "{said}");
    assert_eq!(trial.ids().await, before);

    trial.admin_typing(&consenting, "support-desk/dev\n").await.expect("it is in the queue");
    let deployment = trial.next(&before).await;
    let Outcome::Destroyed { deleted, retained } = outcome(&deployment) else { panic!("{:#?}", deployment.status) };
    let retained: Vec<String> = retained.iter().map(ToString::to_string).collect();
    assert_eq!(retained, ["shared/DocumentsBucket@1", "shared/DocumentsBucketPolicy@1"]);
    assert_eq!(*deleted, recorded - retained.len());
    assert_eq!(trial.record().await.resources.len(), 0, "nothing is recorded any more");
    let left = trial.things().await;
    assert!(left.len() == 1 && left[0].starts_with("buckets support-desk-dev-"), "{left:?}");
    assert!(deployment.outputs.is_empty() && deployment.deferred.is_empty());
    let state = trial.until("the state to be written", async || {
        let state: Value = serde_json::from_slice(&trial.file(&store::paths::state(&trial.id)).await?).expect("JSON");
        (state["deployment"] == json!(deployment.id)).then_some(state)
    });
    assert_eq!(state.await["stacks"], json!({}));

    let before = trial.ids().await;
    trial.admin(&["destroy", DESK, "--yes"]).await.expect("it is in the queue");
    assert_eq!(*outcome(&trial.next(&before).await), Outcome::Unchanged, "there is nothing left");
    assert_deployed(&trial.deploy(&bot()).await);
}

#[tokio::test]
async fn the_engine_itself_destroys_no_data_without_consent() {
    let trial = Trial::with(&[with_orders(bot())]).await;
    let mark = trial.account.proxy.mark();
    let request = Request::Destroy(Destroy { scope: Scope::All, consent: BTreeSet::new() });
    let origin = Origin::Administrator { name: "arn:aws:iam::123456789012:user/kim".to_owned() };
    let id = trial.id.clone();
    let deployment = Deployment::new("f0000000001-destroy".into(), id, origin, request, Timestamp::now());
    let before = trial.ids().await;
    trial.store.accept(&deployment).await.expect("it is accepted");
    trial.sweep().await;
    let ended = trial.next(&before).await;
    let Outcome::Refused { refusals } = outcome(&ended) else { panic!("{:?}", ended.status) };
    let codes: Vec<&str> = refusals.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["destroy::consent"]);
    assert!(trial.changes_since(mark).is_empty(), "nothing was touched");
}

#[tokio::test]
async fn one_agent_can_be_destroyed_alone() {
    let trial = Trial::with(&[bot()]).await;
    let before = trial.ids().await;
    let shown = trial.admin(&["destroy", DESK, "--agent", "bot", "--dry-run"]).await.expect("a plan");
    assert!(shown.ends_with("cargo xtask admin destroy support-desk/dev --agent bot"), "{shown}");
    trial.admin(&["destroy", DESK, "--agent", "bot", "--yes"]).await.expect("it is in the queue");
    let deployment = trial.next(&before).await;
    assert_eq!(outcome(&deployment).name(), "Destroyed", "{:#?}", deployment.status);
    let left: BTreeSet<String> =
        trial.things().await.iter().filter_map(|thing| Some(thing.split_once(' ')?.0.to_owned())).collect();
    // Roles are shared by the agents that need the same.
    assert_eq!(left, ["roles", "topics"].map(str::to_owned).into(), "what is shared stays");
    let left: BTreeSet<String> = trial.record().await.resources.keys().map(|key| key.address.stack.clone()).collect();
    assert_eq!(left, ["shared".to_owned()].into());
}
