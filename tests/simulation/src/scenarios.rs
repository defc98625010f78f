//! The deployments that are disturbed at every call: each way to change something, and mixtures of them.

use std::time::Duration;

use serde_json::json;

use crate::scenario::Scenario;
use crate::stack::{Stack, arn, in_a_vpc, to};

/// A queue, a table, a role, an API and what stands on them.
pub fn mixture() -> Stack {
    Stack::new()
        .with("Queue", "AWS::SQS::Queue", json!({ "VisibilityTimeout": 1 }))
        .with("Table", "AWS::DynamoDB::Table", json!({ "BillingMode": "PAY_PER_REQUEST" }))
        .with("Role", "AWS::IAM::Role", json!({ "Policies": arn("Table") }))
        .with("Api", "AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }))
        .with(
            "Integration",
            "AWS::ApiGatewayV2::Integration",
            json!({ "ApiId": to("Api"), "IntegrationUri": arn("Role") }),
        )
}

/// A function with all that stands around it.
fn ten() -> Stack {
    Stack::new()
        .with("Role", "AWS::IAM::Role", json!({ "Policies": [arn("Table"), arn("Queue")] }))
        .with("Table", "AWS::DynamoDB::Table", json!({ "KeySchema": "id" }))
        .with("Queue", "AWS::SQS::Queue", json!({ "QueueName": "jobs" }))
        .with("Topic", "AWS::SNS::Topic", json!({}))
        .with("Log", "AWS::Logs::LogGroup", json!({ "RetentionInDays": 1 }))
        .with("Function", "AWS::Lambda::Function", json!({ "Role": arn("Role"), "Environment": to("Table") }))
        .with("Version", "AWS::Lambda::Version", json!({ "FunctionName": to("Function"), "CodeSha256": "1" }))
        .with(
            "Alias",
            "AWS::Lambda::Alias",
            json!({ "FunctionName": to("Function"), "Name": "live", "Version": to("Version") }),
        )
        .with("Url", "AWS::Lambda::Url", json!({ "TargetFunctionArn": arn("Function"), "Qualifier": "live" }))
        .with("Alarm", "AWS::CloudWatch::Alarm", json!({ "AlarmActions": [to("Topic")] }))
}

/// The same with a name that the user fixed, of which only a part is wanted here.
fn fixed_ten() -> Stack {
    let stack = ["Queue", "Topic", "Alarm", "Log"].into_iter().fold(ten(), Stack::without);
    stack.setting("Role", "Policies", "none").setting("Function", "FunctionName", "fixed")
}

/// Each of them.
pub fn scenarios() -> Vec<Scenario> {
    let fixed = Stack::new()
        .with("Table", "AWS::DynamoDB::Table", json!({ "TableName": "orders", "KeySchema": "id" }))
        .with("Policy", "AWS::IAM::Role", json!({ "Policies": arn("Table") }));
    let topics = Stack::new()
        .with("Topic", "AWS::SNS::Topic", json!({}))
        .with("Subscription", "AWS::SNS::Subscription", json!({ "TopicArn": to("Topic"), "Endpoint": "x" }))
        .with("Kept", "AWS::SSM::Parameter", json!({ "Value": "1" }))
        .retaining("Kept");
    vec![
        Scenario::new("creation", mixture()),
        Scenario::new(
            "update",
            mixture().setting("Queue", "VisibilityTimeout", 2).setting("Table", "BillingMode", "B"),
        )
        .after(mixture()),
        Scenario::new(
            "update that takes away",
            mixture().unsetting("Queue", "VisibilityTimeout").unsetting("Role", "Policies"),
        )
        .after(mixture()),
        Scenario::new("replacement, the new one first", mixture().setting("Api", "ProtocolType", "WEBSOCKET"))
            .after(mixture()),
        Scenario::new("replacement, the old one first", fixed.clone().setting("Table", "KeySchema", "other"))
            .after(fixed),
        Scenario::new(
            "replacement, the old one first, with what stands in it",
            fixed_ten().setting("Function", "PackageType", "Image"),
        )
        .after(fixed_ten()),
        Scenario::new("deletion", mixture().without("Integration").without("Api").without("Queue")).after(mixture()),
        Scenario::new("deferred deletion", Stack::new()).after(in_a_vpc()).lingering(Duration::from_secs(1_800)),
        Scenario::new("creation in a VPC", in_a_vpc()),
        Scenario::new("move", mixture().moving("Queue", "Jobs").moving("Role", "Rights")).after(mixture()),
        Scenario::new("ten resources", ten()),
        Scenario::new(
            "ten resources, all of them changed",
            ten()
                .moving("Topic", "News")
                .setting("Role", "Path", "/other/")
                .setting("Log", "RetentionInDays", 2)
                .setting("Queue", "FifoQueue", true)
                .without("Url")
                .with("Parameter", "AWS::SSM::Parameter", json!({ "Value": arn("Function") })),
        )
        .after(ten()),
        Scenario::new("retention", topics.clone().without("Kept").setting("Topic", "FifoTopic", true)).after(topics),
        Scenario::new(
            "mixture",
            mixture()
                .moving("Table", "Orders")
                .setting("Queue", "FifoQueue", true)
                .without("Integration")
                .setting("Api", "ProtocolType", "WEBSOCKET")
                .with("Topic", "AWS::SNS::Topic", json!({}))
                .with("Alarm", "AWS::CloudWatch::Alarm", json!({ "AlarmActions": [to("Topic")] })),
        )
        .after(mixture()),
    ]
}
