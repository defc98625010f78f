//! The end of a deployment: outcome, head, history, and the next one.

use std::collections::BTreeMap;

use engine::ports::{Active, Queue};
use model::{
    Cause, Deployment, DeploymentStatus, Destroy, EnvironmentId, Outcome, Plan, Recorded, Refusal, Request, Scope,
    Timestamp, expression,
};
use serde::Deserialize;
use serde_json::{Value, json};
use step::{Caught, Message, StepError, Verdict};
use store::Store;

use crate::known::{Known, broken};
use crate::outcome::{self, End};
use crate::tell::Told;
use crate::{history, reap};

pub(crate) struct Concluding {
    pub(crate) store: Store,
    pub(crate) machine: control::StateMachine,
    pub(crate) topic: control::Topic,
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
            Some("keep") => self.keep().await,
            Some("conclude") => {
                let message = self.conclude(Message::read(payload)?).await?;
                serde_json::to_value(message).map_err(|error| StepError::Corrupt(error.to_string()))
            }
            Some("await-approval") => self.await_approval(payload).await,
            Some("over") => self.over(payload).await,
            Some("hand-over") => {
                let message = self.hand_over(Message::read(payload)?).await?;
                serde_json::to_value(message).map_err(|error| StepError::Corrupt(error.to_string()))
            }
            _ => self.ended(payload).await,
        }
    }

    /// The turn of the deployment that a message speaks of, if it is the turn of its execution.
    pub(crate) async fn turn_of(&self, id: &EnvironmentId, message: &Message) -> Result<Option<Active>, StepError> {
        let is_its_own = |active: &Active| {
            active.entry.deployment == message.deployment
                && control::execution_name(&active.entry.deployment, active.entry.starts) == message.execution
        };
        Ok(self.store.active(id).await?.filter(is_its_own))
    }

    async fn conclude(&self, message: Message) -> Result<Message, StepError> {
        let id = message.environment()?;
        let (deployment, active) = tokio::try_join!(self.head(&id, &message.deployment), self.turn_of(&id, &message))?;
        let deployment =
            deployment.ok_or_else(|| StepError::Corrupt(format!("deployment `{}` has no head", message.deployment)))?;
        let deployment = self.end_waiting(deployment, &message).await?;
        let has_ended = matches!(deployment.status, DeploymentStatus::Ended { .. });
        if active.is_none() && !(has_ended && deployment.execution.as_ref() == Some(&message.execution)) {
            // Started by hand, or a successor has it.
            return Ok(message.with(Verdict::Gone));
        }
        let known = self.known(&deployment).await?;
        let end = self.end_of(&message, active.as_ref()).await?;
        let outcome = outcome::of(&deployment, &known, end);
        self.end(deployment, active.as_ref(), &known, outcome).await?;
        Ok(message.with(Verdict::Concluded))
    }

    /// How the last step ended, from what the state machine hands on.
    async fn end_of(&self, message: &Message, active: Option<&Active>) -> Result<End, StepError> {
        Ok(match message.verdict {
            Some(Verdict::Done) => End::Done,
            Some(Verdict::Unchanged) => End::Unchanged,
            Some(Verdict::Refused) => refused(self.refusals(message).await?, self.gates(message).await?),
            Some(Verdict::Cancelled) => End::Cancelled { by: active.and_then(|active| active.cancel.clone()?.by) },
            Some(Verdict::Denied) => End::Denied,
            Some(Verdict::Expired) => End::Expired,
            _ => {
                let mut causes = self.gates(message).await?;
                causes.extend(message.error.iter().map(caught));
                End::Failed(causes)
            }
        })
    }

    /// The gates that did not hold. What cannot be read of them must not keep the deployment from ending.
    async fn gates(&self, message: &Message) -> Result<Vec<Cause>, StepError> {
        let Some(causes) = &message.causes else { return Ok(Vec::new()) };
        let read =
            self.store.get(causes).await.map_err(StepError::from).and_then(|bytes| {
                serde_json::from_slice(&bytes).map_err(|error| StepError::Corrupt(error.to_string()))
            });
        match read {
            Err(error @ (StepError::Corrupt(_) | StepError::Unreadable(_))) => Ok(vec![broken(&error)]),
            read => read,
        }
    }

    /// Records the outcome of a deployment that has its turn, as `active` shows it, writes its history, and starts the next
    /// one. Doing so again changes nothing: what was recorded first stands.
    pub(crate) async fn end(
        &self,
        mut deployment: Deployment,
        active: Option<&Active>,
        known: &Known,
        outcome: Outcome,
    ) -> Result<(), StepError> {
        let id = deployment.environment.clone();
        if let Some(active) = active.filter(|_| !matches!(deployment.status, DeploymentStatus::Ended { .. })) {
            let now = (self.now)();
            let mut due = None;
            if let Some(recorded) = &known.recorded {
                if stands(&outcome) {
                    deployment.outputs = self.outputs(&deployment, known, recorded).await?;
                }
                deployment.revision = Some(recorded.revision);
                deployment.deferred = reap::deferred(recorded);
                deployment.after = Some(history::keep(&self.store, &deployment, recorded).await?);
                due = reap::due(recorded, &deployment.request, now);
            }
            deployment.ended = Some(now);
            log(&deployment, &outcome);
            deployment.status = DeploymentStatus::Ended { outcome };
            if !self.store.conclude(&deployment, active, due).await? {
                tracing::warn!(deployment = %deployment.id, "it had lost its turn; what was recorded stands");
                return Ok(());
            }
        }
        let history = self.finish(&deployment, known);
        let next = engine::start_next(&id, &self.store, &self.machine, (self.now)());
        let (history, next) = tokio::join!(history, next);
        history?;
        next?;
        // The next one may have superseded others, which end without an execution of their own.
        self.catch_up(&id).await
    }

    /// The outputs of a deployment. What changes none keeps those of the last one that could name any; what destroys a part
    /// of the environment keeps those that the rest still has.
    async fn outputs(
        &self,
        deployment: &Deployment,
        known: &Known,
        recorded: &Recorded,
    ) -> Result<BTreeMap<String, Value>, StepError> {
        let id = &deployment.environment;
        match &deployment.request {
            Request::Deploy { .. } | Request::Rollback(_) => Ok(outputs(known.plan.as_ref(), recorded)),
            Request::Reap | Request::LetGo { .. } => {
                let last = self.last(id, |one| !matches!(one, Request::Reap | Request::LetGo { .. })).await?;
                Ok(last.map(|last| last.outputs).unwrap_or_default())
            }
            Request::Destroy(Destroy { scope: Scope::All, .. }) => Ok(BTreeMap::new()),
            Request::Destroy(_) => {
                let last = self.last(id, |one| matches!(one, Request::Deploy { .. } | Request::Rollback(_))).await?;
                let plan = match &last {
                    Some(last) => self.plan(last).await?,
                    None => None,
                };
                Ok(outputs(plan.as_ref(), recorded))
            }
        }
    }

    /// The last deployment of an environment that was asked for something of this kind and left its outputs.
    async fn last(
        &self,
        id: &EnvironmentId,
        of_kind: impl Fn(&Request) -> bool,
    ) -> Result<Option<Deployment>, StepError> {
        let all = self.store.deployments(id).await?;
        Ok(all.into_iter().filter(|one| of_kind(&one.request)).rfind(|one| one.outcome().is_some_and(stands)))
    }

    /// Writes the history of a deployment that has ended, and tells of it. Where that cannot be told now, it stays to be done.
    async fn finish(&self, deployment: &Deployment, known: &Known) -> Result<Told, StepError> {
        self.write_history(deployment, known).await?;
        let told = self.tell_end(deployment, known.plan.as_ref()).await;
        if told == Told::Done {
            self.store.written(&deployment.environment, &deployment.id).await?;
        }
        Ok(told)
    }

    async fn write_history(&self, deployment: &Deployment, known: &Known) -> Result<(), StepError> {
        history::write(&self.store, deployment, known.recorded.as_ref(), &known.entries).await
    }

    /// Writes every history that is missing and tells what was not told: of what ended while it waited, of what was refused on its way
    /// in, and of what ended in an execution that died right after. Executions that wait in vain for an approval are released.
    pub(crate) async fn catch_up(&self, id: &EnvironmentId) -> Result<(), StepError> {
        let mut told = Told::Done;
        for deployment in self.store.unwritten(id).await? {
            if let Some(head) = self.head(id, &deployment).await? {
                told = self.make_up(&head, told).await?;
            }
        }
        self.release(id, told).await
    }

    /// Writes a history that is missing, and tells of it if people can be told just now; says whether they still can.
    pub(crate) async fn make_up(&self, head: &Deployment, told: Told) -> Result<Told, StepError> {
        let known = self.known(head).await?;
        let told = match told {
            Told::Done => self.finish(head, &known).await?,
            // Who could not be told a moment ago would only take up the others' time.
            Told::Later => {
                self.write_history(head, &known).await?;
                told
            }
        };
        tracing::info!(deployment = %head.id, "its history was missing");
        Ok(told)
    }

    pub(crate) async fn plan(&self, deployment: &Deployment) -> Result<Option<Plan>, StepError> {
        let Some(reference) = &deployment.plan else { return Ok(None) };
        let bytes = self.store.get(reference).await?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| StepError::Unreadable(error.to_string()))
    }

    async fn refusals(&self, message: &Message) -> Result<Vec<Refusal>, StepError> {
        let report = message.report.as_ref();
        let report = report.ok_or_else(|| StepError::Unreadable("a refusal without a report".to_owned()))?;
        let bytes = self.store.get(report).await?;
        let report: Report = serde_json::from_slice(&bytes).map_err(|error| StepError::Corrupt(error.to_string()))?;
        Ok(report.refusals)
    }

    pub(crate) async fn head(
        &self,
        id: &EnvironmentId,
        deployment: &model::DeploymentId,
    ) -> Result<Option<Deployment>, StepError> {
        Ok(self.store.deployment(id, deployment).await?)
    }
}

/// What could not be planned; where that was to undo what the gates found, what they found comes first.
fn refused(refusals: Vec<Refusal>, mut gates: Vec<Cause>) -> End {
    if gates.is_empty() {
        return End::Refused(refusals);
    }
    gates.extend(refusals.into_iter().map(outcome::cause));
    End::Failed(gates)
}

fn caught(caught: &Caught) -> Cause {
    let message = format!("{}: {}", caught.error, caught.message());
    Cause { change: None, message, help: help(&caught.error).to_owned(), blocked: Vec::new() }
}

/// Whether the environment is as a plan wanted it, be it one that undid another.
fn stands(outcome: &Outcome) -> bool {
    outcome.is_success() || matches!(outcome, Outcome::RolledBack { .. })
}

fn outputs(plan: Option<&Plan>, recorded: &Recorded) -> BTreeMap<String, Value> {
    let lookup = |reference: &model::Reference| recorded.value_of(reference);
    let outputs = plan.map(|plan| &plan.outputs).into_iter().flatten();
    outputs.filter_map(|(name, value)| Some((name.clone(), expression::resolve_value(value, &lookup).ok()?))).collect()
}

pub(crate) fn help(error: &str) -> &'static str {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test that cannot go on ends here")]

    use super::*;

    #[test]
    fn where_what_the_gates_found_cannot_be_undone_both_are_told() {
        let refusal = || {
            let (code, message) = ("rollback::gone".to_owned(), "no".to_owned());
            vec![Refusal { code, message, help: Some("look".to_owned()), file: None, line: None, column: None }]
        };
        assert_eq!(refused(refusal(), Vec::new()), End::Refused(refusal()));
        let gate = Cause { change: None, message: "not well".into(), help: "mend it".into(), blocked: Vec::new() };
        let End::Failed(causes) = refused(refusal(), vec![gate]) else { panic!("it has failed") };
        let told: Vec<_> = causes.iter().map(|cause| cause.message.as_str()).collect();
        assert_eq!(told, ["not well", "rollback::gone: no"]);
    }
}
