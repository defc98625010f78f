//! What must hold of an agent once a plan is carried out, as gates.

use model::expression::{attribute, join, reference};
use model::{Gate, GateCheck, ResourceAddress};
use serde_json::json;

use super::{Expansion, alarms, api};
use crate::config::{Agent, HttpHealth, Lambda, Way};

/// The gates of one agent, whose resources are all there already. `callee` is what callers call: the function, or its alias.
pub(super) fn add_agent(expansion: &mut Expansion<'_>, agent: &Agent, lambda: &Lambda, callee: &ResourceAddress) {
    let Some(health) = &lambda.health else { return };
    let mut checks = Vec::new();
    if let Some(event) = &health.invoke {
        checks.push(GateCheck::Invoke { function: reference(callee), payload: event.clone() });
    }
    if let Some(HttpHealth { by, path, status }) = &health.http {
        let url = match by {
            // A route of the agent is there, and so is the API.
            Way::Api => match &expansion.environment.shared.api_gateway {
                Some(api) => join([api::endpoint(expansion, api), json!(path)]),
                None => return,
            },
            Way::Url => {
                // A function URL ends with a slash.
                let url = ResourceAddress::new(agent.name.value.as_str(), "Url");
                join([attribute(&url, "FunctionUrl"), json!(path.trim_start_matches('/'))])
            }
        };
        checks.push(GateCheck::Http { url, status: *status });
    }
    if health.alarms {
        let own = alarms::of_agent(expansion, agent);
        checks.extend(own.iter().map(|address| GateCheck::Alarm { name: reference(address) }));
    }
    let gate = |check| Gate { agent: Some(agent.name.value.clone()), check, seconds: health.within };
    expansion.gates.extend(checks.into_iter().map(gate));
}
