//! What an environment overrides: a deep merge over the trees of agents, of what they share and of what stands next
//! to them.
//!
//! Mappings are merged key by key; anything else (texts, numbers, lists) is replaced as a whole; `null` takes a key away.
//! An agent or stack is found by its name. What comes out is read and checked like any config, so that an override cannot say what
//! a config cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use source::Code;
use source::Finding;
use source::{Key, Node, Value};
use source::{Reader, closest};

/// The keys of an agent that are the same in every environment: what a bundle is packed by.
const FIXED: [&str; 3] = ["name", "path", "artifact"];

/// The parts of a config that an environment may override.
#[derive(Clone, Copy, Default)]
pub(super) struct Parts<'n> {
    pub(super) agents: Option<&'n Rc<Node>>,
    pub(super) shared: Option<&'n Rc<Node>>,
    pub(super) stacks: Option<&'n Rc<Node>>,
    pub(super) resources: Option<&'n Rc<Node>>,
    pub(super) outputs: Option<&'n Rc<Node>>,
    pub(super) limits: Option<&'n Rc<Node>>,
    pub(super) notices: Option<&'n Rc<Node>>,
}

/// The same with overrides over them.
#[derive(Default)]
pub(super) struct Applied {
    agents: Option<Rc<Node>>,
    shared: Option<Rc<Node>>,
    stacks: Option<Rc<Node>>,
    resources: Option<Rc<Node>>,
    outputs: Option<Rc<Node>>,
    limits: Option<Rc<Node>>,
    notices: Option<Rc<Node>>,
}

impl Applied {
    pub(super) fn parts(&self) -> Parts<'_> {
        Parts {
            agents: self.agents.as_ref(),
            shared: self.shared.as_ref(),
            stacks: self.stacks.as_ref(),
            resources: self.resources.as_ref(),
            outputs: self.outputs.as_ref(),
            limits: self.limits.as_ref(),
            notices: self.notices.as_ref(),
        }
    }
}

/// `parts` with `overrides` over them, if there are any.
pub(super) fn applied(reader: &mut Reader<'_>, parts: Parts<'_>, overrides: Option<&Rc<Node>>) -> Applied {
    let Parts { agents, shared, stacks, resources, outputs, limits, notices } = parts;
    let mut merged = Applied {
        agents: agents.cloned(),
        shared: shared.cloned(),
        stacks: stacks.cloned(),
        resources: resources.cloned(),
        outputs: outputs.cloned(),
        limits: limits.cloned(),
        notices: notices.cloned(),
    };
    let Some(overrides) = overrides else { return merged };
    let Some(mut fields) = reader.fields(overrides, "`overrides`") else { return merged };
    if let Some(node) = reader.optional(&mut fields, "agents") {
        let entries = reader.entries(node, "`agents` of `overrides`", "agents' names to what is different");
        merged.agents = agents.map(|agents| over_named(reader, agents, entries, &AGENTS));
    }
    if let Some(node) = reader.optional(&mut fields, "stacks") {
        let entries = reader.entries(node, "`stacks` of `overrides`", "stacks' names to what is different");
        let none = Rc::new(Node::new(node.span, Value::List(Vec::new())));
        merged.stacks = Some(over_named(reader, stacks.unwrap_or(&none), entries, &STACKS));
    }
    for (name, over) in [
        ("shared", &mut merged.shared),
        ("resources", &mut merged.resources),
        ("outputs", &mut merged.outputs),
        ("limits", &mut merged.limits),
        ("notifications", &mut merged.notices),
    ] {
        if let Some(node) = reader.optional(&mut fields, name) {
            *over = Some(over.as_ref().map_or_else(|| Rc::clone(node), |base| merge(base, node)));
        }
    }
    reader.finish(fields);
    merged
}

/// What stands in a list and is found by its name.
struct Named {
    /// In a word.
    what: &'static str,
    /// Where they stand.
    under: &'static str,
    /// The keys that no environment may override, and why.
    fixed: &'static [&'static str],
    why: &'static str,
    unknown: Code,
}

const AGENTS: Named = Named {
    what: "agent",
    under: "agents",
    fixed: &FIXED,
    why: "remove it: names and code are the same in every environment",
    unknown: Code::UnknownAgent,
};

const STACKS: Named = Named {
    what: "stack",
    under: "stacks",
    fixed: &["name"],
    why: "remove it: names are the same in every environment",
    unknown: Code::UnknownStack,
};

fn over_named(reader: &mut Reader<'_>, list: &Rc<Node>, entries: &[(Key, Rc<Node>)], of: &Named) -> Rc<Node> {
    let Named { what, under, fixed, why, unknown } = of;
    let Value::List(items) = &list.value else { return Rc::clone(list) };
    let name = |item: &Rc<Node>| item.get("name").and_then(|name| name.scalar()).map(str::to_owned);
    let names: BTreeSet<String> = items.iter().filter_map(name).collect();
    for (key, node) in entries {
        if reader.is_full() {
            break;
        }
        if !names.contains(&key.name) {
            let message = format!("there is no {what} `{}` to override", key.name);
            let help = match closest(&key.name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("overrides name {what}s that stand under `{under}`"),
            };
            reader.add(Finding::new(*unknown, key.span, message).help(help));
        }
        for (over, _) in node.entries().unwrap_or_default() {
            if fixed.contains(&over.name.as_str()) {
                let message = format!("an environment cannot override {}'s `{}`", article(what), over.name);
                reader.add(Finding::new(Code::FixedKey, over.span, message).help(*why));
            }
        }
    }
    let overs: BTreeMap<&str, &Rc<Node>> = entries.iter().map(|(key, node)| (key.name.as_str(), node)).collect();
    let over = |item: &Rc<Node>| match name(item).and_then(|name| overs.get(name.as_str())) {
        Some(node) => merge(item, &without(node, fixed)),
        None => Rc::clone(item),
    };
    Rc::new(Node::new(list.span, Value::List(items.iter().map(over).collect())))
}

fn article(what: &str) -> String {
    format!("{} {what}", if what.starts_with('a') { "an" } else { "a" })
}

fn without(node: &Rc<Node>, fixed: &[&str]) -> Rc<Node> {
    let Some(entries) = node.entries() else { return Rc::clone(node) };
    let kept = entries.iter().filter(|(key, _)| !fixed.contains(&key.name.as_str())).cloned();
    Rc::new(Node::new(node.span, Value::Map(kept.collect())))
}

/// `base` with `over` over it; a function is a value as a whole. Depth is bounded by what was read.
fn merge(base: &Rc<Node>, over: &Rc<Node>) -> Rc<Node> {
    let is_function = |node: &Node| node.function().is_some_and(|name| name != "Condition");
    if is_function(base) || is_function(over) {
        return Rc::clone(over);
    }
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
