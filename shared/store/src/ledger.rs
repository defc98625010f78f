//! The ledger: lease, journal segments and resource items, in one transaction.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use engine::ports::{Acquired, Commit, Ledger, Reservation, StoreError};
use model::{
    DeploymentId, Digest, Entry, EnvironmentId, Epoch, Lease, Recorded, RecordedResource, ResourceKey, Revision,
    Timestamp,
};

use crate::error::{corrupt, store_error};
use crate::item::{Item, body, get_number, get_text, key, number, text, with_body};
use crate::{Store, keys};

const FREE: &str = "free";
const HELD: &str = "held";
const RESERVED: &str = "reserved";

#[async_trait]
impl Ledger for Store {
    async fn acquire(
        &self,
        environment: &EnvironmentId,
        deployment: &DeploymentId,
        now: Timestamp,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let expires = now + life;
        let result = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::LEASE)))
            .update_expression(
                "SET #epoch = if_not_exists(#epoch, :zero) + :one, #sequence = if_not_exists(#sequence, :zero), \
                 #until = :until, #state = :held, #for = :deployment",
            )
            .condition_expression(
                "attribute_not_exists(pk) OR #state = :free OR #until <= :now OR (#state = :reserved AND #for = :deployment)",
            )
            .expression_attribute_names("#epoch", "epoch")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#for", "for")
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":until", number(expires.as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":free", text(FREE))
            .expression_attribute_values(":reserved", text(RESERVED))
            .expression_attribute_values(":deployment", text(deployment.as_str()))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result {
            Ok(output) => Ok(Acquired::Taken(taken(&output.attributes.unwrap_or_default(), expires))),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let held = match error.err() {
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                        held,
                    ) => held.item.as_ref().and_then(|item| get_number::<i64>(item, "until")),
                    _ => None,
                };
                let until = held.and_then(|until| Timestamp::from_millisecond(until).ok()).unwrap_or(expires);
                Ok(Acquired::Held { until })
            }
            Err(error) => Err(store_error("dynamodb UpdateItem (lease)", &error)),
        }
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let pk = keys::environment(commit.environment);
        let mut writes = vec![TransactWriteItem::builder().update(self.advance(commit)?).build()];
        if !commit.entries.is_empty() {
            let segment = keys::segment(commit.sequence);
            let item = with_body(keys::journal(commit.deployment), segment, &commit.entries)?;
            writes.push(TransactWriteItem::builder().put(self.put(item)?).build());
        }
        for (resource, record) in commit.items {
            writes.push(match record {
                Some(record) => {
                    let item = with_body(pk.clone(), keys::resource(resource), record)?;
                    TransactWriteItem::builder().put(self.put(item)?).build()
                }
                None => {
                    let delete = Delete::builder()
                        .table_name(&self.table)
                        .set_key(Some(key(pk.clone(), keys::resource(resource))))
                        .build()
                        .map_err(|error| corrupt("a commit", error))?;
                    TransactWriteItem::builder().delete(delete).build()
                }
            });
        }
        let token = Digest::of(format!("{pk} {} {}", commit.epoch, commit.sequence).as_bytes());
        let result = self
            .dynamodb
            .transact_write_items()
            .set_transact_items(Some(writes))
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
        let (state, until, holder) = match reservation {
            Some(reservation) => (RESERVED, reservation.until.as_millisecond(), reservation.deployment.as_str()),
            None => (FREE, 0, "-"),
        };
        let result = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::LEASE)))
            .update_expression("SET #state = :state, #until = :until, #for = :for")
            .condition_expression("#epoch = :epoch")
            .expression_attribute_names("#epoch", "epoch")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#for", "for")
            .expression_attribute_values(":epoch", number(epoch))
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":for", text(holder))
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Err(StoreError::LeaseLost(environment.clone()))
            }
            Err(error) => Err(store_error("dynamodb UpdateItem (release)", &error)),
        }
    }

    async fn is_cancelled(&self, environment: &EnvironmentId, deployment: &DeploymentId) -> Result<bool, StoreError> {
        let turn = self.item(keys::environment(environment), keys::QUEUE.to_owned()).await?;
        Ok(turn.as_ref().and_then(|turn| get_text(turn, "cancel")) == Some(deployment.as_str()))
    }

    async fn record(&self, environment: &EnvironmentId) -> Result<Recorded, StoreError> {
        // Revision and sequence first: where a commit comes in between, a plan made of this is stale and refused later.
        let lease = self.item(keys::environment(environment), keys::LEASE.to_owned()).await?;
        let revision = lease.as_ref().and_then(|lease| get_number(lease, "revision")).unwrap_or_default();
        let items = self.query(keys::environment(environment), keys::RESOURCES).await?;
        let sequence = lease.as_ref().and_then(|lease| get_number(lease, "sequence")).unwrap_or_default();
        let mut recorded = Recorded { revision: Revision(revision), sequence, ..Recorded::default() };
        for item in &items {
            let sk = get_text(item, "sk").unwrap_or_default();
            let key: ResourceKey = sk
                .trim_start_matches(keys::RESOURCES)
                .parse()
                .map_err(|error| corrupt(format!("item {sk} of `{environment}`"), error))?;
            recorded.resources.insert(key, body::<RecordedResource>(item)?);
        }
        Ok(recorded)
    }

    async fn journal(&self, deployment: &DeploymentId) -> Result<Vec<Entry>, StoreError> {
        let segments = self.query(keys::journal(deployment), keys::SEGMENTS).await?;
        let mut entries = Vec::new();
        for segment in &segments {
            entries.extend(body::<Vec<Entry>>(segment)?);
        }
        Ok(entries)
    }
}

/// The lease that replaces what the item held before.
fn taken(before: &Item, expires: Timestamp) -> Lease {
    let was_held = get_text(before, "state") == Some(HELD);
    Lease {
        epoch: Epoch(get_number::<u64>(before, "epoch").unwrap_or_default() + 1),
        sequence: get_number(before, "sequence").unwrap_or_default(),
        expires,
        revision: Revision(get_number(before, "revision").unwrap_or_default()),
        started_by: get_text(before, "started_by").map(DeploymentId::from),
        plan: get_text(before, "plan").and_then(Digest::parse),
        taken_over: was_held
            .then(|| get_number(before, "until"))
            .flatten()
            .and_then(|until| Timestamp::from_millisecond(until).ok()),
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

impl Store {
    /// The write that every commit begins with: the lease is still ours, and moves on.
    fn advance(&self, commit: &Commit<'_>) -> Result<Update, StoreError> {
        let mut set = "SET #sequence = :next, #until = :until".to_owned();
        let mut update = Update::builder();
        if let Some(plan) = commit.starts {
            set.push_str(
                ", #revision = if_not_exists(#revision, :zero) + :one, #plan = :plan, #started_by = :deployment",
            );
            update = update
                .expression_attribute_names("#revision", "revision")
                .expression_attribute_names("#plan", "plan")
                .expression_attribute_names("#started_by", "started_by")
                .expression_attribute_values(":zero", number(0))
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":plan", text(plan.as_str()))
                .expression_attribute_values(":deployment", text(commit.deployment.as_str()));
        }
        update
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(commit.environment), keys::LEASE)))
            .update_expression(set)
            .condition_expression("#epoch = :epoch AND #sequence = :last AND #state = :held")
            .expression_attribute_names("#epoch", "epoch")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":epoch", number(commit.epoch))
            .expression_attribute_values(":last", number(commit.sequence.saturating_sub(1)))
            .expression_attribute_values(":next", number(commit.sequence))
            .expression_attribute_values(":until", number(commit.expires.as_millisecond()))
            .expression_attribute_values(":held", text(HELD))
            .build()
            .map_err(|error| corrupt("a commit", error))
    }

    pub(crate) fn put(&self, item: Item) -> Result<Put, StoreError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        put.build().map_err(|error| corrupt("a commit", error))
    }

    /// One item, read consistently.
    pub(crate) async fn item(&self, pk: String, sk: String) -> Result<Option<Item>, StoreError> {
        let get = self.dynamodb.get_item().table_name(&self.table).set_key(Some(key(pk, sk))).consistent_read(true);
        let output = get.send().await.map_err(|error| store_error("dynamodb GetItem", &error))?;
        Ok(output.item)
    }

    /// Every item of a partition whose sort key begins with `prefix`, in its order, read consistently.
    pub(crate) async fn query(&self, pk: String, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let query = self.dynamodb.query().table_name(&self.table).expression_attribute_values(":pk", text(pk));
        // DynamoDB refuses an empty text as a value of a key.
        let query = if prefix.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix))
        };
        let mut pages = query.consistent_read(true).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| store_error("dynamodb Query", &error))?);
        }
        Ok(items)
    }
}
