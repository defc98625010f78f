//! `AWS::S3::BucketPolicy`.
//!
//! A bucket has one policy, `PutBucketPolicy` replaces whatever is there, and a policy has no tags: so the engine looks first,
//! and knows its own by the mark in the document's `Id`, in a bucket that carries the engine's tags. A document that brings
//! an `Id` of its own keeps it, and is known by being equal.

use std::collections::BTreeMap;

use async_trait::async_trait;
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties, ResourceKey, ResourceType};
use serde_json::Value;

use super::bucket;
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{differs, invalid, policy_text, policy_tree, required, unless_missing};
use crate::{marks, tree};

/// The provider.
pub struct BucketPolicy {
    clients: Clients,
}

impl BucketPolicy {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    async fn document(&self, bucket: &str) -> Result<Option<Value>, CallError> {
        let call = self.clients.s3.get_bucket_policy().bucket(bucket).expected_bucket_owner(&self.clients.account);
        let answer = call.send().await.map_err(|error| call_error("s3", "GetBucketPolicy", error));
        let text = unless_missing(answer)?.and_then(|answer| answer.policy).filter(|text| !text.is_empty());
        text.map(|text| policy_tree(&text)).transpose()
    }

    async fn put(&self, bucket: &str, document: &Value) -> Result<(), CallError> {
        let call = self.clients.s3.put_bucket_policy().bucket(bucket).expected_bucket_owner(&self.clients.account);
        let call = call.policy(document.to_string());
        call.send().await.map_err(|error| call_error("s3", "PutBucketPolicy", error))?;
        Ok(())
    }
}

fn made(bucket: &str) -> Made {
    Made { physical_id: bucket.into(), attributes: BTreeMap::new() }
}

/// The document that is asked for, with the mark where it has no `Id` of its own.
fn asked(properties: &Properties, key: &ResourceKey) -> Result<Value, CallError> {
    let given = properties.get("PolicyDocument").ok_or_else(|| invalid("`PolicyDocument` is missing"))?;
    let mut document = policy_tree(&policy_text(given))?;
    if let Value::Object(map) = &mut document {
        map.entry("Id").or_insert_with(|| Value::String(marks::mark(key)));
    }
    Ok(document)
}

fn bears_mark(document: &Value, key: &ResourceKey) -> bool {
    tree::text(document, "Id").as_deref() == Some(&marks::mark(key))
}

/// Whether two documents say the same.
fn same(one: &Value, other: &Value) -> bool {
    let kind = ResourceType::from("AWS::S3::BucketPolicy");
    let whole = |document: &Value| Properties::new().with("PolicyDocument", document.clone());
    schema::canonical(&kind, &whole(one)) == schema::canonical(&kind, &whole(other))
}

#[async_trait]
impl Provider for BucketPolicy {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Succeeds }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let bucket = existing.physical_id.as_str();
        let Some(mut document) = self.document(bucket).await? else { return Ok(None) };
        if bears_mark(&document, existing.key)
            && let Value::Object(map) = &mut document
        {
            map.remove("Id");
        }
        let properties = Properties::new().with("Bucket", bucket).with("PolicyDocument", document);
        let Made { physical_id, attributes } = made(bucket);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: None }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let bucket = required(creation.properties, "Bucket")?;
        let Some(document) = self.document(bucket).await? else { return Ok(Found::Absent) };
        let is_known =
            bears_mark(&document, creation.key) || same(&document, &asked(creation.properties, creation.key)?);
        let tags = bucket::tags(&self.clients, bucket).await?.unwrap_or_default();
        Ok(match is_known && marks::is_of_installation(&tags, creation.stamp) {
            true => Found::Ours(made(bucket)),
            false => Found::Foreign(PhysicalId(bucket.to_owned())),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        tree::only(creation.properties, &["Bucket", "PolicyDocument"])?;
        let bucket = required(creation.properties, "Bucket")?;
        self.put(bucket, &asked(creation.properties, creation.key)?).await?;
        Ok(made(bucket))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let (bucket, wanted) = (existing.physical_id.as_str(), asked(creation.properties, creation.key)?);
        match self.document(bucket).await? {
            Some(live) if same(&live, &wanted) => Ok(()),
            _ => self.put(bucket, &wanted).await,
        }
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        tree::only(to, &["Bucket", "PolicyDocument"])?;
        if !differs(existing.properties, to, "PolicyDocument") {
            return Ok(());
        }
        self.put(existing.physical_id.as_str(), &asked(to, existing.key)?).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let call = self.clients.s3.delete_bucket_policy().bucket(existing.physical_id.as_str());
        let answer = call.expected_bucket_owner(&self.clients.account).send().await;
        unless_missing(answer.map_err(|error| call_error("s3", "DeleteBucketPolicy", error)))?;
        Ok(Deletion::Gone)
    }
}

#[cfg(test)]
mod tests {
    use model::properties;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_carries_the_mark_unless_it_has_an_id() {
        let key: ResourceKey = "shared/UploadsPolicy@1".parse().unwrap();
        let plain = asked(&properties(json!({ "PolicyDocument": { "Statement": [] } })), &key).unwrap();
        assert!(bears_mark(&plain, &key));
        let named = asked(&properties(json!({ "PolicyDocument": { "Id": "mine", "Statement": [] } })), &key).unwrap();
        assert!(!bears_mark(&named, &key));
        assert_eq!(named.get("Id"), Some(&json!("mine")));
    }

    #[test]
    fn one_action_and_a_list_of_one_are_the_same_document() {
        let with = |action: Value| json!({ "Statement": [{ "Effect": "Deny", "Action": action }] });
        assert!(same(&with(json!("s3:*")), &with(json!(["s3:*"]))));
        assert!(!same(&with(json!("s3:*")), &with(json!("s3:GetObject"))));
    }
}
