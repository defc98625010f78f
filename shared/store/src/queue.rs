//! The queue of an environment: one item that says who has the turn, and one for each deployment that waits or has it.

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use engine::ports::{Active, Cancel, Queue, Restart, StoreError};
use model::{DeploymentId, EnvironmentId, Outcome, QueueEntry, Timestamp};

use crate::error::store_error;
use crate::item::{Item, body, get_number, get_text, key, number, text};
use crate::table::unbuilt;
use crate::{Store, keys};

/// What the queue of an environment says beside who waits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turn {
    /// Who has it.
    pub active: Option<Active>,
    /// When deletions that were put off are due.
    pub reap: Option<Timestamp>,
}

#[async_trait]
impl Queue for Store {
    async fn active(&self, environment: &EnvironmentId) -> Result<Option<Active>, StoreError> {
        Ok(self.turn(environment).await?.active)
    }

    async fn entries(&self, environment: &EnvironmentId) -> Result<Vec<QueueEntry>, StoreError> {
        let items = self.query(keys::environment(environment), keys::QUEUE_ENTRIES).await?;
        items.iter().map(body).collect()
    }

    async fn activate(&self, environment: &EnvironmentId, entry: &QueueEntry) -> Result<bool, StoreError> {
        let mut turn = Update::builder();
        // There is no empty set in DynamoDB.
        let only = match entry.only.is_all() {
            true => " REMOVE #only,",
            false => {
                turn = turn
                    .expression_attribute_values(":only", AttributeValue::Ss(entry.only.0.iter().cloned().collect()));
                ", #only = :only REMOVE"
            }
        };
        let turn = turn
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::QUEUE)))
            .update_expression(format!(
                "SET #active = :deployment, #number = :number, #starts = :starts, #deaths = :deaths, #kind = :kind, \
                 #approved = :approved{only} #claimed, #cancel, #by",
            ))
            .condition_expression("attribute_not_exists(#active)")
            .expression_attribute_names("#active", "active")
            .expression_attribute_names("#number", "number")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_names("#deaths", "deaths")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_names("#approved", "approved")
            .expression_attribute_names("#only", "only")
            .expression_attribute_names("#claimed", "claimed")
            .expression_attribute_names("#cancel", "cancel")
            .expression_attribute_names("#by", "by")
            .expression_attribute_values(":approved", AttributeValue::Bool(entry.approved))
            .expression_attribute_values(":deployment", text(entry.deployment.as_str()))
            .expression_attribute_values(":number", number(entry.number))
            .expression_attribute_values(":starts", number(entry.starts))
            .expression_attribute_values(":deaths", number(entry.deaths))
            .expression_attribute_values(":kind", text(word(entry)))
            .build()
            .map_err(unbuilt)?;
        // Marked, so that nobody ends it as one that waits. Where it is gone, somebody else gave it its turn and it is over.
        let entry = self.waiting(environment, entry, "SET #turn = :yes")?;
        let writes =
            vec![TransactWriteItem::builder().update(turn).build(), TransactWriteItem::builder().update(entry).build()];
        self.transact("activate", writes).await
    }

    async fn supersede(
        &self,
        environment: &EnvironmentId,
        entry: &QueueEntry,
        by: &QueueEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let outcome = Outcome::Superseded { by: by.deployment.clone() };
        // Written to, so that this fails where the newer one is cancelled at the same moment: it would leave neither.
        let newer = self.waiting(environment, by, "SET #newest = :yes")?;
        let newer = TransactWriteItem::builder().update(newer).build();
        self.end_waiting(environment, entry, outcome, now, Some(newer)).await
    }

    async fn restart(
        &self,
        environment: &EnvironmentId,
        entry: &QueueEntry,
        because: Restart,
    ) -> Result<QueueEntry, StoreError> {
        let starts = entry.starts.saturating_add(1);
        let deaths = match because {
            Restart::Death => entry.deaths.saturating_add(1),
            Restart::HandOver => entry.deaths,
        };
        let result = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::QUEUE)))
            .update_expression("SET #starts = :starts, #deaths = :deaths REMOVE #claimed")
            .condition_expression("#active = :deployment AND #starts = :before")
            .expression_attribute_names("#active", "active")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_names("#deaths", "deaths")
            .expression_attribute_names("#claimed", "claimed")
            .expression_attribute_values(":deployment", text(entry.deployment.as_str()))
            .expression_attribute_values(":starts", number(starts))
            .expression_attribute_values(":deaths", number(deaths))
            .expression_attribute_values(":before", number(entry.starts))
            .send()
            .await;
        match result {
            Ok(_) => Ok(QueueEntry { starts, deaths, ..entry.clone() }),
            // Somebody else counted it: theirs is the start to go on with.
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let active = self.active(environment).await?;
                Ok(active.map_or_else(|| entry.clone(), |active| active.entry))
            }
            Err(error) => Err(store_error("dynamodb UpdateItem (queue)", &error)),
        }
    }

    async fn cancel(
        &self,
        environment: &EnvironmentId,
        deployment: &DeploymentId,
        cancel: &Cancel,
    ) -> Result<bool, StoreError> {
        let result = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::QUEUE)))
            .update_expression("SET #cancel = :deployment, #by = :by")
            .condition_expression("#active = :deployment")
            .expression_attribute_names("#active", "active")
            .expression_attribute_names("#cancel", "cancel")
            .expression_attribute_names("#by", "by")
            .expression_attribute_values(":deployment", text(deployment.as_str()))
            .expression_attribute_values(":by", text(cancel.by.as_deref().unwrap_or_default()))
            .send()
            .await;
        match result {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(store_error("dynamodb UpdateItem (cancel)", &error)),
        }
    }
}

impl Store {
    /// Who has the turn, and when deletions that were put off are due.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn turn(&self, environment: &EnvironmentId) -> Result<Turn, StoreError> {
        let item = self.item(keys::environment(environment), keys::QUEUE.to_owned()).await?.unwrap_or_default();
        let reap = get_number(&item, "reap").and_then(|at| Timestamp::from_millisecond(at).ok());
        Ok(Turn { active: active(&item), reap })
    }

    /// A change of an entry that waits, as `entry` shows it: it may have had its turn and given it back since.
    fn waiting(&self, environment: &EnvironmentId, entry: &QueueEntry, change: &str) -> Result<Update, StoreError> {
        let name = change.split_whitespace().find(|word| word.starts_with('#')).unwrap_or_default();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::queue_entry(entry.number))))
            .update_expression(change)
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(#turn) AND attribute_not_exists(#parked) \
                 AND (attribute_not_exists(#starts) OR #starts = :starts)",
            )
            .expression_attribute_names("#turn", "turn")
            .expression_attribute_names("#parked", "parked")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_names(name, name.trim_start_matches('#'))
            .expression_attribute_values(":yes", text("yes"))
            .expression_attribute_values(":starts", number(entry.starts));
        update.build().map_err(unbuilt)
    }
}

/// A kind as conditions and people read it.
fn word(entry: &QueueEntry) -> &'static str {
    match entry.kind {
        model::EntryKind::Rollback => "rollback",
        model::EntryKind::Deploy => "deploy",
        model::EntryKind::Destroy => "destroy",
        model::EntryKind::Reap => "reap",
    }
}

fn active(item: &Item) -> Option<Active> {
    let deployment = DeploymentId::from(get_text(item, "active")?);
    let is_cancelled = get_text(item, "cancel") == Some(deployment.as_str());
    let by = || get_text(item, "by").filter(|by| !by.is_empty()).map(str::to_owned);
    Some(Active {
        entry: QueueEntry {
            number: get_number(item, "number")?,
            starts: get_number(item, "starts")?,
            deaths: get_number(item, "deaths").unwrap_or_default(),
            kind: match get_text(item, "kind") {
                Some("rollback") => model::EntryKind::Rollback,
                Some("reap") => model::EntryKind::Reap,
                Some("destroy") => model::EntryKind::Destroy,
                _ => model::EntryKind::Deploy,
            },
            only: item.get("only").and_then(|names| names.as_ss().ok()).into_iter().flatten().cloned().collect(),
            parked: false,
            approved: item.get("approved").and_then(|value| value.as_bool().ok()).copied().unwrap_or_default(),
            deployment,
        },
        claimed: item.contains_key("claimed"),
        cancel: is_cancelled.then(|| Cancel { by: by() }),
    })
}
