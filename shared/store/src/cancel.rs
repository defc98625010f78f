//! Ending deployments before their time: what waits at once, what has its turn by asking its waves to end.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use engine::ports::{Cancel, Queue, StoreError};
use model::{Deployment, DeploymentId, DeploymentStatus, EnvironmentId, Outcome, QueueEntry, Timestamp};

use crate::item::key;
use crate::table::unbuilt;
use crate::{Store, keys};

/// What became of a wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It waited, and has ended.
    Ended,
    /// It has its turn: its waves finish what has begun, and begin nothing else.
    Marked,
    /// It neither waits nor has its turn: it has ended, or there is none of that name.
    Neither,
}

impl Store {
    /// Cancels a deployment.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn cancel_deployment(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
        cancel: &Cancel,
        now: Timestamp,
    ) -> Result<Cancelled, StoreError> {
        let entries = self.entries(environment).await?;
        let Some(entry) = entries.iter().find(|entry| entry.deployment == *id) else { return Ok(Cancelled::Neither) };
        // In this order: what gets its turn in between is found there.
        if self.cancel_waiting(environment, entry, cancel, now).await? {
            return Ok(Cancelled::Ended);
        }
        if self.cancel(environment, id, cancel).await? {
            return Ok(Cancelled::Marked);
        }
        // It may have given its turn back in between, to wait for approval.
        let is_ended = self.cancel_waiting(environment, entry, cancel, now).await?;
        Ok(if is_ended { Cancelled::Ended } else { Cancelled::Neither })
    }

    /// Ends a deployment that waits as cancelled; says whether it waited still.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn cancel_waiting(
        &self,
        environment: &EnvironmentId,
        entry: &QueueEntry,
        cancel: &Cancel,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let outcome = Outcome::Cancelled { by: cancel.by.clone() };
        self.end_waiting(environment, entry, outcome, now, None).await
    }

    /// Ends a deployment that waits: its entry goes, its head says how, and its history is to be written. All or nothing,
    /// together with `also`. What was approved is ended by nothing but a wish to cancel it.
    pub(crate) async fn end_waiting(
        &self,
        environment: &EnvironmentId,
        entry: &QueueEntry,
        outcome: Outcome,
        now: Timestamp,
        also: Option<TransactWriteItem>,
    ) -> Result<bool, StoreError> {
        let Some(head) = self.deployment(environment, &entry.deployment).await? else { return Ok(false) };
        let head = Deployment { status: DeploymentStatus::Ended { outcome }, ended: Some(now), ..head };
        let pk = keys::environment(environment);
        let waits = "attribute_exists(pk) AND attribute_not_exists(#turn)";
        let mut gone = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk.clone(), keys::queue_entry(entry.number))))
            .condition_expression(waits)
            .expression_attribute_names("#turn", "turn");
        if !matches!(head.status, DeploymentStatus::Ended { outcome: Outcome::Cancelled { .. } }) {
            gone = gone
                .condition_expression(format!("{waits} AND attribute_not_exists(#approved)"))
                .expression_attribute_names("#approved", "approved");
        }
        let gone = gone.build().map_err(unbuilt)?;
        let mut writes = vec![
            TransactWriteItem::builder().delete(gone).build(),
            TransactWriteItem::builder().put(self.put(self.head(&head).await?)?).build(),
            TransactWriteItem::builder().put(self.put(key(pk, keys::history(&head.id)))?).build(),
        ];
        writes.extend(also);
        self.transact("end what waits", writes).await
    }
}
