//! The other texts that a config names: templates, assemblies.

use std::collections::{BTreeMap, BTreeSet};

use config::{Config, Discovery};
use source::{Code, Report, Span};

use crate::contents::Contents;
use crate::examine::join;
use crate::rejected::Rejected;

/// The most bytes of one text: what CloudFormation takes as a template ("AWS CloudFormation quotas", template body size in an
/// Amazon S3 object).
const LONGEST: u64 = 1 << 20;
/// The most bytes of all texts: they are in memory at once, in functions that have 512 MB for everything.
const MOST_BYTES: u64 = 16 << 20;
/// The most texts: several times the stacks of a large assembly.
const MOST: usize = 500;

/// What is wrong with a text that is named at a place of the config.
type Found = (Code, Span, String, Option<String>);

/// The texts that the config names, by path. What is missing, too large or no text is told at its place in the config.
pub(crate) fn read(
    contents: &mut impl Contents,
    config: &Config,
    environment: &str,
) -> Result<(BTreeMap<String, String>, Option<Report>), Rejected> {
    let mut texts = Texts::default();
    let paths = contents.paths();
    let mut missing = None;
    for needed in config.needed(environment) {
        if paths.contains(&needed.first()) {
            for path in paths.iter().filter(|path| needed.takes(path)) {
                texts.take(contents, path, needed.span)?;
            }
        } else if contents.is_whole() {
            let report = config.file_missing(&needed, paths.iter().map(String::as_str));
            missing = join(missing, Some(report));
        } else {
            let message = format!("`{}` is not here: the config was uploaded alone", needed.first());
            let help = "upload a `bundle.zip` with everything that the config names".to_owned();
            texts.found.push((Code::FileMissing, needed.span, message, Some(help)));
        }
    }
    // Templates name those of the stacks within theirs, which may name others. What is not there is told by who asks for it.
    let mut asked = BTreeSet::new();
    loop {
        let nested = config.nested(environment, &texts.texts);
        let new = nested.into_iter().filter(|(path, _)| paths.contains(path) && asked.insert(path.clone()));
        let new: Vec<(String, Span)> = new.collect();
        if new.is_empty() {
            break;
        }
        for (path, span) in new {
            texts.take(contents, &path, span)?;
        }
    }
    let Texts { texts, found, .. } = texts;
    let report = (!found.is_empty()).then(|| config.problems_at(found));
    Ok((texts, join(missing, report)))
}

/// The manifests of agents that a config asks for, by path.
///
/// # Errors
/// [`Rejected`] where one is no text or too large, or there are too many.
pub(crate) fn manifests(
    contents: &mut impl Contents,
    discovery: &Discovery,
) -> Result<BTreeMap<String, String>, Rejected> {
    let paths: Vec<String> = contents.paths().into_iter().filter(|path| discovery.takes(path)).collect();
    let size = |path: &String| contents.size(path).unwrap_or_default();
    let bytes = paths.iter().map(size).fold(0_u64, u64::saturating_add);
    if paths.len() > MOST || bytes > LONGEST {
        let message = format!("the manifests of agents are {} files with {bytes} bytes", paths.len());
        let help = format!("at most {MOST} with {LONGEST} bytes are read: make several projects of it");
        return Err(Rejected::refused("intake::config-too-large", message, &help));
    }
    let mut manifests = BTreeMap::new();
    for path in paths {
        let text = String::from_utf8(contents.read(&path)?).map_err(|error| {
            let message = format!("`{path}` is not UTF-8 text (byte {})", error.utf8_error().valid_up_to());
            Rejected::refused("intake::not-text", message, "save it as UTF-8")
        })?;
        manifests.insert(path, text);
    }
    Ok(manifests)
}

#[derive(Default)]
struct Texts {
    texts: BTreeMap<String, String>,
    found: Vec<Found>,
    bytes: u64,
    /// Whether it was said that there are too many.
    is_full: bool,
}

impl Texts {
    fn take(&mut self, contents: &mut impl Contents, path: &str, span: Span) -> Result<(), Rejected> {
        if self.texts.contains_key(path) || self.is_full {
            return Ok(());
        }
        let size = contents.size(path).unwrap_or_default();
        if size > LONGEST {
            let message = format!("`{path}` is {size} bytes long, and at most {LONGEST} are read");
            self.found.push((Code::TooLarge, span, message, Some("split the stack into several".to_owned())));
            return Ok(());
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > MOST_BYTES || self.texts.len() >= MOST {
            self.is_full = true;
            let message = format!("with `{path}` there are more than {MOST} texts, or more than 16 MiB of them");
            let help = "make several projects of it, or deploy fewer stacks of the assembly";
            self.found.push((Code::TooMany, span, message, Some(help.to_owned())));
            return Ok(());
        }
        match String::from_utf8(contents.read(path)?) {
            Ok(text) => drop(self.texts.insert(path.to_owned(), text)),
            Err(error) => {
                let message = format!("`{path}` is not UTF-8 text (byte {})", error.utf8_error().valid_up_to());
                self.found.push((Code::NotText, span, message, Some("save it as UTF-8".to_owned())));
            }
        }
        Ok(())
    }
}
