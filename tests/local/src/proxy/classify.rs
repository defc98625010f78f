//! Which operation of which service a request is, whatever protocol it speaks.

use bytes::Bytes;
use hyper::{HeaderMap, Method, Uri};

use super::{fields::Fields, rest};

/// How a service wants its requests and, above all, its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A form in, XML out: IAM, STS, SNS, CloudFormation.
    Query,
    /// `X-Amz-Target` and JSON: DynamoDB, SQS, SSM, Step Functions, Logs.
    Json,
    /// Smithy RPC v2: CloudWatch.
    Cbor,
    /// Paths and JSON: Lambda, API Gateway.
    RestJson,
    /// Paths and XML: S3.
    RestXml,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) protocol: Protocol,
    pub(super) service: String,
    pub(super) operation: String,
    pub(super) resource: Option<String>,
    pub(super) access_key: Option<String>,
    pub(super) mutating: bool,
}

/// Tells what a request is.
pub(super) fn request(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Request {
    let scope = Scope::of(uri, headers);
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let path = uri.path();
    let query = uri.query().unwrap_or_default();
    let service = scope.as_ref().map_or_else(|| unsigned_service(path).to_owned(), |s| prefix(&s.service).to_owned());
    let access_key = scope.map(|s| s.access_key);

    let target = header("x-amz-target").rsplit('.').next().unwrap_or_default();
    let (protocol, operation, fields) = if !target.is_empty() {
        (Protocol::Json, target.to_owned(), Fields::of_json(body))
    } else if let Some(operation) = cbor_operation(path) {
        (Protocol::Cbor, operation.to_owned(), Fields::of_cbor(body))
    } else if let Some((operation, fields)) = form(header("content-type"), query, body) {
        (Protocol::Query, operation, fields)
    } else {
        let rest = rest::operation(&service, method.as_str(), path, query, headers.contains_key("x-amz-copy-source"));
        let protocol = if service == "s3" { Protocol::RestXml } else { Protocol::RestJson };
        let resource = rest.resource.or_else(|| Fields::of_json(body).resource(&service));
        let mutating = !reads(&rest.operation) && !is_plain(&service);
        return Request { protocol, service, operation: rest.operation, resource, access_key, mutating };
    };
    let (resource, mutating) = (fields.resource(&service), !reads(&operation));
    Request { protocol, service, operation, resource, access_key, mutating }
}

/// The credential scope of a signature.
struct Scope {
    access_key: String,
    service: String,
}

impl Scope {
    /// From the header, or from the query of a presigned URL.
    fn of(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        let authorization = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let text = match authorization.split_once("Credential=") {
            Some((_, rest)) => rest.split([',', ' ']).next()?.to_owned(),
            None => rest::query_value(uri.query().unwrap_or_default(), "X-Amz-Credential")?,
        };
        let mut parts = text.split('/');
        let access_key = parts.next()?.to_owned();
        let service = parts.nth(2)?.to_owned();
        Some(Self { access_key, service })
    }
}

/// What IAM policies call a service, by the name that signatures use.
fn prefix(signing_name: &str) -> &str {
    match signing_name {
        "monitoring" => "cloudwatch",
        "tagging" => "tag",
        other => other,
    }
}

/// The pretended service of requests that carry no signature.
fn unsigned_service(path: &str) -> &'static str {
    if path.starts_with("/_aws/execute-api/") {
        "execute-api"
    } else if path.starts_with("/_ministack/") {
        "emulator"
    } else {
        "unsigned"
    }
}

/// Calls that are no AWS operations at all.
fn is_plain(service: &str) -> bool {
    matches!(service, "execute-api" | "emulator")
}

/// `/service/GraniteServiceVersion20100801/operation/PutMetricAlarm`
fn cbor_operation(path: &str) -> Option<&str> {
    path.strip_prefix("/service/")?.split_once("/operation/").map(|(_, operation)| operation)
}

fn form(content_type: &str, query: &str, body: &Bytes) -> Option<(String, Fields)> {
    let text = if content_type.starts_with("application/x-www-form-urlencoded") {
        String::from_utf8_lossy(body).into_owned()
    } else {
        query.to_owned()
    };
    let operation = rest::query_value(&text, "Action")?;
    Some((operation, Fields::of_form(&text)))
}

/// Whether an operation of this name changes nothing. Verbs that are not known count as changing: a test that allows no
/// change then fails, instead of passing for a reason that nobody looked at.
fn reads(operation: &str) -> bool {
    const READING: &[&str] = &[
        "Get",
        "List",
        "Describe",
        "Head",
        "Query",
        "Scan",
        "Batch",
        "TransactGet",
        "Lookup",
        "Search",
        "Simulate",
        "Validate",
        "Filter",
        "Estimate",
        "Select",
        "Test",
        "Check",
        "Decode",
        "AssumeRole",
    ];
    let batch_write = operation.starts_with("Batch") && !operation.starts_with("BatchGet");
    !batch_write && READING.iter().any(|verb| operation.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request as an SDK would make it: method and path, service in the credential scope, extra headers, body.
    fn classified(line: &str, service: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request {
        let (method, path) = line.split_once(' ').unwrap();
        let mut map = HeaderMap::new();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261121/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        map.insert("authorization", authorization.parse().unwrap());
        for (name, value) in headers {
            map.insert(hyper::header::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        request(&method.parse().unwrap(), &path.parse().unwrap(), &map, &body.into())
    }

    fn summary(r: &Request) -> String {
        let kind = if r.mutating { "writes" } else { "reads" };
        format!("{}:{} {} {kind}", r.service, r.operation, r.resource.as_deref().unwrap_or("-"))
    }

    #[test]
    fn json_calls_are_told_by_their_target() {
        let cases = [
            (
                "dynamodb",
                "DynamoDB_20120810.PutItem",
                r#"{"TableName":"strands","Item":{}}"#,
                "dynamodb:PutItem strands writes",
            ),
            ("dynamodb", "DynamoDB_20120810.Query", r#"{"TableName":"strands"}"#, "dynamodb:Query strands reads"),
            (
                "dynamodb",
                "DynamoDB_20120810.TransactWriteItems",
                r#"{"TransactItems":[{"Put":{"TableName":"strands"}}]}"#,
                "dynamodb:TransactWriteItems strands writes",
            ),
            ("dynamodb", "DynamoDB_20120810.BatchWriteItem", "{}", "dynamodb:BatchWriteItem - writes"),
            ("dynamodb", "DynamoDB_20120810.BatchGetItem", "{}", "dynamodb:BatchGetItem - reads"),
            (
                "logs",
                "Logs_20140328.CreateLogGroup",
                r#"{"logGroupName":"/aws/lambda/a"}"#,
                "logs:CreateLogGroup /aws/lambda/a writes",
            ),
            ("sqs", "AmazonSQS.CreateQueue", r#"{"QueueName":"q"}"#, "sqs:CreateQueue q writes"),
            (
                "sqs",
                "AmazonSQS.GetQueueAttributes",
                r#"{"QueueUrl":"http://127.0.0.1:1/123456789012/q"}"#,
                "sqs:GetQueueAttributes q reads",
            ),
            ("ssm", "AmazonSSM.PutParameter", r#"{"Name":"/p/dev/x","Value":"v"}"#, "ssm:PutParameter /p/dev/x writes"),
            (
                "states",
                "AWSStepFunctions.StartExecution",
                r#"{"stateMachineArn":"arn:aws:states:us-east-1:1:stateMachine:deploy"}"#,
                "states:StartExecution stateMachine:deploy writes",
            ),
        ];
        for (service, target, body, expected) in cases {
            let request = classified("POST /", service, &[("x-amz-target", target)], body);
            assert_eq!(summary(&request), expected);
            assert_eq!((request.protocol, request.access_key.as_deref()), (Protocol::Json, Some("AKIAEXAMPLE")));
        }
    }

    #[test]
    fn form_calls_are_told_by_their_action() {
        let cases = [
            ("iam", "Action=CreateRole&RoleName=demo-dev-hello&Path=%2Fx%2F", "iam:CreateRole demo-dev-hello writes"),
            ("iam", "Action=PutRolePolicy&PolicyName=p&RoleName=r", "iam:PutRolePolicy r writes"),
            ("iam", "Action=GetRole&RoleName=r", "iam:GetRole r reads"),
            ("sns", "Action=CreateTopic&Name=alarms", "sns:CreateTopic alarms writes"),
            (
                "sns",
                "Action=Subscribe&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A1%3Aalarms",
                "sns:Subscribe alarms writes",
            ),
            (
                "sts",
                "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Ftarget",
                "sts:AssumeRole role/target reads",
            ),
            ("cloudformation", "Action=CreateStack&StackName=strands", "cloudformation:CreateStack strands writes"),
        ];
        for (service, body, expected) in cases {
            let request = classified("POST /", service, &[("content-type", "application/x-www-form-urlencoded")], body);
            assert_eq!(summary(&request), expected);
            assert_eq!(request.protocol, Protocol::Query);
        }
    }

    #[test]
    fn cbor_calls_are_told_by_their_path() {
        // {"AlarmName": "errors", "Threshold": 1.5}
        let body = b"\xa2\x69AlarmName\x66errors\x69Threshold\xfb\x3f\xf8\0\0\0\0\0\0".as_slice();
        let path = "POST /service/GraniteServiceVersion20100801/operation/PutMetricAlarm";
        let request = classified(path, "monitoring", &[("smithy-protocol", "rpc-v2-cbor")], body);
        assert_eq!(summary(&request), "cloudwatch:PutMetricAlarm errors writes");
        assert_eq!(request.protocol, Protocol::Cbor);
    }

    #[test]
    fn rest_calls_are_told_by_method_and_path() {
        let cases = [
            ("lambda", "POST /2015-03-31/functions", r#"{"FunctionName":"f"}"#, "lambda:CreateFunction f writes"),
            ("lambda", "GET /2015-03-31/functions/f", "", "lambda:GetFunction f reads"),
            ("lambda", "PUT /2015-03-31/functions/f/code", "", "lambda:UpdateFunctionCode f writes"),
            ("lambda", "GET /2015-03-31/functions/f/configuration", "", "lambda:GetFunctionConfiguration f reads"),
            ("lambda", "POST /2015-03-31/functions/f/policy", "{}", "lambda:AddPermission f writes"),
            ("lambda", "POST /2015-03-31/functions/f/aliases", "{}", "lambda:CreateAlias f writes"),
            ("lambda", "PUT /2015-03-31/functions/f/aliases/live", "{}", "lambda:UpdateAlias f:live writes"),
            (
                "lambda",
                "POST /2021-10-31/functions/f/url?Qualifier=live",
                "{}",
                "lambda:CreateFunctionUrlConfig f writes",
            ),
            ("lambda", "PUT /2017-10-31/functions/f/concurrency", "{}", "lambda:PutFunctionConcurrency f writes"),
            ("lambda", "GET /2019-09-30/functions/f/concurrency", "", "lambda:GetFunctionConcurrency f reads"),
            ("lambda", "POST /2015-03-31/functions/f/invocations", "{}", "lambda:Invoke f writes"),
            (
                "lambda",
                "GET /2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af",
                "",
                "lambda:ListTags function:f reads",
            ),
            ("apigateway", "POST /v2/apis", r#"{"name":"demo"}"#, "apigateway:CreateApi demo writes"),
            ("apigateway", "GET /v2/apis", "", "apigateway:GetApis - reads"),
            ("apigateway", "POST /v2/apis/a1/routes", r#"{"routeKey":"GET /x"}"#, "apigateway:CreateRoute a1 writes"),
            ("apigateway", "PATCH /v2/apis/a1/integrations/i1", "{}", "apigateway:UpdateIntegration a1/i1 writes"),
            ("apigateway", "DELETE /v2/apis/a1/stages/%24default", "", "apigateway:DeleteStage a1/$default writes"),
            ("apigateway", "GET /v2/apis/a1/integrations", "", "apigateway:GetIntegrations a1 reads"),
            ("s3", "PUT /bucket", "", "s3:CreateBucket bucket writes"),
            ("s3", "PUT /bucket/a/b.json", "x", "s3:PutObject bucket/a/b.json writes"),
            ("s3", "GET /bucket/a/b.json?versionId=1", "", "s3:GetObject bucket/a/b.json reads"),
            ("s3", "GET /bucket?list-type=2&prefix=a", "", "s3:ListObjectsV2 bucket reads"),
            ("s3", "HEAD /bucket/a", "", "s3:HeadObject bucket/a reads"),
            ("s3", "HEAD /bucket", "", "s3:HeadBucket bucket reads"),
            ("s3", "PUT /bucket?versioning", "", "s3:PutBucketVersioning bucket writes"),
            ("s3", "GET /bucket?versioning", "", "s3:GetBucketVersioning bucket reads"),
            ("s3", "PUT /bucket/?publicAccessBlock", "", "s3:PutPublicAccessBlock bucket writes"),
            ("s3", "GET /bucket?versions", "", "s3:ListObjectVersions bucket reads"),
            ("s3", "POST /bucket?delete", "", "s3:DeleteObjects bucket writes"),
            ("s3", "DELETE /bucket/a", "", "s3:DeleteObject bucket/a writes"),
            ("s3", "DELETE /bucket", "", "s3:DeleteBucket bucket writes"),
            ("s3", "GET /", "", "s3:ListBuckets - reads"),
        ];
        for (service, line, body, expected) in cases {
            assert_eq!(summary(&classified(line, service, &[], body)), expected, "{line}");
        }
    }

    #[test]
    fn a_presigned_call_has_a_caller_too() {
        let uri = "/b/k?X-Amz-Credential=AKIAEXAMPLE%2F20261121%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0";
        let request = request(&Method::GET, &uri.parse().unwrap(), &HeaderMap::new(), &Bytes::new());
        assert_eq!((request.service.as_str(), request.access_key.as_deref()), ("s3", Some("AKIAEXAMPLE")));
    }

    #[test]
    fn an_unsigned_call_of_an_api_is_no_change() {
        let uri = "/_aws/execute-api/abc/$default/hello".parse().unwrap();
        let request = request(&Method::POST, &uri, &HeaderMap::new(), &Bytes::new());
        assert_eq!((request.service.as_str(), request.access_key, request.mutating), ("execute-api", None, false));
    }
}
