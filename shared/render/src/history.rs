//! The deployments of an environment as a table.

use model::{Deployment, DeploymentStatus, Origin, Request, Scope, Selection, Target};

use crate::style::{Paint, Style};
use crate::text::columns;
use crate::words::{duration, seconds, some};

/// How many of the agents and stacks that a deployment is about are named.
const NAMED: usize = 3;

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
        Request::Deploy { only } => only_of(only),
        request => Some(asked(request)),
    };
    let who = match &deployment.origin {
        Origin::Upload { key, requester, .. } => {
            let account = requester.as_ref().and_then(|requester| requester.account.as_ref());
            Some(account.map_or_else(|| key.clone(), |account| format!("{key} by {account}")))
        }
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

/// The part that a deployment is about, in words: `only order-agent, storage`; none where it is everything.
pub fn only_of(only: &Selection) -> Option<String> {
    (!only.is_all()).then(|| format!("only {}", some(&only.0, NAMED)))
}

/// What a deployment is asked to do, in words.
pub(crate) fn asked(request: &Request) -> String {
    let of = |scope: &Scope| match scope {
        Scope::All => String::new(),
        Scope::Agent(name) => format!(" of agent {name}"),
        Scope::Stack(name) => format!(" of stack {name}"),
    };
    match request {
        Request::Deploy { only } => match only.is_all() {
            true => "what the config says".to_owned(),
            false => format!("what the config says, only of {}", some(&only.0, usize::MAX)),
        },
        Request::Rollback(rollback) => match rollback.to {
            Target::Previous => format!("back to the revision before{}", of(&rollback.scope)),
            Target::Revision(revision) => format!("back to revision {revision}{}", of(&rollback.scope)),
        },
        Request::Destroy(destroy) => format!("destroy{}", of(&destroy.scope)),
        Request::LetGo { resources } => format!("let go of {}", resources.len()),
        Request::Reap => "deletions that were put off".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use model::{EnvironmentId, Timestamp};

    use super::*;

    fn deployment(names: &[&str]) -> Deployment {
        let only = names.iter().map(|name| (*name).to_owned()).collect();
        let origin = Origin::Upload {
            bucket: "b".into(),
            key: "shop/dev/bundle.zip".into(),
            version: "v".into(),
            requester: None,
        };
        let environment = EnvironmentId { project: "shop".into(), environment: "dev".into() };
        Deployment::new("d1".into(), environment, origin, Request::Deploy { only }, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_deployment_of_a_part_says_of_what() {
        assert_eq!(from(&deployment(&[])), "shop/dev/bundle.zip");
        assert_eq!(from(&deployment(&["order-agent"])), "only order-agent, shop/dev/bundle.zip");
        let many = deployment(&["a", "b", "c", "d", "e"]);
        assert_eq!(from(&many), "only a, b, c and 2 more, shop/dev/bundle.zip");
        assert_eq!(asked(&many.request), "what the config says, only of a, b, c, d, e");
        assert_eq!(asked(&deployment(&[]).request), "what the config says");
    }
}
