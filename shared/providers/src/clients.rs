//! The clients of one target account, signed with its target role.
//!
//! Owns how AWS is reached: the role, the credentials' refreshment, timeouts, and that no SDK retries behind the engine's back
//! (a retry could outlive the lease that the first attempt was checked against). Must never use the function's own
//! credentials for anything but assuming the role.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};
use engine::fence::Fence;
use model::{CallError, ErrorClass};

use crate::error::call_error;
use crate::interceptor::Watch;
use crate::lookup::Zones;
use crate::rights::Rights;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);
/// How long before their end temporary credentials are replaced. STS gives them for an hour, and a call is far shorter.
const REFRESH_MARGIN: Duration = Duration::from_secs(300);
/// The longest session name that STS takes.
const SESSION_LENGTH: usize = 64;

/// Where, and as whom, resources are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The role that the environment's record names.
    pub role_arn: String,
    /// The external id that the role asks for, across accounts.
    pub external_id: Option<String>,
    /// The region of the resources.
    pub region: String,
    /// The account, twelve digits.
    pub account: String,
    /// The session's name, as CloudTrail shows it: the deployment's id, cut to what STS takes.
    pub session: String,
}

/// The clients of one target account and region; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// SSM.
    pub ssm: aws_sdk_ssm::Client,
    /// EventBridge.
    pub eventbridge: aws_sdk_eventbridge::Client,
    /// Secrets Manager.
    pub secretsmanager: aws_sdk_secretsmanager::Client,
    /// API Gateway v2.
    pub apigateway: aws_sdk_apigatewayv2::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The search by tags.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
    /// EC2, as far as availability zones.
    pub zones: Zones,
    /// The region of the resources.
    pub region: String,
    /// The account, twelve digits.
    pub account: String,
    /// Whether AWS itself is spoken to without TLS: only where it is emulated.
    pub is_plain: bool,
}

impl Clients {
    /// Clients that sign with what `config` gives, in its region; every mutating request asks `fence` first.
    ///
    /// [`connect`] is the way to these in a function; this is for whoever has the target's credentials already.
    pub fn new(config: &SdkConfig, account: &str, fence: Arc<Fence>) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let config = plain(config, fence.call()).into_builder().identity_cache(IdentityCache::lazy().build()).build();
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf(
                    $sdk::config::Builder::from(&config).interceptor(Watch::new(fence.clone())).build(),
                )
            };
        }
        Self {
            iam: client!(aws_sdk_iam),
            lambda: client!(aws_sdk_lambda),
            logs: client!(aws_sdk_cloudwatchlogs),
            s3: client!(aws_sdk_s3),
            dynamodb: client!(aws_sdk_dynamodb),
            sqs: client!(aws_sdk_sqs),
            sns: client!(aws_sdk_sns),
            ssm: client!(aws_sdk_ssm),
            eventbridge: client!(aws_sdk_eventbridge),
            secretsmanager: client!(aws_sdk_secretsmanager),
            apigateway: client!(aws_sdk_apigatewayv2),
            cloudwatch: client!(aws_sdk_cloudwatch),
            tagging: client!(aws_sdk_resourcegroupstagging),
            zones: Zones::new(&config, fence.call()),
            region,
            account: account.to_owned(),
            is_plain: config.endpoint_url().is_some_and(|url| url.starts_with("http://")),
        }
    }
}

impl Clients {
    /// The ARN of a resource of this account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let partition = partition(&self.region);
        format!("arn:{partition}:{service}:{}:{}:{resource}", self.region, self.account)
    }
}

/// The partition of AWS that a region is in.
pub(crate) fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Assumes the target's role and makes clients that act as it, with no other rights than these.
///
/// # Guarantees
/// Whatever is done with the clients, AWS refuses what is not among the rights, also where the role may do it.
/// The endpoint, service-specific endpoints and HTTP client of `base` are kept (an HTTP client is made where it has none);
/// its credentials are used for STS only.
///
/// # Errors
/// `Denied` where the role cannot be assumed; otherwise the failure of `AssumeRole`.
pub async fn connect(
    base: &SdkConfig,
    target: &Target,
    rights: Rights,
    fence: Arc<Fence>,
) -> Result<Clients, CallError> {
    let sts = plain(base, fence.call());
    let sts = aws_sdk_sts::config::Builder::from(&sts).interceptor(Watch::new(fence.clone())).build();
    let role = AssumedRole {
        sts: aws_sdk_sts::Client::from_conf(sts),
        target: target.clone(),
        rights,
        kept: Arc::new(Mutex::new(None)),
    };
    role.credentials().await?;
    let config = base
        .clone()
        .into_builder()
        .region(Region::new(target.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(role))
        .build();
    Ok(Clients::new(&config, &target.account, fence))
}

/// `config` with one attempt a call, bounded in time, and an HTTP client.
fn plain(config: &SdkConfig, call: Duration) -> SdkConfig {
    let http = config.http_client().unwrap_or_else(http_client);
    config
        .clone()
        .into_builder()
        .behavior_version(BehaviorVersion::latest())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(call).build())
        .http_client(http)
        .build()
}

/// The one TLS of everything here.
fn tls() -> tls::Provider {
    tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)
}

fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(tls()).build_https()
}

/// What sends requests that no client makes.
pub(crate) fn connector() -> Connector {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
    Connector::builder().connector_settings(settings).tls_provider(tls()).build()
}

/// The target role's temporary credentials, kept until shortly before their end.
#[derive(Debug, Clone)]
struct AssumedRole {
    sts: aws_sdk_sts::Client,
    target: Target,
    rights: Rights,
    kept: Arc<Mutex<Option<Credentials>>>,
}

impl AssumedRole {
    async fn credentials(&self) -> Result<Credentials, CallError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(credentials) = kept.filter(outlives_margin) {
            return Ok(credentials);
        }
        let fresh = self.assume().await?;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }

    async fn assume(&self) -> Result<Credentials, CallError> {
        let answer = self
            .sts
            .assume_role()
            .role_arn(&self.target.role_arn)
            .role_session_name(session_name(&self.target.session))
            .set_external_id(self.target.external_id.clone())
            .set_policy(self.rights.policy())
            .send()
            .await
            .map_err(|error| explained(&self.target, call_error("sts", "AssumeRole", error)))?;
        let given = answer
            .credentials
            .ok_or_else(|| CallError::local(ErrorClass::Unknown, "AssumeRole", "STS answered without credentials"))?;
        Ok(Credentials::builder()
            .access_key_id(given.access_key_id)
            .secret_access_key(given.secret_access_key)
            .session_token(given.session_token)
            .expiry(SystemTime::try_from(given.expiration).unwrap_or(SystemTime::UNIX_EPOCH))
            .provider_name("target role")
            .build())
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.credentials().await.map_err(CredentialsError::provider_error) })
    }
}

fn outlives_margin(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now() + REFRESH_MARGIN)
}

/// A refusal says which role, and what to do about it.
fn explained(target: &Target, mut error: CallError) -> CallError {
    if error.class == ErrorClass::Denied {
        error.message = format!(
            "the role `{}` cannot be assumed: {}; check that bootstrap/target-role.yaml is installed in account {} for this \
             installation of the engine{}",
            target.role_arn,
            error.message,
            target.account,
            if target.external_id.is_some() { ", with this external id" } else { "" },
        );
    }
    error
}

/// `wanted` as STS takes it: at most 64 of the characters that it allows.
fn session_name(wanted: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "+=,.@-_".contains(c) { c } else { '-' };
    let name: String = wanted.chars().map(allowed).take(SESSION_LENGTH).collect();
    if name.len() < 2 { "strandline".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_as_sts_allows() {
        assert_eq!(session_name("d-123/é"), "d-123--");
        assert_eq!(session_name(""), "strandline");
        assert_eq!(session_name(&"x".repeat(90)).len(), SESSION_LENGTH);
    }

    #[test]
    fn a_refused_role_is_named_with_what_to_do() {
        let target = Target {
            role_arn: "arn:aws:iam::111122223333:role/strandline-target-shop-dev".into(),
            external_id: None,
            region: "eu-west-1".into(),
            account: "111122223333".into(),
            session: "d1".into(),
        };
        let refused = CallError::local(ErrorClass::Denied, "AssumeRole", "not authorized");
        let message = explained(&target, refused).message;
        assert!(message.contains("strandline-target-shop-dev"), "{message}");
        assert!(message.contains("bootstrap/target-role.yaml"), "{message}");
    }
}
