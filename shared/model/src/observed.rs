//! Observed: what a read of AWS showed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::PhysicalId;
use crate::ownership::Ownership;
use crate::properties::Properties;

/// One resource as AWS showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// What AWS knows it by.
    pub physical_id: PhysicalId,
    /// What `Fn::GetAtt` can ask of it, by attribute name.
    pub attributes: BTreeMap<String, Value>,
    /// Its settings in CloudFormation's names and shapes, as far as AWS shows them; tags of ownership left out.
    pub properties: Properties,
    /// Whose it is, by its tags; none where the type cannot carry tags.
    pub ownership: Option<Ownership>,
}
