//! Dimensions and metric expressions, between CloudFormation's shape and CloudWatch's.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StandardUnit};
use serde_json::{Value, json};

use crate::tree::{flag, items, said, text, whole};

/// A list of dimensions under `Dimensions`.
pub(super) fn dimensions(tree: &Value) -> Option<Vec<Dimension>> {
    let one = |one: &Value| Dimension::builder().set_name(text(one, "Name")).set_value(text(one, "Value")).build();
    let all: Vec<Dimension> = items(tree, "Dimensions").iter().map(one).collect();
    (!all.is_empty()).then_some(all)
}

pub(super) fn observed_dimensions(dimensions: &[Dimension]) -> Value {
    dimensions.iter().map(|one| json!({ "Name": one.name, "Value": one.value })).collect()
}

/// A list of queries under `Metrics`.
pub(super) fn queries(tree: &Value) -> Option<Vec<MetricDataQuery>> {
    let all: Vec<MetricDataQuery> = items(tree, "Metrics").iter().map(query).collect();
    (!all.is_empty()).then_some(all)
}

fn query(tree: &Value) -> MetricDataQuery {
    let stat = tree.get("MetricStat").map(|stat| {
        let metric = stat.get("Metric").map(|metric| {
            Metric::builder()
                .set_namespace(text(metric, "Namespace"))
                .set_metric_name(text(metric, "MetricName"))
                .set_dimensions(dimensions(metric))
                .build()
        });
        MetricStat::builder()
            .set_metric(metric)
            .set_period(whole(stat, "Period"))
            .set_stat(text(stat, "Stat"))
            .set_unit(text(stat, "Unit").map(|unit| StandardUnit::from(unit.as_str())))
            .build()
    });
    MetricDataQuery::builder()
        .set_id(text(tree, "Id"))
        .set_expression(text(tree, "Expression"))
        .set_label(text(tree, "Label"))
        .set_return_data(flag(tree, "ReturnData"))
        .set_period(whole(tree, "Period"))
        .set_account_id(text(tree, "AccountId"))
        .set_metric_stat(stat)
        .build()
}

pub(super) fn observed_queries(queries: &[MetricDataQuery]) -> Value {
    said(queries.iter().map(observed_query).collect())
}

fn observed_query(query: &MetricDataQuery) -> Value {
    let stat = query.metric_stat.as_ref().map(|stat| {
        let metric = stat.metric.as_ref().map(|metric| {
            json!({
                "Namespace": metric.namespace,
                "MetricName": metric.metric_name,
                "Dimensions": observed_dimensions(metric.dimensions()),
            })
        });
        json!({
            "Metric": metric,
            "Period": stat.period,
            "Stat": stat.stat,
            "Unit": stat.unit.as_ref().map(StandardUnit::as_str),
        })
    });
    json!({
        "Id": query.id,
        "Expression": query.expression,
        "Label": query.label,
        "ReturnData": query.return_data,
        "Period": query.period,
        "AccountId": query.account_id,
        "MetricStat": stat,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_reads_back_as_it_was_asked_for() {
        let given = json!([
            { "Id": "rate", "Expression": "100 * errors / calls", "Label": "errors", "ReturnData": true },
            { "Id": "errors", "ReturnData": false, "MetricStat": {
                "Metric": { "Namespace": "AWS/Lambda", "MetricName": "Errors",
                    "Dimensions": [{ "Name": "FunctionName", "Value": "f" }] },
                "Period": 300, "Stat": "Sum" } },
        ]);
        assert_eq!(observed_queries(&queries(&json!({ "Metrics": given })).unwrap()), given);
        assert!(queries(&json!({})).is_none());
    }
}
