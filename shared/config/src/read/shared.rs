//! What the agents share.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{monitoring, names, network};
use crate::config::{ApiGateway, Bucket, Cors, Monitoring, OnRemoval, Parameter, Queue, Shared, Table, Topic};
use source::Code;
use source::Finding;
use source::Node;
use source::Reader;

pub(super) fn shared(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Shared> {
    let mut fields = reader.fields(node, "`shared`")?;
    let vpc = reader.optional(&mut fields, "vpc").map(|node| network::vpc(reader, node));
    let api_gateway = reader.optional(&mut fields, "api_gateway").map(|node| api_gateway(reader, node));
    let monitoring = reader.optional(&mut fields, "monitoring").map(|node| monitoring::monitoring(reader, node));
    let mut taken = Taken::default();
    let tables = reader.optional(&mut fields, "tables");
    let tables = named(reader, &mut taken, tables, ("`tables`", "a table"), table);
    let buckets = reader.optional(&mut fields, "buckets");
    let buckets = named(reader, &mut taken, buckets, ("`buckets`", "a bucket"), bucket);
    let queues = reader.optional(&mut fields, "queues");
    let queues = named(reader, &mut taken, queues, ("`queues`", "a queue"), queue);
    let topics = reader.optional(&mut fields, "topics");
    let topics = named(reader, &mut taken, topics, ("`topics`", "a topic"), topic);
    let parameters = reader.optional(&mut fields, "parameters");
    let parameters = named(reader, &mut taken, parameters, ("`parameters`", "a parameter"), parameter);
    reader.finish(fields);
    Some(Shared {
        vpc: match vpc {
            Some(vpc) => Some(vpc?),
            None => None,
        },
        api_gateway: match api_gateway {
            Some(api) => Some(api?),
            None => None,
        },
        monitoring: match monitoring {
            Some(monitoring) => monitoring?,
            None => Monitoring::default(),
        },
        tables: tables?,
        buckets: buckets?,
        queues: queues?,
        topics: topics?,
        parameters: parameters?,
    })
}

/// The names that are taken, in the form in which they must differ.
#[derive(Default)]
struct Taken(BTreeMap<String, String>);

type Read<T> = fn(&mut Reader<'_>, &Rc<Node>) -> Option<T>;

/// The resources that stand under one key; none where one of them is wrong.
fn named<T>(
    reader: &mut Reader<'_>,
    taken: &mut Taken,
    node: Option<&Rc<Node>>,
    what: (&str, &str),
    read: Read<T>,
) -> Option<BTreeMap<String, T>> {
    let mut resources = BTreeMap::new();
    let Some(node) = node else { return Some(resources) };
    let mut is_whole = node.entries().is_some();
    for (key, node) in reader.entries(node, what.0, "names to resources") {
        let name = names::resource(reader, key, what.1);
        if let Some(name) = &name {
            let logical = crate::expand::pascal(name);
            if let Some(other) = taken.0.get(&logical) {
                let message = match other == name {
                    true => format!("`{name}` is the name of another shared resource already"),
                    false => format!("`{name}` and `{other}` are too much alike: both become `{logical}`"),
                };
                let finding = Finding::new(Code::DuplicateName, key.span, message);
                reader.add(finding.help("permissions name resources by their name alone: give one of them another"));
            } else {
                taken.0.insert(logical, name.clone());
            }
        }
        match (name, read(reader, node)) {
            (Some(name), Some(resource)) => {
                resources.insert(name, resource);
            }
            _ => is_whole = false,
        }
    }
    is_whole.then_some(resources)
}

fn api_gateway(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<ApiGateway> {
    let mut fields = reader.fields(node, "`api_gateway`")?;
    let kinds = [("http", true), ("rest", false)];
    let kind = reader.optional(&mut fields, "type").map(|node| (node.span, reader.choice(node, "`type`", &kinds)));
    let cors = reader.optional(&mut fields, "cors").map(|node| cors(reader, node));
    reader.finish(fields);
    if let Some((span, Some(false))) = kind {
        let finding = Finding::new(Code::Unsupported, span, "REST APIs are not made yet");
        reader.add(finding.help("use `type: http`, which has routes, CORS and a lower price"));
        return None;
    }
    if matches!(kind, Some((_, None))) {
        return None;
    }
    match cors {
        Some(cors) => Some(ApiGateway { cors: Some(cors?) }),
        None => Some(ApiGateway { cors: None }),
    }
}

fn cors(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Cors> {
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

const ON_REMOVAL: [(&str, OnRemoval); 2] = [("retain", OnRemoval::Retain), ("delete", OnRemoval::Delete)];

fn table(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Table> {
    let mut fields = reader.fields(node, "a table")?;
    let key = reader.required(&mut fields, "key").and_then(|node| attribute(reader, node, "`key`"));
    let sort = reader.optional(&mut fields, "sort").map(|node| attribute(reader, node, "`sort`"));
    let ttl = reader.optional(&mut fields, "ttl").and_then(|node| reader.text(node, "`ttl`")).map(|text| text.value);
    let recovery = reader
        .optional(&mut fields, "point_in_time_recovery")
        .and_then(|node| reader.flag(node, "`point_in_time_recovery`"));
    let on_removal =
        reader.optional(&mut fields, "on_removal").and_then(|node| reader.choice(node, "`on_removal`", &ON_REMOVAL));
    reader.finish(fields);
    Some(Table {
        key: key?,
        sort: match sort {
            Some(sort) => Some(sort?),
            None => None,
        },
        ttl,
        point_in_time_recovery: recovery.unwrap_or(true),
        on_removal: on_removal.unwrap_or_default(),
    })
}

/// An attribute of a key: `{ PK: S }`.
fn attribute(reader: &mut Reader<'_>, node: &Rc<Node>, what: &str) -> Option<(String, String)> {
    let entries = reader.entries(node, what, "one attribute to its type, as in `{ PK: S }`");
    match entries {
        [(key, node)] => {
            let types = [("S", "S"), ("N", "N"), ("B", "B")];
            let kind = reader.choice(node, "an attribute's type", &types)?;
            Some((key.name.clone(), kind.to_owned()))
        }
        [] if node.entries().is_none() => None,
        _ => {
            let finding = Finding::new(Code::WrongType, node.span, format!("{what} has one attribute"));
            reader.add(finding.help("write it as `{ PK: S }`; the second attribute of a key is `sort`"));
            None
        }
    }
}

fn bucket(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Bucket> {
    let mut bucket = Bucket { versioning: true, on_removal: OnRemoval::Retain };
    if node.is_null() {
        return Some(bucket);
    }
    let mut fields = reader.fields(node, "a bucket")?;
    if let Some(node) = reader.optional(&mut fields, "versioning") {
        bucket.versioning = reader.flag(node, "`versioning`").unwrap_or(true);
    }
    if let Some(node) = reader.optional(&mut fields, "on_removal") {
        bucket.on_removal = reader.choice(node, "`on_removal`", &ON_REMOVAL).unwrap_or_default();
    }
    reader.finish(fields);
    Some(bucket)
}

fn queue(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Queue> {
    let mut queue = Queue { dlq: false, visibility: 30, retention_days: 4 };
    if node.is_null() {
        return Some(queue);
    }
    let mut fields = reader.fields(node, "a queue")?;
    if let Some(node) = reader.optional(&mut fields, "dlq") {
        queue.dlq = reader.flag(node, "`dlq`").unwrap_or(false);
    }
    if let Some(node) = reader.optional(&mut fields, "visibility") {
        queue.visibility = reader.whole(node, "`visibility`", 0..=43_200, "seconds").unwrap_or(30);
    }
    if let Some(node) = reader.optional(&mut fields, "retention_days") {
        queue.retention_days = reader.whole(node, "`retention_days`", 1..=14, "days").unwrap_or(4);
    }
    reader.finish(fields);
    Some(queue)
}

fn topic(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Topic> {
    let mut topic = Topic { emails: Vec::new() };
    if node.is_null() {
        return Some(topic);
    }
    let mut fields = reader.fields(node, "a topic")?;
    if let Some(node) = reader.optional(&mut fields, "emails") {
        topic.emails = monitoring::emails(reader, node);
    }
    reader.finish(fields);
    Some(topic)
}

/// The longest value of a standard parameter (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html).
const LONGEST_PARAMETER: usize = 4096;

fn parameter(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Parameter> {
    let text = reader.written(node, "a parameter")?;
    if let Some(what) = source::secret(&text.value) {
        let finding = Finding::new(Code::Secret, text.span, format!("this parameter holds what looks like {what}"));
        let help = "a config is kept and shown in the history: store the secret in AWS Secrets Manager";
        reader.add(finding.help(help));
        return None;
    }
    if text.value.is_empty() || text.value.len() > LONGEST_PARAMETER {
        let message = format!("a parameter cannot have {} bytes", text.value.len());
        let finding = Finding::new(Code::TooLarge, text.span, message);
        reader.add(finding.help(format!("it goes from 1 to {LONGEST_PARAMETER} bytes")));
        return None;
    }
    Some(Parameter { value: text.value })
}
