//! One agent.

use std::rc::Rc;

use model::Digest;

use super::{health, names, permission, route, runtime, shift, tags, variables};
use crate::config::{Agent, Architecture, Permission, Route, Shared, Source, Tags, UrlAuth};
use source::Code;
use source::Finding;
use source::Spanned;
use source::{Fields, Reader};
use source::{Node, Value};

/// What an agent gets that does not say.
const MEMORY: u32 = 512;
const TIMEOUT: u32 = 30;

/// One agent. `shared` is what permissions may name; `is_known` whether it could be read.
pub(super) fn agent(
    reader: &mut Reader<'_>,
    node: &Rc<Node>,
    shared: &Shared,
    is_known: bool,
    inherited: &Tags,
) -> Option<Agent> {
    let mut fields = reader.fields(node, "an agent")?;
    let name = reader.required(&mut fields, "name").and_then(|node| names::agent(reader, node));
    let source = source(reader, &mut fields);
    let runtime = reader.required(&mut fields, "runtime").and_then(|node| runtime::runtime(reader, node));
    let known = runtime.as_ref().map(|runtime| runtime.value);
    let handler = reader.required(&mut fields, "handler").and_then(|node| runtime::handler(reader, node, known));
    let memory = reader.optional(&mut fields, "memory").map(|node| reader.whole(node, "`memory`", 128..=10_240, "MB"));
    let timeout =
        reader.optional(&mut fields, "timeout").map(|node| reader.whole(node, "`timeout`", 1..=900, "seconds"));
    let architectures = [("x86_64", Architecture::X86), ("arm64", Architecture::Arm)];
    let architecture =
        reader.optional(&mut fields, "architecture").map(|node| reader.choice(node, "`architecture`", &architectures));
    let concurrency = reader
        .optional(&mut fields, "concurrency")
        .and_then(|node| reader.whole(node, "`concurrency`", 0..=10_000, ""));
    let dlq = reader.optional(&mut fields, "dlq").and_then(|node| reader.flag(node, "`dlq`"));
    let tracing = reader.optional(&mut fields, "tracing").and_then(|node| reader.flag(node, "`tracing`"));
    let url = reader.optional(&mut fields, "url").and_then(|node| url(reader, node));
    let routes = routes(reader, &mut fields, name.as_ref(), shared, is_known);
    let alias = reader.optional(&mut fields, "alias").map(|node| alias(reader, node));
    let shift = reader.optional(&mut fields, "shift").cloned();
    let own = reader.optional(&mut fields, "tags").map(|node| (node.span, tags::tags(reader, node)));
    let permissions = reader
        .optional(&mut fields, "permissions")
        .map(|node| permission::permissions(reader, node, shared, is_known))
        .unwrap_or_default();
    let managed_policies = reader
        .optional(&mut fields, "managed_policies")
        .map(|node| permission::managed(reader, node))
        .unwrap_or_default();
    let health = reader.optional(&mut fields, "health").cloned();
    let taken = taken(&permissions);
    let environment = reader
        .optional(&mut fields, "environment")
        .map(|node| variables::variables(reader, node, &taken))
        .unwrap_or_default();
    reader.finish(fields);
    let url = url.flatten();
    let has =
        health::Has { url, routes: &routes, dlq: dlq.unwrap_or(false), alarms: shared.monitoring.alarms.as_ref() };
    let health = health.map(|node| health::health(reader, &node, &has, is_known));
    let shift = shift.map(|node| shift::shift(reader, &node, &has, alias.is_some(), is_known));

    let own = own.map(|(span, own)| {
        let mut all = inherited.clone();
        all.extend(own.clone());
        tags::bounded(reader, &all, span);
        own
    });
    Some(Agent {
        name: name?,
        source: source?,
        runtime: runtime?,
        handler: handler?,
        memory: memory.unwrap_or(Some(MEMORY))?,
        timeout: timeout.unwrap_or(Some(TIMEOUT))?,
        architecture: architecture.unwrap_or(Some(Architecture::X86))?,
        environment,
        concurrency,
        dlq: dlq.unwrap_or(false),
        tracing: tracing.unwrap_or(shared.monitoring.xray),
        url,
        routes,
        alias: alias.flatten(),
        shift: shift.flatten().unwrap_or_default(),
        tags: own.unwrap_or_default(),
        permissions,
        managed_policies,
        health: health.flatten(),
    })
}

/// The variables that permissions set.
fn taken(permissions: &[Permission]) -> Vec<String> {
    let variable = |permission: &Permission| match permission {
        Permission::Resource { name, kind, .. } => Some(crate::expand::variable(*kind, name)),
        Permission::Actions { .. } => None,
    };
    permissions.iter().filter_map(variable).collect()
}

fn source(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Spanned<Source>> {
    let path = reader.optional(fields, "path");
    let artifact = reader.optional(fields, "artifact");
    match (path, artifact) {
        (Some(path), None) => folder(reader, path),
        (None, Some(artifact)) => stored(reader, artifact),
        (Some(_), Some(_)) => {
            let message = "an agent has a `path` or an `artifact`, not both";
            let finding = Finding::new(Code::WrongChoice, fields.key("artifact"), message);
            reader.add(finding.help("`path` is a folder in a bundle, `artifact` is code that is stored already"));
            None
        }
        (None, None) => {
            let finding = Finding::new(Code::MissingKey, fields.span(), "an agent needs the key `path`");
            reader.add(
                finding.help("add `path: …`, the folder of its code; or `artifact: …`, code that is stored already"),
            );
            None
        }
    }
}

fn folder(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<Source>> {
    let text = reader.text(node, "`path`")?;
    let path = text.value.strip_prefix("./").unwrap_or(&text.value);
    let path = path.strip_suffix('/').unwrap_or(path);
    let help = if path.is_empty() || path == "." {
        Some("name a folder of its own, e.g. `agents/support`")
    } else if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        Some("a path starts at the folder that `strands.yaml` is in, and has `/` between its parts")
    } else if path.split('/').any(|part| part == "..") {
        Some("a path cannot leave the bundle: move the folder below the one that `strands.yaml` is in")
    } else if path.split('/').any(|part| part.is_empty() || part == ".") || path.chars().any(char::is_control) {
        Some("write it without empty parts and `.`")
    } else {
        None
    };
    if let Some(help) = help {
        let message = format!("`{}` cannot be the path of an agent", text.value.escape_debug());
        reader.add(Finding::new(Code::WrongPath, text.span, message).help(help));
        return None;
    }
    Some(Spanned::new(Source::Folder(path.to_owned()), text.span))
}

fn stored(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<Source>> {
    let text = reader.written(node, "`artifact`")?;
    match Digest::parse(&text.value) {
        Some(digest) => Some(Spanned::new(Source::Stored(digest), text.span)),
        None => {
            let shown: String = text.value.chars().take(70).collect();
            let finding =
                Finding::new(Code::WrongDigest, text.span, format!("`{shown}` is not the digest of an artifact"));
            reader.add(
                finding.help("a digest has 64 lower-case hexadecimal digits; an earlier deployment's record has it"),
            );
            None
        }
    }
}

fn url(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Option<UrlAuth>> {
    if let Value::Map(_) = &node.value {
        let mut fields = reader.fields(node, "`url`")?;
        let choices = [("iam", UrlAuth::Iam), ("none", UrlAuth::Open)];
        let auth = reader.required(&mut fields, "auth").and_then(|node| reader.choice(node, "`auth`", &choices));
        reader.finish(fields);
        return auth.map(Some);
    }
    // Anybody may call only what says so in words.
    reader.flag(node, "`url`").map(|wanted| wanted.then_some(UrlAuth::Iam))
}

fn routes(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    name: Option<&Spanned<String>>,
    shared: &Shared,
    is_known: bool,
) -> Vec<Route> {
    match reader.optional(fields, "route") {
        Some(node) => {
            let routes = route::routes(reader, node);
            if is_known && shared.api_gateway.is_none() && !routes.is_empty() {
                let finding = Finding::new(Code::ApiMissing, node.span, "there is no API for this route");
                reader.add(finding.help("add `api_gateway: { type: http }` under `shared`"));
            }
            routes
        }
        None => match (name, &shared.api_gateway) {
            (Some(name), Some(_)) => vec![Route { key: format!("ANY /{}", name.value), span: name.span }],
            _ => Vec::new(),
        },
    }
}

fn alias(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let text = reader.text(node, "`alias`")?;
    let is_alias = (1..=128).contains(&text.value.len())
        && text.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !text.value.chars().all(|c| c.is_ascii_digit());
    if is_alias {
        return Some(text.value);
    }
    let finding = Finding::new(Code::WrongName, text.span, format!("`{}` cannot name an alias", text.value));
    reader.add(finding.help("letters, digits, `-` and `_`, and not digits alone; e.g. `live`"));
    None
}
