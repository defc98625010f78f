//! What an environment overrides: a deep merge over the trees of agents and of what they share.
//!
//! Mappings are merged key by key; anything else (texts, numbers, lists) is replaced as a whole; `null` takes a key away.
//! An agent is found by its name. What comes out is read and checked like any config, so that an override cannot say what
//! a config cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use source::Code;
use source::Finding;
use source::{Key, Node, Value};
use source::{Reader, closest};

/// The keys of an agent that are the same in every environment: what a bundle is packed by.
const FIXED: [&str; 3] = ["name", "path", "artifact"];

/// The agents and the shared part with `overrides` over them.
pub(super) fn applied(
    reader: &mut Reader<'_>,
    agents: Option<&Rc<Node>>,
    shared: Option<&Rc<Node>>,
    overrides: &Rc<Node>,
) -> (Option<Rc<Node>>, Option<Rc<Node>>) {
    let mut merged = (agents.cloned(), shared.cloned());
    let Some(mut fields) = reader.fields(overrides, "`overrides`") else { return merged };
    if let Some(node) = reader.optional(&mut fields, "agents") {
        let entries = reader.entries(node, "`agents` of `overrides`", "agents' names to what is different");
        merged.0 = agents.map(|agents| over_agents(reader, agents, entries));
    }
    if let Some(node) = reader.optional(&mut fields, "shared") {
        merged.1 = Some(match shared {
            Some(shared) => merge(shared, node),
            None => Rc::clone(node),
        });
    }
    reader.finish(fields);
    merged
}

fn over_agents(reader: &mut Reader<'_>, agents: &Rc<Node>, entries: &[(Key, Rc<Node>)]) -> Rc<Node> {
    let Value::List(items) = &agents.value else { return Rc::clone(agents) };
    let name = |item: &Rc<Node>| item.get("name").and_then(|name| name.scalar()).map(str::to_owned);
    let names: BTreeSet<String> = items.iter().filter_map(name).collect();
    for (key, node) in entries {
        if reader.is_full() {
            break;
        }
        if !names.contains(&key.name) {
            let message = format!("there is no agent `{}` to override", key.name);
            let help = match closest(&key.name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "overrides name agents that stand under `agents`".to_owned(),
            };
            reader.add(Finding::new(Code::UnknownAgent, key.span, message).help(help));
        }
        for (fixed, _) in node.entries().unwrap_or_default() {
            if FIXED.contains(&fixed.name.as_str()) {
                let message = format!("an environment cannot override an agent's `{}`", fixed.name);
                let finding = Finding::new(Code::FixedKey, fixed.span, message);
                reader.add(finding.help("remove it: names and code are the same in every environment"));
            }
        }
    }
    let overs: BTreeMap<&str, &Rc<Node>> = entries.iter().map(|(key, node)| (key.name.as_str(), node)).collect();
    let over = |item: &Rc<Node>| match name(item).and_then(|name| overs.get(name.as_str())) {
        Some(node) => merge(item, &without_fixed(node)),
        None => Rc::clone(item),
    };
    Rc::new(Node::new(agents.span, Value::List(items.iter().map(over).collect())))
}

fn without_fixed(node: &Rc<Node>) -> Rc<Node> {
    let Some(entries) = node.entries() else { return Rc::clone(node) };
    let kept = entries.iter().filter(|(key, _)| !FIXED.contains(&key.name.as_str())).cloned();
    Rc::new(Node::new(node.span, Value::Map(kept.collect())))
}

/// `base` with `over` over it. Depth is bounded by what was read.
fn merge(base: &Rc<Node>, over: &Rc<Node>) -> Rc<Node> {
    let (Some(own), Some(entries)) = (base.entries(), over.entries()) else { return Rc::clone(over) };
    let mut merged: Vec<(Key, Rc<Node>)> = own.to_vec();
    let places: BTreeMap<&str, usize> = own.iter().enumerate().map(|(at, (key, _))| (key.name.as_str(), at)).collect();
    for (key, node) in entries {
        match places.get(key.name.as_str()).and_then(|at| merged.get_mut(*at)) {
            Some(entry) => *entry = (key.clone(), merge(&entry.1, node)),
            None => merged.push((key.clone(), Rc::clone(node))),
        }
    }
    merged.retain(|(_, node)| !node.is_null());
    Rc::new(Node::new(base.span, Value::Map(merged)))
}
