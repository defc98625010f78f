//! The last look before anything is touched: where plans must be approved, this very one was.

use model::{Digest, Environment, Plan};
use step::StepError;

use crate::wave::Provisioning;

impl Provisioning {
    /// # Errors
    /// [`StepError::Corrupt`] where the plan was not approved: whoever planned must have asked.
    pub(crate) async fn check_approval(
        &self,
        environment: &Environment,
        plan: &Plan,
        digest: &Digest,
    ) -> Result<(), StepError> {
        if environment.approval.is_none() {
            return Ok(());
        }
        let id = &plan.deployment;
        let head = self.store.deployment(&environment.id, id).await?;
        let head = head.ok_or_else(|| StepError::Corrupt(format!("deployment `{id}` has no head")))?;
        if head.may_carry_out(environment, plan, digest) {
            return Ok(());
        }
        let rule = format!("plans of `{}` must be approved, and the plan {digest} was not", environment.id);
        Err(StepError::Corrupt(format!(
            "{rule}: either it was planned before that was asked for, or it is none of ours"
        )))
    }
}
