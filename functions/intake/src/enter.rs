//! `Enter`: an execution claims the deployment that it was started for.

use model::DeploymentId;
use serde_json::Value;
use step::{Message, StepError, Verdict};
use store::Claim;

use crate::intake::Intake;

impl Intake {
    pub(crate) async fn enter(&self, payload: &Value) -> Result<Message, StepError> {
        let message = Message::read(payload)?;
        let environment = message.environment()?;
        let belongs = control::deployment_of(&message.execution).as_ref() == Some(&message.deployment);
        if !belongs {
            let DeploymentId(deployment) = &message.deployment;
            let why = format!("the execution `{}` is not one of deployment `{deployment}`", message.execution);
            return Err(StepError::Unreadable(format!("{why}: upload to the inbox instead of starting it by hand")));
        }
        let claim = self.store.claim(&environment, &message.deployment, &message.execution, (self.now)()).await?;
        Ok(match claim {
            Claim::Claimed(_) => message.with(Verdict::Claimed),
            Claim::Gone => message.with(Verdict::Gone),
        })
    }
}
