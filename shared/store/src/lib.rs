//! The S3 and DynamoDB adapters of the engine's ports.
//!
//! Owns where everything is kept: keys of the table, keys of the buckets, which write is conditional on what. Journal
//! segments and resource items are the truth; S3 holds what is immutable, what is derived, and what of the truth is too large
//! for an item. Never decides anything.

mod answers;
mod approval;
mod aws;
mod cancel;
mod deployments;
mod environments;
mod error;
mod item;
mod keeping;
mod keys;
mod lease;
mod ledger;
mod objects;
mod plans;
mod queue;
mod segments;
mod signals;
mod snapshots;
mod sources;
mod table;
mod values;

pub use answers::StoredAnswers;
pub use approval::{Decided, Parked, Waiting};
pub use aws::configuration;
pub use aws_config::SdkConfig;
pub use cancel::Cancelled;
pub use deployments::{Accepted, Claim};
pub use keeping::{Sweep, Swept};
pub use keys::paths;
pub use objects::{Unreadable, Uploaded};
pub use queue::Turn;
pub use signals::StoredSignals;

/// Everything that the engine keeps: one table, two buckets.
#[derive(Debug, Clone)]
pub struct Store {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    table: String,
    deployments: String,
}

impl Store {
    /// The stores of one installation. `deployments` is the engine's own bucket.
    pub fn new(config: &aws_config::SdkConfig, table: impl Into<String>, deployments: impl Into<String>) -> Self {
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            s3: aws_sdk_s3::Client::new(config),
            table: table.into(),
            deployments: deployments.into(),
        }
    }

    /// The name of the engine's own bucket, which artifacts are read from.
    pub fn deployments_bucket(&self) -> &str {
        &self.deployments
    }
}
