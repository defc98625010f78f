//! The embedded account is one that holds callers to their rights, and leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests may panic, as tests may")]

use std::{process::Command, time::Duration};

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use local::{Account, Caller, Options, clients};

const TRUST: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
const ONE_TABLE: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:DescribeTable","Resource":"*"}]}"#;

/// Makes what the boto3 reader is to find, and a role that may do one thing, with an access key of a session of it.
const PREPARE: &str = r#"
import boto3, json, sys
c = lambda s: boto3.client(s, endpoint_url=sys.argv[1], region_name="us-east-1")
c("iam").create_role(RoleName="demo-dev-reader", AssumeRolePolicyDocument=sys.argv[2], Tags=[{"Key": "a", "Value": "b"}])
c("iam").put_role_policy(RoleName="demo-dev-reader", PolicyName="p", PolicyDocument=sys.argv[3])
c("sqs").create_queue(QueueName="demo-dev-q", tags={"a": "b"})
c("sqs").create_queue(QueueName="other")
topic = c("sns").create_topic(Name="demo-dev-t", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
c("logs").create_log_group(logGroupName="/aws/lambda/demo-dev-f", tags={"a": "b"})
c("ssm").put_parameter(Name="/demo/dev/p", Value="v", Type="String", Tags=[{"Key": "a", "Value": "b"}])
c("s3").create_bucket(Bucket="demo-dev-b")
c("dynamodb").create_table(TableName="demo-dev-d", BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "a", "Value": "b"}],
    AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}], KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}])
c("cloudwatch").put_metric_alarm(AlarmName="demo-dev-a", MetricName="Errors", Namespace="AWS/Lambda", Period=60, Statistic="Sum",
    EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", Tags=[{"Key": "a", "Value": "b"}])
api = c("apigatewayv2").create_api(Name="demo-dev-api", ProtocolType="HTTP", Tags={"a": "b"})["ApiId"]
integration = c("apigatewayv2").create_integration(ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="GET",
    IntegrationUri="https://example.com", PayloadFormatVersion="1.0")["IntegrationId"]
c("apigatewayv2").create_route(ApiId=api, RouteKey="GET /x", Target="integrations/" + integration)
session = c("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/demo-dev-reader", RoleSessionName="s1")["Credentials"]
print(json.dumps([session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]]))
"#;

async fn prepare(account: &Account) -> aws_credential_types::Credentials {
    let output = tokio::process::Command::new(Options::default().venv.join("bin/python"))
        .args(["-c", PREPARE, &account.proxy.address().url(), TRUST, ONE_TABLE])
        .env("AWS_ACCESS_KEY_ID", local::emulator::ADMINISTRATOR)
        .env("AWS_SECRET_ACCESS_KEY", local::emulator::ADMINISTRATOR_SECRET)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [key, secret, token]: [String; 3] = serde_json::from_slice(&output.stdout).unwrap();
    aws_credential_types::Credentials::from_keys(key, secret, Some(token))
}

#[tokio::test]
async fn an_account_records_callers_refuses_what_they_may_not_do_and_can_be_looked_at() {
    let account = Account::empty(&Options::default()).await.unwrap();
    let credentials = prepare(&account).await;
    let mark = account.proxy.mark();

    // A session may do what its role may do, and that is on the record with the role's name.
    let client = |credentials| aws_sdk_dynamodb::Client::new(&clients::signed_by(account.proxy.address(), credentials));
    let reader = client(credentials.clone());
    reader.describe_table().table_name("demo-dev-d").send().await.unwrap();
    let refusal = reader.delete_table().table_name("demo-dev-d").send().await.unwrap_err();
    assert_eq!(refusal.code(), Some("AccessDeniedException"));
    // A signature with another secret is worth nothing.
    let forged = aws_credential_types::Credentials::from_keys(
        credentials.access_key_id(),
        "another secret",
        credentials.session_token().map(str::to_owned),
    );
    client(forged).describe_table().table_name("demo-dev-d").send().await.unwrap_err();

    let calls = account.proxy.since(mark);
    let role = Caller::Role { role: "demo-dev-reader".into(), session: "s1".into() };
    assert!(calls.iter().all(|c| c.caller == role), "{calls:?}");
    let shown: Vec<(&str, bool)> = calls.iter().map(|c| (c.operation.as_str(), c.was_denied())).collect();
    assert_eq!(shown, [("DescribeTable", false), ("DeleteTable", true), ("DescribeTable", true)]);

    let found = account.look("demo-dev").await.unwrap();
    let kinds = ["roles", "log_groups", "buckets", "tables", "queues", "topics", "parameters", "apis", "alarms"];
    for kind in kinds {
        assert_eq!(found.names(kind).len(), 1, "{kind} in {:#}", found.0);
    }
    assert_eq!(found.get("queues", "demo-dev-q").unwrap()["Tags"]["a"], "b");
    assert_eq!(
        found.get("apis", "demo-dev-api").unwrap()[0]["Routes"]["GET /x"][0]["Integration"],
        "https://example.com"
    );
    assert_eq!(account.look("demo-dev").await.unwrap(), found, "two looks at the same account");
}

/// A function that says who it is to AWS and then hangs, as a custom runtime that needs no compiler.
const HANGING: &str = r#"#!PYTHON
import os, time, urllib.request, boto3
urllib.request.urlopen("http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/next")
boto3.client("sts").get_caller_identity()
time.sleep(600)
"#;

const HANG: &str = r#"
import boto3, io, json, sys, zipfile
c = lambda s: boto3.client(s, endpoint_url=sys.argv[1], region_name="us-east-1")
file = io.BytesIO()
with zipfile.ZipFile(file, "w") as z:
    info = zipfile.ZipInfo("bootstrap")
    info.external_attr = 0o755 << 16
    z.writestr(info, sys.argv[2])
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = c("iam").create_role(RoleName="hanging", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
c("lambda").create_function(FunctionName="demo-hanging-wave", Runtime="provided.al2023", Handler="bootstrap", Role=role,
    Timeout=300, Code={"ZipFile": file.getvalue()})
c("lambda").invoke(FunctionName="demo-hanging-wave", InvocationType="Event", Payload=b"{}")
"#;

#[tokio::test]
async fn a_function_is_on_the_record_by_its_name_and_can_be_killed_by_its_process() {
    let account = Account::empty(&Options::default()).await.unwrap();
    let python = Options::default().venv.join("bin/python");
    let output = tokio::process::Command::new(&python)
        .args([
            "-c",
            HANG,
            &account.administration.address().url(),
            &HANGING.replace("PYTHON", python.to_str().unwrap()),
        ])
        .env("AWS_ACCESS_KEY_ID", local::emulator::ADMINISTRATOR)
        .env("AWS_SECRET_ACCESS_KEY", local::emulator::ADMINISTRATOR_SECRET)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // The call of the function came through the proxy, although nobody told the function of it.
    let asked = |c: &local::Call| c.is("sts", "GetCallerIdentity");
    let call = account.proxy.wait_for(Default::default(), Duration::from_secs(30), asked).await.unwrap();
    assert_eq!(call.caller, Caller::Function("demo-hanging-wave".into()));

    let processes = account.emulator.function_processes("hanging-wave");
    assert_eq!(processes.len(), 1);
    account.emulator.kill(processes[0]).unwrap();
    // The emulator may retry the event in a new process, as AWS does; the killed one is gone for good.
    eventually(|| !account.emulator.function_processes("hanging-wave").contains(&processes[0])).await;
    account.emulator.kill(std::process::id()).unwrap_err();
}

#[tokio::test]
async fn an_emulator_ends_with_its_owner() {
    let account = Account::empty(&Options::default()).await.unwrap();
    let (address, dir) = (account.emulator.address(), account.dir().to_owned());
    assert!(dir.join("emulator.log").exists());
    drop(account);
    assert!(clients::get(address, "/_ministack/health").await.is_err());
    assert!(!dir.exists());
    assert!(!mentioned_by_a_process(&dir.display().to_string()));
}

/// Runs as a process of its own that dies without any chance to clean up.
#[tokio::test]
async fn an_emulator_ends_also_when_its_owner_is_killed() {
    const CHILD: &str = "STRANDLINE_TEST_OWNER_DIR";
    if let Some(dir) = std::env::var_os(CHILD) {
        let account = Account::empty(&Options { dir: Some(dir.into()), ..Options::default() }).await.unwrap();
        std::fs::write(account.dir().join("up"), account.emulator.address().to_string()).unwrap();
        tokio::time::sleep(Duration::from_secs(120)).await;
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "an_emulator_ends_also_when_its_owner_is_killed"])
        .env(CHILD, dir.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let up = dir.path().join("up");
    eventually(|| up.exists()).await;
    owner.kill().unwrap();
    owner.wait().unwrap();
    let emulator = dir.path().display().to_string();
    eventually(|| !mentioned_by_a_process(&emulator)).await;
}

async fn eventually(is: impl Fn() -> bool) {
    let started = std::time::Instant::now();
    while !is() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came to be");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a live process has this text in its environment; its own ancestors aside, which do not.
fn mentioned_by_a_process(text: &str) -> bool {
    let Ok(entries) = std::fs::read_dir("/proc") else { return false };
    let own = std::process::id().to_string();
    entries
        .flatten()
        .filter(|e| e.file_name().to_str() != Some(own.as_str()))
        .filter_map(|e| std::fs::read(e.path().join("environ")).ok())
        .any(|environ| String::from_utf8_lossy(&environ).contains(text))
}
