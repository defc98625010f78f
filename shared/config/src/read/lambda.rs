//! What only an agent has that is a function.

use std::rc::Rc;

use super::agent::Around;
use super::{event, health, program, route, runtime, shift};
use crate::config::{AgentCode, ApiKind, Architecture, Lambda, Route, Shared, UrlAuth};
use source::Code;
use source::Finding;
use source::Spanned;
use source::{Fields, Reader};
use source::{Node, Value};

/// What a function gets that does not say.
const MEMORY: u32 = 512;
const TIMEOUT: u32 = 30;

/// What `fields` say of a function.
pub(super) fn lambda(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    name: Option<&Spanned<String>>,
    around: &Around<'_>,
) -> Option<Lambda> {
    let Around { shared, is_known, .. } = *around;
    let source = program::source(reader, fields);
    let runtime = reader.required(fields, "runtime").and_then(|node| runtime::runtime(reader, node));
    let known = runtime.as_ref().map(|runtime| runtime.value);
    let handler = reader.required(fields, "handler").and_then(|node| runtime::handler(reader, node, known));
    let memory = reader.optional(fields, "memory").map(|node| reader.whole(node, "`memory`", 128..=10_240, "MB"));
    let timeout = reader.optional(fields, "timeout").map(|node| reader.whole(node, "`timeout`", 1..=900, "seconds"));
    let architecture = program::architecture(reader, fields);
    let concurrency =
        reader.optional(fields, "concurrency").and_then(|node| reader.whole(node, "`concurrency`", 0..=10_000, ""));
    let dlq = reader.optional(fields, "dlq").and_then(|node| reader.flag(node, "`dlq`"));
    let url = reader.optional(fields, "url").and_then(|node| url(reader, node));
    let routes = routes(reader, fields, name, around);
    let alias = reader.optional(fields, "alias").map(|node| alias(reader, node));
    let shift = reader.optional(fields, "shift").cloned();
    let seconds = match &timeout {
        Some(given) => *given,
        None => Some(TIMEOUT),
    };
    let events =
        reader.optional(fields, "events").map(|node| event::events(reader, node, around, seconds)).unwrap_or_default();
    let health = reader.optional(fields, "health").cloned();
    let url = url.flatten();
    let open = without_key(&routes, shared);
    let has = health::Has { url, routes: &open, dlq: dlq.unwrap_or(false), alarms: shared.monitoring.alarms.as_ref() };
    let health = health.map(|node| health::health(reader, &node, &has, is_known));
    let shift = shift.map(|node| shift::shift(reader, &node, &has, alias.is_some(), is_known));
    Some(Lambda {
        code: AgentCode { source: source?, runtime: runtime?, handler: handler? },
        memory: memory.unwrap_or(Some(MEMORY))?,
        timeout: timeout.unwrap_or(Some(TIMEOUT))?,
        architecture: architecture.unwrap_or(Some(Architecture::X86))?,
        concurrency,
        dlq: dlq.unwrap_or(false),
        url,
        routes,
        alias: alias.flatten(),
        shift: shift.flatten().unwrap_or_default(),
        events,
        health: health.flatten(),
    })
}

/// The routes that anybody may call who knows them.
fn without_key(routes: &[Route], shared: &Shared) -> Vec<Route> {
    let keys = match shared.api_gateway.as_ref().map(|api| &api.kind) {
        Some(ApiKind::Rest { keys: Some(keys), .. }) => Some(keys),
        Some(ApiKind::Rest { keys: None, .. } | ApiKind::Http) | None => None,
    };
    let is_open = |route: &&Route| keys.is_none_or(|keys| keys.open.contains(&route.key));
    routes.iter().filter(is_open).cloned().collect()
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
    around: &Around<'_>,
) -> Vec<Route> {
    let Around { shared, is_known, .. } = *around;
    match reader.optional(fields, "route") {
        Some(node) => {
            let routes = route::routes(reader, node);
            if is_known && shared.api_gateway.is_none() && !routes.is_empty() {
                let finding = Finding::new(Code::ApiMissing, node.span, "there is no API for this route");
                reader.add(finding.help("add `api_gateway: { type: http }` under `shared`"));
            }
            if let Some(ApiKind::Rest { .. }) = shared.api_gateway.as_ref().map(|api| &api.kind) {
                return routes.into_iter().filter(|route| route::is_rest(reader, route)).collect();
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
