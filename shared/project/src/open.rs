//! The config of a project: found, read, and understood by itself.

use std::collections::BTreeMap;

use config::Config;
use source::Report;

use crate::contents::Contents;
use crate::rejected::Rejected;
use crate::texts;

/// The largest config, in bytes: far above any that a person writes.
pub const CONFIG_BYTES: u64 = 1 << 20;

/// The names under which a config is looked for.
pub const CONFIG_NAMES: [&str; 3] = ["strands.yaml", "strands.yml", "strands.json"];

/// A config that is valid in itself.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What it is called.
    pub name: String,
    /// The text.
    pub text: String,
    /// The manifests of agents that it asks for, by path.
    pub manifests: BTreeMap<String, String>,
    /// What it says, and they say.
    pub config: Config,
}

/// Finds and reads the config.
///
/// # Errors
/// [`Rejected`]: there is none, it is no text, or everything that is wrong with it.
pub fn open(contents: &mut impl Contents) -> Result<Opened, Rejected> {
    let found = CONFIG_NAMES.into_iter().find_map(|name| Some((name, contents.size(name)?)));
    let Some((name, size)) = found else {
        let help = "zip the contents of the project's folder, not the folder itself";
        return Err(Rejected::refused("intake::no-config", "the bundle has no `strands.yaml`", help));
    };
    if size == 0 {
        return Err(Rejected::refused("intake::empty", "the upload is empty", "upload the file again"));
    }
    if size > CONFIG_BYTES {
        let what = if contents.is_whole() { format!("`{name}`") } else { "the config".to_owned() };
        let help = "a config describes; move data elsewhere";
        return Err(Rejected::refused("intake::config-too-large", format!("{what} has more than 1 MiB"), help));
    }
    let text = String::from_utf8(contents.read(name)?).map_err(|error| {
        let message = format!("the config is not UTF-8 text (byte {})", error.utf8_error().valid_up_to());
        Rejected::refused("intake::not-text", message, "save it as UTF-8")
    })?;
    let manifests = texts::manifests(contents, &config::discovery(name, &text))?;
    let config = match config::parse_with(name, &text, &manifests) {
        Ok(config) => config,
        Err(report) => return Err(all(contents, report, config::rest(name, &text, &manifests))?.into()),
    };
    Ok(Opened { name: name.to_owned(), text, manifests, config })
}

/// In how many environments templates are looked at beside a config in which something is wrong: each is a whole expansion.
const MOST_BESIDE: usize = 4;

/// What is wrong with the config, and with what stands beside its agents: whoever mends the one would meet the other next.
fn all(contents: &mut impl Contents, report: Report, rest: Option<Config>) -> Result<Report, Rejected> {
    use source::Code::{FileMissing, TooLarge, TooMany};
    let is_too_much = report.problems().iter().any(|problem| matches!(problem.code, TooLarge | TooMany));
    let Some(rest) = rest.filter(|_| !is_too_much) else { return Ok(report) };
    let mut all = report;
    let mut seen: Vec<&config::Brought> = Vec::new();
    for (environment, of_it) in &rest.environments {
        // What several environments have in common is wrong in each of them.
        if seen.len() == MOST_BESIDE || seen.contains(&&of_it.brought) {
            continue;
        }
        seen.push(&of_it.brought);
        let (texts, unread) = texts::read(contents, &rest, environment)?;
        // Why a text is not there is told by who looked for it.
        let problems = config::problems_beside(&rest, environment, &texts)
            .map(|report| report.without(|problem| problem.code == FileMissing));
        all = [problems, unread].into_iter().flatten().fold(all, Report::with);
    }
    Ok(all)
}
