//! How a deployment ended: one line, and for a failure everything that somebody needs who has to act on it.

use std::collections::BTreeSet;

use model::{Cause, Deployment, DeploymentStatus, Outcome, Refusal, Request, ResourceAddress, ResourceKey, Revision};

use crate::style::{Paint, Style};
use crate::text::{Line, labelled};
use crate::words::{count, duration, seconds, some};

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
    if let Some(outcome) = deployment.outcome() {
        lines.extend(told(deployment, outcome, style));
    }
    lines.join("\n") + "\n"
}

/// What there is to say beyond the first line.
fn told(deployment: &Deployment, outcome: &Outcome, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    match outcome {
        Outcome::Deployed | Outcome::Unchanged => {}
        Outcome::Stopped { causes } => {
            lines.extend(of_causes(causes, style));
            lines.extend(closing(stopped(deployment), style));
        }
        Outcome::Refused { refusals } => {
            lines.extend(refusals.iter().flat_map(|refusal| of_refusal(refusal, style)));
            lines.extend(closing("Nothing was touched.", style));
        }
        Outcome::RolledBack { to, causes } if causes.is_empty() => {
            lines.extend(closing(&stands(deployment, *to), style));
        }
        Outcome::RolledBack { to, causes } => {
            lines.extend(of_causes(causes, style));
            lines.extend(closing(&format!("What it had done is undone. {}", stands(deployment, *to)), style));
        }
        Outcome::Stuck { causes, because, next } => lines.extend(stuck(deployment, (causes, because), next, style)),
        Outcome::Destroyed { deleted, retained } => {
            lines.extend(closing(&format!("{} deleted.", count(*deleted, "resource")), style));
            lines.extend(stays(retained, style));
        }
        Outcome::Draining { left, retained } => {
            lines.extend(closing(
                "Everything is gone but what something that lingers still uses: it goes later, by itself.",
                style,
            ));
            lines.extend(labelled(2, ("left: ", Paint::Change), &some(left, usize::MAX), style));
            lines.extend(stays(retained, style));
        }
        Outcome::Denied { by, why } => {
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            lines.extend(closing(&format!("Denied by {by}{why}"), style));
            lines.extend(closing("Nothing was touched.", style));
        }
        Outcome::Expired => lines.extend(closing(
            "Nobody approved its plan in time. Nothing was touched; to ask again, hand it in again.",
            style,
        )),
        Outcome::Superseded { by } => lines.extend(closing(
            &format!("Nothing was touched: deployment {by} is newer, and is carried out instead."),
            style,
        )),
        Outcome::Cancelled { by } => {
            let by = by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            let what = match deployment.started {
                Some(_) => {
                    "What had begun is finished, and nothing was undone: the next deployment carries on from here."
                }
                None => "It waited; nothing was touched.",
            };
            lines.extend(closing(&format!("Cancelled{by}. {what}"), style));
        }
    }
    lines
}

fn stopped(deployment: &Deployment) -> &'static str {
    match &deployment.request {
        Request::Destroy(_) => {
            "What could go is gone. Put the causes right, then destroy again: it carries on from here."
        }
        Request::Deploy { .. } | Request::Rollback(_) | Request::LetGo { .. } | Request::Reap => {
            "Nothing was undone: the next deployment carries on from here."
        }
    }
}

/// How an environment stands that went back.
fn stands(deployment: &Deployment, to: Revision) -> String {
    match to {
        _ if !deployment.request.only().is_all() => "What it touched is as it was before.".to_owned(),
        Revision(0) => "The environment is as it was before the first deployment.".to_owned(),
        to => format!("The environment is as it was at revision {to}."),
    }
}

/// What could not be undone, what was to be undone, and every way on.
fn stuck(deployment: &Deployment, (causes, because): (&[Cause], &[Cause]), next: &str, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let mut part = |title: &str, causes: &[Cause]| {
        if !causes.is_empty() {
            lines.push(String::new());
            lines.push(style.paint(title, Paint::Strong));
            lines.extend(of_causes(causes, style).into_iter().skip(1));
        }
    };
    part("What failed first", because);
    part("What could not be undone", causes);
    lines.extend(closing("The record is true. Put the causes right, then type", style));
    lines.push(command(next, style));
    let failed: BTreeSet<&ResourceAddress> =
        causes.iter().filter_map(|cause| Some(&cause.change.as_ref()?.address)).collect();
    let mut or = match deployment.request.only().is_all() {
        true => "or upload what the environment shall be instead".to_owned(),
        false => "or upload the part as it shall be instead, which leaves the rest alone".to_owned(),
    };
    if failed.is_empty() {
        or.push('.');
        lines.extend(labelled(0, ("", Paint::Plain), &or, style));
    } else {
        or.push_str(", or let go of what AWS will not change: it stays in the account, and nothing is done to it");
        lines.extend(labelled(0, ("", Paint::Plain), &or, style));
        let names: Vec<String> = failed.into_iter().map(ToString::to_string).collect();
        let let_go = format!("cargo xtask admin let-go {} {}", deployment.environment, names.join(" "));
        lines.push(command(&let_go, style));
    }
    lines
}

/// A command to type: never broken, because it is copied.
fn command(command: &str, style: &Style) -> String {
    format!("  {}", style.paint(command, Paint::Active))
}

/// What was let go of: named in full, because nothing but this knows of it any more.
fn stays(retained: &[ResourceKey], style: &Style) -> Vec<String> {
    if retained.is_empty() {
        return Vec::new();
    }
    let label = "stays in the account, and is not recorded any more: ";
    labelled(2, (label, Paint::Change), &some(retained, usize::MAX), style)
}

fn closing(text: &str, style: &Style) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(labelled(0, ("", Paint::Plain), text, style));
    lines
}

fn of_causes(causes: &[Cause], style: &Style) -> Vec<String> {
    causes.iter().flat_map(|cause| of_cause(cause, style)).collect()
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
    let place = refusal.place().map_or_else(String::new, |place| format!(" at {place}"));
    let mut lines = vec![String::new()];
    let label = format!("{}{place}: ", refusal.code);
    lines.extend(labelled(2, (&label, Paint::Bad), &refusal.message, style));
    if let Some(help) = &refusal.help {
        lines.extend(labelled(2, ("help: ", Paint::Active), help, style));
    }
    lines
}
