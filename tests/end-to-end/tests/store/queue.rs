//! The queue where several act at once.

use engine::ports::{Active, Cancel, Queue, Restart};
use model::{Deployment, DeploymentStatus, Outcome, QueueEntry, Request, Selection, Timestamp};
use store::Claim;

use crate::field::{Field, upload};

impl Field {
    async fn enqueue(&self, names: &[&str]) -> Vec<QueueEntry> {
        for name in names {
            self.store.accept(&upload(&self.id, name)).await.unwrap();
        }
        self.store.entries(&self.id).await.unwrap()
    }

    async fn active(&self) -> Active {
        self.store.active(&self.id).await.unwrap().expect("one has its turn")
    }

    async fn status(&self, name: &str) -> DeploymentStatus {
        self.store.deployment(&self.id, &name.into()).await.unwrap().expect("a head").status
    }
}

fn somebody() -> Cancel {
    Cancel { by: Some("kim".to_owned()) }
}

#[tokio::test]
async fn one_gets_the_turn_and_what_has_ended_never_gets_it_again() {
    let field = Field::start().await;
    let [first, second]: [QueueEntry; 2] = field.enqueue(&["d1", "d2"]).await.try_into().unwrap();
    assert!(field.store.activate(&field.id, &first).await.unwrap());
    assert!(!field.store.activate(&field.id, &second).await.unwrap(), "one has it");
    let head = upload(&field.id, "d1");
    let ended = DeploymentStatus::Ended { outcome: Outcome::Deployed };
    let head = model::Deployment { status: ended, ..head };
    assert!(field.store.conclude(&head, &field.active().await, None).await.unwrap());
    // Somebody who had read the queue before all this.
    assert!(!field.store.activate(&field.id, &first).await.unwrap());
    assert!(field.store.activate(&field.id, &second).await.unwrap());
    assert_eq!(field.store.unwritten(&field.id).await.unwrap(), ["d1".into()]);
    field.store.written(&field.id, &"d1".into()).await.unwrap();
    assert_eq!(field.store.unwritten(&field.id).await.unwrap(), []);
}

#[tokio::test]
async fn of_what_waits_some_is_superseded_or_cancelled_and_never_everything() {
    let field = Field::start().await;
    let [first, second, third]: [QueueEntry; 3] = field.enqueue(&["d1", "d2", "d3"]).await.try_into().unwrap();
    let now = Timestamp::from_second(500).unwrap();
    assert!(field.store.supersede(&field.id, &first, &third, now).await.unwrap());
    assert!(!field.store.supersede(&field.id, &first, &third, now).await.unwrap(), "it has ended");
    let outcome = Outcome::Superseded { by: "d3".into() };
    assert_eq!(field.status("d1").await, DeploymentStatus::Ended { outcome });

    assert!(field.store.cancel_waiting(&field.id, &third, &somebody(), now).await.unwrap());
    assert!(!field.store.supersede(&field.id, &second, &third, now).await.unwrap(), "the newer one is not left");
    assert_eq!(field.status("d2").await, DeploymentStatus::Queued);
    assert_eq!(field.store.entries(&field.id).await.unwrap(), std::slice::from_ref(&second));

    assert!(field.store.activate(&field.id, &second).await.unwrap());
    assert!(!field.store.cancel_waiting(&field.id, &second, &somebody(), now).await.unwrap(), "it has its turn");
    let [_, fourth]: [QueueEntry; 2] = field.enqueue(&["d4"]).await.try_into().unwrap();
    assert!(!field.store.supersede(&field.id, &second, &fourth, now).await.unwrap(), "what runs is never superseded");
    assert_eq!(field.store.unwritten(&field.id).await.unwrap(), ["d1".into(), "d3".into()]);
}

#[tokio::test]
async fn a_part_stays_a_part_while_it_waits_and_while_it_has_its_turn_and_what_comes_after_it_is_whole() {
    let field = Field::start().await;
    let only = Selection(["order-agent".to_owned(), "storage".to_owned()].into());
    let part = Deployment { request: Request::Deploy { only: only.clone() }, ..upload(&field.id, "d1") };
    field.store.accept(&part).await.unwrap();
    let [first, second]: [QueueEntry; 2] = field.enqueue(&["d2"]).await.try_into().unwrap();
    assert_eq!((&first.only, &second.only), (&only, &Selection::ALL));
    assert!(field.store.activate(&field.id, &first).await.unwrap());
    assert_eq!(field.active().await.entry, first);
    let handed = field.store.restart(&field.id, &first, Restart::HandOver).await.unwrap();
    let active = field.active().await;
    assert_eq!((&active.entry, &handed.only), (&handed, &only));
    assert!(field.store.conclude(&part, &active, None).await.unwrap());
    assert!(field.store.activate(&field.id, &second).await.unwrap());
    assert_eq!(field.active().await.entry, second, "nothing is left of the one before");
}

#[tokio::test]
async fn a_death_is_counted_once_and_a_hand_over_is_none() {
    let field = Field::start().await;
    let [first]: [QueueEntry; 1] = field.enqueue(&["d1"]).await.try_into().unwrap();
    assert!(field.store.activate(&field.id, &first).await.unwrap());
    let died = field.store.restart(&field.id, &first, Restart::Death).await.unwrap();
    assert_eq!((died.starts, died.deaths), (2, 1));
    let again = field.store.restart(&field.id, &first, Restart::Death).await.unwrap();
    assert_eq!(again, died, "who comes later counts nothing");
    let handed = field.store.restart(&field.id, &died, Restart::HandOver).await.unwrap();
    assert_eq!((handed.starts, handed.deaths), (3, 1));
    assert_eq!(field.active().await, Active { entry: handed, claimed: false, cancel: None });
}

#[tokio::test]
async fn an_execution_that_is_not_counted_any_more_changes_nothing() {
    let field = Field::start().await;
    let [first]: [QueueEntry; 1] = field.enqueue(&["d1"]).await.try_into().unwrap();
    let now = Timestamp::now();
    assert!(field.store.activate(&field.id, &first).await.unwrap());
    let id = "d1".into();
    let Claim::Claimed(mine) = field.store.claim(&field.id, &id, ("d1-1", 1), now).await.unwrap() else { panic!() };
    let before = field.active().await;
    assert!(field.store.update_deployment(&mine).await.unwrap());
    field.store.restart(&field.id, &first, Restart::Death).await.unwrap();
    let late = field.store.claim(&field.id, &id, ("d1-1", 1), now).await.unwrap();
    assert_eq!(late, Claim::Gone);
    let next = field.store.claim(&field.id, &id, ("d1-2", 2), now).await.unwrap();
    assert!(matches!(next, Claim::Claimed(_)));
    assert!(!field.store.update_deployment(&mine).await.unwrap(), "its successor has the head");
    assert!(!field.store.conclude(&mine, &before, None).await.unwrap(), "and the turn");
    assert!(field.active().await.claimed);
}

#[tokio::test]
async fn what_has_its_turn_is_marked_as_cancelled_and_the_mark_goes_with_it() {
    use engine::ports::Ledger;
    let field = Field::start().await;
    let [first, second]: [QueueEntry; 2] = field.enqueue(&["d1", "d2"]).await.try_into().unwrap();
    let [one, two] = ["d1", "d2"].map(model::DeploymentId::from);
    assert!(!field.store.cancel(&field.id, &one, &somebody()).await.unwrap(), "it has no turn");
    assert!(field.store.activate(&field.id, &first).await.unwrap());
    assert!(!field.store.cancel(&field.id, &two, &somebody()).await.unwrap());
    assert!(!field.store.is_cancelled(&field.id, &one).await.unwrap());
    assert!(field.store.cancel(&field.id, &one, &somebody()).await.unwrap());
    assert!(field.store.is_cancelled(&field.id, &one).await.unwrap());
    let active = field.active().await;
    assert_eq!(active.cancel, Some(somebody()));
    let due = Timestamp::from_second(700).unwrap();
    assert!(field.store.conclude(&upload(&field.id, "d1"), &active, Some(due)).await.unwrap());
    let turn = field.store.turn(&field.id).await.unwrap();
    assert_eq!((turn.active, turn.reap), (None, Some(due)));
    assert!(field.store.activate(&field.id, &second).await.unwrap());
    assert_eq!(field.active().await.cancel, None);
    assert!(!field.store.is_cancelled(&field.id, &two).await.unwrap());
    assert!(field.store.is_cancelled(&field.id, &one).await.unwrap(), "a wave that outlived its turn is to end");
}
