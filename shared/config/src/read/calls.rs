//! Which agents call which: only those that there are and that can be called, and never in a circle.

use std::collections::BTreeMap;

use crate::config::{Agent, AgentKind, Grant, Permission};
use source::Code;
use source::Finding;
use source::Span;
use source::{Reader, closest};

/// Finds calls that lead nowhere, or back.
pub(super) fn check(reader: &mut Reader<'_>, agents: &[Agent]) {
    let kinds: BTreeMap<&str, &AgentKind> =
        agents.iter().map(|agent| (agent.name.value.as_str(), &agent.kind)).collect();
    let mut calls: Vec<(&str, &str, Span)> = Vec::new();
    for agent in agents {
        for permission in &agent.permissions {
            let Permission::Words { grant: Grant::Agent(callee), span } = permission else { continue };
            let finding = match kinds.get(callee.as_str()) {
                None => {
                    let help = match closest(callee, kinds.keys().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "a permission names an agent that stands under `agents`".to_owned(),
                    };
                    let message = format!("there is no agent `{callee}` to call");
                    Finding::new(Code::UnknownAgent, *span, message).help(help)
                }
                Some(AgentKind::Container(_)) => {
                    let message = format!("`{callee}` is a container, which nobody calls by its name");
                    let help = "make it `public`, and call the address that its output `…Url` has";
                    Finding::new(Code::WrongChoice, *span, message).help(help)
                }
                Some(AgentKind::Lambda(_) | AgentKind::AgentCore(_)) => {
                    calls.push((agent.name.value.as_str(), callee.as_str(), *span));
                    continue;
                }
            };
            reader.add(finding);
        }
    }
    for (caller, callee, span) in circular(calls) {
        let message = match caller == callee {
            true => format!("agent `{caller}` may call itself"),
            false => format!("agents `{caller}` and `{callee}` call each other, or in a circle"),
        };
        let help = "each would have to exist before the other: let one send to a queue that wakes the other";
        reader.add(Finding::new(Code::Cycle, span, message).help(help));
    }
}

/// The calls between agents that still call somebody when those that call nobody are taken away, again and again.
fn circular<'a>(calls: Vec<(&'a str, &'a str, Span)>) -> Vec<(&'a str, &'a str, Span)> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let mut callers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (caller, callee, _) in &calls {
        *left.entry(caller).or_default() += 1;
        left.entry(callee).or_default();
        callers.entry(callee).or_default().push(caller);
    }
    let mut quiet: Vec<&str> = left.iter().filter(|(_, calls)| **calls == 0).map(|(agent, _)| *agent).collect();
    while let Some(agent) = quiet.pop() {
        for caller in callers.get(agent).into_iter().flatten() {
            let Some(calls) = left.get_mut(caller) else { continue };
            *calls -= 1;
            if *calls == 0 {
                quiet.push(caller);
            }
        }
    }
    let is_left = |agent: &str| left.get(agent).is_some_and(|calls| *calls > 0);
    calls.into_iter().filter(|(caller, callee, _)| is_left(caller) && is_left(callee)).collect()
}
