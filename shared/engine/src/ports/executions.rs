//! The port to executions of the state machine.

use async_trait::async_trait;
use model::{DeploymentId, EnvironmentId};

use super::ledger::StoreError;

/// What starting an execution came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launch {
    /// It runs: started now, or by an earlier call of the same name.
    Running,
    /// An execution of that name ended before. A name serves once in 90 days.
    Spent,
}

/// Starting executions.
///
/// # Guarantees
/// Starting twice under one name starts one execution.
///
/// # Errors
/// [`StoreError`] by class.
#[async_trait]
pub trait Executions: Send + Sync {
    /// Starts the execution `{deployment}-{start}`.
    async fn start(
        &self,
        environment: &EnvironmentId,
        deployment: &DeploymentId,
        start: u32,
    ) -> Result<Launch, StoreError>;
}
