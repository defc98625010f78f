//! The projects that are expanded, generated.

use std::collections::BTreeMap;

use model::Digest;
use serde_json::{Map, Value, json};

use super::yaml::yaml;
use crate::stacks::context;

/// The most resources that CloudFormation takes in one template.
const MOST: usize = 500;

/// A config and the texts that it names.
#[derive(Debug, Clone)]
pub struct Project {
    /// What kind of project it is.
    pub name: &'static str,
    /// `strands.yaml`.
    pub config: String,
    /// The other texts, by path.
    pub sources: BTreeMap<String, String>,
}

impl Project {
    /// One of each kind, of `count` resources. A config of more than one text has at most 1,000.
    pub fn all(count: usize) -> Vec<Self> {
        let mut all = vec![templates(count), assembly(count)];
        if count <= 1_000 {
            all.insert(0, raw(count));
        }
        all
    }
}

fn head() -> String {
    format!(
        "project: {{ name: bench, region: {}, tags: {{ team: support, cost-center: '4711' }} }}\n\
         environments: {{ dev: {{ account: '{}' }} }}\n",
        context::REGION,
        context::ACCOUNT,
    )
}

/// `resources:` of a config.
fn raw(count: usize) -> Project {
    let template = template("", count, None);
    let section = |name: &str| template.get(name).map(|section| format!("{}:{}", name.to_lowercase(), yaml(section)));
    let texts: Vec<String> = ["Resources", "Outputs"].into_iter().filter_map(section).collect();
    // A section stands one step further in.
    let inner = texts.iter().map(|text| text.replace('\n', "\n  ").trim_end().to_owned() + "\n");
    Project { name: "resources of a config", config: head() + &inner.collect::<String>(), sources: BTreeMap::new() }
}

/// Templates of YAML.
fn templates(count: usize) -> Project {
    let mut config = head() + "stacks:\n";
    let mut sources = BTreeMap::new();
    for (number, size) in sizes(count).enumerate() {
        config += &format!(
            "  - {{ name: part-{number}, template: stacks/part-{number}.yaml, parameters: {{ Stage: dev }} }}\n"
        );
        let before = number.checked_sub(1).map(|before| format!("Part{before}"));
        let text = yaml(&template(&format!("Part{number}"), size, before.as_deref()));
        sources.insert(format!("stacks/part-{number}.yaml"), text.trim_start().to_owned());
    }
    Project { name: "templates of YAML", config, sources }
}

/// What `cdk synth` prints.
fn assembly(count: usize) -> Project {
    let mut artifacts = Map::new();
    let mut sources = BTreeMap::new();
    let bucket = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}";
    for (number, size) in sizes(count).enumerate() {
        let name = format!("Part{number}");
        let before = number.checked_sub(1).map(|before| format!("Part{before}"));
        let mut template = template(&name, size, before.as_deref());
        if let Some(map) = template.as_object_mut() {
            let version =
                json!({ "Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version" });
            map.entry("Parameters").or_insert_with(|| json!({}))["BootstrapVersion"] = version;
        }
        let dependencies: Vec<String> = before.into_iter().chain([format!("{name}.assets")]).collect();
        artifacts.insert(
            name.clone(),
            json!({
                "type": "aws:cloudformation:stack",
                "environment": "aws://unknown-account/unknown-region",
                "properties": { "templateFile": format!("{name}.template.json"), "parameters": { "Stage": "dev" } },
                "dependencies": dependencies,
            }),
        );
        artifacts.insert(
            format!("{name}.assets"),
            json!({ "type": "cdk:asset-manifest", "properties": { "file": format!("{name}.assets.json") } }),
        );
        let files: Map<String, Value> = (0..size.div_ceil(GROUP))
            .map(|group| {
                let id = asset(&name, group);
                let destination = json!({ "bucketName": bucket, "objectKey": format!("{id}.zip") });
                let source = json!({ "path": format!("asset.{id}"), "packaging": "zip" });
                (id, json!({ "source": source, "destinations": { "current_account-current_region": destination } }))
            })
            .collect();
        let assets = json!({ "version": "44.0.0", "files": files, "dockerImages": {} });
        sources.insert(format!("cdk.out/{name}.assets.json"), pretty(&assets));
        sources.insert(format!("cdk.out/{name}.template.json"), pretty(&template));
    }
    let manifest = json!({ "version": "44.0.0", "artifacts": artifacts });
    sources.insert("cdk.out/manifest.json".to_owned(), pretty(&manifest));
    Project { name: "an assembly of CDK", config: head() + "stacks: [{ name: app, assembly: cdk.out }]\n", sources }
}

/// As CDK prints it: indented by one.
fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Writing a tree to memory cannot fail, and what is no text is refused where it is read.
    let _ = serde::Serialize::serialize(value, &mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// How many resources each template has.
fn sizes(count: usize) -> impl Iterator<Item = usize> {
    (0..count.div_ceil(MOST)).map(move |number| (count - number * MOST).min(MOST))
}

/// How many resources a group has that belong together.
const GROUP: usize = 12;

fn asset(stack: &str, group: usize) -> String {
    Digest::of(format!("{stack} {group}").as_bytes()).to_string()
}

/// A template of `count` resources: groups of a function with what it works with. With the name of a stack before it, it takes a
/// value from that.
fn template(stack: &str, count: usize, before: Option<&str>) -> Value {
    let mut resources = Map::new();
    let mut outputs = Map::new();
    for group in 0..count.div_ceil(GROUP) {
        let id = |what: &str| {
            let digest = Digest::of(format!("{stack} {what} {group}").as_bytes());
            format!("{what}{group}{}", digest.short(8).to_ascii_uppercase())
        };
        let all = resources_of(stack, group, before, &id);
        for (name, resource) in all.into_iter().take(count - group * GROUP) {
            resources.insert(name, resource);
        }
        if group == 0 && !stack.is_empty() {
            let export = json!({ "Name": format!("{stack}:Work") });
            outputs
                .insert("Work".to_owned(), json!({ "Value": { "Fn::GetAtt": [id("Work"), "Arn"] }, "Export": export }));
        } else if group == 0 {
            outputs.insert("Work".to_owned(), json!({ "Value": { "Fn::GetAtt": [id("Work"), "Arn"] } }));
        }
    }
    if stack.is_empty() {
        return json!({ "Resources": resources, "Outputs": outputs });
    }
    json!({
        "Parameters": { "Stage": { "Type": "String", "AllowedValues": ["dev", "prod"] } },
        "Mappings": { "Sizes": { "dev": { "Memory": 256 }, "prod": { "Memory": 1024 } } },
        "Conditions": { "IsProduction": { "Fn::Equals": [{ "Ref": "Stage" }, "prod"] } },
        "Resources": resources,
        "Outputs": outputs,
    })
}

fn resources_of(stack: &str, group: usize, before: Option<&str>, id: &dyn Fn(&str) -> String) -> Vec<(String, Value)> {
    let arn = |what: &str| json!({ "Fn::GetAtt": [id(what), "Arn"] });
    let reference = |what: &str| json!({ "Ref": id(what) });
    let inside = |what: &str, rest: &str| json!({ "Fn::Join": ["", [arn(what), rest]] });
    let document = |statements: Value| json!({ "Version": "2012-10-17", "Statement": statements });
    let is_raw = stack.is_empty();
    let memory = match is_raw {
        true => json!(256),
        false => json!({ "Fn::FindInMap": ["Sizes", { "Ref": "Stage" }, "Memory"] }),
    };
    let recovery = match is_raw {
        true => json!(true),
        false => json!({ "Fn::If": ["IsProduction", true, false] }),
    };
    let work = match before {
        Some(before) => json!({ "Fn::ImportValue": format!("{before}:Work") }),
        None => arn("Work"),
    };
    let one = |what: &str, kind: &str, properties: Value| {
        (
            id(what),
            json!({ "Type": kind, "Properties": properties, "Metadata": { "aws:cdk:path": format!("{stack}/{what}{group}/Resource") } }),
        )
    };
    vec![
        one("Letters", "AWS::SQS::Queue", json!({ "MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": true })),
        one(
            "Work",
            "AWS::SQS::Queue",
            json!({
                "RedrivePolicy": { "deadLetterTargetArn": arn("Letters"), "maxReceiveCount": 3 },
                "SqsManagedSseEnabled": true,
                "VisibilityTimeout": 60,
            }),
        ),
        one(
            "Table",
            "AWS::DynamoDB::Table",
            json!({
                "AttributeDefinitions": [
                    { "AttributeName": "PK", "AttributeType": "S" },
                    { "AttributeName": "SK", "AttributeType": "S" },
                ],
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{ "AttributeName": "PK", "KeyType": "HASH" }, { "AttributeName": "SK", "KeyType": "RANGE" }],
                "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": recovery },
                "TimeToLiveSpecification": { "AttributeName": "until", "Enabled": true },
            }),
        ),
        one(
            "Bucket",
            "AWS::S3::Bucket",
            json!({
                "BucketEncryption": { "ServerSideEncryptionConfiguration": [
                    { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } },
                ] },
                "LifecycleConfiguration": { "Rules": [
                    { "Id": "old", "Status": "Enabled", "NoncurrentVersionExpiration": { "NoncurrentDays": 30 } },
                ] },
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
                },
                "VersioningConfiguration": { "Status": "Enabled" },
            }),
        ),
        one(
            "BucketPolicy",
            "AWS::S3::BucketPolicy",
            json!({
                "Bucket": reference("Bucket"),
                "PolicyDocument": document(json!([{
                    "Action": "s3:*", "Condition": { "Bool": { "aws:SecureTransport": "false" } }, "Effect": "Deny",
                    "Principal": { "AWS": "*" }, "Resource": [arn("Bucket"), inside("Bucket", "/*")],
                }])),
            }),
        ),
        one("Topic", "AWS::SNS::Topic", json!({ "DisplayName": format!("topic {group}") })),
        one(
            "Name",
            "AWS::SSM::Parameter",
            json!({
                "Type": "String", "Value": { "Fn::Sub": format!("${{{}}} in ${{AWS::Region}} of ${{AWS::AccountId}}", id("Table")) },
            }),
        ),
        one(
            "Role",
            "AWS::IAM::Role",
            json!({
                "AssumeRolePolicyDocument": document(json!([
                    { "Action": "sts:AssumeRole", "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" } },
                ])),
                "ManagedPolicyArns": [{ "Fn::Join": ["", [
                    "arn:", { "Ref": "AWS::Partition" }, ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                ]] }],
            }),
        ),
        one(
            "RolePolicy",
            "AWS::IAM::Policy",
            json!({
                "PolicyDocument": document(json!([
                    { "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], "Effect": "Allow",
                      "Resource": [arn("Table"), inside("Table", "/index/*")] },
                    { "Action": ["s3:GetObject*", "s3:List*"], "Effect": "Allow", "Resource": [arn("Bucket"), inside("Bucket", "/*")] },
                    { "Action": "sqs:SendMessage", "Effect": "Allow", "Resource": work },
                    { "Action": "sns:Publish", "Effect": "Allow", "Resource": reference("Topic") },
                ])),
                "PolicyName": id("RolePolicy"),
                "Roles": [reference("Role")],
            }),
        ),
        one("Logs", "AWS::Logs::LogGroup", json!({ "RetentionInDays": 30 })),
        one(
            "Function",
            "AWS::Lambda::Function",
            json!({
                "Code": {
                    "S3Bucket": { "Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}" },
                    "S3Key": format!("{}.zip", asset(stack, group)),
                },
                "Environment": { "Variables": {
                    "BUCKET": reference("Bucket"), "TABLE": reference("Table"), "TOPIC": reference("Topic"), "WORK": reference("Work"),
                    "REGION": { "Ref": "AWS::Region" },
                } },
                "Handler": "index.handler",
                "LoggingConfig": { "LogGroup": reference("Logs") },
                "MemorySize": memory,
                "Role": arn("Role"),
                "Runtime": "nodejs22.x",
                "Timeout": 30,
            }),
        ),
        one(
            "Alarm",
            "AWS::CloudWatch::Alarm",
            json!({
                "AlarmActions": [reference("Topic")],
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "Dimensions": [{ "Name": "FunctionName", "Value": reference("Function") }],
                "EvaluationPeriods": 1,
                "MetricName": "Errors",
                "Namespace": "AWS/Lambda",
                "Period": 300,
                "Statistic": "Sum",
                "Threshold": 1,
            }),
        ),
    ]
}
