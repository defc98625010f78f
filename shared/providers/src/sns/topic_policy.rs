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
use crate::shape::{policy_text, policy_tree, texts, unless_missing};
use crate::tags::Tags;
use crate::tree;

/// The `Id` of the policy that SNS gives a topic.
const DEFAULT: &str = "__default_policy_ID";

/// What its owner may do with a topic that nobody gave a policy.
const OWNERS: [&str; 9] = [
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "Publish",
    RECEIVE,
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
];
/// An action that policies of old topics name.
const RECEIVE: &str = "Receive";

/// The provider of `AWS::SNS::TopicPolicy`.
pub(crate) fn topic_policy(clients: &Clients) -> Attached<Topics> {
    Attached(Topics(clients.clone()))
}

pub(crate) struct Topics(Clients);

impl Topics {
    /// What a topic has that nobody gave a policy: what its owner may do with it.
    fn default_policy(&self, arn: &str) -> Value {
        let actions = OWNERS.iter().filter(|action| **action != RECEIVE).map(|action| format!("SNS:{action}"));
        json!({
            "Version": "2008-10-17",
            "Id": DEFAULT,
            "Statement": [{
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": { "AWS": "*" },
                "Action": actions.collect::<Vec<_>>(),
                "Resource": arn,
                "Condition": { "StringEquals": { "AWS:SourceOwner": self.0.account } },
            }],
        })
    }

    /// Whether a policy is what SNS gives a topic: the `Id` alone proves nothing, for statements are added to that policy
    /// ("AddPermission") and written under its `Id`. Which of the actions it names has changed over the years.
    fn is_default(&self, arn: &str, policy: &Value) -> bool {
        let [statement] = tree::items(policy, "Statement") else { return false };
        let Value::Object(statement) = statement else { return false };
        let said = |name: &str| statement.get(name).unwrap_or(&Value::Null);
        let known = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
        tree::text(policy, "Id").as_deref() == Some(DEFAULT)
            && statement.keys().all(|name| known.contains(&name.as_str()))
            && (said("Effect"), said("Resource")) == (&json!("Allow"), &json!(arn))
            && said("Principal") == &json!({ "AWS": "*" })
            && said("Condition") == &json!({ "StringEquals": { "AWS:SourceOwner": self.0.account } })
            && texts(Some(said("Action"))).iter().all(|action| OWNERS.contains(&action.trim_start_matches("SNS:")))
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
        Ok(policy.filter(|policy| !self.is_default(arn, policy)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_under_the_default_id_is_the_default_only_if_it_says_so() {
        let fence = std::sync::Arc::new(engine::fence::Fence::new(std::time::Duration::from_secs(1)));
        let clients = Clients::new(&aws_config::SdkConfig::builder().build(), "111122223333", fence);
        let (topics, arn) = (Topics(clients), "arn:aws:sns:eu-west-1:111122223333:alerts");
        let plain = topics.default_policy(arn);
        let with = |pointer: &str, value: Value| {
            let mut policy = plain.clone();
            *policy.pointer_mut(pointer).unwrap() = value;
            topics.is_default(arn, &policy)
        };
        assert!(topics.is_default(arn, &plain));
        assert!(with("/Statement/0/Action", json!(["SNS:Publish", "SNS:Subscribe", "SNS:Receive"])), "of an old topic");
        let theirs = json!({ "Effect": "Allow", "Principal": { "AWS": "444455556666" }, "Action": "SNS:Publish" });
        assert!(!with("/Statement", json!([plain["Statement"][0], theirs])), "a permission was added");
        assert!(!with("/Statement", json!([theirs])));
        assert!(!with("/Statement", json!([])));
        assert!(!with("/Statement/0/Action", json!(["SNS:*"])));
        assert!(!with("/Statement/0/Effect", json!("Deny")));
        assert!(!with("/Statement/0/Principal", json!("*")));
        assert!(!with("/Statement/0/Condition", json!({ "StringEquals": { "AWS:SourceOwner": "444455556666" } })));
        assert!(!with("/Statement/0/Resource", json!("*")));
        assert!(!with("/Id", json!("theirs")));
    }
}
