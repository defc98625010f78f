//! Numbers, times and values in words.

use model::Timestamp;
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
    if let Ok(Some(reference)) = model::expression::as_reference(value) {
        return match &reference.attribute {
            Some(attribute) => format!("{}.{attribute}", reference.address),
            None => reference.address.to_string(),
        };
    }
    let text = value.to_string();
    match value {
        Value::Object(map) if text.len() > ROOM => format!("{{{}}}", count(map.len(), "key")),
        Value::Array(items) if text.len() > ROOM => format!("[{}]", count(items.len(), "item")),
        _ => squeeze(&text, ROOM, style),
    }
}
