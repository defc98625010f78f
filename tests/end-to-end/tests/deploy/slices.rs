//! Deployments that last longer than one invocation may.

use std::collections::BTreeSet;
use std::time::Duration;

use end_to_end::assert_deployed;
use local::{Effect, Rule};

use crate::trial::{Trial, desk, undisturbed};
use end_to_end::sight::shape;

#[tokio::test]
async fn a_deployment_of_many_short_slices_ends_as_one_of_a_single_slice() {
    let expected = undisturbed().await;
    let trial = Trial::with(&[("SliceSeconds", "1"), ("LeaseSeconds", "6"), ("CallSeconds", "3")]).await;
    let slow = Rule::on("*", "*").caller("strandline-target").always();
    trial.account.proxy.inject(slow, Effect::Delay(Duration::from_millis(400)));
    let deployment = trial.deploy(&desk()).await;
    assert_deployed(&deployment);

    let log = trial.history(&deployment, "execution-log.jsonl").await;
    let entries: Vec<model::Entry> = log.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect();
    let epochs: BTreeSet<_> = entries.iter().map(|entry| entry.epoch).collect();
    assert!(epochs.len() >= 3, "{epochs:?}");
    assert!(entries.is_sorted_by_key(|entry| entry.epoch), "no invocation writes after its successor has begun");
    assert_eq!(
        deployment.execution.as_deref(),
        Some(format!("{}-1", deployment.id).as_str()),
        "one execution did it all"
    );
    assert_eq!(&shape(&trial.look().await), expected);
}
