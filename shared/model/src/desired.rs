//! Desired: what the config asks for.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{EnvironmentId, ResourceAddress, ResourceType};
use crate::plan::{Gate, Shift};
use crate::properties::{Properties, PropertyPath};

/// Everything that should exist in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// The environment that it is meant for.
    pub environment: EnvironmentId,
    /// The twelve-digit account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What should exist, by address.
    pub resources: BTreeMap<ResourceAddress, DesiredResource>,
    /// Values to print and record at the end; may refer to resources.
    pub outputs: BTreeMap<String, Value>,
    /// New addresses of what is recorded under old ones, by old address: it moves in the record, and stays what it is in AWS.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<ResourceAddress, ResourceAddress>,
    /// What must hold once everything is as asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
}

/// One resource that should exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredResource {
    /// Its CloudFormation type.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// Its properties, references included. Tags stand where the type has them, without the tags of ownership.
    pub properties: Properties,
    /// Resources that must exist before it though no property refers to them.
    #[serde(default)]
    pub depends_on: BTreeSet<ResourceAddress>,
    /// The agent that it belongs to; none for what is shared.
    #[serde(default)]
    pub agent: Option<String>,
    /// What becomes of it when it is no longer desired, or replaced.
    #[serde(default)]
    pub retention: Retention,
    /// Properties whose changes are left alone once it is made: they keep what the record says was asked for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ignore_changes: BTreeSet<PropertyPath>,
    /// In which steps calls are led to another version; only of an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
}

/// What becomes of a resource that is no longer desired, or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retention {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays in the account and leaves the record.
    Retain,
    /// Deleted when no longer desired; a replaced incarnation stays until then (published versions of a function, which
    /// go with the function).
    RetainReplaced,
}
