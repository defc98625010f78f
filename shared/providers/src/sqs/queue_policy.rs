//! `AWS::SQS::QueuePolicy`.

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName;
use model::{CallError, Properties};
use serde_json::Value;

use super::Queue;
use crate::attached::{Attached, Holder};
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{policy_text, policy_tree, unless_missing};
use crate::tags::Tags;

/// The provider of `AWS::SQS::QueuePolicy`.
pub(crate) fn queue_policy(clients: &Clients) -> Attached<Queues> {
    Attached(Queues(clients.clone()))
}

pub(crate) struct Queues(Clients);

impl Queues {
    async fn set(&self, url: &str, policy: String) -> Result<(), CallError> {
        let call = self.0.sqs.set_queue_attributes().queue_url(url).attributes(QueueAttributeName::Policy, policy);
        call.send().await.map_err(|error| call_error("sqs", "SetQueueAttributes", error))?;
        Ok(())
    }
}

#[async_trait]
impl Holder for Queues {
    const KIND: &'static str = "AWS::SQS::QueuePolicy";
    const HOLDERS: &'static str = "Queues";
    const MARKED: bool = true;

    async fn document(&self, url: &str, _: &Properties) -> Result<Option<Value>, CallError> {
        let call = self.0.sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::Policy);
        let answer = call.send().await.map_err(|error| call_error("sqs", "GetQueueAttributes", error));
        let attributes = unless_missing(answer)?.and_then(|answer| answer.attributes).unwrap_or_default();
        let policy = attributes.get(&QueueAttributeName::Policy).filter(|text| !text.is_empty());
        policy.map(|text| policy_tree(text)).transpose()
    }

    async fn put(&self, url: &str, _: &Properties, document: &Value) -> Result<(), CallError> {
        self.set(url, policy_text(document)).await
    }

    /// An empty policy is none ("SetQueueAttributes", Policy).
    async fn clear(&self, url: &str, _: &Properties) -> Result<(), CallError> {
        unless_missing(self.set(url, String::new()).await)?;
        Ok(())
    }

    async fn tags(&self, url: &str) -> Result<Option<Tags>, CallError> {
        Queue::new(&self.0).tags(url).await
    }
}
