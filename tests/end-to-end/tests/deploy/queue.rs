//! Several deployments of one environment at once.

use std::time::Duration;

use end_to_end::assert_deployed;
use local::{Effect, Rule};
use model::{Deployment, DeploymentStatus, Entry, Origin};

use crate::trial::{EVERYTHING, Trial, desk, with_polite_orders};
use end_to_end::sight::text;

#[tokio::test]
async fn of_two_uploads_one_waits_for_the_other_and_the_later_one_stands() {
    let trial = Trial::start().await;
    // So that the one would run into the other if it could.
    let slow = Rule::on("*", "*").caller("strandline-target").always();
    trial.account.proxy.inject(slow, Effect::Delay(Duration::from_millis(50)));
    let (plain, polite) = (desk(), with_polite_orders(desk()));
    trial.upload("bundle.zip", plain.bundle()).await;
    // What waits is superseded; what runs is not.
    trial
        .until("the first one to run", async || {
            trial.deployments().await.iter().any(|one| one.status == DeploymentStatus::Running).then_some(())
        })
        .await;
    let polite = trial.upload("bundle.zip", polite.bundle()).await;
    let mut both = trial.ended_count(2).await;
    both.sort_by_key(|deployment| deployment.started);
    let [first, second] = <[Deployment; 2]>::try_from(both).expect("two deployments");
    assert_deployed(&first);
    assert_deployed(&second);
    trial.written(&second).await;

    assert!(first.ended <= second.started, "{:?} {:?}", first.ended, second.started);
    let (early, late) = (journal(&trial, &first).await, journal(&trial, &second).await);
    let (last, next) = (early.last().expect("entries"), late.first().expect("entries"));
    assert!(last.at < next.at && last.epoch < next.epoch, "{last:?} {next:?}");
    // Sessions of the target role are named after their deployment.
    let of = |deployment: &Deployment| {
        let session = format!("strandline-{}", deployment.id);
        let is_its = move |call: &local::Call| matches!(&call.caller, local::Caller::Role { session: own, .. } if *own == session);
        trial.account.proxy.calls().into_iter().filter(is_its).collect::<Vec<_>>()
    };
    let end = of(&first).iter().filter_map(|call| call.ended).max().expect("the first one made calls");
    let start = of(&second).iter().map(|call| call.started).min().expect("the second one made calls");
    assert!(end < start, "never two at work together");
    assert_eq!(first.revision.map(|one| one.next()), second.revision);

    // What stands is what the later one asked for.
    let Origin::Upload { version, .. } = &second.origin else { panic!("not an upload") };
    let sight = trial.look().await;
    let answer = trial.ask(&sight, "orders", "order 1 kettle").await;
    assert_eq!(text(&answer, "/answer").starts_with("Thank you."), *version == polite);
    assert_eq!(sight.things().len(), EVERYTHING);
    assert_eq!(sight.dangling(), Vec::<String>::new());
}

async fn journal(trial: &Trial, deployment: &Deployment) -> Vec<Entry> {
    let log = trial.history(deployment, "execution-log.jsonl").await;
    log.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect()
}
