//! The examination of what was uploaded: everything that is wrong with it, or what a deployment needs of it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};

use bundle::{Bundle, Limits, OpenError, PackError, ReadError};
use config::{AgentSource, Config, Report, Source};
use model::{Artifact, Environment, Refusal, Timestamp};
use step::StepError;
use store::Store;

/// The largest config, in bytes: far above any that a person writes.
const CONFIG_BYTES: usize = 1 << 20;

/// The names under which a config is looked for.
pub(crate) const CONFIG_NAMES: [&str; 3] = ["strands.yaml", "strands.yml", "strands.json"];

/// What a valid upload comes to.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) config: String,
    pub(crate) artifacts: BTreeMap<String, Artifact>,
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

fn invalid(code: &str, message: impl Into<String>, help: &str) -> Rejected {
    Rejected::Invalid(vec![refusal(code, message, help)], None)
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
    (name, bytes): (&str, Vec<u8>),
    now: Timestamp,
) -> Result<Examined, Rejected> {
    let text = text(bytes)?;
    let config = read(name, &text)?;
    let reported = |report: Report| rejected(&report);
    config.agrees_with(environment).map_err(reported)?;
    let agents = config.agents_with_paths(&environment.id.environment).map_err(reported)?;
    let mut artifacts = BTreeMap::new();
    let mut report = None;
    for agent in &agents {
        match stored(store, agent, now).await? {
            Some(artifact) => drop(artifacts.insert(agent.name.to_owned(), artifact)),
            None => report = join(report, config.artifact_missing(agent)),
        }
    }
    finish(store, environment, &text, &config, artifacts, report)
}

/// Examines a bundle, and stores the code of its agents, each under the digest of its content.
pub(crate) async fn bundle(
    store: &Store,
    environment: &Environment,
    bytes: Vec<u8>,
    now: Timestamp,
) -> Result<Examined, Rejected> {
    let mut bundle = match bundle::open(Cursor::new(bytes), &Limits::default()) {
        Ok(bundle) => bundle,
        Err(OpenError::Refused(problems)) => {
            return Err(Rejected::Invalid(problems.iter().map(bundle::Problem::refusal).collect(), None));
        }
        Err(OpenError::Io(error)) => return Err(StepError::Transient(error.to_string()).into()),
    };
    let Some(name) = CONFIG_NAMES.into_iter().find(|name| bundle.file(name).is_some()) else {
        return Err(invalid(
            "intake::no-config",
            "the bundle has no `strands.yaml`",
            "zip the contents of the project's folder, not the folder itself",
        ));
    };
    if bundle.file(name).is_some_and(|file| file.size > CONFIG_BYTES as u64) {
        return Err(too_large(&format!("`{name}`")));
    }
    let text = text(bundle.read(name).map_err(|error| unreadable(&error))?)?;
    let config = read(name, &text)?;
    let reported = |report: Report| rejected(&report);
    config.agrees_with(environment).map_err(reported)?;
    let agents = config.agents_with_paths(&environment.id.environment).map_err(reported)?;
    let mut report = None;
    for agent in &agents {
        report = missing(&config, agent, &bundle).into_iter().fold(report, join);
    }
    if let Some(report) = report {
        return Err(rejected(&report));
    }
    let mut artifacts = BTreeMap::new();
    let mut report = None;
    for agent in &agents {
        let artifact = match agent.source {
            Source::Folder(folder) => Some(keep(store, &mut bundle, folder, now).await?),
            Source::Stored(_) => stored(store, agent, now).await?,
        };
        match artifact {
            Some(artifact) => drop(artifacts.insert(agent.name.to_owned(), artifact)),
            None => report = join(report, config.artifact_missing(agent)),
        }
    }
    finish(store, environment, &text, &config, artifacts, report)
}

/// Whether the config expands: what only expansion can tell is told before anything is queued.
fn finish(
    store: &Store,
    environment: &Environment,
    text: &str,
    config: &Config,
    artifacts: BTreeMap<String, Artifact>,
    report: Option<Report>,
) -> Result<Examined, Rejected> {
    if let Some(report) = report {
        return Err(rejected(&report));
    }
    let context = config::Context::new(environment, &artifacts, store.deployments_bucket());
    config::expand(config, &context).map_err(|report| rejected(&report))?;
    Ok(Examined { config: text.to_owned(), artifacts })
}

fn missing<R: Read + Seek>(config: &Config, agent: &AgentSource<'_>, bundle: &Bundle<R>) -> Option<Report> {
    let Source::Folder(folder) = agent.source else { return None };
    if bundle.folder(folder).next().is_none() {
        let folders = folders(bundle);
        return Some(config.folder_missing(agent, folders.iter().map(String::as_str)));
    }
    let files = agent.handler_files();
    let is_there = |file: &String| bundle.folder(folder).any(|(path, _)| path == file);
    (!files.is_empty() && !files.iter().any(is_there)).then(|| config.handler_missing(agent))
}

/// Every folder that a file of the bundle is in.
fn folders<R: Read + Seek>(bundle: &Bundle<R>) -> std::collections::BTreeSet<String> {
    let parents = |path: &str| -> Vec<String> {
        path.match_indices('/').filter_map(|(at, _)| path.get(..at)).map(str::to_owned).collect()
    };
    bundle.files().flat_map(|file| parents(&file.path)).collect()
}

/// Packs a folder and stores it, unless it is stored already.
async fn keep<R: Read + Seek>(
    store: &Store,
    bundle: &mut Bundle<R>,
    folder: &str,
    now: Timestamp,
) -> Result<Artifact, Rejected> {
    let mut bytes = Vec::new();
    let packed = bundle.pack_folder(folder, &mut bytes).map_err(|error| match error {
        PackError::Io { .. } | PackError::Finish(_) => Rejected::Step(StepError::Transient(error.to_string())),
        PackError::Empty | PackError::TooLarge { .. } | PackError::Paths(_) => invalid(
            "intake::agent-code",
            format!("the folder `{folder}` cannot be packed: {error}"),
            "an agent's code may have 250 MB unpacked, Lambda's own limit",
        ),
    })?;
    for path in &packed.left_out {
        tracing::info!(folder, path, "left out of the artifact");
    }
    store.keep_artifact(&packed.artifact.digest, bytes, now).await?;
    Ok(packed.artifact)
}

async fn stored(store: &Store, agent: &AgentSource<'_>, now: Timestamp) -> Result<Option<Artifact>, Rejected> {
    match agent.source {
        Source::Stored(digest) => Ok(store.kept_artifact(digest, now).await?),
        Source::Folder(_) => Ok(None),
    }
}

fn read(name: &str, text: &str) -> Result<Config, Rejected> {
    config::parse(name, text).map_err(|report| rejected(&report))
}

fn text(bytes: Vec<u8>) -> Result<String, Rejected> {
    if bytes.is_empty() {
        return Err(invalid("intake::empty", "the upload is empty", "upload the file again"));
    }
    if bytes.len() > CONFIG_BYTES {
        return Err(too_large("the config"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        invalid("intake::not-text", format!("the config is not UTF-8 text (byte {at})"), "save it as UTF-8")
    })
}

fn too_large(what: &str) -> Rejected {
    invalid(
        "intake::config-too-large",
        format!("{what} has more than 1 MiB"),
        "a config describes; move data elsewhere",
    )
}

fn unreadable(error: &ReadError) -> Rejected {
    invalid("intake::unreadable", error.to_string(), "make the archive again")
}

fn rejected(report: &Report) -> Rejected {
    Rejected::Invalid(report.refusals(), Some(report.render(false, 100)))
}

fn join(report: Option<Report>, more: Report) -> Option<Report> {
    Some(match report {
        Some(report) => report.with(more),
        None => more,
    })
}
