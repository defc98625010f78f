//! Queues.

use model::properties;
use serde_json::{Value, json};

use crate::support::{Change, Life, Stage, tag_list};

fn queue(visibility: u32, redrive: Option<Value>, tags: &[(&str, &str)]) -> model::Properties {
    let queue = properties(json!({
        "QueueName": "shop-dev-orders",
        "MessageRetentionPeriod": 86_400,
        "SqsManagedSseEnabled": true,
        "Tags": tag_list(tags),
        "VisibilityTimeout": visibility,
    }));
    match redrive {
        Some(redrive) => queue.with("RedrivePolicy", redrive),
        None => queue,
    }
}

#[tokio::test]
async fn a_queue_is_led_through_its_life() {
    let stage = Stage::start().await;
    let letters = properties(json!({ "QueueName": "shop-dev-letters", "Tags": tag_list(&[]) }));
    let (_, letters) = stage.make("AWS::SQS::Queue", "shared/Letters@1", &letters).await;
    let redrive = || Some(json!({ "deadLetterTargetArn": letters.attributes["Arn"], "maxReceiveCount": 3 }));
    let life = Life {
        kind: "AWS::SQS::Queue",
        key: "shared/Orders@1",
        asked: queue(60, redrive(), &[("team", "a")]),
        unseen: &[],
        calls: &["CreateQueue"],
        changes: vec![
            Change { to: queue(90, redrive(), &[("team", "a")]), calls: &["SetQueueAttributes"] },
            Change { to: queue(90, redrive(), &[("cost", "b")]), calls: &["TagQueue", "UntagQueue"] },
            Change { to: queue(90, None, &[("cost", "b")]), calls: &["SetQueueAttributes"] },
        ],
    };
    stage.lead(&life).await;
}
