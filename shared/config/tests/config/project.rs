//! A project of several texts.

use std::collections::BTreeMap;

use config::{Expanded, Report};
use model::{Artifact, Digest, Lookup, Snapshot};
use serde_json::Value;

use super::{artifacts, record, valid};

/// A config and the texts that it names.
pub(super) struct Project {
    pub(super) config: String,
    pub(super) sources: BTreeMap<String, String>,
    pub(super) snapshot: Snapshot,
}

/// The project of the smallest config with what is added to it.
pub(super) fn project(added: &str) -> Project {
    let config = format!("project: {{ name: desk, region: eu-central-1 }}\nenvironments: {{ dev: {{}} }}\n{added}");
    Project { config, sources: BTreeMap::new(), snapshot: Snapshot::default() }
}

impl Project {
    /// The same with one more text.
    pub(super) fn with(mut self, path: &str, text: impl Into<String>) -> Self {
        self.sources.insert(path.to_owned(), text.into());
        self
    }

    /// The same in an account in which something was found.
    pub(super) fn found(mut self, lookup: Lookup, value: Value) -> Self {
        self.snapshot.0.insert(lookup, value);
        self
    }

    /// What it comes to in the environment `dev`; every asset is stored, with the digest of its name.
    pub(super) fn expand(&self) -> Result<Expanded, Report> {
        let config = config::parse("strands.yaml", &self.config)?;
        let mut stored = artifacts(&config, "dev");
        let assets = config.assets("dev", &self.sources)?;
        stored.extend(assets.iter().map(|asset| (asset.key.clone(), artifact(&asset.key))));
        let environment = record(&config, "dev");
        let context = config::Context {
            sources: &self.sources,
            snapshot: &self.snapshot,
            ..config::Context::new(&environment, &stored, "strands-deployments")
        };
        config::expand(&config, &context)
    }

    /// What it comes to, where that is expected to be valid.
    pub(super) fn expanded(&self) -> Expanded {
        self.expand().unwrap_or_else(|report| panic!("{}", report.render(false, 120)))
    }

    /// What is wrong, a line each: `file:line:column code | message | help`.
    pub(super) fn problems(&self) -> Vec<String> {
        lines(&self.expand().map(drop))
    }

    pub(super) fn config(&self) -> config::Config {
        valid(&self.config)
    }
}

/// What is stored of an asset.
pub(super) fn artifact(name: &str) -> Artifact {
    Artifact { digest: Digest::of(name.as_bytes()), size: 1 }
}

/// A report, a line each.
pub(super) fn lines(result: &Result<(), Report>) -> Vec<String> {
    let Err(report) = result else { return Vec::new() };
    let line = |problem: &config::Problem| {
        let (code, help) = (problem.full_code(), problem.help.as_deref().unwrap_or_default());
        format!("{}:{}:{} {code} | {} | {help}", problem.file, problem.line, problem.column, problem.message)
    };
    report.problems().iter().map(line).collect()
}

/// The properties of a resource.
pub(super) fn properties<'e>(expanded: &'e Expanded, address: &str) -> &'e serde_json::Map<String, Value> {
    let resources = &expanded.desired.resources;
    let resource = resources.get(&address.parse().unwrap());
    &resource.unwrap_or_else(|| panic!("no {address} among {:#?}", resources.keys())).properties.0
}
