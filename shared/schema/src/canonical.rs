//! The canonical form of a property tree: two trees that AWS treats alike have the same one.

use model::{Properties, ResourceType};
use serde_json::{Map, Value};

use crate::types::{TypeSchema, get};

/// The canonical form of `properties`: tags by key, sets in order, policy documents with lists where AWS takes either a
/// text or a list. Types that are not known stay as they are, tags apart.
pub fn canonical(kind: &ResourceType, properties: &Properties) -> Properties {
    let schema = get(kind);
    let mut result = Properties::new();
    for (name, value) in &properties.0 {
        if let Some(value) = property(schema, name, value) {
            result.set(name, value);
        }
    }
    result
}

/// The canonical form of one top-level property; none where it has no value.
pub(crate) fn property(schema: Option<&TypeSchema>, name: &str, value: &Value) -> Option<Value> {
    let has =
        |list: fn(&TypeSchema) -> &'static [&'static str]| schema.is_some_and(|schema| list(schema).contains(&name));
    let value = if name == "Tags" || has(|schema| schema.sets) {
        sorted(value)
    } else if has(|schema| schema.policies) {
        policies(value)
    } else {
        value.clone()
    };
    (!value.is_null()).then_some(value)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items = items.clone();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            Value::Array(items)
        }
        other => other.clone(),
    }
}

/// A policy document, or a list of named ones.
fn policies(value: &Value) -> Value {
    match value {
        Value::Array(items) => sorted(&Value::Array(items.iter().map(policies).collect())),
        Value::Object(map) if map.contains_key("PolicyDocument") => {
            let inner = |(name, item): (&String, &Value)| {
                (name.clone(), if name == "PolicyDocument" { policies(item) } else { item.clone() })
            };
            Value::Object(map.iter().map(inner).collect())
        }
        Value::Object(map) if map.contains_key("Statement") => {
            let inner = |(name, item): (&String, &Value)| {
                (name.clone(), if name == "Statement" { statements(item) } else { item.clone() })
            };
            Value::Object(map.iter().map(inner).collect())
        }
        other => other.clone(),
    }
}

fn statements(value: &Value) -> Value {
    sorted(&Value::Array(listed(value).iter().map(statement).collect()))
}

fn statement(value: &Value) -> Value {
    let Value::Object(map) = value else { return value.clone() };
    let mut result = Map::new();
    for (name, item) in map {
        let item = match name.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => sorted(&Value::Array(listed(item))),
            "Principal" | "NotPrincipal" => match item {
                Value::Object(kinds) => Value::Object(
                    kinds.iter().map(|(kind, ids)| (kind.clone(), sorted(&Value::Array(listed(ids))))).collect(),
                ),
                other => other.clone(),
            },
            _ => item.clone(),
        };
        result.insert(name.clone(), item);
    }
    Value::Object(result)
}

fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    }
}

#[cfg(test)]
mod tests {
    use model::properties;
    use serde_json::json;

    use super::*;

    fn same(kind: &str, a: Value, b: Value) -> bool {
        canonical(&kind.into(), &properties(a)) == canonical(&kind.into(), &properties(b))
    }

    #[test]
    fn tags_and_sets_have_no_order() {
        let tags = |names: [&str; 2]| json!({ "Tags": names.map(|name| json!({ "Key": name, "Value": "v" })) });
        assert!(same("AWS::SQS::Queue", tags(["a", "b"]), tags(["b", "a"])));
        let layers = |list: [&str; 2]| json!({ "Layers": list });
        assert!(same("AWS::Lambda::Function", layers(["a", "b"]), layers(["b", "a"])));
        let keys = |list: [&str; 2]| json!({ "KeySchema": list });
        assert!(!same("AWS::DynamoDB::Table", keys(["a", "b"]), keys(["b", "a"])), "the order of a key matters");
    }

    #[test]
    fn one_action_and_a_list_of_one_are_the_same_policy() {
        let with = |action: Value| {
            json!({ "Policies": [{ "PolicyName": "p", "PolicyDocument": {
                "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } } }] })
        };
        assert!(same("AWS::IAM::Role", with(json!("s3:GetObject")), with(json!(["s3:GetObject"]))));
        assert!(!same("AWS::IAM::Role", with(json!("s3:GetObject")), with(json!(["s3:PutObject"]))));
    }

    #[test]
    fn it_is_idempotent() {
        let given = properties(json!({ "Tags": [{ "Key": "b" }, { "Key": "a" }], "Policies": [], "Path": null }));
        let once = canonical(&"AWS::IAM::Role".into(), &given);
        assert_eq!(canonical(&"AWS::IAM::Role".into(), &once), once);
    }
}
