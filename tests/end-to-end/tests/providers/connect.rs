//! The way into a target account.

use std::sync::Arc;
use std::time::Duration;

use engine::fence::Fence;
use local::clients;
use model::{CallError, ErrorClass};
use providers::{Rights, Target, call_error, connect};
use serde_json::json;

use crate::iam::trusting;
use crate::support::Stage;

fn target(stage: &Stage, role: &str) -> Target {
    Target {
        role_arn: format!("arn:aws:iam::{}:role/{role}", stage.account.id()),
        external_id: None,
        region: local::emulator::REGION.to_owned(),
        account: stage.account.id().to_owned(),
        session: "20261101-deployment/1".to_owned(),
    }
}

#[tokio::test]
async fn clients_act_as_the_target_role_and_a_role_that_cannot_be_assumed_is_named() {
    let stage = Stage::start().await;
    stage.make("AWS::IAM::Role", "shared/Role@1", &trusting("shop-dev-target", "*")).await;
    let base = clients::administrator(stage.account.proxy.address());
    let fence = Arc::new(Fence::new(Duration::from_secs(10)));

    let acting = connect(&base, &target(&stage, "strandline/shop/dev/shop-dev-target"), Rights::Make, fence.clone())
        .await
        .unwrap();
    let mark = stage.account.proxy.mark();
    // The role may do nothing: that it is refused, and to whom, shows who asked.
    let _ = acting.logs.describe_log_groups().send().await;
    let _ = acting.logs.describe_log_groups().send().await;
    let calls = stage.account.proxy.since(mark);
    assert_eq!(calls.len(), 2, "one AssumeRole, before: {calls:?}");
    assert!(calls.iter().all(|call| call.caller.to_string().contains("shop-dev-target")), "{calls:?}");

    let refused =
        connect(&base, &target(&stage, "strandline-target-nobody-dev"), Rights::Make, fence).await.unwrap_err();
    assert_eq!(refused.class, ErrorClass::Denied, "{refused}");
    assert!(refused.message.contains("strandline-target-nobody-dev"), "{refused}");
    assert!(refused.message.contains("bootstrap/target-role.yaml"), "{refused}");
}

/// What a session that is opened for `rights` is refused, of a role that may do everything.
async fn refused(stage: &Stage, rights: Rights) -> Vec<&'static str> {
    let base = clients::administrator(stage.account.proxy.address());
    let fence = Arc::new(Fence::new(Duration::from_secs(10)));
    fence.open_until(jiff::Timestamp::MAX);
    let acting = connect(&base, &target(stage, "strandline/shop/dev/shop-dev-target"), rights, fence).await.unwrap();
    macro_rules! class {
        ($call:expr) => {
            $call.send().await.err().map(|error| call_error("", "", error))
        };
    }
    let calls: [(&str, Option<CallError>); 7] = [
        ("zones", acting.zones.of(&acting.region).await.err()),
        ("ssm:GetParameters", class!(acting.ssm.get_parameters().names("/shop/dev/a"))),
        ("ssm:GetParameter", class!(acting.ssm.get_parameter().name("/shop/dev/a").with_decryption(true))),
        ("secretsmanager:GetSecretValue", class!(acting.secretsmanager.get_secret_value().secret_id("shop/dev/a"))),
        ("lambda:InvokeFunction", class!(acting.lambda.invoke().function_name("shop-dev-a"))),
        ("sqs:CreateQueue", class!(acting.sqs.create_queue().queue_name("shop-dev-a"))),
        ("s3:ListBuckets", class!(acting.s3.list_buckets())),
    ];
    let is_denied = |error: &Option<CallError>| error.as_ref().is_some_and(|error| error.class == ErrorClass::Denied);
    calls.into_iter().filter(|(_, error)| is_denied(error)).map(|(name, _)| name).collect()
}

#[tokio::test]
async fn who_looks_can_only_look_whatever_the_role_may() {
    let stage = Stage::start().await;
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let policy = json!({ "PolicyName": "all", "PolicyDocument": { "Version": "2012-10-17", "Statement": [all] } });
    let role = trusting("shop-dev-target", "*").with("Policies", json!([policy]));
    stage.make("AWS::IAM::Role", "shared/Role@1", &role).await;

    assert_eq!(refused(&stage, Rights::Make).await, Vec::<&str>::new());
    let reading = ["ssm:GetParameter", "secretsmanager:GetSecretValue"];
    let making = ["sqs:CreateQueue", "s3:ListBuckets"];
    assert_eq!(refused(&stage, Rights::LookUp).await, [&reading[..], &["lambda:InvokeFunction"], &making].concat());
    assert_eq!(refused(&stage, Rights::Watch).await, [&["zones", "ssm:GetParameters"][..], &reading, &making].concat());
}
