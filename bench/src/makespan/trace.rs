//! Where a deployment's time went: the chain of resources that ends last, backwards from its end, with what each waited for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use model::{Plan, ResourceKey};

use super::job::Draw;
use super::run::{Called, Deployed};

/// The chain that ended last, a resource a line: when what it needs was answered ready, when its creating call was made,
/// answered, and when it was seen to be ready; and, beyond what was drawn, how long it was late.
pub fn last_chain(plan: &Plan, deployed: &Deployed) -> String {
    let mut calls: BTreeMap<&ResourceKey, Vec<&Called>> = BTreeMap::new();
    for call in &deployed.calls {
        calls.entry(&call.key).or_default().push(call);
    }
    let ended = |key: &ResourceKey| calls.get(key).and_then(|calls| calls.iter().map(|call| call.to).max());
    let mut text = String::from("    needs met    made  answered     ready  drawn ready  refused  reads  resource\n");
    let mut at = plan.changes.iter().map(|change| &change.key).max_by_key(|key| ended(key));
    let mut lines = Vec::new();
    while let Some(key) = at {
        let Some(change) = plan.change(key) else { break };
        let before = change.needs.iter().map(|edge| &edge.on).max_by_key(|on| ended(on));
        let met = before.and_then(ended).unwrap_or_default();
        lines.push(line(key, &change.kind.0, met, calls.get(key).map_or(&[], Vec::as_slice), deployed.draws.get(key)));
        at = before;
    }
    lines.iter().rev().for_each(|line| text.push_str(line));
    text
}

/// Calls and refusals, by method.
type Ports<'a> = BTreeMap<&'a str, (usize, usize)>;

/// What each limit had to do: calls of each kind, and how many were refused for being too many.
pub fn limits(plan: &Plan, deployed: &Deployed) -> String {
    let kinds: BTreeMap<&ResourceKey, &model::ResourceType> =
        plan.changes.iter().map(|change| (&change.key, &change.kind)).collect();
    let mut counts: BTreeMap<&str, (schema::Api, Ports)> = BTreeMap::new();
    for call in &deployed.calls {
        let Some(kind) = kinds.get(&call.key) else { continue };
        let what = match call.port {
            "create" => schema::Call::Create,
            "converge" | "update" => schema::Call::Update,
            "delete" => schema::Call::Delete,
            _ => schema::Call::Read,
        };
        let api = schema::api(kind, what);
        let count = counts.entry(api.name).or_insert_with(|| (api, BTreeMap::new())).1.entry(call.port).or_default();
        count.0 += 1;
        count.1 += usize::from(call.refused == Some(model::ErrorClass::Throttled));
    }
    let mut text = String::new();
    for (name, (api, ports)) in counts {
        let _ = write!(text, "{name} ({}/s, burst {}):", api.rate, api.burst);
        for (port, (calls, throttled)) in ports {
            let _ = write!(text, " {port} {calls}");
            if throttled > 0 {
                let _ = write!(text, " ({throttled} throttled)");
            }
        }
        text.push('\n');
    }
    text
}

fn line(key: &ResourceKey, kind: &str, met: Duration, calls: &[&Called], draw: Option<&Draw>) -> String {
    let creates: Vec<&&Called> = calls.iter().filter(|call| call.port == "create").collect();
    let made = creates.iter().find(|call| call.refused.is_none());
    let refused = creates.iter().filter(|call| call.refused.is_some()).count();
    let reads = calls.iter().filter(|call| call.port != "create" && call.port != "converge").count();
    let ready = calls.iter().map(|call| call.to).max().unwrap_or_default();
    let (from, to) = made.map_or_else(Default::default, |call| (call.from, call.to));
    let drawn = to + draw.map_or(Duration::ZERO, |draw| draw.ready);
    let mut text = String::new();
    let [met, from, to, ready, drawn] = [met, from, to, ready, drawn].map(|at| at.as_secs_f64());
    let _ = writeln!(
        text,
        "{met:>13.3} {from:>7.3} {to:>9.3} {ready:>9.3} {drawn:>12.3} {refused:>8} {reads:>6}  {key} ({kind})"
    );
    text
}
