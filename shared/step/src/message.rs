//! What the steps of the state machine hand to each other: references, never plans.

use std::collections::BTreeSet;

use model::{Deployment, DeploymentId, Digest, EnvironmentId, ObjectRef, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::StepError;

/// The version of the wire types that this code writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// The state of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The version of this format.
    pub v: u32,
    /// The step that is asked for.
    pub step: String,
    /// The deployment.
    pub deployment: DeploymentId,
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The name of this execution.
    pub execution: String,
    /// What was looked up in the account, from the observe step on; none where nothing is to be known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<ObjectRef>,
    /// The plan, from the plan step on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<ObjectRef>,
    /// What is wrong with what was handed in: a list of refusals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ObjectRef>,
    /// What the last step came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// How many seconds the state machine waits before the next wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<u64>,
    /// How many waves this execution has gone through. Absent in executions that began before waves were counted.
    #[serde(default)]
    pub waves: u32,
    /// Whether the plan is one that undoes what an earlier plan of this deployment did, or one that goes back to a revision:
    /// whoever plans again asks for it where it was made. Absent where neither.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undo: bool,
    /// For how many seconds approval is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// How far looking at the plan's gates has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gates: Option<Watched>,
    /// Why the plan failed where its journal does not tell: a list of causes, each a gate that did not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causes: Option<ObjectRef>,
    /// What the state machine caught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Caught>,
}

/// How far looking at a plan's gates has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The digest of the plan: what was seen under another one is not seen under this.
    pub plan: Digest,
    /// When the deployment made its first change.
    pub began: Timestamp,
    /// When the last change was made: the gates' time counts from then.
    pub since: Timestamp,
    /// The gates that hold and are not looked at again, by their place in the plan.
    #[serde(default)]
    pub held: BTreeSet<usize>,
}

/// An error as the state machine hands it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caught {
    /// Its name.
    #[serde(rename = "Error")]
    pub error: String,
    /// Its message; for a function's error a JSON object with `errorMessage`.
    #[serde(rename = "Cause", default)]
    pub cause: String,
}

impl Caught {
    /// The words of the function that failed, or of AWS.
    pub fn message(&self) -> String {
        let inner = serde_json::from_str::<Value>(&self.cause).ok();
        let inner = inner.as_ref().and_then(|cause| cause.get("errorMessage")?.as_str());
        inner.map_or_else(|| self.cause.clone(), str::to_owned)
    }
}

/// What a step came to. The state machine's choices read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Enter: the deployment is this execution's.
    Claimed,
    /// Enter: the deployment is this execution's, and something must be looked up before it can be planned.
    Observe,
    /// Enter: the deployment is this execution's, and goes back to a revision.
    Back,
    /// Enter: what somebody started by hand waits in the queue.
    Enqueued,
    /// Enter: another execution has it, or it has ended.
    Gone,
    /// Observe: everything is looked up.
    Observed,
    /// Plan, Rollback: there is something to do.
    Changes,
    /// Plan, Rollback: there is nothing to do.
    Unchanged,
    /// Observe, Plan, Rollback: what was handed in cannot be planned. Enter: what was started by hand asks for nothing that there is.
    Refused,
    /// Plan, Rollback: there is something to do, and somebody has to approve it.
    Approval,
    /// Approval: it was given; the queue starts another execution.
    Approved,
    /// Approval: it was refused.
    Denied,
    /// Approval: nobody decided in time.
    Expired,
    /// Wave: the slice is over.
    More,
    /// Wave: wait, then go on.
    Wait,
    /// Wave: plan again.
    Replan,
    /// Wave: this execution has gone through as many waves as one may; another goes on.
    HandOver,
    /// Wave: somebody cancelled the deployment.
    Cancelled,
    /// Wave: changes failed. Anywhere: an error was caught.
    Failed,
    /// Wave: everything is done. Gates: everything holds.
    Done,
    /// Wave: everything is done, and gates are to be looked at.
    Check,
    /// Conclude: the outcome is recorded.
    Concluded,
    /// Hand-over: the deployment goes on in another execution.
    HandedOver,
}

/// Whether a payload is of the version that this code reads.
///
/// # Errors
/// [`StepError::Unreadable`] where it is of another one.
pub fn check_version(payload: &Value) -> Result<(), StepError> {
    match payload.get("v").and_then(Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => Ok(()),
        Some(other) => {
            Err(StepError::Unreadable(format!("version {other} of the wire types; this function reads {VERSION}")))
        }
        None => Err(StepError::Unreadable("the payload has no version `v`".to_owned())),
    }
}

impl Message {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`StepError::Unreadable`] where it is of another version or shape.
    pub fn read(payload: &Value) -> Result<Self, StepError> {
        check_version(payload)?;
        serde_json::from_value(payload.clone()).map_err(|error| StepError::Unreadable(error.to_string()))
    }

    /// The environment's id.
    ///
    /// # Errors
    /// [`StepError::Unreadable`] where the names are none.
    pub fn environment(&self) -> Result<EnvironmentId, StepError> {
        EnvironmentId::new(&self.project, &self.environment).map_err(|error| StepError::Unreadable(error.to_string()))
    }

    /// Whether the execution that this is the state of has the deployment still: a step that comes too late must not write
    /// into the head what its successor would take for its own.
    ///
    /// # Errors
    /// [`StepError::LeaseLost`] where another one has it.
    pub fn check_hold(&self, head: &Deployment) -> Result<(), StepError> {
        if head.execution.as_deref() == Some(&self.execution) {
            return Ok(());
        }
        Err(StepError::LeaseLost(format!("another execution than `{}` has deployment `{}`", self.execution, head.id)))
    }

    /// The same with a verdict.
    #[must_use]
    pub fn with(self, verdict: Verdict) -> Self {
        Self { verdict: Some(verdict), ..self }
    }

    /// The same where the deployment is refused, for reasons that are written there.
    #[must_use]
    pub fn refused(self, report: ObjectRef) -> Self {
        Self { report: Some(report), ..self.with(Verdict::Refused) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use model::{Origin, Request};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_of_another_version_is_not_guessed_at() {
        let message = json!({ "v": 1, "step": "plan", "deployment": "d1", "project": "shop", "environment": "dev", "execution": "d1-1" });
        assert!(Message::read(&message).is_ok());
        let mut newer = message.clone();
        newer["v"] = json!(2);
        assert!(matches!(Message::read(&newer), Err(StepError::Unreadable(_))));
        assert!(matches!(Message::read(&json!({})), Err(StepError::Unreadable(_))));
    }

    #[test]
    fn a_step_of_an_execution_that_has_a_successor_comes_too_late() {
        let message = json!({ "v": 1, "step": "plan", "deployment": "d1", "project": "shop", "environment": "dev", "execution": "d1-1" });
        let message = Message::read(&message).unwrap();
        let id = message.environment().unwrap();
        let head = Deployment::new("d1".into(), id, Origin::Engine, Request::DEPLOY, Timestamp::UNIX_EPOCH);
        let held = |execution: &str| Deployment { execution: Some(execution.into()), ..head.clone() };
        assert_eq!(message.check_hold(&held("d1-1")), Ok(()));
        assert!(matches!(message.check_hold(&held("d1-2")), Err(StepError::LeaseLost(_))));
        assert!(matches!(message.check_hold(&head), Err(StepError::LeaseLost(_))));
    }

    #[test]
    fn an_execution_that_began_before_waves_were_counted_goes_on() {
        let message = json!({ "v": 1, "step": "wave", "deployment": "d1", "project": "shop", "environment": "dev", "execution": "d1-1" });
        assert_eq!(Message::read(&message).map(|message| message.waves), Ok(0));
    }

    #[test]
    fn what_a_function_said_is_found_in_what_the_state_machine_caught() {
        let cause = json!({ "errorType": "Corrupt", "errorMessage": "the journal is corrupt" }).to_string();
        let caught = Caught { error: "Corrupt".into(), cause };
        assert_eq!(caught.message(), "the journal is corrupt");
        assert_eq!(Caught { error: "States.Timeout".into(), cause: "late".into() }.message(), "late");
    }
}
