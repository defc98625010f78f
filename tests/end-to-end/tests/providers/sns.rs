//! Topics and subscriptions.

use engine::ports::{Creation, Deletion, Existing, Found};
use model::properties;
use serde_json::json;

use crate::support::{Change, Life, Stage, stamp, tag_list};

fn topic(display: Option<&str>, tags: &[(&str, &str)]) -> model::Properties {
    let topic = properties(json!({ "TopicName": "shop-dev-alerts", "Tags": tag_list(tags) }));
    match display {
        Some(display) => topic.with("DisplayName", display),
        None => topic,
    }
}

#[tokio::test]
async fn a_topic_is_led_through_its_life() {
    let stage = Stage::start().await;
    let life = Life {
        kind: "AWS::SNS::Topic",
        key: "shared/Alerts@1",
        asked: topic(Some("Alerts"), &[("team", "a")]),
        unseen: &[],
        calls: &["CreateTopic"],
        changes: vec![
            Change { to: topic(Some("Warnings"), &[("team", "a")]), calls: &["SetTopicAttributes"] },
            Change { to: topic(Some("Warnings"), &[("team", "b")]), calls: &["TagResource"] },
            Change { to: topic(None, &[]), calls: &["SetTopicAttributes", "UntagResource"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_subscription_of_a_queue_is_led_through_its_life() {
    let stage = Stage::start().await;
    let (made, _) = stage.make("AWS::SNS::Topic", "shared/Alerts@1", &topic(None, &[])).await;
    let queue = properties(json!({ "QueueName": "shop-dev-orders", "Tags": tag_list(&[]) }));
    let (_, queue) = stage.make("AWS::SQS::Queue", "shared/Orders@1", &queue).await;
    let subscription = |raw: bool, kind: &str| {
        properties(json!({
            "Endpoint": queue.attributes["Arn"],
            "FilterPolicy": { "kind": [kind] },
            "Protocol": "sqs",
            "RawMessageDelivery": raw,
            "TopicArn": made.physical_id.as_str(),
        }))
    };
    let life = Life {
        kind: "AWS::SNS::Subscription",
        key: "shared/OrdersSubscription@1",
        asked: subscription(true, "order"),
        unseen: &[],
        calls: &["Subscribe"],
        changes: vec![
            Change { to: subscription(true, "refund"), calls: &["SetSubscriptionAttributes"] },
            Change { to: subscription(false, "refund"), calls: &["SetSubscriptionAttributes"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_subscription_in_a_topic_of_another_engine_is_foreign() {
    let stage = Stage::start().await;
    let (topic, _) = stage.make("AWS::SNS::Topic", "shared/Alerts@1", &topic(None, &[])).await;
    let queue = properties(json!({ "QueueName": "shop-dev-orders", "Tags": tag_list(&[]) }));
    let (_, queue) = stage.make("AWS::SQS::Queue", "shared/Orders@1", &queue).await;
    let asked = properties(json!({
        "Endpoint": queue.attributes["Arn"], "Protocol": "sqs", "TopicArn": topic.physical_id.as_str() }));
    let (made, _) = stage.make("AWS::SNS::Subscription", "shared/Subscription@1", &asked).await;
    let (key, theirs) = ("shared/Subscription@1".parse().unwrap(), stamp("another-engine"));
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &theirs };
    let found = stage.provider("AWS::SNS::Subscription").find(&creation).await.unwrap();
    assert_eq!(found, Found::Foreign(made.physical_id));
}

#[tokio::test]
async fn a_letter_that_nobody_confirmed_leaves_one_subscription_and_no_trouble() {
    let stage = Stage::start().await;
    let (topic, _) = stage.make("AWS::SNS::Topic", "shared/Alerts@1", &topic(None, &[])).await;
    let asked = properties(json!({
        "Endpoint": "someone@example.com", "Protocol": "email", "TopicArn": topic.physical_id.as_str() }));
    let (made, observed) = stage.make("AWS::SNS::Subscription", "shared/Letter@1", &asked).await;
    assert!(made.physical_id.as_str().starts_with("arn:"), "{made:?}");
    assert_eq!(observed.properties.text("Endpoint"), Some("someone@example.com"));

    // As after a crash: it is looked for, not found while it is unconfirmed, and subscribed again.
    let (provider, key) = (stage.provider("AWS::SNS::Subscription"), "shared/Letter@1".parse().unwrap());
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
    if provider.find(&creation).await.unwrap() == Found::Absent {
        assert_eq!(provider.create(&creation).await.unwrap(), made);
    }
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    assert_eq!(provider.delete(&existing).await.unwrap(), Deletion::Gone);
}
