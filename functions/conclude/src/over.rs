//! What has ended where no execution concludes it: refused on its way in, superseded or cancelled while it waited. Whoever ended it
//! says so.

use model::{DeploymentId, EnvironmentId};
use serde::Deserialize;
use serde_json::{Value, json};
use step::StepError;

use crate::conclude::Concluding;
use crate::tell::Told;

/// What has ended.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Over {
    project: String,
    environment: String,
    deployments: Vec<DeploymentId>,
}

impl Concluding {
    /// Handles what says: these are over. It may come twice.
    pub(crate) async fn over(&self, payload: &Value) -> Result<Value, StepError> {
        let (id, deployments) = read(payload)?;
        self.see_off(&id, &deployments).await?;
        Ok(json!({ "over": deployments }))
    }

    /// Writes the histories of deployments that have ended, tells of them, and lets the executions go in which they waited. What
    /// was done before is not done again, and what has not ended is left alone.
    pub(crate) async fn see_off(&self, id: &EnvironmentId, deployments: &[DeploymentId]) -> Result<(), StepError> {
        let mut told = Told::Done;
        for deployment in deployments {
            let head = self.head(id, deployment).await?;
            let Some(head) = head.filter(|head| head.outcome().is_some()) else { continue };
            if self.store.is_unwritten(id, deployment).await? {
                told = self.make_up(&head, told).await?;
            }
            if let Some(waiting) = self.store.waiting_execution(id, deployment).await? {
                self.let_go(id, &waiting, Some(&head)).await?;
            }
        }
        Ok(())
    }
}

fn read(payload: &Value) -> Result<(EnvironmentId, Vec<DeploymentId>), StepError> {
    step::check_version(payload)?;
    let unreadable = |why: String| StepError::Unreadable(format!("not what says that deployments are over: {why}"));
    let Over { project, environment, deployments } =
        Over::deserialize(payload).map_err(|error| unreadable(error.to_string()))?;
    let id = EnvironmentId::new(&project, &environment).map_err(|error| unreadable(error.to_string()))?;
    Ok((id, deployments))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    #[test]
    fn what_is_over_is_named_and_another_version_is_not_guessed_at() {
        let payload = |version: u32, project: &str| json!({ "v": version, "step": "over", "project": project, "environment": "dev", "deployments": ["d1", "d2"] });
        let id = EnvironmentId::new("shop", "dev").unwrap();
        assert_eq!(read(&payload(1, "shop")), Ok((id, vec!["d1".into(), "d2".into()])));
        for wrong in [payload(2, "shop"), payload(1, "Shop!"), json!({ "v": 1, "step": "over" })] {
            assert!(matches!(read(&wrong), Err(StepError::Unreadable(_))), "{wrong}");
        }
    }
}
