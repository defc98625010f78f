//! What wakes an agent that is a function: what leads to it, and what its role must allow for it.

use model::expression::{attribute, reference};
use model::{Digest, ResourceAddress, properties};
use serde_json::{Value, json};

use super::agent::Callee;
use super::policy::allow;
use super::tags::Scope;
use super::{Expansion, pascal, resource_address};
use crate::config::{Event, EventSource, Kind, Lambda, ObjectEvent};

/// What Lambda must be allowed with the function's role to read from these sources.
pub(super) fn needs(lambda: &Lambda) -> Vec<Value> {
    let need = |event: &Event| match &event.source {
        EventSource::Queue { name, .. } => {
            let actions = vec![
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ];
            Some(allow(actions, attribute(&resource_address(Kind::Queue, name), "Arn")))
        }
        EventSource::Table { name, .. } => {
            let actions = vec![
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ];
            Some(allow(actions, attribute(&resource_address(Kind::Table, name), "StreamArn")))
        }
        EventSource::Topic { .. }
        | EventSource::Bucket { .. }
        | EventSource::Schedule { .. }
        | EventSource::Pattern { .. } => None,
    };
    lambda.events.iter().filter_map(need).collect()
}

/// Leads the agent's events to it.
pub(super) fn add(expansion: &mut Expansion<'_>, stack: &str, lambda: &Lambda, callee: &Callee, scope: &Scope) {
    for event in &lambda.events {
        match &event.source {
            EventSource::Queue { name, batch, window, concurrency } => {
                let mut made = properties(json!({
                    "BatchSize": batch,
                    "EventSourceArn": attribute(&resource_address(Kind::Queue, name), "Arn"),
                    "FunctionName": callee.name,
                    // What fails goes back alone where the agent says which it was; where it says nothing, the batch does.
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "Tags": scope.list(),
                }));
                if *window > 0 {
                    made.set("MaximumBatchingWindowInSeconds", *window);
                }
                if let Some(most) = concurrency {
                    made.set("ScalingConfig", json!({ "MaximumConcurrency": most }));
                }
                let at = ResourceAddress::new(stack, format!("{}QueueEvents", pascal(name)));
                expansion.put(at, "AWS::Lambda::EventSourceMapping", made);
            }
            EventSource::Table { name, batch } => {
                let made = json!({
                    "BatchSize": batch,
                    "BisectBatchOnFunctionError": true,
                    "EventSourceArn": attribute(&resource_address(Kind::Table, name), "StreamArn"),
                    "FunctionName": callee.name,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    // One change that always fails would otherwise hold up those after it for a day.
                    "MaximumRetryAttempts": 10,
                    "StartingPosition": "LATEST",
                    "Tags": scope.list(),
                });
                let at = ResourceAddress::new(stack, format!("{}TableEvents", pascal(name)));
                expansion.put(at, "AWS::Lambda::EventSourceMapping", properties(made));
            }
            EventSource::Topic { name, filter } => topic(expansion, stack, name, filter.as_ref(), callee),
            EventSource::Bucket { name, on, prefix } => {
                let kind = match on {
                    ObjectEvent::Created => "Object Created",
                    ObjectEvent::Deleted => "Object Deleted",
                };
                let bucket = reference(&resource_address(Kind::Bucket, name));
                let mut detail = json!({ "bucket": { "name": [bucket] } });
                if let (Some(prefix), Some(detail)) = (prefix, detail.as_object_mut()) {
                    detail.insert("object".to_owned(), json!({ "key": [{ "prefix": prefix }] }));
                }
                let pattern = json!({ "detail": detail, "detail-type": [kind], "source": ["aws.s3"] });
                let made = json!({ "EventPattern": pattern });
                rule(expansion, stack, &format!("{}BucketEvents", pascal(name)), made, None, callee, scope);
            }
            EventSource::Schedule { expression, payload } => {
                let made = json!({ "ScheduleExpression": expression });
                rule(expansion, stack, "Schedule", made, payload.as_ref(), callee, scope);
            }
            EventSource::Pattern { pattern, bus } => {
                let mut made = json!({ "EventPattern": pattern });
                if let (Some(bus), Some(made)) = (bus, made.as_object_mut()) {
                    made.insert("EventBusName".to_owned(), json!(bus));
                }
                rule(expansion, stack, "BusEvents", made, None, callee, scope);
            }
        }
    }
}

fn topic(expansion: &mut Expansion<'_>, stack: &str, name: &str, filter: Option<&Value>, callee: &Callee) {
    let topic = reference(&resource_address(Kind::Topic, name));
    let at = |what: &str| ResourceAddress::new(stack, format!("{}Topic{what}", pascal(name)));
    let made = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": callee.name,
        "Principal": "sns.amazonaws.com",
        "SourceArn": topic,
    });
    expansion.put(at("Permission"), "AWS::Lambda::Permission", properties(made));
    let mut made = properties(json!({ "Endpoint": callee.arn, "Protocol": "lambda", "TopicArn": topic }));
    if let Some(filter) = filter {
        made.set("FilterPolicy", filter.clone());
    }
    expansion.put(at("Events"), "AWS::SNS::Subscription", made);
}

/// A rule of EventBridge that calls the agent. Of several that are for the same, each is told apart by what it says.
fn rule(
    expansion: &mut Expansion<'_>,
    stack: &str,
    what: &str,
    made: Value,
    input: Option<&Value>,
    callee: &Callee,
    scope: &Scope,
) {
    let text = json!({ "rule": made, "input": input }).to_string();
    let name = format!("{what}{}", Digest::of(text.as_bytes()).short(6));
    let mut target = json!({ "Arn": callee.arn, "Id": "agent" });
    if let (Some(input), Some(target)) = (input, target.as_object_mut()) {
        target.insert("Input".to_owned(), json!(input.to_string()));
    }
    let rule = ResourceAddress::new(stack, name.as_str());
    let made = properties(made).with("State", "ENABLED").with("Tags", scope.list()).with("Targets", json!([target]));
    expansion.put(rule.clone(), "AWS::Events::Rule", made);
    let made = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": callee.name,
        "Principal": "events.amazonaws.com",
        "SourceArn": attribute(&rule, "Arn"),
    });
    let at = ResourceAddress::new(stack, format!("{name}Permission"));
    expansion.put(at, "AWS::Lambda::Permission", properties(made));
}
