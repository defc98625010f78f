//! Execution roles: one for each set of needs, at an address made of the needs.
//!
//! Agents whose needs are identical share a role; privileges are never united to make them so. Because the address is a
//! digest of the needs and every role stands in `shared`, nothing changes for an agent when another begins to share its
//! role or stops: see `docs/decisions/roles-by-need.md`.

use model::expression::attribute;
use model::{Digest, ResourceAddress, properties};
use serde_json::{Value, json};

use super::policy::{allow, document, statements};
use super::{Expansion, shared_address};
use crate::config::{Agent, Permission};

/// The role of one agent, made if no other agent has the same needs.
pub(super) fn role(
    expansion: &mut Expansion<'_>,
    agent: &Agent,
    dead_letters: Option<&ResourceAddress>,
) -> ResourceAddress {
    let needs = needs(expansion, agent, dead_letters);
    let text = json!({ "statements": needs, "managed": agent.managed_policies }).to_string();
    let address = shared_address(format!("Role{}", Digest::of(text.as_bytes()).short(8)));
    if expansion.resources.contains_key(&address) {
        return address;
    }
    let record = expansion.record();
    let mut all = vec![logs(expansion)];
    all.extend(needs);
    let mut role = properties(json!({
        "AssumeRolePolicyDocument": document(vec![json!({
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        })]),
        "Path": format!("/strandline/{}/{}/", record.id.project, record.id.environment),
        "PermissionsBoundary": record.boundary,
        "Policies": [{ "PolicyName": "needs", "PolicyDocument": document(all) }],
        "Tags": expansion.scope.list(),
    }));
    if !agent.managed_policies.is_empty() {
        role.set("ManagedPolicyArns", agent.managed_policies.clone());
    }
    expansion.put(address.clone(), "AWS::IAM::Role", role);
    address
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
fn needs(expansion: &Expansion<'_>, agent: &Agent, dead_letters: Option<&ResourceAddress>) -> Vec<Value> {
    let mut needs = Vec::new();
    if agent.tracing {
        // X-Ray knows no resources.
        needs.push(allow(vec!["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"));
    }
    if let Some(dead_letters) = dead_letters {
        needs.push(allow(vec!["sqs:SendMessage"], attribute(dead_letters, "Arn")));
    }
    for permission in &agent.permissions {
        match permission {
            Permission::Resource { name, kind, access } => {
                needs.extend(statements(expansion, *kind, name, *access));
            }
            Permission::Actions { actions, resources } => {
                let (mut actions, mut resources) = (actions.clone(), resources.clone());
                actions.sort();
                actions.dedup();
                resources.sort();
                resources.dedup();
                needs.push(allow(actions.iter().map(String::as_str).collect(), resources));
            }
        }
    }
    needs.sort_by_key(Value::to_string);
    needs.dedup();
    needs
}
