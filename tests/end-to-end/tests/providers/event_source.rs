//! What feeds a function.

use model::properties;
use serde_json::{Value, json};

use crate::lambda::function;
use crate::support::{Change, Life, Stage, tag_list};

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
