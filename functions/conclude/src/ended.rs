//! Executions that died without concluding: an abort or a time-out passes no Catch.

use control::Standing;
use engine::ports::{Active, Executions, Launch, Queue, Restart};
use model::{Cause, DeploymentId, DeploymentStatus, EnvironmentId};
use serde::Deserialize;
use serde_json::{Value, json};
use step::StepError;

use crate::conclude::Concluding;
use crate::outcome::{self, End};

/// How many executions of a deployment may die before it is given up. Those that hand over do not count.
const DEATHS: u32 = 3;

#[derive(Deserialize)]
struct Envelope {
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    name: String,
    status: String,
    #[serde(default)]
    input: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Input {
    deployment: DeploymentId,
    project: String,
    environment: String,
}

impl Concluding {
    /// Handles the event that says: an execution ended. It may come twice, and late. One that somebody started by hand is
    /// none of its business.
    pub(crate) async fn ended(&self, payload: &Value) -> Result<Value, StepError> {
        let unreadable =
            |error: serde_json::Error| StepError::Unreadable(format!("not an event of an execution: {error}"));
        let Detail { name, status, input } = Envelope::deserialize(payload).map_err(unreadable)?.detail;
        let Some(input) = input.and_then(|input| own(&name, &input)) else {
            // Started by hand: what it asked for has an execution of its own.
            return Ok(json!({ "ignored": name }));
        };
        let id = EnvironmentId::new(&input.project, &input.environment)
            .map_err(|error| StepError::Unreadable(error.to_string()))?;
        if status == "SUCCEEDED" {
            let superseded = engine::start_next(&id, &self.store, &self.machine, (self.now)()).await?;
            self.see_off(&id, &superseded).await?;
            return Ok(json!({ "execution": name, "next": true }));
        }
        let active = self.store.active(&id).await?;
        let is_its_own = |active: &Active| {
            active.entry.deployment == input.deployment
                && control::execution_name(&active.entry.deployment, active.entry.starts) == name
        };
        match active.filter(is_its_own) {
            Some(active) => self.resume(&id, &active, &status).await,
            None if self.end_abandoned(&id, &input.deployment, &name, &status).await? => {
                Ok(json!({ "concluded": input.deployment }))
            }
            None => Ok(json!({ "execution": name, "known": true })),
        }
    }

    /// Looks at every environment: an execution that is gone without a word is resumed or concluded, a queue that stands
    /// still moves on, deletions that are due are enqueued, and histories that are missing are written. What fails in one
    /// environment does not keep the others waiting.
    pub(crate) async fn sweep(&self) -> Result<Value, StepError> {
        let mut moved = Vec::new();
        let mut failed = None;
        for environment in self.store.environments().await? {
            match self.sweep_one(&environment.id).await {
                Ok(found) => moved.extend(found),
                Err(error) => {
                    tracing::error!(environment = %environment.id, %error, "could not be swept");
                    failed = Some(error);
                }
            }
        }
        failed.map_or_else(|| Ok(json!({ "moved": moved })), Err)
    }

    /// Says what it had to move, if anything.
    async fn sweep_one(&self, id: &EnvironmentId) -> Result<Option<Value>, StepError> {
        let turn = self.store.turn(id).await?;
        let moved = match turn.active {
            Some(active) => self.look_after(id, &active).await?,
            None => {
                let reap = match turn.reap {
                    Some(due) => self.enqueue_reap(id, due).await?,
                    None => None,
                };
                engine::start_next(id, &self.store, &self.machine, (self.now)()).await?;
                reap.map(|deployment| json!({ "reap": deployment }))
            }
        };
        let abandoned = self.look_after_waiting(id).await?;
        self.catch_up(id).await?;
        Ok(moved.or(abandoned))
    }

    /// Looks after the deployment that has its turn: its execution may be gone, or was never started.
    async fn look_after(&self, id: &EnvironmentId, active: &Active) -> Result<Option<Value>, StepError> {
        let name = control::execution_name(&active.entry.deployment, active.entry.starts);
        // A stop is somebody's wish, also where the sweeper comes before the event that tells of it.
        let status = match self.machine.standing(&name).await? {
            Standing::Running => return Ok(None),
            Standing::Unknown if !active.claimed => {
                engine::start_next(id, &self.store, &self.machine, (self.now)()).await?;
                return Ok(Some(json!({ "started": name })));
            }
            Standing::Stopped => "ABORTED",
            Standing::Ended | Standing::Unknown => "FAILED",
        };
        tracing::warn!(execution = name, status, "ended without concluding");
        self.resume(id, active, status).await.map(Some)
    }

    /// Goes on with a deployment whose execution died, or gives it up: at once where somebody stopped it, and after
    /// [`DEATHS`] of them otherwise. Its lease runs out by itself.
    async fn resume(&self, id: &EnvironmentId, active: &Active, status: &str) -> Result<Value, StepError> {
        let deployment = &active.entry.deployment;
        let head = self
            .head(id, deployment)
            .await?
            .ok_or_else(|| StepError::Corrupt(format!("deployment `{deployment}` has no head")))?;
        let has_ended = matches!(head.status, DeploymentStatus::Ended { .. });
        if !has_ended && status != "ABORTED" && active.entry.deaths.saturating_add(1) < DEATHS {
            let entry = self.store.restart(id, &active.entry, Restart::Death).await?;
            let launch = self.machine.start(id, &entry.deployment, entry.starts).await?;
            tracing::warn!(deployment = %deployment, start = entry.starts, ?launch, "resumed");
            return Ok(json!({ "resumed": deployment, "running": launch == Launch::Running }));
        }
        let known = self.known(&head).await?;
        let (message, help) = match status {
            "ABORTED" => {
                ("its execution was stopped by hand", "deploy again: the engine carries on from where this stopped")
            }
            _ => (
                "its executions kept ending without concluding",
                "look at the execution's events in Step Functions, then deploy again",
            ),
        };
        let cause = Cause { change: None, message: message.to_owned(), help: help.to_owned(), blocked: Vec::new() };
        let outcome = outcome::of(&head, &known, End::Failed(vec![cause]));
        self.end(head, Some(active), &known, outcome).await?;
        Ok(json!({ "concluded": deployment }))
    }
}

/// The input of an execution that the engine started: its name is that of the deployment which the input names.
fn own(name: &str, input: &str) -> Option<Input> {
    let input: Input = serde_json::from_str(input).ok()?;
    control::execution_of(name).is_some_and(|(deployment, _)| deployment == input.deployment).then_some(input)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    #[test]
    fn an_execution_that_was_started_by_hand_is_nobodys() {
        let input = json!({ "v": 1, "deployment": "d1", "project": "shop", "environment": "dev" }).to_string();
        let own_input = own("d1-2", &input).unwrap();
        assert_eq!(own_input.deployment, DeploymentId::from("d1"));
        assert_eq!(own("by-hand", &input), None);
        assert_eq!(own("d2-1", &input), None);
        let asked = json!({ "rollback": { "project": "shop", "environment": "dev", "to": "previous" } }).to_string();
        assert_eq!(own("0b1c6a4e-7d5e-4c1c-9d3c-2f7f3e4f5a6b", &asked), None);
    }
}
