//! Plan: every decision of a deployment, none left open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desired::Retention;
use crate::digest::Digest;
use crate::id::{DeploymentId, EnvironmentId, PhysicalId, ResourceAddress, ResourceKey, ResourceType, Revision};
use crate::ownership::Stamp;
use crate::properties::{Properties, PropertyPath};

/// The version of the plan format that this code writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// Everything that a deployment will do. Immutable once written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The format's version.
    pub version: u32,
    /// The deployment that it belongs to.
    pub deployment: DeploymentId,
    /// The environment.
    pub environment: EnvironmentId,
    /// The twelve-digit account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What is stamped on whatever is created.
    pub stamp: Stamp,
    /// The revision of the record that the plan was made from.
    pub parent: Revision,
    /// The last commit that the record showed then. What was committed later, by a wave that outlived its execution for
    /// instance, makes the plan stale though the revision is the same.
    pub sequence: u64,
    /// The digest of the config that the plan was made from.
    pub config: Digest,
    /// The changes, in an order that respects their edges.
    pub changes: Vec<Change>,
    /// How many recorded resources stay as they are.
    pub unchanged: usize,
    /// What carrying it out destroys for good.
    pub irreversible: Vec<Loss>,
    /// The outputs to record at the end.
    pub outputs: BTreeMap<String, Value>,
    /// How many lines the deployment's journal had when the plan was made: what failed in them is not this plan's failure.
    #[serde(default)]
    pub since: usize,
    /// What must hold once everything is carried out; failing one is failing the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
}

impl Plan {
    /// The change that concerns `key`.
    pub fn change(&self, key: &ResourceKey) -> Option<&Change> {
        self.changes.iter().find(|change| change.key == *key)
    }
}

/// One resource's step in a plan. Its `key` is unique in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The incarnation that it concerns.
    pub key: ResourceKey,
    /// Its CloudFormation type.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// What is done.
    pub action: Action,
    /// Why.
    pub because: Reason,
    /// What must have been reached before it may start.
    pub needs: Vec<Edge>,
    /// In which stage it runs.
    pub stage: Stage,
    /// The resources that it depends on, changed by this plan or not: kept in the record.
    pub dependencies: std::collections::BTreeSet<ResourceAddress>,
    /// The agent that it belongs to.
    pub agent: Option<String>,
    /// What becomes of the resource when it is no longer desired: kept in the record.
    pub retention: Retention,
    /// In which steps calls are led to the new version of an alias; none where all are at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
}

/// How an alias goes from one version to another: a part of the calls first, watched by alarms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// One after the other, each with more of the calls; all of them go to the new version afterwards.
    pub steps: Vec<ShiftStep>,
    /// The names of the alarms, any of which ends it; may refer to resources.
    pub alarms: Vec<Value>,
}

impl Shift {
    /// How long all steps take together, in seconds.
    pub fn seconds(&self) -> u64 {
        self.steps.iter().map(|step| u64::from(step.seconds)).sum()
    }
}

/// One step of a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftStep {
    /// Which part of the calls goes to the new version, in percent: 1 to 99.
    pub percent: u8,
    /// For how many seconds.
    pub seconds: u32,
}

/// What is done to a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Action {
    /// It is made.
    Create {
        /// What is asked for, names included.
        to: Properties,
    },
    /// It is changed in place.
    Update {
        /// What is asked for now.
        to: Properties,
        /// What differs; empty where an unfinished resource is finished ([`Reason::Incomplete`]), and where only what the
        /// record keeps of it changes (its retention).
        diff: Vec<PropertyDiff>,
    },
    /// A new incarnation is made, and the old one deposed. The old one's deletion is a change of its own.
    Replace {
        /// The incarnation that is replaced.
        old: ResourceKey,
        /// What is asked for now.
        to: Properties,
        /// Which of the two comes first.
        order: Order,
        /// What differs in the properties that AWS cannot change in place.
        forced_by: NonEmpty<PropertyDiff>,
    },
    /// It is deleted.
    Delete {
        /// What AWS knows it by; none where its creation was announced and never seen.
        physical_id: Option<PhysicalId>,
        /// Whether it is deleted only if it holds no data: nobody consented to losing any.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        only_empty: bool,
    },
    /// It is recorded under another address from now on, and stays what it is in the account. No call is made.
    Move {
        /// The incarnation that it is recorded as from now on.
        to: ResourceKey,
    },
    /// It leaves the record and stays in the account.
    Forget {
        /// What AWS knows it by.
        physical_id: Option<PhysicalId>,
    },
}

impl Action {
    /// The properties that the resource shall have; none where it goes.
    pub fn to(&self) -> Option<&Properties> {
        match self {
            Self::Create { to } | Self::Update { to, .. } | Self::Replace { to, .. } => Some(to),
            Self::Delete { .. } | Self::Move { .. } | Self::Forget { .. } => None,
        }
    }
}

/// The order of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The new one is made before the old one goes: the rule, with generated names.
    CreateFirst,
    /// The old one goes first: only where the user fixed the name.
    DeleteFirst,
}

/// When in a plan a change runs. A plan's deletions come last, after all that could fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Making and changing.
    Build,
    /// Removing what is no longer needed: starts when every change of `Build` succeeded.
    Retire,
}

/// A need of one change for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// The change that is waited for.
    pub on: ResourceKey,
    /// What it must have reached.
    pub until: Reach,
}

/// How far a change must have come for a dependent to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Its physical id and attributes are known.
    Identified,
    /// It is ready for use, or gone.
    Ready,
}

/// Why a change is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is desired and not recorded.
    New,
    /// What is asked for changed.
    Changed,
    /// Something that it refers to is replaced.
    Replaces(ResourceAddress),
    /// An earlier deployment did not finish it.
    Incomplete,
    /// It is no longer desired.
    Removed,
    /// A newer incarnation takes its place.
    Deposed,
    /// The config says that it has another address now.
    Moved,
    /// Its deletion was put off, and is due.
    Due,
}

/// One property that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyDiff {
    /// Where.
    pub path: PropertyPath,
    /// Before; none where it is new.
    pub from: Option<Value>,
    /// After; none where it goes.
    pub to: Option<Value>,
}

/// Something that a plan destroys for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Where.
    pub resource: ResourceAddress,
    /// What is lost, in words.
    pub what: String,
}

/// Something that must hold once a plan is carried out. Values may refer to resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The agent that it speaks for; none for the whole environment.
    #[serde(default)]
    pub agent: Option<String>,
    /// What is looked at.
    pub check: GateCheck,
    /// For how many seconds it is looked at: until it holds, or, of an alarm, as long as it must not go off.
    pub seconds: u32,
}

/// What a gate looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "gate")]
pub enum GateCheck {
    /// A CloudWatch alarm that must not be in `ALARM`.
    Alarm {
        /// Its name.
        name: Value,
    },
    /// A function that is invoked and must succeed.
    Invoke {
        /// Its name or ARN.
        function: Value,
        /// The event that it is given.
        payload: Value,
    },
    /// An address that must answer.
    Http {
        /// `https://…`.
        url: Value,
        /// The status that it must answer with.
        status: u16,
    },
}

/// A list with at least one element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<T>", into = "Vec<T>")]
pub struct NonEmpty<T: Clone>(Vec<T>);

impl<T: Clone> NonEmpty<T> {
    /// The list, if it has an element.
    pub fn new(items: Vec<T>) -> Option<Self> {
        (!items.is_empty()).then_some(Self(items))
    }

    /// The elements.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T: Clone> TryFrom<Vec<T>> for NonEmpty<T> {
    type Error = &'static str;

    fn try_from(items: Vec<T>) -> Result<Self, Self::Error> {
        Self::new(items).ok_or("an empty list where at least one element must be")
    }
}

impl<T: Clone> From<NonEmpty<T>> for Vec<T> {
    fn from(list: NonEmpty<T>) -> Self {
        list.0
    }
}
