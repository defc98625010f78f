//! Deployments: where one came from, where it stands, how it ended.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::{Artifact, ObjectRef};
use crate::id::{DeploymentId, EnvironmentId, ResourceKey, Revision};

/// The head of a deployment: the item by which everything else of it is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// The environment.
    pub environment: EnvironmentId,
    /// Where it came from.
    pub origin: Origin,
    /// When it was accepted: the time of the upload.
    pub accepted: Timestamp,
    /// When it was claimed by an execution.
    #[serde(default)]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// Its config; none where none could be read.
    #[serde(default)]
    pub config: Option<ObjectRef>,
    /// The code of each agent, by agent name.
    #[serde(default)]
    pub artifacts: BTreeMap<String, Artifact>,
    /// The plan that it carries out.
    #[serde(default)]
    pub plan: Option<ObjectRef>,
    /// The name of the execution that claimed it.
    #[serde(default)]
    pub execution: Option<String>,
    /// The revision that it made.
    #[serde(default)]
    pub revision: Option<Revision>,
    /// The values of its outputs.
    #[serde(default)]
    pub outputs: BTreeMap<String, Value>,
    /// Deletions that were put off when it ended, because something that lingers still used the resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<ResourceKey>,
}

/// What started a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Origin {
    /// An object put to the inbox.
    Upload {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The S3 version id.
        version: String,
        /// The account, address and request id that the event named, where it did.
        #[serde(default)]
        requester: Option<String>,
    },
    /// The engine itself: deletions that were put off are due.
    Reap,
}

/// Where a deployment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "at")]
pub enum DeploymentStatus {
    /// It waits its turn.
    Queued,
    /// An execution has it.
    Running,
    /// It ended.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// Everything is as asked for.
    Deployed,
    /// Everything was as asked for already.
    Unchanged,
    /// It failed, and stopped where it was. The next deployment carries on from there.
    Stopped {
        /// The root failures, each with what to do.
        causes: Vec<Cause>,
    },
    /// What was handed in is not valid; nothing was touched.
    Refused {
        /// Everything that is wrong with it.
        refusals: Vec<Refusal>,
    },
    /// A newer deployment of the same kind came before its turn did: that one is carried out instead.
    Superseded {
        /// The newer one.
        by: DeploymentId,
    },
    /// Somebody cancelled it. Where it had its turn, what had begun was finished and nothing else.
    Cancelled {
        /// Who, where that is known.
        #[serde(default)]
        by: Option<String>,
    },
}

impl Outcome {
    /// One word, as people and pipelines read it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deployed => "Deployed",
            Self::Unchanged => "Unchanged",
            Self::Stopped { .. } => "Stopped",
            Self::Refused { .. } => "Refused",
            Self::Superseded { .. } => "Superseded",
            Self::Cancelled { .. } => "Cancelled",
        }
    }

    /// Whether the environment is as the deployment wanted it.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Deployed | Self::Unchanged)
    }
}

/// A root failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The change that failed; none where the deployment failed as a whole.
    pub change: Option<ResourceKey>,
    /// What went wrong: the resource, the AWS operation and the error code.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The changes that were not tried because of it.
    #[serde(default)]
    pub blocked: Vec<ResourceKey>,
}

/// Something that is wrong with what was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable code, e.g. `config::unknown-key`.
    pub code: String,
    /// What is wrong, lower case, the user's text in backticks.
    pub message: String,
    /// What to do about it.
    #[serde(default)]
    pub help: Option<String>,
    /// The line, from 1, where it concerns a text.
    #[serde(default)]
    pub line: Option<usize>,
    /// The column, from 1.
    #[serde(default)]
    pub column: Option<usize>,
}

/// A deployment that waits its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Its place: a counter of the queue's own.
    pub number: u64,
    /// The deployment.
    pub deployment: DeploymentId,
    /// How often it was started: the `n` of `{id}-{n}`.
    pub starts: u32,
    /// How many of its executions died. The others handed over to a successor.
    #[serde(default)]
    pub deaths: u32,
    /// What it is: what may supersede it, and who goes first.
    #[serde(default)]
    pub kind: EntryKind,
}

/// What a queued deployment is. Earlier kinds go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// Back to a recorded revision.
    Rollback,
    /// What a config asks for.
    #[default]
    Deploy,
    /// Deletions that were put off.
    Reap,
}
