//! Two environments of one project.

use end_to_end::assert_deployed;
use model::EnvironmentId;

use crate::trial::{EVERYTHING, Trial, desk, with_polite_orders};
use end_to_end::sight::text;

#[tokio::test]
async fn two_environments_of_a_project_live_beside_each_other() {
    let mut trial = Trial::start().await;
    let dev = trial.id.clone();
    assert_deployed(&trial.deploy(&desk()).await);
    let dev_before = trial.look_at(&dev).await;

    let staging = EnvironmentId::new("support-desk", "staging").expect("a name");
    trial.account.add_environment("support-desk", "staging").await.expect("its target role is installed");
    trial.register(&staging).await;
    let registered = trial.store.environments().await.expect("what is registered can be listed");
    assert_eq!(registered.into_iter().map(|one| one.id).collect::<Vec<_>>(), [dev.clone(), staging.clone()]);
    trial.id = staging.clone();
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&with_polite_orders(desk())).await);
    let of_dev = trial
        .account
        .proxy
        .since(mark)
        .into_iter()
        .filter(|call| call.caller.is_role("strandline-target-support-desk-dev"));
    assert_eq!(of_dev.count(), 0);
    let changes = trial.changes_since(mark);
    assert!(!changes.is_empty());
    let staging_first = trial.look_at(&staging).await;
    assert_eq!(staging_first.things().len(), EVERYTHING);
    assert_eq!(trial.look_at(&dev).await.tree(), dev_before.tree(), "nothing of dev is touched");
    assert!(staging_first.things().is_disjoint(&dev_before.things()));
    assert_eq!(staging_first.dangling(), Vec::<String>::new());

    for (sight, is_polite) in [(&dev_before, false), (&staging_first, true)] {
        let answer = trial.ask(sight, "orders", "order 1 kettle").await;
        assert_eq!(text(&answer, "/answer").starts_with("Thank you."), is_polite);
    }

    // And the other way round.
    let staging_before = trial.look_at(&staging).await;
    trial.id = dev.clone();
    assert_deployed(&trial.deploy(&desk().with("strands.yaml", "memory: 512", "memory: 640")).await);
    assert_eq!(trial.look_at(&staging).await.tree(), staging_before.tree(), "nothing of staging is touched");
    assert_ne!(trial.look_at(&dev).await.tree(), dev_before.tree());
}
