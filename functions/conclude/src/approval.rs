//! Waiting for approval: a deployment gives its turn back, and its execution waits until somebody decides. Whatever else
//! ends the waiting ends it here.

use control::{Standing, Word};
use engine::ports::{Ledger, Queue};
use model::{Approval, Cause, Decision, Deployment, DeploymentStatus, EnvironmentId, Outcome};
use serde_json::{Value, json};
use step::{Message, StepError, Verdict};
use store::{Parked, Waiting};

use crate::conclude::{Concluding, help};
use crate::tell::Told;

impl Concluding {
    /// The step that hands over the token of an execution. That one waits from then on; what is answered here, nobody reads.
    pub(crate) async fn await_approval(&self, payload: &Value) -> Result<Value, StepError> {
        let message = Message::read(payload)?;
        let id = message.environment()?;
        let token = payload.get("token").and_then(Value::as_str);
        let token = token.ok_or_else(|| StepError::Unreadable("the payload has no token".to_owned()))?;
        let active = self.turn_of(&id, &message).await?;
        if let Some(active) = &active
            && let Some(cancel) = &active.cancel
            && let Some(head) = self.head(&id, &message.deployment).await?
        {
            let known = self.known(&head).await?;
            self.end(head, Some(active), &known, Outcome::Cancelled { by: cancel.by.clone() }).await?;
            self.machine.tell(token, Word::Gone).await?;
            return Ok(json!({ "cancelled": message.deployment }));
        }
        match self.store.park(&id, &message.deployment, &message.execution, active.as_ref(), token).await? {
            Parked::Waits => {
                tracing::info!(deployment = %message.deployment, "waits for approval");
                if let Err(error) = self.leave(&id).await {
                    // It waits all the same: what others cannot do must not end it, and the sweeper sees to them.
                    tracing::error!(deployment = %message.deployment, %error, "the next one could not be seen to");
                }
                Ok(json!({ "waits": message.deployment }))
            }
            Parked::Over(head) if is_running(&head, &message.execution) => {
                // Somebody's wish came in between; the next try sees it.
                Err(StepError::Transient(format!("deployment `{}` changed while it was parked", head.id)))
            }
            Parked::Over(head) => {
                self.machine.tell(token, word(&head)).await?;
                Ok(json!({ "over": message.deployment }))
            }
        }
    }

    /// Starts what is next, sees to what it superseded when it got its turn, which may have waited, too, and asks for approval.
    async fn leave(&self, id: &EnvironmentId) -> Result<(), StepError> {
        let next = engine::start_next(id, &self.store, &self.machine, (self.now)()).await;
        // What could not be started keeps nobody from being asked.
        self.catch_up(id).await?;
        Ok(next.map(drop)?)
    }

    /// Ends a deployment that still waits for approval when the execution that waited for it concludes: nobody decided in
    /// time, or the waiting itself failed. Any other is left as it is. Answers its head as it stands then.
    pub(crate) async fn end_waiting(&self, head: Deployment, message: &Message) -> Result<Deployment, StepError> {
        if !waits_in(&head, &message.execution) {
            return Ok(head);
        }
        let outcome = match message.verdict {
            Some(Verdict::Expired) => self.expired(&head).await?,
            _ => {
                let caught = message.error.iter().map(|caught| Cause {
                    change: None,
                    message: format!("waiting for approval: {}: {}", caught.error, caught.message()),
                    help: help(&caught.error).to_owned(),
                    blocked: Vec::new(),
                });
                let mut causes: Vec<Cause> = caught.collect();
                if causes.is_empty() {
                    // Somebody who has its token told it something that nobody decided.
                    causes.push(abandoned());
                }
                Outcome::Stopped { causes }
            }
        };
        self.give_up(head, outcome).await
    }

    /// Ends a deployment whose execution is gone without a word, while it waited for approval. Says whether it waited.
    pub(crate) async fn end_abandoned(
        &self,
        id: &EnvironmentId,
        deployment: &model::DeploymentId,
        execution: &str,
        status: &str,
    ) -> Result<bool, StepError> {
        let Some(head) = self.head(id, deployment).await?.filter(|head| waits_in(head, execution)) else {
            return Ok(false);
        };
        let is_late = head.approval.as_ref().is_some_and(|approval| (self.now)() >= approval.expires);
        let outcome = match status {
            "ABORTED" => Outcome::Cancelled { by: None },
            _ if is_late => self.expired(&head).await?,
            _ => Outcome::Stopped { causes: vec![abandoned()] },
        };
        tracing::warn!(execution, status, outcome = outcome.name(), "ended while it waited for approval");
        let head = self.give_up(head, outcome.clone()).await?;
        let known = self.known(&head).await?;
        self.end(head, None, &known, outcome).await?;
        Ok(true)
    }

    /// How a deployment ends about whose plan nobody decided in time. What was left of one that had begun is no less left.
    async fn expired(&self, head: &Deployment) -> Result<Outcome, StepError> {
        if self.store.journal(&head.id).await?.is_empty() {
            return Ok(Outcome::Expired);
        }
        let message = "nobody approved in time what was left to do".to_owned();
        let help = "deploy again: what was begun is recorded, and a new plan is asked about".to_owned();
        Ok(Outcome::Stopped { causes: vec![Cause { change: None, message, help, blocked: Vec::new() }] })
    }

    async fn give_up(&self, head: Deployment, outcome: Outcome) -> Result<Deployment, StepError> {
        match self.store.give_up_waiting(&head, outcome, (self.now)()).await? {
            Some(ended) => Ok(ended),
            // Somebody decided at the last moment, which counts.
            None => Ok(self.head(&head.environment, &head.id).await?.unwrap_or(head)),
        }
    }

    /// Looks after what waits for approval in an environment: the execution that waited may be gone.
    pub(crate) async fn look_after_waiting(&self, id: &EnvironmentId) -> Result<Option<Value>, StepError> {
        let mut ended = None;
        for entry in self.store.entries(id).await?.into_iter().filter(|entry| entry.parked) {
            let head = self.head(id, &entry.deployment).await?;
            let Some(execution) = head.and_then(|head| head.execution) else { continue };
            let status = match self.machine.standing(&execution).await? {
                Standing::Running => continue,
                Standing::Stopped => "ABORTED",
                Standing::Ended | Standing::Unknown => "FAILED",
            };
            if self.end_abandoned(id, &entry.deployment, &execution, status).await? {
                ended = Some(json!({ "concluded": entry.deployment }));
            }
        }
        Ok(ended)
    }

    /// Tells every execution that waits in vain that it may go: somebody decided and could not tell it, or the deployment was
    /// superseded or cancelled. Of what does not wait in vain, people are told once; `told` says whether they can be just now.
    pub(crate) async fn release(&self, id: &EnvironmentId, mut told: Told) -> Result<(), StepError> {
        for waiting in self.store.waiting_executions(id).await? {
            let head = self.head(id, &waiting.deployment).await?;
            match &head {
                Some(head) if head.status == DeploymentStatus::AwaitingApproval => {
                    if !waiting.told && told == Told::Done {
                        told = self.tell_question(head).await;
                        if told == Told::Done {
                            self.store.told(id, &waiting).await?;
                        }
                    }
                }
                head => self.let_go(id, &waiting, head.as_ref()).await?,
            }
        }
        Ok(())
    }

    /// Tells an execution that waits in vain for a decision about a deployment that it may go.
    pub(crate) async fn let_go(
        &self,
        id: &EnvironmentId,
        waiting: &Waiting,
        head: Option<&Deployment>,
    ) -> Result<(), StepError> {
        self.machine.tell(&waiting.token, head.map_or(Word::Gone, word)).await?;
        Ok(self.store.forget_token(id, waiting).await?)
    }
}

fn abandoned() -> Cause {
    Cause {
        change: None,
        message: "its execution ended while it waited for approval".to_owned(),
        help: "look at the execution's events in Step Functions, then deploy again".to_owned(),
        blocked: Vec::new(),
    }
}

fn is_running(head: &Deployment, execution: &str) -> bool {
    head.status == DeploymentStatus::Running && head.execution.as_deref() == Some(execution)
}

fn waits_in(head: &Deployment, execution: &str) -> bool {
    head.status == DeploymentStatus::AwaitingApproval && head.execution.as_deref() == Some(execution)
}

/// What the execution is told that waited for a decision about a deployment that waits no more.
fn word(head: &Deployment) -> Word {
    match &head.approval {
        Some(Approval { decision: Some(Decision { approved: false, .. }), .. }) => Word::Denied,
        Some(Approval { decision: Some(Decision { approved: true, .. }), .. }) => Word::Approved,
        Some(Approval { decision: None, .. }) | None => Word::Gone,
    }
}
