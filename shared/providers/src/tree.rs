//! Trees of JSON between AWS's types and CloudFormation's properties.
//!
//! Owns how a member is read out of a nested property and when a live tree is what was asked for. Knows no service.

use aws_smithy_types::error::operation::BuildError;
use model::{CallError, Properties};
use serde_json::Value;

use crate::shape::invalid;

/// The text of a member; numbers and truths are written out.
pub fn text(tree: &Value, name: &str) -> Option<String> {
    match tree.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of a member that must be there.
///
/// # Errors
/// `Invalid`, naming the member.
pub fn required(tree: &Value, name: &str) -> Result<String, CallError> {
    text(tree, name).ok_or_else(|| invalid(format!("`{name}` is missing in `{tree}`")))
}

/// The whole number of a member; a number written as text counts.
pub fn whole<T: TryFrom<i64>>(tree: &Value, name: &str) -> Option<T> {
    let value = tree.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).and_then(|number| T::try_from(number).ok())
}

/// The number of a member; a number written as text counts.
pub fn number(tree: &Value, name: &str) -> Option<f64> {
    as_number(tree.get(name)?)
}

/// The truth of a member; `"true"` and `"false"` count.
pub fn flag(tree: &Value, name: &str) -> Option<bool> {
    let value = tree.get(name)?;
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

/// The items of a list member; none where there is no list.
pub fn items<'a>(tree: &'a Value, name: &str) -> &'a [Value] {
    tree.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a list member, where there is a list.
pub fn list(tree: &Value, name: &str) -> Option<Vec<String>> {
    tree.get(name)?.is_array().then(|| crate::shape::texts(tree.get(name)))
}

/// `value` without what AWS did not say: nulls, empty lists and empty maps, at any depth.
pub fn said(value: Value) -> Value {
    let is_said = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    match value {
        Value::Array(items) => items.into_iter().map(said).filter(is_said).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (name, said(value))).filter(|(_, value)| is_said(value)).collect()
        }
        other => other,
    }
}

/// A number as JSON, without a fraction where it has none.
pub fn plain_number(number: f64) -> Value {
    let whole = number as i64;
    if number.fract() == 0.0 && number.abs() < 9e15 { Value::from(whole) } else { Value::from(number) }
}

/// Whether `live` is what `asked` asks for: it may say more (defaults that nobody asked for), never something else. Numbers
/// and truths may be written as text, and lists are compared as sets.
pub fn covers(live: &Value, asked: &Value) -> bool {
    match (live, asked) {
        (Value::Object(live), Value::Object(asked)) => {
            asked.iter().all(|(name, asked)| live.get(name).is_some_and(|live| covers(live, asked)))
        }
        (Value::Array(live), Value::Array(asked)) => {
            live.len() == asked.len() && asked.iter().all(|asked| live.iter().any(|live| covers(live, asked)))
        }
        (live, asked) if live == asked => true,
        (Value::Bool(flag), Value::String(text)) | (Value::String(text), Value::Bool(flag)) => {
            *text == flag.to_string()
        }
        (live, asked) => as_number(live).zip(as_number(asked)).is_some_and(|(live, asked)| live == asked),
    }
}

fn as_number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// Refuses properties that the provider would otherwise pass over in silence.
///
/// # Errors
/// `Invalid`, naming the first of them.
pub fn only(properties: &Properties, known: &[&str]) -> Result<(), CallError> {
    match properties.0.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(invalid(format!("`{name}` cannot be set by this engine yet"))),
        None => Ok(()),
    }
}

/// What a builder of the SDK made.
///
/// # Errors
/// `Invalid` where a member that must be there is missing.
pub fn built<T>(result: Result<T, BuildError>) -> Result<T, CallError> {
    result.map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn live_may_say_more_than_was_asked_and_nothing_else() {
        let live = json!({ "A": [{ "Algorithm": "AES256", "BucketKeyEnabled": false }], "N": 30, "F": "true" });
        assert!(covers(&live, &json!({ "A": [{ "Algorithm": "AES256" }], "N": "30", "F": true })));
        assert!(!covers(&live, &json!({ "A": [{ "Algorithm": "aws:kms" }] })));
        assert!(!covers(&live, &json!({ "A": [] })));
        assert!(!covers(&live, &json!({ "B": 1 })));
        assert!(covers(&json!(5.0), &json!(5)));
    }

    #[test]
    fn what_was_not_said_is_left_out() {
        let given = json!({ "A": null, "B": [], "C": { "D": null }, "E": [{ "F": 1, "G": null }], "H": false });
        assert_eq!(said(given), json!({ "E": [{ "F": 1 }], "H": false }));
        assert_eq!(plain_number(5.0), json!(5));
        assert_eq!(plain_number(0.5), json!(0.5));
    }

    #[test]
    fn what_would_be_passed_over_is_refused_by_name() {
        let given = model::properties(json!({ "Known": 1, "Odd": 2 }));
        assert!(only(&given, &["Known"]).unwrap_err().message.contains("`Odd`"));
        assert!(only(&given, &["Known", "Odd"]).is_ok());
    }
}
