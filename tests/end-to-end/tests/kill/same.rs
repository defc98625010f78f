//! Whether two environments are alike but for their names.

use std::collections::BTreeSet;

use local::look::Existing;
use serde_json::{Map, Value};

/// What exists in an environment, with everything that differs between any two environments made equal: the environment's
/// name, the hash in generated names, ids that AWS chooses, and when and by which deployment something was made.
pub(crate) fn likeness(existing: &Existing, environment: &str) -> Value {
    let mut ids = BTreeSet::new();
    chosen(&existing.0, &mut ids);
    alike(&existing.0, &|text| {
        let mut text = ids.iter().fold(text.to_owned(), |text, id| text.replace(id.as_str(), "<id>"));
        text = text.replace(environment, "<environment>");
        without_hashes(&text)
    })
}

/// The values of everything called an id.
fn chosen(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value.as_str() {
                    Some(id) if name.ends_with("Id") && id.len() >= 6 => drop(ids.insert(id.to_owned())),
                    _ => chosen(value, ids),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| chosen(value, ids)),
        _ => {}
    }
}

fn alike(value: &Value, text: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(name, value)| {
                    let is_about_then = ["strands:deployed-at", "strands:deployed-by"].contains(&name.as_str());
                    let value = if is_about_then { Value::Null } else { alike(value, text) };
                    (text(name), value)
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(|value| alike(value, text)).collect();
            list.sort_by_key(Value::to_string);
            Value::Array(list)
        }
        Value::String(given) => Value::String(text(given)),
        other => other.clone(),
    }
}

/// The text with `-` and ten hexadecimal digits, as generated names end, made `-<hash>`.
fn without_hashes(text: &str) -> String {
    let mut parts = text.split('-');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte)).count();
        out.push('-');
        if digits == 10 {
            out.push_str("<hash>");
            out.push_str(&part[digits..]);
        } else {
            out.push_str(part);
        }
    }
    out
}

/// Where two trees differ, a line each.
pub(crate) fn differences(left: &Value, right: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", left, right, &mut found);
    found
}

fn compare(at: &str, left: &Value, right: &Value, found: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let (left, right) = (one.get(name).unwrap_or(&Value::Null), other.get(name).unwrap_or(&Value::Null));
                compare(&format!("{at}/{name}"), left, right, found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (left, right)) in one.iter().zip(other).enumerate() {
                compare(&format!("{at}/{index}"), left, right, found);
            }
        }
        _ if left == right => {}
        _ => found.push(format!("{at}: {left} and not {right}")),
    }
}
