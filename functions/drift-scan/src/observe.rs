//! One observation: what a config refers to is looked up through the target role, and written down.

use std::time::Duration;

use model::{Deployment, Environment};
use providers::Target;
use providers::lookup::{Looked, look_up};
use serde_json::Value;
use step::{Message, StepError, Verdict};
use store::Store;

use crate::tell::{gone, refusals};

pub(crate) struct Observing {
    pub(crate) store: Store,
    pub(crate) config: store::SdkConfig,
    pub(crate) call: Duration,
}

impl Observing {
    pub(crate) async fn handle(&self, payload: &Value) -> Result<Message, StepError> {
        let message = Message::read(payload)?;
        let id = message.environment()?;
        let (deployment, environment) =
            tokio::try_join!(self.store.deployment(&id, &message.deployment), self.store.environment(&id))?;
        let deployment =
            deployment.ok_or_else(|| StepError::Corrupt(format!("deployment `{}` has no head", message.deployment)))?;
        message.check_hold(&deployment)?;
        let Some(environment) = environment else {
            return Ok(message.refused(self.store.keep_refusals(&deployment, &[gone(&id)], None).await?));
        };
        let target = target(&environment, &deployment);
        let Looked { found, unfit } = look_up(&self.config, &target, self.call, &deployment.lookups).await?;
        if !unfit.is_empty() {
            return Ok(
                message.refused(self.store.keep_refusals(&deployment, &refusals(&unfit, &environment), None).await?)
            );
        }
        let snapshot = self.store.keep_snapshot(&deployment, &found).await?;
        tracing::info!(deployment = %deployment.id, looked_up = found.0.len(), snapshot = %snapshot.digest, "observed");
        Ok(Message { snapshot: Some(snapshot), ..message.with(Verdict::Observed) })
    }
}

fn target(environment: &Environment, deployment: &Deployment) -> Target {
    Target {
        role_arn: environment.target_role.clone(),
        external_id: environment.external_id.clone(),
        region: environment.region.clone(),
        account: environment.account.clone(),
        session: format!("strandline-{}", deployment.id),
    }
}
