//! Looking at whether what was deployed is well: alarms and functions with the target role, addresses as anybody.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_sdk_lambda::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::timeout::TimeoutConfig;
use engine::fence::Fence;
use engine::ports::{AlarmSeen, Answer, Health};
use model::{CallError, ErrorClass, Timestamp};
use serde_json::Value;

use crate::clients::{Clients, Target, connect, connector};
use crate::error::call_error;
use crate::rights::Rights;

/// The longest that is kept of what a function or CloudWatch says.
const LONGEST: usize = 300;

/// Health as AWS shows it.
pub struct NativeHealth {
    clients: Clients,
    /// Made for the first address that is looked at: most never look at one.
    http: OnceLock<Connector>,
}

impl NativeHealth {
    /// Looks with these clients.
    pub fn new(clients: Clients) -> Self {
        Self { clients, http: OnceLock::new() }
    }

    /// Looks at what was deployed to `target`, with the rights to do that and no others. A call takes no longer than `call`,
    /// but for invocations, which are given theirs.
    ///
    /// # Errors
    /// The target role cannot be assumed.
    pub async fn connect(base: &SdkConfig, target: &Target, call: Duration) -> Result<Self, CallError> {
        // The fence is never opened: nothing is changed.
        connect(base, target, Rights::Watch, Arc::new(Fence::new(call))).await.map(Self::new)
    }

    fn http(&self) -> &Connector {
        self.http.get_or_init(connector)
    }

    fn request(&self, url: &str) -> Result<HttpRequest, CallError> {
        let is_safe = url.starts_with("https://") || (self.clients.is_plain && url.starts_with("http://"));
        if !is_safe {
            return Err(CallError::local(ErrorClass::Invalid, "GET", format!("`{url}` is no address over TLS")));
        }
        let request = HttpRequest::get(url);
        let mut request =
            request.map_err(|error| CallError::local(ErrorClass::Invalid, "GET", format!("`{url}`: {error}")))?;
        request.headers_mut().insert("user-agent", "strandline");
        Ok(request)
    }
}

#[async_trait]
impl Health for NativeHealth {
    async fn alarm(&self, name: &str) -> Result<AlarmSeen, CallError> {
        let call = self.clients.cloudwatch.describe_alarms().alarm_names(name).alarm_types(AlarmType::MetricAlarm);
        let answer = call.send().await.map_err(|error| call_error("cloudwatch", "DescribeAlarms", error))?;
        let alarm = answer.metric_alarms.unwrap_or_default().into_iter().find(|one| one.alarm_name() == Some(name));
        Ok(match alarm {
            None => AlarmSeen::Missing,
            Some(alarm) if alarm.state_value == Some(StateValue::Alarm) => AlarmSeen::Off {
                since: alarm
                    .state_transitioned_timestamp
                    .and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok()),
                reason: cut(alarm.state_reason.as_deref().unwrap_or_default()),
            },
            Some(_) => AlarmSeen::Quiet,
        })
    }

    async fn invoke(&self, function: &str, payload: &Value, patience: Duration) -> Result<Answer, CallError> {
        // Its own time, which the function needs; and nothing flows while it thinks.
        let own = Builder::new()
            .timeout_config(TimeoutConfig::builder().operation_timeout(patience).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let call = self.clients.lambda.invoke().function_name(function).payload(Blob::new(payload.to_string()));
        let answer = call.customize().config_override(own).send().await;
        let answer = answer.map_err(|error| call_error("lambda", "Invoke", error))?;
        Ok(match answer.function_error {
            None => Answer::Returned,
            Some(kind) => told(&kind, answer.payload.as_ref().map(Blob::as_ref)),
        })
    }

    async fn get(&self, url: &str, patience: Duration) -> Result<u16, CallError> {
        let unanswered = |message: String| CallError::local(ErrorClass::Transient, "GET", message);
        let call = self.http().call(self.request(url)?);
        match tokio::time::timeout(patience, call).await {
            Ok(Ok(response)) => Ok(response.status().as_u16()),
            Ok(Err(error)) => Err(unanswered(format!("`{url}` was not answered: {error}"))),
            Err(_) => Err(unanswered(format!("`{url}` was not answered within {} seconds", patience.as_secs()))),
        }
    }
}

/// The error of a function, as far as it says what it is.
fn told(kind: &str, payload: Option<&[u8]>) -> Answer {
    let payload: Option<Value> = payload.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let part = |name| payload.as_ref()?.get(name)?.as_str().filter(|text| !text.is_empty());
    Answer::Failed { kind: cut(part("errorType").unwrap_or(kind)), message: part("errorMessage").map(cut) }
}

/// One line of no more than [`LONGEST`] characters.
fn cut(text: &str) -> String {
    let line = text.replace(char::is_control, " ");
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looking(endpoint: Option<&str>) -> NativeHealth {
        let mut config = SdkConfig::builder();
        config.set_endpoint_url(endpoint.map(str::to_owned));
        let fence = Arc::new(Fence::new(Duration::from_secs(1)));
        NativeHealth::new(Clients::new(&config.build(), "111122223333", fence))
    }

    #[tokio::test]
    async fn only_addresses_over_tls_are_asked() {
        for url in ["http://example.com/", "http://127.0.0.1:9001/2018-06-01/runtime", "file:///etc/passwd", "health"] {
            let error = looking(None).get(url, Duration::from_secs(1)).await.unwrap_err();
            assert_eq!(error.class, ErrorClass::Invalid, "{url}: {error}");
        }
        assert!(looking(None).request("https://abc.execute-api.eu-central-1.amazonaws.com/health").is_ok());
    }

    #[test]
    fn an_emulated_account_is_asked_as_it_is_spoken_to() {
        assert!(looking(Some("http://127.0.0.1:4566")).request("http://127.0.0.1:4566/health").is_ok());
        assert!(looking(Some("https://vpce.example.com")).request("http://127.0.0.1:4566/health").is_err());
    }

    #[tokio::test]
    async fn what_does_not_answer_is_an_error_that_says_so() {
        let bound = tokio::net::TcpSocket::new_v4().unwrap();
        bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/health", bound.local_addr().unwrap());
        // The port is held, so that nobody else answers there, and nobody listens yet.
        let refused = looking(Some("http://127.0.0.1")).get(&url, Duration::from_secs(5)).await.unwrap_err();
        assert!(refused.message.contains("was not answered: "), "{refused}");
        assert_eq!(refused.class, ErrorClass::Transient);
        let _listening = bound.listen(1).unwrap();
        let silent = looking(Some("http://127.0.0.1")).get(&url, Duration::from_millis(50)).await.unwrap_err();
        assert!(silent.message.contains("was not answered within"), "{silent}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/health", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let answer = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(request.get(..read).unwrap()).into_owned()
        });
        let status = looking(Some("http://127.0.0.1")).get(&url, Duration::from_secs(5)).await;
        assert_eq!(status, Ok(302));
        let request = server.await.unwrap().to_lowercase();
        assert!(request.starts_with("get /health http/1.1\r\n"), "{request}");
        assert!(!request.contains("authorization"), "unsigned: {request}");
    }

    #[test]
    fn a_functions_error_is_told_in_one_short_line() {
        let payload = br#"{"errorType": "ValueError", "errorMessage": "no\nsuch order", "stackTrace": ["..."]}"#;
        let failed = |kind: &str, message: Option<&str>| Answer::Failed {
            kind: kind.to_owned(),
            message: message.map(str::to_owned),
        };
        assert_eq!(told("Unhandled", Some(payload)), failed("ValueError", Some("no such order")));
        assert_eq!(told("Unhandled", Some(b"not JSON")), failed("Unhandled", None));
        assert_eq!(told("Unhandled", None), failed("Unhandled", None));
        let long = format!(r#"{{"errorMessage": "{}"}}"#, "é".repeat(400));
        let cut = format!("{}…", "é".repeat(LONGEST));
        assert_eq!(told("Unhandled", Some(long.as_bytes())), failed("Unhandled", Some(&cut)));
    }
}
