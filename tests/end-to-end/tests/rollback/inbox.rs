//! `rollback.json`.

use end_to_end::bot::{bot, bot_with};
use end_to_end::outcome;
use model::{DeploymentStatus, Origin, Outcome, Request, Revision, Scope, Target};
use serde_json::{Value, json};

use crate::trial::Trial;

#[tokio::test]
async fn a_file_in_the_inbox_takes_the_environment_back() {
    let trial = Trial::with(&[bot(), bot_with(300)]).await;
    assert_eq!(trial.memory().await, Some(300));
    let before = trial.ids().await;
    trial.upload("rollback.json", br#"{"to": "previous"}"#.to_vec()).await;
    let deployment = trial.next(&before).await;
    let back = Outcome::RolledBack { to: Revision(1), causes: Vec::new() };
    assert_eq!(*outcome(&deployment), back, "{:#?}", deployment.status);
    assert_eq!(trial.memory().await, Some(256));
    let Origin::Upload { key, .. } = &deployment.origin else { panic!("{:?}", deployment.origin) };
    assert_eq!(key, "support-desk/dev/rollback.json");
    let Request::Rollback(asked) = &deployment.request else { panic!("{:?}", deployment.request) };
    assert_eq!((asked.to, &asked.scope), (Target::Revision(Revision(1)), &Scope::All));
    assert_eq!(deployment.config, None, "no config is read");

    // What it left can be gone back to, by what its head names: also forward again.
    let after = deployment.after.as_ref().expect("what it left is kept");
    assert!(!after.version.is_empty());
    let before = trial.ids().await;
    trial.upload("rollback.json", br#"{"to": 2}"#.to_vec()).await;
    let forward = trial.next(&before).await;
    assert_eq!(*outcome(&forward), Outcome::RolledBack { to: Revision(2), causes: Vec::new() });
    assert_eq!(trial.memory().await, Some(300));
    let before = trial.ids().await;
    trial.upload("rollback.json", br#"{"to": 2}"#.to_vec()).await;
    assert_eq!(*outcome(&trial.next(&before).await), Outcome::Unchanged);
}

#[tokio::test]
async fn a_file_that_is_wrong_is_refused_with_everything_that_is() {
    let trial = Trial::with(&[bot()]).await;
    let mark = trial.account.proxy.mark();
    let before = trial.ids().await;
    trial.upload("rollback.json", br#"{"too": 1, "agent": 7, "consent": "all"}"#.to_vec()).await;
    let deployment = trial.next(&before).await;
    let Outcome::Refused { refusals } = outcome(&deployment) else { panic!("{:?}", deployment.status) };
    let codes: Vec<&str> = refusals.iter().map(|one| one.code.as_str()).collect();
    let expected = ["intake::missing-key", "intake::wrong-type", "intake::wrong-type", "intake::unknown-key"];
    assert_eq!(codes, expected);
    let report: Value = serde_json::from_str(&trial.history(&deployment, "report.json").await).expect("JSON");
    assert_eq!(report["refusals"], json!(refusals));

    for (bytes, code) in [
        (vec![b' '; 70_000], "intake::too-large"),
        (b"{\"to\": ".to_vec(), "intake::not-json"),
        (br#"{"to": 99}"#.to_vec(), "rollback::unknown-revision"),
        (br#"{"to": "previous"}"#.to_vec(), "rollback::nothing-before"),
    ] {
        let before = trial.ids().await;
        trial.upload("rollback.json", bytes).await;
        let deployment = trial.next(&before).await;
        let DeploymentStatus::Ended { outcome: Outcome::Refused { refusals } } = &deployment.status else {
            panic!("{code}: {:?}", deployment.status)
        };
        let codes: Vec<&str> = refusals.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, [code], "{refusals:?}");
    }
    assert!(trial.changes_since(mark).is_empty(), "nothing was touched");
}
