//! Alarms: those of an agent in its stack, those of what is shared in `shared`; all tell one topic.

use model::expression::reference;
use model::{ResourceAddress, properties};
use serde_json::{Value, json};

use super::tags::Scope;
use super::{Expansion, api, rest_api, shared, shared_address};
use crate::config::{Agent, ApiKind, Lambda};

/// The topic that alarms tell.
fn topic() -> ResourceAddress {
    shared_address("AlarmNotifications")
}

/// One alarm over five minutes; silence is well-being.
struct Alarm<'a> {
    description: String,
    namespace: &'a str,
    metric: &'a str,
    statistic: &'a str,
    dimension: (&'a str, Value),
    threshold: u32,
}

impl Alarm<'_> {
    fn put(self, expansion: &mut Expansion<'_>, address: ResourceAddress, tags: Value) {
        let (name, value) = self.dimension;
        let made = json!({
            "AlarmActions": [reference(&topic())],
            "AlarmDescription": self.description,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Dimensions": [{ "Name": name, "Value": value }],
            "EvaluationPeriods": 1,
            "MetricName": self.metric,
            "Namespace": self.namespace,
            "OKActions": [reference(&topic())],
            "Period": 300,
            "Statistic": self.statistic,
            "Tags": tags,
            "Threshold": self.threshold,
            "TreatMissingData": "notBreaching",
        });
        expansion.put(address, "AWS::CloudWatch::Alarm", properties(made));
    }
}

fn dead_letters<'a>(what: &str, queue: &ResourceAddress, threshold: u32) -> Alarm<'a> {
    // A queue's name is an attribute; its physical id is its URL.
    Alarm {
        description: format!("messages wait in the dead letters of {what}"),
        namespace: "AWS/SQS",
        metric: "ApproximateNumberOfMessagesVisible",
        statistic: "Maximum",
        dimension: ("QueueName", model::expression::attribute(queue, "QueueName")),
        threshold,
    }
}

/// The topic, and the alarms of what is shared.
pub(super) fn add_shared(expansion: &mut Expansion<'_>) {
    let environment = expansion.environment;
    let Some(alarms) = &environment.shared.monitoring.alarms else { return };
    expansion.asked_at = None;
    shared::topic(expansion, &topic(), &alarms.emails);
    let tags = expansion.scope.list();
    if let (Some(threshold), Some(api)) = (alarms.api_5xx, &environment.shared.api_gateway) {
        let (metric, dimension) = match api.kind {
            ApiKind::Http => ("5xx", ("ApiId", reference(&api::address()))),
            ApiKind::Rest { .. } => ("5XXError", ("ApiName", json!(rest_api::name(expansion)))),
        };
        let alarm = Alarm {
            description: "the API answers with server errors".to_owned(),
            namespace: "AWS/ApiGateway",
            metric,
            statistic: "Sum",
            dimension,
            threshold,
        };
        alarm.put(expansion, shared_address("ApiErrorsAlarm"), tags.clone());
    }
    let Some(threshold) = alarms.dlq_depth else { return };
    for name in environment.shared.queues.iter().filter(|(_, queue)| queue.receives.is_some()).map(|(name, _)| name) {
        let queue = shared::dead_letters(name);
        let address = shared_address(format!("{}Alarm", queue.logical_id));
        dead_letters(&format!("queue `{name}`"), &queue, threshold).put(expansion, address, tags.clone());
    }
}

/// Where the alarms of one agent stand, once they are there.
pub(super) fn of_agent(expansion: &Expansion<'_>, agent: &Agent) -> Vec<ResourceAddress> {
    let is_own = |(address, resource): &(&ResourceAddress, &model::DesiredResource)| {
        address.stack == agent.name.value && resource.kind.as_str() == "AWS::CloudWatch::Alarm"
    };
    expansion.resources.iter().filter(is_own).map(|(address, _)| address.clone()).collect()
}

/// The alarms of one agent.
pub(super) fn add_agent(
    expansion: &mut Expansion<'_>,
    agent: &Agent,
    lambda: &Lambda,
    scope: &Scope,
    function: &ResourceAddress,
    letters: Option<&ResourceAddress>,
) {
    let Some(alarms) = expansion.environment.shared.monitoring.alarms.clone() else { return };
    let name = &agent.name.value;
    let at = |logical_id: &str| ResourceAddress::new(name.as_str(), logical_id);
    // Milliseconds: a percentage of a timeout in seconds, times ten.
    let longest = alarms.duration_percent.map(|percent| lambda.timeout * percent * 10);
    let of_function = [
        ("ErrorsAlarm", "Errors", "Sum", alarms.errors, "fails"),
        ("ThrottlesAlarm", "Throttles", "Sum", alarms.throttles, "is throttled"),
        ("DurationAlarm", "Duration", "Maximum", longest, "comes near its timeout"),
    ];
    for (logical_id, metric, statistic, threshold, what) in of_function {
        let Some(threshold) = threshold else { continue };
        let alarm = Alarm {
            description: format!("agent `{name}` {what}"),
            namespace: "AWS/Lambda",
            metric,
            statistic,
            dimension: ("FunctionName", reference(function)),
            threshold,
        };
        alarm.put(expansion, at(logical_id), scope.list());
    }
    if let (Some(threshold), Some(queue)) = (alarms.dlq_depth, letters) {
        dead_letters(&format!("agent `{name}`"), queue, threshold).put(expansion, at("DeadLettersAlarm"), scope.list());
    }
}
