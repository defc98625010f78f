//! Lifecycle rules, between CloudFormation's shape (flat, days in the names) and S3's (nested).

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleAndOperator, LifecycleRuleFilter, NoncurrentVersionExpiration, NoncurrentVersionTransition, Tag,
    Transition, TransitionStorageClass,
};
use model::{CallError, properties};
use serde_json::{Map, Value, json};

use crate::tree::{built, flag, items, only, required, said, text, whole};

/// What can be said of a rule.
const RULE: &[&str] = &[
    "AbortIncompleteMultipartUpload",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "Id",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "ObjectSizeGreaterThan",
    "ObjectSizeLessThan",
    "Prefix",
    "Status",
    "TagFilters",
    "Transitions",
];

/// `LifecycleConfiguration` as S3 takes it.
pub(super) fn asked(asked: &Value) -> Result<BucketLifecycleConfiguration, CallError> {
    let rules = items(asked, "Rules").iter().map(rule).collect::<Result<Vec<_>, _>>()?;
    built(BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build())
}

fn rule(asked: &Value) -> Result<LifecycleRule, CallError> {
    only(&properties(asked.clone()), RULE)?;
    let transition = |one: &Value| {
        Transition::builder()
            .set_days(whole(one, "TransitionInDays"))
            .set_storage_class(text(one, "StorageClass").map(|class| TransitionStorageClass::from(class.as_str())))
            .build()
    };
    let noncurrent = |one: &Value| {
        NoncurrentVersionTransition::builder()
            .set_noncurrent_days(whole(one, "TransitionInDays"))
            .set_newer_noncurrent_versions(whole(one, "NewerNoncurrentVersions"))
            .set_storage_class(text(one, "StorageClass").map(|class| TransitionStorageClass::from(class.as_str())))
            .build()
    };
    let some = |list: Vec<_>| (!list.is_empty()).then_some(list);
    let (days, marker) = (whole(asked, "ExpirationInDays"), flag(asked, "ExpiredObjectDeleteMarker"));
    let expiration = (days.is_some() || marker.is_some())
        .then(|| LifecycleExpiration::builder().set_days(days).set_expired_object_delete_marker(marker).build());
    let old = asked.get("NoncurrentVersionExpiration").map(|one| {
        NoncurrentVersionExpiration::builder()
            .set_noncurrent_days(whole(one, "NoncurrentDays"))
            .set_newer_noncurrent_versions(whole(one, "NewerNoncurrentVersions"))
            .build()
    });
    let abort = asked.get("AbortIncompleteMultipartUpload").map(|one| {
        AbortIncompleteMultipartUpload::builder().set_days_after_initiation(whole(one, "DaysAfterInitiation")).build()
    });
    let old_transitions: Vec<_> = items(asked, "NoncurrentVersionTransitions").iter().map(noncurrent).collect();
    built(
        LifecycleRule::builder()
            .set_id(text(asked, "Id"))
            .status(ExpirationStatus::from(required(asked, "Status")?.as_str()))
            .filter(filter(asked)?)
            .set_expiration(expiration)
            .set_transitions(some(items(asked, "Transitions").iter().map(transition).collect()))
            .set_noncurrent_version_expiration(old)
            .set_noncurrent_version_transitions((!old_transitions.is_empty()).then_some(old_transitions))
            .set_abort_incomplete_multipart_upload(abort)
            .build(),
    )
}

/// S3 takes one condition by itself, and several only within an `And`.
fn filter(asked: &Value) -> Result<LifecycleRuleFilter, CallError> {
    let prefix = text(asked, "Prefix");
    let (greater, less) = (whole::<i64>(asked, "ObjectSizeGreaterThan"), whole::<i64>(asked, "ObjectSizeLessThan"));
    let tag = |one: &Value| built(Tag::builder().key(required(one, "Key")?).value(required(one, "Value")?).build());
    let tags = items(asked, "TagFilters").iter().map(tag).collect::<Result<Vec<_>, CallError>>()?;
    let conditions =
        tags.len() + [prefix.is_some(), greater.is_some(), less.is_some()].into_iter().filter(|is| *is).count();
    let builder = LifecycleRuleFilter::builder();
    if conditions > 1 {
        let all = LifecycleRuleAndOperator::builder()
            .set_prefix(prefix)
            .set_tags((!tags.is_empty()).then_some(tags))
            .set_object_size_greater_than(greater)
            .set_object_size_less_than(less)
            .build();
        return Ok(builder.and(all).build());
    }
    let prefix = if conditions == 0 { Some(String::new()) } else { prefix };
    Ok(builder
        .set_prefix(prefix)
        .set_tag(tags.into_iter().next())
        .set_object_size_greater_than(greater)
        .set_object_size_less_than(less)
        .build())
}

/// Rules as `LifecycleConfiguration`.
pub(super) fn observed(rules: &[LifecycleRule]) -> Value {
    json!({ "Rules": rules.iter().map(observed_rule).collect::<Vec<_>>() })
}

fn observed_rule(rule: &LifecycleRule) -> Value {
    let class = |class: &Option<TransitionStorageClass>| class.as_ref().map(|class| class.as_str().to_owned());
    let transition =
        |one: &Transition| json!({ "TransitionInDays": one.days, "StorageClass": class(&one.storage_class) });
    let noncurrent = |one: &NoncurrentVersionTransition| {
        json!({
            "TransitionInDays": one.noncurrent_days,
            "NewerNoncurrentVersions": one.newer_noncurrent_versions,
            "StorageClass": class(&one.storage_class),
        })
    };
    let mut tree = json!({
        "Id": rule.id,
        "Status": rule.status.as_str(),
        "ExpirationInDays": rule.expiration.as_ref().and_then(|one| one.days),
        "ExpiredObjectDeleteMarker": rule.expiration.as_ref().and_then(|one| one.expired_object_delete_marker),
        "Transitions": rule.transitions().iter().map(transition).collect::<Vec<_>>(),
        "NoncurrentVersionTransitions":
            rule.noncurrent_version_transitions().iter().map(noncurrent).collect::<Vec<_>>(),
        "NoncurrentVersionExpiration": rule.noncurrent_version_expiration.as_ref().map(|one| json!({
            "NoncurrentDays": one.noncurrent_days, "NewerNoncurrentVersions": one.newer_noncurrent_versions })),
        "AbortIncompleteMultipartUpload": rule.abort_incomplete_multipart_upload.as_ref().map(|one| json!({
            "DaysAfterInitiation": one.days_after_initiation })),
    });
    if let (Value::Object(tree), Some(filter)) = (&mut tree, rule.filter.as_ref()) {
        tree.extend(observed_filter(filter));
    }
    said(tree)
}

fn observed_filter(filter: &LifecycleRuleFilter) -> Map<String, Value> {
    let and = filter.and.as_ref();
    let tags = filter.tag.iter().chain(and.map(LifecycleRuleAndOperator::tags).unwrap_or_default());
    let prefix = filter.prefix.as_deref().or_else(|| and?.prefix());
    let tags: Vec<Value> = tags.map(|tag| json!({ "Key": tag.key, "Value": tag.value })).collect();
    let pairs = [
        ("Prefix", json!(prefix.filter(|prefix| !prefix.is_empty()))),
        ("TagFilters", json!(tags)),
        ("ObjectSizeGreaterThan", json!(filter.object_size_greater_than.or_else(|| and?.object_size_greater_than))),
        ("ObjectSizeLessThan", json!(filter.object_size_less_than.or_else(|| and?.object_size_less_than))),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back(rules: Value) {
        let given = json!({ "Rules": rules });
        assert_eq!(observed(asked(&given).unwrap().rules()), given);
    }

    #[test]
    fn rules_read_back_as_they_were_asked_for() {
        comes_back(json!([{ "Id": "a", "Status": "Enabled", "ExpirationInDays": 30 }]));
        comes_back(json!([{
            "Id": "b", "Status": "Disabled", "Prefix": "logs/",
            "Transitions": [{ "StorageClass": "GLACIER", "TransitionInDays": 90 }],
            "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 },
        }]));
        comes_back(json!([{
            "Id": "c", "Status": "Enabled", "Prefix": "x/", "ObjectSizeGreaterThan": 128,
            "TagFilters": [{ "Key": "k", "Value": "v" }],
            "NoncurrentVersionExpiration": { "NoncurrentDays": 30, "NewerNoncurrentVersions": 2 },
        }]));
    }

    #[test]
    fn what_a_rule_cannot_say_here_is_refused_by_name() {
        let given = json!({ "Rules": [{ "Status": "Enabled", "ExpirationDate": "2030-01-01T00:00:00Z" }] });
        assert!(asked(&given).unwrap_err().message.contains("`ExpirationDate`"));
    }
}
