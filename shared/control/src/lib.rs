//! Control of the state machine: starting executions, looking at them, and telling those that wait. The function that concludes, for
//! what ends without an execution. And the topic by which people are told.
//!
//! Owns the names of executions, their input, and what they are told. Never looks at plans or records.

mod conclude;
mod topic;

pub use conclude::Conclude;
pub use topic::{Publication, PublishError, Topic};

use async_trait::async_trait;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use engine::ports::{Executions, Launch, StoreError};
use model::{DeploymentId, EnvironmentId};

/// The state machine of one installation.
#[derive(Debug, Clone)]
pub struct StateMachine {
    client: aws_sdk_sfn::Client,
    arn: String,
}

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It runs.
    Running,
    /// Somebody stopped it.
    Stopped,
    /// It ended in any other way.
    Ended,
    /// There is none of that name.
    Unknown,
}

/// What an execution is told that waits for approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The plan was approved: another execution carries it out.
    Approved,
    /// The plan was denied: what is left to do is writing the history.
    Denied,
    /// There is nothing to wait for any more.
    Gone,
}

impl Word {
    fn verdict(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Gone => "gone",
        }
    }
}

impl StateMachine {
    /// The state machine with this ARN.
    pub fn new(config: &aws_config::SdkConfig, arn: impl Into<String>) -> Self {
        Self { client: aws_sdk_sfn::Client::new(config), arn: arn.into() }
    }

    /// Where the execution of this name stands.
    ///
    /// # Errors
    /// [`StoreError`] of Step Functions.
    pub async fn standing(&self, execution: &str) -> Result<Standing, StoreError> {
        let arn = format!("{}:{execution}", self.arn.replacen(":stateMachine:", ":execution:", 1));
        match self.client.describe_execution().execution_arn(arn).send().await {
            Ok(output) => Ok(match output.status() {
                ExecutionStatus::Running => Standing::Running,
                ExecutionStatus::Aborted => Standing::Stopped,
                _ => Standing::Ended,
            }),
            Err(SdkError::ServiceError(error)) if error.err().is_execution_does_not_exist() => Ok(Standing::Unknown),
            Err(error) => Err(failed("states DescribeExecution", &error)),
        }
    }

    /// Tells the execution with this token what became of what it waits for. One that does not wait any more, because it
    /// was told before or has ended, is none the worse for it.
    ///
    /// # Errors
    /// [`StoreError`] of Step Functions.
    pub async fn tell(&self, token: &str, word: Word) -> Result<(), StoreError> {
        let output = serde_json::json!({ "verdict": word.verdict() }).to_string();
        match self.client.send_task_success().task_token(token).output(output).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error))
                if error.err().is_task_timed_out()
                    || error.err().is_task_does_not_exist()
                    || error.err().is_invalid_token() =>
            {
                Ok(())
            }
            Err(error) => Err(failed("states SendTaskSuccess", &error)),
        }
    }
}

/// The name of a deployment's execution: at most 80 characters, and a name serves once in 90 days.
pub fn execution_name(deployment: &DeploymentId, start: u32) -> String {
    format!("{deployment}-{start}")
}

/// The deployment that an execution of that name belongs to, and which of its executions it is.
pub fn execution_of(execution: &str) -> Option<(DeploymentId, u32)> {
    let (deployment, start) = execution.rsplit_once('-')?;
    Some((deployment.into(), start.parse().ok()?))
}

#[async_trait]
impl Executions for StateMachine {
    async fn start(
        &self,
        environment: &EnvironmentId,
        deployment: &DeploymentId,
        start: u32,
    ) -> Result<Launch, StoreError> {
        let input = serde_json::json!({
            "v": 1,
            "deployment": deployment,
            "project": environment.project,
            "environment": environment.environment,
        });
        let name = execution_name(deployment, start);
        let started =
            self.client.start_execution().state_machine_arn(&self.arn).name(name).input(input.to_string()).send().await;
        match started {
            Ok(_) => Ok(Launch::Running),
            Err(SdkError::ServiceError(error)) if error.err().is_execution_already_exists() => {
                // Running under another input cannot be: name and input come from the same deployment.
                match self.standing(&execution_name(deployment, start)).await? {
                    Standing::Running => Ok(Launch::Running),
                    Standing::Stopped | Standing::Ended | Standing::Unknown => Ok(Launch::Spent),
                }
            }
            Err(error) => Err(failed("states StartExecution", &error)),
        }
    }
}

fn failed<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> StoreError {
    let code = error.code().unwrap_or("no answer");
    let message = format!("{code}: {}", error.message().unwrap_or("the service gave no message"));
    match code {
        "AccessDeniedException"
        | "StateMachineDoesNotExist"
        | "InvalidArn"
        | "StateMachineDeleting"
        | "ResourceNotFoundException" => StoreError::Misconfigured { operation, message },
        _ => StoreError::Transient { operation, message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_names_its_deployment() {
        let id = DeploymentId::from("d01-abc");
        assert_eq!(execution_of(&execution_name(&id, 3)), Some((id, 3)));
        assert_eq!(execution_of("by-hand"), None);
        assert!(execution_name(&"x".repeat(40).into(), 99).len() <= 80);
    }
}
