//! One planning: read, expand, plan, check, write.

use engine::ports::Ledger;
use model::{Deployment, Environment, Recorded, Request, Snapshot, Stamp, Timestamp};
use planner::Planned;
use serde_json::Value;
use step::{Message, StepError, Verdict};
use store::Store;

use crate::decide::{Asked, Material, Rejected, decide, refusal};

/// What planning needs.
pub struct Planning {
    /// Where everything is kept.
    pub store: Store,
    /// The clock.
    pub now: fn() -> Timestamp,
}

impl Planning {
    /// Plans the deployment that a message names, and says where the plan is or why there is none.
    ///
    /// # Errors
    /// [`StepError`] where that could not be found out.
    pub async fn handle(&self, payload: &Value) -> Result<Message, StepError> {
        let message = Message::read(payload)?;
        let id = message.environment()?;
        let (deployment, environment, engine) = tokio::try_join!(
            self.store.deployment(&id, &message.deployment),
            self.store.environment(&id),
            self.store.engine(),
        )?;
        let deployment =
            deployment.ok_or_else(|| StepError::Corrupt(format!("deployment `{}` has no head", message.deployment)))?;
        message.check_hold(&deployment)?;
        let Some(environment) = environment else {
            let help = "ask an administrator to register it again";
            let gone = refusal("plan::unknown-environment", format!("environment `{id}` is gone"), Some(help));
            return Ok(message.refused(self.store.keep_refusals(&deployment, &[gone], None).await?));
        };
        let (asked, recorded, journal) = tokio::try_join!(
            self.asked(&message, &deployment),
            async { Ok(self.store.record(&deployment.environment).await?) },
            async { Ok(self.store.journal(&deployment.id).await?) },
        )?;
        if let Some(approved) = self.approved(&message, &deployment, &recorded, asked.as_ref()).await? {
            return self.carry_on(message, deployment, approved).await;
        }
        let stamp = Stamp {
            engine,
            scope: id.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            deployed_at: deployment.accepted.to_string(),
            deployed_by: deployment.id.to_string(),
        };
        let material = Material {
            deployment: &deployment,
            environment: &environment,
            recorded: &recorded,
            stamp: &stamp,
            bucket: self.store.deployments_bucket(),
            asked: asked.as_ref(),
            since: journal.len(),
        };
        match decide(&material) {
            Ok(planned) => self.write(message, deployment, &environment, &planned, &recorded).await,
            Err(Rejected::Refused(refusals, text)) => {
                Ok(message.refused(self.store.keep_refusals(&deployment, &refusals, text.as_deref()).await?))
            }
            Err(Rejected::Step(error)) => Err(error),
        }
    }

    /// What the config asks for; none where none is asked for.
    async fn asked(&self, message: &Message, deployment: &Deployment) -> Result<Option<Asked>, StepError> {
        if !matches!(deployment.request, Request::Deploy { .. }) {
            return Ok(None);
        }
        let config = deployment.config.as_ref();
        let config =
            config.ok_or_else(|| StepError::Corrupt(format!("deployment `{}` has no config", deployment.id)))?;
        let (bytes, sources, snapshot) =
            tokio::try_join!(self.store.get(config), self.store.sources(deployment), async {
                match &message.snapshot {
                    Some(object) => self.store.snapshot(object).await,
                    None => Ok(Snapshot::default()),
                }
            })?;
        let text = String::from_utf8(bytes).map_err(|error| StepError::Corrupt(error.to_string()))?;
        let of_sources = deployment.sources.as_ref().map(|object| object.digest.clone());
        let of_snapshot = message.snapshot.as_ref().map(|object| object.digest.clone());
        Ok(Some(Asked::new((text, config.digest.clone()), (sources, of_sources), (snapshot, of_snapshot))))
    }

    async fn write(
        &self,
        message: Message,
        mut deployment: Deployment,
        environment: &Environment,
        Planned { plan, report }: &Planned,
        recorded: &Recorded,
    ) -> Result<Message, StepError> {
        let reference = self.store.keep_plan(plan, report, recorded).await?;
        deployment.plan = Some(reference.clone());
        let patience = deployment.ask(environment, plan, &reference, (self.now)());
        if !self.store.update_deployment(&deployment).await? {
            return Err(StepError::LeaseLost(format!("another execution has deployment `{}`", deployment.id)));
        }
        tracing::info!(
            deployment = %deployment.id,
            changes = plan.changes.len(),
            unchanged = plan.unchanged,
            parent = %plan.parent,
            asks = patience.is_some(),
            "planned"
        );
        let verdict = match patience {
            Some(_) => Verdict::Approval,
            None if plan.changes.is_empty() && !is_to_be_looked_at(plan) => Verdict::Unchanged,
            None => Verdict::Changes,
        };
        Ok(Message { plan: Some(reference), patience, ..message.with(verdict) })
    }
}

/// Whether what this deployment made before, in an execution that died, was never seen to hold.
fn is_to_be_looked_at(plan: &model::Plan) -> bool {
    plan.since > 0 && !plan.gates.is_empty()
}
