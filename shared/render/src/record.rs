//! What exists after a deployment: outputs, and the record by stack.

use std::collections::BTreeMap;

use model::{Presence, Recorded, RecordedResource, ResourceKey};
use serde_json::Value;

use crate::plan::short;
use crate::style::{Paint, Style};
use crate::text::columns;

/// The values of a deployment's outputs.
pub fn outputs(outputs: &BTreeMap<String, Value>, style: &Style) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rows: Vec<_> = outputs
        .iter()
        .map(|(name, value)| vec![(format!("  {name}"), Paint::Strong), (text(value), Paint::Plain)])
        .collect();
    if rows.is_empty() { "  (no outputs)\n".to_owned() } else { columns(&rows, style) }
}

/// Every recorded resource by stack: logical id, type, and what AWS knows it by.
pub fn resources(recorded: &Recorded, style: &Style) -> String {
    // One table, so that the columns of all stacks stand below each other.
    let mut rows: Vec<Vec<(String, Paint)>> = Vec::new();
    let mut stack = None;
    for (key, resource) in &recorded.resources {
        if stack != Some(&key.address.stack) {
            stack = Some(&key.address.stack);
            rows.push(vec![(key.address.stack.clone(), Paint::Strong)]);
        }
        rows.push(row(key, resource));
    }
    if rows.is_empty() { "nothing is recorded\n".to_owned() } else { columns(&rows, style) }
}

fn row(key: &ResourceKey, resource: &RecordedResource) -> Vec<(String, Paint)> {
    let id = resource.physical_id.as_ref().map_or("(not known)", |id| id.as_str());
    let (note, paint) = match resource.presence {
        Presence::Present => ("", Paint::Plain),
        Presence::Announced => ("announced, not seen", Paint::Bad),
        Presence::Incomplete => ("not finished", Paint::Change),
        Presence::Leaving => ("being deleted", Paint::Change),
    };
    vec![
        (format!("  {}", short(key)), Paint::Plain),
        (resource.kind.to_string(), Paint::Quiet),
        (id.to_owned(), Paint::Plain),
        (note.to_owned(), paint),
    ]
}
