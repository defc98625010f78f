//! The queue of an environment: one item that says who has the turn, and one for each deployment that waits.

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use engine::ports::{Active, Queue, StoreError};
use model::{DeploymentId, EnvironmentId, QueueEntry};

use crate::error::store_error;
use crate::item::{Item, body, get_number, get_text, key, number, text};
use crate::{Store, keys};

#[async_trait]
impl Queue for Store {
    async fn active(&self, environment: &EnvironmentId) -> Result<Option<Active>, StoreError> {
        let item = self.item(keys::environment(environment), keys::QUEUE.to_owned()).await?;
        Ok(item.as_ref().and_then(active))
    }

    async fn first(&self, environment: &EnvironmentId) -> Result<Option<QueueEntry>, StoreError> {
        let output = self
            .dynamodb
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(keys::environment(environment)))
            .expression_attribute_values(":prefix", text(keys::QUEUE_ENTRIES))
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .map_err(|error| store_error("dynamodb Query (queue)", &error))?;
        output.items().first().map(body).transpose()
    }

    async fn activate(&self, environment: &EnvironmentId, entry: &QueueEntry) -> Result<bool, StoreError> {
        let result = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::QUEUE)))
            .update_expression("SET #active = :deployment, #number = :number, #starts = :starts REMOVE #claimed")
            .condition_expression("attribute_not_exists(#active)")
            .expression_attribute_names("#active", "active")
            .expression_attribute_names("#number", "number")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_names("#claimed", "claimed")
            .expression_attribute_values(":deployment", text(entry.deployment.as_str()))
            .expression_attribute_values(":number", number(entry.number))
            .expression_attribute_values(":starts", number(entry.starts))
            .send()
            .await;
        match result {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(store_error("dynamodb UpdateItem (queue)", &error)),
        }
    }

    async fn restart(&self, environment: &EnvironmentId, entry: &QueueEntry) -> Result<QueueEntry, StoreError> {
        let starts = entry.starts.saturating_add(1);
        let result = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::QUEUE)))
            .update_expression("SET #starts = :starts REMOVE #claimed")
            .condition_expression("#active = :deployment AND #starts = :before")
            .expression_attribute_names("#active", "active")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_names("#claimed", "claimed")
            .expression_attribute_values(":deployment", text(entry.deployment.as_str()))
            .expression_attribute_values(":starts", number(starts))
            .expression_attribute_values(":before", number(entry.starts))
            .send()
            .await;
        match result {
            Ok(_) => Ok(QueueEntry { starts, ..entry.clone() }),
            // Somebody else counted it: theirs is the start to go on with.
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let active = self.active(environment).await?;
                Ok(active.map_or_else(|| entry.clone(), |active| active.entry))
            }
            Err(error) => Err(store_error("dynamodb UpdateItem (queue)", &error)),
        }
    }
}

fn active(item: &Item) -> Option<Active> {
    Some(Active {
        entry: QueueEntry {
            deployment: DeploymentId::from(get_text(item, "active")?),
            number: get_number(item, "number")?,
            starts: get_number(item, "starts")?,
            deaths: get_number(item, "deaths").unwrap_or_default(),
            kind: model::EntryKind::Deploy,
        },
        claimed: item.contains_key("claimed"),
    })
}
