//! `cargo xtask admin let-go`: what leaves the record stays in the account, and is nobody's business any more.

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with};
use end_to_end::{assert_deployed, outcome};
use local::{Effect, Rule};
use model::{Outcome, Revision};

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

#[tokio::test]
async fn what_was_let_go_after_a_failure_stays_so_when_the_next_one_goes_back() {
    let trial = Trial::with(&[bot()]).await;
    let topics = trial.all("topics").await;
    trial.stop_on_failure().await;
    let refused = || Effect::fail(400, "InvalidParameterValueException");
    trial.account.proxy.inject(Rule::on("lambda", "UpdateFunctionConfiguration"), refused());
    assert_eq!(outcome(&trial.deploy(&bot_with(512)).await).name(), "Stopped");
    let before = trial.ids().await;
    trial.admin(&["let-go", DESK, "shared/AlertsTopic"]).await.expect("it is in the queue");
    assert_deployed(&trial.next(&before).await);
    let unfit = trial.admin(&["rollback", DESK, "--to", "3", "--dry-run"]).await.expect_err("it is half of 2");
    assert!(unfit.contains("what revision 2 left") && unfit.contains("ended as `Stopped`"), "{unfit}");

    trial.register(&trial.id).await;
    trial.account.proxy.inject(Rule::on("lambda", "UpdateFunctionConfiguration"), refused());
    let mark = trial.account.proxy.mark();
    let without = bot_with(1_024).with("strands.yaml", "  topics: { alerts: {} }", "  topics: {}");
    let failed = trial.deploy(&without).await;
    let Outcome::RolledBack { to, .. } = outcome(&failed) else { panic!("{:#?}", failed.status) };
    assert_eq!(*to, Revision(1), "not to what the failure before left, without the topic");
    assert_eq!(trial.memory().await, Some(256));
    // The engine tells by its own topic that it failed.
    let touched = trial.account.proxy.since(mark).into_iter();
    let touched = touched.filter(|call| call.service == "sns" && call.operation != "Publish");
    assert_eq!(touched.map(|call| call.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
    let is_recorded = async || trial.record().await.resources.keys().any(|key| key.address.logical_id == "AlertsTopic");
    assert!(!is_recorded().await);

    let before = trial.ids().await;
    trial.admin(&["rollback", DESK, "--to", "1"]).await.expect("it is in the queue");
    let back = trial.next(&before).await;
    assert_eq!(*outcome(&back), Outcome::RolledBack { to: Revision(1), causes: Vec::new() });
    assert!(is_recorded().await, "whoever asks for a revision that had it gets one");
    let now = trial.all("topics").await;
    assert_eq!(now.len(), 2, "under another name");
    assert!(topics.iter().all(|(name, topic)| now.get(name) == Some(topic)), "{now:#?}");
}
