//! How it is told whether an agent is well.

use std::rc::Rc;

use super::route;
use crate::config::{Alarms, Health, HttpHealth, Route, UrlAuth, Way};
use source::Code;
use source::Finding;
use source::Node;
use source::Reader;

/// For how many seconds is looked where the config does not say.
const WITHIN: u32 = 60;
/// The longest event of an invocation, in bytes. It is kept with every plan.
const LONGEST_EVENT: usize = 64 * 1024;

/// What an agent has that can be looked at.
pub(super) struct Has<'a> {
    pub(super) url: Option<UrlAuth>,
    pub(super) routes: &'a [Route],
    pub(super) dlq: bool,
    pub(super) alarms: Option<&'a Alarms>,
}

impl Has<'_> {
    /// Whether any alarm watches the agent itself.
    pub(super) fn has_alarms(&self) -> bool {
        let own = |alarms: &Alarms| {
            let of_function = [alarms.errors, alarms.throttles, alarms.duration_percent];
            of_function.iter().any(Option::is_some) || (self.dlq && alarms.dlq_depth.is_some())
        };
        self.alarms.is_some_and(own)
    }
}

/// The health that `node` asks for. `is_known` says whether what is shared could be read.
pub(super) fn health(reader: &mut Reader<'_>, node: &Rc<Node>, has: &Has<'_>, is_known: bool) -> Option<Health> {
    let mut fields = reader.fields(node, "`health`")?;
    let invoke = reader.optional(&mut fields, "invoke").map(|node| invoke(reader, node));
    let http = reader.optional(&mut fields, "http").map(|node| http(reader, node, has));
    let alarms = reader.optional(&mut fields, "alarms").map(|node| alarms(reader, node, has, is_known));
    let within = reader.optional(&mut fields, "within").map(|node| reader.whole(node, "`within`", 1..=900, "seconds"));
    reader.finish(fields);
    if invoke.is_none() && http.is_none() && matches!(alarms, None | Some(Some(false))) {
        let finding = Finding::new(Code::NothingToLookAt, node.span, "`health` names nothing to look at");
        reader.add(finding.help("add `invoke: {}`, `http: { path: … }` or `alarms: true`"));
        return None;
    }
    Some(Health {
        invoke: invoke.map_or(Some(None), |read| read.map(Some))?,
        http: http.map_or(Some(None), |read| read.map(Some))?,
        alarms: alarms.unwrap_or(Some(false))?,
        within: within.unwrap_or(Some(WITHIN))?,
    })
}

fn invoke(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<serde_json::Value> {
    let mut fields = reader.fields(node, "`invoke`")?;
    let payload = reader.optional(&mut fields, "payload");
    reader.finish(fields);
    let Some(payload) = payload else { return Some(serde_json::json!({})) };
    let event = reader.json(payload, "`payload`");
    let size = event.to_string().len();
    if size > LONGEST_EVENT {
        let message = format!("`payload` has {size} bytes as JSON, and at most {LONGEST_EVENT} are taken");
        let help = "a smoke invocation only has to show that the agent runs: give it less";
        reader.add(Finding::new(Code::TooLarge, payload.span, message).help(help));
        return None;
    }
    Some(event)
}

fn http(reader: &mut Reader<'_>, node: &Rc<Node>, has: &Has<'_>) -> Option<HttpHealth> {
    let mut fields = reader.fields(node, "`http`")?;
    let path = reader.required(&mut fields, "path");
    let path = path.and_then(|node| reader.text(node, "`path`"));
    let status = reader.optional(&mut fields, "status").map(|node| reader.whole(node, "`status`", 100..=599, ""));
    reader.finish(fields);
    let path = path?;
    let wrong = match route::path_of(&path.value) {
        Err(help) => Some(help),
        Ok(()) if path.value.contains('{') => Some("an address has no parameters: write a value there".to_owned()),
        Ok(()) => None,
    };
    if let Some(help) = wrong {
        let shown: String = path.value.chars().take(60).collect();
        let message = format!("`{}` cannot be the path of an address", shown.escape_debug());
        reader.add(Finding::new(Code::WrongPath, path.span, message).help(help));
        return None;
    }
    let by = if has.routes.iter().any(|route| route::answers(&route.key, &path.value)) {
        Way::Api
    } else if has.url == Some(UrlAuth::Open) {
        Way::Url
    } else {
        let (message, help) = no_way(&path.value, has);
        reader.add(Finding::new(Code::NothingToLookAt, path.span, message).help(help));
        return None;
    };
    let status = status.unwrap_or(Some(200))?;
    Some(HttpHealth { by, path: path.value, status: u16::try_from(status).ok()? })
}

/// Why nothing leads to the agent at that path, and what to do.
fn no_way(path: &str, has: &Has<'_>) -> (String, String) {
    let invoke = "use `invoke`, which asks the function itself";
    match (has.routes, has.url) {
        ([], Some(UrlAuth::Iam)) => (
            "the agent's function URL asks for IAM authentication, and nobody signs a health check".to_owned(),
            invoke.to_owned(),
        ),
        ([], _) => (
            "the agent has neither a route nor a function URL to be asked by".to_owned(),
            format!("{invoke}; or add `route: GET {path}` with an API under `shared`"),
        ),
        (_, _) => (
            format!("no route of the agent answers `GET {path}`"),
            format!("add `GET {path}` to its `route`, or {invoke}"),
        ),
    }
}

fn alarms(reader: &mut Reader<'_>, node: &Rc<Node>, has: &Has<'_>, is_known: bool) -> Option<bool> {
    let wanted = reader.flag(node, "`alarms`")?;
    if wanted && is_known && !has.has_alarms() {
        let finding = Finding::new(Code::NothingToLookAt, node.span, "the agent has no alarms to look at");
        reader.add(finding.help("give a threshold for agents under `shared.monitoring.alarms`, e.g. `errors: 1`"));
        return None;
    }
    Some(wanted)
}
