//! `AWS::SSM::Parameter`.
//!
//! `PutParameter` without `Overwrite` carries everything, tags included, and refuses a name that is taken. A `SecureString` is
//! refused: its value would be a secret in config and record.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder;
use aws_sdk_ssm::types::{
    Parameter as Shown, ParameterMetadata, ParameterStringFilter, ParameterTier, ParameterType, ResourceTypeForTagging,
    Tag,
};
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::json;

use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{self, any_differs, invalid, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::tree;

/// Properties that `PutParameter` carries; whichever changes, it is one call.
const VALUES: [&str; 6] = ["AllowedPattern", "DataType", "Description", "Tier", "Type", "Value"];
/// Those of them that only `DescribeParameters` shows: an API with a narrow limit, so it is asked only where one is set.
const DESCRIBED: [&str; 3] = ["AllowedPattern", "Description", "Tier"];

/// The provider.
pub struct Parameter {
    clients: Clients,
}

impl Parameter {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    fn put(&self, name: &str, properties: &Properties) -> Result<PutParameterFluentBuilder, CallError> {
        let kind = required(properties, "Type")?;
        if !matches!(kind, "String" | "StringList") {
            return Err(invalid(format!(
                "a parameter of type `{kind}` would put a secret into the record; keep it in Secrets Manager and refer to it"
            )));
        }
        tree::only(properties, &[VALUES.as_slice(), ["Name", "Tags"].as_slice()].concat())?;
        let call = self.clients.ssm.put_parameter().name(name).r#type(ParameterType::from(kind));
        let call = call.value(required(properties, "Value")?);
        let text = |name: &str| properties.text(name).map(str::to_owned);
        let call = call.set_description(text("Description")).set_allowed_pattern(text("AllowedPattern"));
        Ok(call.set_data_type(text("DataType")).set_tier(properties.text("Tier").map(ParameterTier::from)))
    }

    /// What is left out is kept: what is no longer asked for is told to be as of a parameter of which nothing else was said.
    fn overwritten(
        &self,
        existing: &Existing<'_>,
        properties: &Properties,
    ) -> Result<PutParameterFluentBuilder, CallError> {
        let mut call = self.put(existing.physical_id.as_str(), properties)?.overwrite(true);
        let is_gone = |name: &str| properties.get(name).is_none() && shape::was_asked(existing, name);
        if properties.get("Description").is_none() {
            call = call.description("");
        }
        if is_gone("AllowedPattern") {
            call = call.allowed_pattern("");
        }
        if is_gone("DataType") {
            call = call.data_type("text");
        }
        Ok(call)
    }

    async fn overwrite(&self, existing: &Existing<'_>, properties: &Properties) -> Result<(), CallError> {
        let call = self.overwritten(existing, properties)?;
        call.send().await.map_err(|error| call_error("ssm", "PutParameter", error))?;
        Ok(())
    }

    async fn shown(&self, name: &str) -> Result<Option<Shown>, CallError> {
        let answer = self.clients.ssm.get_parameter().name(name).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("ssm", "GetParameter", error)))?;
        Ok(answer.and_then(|answer| answer.parameter))
    }

    async fn tags(&self, name: &str) -> Result<Option<Tags>, CallError> {
        let call = self.clients.ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
        let answer = call.resource_id(name).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("ssm", "ListTagsForResource", error)))?;
        Ok(answer.map(|answer| answer.tag_list.unwrap_or_default().into_iter().map(|t| (t.key, t.value)).collect()))
    }

    async fn tag(&self, name: &str, change: TagChange) -> Result<(), CallError> {
        let kind = ResourceTypeForTagging::Parameter;
        if !change.set.is_empty() {
            let call = self.clients.ssm.add_tags_to_resource().resource_type(kind.clone()).resource_id(name);
            let call = call.set_tags(Some(tags_of(&change.set)?));
            call.send().await.map_err(|error| call_error("ssm", "AddTagsToResource", error))?;
        }
        if !change.remove.is_empty() {
            let call = self.clients.ssm.remove_tags_from_resource().resource_type(kind).resource_id(name);
            let call = call.set_tag_keys(Some(change.remove));
            call.send().await.map_err(|error| call_error("ssm", "RemoveTagsFromResource", error))?;
        }
        Ok(())
    }

    async fn described(&self, name: &str) -> Result<Option<ParameterMetadata>, CallError> {
        let filter = ParameterStringFilter::builder().key("Name").option("Equals").values(name).build();
        let filter = tree::built(filter)?;
        let mut next = None;
        loop {
            let call = self.clients.ssm.describe_parameters().parameter_filters(filter.clone()).set_next_token(next);
            let answer = call.send().await.map_err(|error| call_error("ssm", "DescribeParameters", error))?;
            let found = answer.parameters.unwrap_or_default().into_iter().find(|one| one.name() == Some(name));
            next = answer.next_token.filter(|token| !token.is_empty());
            if found.is_some() || next.is_none() {
                return Ok(found);
            }
        }
    }
}

fn tags_of(tags: &Tags) -> Result<Vec<Tag>, CallError> {
    tags.iter().map(|(key, value)| tree::built(Tag::builder().key(key).value(value).build())).collect()
}

fn made(name: &str, properties: &Properties) -> Made {
    let attributes =
        ["Type", "Value"].into_iter().filter_map(|name| Some((name.to_owned(), properties.get(name)?.clone())));
    Made { physical_id: name.into(), attributes: attributes.collect() }
}

#[async_trait]
impl Provider for Parameter {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Refuses }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let name = existing.physical_id.as_str();
        let (parameter, tags) = tokio::try_join!(self.shown(name), self.tags(name))?;
        let (Some(parameter), Some(tags)) = (parameter, tags) else { return Ok(None) };
        let mut properties = Properties::new().with("Name", name);
        let kind = parameter.r#type.as_ref().map_or("String", ParameterType::as_str);
        properties.set("Type", kind);
        if kind != "SecureString" {
            properties.set("Value", parameter.value().unwrap_or_default());
        }
        if let Some(data) = parameter.data_type() {
            properties.set("DataType", data);
        }
        if DESCRIBED.iter().any(|name| existing.properties.get(name).is_some()) {
            describe(&mut properties, self.described(name).await?.as_ref());
        }
        tags::observe_map(&mut properties, &tags);
        let Made { physical_id, attributes } = made(name, &properties);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = required(creation.properties, "Name")?;
        let (parameter, tags) = tokio::try_join!(self.shown(name), self.tags(name))?;
        let (Some(_), Some(tags)) = (parameter, tags) else { return Ok(Found::Absent) };
        Ok(match tags::ownership(&tags).is(creation.stamp, creation.key) {
            true => Found::Ours(made(name, creation.properties)),
            false => Found::Foreign(PhysicalId(name.to_owned())),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let name = required(creation.properties, "Name")?;
        let call = self.put(name, creation.properties)?.overwrite(false);
        let call = call.set_tags(Some(tags_of(&tags::for_creation(creation)?)?));
        call.send().await.map_err(|error| call_error("ssm", "PutParameter", error))?;
        Ok(made(name, creation.properties))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let name = existing.physical_id.as_str();
        let live = shape::seen(self, existing).await?;
        if VALUES.iter().any(|name| shape::may_differ(existing, &live.properties, creation.properties, name)) {
            self.overwrite(existing, creation.properties).await?;
        }
        let change = TagChange::between(&tags::asked(&live.properties)?, &tags::asked(creation.properties)?);
        self.tag(name, change).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let name = existing.physical_id.as_str();
        if any_differs(existing.properties, to, &VALUES) {
            self.overwrite(existing, to).await?;
        }
        self.tag(name, TagChange::of(existing.properties, to)?).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let answer = self.clients.ssm.delete_parameter().name(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(|error| call_error("ssm", "DeleteParameter", error)))?;
        Ok(Deletion::Gone)
    }
}

/// Adds what only a description shows.
fn describe(properties: &mut Properties, metadata: Option<&ParameterMetadata>) {
    let Some(metadata) = metadata else { return };
    let tier = metadata.tier.as_ref().map(ParameterTier::as_str);
    let all = BTreeMap::from([
        ("AllowedPattern", metadata.allowed_pattern()),
        ("Description", metadata.description()),
        ("Tier", tier),
    ]);
    for (name, text) in all {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            properties.set(name, json!(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn a_description_that_was_taken_away_is_not_observed() {
        let mut observed = Properties::new();
        let metadata = ParameterMetadata::builder().description("").tier(ParameterTier::Standard).build();
        describe(&mut observed, Some(&metadata));
        assert_eq!(observed, properties(json!({ "Tier": "Standard" })));
    }

    #[test]
    fn what_is_no_longer_said_of_a_parameter_is_taken_back_and_what_never_was_is_not_told() {
        let fence = std::sync::Arc::new(engine::fence::Fence::new(std::time::Duration::from_secs(1)));
        let parameter = Parameter::new(&Clients::new(&aws_config::SdkConfig::builder().build(), "1", fence));
        let plain = properties(json!({ "Type": "String", "Value": "v" }));
        let (key, id) = ("a/P@1".parse().unwrap(), PhysicalId::from("/shop/dev/x"));
        let told = |from: &Properties| {
            let call = parameter.overwritten(&Existing::settled(&key, &id, from), &plain).unwrap();
            let sent = call.as_input();
            (sent.get_description().clone(), sent.get_allowed_pattern().clone(), sent.get_data_type().clone())
        };
        let from =
            plain.clone().with("AllowedPattern", "^v").with("DataType", "aws:ec2:image").with("Description", "d");
        assert_eq!(told(&from), (Some(String::new()), Some(String::new()), Some("text".into())));
        assert_eq!(told(&plain), (Some(String::new()), None, None));
    }

    #[test]
    fn what_is_asked_of_a_parameter_is_known_at_once() {
        let given = properties(json!({ "Type": "String", "Value": "v", "Name": "/shop/dev/x" }));
        let made = made("/shop/dev/x", &given);
        assert_eq!(made.attributes.get("Value"), Some(&json!("v")));
        assert_eq!(made.physical_id.as_str(), "/shop/dev/x");
    }
}
