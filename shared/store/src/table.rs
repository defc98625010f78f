//! The calls of DynamoDB that everything here is made of: one item, every item of a partition, all or nothing.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use engine::ports::StoreError;

use crate::Store;
use crate::error::{corrupt, store_error};
use crate::item::{Item, key, text};

/// What the service's builders say where a write lacks something: nothing that can happen to a value that is written down.
pub(crate) fn unbuilt(error: impl ToString) -> StoreError {
    corrupt("a write", error)
}

impl Store {
    pub(crate) fn put(&self, item: Item) -> Result<Put, StoreError> {
        Put::builder().table_name(&self.table).set_item(Some(item)).build().map_err(unbuilt)
    }

    /// A write of an item that must not exist.
    pub(crate) fn new_item(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let mut put = self.put(item)?;
        put.condition_expression = Some("attribute_not_exists(pk)".to_owned());
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes all or nothing; says whether every condition held.
    pub(crate) async fn transact(
        &self,
        what: &'static str,
        writes: Vec<TransactWriteItem>,
    ) -> Result<bool, StoreError> {
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

    /// Every item of a partition from one sort key to another, both included, in its order, read consistently.
    pub(crate) async fn between(&self, pk: String, from: String, to: String) -> Result<Vec<Item>, StoreError> {
        let query = self
            .dynamodb
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to));
        let mut pages = query.consistent_read(true).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| store_error("dynamodb Query", &error))?);
        }
        Ok(items)
    }
}
