//! What agents keep things in and send things by.

use std::collections::BTreeMap;

use serde_json::Value;
use source::{Span, Spanned};

use super::Cors;

/// What becomes of data whose resource leaves the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRemoval {
    /// It stays in the account.
    #[default]
    Retain,
    /// It is deleted.
    Delete,
}

/// A DynamoDB table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Where it is named.
    pub span: Span,
    /// The partition key: its name and type (`S`, `N` or `B`).
    pub key: (String, String),
    /// The sort key.
    pub sort: Option<(String, String)>,
    /// The global secondary indexes, by name.
    pub indexes: BTreeMap<String, Index>,
    /// What of a changed item its stream shows; none where there is no stream.
    pub stream: Option<Stream>,
    /// The attribute after whose time an item goes.
    pub ttl: Option<String>,
    /// Whether it can be restored to any second of the last 35 days.
    pub point_in_time_recovery: bool,
    /// Whether DynamoDB itself refuses to delete it.
    pub deletion_protection: bool,
    /// The ARN of the key of KMS that it is encrypted with; none for DynamoDB's own.
    pub kms_key: Option<String>,
    /// What becomes of its data.
    pub on_removal: OnRemoval,
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The partition key.
    pub key: (String, String),
    /// The sort key.
    pub sort: Option<(String, String)>,
    /// What it has of each item.
    pub projection: Projection,
}

/// What an index has of each item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projection {
    /// All of it.
    All,
    /// The keys of the table and of the index.
    Keys,
    /// These attributes besides the keys.
    Attributes(Vec<String>),
}

/// What a table's stream shows of a changed item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Its keys.
    Keys,
    /// What it is now.
    New,
    /// What it was.
    Old,
    /// Both.
    NewAndOld,
}

/// An S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Where it is named.
    pub span: Span,
    /// Whether older versions are kept.
    pub versioning: bool,
    /// What becomes of its objects as they grow old.
    pub lifecycle: Lifecycle,
    /// Which pages of other origins may use it.
    pub cors: Option<Cors>,
    /// The ARN of the key of KMS that it is encrypted with; none for S3's own.
    pub kms_key: Option<String>,
    /// What becomes of its data.
    pub on_removal: OnRemoval,
}

/// What becomes of objects as they grow old, in days; none where nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifecycle {
    /// After which they go to Glacier.
    pub archive_after: Option<u32>,
    /// After which they are deleted.
    pub expire_after: Option<u32>,
    /// After which versions are deleted that a newer one replaced.
    pub old_versions: Option<u32>,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Where it is named.
    pub span: Span,
    /// After how many receives a message goes to a queue of its own; none where it stays.
    pub receives: Option<u32>,
    /// Seconds that a message is hidden after it was received, where the config says.
    pub visibility: Option<Spanned<u32>>,
    /// Days that a message is kept.
    pub retention_days: u32,
    /// Seconds after which a message can first be received.
    pub delay: u32,
    /// Whether messages keep their order, each once; then whether what is equal counts as the same.
    pub fifo: Option<Deduplication>,
    /// The ARN of the key of KMS that it is encrypted with; none for SQS's own.
    pub kms_key: Option<String>,
}

/// By what a queue that keeps its order knows a message again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deduplication {
    /// By its content.
    Content,
    /// By an id that its sender gives.
    Id,
}

/// An SNS topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Where it is named.
    pub span: Span,
    /// Who is told.
    pub emails: Vec<String>,
    /// The queues that get what is published.
    pub queues: Vec<QueueSubscription>,
}

/// A queue that gets what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSubscription {
    /// The queue's name.
    pub queue: Spanned<String>,
    /// Which messages, by their attributes; none for all.
    pub filter: Option<Value>,
}

/// An SSM parameter, of text that is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Where it is named.
    pub span: Span,
    /// Its value.
    pub value: String,
}

/// A secret in Secrets Manager. Its value is never in a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Where it is named.
    pub span: Span,
    /// Where its value comes from.
    pub source: SecretSource,
}

/// Where the value of a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// One that AWS makes up, once.
    Generated(Generated),
    /// One that is there already, by its ARN.
    Existing(String),
}

/// How AWS makes a secret up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// How many characters.
    pub length: u32,
    /// Whether there is punctuation among them.
    pub punctuation: bool,
    /// Where it goes in a JSON object, and what else is in that; none where the secret is the whole text.
    pub within: Option<(String, Value)>,
    /// The ARN of the key of KMS that it is encrypted with; none for Secrets Manager's own.
    pub kms_key: Option<String>,
    /// What becomes of it.
    pub on_removal: OnRemoval,
}
