//! The tree of a text → a [`Config`], with a finding for everything that is wrong.
//!
//! A reader goes on after a finding wherever it can: a config with ten errors is reported with ten.

mod agent;
mod agentcore;
mod api;
mod calls;
mod container;
mod data;
mod event;
mod grant;
mod health;
mod ignored;
mod lambda;
pub(crate) mod limits;
mod monitoring;
pub(crate) mod names;
mod network;
mod notices;
mod overrides;
pub(crate) mod paths;
pub(crate) mod permission;
mod program;
mod rest;
mod route;
pub(crate) mod runtime;
mod secret;
mod shared;
mod shift;
mod stacks;
pub(crate) mod tag_names;
pub(crate) mod tags;
mod variables;

pub(crate) use agent::Word as AgentWord;
pub(crate) use agentcore::RUNTIMES as AGENTCORE_RUNTIMES;
pub(crate) use monitoring::RETENTIONS;
pub(crate) use network::ENDPOINTS;
pub(crate) use rest::rest;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::config::{Agent, Brought, Config, Environment, Shared, Stack, Tags};
use crate::discover::{self, Manifest};
use source::Code;
use source::{Files, Finding};
use source::{Key, Node, Value};
use source::{Span, Spanned};

use overrides::Parts;
use source::{Fields, Reader};

/// The most environments. Each is read anew with its overrides.
const MOST_ENVIRONMENTS: usize = 32;

/// The most values of all environments together, keys not counted: what is read of each is kept.
const MOST_VALUES: usize = 400_000;

/// The most agents. Each is read anew in every environment, and held against every file of a bundle.
const MOST_AGENTS: usize = 2_000;

/// The config that `root` is, with the agents of manifests; none where something without which it would mean nothing is missing or wrong.
pub(crate) fn config(
    files: &Files,
    root: &Rc<Node>,
    found: &[Manifest],
    findings: &mut Vec<Finding>,
) -> Option<Config> {
    let mut reader = Reader::new(findings);
    let mut fields = reader.fields(root, "a config")?;
    let project = reader.required(&mut fields, "project").and_then(|node| project(&mut reader, node));
    let discovered = reader.optional(&mut fields, discover::KEY);
    let parts = parts(&mut reader, &mut fields, discovered.is_some());
    let ignore_changes = reader.optional(&mut fields, "ignore_changes");
    let ignore_changes = ignore_changes.map(|node| ignored::of_resources(&mut reader, node)).unwrap_or_default();
    let moved = reader.optional(&mut fields, "moved").map(|node| ignored::moved(&mut reader, node)).unwrap_or_default();
    let environments = reader.required(&mut fields, "environments");
    reader.finish(fields);
    if let Some(node) = discovered {
        discover::check(&mut reader, node, found);
    }
    let agents = discover::joined(parts.agents, discovered.map(Rc::as_ref), found);
    let parts = Parts { agents: agents.as_ref(), ..parts };

    let project_tags = project.as_ref().map(|project| project.tags.clone()).unwrap_or_default();
    // Read without overrides, too: what is wrong in a part that every environment overrides is wrong all the same.
    if let Some(node) = parts.limits {
        limits::limits(&mut reader, node);
    }
    if let Some(node) = parts.notices {
        notices::notices(&mut reader, node);
    }
    let plain = system(&mut reader, parts, &project_tags);
    let mut read = BTreeMap::new();
    for (key, node) in environments.map(|node| named(&mut reader, node, root)).unwrap_or_default() {
        if let Some(mut environment) = environment(&mut reader, key, node, &project, parts) {
            environment.brought.ignore_changes.clone_from(&ignore_changes);
            environment.brought.moved.clone_from(&moved);
            read.insert(key.name.clone(), environment);
        }
    }
    plain?;
    let project = project?;
    Some(Config { files: files.clone(), project: project.name, environments: read })
}

/// What environments may override. There are agents, or something next to which there need be none.
fn parts<'n>(reader: &mut Reader<'_>, fields: &mut Fields<'n>, are_found: bool) -> Parts<'n> {
    let stacks = reader.optional(fields, "stacks");
    let resources = reader.optional(fields, "resources");
    let agents = match (stacks, resources) {
        (None, None) if !are_found => reader.required(fields, "agents"),
        (_, _) => reader.optional(fields, "agents"),
    };
    let shared = reader.optional(fields, "shared");
    let limits = reader.optional(fields, "limits");
    let notices = reader.optional(fields, "notifications");
    Parts { limits, notices, agents, shared, stacks, resources, outputs: reader.optional(fields, "outputs") }
}

struct Project {
    name: Spanned<String>,
    region: Option<Spanned<String>>,
    tags: Tags,
}

fn project(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Project> {
    let mut fields = reader.fields(node, "`project`")?;
    let name = reader.required(&mut fields, "name").and_then(|node| names::scope(reader, node, "project"));
    let region = reader.optional(&mut fields, "region").and_then(|node| names::region(reader, node));
    let tags = reader.optional(&mut fields, "tags").map(|node| tags::tags(reader, node)).unwrap_or_default();
    reader.finish(fields);
    Some(Project { name: name?, region, tags })
}

/// The environments that stand under `environments` of the config `root`.
fn named<'n>(reader: &mut Reader<'_>, node: &'n Rc<Node>, root: &Node) -> &'n [(Key, Rc<Node>)] {
    let entries = reader.entries(node, "`environments`", "names to environments");
    if entries.len() > MOST_ENVIRONMENTS {
        let message = format!("there are {} environments, and at most {MOST_ENVIRONMENTS} are read", entries.len());
        reader.add(Finding::new(Code::TooMany, node.span, message).help("split the project"));
        return &[];
    }
    let values = size(root).saturating_mul(entries.len());
    if values > MOST_VALUES {
        let message = format!(
            "{} environments of this config have {values} values, and at most {MOST_VALUES} are read",
            entries.len()
        );
        reader.add(Finding::new(Code::TooMany, node.span, message).help("split the project"));
        return &[];
    }
    if entries.is_empty() && node.entries().is_some() {
        let finding = Finding::new(Code::MissingKey, node.span, "`environments` has no environment");
        reader.add(finding.help("name at least one, e.g. `dev: {}`"));
    }
    entries
}

fn environment(
    reader: &mut Reader<'_>,
    key: &Key,
    node: &Rc<Node>,
    project: &Option<Project>,
    parts: Parts<'_>,
) -> Option<Environment> {
    let name = names::scope_key(reader, key, "environment");
    let mut own = None;
    let (mut account, mut region, mut overrides) = (None, None, None);
    // `dev:` with nothing after it is an environment without settings of its own.
    if !node.is_null() {
        let mut fields = reader.fields(node, "an environment")?;
        account = reader.optional(&mut fields, "account").and_then(|node| names::account(reader, node));
        region = reader.optional(&mut fields, "region").and_then(|node| names::region(reader, node));
        own = reader.optional(&mut fields, "tags").map(|node| (node.span, tags::tags(reader, node)));
        overrides = reader.optional(&mut fields, "overrides").cloned();
        reader.finish(fields);
    }
    let mut tags = project.as_ref().map(|project| project.tags.clone()).unwrap_or_default();
    if let Some((span, own)) = own {
        tags.extend(own);
        tags::bounded(reader, &tags, span);
    }
    let applied = overrides::applied(reader, parts, overrides.as_ref());
    let limits = applied.parts().limits.map(|node| limits::limits(reader, node)).unwrap_or_default();
    let notices = applied.parts().notices.map(|node| notices::notices(reader, node)).unwrap_or_default();
    let (agents, shared, brought) = system(reader, applied.parts(), &tags)?;
    let region = region.or_else(|| project.as_ref()?.region.clone());
    let name = Spanned::new(name?, key.span);
    Some(Environment { name, account, region, tags, limits, notices, agents, shared, brought })
}

/// How many values a tree has.
fn size(node: &Node) -> usize {
    match &node.value {
        Value::Scalar { .. } => 1,
        Value::List(items) => items.iter().map(|item| size(item)).sum::<usize>() + 1,
        Value::Map(entries) => entries.iter().map(|(_, item)| size(item)).sum::<usize>() + 1,
    }
}

/// The entries of `agents`; none where there are too many.
fn agents<'n>(reader: &mut Reader<'_>, node: &'n Rc<Node>) -> &'n [Rc<Node>] {
    let items = reader.items(node, "`agents`", "agents");
    if items.len() > MOST_AGENTS {
        let message = format!("there are {} agents, and at most {MOST_AGENTS} are read", items.len());
        reader.add(Finding::new(Code::TooMany, node.span, message).help("split the project"));
        return &[];
    }
    items
}

/// The agents, what they share, and what stands next to them.
fn system(reader: &mut Reader<'_>, parts: Parts<'_>, tags: &Tags) -> Option<(Vec<Agent>, Shared, Brought)> {
    let shared = match parts.shared {
        Some(node) => shared::shared(reader, node),
        None => Some(Shared::default()),
    };
    let brought = stacks::brought(reader, parts, tags);
    let known = shared.clone().unwrap_or_default();
    let around = agent::Around { shared: &known, is_known: shared.is_some(), brought: brought.as_ref(), tags };
    let nodes = parts.agents.map(|node| agents(reader, node)).unwrap_or_default();
    let mut read = Vec::new();
    let mut first: BTreeMap<String, Span> = BTreeMap::new();
    let mut claimed: BTreeMap<String, String> = BTreeMap::new();
    let mut is_whole = true;
    for node in nodes {
        let Some(agent) = agent::agent(reader, node, &around) else {
            is_whole = false;
            continue;
        };
        if first.insert(agent.name.value.clone(), agent.name.span).is_some() {
            let message = format!("there are two agents named `{}`", agent.name.value);
            let finding = Finding::new(Code::DuplicateAgent, agent.name.span, message);
            reader.add(finding.help("an agent's name is that of its stack: give one of them another"));
            continue;
        }
        let mut own = BTreeSet::new();
        for route in agent.lambda().map(|lambda| lambda.routes.as_slice()).unwrap_or_default() {
            let holder = claimed.entry(route.key.clone()).or_insert_with(|| agent.name.value.clone());
            if *holder != agent.name.value || !own.insert(route.key.clone()) {
                let message = format!("the route `{}` is taken by agent `{holder}` already", route.key);
                let finding = Finding::new(Code::DuplicateRoute, route.span, message);
                reader.add(finding.help("a route leads to one agent: give this one another path or method"));
            }
        }
        read.push(agent);
    }
    for Stack { name, .. } in brought.iter().flat_map(|brought| &brought.stacks) {
        if first.contains_key(&name.value) {
            let message = format!("`{}` is the name of an agent already", name.value);
            let finding = Finding::new(Code::DuplicateName, name.span, message);
            reader.add(finding.help("an agent's name is that of its stack: give this stack another"));
        }
    }
    if is_whole {
        calls::check(reader, &read);
    }
    let brought = brought?;
    if !is_whole { None } else { Some((read, shared?, brought)) }
}
