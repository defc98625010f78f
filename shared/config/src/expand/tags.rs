//! Tags: inherited from project to environment to agent, with those that say whose a resource is.

use model::EnvironmentId;
use serde_json::{Map, Value, json};

use crate::config::Tags;
use crate::read::tag_names::{AGENT, ENVIRONMENT, MANAGED_BY, PROJECT};

/// The tags of everything in one environment.
pub(super) struct Scope {
    tags: Tags,
}

impl Scope {
    pub(super) fn new(id: &EnvironmentId, mut tags: Tags) -> Self {
        tags.insert(PROJECT.to_owned(), id.project.clone());
        tags.insert(ENVIRONMENT.to_owned(), id.environment.clone());
        tags.insert(MANAGED_BY.to_owned(), "strandline".to_owned());
        Self { tags }
    }

    /// The same within one agent.
    pub(super) fn agent(&self, name: &str, own: &Tags) -> Self {
        // The user's names cannot begin with `strands:`, so that none of ours is lost.
        let mut tags = self.tags.clone();
        tags.extend(own.clone());
        tags.insert(AGENT.to_owned(), name.to_owned());
        Self { tags }
    }

    /// The same within a stack.
    pub(super) fn stack(&self, own: &Tags) -> Self {
        let mut tags = self.tags.clone();
        tags.extend(own.clone());
        Self { tags }
    }

    /// Names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As most types have them.
    pub(super) fn list(&self) -> Value {
        self.tags.iter().map(|(name, value)| json!({ "Key": name, "Value": value })).collect()
    }

    /// The same with a name, for what has no other; the user's own `Name` stays.
    pub(super) fn named(&self, name: &str) -> Value {
        let mut tags = self.tags.clone();
        tags.entry("Name".to_owned()).or_insert_with(|| name.to_owned());
        Self { tags }.list()
    }

    /// As API Gateway v2 and SSM parameters have them.
    pub(super) fn map(&self) -> Value {
        Value::Object(self.tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>())
    }
}
