//! The port to the truth of an environment: its lease, its journal and its record, committed together.

use std::time::Duration;

use async_trait::async_trait;
use model::{
    DeploymentId, Digest, Entry, EnvironmentId, Epoch, Lease, Recorded, RecordedResource, ResourceKey, Timestamp,
};

/// Why the stores did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A fault of the service or the network; trying again may help.
    #[error("{operation}: {message}")]
    Transient {
        /// What was tried.
        operation: &'static str,
        /// The service's words.
        message: String,
    },
    /// The lease is somebody else's by now.
    #[error("the lease of `{0}` was taken over")]
    LeaseLost(EnvironmentId),
    /// What is stored is not what was stored, or not of a version that this code reads.
    #[error("{what} is corrupt: {why}")]
    Corrupt {
        /// Which object or item.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The function may not do this, or its settings name something that does not exist.
    #[error("{operation}: {message}")]
    Misconfigured {
        /// What was tried.
        operation: &'static str,
        /// The service's words.
        message: String,
    },
}

/// An attempt to take a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acquired {
    /// It is ours, with a new epoch.
    Taken(Lease),
    /// Somebody holds it, or it is reserved for another deployment.
    Held {
        /// Until when, unless renewed.
        until: Timestamp,
    },
}

/// Who may take the lease next, and until when nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Until when.
    pub until: Timestamp,
}

/// One write of the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit<'a> {
    /// The environment.
    pub environment: &'a EnvironmentId,
    /// The deployment whose journal it extends.
    pub deployment: &'a DeploymentId,
    /// The writer's epoch.
    pub epoch: Epoch,
    /// This commit's number: one more than the last.
    pub sequence: u64,
    /// Until when the lease lasts from now on.
    pub expires: Timestamp,
    /// The plan that starts with this commit: the revision moves by one.
    pub starts: Option<&'a Digest>,
    /// New lines of the journal.
    pub entries: &'a [Entry],
    /// The records that change, each key once; none where the record goes.
    pub items: &'a [(ResourceKey, Option<RecordedResource>)],
}

/// The greatest number of records in one commit: DynamoDB takes 100 items in a transaction, and the lease, the segment
/// and the head need a place.
pub const COMMIT_ITEMS: usize = 90;

/// The truth of an environment.
///
/// # Guarantees
/// - `acquire` gives each caller a higher epoch than any before, and succeeds only on a lease that was released to all or
///   to `deployment`, or that has expired.
/// - `commit` writes everything or nothing, and nothing unless the epoch is still the holder's and the sequence is the next.
///   Repeating a commit that took effect succeeds.
/// - `record` and `journal` show every commit that was acknowledged before they were called.
///
/// # Assumptions
/// A commit has at most [`COMMIT_ITEMS`] items.
///
/// # Errors
/// [`StoreError`]; `LeaseLost` from `commit` and `release` means that nothing was written.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Takes the lease of an environment for `deployment`, until `now + life`.
    async fn acquire(
        &self,
        environment: &EnvironmentId,
        deployment: &DeploymentId,
        now: Timestamp,
        life: Duration,
    ) -> Result<Acquired, StoreError>;

    /// Writes a commit.
    async fn commit(&self, commit: &Commit<'_>) -> Result<(), StoreError>;

    /// Gives the lease back, to all or in favour of one deployment.
    async fn release(
        &self,
        environment: &EnvironmentId,
        epoch: Epoch,
        reservation: Option<&Reservation>,
    ) -> Result<(), StoreError>;

    /// Whether nothing more is to be begun for this deployment: somebody asked for it to be cancelled, or it was concluded
    /// without its wave.
    async fn is_cancelled(&self, environment: &EnvironmentId, deployment: &DeploymentId) -> Result<bool, StoreError>;

    /// The record of an environment.
    async fn record(&self, environment: &EnvironmentId) -> Result<Recorded, StoreError>;

    /// The journal of a deployment, in the order of its commits.
    async fn journal(&self, deployment: &DeploymentId) -> Result<Vec<Entry>, StoreError>;
}
