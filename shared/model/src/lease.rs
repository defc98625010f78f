//! The lease: one writer per environment.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{DeploymentId, Revision};

/// Counts the holders of an environment's lease. Every invocation takes a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A lease as it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// This holder's epoch.
    pub epoch: Epoch,
    /// The number of the last commit, over all epochs.
    pub sequence: u64,
    /// When it ends, unless a commit renews it.
    pub expires: Timestamp,
    /// The revision that the record stands at.
    pub revision: Revision,
    /// The deployment whose plan made that revision.
    pub started_by: Option<DeploymentId>,
    /// The digest of the plan that made that revision.
    pub plan: Option<crate::digest::Digest>,
    /// When the holder before this one let it expire; none where it gave it back. What that one announced may be unresolved,
    /// calls of its may still be landing, and it may have left resources that no record knows.
    pub taken_over: Option<Timestamp>,
    /// The deployment that the holder before this one worked for.
    pub previous: Option<DeploymentId>,
}
