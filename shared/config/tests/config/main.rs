//! What a config says, what is wrong with it, and what it comes to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking, and the shared parts of tests are not test functions"
)]

mod apis;
mod assembly;
mod defaults;
mod discover;
mod errors;
mod events;
mod example;
mod expansion;
mod features;
mod health;
mod hostile;
mod json_schema;
mod kinds;
mod merging;
mod nested;
mod network;
mod optimiser;
mod outside;
mod pages;
mod project;
mod references;
mod rendering;
mod resources;
mod secrets;
mod shift;
mod sound;
mod stacks;
mod stored;

use std::collections::BTreeMap;

use model::{Artifact, Desired, Digest, EnvironmentId, Lookup, Snapshot};

/// The smallest config with an agent; seven lines, so that what is added begins in line 8, within the agent.
const SMALL: &str = "\
project: { name: desk, region: eu-central-1 }
environments: { dev: {} }
agents:
  - name: bot
    path: agents/bot
    runtime: python3.12
    handler: handler.handle
";

/// `SMALL` and what follows.
fn small(rest: &str) -> String {
    format!("{SMALL}{rest}")
}

/// A config that is expected to be valid.
fn valid(text: &str) -> config::Config {
    match config::parse("strands.yaml", text) {
        Ok(config) => {
            json_schema::takes(text);
            config
        }
        Err(report) => panic!("{}", report.render(false, 100)),
    }
}

/// The record of an environment that agrees with the config.
fn record(config: &config::Config, name: &str) -> model::Environment {
    let environment = config.environment(name).unwrap();
    model::Environment {
        id: EnvironmentId::new(&config.project.value, name).unwrap(),
        account: environment.account.as_ref().map_or("000000000000".into(), |account| account.value.clone()),
        region: environment.region.as_ref().map_or("eu-central-1".into(), |region| region.value.clone()),
        target_role: format!("arn:aws:iam::000000000000:role/strandline-target-desk-{name}"),
        external_id: None,
        boundary: format!("arn:aws:iam::000000000000:policy/strandline-boundary-desk-{name}"),
        protected: false,
        on_failure: Default::default(),
        approval: None,
        keep: Default::default(),
        limits: Default::default(),
        notices: Default::default(),
    }
}

/// Code for every agent: the digest of its name.
fn artifacts(config: &config::Config, name: &str) -> BTreeMap<String, Artifact> {
    let agents = config.agents_with_paths(name).unwrap();
    let artifact = |agent: &str| Artifact { digest: Digest::of(agent.as_bytes()), size: 1 };
    agents.iter().map(|agent| (agent.name.to_owned(), artifact(agent.name))).collect()
}

/// What a valid config comes to in one environment, in a region of three zones.
fn whole(config: &config::Config, name: &str) -> Result<config::Expanded, config::Report> {
    let (environment, artifacts) = (record(config, name), artifacts(config, name));
    let region = environment.region.clone();
    let zones = ["c", "a", "b"].map(|letter| format!("{region}{letter}"));
    let snapshot = Snapshot([(Lookup::Zones { region }, serde_json::json!(zones))].into());
    let context = config::Context {
        snapshot: &snapshot,
        ..config::Context::new(&environment, &artifacts, "strands-deployments")
    };
    config::expand(config, &context)
}

/// What a valid config comes to in one environment, which is sound.
fn expanded(config: &config::Config, name: &str) -> Desired {
    let expanded = whole(config, name).unwrap_or_else(|report| panic!("{report}"));
    sound::check(&expanded);
    expanded.desired
}

/// What a valid config comes to in `dev`: whole in itself, and such as AWS's own schemas of the types ask for.
fn sound(text: &str) -> config::Expanded {
    let expanded = whole(&valid(text), "dev").unwrap_or_else(|report| panic!("{report}\n{text}"));
    sound::check(&expanded);
    expanded
}
