//! Tables, buckets, queues, topics and parameters, each with the safety that nobody has to ask for.

use model::expression::{attribute, join, reference};
use model::{Digest, ResourceAddress, Retention, properties};
use serde_json::{Value, json};

use super::agent::DEAD_LETTERS_SECONDS;
use super::policy::document;
use super::{Expansion, pascal, resource_address, shared_address};
use crate::config::{Bucket, Kind, OnRemoval, Queue, Table};

/// How often a message is received before it goes to the dead letters.
const RECEIVES: u32 = 3;

pub(super) fn add(expansion: &mut Expansion<'_>) {
    let shared = &expansion.environment.shared;
    for (name, table) in &shared.tables {
        self::table(expansion, name, table);
    }
    for (name, bucket) in &shared.buckets {
        self::bucket(expansion, name, bucket);
    }
    for (name, queue) in &shared.queues {
        self::queue(expansion, name, queue);
    }
    for (name, topic) in &shared.topics {
        let address = resource_address(Kind::Topic, name);
        self::topic(expansion, &address, &topic.emails);
        expansion.outputs.insert(address.logical_id.clone() + "Arn", reference(&address));
    }
    for (name, parameter) in &shared.parameters {
        let address = resource_address(Kind::Parameter, name);
        let made = json!({ "Tags": expansion.scope.map(), "Type": "String", "Value": parameter.value });
        expansion.put(address.clone(), "AWS::SSM::Parameter", properties(made));
        expansion.outputs.insert(address.logical_id.clone() + "Name", reference(&address));
    }
}

fn retention(on_removal: OnRemoval) -> Retention {
    match on_removal {
        OnRemoval::Retain => Retention::Retain,
        OnRemoval::Delete => Retention::Delete,
    }
}

fn table(expansion: &mut Expansion<'_>, name: &str, table: &Table) {
    let address = resource_address(Kind::Table, name);
    let keys: Vec<(&(String, String), &str)> = [(Some(&table.key), "HASH"), (table.sort.as_ref(), "RANGE")]
        .into_iter()
        .filter_map(|(key, role)| Some((key?, role)))
        .collect();
    let attributes: Vec<Value> =
        keys.iter().map(|((name, kind), _)| json!({ "AttributeName": name, "AttributeType": kind })).collect();
    let schema: Vec<Value> =
        keys.iter().map(|((name, _), role)| json!({ "AttributeName": name, "KeyType": role })).collect();
    // Encryption at rest is DynamoDB's own default and cannot be turned off.
    let mut made = properties(json!({
        "AttributeDefinitions": attributes,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": schema,
        "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": table.point_in_time_recovery },
        "Tags": expansion.scope.list(),
    }));
    if let Some(name) = &table.ttl {
        made.set("TimeToLiveSpecification", json!({ "AttributeName": name, "Enabled": true }));
    }
    expansion.put(address.clone(), "AWS::DynamoDB::Table", made).retention = retention(table.on_removal);
    expansion.outputs.insert(address.logical_id.clone() + "Name", reference(&address));
}

fn bucket(expansion: &mut Expansion<'_>, name: &str, bucket: &Bucket) {
    let address = resource_address(Kind::Bucket, name);
    let made = json!({
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } },
            ],
        },
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true,
            "BlockPublicPolicy": true,
            "IgnorePublicAcls": true,
            "RestrictPublicBuckets": true,
        },
        "Tags": expansion.scope.list(),
        "VersioningConfiguration": { "Status": if bucket.versioning { "Enabled" } else { "Suspended" } },
    });
    let retention = retention(bucket.on_removal);
    expansion.put(address.clone(), "AWS::S3::Bucket", properties(made)).retention = retention;
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

/// The address of a queue's dead letters.
pub(super) fn dead_letters(name: &str) -> ResourceAddress {
    shared_address(format!("{}QueueDeadLetters", pascal(name)))
}

fn queue(expansion: &mut Expansion<'_>, name: &str, queue: &Queue) {
    let address = resource_address(Kind::Queue, name);
    let mut made = properties(json!({
        "MessageRetentionPeriod": queue.retention_days * 24 * 60 * 60,
        "SqsManagedSseEnabled": true,
        "Tags": expansion.scope.list(),
        "VisibilityTimeout": queue.visibility,
    }));
    if queue.dlq {
        let letters = json!({
            "MessageRetentionPeriod": DEAD_LETTERS_SECONDS,
            "SqsManagedSseEnabled": true,
            "Tags": expansion.scope.list(),
        });
        let target = dead_letters(name);
        made.set(
            "RedrivePolicy",
            json!({ "deadLetterTargetArn": attribute(&target, "Arn"), "maxReceiveCount": RECEIVES }),
        );
        expansion.put(target, "AWS::SQS::Queue", properties(letters));
    }
    expansion.put(address.clone(), "AWS::SQS::Queue", made);
    expansion.outputs.insert(address.logical_id.clone() + "Url", reference(&address));
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
