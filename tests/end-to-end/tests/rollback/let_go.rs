//! `cargo xtask admin let-go`: what leaves the record stays in the account, and is nobody's business any more.

use end_to_end::admin::DESK;
use end_to_end::bot::bot;
use end_to_end::{assert_deployed, outcome};

use crate::trial::Trial;

#[tokio::test]
async fn what_is_let_go_stays_in_the_account_and_the_rest_goes_on() {
    let trial = Trial::with(&[bot()]).await;
    let before = trial.ids().await;
    let said = trial.admin(&["let-go", DESK, "shared/AlertsTopic", "shared/Nothing"]).await;
    let said = said.expect_err("nothing is recorded there");
    assert!(said.contains("let-go::unknown: nothing is recorded at `shared/Nothing`"), "{said}");
    assert_eq!(trial.ids().await, before, "all or nothing");

    let topics = trial.all("topics").await;
    let mark = trial.account.proxy.mark();
    trial.admin(&["let-go", DESK, "shared/AlertsTopic"]).await.expect("it is in the queue");
    assert_deployed(&trial.next(&before).await);
    assert!(trial.changes_since(mark).is_empty(), "nothing is touched");
    assert_eq!(trial.all("topics").await, topics);
    let is_recorded = trial.record().await.resources.keys().any(|key| key.address.logical_id == "AlertsTopic");
    assert!(!is_recorded);

    let before = trial.ids().await;
    trial.admin(&["destroy", DESK, "--yes"]).await.expect("it is in the queue");
    let deployment = trial.next(&before).await;
    assert_eq!(outcome(&deployment).name(), "Destroyed", "{:#?}", deployment.status);
    assert_eq!(trial.things().await.len(), 1, "all but what was let go");
    assert_eq!(trial.all("topics").await, topics);
}
