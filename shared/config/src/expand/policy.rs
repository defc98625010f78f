//! What `read`, `write` and `full` come to, by type: documented lists of actions, on the resource itself and nothing else.

use model::expression::{attribute, join, reference};
use serde_json::{Value, json};

use super::used::Used;
use super::{Expansion, grant, secret};
use crate::config::{Access, KeyAccess, Kind, SecretSource};

/// What an access of one type allows on the resource itself, and on what is inside of it.
struct Actions {
    on_it: &'static [&'static str],
    inside: &'static [&'static str],
}

const fn actions(on_it: &'static [&'static str], inside: &'static [&'static str]) -> Actions {
    Actions { on_it, inside }
}

fn read(kind: Kind) -> Actions {
    match kind {
        // Indexes are inside of a table and are read with the same actions; see `statements`.
        Kind::Table => actions(
            &[
                "dynamodb:BatchGetItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:DescribeTable",
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:Scan",
            ],
            &["dynamodb:Query", "dynamodb:Scan"],
        ),
        Kind::Bucket => actions(&["s3:GetBucketLocation", "s3:ListBucket"], &["s3:GetObject", "s3:GetObjectVersion"]),
        Kind::Queue => actions(
            &[
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
            ],
            &[],
        ),
        // Refused when the config is read: nothing in a topic can be read.
        Kind::Topic => actions(&[], &[]),
        Kind::Parameter => actions(&["ssm:GetParameter", "ssm:GetParameters"], &[]),
        Kind::Secret => actions(&["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], &[]),
    }
}

fn write(kind: Kind) -> Actions {
    match kind {
        Kind::Table => actions(
            &[
                "dynamodb:BatchWriteItem",
                "dynamodb:DeleteItem",
                "dynamodb:DescribeTable",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
            ],
            &[],
        ),
        Kind::Bucket => {
            actions(&["s3:GetBucketLocation"], &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"])
        }
        Kind::Queue => actions(&["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"], &[]),
        Kind::Topic => actions(&["sns:GetTopicAttributes", "sns:Publish"], &[]),
        Kind::Parameter => actions(&["ssm:PutParameter"], &[]),
        Kind::Secret => actions(&["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"], &[]),
    }
}

/// The statements that the use of one resource comes to.
pub(super) fn statements(expansion: &Expansion<'_>, used: &Used) -> Vec<Value> {
    let Used { kind, address, access, is_path, .. } = used;
    let kind = *kind;
    let parts = match access {
        Access::Read => vec![read(kind)],
        Access::Write => vec![write(kind)],
        Access::Full => vec![read(kind), write(kind)],
    };
    let all = |pick: fn(&Actions) -> &'static [&'static str]| {
        let mut all: Vec<&str> = parts.iter().flat_map(pick).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (itself, within) = match kind {
        Kind::Table => (attribute(address, "Arn"), Some(join([attribute(address, "Arn"), json!("/index/*")]))),
        Kind::Bucket => (attribute(address, "Arn"), Some(join([attribute(address, "Arn"), json!("/*")]))),
        Kind::Queue => (attribute(address, "Arn"), None),
        Kind::Topic => (reference(address), None),
        Kind::Secret => (secret::allowed(expansion, used), None),
        // A parameter has no ARN of its own to refer to; what is made of its name has one slash before it.
        Kind::Parameter => {
            let record = expansion.record();
            let prefix = expansion.arn(&format!(
                "ssm:{}:{}:parameter{}",
                record.region,
                record.account,
                if *is_path { "" } else { "/" }
            ));
            (join([json!(prefix), reference(address)]), None)
        }
    };
    let mut statements = vec![allow(all(|part| part.on_it), itself)];
    let inside = all(|part| part.inside);
    if let Some(within) = within.filter(|_| !inside.is_empty()) {
        statements.push(allow(inside, within));
    }
    if let Some(key) = key_of(expansion, used) {
        let access = match access {
            Access::Read => KeyAccess::Decrypt,
            // Whatever is written encrypted is read on the way: a queue's next data key, a table's item that is changed.
            Access::Write | Access::Full => KeyAccess::Full,
        };
        statements.push(grant::key(key, access));
    }
    statements
}

/// The key of KMS that a shared resource is encrypted with, where it is not the service's own.
fn key_of<'e>(expansion: &'e Expansion<'_>, used: &Used) -> Option<&'e str> {
    let (shared, name) = (&expansion.environment.shared, used.name.as_ref()?);
    let key = match used.kind {
        Kind::Table => &shared.tables.get(name)?.kms_key,
        Kind::Bucket => &shared.buckets.get(name)?.kms_key,
        Kind::Queue => &shared.queues.get(name)?.kms_key,
        Kind::Secret => match &shared.secrets.get(name)?.source {
            SecretSource::Generated(generated) => &generated.kms_key,
            SecretSource::Existing(_) => return None,
        },
        Kind::Topic | Kind::Parameter => return None,
    };
    key.as_deref()
}

/// `{"Effect": "Allow", …}`.
pub(super) fn allow(actions: Vec<&str>, resource: impl Into<Value>) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource.into() })
}

/// A policy document of these statements.
pub(super) fn document(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}
