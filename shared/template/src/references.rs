//! What resources refer to, once all of them are known.

use std::collections::{BTreeMap, BTreeSet};

use model::{ResourceAddress, ResourceType, expression};
use source::{Code, Finding, Node, Value};

use crate::context::Context;
use crate::cycle::cycles;
use crate::expansion::Expansion;
use crate::read::STACK;

/// What stands for a value that cannot be told: see [`crate::evaluate::unknown`].
const UNKNOWN: &str = "unknown/Unknown";

/// Finds references to resources of other stacks that a condition leaves out. `all` are those of every stack, and what else there
/// is. Those without a type, and nested stacks, are a finding already.
pub(crate) fn dangling(
    expansion: &Expansion,
    context: &Context<'_>,
    all: &BTreeMap<ResourceAddress, ResourceType>,
    findings: &mut Vec<Finding>,
) {
    let mut look = |node: &Node| {
        each(node, &mut |node, address| {
            let is_there = address.parse().is_ok_and(|address: ResourceAddress| {
                expansion.resources.contains_key(&address)
                    || context.known.contains_key(&address)
                    || all.get(&address).is_some_and(|kind| ["", STACK].contains(&kind.as_str()))
            });
            if !is_there && address != UNKNOWN {
                let message = format!("`{address}` is not there: its condition does not hold");
                let help = "refer to it only where that holds, e.g. with `Fn::If`";
                findings.push(Finding::new(Code::UnknownResource, node.span, message).help(help));
            }
        });
    };
    expansion.resources.values().for_each(|made| look(&made.node));
    expansion.outputs.values().for_each(|node| look(node));
    expansion.values.values().flatten().for_each(|node| look(node));
}

/// Calls `found` with every `Ref` and `Fn::GetAtt` in `node`, and the address that it refers to.
fn each(node: &Node, found: &mut impl FnMut(&Node, &str)) {
    match &node.value {
        Value::Scalar { .. } => {}
        Value::List(items) => items.iter().for_each(|item| each(item, found)),
        Value::Map(entries) => {
            let address = node.only().and_then(|(key, given)| match (key.name.as_str(), &given.value) {
                ("Ref", Value::Scalar { text, .. }) => Some(text.as_str()),
                ("Fn::GetAtt", Value::List(items)) => items.first().and_then(|item| item.scalar()),
                _ => None,
            });
            match address {
                Some(address) => found(node, address),
                None => entries.iter().for_each(|(_, item)| each(item, found)),
            }
        }
    }
}

/// Finds resources that need each other.
pub(crate) fn circles(expansion: &Expansion, findings: &mut Vec<Finding>) {
    let mut edges: BTreeMap<&ResourceAddress, BTreeSet<&ResourceAddress>> = BTreeMap::new();
    let key = |address: &ResourceAddress| expansion.resources.get_key_value(address).map(|(address, _)| address);
    for (address, made) in &expansion.resources {
        let referred = expression::references(&made.desired.properties).unwrap_or_default();
        let needed = referred.iter().map(|reference| &reference.address).chain(&made.desired.depends_on);
        edges.insert(address, needed.filter_map(key).collect());
    }
    for circle in cycles(&edges) {
        let Some((first, made)) = circle.first().and_then(|first| expansion.resources.get_key_value(*first)) else {
            continue;
        };
        let message = match circle.as_slice() {
            [_] => format!("`{first}` refers to itself"),
            all => {
                let path: Vec<String> = all.iter().chain([&first]).map(|address| format!("`{address}`")).collect();
                format!("these resources need each other: {}", path.join(" → "))
            }
        };
        let help = "take one of the references away, or let a resource of its own connect the two";
        findings.push(Finding::new(Code::Cycle, made.span, message).help(help));
    }
}
