//! An agent that is a function, and what belongs to it, in a stack of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::expression::{attribute, reference};
use model::{Artifact, Digest, Properties, ResourceAddress, Retention, Shift, properties};
use serde_json::{Map, Value, json};

use super::network::Subnets;
use super::policy::allow;
use super::role::Principal;
use super::{Expansion, alarms, api, event, grant, health, ignored, pascal, role, secret, security_group};
use crate::config::{Agent, Kind, Lambda, Permission, UrlAuth};

/// What callers of an agent refer to.
pub(super) struct Callee {
    /// The ARN to call: the function's, or its alias's.
    pub(super) arn: Value,
    /// What names it in a permission: the function's name, or its alias's ARN.
    pub(super) name: Value,
}

/// Seconds that a message stays in a dead-letter queue: 14 days, the longest that SQS has.
pub(super) const DEAD_LETTERS_SECONDS: u32 = 14 * 24 * 60 * 60;

pub(super) fn add(expansion: &mut Expansion<'_>, agent: &Agent, lambda: &Lambda, artifact: &Artifact) {
    let stack = agent.name.value.as_str();
    let at = |logical_id: &str| ResourceAddress::new(stack, logical_id);
    let scope = expansion.scope.agent(stack, &agent.tags);

    let log_group = at("LogGroup");
    let days = expansion.environment.shared.monitoring.log_retention_days;
    expansion.put(
        log_group.clone(),
        "AWS::Logs::LogGroup",
        properties(json!({ "RetentionInDays": days, "Tags": scope.list() })),
    );
    let dead_letters = lambda.dlq.then(|| at("DeadLetters"));
    if let Some(address) = &dead_letters {
        let queue = json!({
            "MessageRetentionPeriod": DEAD_LETTERS_SECONDS,
            "SqsManagedSseEnabled": true,
            "Tags": scope.list(),
        });
        expansion.put(address.clone(), "AWS::SQS::Queue", properties(queue));
    }
    let mut more = Vec::new();
    if let Some(dead_letters) = &dead_letters {
        more.push(allow(vec!["sqs:SendMessage"], attribute(dead_letters, "Arn")));
    }
    if agent.vpc.is_some() {
        more.extend(interfaces(expansion));
    }
    more.extend(event::needs(lambda));
    let role = role::role(expansion, Principal::Lambda, agent, more);

    let function = at("Function");
    let made = function_properties(expansion, agent, lambda, artifact, &role, &log_group, dead_letters.as_ref());
    let version = version_properties(&function, artifact, &ignored::without(&made, &ignored::of_function(agent)));
    expansion.put(function.clone(), "AWS::Lambda::Function", made);

    let callee = match &lambda.alias {
        Some(alias) => {
            let address = at("Version");
            expansion.put(address.clone(), "AWS::Lambda::Version", version).retention = Retention::RetainReplaced;
            let made = json!({
                "FunctionName": reference(&function),
                "FunctionVersion": attribute(&address, "Version"),
                "Name": alias,
            });
            expansion.put(at("Alias"), "AWS::Lambda::Alias", properties(made));
            Callee { arn: reference(&at("Alias")), name: reference(&at("Alias")) }
        }
        None => Callee { arn: attribute(&function, "Arn"), name: reference(&function) },
    };
    url(expansion, agent, lambda, &function, &callee);
    api::add_agent(expansion, agent, lambda, &callee);
    event::add(expansion, stack, lambda, &callee, &scope);
    alarms::add_agent(expansion, agent, lambda, &scope, &function, dead_letters.as_ref());
    shift(expansion, agent, lambda, &at("Alias"));
    let called = if lambda.alias.is_some() { at("Alias") } else { function.clone() };
    health::add_agent(expansion, agent, lambda, &called);

    let name = pascal(stack);
    expansion.outputs.insert(format!("{name}FunctionName"), reference(&function));
    expansion.outputs.insert(format!("{name}FunctionArn"), attribute(&function, "Arn"));
}

/// How the alias goes to a new version, and the alarms that watch it: those must be there before.
fn shift(expansion: &mut Expansion<'_>, agent: &Agent, lambda: &Lambda, alias: &ResourceAddress) {
    let alarms = alarms::of_agent(expansion, agent);
    let Some(alias) = expansion.resources.get_mut(alias).filter(|_| !lambda.shift.is_empty()) else { return };
    let names = alarms.iter().map(reference).collect();
    alias.shift = Some(Shift { steps: lambda.shift.clone(), alarms: names });
    alias.depends_on.extend(alarms);
}

fn function_properties(
    expansion: &mut Expansion<'_>,
    agent: &Agent,
    lambda: &Lambda,
    artifact: &Artifact,
    role: &ResourceAddress,
    log_group: &ResourceAddress,
    dead_letters: Option<&ResourceAddress>,
) -> Properties {
    let scope = expansion.scope.agent(&agent.name.value, &agent.tags);
    let mut function = properties(json!({
        "Architectures": [lambda.architecture.as_str()],
        "Code": { "S3Bucket": expansion.context.artifact_bucket, "S3Key": Artifact::key(&artifact.digest) },
        "Handler": lambda.code.handler.value,
        // The function's name is free: its logs go where this says, not where its name says.
        "LoggingConfig": { "LogGroup": reference(log_group) },
        "MemorySize": lambda.memory,
        "Role": attribute(role, "Arn"),
        "Runtime": lambda.code.runtime.value.as_str(),
        "Tags": scope.list(),
        "Timeout": lambda.timeout,
        "TracingConfig": { "Mode": if agent.tracing { "Active" } else { "PassThrough" } },
    }));
    let variables = variables(expansion, agent);
    if !variables.is_empty() {
        function.set("Environment", json!({ "Variables": variables }));
    }
    if let Some(most) = lambda.concurrency {
        function.set("ReservedConcurrentExecutions", most);
    }
    if let Some(address) = dead_letters {
        function.set("DeadLetterConfig", json!({ "TargetArn": attribute(address, "Arn") }));
    }
    if let Some(needs) = &agent.vpc {
        let group = security_group::of(expansion, needs);
        let subnets = Subnets::ids(&expansion.subnets.private);
        function.set("VpcConfig", json!({ "SecurityGroupIds": [attribute(&group, "GroupId")], "SubnetIds": subnets }));
    }
    function
}

/// What Lambda needs to put a function into a network, and what the function's own code may not use of it
/// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions). None of these actions
/// knows the function's interfaces as resources.
fn interfaces(expansion: &Expansion<'_>) -> [Value; 2] {
    let actions = vec![
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ];
    let record = expansion.record();
    let functions = format!("lambda:{}:{}:function:{}", record.region, record.account, expansion.physical("*"));
    let deny = json!({
        "Effect": "Deny",
        "Action": actions,
        "Resource": "*",
        "Condition": { "ArnLike": { "lambda:SourceFunctionArn": expansion.arn(&functions) } },
    });
    [allow(actions, "*"), deny]
}

/// The user's variables, and the names of what the agent may use.
pub(super) fn variables(expansion: &Expansion<'_>, agent: &Agent) -> Map<String, Value> {
    let own = agent.environment.iter().map(|(name, value)| (name.clone(), expansion.value_of(value)));
    // The physical id of each resource is what its API takes: a name, a queue's URL, a topic's ARN.
    let used = agent.permissions.iter().filter_map(|permission| expansion.used(permission));
    let used = used.map(|used| match used.kind {
        Kind::Secret => {
            let arn = secret::arn(expansion, &used);
            (used.variable, arn)
        }
        Kind::Table | Kind::Bucket | Kind::Queue | Kind::Topic | Kind::Parameter => {
            (used.variable, reference(&used.address))
        }
    });
    let words = agent.permissions.iter().filter_map(|permission| match permission {
        Permission::Words { grant, .. } => grant::variable(expansion, grant),
        Permission::Resource { .. } | Permission::Made { .. } | Permission::Actions { .. } => None,
    });
    own.chain(used).chain(words).collect()
}

/// A version is a copy that never changes; whatever goes into the copy is part of what tells it from the next.
fn version_properties(function: &ResourceAddress, artifact: &Artifact, made: &Properties) -> Properties {
    let copied: Properties = made
        .0
        .iter()
        // These belong to the function and not to its versions.
        .filter(|(name, _)| !["Code", "ReservedConcurrentExecutions", "Tags"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let text = format!("{}{}", artifact.digest, copied.to_value());
    let mut version = properties(json!({
        "Description": format!("strandline {}", Digest::of(text.as_bytes()).short(16)),
        "FunctionName": reference(function),
    }));
    // Lambda refuses to publish anything but this code.
    if let Ok(bytes) = hex::decode(artifact.digest.as_str()) {
        version.set("CodeSha256", STANDARD.encode(bytes));
    }
    version
}

fn url(expansion: &mut Expansion<'_>, agent: &Agent, lambda: &Lambda, function: &ResourceAddress, callee: &Callee) {
    let Some(auth) = lambda.url else { return };
    let at = |logical_id: &str| ResourceAddress::new(agent.name.value.as_str(), logical_id);
    let kind = match auth {
        UrlAuth::Iam => "AWS_IAM",
        UrlAuth::Open => "NONE",
    };
    let mut made = properties(json!({ "AuthType": kind, "TargetFunctionArn": attribute(function, "Arn") }));
    if let Some(alias) = &lambda.alias {
        made.set("Qualifier", alias.as_str());
    }
    let resource = expansion.put(at("Url"), "AWS::Lambda::Url", made);
    if lambda.alias.is_some() {
        resource.depends_on.insert(at("Alias"));
    }
    if auth == UrlAuth::Open {
        // Both are needed since October 2025 (https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html).
        let open = json!({
            "Action": "lambda:InvokeFunctionUrl",
            "FunctionName": callee.name,
            "FunctionUrlAuthType": "NONE",
            "Principal": "*",
        });
        expansion.put(at("UrlPermission"), "AWS::Lambda::Permission", properties(open));
        let invoke = json!({
            "Action": "lambda:InvokeFunction",
            "FunctionName": callee.name,
            "InvokedViaFunctionUrl": true,
            "Principal": "*",
        });
        expansion.put(at("UrlInvokePermission"), "AWS::Lambda::Permission", properties(invoke));
    }
    let name = pascal(&agent.name.value);
    expansion.outputs.insert(format!("{name}FunctionUrl"), attribute(&at("Url"), "FunctionUrl"));
}
