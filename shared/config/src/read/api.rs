//! The API that agents share.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{container, names, route};
use crate::config::{ApiGateway, ApiKind, Cors, Domain, Keys, Throttling};
use source::Code;
use source::Finding;
use source::Node;
use source::{Fields, Reader};

pub(super) fn api_gateway(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<ApiGateway> {
    let is_rest = node.get("type").and_then(|kind| kind.scalar()) == Some("rest");
    let mut fields = reader.fields(node, if is_rest { "a REST API" } else { "`api_gateway`" })?;
    let kinds = [("http", ()), ("rest", ())];
    let kind = reader.optional(&mut fields, "type").map(|node| reader.choice(node, "`type`", &kinds));
    let cors = reader.optional(&mut fields, "cors").map(|node| (node.span, cors(reader, node)));
    let throttling = reader.optional(&mut fields, "throttling").map(|node| throttling(reader, node));
    let domain = reader.optional(&mut fields, "domain").map(|node| domain(reader, node));
    let access_log = reader.optional(&mut fields, "access_log").and_then(|node| reader.flag(node, "`access_log`"));
    let rest = is_rest.then(|| rest(reader, &mut fields));
    reader.finish(fields);
    kind.unwrap_or(Some(()))?;
    if let Some((span, Some(cors))) = cors.as_ref().filter(|_| is_rest)
        && cors.origins.len() > 1
    {
        let message = format!("a REST API answers with one origin, and here are {}", cors.origins.len());
        let help = "name one, or `*`; or use `type: http`, which answers each origin with its own";
        reader.add(Finding::new(Code::TooMany, *span, message).help(help));
    }
    Some(ApiGateway {
        span: node.span,
        kind: rest.map_or(Some(ApiKind::Http), |rest| rest)?,
        cors: cors.map_or(Some(None), |(_, cors)| cors.map(Some))?,
        throttling: throttling.map_or(Some(None), |throttling| throttling.map(Some))?,
        domain: domain.map_or(Some(None), |domain| domain.map(Some))?,
        access_log: access_log.unwrap_or(false),
    })
}

/// What only a REST API has.
fn rest(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<ApiKind> {
    let stage = reader.optional(fields, "stage").map(|node| stage(reader, node));
    let keys = reader.optional(fields, "keys").map(|node| keys(reader, node));
    Some(ApiKind::Rest {
        stage: stage.map_or(Some(None), |stage| stage.map(Some))?,
        keys: keys.map_or(Some(None), |keys| keys.map(Some))?,
    })
}

fn stage(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let text = reader.text(node, "`stage`")?;
    let is_stage = (1..=128).contains(&text.value.len())
        && text.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_stage {
        return Some(text.value);
    }
    let finding = Finding::new(Code::WrongName, text.span, format!("`{}` cannot name a stage", text.value));
    reader.add(finding.help("letters, digits, `-` and `_`; e.g. `prod`"));
    None
}

fn keys(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Keys> {
    let mut fields = reader.fields(node, "`keys`")?;
    let given = reader.required(&mut fields, "names").map(|node| (node.span, reader.texts(node, "a key's name")));
    let monthly =
        reader.optional(&mut fields, "monthly").map(|node| reader.whole(node, "`monthly`", 1..=u32::MAX, "calls"));
    let open = reader.optional(&mut fields, "open").map(|node| route::routes(reader, node)).unwrap_or_default();
    reader.finish(fields);
    let (span, given) = given?;
    let mut names = BTreeSet::new();
    let mut is_whole = true;
    for name in given {
        match names::plain(reader, &name, "a key") {
            Some(name) => drop(names.insert(name)),
            None => is_whole = false,
        }
    }
    if names.is_empty() && is_whole {
        let finding = Finding::new(Code::MissingKey, span, "`keys` names no key, and nobody could call");
        reader.add(finding.help("name at least one, e.g. `names: [partner]`"));
        return None;
    }
    let open = open.into_iter().map(|route| route.key).collect();
    is_whole.then_some(Keys { names, monthly: monthly.map_or(Some(None), |monthly| monthly.map(Some))?, open })
}

fn throttling(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Throttling> {
    let mut fields = reader.fields(node, "`throttling`")?;
    let rate = reader
        .required(&mut fields, "rate")
        .and_then(|node| reader.whole(node, "`rate`", 1..=1_000_000, "calls a second"));
    let burst = reader
        .required(&mut fields, "burst")
        .and_then(|node| reader.whole(node, "`burst`", 1..=1_000_000, "calls at once"));
    reader.finish(fields);
    Some(Throttling { rate: rate?, burst: burst? })
}

fn domain(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Domain> {
    let mut fields = reader.fields(node, "`domain`")?;
    let name = reader.required(&mut fields, "name").and_then(|node| reader.text(node, "`name`"));
    let certificate = reader.required(&mut fields, "certificate").and_then(|node| container::certificate(reader, node));
    reader.finish(fields);
    let name = name?;
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let is_domain = name.value.len() <= 253 && name.value.contains('.') && name.value.split('.').all(is_part);
    if !is_domain {
        let finding = Finding::new(Code::WrongName, name.span, format!("`{}` cannot be a domain", name.value));
        reader.add(finding.help("a domain is written in lower case, e.g. `api.example.com`"));
        return None;
    }
    Some(Domain { name: name.value, certificate: certificate? })
}

pub(super) fn cors(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Cors> {
    let mut fields = reader.fields(node, "`cors`")?;
    let mut list = |name: &'static str, what: &str| -> Vec<String> {
        let node = reader.optional(&mut fields, name);
        let texts = node.map(|node| reader.texts(node, what)).unwrap_or_default();
        texts.into_iter().map(|text| text.value).collect()
    };
    let cors = Cors {
        origins: list("origins", "an origin"),
        methods: list("methods", "a method"),
        headers: list("headers", "a header"),
    };
    let span = fields.span();
    reader.finish(fields);
    if cors.origins.is_empty() {
        let finding = Finding::new(Code::MissingKey, span, "`cors` needs the key `origins`");
        reader.add(finding.help("name the pages that may call, e.g. `origins: [\"https://example.com\"]`"));
        return None;
    }
    Some(cors)
}
