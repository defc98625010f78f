//! What the demo measured: a short table for people, one object for programs.

use std::time::Duration;

use model::Deployment;
use render::{Paint, Style, Timeline};
use serde_json::{Value, json};

use super::watch::Watched;

/// Everything that was measured, as far as it got.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) build: Duration,
    pub(crate) install: Duration,
    pub(crate) deployments: Vec<Deployed>,
    pub(crate) agents: Vec<Answered>,
    pub(crate) resources: usize,
}

/// One deployment in numbers.
pub(crate) struct Deployed {
    name: &'static str,
    seconds: f64,
    calls: usize,
    mutating: Vec<String>,
    timeline: Option<Timeline>,
    plan: Option<Value>,
    pub(crate) deployment: Deployment,
}

/// An agent's answer.
pub(crate) struct Answered {
    pub(crate) agent: String,
    pub(crate) asked: String,
    pub(crate) answer: String,
    pub(crate) seconds: f64,
}

impl Deployed {
    pub(crate) fn new(name: &'static str, watched: &Watched) -> Self {
        let call = |call: &local::Call| match &call.resource {
            Some(resource) => format!("{} {resource}", call.action()),
            None => call.action(),
        };
        Self {
            name,
            seconds: watched.took.as_secs_f64(),
            calls: watched.calls,
            mutating: watched.mutating.iter().map(call).collect(),
            timeline: watched.progress().as_ref().and_then(Timeline::of),
            plan: watched.plan.as_ref().map(render::plan_summary),
            deployment: watched.deployment.clone(),
        }
    }
}

impl Report {
    /// A table with a line for each deployment.
    pub(crate) fn text(&self, style: &Style) -> String {
        let head = ["", "total", "changes", "waves", "parallel", "efficiency", "calls", "mutating"];
        let mut rows = vec![head.map(|title| (title.to_owned(), Paint::Quiet)).to_vec()];
        for deployed in &self.deployments {
            let of_timeline = |say: fn(&Timeline) -> String| deployed.timeline.as_ref().map_or("-".to_owned(), say);
            let cells = [
                deployed.name.to_owned(),
                render::duration(deployed.seconds),
                of_timeline(|timeline| timeline.changes.to_string()),
                of_timeline(|timeline| render::duration(timeline.makespan)),
                of_timeline(|timeline| format!("{:.1}", timeline.parallelism())),
                of_timeline(|timeline| format!("{:.0} %", timeline.efficiency() * 100.0)),
                deployed.calls.to_string(),
                deployed.mutating.len().to_string(),
            ];
            rows.push(cells.map(|cell| (cell, Paint::Plain)).to_vec());
        }
        let resources = render::count(self.resources, "resource");
        let answers = render::count(self.agents.len(), "answer");
        let note = "Total: from the upload until its end was seen. Waves: the provisioning alone. Parallel: changes under way at \
                    the same time, on average. Efficiency: the share of the waves' time that the longest chain of changes \
                    takes; at 100 % nothing waited without need. Calls: AWS calls by the target role.";
        format!(
            "{}\n{}\n\n{resources} recorded, {answers} over HTTP, all as expected.\n",
            render::columns(&rows, style),
            style.paint(&render::paragraph(0, note, style), Paint::Quiet)
        )
    }

    /// The object of `--json`.
    pub(crate) fn json(&self, ok: bool) -> Value {
        let deployments: Vec<_> = self
            .deployments
            .iter()
            .map(|deployed| {
                json!({
                    "name": deployed.name,
                    "deployment": deployed.deployment.id,
                    "status": deployed.deployment.status,
                    "outputs": deployed.deployment.outputs,
                    "seconds": rounded(deployed.seconds),
                    "aws_calls": deployed.calls,
                    "mutating_calls": deployed.mutating,
                    "timeline": deployed.timeline.as_ref().map(render::timeline_summary),
                    "plan": deployed.plan,
                })
            })
            .collect();
        let agents: Vec<_> = self
            .agents
            .iter()
            .map(|one| {
                json!({ "agent": one.agent, "asked": one.asked, "answer": one.answer, "seconds": rounded(one.seconds) })
            })
            .collect();
        json!({
            "ok": ok,
            "build_seconds": rounded(self.build.as_secs_f64()),
            "install_seconds": rounded(self.install.as_secs_f64()),
            "resources": self.resources,
            "deployments": deployments,
            "agents": agents,
        })
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
