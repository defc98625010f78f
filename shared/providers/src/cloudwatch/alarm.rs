//! `AWS::CloudWatch::Alarm`.
//!
//! `PutMetricAlarm` makes an alarm or replaces the whole of one that exists, so the engine looks first. It carries tags when it
//! makes one and passes over them when it changes one: those change by `TagResource`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{AlarmType, ComparisonOperator, MetricAlarm, StandardUnit, Statistic, Tag};
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties, ResourceType};
use serde_json::{Value, json};

use super::metric;
use crate::arn;
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{self, differs, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::tree::{self, flag, number, plain_number, said, text, whole};

/// Properties that `PutMetricAlarm` carries.
const SETTINGS: [&str; 22] = [
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
    "AlarmName",
    "Tags",
];

/// The provider.
pub struct Alarm {
    clients: Clients,
}

impl Alarm {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    fn made(&self, name: &str) -> Made {
        let arn = self.arn(name);
        Made { physical_id: name.into(), attributes: BTreeMap::from([("Arn".to_owned(), Value::from(arn))]) }
    }

    fn arn(&self, name: &str) -> String {
        arn::arn("cloudwatch", &self.clients.region, &self.clients.account, &format!("alarm:{name}"))
    }

    fn put(&self, name: &str, properties: &Properties) -> Result<PutMetricAlarmFluentBuilder, CallError> {
        tree::only(properties, &SETTINGS)?;
        let tree = properties.to_value();
        let call = self.clients.cloudwatch.put_metric_alarm().alarm_name(name);
        Ok(call
            .set_actions_enabled(flag(&tree, "ActionsEnabled"))
            .set_alarm_actions(tree::list(&tree, "AlarmActions"))
            .set_alarm_description(text(&tree, "AlarmDescription"))
            .set_comparison_operator(text(&tree, "ComparisonOperator").map(|it| ComparisonOperator::from(it.as_str())))
            .set_datapoints_to_alarm(whole(&tree, "DatapointsToAlarm"))
            .set_dimensions(metric::dimensions(&tree))
            .set_evaluate_low_sample_count_percentile(text(&tree, "EvaluateLowSampleCountPercentile"))
            .set_evaluation_periods(whole(&tree, "EvaluationPeriods"))
            .set_extended_statistic(text(&tree, "ExtendedStatistic"))
            .set_insufficient_data_actions(tree::list(&tree, "InsufficientDataActions"))
            .set_metric_name(text(&tree, "MetricName"))
            .set_metrics(metric::queries(&tree))
            .set_namespace(text(&tree, "Namespace"))
            .set_ok_actions(tree::list(&tree, "OKActions"))
            .set_period(whole(&tree, "Period"))
            .set_statistic(text(&tree, "Statistic").map(|it| Statistic::from(it.as_str())))
            .set_threshold(number(&tree, "Threshold"))
            .set_threshold_metric_id(text(&tree, "ThresholdMetricId"))
            .set_treat_missing_data(text(&tree, "TreatMissingData"))
            .set_unit(text(&tree, "Unit").map(|it| StandardUnit::from(it.as_str()))))
    }

    async fn send(&self, call: PutMetricAlarmFluentBuilder) -> Result<(), CallError> {
        call.send().await.map_err(|error| call_error("cloudwatch", "PutMetricAlarm", error))?;
        Ok(())
    }

    async fn described(&self, name: &str) -> Result<Option<MetricAlarm>, CallError> {
        // One exact name gives at most one alarm: there is no second page.
        let call = self.clients.cloudwatch.describe_alarms().alarm_names(name).alarm_types(AlarmType::MetricAlarm);
        let answer = call.send().await.map_err(|error| call_error("cloudwatch", "DescribeAlarms", error))?;
        Ok(answer.metric_alarms.unwrap_or_default().into_iter().find(|alarm| alarm.alarm_name() == Some(name)))
    }

    async fn tags(&self, name: &str) -> Result<Option<Tags>, CallError> {
        let answer = self.clients.cloudwatch.list_tags_for_resource().resource_arn(self.arn(name)).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error("cloudwatch", "ListTagsForResource", error)))?;
        let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().filter_map(pair).collect()))
    }

    async fn tag(&self, name: &str, change: TagChange) -> Result<(), CallError> {
        let arn = self.arn(name);
        if !change.set.is_empty() {
            let call = self.clients.cloudwatch.tag_resource().resource_arn(&arn).set_tags(Some(tags_of(&change.set)));
            call.send().await.map_err(|error| call_error("cloudwatch", "TagResource", error))?;
        }
        if !change.remove.is_empty() {
            let call = self.clients.cloudwatch.untag_resource().resource_arn(&arn).set_tag_keys(Some(change.remove));
            call.send().await.map_err(|error| call_error("cloudwatch", "UntagResource", error))?;
        }
        Ok(())
    }
}

fn tags_of(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[async_trait]
impl Provider for Alarm {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Succeeds }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let name = existing.physical_id.as_str();
        let (alarm, tags) = tokio::try_join!(self.described(name), self.tags(name))?;
        let (Some(alarm), Some(tags)) = (alarm, tags) else { return Ok(None) };
        let mut properties = observed(&alarm);
        tags::observe_list(&mut properties, &tags);
        let Made { physical_id, attributes } = self.made(name);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = required(creation.properties, "AlarmName")?;
        if self.described(name).await?.is_none() {
            return Ok(Found::Absent);
        }
        let tags = self.tags(name).await?.unwrap_or_default();
        Ok(match tags::ownership(&tags).is(creation.stamp, creation.key) {
            true => Found::Ours(self.made(name)),
            false => Found::Foreign(PhysicalId(name.to_owned())),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let name = required(creation.properties, "AlarmName")?;
        let call = self.put(name, creation.properties)?.set_tags(Some(tags_of(&tags::for_creation(creation)?)));
        self.send(call).await?;
        Ok(self.made(name))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let name = existing.physical_id.as_str();
        let (live, have) = tokio::try_join!(self.described(name), self.tags(name))?;
        let live = live.as_ref().map(observed).unwrap_or_default();
        let settings = SETTINGS.iter().filter(|setting| **setting != "Tags");
        let is_unsettled =
            settings.into_iter().any(|setting| shape::is_unsettled(existing, creation.properties, setting));
        if is_unsettled || !is_as_asked(&live, creation.properties) {
            self.send(self.put(name, creation.properties)?).await?;
        }
        self.tag(name, TagChange::between(&have.unwrap_or_default(), &tags::asked(creation.properties)?)).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let name = existing.physical_id.as_str();
        if SETTINGS.iter().any(|setting| *setting != "Tags" && differs(existing.properties, to, setting)) {
            self.send(self.put(name, to)?).await?;
        }
        self.tag(name, TagChange::of(existing.properties, to)?).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let answer = self.clients.cloudwatch.delete_alarms().alarm_names(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(|error| call_error("cloudwatch", "DeleteAlarms", error)))?;
        Ok(Deletion::Gone)
    }
}

/// Whether an alarm is what is asked for, tags aside.
fn is_as_asked(live: &Properties, asked: &Properties) -> bool {
    let kind = ResourceType::from("AWS::CloudWatch::Alarm");
    let (live, mut asked) = (schema::canonical(&kind, live), schema::canonical(&kind, asked));
    asked.0.remove("Tags");
    tree::covers(&live.to_value(), &said(asked.to_value()))
}

/// An alarm as properties.
fn observed(alarm: &MetricAlarm) -> Properties {
    model::properties(said(json!({
        "ActionsEnabled": alarm.actions_enabled,
        "AlarmActions": alarm.alarm_actions(),
        "AlarmDescription": alarm.alarm_description(),
        "AlarmName": alarm.alarm_name(),
        "ComparisonOperator": alarm.comparison_operator.as_ref().map(ComparisonOperator::as_str),
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "Dimensions": metric::observed_dimensions(alarm.dimensions()),
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile(),
        "EvaluationPeriods": alarm.evaluation_periods,
        "ExtendedStatistic": alarm.extended_statistic(),
        "InsufficientDataActions": alarm.insufficient_data_actions(),
        "MetricName": alarm.metric_name(),
        "Metrics": metric::observed_queries(alarm.metrics()),
        "Namespace": alarm.namespace(),
        "OKActions": alarm.ok_actions(),
        "Period": alarm.period,
        "Statistic": alarm.statistic.as_ref().map(Statistic::as_str),
        "Threshold": alarm.threshold.map(plain_number),
        "ThresholdMetricId": alarm.threshold_metric_id(),
        "TreatMissingData": alarm.treat_missing_data(),
        "Unit": alarm.unit.as_ref().map(StandardUnit::as_str),
    })))
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn an_alarm_is_as_asked_whatever_else_it_says() {
        let alarm = MetricAlarm::builder()
            .alarm_name("a")
            .threshold(5.0)
            .actions_enabled(true)
            .set_alarm_actions(Some(vec!["arn:b".into(), "arn:a".into()]))
            .build();
        let live = observed(&alarm);
        assert_eq!(live.get("Threshold"), Some(&json!(5)));
        let asked = json!({ "AlarmName": "a", "Threshold": 5, "AlarmActions": ["arn:a", "arn:b"], "Tags": [] });
        assert!(is_as_asked(&live, &properties(asked)));
        assert!(!is_as_asked(&live, &properties(json!({ "Threshold": 6 }))));
    }
}
