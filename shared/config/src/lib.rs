//! `strands.yaml`: text → typed config with the place of every part → [`model::Desired`].
//!
//! Owns: the keys that a config may have, what each may say ([`parse`]: every error at once, each with its place and what to
//! do), what an environment overrides, and which resources it all comes to ([`expand`]). Must never: read a file or the
//! clock, talk to AWS, choose a physical name (the planner does), or widen what an agent asked for.

mod code;
mod config;
mod expand;
mod outside;
mod problem;
mod read;
mod render;
mod span;
mod yaml;

pub use code::Code;
pub use config::{
    Access, Agent, Alarms, ApiGateway, Architecture, Bucket, Config, Cors, Environment, Health, HttpHealth, Kind,
    Monitoring, OnRemoval, Parameter, Permission, Queue, Route, Runtime, Shared, Source, Table, Tags, Topic, UrlAuth,
    Way,
};
pub use expand::{Context, expand};
pub use outside::AgentSource;
pub use problem::{Problem, Report};
pub use span::{Span, Spanned};

/// Reads a config: its syntax, its shape, its names and ranges, with every environment's overrides applied in turn.
///
/// JSON is YAML, too.
///
/// # Errors
/// A report of everything that is wrong. Where the text is no YAML, that alone: nothing can be said of the rest.
pub fn parse(text: &str) -> Result<Config, Report> {
    let mut findings = Vec::new();
    let config = match yaml::tree(text, &mut findings) {
        Some(root) => read::config(text, &root, &mut findings),
        None => None,
    };
    match config {
        Some(config) if findings.is_empty() => Ok(config),
        _ => Err(Report::of(text, findings)),
    }
}
