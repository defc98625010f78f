//! The Lambda harness: versioned wire types, errors that the state machine knows, structured logs.
//!
//! Owns what crosses the border between the functions and the state machine. Never does a step's work.

mod error;
mod message;

pub use error::StepError;
pub use message::{Caught, Message, VERSION, Verdict, Watched, check_version};

use std::future::Future;

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// What a handler is called with: the payload as it came, and when the invocation must be over.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The payload.
    pub payload: Value,
    /// When Lambda ends the invocation.
    pub deadline: model::Timestamp,
}

/// Runs a function: one call of `handler` for each invocation, every error under its `errorType`. What a handler needs for
/// its life (clients, settings) is made by the caller before, once a cold start.
///
/// # Errors
/// Where the Lambda runtime cannot be reached.
pub async fn run<F, Fut, R>(handler: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(Invocation) -> Fut,
    Fut: Future<Output = Result<R, StepError>>,
    R: Serialize,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let deadline = model::Timestamp::from_millisecond(deadline).unwrap_or(model::Timestamp::MAX);
        let result = handler(Invocation { payload: event.payload, deadline }).await;
        if let Err(error) = &result {
            tracing::error!(error_type = error.name(), %error, "the step failed");
        }
        result.and_then(|answer| {
            serde_json::to_value(&answer).map_err(|error| StepError::Corrupt(format!("the answer: {error}")))
        })
    }))
    .await
}

/// Writes logs as one JSON object a line, at the level that `RUST_LOG` names.
pub fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_target(false).with_current_span(false).init();
}

/// A setting from the environment of the function.
///
/// # Errors
/// [`StepError::Misconfigured`] where it is not set.
pub fn setting(name: &str) -> Result<String, StepError> {
    std::env::var(name).map_err(|_| StepError::Misconfigured(format!("the environment variable `{name}` is not set")))
}

/// A setting in whole seconds.
///
/// # Errors
/// [`StepError::Misconfigured`] where it is not set, or not a number.
pub fn seconds(name: &str) -> Result<std::time::Duration, StepError> {
    number(name).map(std::time::Duration::from_secs)
}

/// A setting that is a whole number.
///
/// # Errors
/// [`StepError::Misconfigured`] where it is not set, or not a number.
pub fn number<N: std::str::FromStr>(name: &str) -> Result<N, StepError> {
    let text = setting(name)?;
    text.parse()
        .map_err(|_| StepError::Misconfigured(format!("the environment variable `{name}` is not a number: `{text}`")))
}
