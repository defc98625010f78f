//! Roles.

use model::{Properties, properties};
use serde_json::{Value, json};

use crate::support::{Change, Life, Stage, tag_list};

const BOUNDARY: &str = "arn:aws:iam::aws:policy/PowerUserAccess";
const LOGS: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const XRAY: &str = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

fn allows(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] })
}

fn trusts(service: &str) -> Value {
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// A role that Lambda may assume.
pub(crate) fn role(name: &str) -> Properties {
    properties(json!({
        "RoleName": name,
        "Path": "/strandline/shop/dev/",
        "AssumeRolePolicyDocument": trusts("lambda.amazonaws.com"),
        "Tags": tag_list(&[]),
    }))
}

/// A role that an AWS principal may assume.
pub(crate) fn trusting(name: &str, principal: &str) -> Properties {
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" });
    let trust = json!({ "Version": "2012-10-17", "Statement": [statement] });
    role(name).with("AssumeRolePolicyDocument", trust)
}

#[tokio::test]
async fn a_role_is_led_through_its_life() {
    let stage = Stage::start().await;
    let asked = role("shop-dev-role")
        .with("Description", "of a test")
        .with("MaxSessionDuration", 7_200)
        .with("PermissionsBoundary", BOUNDARY)
        .with("ManagedPolicyArns", json!([LOGS]))
        .with("Policies", json!([{ "PolicyName": "needs", "PolicyDocument": allows("sqs:SendMessage") }]))
        .with("Tags", tag_list(&[("team", "a"), ("old", "1")]));
    let trusted = asked.clone().with("AssumeRolePolicyDocument", trusts("states.amazonaws.com"));
    let described = trusted.clone().with("Description", "anew").with("MaxSessionDuration", 3_600);
    let policies = json!([{ "PolicyName": "others", "PolicyDocument": allows("sns:Publish") }]);
    let repoliced = described.clone().with("Policies", policies);
    let reattached = repoliced.clone().with("ManagedPolicyArns", json!([XRAY]));
    let retagged = reattached.clone().with("Tags", tag_list(&[("team", "b")]));
    stage
        .lead(&Life {
            kind: "AWS::IAM::Role",
            key: "shared/Role@1",
            asked,
            unseen: &[],
            calls: &["CreateRole", "PutRolePolicy", "AttachRolePolicy"],
            changes: vec![
                Change { to: trusted, calls: &["UpdateAssumeRolePolicy"] },
                Change { to: described, calls: &["UpdateRole"] },
                Change { to: repoliced, calls: &["DeleteRolePolicy", "PutRolePolicy"] },
                Change { to: reattached, calls: &["DetachRolePolicy", "AttachRolePolicy"] },
                Change { to: retagged, calls: &["UntagRole", "TagRole"] },
            ],
        })
        .await;
}

#[tokio::test]
async fn a_role_that_a_crash_left_without_its_policies_is_converged() {
    use engine::ports::{Creation, Existing};

    let stage = Stage::start().await;
    let provider = stage.provider("AWS::IAM::Role");
    let key = "shared/Role@1".parse().unwrap();
    let asked = role("shop-dev-role")
        .with("ManagedPolicyArns", json!([LOGS]))
        .with("Policies", json!([{ "PolicyName": "needs", "PolicyDocument": allows("sqs:SendMessage") }]));
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
    let made = provider.create(&creation).await.unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    let mark = stage.account.proxy.mark();
    provider.converge(&existing, &creation, false).await.unwrap();
    assert_eq!(stage.mutations(mark), ["PutRolePolicy", "AttachRolePolicy"]);
}

#[tokio::test]
async fn a_closed_fence_lets_reads_pass_and_no_change() {
    use engine::ports::{Creation, Found};
    use model::ErrorClass;

    let stage = Stage::start().await;
    stage.fence.close();
    let provider = stage.provider("AWS::IAM::Role");
    let (key, asked) = ("shared/Role@1".parse().unwrap(), role("shop-dev-role"));
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
    let mark = stage.account.proxy.mark();
    let refused = provider.create(&creation).await.unwrap_err();
    assert_eq!((refused.class, refused.code.as_deref()), (ErrorClass::Throttled, Some("LeaseTooShort")));
    assert!(stage.account.proxy.since(mark).is_empty(), "nothing was sent");
    assert_eq!(provider.find(&creation).await.unwrap(), Found::Absent);
}
