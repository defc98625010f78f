//! One deployment as somebody wants to understand it afterwards: what was asked for and by whom, what was planned, what ran when,
//! how it ended, and where all of that is kept.

use model::{Deployment, Entry, ObjectRef, Origin, Plan, Timestamp};
use serde_json::{Value, json};

use crate::cost::{Cost, cost_summary};
use crate::history::asked;
use crate::json::{plan_summary, timeline_summary};
use crate::outcome::outcome;
use crate::progress::Progress;
use crate::style::{Paint, Style};
use crate::text::{labelled, rule};
use crate::timeline::{Timeline, timeline};
use crate::words::{count, duration, seconds};

/// The most changes of a plan that are shown one by one.
const FEW: usize = 60;

/// A deployment with what is kept of it.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// Its head.
    pub deployment: &'a Deployment,
    /// The plan that it carried out last.
    pub plan: Option<&'a Plan>,
    /// The plan that failed, where `plan` is the one that undid it.
    pub failed: Option<&'a Plan>,
    /// Its journal.
    pub entries: &'a [Entry],
    /// What the environment costs as it left it; none where no record of that is kept.
    pub cost: Option<&'a Cost<'a>>,
    /// Where its files are: `s3://bucket/project/environment/deployments/id/`.
    pub files: &'a str,
}

/// One plan with the part of the journal that it wrote.
struct Part<'a> {
    title: &'static str,
    plan: &'a Plan,
    entries: &'a [Entry],
}

impl<'a> Account<'a> {
    /// The plans in the order in which they were carried out.
    fn parts(&self) -> Vec<Part<'a>> {
        let Some(plan) = self.plan else { return Vec::new() };
        let Some(failed) = self.failed else {
            return vec![Part { title: "Plan", plan, entries: self.entries }];
        };
        let (before, after) = self.entries.split_at(plan.since.min(self.entries.len()));
        vec![
            Part { title: "Plan that failed", plan: failed, entries: before },
            Part { title: "Plan that undid it", plan, entries: after },
        ]
    }

    /// What is kept of it, and where, below `files`.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let deployment = self.deployment;
        let file = |what, object: Option<&ObjectRef>| object.map(|object| (what, name(object)));
        let undo = deployment.undo.as_ref();
        let mut kept: Vec<(&str, String)> = [
            file("config", deployment.config.as_ref()),
            file("templates", deployment.sources.as_ref()),
            file("plan", deployment.plan.as_ref()),
            file("plan that failed", undo.map(|undo| &undo.failed)),
            file("record at the failure", undo.map(|undo| &undo.state)),
            file("record afterwards", deployment.after.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if deployment.ended.is_some() {
            kept.push(("head", "metadata.json".to_owned()));
            if deployment.started.is_some() {
                kept.push(("journal", "execution-log.jsonl".to_owned()));
            }
        }
        kept
    }
}

/// The last parts of a key: what follows the deployment's id.
fn name(object: &ObjectRef) -> String {
    let after = object.key.split_once("/deployments/").and_then(|(_, rest)| rest.split_once('/'));
    after.map_or_else(|| object.key.clone(), |(_, name)| name.to_owned())
}

/// Everything of a deployment, as text.
pub fn deployment(account: &Account<'_>, style: &Style) -> String {
    let deployment = account.deployment;
    let mut text = outcome(deployment, style);
    text.push('\n');
    let mut facts = facts(deployment);
    facts.extend(account.cost.map(|cost| ("standing", cost.words())));
    text.push_str(&table(&facts, style));
    for part in account.parts() {
        text.push_str(&format!("\n{}\n", rule(part.title, style)));
        let is_long = part.plan.changes.len() > FEW;
        text.push_str(&if is_long { crate::overview(part.plan, style) } else { crate::plan(part.plan, style) });
        if !part.entries.is_empty() {
            text.push_str(&format!("\n{}\n", rule("Timeline", style)));
            text.push_str(&match Progress::of(part.plan, part.entries) {
                Ok(progress) => timeline(&progress, style),
                Err(error) => format!("{error}\n"),
            });
        }
    }
    if !deployment.outputs.is_empty() {
        text.push_str(&format!("\n{}\n", rule("Outputs", style)));
        text.push_str(&crate::outputs(&deployment.outputs, style));
    }
    text.push_str(&format!("\n{}\n", rule("Files", style)));
    text.push_str(&format!("  {}\n", account.files));
    let kept = account.kept();
    let kept: Vec<(&str, String)> = kept.iter().map(|(what, name)| (*what, name.clone())).collect();
    text.push_str(&table(&kept, style));
    text
}

fn facts(deployment: &Deployment) -> Vec<(&'static str, String)> {
    let mut facts = vec![("asked for", asked(&deployment.request))];
    facts.extend(who(&deployment.origin));
    facts.push(("accepted", moment(deployment.accepted)));
    let later = |from: Timestamp, to: Timestamp| format!("{}, {} later", moment(to), duration(seconds(from, to)));
    let started = deployment.started;
    facts.extend(started.map(|started| ("started", later(deployment.accepted, started))));
    if let Some(approval) = &deployment.approval {
        facts.push(match &approval.decision {
            Some(decision) => {
                let word = if decision.approved { "approved" } else { "denied" };
                let why = decision.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                (word, format!("by {}, {}{why}", decision.by, moment(decision.at)))
            }
            None => ("to approve", format!("asked {}, until {}", moment(approval.asked), moment(approval.expires))),
        });
    }
    if let Some(undo) = &deployment.undo {
        facts.push(("undone", format!("from {} on, back to revision {}", moment(undo.at), undo.to)));
    }
    facts.extend(deployment.ended.map(|ended| ("ended", later(started.unwrap_or(deployment.accepted), ended))));
    facts.extend(deployment.execution.iter().map(|execution| ("execution", execution.clone())));
    if !deployment.artifacts.is_empty() {
        facts.push(("code", count(deployment.artifacts.len(), "artifact")));
    }
    facts
}

/// Who asked for it.
fn who(origin: &Origin) -> Vec<(&'static str, String)> {
    match origin {
        Origin::Upload { bucket, key, version, requester } => {
            let mut who = Vec::new();
            if let Some(requester) = requester {
                let parts =
                    [("account ", &requester.account), ("from ", &requester.address), ("request ", &requester.request)];
                let parts = parts.into_iter().filter_map(|(word, part)| Some(format!("{word}{}", part.as_ref()?)));
                who.push(("by", parts.collect::<Vec<_>>().join(", ")));
            }
            who.push(("upload", format!("s3://{bucket}/{key}, version {version}")));
            who
        }
        Origin::Execution { name } => vec![("by", format!("execution {name}, started by hand"))],
        Origin::Administrator { name } => vec![("by", name.clone())],
        Origin::Engine => vec![("by", "the engine itself".to_owned())],
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn table(rows: &[(&str, String)], style: &Style) -> String {
    let widest = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().flat_map(|(label, text)| {
        let label = format!("{label:<widest$}  ");
        labelled(2, (&label, Paint::Quiet), text, style)
    });
    lines.map(|line| line + "\n").collect()
}

/// Everything of a deployment, for programs.
pub fn deployment_summary(account: &Account<'_>) -> Value {
    let parts: Vec<Value> = account.parts().iter().map(of_part).collect();
    let kept = account.kept().into_iter().map(|(what, name)| (what, format!("{}{name}", account.files)));
    json!({
        "deployment": account.deployment,
        "outcome": account.deployment.outcome().map(model::Outcome::name),
        "plans": parts,
        "files": kept.collect::<std::collections::BTreeMap<_, _>>(),
        "cost": account.cost.map(cost_summary),
    })
}

fn of_part(part: &Part<'_>) -> Value {
    let progress = Progress::of(part.plan, part.entries).ok();
    let runs = progress.iter().flat_map(|progress| &progress.runs).filter(|run| run.began.is_some()).map(|run| {
        json!({
            "change": run.change.key, "began": run.began, "identified": run.identified, "ended": run.ended,
            "seconds": run.took(),
        })
    });
    let waves = progress.iter().flat_map(|progress| &progress.epochs);
    let waves = waves.map(|(epoch, (from, to))| json!({ "epoch": epoch, "from": from, "to": to }));
    json!({
        "plan": plan_summary(part.plan),
        "timeline": progress.as_ref().and_then(Timeline::of).as_ref().map(timeline_summary),
        "runs": runs.collect::<Vec<_>>(),
        "waves": waves.collect::<Vec<_>>(),
    })
}
