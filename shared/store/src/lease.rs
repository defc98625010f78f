//! The lease item of an environment: taken, moved on by every commit, given back.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure, Update};
use engine::ports::{Acquired, Commit, Reservation, StoreError};
use model::{DeploymentId, Digest, EnvironmentId, Epoch, Lease, Revision, Timestamp};

use crate::error::store_error;
use crate::item::{Item, get_number, get_text, key, number, text};
use crate::table::unbuilt;
use crate::{Store, keys};

const FREE: &str = "free";
const HELD: &str = "held";
const RESERVED: &str = "reserved";
/// Whom a lease is kept for that is free.
const NOBODY: &str = "-";

impl Store {
    pub(crate) async fn take_lease(
        &self,
        environment: &EnvironmentId,
        deployment: &DeploymentId,
        now: Timestamp,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let expires = now + life;
        // Where the answer is lost, the SDK asks again, and meets a lease that is held: by this very call. The nonce tells.
        // What the call before the lost answer found is kept beside it, because it says whether somebody let the lease expire.
        let nonce = uuid::Uuid::new_v4().to_string();
        let result = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::LEASE)))
            .update_expression(
                "SET #epoch = if_not_exists(#epoch, :zero) + :one, #sequence = if_not_exists(#sequence, :zero), \
                 #was = if_not_exists(#state, :free), #lapsed = if_not_exists(#until, :zero), \
                 #previous = if_not_exists(#for, :nobody), \
                 #until = :until, #state = :held, #for = :deployment, #nonce = :nonce",
            )
            .condition_expression(
                "attribute_not_exists(pk) OR #state = :free OR #until <= :now OR (#state = :reserved AND #for = :deployment)",
            )
            .expression_attribute_names("#epoch", "epoch")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_names("#was", "was")
            .expression_attribute_names("#lapsed", "lapsed")
            .expression_attribute_names("#previous", "previous")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#for", "for")
            .expression_attribute_names("#nonce", "nonce")
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":until", number(expires.as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":free", text(FREE))
            .expression_attribute_values(":nobody", text(NOBODY))
            .expression_attribute_values(":reserved", text(RESERVED))
            .expression_attribute_values(":deployment", text(deployment.as_str()))
            .expression_attribute_values(":nonce", text(&nonce))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result {
            Ok(output) => Ok(Acquired::Taken(lease(&output.attributes.unwrap_or_default(), expires))),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let held = match error.err() {
                    UpdateItemError::ConditionalCheckFailedException(held) => held.item.clone().unwrap_or_default(),
                    _ => Item::new(),
                };
                if get_text(&held, "nonce") == Some(&nonce) {
                    return Ok(Acquired::Taken(lease(&held, expires)));
                }
                let until = get_number(&held, "until").and_then(|until| Timestamp::from_millisecond(until).ok());
                Ok(Acquired::Held { until: until.unwrap_or(expires) })
            }
            Err(error) => Err(store_error("dynamodb UpdateItem (lease)", &error)),
        }
    }

    pub(crate) async fn give_lease_back(
        &self,
        environment: &EnvironmentId,
        epoch: Epoch,
        reservation: Option<&Reservation>,
    ) -> Result<(), StoreError> {
        let (state, until, holder) = match reservation {
            Some(reservation) => (RESERVED, reservation.until.as_millisecond(), reservation.deployment.as_str()),
            None => (FREE, 0, NOBODY),
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

    /// The write that every commit begins with: the lease is still ours, and moves on.
    pub(crate) fn advance(&self, commit: &Commit<'_>) -> Result<Update, StoreError> {
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
            .map_err(unbuilt)
    }
}

/// The lease as the item shows it that it was taken with.
fn lease(item: &Item, expires: Timestamp) -> Lease {
    let lapsed = || get_number(item, "lapsed").and_then(|until| Timestamp::from_millisecond(until).ok());
    Lease {
        epoch: Epoch(get_number(item, "epoch").unwrap_or_default()),
        sequence: get_number(item, "sequence").unwrap_or_default(),
        expires,
        revision: Revision(get_number(item, "revision").unwrap_or_default()),
        started_by: get_text(item, "started_by").map(DeploymentId::from),
        plan: get_text(item, "plan").and_then(Digest::parse),
        previous: get_text(item, "previous").filter(|holder| *holder != NOBODY).map(DeploymentId::from),
        taken_over: (get_text(item, "was") == Some(HELD)).then(lapsed).flatten(),
    }
}
