//! What feeds a function.

use engine::ports::{Creation, Existing};
use model::{ResourceKey, properties};
use serde_json::{Value, json};

use crate::lambda::function;
use crate::support::{Change, Life, Stage, settled, tag_list};

#[tokio::test]
async fn a_mapping_from_a_queue_is_led_through_its_life() {
    let stage = Stage::start().await;
    let (asked, _) = function(&stage).await;
    let (_, observed) = stage.make("AWS::Lambda::Function", "quote/Function@1", &asked).await;
    let arn = observed.attributes["Arn"].clone();
    let queue = properties(json!({ "QueueName": "shop-dev-work", "Tags": tag_list(&[]) }));
    let (_, queue) = stage.make("AWS::SQS::Queue", "shared/Work@1", &queue).await;
    let mapping = |more: Value, tags: &[(&str, &str)]| {
        let mut asked = properties(json!({
            "FunctionName": arn, "EventSourceArn": queue.attributes["Arn"], "Enabled": true, "BatchSize": 5,
            "FunctionResponseTypes": ["ReportBatchItemFailures"], "Tags": tag_list(tags),
        }));
        asked.0.extend(more.as_object().unwrap().clone());
        asked
    };
    let windowed = json!({ "BatchSize": 20, "MaximumBatchingWindowInSeconds": 10 });
    let life = Life {
        kind: "AWS::Lambda::EventSourceMapping",
        key: "quote/Work@1",
        asked: mapping(json!({}), &[("team", "a")]),
        unseen: &[],
        calls: &["CreateEventSourceMapping"],
        changes: vec![
            Change { to: mapping(windowed.clone(), &[("team", "a")]), calls: &["UpdateEventSourceMapping"] },
            Change { to: mapping(windowed, &[("cost", "b")]), calls: &["UntagResource", "TagResource"] },
            Change { to: mapping(json!({}), &[("cost", "b")]), calls: &["UpdateEventSourceMapping"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn what_was_announced_and_not_sent_is_sent_when_it_is_resumed() {
    let stage = Stage::start().await;
    let (asked, _) = function(&stage).await;
    let (_, function) = stage.make("AWS::Lambda::Function", "quote/Function@1", &asked).await;
    let queue = properties(json!({ "QueueName": "shop-dev-work", "Tags": tag_list(&[]) }));
    let (_, queue) = stage.make("AWS::SQS::Queue", "shared/Work@1", &queue).await;
    let mapping = |size: u32| {
        let (function, queue) = (&function.attributes["Arn"], &queue.attributes["Arn"]);
        properties(
            json!({ "FunctionName": function, "EventSourceArn": queue, "BatchSize": size, "Tags": tag_list(&[]) }),
        )
    };
    let (made, _) = stage.make("AWS::Lambda::EventSourceMapping", "quote/Work@1", &mapping(5)).await;

    let (provider, key) =
        (stage.provider("AWS::Lambda::EventSourceMapping"), "quote/Work@1".parse::<ResourceKey>().unwrap());
    let more = mapping(7);
    let existing = Existing::settled(&key, &made.physical_id, &more);
    let creation = Creation { key: &key, properties: &more, token: "0", stamp: &stage.stamp };
    provider.converge(&existing, &creation, false).await.unwrap();
    assert_eq!(settled(provider, &existing).await.properties.get("BatchSize"), Some(&json!(7)));
}
