//! What boto3 finds in an account, read as a user would: what is there, whose it is, where it leads, whether it is what is
//! recorded, and where two sights differ.

use std::collections::BTreeSet;

use local::look::Existing;
use model::EnvironmentId;
use serde_json::{Map, Value};

use crate::Field;

/// What there is of one environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    existing: Existing,
    id: EnvironmentId,
}

impl Sight {
    /// What was found, of this environment.
    pub(crate) fn new(existing: Existing, id: EnvironmentId) -> Self {
        Self { existing, id }
    }

    /// Everything, as a tree.
    pub fn tree(&self) -> &Value {
        &self.existing.0
    }

    /// The things of one kind, by name.
    pub fn all(&self, kind: &str) -> &Map<String, Value> {
        self.tree().get(kind).and_then(Value::as_object).unwrap_or_else(|| panic!("no kind `{kind}`"))
    }

    /// The one thing of a kind whose name begins with project, environment and `part`.
    pub fn one(&self, kind: &str, part: &str) -> &Value {
        self.all(kind).get(&self.name(kind, part)).expect("found by its name")
    }

    /// The name of that thing.
    pub fn name(&self, kind: &str, part: &str) -> String {
        let names = self.named(kind, part);
        assert_eq!(names.len(), 1, "`{part}` among {kind}: {:?}", self.all(kind).keys());
        names.into_iter().next().expect("one")
    }

    /// The names of all things of a kind whose name begins with project, environment and `part`.
    pub fn named(&self, kind: &str, part: &str) -> Vec<String> {
        let head = format!("{}-{}-{part}", self.id.project, self.id.environment).to_lowercase();
        let plain = |name: &str| name.rsplit('/').next().unwrap_or(name).to_lowercase();
        self.all(kind).keys().filter(|name| plain(name).starts_with(&head)).cloned().collect()
    }

    /// The HTTP API.
    pub fn http_api(&self) -> &Value {
        let same = self.one("apis", "").as_array().expect("a list of APIs of one name");
        assert_eq!(same.len(), 1, "APIs of one name");
        same.first().expect("one")
    }

    /// The id of the HTTP API.
    pub fn api(&self) -> String {
        text(self.http_api(), "/ApiId").to_owned()
    }

    /// Every thing, as `kind name`.
    pub fn things(&self) -> BTreeSet<String> {
        let kinds = self.tree().as_object().expect("kinds");
        kinds.keys().flat_map(|kind| self.all(kind).keys().map(move |name| format!("{kind} {name}"))).collect()
    }

    /// Every taggable thing with its tags, as `kind name`.
    pub fn tags(&self) -> Vec<(String, Map<String, Value>)> {
        let kinds = self.tree().as_object().expect("kinds");
        let things = kinds.keys().flat_map(|kind| {
            let of_kind = self.all(kind).iter().flat_map(|(name, value)| match value {
                Value::Array(same) => same.iter().map(|one| (name, one)).collect(),
                one => vec![(name, one)],
            });
            of_kind.map(move |(name, value)| {
                let tags = value.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
                (format!("{kind} {name}"), tags)
            })
        });
        let mut tags: Vec<_> = things.collect();
        for (name, api) in self.all("apis") {
            for api in api.as_array().expect("a list") {
                for (stage, value) in api.get("Stages").and_then(Value::as_object).expect("stages") {
                    let of_stage = value.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
                    tags.push((format!("stages {name} {stage}"), of_stage));
                }
            }
        }
        tags
    }

    /// What leads to something that does not exist: roles, log groups, queues, tables, buckets, functions.
    pub fn dangling(&self) -> Vec<String> {
        let known = self.known();
        let mut dangling = Vec::new();
        let mut leads = |from: &str, to: &str| {
            if !known.contains(to) {
                dangling.push(format!("{from} → {to}"));
            }
        };
        for (name, function) in self.all("functions") {
            let at = |pointer: &str| function.pointer(&format!("/Configuration{pointer}")).and_then(Value::as_str);
            let log_group = at("/LoggingConfig/LogGroup");
            for to in [at("/Role"), log_group, at("/DeadLetterConfig/TargetArn")].into_iter().flatten() {
                leads(name, to);
            }
            let variables = function.pointer("/Configuration/Environment/Variables").and_then(Value::as_object);
            for (variable, value) in variables.into_iter().flatten() {
                let is_reference =
                    ["_TABLE", "_BUCKET", "_QUEUE_URL", "_TOPIC_ARN"].iter().any(|end| variable.ends_with(end));
                let value = value.as_str().unwrap_or_default();
                // A queue is called by its URL, whose last part is its name.
                let to = if variable.ends_with("_URL") { value.rsplit('/').next().unwrap_or_default() } else { value };
                if is_reference {
                    leads(name, to);
                }
            }
        }
        for (name, role) in self.all("roles") {
            let mut arns = Vec::new();
            texts(role.get("InlinePolicies").unwrap_or(&Value::Null), &mut arns);
            // What a role's policy names of the environment's own; log groups by pattern aside.
            let own = format!("{}-{}-", self.id.project, self.id.environment);
            let names =
                arns.iter().filter(|arn| arn.starts_with("arn:") && arn.contains(&own) && !arn.contains(":logs:"));
            for arn in names {
                leads(name, arn.trim_end_matches("/index/*").trim_end_matches("/*"));
            }
        }
        for (name, queue) in self.all("queues") {
            if let Some(to) = queue.pointer("/RedrivePolicy/deadLetterTargetArn").and_then(Value::as_str) {
                leads(name, to);
            }
        }
        for (name, alarm) in self.all("alarms") {
            for action in ["AlarmActions", "OKActions"] {
                for to in alarm.get(action).and_then(Value::as_array).into_iter().flatten() {
                    leads(name, to.as_str().unwrap_or_default());
                }
            }
            for dimension in alarm.get("Dimensions").and_then(Value::as_array).into_iter().flatten() {
                leads(name, text(dimension, "/Value"));
            }
        }
        for (name, same) in self.all("apis") {
            for api in same.as_array().into_iter().flatten() {
                for (key, routes) in api.get("Routes").and_then(Value::as_object).into_iter().flatten() {
                    for route in routes.as_array().into_iter().flatten() {
                        leads(&format!("{name} {key}"), text(route, "/Integration"));
                    }
                }
                for unused in api.get("UnusedIntegrations").and_then(Value::as_array).into_iter().flatten() {
                    leads(name, &format!("nothing, from integration {unused}"));
                }
            }
        }
        dangling
    }

    /// Names and ARNs of everything that there is.
    fn known(&self) -> BTreeSet<String> {
        let account = format!("{}:{}", local::emulator::REGION, local::emulator::ACCOUNT_ID);
        let mut known = BTreeSet::new();
        for (kind, service) in [("queues", "sqs"), ("topics", "sns")] {
            known.extend(self.all(kind).keys().map(|name| format!("arn:aws:{service}:{account}:{name}")));
        }
        known.extend(self.all("buckets").keys().map(|name| format!("arn:aws:s3:::{name}")));
        known.extend(self.all("tables").keys().map(|name| format!("arn:aws:dynamodb:{account}:table/{name}")));
        for kind in ["functions", "log_groups", "queues", "tables", "buckets"] {
            known.extend(self.all(kind).keys().cloned());
        }
        known.extend(self.all("roles").values().map(|role| text(role, "/Arn").to_owned()));
        for function in self.all("functions").values() {
            let arn = text(function, "/Configuration/FunctionArn");
            let aliases = function.get("Aliases").and_then(Value::as_object);
            known.extend(aliases.into_iter().flatten().map(|(alias, _)| format!("{arn}:{alias}")));
            known.insert(arn.to_owned());
        }
        for api in self.all("apis").values().flat_map(|same| same.as_array().into_iter().flatten()) {
            known.insert(text(api, "/ApiId").to_owned());
        }
        known
    }
}

/// The text at a pointer.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at `{pointer}` of {value:#}"))
}

/// Every text in a tree.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What there is without what differs between two accounts that were made alike: ids that AWS chooses, ports, the hashes in
/// names, and the tags that say which engine made it, when, and in which deployment.
pub fn shape(sight: &Sight) -> Value {
    let apis = sight.all("apis").values().flat_map(|same| same.as_array().into_iter().flatten());
    let ids: Vec<String> = apis.map(|api| text(api, "/ApiId").to_owned()).collect();
    shaped(sight.tree(), &ids)
}

fn shaped(value: &Value, ids: &[String]) -> Value {
    const CHOSEN: [&str; 8] = [
        "ApiId",
        "ApiEndpoint",
        "DeploymentId",
        "IntegrationId",
        "LastDeploymentStatusMessage",
        "RouteId",
        "Target",
        "SubscriptionArn",
    ];
    const ORIGIN: [&str; 3] = [model::ownership::ENGINE, model::ownership::DEPLOYED_AT, model::ownership::DEPLOYED_BY];
    match value {
        Value::String(text) => Value::String(without_hashes(text, ids)),
        Value::Array(items) => items.iter().map(|item| shaped(item, ids)).collect(),
        Value::Object(map) => {
            let kept =
                map.iter().filter(|(name, _)| !CHOSEN.contains(&name.as_str()) && !ORIGIN.contains(&name.as_str()));
            kept.map(|(name, value)| match name.as_str() {
                // Their order is that of their making; where they lead stands at the routes.
                "Integrations" => (name.clone(), Value::from(value.as_array().map_or(0, Vec::len))),
                _ => (without_hashes(name, ids), shaped(value, ids)),
            })
            .collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn without_hashes(text: &str, ids: &[String]) -> String {
    let mut text = text.to_owned();
    for id in ids {
        text = text.replace(id, "API");
    }
    let mut parts: Vec<String> = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|c: char| !c.is_ascii_alphanumeric()) {
        let (part, more) = rest.split_at(at);
        let (separator, more) = more.split_at(more.chars().next().map_or(0, char::len_utf8));
        parts.push(part.to_owned());
        parts.push(separator.to_owned());
        rest = more;
    }
    parts.push(rest.to_owned());
    let is_hash =
        |part: &str| part.len() == 10 && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let is_port = |before: Option<&str>, part: &str| {
        before == Some(":") && part.len() > 3 && part.len() < 6 && part.parse::<u16>().is_ok()
    };
    let mut shaped = String::new();
    let mut before = None;
    for part in &parts {
        shaped.push_str(if is_hash(part) || is_port(before, part) { "*" } else { part });
        before = Some(part);
    }
    shaped
}

/// What boto3 finds, without what differs where something was made anew: the ids that AWS gives and the number of an
/// incarnation. Nor with the numbers of a function's published versions: one that was replaced stays, as the plan says, and
/// where that had been carried out, the version that is taken into use again is another one of the same code.
pub async fn seen(field: &Field) -> Value {
    let mut shape = shape(&field.look().await);
    without(&mut shape, &[model::ownership::GENERATION, "Version", "FunctionVersion", "PublishedVersions", "Sid"]);
    shape
}

fn without(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !names.contains(&name.as_str()));
            map.values_mut().for_each(|value| without(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| without(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where two sights differ, with what is there: nothing, if they are the same.
pub fn differences(expected: &Value, seen: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", Some(expected), Some(seen), &mut found);
    found
}

fn compare(at: &str, expected: Option<&Value>, seen: Option<&Value>, found: &mut Vec<String>) {
    match (expected, seen) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                compare(&format!("{at}/{name}"), one.get(name), other.get(name), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{at}/{index}"), Some(one), Some(other), found);
            }
        }
        (one, other) if one == other => {}
        (one, other) => {
            let say = |value: Option<&Value>| value.map_or("nothing".to_owned(), |value| value.to_string());
            found.push(format!("{at}: {} → {}", say(one), say(other)));
        }
    }
}

/// What is recorded exists, and what exists is recorded: by boto3, for the kinds whose id is their name.
pub async fn the_record_is_true(field: &Field) {
    let sight = field.look().await;
    let record = field.record().await;
    for (kind, type_name) in [
        ("alarms", "AWS::CloudWatch::Alarm"),
        ("buckets", "AWS::S3::Bucket"),
        ("functions", "AWS::Lambda::Function"),
        ("log_groups", "AWS::Logs::LogGroup"),
        ("queues", "AWS::SQS::Queue"),
        ("roles", "AWS::IAM::Role"),
        ("tables", "AWS::DynamoDB::Table"),
        ("topics", "AWS::SNS::Topic"),
    ] {
        let of_type = record.resources.values().filter(|one| one.kind.as_str() == type_name);
        let name = |id: &str| match kind {
            // An ARN and a URL end with the name.
            "topics" => id.rsplit(':').next().unwrap_or(id).to_owned(),
            "queues" => id.rsplit('/').next().unwrap_or(id).to_owned(),
            _ => id.to_owned(),
        };
        let recorded: BTreeSet<String> =
            of_type.filter_map(|one| one.physical_id.as_ref()).map(|id| name(id.as_str())).collect();
        let existing: BTreeSet<String> = sight.all(kind).keys().cloned().collect();
        assert_eq!(recorded, existing, "{kind}");
    }
    let open: Vec<String> = record.open_intents().map(|(key, _)| key.to_string()).collect();
    assert_eq!(open, Vec::<String>::new(), "nothing is left unknown");
}
