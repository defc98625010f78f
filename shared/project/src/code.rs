//! What is packed and kept of a project, so that resources can be made of it.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use config::{Config, Packaging, Source};
use model::{Artifact, Digest};
use source::{Report, Span};

use crate::contents::Contents;
use crate::examine::join;
use crate::rejected::Rejected;

/// The most bytes that are packed of one project, unpacked: as many as its bundle may have.
const MOST_BYTES: u64 = 1 << 30;

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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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

impl Location {
    /// Packs what is there; none where it is stored already.
    ///
    /// # Errors
    /// [`Rejected`] where it cannot be packed.
    pub fn pack(&self, contents: &mut impl Contents) -> Result<Option<Packed>, Rejected> {
        match self {
            Self::Stored(_) => Ok(None),
            Self::File(path) => {
                let bytes = contents.read(path)?;
                let artifact = Artifact { digest: Digest::of(&bytes), size: bytes.len() as u64 };
                Ok(Some(Packed { artifact, bytes, left_out: Vec::new() }))
            }
            Self::Folder(folder) => {
                let mut bytes = Vec::new();
                let packed = contents.pack(folder, &mut bytes).map_err(|error| refused(folder, &error))?;
                Ok(Some(Packed { artifact: packed.artifact, bytes, left_out: packed.left_out }))
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) | Self::File(path) => f.write_str(path),
            Self::Stored(digest) => digest.fmt(f),
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
    let folders = LazyCell::new(|| folders(&paths));
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
                Some(config.folder_missing(&agent, folders.iter().copied()))
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
    paths.iter().filter_map(move |path| from(folder, path))
}

/// A path beneath a folder, from there.
fn from<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    match folder.strip_prefix("./").unwrap_or(folder).trim_end_matches('/') {
        "" | "." => Some(path),
        folder => path.strip_prefix(folder)?.strip_prefix('/'),
    }
}

/// Every folder that a file is in.
fn folders(paths: &[String]) -> BTreeSet<&str> {
    paths.iter().flat_map(|path| path.match_indices('/').filter_map(|(at, _)| path.get(..at))).collect()
}

/// What is wrong where more is to be packed than may be: folders may stand within each other, and each is packed as a whole.
pub(crate) fn weighed(contents: &impl Contents, config: &Config, code: &[Code]) -> Option<Report> {
    let paths = contents.paths();
    let size = |path: &str| contents.size(path).unwrap_or_default();
    let mut left = MOST_BYTES;
    for (place, named) in places(code) {
        let bytes = match place {
            Location::Stored(_) => 0,
            Location::File(path) => size(path),
            Location::Folder(folder) => {
                let whole = paths.iter().filter(|path| from(folder, path).is_some());
                whole.fold(0, |bytes: u64, path| bytes.saturating_add(size(path)))
            }
        };
        match (left.checked_sub(bytes), named.first()) {
            (None, Some(first)) => {
                let message = format!("with the code of `{}` there is more than 1 GiB of code and assets", first.key);
                let help = "folders that contain others count as a whole: let each hold the code of one agent";
                return Some(config.problems_at([(
                    source::Code::TooLarge,
                    first.span,
                    message,
                    Some(help.to_owned()),
                )]));
            }
            (rest, _) => left = rest.unwrap_or_default(),
        }
    }
    None
}

/// The places of code, each once, with all that is there.
pub(crate) fn places(code: &[Code]) -> BTreeMap<&Location, Vec<&Code>> {
    let mut places: BTreeMap<&Location, Vec<&Code>> = BTreeMap::new();
    for one in code {
        places.entry(&one.at).or_default().push(one);
    }
    places
}
