//! What is known of a value before anything is made: whether it is one at all, and of which type.

use serde_json::Value;

use crate::registry::shape::{Type, Types};

/// Whether nobody can say yet what a value is.
pub(super) fn unknown(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.len() == 1 && map.keys().all(|name| is_function(name)),
        Value::String(text) => text.contains("{{resolve:"),
        _ => false,
    }
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name == "Condition" || name.starts_with("Fn::")
}

pub(super) fn holds_unknown(value: &Value) -> bool {
    unknown(value)
        || match value {
            Value::Array(items) => items.iter().any(holds_unknown),
            Value::Object(map) => map.iter().any(|(name, value)| name.starts_with("Fn::") || holds_unknown(value)),
            _ => false,
        }
}

/// Whether a value may come to nothing at all: a choice may choose nothing, and a macro anything.
pub(super) fn may_vanish(value: &Value) -> bool {
    let Value::Object(map) = value else { return false };
    map.len() == 1 && map.keys().all(|name| name == "Fn::If" || name == "Fn::Transform")
}

/// How a value fits the types of a place.
pub(super) enum Fit {
    Exact,
    AsText,
    Not,
}

pub(super) fn fit(types: Types, value: &Value) -> Fit {
    let kind = Type::of(value);
    if types.is_empty() || types.has(kind) || (kind == Type::Integer && types.has(Type::Number)) {
        return Fit::Exact;
    }
    // Where a mapping may also be given as text, that text is JSON.
    let text = types.has(Type::String) && !types.has(Type::Object);
    let whole = |number: f64| types.has(Type::Number) || (types.has(Type::Integer) && number.fract() == 0.0);
    let fits = match value {
        Value::Number(number) => number.as_f64().is_some_and(whole) || text,
        Value::Bool(_) => text,
        Value::String(text) => {
            let truth =
                types.has(Type::Boolean) && ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
            truth || number(text).is_some_and(whole)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    if fits { Fit::AsText } else { Fit::Not }
}

pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
