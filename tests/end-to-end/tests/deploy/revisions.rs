//! Going back and forth between recorded revisions: each time the account is what that revision recorded.

use end_to_end::sight::{differences, seen, the_record_is_true};
use end_to_end::{Project, assert_deployed, outcome};
use model::{Deployment, Outcome, Revision};
use serde_json::{Value, json};

use crate::back::{full, lean, other};
use crate::trial::{Trial, with_polite_orders, without_research};

/// What of the data in the account going back costs: whoever asks for it has to name it.
const CONSENT: [&str; 4] = ["shared/OrdersTable", "shared/CartsTable", "shared/DocumentsBucket", "shared/DraftsBucket"];

/// Five revisions: the desk, more things, changed and replaced and fewer things, another code, and less again.
fn revisions() -> [Project; 5] {
    [lean(), full(), other(), with_polite_orders(full()), without_research(lean())]
}

/// Asks for a revision by way of the inbox, and waits until the environment is there.
async fn back(trial: &Trial, to: Revision) -> Deployment {
    let before = trial.ids().await;
    let body = json!({ "to": to.0, "consent": CONSENT }).to_string();
    trial.upload("rollback.json", body.into_bytes()).await;
    let deployment = trial.next(&before).await;
    trial.written(&deployment).await;
    deployment
}

#[tokio::test]
async fn the_account_goes_back_and_forth_between_what_revisions_recorded() {
    let trial = Trial::start().await;
    let mut recorded: Vec<(Revision, Value)> = Vec::new();
    for project in revisions() {
        let deployment = trial.deploy(&project).await;
        assert_deployed(&deployment);
        recorded.push((deployment.revision.expect("it has one"), seen(&trial).await));
    }
    for which in [3, 5, 1, 2, 4] {
        let (revision, expected) = &recorded[which - 1];
        let deployment = back(&trial, *revision).await;
        let expected_outcome = Outcome::RolledBack { to: *revision, causes: Vec::new() };
        assert_eq!(*outcome(&deployment), expected_outcome, "to the {which}. revision");
        assert_eq!(differences(expected, &seen(&trial).await), Vec::<String>::new(), "the {which}. revision");
        assert_eq!(trial.look().await.dangling(), Vec::<String>::new());
        the_record_is_true(&trial).await;
    }
    // Where it stands already there is nothing to do, and a new upload goes on from there.
    let (revision, _) = recorded[3];
    assert_eq!(outcome(&back(&trial, revision).await).name(), "Unchanged");
    assert_eq!(outcome(&trial.deploy(&with_polite_orders(full())).await).name(), "Unchanged");
}

#[tokio::test]
async fn what_cannot_come_back_is_said_and_asked_for_by_name() {
    let trial = Trial::start().await;
    let first = trial.deploy(&lean()).await;
    assert_deployed(&first);
    assert_deployed(&trial.deploy(&full()).await);
    let before = seen(&trial).await;
    let ids = trial.ids().await;
    let to = first.revision.expect("it has one");
    trial.upload("rollback.json", json!({ "to": to.0 }).to_string().into_bytes()).await;
    let refused = trial.next(&ids).await;
    let Outcome::Refused { refusals } = outcome(&refused) else { panic!("{:?}", refused.status) };
    let told: String = refusals.iter().map(|one| format!("{} {}\n", one.code, one.message)).collect();
    for lost in ["shared/CartsTable", "shared/DraftsBucket"] {
        assert!(told.contains("rollback::consent") && told.contains(lost), "{told}");
    }
    assert_eq!(differences(&before, &seen(&trial).await), Vec::<String>::new(), "nothing was touched");
}
