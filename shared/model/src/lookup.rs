//! What planning must know of the account: values that a config refers to and that only a look at AWS gives.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something to be looked up in the target account before planning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "of")]
pub enum Lookup {
    /// The value of an SSM parameter that is no secret (`String` or `StringList`).
    Parameter {
        /// Its name, or its ARN.
        name: String,
        /// Its version; none for the latest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
    },
    /// The names of the availability zones of a region that the account may use.
    Zones {
        /// The region.
        region: String,
    },
}

/// What was looked up: text for a parameter, a list of texts for zones. Nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Found>", into = "Vec<Found>")]
pub struct Snapshot(pub BTreeMap<Lookup, Value>);

#[derive(Clone, Serialize, Deserialize)]
struct Found {
    lookup: Lookup,
    value: Value,
}

impl From<Vec<Found>> for Snapshot {
    fn from(found: Vec<Found>) -> Self {
        Self(found.into_iter().map(|Found { lookup, value }| (lookup, value)).collect())
    }
}

impl From<Snapshot> for Vec<Found> {
    fn from(snapshot: Snapshot) -> Self {
        snapshot.0.into_iter().map(|(lookup, value)| Found { lookup, value }).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_snapshot_is_read_as_it_was_written() {
        let zones = Lookup::Zones { region: "eu-central-1".to_owned() };
        let snapshot = Snapshot([(zones, json!(["eu-central-1a", "eu-central-1b"]))].into());
        let text = serde_json::to_string(&snapshot).unwrap();
        let expected =
            r#"[{"lookup":{"of":"zones","region":"eu-central-1"},"value":["eu-central-1a","eu-central-1b"]}]"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap(), snapshot);
    }
}
