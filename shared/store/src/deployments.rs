//! The heads of deployments: accepted once, claimed by one execution, concluded once.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, ReturnValue, TransactWriteItem, Update};
use engine::ports::{Queue, StoreError};
use model::{Deployment, DeploymentId, DeploymentStatus, EnvironmentId, QueueEntry, Timestamp};

use crate::error::{corrupt, store_error};
use crate::item::{body, get_number, key, number, text, with_body};
use crate::{Store, keys};

/// What became of a deployment that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is new.
    New,
    /// It was handed in before: a duplicated event.
    Known,
}

/// What became of an execution's claim to a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The execution has it.
    Claimed(Box<Deployment>),
    /// Another execution has it, or it has ended.
    Gone,
}

impl Store {
    /// Records a deployment; one that has not ended also joins its environment's queue.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn accept(&self, deployment: &Deployment) -> Result<Accepted, StoreError> {
        let pk = keys::environment(&deployment.environment);
        let head = with_body(pk.clone(), keys::deployment(&deployment.id), deployment)?;
        let mut writes = vec![self.new_item(head)?];
        if deployment.status == DeploymentStatus::Queued {
            let number = self.next_number(&deployment.environment).await?;
            let entry = QueueEntry {
                number,
                deployment: deployment.id.clone(),
                starts: 1,
                deaths: 0,
                kind: model::EntryKind::Deploy,
            };
            writes.push(self.new_item(with_body(pk, keys::queue_entry(number), &entry)?)?);
        }
        Ok(if self.transact("accept", writes).await? { Accepted::New } else { Accepted::Known })
    }

    /// A deployment's head.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn deployment(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
    ) -> Result<Option<Deployment>, StoreError> {
        let item = self.item(keys::environment(environment), keys::deployment(id)).await?;
        item.as_ref().map(body).transpose()
    }

    /// Every deployment of an environment, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn deployments(&self, environment: &EnvironmentId) -> Result<Vec<Deployment>, StoreError> {
        let items = self.query(keys::environment(environment), "DEPLOYMENT#").await?;
        items.iter().map(body).collect()
    }

    /// Claims the deployment that has its turn for an execution. Claiming again under the same name succeeds.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn claim(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
        execution: &str,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let Some(mut deployment) = self.deployment(environment, id).await? else { return Ok(Claim::Gone) };
        if matches!(deployment.status, DeploymentStatus::Ended { .. }) {
            return Ok(Claim::Gone);
        }
        deployment.status = DeploymentStatus::Running;
        deployment.execution = Some(execution.to_owned());
        deployment.started.get_or_insert(now);
        let pk = keys::environment(environment);
        let turn = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk.clone(), keys::QUEUE)))
            .update_expression("SET #claimed = :execution")
            .condition_expression("#active = :id AND (attribute_not_exists(#claimed) OR #claimed = :execution)")
            .expression_attribute_names("#active", "active")
            .expression_attribute_names("#claimed", "claimed")
            .expression_attribute_values(":id", text(id.as_str()))
            .expression_attribute_values(":execution", text(execution))
            .build()
            .map_err(|error| corrupt("a claim", error))?;
        let head = with_body(pk, keys::deployment(id), &deployment)?;
        let writes = vec![
            TransactWriteItem::builder().update(turn).build(),
            TransactWriteItem::builder().put(self.put(head)?).build(),
        ];
        let claimed = self.transact("claim", writes).await?;
        Ok(if claimed { Claim::Claimed(Box::new(deployment)) } else { Claim::Gone })
    }

    /// Writes the head of a deployment that this execution has claimed.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn update_deployment(&self, deployment: &Deployment) -> Result<(), StoreError> {
        let pk = keys::environment(&deployment.environment);
        let item = with_body(pk, keys::deployment(&deployment.id), deployment)?;
        let put = self.dynamodb.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(|_| ()).map_err(|error| store_error("dynamodb PutItem (deployment)", &error))
    }

    /// Ends the deployment that has its turn, and gives the turn back. Ending it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn conclude(&self, deployment: &Deployment) -> Result<bool, StoreError> {
        let environment = &deployment.environment;
        let Some(active) = self.active(environment).await? else { return Ok(false) };
        if active.entry.deployment != deployment.id {
            return Ok(false);
        }
        let pk = keys::environment(environment);
        let turn = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk.clone(), keys::QUEUE)))
            .update_expression("REMOVE #active, #claimed, #number, #starts")
            .condition_expression("#active = :id")
            .expression_attribute_names("#active", "active")
            .expression_attribute_names("#claimed", "claimed")
            .expression_attribute_names("#number", "number")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_values(":id", text(deployment.id.as_str()))
            .build()
            .map_err(|error| corrupt("a conclusion", error))?;
        let entry = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk.clone(), keys::queue_entry(active.entry.number))))
            .build()
            .map_err(|error| corrupt("a conclusion", error))?;
        let head = with_body(pk, keys::deployment(&deployment.id), deployment)?;
        let writes = vec![
            TransactWriteItem::builder().update(turn).build(),
            TransactWriteItem::builder().delete(entry).build(),
            TransactWriteItem::builder().put(self.put(head)?).build(),
        ];
        self.transact("conclude", writes).await
    }

    /// The next number of an environment's queue. Numbers may be skipped; none is given twice.
    async fn next_number(&self, environment: &EnvironmentId) -> Result<u64, StoreError> {
        let output = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), "COUNTER")))
            .update_expression("ADD #next :one")
            .expression_attribute_names("#next", "next")
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| store_error("dynamodb UpdateItem (counter)", &error))?;
        let next = output.attributes.as_ref().and_then(|attributes| get_number(attributes, "next"));
        next.ok_or_else(|| corrupt(format!("the queue counter of `{environment}`"), "it has no number"))
    }

    fn new_item(&self, item: crate::item::Item) -> Result<TransactWriteItem, StoreError> {
        let mut put = self.put(item)?;
        put.condition_expression = Some("attribute_not_exists(pk)".to_owned());
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes all or nothing; says whether every condition held.
    async fn transact(&self, what: &'static str, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        let result = self.dynamodb.transact_write_items().set_transact_items(Some(writes)).send().await;
        let error = match result {
            Ok(_) => return Ok(true),
            Err(error) => error,
        };
        if let SdkError::ServiceError(service) = &error
            && let TransactWriteItemsError::TransactionCanceledException(cancelled) = service.err()
        {
            let is_refused =
                cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed"));
            return if is_refused {
                Ok(false)
            } else {
                Err(StoreError::Transient { operation: what, message: "the transaction met another one".to_owned() })
            };
        }
        Err(store_error("dynamodb TransactWriteItems", &error))
    }
}
