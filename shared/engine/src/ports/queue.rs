//! The port to the queue of an environment.

use async_trait::async_trait;
use model::{DeploymentId, EnvironmentId, QueueEntry, Timestamp};

use super::ledger::StoreError;

/// The deployment that has its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Its queue entry.
    pub entry: QueueEntry,
    /// Whether an execution claimed it.
    pub claimed: bool,
    /// Somebody's wish that it ends.
    pub cancel: Option<Cancel>,
}

/// Somebody's wish that a deployment ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    /// Whose, where that is known.
    pub by: Option<String>,
}

/// Why a deployment that has its turn goes on in another execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// The execution before died without concluding.
    Death,
    /// The execution before hands over, because its history grew long.
    HandOver,
}

/// The queue of an environment: deployments in the order in which they were accepted, and at most one that has its turn.
///
/// # Guarantees
/// - `activate` succeeds for one caller while none is active, and only with an entry that still waits. The order is that of
///   the queue's own counter, not of a clock.
/// - What is parked waits for somebody's approval: it keeps its place, and neither gets a turn nor lasts longer than any
///   other where it is superseded. What was approved is not superseded any more. Who parks counts a start, so that a caller
///   who read the entry before that can do nothing with it.
/// - `supersede` ends `entry` only while both it and `by` wait: whatever else happens at the same time, the newest of all that is
///   asked for is left.
/// - `restart` counts a start once, however many callers saw the same end.
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

    /// Every entry, in the order in which they were accepted; also that of the deployment that has its turn.
    async fn entries(&self, environment: &EnvironmentId) -> Result<Vec<QueueEntry>, StoreError>;

    /// Gives `entry` its turn, if none has it and it still waits; says whether it did.
    async fn activate(&self, environment: &EnvironmentId, entry: &QueueEntry) -> Result<bool, StoreError>;

    /// Ends the deployment of an entry that waits: that of `by`, which waits behind it and is about all that it is about, is
    /// carried out instead, now or in its turn. Says whether it did.
    async fn supersede(
        &self,
        environment: &EnvironmentId,
        entry: &QueueEntry,
        by: &QueueEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Counts one more start of the active entry, so that its next execution has a name of its own. Answers the entry as it
    /// stands then, whoever counted.
    async fn restart(
        &self,
        environment: &EnvironmentId,
        entry: &QueueEntry,
        because: Restart,
    ) -> Result<QueueEntry, StoreError>;

    /// Marks the deployment that has its turn as one to end; says whether `deployment` has it.
    async fn cancel(
        &self,
        environment: &EnvironmentId,
        deployment: &DeploymentId,
        cancel: &Cancel,
    ) -> Result<bool, StoreError>;
}
