//! A project held against the environment that it is meant for.

use std::collections::{BTreeMap, BTreeSet};

use config::{Config, Context, Expanded};
use model::{Artifact, Digest, Environment, Snapshot};
use source::{Problem, Report};

use crate::code::{self, Code, Location};
use crate::contents::Contents;
use crate::open::Opened;
use crate::rejected::Rejected;
use crate::texts;

/// A project that was read as a whole. It may still be wrong: [`Examined::expand`] says so.
#[derive(Debug, Clone)]
pub struct Examined {
    /// What the config is called.
    pub name: String,
    /// The text of the config.
    pub text: String,
    /// What it says.
    pub config: Config,
    /// The other texts that it names, by path.
    pub sources: BTreeMap<String, String>,
    /// What is to be packed, or is stored already.
    pub code: Vec<Code>,
    /// What is wrong with its files.
    problems: Option<Report>,
}

impl Opened {
    /// Reads what the config names, and looks whether everything is there.
    ///
    /// # Errors
    /// [`Rejected`] where the config is not meant for this environment. Files that are missing are told by [`Examined::expand`],
    /// together with what is wrong with those that are there.
    pub fn examine(self, contents: &mut impl Contents, environment: &Environment) -> Result<Examined, Rejected> {
        let Self { name, text, manifests, config } = self;
        config.agrees_with(environment)?;
        let target = &environment.id.environment;
        let (mut code, missing) = code::of_agents(contents, &config, target)?;
        let (mut sources, unread) = texts::read(contents, &config, target)?;
        sources.extend(manifests);
        let mut problems = join(missing, unread);
        // What an assembly that could not be read asks for is not known.
        if problems.is_none() {
            let (assets, missing) = code::of_assets(contents, &config, (target, &sources))?;
            code.extend(assets);
            problems = join(join(problems, missing), code::weighed(contents, &config, &code));
        }
        Ok(Examined { name, text, config, sources, code, problems })
    }
}

impl Examined {
    /// The places of what is to be packed or stored already, each once, with all that is there.
    pub fn places(&self) -> BTreeMap<&Location, Vec<&Code>> {
        code::places(&self.code)
    }

    /// The digests of the code that is named as stored already, by agent.
    pub fn stored(&self) -> impl Iterator<Item = (&str, &Digest)> {
        self.code.iter().filter_map(|code| match &code.at {
            Location::Stored(digest) => Some((code.key.as_str(), digest)),
            Location::Folder(_) | Location::File(_) => None,
        })
    }

    /// Tells of these agents that their code is not stored, together with what else is wrong.
    ///
    /// # Errors
    /// A report where the config knows no such environment.
    pub fn lacks(&mut self, agents: &BTreeSet<String>, environment: &Environment) -> Result<(), Report> {
        let named = self.config.agents_with_paths(&environment.id.environment)?;
        let missing = named.iter().filter(|agent| agents.contains(agent.name));
        let reports: Vec<Report> = missing.map(|agent| self.config.artifact_missing(agent)).collect();
        self.problems = reports.into_iter().fold(self.problems.take(), |problems, report| join(problems, Some(report)));
        Ok(())
    }

    /// What the project comes to. Code that is not among `artifacts` counts as there, with a digest of nothing: whether it is
    /// there was looked at before.
    ///
    /// # Errors
    /// A report of everything that is wrong with the project, its files included.
    pub fn expand(
        &self,
        environment: &Environment,
        artifacts: &BTreeMap<String, Artifact>,
        (bucket, snapshot): (&str, &Snapshot),
    ) -> Result<Expanded, Report> {
        let stand_in = || Artifact { digest: Digest::of(&[]), size: 0 };
        let mut artifacts = artifacts.clone();
        for code in &self.code {
            artifacts.entry(code.key.clone()).or_insert_with(stand_in);
        }
        let context = Context { sources: &self.sources, snapshot, ..Context::new(environment, &artifacts, bucket) };
        let expanded = config::expand(&self.config, &context).and_then(|expanded| {
            // Before everything is looked up, what there will be is not certain.
            if expanded.lookups.is_empty() {
                expanded.deployable()?;
            }
            Ok(expanded)
        });
        match (self.problems.clone(), expanded) {
            (None, expanded) => expanded,
            (Some(problems), Ok(_)) => Err(problems),
            (Some(problems), Err(report)) => {
                // Of a text that is missing it is known here why.
                let is_known = |one: &Problem| {
                    one.code == source::Code::FileMissing
                        && problems.problems().iter().any(|told| told.span == one.span)
                };
                let report = report.without(is_known);
                Err(problems.with(report))
            }
        }
    }
}

pub(crate) fn join(report: Option<Report>, more: Option<Report>) -> Option<Report> {
    match (report, more) {
        (Some(report), Some(more)) => Some(report.with(more)),
        (report, more) => report.or(more),
    }
}
