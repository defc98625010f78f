//! What planning has to say beyond the plan: what it found, what it left alone, and why.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ResourceAddress, ResourceKey};
use crate::plan::Loss;
use crate::properties::PropertyPath;
use crate::request::Selection;

/// What making a plan found out. For people: nothing is carried out by it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlanReport {
    /// What is recorded under another address from now on.
    pub moved: Vec<Moved>,
    /// Values that stay what they are though the config says otherwise.
    pub ignored: Vec<Ignored>,
    /// What leaves the record and stays in the account.
    pub retained: Vec<Retained>,
    /// Older incarnations that the record still had.
    pub deposed: Vec<ResourceKey>,
    /// What is made anew because AWS cannot change it in place.
    pub replaced: Vec<Replaced>,
    /// What carrying out the plan destroys for good.
    pub lost: Vec<Loss>,
    /// Deletions that were put off, and are not due by this plan.
    pub waiting: Vec<Waiting>,
    /// What may hold data and was not asked for, with what it stands on: what a dead wave left behind, in a protected environment; what a
    /// way back that nobody asked for may not delete.
    pub left: Vec<ResourceKey>,
    /// Aliases that are to be shifted, and go to their version all at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_once: Vec<AtOnce>,
    /// What the deployment is about, where that is a part of its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// What the plan of a config changes of each agent, and of what is shared: one for each, in the order of their names, what is
    /// shared first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affected: Vec<Affected>,
}

/// The part of an environment that a deployment is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selected {
    /// The agents and stacks that were named.
    pub named: Selection,
    /// What was not named and is part of it all the same, because something that was named needs it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub along: BTreeSet<ResourceAddress>,
    /// How many other resources, recorded or asked for, stay as they are.
    pub left: usize,
}

/// What a plan changes of an agent, or of what is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// The agent; none for what is shared.
    pub agent: Option<String>,
    /// What changes; nothing, where it stays as it is.
    pub changes: BTreeSet<Effect>,
}

/// What changes of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing of it was there.
    New,
    /// All of it goes.
    Gone,
    /// The code that a function runs.
    Code,
    /// Anything else.
    Settings,
}

/// An alias that is not shifted by this plan, though the config says how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtOnce {
    /// The alias.
    pub alias: ResourceKey,
    /// Why.
    pub because: Unshifted,
}

/// Why an alias goes to its version all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unshifted {
    /// It is made, and has led nowhere before.
    Made,
    /// It is made anew.
    Replaced,
    /// The function's execution role changes, and Lambda shifts only between versions with the same.
    Role,
    /// The function's dead-letter queue changes, and Lambda shifts only between versions with the same.
    DeadLetters,
}

/// A resource with a new address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// What it was recorded as.
    pub from: ResourceKey,
    /// What it is recorded as from now on.
    pub to: ResourceKey,
}

/// A property whose change is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// The resource.
    pub resource: ResourceAddress,
    /// The property.
    pub path: PropertyPath,
    /// The value that stays; none where it has none.
    pub kept: Option<Value>,
    /// The value that the config asks for; none where it asks for none.
    pub wanted: Option<Value>,
}

/// Something that is let go instead of deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retained {
    /// The incarnation.
    pub key: ResourceKey,
    /// Why.
    pub because: Retaining,
}

/// Why something is let go instead of deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retaining {
    /// The config no longer names it, and its retention is to keep it.
    Removed,
    /// A newer incarnation has taken its place, and its retention is to keep replaced ones.
    Replaced,
}

/// A replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// The incarnation that goes.
    pub old: ResourceKey,
    /// The incarnation that is made.
    pub new: ResourceKey,
    /// The properties that AWS cannot change in place.
    pub forced_by: Vec<PropertyPath>,
}

/// A deletion that was put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The incarnation.
    pub key: ResourceKey,
    /// When a reap tries again.
    pub until: jiff::Timestamp,
}
