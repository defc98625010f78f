//! `AWS::Logs::LogGroup`: made with its key and tags in one call; its retention follows.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types;
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use crate::clients::Clients;
use crate::shape::{self, number_at, required, unless_missing};
use crate::tags::{self, TagChange, Tags};

/// The provider of `AWS::Logs::LogGroup`.
pub struct LogGroup {
    logs: Client,
    clients: Clients,
}

failures!("logs");

impl LogGroup {
    /// Over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { logs: clients.logs.clone(), clients: clients.clone() }
    }

    /// The ARN by which tags are addressed.
    fn arn(&self, name: &str) -> String {
        self.clients.arn("logs", &format!("log-group:{name}"))
    }

    /// The value of the attribute `Arn`: that of the streams as well.
    fn attributes(&self, name: &str) -> BTreeMap<String, Value> {
        BTreeMap::from([("Arn".to_owned(), json!(format!("{}:*", self.arn(name))))])
    }

    async fn get(&self, name: &str) -> Result<Option<types::LogGroup>, CallError> {
        // A name is a prefix of itself and, in the order in which they are listed, the first that it is a prefix of.
        let describe = self.logs.describe_log_groups().log_group_name_prefix(name).limit(1);
        let answer = describe.send().await.map_err(failed("DescribeLogGroups"))?;
        let groups = answer.log_groups.unwrap_or_default();
        Ok(groups.into_iter().find(|group| group.log_group_name.as_deref() == Some(name)))
    }

    async fn tags(&self, name: &str) -> Result<Option<Tags>, CallError> {
        let list = self.logs.list_tags_for_resource().resource_arn(self.arn(name));
        let answer = unless_missing(list.send().await.map_err(failed("ListTagsForResource")))?;
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().collect()))
    }

    async fn set_retention(&self, name: &str, days: Option<i32>) -> Result<(), CallError> {
        match days {
            Some(days) => {
                let put = self.logs.put_retention_policy().log_group_name(name).retention_in_days(days);
                put.send().await.map_err(failed("PutRetentionPolicy"))?;
            }
            None => {
                let delete = self.logs.delete_retention_policy().log_group_name(name);
                delete.send().await.map_err(failed("DeleteRetentionPolicy"))?;
            }
        }
        Ok(())
    }

    async fn set_key(&self, name: &str, key: Option<&str>) -> Result<(), CallError> {
        match key {
            Some(key) => {
                let associate = self.logs.associate_kms_key().log_group_name(name).kms_key_id(key);
                associate.send().await.map_err(failed("AssociateKmsKey"))?;
            }
            None => {
                let disassociate = self.logs.disassociate_kms_key().log_group_name(name);
                disassociate.send().await.map_err(failed("DisassociateKmsKey"))?;
            }
        }
        Ok(())
    }

    async fn change(&self, name: &str, from: &Properties, to: &Properties) -> Result<(), CallError> {
        let days = number_at(to, &["RetentionInDays"])?;
        if number_at(from, &["RetentionInDays"])? != days {
            self.set_retention(name, days).await?;
        }
        if from.text("KmsKeyId") != to.text("KmsKeyId") {
            self.set_key(name, to.text("KmsKeyId")).await?;
        }
        let change = TagChange::of(from, to)?;
        if !change.remove.is_empty() {
            let untag = self.logs.untag_resource().resource_arn(self.arn(name)).set_tag_keys(Some(change.remove));
            untag.send().await.map_err(failed("UntagResource"))?;
        }
        if !change.set.is_empty() {
            let set = change.set.into_iter().collect();
            let tag = self.logs.tag_resource().resource_arn(self.arn(name)).set_tags(Some(set));
            tag.send().await.map_err(failed("TagResource"))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Provider for LogGroup {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Refuses }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let name = existing.physical_id.as_str();
        let Some(group) = self.get(name).await? else { return Ok(None) };
        let Some(tags) = self.tags(name).await? else { return Ok(None) };
        let mut properties = Properties::new().with("LogGroupName", name);
        if let Some(days) = group.retention_in_days {
            properties.set("RetentionInDays", days);
        }
        if let Some(key) = group.kms_key_id {
            properties.set("KmsKeyId", key);
        }
        if let Some(class) = group.log_group_class {
            properties.set("LogGroupClass", class.as_str());
        }
        tags::observe_list(&mut properties, &tags);
        Ok(Some(Observed {
            physical_id: existing.physical_id.clone(),
            attributes: self.attributes(name),
            properties,
            ownership: Some(tags::ownership(&tags)),
        }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = required(creation.properties, "LogGroupName")?;
        let physical_id = PhysicalId::from(name);
        if self.get(name).await?.is_none() {
            return Ok(Found::Absent);
        }
        let Some(tags) = self.tags(name).await? else { return Ok(Found::Absent) };
        if !tags::ownership(&tags).is(creation.stamp, creation.key) {
            return Ok(Found::Foreign(physical_id));
        }
        Ok(Found::Ours(Made { physical_id, attributes: self.attributes(name) }))
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        let name = required(properties, "LogGroupName")?;
        self.logs
            .create_log_group()
            .log_group_name(name)
            .set_kms_key_id(properties.text("KmsKeyId").map(str::to_owned))
            .set_log_group_class(properties.text("LogGroupClass").map(types::LogGroupClass::from))
            .set_tags(Some(tags::for_creation(creation)?.into_iter().collect()))
            .send()
            .await
            .map_err(failed("CreateLogGroup"))?;
        Ok(Made { physical_id: PhysicalId::from(name), attributes: self.attributes(name) })
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let name = existing.physical_id.as_str();
        if fresh {
            return match number_at(creation.properties, &["RetentionInDays"])? {
                Some(days) => shape::just_made(self.set_retention(name, Some(days)).await),
                None => Ok(()),
            };
        }
        let live = shape::seen(self, existing).await?;
        self.change(name, &live.properties, creation.properties).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        self.change(existing.physical_id.as_str(), existing.properties, to).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let delete = self.logs.delete_log_group().log_group_name(existing.physical_id.as_str());
        unless_missing(delete.send().await.map_err(failed("DeleteLogGroup")))?;
        Ok(Deletion::Gone)
    }
}
