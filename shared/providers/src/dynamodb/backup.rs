//! Recovery to a point in time, and expiry of items: settings of a table that have calls of their own.

use aws_sdk_dynamodb::types::{
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use model::CallError;
use serde_json::{Value, json};

use super::live::Live;
use crate::error::call_error;
use crate::shape::unless_missing;
use crate::tree::{self, built, covers, flag, text, whole};

impl Live {
    /// Recovery to a point in time, where it is on.
    pub(super) async fn recovery(&self, name: &str) -> Result<Option<Value>, CallError> {
        let answer = self.dynamodb.describe_continuous_backups().table_name(name).send().await;
        let answer =
            unless_missing(answer.map_err(|error| call_error("dynamodb", "DescribeContinuousBackups", error)))?;
        let shown = answer.and_then(|answer| answer.continuous_backups_description);
        let shown = shown.and_then(|backups| backups.point_in_time_recovery_description);
        let on = shown.filter(|one| one.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled));
        Ok(on.map(|one| {
            let days = one.recovery_period_in_days;
            tree::said(json!({ "PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": days }))
        }))
    }

    /// Expiry of items, where it is on.
    pub(super) async fn expiry(&self, name: &str) -> Result<Option<Value>, CallError> {
        let answer = self.dynamodb.describe_time_to_live().table_name(name).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("dynamodb", "DescribeTimeToLive", error)))?;
        let shown = answer.and_then(|answer| answer.time_to_live_description);
        let is_on = |status: &Option<TimeToLiveStatus>| {
            matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
        };
        let on = shown.filter(|one| is_on(&one.time_to_live_status));
        Ok(on.map(|one| json!({ "AttributeName": one.attribute_name, "Enabled": true })))
    }

    pub(super) async fn set_recovery(&self, name: &str, to: Option<&Value>) -> Result<(), CallError> {
        let live = self.recovery(name).await?;
        let wanted = to.filter(|to| flag(to, "PointInTimeRecoveryEnabled") == Some(true));
        if is_so(live.as_ref(), wanted) && has_days(live.as_ref(), wanted) {
            return Ok(());
        }
        let specification = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(wanted.is_some())
            .set_recovery_period_in_days(wanted.and_then(|wanted| whole(wanted, "RecoveryPeriodInDays")));
        let call = self.dynamodb.update_continuous_backups().table_name(name);
        let call = call.point_in_time_recovery_specification(built(specification.build())?);
        call.send().await.map_err(|error| call_error("dynamodb", "UpdateContinuousBackups", error))?;
        Ok(())
    }

    pub(super) async fn set_expiry(&self, name: &str, to: Option<&Value>) -> Result<(), CallError> {
        let live = self.expiry(name).await?;
        let wanted = to.filter(|to| flag(to, "Enabled") == Some(true));
        if is_so(live.as_ref(), wanted) {
            return Ok(());
        }
        // To end it, the attribute must be named that it goes by.
        let attribute = wanted.or(live.as_ref()).and_then(|one| text(one, "AttributeName")).unwrap_or_default();
        let specification = TimeToLiveSpecification::builder().enabled(wanted.is_some()).attribute_name(attribute);
        let call = self.dynamodb.update_time_to_live().table_name(name);
        let call = call.time_to_live_specification(built(specification.build())?);
        call.send().await.map_err(|error| call_error("dynamodb", "UpdateTimeToLive", error))?;
        Ok(())
    }
}

/// How far back recovery reaches where nobody says ("UpdateContinuousBackups", RecoveryPeriodInDays).
const DAYS: i32 = 35;

/// Whether recovery reaches as far back as is wanted. An account whose answer says nothing of days has the default.
fn has_days(live: Option<&Value>, wanted: Option<&Value>) -> bool {
    let days = |recovery: &Value| whole(recovery, "RecoveryPeriodInDays").unwrap_or(DAYS);
    live.map(days) == wanted.map(days)
}

/// Whether `live` is what is wanted; nothing where nothing is wanted.
fn is_so(live: Option<&Value>, wanted: Option<&Value>) -> bool {
    match (live, wanted) {
        (None, None) => true,
        (Some(live), Some(wanted)) => covers(live, wanted),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_reaches_as_far_back_as_it_does_by_itself_where_nothing_is_said() {
        let on =
            |days: Option<i32>| tree::said(json!({ "PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": days }));
        assert!(has_days(Some(&on(Some(35))), Some(&on(None))));
        assert!(!has_days(Some(&on(Some(7))), Some(&on(None))));
        assert!(has_days(None, None));
    }

    #[test]
    fn what_is_off_and_not_asked_for_is_as_it_should_be() {
        let on = json!({ "AttributeName": "expires", "Enabled": true });
        assert!(is_so(None, None));
        assert!(is_so(Some(&on), Some(&on)));
        assert!(!is_so(Some(&on), None));
        assert!(!is_so(None, Some(&on)));
        assert!(!is_so(Some(&on), Some(&json!({ "AttributeName": "other", "Enabled": true }))));
    }
}
