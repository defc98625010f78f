//! One observation: what a config refers to is looked up through the target role, and written down.

use std::time::Duration;

use model::{Deployment, Environment, Refusal};
use providers::lookup::{Looked, look_up};
use providers::Target;
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
            return self.refuse(message, &deployment, vec![gone(&id)]).await;
        };
        let target = target(&environment, &deployment);
        let Looked { found, unfit } = look_up(&self.config, &target, self.call, &deployment.lookups).await?;
        if !unfit.is_empty() {
            return self.refuse(message, &deployment, refusals(&unfit, &environment)).await;
        }
        let snapshot = self.store.keep_snapshot(&deployment, &found).await?;
        tracing::info!(deployment = %deployment.id, looked_up = found.0.len(), snapshot = %snapshot.digest, "observed");
        Ok(Message { snapshot: Some(snapshot), ..message.with(Verdict::Observed) })
    }

    async fn refuse(
        &self,
        message: Message,
        deployment: &Deployment,
        refusals: Vec<Refusal>,
    ) -> Result<Message, StepError> {
        for refusal in &refusals {
            tracing::warn!(deployment = %deployment.id, code = refusal.code, message = refusal.message, "refused");
        }
        let report = self.store.keep_refusals(deployment, &refusals, None).await?;
        Ok(Message { report: Some(report), ..message.with(Verdict::Refused) })
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
