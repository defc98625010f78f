//! `cargo xtask admin rollback`, as a process of its own.

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with, with_orders};
use end_to_end::outcome;
use model::{Origin, Outcome, Revision};
use serde_json::{Value, json};

use crate::trial::Trial;

#[tokio::test]
async fn an_administrator_sees_the_way_back_consents_to_its_loss_and_goes_it() {
    let trial = Trial::with(&[bot(), with_orders(bot_with(300)), with_orders(bot_with(512))]).await;
    let before = trial.ids().await;
    let shown = trial.admin(&["rollback", DESK, "--to", "1", "--dry-run"]).await.expect("a plan");
    for part in [
        "Back to revision 1",
        "Lost for good",
        "nobody consented to losing what these hold: shared/OrdersTable",
        "\n  cargo xtask admin rollback support-desk/dev --to 1 --consent shared/OrdersTable",
    ] {
        assert!(shown.contains(part), "`{part}` in:\n{shown}");
    }
    let shown = trial.admin(&["rollback", DESK, "--dry-run", "--json"]).await.expect("a plan");
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((&shown["plan"]["update"], &shown["lacking_consent"]), (&json!(1), &json!([])));
    assert_eq!(shown["command"], "cargo xtask admin rollback support-desk/dev --to previous");
    assert_eq!(trial.ids().await, before, "nothing was done");

    // Without the consent the engine itself refuses.
    trial.admin(&["rollback", DESK, "--to", "1"]).await.expect("it is in the queue");
    let refused = trial.next(&before).await;
    let Outcome::Refused { refusals } = outcome(&refused) else { panic!("{:?}", refused.status) };
    let codes: Vec<&str> = refusals.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["rollback::consent"]);
    assert!(refusals[0].help.as_deref().is_some_and(|help| help.contains("--consent shared/OrdersTable")));
    assert_eq!(trial.memory().await, Some(512));

    let before = trial.ids().await;
    let answer =
        trial.admin(&["rollback", DESK, "--to", "1", "--consent", "shared/OrdersTable", "--json"]).await.expect("JSON");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let deployment = trial.next(&before).await;
    assert_eq!(answer["deployment"], json!(deployment.id));
    let back = Outcome::RolledBack { to: Revision(1), causes: Vec::new() };
    assert_eq!(*outcome(&deployment), back, "{:#?}", deployment.status);
    assert_eq!(trial.memory().await, Some(256));
    assert!(trial.all("tables").await.is_empty());
    let Origin::Administrator { name } = &deployment.origin else { panic!("{:?}", deployment.origin) };
    assert!(name.starts_with("arn:aws:"), "{name}");
}

#[tokio::test]
async fn a_revision_that_nobody_has_is_told_with_those_that_there_are() {
    let trial = Trial::with(&[bot(), bot_with(300)]).await;
    let said = trial.admin(&["rollback", DESK, "--to", "9", "--dry-run"]).await.expect_err("there is none");
    assert!(said.contains("rollback::unknown-revision: there is no revision 9"), "{said}");
    assert!(said.contains("name a revision that there is: 1, 2"), "{said}");
    let said = trial.admin(&["rollback", DESK, "--to", "next"]).await.expect_err("no number");
    assert!(said.contains("`previous`, or the number of a revision"), "{said}");
    let said = trial.admin(&["rollback", "support-desk/prod"]).await.expect_err("not registered");
    assert!(said.contains("no environment `support-desk/prod` is registered"), "{said}");
    assert_eq!(trial.deployments().await.len(), 2);
}
