//! Answers: refusals in each service's own format, and what can be learnt from the emulator's.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Response, StatusCode, header::CONTENT_TYPE, http::response};

use super::{
    Caller,
    classify::{Protocol, Request},
    fields::Fields,
};

const ERROR_TYPE: &str = "x-amzn-errortype";
const REQUEST_ID: &str = "00000000-0000-0000-0000-00000000fa17";

/// What the service says when it is called too often.
pub(super) fn throttling(request: &Request) -> Response<Full<Bytes>> {
    let (status, code) = match (request.protocol, request.service.as_str()) {
        (Protocol::RestXml, _) => (503, "SlowDown"),
        (Protocol::RestJson, _) => (429, "TooManyRequestsException"),
        (_, "sqs") => (400, "RequestThrottled"),
        (Protocol::Query, _) => (400, "Throttling"),
        (Protocol::Json | Protocol::Cbor, _) => (400, "ThrottlingException"),
    };
    refusal(request, status, code)
}

/// A refusal with this status and code.
pub(super) fn refusal(request: &Request, status: u16, code: &str) -> Response<Full<Bytes>> {
    let message = format!("{code}: refused by a rule of the proxy");
    let json = |fields: serde_json::Value| Bytes::from(fields.to_string());
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    let (content_type, body) = match request.protocol {
        Protocol::Query => (
            "text/xml",
            Bytes::from(format!(
                "<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
            )),
        ),
        Protocol::RestXml => (
            "application/xml",
            Bytes::from(format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
                 <RequestId>{REQUEST_ID}</RequestId></Error>"
            )),
        ),
        Protocol::Json => ("application/x-amz-json-1.0", json(serde_json::json!({"__type": code, "message": message}))),
        Protocol::RestJson => ("application/json", json(serde_json::json!({"message": message, "Type": "User"}))),
        Protocol::Cbor => ("application/cbor", cbor(&[("__type", code), ("message", &message)])),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE.as_str(), content_type);
    set(ERROR_TYPE, code);
    set("x-amzn-requestid", REQUEST_ID);
    if request.protocol == Protocol::Cbor {
        set("smithy-protocol", "rpc-v2-cbor");
    }
    response
}

fn cbor(fields: &[(&str, &str)]) -> Bytes {
    let mut encoder = minicbor::Encoder::new(Vec::new());
    // Writing to memory cannot fail.
    let _ = encoder.map(fields.len() as u64);
    for (name, value) in fields {
        let _ = encoder.str(name).and_then(|e| e.str(value));
    }
    encoder.into_writer().into()
}

/// The error code of an answer that is a refusal.
pub(super) fn error_code(head: &response::Parts, body: &Bytes) -> Option<String> {
    if head.status.as_u16() < 400 {
        return None;
    }
    header_code(&head.headers).or_else(|| body_code(body)).or_else(|| Some(head.status.as_u16().to_string()))
}

/// The error code that an answer has in its header.
pub(super) fn header_code(headers: &HeaderMap) -> Option<String> {
    headers.get(ERROR_TYPE).and_then(|v| v.to_str().ok()).and_then(bare)
}

fn body_code(body: &Bytes) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        return ["__type", "code", "Code"].iter().find_map(|name| bare(json.get(name)?.as_str()?));
    }
    let text = String::from_utf8_lossy(body);
    element(&text, "Code").or_else(|| bare(&Fields::of_cbor(body).text("__type")?))
}

/// Without namespace and without what some services add after a colon.
fn bare(code: &str) -> Option<String> {
    let code = code.rsplit('#').next()?.split(':').next()?.trim();
    (!code.is_empty()).then(|| code.to_owned())
}

/// The access key that an answer of STS hands out, and to whom.
pub(super) fn session(body: &Bytes) -> Option<(String, Caller)> {
    let text = String::from_utf8_lossy(body);
    let key = element(&text, "AccessKeyId")?;
    let arn = element(&text, "Arn")?;
    let (role, session) = arn.split_once(":assumed-role/")?.1.split_once('/')?;
    Some((key, Caller::Role { role: role.to_owned(), session: session.to_owned() }))
}

/// The text of the first XML element of this name.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(value, _)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(body: &[u8]) -> Option<String> {
        let (head, ()) = Response::builder().status(400).body(()).unwrap().into_parts();
        error_code(&head, &Bytes::copy_from_slice(body))
    }

    #[test]
    fn the_code_of_a_refusal_is_found_in_every_format() {
        for (body, expected) in [
            (
                br#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}"#.as_slice(),
                "ConditionalCheckFailedException",
            ),
            (
                b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>",
                "AccessDenied",
            ),
            (b"\xa2\x66__type\x6cAccessDenied\x67message\x61x", "AccessDenied"),
            (b"", "400"),
        ] {
            assert_eq!(code_of(body).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_refusal_of_ours_is_read_back_by_the_same_rules() {
        for protocol in [Protocol::Query, Protocol::Json, Protocol::Cbor, Protocol::RestJson, Protocol::RestXml] {
            let request = Request {
                protocol,
                service: "x".into(),
                operation: "Y".into(),
                resource: None,
                access_key: None,
                mutating: true,
            };
            let (head, _) = refusal(&request, 400, "Teapot").into_parts();
            assert_eq!(error_code(&head, &Bytes::new()).as_deref(), Some("Teapot"), "{protocol:?}");
        }
    }

    #[test]
    fn an_assumed_role_is_remembered_by_its_key() {
        let body = "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/target/s1</Arn></AssumedRoleUser>\
                    <Credentials><AccessKeyId>ASIA1</AccessKeyId></Credentials>";
        let role = Caller::Role { role: "target".into(), session: "s1".into() };
        assert_eq!(session(&Bytes::from(body)), Some(("ASIA1".into(), role)));
    }
}
