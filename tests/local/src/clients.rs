//! Clients of the embedded account for its administrator, and a plain HTTP client for what is called without a signature.
//!
//! The connectors are made without TLS, so that no mistake in an endpoint could reach AWS itself.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use crate::{
    LocalError, Loopback,
    emulator::{ADMINISTRATOR, ADMINISTRATOR_SECRET, REGION},
};

/// The configuration of a client that acts as the account's administrator through `endpoint`.
pub fn administrator(endpoint: Loopback) -> SdkConfig {
    signed_by(endpoint, Credentials::from_keys(ADMINISTRATOR, ADMINISTRATOR_SECRET, None))
}

/// The configuration of a client that acts with these credentials through `endpoint`.
pub fn signed_by(endpoint: Loopback, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(endpoint.url())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::standard())
        .build()
}

/// The administrator's clients; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Configuration, for a client that is not among these.
    pub config: SdkConfig,
    /// S3, with paths instead of host names.
    pub s3: aws_sdk_s3::Client,
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Step Functions.
    pub sfn: aws_sdk_sfn::Client,
    /// CloudFormation.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
}

impl Clients {
    /// Clients of the administrator through `endpoint`.
    pub fn new(endpoint: Loopback) -> Self {
        let config = administrator(endpoint);
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sfn: aws_sdk_sfn::Client::new(&config),
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            config,
        }
    }
}

/// What a plain HTTP call came back with.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// All of the body.
    pub body: Bytes,
    /// From the first byte sent to the last byte received.
    pub took: Duration,
}

impl Answer {
    /// The body as text, with replacement characters where it is none.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A GET of `path` without a signature.
///
/// # Errors
/// The server cannot be reached, or hangs up.
pub async fn get(server: Loopback, path: &str) -> Result<Answer, LocalError> {
    send(server, "GET", path, Bytes::new()).await
}

/// Any request without a signature; a body is sent as JSON.
///
/// # Errors
/// The server cannot be reached, or hangs up.
pub async fn send(server: Loopback, method: &str, path: &str, body: Bytes) -> Result<Answer, LocalError> {
    let unreadable = |message: String| LocalError::Unreadable { what: "the answer to a plain HTTP call", message };
    let started = std::time::Instant::now();
    let mut request = Request::builder().method(method).uri(format!("{}{path}", server.url()));
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    let request = request.body(Full::new(body)).map_err(|e| unreadable(e.to_string()))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|e| unreadable(e.to_string()))?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(|e| unreadable(e.to_string()))?.to_bytes();
    Ok(Answer { status, body, took: started.elapsed() })
}
