//! A table as it is, and the calls that change one that exists.

use aws_sdk_dynamodb::types::{
    CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, IndexStatus,
    TableDescription, TableStatus, UpdateGlobalSecondaryIndexAction,
};
use model::{CallError, ErrorClass, Properties};
use serde_json::Value;

use super::shape;
use super::step::{Step, left};
use crate::error::call_error;
use crate::shape::unless_missing;
use crate::tree::{self, built, items};

/// Tables that exist.
pub(super) struct Live {
    pub(super) dynamodb: aws_sdk_dynamodb::Client,
}

impl Live {
    pub(super) async fn described(&self, name: &str) -> Result<Option<TableDescription>, CallError> {
        let answer = self.dynamodb.describe_table().table_name(name).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("dynamodb", "DescribeTable", error)))?;
        Ok(answer.and_then(|answer| answer.table))
    }

    /// Takes every step that is left, or as many as the table lets through before it is `Busy`.
    pub(super) async fn take_steps(&self, name: &str, to: &Properties, names: &[&str]) -> Result<(), CallError> {
        let mut taken = Vec::new();
        while !names.is_empty() {
            let table = self.active(name).await?;
            let live = shape::observed(&table);
            let next = left(&live, to, names).into_iter().find(|step| !taken.contains(step));
            let Some(step) = next else { break };
            self.take(name, &live, to, &step).await?;
            taken.push(step);
        }
        Ok(())
    }

    async fn take(&self, name: &str, live: &Properties, to: &Properties, step: &Step) -> Result<(), CallError> {
        let to = to.to_value();
        let call = self.dynamodb.update_table().table_name(name);
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
                    .set_on_demand_throughput(shape::limits(&live.to_value(), &to))
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
    pub(super) async fn active(&self, name: &str) -> Result<TableDescription, CallError> {
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

fn index_capacity(
    index: &Value,
    capacity: aws_sdk_dynamodb::types::ProvisionedThroughput,
) -> Result<GlobalSecondaryIndexUpdate, CallError> {
    let update = UpdateGlobalSecondaryIndexAction::builder().index_name(tree::required(index, "IndexName")?);
    let update = built(update.provisioned_throughput(capacity).build())?;
    Ok(GlobalSecondaryIndexUpdate::builder().update(update).build())
}

#[derive(Debug, PartialEq)]
pub(super) enum State {
    Active,
    Changing(String),
    Lost(String),
}

/// What a table and its indexes are at.
pub(super) fn state(table: &TableDescription) -> State {
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
