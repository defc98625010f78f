//! Numbers, times and values in words.

use model::Timestamp;
use model::expression::Function;
use serde_json::Value;

use crate::style::Style;
use crate::text::squeeze;

/// Seconds from one moment to another; zero where clocks disagree.
pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

/// A duration as people read it: `0.42 s`, `12.3 s`, `3 min 05 s`.
pub fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round();
        format!("{:.0} min {:02.0} s", (whole / 60.0).floor(), whole % 60.0)
    }
}

/// A number with its noun: `1 resource`, `3 resources`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Some names of a list: `a, b, c and 4 more`.
pub(crate) fn some<T: ToString>(names: impl IntoIterator<Item = T>, most: usize) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let (shown, rest) = names.split_at(names.len().min(most));
    let shown = shown.join(", ");
    if rest.is_empty() { shown } else { format!("{shown} and {} more", rest.len()) }
}

/// A property's value in little room: text quoted, references by what they refer to, trees by their size.
pub(crate) fn value(value: Option<&Value>, style: &Style) -> String {
    const ROOM: usize = 44;
    let Some(value) = value else { return "(none)".to_owned() };
    if let Some(reference) = reference(value) {
        return reference;
    }
    let text = match expression(value) {
        Some(text) => return squeeze(&text, ROOM, style),
        None => value.to_string(),
    };
    match value {
        Value::Object(map) if text.len() > ROOM => format!("{{{}}}", count(map.len(), "key")),
        Value::Array(items) if text.len() > ROOM => format!("[{}]", count(items.len(), "item")),
        _ => squeeze(&text, ROOM, style),
    }
}

fn reference(value: &Value) -> Option<String> {
    let reference = model::expression::as_reference(value).ok().flatten()?;
    Some(match &reference.attribute {
        Some(attribute) => format!("{}.{attribute}", reference.address),
        None => reference.address.to_string(),
    })
}

/// A function that is left until resources exist: a join as the text that it will be, the others by name.
fn expression(value: &Value) -> Option<String> {
    let (function, arguments) = model::expression::as_function(value)?;
    if let (Function::Join, Some([Value::String(separator), Value::Array(parts)])) =
        (function, arguments.as_array().map(Vec::as_slice))
    {
        let part = |part: &Value| match model::expression::text(part) {
            Some(text) => text.into_owned(),
            None => format!("${{{}}}", argument(part)),
        };
        let parts: Vec<String> = parts.iter().map(part).collect();
        return Some(Value::from(parts.join(separator)).to_string());
    }
    let name = function.as_str().trim_start_matches("Fn::").to_lowercase();
    let arguments = match (function, arguments) {
        (Function::ToJsonString | Function::Length, arguments) => argument(arguments),
        (_, Value::Array(items)) => items.iter().map(argument).collect::<Vec<String>>().join(", "),
        (_, other) => argument(other),
    };
    Some(format!("{name}({arguments})"))
}

fn argument(value: &Value) -> String {
    reference(value).or_else(|| expression(value)).unwrap_or_else(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_of_functions_reads_as_what_it_will_be() {
        let style = Style::plain(100);
        let arn = json!({ "Fn::GetAtt": ["a/Q", "Arn"] });
        for (given, expected) in [
            (json!({ "Ref": "a/Q" }), "a/Q"),
            (json!({ "Fn::Join": ["", ["x/", arn, "/", 5]] }), "\"x/${a/Q.Arn}/5\""),
            (json!({ "Fn::Join": [",", arn] }), "join(\",\", a/Q.Arn)"),
            (json!({ "Fn::Select": [1, { "Fn::Split": [":", arn] }] }), "select(1, split(\":\", a/Q.Arn))"),
            (json!({ "Fn::Base64": { "Fn::Join": ["", ["#!", arn]] } }), "base64(\"#!${a/Q.Arn}\")"),
            (json!({ "Fn::Length": arn }), "length(a/Q.Arn)"),
        ] {
            assert_eq!(value(Some(&given), &style), expected);
        }
    }
}
