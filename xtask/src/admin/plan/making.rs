//! The plan that the engine would make of a project now: looked at as intake does, decided as the plan function does.

use std::collections::{BTreeMap, BTreeSet};

use ::plan::{Asked, Material, Rejected, decide};
use engine::ports::{Queue, StoreError};
use model::{
    ApprovalRule, Artifact, Deployment, DeploymentId, Digest, Environment, EnvironmentId, Lookup, Origin, Recorded,
    Request, Selection, Snapshot, Timestamp,
};
use planner::Planned;
use project::{Contents, Examined};
use source::Report;
use store::Store;

use super::super::asking::Asking;
use crate::error::XtaskError;
use crate::validate::Wrong;

/// What an upload would do now.
pub(super) struct Foreseen {
    /// The plan.
    pub(super) planned: Planned,
    /// What it is made from.
    pub(super) recorded: Recorded,
    /// What it is made from of the account, where it needs something of it.
    pub(super) seen: Option<Seen>,
    /// The rule by which it would have to be approved.
    pub(super) asks: Option<ApprovalRule>,
    /// The deployments that have their turn or wait for it, which may change what is recorded.
    pub(super) ahead: Vec<DeploymentId>,
}

/// What an earlier deployment looked up in the account.
pub(super) struct Seen {
    /// Which.
    pub(super) deployment: DeploymentId,
    /// When.
    pub(super) at: Timestamp,
    /// What is needed of it.
    pub(super) snapshot: Snapshot,
}

/// Why there is no plan.
pub(super) enum Unplanned {
    /// Something is wrong with what would be uploaded, or it may not be done.
    Wrong(Wrong),
    /// What it refers to in the account was never looked up, and only a deployment can.
    NotKnown(Vec<Lookup>),
    /// It could not be found out.
    Failed(XtaskError),
}

impl From<Wrong> for Unplanned {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<Report> for Unplanned {
    fn from(report: Report) -> Self {
        Self::Wrong(Wrong::Texts(report))
    }
}

impl From<project::Rejected> for Unplanned {
    fn from(rejected: project::Rejected) -> Self {
        match Wrong::of(rejected) {
            Ok(wrong) => Self::Wrong(wrong),
            Err(error) => Self::Failed(error),
        }
    }
}

impl From<Rejected> for Unplanned {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Refused(refusals, _) => Self::Wrong(Wrong::Else(refusals)),
            Rejected::Step(error) => {
                Self::Failed(XtaskError::Unexpected { what: "the plan was made".to_owned(), why: error.to_string() })
            }
        }
    }
}

impl From<XtaskError> for Unplanned {
    fn from(error: XtaskError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Unplanned {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Plans what an upload of these files would ask for.
pub(super) async fn foresee(
    asking: &Asking,
    contents: &mut impl Contents,
    only: Selection,
) -> Result<Foreseen, Unplanned> {
    let (environment, store) = (&asking.environment, &asking.engine.store);
    let bucket = store.deployments_bucket();
    let mut project = project::open(contents)?.examine(contents, environment)?;
    let mut artifacts = stored(store, &mut project, environment).await?;
    let expanded = project.expand(environment, &artifacts, (bucket, &Snapshot::default()))?;
    for (place, named) in project.places() {
        if let Some(packed) = place.pack(contents)? {
            artifacts.extend(named.into_iter().map(|code| (code.key.clone(), packed.artifact.clone())));
        }
    }
    let seen = seen(store, &environment.id, &expanded.lookups).await?;

    // Last: the younger what is recorded, the truer the plan.
    let (material, ahead) = (asking.material().await?, ahead(store, &environment.id).await?);
    let recorded = material.recorded;
    let mut names = project.names(&environment.id.environment, &expanded);
    names.extend(project::recorded_names(&recorded));
    project::knows(&only, &names).map_err(Wrong::Else)?;

    let Examined { text, sources, .. } = project;
    let digest = Digest::of(text.as_bytes());
    let snapshot = seen.as_ref().map(|seen| seen.snapshot.clone()).unwrap_or_default();
    let asked = Asked::new((text, digest), (sources, None), (snapshot, None));
    let origin = Origin::Administrator { name: asking.engine.caller.clone() };
    let request = Request::Deploy { only };
    let deployment = Deployment::new(material.deployment, environment.id.clone(), origin, request, Timestamp::now());
    let deployment = Deployment { artifacts, ..deployment };
    let planned = decide(&Material {
        deployment: &deployment,
        environment,
        recorded: &recorded,
        stamp: &material.stamp,
        bucket,
        asked: Some(&asked),
        since: 0,
    })?;
    let asks = environment.asks(&deployment.request, &planned.plan).cloned();
    Ok(Foreseen { planned, recorded, seen, asks, ahead })
}

/// The code that agents name and an earlier deployment stored. What is not there is told with what else is wrong.
async fn stored(
    store: &Store,
    project: &mut Examined,
    environment: &Environment,
) -> Result<BTreeMap<String, Artifact>, Unplanned> {
    let (mut artifacts, mut missing) = (BTreeMap::new(), BTreeSet::new());
    for (agent, digest) in project.stored() {
        match store.stored_artifact(digest).await? {
            Some(artifact) => drop(artifacts.insert(agent.to_owned(), artifact)),
            None => drop(missing.insert(agent.to_owned())),
        }
    }
    project.lacks(&missing, environment)?;
    Ok(artifacts)
}

/// What was looked up last of what must be known; none where nothing must.
async fn seen(store: &Store, id: &EnvironmentId, lookups: &BTreeSet<Lookup>) -> Result<Option<Seen>, Unplanned> {
    if lookups.is_empty() {
        return Ok(None);
    }
    let all = || Unplanned::NotKnown(lookups.iter().cloned().collect());
    let (deployment, at, Snapshot(mut values)) = store.last_snapshot(id).await?.ok_or_else(all)?;
    values.retain(|lookup, _| lookups.contains(lookup));
    let unknown: Vec<Lookup> = lookups.iter().filter(|lookup| !values.contains_key(lookup)).cloned().collect();
    match unknown.is_empty() {
        true => Ok(Some(Seen { deployment, at, snapshot: Snapshot(values) })),
        false => Err(Unplanned::NotKnown(unknown)),
    }
}

/// Who has the turn and who waits, in that order.
async fn ahead(store: &Store, id: &EnvironmentId) -> Result<Vec<DeploymentId>, Unplanned> {
    let active = store.turn(id).await?.active.map(|active| active.entry.deployment);
    let entries = store.entries(id).await?.into_iter().map(|entry| entry.deployment);
    let waiting: Vec<DeploymentId> = entries.filter(|one| Some(one) != active.as_ref()).collect();
    Ok(active.into_iter().chain(waiting).collect())
}
