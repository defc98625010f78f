//! Alarms: those of an agent in its stack, those of what is shared in `shared`; all tell one topic.

use model::expression::{attribute, reference};
use model::{ResourceAddress, properties};
use serde_json::{Value, json};

use super::tags::Scope;
use super::{Expansion, api, container, resource_address, rest_api, shared, shared_address};
use crate::config::{Agent, ApiKind, Container, Kind, Lambda};

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
    dimensions: Vec<(&'a str, Value)>,
    threshold: u32,
}

impl Alarm<'_> {
    fn put(self, expansion: &mut Expansion<'_>, address: ResourceAddress, tags: Value) {
        let dimension = |(name, value): (&str, Value)| json!({ "Name": name, "Value": value });
        let made = json!({
            "AlarmActions": [reference(&topic())],
            "AlarmDescription": self.description,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Dimensions": self.dimensions.into_iter().map(dimension).collect::<Value>(),
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
        dimensions: vec![("QueueName", attribute(queue, "QueueName"))],
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
            dimensions: vec![dimension],
            threshold,
        };
        alarm.put(expansion, shared_address("ApiErrorsAlarm"), tags.clone());
    }
    if let Some(threshold) = alarms.table_throttles {
        for name in environment.shared.tables.keys() {
            let table = resource_address(Kind::Table, name);
            for (word, metric) in [("read", "ReadThrottleEvents"), ("write", "WriteThrottleEvents")] {
                let alarm = Alarm {
                    description: format!("DynamoDB throttles what would {word} table `{name}`"),
                    namespace: "AWS/DynamoDB",
                    metric,
                    statistic: "Sum",
                    dimensions: vec![("TableName", reference(&table))],
                    threshold,
                };
                let at = shared_address(format!("{}{}Alarm", table.logical_id, metric.trim_end_matches("Events")));
                alarm.put(expansion, at, tags.clone());
            }
        }
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
    let first = ResourceAddress::new(agent.name.value.as_str(), "");
    let own = expansion.resources.range(first..).take_while(|(address, _)| address.stack == agent.name.value);
    let alarms = own.filter(|(_, resource)| resource.kind.as_str() == "AWS::CloudWatch::Alarm");
    alarms.map(|(address, _)| address.clone()).collect()
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
            dimensions: vec![("FunctionName", reference(function))],
            threshold,
        };
        alarm.put(expansion, at(logical_id), scope.list());
    }
    if let (Some(threshold), Some(queue)) = (alarms.dlq_depth, letters) {
        dead_letters(&format!("agent `{name}`"), queue, threshold).put(expansion, at("DeadLettersAlarm"), scope.list());
    }
}

/// The alarms of one service of containers.
pub(super) fn add_service(expansion: &mut Expansion<'_>, agent: &Agent, service: &Container, scope: &Scope) {
    let Some(alarms) = expansion.environment.shared.monitoring.alarms.clone() else { return };
    let name = &agent.name.value;
    let at = |logical_id: &str| ResourceAddress::new(name.as_str(), logical_id);
    let of_service =
        vec![("ClusterName", reference(&container::cluster())), ("ServiceName", attribute(&at("Service"), "Name"))];
    let of_targets = vec![
        ("LoadBalancer", attribute(&at("LoadBalancer"), "LoadBalancerFullName")),
        ("TargetGroup", attribute(&at("TargetGroup"), "TargetGroupFullName")),
    ];
    let unhealthy = alarms.unhealthy_containers.filter(|_| service.public.is_some());
    let (ecs, elb) = ("AWS/ECS", "AWS/ApplicationELB");
    let rows = [
        ("CpuAlarm", ecs, "CPUUtilization", "Average", &of_service, alarms.cpu_percent, "uses much of its processors"),
        (
            "MemoryAlarm",
            ecs,
            "MemoryUtilization",
            "Average",
            &of_service,
            alarms.memory_percent,
            "uses much of its memory",
        ),
        (
            "UnhealthyAlarm",
            elb,
            "UnHealthyHostCount",
            "Maximum",
            &of_targets,
            unhealthy,
            "has containers that are not well",
        ),
    ];
    for (logical_id, namespace, metric, statistic, dimensions, threshold, what) in rows {
        let Some(threshold) = threshold else { continue };
        let description = format!("agent `{name}` {what}");
        let alarm = Alarm { description, namespace, metric, statistic, dimensions: dimensions.clone(), threshold };
        alarm.put(expansion, at(logical_id), scope.list());
    }
}
