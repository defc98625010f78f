//! References between resources inside property trees, and their resolution.
//!
//! Three forms are left after expansion, each with whole addresses: `{"Ref": "shared/Orders"}` (the physical id),
//! `{"Fn::GetAtt": ["shared/Orders", "Arn"]}` (an attribute) and `{"Fn::Join": [separator, [parts]]}` (text made of them).

use serde_json::Value;

use crate::id::ResourceAddress;
use crate::properties::Properties;

/// A use of another resource's physical id or attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The resource that is referred to.
    pub address: ResourceAddress,
    /// The attribute; none for the physical id.
    pub attribute: Option<String>,
}

/// A reference that has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// The resource or its attribute is not known.
    #[error("`{address}` has no {} yet", attribute.as_deref().map_or("physical id".to_owned(), |name| format!("attribute `{name}`")))]
    Unknown {
        /// The resource that is referred to.
        address: ResourceAddress,
        /// The attribute; none for the physical id.
        attribute: Option<String>,
    },
    /// An intrinsic function that does not have the shape it must have.
    #[error("`{0}` is not a well-formed reference")]
    Malformed(String),
}

/// `{"Ref": address}`.
pub fn reference(address: &ResourceAddress) -> Value {
    serde_json::json!({ "Ref": address.to_string() })
}

/// `{"Fn::GetAtt": [address, attribute]}`.
pub fn attribute(address: &ResourceAddress, attribute: &str) -> Value {
    serde_json::json!({ "Fn::GetAtt": [address.to_string(), attribute] })
}

/// `{"Fn::Join": ["", parts]}`.
pub fn join(parts: impl IntoIterator<Item = Value>) -> Value {
    serde_json::json!({ "Fn::Join": ["", parts.into_iter().collect::<Vec<_>>()] })
}

/// The reference that `value` is, if it is one.
///
/// # Errors
/// [`Unresolved::Malformed`] for a `Ref` or `Fn::GetAtt` of another shape.
pub fn as_reference(value: &Value) -> Result<Option<Reference>, Unresolved> {
    let Value::Object(map) = value else { return Ok(None) };
    if map.len() != 1 {
        return Ok(None);
    }
    let malformed = || Unresolved::Malformed(value.to_string());
    if let Some(target) = map.get("Ref") {
        let address = target.as_str().and_then(|text| text.parse().ok()).ok_or_else(malformed)?;
        return Ok(Some(Reference { address, attribute: None }));
    }
    if let Some(target) = map.get("Fn::GetAtt") {
        let parts = target.as_array().map(Vec::as_slice).unwrap_or_default();
        let [Value::String(address), Value::String(attribute)] = parts else { return Err(malformed()) };
        let address = address.parse().map_err(|_| malformed())?;
        return Ok(Some(Reference { address, attribute: Some(attribute.clone()) }));
    }
    Ok(None)
}

/// Every reference in `properties`, each once, in order.
///
/// # Errors
/// [`Unresolved::Malformed`] for the first one that is not well formed.
pub fn references(properties: &Properties) -> Result<Vec<Reference>, Unresolved> {
    let mut found = Vec::new();
    for value in properties.0.values() {
        references_in(value, &mut found)?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Adds every reference in `value` to `found`.
///
/// # Errors
/// [`Unresolved::Malformed`] for the first one that is not well formed.
pub fn references_in(value: &Value, found: &mut Vec<Reference>) -> Result<(), Unresolved> {
    if let Some(reference) = as_reference(value)? {
        found.push(reference);
        return Ok(());
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| references_in(item, found)),
        Value::Object(map) => map.values().try_for_each(|item| references_in(item, found)),
        _ => Ok(()),
    }
}

/// `properties` with every reference replaced by what `lookup` gives for it, and every `Fn::Join` by its text.
///
/// # Errors
/// [`Unresolved::Unknown`] where `lookup` gives nothing, [`Unresolved::Malformed`] for a function of another shape.
pub fn resolve(
    properties: &Properties,
    lookup: &dyn Fn(&Reference) -> Option<Value>,
) -> Result<Properties, Unresolved> {
    properties.0.iter().map(|(name, value)| Ok((name.clone(), resolve_value(value, lookup)?))).collect()
}

/// One value with its references resolved, as in [`resolve`].
///
/// # Errors
/// As [`resolve`].
pub fn resolve_value(value: &Value, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Result<Value, Unresolved> {
    if let Some(reference) = as_reference(value)? {
        let Reference { address, attribute } = &reference;
        return lookup(&reference)
            .ok_or_else(|| Unresolved::Unknown { address: address.clone(), attribute: attribute.clone() });
    }
    match value {
        Value::Array(items) => {
            items.iter().map(|item| resolve_value(item, lookup)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(map) => {
            if let (1, Some(arguments)) = (map.len(), map.get("Fn::Join")) {
                return joined(arguments, lookup);
            }
            let pairs = map.iter().map(|(name, item)| Ok((name.clone(), resolve_value(item, lookup)?)));
            pairs.collect::<Result<_, _>>().map(Value::Object)
        }
        other => Ok(other.clone()),
    }
}

fn joined(arguments: &Value, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Result<Value, Unresolved> {
    let malformed = || Unresolved::Malformed(format!("{{\"Fn::Join\":{arguments}}}"));
    let parts = arguments.as_array().map(Vec::as_slice).unwrap_or_default();
    let [Value::String(separator), Value::Array(parts)] = parts else { return Err(malformed()) };
    let mut texts = Vec::with_capacity(parts.len());
    for part in parts {
        match resolve_value(part, lookup)? {
            Value::String(text) => texts.push(text),
            Value::Number(number) => texts.push(number.to_string()),
            _ => return Err(malformed()),
        }
    }
    Ok(Value::String(texts.join(separator)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::properties::properties;

    #[test]
    fn a_join_of_references_becomes_text() {
        let orders = ResourceAddress::new("shared", "Orders");
        let given =
            properties(json!({ "Uri": join([attribute(&orders, "Arn"), json!("/index/*")]), "Plain": [1, true] }));
        assert_eq!(references(&given).unwrap().len(), 1);
        let resolved = resolve(&given, &|_| Some(json!("arn:aws:dynamodb:x"))).unwrap();
        assert_eq!(resolved, properties(json!({ "Uri": "arn:aws:dynamodb:x/index/*", "Plain": [1, true] })));
    }

    #[test]
    fn a_reference_without_a_value_says_which() {
        let given = properties(json!({ "Role": attribute(&ResourceAddress::new("a", "Role"), "Arn") }));
        let error = resolve(&given, &|_| None).unwrap_err();
        assert_eq!(error.to_string(), "`a/Role` has no attribute `Arn` yet");
        let malformed = properties(json!({ "Role": { "Fn::GetAtt": "a/Role" } }));
        assert!(matches!(references(&malformed), Err(Unresolved::Malformed(_))));
    }
}
