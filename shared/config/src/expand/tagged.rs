//! Tags on what people brought along: where a type has a place for them, beside what the user wrote there.

use model::DesiredResource;
use schema::registry::{self, TagForm};
use serde_json::{Map, Value, json};
use source::{Code, Finding, Span};

use super::tags::Scope;

/// The most tags that AWS takes on one resource.
const MOST: usize = 50;

/// Adds the tags of `scope` to `resource`; the user's own stay as they are.
pub(super) fn add(scope: &Scope, resource: &mut DesiredResource, span: Span, findings: &mut Vec<Finding>) {
    let Some(schema) = registry::resource(resource.kind.as_str()) else { return };
    let Some(property) = schema.tagging.property.as_ref().and_then(|path| path.top()) else { return };
    for name in given(&resource.properties.0, property).filter(|name| name.to_lowercase().starts_with("strands:")) {
        let message = format!("a tag cannot be named `{name}`");
        let finding = Finding::new(Code::WrongTag, span, message);
        findings.push(finding.help("`strands:` is Strandline's own: choose another prefix"));
    }
    let count = match schema.tagging.form.filter(|_| schema.tagging.taggable) {
        Some(TagForm::List) => list(scope, resource, property),
        Some(TagForm::Map) => map(scope, resource, property),
        None => return,
    };
    let most = MOST - model::ownership::CREATION_TAGS.len();
    if count > most {
        let message = format!("there are {count} tags on this resource, those of the project and environment included");
        let help = format!("AWS takes {MOST}, and Strandline's own are among them: at most {most} are left");
        findings.push(Finding::new(Code::TooMany, span, message).help(help));
    }
}

/// The names of the tags that the user gave.
fn given<'p>(properties: &'p Map<String, Value>, property: &str) -> impl Iterator<Item = &'p str> {
    let (list, map) = match properties.get(property) {
        Some(Value::Array(list)) => (list.as_slice(), None),
        Some(Value::Object(map)) => (Default::default(), Some(map)),
        _ => (Default::default(), None),
    };
    let of_list = list.iter().filter_map(|tag| tag.get("Key")?.as_str());
    of_list.chain(map.into_iter().flatten().map(|(name, _)| name.as_str()))
}

fn list(scope: &Scope, resource: &mut DesiredResource, property: &str) -> usize {
    let given = resource.properties.0.entry(property).or_insert_with(|| Value::Array(Vec::new()));
    // What a function makes is known later only.
    let Value::Array(given) = given else { return 0 };
    let is_given =
        |name: &str, given: &[Value]| given.iter().any(|tag| tag.get("Key").and_then(Value::as_str) == Some(name));
    // Groups of instances say of each tag whether instances have it, too.
    let propagates = resource.kind.as_str() == "AWS::AutoScaling::AutoScalingGroup";
    let mut more: Vec<Value> = Vec::new();
    for (name, value) in scope.iter().filter(|(name, _)| !is_given(name, given)) {
        more.push(match propagates {
            true => json!({ "Key": name, "PropagateAtLaunch": true, "Value": value }),
            false => json!({ "Key": name, "Value": value }),
        });
    }
    given.extend(more);
    given.len()
}

fn map(scope: &Scope, resource: &mut DesiredResource, property: &str) -> usize {
    let given = resource.properties.0.entry(property).or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(given) = given else { return 0 };
    if model::expression::is_function(given) {
        return 0;
    }
    for (name, value) in scope.iter() {
        given.entry(name).or_insert_with(|| json!(value));
    }
    given.len()
}
