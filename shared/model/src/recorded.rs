//! Recorded: what the engine believes it made. The resource items of the table, as one value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desired::Retention;
use crate::expression::Reference;
use crate::id::{DeploymentId, Generation, PhysicalId, ResourceAddress, ResourceKey, ResourceType, Revision};
use crate::properties::Properties;

/// The record of one environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recorded {
    /// The state of the record that this is.
    pub revision: Revision,
    /// The number of the last commit that it shows. It moves with every commit, the revision only with every plan.
    #[serde(default)]
    pub sequence: u64,
    /// Every incarnation that exists or may exist, deposed ones included.
    pub resources: BTreeMap<ResourceKey, RecordedResource>,
}

impl Recorded {
    /// The incarnation that is in use at `address`: the newest that is not being deleted. Older ones are deposed, and stay
    /// recorded until they are gone. Where all are being deleted, the newest.
    pub fn current(&self, address: &ResourceAddress) -> Option<(&ResourceKey, &RecordedResource)> {
        let stays = |(_, resource): &(&ResourceKey, &RecordedResource)| resource.presence != Presence::Leaving;
        self.generations(address).rev().find(stays).or_else(|| self.generations(address).next_back())
    }

    /// Every incarnation at `address`, oldest first.
    pub fn generations(
        &self,
        address: &ResourceAddress,
    ) -> impl DoubleEndedIterator<Item = (&ResourceKey, &RecordedResource)> {
        let first = ResourceKey::new(address.clone(), Generation(0));
        let last = ResourceKey::new(address.clone(), Generation(u32::MAX));
        self.resources.range(first..=last)
    }

    /// The value of a reference, from the incarnation in use.
    pub fn value_of(&self, reference: &Reference) -> Option<Value> {
        let (_, resource) = self.current(&reference.address)?;
        resource.value_of(reference.attribute.as_deref())
    }

    /// The resources whose outcome is not known: an intent was announced and never concluded.
    pub fn open_intents(&self) -> impl Iterator<Item = (&ResourceKey, &RecordedResource)> {
        self.resources.iter().filter(|(_, resource)| resource.intent.is_some())
    }
}

/// One incarnation of one resource, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedResource {
    /// Its CloudFormation type.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// What AWS knows it by; none until that is known.
    pub physical_id: Option<PhysicalId>,
    /// How far it got.
    pub presence: Presence,
    /// What was asked for, references included: what the next Desired is compared with.
    pub asked: Properties,
    /// What was sent, references resolved.
    pub sent: Properties,
    /// What AWS showed once it was settled: what drift is measured against.
    #[serde(default)]
    pub baseline: Properties,
    /// The values of its attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// What it needs, in order to exist; also what must outlive it.
    #[serde(default)]
    pub dependencies: BTreeSet<ResourceAddress>,
    /// The agent that it belongs to.
    #[serde(default)]
    pub agent: Option<String>,
    /// What becomes of it when it is no longer desired.
    #[serde(default)]
    pub retention: Retention,
    /// The deployment that last changed it.
    pub deployment: DeploymentId,
    /// The call whose outcome is not known.
    #[serde(default)]
    pub intent: Option<Intent>,
    /// What was sent before and may still stand in part, oldest first: by changes that did not come to their end. Empty once
    /// it is as asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
    /// The incarnation that its tags of ownership name, where it has moved to another address since; none where they name
    /// the one under which it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_as: Option<ResourceKey>,
    /// Its deletion is put off until then: a reap tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reap: Option<jiff::Timestamp>,
}

impl RecordedResource {
    /// The physical id, or the value of an attribute. One with dots may be recorded by its whole name, or be part of another:
    /// `Endpoint.Address` is the `Address` of `Endpoint`.
    pub fn value_of(&self, attribute: Option<&str>) -> Option<Value> {
        let Some(name) = attribute else {
            return self.physical_id.as_ref().map(|id| Value::String(id.0.clone()));
        };
        let part = || {
            let (first, rest) = name.split_once('.')?;
            rest.split('.').try_fold(self.attributes.get(first)?, |value, step| value.get(step))
        };
        self.attributes.get(name).or_else(part).cloned()
    }
}

/// What was sent to a resource before, and may still stand in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// What was sent, references resolved.
    pub sent: Properties,
    /// The token of the change that announced it; none where that came to its end, or none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// How far a resource got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It may or may not exist: its creation was announced.
    Announced,
    /// It exists; whether it is as asked for is not known.
    Incomplete,
    /// It exists, as asked for.
    Present,
    /// Its deletion was announced.
    Leaving,
}

/// An announced call without a known outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What was announced.
    pub operation: crate::event::Operation,
    /// The idempotency token of the call.
    pub token: String,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// When it was announced: how long it may still be on its way.
    #[serde(default)]
    pub at: jiff::Timestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_attribute_with_dots_is_found_by_its_whole_name_or_within_another() {
        let made = json!({
            "type": "AWS::RDS::DBInstance", "physical_id": "db", "presence": "present", "asked": {}, "sent": {}, "deployment": "d",
            "attributes": { "Endpoint": { "Address": "db.example", "Port": 5432 }, "Outputs.Name": "whole" },
        });
        let made: RecordedResource = serde_json::from_value(made).unwrap();
        for (name, expected) in [
            ("Endpoint.Address", Some(json!("db.example"))),
            ("Endpoint.Port", Some(json!(5432))),
            ("Outputs.Name", Some(json!("whole"))),
            ("Endpoint", Some(json!({ "Address": "db.example", "Port": 5432 }))),
            ("Endpoint.Nothing", None),
            ("Endpoint.Address.More", None),
            ("Nothing.Address", None),
        ] {
            assert_eq!(made.value_of(Some(name)), expected, "{name}");
        }
    }
}
