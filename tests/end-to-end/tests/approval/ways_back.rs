//! Ways back that somebody must approve: all that loses data, and every destruction.

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with, memory, with_orders};
use end_to_end::sight::the_record_is_true;
use end_to_end::{assert_deployed, outcome};
use model::{Deployment, Outcome, Revision};

use crate::trial::{Trial, digest};

const ORDERS: &str = "shared/OrdersTable";

/// Asks to go back to the first revision, and to lose the orders.
async fn ask_to_go_back(trial: &Trial) -> Deployment {
    let before = trial.ids().await;
    trial.upload("rollback.json", br#"{"to": 1, "consent": ["shared/OrdersTable"]}"#.to_vec()).await;
    trial.asks(&before).await
}

async fn ask_to_destroy(trial: &Trial) -> Deployment {
    let before = trial.ids().await;
    let said = trial.admin(&["destroy", DESK, "--yes", "--consent", ORDERS]).await;
    said.expect("it is in the queue: who destroys does not approve by that");
    trial.asks(&before).await
}

async fn deny(trial: &Trial, waits: &Deployment) {
    let plan = digest(waits).to_string();
    trial.admin(&["deny", DESK, waits.id.as_str(), "--plan", &plan]).await.expect("it is denied");
    let ended = trial.end_of(&waits.id).await;
    assert_eq!(outcome(&ended).name(), "Denied", "{:?}", ended.status);
}

async fn tables(trial: &Trial) -> usize {
    trial.look().await.all("tables").len()
}

#[tokio::test]
async fn what_loses_data_is_approved_first_be_it_a_way_back_or_a_destruction() {
    let trial = Trial::free().await;
    for project in [bot(), with_orders(bot_with(300))] {
        assert_deployed(&trial.deploy(&project).await);
    }
    trial.rule(3_600, &[]).await;

    // Who consents to a loss says what may be lost; whether it shall be is for others to say.
    let mark = trial.account.proxy.mark();
    deny(&trial, &ask_to_go_back(&trial).await).await;
    deny(&trial, &ask_to_destroy(&trial).await).await;
    trial.assert_untouched(mark);
    assert_eq!((memory(&trial).await, tables(&trial).await), (Some(300), 1));

    let waits = ask_to_go_back(&trial).await;
    let shown = trial.admin(&["approve", DESK]).await.expect("a plan");
    assert!(shown.contains("OrdersTable") && shown.contains("Nothing was decided."), "{shown}");
    trial.assert_untouched(mark);
    trial.approve(&waits).await;
    let ended = trial.end_of(&waits.id).await;
    assert_eq!(*outcome(&ended), Outcome::RolledBack { to: Revision(1), causes: Vec::new() });
    assert_eq!(ended.plan.as_ref().map(|plan| &plan.digest), Some(digest(&waits)), "the plan that was approved");
    assert_eq!((memory(&trial).await, tables(&trial).await), (Some(256), 0));
    the_record_is_true(&trial).await;
    trial.all_succeeded(&waits.id, 2).await;

    // A destruction loses everything, and asks also where nothing of it is data.
    let mark = trial.account.proxy.mark();
    let waits = ask_to_destroy(&trial).await;
    assert!(trial.turn_is_free().await);
    trial.assert_untouched(mark);
    trial.approve(&waits).await;
    let ended = trial.end_of(&waits.id).await;
    let Outcome::Destroyed { deleted, .. } = outcome(&ended) else { panic!("{:?}", ended.status) };
    assert!(*deleted > 0);
    assert_eq!(ended.plan.as_ref().map(|plan| &plan.digest), Some(digest(&waits)), "the plan that was approved");
    assert_eq!(trial.look().await.things().len(), 0);
    assert_eq!(trial.record().await.resources.len(), 0);
    trial.told(&ended).await;
}
