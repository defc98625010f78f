//! Tables, buckets, queues, topics and parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{api, grant, monitoring};
use crate::config::{
    Bucket, Deduplication, Index, Lifecycle, OnRemoval, Parameter, Projection, Queue, QueueSubscription, Stream, Table,
    Topic,
};
use source::Code;
use source::Finding;
use source::{Fields, Reader};
use source::{Key, Node, Spanned, Value};

pub(super) const ON_REMOVAL: [(&str, OnRemoval); 2] = [("retain", OnRemoval::Retain), ("delete", OnRemoval::Delete)];

/// The most secondary indexes of a table (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html).
const MOST_INDEXES: usize = 20;

pub(super) fn table(reader: &mut Reader<'_>, name: &Key, node: &Rc<Node>) -> Option<Table> {
    let mut fields = reader.fields(node, "a table")?;
    let key = reader.required(&mut fields, "key").and_then(|node| attribute(reader, node, "`key`"));
    let sort = reader.optional(&mut fields, "sort").map(|node| attribute(reader, node, "`sort`"));
    let indexes = reader.optional(&mut fields, "indexes").map(|node| indexes(reader, node));
    let streams =
        [("keys", Stream::Keys), ("new", Stream::New), ("old", Stream::Old), ("new-and-old", Stream::NewAndOld)];
    let stream = reader.optional(&mut fields, "stream").map(|node| reader.choice(node, "`stream`", &streams));
    let ttl = reader.optional(&mut fields, "ttl").and_then(|node| reader.text(node, "`ttl`")).map(|text| text.value);
    let recovery = reader
        .optional(&mut fields, "point_in_time_recovery")
        .and_then(|node| reader.flag(node, "`point_in_time_recovery`"));
    let protection =
        reader.optional(&mut fields, "deletion_protection").and_then(|node| reader.flag(node, "`deletion_protection`"));
    let kms_key = kms_key(reader, &mut fields);
    let on_removal =
        reader.optional(&mut fields, "on_removal").and_then(|node| reader.choice(node, "`on_removal`", &ON_REMOVAL));
    reader.finish(fields);
    let table = Table {
        span: name.span,
        key: key?,
        sort: match sort {
            Some(sort) => Some(sort?),
            None => None,
        },
        indexes: indexes.unwrap_or(Some(BTreeMap::new()))?,
        stream: stream.map_or(Some(None), |stream| stream.map(Some))?,
        ttl,
        point_in_time_recovery: recovery.unwrap_or(true),
        deletion_protection: protection.unwrap_or(false),
        kms_key: kms_key?,
        on_removal: on_removal.unwrap_or_default(),
    };
    one_type_each(reader, &table, node)?;
    Some(table)
}

/// Finds an attribute that is of one type here and of another there.
fn one_type_each(reader: &mut Reader<'_>, table: &Table, node: &Rc<Node>) -> Option<()> {
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let of_indexes = table.indexes.values().flat_map(|index| std::iter::once(&index.key).chain(&index.sort));
    for (name, kind) in std::iter::once(&table.key).chain(&table.sort).chain(of_indexes) {
        let known = *types.entry(name).or_insert(kind);
        if known != kind {
            let message = format!("the attribute `{name}` is `{known}` in one key and `{kind}` in another");
            let finding = Finding::new(Code::WrongType, node.span, message);
            reader.add(finding.help("an attribute has one type in all keys of a table"));
            return None;
        }
    }
    Some(())
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

fn indexes(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<BTreeMap<String, Index>> {
    let entries = reader.entries(node, "`indexes`", "names to indexes");
    if entries.len() > MOST_INDEXES {
        let message = format!("there are {} indexes", entries.len());
        reader.add(Finding::new(Code::TooMany, node.span, message).help(format!("a table takes {MOST_INDEXES}")));
        return None;
    }
    let mut indexes = BTreeMap::new();
    let mut is_whole = node.entries().is_some();
    for (key, node) in entries {
        // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
        let is_name = (3..=255).contains(&key.name.len())
            && key.name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        if !is_name {
            let finding = Finding::new(Code::WrongName, key.span, format!("`{}` cannot name an index", key.name));
            reader.add(finding.help("a name has 3 to 255 letters, digits and `_ - .`, e.g. `by-status`"));
        }
        match index(reader, node).filter(|_| is_name) {
            Some(index) => drop(indexes.insert(key.name.clone(), index)),
            None => is_whole = false,
        }
    }
    is_whole.then_some(indexes)
}

fn index(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Index> {
    let mut fields = reader.fields(node, "an index")?;
    let key = reader.required(&mut fields, "key").and_then(|node| attribute(reader, node, "`key`"));
    let sort = reader.optional(&mut fields, "sort").map(|node| attribute(reader, node, "`sort`"));
    let projection = reader.optional(&mut fields, "projection").map(|node| match &node.value {
        Value::List(items) => {
            let names = reader.texts(node, "an attribute");
            (names.len() == items.len())
                .then(|| Projection::Attributes(names.into_iter().map(|name| name.value).collect()))
        }
        Value::Scalar { .. } | Value::Map(_) => {
            let words = [("all", true), ("keys", false)];
            let all = reader.choice(node, "`projection`", &words)?;
            Some(if all { Projection::All } else { Projection::Keys })
        }
    });
    reader.finish(fields);
    Some(Index {
        key: key?,
        sort: sort.map_or(Some(None), |sort| sort.map(Some))?,
        projection: projection.unwrap_or(Some(Projection::All))?,
    })
}

/// A key of KMS of one's own, by its ARN: none where it is wrong, none within where there is none.
pub(super) fn kms_key(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Option<String>> {
    let Some(node) = reader.optional(fields, "kms_key") else { return Some(None) };
    grant::arn_of(reader, node, "`kms_key`", "kms", "key/").map(Some)
}

pub(super) fn bucket(reader: &mut Reader<'_>, name: &Key, node: &Rc<Node>) -> Option<Bucket> {
    let mut bucket = Bucket {
        span: name.span,
        versioning: true,
        lifecycle: Lifecycle::default(),
        cors: None,
        kms_key: None,
        on_removal: OnRemoval::Retain,
    };
    if node.is_null() {
        return Some(bucket);
    }
    let mut fields = reader.fields(node, "a bucket")?;
    if let Some(node) = reader.optional(&mut fields, "versioning") {
        bucket.versioning = reader.flag(node, "`versioning`").unwrap_or(true);
    }
    let lifecycle = reader.optional(&mut fields, "lifecycle").map(|node| lifecycle(reader, node));
    let cors = reader.optional(&mut fields, "cors").map(|node| api::cors(reader, node));
    let kms_key = kms_key(reader, &mut fields);
    if let Some(node) = reader.optional(&mut fields, "on_removal") {
        bucket.on_removal = reader.choice(node, "`on_removal`", &ON_REMOVAL).unwrap_or_default();
    }
    reader.finish(fields);
    bucket.lifecycle = lifecycle.unwrap_or(Some(bucket.lifecycle))?;
    bucket.cors = cors.map_or(Some(None), |cors| cors.map(Some))?;
    bucket.kms_key = kms_key?;
    if let Some(cors) = &bucket.cors
        && (cors.methods.is_empty() || cors.methods.iter().any(|method| !METHODS.contains(&method.as_str())))
    {
        let finding = Finding::new(Code::WrongChoice, node.span, "the `cors` of a bucket names its `methods`");
        reader.add(finding.help("S3 knows `GET`, `PUT`, `POST`, `DELETE` and `HEAD`, and no `*`"));
        return None;
    }
    Some(bucket)
}

/// What pages of other origins may ask a bucket for.
const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];

fn lifecycle(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Lifecycle> {
    let mut fields = reader.fields(node, "`lifecycle`")?;
    let mut days = |name: &'static str| {
        let node = reader.optional(&mut fields, name)?;
        reader.whole(node, &format!("`{name}`"), 1..=36_500, "days")
    };
    let lifecycle = Lifecycle {
        archive_after: days("archive_after"),
        expire_after: days("expire_after"),
        old_versions: days("old_versions"),
    };
    let span = fields.key("expire_after");
    reader.finish(fields);
    if let (Some(archive), Some(expire)) = (lifecycle.archive_after, lifecycle.expire_after)
        && expire <= archive
    {
        let message = format!("objects are deleted after {expire} days and would be archived after {archive}");
        let finding = Finding::new(Code::OutOfRange, span, message);
        reader.add(finding.help("`expire_after` is longer than `archive_after`"));
        return None;
    }
    Some(lifecycle)
}

/// How often a message is received before it goes to the dead letters, where the config does not say.
const RECEIVES: u32 = 3;

pub(super) fn queue(reader: &mut Reader<'_>, name: &Key, node: &Rc<Node>) -> Option<Queue> {
    let mut queue = Queue {
        span: name.span,
        receives: None,
        visibility: None,
        retention_days: 4,
        delay: 0,
        fifo: None,
        kms_key: None,
    };
    if node.is_null() {
        return Some(queue);
    }
    let mut fields = reader.fields(node, "a queue")?;
    queue.receives = reader.optional(&mut fields, "dlq").and_then(|node| receives(reader, node)).flatten();
    if let Some(node) = reader.optional(&mut fields, "visibility") {
        let seconds = reader.whole(node, "`visibility`", 0..=43_200, "seconds");
        queue.visibility = seconds.map(|seconds| Spanned::new(seconds, node.span));
    }
    if let Some(node) = reader.optional(&mut fields, "retention_days") {
        queue.retention_days = reader.whole(node, "`retention_days`", 1..=14, "days").unwrap_or(4);
    }
    if let Some(node) = reader.optional(&mut fields, "delay") {
        queue.delay = reader.whole(node, "`delay`", 0..=900, "seconds").unwrap_or(0);
    }
    if let Some(node) = reader.optional(&mut fields, "fifo") {
        queue.fifo = match &node.value {
            Value::Map(_) => fifo(reader, node),
            Value::Scalar { .. } | Value::List(_) => {
                reader.flag(node, "`fifo`").unwrap_or(false).then_some(Deduplication::Content)
            }
        };
    }
    let kms_key = kms_key(reader, &mut fields);
    reader.finish(fields);
    queue.kms_key = kms_key?;
    Some(queue)
}

/// `true`, `false`, or `{ receives: 5 }`.
fn receives(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Option<u32>> {
    if let Value::Map(_) = &node.value {
        let mut fields = reader.fields(node, "`dlq`")?;
        let receives = reader.optional(&mut fields, "receives");
        let receives = receives.map(|node| reader.whole(node, "`receives`", 1..=1_000, "receives"));
        reader.finish(fields);
        return receives.unwrap_or(Some(RECEIVES)).map(Some);
    }
    reader.flag(node, "`dlq`").map(|wanted| wanted.then_some(RECEIVES))
}

fn fifo(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Deduplication> {
    let mut fields = reader.fields(node, "`fifo`")?;
    let words = [("content", Deduplication::Content), ("id", Deduplication::Id)];
    let by = reader.optional(&mut fields, "deduplicate_by");
    let by = by.map(|node| reader.choice(node, "`deduplicate_by`", &words));
    reader.finish(fields);
    by.unwrap_or(Some(Deduplication::Content))
}

pub(super) fn topic(reader: &mut Reader<'_>, name: &Key, node: &Rc<Node>) -> Option<Topic> {
    let mut topic = Topic { span: name.span, emails: Vec::new(), queues: Vec::new() };
    if node.is_null() {
        return Some(topic);
    }
    let mut fields = reader.fields(node, "a topic")?;
    if let Some(node) = reader.optional(&mut fields, "emails") {
        topic.emails = monitoring::emails(reader, node);
    }
    let items = reader.optional(&mut fields, "queues").map(|node| reader.items(node, "`queues`", "queues"));
    reader.finish(fields);
    let mut is_whole = true;
    for item in items.unwrap_or_default() {
        match subscription(reader, item) {
            Some(subscription) => topic.queues.push(subscription),
            None => is_whole = false,
        }
    }
    is_whole.then_some(topic)
}

/// A queue's name, or `{ queue: work, filter: { kind: [order] } }`.
fn subscription(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<QueueSubscription> {
    if let Value::Map(_) = &node.value {
        let mut fields = reader.fields(node, "a queue of a topic")?;
        let queue = reader.required(&mut fields, "queue").and_then(|node| reader.text(node, "`queue`"));
        let filter = reader.optional(&mut fields, "filter").map(|node| filter(reader, node));
        reader.finish(fields);
        return Some(QueueSubscription {
            queue: queue?,
            filter: filter.map_or(Some(None), |filter| filter.map(Some))?,
        });
    }
    Some(QueueSubscription { queue: reader.text(node, "a queue")?, filter: None })
}

/// A filter of messages by their attributes.
pub(super) fn filter(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<serde_json::Value> {
    reader.entries(node, "`filter`", "attributes to lists of values");
    let value = reader.json(node, "`filter`");
    let map = value.as_object()?;
    if map.values().all(serde_json::Value::is_array) {
        return Some(value);
    }
    let finding = Finding::new(Code::WrongType, node.span, "an attribute of a `filter` has a list of values");
    reader.add(finding.help("write it as `{ kind: [order, refund] }`"));
    None
}

/// Finds topics that name queues which do not exist, or cannot have them.
pub(super) fn check_subscriptions(
    reader: &mut Reader<'_>,
    topics: &BTreeMap<String, Topic>,
    queues: &BTreeMap<String, Queue>,
) -> bool {
    let mut is_whole = true;
    for (name, topic) in topics {
        let mut given = BTreeSet::new();
        for QueueSubscription { queue, .. } in &topic.queues {
            let finding = match queues.get(&queue.value) {
                None => {
                    let message = format!("`shared` has no queue `{}`", queue.value);
                    let help = match source::closest(&queue.value, queues.keys().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "a topic names queues that stand under `queues`".to_owned(),
                    };
                    Finding::new(Code::UnknownResource, queue.span, message).help(help)
                }
                Some(Queue { fifo: Some(_), .. }) => {
                    let message = format!("a queue that keeps its order cannot get what is published to `{name}`");
                    Finding::new(Code::WrongChoice, queue.span, message)
                        .help("take `fifo` from the queue: topics here do not keep an order")
                }
                Some(Queue { kms_key: Some(_), .. }) => {
                    let message = format!("`{name}` cannot write to a queue that is encrypted with a key of its own");
                    Finding::new(Code::WrongChoice, queue.span, message)
                        .help("take `kms_key` from the queue: it is encrypted with SQS's own key then")
                }
                Some(_) if !given.insert(&queue.value) => {
                    let message = format!("`{name}` is published to `{}` twice", queue.value);
                    Finding::new(Code::DuplicateEvent, queue.span, message).help("name the queue once")
                }
                Some(_) => continue,
            };
            reader.add(finding);
            is_whole = false;
        }
    }
    is_whole
}

/// The longest value of a standard parameter (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html).
const LONGEST_PARAMETER: usize = 4096;

pub(super) fn parameter(reader: &mut Reader<'_>, name: &Key, node: &Rc<Node>) -> Option<Parameter> {
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
    Some(Parameter { span: name.span, value: text.value })
}
