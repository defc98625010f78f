//! Tables, buckets, queues, topics and parameters, each with the safety that nobody has to ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use model::expression::{attribute, join, reference};
use model::{Digest, Properties, ResourceAddress, Retention, properties};
use serde_json::{Value, json};

use super::agent::DEAD_LETTERS_SECONDS;
use super::policy::document;
use super::{Expansion, cut, pascal, resource_address, shared_address};
use crate::config::{
    Bucket, Deduplication, Environment, EventSource, Index, Kind, Lifecycle, OnRemoval, Projection, Queue,
    QueueSubscription, Stream, Table,
};

pub(super) fn add(expansion: &mut Expansion<'_>) {
    let shared = &expansion.environment.shared;
    let uses = Uses::of(expansion.environment);
    for (name, table) in &shared.tables {
        expansion.asked_at = Some(table.span);
        self::table(expansion, name, table);
    }
    for (name, bucket) in &shared.buckets {
        expansion.asked_at = Some(bucket.span);
        self::bucket(expansion, &uses, name, bucket);
    }
    for (name, queue) in &shared.queues {
        expansion.asked_at = Some(queue.span);
        self::queue(expansion, &uses, name, queue);
    }
    for (name, topic) in &shared.topics {
        expansion.asked_at = Some(topic.span);
        let address = resource_address(Kind::Topic, name);
        self::topic(expansion, &address, &topic.emails);
        expansion.outputs.insert(address.logical_id.clone() + "Arn", reference(&address));
    }
    for (name, parameter) in &shared.parameters {
        expansion.asked_at = Some(parameter.span);
        let address = resource_address(Kind::Parameter, name);
        let made = json!({ "Tags": expansion.scope.map(), "Type": "String", "Value": parameter.value });
        expansion.put(address.clone(), "AWS::SSM::Parameter", properties(made));
        expansion.outputs.insert(address.logical_id.clone() + "Name", reference(&address));
    }
}

pub(super) fn retention(on_removal: OnRemoval) -> Retention {
    match on_removal {
        OnRemoval::Retain => Retention::Retain,
        OnRemoval::Delete => Retention::Delete,
    }
}

fn table(expansion: &mut Expansion<'_>, name: &str, table: &Table) {
    let address = resource_address(Kind::Table, name);
    let of_indexes = table.indexes.values().flat_map(|index| iter::once(&index.key).chain(&index.sort));
    let attributes: BTreeMap<&String, &String> =
        iter::once(&table.key).chain(&table.sort).chain(of_indexes).map(|(name, kind)| (name, kind)).collect();
    let attributes: Vec<Value> =
        attributes.into_iter().map(|(name, kind)| json!({ "AttributeName": name, "AttributeType": kind })).collect();
    // Encryption at rest is DynamoDB's own default and cannot be turned off.
    let mut made = properties(json!({
        "AttributeDefinitions": attributes,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": key_schema(&table.key, table.sort.as_ref()),
        "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": table.point_in_time_recovery },
        "Tags": expansion.scope.list(),
    }));
    if let Some(name) = &table.ttl {
        made.set("TimeToLiveSpecification", json!({ "AttributeName": name, "Enabled": true }));
    }
    if !table.indexes.is_empty() {
        made.set("GlobalSecondaryIndexes", table.indexes.iter().map(index).collect::<Value>());
    }
    if let Some(stream) = table.stream {
        let view = match stream {
            Stream::Keys => "KEYS_ONLY",
            Stream::New => "NEW_IMAGE",
            Stream::Old => "OLD_IMAGE",
            Stream::NewAndOld => "NEW_AND_OLD_IMAGES",
        };
        made.set("StreamSpecification", json!({ "StreamViewType": view }));
    }
    if table.deletion_protection {
        made.set("DeletionProtectionEnabled", true);
    }
    if let Some(key) = &table.kms_key {
        made.set("SSESpecification", json!({ "KMSMasterKeyId": key, "SSEEnabled": true, "SSEType": "KMS" }));
    }
    expansion.put(address.clone(), "AWS::DynamoDB::Table", made).retention = retention(table.on_removal);
    expansion.outputs.insert(address.logical_id.clone() + "Name", reference(&address));
}

fn key_schema(key: &(String, String), sort: Option<&(String, String)>) -> Vec<Value> {
    let keys = iter::once((key, "HASH")).chain(sort.map(|sort| (sort, "RANGE")));
    keys.map(|((name, _), role)| json!({ "AttributeName": name, "KeyType": role })).collect()
}

fn index((name, index): (&String, &Index)) -> Value {
    let projection = match &index.projection {
        Projection::All => json!({ "ProjectionType": "ALL" }),
        Projection::Keys => json!({ "ProjectionType": "KEYS_ONLY" }),
        Projection::Attributes(names) => json!({ "NonKeyAttributes": names, "ProjectionType": "INCLUDE" }),
    };
    json!({
        "IndexName": name,
        "KeySchema": key_schema(&index.key, index.sort.as_ref()),
        "Projection": projection,
    })
}

fn bucket(expansion: &mut Expansion<'_>, uses: &Uses<'_>, name: &str, bucket: &Bucket) {
    let address = resource_address(Kind::Bucket, name);
    let encryption = match &bucket.kms_key {
        // With a key for the bucket, KMS is not asked for each object.
        Some(key) => json!({
            "BucketKeyEnabled": true,
            "ServerSideEncryptionByDefault": { "KMSMasterKeyID": key, "SSEAlgorithm": "aws:kms" },
        }),
        None => json!({ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }),
    };
    let mut made = properties(json!({
        "BucketEncryption": { "ServerSideEncryptionConfiguration": [encryption] },
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true,
            "BlockPublicPolicy": true,
            "IgnorePublicAcls": true,
            "RestrictPublicBuckets": true,
        },
        "Tags": expansion.scope.list(),
        "VersioningConfiguration": { "Status": if bucket.versioning { "Enabled" } else { "Suspended" } },
    }));
    if let Some(rule) = lifecycle(&bucket.lifecycle) {
        made.set("LifecycleConfiguration", json!({ "Rules": [rule] }));
    }
    if let Some(cors) = &bucket.cors {
        let headers = if cors.headers.is_empty() { vec!["*".to_owned()] } else { cors.headers.clone() };
        let rule = json!({
            "AllowedHeaders": headers,
            "AllowedMethods": cors.methods,
            "AllowedOrigins": cors.origins,
        });
        made.set("CorsConfiguration", json!({ "CorsRules": [rule] }));
    }
    if uses.waking.contains(name) {
        // By EventBridge: told by the bucket itself, a bucket and a function that may use it would wait for each other.
        let tells = json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": true } });
        made.set("NotificationConfiguration", tells);
    }
    let retention = retention(bucket.on_removal);
    expansion.put(address.clone(), "AWS::S3::Bucket", made).retention = retention;
    let policy = json!({
        "Bucket": reference(&address),
        "PolicyDocument": document(vec![json!({
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [attribute(&address, "Arn"), join([attribute(&address, "Arn"), json!("/*")])],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        })]),
    });
    // It stays with the bucket: a bucket that is kept is kept safe.
    let policy_address = shared_address(format!("{}Policy", address.logical_id));
    expansion.put(policy_address, "AWS::S3::BucketPolicy", properties(policy)).retention = retention;
    expansion.outputs.insert(address.logical_id.clone() + "Name", reference(&address));
}

fn lifecycle(lifecycle: &Lifecycle) -> Option<Value> {
    let Lifecycle { archive_after, expire_after, old_versions } = *lifecycle;
    if archive_after.is_none() && expire_after.is_none() && old_versions.is_none() {
        return None;
    }
    // Parts of uploads that nobody finished cost as much as objects, and nobody sees them.
    let mut rule = properties(json!({
        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 },
        "Id": "config",
        "Status": "Enabled",
    }));
    if let Some(days) = archive_after {
        rule.set("Transitions", json!([{ "StorageClass": "GLACIER", "TransitionInDays": days }]));
    }
    if let Some(days) = expire_after {
        rule.set("ExpirationInDays", days);
    }
    if let Some(days) = old_versions {
        rule.set("NoncurrentVersionExpiration", json!({ "NoncurrentDays": days }));
    }
    Some(rule.to_value())
}

/// The address of a queue's dead letters.
pub(super) fn dead_letters(name: &str) -> ResourceAddress {
    shared_address(format!("{}QueueDeadLetters", pascal(name)))
}

fn queue(expansion: &mut Expansion<'_>, uses: &Uses<'_>, name: &str, queue: &Queue) {
    let address = resource_address(Kind::Queue, name);
    let mut made = own_queue(expansion, name, queue)
        .with("MessageRetentionPeriod", queue.retention_days * 24 * 60 * 60)
        .with("VisibilityTimeout", uses.visibility(name, queue));
    if queue.delay > 0 {
        made.set("DelaySeconds", queue.delay);
    }
    if queue.fifo == Some(Deduplication::Content) {
        made.set("ContentBasedDeduplication", true);
    }
    if let Some(receives) = queue.receives {
        let target = dead_letters(name);
        let letters = own_queue(expansion, &format!("{name}-dead-letters"), queue)
            .with("MessageRetentionPeriod", DEAD_LETTERS_SECONDS);
        let to = json!({ "deadLetterTargetArn": attribute(&target, "Arn"), "maxReceiveCount": receives });
        made.set("RedrivePolicy", to);
        expansion.put(target, "AWS::SQS::Queue", letters);
    }
    expansion.put(address.clone(), "AWS::SQS::Queue", made);
    expansion.outputs.insert(address.logical_id.clone() + "Url", reference(&address));
    subscribed(expansion, uses, name, &address);
}

/// The longest name of a queue.
const LONGEST_QUEUE: usize = 80;

/// What a queue and its dead letters have in common.
fn own_queue(expansion: &Expansion<'_>, name: &str, queue: &Queue) -> Properties {
    let mut made = properties(json!({ "Tags": expansion.scope.list() }));
    match &queue.kms_key {
        Some(key) => made.set("KmsMasterKeyId", key.as_str()),
        None => made.set("SqsManagedSseEnabled", true),
    }
    if queue.fifo.is_some() {
        made.set("FifoQueue", true);
        // The name of a queue that keeps its order ends so, which no generated name does.
        made.set("QueueName", format!("{}.fifo", cut(&expansion.physical(name), '-', LONGEST_QUEUE - ".fifo".len())));
    }
    made
}

/// What of `shared` is used by what else there is.
#[derive(Default)]
struct Uses<'e> {
    /// By queue, the longest that an agent may take that it wakes, in seconds.
    longest: BTreeMap<&'e str, u32>,
    /// The buckets whose objects wake an agent.
    waking: BTreeSet<&'e str>,
    /// By queue, the topics that write to it, and which messages.
    topics: BTreeMap<&'e str, Vec<(&'e str, Option<&'e Value>)>>,
}

impl<'e> Uses<'e> {
    fn of(environment: &'e Environment) -> Self {
        let mut uses = Self::default();
        for lambda in environment.agents.iter().filter_map(|agent| agent.lambda()) {
            for event in &lambda.events {
                match &event.source {
                    EventSource::Queue { name, .. } => {
                        let longest = uses.longest.entry(name).or_default();
                        *longest = lambda.timeout.max(*longest);
                    }
                    EventSource::Bucket { name, .. } => drop(uses.waking.insert(name)),
                    EventSource::Table { .. }
                    | EventSource::Topic { .. }
                    | EventSource::Schedule { .. }
                    | EventSource::Pattern { .. } => {}
                }
            }
        }
        for (name, topic) in &environment.shared.topics {
            for QueueSubscription { queue, filter } in &topic.queues {
                uses.topics.entry(&queue.value).or_default().push((name, filter.as_ref()));
            }
        }
        uses
    }

    /// Seconds that a message is hidden: what the config says, or, of a queue that wakes agents, six times the longest that one of
    /// them may take (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html), or 30.
    fn visibility(&self, name: &str, queue: &Queue) -> u32 {
        let woken = self.longest.get(name).map(|seconds| (seconds * 6).min(43_200));
        queue.visibility.as_ref().map(|given| given.value).or(woken).unwrap_or(30)
    }
}

/// Lets the topics write to a queue that have it among theirs, and nobody else.
fn subscribed(expansion: &mut Expansion<'_>, uses: &Uses<'_>, name: &str, queue: &ResourceAddress) {
    let mut sources = Vec::new();
    for (topic, filter) in uses.topics.get(name).into_iter().flatten() {
        let topic = resource_address(Kind::Topic, topic);
        let mut made = properties(json!({
            "Endpoint": attribute(queue, "Arn"),
            "Protocol": "sqs",
            "RawMessageDelivery": true,
            "TopicArn": reference(&topic),
        }));
        if let Some(filter) = filter {
            made.set("FilterPolicy", (*filter).clone());
        }
        let at = shared_address(format!("{}To{}", topic.logical_id, queue.logical_id));
        expansion.put(at, "AWS::SNS::Subscription", made);
        sources.push(reference(&topic));
    }
    if sources.is_empty() {
        return;
    }
    let statement = json!({
        "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": attribute(queue, "Arn"),
        "Condition": { "ArnEquals": { "aws:SourceArn": sources } },
    });
    let made = json!({ "PolicyDocument": document(vec![statement]), "Queues": [reference(queue)] });
    expansion.put(shared_address(format!("{}Policy", queue.logical_id)), "AWS::SQS::QueuePolicy", properties(made));
}

/// A topic and its subscribers. Not encrypted with a key of KMS: the key that AWS manages for SNS lets neither alarms nor
/// roles within their boundary publish, and one of our own costs a dollar a month; what is published here is no secret.
pub(super) fn topic(expansion: &mut Expansion<'_>, address: &ResourceAddress, emails: &[String]) {
    let made = properties(json!({ "Tags": expansion.scope.list() }));
    expansion.put(address.clone(), "AWS::SNS::Topic", made);
    for email in emails {
        let digest = Digest::of(email.as_bytes());
        let logical_id = format!("{}Subscription{}", address.logical_id, digest.short(6));
        let made = json!({ "Endpoint": email, "Protocol": "email", "TopicArn": reference(address) });
        expansion.put(shared_address(logical_id), "AWS::SNS::Subscription", properties(made));
    }
}
