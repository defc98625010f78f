//! Summaries for programs. Names here are stable: pipelines read them.

use model::{Action, Plan};
use serde_json::{Value, json};

use crate::plan::counts;
use crate::timeline::Timeline;

/// A plan's counts, changes and losses, without the property trees.
pub fn plan_summary(plan: &Plan) -> Value {
    let counts = counts(plan);
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|change| {
            let (action, forced_by) = match &change.action {
                Action::Create { .. } => ("create", None),
                Action::Update { .. } => ("update", None),
                Action::Replace { forced_by, .. } => ("replace", Some(forced_by.as_slice())),
                Action::Delete { .. } => ("delete", None),
                Action::Move { .. } => ("move", None),
                Action::Forget { .. } => ("forget", None),
            };
            let forced_by = forced_by.map(|all| all.iter().map(|one| &one.path).collect::<Vec<_>>());
            json!({ "change": change.key, "type": change.kind, "action": action, "forced_by": forced_by })
        })
        .collect();
    json!({
        "create": counts.create,
        "update": counts.update,
        "replace": counts.replace,
        "delete": counts.delete,
        "move": counts.moved,
        "forget": counts.forget,
        "unchanged": counts.unchanged,
        "changes": changes,
        "irreversible": plan.irreversible,
    })
}

/// How the time of a deployment was used; seconds, rounded to milliseconds.
pub fn timeline_summary(timeline: &Timeline) -> Value {
    let rounded = |number: f64| (number * 1000.0).round() / 1000.0;
    json!({
        "makespan": rounded(timeline.makespan),
        "work": rounded(timeline.work),
        "longest_chain": rounded(timeline.chain),
        "parallelism": rounded(timeline.parallelism()),
        "parallel_efficiency": rounded(timeline.efficiency()),
        "widest": timeline.widest,
        "changes": timeline.changes,
        "waves": timeline.waves,
    })
}
