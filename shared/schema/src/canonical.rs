//! The canonical form of a property tree: two trees that AWS treats alike have the same one.
//!
//! What AWS treats alike is what its own resource-type schemas say (`registry`: of which type a value is, whether the order of a
//! list means something, what it is where nothing is given), what `types` adds to that, and what IAM says of policies. Two trees
//! that AWS tells apart stay apart: where a schema says nothing, nothing is changed.

use model::expression::is_function;
use model::{Properties, ResourceType};
use serde_json::{Map, Number, Value};

use crate::registry::{self, Place, Resource, Segment, Step, Type};
use crate::types::{TypeSchema, get};

/// How deep a tree is looked into. No property of AWS is as deep.
const DEEPEST: usize = 64;

/// The canonical form of `properties`: tags by key, sets in order, numbers and truths as such however they are written, policy
/// documents with lists where AWS takes either a text or a list, and without what says no more than AWS's default. Types that are
/// not known stay as they are, tags apart.
pub fn canonical(kind: &ResourceType, properties: &Properties) -> Properties {
    let knowledge = Knowledge::of(kind);
    let property = |(name, value): (&String, &Value)| Some((name.clone(), knowledge.property(name, value)?));
    properties.0.iter().filter_map(property).collect()
}

/// What is known of one type.
pub(crate) struct Knowledge {
    schema: Option<&'static TypeSchema>,
    resource: Option<std::sync::Arc<Resource>>,
}

impl Knowledge {
    pub(crate) fn of(kind: &ResourceType) -> Self {
        Self { schema: get(kind), resource: registry::resource(kind.as_str()) }
    }

    /// The canonical form of one top-level property; none where it says nothing.
    pub(crate) fn property(&self, name: &str, value: &Value) -> Option<Value> {
        let has = |list: fn(&TypeSchema) -> &'static [&'static str]| {
            self.schema.is_some_and(|schema| list(schema).contains(&name))
        };
        let place = self.resource.as_ref().and_then(|resource| resource.shape_at(&[Step::Property(name.to_owned())]));
        let value = match &place {
            Some(place) => shaped(place, value, DEEPEST)?,
            None => value.clone(),
        };
        let is_tags = self.resource.as_ref().map_or(name == "Tags", |resource| {
            let tags = resource.tagging.property.as_ref();
            tags.map_or(
                name == "Tags",
                |path| matches!(path.0.as_slice(), [Segment::Property(tags)] if **tags == *name),
            )
        });
        let value = if is_tags || has(|schema| schema.sets) {
            sorted(&value)
        } else if has(|schema| schema.policies) || name.ends_with("PolicyDocument") || name.ends_with("Policy") {
            policies(&value)
        } else {
            value
        };
        (!value.is_null()).then_some(value)
    }
}

/// The canonical form of the value of a property; none where it is what AWS fills in for nothing.
fn shaped(place: &Place<'_>, value: &Value, depth: usize) -> Option<Value> {
    let value = form(place, value, depth);
    let is_default = place.default().is_some_and(|default| form(place, default, depth) == value);
    (!is_default).then_some(value)
}

/// The canonical form of the value at a place.
fn form(place: &Place<'_>, value: &Value, depth: usize) -> Value {
    if depth == 0 {
        return value.clone();
    }
    match value {
        Value::Array(items) => {
            let of = |(at, item): (usize, &Value)| match place.item(at) {
                Some(place) => form(&place, item, depth - 1),
                None => item.clone(),
            };
            let mut items: Vec<Value> = items.iter().enumerate().map(of).collect();
            if !place.ordered() {
                items.sort_by_cached_key(Value::to_string);
                if place.unique() {
                    items.dedup();
                }
            }
            Value::Array(items)
        }
        Value::Object(map) if is_function(map) => value.clone(),
        Value::Object(map) if map.contains_key("Statement") && place.properties().is_empty() => policies(value),
        Value::Object(map) => {
            let of = |(name, item): (&String, &Value)| match place.property(name) {
                Some(place) => Some((name.clone(), shaped(&place, item, depth - 1)?)),
                None => Some((name.clone(), item.clone())),
            };
            Value::Object(map.iter().filter_map(of).collect())
        }
        Value::String(text) => written(place, text),
        Value::Number(_) | Value::Bool(_) => {
            let types = place.types();
            let is_text = types.has(Type::String) && !types.has(Type::of(value)) && !types.has(Type::Number);
            let text = || Value::String(shown(value));
            if is_text { text() } else { plain(value) }
        }
        Value::Null => Value::Null,
    }
}

/// A text at a place that takes no texts is the number or the truth that it reads as.
fn written(place: &Place<'_>, text: &str) -> Value {
    let types = place.types();
    let kept = || Value::from(text);
    if types.is_empty() {
        return kept();
    }
    if types.has(Type::String) {
        return kept();
    }
    if types.has(Type::Boolean) {
        match text {
            "true" => return Value::Bool(true),
            "false" => return Value::Bool(false),
            _ => {}
        }
    }
    if types.has(Type::Integer) || types.has(Type::Number) {
        let number = text.parse::<i64>().map(Number::from).ok();
        let number = number.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
        if let Some(number) = number {
            return plain(&Value::Number(number));
        }
    }
    kept()
}

/// A number without a fraction where it has none.
fn plain(value: &Value) -> Value {
    match value.as_f64() {
        // Up to here every whole number has a form of its own.
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() < 9e15 => Value::from(number as i64),
        _ => value.clone(),
    }
}

fn shown(value: &Value) -> String {
    plain(value).to_string()
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

/// A policy document, as a tree or as its text, or a list of named ones.
fn policies(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let tree = text.trim_start().starts_with('{').then(|| serde_json::from_str::<Value>(text).ok()).flatten();
            tree.filter(|tree| tree.get("Statement").is_some()).map_or_else(|| value.clone(), |tree| policies(&tree))
        }
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
        let policies = |list: [&str; 2]| json!({ "ManagedPolicyArns": list });
        assert!(same("AWS::IAM::Role", policies(["a", "b"]), policies(["b", "a"])));
        let layers = |list: [&str; 2]| json!({ "Layers": list });
        assert!(
            !same("AWS::Lambda::Function", layers(["a", "b"]), layers(["b", "a"])),
            "a later layer hides an earlier"
        );
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
