//! What is left of functions inside property trees, and its resolution.
//!
//! Two forms refer to resources, with whole addresses: `{"Ref": "shared/Orders"}` (the physical id) and
//! `{"Fn::GetAtt": ["shared/Orders", "Arn"]}` (an attribute). The functions of [`Function`] make values of them, nested in any
//! way, e.g. `{"Fn::Join": ["", [{"Fn::GetAtt": …}, "/*"]]}`. Everything else is decided during expansion.

mod function;

use serde_json::{Map, Value};

pub use function::{Function, LONGEST, MOST_RANGES, Misfit, Unfit, text};

use crate::id::ResourceAddress;
use crate::properties::Properties;

/// The most text that the functions of one tree may give together, in bytes: far more than AWS takes for one resource.
const MOST_TEXT: usize = 8 * LONGEST;

/// A use of another resource's physical id or attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The resource that is referred to.
    pub address: ResourceAddress,
    /// The attribute; none for the physical id. May have dots (`Endpoint.Address`).
    pub attribute: Option<String>,
}

/// A reference or function that has no value.
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
    /// A function that does not have the shape it must have.
    #[error("`{0}` is not a well-formed reference")]
    Malformed(String),
    /// A function whose arguments, once known, are not what it takes: an index beyond a list.
    #[error(transparent)]
    Unfit(#[from] Unfit),
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

/// Whether a mapping stands for a value rather than being one: its only entry is `Ref` or `Fn::…`.
pub fn is_function(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().all(|name| name == "Ref" || name.starts_with("Fn::"))
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

/// The function that `value` is, if it is one of those that make values of others, and what it is given.
pub fn as_function(value: &Value) -> Option<(Function, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let (name, arguments) = map.iter().next()?;
    Some((Function::named(name)?, arguments))
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

/// Adds every reference in `value` to `found`, also those inside of functions.
///
/// # Errors
/// [`Unresolved::Malformed`] for the first reference or function that is not well formed.
pub fn references_in(value: &Value, found: &mut Vec<Reference>) -> Result<(), Unresolved> {
    if let Some(reference) = as_reference(value)? {
        found.push(reference);
        return Ok(());
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| references_in(item, found)),
        Value::Object(map) => {
            if let Some((function, arguments)) = as_function(value) {
                well_formed(function, arguments)
                    .then_some(())
                    .ok_or_else(|| Unresolved::Malformed(value.to_string()))?;
            }
            map.values().try_for_each(|item| references_in(item, found))
        }
        _ => Ok(()),
    }
}

/// Whether a function is given as much as it takes, and what must be written out is.
fn well_formed(function: Function, arguments: &Value) -> bool {
    let may_be_list = |value: &Value| value.is_array() || stands_for_another(value);
    let may_be_text = |value: &Value| text(value).is_some() || stands_for_another(value);
    let items = arguments.as_array().map(Vec::as_slice).unwrap_or_default();
    match (function, items) {
        (Function::Join, [Value::String(_), parts]) => may_be_list(parts),
        (Function::Select, [index, list]) => may_be_text(index) && may_be_list(list),
        (Function::Split, [Value::String(_), source]) => may_be_text(source),
        (Function::Cidr, [block, count, bits]) => [block, count, bits].into_iter().all(may_be_text),
        (Function::Join | Function::Select | Function::Split | Function::Cidr, _) => false,
        (Function::Base64, _) => may_be_text(arguments),
        (Function::ToJsonString, _) => arguments.is_array() || arguments.is_object(),
        (Function::Length, _) => may_be_list(arguments),
    }
}

fn stands_for_another(value: &Value) -> bool {
    value.as_object().is_some_and(is_function)
}

/// `properties` with every reference replaced by what `lookup` gives for it, and every function by its value.
///
/// # Errors
/// [`Unresolved::Unknown`] where `lookup` gives nothing, [`Unresolved::Malformed`] for a function of another shape,
/// [`Unresolved::Unfit`] for one whose arguments turn out not to be what it takes.
pub fn resolve(
    properties: &Properties,
    lookup: &dyn Fn(&Reference) -> Option<Value>,
) -> Result<Properties, Unresolved> {
    let mut resolution = Resolution { lookup, left: MOST_TEXT };
    properties.0.iter().map(|(name, value)| Ok((name.clone(), resolution.value(value)?))).collect()
}

/// One value with its references and functions resolved, as in [`resolve`].
///
/// # Errors
/// As [`resolve`].
pub fn resolve_value(value: &Value, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Result<Value, Unresolved> {
    Resolution { lookup, left: MOST_TEXT }.value(value)
}

struct Resolution<'l> {
    lookup: &'l dyn Fn(&Reference) -> Option<Value>,
    /// How much more text functions may give.
    left: usize,
}

impl Resolution<'_> {
    fn value(&mut self, value: &Value) -> Result<Value, Unresolved> {
        if let Some(reference) = as_reference(value)? {
            let found = (self.lookup)(&reference);
            return found.ok_or(Unresolved::Unknown { address: reference.address, attribute: reference.attribute });
        }
        if let Some((function, arguments)) = as_function(value) {
            if !well_formed(function, arguments) {
                return Err(Unresolved::Malformed(value.to_string()));
            }
            let given = function.apply(&self.value(arguments)?)?;
            let Some(left) = self.left.checked_sub(size(&given)) else {
                let reason = format!("and others would give more than {MOST_TEXT} bytes of text together");
                return Err(Unfit { function, reason, misfit: Misfit::Size }.into());
            };
            self.left = left;
            return Ok(given);
        }
        match value {
            Value::Array(items) => {
                items.iter().map(|item| self.value(item)).collect::<Result<_, _>>().map(Value::Array)
            }
            Value::Object(map) => {
                let pairs = map.iter().map(|(name, item)| Ok((name.clone(), self.value(item)?)));
                pairs.collect::<Result<_, _>>().map(Value::Object)
            }
            other => Ok(other.clone()),
        }
    }
}

/// How much text what a function gives has, a little for each value.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 8,
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::Object(map) => map.iter().map(|(name, item)| name.len() + size(item)).sum(),
    }
}

#[cfg(test)]
mod tests;
