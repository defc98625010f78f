//! The API that agents share.

use std::collections::BTreeSet;

use source::Span;

/// The API that the agents share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiGateway {
    /// Where it was asked for.
    pub span: Span,
    /// Which of the two kinds of API it is, with what only that has.
    pub kind: ApiKind,
    /// Which pages of other origins may call it.
    pub cors: Option<Cors>,
    /// How much it takes; none for what the account takes.
    pub throttling: Option<Throttling>,
    /// A name of one's own for it.
    pub domain: Option<Domain>,
    /// Whether each call is noted.
    pub access_log: bool,
}

/// The kinds of API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKind {
    /// An HTTP API.
    Http,
    /// A REST API.
    Rest {
        /// The stage, which is the first part of its paths; none for the environment's name.
        stage: Option<String>,
        /// Who may call it by a key; none where nobody needs one.
        keys: Option<Keys>,
    },
}

/// Who may call an API by a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The names of the keys.
    pub names: BTreeSet<String>,
    /// How many calls a month each may make.
    pub monthly: Option<u32>,
    /// The routes that need no key.
    pub open: BTreeSet<String>,
}

/// How much an API takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttling {
    /// Calls a second, over time.
    pub rate: u32,
    /// Calls at once.
    pub burst: u32,
}

/// A name of one's own for an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The name, e.g. `api.example.com`.
    pub name: String,
    /// The ARN of its certificate in ACM, in the same region.
    pub certificate: String,
}

/// Which pages of other origins may call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cors {
    /// Origins, or `*`.
    pub origins: Vec<String>,
    /// Methods, or `*`.
    pub methods: Vec<String>,
    /// Headers, or `*`.
    pub headers: Vec<String>,
}
