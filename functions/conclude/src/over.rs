//! What has ended where no execution concludes it: refused on its way in, superseded or cancelled while it waited. Whoever ended it
//! says so.

use model::{Deployment, DeploymentId, EnvironmentId};
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
    /// was done before is not done again, and what has not ended is left alone. What fails for one does not keep the others waiting;
    /// the first failure is returned.
    pub(crate) async fn see_off(&self, id: &EnvironmentId, deployments: &[DeploymentId]) -> Result<(), StepError> {
        let mut told = Told::Done;
        each(deployments, async |deployment| {
            let head = self.head(id, deployment).await?;
            let Some(head) = head.filter(|head| head.outcome().is_some()) else { return Ok(()) };
            let written = self.write_missing(&head, &mut told).await;
            let gone = self.let_it_go(&head).await;
            written.and(gone)
        })
        .await
    }

    async fn write_missing(&self, head: &Deployment, told: &mut Told) -> Result<(), StepError> {
        if self.store.is_unwritten(&head.environment, &head.id).await? {
            *told = self.make_up(head, *told).await?;
        }
        Ok(())
    }

    async fn let_it_go(&self, head: &Deployment) -> Result<(), StepError> {
        let id = &head.environment;
        match self.store.waiting_execution(id, &head.id).await? {
            Some(waiting) => self.let_go(id, &waiting, Some(head)).await,
            None => Ok(()),
        }
    }
}

/// Does it for each, also after it failed for another one. Returns the first failure.
async fn each(
    deployments: &[DeploymentId],
    mut see_off: impl AsyncFnMut(&DeploymentId) -> Result<(), StepError>,
) -> Result<(), StepError> {
    let mut first = Ok(());
    for deployment in deployments {
        let seen = see_off(deployment).await;
        if let Err(error) = &seen {
            tracing::error!(%deployment, %error, "is over, and could not be seen off");
        }
        first = first.and(seen);
    }
    first
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

    #[tokio::test]
    async fn one_that_cannot_be_seen_off_keeps_no_other_waiting_and_the_first_failure_is_returned() {
        let all: Vec<DeploymentId> = ["d1", "d2", "d3", "d4"].map(DeploymentId::from).into();
        let mut gone = Vec::new();
        let ended = each(&all, async |deployment| {
            if ["d2", "d3"].contains(&deployment.0.as_str()) {
                return Err(StepError::Corrupt(format!("`{deployment}` cannot be read")));
            }
            gone.push(deployment.0.clone());
            Ok(())
        });
        assert_eq!(ended.await, Err(StepError::Corrupt("`d2` cannot be read".into())));
        assert_eq!(gone, ["d1", "d4"]);
    }

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
