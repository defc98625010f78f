//! Wait conditions against signals that are really stored: their order, their number, and whose they are.

use engine::ports::{Creation, Existing, Readiness};
use model::{ResourceKey, properties};
use serde_json::{Value, json};

use crate::lambda::BUCKET;
use crate::support::Stage;

const HANDLE: &str = "AWS::CloudFormation::WaitConditionHandle";
const CONDITION: &str = "AWS::CloudFormation::WaitCondition";
const FIRST: &str = "0123456789abcdef0123456789abcdef";
const SECOND: &str = "fedcba9876543210fedcba9876543210";

async fn staged() -> Stage {
    let stage = Stage::start().await;
    let s3 = &stage.account.clients.s3;
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    let enabled = aws_sdk_s3::types::VersioningConfiguration::builder()
        .status(aws_sdk_s3::types::BucketVersioningStatus::Enabled)
        .build();
    s3.put_bucket_versioning().bucket(BUCKET).versioning_configuration(enabled).send().await.unwrap();
    stage
}

/// What a handle is referred to by that was made by this attempt.
async fn handle(stage: &Stage, token: &str) -> String {
    let (key, asked): (ResourceKey, _) = ("site/Handle@1".parse().unwrap(), properties(json!({})));
    let creation = Creation { key: &key, properties: &asked, token, stamp: &stage.stamp };
    stage.provider(HANDLE).create(&creation).await.unwrap().physical_id.to_string()
}

async fn put(stage: &Stage, handle: &str, body: Vec<u8>) {
    let key = format!("custom/shop/dev/signals/{handle}.json");
    stage.account.clients.s3.put_object().bucket(BUCKET).key(key).body(body.into()).send().await.unwrap();
}

fn success(id: &str, data: &str) -> Vec<u8> {
    json!({ "Status": "SUCCESS", "UniqueId": id, "Data": data }).to_string().into_bytes()
}

async fn settled(stage: &Stage, handle: &str, count: u32) -> Readiness {
    let (key, id) = ("site/Wait@1".parse().unwrap(), "wait".into());
    let asked = properties(json!({ "Handle": handle, "Timeout": 60, "Count": count }));
    stage.provider(CONDITION).settle(&Existing::settled(&key, &id, &asked)).await.unwrap()
}

fn pending(readiness: &Readiness) -> &str {
    match readiness {
        Readiness::Pending(what) => what,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_signal_of_each_id_counts_however_many_follow_and_those_to_another_handle_do_not() {
    let stage = staged().await;
    let (first, second) = (handle(&stage, FIRST).await, handle(&stage, SECOND).await);
    assert_eq!(pending(&settled(&stage, &first, 1).await), "for 1 of 1 signal", "nothing came yet");
    put(&stage, FIRST, success("a", "first")).await;
    put(&stage, FIRST, success("a", "second")).await;
    put(&stage, FIRST, vec![b'x'; 5_000_000]).await;
    // More than one page of versions.
    for _ in 0..150 {
        let junk = || put(&stage, FIRST, b"junk".to_vec());
        tokio::join!(junk(), junk(), junk(), junk(), junk(), junk(), junk());
    }
    let waits = settled(&stage, &first, 2).await;
    assert!(pending(&waits).starts_with("for 1 of 2 signals (1051 came that do not count; "), "{waits:?}");
    put(&stage, FIRST, success("b", "third")).await;
    let Readiness::Ready(observed) = settled(&stage, &first, 2).await else { panic!("it is met") };
    let data: Value = serde_json::from_str(observed.attributes["Data"].as_str().unwrap()).unwrap();
    assert_eq!(data, json!({ "a": "first", "b": "third" }));
    assert_eq!(pending(&settled(&stage, &second, 1).await), "for 1 of 1 signal", "signals are to one handle");
}
