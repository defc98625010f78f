//! The port to the queue of an environment.

use async_trait::async_trait;
use model::{EnvironmentId, QueueEntry};

use super::ledger::StoreError;

/// The deployment that has its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Its queue entry.
    pub entry: QueueEntry,
    /// Whether an execution claimed it.
    pub claimed: bool,
}

/// The queue of an environment: deployments in the order in which they were accepted, and at most one that has its turn.
///
/// # Guarantees
/// `activate` succeeds for one caller while none is active. The order is that of the queue's own counter, not of a clock.
///
/// # Caveats
/// Who activates may die before it starts the execution: whoever comes next starts it again under the same name.
///
/// # Errors
/// [`StoreError`] by class.
#[async_trait]
pub trait Queue: Send + Sync {
    /// The deployment that has its turn.
    async fn active(&self, environment: &EnvironmentId) -> Result<Option<Active>, StoreError>;

    /// The first that waits.
    async fn first(&self, environment: &EnvironmentId) -> Result<Option<QueueEntry>, StoreError>;

    /// Gives `entry` its turn, if none has it; says whether it did.
    async fn activate(&self, environment: &EnvironmentId, entry: &QueueEntry) -> Result<bool, StoreError>;

    /// Counts one more start of the active entry, so that its next execution has a name of its own.
    async fn restart(&self, environment: &EnvironmentId, entry: &QueueEntry) -> Result<QueueEntry, StoreError>;
}
