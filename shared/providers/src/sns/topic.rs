//! `AWS::SNS::Topic`.
//!
//! `CreateTopic` carries everything, tags included, and succeeds on an own topic of that name: so the engine looks first.
//! The ARN follows from the name, so that no list is searched. Subscriptions are resources of their own.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_sns::types::Tag;
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{differs, is_unsettled, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::{arn, tree};

/// Properties that are attributes, with the value by which each is taken back.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("ContentBasedDeduplication", "false"),
    ("DisplayName", ""),
    ("KmsMasterKeyId", ""),
    ("SignatureVersion", "1"),
    ("TracingConfig", "PassThrough"),
];

/// The provider.
pub struct Topic {
    clients: Clients,
}

impl Topic {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    async fn attributes(&self, arn: &str) -> Result<Option<BTreeMap<String, String>>, CallError> {
        let answer = self.clients.sns.get_topic_attributes().topic_arn(arn).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("sns", "GetTopicAttributes", error)))?;
        Ok(answer.map(|answer| answer.attributes.unwrap_or_default().into_iter().collect()))
    }

    async fn set(&self, arn: &str, name: &str, value: &str) -> Result<(), CallError> {
        let call = self.clients.sns.set_topic_attributes().topic_arn(arn).attribute_name(name).attribute_value(value);
        call.send().await.map_err(|error| call_error("sns", "SetTopicAttributes", error))?;
        Ok(())
    }

    async fn tag(&self, arn: &str, change: TagChange) -> Result<(), CallError> {
        if !change.set.is_empty() {
            let call = self.clients.sns.tag_resource().resource_arn(arn).set_tags(Some(tags_of(&change.set)?));
            call.send().await.map_err(|error| call_error("sns", "TagResource", error))?;
        }
        if !change.remove.is_empty() {
            let call = self.clients.sns.untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove));
            call.send().await.map_err(|error| call_error("sns", "UntagResource", error))?;
        }
        Ok(())
    }
}

/// The tags of a topic; none where there is no such topic.
pub(super) async fn tags(clients: &Clients, arn: &str) -> Result<Option<Tags>, CallError> {
    let answer = clients.sns.list_tags_for_resource().resource_arn(arn).send().await;
    let answer = unless_missing(answer.map_err(|error| call_error("sns", "ListTagsForResource", error)))?;
    Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

fn tags_of(tags: &Tags) -> Result<Vec<Tag>, CallError> {
    tags.iter().map(|(key, value)| tree::built(Tag::builder().key(key).value(value).build())).collect()
}

fn made(arn: &str) -> Made {
    let name = name_of(arn);
    let attributes = [("TopicArn", arn), ("TopicName", name)];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Made { physical_id: arn.into(), attributes: BTreeMap::from(attributes) }
}

fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

#[async_trait]
impl Provider for Topic {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Succeeds }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let arn = existing.physical_id.as_str();
        let (attributes, tags) = tokio::try_join!(self.attributes(arn), tags(&self.clients, arn))?;
        let (Some(attributes), Some(tags)) = (attributes, tags) else { return Ok(None) };
        let mut properties = observed(&attributes);
        properties.set("TopicName", name_of(arn));
        tags::observe_list(&mut properties, &tags);
        let Made { physical_id, attributes } = made(arn);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = required(creation.properties, "TopicName")?;
        let arn = arn::arn("sns", &self.clients.region, &self.clients.account, name);
        let Some(tags) = tags(&self.clients, &arn).await? else { return Ok(Found::Absent) };
        Ok(match tags::ownership(&tags).is(creation.stamp, creation.key) {
            true => Found::Ours(made(&arn)),
            false => Found::Foreign(PhysicalId(arn)),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        check(creation.properties)?;
        let mut attributes: HashMap<String, String> =
            asked(creation.properties).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if creation.properties.flag("FifoTopic") == Some(true) {
            attributes.insert("FifoTopic".to_owned(), "true".to_owned());
        }
        let call = self.clients.sns.create_topic().name(required(creation.properties, "TopicName")?);
        let call = call.set_attributes((!attributes.is_empty()).then_some(attributes));
        let call = call.set_tags(Some(tags_of(&tags::for_creation(creation)?)?));
        let answer = call.send().await.map_err(|error| call_error("sns", "CreateTopic", error))?;
        Ok(made(answer.topic_arn().unwrap_or_default()))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let arn = existing.physical_id.as_str();
        let (live, have) = tokio::try_join!(self.attributes(arn), tags(&self.clients, arn))?;
        let live = live.unwrap_or_default();
        let mut wanted = asked(creation.properties);
        for (name, default) in ATTRIBUTES {
            let asked = wanted.remove(name);
            let is_so = asked.as_ref().is_none_or(|asked| live.get(*name) == Some(asked));
            if !is_so || is_unsettled(existing, creation.properties, name) {
                self.set(arn, name, asked.as_deref().unwrap_or(default)).await?;
            }
        }
        self.tag(arn, TagChange::between(&have.unwrap_or_default(), &tags::asked(creation.properties)?)).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        let arn = existing.physical_id.as_str();
        let mut wanted = asked(to);
        for (name, default) in ATTRIBUTES {
            if differs(existing.properties, to, name) {
                let value = wanted.remove(name).unwrap_or_else(|| (*default).to_owned());
                self.set(arn, name, &value).await?;
            }
        }
        self.tag(arn, TagChange::of(existing.properties, to)?).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let answer = self.clients.sns.delete_topic().topic_arn(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(|error| call_error("sns", "DeleteTopic", error)))?;
        Ok(Deletion::Gone)
    }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    let known: Vec<&str> = ATTRIBUTES.iter().map(|(name, _)| *name).chain(["TopicName", "FifoTopic", "Tags"]).collect();
    tree::only(properties, &known)
}

fn asked(properties: &Properties) -> BTreeMap<&'static str, String> {
    let tree = properties.to_value();
    ATTRIBUTES.iter().filter_map(|(name, _)| Some((*name, tree::text(&tree, name)?))).collect()
}

/// A topic's attributes as properties.
fn observed(attributes: &BTreeMap<String, String>) -> Properties {
    let read = |name: &&str| {
        let text = attributes.get(*name).filter(|text| !text.is_empty())?;
        let is_flag = matches!(*name, "ContentBasedDeduplication" | "FifoTopic");
        Some(((*name).to_owned(), if is_flag { json!(text == "true") } else { json!(text) }))
    };
    let names: Vec<&str> = ATTRIBUTES.iter().map(|(name, _)| *name).chain(["FifoTopic"]).collect();
    names.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn attributes_read_back_as_they_were_asked_for() {
        let given = properties(json!({ "DisplayName": "Alerts", "ContentBasedDeduplication": true }));
        let sent = asked(&given).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(observed(&sent), given);
    }

    #[test]
    fn a_topic_is_known_by_the_end_of_its_arn() {
        let made = made("arn:aws:sns:eu-west-1:111122223333:shop-dev-alerts");
        assert_eq!(made.attributes.get("TopicName"), Some(&json!("shop-dev-alerts")));
        assert!(check(&properties(json!({ "Subscription": [] }))).is_err());
    }
}
