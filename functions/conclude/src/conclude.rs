//! The end of a deployment: outcome, head, history, and the next one.

use std::collections::BTreeMap;

use engine::ports::Ledger;
use journal::ChangeStatus;
use model::{
    Cause, Deployment, DeploymentStatus, EnvironmentId, Outcome, Plan, Recorded, Refusal, Timestamp, expression,
};
use serde::Deserialize;
use serde_json::{Value, json};
use step::{Message, StepError, Verdict};
use store::Store;

use crate::history;

pub(crate) struct Concluding {
    pub(crate) store: Store,
    pub(crate) machine: control::StateMachine,
    pub(crate) now: fn() -> Timestamp,
}

#[derive(Deserialize)]
struct Report {
    refusals: Vec<Refusal>,
}

impl Concluding {
    pub(crate) async fn handle(&self, payload: &Value) -> Result<Value, StepError> {
        match payload.get("step").and_then(Value::as_str) {
            Some("sweep") => self.sweep().await,
            Some("conclude") => {
                let message = self.conclude(Message::read(payload)?).await?;
                serde_json::to_value(message).map_err(|error| StepError::Corrupt(error.to_string()))
            }
            _ => self.ended(payload).await,
        }
    }

    async fn conclude(&self, message: Message) -> Result<Message, StepError> {
        let id = message.environment()?;
        let deployment = self
            .store
            .deployment(&id, &message.deployment)
            .await?
            .ok_or_else(|| StepError::Corrupt(format!("deployment `{}` has no head", message.deployment)))?;
        let is_its_own = control::deployment_of(&message.execution).as_ref() == Some(&message.deployment);
        if !is_its_own || deployment.execution.as_ref().is_some_and(|execution| *execution != message.execution) {
            // Started by hand, or a successor has it.
            return Ok(message.with(Verdict::Gone));
        }
        let plan = self.plan(&deployment).await?;
        let outcome = match message.verdict {
            Some(Verdict::Done) => Outcome::Deployed,
            Some(Verdict::Unchanged) => Outcome::Unchanged,
            Some(Verdict::Refused) => self.refused(&message).await?,
            _ => self.stopped(&deployment, plan.as_ref(), &message).await?,
        };
        self.end(deployment, plan, outcome).await?;
        Ok(message.with(Verdict::Concluded))
    }

    /// Records the outcome of a deployment that has not ended yet, writes its history, and starts the next one. Doing so
    /// again changes nothing: what was recorded first stands.
    pub(crate) async fn end(
        &self,
        mut deployment: Deployment,
        plan: Option<Plan>,
        outcome: Outcome,
    ) -> Result<(), StepError> {
        let id = deployment.environment.clone();
        let (recorded, entries) = tokio::try_join!(self.store.record(&id), self.store.journal(&deployment.id))?;
        if !matches!(deployment.status, DeploymentStatus::Ended { .. }) {
            if outcome.is_success() {
                deployment.outputs = plan.as_ref().map(|plan| outputs(plan, &recorded)).unwrap_or_default();
            }
            deployment.revision = Some(recorded.revision);
            deployment.ended = Some((self.now)());
            log(&deployment, &outcome);
            deployment.status = DeploymentStatus::Ended { outcome };
            if !self.store.conclude(&deployment).await? {
                tracing::warn!(deployment = %deployment.id, "it had lost its turn; what was recorded stands");
                return Ok(());
            }
        }
        let history = history::write(&self.store, &deployment, &recorded, &entries);
        let (history, next) = tokio::join!(history, engine::start_next(&id, &self.store, &self.machine));
        history?;
        Ok(next?)
    }

    pub(crate) async fn plan(&self, deployment: &Deployment) -> Result<Option<Plan>, StepError> {
        let Some(reference) = &deployment.plan else { return Ok(None) };
        let bytes = self.store.get(reference).await?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| StepError::Unreadable(error.to_string()))
    }

    async fn refused(&self, message: &Message) -> Result<Outcome, StepError> {
        let report = message.report.as_ref();
        let report = report.ok_or_else(|| StepError::Unreadable("a refusal without a report".to_owned()))?;
        let bytes = self.store.get(report).await?;
        let report: Report = serde_json::from_slice(&bytes).map_err(|error| StepError::Corrupt(error.to_string()))?;
        Ok(Outcome::Refused { refusals: report.refusals })
    }

    async fn stopped(
        &self,
        deployment: &Deployment,
        plan: Option<&Plan>,
        message: &Message,
    ) -> Result<Outcome, StepError> {
        let mut causes = self.failures(deployment, plan).await?;
        if let Some(caught) = &message.error {
            causes.push(Cause {
                change: None,
                message: format!("{}: {}", caught.error, caught.message()),
                help: help(&caught.error).to_owned(),
                blocked: Vec::new(),
            });
        }
        Ok(Outcome::Stopped { causes })
    }

    /// The root failures that the journal tells of.
    pub(crate) async fn failures(&self, deployment: &Deployment, plan: Option<&Plan>) -> Result<Vec<Cause>, StepError> {
        let Some(plan) = plan else { return Ok(Vec::new()) };
        let entries = self.store.journal(&deployment.id).await?;
        let status = journal::fold(&entries).map_err(|error| StepError::Corrupt(error.to_string()))?;
        let failed: BTreeMap<_, _> = status
            .changes
            .into_iter()
            .filter_map(|(key, status)| match status {
                ChangeStatus::Failed(error) => Some((key, error)),
                _ => None,
            })
            .collect();
        Ok(engine::causes(plan, &failed))
    }

    pub(crate) async fn head(
        &self,
        id: &EnvironmentId,
        deployment: &model::DeploymentId,
    ) -> Result<Option<Deployment>, StepError> {
        Ok(self.store.deployment(id, deployment).await?)
    }
}

fn outputs(plan: &Plan, recorded: &Recorded) -> BTreeMap<String, Value> {
    let lookup = |reference: &model::Reference| recorded.value_of(reference);
    plan.outputs
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), expression::resolve_value(value, &lookup).ok()?)))
        .collect()
}

fn help(error: &str) -> &'static str {
    match error {
        "Misconfigured" => "an administrator must correct the engine's settings or permissions; then deploy again",
        "Corrupt" => "do not deploy again before an administrator has looked: what is stored is not what was stored",
        "Unreadable" => "the engine's parts are of different versions: finish its upgrade, then deploy again",
        _ => "deploy again: the engine carries on from where this stopped",
    }
}

fn log(deployment: &Deployment, outcome: &Outcome) {
    let took = deployment.ended.map(|ended| ended.duration_since(deployment.accepted).as_secs_f64());
    tracing::info!(
        deployment = %deployment.id,
        environment = %deployment.environment,
        outcome = outcome.name(),
        seconds = took,
        details = %json!(outcome),
        "concluded"
    );
}
