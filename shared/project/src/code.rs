//! What is packed and kept of a project, so that resources can be made of it.

use std::collections::{BTreeMap, BTreeSet};

use config::{Config, Packaging, Source};
use model::{Artifact, Digest};
use source::{Report, Span};

use crate::contents::Contents;
use crate::examine::join;
use crate::rejected::Rejected;

/// Code of an agent, or an asset of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The agent's name, or `{stack}/{id of the asset}`.
    pub key: String,
    /// Where it is.
    pub at: Location,
    /// Where that was written.
    pub span: Span,
}

/// Where code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder, to be packed.
    Folder(String),
    /// A file, to be kept as it is.
    File(String),
    /// Among what is kept already.
    Stored(Digest),
}

/// What is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Its address.
    pub artifact: Artifact,
    /// What it is.
    pub bytes: Vec<u8>,
    /// The paths that were not packed.
    pub left_out: Vec<String>,
}

impl Code {
    /// Packs it; none where it is stored already.
    ///
    /// # Errors
    /// [`Rejected`] where it cannot be packed.
    pub fn pack(&self, contents: &mut impl Contents) -> Result<Option<Packed>, Rejected> {
        match &self.at {
            Location::Stored(_) => Ok(None),
            Location::File(path) => {
                let bytes = contents.read(path)?;
                let artifact = Artifact { digest: Digest::of(&bytes), size: bytes.len() as u64 };
                Ok(Some(Packed { artifact, bytes, left_out: Vec::new() }))
            }
            Location::Folder(folder) => {
                let mut bytes = Vec::new();
                let packed = contents.pack(folder, &mut bytes).map_err(|error| refused(folder, &error))?;
                Ok(Some(Packed { artifact: packed.artifact, bytes, left_out: packed.left_out }))
            }
        }
    }
}

fn refused(folder: &str, error: &bundle::PackError) -> Rejected {
    match error {
        bundle::PackError::Io { .. } | bundle::PackError::Finish(_) => Rejected::Io(error.to_string()),
        bundle::PackError::Empty | bundle::PackError::TooLarge { .. } | bundle::PackError::Paths(_) => {
            Rejected::refused(
                "intake::agent-code",
                format!("the folder `{folder}` cannot be packed: {error}"),
                "a function's code may have 250 MB unpacked, Lambda's own limit",
            )
        }
    }
}

/// The code of the agents, and what is wrong with where it should be.
pub(crate) fn of_agents(
    contents: &impl Contents,
    config: &Config,
    environment: &str,
) -> Result<(Vec<Code>, Option<Report>), Report> {
    let paths = contents.paths();
    let mut codes = Vec::new();
    let mut report = None;
    for agent in config.agents_with_paths(environment)? {
        let at = match agent.source {
            Source::Folder(folder) => Location::Folder(folder.clone()),
            Source::Stored(digest) => Location::Stored(digest.clone()),
        };
        if let Location::Folder(folder) = &at {
            let missing = if !contents.is_whole() {
                Some(config.artifact_missing(&agent))
            } else if beneath(&paths, folder).next().is_none() {
                let folders = folders(&paths);
                Some(config.folder_missing(&agent, folders.iter().map(String::as_str)))
            } else {
                let files = agent.handler_files();
                let is_there = |file: &String| beneath(&paths, folder).any(|path| path == file);
                (!files.is_empty() && !files.iter().any(is_there)).then(|| config.handler_missing(&agent))
            };
            report = join(report, missing);
        }
        codes.push(Code { key: agent.name.to_owned(), at, span: agent.source_span });
    }
    Ok((codes, report))
}

/// The assets of the config's templates, and what is wrong with where they should be.
pub(crate) fn of_assets(
    contents: &impl Contents,
    config: &Config,
    (environment, texts): (&str, &BTreeMap<String, String>),
) -> Result<(Vec<Code>, Option<Report>), Report> {
    let paths = contents.paths();
    let mut codes = Vec::new();
    let mut report = None;
    for asset in config.assets(environment, texts)? {
        let (is_there, at) = match asset.packaging {
            Packaging::Zip => (beneath(&paths, &asset.path).next().is_some(), Location::Folder(asset.path.clone())),
            Packaging::File => (paths.contains(&asset.path), Location::File(asset.path.clone())),
        };
        report = join(report, (!is_there).then(|| config.asset_missing(&asset)));
        codes.push(Code { key: asset.key, at, span: asset.span });
    }
    Ok((codes, report))
}

/// The paths beneath a folder, from there; `.` is everything.
fn beneath<'p>(paths: &'p [String], folder: &str) -> impl Iterator<Item = &'p str> {
    let folder = folder.strip_prefix("./").unwrap_or(folder).trim_end_matches('/');
    let prefix = if matches!(folder, "" | ".") { String::new() } else { format!("{folder}/") };
    paths.iter().filter_map(move |path| path.strip_prefix(&prefix))
}

/// Every folder that a file is in.
fn folders(paths: &[String]) -> BTreeSet<String> {
    let parents = |path: &String| -> Vec<String> {
        path.match_indices('/').filter_map(|(at, _)| path.get(..at)).map(str::to_owned).collect()
    };
    paths.iter().flat_map(parents).collect()
}
