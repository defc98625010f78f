//! The four stacks that the published figures of others are for.

use model::Reach;
use serde_json::{Value, json};

use super::builder::{Builder, by_arn, by_id, plain};
use super::{Stack, StackError};

const READY: Reach = Reach::Ready;
const IDENTIFIED: Reach = Reach::Identified;

/// The types of the independent resources, each with what names begin with.
pub(super) const SIX: [[&str; 2]; 6] = [
    ["Bucket", "AWS::S3::Bucket"],
    ["Table", "AWS::DynamoDB::Table"],
    ["Queue", "AWS::SQS::Queue"],
    ["Topic", "AWS::SNS::Topic"],
    ["Parameter", "AWS::SSM::Parameter"],
    ["LogGroup", "AWS::Logs::LogGroup"],
];

/// The least that one of the six must say.
pub(super) fn of_six(kind: &str) -> Value {
    match kind {
        "AWS::DynamoDB::Table" => table(),
        "AWS::SSM::Parameter" => json!({ "Type": "String", "Value": "1" }),
        "AWS::Logs::LogGroup" => json!({ "RetentionInDays": 14 }),
        _ => plain(),
    }
}

/// 48 independent resources: eight each of six types.
///
/// # Errors
/// [`StackError`] where the planner refuses it.
pub fn forty_eight() -> Result<Stack, StackError> {
    let mut stack = Builder::new();
    for number in 1..=8 {
        for [name, kind] in SIX {
            stack.add(&format!("{name}{number}"), kind, of_six(kind), &[]);
        }
    }
    stack.planned("48 independent")
}

/// Three functions, an HTTP API, a table, a topic, a queue, a rule.
pub fn serverless() -> Stack {
    let mut stack = Builder::new();
    stack.add("Table", "AWS::DynamoDB::Table", table(), &[]);
    stack.add("Topic", "AWS::SNS::Topic", plain(), &[]);
    stack.add("Queue", "AWS::SQS::Queue", plain(), &[]);
    for name in ["Api", "Worker", "Notifier"] {
        function(&mut stack, name, &[]);
    }
    http_api(&mut stack, "Api");
    let subscription = json!({ "TopicArn": by_id("Topic"), "Protocol": "sqs", "Endpoint": by_arn("Queue") });
    stack.add("Subscription", "AWS::SNS::Subscription", subscription, &["Topic", "Queue"]);
    let mapping = json!({ "EventSourceArn": by_arn("Queue"), "FunctionName": by_id("WorkerFunction") });
    stack.add("Mapping", "AWS::Lambda::EventSourceMapping", mapping, &["Queue", "WorkerFunction"]);
    let rule =
        json!({ "ScheduleExpression": "rate(1 hour)", "Targets": [{ "Arn": by_arn("NotifierFunction"), "Id": "1" }] });
    stack.add("Rule", "AWS::Events::Rule", rule, &["NotifierFunction"]);
    let permission = permission("NotifierFunction", "events.amazonaws.com", &by_arn("Rule"));
    stack.add_reaching(
        "RulePermission",
        "AWS::Lambda::Permission",
        permission,
        &[("NotifierFunction", READY), ("Rule", IDENTIFIED)],
    );
    stack.by_hand("serverless")
}

/// A VPC with a NAT gateway and subnets, a table, a queue, a bucket, two functions, an HTTP API.
pub fn network() -> Stack {
    let mut stack = Builder::new();
    vpc(&mut stack, 1);
    stack.add("Address", "AWS::EC2::EIP", json!({ "Domain": "vpc" }), &["Attachment"]);
    let gateway = json!({ "AllocationId": by_id("Address"), "SubnetId": by_id("Public1") });
    stack.add("Nat", "AWS::EC2::NatGateway", gateway, &["Address", "Public1", "Attachment"]);
    stack.add("Private1", "AWS::EC2::Subnet", json!({ "VpcId": by_id("Vpc"), "CidrBlock": "10.0.128.0/24" }), &["Vpc"]);
    stack.add("PrivateRoutes", "AWS::EC2::RouteTable", json!({ "VpcId": by_id("Vpc") }), &["Vpc"]);
    let route = json!({ "RouteTableId": by_id("PrivateRoutes"), "NatGatewayId": by_id("Nat") });
    stack.add("PrivateRoute", "AWS::EC2::Route", route, &["PrivateRoutes", "Nat"]);
    let association = json!({ "RouteTableId": by_id("PrivateRoutes"), "SubnetId": by_id("Private1") });
    stack.add(
        "PrivateAssociation",
        "AWS::EC2::SubnetRouteTableAssociation",
        association,
        &["PrivateRoutes", "Private1"],
    );
    let group = json!({ "GroupDescription": "functions", "VpcId": by_id("Vpc") });
    stack.add("Group", "AWS::EC2::SecurityGroup", group, &["Vpc"]);
    stack.add("Table", "AWS::DynamoDB::Table", table(), &[]);
    stack.add("Queue", "AWS::SQS::Queue", plain(), &[]);
    stack.add("Bucket", "AWS::S3::Bucket", plain(), &[]);
    for name in ["Api", "Worker"] {
        function(&mut stack, name, &["Private1", "Group"]);
    }
    http_api(&mut stack, "Api");
    stack.by_hand("VPC, NAT, functions")
}

/// A VPC over two zones, a Fargate cluster with a task and a service, a load balancer.
pub fn services() -> Stack {
    let mut stack = Builder::new();
    vpc(&mut stack, 2);
    for name in ["Balancers", "Tasks"] {
        let group = json!({ "GroupDescription": name, "VpcId": by_id("Vpc") });
        stack.add(&format!("{name}Group"), "AWS::EC2::SecurityGroup", group, &["Vpc"]);
    }
    stack.add("ExecutionRole", "AWS::IAM::Role", role("ecs-tasks.amazonaws.com"), &[]);
    stack.add("TaskRole", "AWS::IAM::Role", role("ecs-tasks.amazonaws.com"), &[]);
    stack.add("LogGroup", "AWS::Logs::LogGroup", json!({ "RetentionInDays": 14 }), &[]);
    stack.add("Cluster", "AWS::ECS::Cluster", plain(), &[]);
    let task = json!({
        "ExecutionRoleArn": by_arn("ExecutionRole"),
        "TaskRoleArn": by_arn("TaskRole"),
        "LogGroup": by_id("LogGroup"),
    });
    // A definition only names its roles and its logs; the tasks use them.
    let named = [("ExecutionRole", IDENTIFIED), ("TaskRole", IDENTIFIED), ("LogGroup", IDENTIFIED)];
    stack.add_reaching("Task", "AWS::ECS::TaskDefinition", task, &named);
    let balancer =
        json!({ "Subnets": [by_id("Public1"), by_id("Public2")], "SecurityGroups": [by_id("BalancersGroup")] });
    stack.add(
        "Balancer",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        balancer,
        &["Public1", "Public2", "BalancersGroup", "Attachment"],
    );
    let targets = json!({ "VpcId": by_id("Vpc"), "TargetType": "ip" });
    stack.add("Targets", "AWS::ElasticLoadBalancingV2::TargetGroup", targets, &["Vpc"]);
    let listener = json!({ "LoadBalancerArn": by_id("Balancer"), "TargetGroupArn": by_id("Targets") });
    // A load balancer takes listeners while it is still being provisioned.
    let needs = [("Balancer", IDENTIFIED), ("Targets", READY)];
    stack.add_reaching("Listener", "AWS::ElasticLoadBalancingV2::Listener", listener, &needs);
    let service = json!({
        "Cluster": by_id("Cluster"),
        "TaskDefinition": by_id("Task"),
        "Subnets": [by_id("Public1"), by_id("Public2")],
        "SecurityGroups": [by_id("TasksGroup")],
        "TargetGroupArn": by_id("Targets"),
    });
    let needs = [
        ("Cluster", READY),
        ("Task", READY),
        ("ExecutionRole", READY),
        ("TaskRole", READY),
        ("LogGroup", READY),
        ("Public1", READY),
        ("Public2", READY),
        ("TasksGroup", READY),
        ("Targets", READY),
        ("Listener", READY),
        ("PublicRoute", READY),
    ];
    stack.add_reaching("Service", "AWS::ECS::Service", service, &needs);
    stack.by_hand("VPC, Fargate, ALB")
}

/// A VPC with an internet gateway and a public subnet in each of `zones` zones.
fn vpc(stack: &mut Builder, zones: usize) {
    stack.add("Vpc", "AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16" }), &[]);
    stack.add("Gateway", "AWS::EC2::InternetGateway", plain(), &[]);
    let attachment = json!({ "VpcId": by_id("Vpc"), "InternetGatewayId": by_id("Gateway") });
    stack.add("Attachment", "AWS::EC2::VPCGatewayAttachment", attachment, &["Vpc", "Gateway"]);
    stack.add("PublicRoutes", "AWS::EC2::RouteTable", json!({ "VpcId": by_id("Vpc") }), &["Vpc"]);
    let route = json!({ "RouteTableId": by_id("PublicRoutes"), "GatewayId": by_id("Gateway") });
    stack.add("PublicRoute", "AWS::EC2::Route", route, &["PublicRoutes", "Gateway", "Attachment"]);
    for zone in 1..=zones {
        let subnet = format!("Public{zone}");
        let of = json!({ "VpcId": by_id("Vpc"), "CidrBlock": format!("10.0.{zone}.0/24") });
        stack.add(&subnet, "AWS::EC2::Subnet", of, &["Vpc"]);
        let association = json!({ "RouteTableId": by_id("PublicRoutes"), "SubnetId": by_id(&subnet) });
        let name = format!("PublicAssociation{zone}");
        stack.add(&name, "AWS::EC2::SubnetRouteTableAssociation", association, &["PublicRoutes", &subnet]);
    }
}

/// A function with its role and its logs.
fn function(stack: &mut Builder, name: &str, needs: &[&str]) {
    let at = |what: &str| format!("{name}{what}");
    stack.add(&at("Role"), "AWS::IAM::Role", role("lambda.amazonaws.com"), &[]);
    stack.add(&at("Logs"), "AWS::Logs::LogGroup", json!({ "RetentionInDays": 14 }), &[]);
    let function = json!({
        "Role": by_arn(&at("Role")),
        "LoggingConfig": { "LogGroup": by_id(&at("Logs")) },
        "Handler": "handler.handle",
        "Runtime": "python3.12",
    });
    let (role, logs) = (at("Role"), at("Logs"));
    let needs: Vec<&str> = [role.as_str(), logs.as_str()].into_iter().chain(needs.iter().copied()).collect();
    stack.add(&at("Function"), "AWS::Lambda::Function", function, &needs);
}

/// An HTTP API before the function of `name`.
fn http_api(stack: &mut Builder, name: &str) {
    let function = format!("{name}Function");
    stack.add("HttpApi", "AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }), &[]);
    let stage = json!({ "ApiId": by_id("HttpApi"), "StageName": "$default", "AutoDeploy": true });
    stack.add("Stage", "AWS::ApiGatewayV2::Stage", stage, &["HttpApi"]);
    let integration = json!({ "ApiId": by_id("HttpApi"), "IntegrationUri": by_arn(&function) });
    let needs = [("HttpApi", READY), (function.as_str(), IDENTIFIED)];
    stack.add_reaching("Integration", "AWS::ApiGatewayV2::Integration", integration, &needs);
    let route = json!({ "ApiId": by_id("HttpApi"), "RouteKey": "$default", "Target": by_id("Integration") });
    stack.add("Route", "AWS::ApiGatewayV2::Route", route, &["HttpApi", "Integration"]);
    let permission = permission(&function, "apigateway.amazonaws.com", &by_id("HttpApi"));
    let needs = [(function.as_str(), READY), ("HttpApi", IDENTIFIED)];
    stack.add_reaching("ApiPermission", "AWS::Lambda::Permission", permission, &needs);
}

fn permission(function: &str, principal: &str, source: &Value) -> Value {
    json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": by_id(function),
        "Principal": principal,
        "SourceArn": source,
    })
}

pub(super) fn role(service: &str) -> Value {
    json!({ "AssumeRolePolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }],
    }})
}

pub(super) fn table() -> Value {
    json!({
        "AttributeDefinitions": [{ "AttributeName": "PK", "AttributeType": "S" }],
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "PK", "KeyType": "HASH" }],
    })
}
