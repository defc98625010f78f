//! What permissions in words come to.

use model::ResourceAddress;
use model::expression::{attribute, reference};
use serde_json::{Value, json};

use super::policy::allow;
use super::{Expansion, agentcore};
use crate::config::{AgentKind, Grant, KeyAccess};

/// The statements of one permission in words.
pub(super) fn statements(expansion: &Expansion<'_>, grant: &Grant) -> Vec<Value> {
    let record = expansion.record();
    let (region, account) = (&record.region, &record.account);
    match grant {
        Grant::Agent(name) => match kind_of(expansion, name) {
            Some(AgentKind::Lambda(_)) => vec![allow(vec!["lambda:InvokeFunction"], called(expansion, name))],
            Some(AgentKind::AgentCore(_)) => {
                let [runtime, endpoint] = agentcore::callable(name);
                vec![allow(vec!["bedrock-agentcore:InvokeAgentRuntime"], json!([runtime, endpoint]))]
            }
            // Told when the config is read: nothing calls a container by its name.
            Some(AgentKind::Container(_)) | None => Vec::new(),
        },
        Grant::Model(id) => {
            let actions = vec!["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];
            vec![allow(actions, models(expansion, id))]
        }
        Grant::StateMachine(arn) => {
            vec![allow(vec!["states:DescribeStateMachine", "states:StartExecution"], arn.as_str())]
        }
        Grant::EventBus(bus) => {
            let arn = match bus.starts_with("arn:") {
                true => bus.clone(),
                false => expansion.arn(&format!("events:{region}:{account}:event-bus/{bus}")),
            };
            vec![allow(vec!["events:PutEvents"], arn)]
        }
        Grant::Key { arn, access } => vec![key(arn, *access)],
    }
}

/// The use of a key of KMS.
pub(super) fn key(arn: &str, access: KeyAccess) -> Value {
    let actions: &[&str] = match access {
        KeyAccess::Decrypt => &["kms:Decrypt", "kms:DescribeKey"],
        KeyAccess::Encrypt => &["kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
        KeyAccess::Full => &["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
    };
    allow(actions.to_vec(), arn)
}

fn kind_of<'e>(expansion: &'e Expansion<'_>, name: &str) -> Option<&'e AgentKind> {
    expansion.environment.agents.iter().find(|agent| agent.name.value == name).map(|agent| &agent.kind)
}

/// The ARN by which a function is called: its alias's, where it has one.
fn called(expansion: &Expansion<'_>, name: &str) -> Value {
    let has_alias = |kind: &AgentKind| matches!(kind, AgentKind::Lambda(lambda) if lambda.alias.is_some());
    match kind_of(expansion, name).is_some_and(has_alias) {
        true => reference(&ResourceAddress::new(name, "Alias")),
        false => attribute(&ResourceAddress::new(name, "Function"), "Arn"),
    }
}

/// The variable in which an agent finds another that it may call, with its value.
pub(super) fn variable(expansion: &Expansion<'_>, grant: &Grant) -> Option<(String, Value)> {
    let Grant::Agent(name) = grant else { return None };
    let variable = variable_of(name);
    match kind_of(expansion, name)? {
        AgentKind::Lambda(_) => Some((variable, called(expansion, name))),
        AgentKind::AgentCore(_) => Some((variable, agentcore::called(name))),
        AgentKind::Container(_) => None,
    }
}

/// `BILLING_AGENT_ARN` for agent `billing`.
pub(crate) fn variable_of(agent: &str) -> String {
    format!("{}_AGENT_ARN", agent.to_ascii_uppercase().replace('-', "_"))
}

/// The parts of the world that inference profiles are named by
/// (https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html).
const PROFILES: [&str; 9] = ["apac", "au", "ca", "eu", "global", "jp", "sa", "us", "us-gov"];

/// The ARNs of a model; of an inference profile, of it and of the models that it leads to, in whichever region.
fn models(expansion: &Expansion<'_>, id: &str) -> Value {
    let record = expansion.record();
    let (region, account) = (&record.region, &record.account);
    match id.split_once('.').filter(|(geography, _)| PROFILES.contains(geography)) {
        Some((_, model)) => json!([
            expansion.arn(&format!("bedrock:*::foundation-model/{model}")),
            expansion.arn(&format!("bedrock:{region}:{account}:inference-profile/{id}")),
        ]),
        None => json!(expansion.arn(&format!("bedrock:{region}::foundation-model/{id}"))),
    }
}
