//! `AWS::SNS::Subscription`.
//!
//! A subscription has no tags. It is proven by its parent: there is at most one of a protocol and endpoint on a topic, and
//! `Subscribe` gives the same one when it is repeated. One that waits for its confirmation (e-mail, HTTP) is listed without
//! its ARN, so that a search cannot identify it: it counts as absent, and the repeated `Subscribe`, which sends the letter
//! again, gives the ARN.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::topic;
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{differs, may_differ, required, unless_missing};
use crate::{marks, tree};

/// Properties that are attributes.
const ATTRIBUTES: &[&str] =
    &["DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"];

/// The provider.
pub struct Subscription {
    clients: Clients,
}

impl Subscription {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    async fn attributes(&self, arn: &str) -> Result<Option<BTreeMap<String, String>>, CallError> {
        let answer = self.clients.sns.get_subscription_attributes().subscription_arn(arn).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("sns", "GetSubscriptionAttributes", error)))?;
        Ok(answer.map(|answer| answer.attributes.unwrap_or_default().into_iter().collect()))
    }

    async fn set(&self, arn: &str, name: &str, value: &str) -> Result<(), CallError> {
        let call = self.clients.sns.set_subscription_attributes().subscription_arn(arn).attribute_name(name);
        let call = call.attribute_value(value);
        call.send().await.map_err(|error| call_error("sns", "SetSubscriptionAttributes", error))?;
        Ok(())
    }

    /// The ARN of the confirmed subscription of this protocol and endpoint.
    async fn listed(&self, topic: &str, protocol: &str, endpoint: &str) -> Result<Option<String>, CallError> {
        let mut next = None;
        loop {
            let call = self.clients.sns.list_subscriptions_by_topic().topic_arn(topic).set_next_token(next);
            let answer = call.send().await.map_err(|error| call_error("sns", "ListSubscriptionsByTopic", error));
            let Some(answer) = unless_missing(answer)? else { return Ok(None) };
            for one in answer.subscriptions() {
                let is_it = one.protocol() == Some(protocol) && one.endpoint() == Some(endpoint);
                // `PendingConfirmation` and `Deleted` stand where an ARN would.
                if let Some(arn) = one.subscription_arn().filter(|arn| is_it && arn.starts_with("arn:")) {
                    return Ok(Some(arn.to_owned()));
                }
            }
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(None);
            }
        }
    }
}

fn made(arn: &str) -> Made {
    Made { physical_id: arn.into(), attributes: BTreeMap::from([("Arn".to_owned(), Value::from(arn))]) }
}

#[async_trait]
impl Provider for Subscription {
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let arn = existing.physical_id.as_str();
        let Some(attributes) = self.attributes(arn).await? else { return Ok(None) };
        let Made { physical_id, attributes: known } = made(arn);
        let properties = observed(&attributes);
        Ok(Some(Observed { physical_id, attributes: known, properties, ownership: None }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let topic = required(creation.properties, "TopicArn")?;
        let protocol = required(creation.properties, "Protocol")?;
        let endpoint = required(creation.properties, "Endpoint")?;
        let Some(arn) = self.listed(topic, protocol, endpoint).await? else { return Ok(Found::Absent) };
        let tags = topic::tags(&self.clients, topic).await?.unwrap_or_default();
        Ok(match marks::is_of_installation(&tags, creation.stamp) {
            true => Found::Ours(made(&arn)),
            false => Found::Foreign(PhysicalId(arn)),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        check(creation.properties)?;
        let attributes: HashMap<String, String> =
            asked(creation.properties).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let call = self.clients.sns.subscribe().topic_arn(required(creation.properties, "TopicArn")?);
        let call = call.protocol(required(creation.properties, "Protocol")?);
        let call = call.endpoint(required(creation.properties, "Endpoint")?);
        let call = call.set_attributes((!attributes.is_empty()).then_some(attributes)).return_subscription_arn(true);
        let answer = call.send().await.map_err(|error| call_error("sns", "Subscribe", error))?;
        Ok(made(answer.subscription_arn().unwrap_or_default()))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let arn = existing.physical_id.as_str();
        let live = observed(&self.attributes(arn).await?.unwrap_or_default());
        let mut wanted = asked(creation.properties);
        for name in in_order(creation.properties) {
            if may_differ(existing, &live, creation.properties, name) {
                let value = wanted.remove(name).unwrap_or_else(|| taken_back(name).to_owned());
                self.set(arn, name, &value).await?;
            }
        }
        Ok(())
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        let mut wanted = asked(to);
        for name in in_order(to) {
            if differs(existing.properties, to, name) {
                let value = wanted.remove(name).unwrap_or_else(|| taken_back(name).to_owned());
                self.set(existing.physical_id.as_str(), name, &value).await?;
            }
        }
        Ok(())
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let arn = existing.physical_id.as_str();
        let Some(attributes) = self.attributes(arn).await? else { return Ok(Deletion::Gone) };
        // One that was never confirmed cannot be unsubscribed. Nothing is delivered to it, it goes with its topic, and SNS
        // drops it by itself.
        if attributes.get("PendingConfirmation").is_some_and(|pending| pending == "true") {
            return Ok(Deletion::Gone);
        }
        let answer = self.clients.sns.unsubscribe().subscription_arn(arn).send().await;
        unless_missing(answer.map_err(|error| call_error("sns", "Unsubscribe", error)))?;
        Ok(Deletion::Gone)
    }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    let known: Vec<&str> = ATTRIBUTES.iter().copied().chain(["TopicArn", "Protocol", "Endpoint"]).collect();
    tree::only(properties, &known)
}

/// The attributes in the order in which they can be set: a filter of bodies may be nested, which no filter of attributes may.
fn in_order(to: &Properties) -> Vec<&'static str> {
    let mut names = ATTRIBUTES.to_vec();
    if to.text("FilterPolicyScope") == Some("MessageBody") {
        names.sort_by_key(|name| *name != "FilterPolicyScope");
    }
    names
}

/// What an attribute is set to when it is no longer asked for.
fn taken_back(name: &str) -> &'static str {
    match name {
        "FilterPolicy" => "{}",
        "FilterPolicyScope" => "MessageAttributes",
        "RawMessageDelivery" => "false",
        _ => "",
    }
}

fn asked(properties: &Properties) -> BTreeMap<&'static str, String> {
    let written = |name: &&'static str| match properties.get(name)? {
        Value::Null => None,
        Value::String(text) => Some((*name, text.clone())),
        other => Some((*name, other.to_string())),
    };
    ATTRIBUTES.iter().filter_map(written).collect()
}

/// A subscription's attributes as properties.
fn observed(attributes: &BTreeMap<String, String>) -> Properties {
    let read = |name: &&str| {
        let text = attributes.get(*name).filter(|text| !text.is_empty())?;
        let value = match *name {
            "RawMessageDelivery" => json!(text == "true"),
            "DeliveryPolicy" | "FilterPolicy" | "RedrivePolicy" => {
                serde_json::from_str(text).unwrap_or_else(|_| json!(text))
            }
            _ => json!(text),
        };
        Some(((*name).to_owned(), value))
    };
    let names: Vec<&str> = ATTRIBUTES.iter().copied().chain(["TopicArn", "Protocol", "Endpoint"]).collect();
    names.iter().filter_map(read).filter(|(_, value)| *value != json!({})).collect()
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn policies_are_sent_as_text_and_read_as_trees() {
        let given = properties(json!({ "RawMessageDelivery": true, "FilterPolicy": { "kind": ["order"] } }));
        let sent: BTreeMap<String, String> =
            asked(&given).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(sent.get("FilterPolicy").map(String::as_str), Some(r#"{"kind":["order"]}"#));
        assert_eq!(observed(&sent), given);
    }

    #[test]
    fn the_scope_of_a_filter_of_bodies_is_set_before_the_filter() {
        let place = |scope: Value, name: &str| {
            in_order(&properties(json!({ "FilterPolicyScope": scope }))).iter().position(|one| *one == name).unwrap()
        };
        let of_bodies = |name| place(json!("MessageBody"), name);
        assert!(of_bodies("FilterPolicyScope") < of_bodies("FilterPolicy"));
        let of_attributes = |name| place(json!("MessageAttributes"), name);
        assert!(of_attributes("FilterPolicy") < of_attributes("FilterPolicyScope"));
    }

    #[test]
    fn a_filter_that_lets_everything_through_is_no_filter() {
        let sent = BTreeMap::from([("FilterPolicy".to_owned(), taken_back("FilterPolicy").to_owned())]);
        assert_eq!(observed(&sent), Properties::new());
    }
}
