//! Plans that must be approved: what was approved is carried out as it is, as long as it is still what is needed.

use model::{Deployment, ObjectRef, Plan, Recorded};
use step::{Message, StepError, Verdict};

use crate::decide::Asked;
use crate::plan::Planning;

impl Planning {
    /// The plan that was approved for this deployment, where it still is what the record needs and was made from what is asked
    /// for now: what was looked up may have changed. Not where a wave asks for another one: it has seen more than was known then.
    pub(crate) async fn approved(
        &self,
        message: &Message,
        deployment: &Deployment,
        recorded: &Recorded,
        asked: Option<&Asked>,
    ) -> Result<Option<ObjectRef>, StepError> {
        if message.verdict == Some(Verdict::Replan) {
            return Ok(None);
        }
        let approved = self.store.approved_plan(deployment, recorded).await?;
        let is_of = |plan: &Plan| asked.is_none_or(|asked| asked.digest == plan.config);
        Ok(approved.filter(|(_, plan)| is_of(plan)).map(|(reference, _)| reference))
    }

    /// Hands on the plan that was approved.
    pub(crate) async fn carry_on(
        &self,
        message: Message,
        deployment: Deployment,
        approved: ObjectRef,
    ) -> Result<Message, StepError> {
        let deployment = Deployment { plan: Some(approved.clone()), ..deployment };
        if !self.store.update_deployment(&deployment).await? {
            return Err(StepError::LeaseLost(format!("another execution has deployment `{}`", deployment.id)));
        }
        tracing::info!(deployment = %deployment.id, plan = %approved.digest, "its plan was approved");
        Ok(Message { plan: Some(approved), ..message.with(Verdict::Changes) })
    }
}
