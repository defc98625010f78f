//! Deployments that wait for approval, where several act at once.

use engine::ports::{Active, Cancel, Queue};
use model::{
    Approval, ApprovalRule, Decision, Deployment, DeploymentStatus, Digest, ObjectRef, Outcome, QueueEntry, Request,
    Selection, Timestamp,
};
use store::{Cancelled, Claim, Decided, Parked};

use crate::field::{Field, upload};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn plan(text: &str) -> ObjectRef {
    ObjectRef { key: format!("plans/{text}.json"), version: String::new(), digest: Digest::of(text.as_bytes()) }
}

fn decision(approved: bool, by: &str) -> Decision {
    Decision { approved, by: by.to_owned(), why: None, at: at(1_010) }
}

impl Field {
    /// Gives a deployment that waits its turn and claims it, and has it ask about this plan at second 1,000.
    async fn asks(&self, entry: &QueueEntry, about: &str) -> (Deployment, Active) {
        assert!(self.store.activate(&self.id, entry).await.unwrap());
        let execution = format!("{}-{}", entry.deployment, entry.starts);
        let claim = self.store.claim(&self.id, &entry.deployment, (&execution, entry.starts), at(900)).await.unwrap();
        let Claim::Claimed(mut head) = claim else { panic!("{claim:?}") };
        let rule = ApprovalRule { seconds: 60, approvers: Vec::new() };
        head.plan = Some(plan(about));
        head.approval = Some(Approval::new(plan(about), &rule, at(1_000)));
        assert!(self.store.update_deployment(&head).await.unwrap());
        (*head, self.store.active(&self.id).await.unwrap().expect("one has its turn"))
    }

    async fn park(&self, (head, active): &(Deployment, Active), token: &str) -> Parked {
        let execution = head.execution.clone().unwrap();
        self.store.park(&self.id, &head.id, &execution, Some(active), token).await.unwrap()
    }

    /// One that waits for approval of `plan`.
    async fn parked(&self, name: &str, about: &str) -> Deployment {
        self.store.accept(&upload(&self.id, name)).await.unwrap();
        let entry = self.entry(name).await.expect("it waits");
        let asked = self.asks(&entry, about).await;
        assert_eq!(self.park(&asked, &format!("token of {name}")).await, Parked::Waits);
        self.head(name).await
    }

    async fn entry(&self, name: &str) -> Option<QueueEntry> {
        let entries = self.store.entries(&self.id).await.unwrap();
        entries.into_iter().find(|entry| entry.deployment == name.into())
    }

    async fn head(&self, name: &str) -> Deployment {
        self.store.deployment(&self.id, &name.into()).await.unwrap().expect("a head")
    }

    async fn decide(&self, name: &str, about: &str, decision: &Decision) -> Decided {
        self.store.decide(&self.id, &name.into(), &plan(about).digest, decision).await.unwrap()
    }

    async fn tokens(&self) -> Vec<String> {
        self.store.waiting_executions(&self.id).await.unwrap().into_iter().map(|one| one.token).collect()
    }
}

#[tokio::test]
async fn what_waits_for_approval_keeps_its_place_and_gives_its_turn_back() {
    let field = Field::start().await;
    let request = Request::Deploy { only: Selection(["order-agent".to_owned()].into()) };
    field.store.accept(&Deployment { request, ..upload(&field.id, "d1") }).await.unwrap();
    let before = field.entry("d1").await.unwrap();
    let asked = field.asks(&before, "this").await;
    assert_eq!(field.park(&asked, "secret").await, Parked::Waits);
    let head = field.head("d1").await;
    assert_eq!((head.status.clone(), head.execution.as_deref()), (DeploymentStatus::AwaitingApproval, Some("d1-1")));
    assert_eq!(field.store.active(&field.id).await.unwrap(), None, "the turn is free");
    let entry = field.entry("d1").await.unwrap();
    assert_eq!(entry, QueueEntry { parked: true, starts: 2, ..before.clone() });
    assert!(!serde_json::to_string(&head).unwrap().contains("secret"));
    assert_eq!(field.tokens().await, ["secret"]);

    // Who read the queue before that, and an invocation of its execution that comes late.
    assert!(!field.store.activate(&field.id, &before).await.unwrap());
    assert!(!field.store.activate(&field.id, &entry).await.unwrap());
    assert!(!field.store.update_deployment(&asked.0).await.unwrap());
    // The step that parked, once more: only the token is new.
    assert_eq!(field.park(&asked, "newer").await, Parked::Waits);
    assert_eq!(field.tokens().await, ["newer"]);
    // Another goes on meanwhile.
    field.store.accept(&upload(&field.id, "d2")).await.unwrap();
    let other = field.entry("d2").await.unwrap();
    assert!(field.store.activate(&field.id, &other).await.unwrap());
}

#[tokio::test]
async fn what_is_approved_goes_on_in_an_execution_of_its_own_and_nothing_supersedes_it() {
    let field = Field::start().await;
    let waits = field.parked("d1", "this").await;
    let kim = decision(true, "kim");
    let Decided::Another { asked } = field.decide("d1", "that", &kim).await else { panic!("it is another plan") };
    assert_eq!(asked, plan("this"));
    let late = Decision { at: at(1_060), ..kim.clone() };
    assert_eq!(field.decide("d1", "this", &late).await, Decided::Late { expired: at(1_060) });
    assert_eq!(field.head("d1").await, waits, "nothing was decided");

    let Decided::Recorded(head) = field.decide("d1", "this", &kim).await else { panic!("it is recorded") };
    assert_eq!(field.head("d1").await, *head);
    assert_eq!(head.status, DeploymentStatus::Queued);
    assert_eq!(head.approval.as_ref().unwrap().decision, Some(kim.clone()));
    assert_eq!(field.decide("d1", "this", &decision(true, "lee")).await, Decided::Already(kim.clone()));
    assert_eq!(field.decide("d1", "this", &decision(false, "lee")).await, Decided::Already(kim));
    assert_eq!(field.store.give_up_waiting(&waits, Outcome::Expired, at(2_000)).await.unwrap(), None, "it was decided");

    field.store.accept(&upload(&field.id, "d2")).await.unwrap();
    let (first, second) = (field.entry("d1").await.unwrap(), field.entry("d2").await.unwrap());
    assert!(first.approved && !first.parked);
    assert!(!field.store.supersede(&field.id, &first, &second, at(2_000)).await.unwrap());
    assert!(field.store.activate(&field.id, &first).await.unwrap());
    let active = field.store.active(&field.id).await.unwrap().unwrap();
    assert_eq!((active.entry.starts, active.entry.approved), (2, true));
    let gone = field.store.claim(&field.id, &"d1".into(), ("d1-1", 1), at(2_000)).await.unwrap();
    assert_eq!(gone, Claim::Gone, "the execution that waited is past");
    let claimed = field.store.claim(&field.id, &"d1".into(), ("d1-2", 2), at(2_000)).await.unwrap();
    assert!(matches!(claimed, Claim::Claimed(_)));

    // Its plan was stale: it asks about another one, and what was approved counts no more.
    let mut head = field.head("d1").await;
    head.approval = Some(Approval { plan: plan("that"), decision: None, ..head.approval.unwrap() });
    assert!(field.store.update_deployment(&head).await.unwrap());
    let active = field.store.active(&field.id).await.unwrap().unwrap();
    assert_eq!(field.park(&(head, active), "third").await, Parked::Waits);
    let entry = field.entry("d1").await.unwrap();
    assert_eq!((entry.starts, entry.parked, entry.approved), (3, true, false));
    assert!(matches!(field.decide("d1", "this", &decision(true, "lee")).await, Decided::Another { .. }));
}

#[tokio::test]
async fn what_is_denied_has_ended() {
    let field = Field::start().await;
    field.parked("d1", "this").await;
    let no = Decision { why: Some("not on a Friday".to_owned()), ..decision(false, "kim") };
    let Decided::Recorded(head) = field.decide("d1", "this", &no).await else { panic!("it is recorded") };
    let outcome = Outcome::Denied { by: "kim".to_owned(), why: Some("not on a Friday".to_owned()) };
    assert_eq!(head.outcome(), Some(&outcome));
    assert_eq!(field.head("d1").await, *head);
    assert_eq!(field.entry("d1").await, None);
    assert_eq!(field.store.unwritten(&field.id).await.unwrap(), ["d1".into()]);
    assert_eq!(field.decide("d1", "this", &decision(true, "lee")).await, Decided::Already(no));
    assert_eq!(field.decide("d9", "this", &decision(true, "lee")).await, Decided::Unknown);
}

#[tokio::test]
async fn of_many_who_decide_at_once_one_counts_and_the_others_are_told_so() {
    let field = Field::start().await;
    field.parked("d1", "this").await;
    let names = ["ada", "kim", "lee", "sam"];
    let decisions: Vec<Decision> = names.iter().enumerate().map(|(n, by)| decision(n % 2 == 0, by)).collect();
    let [ada, kim, lee, sam] = [0, 1, 2, 3].map(|n| field.decide("d1", "this", &decisions[n]));
    let answers: [Decided; 4] = tokio::join!(ada, kim, lee, sam).into();
    let standing = field.head("d1").await.approval.unwrap().decision.expect("one counts");
    for (answer, decision) in answers.iter().zip(&decisions) {
        match answer {
            Decided::Recorded(_) => assert_eq!(*decision, standing),
            Decided::Already(before) => assert_eq!(*before, standing),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Decided::Recorded(_))).count(), 1);
    assert_eq!(field.entry("d1").await.is_some_and(|entry| entry.approved), standing.approved);
}

#[tokio::test]
async fn what_is_cancelled_superseded_or_given_up_while_it_waits_cannot_be_approved_any_more() {
    let field = Field::start().await;
    let cancel = Cancel { by: Some("kim".to_owned()) };
    field.parked("d1", "this").await;
    let cancelled = field.store.cancel_deployment(&field.id, &"d1".into(), &cancel, at(1_020)).await.unwrap();
    assert_eq!(cancelled, Cancelled::Ended);

    field.parked("d2", "this").await;
    let (second, third) = {
        field.store.accept(&upload(&field.id, "d3")).await.unwrap();
        (field.entry("d2").await.unwrap(), field.entry("d3").await.unwrap())
    };
    assert!(field.store.supersede(&field.id, &second, &third, at(1_020)).await.unwrap());

    let third = field.asks(&third, "this").await;
    assert_eq!(field.park(&third, "token of d3").await, Parked::Waits);
    let waits = field.head("d3").await;
    let ended = field.store.give_up_waiting(&waits, Outcome::Expired, at(1_061)).await.unwrap().expect("it waited");
    assert_eq!(ended.outcome(), Some(&Outcome::Expired));
    assert_eq!(field.store.give_up_waiting(&waits, Outcome::Expired, at(1_061)).await.unwrap(), None);

    for (name, how) in [("d1", "Cancelled"), ("d2", "Superseded"), ("d3", "Expired")] {
        let Decided::Elsewhere(head) = field.decide(name, "this", &decision(true, "lee")).await else {
            panic!("{name}")
        };
        assert_eq!(head.outcome().map(Outcome::name), Some(how));
        assert_eq!(field.head(name).await, *head);
    }
    // Their executions wait still, and are to be released.
    assert_eq!(field.tokens().await, ["token of d1", "token of d2", "token of d3"]);
    for waiting in field.store.waiting_executions(&field.id).await.unwrap() {
        field.store.forget_token(&field.id, &waiting).await.unwrap();
        field.store.forget_token(&field.id, &waiting).await.unwrap();
    }
    assert_eq!(field.tokens().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_somebody_wants_to_end_does_not_wait() {
    let field = Field::start().await;
    field.store.accept(&upload(&field.id, "d1")).await.unwrap();
    let entry = field.entry("d1").await.unwrap();
    let asked = field.asks(&entry, "this").await;
    // Marked after the step looked.
    assert!(field.store.cancel(&field.id, &"d1".into(), &Cancel { by: None }).await.unwrap());
    let Parked::Over(head) = field.park(&asked, "secret").await else { panic!("it is to end") };
    assert_eq!(head.status, DeploymentStatus::Running);
    assert!(field.store.active(&field.id).await.unwrap().is_some(), "it has its turn still");
    assert_eq!(field.tokens().await, Vec::<String>::new());
}
