//! Buckets and their policies.

use engine::ports::Existing;
use model::{ErrorClass, properties};
use serde_json::{Value, json};

use crate::support::{Change, Life, Stage, tag_list};

fn bucket(versioning: &str, days: u32, tags: &[(&str, &str)]) -> model::Properties {
    properties(json!({
        "BucketName": "shop-dev-uploads",
        "BucketEncryption": { "ServerSideEncryptionConfiguration": [
            { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }] },
        "LifecycleConfiguration": { "Rules": [
            { "Id": "old", "Status": "Enabled", "Prefix": "logs/", "ExpirationInDays": days }] },
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true },
        "Tags": tag_list(tags),
        "VersioningConfiguration": { "Status": versioning },
    }))
}

fn without(mut properties: model::Properties, name: &str) -> model::Properties {
    properties.0.remove(name);
    properties
}

#[tokio::test]
async fn a_bucket_is_led_through_its_life() {
    let stage = Stage::start().await;
    let life = Life {
        kind: "AWS::S3::Bucket",
        key: "shared/Uploads@1",
        asked: bucket("Enabled", 30, &[("team", "a")]),
        unseen: &[],
        // Encryption and public access are what a new bucket has: they are looked at, and left alone.
        calls: &["CreateBucket", "PutBucketVersioning", "PutBucketLifecycleConfiguration"],
        changes: vec![
            Change { to: bucket("Suspended", 30, &[("team", "a")]), calls: &["PutBucketVersioning"] },
            Change { to: bucket("Suspended", 60, &[("team", "a")]), calls: &["PutBucketLifecycleConfiguration"] },
            Change { to: bucket("Suspended", 60, &[("cost", "b")]), calls: &["PutBucketTagging"] },
            Change {
                to: without(bucket("Suspended", 60, &[("cost", "b")]), "LifecycleConfiguration"),
                calls: &["DeleteBucketLifecycleConfiguration"],
            },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_bucket_that_pages_read_and_eventbridge_hears_of_is_led_through_its_life() {
    let stage = Stage::start().await;
    let open = |origin: &str| {
        let rule =
            json!({ "AllowedMethods": ["GET"], "AllowedOrigins": [origin], "AllowedHeaders": ["*"], "MaxAge": 60 });
        let told = json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": true } });
        let asked = bucket("Suspended", 30, &[]).with("CorsConfiguration", json!({ "CorsRules": [rule] }));
        asked.with("NotificationConfiguration", told)
    };
    let without_told = without(open("https://b.example"), "NotificationConfiguration");
    let life = Life {
        kind: "AWS::S3::Bucket",
        key: "shared/Uploads@1",
        asked: open("https://a.example"),
        unseen: &[],
        calls: &[
            "CreateBucket",
            "PutBucketLifecycleConfiguration",
            "PutBucketCors",
            "PutBucketNotificationConfiguration",
        ],
        changes: vec![
            Change { to: open("https://b.example"), calls: &["PutBucketCors"] },
            Change { to: without_told.clone(), calls: &["PutBucketNotificationConfiguration"] },
            Change { to: without(without_told, "CorsConfiguration"), calls: &["DeleteBucketCors"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_bucket_policy_is_led_through_its_life() {
    let stage = Stage::start().await;
    let (bucket, _) = stage.make("AWS::S3::Bucket", "shared/Uploads@1", &bucket("Suspended", 30, &[])).await;
    let policy = |actions: Value| {
        properties(json!({
            "Bucket": bucket.physical_id.as_str(),
            "PolicyDocument": { "Version": "2012-10-17", "Statement": [{
                "Sid": "OnlyTls", "Effect": "Deny", "Principal": "*", "Action": actions,
                "Resource": ["arn:aws:s3:::shop-dev-uploads", "arn:aws:s3:::shop-dev-uploads/*"],
                "Condition": { "Bool": { "aws:SecureTransport": "false" } } }] },
        }))
    };
    let life = Life {
        kind: "AWS::S3::BucketPolicy",
        key: "shared/UploadsPolicy@1",
        asked: policy(json!("s3:GetObject")),
        unseen: &[],
        calls: &["PutBucketPolicy"],
        changes: vec![Change { to: policy(json!(["s3:GetObject", "s3:PutObject"])), calls: &["PutBucketPolicy"] }],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_bucket_that_holds_something_is_not_deleted() {
    let stage = Stage::start().await;
    let asked = bucket("Suspended", 30, &[]);
    let (made, _) = stage.make("AWS::S3::Bucket", "shared/Uploads@1", &asked).await;
    let put = stage.account.clients.s3.put_object().bucket(made.physical_id.as_str()).key("one");
    put.body(b"1".to_vec().into()).send().await.unwrap();
    let key = "shared/Uploads@1".parse().unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    let error = stage.provider("AWS::S3::Bucket").delete(&existing).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::HoldsData, "{error}");
}

#[tokio::test]
async fn a_bucket_holds_data_as_long_as_any_version_is_left() {
    let stage = Stage::start().await;
    let asked = bucket("Enabled", 30, &[]);
    let (made, _) = stage.make("AWS::S3::Bucket", "shared/Uploads@1", &asked).await;
    let key = "shared/Uploads@1".parse().unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    let provider = stage.provider("AWS::S3::Bucket");
    assert!(!provider.holds_data(&existing).await.unwrap(), "it is new");

    let (s3, name) = (&stage.account.clients.s3, made.physical_id.as_str());
    let put = s3.put_object().bucket(name).key("one").body(b"1".to_vec().into()).send().await.unwrap();
    s3.delete_object().bucket(name).key("one").send().await.unwrap();
    assert!(provider.holds_data(&existing).await.unwrap(), "what was deleted can still be had");
    let gone = s3.delete_object().bucket(name).key("one").version_id(put.version_id().unwrap());
    gone.send().await.unwrap();
    assert!(!provider.holds_data(&existing).await.unwrap(), "only the mark of a deletion is left");

    let (key, id) = ("shared/Never@1".parse().unwrap(), "shop-dev-never".into());
    let never = Existing::settled(&key, &id, &asked);
    assert!(!provider.holds_data(&never).await.unwrap(), "what is not there holds nothing");
}
