//! Functions, and what hangs on them.

use std::io::Write;

use engine::ports::Existing;
use local::{Effect, Rule};
use model::{ErrorClass, Properties, properties};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::iam::role;
use crate::support::{Change, Life, Stage, tag_list};

pub(crate) const BUCKET: &str = "strands-deployments-test";

/// An artifact whose function answers `answer`: what `Code` names it by, and its digest as Lambda shows it.
async fn artifact(stage: &Stage, answer: &str) -> (Value, String) {
    stored(stage, &format!("def handler(event, context):\n    return {answer:?}\n")).await
}

/// The same, of this `index.py`.
pub(crate) async fn stored(stage: &Stage, source: &str) -> (Value, String) {
    use base64::Engine as _;

    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(source.as_bytes()).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let digest = Sha256::digest(&bytes);
    let key = format!("artifacts/{}.zip", hex::encode(digest));
    let s3 = &stage.account.clients.s3;
    let _ = s3.create_bucket().bucket(BUCKET).send().await;
    s3.put_object().bucket(BUCKET).key(&key).body(bytes.into()).send().await.unwrap();
    (json!({ "S3Bucket": BUCKET, "S3Key": key }), base64::engine::general_purpose::STANDARD.encode(digest))
}

/// A function with a role of its own.
pub(crate) async fn function(stage: &Stage) -> (Properties, String) {
    let (_, observed) = stage.make("AWS::IAM::Role", "shared/Role@1", &role("shop-dev-role")).await;
    let (code, digest) = artifact(stage, "one").await;
    let asked = properties(json!({
        "FunctionName": "shop-dev-quote", "Role": observed.attributes["Arn"], "Runtime": "python3.12",
        "Handler": "index.handler", "Code": code, "Architectures": ["x86_64"], "Tags": tag_list(&[("team", "a"), ("old", "1")]),
    }));
    (asked, digest)
}

#[tokio::test]
async fn a_function_is_led_through_its_life_with_the_fewest_calls() {
    let stage = Stage::start().await;
    let (asked, _) = function(&stage).await;
    let asked = asked
        .with("Description", "of a test")
        .with("MemorySize", 256)
        .with("Timeout", 20)
        .with("Environment", json!({ "Variables": { "MODEL": "small" } }))
        .with("TracingConfig", json!({ "Mode": "Active" }))
        .with("LoggingConfig", json!({ "LogGroup": "/aws/lambda/shop-dev-quote-1" }))
        .with("EphemeralStorage", json!({ "Size": 1_024 }))
        .with("DeadLetterConfig", json!({ "TargetArn": "arn:aws:sqs:us-east-1:123456789012:shop-dev-dead" }))
        .with("ReservedConcurrentExecutions", 2);
    let (two, _) = artifact(&stage, "two").await;
    let (three, _) = artifact(&stage, "three").await;
    let recoded = asked.clone().with("Code", two);
    let configured = recoded.clone().with("MemorySize", 512).with("Environment", json!({ "Variables": { "A": "b" } }));
    let both = configured.clone().with("Code", three).with("Timeout", 30);
    let retagged = both.clone().with("Tags", tag_list(&[("team", "b")]));
    let limited = retagged.clone().with("ReservedConcurrentExecutions", 3);
    let mut plain = limited.clone();
    for name in ["ReservedConcurrentExecutions", "Environment", "DeadLetterConfig", "TracingConfig", "Description"] {
        plain.0.remove(name);
    }
    stage
        .lead(&Life {
            kind: "AWS::Lambda::Function",
            key: "quote/Function@1",
            asked,
            unseen: &["Code"],
            calls: &["CreateFunction", "PutFunctionConcurrency"],
            changes: vec![
                Change { to: recoded, calls: &["UpdateFunctionCode"] },
                Change { to: configured, calls: &["UpdateFunctionConfiguration"] },
                Change { to: both, calls: &["UpdateFunctionConfiguration", "UpdateFunctionCode"] },
                Change { to: retagged, calls: &["UntagResource", "TagResource"] },
                Change { to: limited, calls: &["PutFunctionConcurrency"] },
                Change { to: plain, calls: &["UpdateFunctionConfiguration", "DeleteFunctionConcurrency"] },
            ],
        })
        .await;
}

#[tokio::test]
async fn a_change_that_lambda_was_too_busy_for_goes_on_where_it_was_refused() {
    let stage = Stage::start().await;
    let (asked, _) = function(&stage).await;
    let (made, _) = stage.make("AWS::Lambda::Function", "quote/Function@1", &asked).await;
    let (provider, key) = (stage.provider("AWS::Lambda::Function"), "quote/Function@1".parse().unwrap());
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    let (two, _) = artifact(&stage, "two").await;
    let to = asked.clone().with("Code", two).with("Timeout", 30).with("Tags", tag_list(&[("team", "b")]));
    let busy = Effect::fail(409, "ResourceConflictException");
    stage.account.proxy.inject(Rule::on("lambda", "UpdateFunctionCode"), busy);

    let mark = stage.account.proxy.mark();
    assert_eq!(provider.update(&existing, &to).await.unwrap_err().class, ErrorClass::Busy);
    assert_eq!(stage.mutations(mark), ["UpdateFunctionConfiguration", "UpdateFunctionCode"]);
    let mark = stage.account.proxy.mark();
    provider.update(&existing, &to).await.unwrap();
    assert_eq!(stage.mutations(mark), ["UpdateFunctionCode", "UntagResource", "TagResource"]);
}

#[tokio::test]
async fn what_hangs_on_a_function_is_led_through_its_life() {
    let stage = Stage::start().await;
    let (asked, digest) = function(&stage).await;
    let (made, observed) = stage.make("AWS::Lambda::Function", "quote/Function@1", &asked).await;
    let (name, arn) = (made.physical_id.to_string(), observed.attributes["Arn"].clone());

    let version = properties(json!({ "FunctionName": name, "Description": "strandline 1", "CodeSha256": digest }));
    let life = |kind, key, asked, calls, changes| Life { kind, key, asked, unseen: &[], calls, changes };
    stage.lead(&life("AWS::Lambda::Version", "quote/Version@1", version, &["PublishVersion"], vec![])).await;

    let version = properties(json!({ "FunctionName": name, "Description": "strandline 2", "CodeSha256": digest }));
    let (_, observed) = stage.make("AWS::Lambda::Version", "quote/Version@2", &version).await;
    let alias = properties(json!({
        "FunctionName": name, "Name": "live", "FunctionVersion": observed.attributes["Version"],
    }));
    let latest = alias.clone().with("Description", "moved").with("FunctionVersion", "$LATEST");
    let moved = vec![Change { to: latest, calls: &["UpdateAlias"] }];
    stage.lead(&life("AWS::Lambda::Alias", "quote/Alias@1", alias.clone(), &["CreateAlias"], moved)).await;
    let (alias, _) = stage.make("AWS::Lambda::Alias", "quote/Alias@2", &alias).await;

    for (key, callee) in [("quote/P@1", name.as_str()), ("quote/Q@1", alias.physical_id.as_str())] {
        let open = properties(json!({
            "FunctionName": callee, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
            "SourceArn": "arn:aws:execute-api:us-east-1:123456789012:abc/*/*/quote", "SourceAccount": "123456789012",
        }));
        stage.lead(&life("AWS::Lambda::Permission", key, open, &["AddPermission"], vec![])).await;
    }
    let public = properties(json!({
        "FunctionName": name, "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE",
    }));
    stage.lead(&life("AWS::Lambda::Permission", "quote/UrlPermission@1", public, &["AddPermission"], vec![])).await;

    let url = properties(json!({ "TargetFunctionArn": arn, "AuthType": "AWS_IAM" }));
    let cors = json!({ "AllowOrigins": ["https://example.com"], "AllowMethods": ["GET"], "MaxAge": 60 });
    let opened = url.clone().with("AuthType", "NONE").with("Cors", cors);
    let update = vec![Change { to: opened, calls: &["UpdateFunctionUrlConfig"] }];
    stage.lead(&life("AWS::Lambda::Url", "quote/Url@1", url.clone(), &["CreateFunctionUrlConfig"], update)).await;
    let qualified = url.with("Qualifier", "live");
    stage.lead(&life("AWS::Lambda::Url", "quote/Url@2", qualified, &["CreateFunctionUrlConfig"], vec![])).await;
}
