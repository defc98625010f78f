//! `AWS::DynamoDB::Table`.
//!
//! `CreateTable` carries tags and everything but recovery and expiry, and refuses a name that is taken. Changes go one at a
//! time (see `step`): a call on a table that is still at the last one is `Busy`, and the engine comes back. Indexes are added
//! and dropped in place, which on a large table takes as long as it takes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{Select, TableDescription, TableStatus, Tag};
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider, Readiness};
use model::{CallError, ErrorClass, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::live::{Live, State, state};
use super::shape;
use crate::arn;
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{any_differs, differs, is_unsettled, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::tree::{self, built, flag};

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
    live: Live,
}

impl Table {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone(), live: Live { dynamodb: clients.dynamodb.clone() } }
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

    /// Whether a table that cannot be looked into may hold something: not where it is gone, going or still being made.
    async fn may_hold_unseen(&self, name: &str) -> Result<bool, CallError> {
        let status = self.live.described(name).await?.and_then(|table| table.table_status);
        Ok(!matches!(status, None | Some(TableStatus::Creating | TableStatus::Deleting)))
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
}

fn tags_of(tags: &Tags) -> Result<Vec<Tag>, CallError> {
    tags.iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

#[async_trait]
impl Provider for Table {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Refuses }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let name = existing.physical_id.as_str();
        let Some(table) = self.live.described(name).await? else { return Ok(None) };
        let mut properties = shape::observed(&table);
        let (tags, recovery, expiry) =
            tokio::try_join!(self.tags(name), self.live.recovery(name), self.live.expiry(name))?;
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
        let Some(table) = self.live.described(name).await? else { return Ok(Found::Absent) };
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
            let is_left = |name: &&str| asked.get(name).is_some() || is_unsettled(existing, asked, name);
            let names: Vec<&str> = SETTINGS.into_iter().filter(is_left).collect();
            self.live.take_steps(name, asked, &names).await?;
            let have = self.tags(name).await?.unwrap_or_default();
            self.tag(name, TagChange::between(&have, &tags::asked(asked)?)).await?;
        }
        self.live.active(name).await?;
        self.live.set_recovery(name, asked.get(RECOVERY)).await?;
        self.live.set_expiry(name, asked.get(EXPIRY)).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        let (name, from) = (existing.physical_id.as_str(), existing.properties);
        let names: Vec<&str> = SETTINGS.into_iter().filter(|name| any_differs(from, to, &[name])).collect();
        self.live.take_steps(name, to, &names).await?;
        self.tag(name, TagChange::of(from, to)?).await?;
        if differs(from, to, RECOVERY) {
            self.live.set_recovery(name, to.get(RECOVERY)).await?;
        }
        if differs(from, to, EXPIRY) {
            self.live.set_expiry(name, to.get(EXPIRY)).await?;
        }
        Ok(())
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let Some(table) = self.live.described(existing.physical_id.as_str()).await? else {
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

    async fn holds_data(&self, existing: &Existing<'_>) -> Result<bool, CallError> {
        let (name, mut from) = (existing.physical_id.as_str(), None);
        loop {
            // The number of items that a description gives is up to six hours old.
            let call =
                self.clients.dynamodb.scan().table_name(name).select(Select::Count).consistent_read(true).limit(1);
            let answer = call.set_exclusive_start_key(from).send().await;
            let Some(answer) = unless_missing(answer.map_err(|error| call_error("dynamodb", "Scan", error)))? else {
                return self.may_hold_unseen(name).await;
            };
            from = answer.last_evaluated_key;
            if answer.count > 0 || from.is_none() {
                return Ok(answer.count > 0);
            }
        }
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let name = existing.physical_id.as_str();
        let answer = self.clients.dynamodb.delete_table().table_name(name).send().await;
        match unless_missing(answer.map_err(|error| call_error("dynamodb", "DeleteTable", error))) {
            Ok(None) => Ok(Deletion::Gone),
            Ok(Some(_)) => Ok(Deletion::Going),
            Err(error) if error.class == ErrorClass::Busy => match self.live.described(name).await? {
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
