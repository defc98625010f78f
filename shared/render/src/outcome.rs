//! How a deployment ended: one line, and for a failure everything that somebody needs who has to act on it.

use model::{Cause, Deployment, DeploymentStatus, Outcome, Refusal, ResourceKey};

use crate::style::{Paint, Style};
use crate::text::{Line, labelled};
use crate::words::{duration, seconds, some};

/// How many of the changes that were not tried are named.
const NAMED: usize = 6;

/// The outcome, its root causes with what to do, and what was not tried because of them.
pub fn outcome(deployment: &Deployment, style: &Style) -> String {
    let (sign, word, paint) = match &deployment.status {
        DeploymentStatus::Queued => (style.dot(), "Queued", Paint::Quiet),
        DeploymentStatus::Running => (style.dot(), "Running", Paint::Active),
        DeploymentStatus::AwaitingApproval => (style.dot(), "AwaitingApproval", Paint::Active),
        DeploymentStatus::Ended { outcome } if outcome.is_success() => (style.done(), outcome.name(), Paint::Good),
        DeploymentStatus::Ended { outcome } => (style.failed(), outcome.name(), Paint::Bad),
    };
    let mut facts = Vec::new();
    if let Some(ended) = deployment.ended {
        facts.push(format!("in {}", duration(seconds(deployment.accepted, ended))));
    }
    if let Some(revision) = deployment.revision {
        facts.push(format!("revision {revision}"));
    }
    facts.push(format!("deployment {}", deployment.id));
    let separator = format!(" {} ", style.dot());
    let line = Line::new().with(format!("{sign} {word}"), paint).plain(format!(" {}", deployment.environment));
    let facts = facts.join(&separator);
    let mut lines = if line.width() + 2 + facts.chars().count() <= style.width {
        vec![line.plain("  ").with(facts, Paint::Quiet).show(style)]
    } else {
        vec![line.show(style), Line::new().plain("  ").with(facts, Paint::Quiet).show(style)]
    };
    match &deployment.status {
        DeploymentStatus::Ended { outcome: Outcome::Stopped { causes } } => {
            lines.extend(causes.iter().flat_map(|cause| of_cause(cause, style)));
            lines.push(String::new());
            lines.push("Nothing was undone: the next deployment carries on from here.".to_owned());
        }
        DeploymentStatus::Ended { outcome: Outcome::Refused { refusals } } => {
            lines.extend(refusals.iter().flat_map(|refusal| of_refusal(refusal, style)));
            lines.push(String::new());
            lines.push("Nothing was touched.".to_owned());
        }
        _ => {}
    }
    lines.join("\n") + "\n"
}

fn of_cause(cause: &Cause, style: &Style) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(labelled(2, ("error: ", Paint::Bad), &cause.message, style));
    lines.extend(labelled(2, ("help: ", Paint::Active), &cause.help, style));
    if !cause.blocked.is_empty() {
        let names = some(cause.blocked.iter().map(|key: &ResourceKey| &key.address), NAMED);
        lines.extend(labelled(2, ("not tried because of it: ", Paint::Quiet), &names, style));
    }
    lines
}

fn of_refusal(refusal: &Refusal, style: &Style) -> Vec<String> {
    let place = match (refusal.line, refusal.column) {
        (Some(line), Some(column)) => format!(" at {line}:{column}"),
        (Some(line), None) => format!(" at line {line}"),
        _ => String::new(),
    };
    let mut lines = vec![String::new()];
    let label = format!("{}{place}: ", refusal.code);
    lines.extend(labelled(2, (&label, Paint::Bad), &refusal.message, style));
    if let Some(help) = &refusal.help {
        lines.extend(labelled(2, ("help: ", Paint::Active), help, style));
    }
    lines
}
