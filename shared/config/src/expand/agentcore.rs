//! An agent that is a runtime of Bedrock AgentCore: the runtime, its role, and an endpoint that stays on one version.

use model::expression::attribute;
use model::{Artifact, ResourceAddress, properties};
use serde_json::{Map, Value, json};

use super::network::Subnets;
use super::policy::allow;
use super::role::Principal;
use super::{Expansion, agent, container, cut, pascal, role, security_group};
use crate::config::{Agent, AgentCore, Program, Protocol};
use crate::read::AGENTCORE_RUNTIMES;

/// The longest name of a runtime.
const LONGEST: usize = 48;

pub(super) fn add(expansion: &mut Expansion<'_>, agent: &Agent, core: &AgentCore, artifact: Option<&Artifact>) {
    let stack = agent.name.value.as_str();
    let at = |logical_id: &str| ResourceAddress::new(stack, logical_id);
    let scope = expansion.scope.agent(stack, &agent.tags);
    let more = match &core.program {
        Program::Code(_) => Vec::new(),
        Program::Image(image) => container::pulling(expansion, image),
    };
    let role = role::role(expansion, Principal::AgentCore, agent, more);

    let mut made = properties(json!({
        "AgentRuntimeArtifact": program(expansion, core, artifact),
        "AgentRuntimeName": name(expansion, stack),
        "LifecycleConfiguration": { "IdleRuntimeSessionTimeout": core.idle_timeout, "MaxLifetime": core.lifetime },
        "NetworkConfiguration": network(expansion, agent),
        "ProtocolConfiguration": protocol(core.protocol),
        "RoleArn": attribute(&role, "Arn"),
        "Tags": scope.map(),
    }));
    let variables = agent::variables(expansion, agent);
    if !variables.is_empty() {
        made.set("EnvironmentVariables", variables);
    }
    if let Some(authorizer) = &core.authorizer {
        let lists = [("AllowedAudience", &authorizer.audiences), ("AllowedClients", &authorizer.clients)];
        let mut jwt: Map<String, Value> = lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| (name.to_owned(), json!(list)))
            .collect();
        jwt.insert("DiscoveryUrl".to_owned(), json!(authorizer.discovery_url));
        made.set("AuthorizerConfiguration", json!({ "CustomJWTAuthorizer": jwt }));
    }
    let runtime = at("Runtime");
    expansion.put(runtime.clone(), "AWS::BedrockAgentCore::Runtime", made);
    // Callers of the endpoint meet one version until the endpoint is led to the next.
    let made = json!({
        "AgentRuntimeId": attribute(&runtime, "AgentRuntimeId"),
        "AgentRuntimeVersion": attribute(&runtime, "AgentRuntimeVersion"),
        "Name": core.endpoint,
        "Tags": scope.map(),
    });
    expansion.put(at("Endpoint"), "AWS::BedrockAgentCore::RuntimeEndpoint", properties(made));

    let name = pascal(stack);
    expansion.outputs.insert(format!("{name}RuntimeArn"), attribute(&runtime, "AgentRuntimeArn"));
    expansion.outputs.insert(format!("{name}EndpointArn"), attribute(&at("Endpoint"), "AgentRuntimeEndpointArn"));
}

/// A runtime's name has letters, digits and `_`.
fn name(expansion: &Expansion<'_>, agent: &str) -> String {
    cut(&expansion.physical(agent).replace('-', "_"), '_', LONGEST)
}

fn program(expansion: &Expansion<'_>, core: &AgentCore, artifact: Option<&Artifact>) -> Value {
    match &core.program {
        Program::Image(image) => json!({ "ContainerConfiguration": { "ContainerUri": image } }),
        Program::Code(code) => {
            let runtime = AGENTCORE_RUNTIMES.iter().find(|(name, _)| *name == code.runtime.value.as_str());
            let key = artifact.map(|artifact| Artifact::key(&artifact.digest));
            json!({ "CodeConfiguration": {
                "Code": { "S3": { "Bucket": expansion.context.artifact_bucket, "Prefix": key } },
                "EntryPoint": [code.handler.value],
                "Runtime": runtime.map(|(_, name)| *name),
            } })
        }
    }
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http => "HTTP",
        Protocol::Mcp => "MCP",
        Protocol::A2a => "A2A",
    }
}

fn network(expansion: &mut Expansion<'_>, agent: &Agent) -> Value {
    let Some(needs) = &agent.vpc else { return json!({ "NetworkMode": "PUBLIC" }) };
    let group = security_group::of(expansion, needs);
    json!({
        "NetworkMode": "VPC",
        "NetworkModeConfig": {
            "SecurityGroups": [attribute(&group, "GroupId")],
            "Subnets": Subnets::ids(&expansion.subnets.private),
        },
    })
}

/// What every runtime needs to run, to be seen and to know itself
/// (https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-permissions.html).
pub(super) fn baseline(expansion: &Expansion<'_>) -> Vec<Value> {
    let record = expansion.record();
    let (region, account) = (&record.region, &record.account);
    let arn = |service: &str, rest: &str| expansion.arn(&format!("{service}:{region}:{account}:{rest}"));
    let own = format!("{}_{}_*", record.id.project, record.id.environment).replace('-', "_");
    let groups = format!("log-group:/aws/bedrock-agentcore/runtimes/{own}");
    let mut metrics = allow(vec!["cloudwatch:PutMetricData"], "*");
    if let Some(map) = metrics.as_object_mut() {
        let only = json!({ "StringEquals": { "cloudwatch:namespace": "bedrock-agentcore" } });
        map.insert("Condition".to_owned(), only);
    }
    let tokens = vec![
        "bedrock-agentcore:GetWorkloadAccessToken",
        "bedrock-agentcore:GetWorkloadAccessTokenForJWT",
        "bedrock-agentcore:GetWorkloadAccessTokenForUserId",
    ];
    let directory = "workload-identity-directory/default";
    vec![
        allow(
            vec!["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            vec![arn("logs", &groups), arn("logs", &format!("{groups}:log-stream:*"))],
        ),
        allow(vec!["logs:DescribeLogGroups"], arn("logs", "log-group:*")),
        metrics,
        allow(
            vec![
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            "*",
        ),
        allow(
            tokens,
            vec![
                arn("bedrock-agentcore", directory),
                arn("bedrock-agentcore", &format!("{directory}/workload-identity/{own}")),
            ],
        ),
    ]
}

/// The runtime of an agent and its endpoint, by which others call it.
pub(super) fn callable(agent: &str) -> [Value; 2] {
    let at = |logical_id: &str| ResourceAddress::new(agent, logical_id);
    [attribute(&at("Runtime"), "AgentRuntimeArn"), attribute(&at("Endpoint"), "AgentRuntimeEndpointArn")]
}

/// What a caller finds in its environment.
pub(super) fn called(agent: &str) -> Value {
    attribute(&ResourceAddress::new(agent, "Runtime"), "AgentRuntimeArn")
}
