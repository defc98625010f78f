//! The ledger: lease, journal segments and records, written in one transaction and read back consistently.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use engine::ports::{Acquired, Commit, Ledger, Reservation, StoreError};
use futures::future::try_join_all;
use model::{
    DeploymentId, Digest, Entry, EnvironmentId, Epoch, Recorded, RecordedResource, ResourceKey, Revision, Timestamp,
};

use crate::error::{corrupt, store_error};
use crate::item::{get_number, get_text, key};
use crate::table::unbuilt;
use crate::values::Draft;
use crate::{Store, keys};

#[async_trait]
impl Ledger for Store {
    async fn acquire(
        &self,
        environment: &EnvironmentId,
        deployment: &DeploymentId,
        now: Timestamp,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        self.take_lease(environment, deployment, now, life).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let token = Digest::of(format!("{} {} {}", commit.environment, commit.epoch, commit.sequence).as_bytes());
        let result = self
            .dynamodb
            .transact_write_items()
            .set_transact_items(Some(self.writes(commit).await?))
            .client_request_token(token.short(32))
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(refused(commit, &error).unwrap_or_else(|| store_error("dynamodb TransactWriteItems", &error)))
            }
        }
    }

    async fn release(
        &self,
        environment: &EnvironmentId,
        epoch: Epoch,
        reservation: Option<&Reservation>,
    ) -> Result<(), StoreError> {
        self.give_lease_back(environment, epoch, reservation).await
    }

    async fn is_cancelled(&self, environment: &EnvironmentId, deployment: &DeploymentId) -> Result<bool, StoreError> {
        let active = self.turn(environment).await?.active;
        // One that has no turn any more was concluded without its wave: somebody stopped its execution, which wishes it to
        // end as well, and the next one waits for the lease.
        Ok(active.is_none_or(|active| active.entry.deployment != *deployment || active.cancel.is_some()))
    }

    async fn record(&self, environment: &EnvironmentId) -> Result<Recorded, StoreError> {
        // Revision and sequence first. A commit that comes in between makes what is read a mixture of two states; a plan
        // made of it names a sequence that is past, and is refused as stale. That is right: it would be stale anyway.
        let lease = self.item(keys::environment(environment), keys::LEASE.to_owned()).await?;
        let revision = lease.as_ref().and_then(|lease| get_number(lease, "revision")).unwrap_or_default();
        let sequence = lease.as_ref().and_then(|lease| get_number(lease, "sequence")).unwrap_or_default();
        let mut recorded = Recorded { revision: Revision(revision), sequence, ..Recorded::default() };
        if sequence == 0 {
            // Nothing was ever committed.
            return Ok(recorded);
        }
        let partitions = keys::record_partitions(environment).map(|pk| self.query(pk, keys::RESOURCES));
        let items = try_join_all(partitions).await?.concat();
        let records = self.opened_all::<RecordedResource>(&items).await?;
        for (item, record) in items.iter().zip(records) {
            let sk = get_text(item, "sk").unwrap_or_default();
            let key: ResourceKey = sk
                .trim_start_matches(keys::RESOURCES)
                .parse()
                .map_err(|error| corrupt(format!("item {sk} of `{environment}`"), error))?;
            recorded.resources.insert(key, record);
        }
        Ok(recorded)
    }

    async fn journal(&self, deployment: &DeploymentId) -> Result<Vec<Entry>, StoreError> {
        let segments = self.segments(deployment).await?;
        Ok(self.opened_all::<Vec<Entry>>(&segments).await?.concat())
    }
}

impl Store {
    /// Everything that a commit writes: the lease, the segment, the records. What is too large for the table is in S3 when
    /// this returns; where the transaction fails then, an object is left that nothing refers to.
    async fn writes(&self, commit: &Commit<'_>) -> Result<Vec<TransactWriteItem>, StoreError> {
        let environment = commit.environment;
        let mut drafts = Vec::new();
        if !commit.entries.is_empty() {
            let pk = keys::journal(commit.deployment);
            drafts.push(Draft::new(pk, keys::segment(commit.sequence), commit.entries)?);
        }
        let mut writes = vec![TransactWriteItem::builder().update(self.advance(commit)?).build()];
        for (resource, record) in commit.items {
            let (pk, sk) = (keys::records(environment, resource), keys::resource(resource));
            match record {
                Some(record) => drafts.push(Draft::new(pk, sk, record)?),
                None => {
                    let delete = Delete::builder().table_name(&self.table).set_key(Some(key(pk, sk)));
                    writes.push(TransactWriteItem::builder().delete(delete.build().map_err(unbuilt)?).build());
                }
            }
        }
        for item in self.items(environment, drafts).await? {
            writes.push(TransactWriteItem::builder().put(self.put(item)?).build());
        }
        Ok(writes)
    }
}

/// What a cancelled transaction means, where its first write says so. None for anything else.
fn refused<R>(commit: &Commit<'_>, error: &SdkError<TransactWriteItemsError, R>) -> Option<StoreError> {
    let SdkError::ServiceError(error) = error else { return None };
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.err() else { return None };
    let reasons = cancelled.cancellation_reasons();
    let is_fenced = reasons.first().is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"));
    Some(if is_fenced {
        StoreError::LeaseLost(commit.environment.clone())
    } else {
        let codes: Vec<_> = reasons.iter().filter_map(|reason| reason.code()).filter(|code| *code != "None").collect();
        StoreError::Transient { operation: "dynamodb TransactWriteItems", message: codes.join(", ") }
    })
}
