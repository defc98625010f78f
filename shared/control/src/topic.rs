//! The topic by which people are told. Owns how a message is published, and which refusals are for good.

use std::time::Duration;

use aws_sdk_sns::config::timeout::TimeoutConfig;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// The longest that one message may take, with its retries: telling people is never worth keeping a deployment waiting for.
const LONGEST: Duration = Duration::from_secs(6);

/// A topic of Amazon SNS.
#[derive(Debug, Clone)]
pub struct Topic {
    client: aws_sdk_sns::Client,
    arn: String,
}

/// What is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication<'a> {
    /// The subject of mails: printable ASCII, at most 100 characters.
    pub subject: &'a str,
    /// A JSON object with a text for each kind of subscriber, and one for all others (`default`).
    pub forms: &'a str,
    /// What subscriptions filter by: names and texts, none of them empty.
    pub attributes: &'a [(&'a str, &'a str)],
}

/// Why a message was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// It may go another time: the service was slow, busy or not there.
    #[error("sns Publish: {0}")]
    Transient(String),
    /// It would be refused again: the topic or its key is gone, or is not for this function.
    #[error("sns Publish: {0}")]
    Permanent(String),
}

impl Topic {
    /// The topic with this ARN.
    pub fn new(config: &aws_config::SdkConfig, arn: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(3))
            .operation_timeout(LONGEST)
            .build();
        let config = aws_sdk_sns::config::Builder::from(config).timeout_config(timeouts).build();
        Self { client: aws_sdk_sns::Client::from_conf(config), arn: arn.into() }
    }

    /// Publishes a message.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn publish(&self, publication: Publication<'_>) -> Result<(), PublishError> {
        let Publication { subject, forms, attributes } = publication;
        let mut call =
            self.client.publish().topic_arn(&self.arn).subject(subject).message(forms).message_structure("json");
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(*value).build();
            let value = value.map_err(|error| PublishError::Permanent(error.to_string()))?;
            call = call.message_attributes(*name, value);
        }
        call.send().await.map(|_| ()).map_err(|error| failed(&error))
    }
}

fn failed<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> PublishError {
    let code = error.code().unwrap_or("no answer");
    let message = format!("{code}: {}", error.message().unwrap_or("the service gave no message"));
    let status = error.raw_response().map(|response| response.status().as_u16());
    match class(status, code) {
        Class::Transient => PublishError::Transient(message),
        Class::Permanent => PublishError::Permanent(message),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Transient,
    Permanent,
}

/// A refusal counts as one for good, unless it says that it passes (Amazon SNS API reference, "Publish" and "Common errors").
fn class(status: Option<u16>, code: &str) -> Class {
    const PASSES: [&str; 7] = [
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "KMSThrottling",
        "ExpiredToken",
        "RequestExpired",
    ];
    match status {
        Some(400..=499) if status != Some(429) && !PASSES.contains(&code) => Class::Permanent,
        _ => Class::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_what_is_refused_is_not() {
        for (status, code, expected) in [
            (Some(403), "AuthorizationError", Class::Permanent),
            (Some(404), "NotFound", Class::Permanent),
            (Some(400), "InvalidParameter", Class::Permanent),
            (Some(400), "KMSDisabled", Class::Permanent),
            (Some(400), "Throttling", Class::Transient),
            (Some(400), "KMSThrottling", Class::Transient),
            (Some(429), "Throttled", Class::Transient),
            (Some(500), "InternalError", Class::Transient),
            (Some(503), "ServiceUnavailable", Class::Transient),
            (None, "no answer", Class::Transient),
        ] {
            assert_eq!(class(status, code), expected, "{code}");
        }
    }
}
