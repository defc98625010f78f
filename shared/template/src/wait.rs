//! Wait conditions: what AWS's schema does not say of them.

use std::collections::BTreeMap;

use model::{ResourceAddress, ResourceType, expression};
use source::{Code, Finding, Node, Span};

use crate::read::{CONDITION, HANDLE};

/// For how many seconds a wait condition may wait: as long as an address of its handle takes signals for sure.
const LONGEST_WAIT: u64 = 3_600;
/// The most signals that a wait condition waits for.
const MOST_SIGNALS: u64 = 1_000;
/// What a wait condition cannot do without, and what nobody could keep. AWS's schema says nothing of that.
pub(crate) fn check(
    properties: &Node,
    json: &serde_json::Value,
    span: Span,
    types: &BTreeMap<ResourceAddress, ResourceType>,
    findings: &mut Vec<Finding>,
) {
    let needed = [
        ("Handle", format!("write `Handle: !Ref …`, of an `{HANDLE}`")),
        ("Timeout", format!("say how many seconds it may wait: from 1 to {LONGEST_WAIT}")),
    ];
    for (name, help) in needed {
        if properties.get(name).is_none() {
            let message = format!("`{name}` is missing (`{CONDITION}`)");
            findings.push(Finding::new(Code::MissingKey, span, message).help(help));
        }
    }
    if let (Some(node), Some(value)) = (properties.get("Handle"), json.get("Handle")) {
        findings.extend(no_handle(value, types).map(|what| {
            let message = format!("`Handle` of a wait condition must be the `Ref` of an `{HANDLE}`, not {what}");
            Finding::new(Code::WrongType, node.span, message).help("add one to `Resources`, and refer to it")
        }));
    }
    let bounded = [
        ("Timeout", LONGEST_WAIT, "the address of its handle takes signals for no longer"),
        ("Count", MOST_SIGNALS, "every signal is read"),
    ];
    for (name, most, because) in bounded {
        let (Some(node), Some(value)) = (properties.get(name), json.get(name)) else { continue };
        let number = match value {
            serde_json::Value::String(text) => text.parse().ok(),
            serde_json::Value::Number(number) => number.as_u64(),
            // A function: what it gives is looked at when it is there.
            _ => continue,
        };
        if !number.is_some_and(|number| (1..=most).contains(&number)) {
            let message = format!("`{name}` of a wait condition is a whole number from 1 to {most}: {because}");
            let help = "write a number that is allowed, or let another step wait for what takes longer";
            findings.push(Finding::new(Code::OutOfRange, node.span, message).help(help));
        }
    }
}

/// What something is instead of the `Ref` of a handle; none where it is that, or where only its value will tell.
fn no_handle(value: &serde_json::Value, types: &BTreeMap<ResourceAddress, ResourceType>) -> Option<String> {
    let reference = match value {
        serde_json::Value::Object(_) => expression::as_reference(value).ok().flatten()?,
        _ => return Some("something written out".to_owned()),
    };
    let kind = types.get(&reference.address)?;
    match reference.attribute {
        Some(name) => Some(format!("the attribute `{name}` of `{}`", reference.address)),
        None if kind.as_str() == HANDLE => None,
        None => Some(format!("of `{}`, which is an `{kind}`", reference.address)),
    }
}
