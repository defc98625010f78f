//! `AWS::SNS::TopicPolicy`.
//!
//! A topic always has a policy: one that nobody gave lets its owner do everything, and is what taking another away leaves.

use async_trait::async_trait;
use model::{CallError, Properties};
use serde_json::{Value, json};

use super::topic;
use crate::attached::{Attached, Holder};
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{policy_text, policy_tree, unless_missing};
use crate::tags::Tags;
use crate::tree;

/// The `Id` of the policy that SNS gives a topic.
const DEFAULT: &str = "__default_policy_ID";

/// The provider of `AWS::SNS::TopicPolicy`.
pub(crate) fn topic_policy(clients: &Clients) -> Attached<Topics> {
    Attached(Topics(clients.clone()))
}

pub(crate) struct Topics(Clients);

impl Topics {
    /// What a topic has that nobody gave a policy: what its owner may do with it.
    fn default_policy(&self, arn: &str) -> Value {
        let actions = [
            "AddPermission",
            "DeleteTopic",
            "GetTopicAttributes",
            "ListSubscriptionsByTopic",
            "Publish",
            "RemovePermission",
            "SetTopicAttributes",
            "Subscribe",
        ];
        json!({
            "Version": "2008-10-17",
            "Id": DEFAULT,
            "Statement": [{
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": { "AWS": "*" },
                "Action": actions.map(|action| format!("SNS:{action}")),
                "Resource": arn,
                "Condition": { "StringEquals": { "AWS:SourceOwner": self.0.account } },
            }],
        })
    }
}

#[async_trait]
impl Holder for Topics {
    const KIND: &'static str = "AWS::SNS::TopicPolicy";
    const HOLDERS: &'static str = "Topics";
    const MARKED: bool = true;

    async fn document(&self, arn: &str, _: &Properties) -> Result<Option<Value>, CallError> {
        let answer = self.0.sns.get_topic_attributes().topic_arn(arn).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("sns", "GetTopicAttributes", error)))?;
        let attributes = answer.and_then(|answer| answer.attributes).unwrap_or_default();
        let policy = attributes.get("Policy").filter(|text| !text.is_empty());
        let policy = policy.map(|text| policy_tree(text)).transpose()?;
        Ok(policy.filter(|policy| tree::text(policy, "Id").as_deref() != Some(DEFAULT)))
    }

    async fn put(&self, arn: &str, _: &Properties, document: &Value) -> Result<(), CallError> {
        let call = self.0.sns.set_topic_attributes().topic_arn(arn).attribute_name("Policy");
        let call = call.attribute_value(policy_text(document));
        call.send().await.map_err(|error| call_error("sns", "SetTopicAttributes", error))?;
        Ok(())
    }

    async fn clear(&self, arn: &str, properties: &Properties) -> Result<(), CallError> {
        unless_missing(self.put(arn, properties, &self.default_policy(arn)).await)?;
        Ok(())
    }

    async fn tags(&self, arn: &str) -> Result<Option<Tags>, CallError> {
        topic::tags(&self.0, arn).await
    }
}
