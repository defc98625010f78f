//! Policies that are resources of their own, in what holds them.

use engine::ports::{Creation, Existing, Found};
use model::{Properties, ResourceKey, properties};
use serde_json::{Value, json};

use crate::iam::role;
use crate::support::{Change, Life, Stage, tag_list};

fn allows(action: &str, resource: &Value) -> Value {
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": action,
        "Resource": resource });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// Two of what holds a policy, with what each is known by and its ARN.
async fn two(stage: &Stage, kind: &str, names: [Properties; 2]) -> [(String, Value); 2] {
    let mut made = Vec::new();
    for (at, asked) in names.iter().enumerate() {
        let (one, observed) = stage.make(kind, &format!("shared/Holder{at}@1"), asked).await;
        let arn = observed.attributes.get("Arn").or_else(|| observed.attributes.get("TopicArn")).unwrap().clone();
        made.push((one.physical_id.to_string(), arn));
    }
    made.try_into().unwrap()
}

#[tokio::test]
async fn a_queue_policy_is_led_through_its_life() {
    let stage = Stage::start().await;
    let queue = |name: &str| properties(json!({ "QueueName": name, "Tags": tag_list(&[]) }));
    let [(one, arn), (other, _)] =
        two(&stage, "AWS::SQS::Queue", [queue("shop-dev-one"), queue("shop-dev-other")]).await;
    let policy =
        |queues: &[&str], action: &str| properties(json!({ "Queues": queues, "PolicyDocument": allows(action, &arn) }));
    let life = Life {
        kind: "AWS::SQS::QueuePolicy",
        key: "shared/OrdersPolicy@1",
        asked: policy(&[&one], "sqs:SendMessage"),
        unseen: &[],
        calls: &["SetQueueAttributes"],
        changes: vec![
            Change { to: policy(&[&one], "sqs:ReceiveMessage"), calls: &["SetQueueAttributes"] },
            Change { to: policy(&[&one, &other], "sqs:ReceiveMessage"), calls: &["SetQueueAttributes"] },
            Change { to: policy(&[&other], "sqs:ReceiveMessage"), calls: &["SetQueueAttributes"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_topic_policy_is_led_through_its_life() {
    let stage = Stage::start().await;
    let topic = |name: &str| properties(json!({ "TopicName": name, "Tags": tag_list(&[]) }));
    let [(one, arn), _] = two(&stage, "AWS::SNS::Topic", [topic("shop-dev-one"), topic("shop-dev-other")]).await;
    let policy = |action: &str| properties(json!({ "Topics": [&one], "PolicyDocument": allows(action, &arn) }));
    let life = Life {
        kind: "AWS::SNS::TopicPolicy",
        key: "shared/AlertsPolicy@1",
        asked: policy("sns:Publish"),
        unseen: &[],
        calls: &["SetTopicAttributes"],
        changes: vec![Change { to: policy("sns:Subscribe"), calls: &["SetTopicAttributes"] }],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn an_inline_policy_is_led_through_its_life() {
    let stage = Stage::start().await;
    let [(one, _), (other, _)] = two(&stage, "AWS::IAM::Role", [role("shop-dev-one"), role("shop-dev-other")]).await;
    let policy = |roles: &[&str], action: &str| {
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": "*" });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        properties(json!({ "PolicyName": "DefaultPolicy", "Roles": roles, "PolicyDocument": document }))
    };
    let life = Life {
        kind: "AWS::IAM::Policy",
        key: "shared/DefaultPolicy@1",
        asked: policy(&[&one, &other], "sqs:SendMessage"),
        unseen: &[],
        calls: &["PutRolePolicy", "PutRolePolicy"],
        changes: vec![
            Change { to: policy(&[&one, &other], "sns:Publish"), calls: &["PutRolePolicy", "PutRolePolicy"] },
            Change { to: policy(&[&other], "sns:Publish"), calls: &["DeleteRolePolicy"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_policy_that_somebody_else_put_is_foreign_and_stays() {
    let stage = Stage::start().await;
    let queue = properties(json!({ "QueueName": "shop-dev-one", "Tags": tag_list(&[]) }));
    let (made, observed) = stage.make("AWS::SQS::Queue", "shared/Holder@1", &queue).await;
    let mut theirs = allows("sqs:ReceiveMessage", &observed.attributes["Arn"]);
    theirs["Id"] = json!("theirs");
    let theirs = properties(json!({ "Queues": [made.physical_id.as_str()], "PolicyDocument": theirs }));
    let other: ResourceKey = "shared/Other@1".parse().unwrap();
    let creation = Creation { key: &other, properties: &theirs, token: "t", stamp: &stage.stamp };
    stage.provider("AWS::SQS::QueuePolicy").create(&creation).await.unwrap();

    let key: ResourceKey = "shared/OrdersPolicy@1".parse().unwrap();
    let document = allows("sqs:SendMessage", &observed.attributes["Arn"]);
    let asked = properties(json!({ "Queues": [made.physical_id.as_str()], "PolicyDocument": document }));
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
    let found = stage.provider("AWS::SQS::QueuePolicy").find(&creation).await.unwrap();
    assert!(matches!(found, Found::Foreign(_)), "{found:?}");
}

#[tokio::test]
async fn a_policy_whose_successor_stands_in_its_place_goes_without_taking_it_away() {
    let stage = Stage::start().await;
    let queue = properties(json!({ "QueueName": "shop-dev-one", "Tags": tag_list(&[]) }));
    let (holder, observed) = stage.make("AWS::SQS::Queue", "shared/Holder@1", &queue).await;
    let document = allows("sqs:SendMessage", &observed.attributes["Arn"]);
    let asked = properties(json!({ "Queues": [holder.physical_id.as_str()], "PolicyDocument": document }));
    let provider = stage.provider("AWS::SQS::QueuePolicy");
    let (old, new): (ResourceKey, ResourceKey) =
        ("shared/OldPolicy@1".parse().unwrap(), "shared/NewPolicy@1".parse().unwrap());
    let mut made = Vec::new();
    for key in [&old, &new] {
        let creation = Creation { key, properties: &asked, token: "t", stamp: &stage.stamp };
        made.push(provider.create(&creation).await.unwrap().physical_id);
    }
    assert_ne!(made[0], made[1]);
    provider.delete(&Existing::settled(&old, &made[0], &asked)).await.unwrap();
    let existing = Existing::settled(&new, &made[1], &asked);
    assert!(provider.read(&existing).await.unwrap().is_some(), "the new one's policy is gone");
}
