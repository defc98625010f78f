//! Alarms.

use model::properties;
use serde_json::json;

use crate::support::{Change, Life, Stage, tag_list};

fn alarm(threshold: f64, actions: &[&str], tags: &[(&str, &str)]) -> model::Properties {
    let threshold = if threshold.fract() == 0.0 { json!(threshold as i64) } else { json!(threshold) };
    properties(json!({
        "AlarmActions": actions,
        "AlarmDescription": "orders fail",
        "AlarmName": "shop-dev-orders-errors",
        "ComparisonOperator": "GreaterThanThreshold",
        "DatapointsToAlarm": 1,
        "Dimensions": [{ "Name": "FunctionName", "Value": "shop-dev-orders" }],
        "EvaluationPeriods": 1,
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "OKActions": actions,
        "Period": 300,
        "Statistic": "Sum",
        "Tags": tag_list(tags),
        "Threshold": threshold,
        "TreatMissingData": "notBreaching",
    }))
}

#[tokio::test]
async fn an_alarm_is_led_through_its_life() {
    let stage = Stage::start().await;
    let topic = "arn:aws:sns:us-east-1:000000000000:shop-dev-alerts";
    let life = Life {
        kind: "AWS::CloudWatch::Alarm",
        key: "shared/OrdersErrors@1",
        asked: alarm(5.0, &[topic], &[("team", "a")]),
        unseen: &[],
        calls: &["PutMetricAlarm"],
        changes: vec![
            Change { to: alarm(0.5, &[topic], &[("team", "a")]), calls: &["PutMetricAlarm"] },
            Change { to: alarm(0.5, &[], &[("team", "a")]), calls: &["PutMetricAlarm"] },
            Change { to: alarm(0.5, &[], &[("cost", "b")]), calls: &["TagResource", "UntagResource"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn an_alarm_of_an_expression_is_led_through_its_life() {
    let stage = Stage::start().await;
    let alarm = |percent: u32| {
        let metric = |id: &str, name: &str| {
            json!({ "Id": id, "ReturnData": false, "MetricStat": {
                "Metric": { "Namespace": "AWS/Lambda", "MetricName": name,
                    "Dimensions": [{ "Name": "FunctionName", "Value": "shop-dev-orders" }] },
                "Period": 300, "Stat": "Sum" } })
        };
        properties(json!({
            "AlarmName": "shop-dev-orders-rate",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Metrics": [
                { "Id": "rate", "Expression": "100 * errors / calls", "ReturnData": true },
                metric("errors", "Errors"),
                metric("calls", "Invocations"),
            ],
            "Tags": tag_list(&[]),
            "Threshold": percent,
        }))
    };
    let life = Life {
        kind: "AWS::CloudWatch::Alarm",
        key: "shared/OrdersRate@1",
        asked: alarm(5),
        unseen: &[],
        calls: &["PutMetricAlarm"],
        changes: vec![Change { to: alarm(10), calls: &["PutMetricAlarm"] }],
    };
    stage.lead(&life).await;
}
