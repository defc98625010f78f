//! The lease where answers are lost.

use std::time::Duration;

use engine::ports::{Acquired, Commit, Ledger, StoreError};
use local::{Effect, Rule};
use model::{DeploymentId, Epoch, Lease, ResourceKey, Timestamp};

use crate::field::{Field, entry, key, record};

const LIFE: Duration = Duration::from_secs(60);

fn taken(acquired: Acquired) -> Lease {
    match acquired {
        Acquired::Taken(lease) => lease,
        Acquired::Held { until } => panic!("held until {until}"),
    }
}

#[tokio::test]
async fn who_takes_a_lease_and_loses_the_answer_has_it() {
    let field = Field::start().await;
    let lost = || field.account.proxy.inject(Rule::on("dynamodb", "UpdateItem"), Effect::ResetAfter);
    lost();
    let now = Timestamp::now();
    let lease = taken(field.store.acquire(&field.id, &"d1".into(), now, LIFE).await.unwrap());
    assert_eq!(field.count("UpdateItem"), 2, "the answer to the first was lost");
    assert_eq!((lease.epoch, lease.taken_over), (Epoch(1), None));
    field.commit((lease.epoch, 1), &[entry(1, 10)], &[]).await;

    // To anybody else it is held, under whichever name they come.
    for deployment in ["d1", "d2"] {
        let other = field.store.acquire(&field.id, &deployment.into(), now, LIFE).await.unwrap();
        assert!(matches!(other, Acquired::Held { .. }), "{other:?}");
    }
}

#[tokio::test]
async fn who_takes_over_and_loses_the_answer_knows_that_the_other_let_it_expire() {
    let field = Field::start().await;
    let past = Timestamp::from_second(1_000).unwrap();
    let first = taken(field.store.acquire(&field.id, &"d1".into(), past, LIFE).await.unwrap());
    field.account.proxy.inject(Rule::on("dynamodb", "UpdateItem"), Effect::ResetAfter);
    let now = Timestamp::now();
    let second = taken(field.store.acquire(&field.id, &"d2".into(), now, LIFE).await.unwrap());
    assert_eq!((first.epoch, second.epoch), (Epoch(1), Epoch(2)));
    assert_eq!(second.taken_over, Some(past + LIFE));
    assert_eq!(second.expires.as_millisecond(), (now + LIFE).as_millisecond());

    field.store.release(&field.id, second.epoch, None).await.unwrap();
    let third = taken(field.store.acquire(&field.id, &"d3".into(), now, LIFE).await.unwrap());
    assert_eq!((third.epoch, third.taken_over), (Epoch(3), None), "it was given back");
}

#[tokio::test]
async fn a_commit_of_a_lost_lease_writes_nothing() {
    let field = Field::start().await;
    let past = Timestamp::from_second(1_000).unwrap();
    let first = taken(field.store.acquire(&field.id, &"d1".into(), past, LIFE).await.unwrap());
    let second = taken(field.store.acquire(&field.id, &"d2".into(), Timestamp::now(), LIFE).await.unwrap());
    let deployment = DeploymentId::from("d1");
    let entries = [entry(1, 10)];
    let items: [(ResourceKey, _); 1] = [(key(1), Some(record(1, 10)))];
    let commit = |epoch, sequence| Commit {
        environment: &field.id,
        deployment: &deployment,
        epoch,
        sequence,
        expires: Timestamp::now() + LIFE,
        starts: None,
        entries: &entries,
        items: &items,
    };
    let lost = Err(StoreError::LeaseLost(field.id.clone()));
    assert_eq!(field.store.commit(&commit(first.epoch, 1)).await, lost, "it was taken over");
    assert_eq!(field.store.release(&field.id, first.epoch, None).await, lost, "and is not its to give back");
    assert_eq!(field.store.commit(&commit(second.epoch, 2)).await, lost, "a number is missing");
    assert!(field.store.journal(&deployment).await.unwrap().is_empty());
    assert!(field.store.record(&field.id).await.unwrap().resources.is_empty());

    field.store.commit(&commit(second.epoch, 1)).await.unwrap();
    assert_eq!(field.store.record(&field.id).await.unwrap().resources.len(), 1);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_written_once_also_where_it_is_large() {
    let field = Field::start().await;
    let epoch = field.lease("d1").await;
    for (sequence, size) in [(1, 10), (2, 500_000)] {
        field.account.proxy.inject(Rule::on("dynamodb", "TransactWriteItems"), Effect::ResetAfter);
        field.commit((epoch, sequence), &[entry(1, size)], &[(key(1), Some(record(1, size)))]).await;
    }
    assert_eq!(field.count("TransactWriteItems"), 4, "the answer to the first of each was lost");
    assert_eq!(field.store.journal(&"d1".into()).await.unwrap(), [entry(1, 10), entry(1, 500_000)]);
    let recorded = field.store.record(&field.id).await.unwrap();
    assert_eq!((recorded.sequence, recorded.resources.len()), (2, 1));
}
