//! `Enter`: an execution claims the deployment that it was started for.

use model::{Deployment, DeploymentId, Request};
use serde_json::Value;
use step::{Message, StepError, Verdict};
use store::Claim;

use crate::intake::Intake;

impl Intake {
    pub(crate) async fn enter(&self, payload: &Value) -> Result<Message, StepError> {
        let message = Message::read(payload)?;
        let environment = message.environment()?;
        let own = control::execution_of(&message.execution).filter(|(deployment, _)| *deployment == message.deployment);
        let Some((_, start)) = own else {
            let DeploymentId(deployment) = &message.deployment;
            let why = format!("the execution `{}` is not one of deployment `{deployment}`", message.execution);
            return Err(StepError::Unreadable(format!("{why}: upload to the inbox instead of starting it by hand")));
        };
        let execution = (message.execution.as_str(), start);
        let claim = self.store.claim(&environment, &message.deployment, execution, (self.now)()).await?;
        Ok(match claim {
            Claim::Claimed(head) if goes_back(&head) => message.with(Verdict::Back),
            Claim::Claimed(head) if must_observe(&head) => message.with(Verdict::Observe),
            Claim::Claimed(_) => message.with(Verdict::Claimed),
            Claim::Gone => message.with(Verdict::Gone),
        })
    }
}

/// Whether what the deployment does next is a way back: because it was asked for, or because an execution before this one
/// began to undo what it did.
fn goes_back(head: &Deployment) -> bool {
    head.undo.is_some() || matches!(head.request, Request::Rollback(_))
}

/// Whether something must be looked up before it can be planned.
fn must_observe(head: &Deployment) -> bool {
    matches!(head.request, Request::Deploy { .. }) && !head.lookups.is_empty()
}
