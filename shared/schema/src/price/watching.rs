//! Alarms and logs.

use model::{Properties, Usd};
use serde_json::Value;

use super::say::{Answer, by_use, charge, number, standing, text, unclear};
use super::sources::CLOUDWATCH;

const METRIC: Usd = Usd(100_000);
const METRIC_IN_HIGH_RESOLUTION: Usd = Usd(300_000);
const COMPOSITE: Usd = Usd(500_000);
/// Periods below this make an alarm one of high resolution, in seconds.
const MINUTE: i64 = 60;
/// An alarm on anomalies watches its metric and both edges of the expected band.
const OF_AN_ANOMALY: i64 = 3;

pub(super) fn alarm(properties: &Properties) -> Answer {
    let (metrics, period) = watched(properties)?;
    let each = if period < MINUTE { METRIC_IN_HIGH_RESOLUTION } else { METRIC };
    Ok(standing(each.times(metrics), Vec::new(), CLOUDWATCH))
}

pub(super) fn composite(_: &Properties) -> Answer {
    Ok(standing(COMPOSITE, Vec::new(), CLOUDWATCH))
}

/// How many metrics an alarm watches, and the shortest of their periods in seconds.
fn watched(properties: &Properties) -> Result<(i64, i64), String> {
    let Some(metrics) = properties.get("Metrics") else {
        return match properties.get("MetricName") {
            Some(_) => Ok((1, number(&properties.to_value(), "Period")?)),
            None => Err(unclear("MetricName")),
        };
    };
    let metrics = metrics.as_array().ok_or_else(|| unclear("Metrics"))?;
    if metrics.iter().any(is_query) {
        return Err("it asks for metrics by a query, and each that is found is charged".to_owned());
    }
    let periods = metrics.iter().filter_map(|one| one.get("MetricStat")).map(|stat| number(stat, "Period"));
    let periods = periods.collect::<Result<Vec<_>, _>>()?;
    let shortest = periods.iter().min().copied().ok_or_else(|| unclear("Metrics"))?;
    let count = i64::try_from(periods.len()).unwrap_or(i64::MAX);
    match properties.get("ThresholdMetricId") {
        None => Ok((count, shortest)),
        Some(_) if count == 1 => Ok((OF_AN_ANOMALY, shortest)),
        Some(_) => Err("what anomalies of several metrics cost is not known".to_owned()),
    }
}

/// Whether a metric is a query of Metrics Insights.
fn is_query(metric: &Value) -> bool {
    let expression = metric.get("Expression").and_then(Value::as_str).unwrap_or_default();
    expression.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("select"))
}

pub(super) fn log_group(properties: &Properties) -> Answer {
    let ingested = match text(properties, "LogGroupClass", "STANDARD")? {
        "STANDARD" => Usd(500_000),
        "INFREQUENT_ACCESS" => Usd(250_000),
        other => return Err(format!("the prices of the log class `{other}` are not known")),
    };
    let stored = charge(Usd(30_000), 1, "GB stored for a month, compressed");
    Ok(by_use(vec![charge(ingested, 1, "GB taken in"), stored], CLOUDWATCH))
}
