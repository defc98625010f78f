//! Resources as AWS's documentation and `cdk synth` write them: nothing is found wrong with any.

use std::collections::BTreeMap;

use schema::registry::{self, validate};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Written {
    r#type: String,
    properties: Value,
}

#[test]
fn nothing_is_wrong_with_what_is_written_everywhere() {
    let all: BTreeMap<String, Written> = serde_json::from_str(include_str!("valid.json")).unwrap();
    assert!(all.len() > 100);
    let mut wrong = Vec::new();
    for (name, written) in &all {
        let Some(resource) = registry::resource(&written.r#type) else {
            wrong.push(format!("{name}: `{}` is not known", written.r#type));
            continue;
        };
        for one in validate(&resource, &written.properties) {
            wrong.push(format!("{name} ({}) at `{}`: {}", written.r#type, one.place(), one.message()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
