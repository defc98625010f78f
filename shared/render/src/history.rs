//! The deployments of an environment as a table.

use model::{Deployment, DeploymentStatus, Origin};

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
        DeploymentStatus::Ended { outcome } if outcome.is_success() => (outcome.name(), Paint::Good),
        DeploymentStatus::Ended { outcome } => (outcome.name(), Paint::Bad),
    };
    let took = deployment.ended.map(|ended| duration(seconds(deployment.accepted, ended)));
    let from = match &deployment.origin {
        Origin::Upload { key, .. } => key.clone(),
        Origin::Reap => "(deletions that were put off)".to_owned(),
    };
    vec![
        (deployment.id.to_string(), Paint::Plain),
        (deployment.accepted.strftime("%Y-%m-%d %H:%M:%S").to_string(), Paint::Plain),
        (outcome.to_owned(), paint),
        (took.unwrap_or_default(), Paint::Plain),
        (deployment.revision.map(|revision| revision.to_string()).unwrap_or_default(), Paint::Plain),
        (from, Paint::Quiet),
    ]
}
