//! Tables.

use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::Existing;
use model::properties;
use serde_json::{Value, json};

use crate::support::{Change, Life, Stage, tag_list};

fn attribute(name: &str) -> Value {
    json!({ "AttributeName": name, "AttributeType": "S" })
}

fn table(recovery: bool, protected: bool, tags: &[(&str, &str)]) -> model::Properties {
    properties(json!({
        "AttributeDefinitions": [attribute("pk"), attribute("sk")],
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": protected,
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": recovery },
        "TableName": "shop-dev-orders",
        "Tags": tag_list(tags),
        "TimeToLiveSpecification": { "AttributeName": "expires", "Enabled": true },
    }))
}

/// The table with an index of its own.
fn indexed(key: &str) -> model::Properties {
    let mut table = table(false, false, &[]);
    table.set("AttributeDefinitions", json!([attribute("pk"), attribute("sk"), attribute(key)]));
    table.with(
        "GlobalSecondaryIndexes",
        json!([{
        "IndexName": "GSI1",
        "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
        "Projection": { "ProjectionType": "ALL" } }]),
    )
}

#[tokio::test]
async fn a_table_is_led_through_its_life() {
    let stage = Stage::start().await;
    let life = Life {
        kind: "AWS::DynamoDB::Table",
        key: "shared/Orders@1",
        asked: table(true, true, &[("team", "a")]),
        unseen: &[],
        calls: &["CreateTable", "UpdateContinuousBackups", "UpdateTimeToLive"],
        changes: vec![
            Change { to: table(true, false, &[("team", "a")]), calls: &["UpdateTable"] },
            Change { to: table(false, false, &[("team", "a")]), calls: &["UpdateContinuousBackups"] },
            Change { to: table(false, false, &[]), calls: &["UntagResource"] },
            Change { to: indexed("gsi1"), calls: &["UpdateTable"] },
            // Dropped and made anew.
            Change { to: indexed("gsi2"), calls: &["UpdateTable", "UpdateTable"] },
            Change {
                to: table(false, false, &[]).with("StreamSpecification", json!({ "StreamViewType": "NEW_IMAGE" })),
                calls: &["UpdateTable", "UpdateTable"],
            },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_table_with_capacity_of_its_own_comes_to_pay_by_request() {
    let stage = Stage::start().await;
    let with = |capacity: Value| {
        let mut table = properties(json!({
            "AttributeDefinitions": [attribute("pk")],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "TableName": "shop-dev-carts",
            "Tags": tag_list(&[]),
        }));
        if let Value::Object(capacity) = capacity {
            table.0.extend(capacity);
        }
        table
    };
    let provisioned = |read: u32| {
        with(json!({ "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": { "ReadCapacityUnits": read, "WriteCapacityUnits": 1 } }))
    };
    let life = Life {
        kind: "AWS::DynamoDB::Table",
        key: "shared/Carts@1",
        asked: provisioned(1),
        unseen: &[],
        calls: &["CreateTable"],
        changes: vec![
            Change { to: provisioned(2), calls: &["UpdateTable"] },
            Change { to: with(json!({ "BillingMode": "PAY_PER_REQUEST" })), calls: &["UpdateTable"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_table_holds_data_as_long_as_an_item_is_left() {
    let stage = Stage::start().await;
    let asked = table(false, false, &[]);
    let (made, _) = stage.make("AWS::DynamoDB::Table", "shared/Orders@1", &asked).await;
    let key = "shared/Orders@1".parse().unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    let provider = stage.provider("AWS::DynamoDB::Table");
    assert!(!provider.holds_data(&existing).await.unwrap(), "it is new");

    let (dynamodb, name) = (&stage.account.clients.dynamodb, made.physical_id.as_str());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = dynamodb.put_item().table_name(name).item("pk", text("a")).item("sk", text("b"));
    put.send().await.unwrap();
    assert!(provider.holds_data(&existing).await.unwrap());
    let gone = dynamodb.delete_item().table_name(name).key("pk", text("a")).key("sk", text("b"));
    gone.send().await.unwrap();
    assert!(!provider.holds_data(&existing).await.unwrap());

    let (key, id) = ("shared/Never@1".parse().unwrap(), "shop-dev-never".into());
    let never = Existing::settled(&key, &id, &asked);
    assert!(!provider.holds_data(&never).await.unwrap(), "what is not there holds nothing");
}
