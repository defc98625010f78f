//! `AWS::SQS::Queue`.
//!
//! `CreateQueue` carries everything, tags included, and succeeds on a queue that exists with the same attributes without
//! touching its tags: so the engine looks first. A queue's name is blocked for 60 seconds after its deletion (`Busy`).

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName;
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{self, any_differs, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::{arn, tree};

/// What a property is, as an attribute: its default, by which it is taken back (docs: `SetQueueAttributes`).
const ATTRIBUTES: &[(&str, Form, &str)] = &[
    ("ContentBasedDeduplication", Form::Flag, "false"),
    ("DeduplicationScope", Form::Text, "queue"),
    ("DelaySeconds", Form::Number, "0"),
    ("FifoThroughputLimit", Form::Text, "perQueue"),
    ("KmsDataKeyReusePeriodSeconds", Form::Number, "300"),
    ("KmsMasterKeyId", Form::Text, ""),
    ("MaximumMessageSize", Form::Number, "1048576"),
    ("MessageRetentionPeriod", Form::Number, "345600"),
    ("ReceiveMessageWaitTimeSeconds", Form::Number, "0"),
    ("RedriveAllowPolicy", Form::Tree, ""),
    ("RedrivePolicy", Form::Tree, ""),
    ("SqsManagedSseEnabled", Form::Flag, "true"),
    ("VisibilityTimeout", Form::Number, "30"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Number,
    Flag,
    Tree,
}

/// The provider.
pub struct Queue {
    clients: Clients,
}

impl Queue {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    fn made(&self, url: &str) -> Made {
        let name = url.rsplit('/').next().unwrap_or(url);
        let arn = arn::arn("sqs", &self.clients.region, &self.clients.account, name);
        let attributes = [("Arn", arn.as_str()), ("QueueName", name), ("QueueUrl", url)];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), Value::from(value)));
        Made { physical_id: url.into(), attributes: BTreeMap::from(attributes) }
    }

    pub(super) async fn tags(&self, url: &str) -> Result<Option<Tags>, CallError> {
        let answer = self.clients.sqs.list_queue_tags().queue_url(url).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("sqs", "ListQueueTags", error)))?;
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().collect()))
    }

    async fn attributes(&self, url: &str) -> Result<Option<BTreeMap<String, String>>, CallError> {
        let call = self.clients.sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        let answer = call.send().await.map_err(|error| call_error("sqs", "GetQueueAttributes", error));
        let named = |(name, value): (QueueAttributeName, String)| (name.as_str().to_owned(), value);
        Ok(unless_missing(answer)?.map(|answer| answer.attributes.unwrap_or_default().into_iter().map(named).collect()))
    }

    async fn set(&self, url: &str, changes: BTreeMap<&'static str, String>) -> Result<(), CallError> {
        if changes.is_empty() {
            return Ok(());
        }
        let attributes = changes.into_iter().map(|(name, value)| (QueueAttributeName::from(name), value));
        let call = self.clients.sqs.set_queue_attributes().queue_url(url).set_attributes(Some(attributes.collect()));
        call.send().await.map_err(|error| call_error("sqs", "SetQueueAttributes", error))?;
        Ok(())
    }

    async fn tag(&self, url: &str, change: TagChange) -> Result<(), CallError> {
        if !change.set.is_empty() {
            let tags: HashMap<String, String> = change.set.into_iter().collect();
            let call = self.clients.sqs.tag_queue().queue_url(url).set_tags(Some(tags));
            call.send().await.map_err(|error| call_error("sqs", "TagQueue", error))?;
        }
        if !change.remove.is_empty() {
            let call = self.clients.sqs.untag_queue().queue_url(url).set_tag_keys(Some(change.remove));
            call.send().await.map_err(|error| call_error("sqs", "UntagQueue", error))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Provider for Queue {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Succeeds }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let url = existing.physical_id.as_str();
        let (attributes, tags) = tokio::try_join!(self.attributes(url), self.tags(url))?;
        let (Some(attributes), Some(tags)) = (attributes, tags) else { return Ok(None) };
        let Made { physical_id, attributes: known } = self.made(url);
        let mut properties = observed(&attributes);
        properties.set("QueueName", url.rsplit('/').next().unwrap_or(url));
        tags::observe_list(&mut properties, &tags);
        Ok(Some(Observed { physical_id, attributes: known, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let call = self.clients.sqs.get_queue_url().queue_name(required(creation.properties, "QueueName")?);
        let answer = call.send().await.map_err(|error| call_error("sqs", "GetQueueUrl", error));
        let Some(url) = unless_missing(answer)?.and_then(|answer| answer.queue_url) else { return Ok(Found::Absent) };
        let Some(tags) = self.tags(&url).await? else { return Ok(Found::Absent) };
        Ok(match tags::ownership(&tags).is(creation.stamp, creation.key) {
            true => Found::Ours(self.made(&url)),
            false => Found::Foreign(PhysicalId(url)),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        check(creation.properties)?;
        let mut attributes = asked(creation.properties);
        if creation.properties.flag("FifoQueue") == Some(true) {
            attributes.insert("FifoQueue", "true".to_owned());
        }
        let attributes: HashMap<_, _> =
            attributes.into_iter().map(|(name, value)| (QueueAttributeName::from(name), value)).collect();
        let call = self.clients.sqs.create_queue().queue_name(required(creation.properties, "QueueName")?);
        let call = call.set_attributes((!attributes.is_empty()).then_some(attributes));
        let call = call.set_tags(Some(tags::for_creation(creation)?.into_iter().collect()));
        let answer = call.send().await.map_err(|error| call_error("sqs", "CreateQueue", error))?;
        Ok(self.made(answer.queue_url().unwrap_or_default()))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let url = existing.physical_id.as_str();
        let (live, have) = tokio::try_join!(self.attributes(url), self.tags(url))?;
        let live = observed(&live.unwrap_or_default());
        let differs = |name: &str| shape::may_differ(existing, &live, creation.properties, name);
        let mut left: BTreeMap<_, _> =
            asked(creation.properties).into_iter().filter(|(name, _)| differs(name)).collect();
        left.extend(existing.earlier.iter().flat_map(|earlier| changes(&earlier.sent, creation.properties)));
        self.set(url, left).await?;
        self.tag(url, TagChange::between(&have.unwrap_or_default(), &tags::asked(creation.properties)?)).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        let url = existing.physical_id.as_str();
        self.set(url, changes(existing.properties, to)).await?;
        self.tag(url, TagChange::of(existing.properties, to)?).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let answer = self.clients.sqs.delete_queue().queue_url(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(|error| call_error("sqs", "DeleteQueue", error)))?;
        Ok(Deletion::Gone)
    }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    let known: Vec<&str> =
        ATTRIBUTES.iter().map(|(name, ..)| *name).chain(["QueueName", "FifoQueue", "Tags"]).collect();
    tree::only(properties, &known)
}

/// The attributes that are asked for, as SQS writes them.
fn asked(properties: &Properties) -> BTreeMap<&'static str, String> {
    let written = |(name, ..): &(&'static str, Form, &str)| match properties.get(name)? {
        Value::Null => None,
        Value::String(text) => Some((*name, text.clone())),
        other => Some((*name, other.to_string())),
    };
    ATTRIBUTES.iter().filter_map(written).collect()
}

/// What makes the attributes of `from` into those of `to`. Turning one kind of encryption on turns the other off by itself.
fn changes(from: &Properties, to: &Properties) -> BTreeMap<&'static str, String> {
    let mut wanted = asked(to);
    let mut changes = BTreeMap::new();
    for (name, _, default) in ATTRIBUTES {
        if !any_differs(from, to, &[name]) {
            continue;
        }
        changes.insert(*name, wanted.remove(name).unwrap_or_else(|| (*default).to_owned()));
    }
    let by_key = changes.get("KmsMasterKeyId").is_some_and(|key| !key.is_empty());
    if by_key && to.get("SqsManagedSseEnabled").is_none() {
        changes.remove("SqsManagedSseEnabled");
    }
    changes
}

/// A queue's attributes as properties.
fn observed(attributes: &BTreeMap<String, String>) -> Properties {
    let read = |name: &str, form: Form| {
        let text = attributes.get(name).filter(|text| !text.is_empty())?;
        Some(match form {
            Form::Text => json!(text),
            Form::Number => text.parse::<i64>().map_or_else(|_| json!(text), Value::from),
            Form::Flag => json!(text == "true"),
            Form::Tree => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        })
    };
    let others = [("FifoQueue", Form::Flag)];
    let all = ATTRIBUTES.iter().map(|(name, form, _)| (*name, *form)).chain(others);
    all.filter_map(|(name, form)| Some((name.to_owned(), read(name, form)?))).collect()
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn attributes_read_back_as_they_were_asked_for() {
        let given = properties(json!({
            "VisibilityTimeout": 60, "SqsManagedSseEnabled": true,
            "RedrivePolicy": { "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:d", "maxReceiveCount": 3 },
        }));
        let sent = asked(&given).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(observed(&sent), given);
    }

    #[test]
    fn only_what_differs_is_set_and_what_is_no_longer_asked_for_goes_back_to_its_default() {
        let from = properties(json!({ "VisibilityTimeout": 60, "DelaySeconds": 5, "RedrivePolicy": { "a": 1 } }));
        let to = properties(json!({ "VisibilityTimeout": 90, "DelaySeconds": 5 }));
        let expect = BTreeMap::from([("VisibilityTimeout", "90".to_owned()), ("RedrivePolicy", String::new())]);
        assert_eq!(changes(&from, &to), expect);
        assert!(changes(&to, &to).is_empty());
    }

    #[test]
    fn a_key_replaces_encryption_by_sqs_in_one_change() {
        let from = properties(json!({ "SqsManagedSseEnabled": true }));
        let to = properties(json!({ "KmsMasterKeyId": "alias/orders" }));
        assert_eq!(changes(&from, &to), BTreeMap::from([("KmsMasterKeyId", "alias/orders".to_owned())]));
    }
}
