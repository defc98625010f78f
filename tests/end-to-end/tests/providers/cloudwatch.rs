//! Alarms.

use model::properties;
use serde_json::json;

use crate::support::{Change, Life, Stage, tag_list};

fn alarm(threshold: f64, actions: &[&str], tags: &[(&str, &str)]) -> model::Properties {
    let threshold = if threshold.fract() == 0.0 { json!(threshold as i64) } else { json!(threshold) };
    let mut alarm = properties(json!({
        "AlarmDescription": "orders fail",
        "AlarmName": "shop-dev-orders-errors",
        "ComparisonOperator": "GreaterThanThreshold",
        "DatapointsToAlarm": 1,
        "Dimensions": [{ "Name": "FunctionName", "Value": "shop-dev-orders" }],
        "EvaluationPeriods": 1,
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Period": 300,
        "Statistic": "Sum",
        "Tags": tag_list(tags),
        "Threshold": threshold,
        "TreatMissingData": "notBreaching",
    }));
    if !actions.is_empty() {
        alarm.set("AlarmActions", json!(actions));
        alarm.set("OKActions", json!(actions));
    }
    alarm
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
