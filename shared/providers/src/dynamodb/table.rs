//! `AWS::DynamoDB::Table`.
//!
//! `CreateTable` carries tags and everything but recovery and expiry, and refuses a name that is taken. Changes go one at a
//! time (see `step`): a call on a table that is still at the last one is `Busy`, and the engine comes back. Indexes are added
//! and dropped in place, which on a large table takes as long as it takes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{
    CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, IndexStatus,
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, TableDescription, TableStatus, Tag,
    TimeToLiveSpecification, TimeToLiveStatus, UpdateGlobalSecondaryIndexAction,
};
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider, Readiness};
use model::{CallError, ErrorClass, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::shape;
use super::step::{Step, left};
use crate::arn;
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{any_differs, differs, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::tree::{self, built, covers, flag, items, text, whole};

/// Properties that `UpdateTable` changes.
const SETTINGS: [&str; 8] = [
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "SSESpecification",
    "StreamSpecification",
    "TableClass",
];
const RECOVERY: &str = "PointInTimeRecoverySpecification";
const EXPIRY: &str = "TimeToLiveSpecification";

/// The provider.
pub struct Table {
    clients: Clients,
}

impl Table {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    fn arn(&self, name: &str) -> String {
        arn::arn("dynamodb", &self.clients.region, &self.clients.account, &format!("table/{name}"))
    }

    fn made(&self, name: &str, table: Option<&TableDescription>) -> Made {
        let mut attributes = BTreeMap::from([("Arn".to_owned(), Value::from(self.arn(name)))]);
        if let Some(stream) = table.and_then(TableDescription::latest_stream_arn) {
            attributes.insert("StreamArn".to_owned(), Value::from(stream));
        }
        Made { physical_id: name.into(), attributes }
    }

    async fn described(&self, name: &str) -> Result<Option<TableDescription>, CallError> {
        let answer = self.clients.dynamodb.describe_table().table_name(name).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("dynamodb", "DescribeTable", error)))?;
        Ok(answer.and_then(|answer| answer.table))
    }

    async fn tags(&self, name: &str) -> Result<Option<Tags>, CallError> {
        let (mut all, mut next) = (Tags::new(), None);
        loop {
            let call = self.clients.dynamodb.list_tags_of_resource().resource_arn(self.arn(name)).set_next_token(next);
            let answer = call.send().await.map_err(|error| call_error("dynamodb", "ListTagsOfResource", error));
            let Some(answer) = unless_missing(answer)? else { return Ok(None) };
            all.extend(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(Some(all));
            }
        }
    }

    async fn tag(&self, name: &str, change: TagChange) -> Result<(), CallError> {
        let arn = self.arn(name);
        if !change.set.is_empty() {
            let call = self.clients.dynamodb.tag_resource().resource_arn(&arn).set_tags(Some(tags_of(&change.set)?));
            call.send().await.map_err(|error| call_error("dynamodb", "TagResource", error))?;
        }
        if !change.remove.is_empty() {
            let call = self.clients.dynamodb.untag_resource().resource_arn(&arn).set_tag_keys(Some(change.remove));
            call.send().await.map_err(|error| call_error("dynamodb", "UntagResource", error))?;
        }
        Ok(())
    }

    /// Recovery to a point in time, where it is on.
    async fn recovery(&self, name: &str) -> Result<Option<Value>, CallError> {
        let answer = self.clients.dynamodb.describe_continuous_backups().table_name(name).send().await;
        let answer =
            unless_missing(answer.map_err(|error| call_error("dynamodb", "DescribeContinuousBackups", error)))?;
        let shown = answer.and_then(|answer| answer.continuous_backups_description);
        let shown = shown.and_then(|backups| backups.point_in_time_recovery_description);
        let on = shown.filter(|one| one.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled));
        Ok(on.map(|one| {
            let days = one.recovery_period_in_days;
            tree::said(json!({ "PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": days }))
        }))
    }

    /// Expiry of items, where it is on.
    async fn expiry(&self, name: &str) -> Result<Option<Value>, CallError> {
        let answer = self.clients.dynamodb.describe_time_to_live().table_name(name).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("dynamodb", "DescribeTimeToLive", error)))?;
        let shown = answer.and_then(|answer| answer.time_to_live_description);
        let is_on = |status: &Option<TimeToLiveStatus>| {
            matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
        };
        let on = shown.filter(|one| is_on(&one.time_to_live_status));
        Ok(on.map(|one| json!({ "AttributeName": one.attribute_name, "Enabled": true })))
    }

    async fn set_recovery(&self, name: &str, to: Option<&Value>) -> Result<(), CallError> {
        let live = self.recovery(name).await?;
        let wanted = to.filter(|to| flag(to, "PointInTimeRecoveryEnabled") == Some(true));
        if is_so(live.as_ref(), wanted) {
            return Ok(());
        }
        let specification = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(wanted.is_some())
            .set_recovery_period_in_days(wanted.and_then(|wanted| whole(wanted, "RecoveryPeriodInDays")));
        let call = self.clients.dynamodb.update_continuous_backups().table_name(name);
        let call = call.point_in_time_recovery_specification(built(specification.build())?);
        call.send().await.map_err(|error| call_error("dynamodb", "UpdateContinuousBackups", error))?;
        Ok(())
    }

    async fn set_expiry(&self, name: &str, to: Option<&Value>) -> Result<(), CallError> {
        let live = self.expiry(name).await?;
        let wanted = to.filter(|to| flag(to, "Enabled") == Some(true));
        if is_so(live.as_ref(), wanted) {
            return Ok(());
        }
        // To end it, the attribute must be named that it goes by.
        let attribute = wanted.or(live.as_ref()).and_then(|one| text(one, "AttributeName")).unwrap_or_default();
        let specification = TimeToLiveSpecification::builder().enabled(wanted.is_some()).attribute_name(attribute);
        let call = self.clients.dynamodb.update_time_to_live().table_name(name);
        let call = call.time_to_live_specification(built(specification.build())?);
        call.send().await.map_err(|error| call_error("dynamodb", "UpdateTimeToLive", error))?;
        Ok(())
    }

    /// Takes every step that is left, or as many as the table lets through before it is `Busy`.
    async fn take_steps(&self, name: &str, to: &Properties, names: &[&str]) -> Result<(), CallError> {
        let mut taken = Vec::new();
        while !names.is_empty() {
            let table = self.active(name).await?;
            let next = left(&shape::observed(&table), to, names).into_iter().find(|step| !taken.contains(step));
            let Some(step) = next else { break };
            self.take(name, to, &step).await?;
            taken.push(step);
        }
        Ok(())
    }

    async fn take(&self, name: &str, to: &Properties, step: &Step) -> Result<(), CallError> {
        let to = to.to_value();
        let call = self.clients.dynamodb.update_table().table_name(name);
        let call = match step {
            Step::Capacity => {
                let capacity = |one: &Value| match shape::capacity(one)? {
                    Some(capacity) => index_capacity(one, capacity).map(Some),
                    None => Ok(None),
                };
                let indexes = items(&to, "GlobalSecondaryIndexes").iter().map(capacity);
                let indexes: Vec<_> = indexes.collect::<Result<Vec<_>, CallError>>()?.into_iter().flatten().collect();
                call.billing_mode(shape::billing(&to))
                    .set_provisioned_throughput(shape::capacity(&to)?)
                    .set_on_demand_throughput(shape::on_demand(&to))
                    .set_global_secondary_index_updates((!indexes.is_empty()).then_some(indexes))
            }
            Step::Stream(view) => call.stream_specification(shape::stream(view.as_deref())?),
            Step::Encryption => call.sse_specification(shape::encryption(&to)),
            Step::Protection(is_on) => call.deletion_protection_enabled(*is_on),
            Step::Class => call.table_class(shape::class(&to).unwrap_or(aws_sdk_dynamodb::types::TableClass::Standard)),
            Step::DropIndex(index) => {
                let drop = built(DeleteGlobalSecondaryIndexAction::builder().index_name(index).build())?;
                call.global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().delete(drop).build())
            }
            Step::AddIndex(index) => {
                let add = CreateGlobalSecondaryIndexAction::builder()
                    .index_name(tree::required(index, "IndexName")?)
                    .set_key_schema(Some(shape::keys(index)?))
                    .set_projection(shape::projection(index))
                    .set_provisioned_throughput(shape::capacity(index)?)
                    .set_on_demand_throughput(shape::on_demand(index));
                call.set_attribute_definitions(Some(shape::attributes(&to)?)).global_secondary_index_updates(
                    GlobalSecondaryIndexUpdate::builder().create(built(add.build())?).build(),
                )
            }
            Step::IndexCapacity(index) => match shape::capacity(index)? {
                Some(capacity) => call.global_secondary_index_updates(index_capacity(index, capacity)?),
                None => return Ok(()),
            },
        };
        call.send().await.map_err(|error| call_error("dynamodb", "UpdateTable", error))?;
        Ok(())
    }

    /// The table, once nothing is under way.
    async fn active(&self, name: &str) -> Result<TableDescription, CallError> {
        let Some(table) = self.described(name).await? else {
            let message = format!("the table `{name}` is not visible yet");
            return Err(CallError::local(ErrorClass::NotPropagated, "DescribeTable", message));
        };
        match state(&table) {
            State::Active => Ok(table),
            State::Changing(what) => Err(CallError::local(ErrorClass::Busy, "UpdateTable", what)),
            State::Lost(why) => Err(CallError::local(ErrorClass::Invalid, "UpdateTable", why)),
        }
    }
}

/// Whether `live` is what is wanted; nothing where nothing is wanted.
fn is_so(live: Option<&Value>, wanted: Option<&Value>) -> bool {
    match (live, wanted) {
        (None, None) => true,
        (Some(live), Some(wanted)) => covers(live, wanted),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn index_capacity(
    index: &Value,
    capacity: aws_sdk_dynamodb::types::ProvisionedThroughput,
) -> Result<GlobalSecondaryIndexUpdate, CallError> {
    let update = UpdateGlobalSecondaryIndexAction::builder().index_name(tree::required(index, "IndexName")?);
    let update = built(update.provisioned_throughput(capacity).build())?;
    Ok(GlobalSecondaryIndexUpdate::builder().update(update).build())
}

fn tags_of(tags: &Tags) -> Result<Vec<Tag>, CallError> {
    tags.iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

#[derive(Debug, PartialEq)]
enum State {
    Active,
    Changing(String),
    Lost(String),
}

/// What a table and its indexes are at.
fn state(table: &TableDescription) -> State {
    match table.table_status() {
        Some(TableStatus::Active) => {}
        Some(status @ (TableStatus::InaccessibleEncryptionCredentials | TableStatus::Archived)) => {
            return State::Lost(format!("the table is `{status}`"));
        }
        Some(status) => return State::Changing(format!("for the table, which is `{status}`")),
        None => return State::Changing("for the table".to_owned()),
    }
    let busy = table.global_secondary_indexes().iter().find(|index| index.index_status() != Some(&IndexStatus::Active));
    match busy {
        Some(index) => State::Changing(format!("for the index `{}`", index.index_name().unwrap_or_default())),
        None => State::Active,
    }
}

#[async_trait]
impl Provider for Table {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Refuses }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let name = existing.physical_id.as_str();
        let Some(table) = self.described(name).await? else { return Ok(None) };
        let mut properties = shape::observed(&table);
        let (tags, recovery, expiry) = tokio::try_join!(self.tags(name), self.recovery(name), self.expiry(name))?;
        // A table that is going loses its tags before it is gone.
        let tags = match tags {
            Some(tags) => tags,
            None if table.table_status() == Some(&TableStatus::Deleting) => return Ok(None),
            None => Tags::new(),
        };
        properties.set(RECOVERY, recovery.unwrap_or_else(|| json!({ "PointInTimeRecoveryEnabled": false })));
        if let Some(expiry) = expiry {
            properties.set(EXPIRY, expiry);
        }
        tags::observe_list(&mut properties, &tags);
        let Made { physical_id, attributes } = self.made(name, Some(&table));
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = required(creation.properties, "TableName")?;
        let Some(table) = self.described(name).await? else { return Ok(Found::Absent) };
        let tags = self.tags(name).await?.unwrap_or_default();
        Ok(match tags::ownership(&tags).is(creation.stamp, creation.key) {
            true => Found::Ours(self.made(name, Some(&table))),
            false => Found::Foreign(PhysicalId(name.to_owned())),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        check(creation.properties)?;
        let (name, tree) = (required(creation.properties, "TableName")?, creation.properties.to_value());
        let stream = shape::stream_view(&tree).map(|view| shape::stream(Some(&view))).transpose()?;
        let encryption = tree.get("SSESpecification").map(|_| shape::encryption(&tree));
        let call = self.clients.dynamodb.create_table().table_name(name).billing_mode(shape::billing(&tree));
        let call = call.set_attribute_definitions(Some(shape::attributes(&tree)?));
        let call = call.set_key_schema(Some(shape::keys(&tree)?));
        let call = call.set_global_secondary_indexes(shape::indexes(&tree)?);
        let call = call.set_provisioned_throughput(shape::capacity(&tree)?);
        let call = call.set_on_demand_throughput(shape::on_demand(&tree));
        let call = call.set_stream_specification(stream).set_sse_specification(encryption);
        let call = call.set_table_class(shape::class(&tree));
        let call = call.set_deletion_protection_enabled(flag(&tree, "DeletionProtectionEnabled"));
        let call = call.set_tags(Some(tags_of(&tags::for_creation(creation)?)?));
        let answer = call.send().await.map_err(|error| call_error("dynamodb", "CreateTable", error))?;
        Ok(self.made(name, answer.table_description()))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let (name, asked) = (existing.physical_id.as_str(), creation.properties);
        let is_on = |name: &str, switch: &str| asked.get(name).is_some_and(|one| flag(one, switch) == Some(true));
        let is_more = is_on(RECOVERY, "PointInTimeRecoveryEnabled") || is_on(EXPIRY, "Enabled");
        if fresh && !is_more {
            return Ok(());
        }
        if !fresh {
            let names: Vec<&str> = SETTINGS.into_iter().filter(|name| asked.get(name).is_some()).collect();
            self.take_steps(name, asked, &names).await?;
            let have = self.tags(name).await?.unwrap_or_default();
            self.tag(name, TagChange::between(&have, &tags::asked(asked)?)).await?;
        }
        self.active(name).await?;
        self.set_recovery(name, asked.get(RECOVERY)).await?;
        self.set_expiry(name, asked.get(EXPIRY)).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        let (name, from) = (existing.physical_id.as_str(), existing.properties);
        let names: Vec<&str> = SETTINGS.into_iter().filter(|name| any_differs(from, to, &[name])).collect();
        self.take_steps(name, to, &names).await?;
        self.tag(name, TagChange::of(from, to)?).await?;
        if differs(from, to, RECOVERY) {
            self.set_recovery(name, to.get(RECOVERY)).await?;
        }
        if differs(from, to, EXPIRY) {
            self.set_expiry(name, to.get(EXPIRY)).await?;
        }
        Ok(())
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let Some(table) = self.described(existing.physical_id.as_str()).await? else {
            return Ok(Readiness::Pending("for the table to become visible".to_owned()));
        };
        match state(&table) {
            State::Changing(what) => Ok(Readiness::Pending(what)),
            State::Lost(why) => Ok(Readiness::Failed(why)),
            State::Active => Ok(match self.read(existing).await? {
                Some(observed) => Readiness::Ready(Box::new(observed)),
                None => Readiness::Pending("for the table to become visible".to_owned()),
            }),
        }
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let name = existing.physical_id.as_str();
        let answer = self.clients.dynamodb.delete_table().table_name(name).send().await;
        match unless_missing(answer.map_err(|error| call_error("dynamodb", "DeleteTable", error))) {
            Ok(None) => Ok(Deletion::Gone),
            Ok(Some(_)) => Ok(Deletion::Going),
            Err(error) if error.class == ErrorClass::Busy => match self.described(name).await? {
                None => Ok(Deletion::Gone),
                Some(table) if table.table_status() == Some(&TableStatus::Deleting) => Ok(Deletion::Going),
                Some(_) => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    let others = ["AttributeDefinitions", "KeySchema", "TableName", "Tags", RECOVERY, EXPIRY];
    tree::only(properties, &[SETTINGS.as_slice(), others.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription;

    use super::*;

    #[test]
    fn a_table_is_ready_when_its_indexes_are() {
        let index = |status| GlobalSecondaryIndexDescription::builder().index_name("a").index_status(status).build();
        let table = TableDescription::builder().table_status(TableStatus::Active);
        assert_eq!(state(&table.clone().build()), State::Active);
        let busy = table.clone().global_secondary_indexes(index(IndexStatus::Creating)).build();
        assert_eq!(state(&busy), State::Changing("for the index `a`".into()));
        let lost = table.table_status(TableStatus::InaccessibleEncryptionCredentials).build();
        assert!(matches!(state(&lost), State::Lost(_)));
    }
}
