//! The availability zones of a region, by one request to EC2.
//!
//! Signed and read here instead of by EC2's own SDK, which is larger than all others together and would be linked for this
//! request alone.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_xml::decode::{Document, try_data};
use model::{CallError, ErrorClass};

use crate::clients::{connector, partition};
use crate::error::class_of;

const OPERATION: &str = "DescribeAvailabilityZones";
/// No local zones and no Wavelength zones, which an account must ask for and few resources can be in, and nothing that is
/// impaired (Amazon EC2 API reference, "DescribeAvailabilityZones").
const BODY: &str = "Action=DescribeAvailabilityZones&Version=2016-11-15\
    &Filter.1.Name=zone-type&Filter.1.Value.1=availability-zone\
    &Filter.2.Name=state&Filter.2.Value.1=available";

/// What asks EC2.
#[derive(Debug, Clone)]
pub struct Zones {
    credentials: Option<SharedCredentialsProvider>,
    /// Where AWS is, where that is not where it is for everybody.
    endpoint: Option<String>,
    call: Duration,
}

impl Zones {
    /// One that signs with what `config` gives. A request takes no longer than `call`.
    pub(crate) fn new(config: &SdkConfig, call: Duration) -> Self {
        let endpoint = config.endpoint_url().map(|url| url.trim_end_matches('/').to_owned());
        Self { credentials: config.credentials_provider(), endpoint, call }
    }

    /// The names of the zones of `region` that the account may use, in the order of the alphabet.
    ///
    /// # Errors
    /// The failure of the call: `Denied` where the region is not enabled for the account.
    pub async fn of(&self, region: &str) -> Result<Vec<String>, CallError> {
        let began = std::time::Instant::now();
        let answered = match tokio::time::timeout(self.call, self.ask(region)).await {
            Ok(answered) => answered,
            Err(_) => Err(failure(ErrorClass::Transient, format!("no answer within {} seconds", self.call.as_secs()))),
        };
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let ok = answered.is_ok();
        tracing::info!(target: "aws", service = "ec2", operation = OPERATION, mutating = false, ok, duration_ms, "aws call");
        answered
    }

    async fn ask(&self, region: &str) -> Result<Vec<String>, CallError> {
        let request = self.request(region).await?;
        let response = connector().call(request).await;
        let response = response.map_err(|error| failure(ErrorClass::Transient, error.to_string()))?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body.map_err(|error| failure(ErrorClass::Transient, error.to_string()))?.into_bytes();
        let text = String::from_utf8_lossy(&body);
        if status == 200 { read(&text) } else { Err(refused(status, &text)) }
    }

    async fn request(&self, region: &str) -> Result<HttpRequest, CallError> {
        let is_name = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name {
            return Err(failure(ErrorClass::Invalid, format!("`{region}` is no region")));
        }
        let suffix = if partition(region) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let url = match &self.endpoint {
            Some(endpoint) => format!("{endpoint}/"),
            None => format!("https://ec2.{region}.{suffix}/"),
        };
        let mut request = HttpRequest::new(SdkBody::from(BODY));
        let built = request.set_method("POST").and_then(|()| request.set_uri(url));
        built.map_err(|error| failure(ErrorClass::Invalid, error.to_string()))?;
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        self.sign(&mut request, region).await?;
        Ok(request)
    }

    async fn sign(&self, request: &mut HttpRequest, region: &str) -> Result<(), CallError> {
        let unsigned = |why: String| failure(ErrorClass::Denied, format!("the request cannot be signed: {why}"));
        let provider = self.credentials.as_ref().ok_or_else(|| unsigned("there are no credentials".to_owned()))?;
        let credentials = provider.provide_credentials().await.map_err(|error| unsigned(error.to_string()))?;
        let identity = credentials.into();
        let params = v4::SigningParams::builder().identity(&identity).region(region).name("ec2");
        let params = params.time(SystemTime::now()).settings(SigningSettings::default()).build();
        let params = params.map_err(|error| unsigned(error.to_string()))?.into();
        let headers: Vec<(String, String)> =
            request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(BODY.as_bytes());
        let signable = SignableRequest::new(request.method(), request.uri(), headers, body);
        let signed = signable.and_then(|signable| sign(signable, &params));
        let (instructions, _) = signed.map_err(|error| unsigned(error.to_string()))?.into_parts();
        for (name, value) in instructions.headers() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(())
    }
}

fn failure(class: ErrorClass, message: impl Into<String>) -> CallError {
    CallError {
        class,
        service: "ec2".to_owned(),
        operation: OPERATION.to_owned(),
        code: None,
        status: None,
        request_id: None,
        message: message.into(),
    }
}

/// The zones that an answer lists.
fn read(text: &str) -> Result<Vec<String>, CallError> {
    let mut names = texts(text, "zoneName").map_err(|why| failure(ErrorClass::Transient, why))?;
    names.sort();
    Ok(names)
}

fn refused(status: u16, text: &str) -> CallError {
    let first = |tag| texts(text, tag).ok().and_then(|found| found.into_iter().next());
    let (code, message) = (first("Code"), first("Message").unwrap_or_default());
    let class = class_of("ec2", OPERATION, code.as_deref(), Some(status), &message);
    let request_id = first("RequestID").or_else(|| first("RequestId"));
    CallError { code, status: Some(status), request_id, ..failure(class, message) }
}

/// The texts of all elements of this name, wherever they stand.
fn texts(text: &str, tag: &str) -> Result<Vec<String>, String> {
    let mut document = Document::new(text);
    let mut found = Vec::new();
    document.root_element().map_err(|error| error.to_string())?;
    let mut document = Document::new(text);
    while let Some(element) = document.next_start_element() {
        if element.matches(tag) {
            let data = try_data(&mut document).map_err(|error| error.to_string())?;
            found.push(data.into_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use aws_credential_types::Credentials;

    use super::*;

    /// As the API reference shows it, with two zones.
    const ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
   <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>
   <availabilityZoneInfo>
      <item>
         <zoneName>eu-central-1b</zoneName>
         <zoneState>available</zoneState>
         <messageSet/>
         <zoneId>euc1-az3</zoneId>
      </item>
      <item>
         <zoneName>eu-central-1a</zoneName>
         <zoneState>available</zoneState>
      </item>
   </availabilityZoneInfo>
</DescribeAvailabilityZonesResponse>"#;

    fn asking(endpoint: Option<&str>) -> Zones {
        let credentials = Credentials::new("AKIDEXAMPLE", "key", Some("token".to_owned()), None, "test");
        Zones {
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            endpoint: endpoint.map(str::to_owned),
            call: Duration::from_secs(1),
        }
    }

    #[test]
    fn zones_are_told_in_the_order_of_the_alphabet() {
        assert_eq!(read(ANSWER).unwrap(), ["eu-central-1a", "eu-central-1b"]);
    }

    #[test]
    fn what_is_no_answer_of_ec2_is_no_empty_list() {
        for text in ["", "busy", "<"] {
            assert_eq!(read(text).unwrap_err().class, ErrorClass::Transient, "{text}");
        }
    }

    #[test]
    fn a_refusal_is_told_by_its_code() {
        let text = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized</Message>\
             </Error></Errors><RequestID>r-1</RequestID></Response>";
        let error = refused(403, text);
        assert_eq!(error.class, ErrorClass::Denied);
        assert_eq!(error.code.as_deref(), Some("UnauthorizedOperation"));
        assert_eq!((error.message.as_str(), error.request_id.as_deref()), ("You are not authorized", Some("r-1")));
        assert_eq!(refused(503, "<html>").class, ErrorClass::Transient);
        let slow = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
        assert_eq!(refused(503, slow).class, ErrorClass::Throttled);
    }

    #[tokio::test]
    async fn a_request_goes_to_the_region_and_is_signed_for_it() {
        let request = asking(None).request("eu-west-1").await.unwrap();
        assert_eq!(request.uri(), "https://ec2.eu-west-1.amazonaws.com/");
        let signature = request.headers().get("authorization").unwrap();
        assert!(signature.contains("/eu-west-1/ec2/aws4_request"), "{signature}");
        assert_eq!(request.headers().get("x-amz-security-token"), Some("token"));
        let uri = |request: Result<HttpRequest, CallError>| request.unwrap().uri().to_owned();
        assert_eq!(uri(asking(None).request("cn-north-1").await), "https://ec2.cn-north-1.amazonaws.com.cn/");
        let emulated = asking(Some("http://127.0.0.1:4566")).request("eu-west-1").await;
        assert_eq!(uri(emulated), "http://127.0.0.1:4566/");
    }

    #[tokio::test]
    async fn nothing_is_sent_to_what_is_no_region() {
        for name in ["", "evil.example/", "eu-west-1.evil", "a@b"] {
            let error = asking(None).request(name).await.unwrap_err();
            assert_eq!(error.class, ErrorClass::Invalid, "{name}");
        }
    }
}
