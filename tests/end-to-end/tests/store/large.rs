//! Values that do not fit into an item of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::{Ledger, StoreError};
use model::{DeploymentStatus, Outcome};

use crate::field::{BUCKET, Field, TABLE, entry, key, record, upload};

/// More than an item of DynamoDB may have.
const LARGE: usize = 500_000;

#[tokio::test]
async fn what_does_not_fit_into_an_item_goes_by_way_of_s3_and_comes_back_equal() {
    let field = Field::start().await;
    let epoch = field.lease("d1").await;
    let items = [(key(1), Some(record(1, LARGE))), (key(2), Some(record(2, 10)))];
    let entries = [entry(1, LARGE), entry(2, 10)];
    field.commit((epoch, 1), &entries, &items).await;
    let recorded = field.store.record(&field.id).await.unwrap();
    assert!(recorded.resources == items.into_iter().map(|(key, record)| (key, record.unwrap())).collect());
    assert!(field.store.journal(&"d1".into()).await.unwrap() == entries);
    assert_eq!(values(&field).await.len(), 2, "a record and a segment; the small record stays in its item");

    // The same value again, after a commit whose answer was lost for instance, is the same object.
    field.commit((epoch, 2), &[], &[(key(3), Some(record(1, LARGE)))]).await;
    assert_eq!(values(&field).await.len(), 2);
    assert!(field.store.record(&field.id).await.unwrap().resources[&key(3)] == record(1, LARGE));
}

#[tokio::test]
async fn a_commit_that_is_too_large_as_a_whole_goes_by_way_of_s3_in_part() {
    let field = Field::start().await;
    let epoch = field.lease("d1").await;
    let items: Vec<_> = (0..60).map(|number| (key(number), Some(record(number, 100_000)))).collect();
    field.commit((epoch, 1), &[], &items).await;
    let away = values(&field).await.len();
    assert!((20..40).contains(&away), "{away} of 6 MB, where a transaction takes 4");
    let recorded = field.store.record(&field.id).await.unwrap();
    assert!(recorded.resources == items.into_iter().map(|(key, record)| (key, record.unwrap())).collect());
}

#[tokio::test]
async fn a_value_that_is_not_the_one_that_was_written_is_not_used() {
    let field = Field::start().await;
    let epoch = field.lease("d1").await;
    field.commit((epoch, 1), &[entry(1, LARGE)], &[]).await;
    let dynamodb = &field.account.clients.dynamodb;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let found = dynamodb.get_item().table_name(TABLE).key("pk", text("DEPLOYMENT#d1"));
    let found = found.key("sk", text("SEGMENT#000000000001")).send().await.unwrap().item.expect("the segment");
    let reference = found["value"].as_s().unwrap();
    let at = reference.find("digest\":\"").expect("a digest") + "digest\":\"".len();
    let other = format!("{}{}{}", &reference[..at], "0".repeat(64), &reference[at + 64..]);
    let mut forged = found.clone();
    forged.insert("value".to_owned(), text(&other));
    dynamodb.put_item().table_name(TABLE).set_item(Some(forged)).send().await.unwrap();
    let error = field.store.journal(&"d1".into()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { why, .. } if why.contains("digest")), "{error}");
}

#[tokio::test]
async fn a_deployment_with_thousands_of_causes_can_be_concluded_and_read() {
    let field = Field::start().await;
    let mut head = upload(&field.id, "d1");
    let blocked = (0..20_000).map(key).collect();
    let cause = model::Cause { change: None, message: "it failed".into(), help: "look".into(), blocked };
    head.status = DeploymentStatus::Ended { outcome: Outcome::Stopped { causes: vec![cause] } };
    field.store.accept(&head).await.unwrap();
    assert!(field.store.deployments(&field.id).await.unwrap() == [head]);
    assert_eq!(values(&field).await.len(), 1);
}

/// The keys of the values in S3.
async fn values(field: &Field) -> Vec<String> {
    let listed = field.account.clients.s3.list_objects_v2().bucket(BUCKET).prefix("shop/dev/values/").send().await;
    listed.unwrap().contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
}
