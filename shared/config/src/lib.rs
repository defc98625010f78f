//! `strands.yaml`: text → typed config with the place of every part → [`model::Desired`].
//!
//! Owns: the keys that a config may have, what each may say ([`parse`]: every error at once, each with its place and what to
//! do; for editors as a [`json_schema`]), what an environment overrides, and which resources it all comes to ([`expand`]). Must
//! never: read a file or the clock, talk to AWS, choose a physical name (the planner does), or widen what an agent asked for.

mod assembly;
mod chosen;
mod config;
mod discover;
mod expand;
mod json_schema;
mod nested;
mod outside;
mod read;
mod texts;

pub use config::{
    Access, Agent, AgentCode, AgentCore, AgentKind, Alarms, ApiGateway, ApiKind, Architecture, Authorizer, Bucket,
    Config, Container, Cors, Deduplication, Domain, Environment, Event, EventSource, FlowLogs, Generated, Grant,
    Health, HttpHealth, Index, Ipv4Range, KeyAccess, Keys, Kind, Lambda, Lifecycle, Monitoring, Nat, ObjectEvent,
    OnRemoval, Parameter, Permission, Program, Projection, Protocol, Public, Queue, QueueSubscription, Route, Runtime,
    Secret, SecretSource, Shared, Source, Space, Stream, Table, Tags, Throttling, Topic, UrlAuth, Vpc, VpcUse, Way,
    Zones,
};
pub use config::{Brought, Entries, IgnoreChanges, Ignored, Origin, Parameters, Setting, Stack, Variable};
pub use discover::{Discovery, discovery};
pub use expand::{Context, Expanded, Note, expand, problems_beside};
pub use json_schema::{json_schema, manifest_schema};
pub use outside::AgentSource;
use std::collections::BTreeMap;

use source::Files;
pub use source::{Area, Code, Problem, Report, Span, Spanned};
pub use texts::{AssetSource, Needed, NeededKind, Packaging};

/// Reads a config: its syntax, its shape, its names and ranges, with every environment's overrides applied in turn.
///
/// JSON is YAML, too. `name` is what the text is called (`strands.yaml`).
///
/// # Errors
/// A report of everything that is wrong. Where the text is no YAML, that alone: nothing can be said of the rest.
pub fn parse(name: &str, text: &str) -> Result<Config, Report> {
    parse_with(name, text, &BTreeMap::new())
}

/// The same, with the manifests of agents that the config asks for ([`discovery`]) among `sources`, texts by path.
///
/// # Errors
/// A report of everything that is wrong, in the manifests too.
pub fn parse_with(name: &str, text: &str, sources: &BTreeMap<String, String>) -> Result<Config, Report> {
    let mut files = Files::config(name, text);
    let mut findings = Vec::new();
    let config = source::tree(&files, 0, &mut findings).and_then(|root| {
        let found = discover::manifests(&mut files, &root, sources, &mut findings);
        read::config(&files, &root, &found, &mut findings)
    });
    match config {
        Some(config) if findings.is_empty() => Ok(config),
        _ => Err(Report::of(&files, findings)),
    }
}

/// What stands beside the agents in a config that [`parse_with`] refuses: its templates, resources and outputs, as far as they can
/// be read, so that what is wrong with them ([`problems_beside`]) is told together with what is wrong with the config. None
/// where the text is no YAML.
pub fn rest(name: &str, text: &str, sources: &BTreeMap<String, String>) -> Option<Config> {
    let mut files = Files::config(name, text);
    let mut told = Vec::new();
    let root = source::tree(&files, 0, &mut told)?;
    discover::manifests(&mut files, &root, sources, &mut told);
    Some(read::rest(&files, &root))
}
