//! The deployments of an environment as a table.

use model::{Deployment, DeploymentStatus, Origin, Request, Target};

use crate::style::{Paint, Style};
use crate::text::columns;
use crate::words::{duration, seconds};

/// One line for each deployment, in the given order.
pub fn history(deployments: &[Deployment], style: &Style) -> String {
    let head = ["deployment", "accepted", "outcome", "took", "revision", "from"];
    let mut rows = vec![head.map(|title| (title.to_owned(), Paint::Quiet)).to_vec()];
    rows.extend(deployments.iter().map(row));
    columns(&rows, style)
}

fn row(deployment: &Deployment) -> Vec<(String, Paint)> {
    let (outcome, paint) = match &deployment.status {
        DeploymentStatus::Queued => ("Queued", Paint::Quiet),
        DeploymentStatus::Running => ("Running", Paint::Active),
        DeploymentStatus::AwaitingApproval => ("AwaitingApproval", Paint::Active),
        DeploymentStatus::Ended { outcome } if outcome.is_success() => (outcome.name(), Paint::Good),
        DeploymentStatus::Ended { outcome } => (outcome.name(), Paint::Bad),
    };
    let took = deployment.ended.map(|ended| duration(seconds(deployment.accepted, ended)));
    let from = from(deployment);
    vec![
        (deployment.id.to_string(), Paint::Plain),
        (deployment.accepted.strftime("%Y-%m-%d %H:%M:%S").to_string(), Paint::Plain),
        (outcome.to_owned(), paint),
        (took.unwrap_or_default(), Paint::Plain),
        (deployment.revision.map(|revision| revision.to_string()).unwrap_or_default(), Paint::Plain),
        (from, Paint::Quiet),
    ]
}

fn from(deployment: &Deployment) -> String {
    let what = match &deployment.request {
        Request::Deploy => None,
        Request::Rollback(rollback) => Some(match rollback.to {
            Target::Previous => "back to the revision before".to_owned(),
            Target::Revision(revision) => format!("back to revision {revision}"),
        }),
        Request::Destroy(_) => Some("destroy".to_owned()),
        Request::LetGo { resources } => Some(format!("let go of {}", resources.len())),
        Request::Reap => Some("deletions that were put off".to_owned()),
    };
    let who = match &deployment.origin {
        Origin::Upload { key, .. } => Some(key.clone()),
        Origin::Execution { name } => Some(format!("execution {name}")),
        Origin::Administrator { name } => Some(name.clone()),
        Origin::Engine => None,
    };
    match (what, who) {
        (Some(what), Some(who)) => format!("{what}, {who}"),
        (Some(what), None) => format!("({what})"),
        (None, who) => who.unwrap_or_default(),
    }
}
