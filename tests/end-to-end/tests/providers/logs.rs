//! Log groups.

use model::properties;
use serde_json::json;

use crate::support::{Change, Life, Stage, tag_list};

#[tokio::test]
async fn a_log_group_is_led_through_its_life() {
    let stage = Stage::start().await;
    // Its name is the beginning of this one's, which must not be taken for it.
    let other = properties(json!({ "LogGroupName": "/aws/lambda/shop-dev-quote-2", "Tags": tag_list(&[]) }));
    stage.make("AWS::Logs::LogGroup", "quote-2/LogGroup@1", &other).await;
    let asked = properties(json!({
        "LogGroupName": "/aws/lambda/shop-dev-quote", "RetentionInDays": 14, "Tags": tag_list(&[("team", "a"), ("old", "1")]),
    }));
    let kept = asked.clone().with("RetentionInDays", 30);
    let retagged = kept.clone().with("Tags", tag_list(&[("team", "b")]));
    let mut forever = retagged.clone();
    forever.0.remove("RetentionInDays");
    stage
        .lead(&Life {
            kind: "AWS::Logs::LogGroup",
            key: "quote/LogGroup@1",
            asked,
            unseen: &[],
            calls: &["CreateLogGroup", "PutRetentionPolicy"],
            changes: vec![
                Change { to: kept, calls: &["PutRetentionPolicy"] },
                Change { to: retagged, calls: &["UntagResource", "TagResource"] },
                Change { to: forever, calls: &["DeleteRetentionPolicy"] },
            ],
        })
        .await;
}
