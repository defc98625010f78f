//! Execution roles: one for each set of needs, at an address made of the needs.
//!
//! Agents whose needs are identical share a role; privileges are never united to make them so. Because the address is a
//! digest of the needs and every role stands in `shared`, nothing changes for an agent when another begins to share its
//! role or stops: see `docs/decisions/roles-by-need.md`.

use model::{Digest, Properties, ResourceAddress, properties};
use serde_json::{Value, json};

use super::policy::{allow, document, statements};
use super::{Expansion, agentcore, grant, shared_address};
use crate::config::{Agent, Permission};

/// What takes a role on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Principal {
    /// Lambda, for a function.
    Lambda,
    /// AgentCore, for a runtime.
    AgentCore,
    /// ECS, for the containers of a service.
    Tasks,
}

/// The role of one agent, made if no other agent has the same needs. `more` are needs that its kind brings along.
pub(super) fn role(
    expansion: &mut Expansion<'_>,
    principal: Principal,
    agent: &Agent,
    more: Vec<Value>,
) -> ResourceAddress {
    let needs = needs(expansion, agent, more);
    let mut told = json!({ "statements": needs, "managed": agent.managed_policies });
    let service = match principal {
        // Roles of functions are told apart by their needs alone.
        Principal::Lambda => None,
        Principal::AgentCore => Some("bedrock-agentcore"),
        Principal::Tasks => Some("ecs-tasks"),
    };
    if let (Some(service), Some(told)) = (service, told.as_object_mut()) {
        told.insert("service".to_owned(), json!(service));
    }
    let address = shared_address(format!("Role{}", Digest::of(told.to_string().as_bytes()).short(8)));
    if expansion.resources.contains_key(&address) {
        return address;
    }
    let record = expansion.record();
    let (region, account) = (&record.region, &record.account);
    let (trust, mut all) = match principal {
        Principal::Lambda => (trust("lambda.amazonaws.com", None), vec![logs(expansion)]),
        Principal::AgentCore => {
            let source = expansion.arn(&format!("bedrock-agentcore:{region}:{account}:*"));
            (trust("bedrock-agentcore.amazonaws.com", Some((account, source))), agentcore::baseline(expansion))
        }
        Principal::Tasks => {
            let source = expansion.arn(&format!("ecs:{region}:{account}:*"));
            (trust("ecs-tasks.amazonaws.com", Some((account, source))), Vec::new())
        }
    };
    all.extend(needs);
    let policy = (!all.is_empty()).then(|| document(all));
    let role = properties_of(expansion, trust, policy, &agent.managed_policies);
    expansion.put(address.clone(), "AWS::IAM::Role", role);
    address
}

/// Who takes a role on: a service; where it acts for many accounts, only for this one (`(account, pattern of ARNs)`).
pub(super) fn trust(service: &str, only: Option<(&str, String)>) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "sts:AssumeRole",
    });
    if let (Some((account, source)), Some(map)) = (only, statement.as_object_mut()) {
        let condition =
            json!({ "ArnLike": { "aws:SourceArn": source }, "StringEquals": { "aws:SourceAccount": account } });
        map.insert("Condition".to_owned(), condition);
    }
    document(vec![statement])
}

/// A role within the environment's boundary.
pub(super) fn properties_of(
    expansion: &Expansion<'_>,
    trust: Value,
    policy: Option<Value>,
    managed: &[String],
) -> Properties {
    let record = expansion.record();
    let mut role = properties(json!({
        "AssumeRolePolicyDocument": trust,
        "Path": format!("/strandline/{}/{}/", record.id.project, record.id.environment),
        "PermissionsBoundary": record.boundary,
        "Tags": expansion.scope.list(),
    }));
    if let Some(policy) = policy {
        role.set("Policies", json!([{ "PolicyName": "needs", "PolicyDocument": policy }]));
    }
    if !managed.is_empty() {
        role.set("ManagedPolicyArns", managed.to_vec());
    }
    role
}

/// Writing logs, which every agent needs and which therefore does not tell needs apart. Its extent is the log groups of the
/// environment's functions: an agent's own group alone would make every role distinct.
fn logs(expansion: &Expansion<'_>) -> Value {
    let record = expansion.record();
    let groups = format!(
        "logs:{}:{}:log-group:/aws/lambda/{}-{}-*",
        record.region, record.account, record.id.project, record.id.environment
    );
    allow(vec!["logs:CreateLogStream", "logs:PutLogEvents"], expansion.arn(&groups))
}

/// What tells one agent's needs from another's, in an order of its own.
fn needs(expansion: &Expansion<'_>, agent: &Agent, more: Vec<Value>) -> Vec<Value> {
    let mut needs = more;
    if agent.tracing {
        // X-Ray knows no resources.
        needs.push(allow(vec!["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"));
    }
    for permission in &agent.permissions {
        match permission {
            Permission::Resource { .. } | Permission::Made { .. } => {
                needs.extend(expansion.used(permission).iter().flat_map(|used| statements(expansion, used)));
            }
            Permission::Words { grant, .. } => needs.extend(grant::statements(expansion, grant)),
            Permission::Actions { actions, resources, functions } => {
                let mut actions = actions.clone();
                actions.sort();
                actions.dedup();
                let given = functions.iter().filter_map(|function| expansion.elsewhere.values.get(&function.span));
                let mut resources: Vec<Value> = resources.iter().map(|arn| json!(arn)).chain(given.cloned()).collect();
                resources.sort_by_key(Value::to_string);
                resources.dedup();
                needs.push(allow(actions.iter().map(String::as_str).collect(), resources));
            }
        }
    }
    needs.sort_by_key(Value::to_string);
    needs.dedup();
    needs
}
