//! The lease where answers are lost.

use std::time::Duration;

use engine::ports::{Acquired, Ledger};
use local::{Effect, Rule};
use model::{Epoch, Lease, Timestamp};

use crate::field::{Field, entry};

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
