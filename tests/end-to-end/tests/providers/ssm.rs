//! Parameters.

use engine::ports::Creation;
use model::{ErrorClass, properties};
use serde_json::json;

use crate::support::{Change, Life, Stage, tag_map};

fn parameter(value: &str, description: &str, tags: &[(&str, &str)]) -> model::Properties {
    properties(json!({
        "Name": "/shop/dev/shared/limit",
        "Description": description,
        "Tags": tag_map(tags),
        "Type": "String",
        "Value": value,
    }))
}

#[tokio::test]
async fn a_parameter_is_led_through_its_life() {
    let stage = Stage::start().await;
    let life = Life {
        kind: "AWS::SSM::Parameter",
        key: "shared/Limit@1",
        asked: parameter("10", "how many", &[("team", "a")]),
        unseen: &[],
        calls: &["PutParameter"],
        changes: vec![
            Change { to: parameter("20", "how many", &[("team", "a")]), calls: &["PutParameter"] },
            Change { to: parameter("20", "at most", &[("team", "a")]), calls: &["PutParameter"] },
            Change {
                to: parameter("20", "at most", &[("cost", "b")]),
                calls: &["AddTagsToResource", "RemoveTagsFromResource"],
            },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_secret_is_refused_before_any_call() {
    let stage = Stage::start().await;
    let asked = properties(json!({ "Name": "/shop/dev/key", "Type": "SecureString", "Value": "hush" }));
    let key = "shared/Key@1".parse().unwrap();
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
    let mark = stage.account.proxy.mark();
    let error = stage.provider("AWS::SSM::Parameter").create(&creation).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    assert!(!error.message.contains("hush"), "{error}");
    assert_eq!(stage.mutations(mark), Vec::<String>::new());
}
