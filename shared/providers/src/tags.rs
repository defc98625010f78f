//! Tags, between CloudFormation's shapes, the services' types and the engine's marks.
//!
//! Owns that the tags of ownership and origin are set at creation, told apart from a user's, and never touched afterwards.

use std::collections::BTreeMap;

use engine::ports::Creation;
use model::ownership::CREATION_TAGS;
use model::{CallError, ErrorClass, Ownership, Properties};
use serde_json::{Value, json};

/// Tags by name.
pub type Tags = BTreeMap<String, String>;

/// The tag by which CloudFormation marks what is its own.
const CLOUDFORMATION: &str = "aws:cloudformation:stack-id";

/// The tags that `properties` ask for, in either of CloudFormation's shapes: a list of `Key` and `Value`, or a map.
///
/// # Errors
/// `Invalid` where `Tags` has another shape.
pub fn asked(properties: &Properties) -> Result<Tags, CallError> {
    let wrong = || CallError::local(ErrorClass::Invalid, "read the tags", "`Tags` is neither a list of tags nor a map");
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let pairs: Option<Tags> = match properties.get("Tags") {
        None | Some(Value::Null) => return Ok(Tags::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|tag| Some((tag.get("Key")?.as_str()?.to_owned(), text(tag.get("Value")?)?))).collect()
        }
        Some(Value::Object(map)) => map.iter().map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
        Some(_) => None,
    };
    pairs.ok_or_else(wrong)
}

/// What a creating call carries: the tags that are asked for, and the tags of ownership and origin, which win.
///
/// # Errors
/// As [`asked`].
pub fn for_creation(creation: &Creation<'_>) -> Result<Tags, CallError> {
    let mut tags = asked(creation.properties)?;
    tags.extend(creation.stamp.tags(creation.key));
    Ok(tags)
}

/// Whose the bearer of these tags is. What belongs to a CloudFormation stack is always foreign.
pub fn ownership(tags: &Tags) -> Ownership {
    if tags.contains_key(CLOUDFORMATION) {
        return Ownership::Foreign;
    }
    Ownership::from_tags(tags.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// The tags a user may set and see: neither those of ownership and origin nor AWS's own.
pub fn of_users(tags: &Tags) -> Tags {
    tags.iter().filter(|(name, _)| is_users(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn is_users(name: &str) -> bool {
    !CREATION_TAGS.contains(&name) && !name.starts_with("aws:")
}

/// A user's tags among `tags`, as a list of `Key` and `Value`, by name.
pub fn as_list(tags: &Tags) -> Value {
    of_users(tags).into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// A user's tags among `tags`, as a map.
pub fn as_map(tags: &Tags) -> Value {
    json!(of_users(tags))
}

/// Adds a user's tags among `tags` to what was observed, as a list; nothing where there are none.
pub fn observe_list(properties: &mut Properties, tags: &Tags) {
    if tags.keys().any(|name| is_users(name)) {
        properties.set("Tags", as_list(tags));
    }
}

/// As [`observe_list`], as a map.
pub fn observe_map(properties: &mut Properties, tags: &Tags) {
    if tags.keys().any(|name| is_users(name)) {
        properties.set("Tags", as_map(tags));
    }
}

/// What must be done to a user's tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagChange {
    /// To set, because they are new or have another value.
    pub set: Tags,
    /// To remove.
    pub remove: Vec<String>,
}

impl TagChange {
    /// What makes `have` into `want`, a user's tags alone considered.
    pub fn between(have: &Tags, want: &Tags) -> Self {
        let (have, want) = (of_users(have), of_users(want));
        let remove = have.keys().filter(|name| !want.contains_key(*name)).cloned().collect();
        let set = want.into_iter().filter(|(name, value)| have.get(name) != Some(value)).collect();
        Self { set, remove }
    }

    /// What makes the tags of `from` into those of `to`.
    ///
    /// # Errors
    /// As [`asked`].
    pub fn of(from: &Properties, to: &Properties) -> Result<Self, CallError> {
        Ok(Self::between(&asked(from)?, &asked(to)?))
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use model::Stamp;
    use model::properties;

    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn both_shapes_of_tags_mean_the_same() {
        let list = properties(json!({ "Tags": [{ "Key": "team", "Value": "a" }, { "Key": "n", "Value": 3 }] }));
        let map = properties(json!({ "Tags": { "team": "a", "n": "3" } }));
        assert_eq!(asked(&list).unwrap(), asked(&map).unwrap());
        assert!(asked(&properties(json!({}))).unwrap().is_empty());
        assert_eq!(asked(&properties(json!({ "Tags": "team" }))).unwrap_err().class, ErrorClass::Invalid);
    }

    #[test]
    fn a_creation_carries_the_users_tags_and_ours_and_ours_win() {
        let stamp = Stamp {
            engine: "e1".into(),
            scope: "shop/dev".into(),
            version: "1".into(),
            deployed_at: "t".into(),
            deployed_by: "d".into(),
        };
        let key = "shared/Orders@1".parse().unwrap();
        let asked = properties(json!({ "Tags": {
            "strands:engine": "forged", "strands:project": "shop", "strands:environment": "dev" } }));
        let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stamp };
        let sent = for_creation(&creation).unwrap();
        assert!(ownership(&sent).is(&stamp, &key));
        assert_eq!(of_users(&sent).len(), 2);
    }

    #[test]
    fn what_cloudformation_made_is_never_ours() {
        let given = [("strands:engine", "e"), ("strands:resource", "a/B"), ("strands:generation", "1")];
        assert_ne!(ownership(&tags(&given)), Ownership::Foreign);
        let stacked = tags(&[&given[..], &[(CLOUDFORMATION, "arn:aws:cloudformation:…")]].concat());
        assert_eq!(ownership(&stacked), Ownership::Foreign);
    }

    #[test]
    fn a_change_of_tags_never_touches_the_marks_of_creation() {
        let have = tags(&[("strands:engine", "e"), ("aws:x", "y"), ("old", "1"), ("kept", "1"), ("moved", "1")]);
        let want = tags(&[("strands:engine", "other"), ("kept", "1"), ("moved", "2"), ("new", "1")]);
        let change = TagChange::between(&have, &want);
        assert_eq!(change, TagChange { set: tags(&[("moved", "2"), ("new", "1")]), remove: vec!["old".into()] });
        assert!(TagChange::between(&have, &have).is_empty());
    }
}
