//! Deployments: where one came from, where it stands, how it ended.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::Approval;
use crate::artifact::{Artifact, ObjectRef};
use crate::id::{DeploymentId, EnvironmentId, ResourceKey, Revision};
use crate::lookup::Lookup;
use crate::notice::Notice;
use crate::request::{Request, Selection};

/// The head of a deployment: the item by which everything else of it is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// The environment.
    pub environment: EnvironmentId,
    /// Where it came from.
    pub origin: Origin,
    /// What is asked for.
    #[serde(default)]
    pub request: Request,
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
    /// The other texts that the config is expanded with (templates, assemblies): a JSON object of texts by path; none where there
    /// are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<ObjectRef>,
    /// What must be looked up in the account before it can be planned.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lookups: BTreeSet<Lookup>,
    /// What its config asks to be told of, beside what its environment's record says.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub notices: BTreeSet<Notice>,
    /// The code of each agent, by agent name, and the assets of templates, each by `{stack}/{id of the asset}`.
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
    /// The record as it left it: what going back to its revision restores. Written before the head says that it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ObjectRef>,
    /// How what it did is being undone, where that has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// What was decided about its plan, where that must be approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

impl Deployment {
    /// One that waits its turn.
    pub fn new(
        id: DeploymentId,
        environment: EnvironmentId,
        origin: Origin,
        request: Request,
        accepted: Timestamp,
    ) -> Self {
        Self {
            id,
            environment,
            origin,
            request,
            accepted,
            started: None,
            ended: None,
            status: DeploymentStatus::Queued,
            config: None,
            sources: None,
            lookups: BTreeSet::new(),
            notices: BTreeSet::new(),
            artifacts: BTreeMap::new(),
            plan: None,
            execution: None,
            revision: None,
            outputs: BTreeMap::new(),
            deferred: Vec::new(),
            after: None,
            undo: None,
            approval: None,
        }
    }

    /// How it ended; none while it has not.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.status {
            DeploymentStatus::Ended { outcome } => Some(outcome),
            DeploymentStatus::Queued | DeploymentStatus::Running | DeploymentStatus::AwaitingApproval => None,
        }
    }
}

/// What a deployment does about its own failure: it goes back to a recorded revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The revision that it goes back to; 0 for an environment that had none.
    pub to: Revision,
    /// Why: what failed.
    pub causes: Vec<Cause>,
    /// The plan that failed. That of the head is the one that undoes it.
    pub failed: ObjectRef,
    /// The record as the failure left it, for study.
    pub state: ObjectRef,
    /// When it began.
    pub at: Timestamp,
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
        /// Whom the event named, where it did.
        #[serde(default)]
        requester: Option<Requester>,
    },
    /// An execution of the state machine that somebody started by hand.
    Execution {
        /// Its name.
        name: String,
    },
    /// Somebody with rights to the engine's own stores.
    Administrator {
        /// Who, as IAM names them.
        name: String,
    },
    /// The engine itself.
    Engine,
}

/// Who put an object, as S3's event of it names them: never more than an account, because S3 does not tell of roles and users. The
/// request id finds the rest in CloudTrail's data events, where those are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "AnyRequester")]
pub struct Requester {
    /// The twelve-digit account, or the AWS service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// A requester in either form: a text, as it was written once, is `account …, address …, request …`.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnyRequester {
    Text(String),
    Parts {
        #[serde(default)]
        account: Option<String>,
        #[serde(default)]
        address: Option<String>,
        #[serde(default)]
        request: Option<String>,
    },
}

impl From<AnyRequester> for Requester {
    fn from(read: AnyRequester) -> Self {
        match read {
            AnyRequester::Parts { account, address, request } => Self { account, address, request },
            AnyRequester::Text(text) => {
                let part = |name: &str| {
                    let of_name = |part: &str| Some(part.strip_prefix(name)?.strip_prefix(' ')?.to_owned());
                    text.split(", ").find_map(of_name)
                };
                Self { account: part("account"), address: part("address"), request: part("request") }
            }
        }
    }
}

/// Where a deployment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "at")]
pub enum DeploymentStatus {
    /// It waits its turn.
    Queued,
    /// An execution has it.
    Running,
    /// Its plan is made, and waits for somebody to approve it. Others have their turn meanwhile.
    AwaitingApproval,
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
    /// The environment is as it was at a recorded revision: because what was asked for failed, or because that was asked for.
    RolledBack {
        /// The revision; 0 where the environment was empty.
        to: Revision,
        /// What failed; empty where going back was asked for.
        #[serde(default)]
        causes: Vec<Cause>,
    },
    /// Going back failed, too. The record is true, and what `next` says is the way on.
    Stuck {
        /// What could not be undone: each names its resource, the cause, and what to do.
        causes: Vec<Cause>,
        /// What failed first and was to be undone; empty where going back was asked for.
        #[serde(default)]
        because: Vec<Cause>,
        /// The command to type next.
        next: String,
    },
    /// What was to go is gone.
    Destroyed {
        /// How many resources were deleted.
        deleted: usize,
        /// What stays in the account, and is not recorded any more.
        #[serde(default)]
        retained: Vec<ResourceKey>,
    },
    /// What was to go is gone, except for what something that lingers still uses: it goes later, by itself.
    Draining {
        /// What is left.
        left: Vec<ResourceKey>,
        /// What stays in the account, and is not recorded any more.
        #[serde(default)]
        retained: Vec<ResourceKey>,
    },
    /// Somebody said no to its plan; nothing was touched.
    Denied {
        /// Who.
        by: String,
        /// Why, in their words.
        #[serde(default)]
        why: Option<String>,
    },
    /// Nobody approved its plan in time; nothing was touched.
    Expired,
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
            Self::RolledBack { .. } => "RolledBack",
            Self::Stuck { .. } => "Stuck",
            Self::Destroyed { .. } => "Destroyed",
            Self::Draining { .. } => "Draining",
            Self::Denied { .. } => "Denied",
            Self::Expired => "Expired",
            Self::Superseded { .. } => "Superseded",
            Self::Cancelled { .. } => "Cancelled",
        }
    }

    /// Whether the environment is as the deployment wanted it.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Deployed | Self::Unchanged | Self::Destroyed { .. } | Self::Draining { .. } => true,
            Self::RolledBack { causes, .. } => causes.is_empty(),
            Self::Stopped { .. }
            | Self::Refused { .. }
            | Self::Stuck { .. }
            | Self::Denied { .. }
            | Self::Expired
            | Self::Superseded { .. }
            | Self::Cancelled { .. } => false,
        }
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
    /// The text that it concerns, by its path in what was handed in; none where that goes without saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, from 1, where it concerns a text.
    #[serde(default)]
    pub line: Option<usize>,
    /// The column, from 1.
    #[serde(default)]
    pub column: Option<usize>,
}

impl Refusal {
    /// Where it is, as compilers and editors write it: `stacks/storage.yaml:12:5`; none where it is about no place.
    pub fn place(&self) -> Option<String> {
        let numbers = [self.line, self.column].into_iter().map_while(|number| Some(number?.to_string()));
        let parts: Vec<String> = self.file.iter().cloned().chain(numbers).collect();
        (!parts.is_empty()).then(|| parts.join(":"))
    }
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
    /// What a deployment of a config is about: it supersedes what is about no more than that.
    #[serde(default, skip_serializing_if = "Selection::is_all")]
    pub only: Selection,
    /// Whether it waits for approval: it keeps its place, and is passed over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
    /// Whether it was approved: it goes first among its kind, and nothing supersedes it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approved: bool,
}

/// What a queued deployment is. Earlier kinds go first, except that what a config asks for and what is to be destroyed go in
/// the order in which they were accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// Back to a recorded revision, or letting go of what stands in the way of that.
    Rollback,
    /// What a config asks for.
    #[default]
    Deploy,
    /// Everything goes, or everything of an agent or a stack.
    Destroy,
    /// Deletions that were put off.
    Reap,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_says_where_it_is_as_far_as_that_is_known() {
        let place = |file: Option<&str>, line, column| {
            let (code, message, file) = (String::new(), String::new(), file.map(str::to_owned));
            Refusal { code, message, help: None, file, line, column }.place()
        };
        assert_eq!(place(Some("stacks/storage.yaml"), Some(12), Some(5)).as_deref(), Some("stacks/storage.yaml:12:5"));
        assert_eq!(place(None, Some(12), Some(5)).as_deref(), Some("12:5"));
        assert_eq!(place(Some("strands.yaml"), None, None).as_deref(), Some("strands.yaml"));
        assert_eq!(place(None, None, None), None);
    }

    #[test]
    fn a_requester_reads_in_both_forms() {
        let parts = json!({ "account": "123456789012", "address": "203.0.113.7", "request": "R1" });
        let requester: Requester = serde_json::from_value(parts.clone()).unwrap();
        assert_eq!(serde_json::to_value(&requester).unwrap(), parts);
        let text = json!("account 123456789012, address 203.0.113.7, request R1");
        assert_eq!(serde_json::from_value::<Requester>(text).unwrap(), requester);
        let some = serde_json::from_value::<Requester>(json!("account 123456789012, request R1")).unwrap();
        assert_eq!(some, Requester { address: None, ..requester });
    }
}
