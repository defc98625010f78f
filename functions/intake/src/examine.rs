//! The examination of what was uploaded: everything that is wrong with it, or what a deployment needs of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use bundle::{Limits, OpenError};
use config::Expanded;
use model::{Artifact, Environment, Lookup, Notice, Refusal, Selection, Snapshot, Timestamp};
use project::{Bare, Contents, Examined as Project};
use step::StepError;
use store::Store;

use crate::only;

pub(crate) use project::CONFIG_NAMES;

/// What a valid upload comes to.
#[derive(Debug)]
pub(crate) struct Examined {
    /// What it is about.
    pub(crate) only: Selection,
    pub(crate) config: String,
    /// The other texts that the config names, by path.
    pub(crate) sources: BTreeMap<String, String>,
    pub(crate) artifacts: BTreeMap<String, Artifact>,
    /// What must be looked up in the account before it can be planned.
    pub(crate) lookups: BTreeSet<Lookup>,
    /// What its config asks to be told of.
    pub(crate) notices: BTreeSet<Notice>,
}

/// Why an upload cannot be deployed.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// It is not valid; with the report as a person reads it.
    Invalid(Vec<Refusal>, Option<String>),
    /// It could not be examined.
    Step(StepError),
}

impl From<StepError> for Rejected {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

impl From<engine::ports::StoreError> for Rejected {
    fn from(error: engine::ports::StoreError) -> Self {
        Self::Step(error.into())
    }
}

impl From<project::Rejected> for Rejected {
    fn from(rejected: project::Rejected) -> Self {
        match &rejected {
            project::Rejected::Io(why) => Self::Step(StepError::Transient(why.clone())),
            project::Rejected::Refused(_) => Self::Invalid(rejected.refusals(), None),
            project::Rejected::Texts(report) => Self::Invalid(report.refusals(), Some(report.render(false, 100))),
        }
    }
}

pub(crate) fn refusal(code: &str, message: impl Into<String>, help: &str) -> Refusal {
    Refusal {
        code: code.into(),
        message: message.into(),
        help: Some(help.into()),
        file: None,
        line: None,
        column: None,
    }
}

/// Examines a bare config.
pub(crate) async fn bare(
    store: &Store,
    environment: &Environment,
    (name, bytes, only): (&str, Vec<u8>, Selection),
    now: Timestamp,
) -> Result<Examined, Rejected> {
    examine(store, environment, (Bare { name: name.to_owned(), bytes }, only), now).await
}

/// Examines a bundle, and stores the code of its agents and the assets of its templates, each under the digest of its content.
pub(crate) async fn bundle(
    store: &Store,
    environment: &Environment,
    (bytes, only): (Vec<u8>, Selection),
    now: Timestamp,
) -> Result<Examined, Rejected> {
    match bundle::open(Cursor::new(bytes), &Limits::default()) {
        Ok(bundle) => examine(store, environment, (bundle, only), now).await,
        Err(OpenError::Refused(problems)) => {
            Err(Rejected::Invalid(problems.iter().map(bundle::Problem::refusal).collect(), None))
        }
        Err(OpenError::Io(error)) => Err(StepError::Transient(error.to_string()).into()),
    }
}

/// Whatever can be told without the account is told before anything is stored or queued.
async fn examine(
    store: &Store,
    environment: &Environment,
    (mut contents, only): (impl Contents, Selection),
    now: Timestamp,
) -> Result<Examined, Rejected> {
    let mut project = project::open(&mut contents)?.examine(&mut contents, environment)?;
    let mut artifacts = kept(store, environment, &mut project, now).await?;
    let around = (store.deployments_bucket(), &Snapshot::default());
    let expanded = project.expand(environment, &artifacts, around).map_err(project::Rejected::Texts)?;
    only::known(store, environment, (&project, &expanded), &only).await?;
    for (place, named) in project.places() {
        let Some(packed) = place.pack(&mut contents)? else { continue };
        for path in &packed.left_out {
            tracing::info!(%place, path, "left out of the artifact");
        }
        store.keep_artifact(&packed.artifact.digest, packed.bytes, now).await?;
        artifacts.extend(named.into_iter().map(|code| (code.key.clone(), packed.artifact.clone())));
    }
    let Project { text, sources, .. } = project;
    let Expanded { lookups, notices, .. } = expanded;
    Ok(Examined { only, config: text, sources, artifacts, lookups, notices })
}

/// The code that agents name and an earlier deployment stored. What is not there is told with what else is wrong.
async fn kept(
    store: &Store,
    environment: &Environment,
    project: &mut Project,
    now: Timestamp,
) -> Result<BTreeMap<String, Artifact>, Rejected> {
    let mut artifacts = BTreeMap::new();
    let mut missing = BTreeSet::new();
    for (agent, digest) in project.stored() {
        match store.kept_artifact(digest, now).await? {
            Some(artifact) => drop(artifacts.insert(agent.to_owned(), artifact)),
            None => drop(missing.insert(agent.to_owned())),
        }
    }
    project.lacks(&missing, environment).map_err(project::Rejected::Texts)?;
    Ok(artifacts)
}
