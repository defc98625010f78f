//! Reading property trees: what a request needs of them, and how AWS's own shapes become CloudFormation's.

use std::collections::BTreeMap;

use engine::ports::{Existing, Provider};
use model::{CallError, ErrorClass, Observed, Properties};
use serde_json::Value;

/// The text of a property that must be there.
///
/// # Errors
/// `Invalid`, naming the property.
pub fn required<'a>(properties: &'a Properties, name: &str) -> Result<&'a str, CallError> {
    properties.text(name).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

/// The value at a path of names, where there is one.
pub fn at<'a>(properties: &'a Properties, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(properties.get(first)?, |value, name| value.get(name))
}

/// The text at a path of names, where there is one.
pub fn text_at<'a>(properties: &'a Properties, path: &[&str]) -> Option<&'a str> {
    at(properties, path).and_then(Value::as_str)
}

/// The text at a path that must be there.
///
/// # Errors
/// `Invalid`, naming the path.
pub fn required_at<'a>(properties: &'a Properties, path: &[&str]) -> Result<&'a str, CallError> {
    text_at(properties, path).ok_or_else(|| missing(&path.join(".")))
}

/// A whole number at a path; numbers written as text count.
///
/// # Errors
/// `Invalid` for what is there and is not a number that fits 32 bits.
pub fn number_at(properties: &Properties, path: &[&str]) -> Result<Option<i32>, CallError> {
    let Some(value) = at(properties, path) else { return Ok(None) };
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    match number.and_then(|number| i32::try_from(number).ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(invalid(format!("`{}` is not a whole number of 32 bits", path.join(".")))),
    }
}

/// The texts of a list; what is not text is left out.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A map of names to text; numbers and truths are written out.
pub fn text_map(value: Option<&Value>) -> BTreeMap<String, String> {
    let Some(Value::Object(map)) = value else { return BTreeMap::new() };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    map.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// A policy document as the text that a request carries. A property may hold it as text or as a tree.
pub fn policy_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A policy document as a tree, from the text that AWS gives: JSON, which IAM encodes as in a URL.
///
/// # Errors
/// `Unknown` for what is neither.
pub fn policy_tree(text: &str) -> Result<Value, CallError> {
    let decoded = if text.trim_start().starts_with('{') { text.to_owned() } else { url_decoded(text) };
    serde_json::from_str(&decoded).map_err(|error| {
        CallError::local(ErrorClass::Unknown, "read a policy", format!("a policy document is not JSON: {error}"))
    })
}

fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A property that differs between two trees.
pub fn differs(from: &Properties, to: &Properties, name: &str) -> bool {
    from.get(name) != to.get(name)
}

/// Whether any of these properties differs between two trees.
pub fn any_differs(from: &Properties, to: &Properties, names: &[&str]) -> bool {
    names.iter().any(|name| differs(from, to, name))
}

/// Whether a property may stand otherwise than as `to` asks for it: `live` does not show what is asked for, or a change that did
/// not come to its end sent something else, which is to be seen nowhere where nothing is asked for any more.
pub fn may_differ(existing: &Existing<'_>, live: &Properties, to: &Properties, name: &str) -> bool {
    let asked = to.get(name).filter(|asked| !asked.is_null());
    let is_shown = |asked| live.get(name).is_some_and(|live| crate::tree::covers(live, asked));
    asked.is_some_and(|asked| !is_shown(asked)) || is_unsettled(existing, to, name)
}

/// Whether a change that did not come to its end sent a property otherwise than as `to` asks for it.
pub fn is_unsettled(existing: &Existing<'_>, to: &Properties, name: &str) -> bool {
    existing.earlier.iter().any(|earlier| differs(&earlier.sent, to, name))
}

/// Whether a property was ever asked for since a change last came to its end.
pub fn was_asked(existing: &Existing<'_>, name: &str) -> bool {
    existing.sent().any(|sent| sent.get(name).is_some_and(|asked| !asked.is_null()))
}

/// An error that says that a property is wrong.
pub fn invalid(message: impl Into<String>) -> CallError {
    CallError::local(ErrorClass::Invalid, "read the properties", message)
}

/// An answer that lacks what it must have.
pub fn silent(operation: &str) -> CallError {
    CallError::local(ErrorClass::Unknown, operation, "the answer lacks what was made")
}

/// What was to be converged, and so was made, does not show itself (yet).
pub fn vanished(existing: &Existing<'_>) -> CallError {
    let message = format!("`{}` ({}) was made and cannot be seen", existing.physical_id, existing.key);
    CallError::local(ErrorClass::NotPropagated, "converge", message)
}

/// What `provider` shows of what was made.
///
/// # Errors
/// As `read`; `NotPropagated` where it shows nothing (yet).
pub async fn seen(provider: &dyn Provider, existing: &Existing<'_>) -> Result<Observed, CallError> {
    provider.read(existing).await?.ok_or_else(|| vanished(existing))
}

/// `result` of a call about what was made a moment ago: where it is not found, it is not visible everywhere yet.
///
/// # Errors
/// As `result`, `NotFound` as `NotPropagated`.
pub fn just_made<T>(result: Result<T, CallError>) -> Result<T, CallError> {
    result.map_err(|error| match error.class {
        ErrorClass::NotFound => CallError { class: ErrorClass::NotPropagated, ..error },
        _ => error,
    })
}

fn missing(path: &str) -> CallError {
    invalid(format!("`{path}` is missing or not text"))
}

/// `Ok(None)` where a call failed because the thing does not exist.
///
/// # Errors
/// Every other failure.
pub fn unless_missing<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use model::properties;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_property_is_named() {
        let given = properties(json!({ "Code": { "S3Bucket": "b" }, "Timeout": "30", "Memory": "much" }));
        assert_eq!(required_at(&given, &["Code", "S3Bucket"]).unwrap(), "b");
        let error = required_at(&given, &["Code", "S3Key"]).unwrap_err();
        assert!(error.message.contains("`Code.S3Key`"), "{error}");
        assert_eq!(number_at(&given, &["Timeout"]).unwrap(), Some(30));
        assert_eq!(number_at(&given, &["Nothing"]).unwrap(), None);
        assert!(number_at(&given, &["Memory"]).is_err());
    }

    #[test]
    fn a_policy_is_read_encoded_or_plain() {
        let tree = json!({ "Version": "2012-10-17", "Statement": [] });
        assert_eq!(policy_tree("%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D").unwrap(), tree);
        assert_eq!(policy_tree(&tree.to_string()).unwrap(), tree);
        assert!(policy_tree("nonsense").is_err());
        assert_eq!(url_decoded("100%"), "100%");
    }
}
