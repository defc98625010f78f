//! What must hold in the end of a deployment, whatever befell it.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Instant;

use end_to_end::{Field, Project, assert_deployed};
use engine::ports::Ledger;
use model::{Outcome, Presence, ResourceKey};
use serde_json::Value;

use crate::desk::desk;
use crate::kill::{At, deploy_and_kill, list};
use crate::same::{differences, likeness};

/// What a deployment leaves, but for what differs between any two environments.
pub(crate) struct End {
    alike: Value,
    recorded: BTreeSet<ResourceKey>,
}

impl End {
    /// Asserts that nothing tells it from another one.
    pub(crate) fn assert_is(&self, calm: &Self, what: impl Display) {
        let differences = differences(&self.alike, &calm.alike);
        assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
        assert_eq!(self.recorded, calm.recorded, "{what}");
    }
}

/// Deploys, kills, and sees the deployment get through: by itself or, where it ended as stopped, by uploading again.
pub(crate) async fn go_on(field: &Field, project: &Project, points: &[At]) {
    let began = Instant::now();
    let (ended, calls) = deploy_and_kill(field, project, points).await;
    let how = match end_to_end::outcome(&ended) {
        Outcome::Deployed => {
            let first = format!("{}-1", ended.id);
            assert_eq!(ended.execution.as_ref(), Some(&first), "the state machine itself went on with it");
            "by itself"
        }
        Outcome::Stopped { .. } => {
            assert_deployed(&field.deploy(project).await);
            "by another upload"
        }
        other => panic!("killed {}: {other:?}", list(points)),
    };
    eprintln!("killed {}: went on {how} in {:.1} s", list(points), began.elapsed().as_secs_f32());
    for call in calls {
        eprintln!("  hit {call}");
    }
}

/// What there is of the environment in the end, where its record is closed: no intent is open, everything is present and
/// exists, and every journal folds.
pub(crate) async fn closed(field: &Field) -> End {
    for deployment in field.deployments().await {
        let entries = field.store.journal(&deployment.id).await.expect("the journal can be read");
        journal::fold(&entries).expect("the journal folds");
    }
    let record = field.record().await;
    assert_eq!(record.open_intents().count(), 0, "{record:#?}");
    let existing = field.account.look(&prefix(field)).await.expect("the account can be read");
    let text = existing.0.to_string();
    for (key, resource) in &record.resources {
        assert_eq!(resource.presence, Presence::Present, "{key}");
        let id = resource.physical_id.as_ref().unwrap_or_else(|| panic!("{key} has no physical id"));
        let name = id.0.rsplit(['/', ':']).next().unwrap_or_default();
        let is_told_otherwise = resource.kind.as_str() == "AWS::SNS::Subscription";
        assert!(is_told_otherwise || text.contains(name), "{key} is `{id}`, which is not in {text}");
    }
    let alike = likeness(&existing, &field.id.environment);
    End { alike, recorded: record.resources.into_keys().collect() }
}

/// How the names of the environment's resources begin.
pub(crate) fn prefix(field: &Field) -> String {
    format!("{}-{}", field.id.project, field.id.environment)
}

/// An account whose leases are short, so that a killed wave is soon taken over.
pub(crate) async fn field() -> Field {
    let field = Field::with(&[("LeaseSeconds", "4"), ("CallSeconds", "2")]).await;
    field.stop_on_failure().await;
    field
}

/// Installs and registers the environment, and turns to it.
pub(crate) async fn turn_to(field: &mut Field, environment: &str) -> Project {
    field.id = model::EnvironmentId::new("support-desk", environment).expect("names");
    field.account.add_environment("support-desk", environment).await.expect("its target role is installed");
    field.stop_on_failure().await;
    desk(environment)
}
