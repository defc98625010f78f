//! The port to looking at whether what was deployed is well.

use std::time::Duration;

use async_trait::async_trait;
use model::{CallError, Timestamp};
use serde_json::Value;

/// What an alarm shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmSeen {
    /// It is not in `ALARM`: `OK`, or without data.
    Quiet,
    /// It is in `ALARM`.
    Off {
        /// Since when, where CloudWatch says so.
        since: Option<Timestamp>,
        /// CloudWatch's reason.
        reason: String,
    },
    /// There is no such alarm.
    Missing,
}

/// How an invocation of a function ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It returned something.
    Returned,
    /// It ended with a function error.
    Failed {
        /// The error's type, or how the function ended where it has none.
        kind: String,
        /// What it says, cut to a few hundred characters. Where the function has secrets, it may repeat one.
        message: Option<String>,
    },
}

/// Looking.
///
/// # Guarantees
/// - No look changes what the engine keeps, and none needs the lease. What an invoked function does is its own business.
/// - Each look ends within its `patience`, or says so as an error. None is repeated, none follows a redirect, and of what
///   answers no more than the status, or the head of a function's error, is kept.
///
/// # Assumptions
/// Names and addresses come from the record of the environment whose role looks.
///
/// # Errors
/// [`CallError`] where it could not be seen: that it may not be looked at, or that nothing answered. That something is not
/// well is no error.
#[async_trait]
pub trait Health: Send + Sync {
    /// What an alarm shows.
    async fn alarm(&self, name: &str) -> Result<AlarmSeen, CallError>;

    /// Invokes a function, by name or ARN, and waits for how it ends.
    async fn invoke(&self, function: &str, payload: &Value, patience: Duration) -> Result<Answer, CallError>;

    /// The status with which an address answers an unsigned `GET`. The address begins with `https://`; any other is
    /// `Invalid`, and not asked.
    async fn get(&self, url: &str, patience: Duration) -> Result<u16, CallError>;
}
