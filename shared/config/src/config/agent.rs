//! One agent, of each kind.

use std::collections::BTreeMap;

use model::{Digest, ShiftStep};
use serde_json::Value;
use source::{Span, Spanned};

use super::{Event, Permission, Runtime, Setting, Tags, Variable, VpcUse};

/// One agent, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its name, which is its stack's, too.
    pub name: Spanned<String>,
    /// What runs it, with what only that has.
    pub kind: AgentKind,
    /// Its environment variables, without those that Strandline sets.
    pub environment: BTreeMap<String, Variable>,
    /// How it uses the network; none where it is in none.
    pub vpc: Option<VpcUse>,
    /// Whether X-Ray traces it.
    pub tracing: bool,
    /// Its own tags.
    pub tags: Tags,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Managed policies, by ARN.
    pub managed_policies: Vec<String>,
    /// What of it is left as it was made.
    pub ignore_changes: Vec<Spanned<Setting>>,
}

/// What runs an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentKind {
    /// A Lambda function.
    Lambda(Box<Lambda>),
    /// A runtime of Bedrock AgentCore.
    AgentCore(Box<AgentCore>),
    /// A service of containers on Fargate.
    Container(Box<Container>),
}

impl Agent {
    /// Where its code is; none where it comes as an image.
    pub fn code(&self) -> Option<&AgentCode> {
        match &self.kind {
            AgentKind::Lambda(lambda) => Some(&lambda.code),
            AgentKind::AgentCore(core) => match &core.program {
                Program::Code(code) => Some(code),
                Program::Image(_) => None,
            },
            AgentKind::Container(_) => None,
        }
    }

    /// Its function, where it is one.
    pub fn lambda(&self) -> Option<&Lambda> {
        match &self.kind {
            AgentKind::Lambda(lambda) => Some(lambda),
            AgentKind::AgentCore(_) | AgentKind::Container(_) => None,
        }
    }
}

/// Code, and how it is begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCode {
    /// Where it is.
    pub source: Spanned<Source>,
    /// The runtime.
    pub runtime: Spanned<Runtime>,
    /// What the runtime calls: of a function, what is written as its runtime asks; of AgentCore, a file.
    pub handler: Spanned<String>,
}

/// What only a function has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lambda {
    /// Its code.
    pub code: AgentCode,
    /// Megabytes.
    pub memory: u32,
    /// Seconds.
    pub timeout: u32,
    /// The instruction set.
    pub architecture: Architecture,
    /// How many may run at once; none for no limit of its own.
    pub concurrency: Option<u32>,
    /// Whether failed asynchronous invocations are kept in a queue.
    pub dlq: bool,
    /// Its function URL, if it has one.
    pub url: Option<UrlAuth>,
    /// Its routes on the shared API.
    pub routes: Vec<Route>,
    /// The alias that callers use, if versions are published.
    pub alias: Option<String>,
    /// In which steps calls are led to a new version; none where all go at once.
    pub shift: Vec<ShiftStep>,
    /// What wakes it.
    pub events: Vec<Event>,
    /// How it is told whether it is well, once a deployment has made its changes; none where nobody asks.
    pub health: Option<Health>,
}

/// What only a runtime of AgentCore has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCore {
    /// What it runs.
    pub program: Program,
    /// How callers talk to it.
    pub protocol: Protocol,
    /// The endpoint that callers use.
    pub endpoint: String,
    /// Whose tokens let callers in; none for callers of the account whom IAM lets.
    pub authorizer: Option<Authorizer>,
    /// Seconds without a call after which a session ends.
    pub idle_timeout: u32,
    /// Seconds after which a session ends in any case.
    pub lifetime: u32,
}

/// What a runtime of AgentCore runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// Code from an artifact.
    Code(AgentCode),
    /// An image.
    Image(String),
}

/// How callers talk to a runtime of AgentCore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Plain HTTP: `POST /invocations`.
    Http,
    /// The Model Context Protocol.
    Mcp,
    /// Agent to agent.
    A2a,
}

/// Whose tokens let callers in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// The address of the issuer's `openid-configuration`.
    pub discovery_url: String,
    /// The audiences that a token may be for.
    pub audiences: Vec<String>,
    /// The clients that it may be issued to.
    pub clients: Vec<String>,
}

/// What only a service of containers has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The image, with its tag or digest.
    pub image: String,
    /// The instruction set.
    pub architecture: Architecture,
    /// Units of 1/1024 of a processor.
    pub cpu: u32,
    /// Megabytes.
    pub memory: u32,
    /// How many run.
    pub count: u32,
    /// What is run instead of what the image says.
    pub command: Vec<String>,
    /// How it is reached from outside of its network; none where it is not.
    pub public: Option<Public>,
}

/// How a service of containers is reached from the internet: by a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// Where it was asked for.
    pub span: Span,
    /// The port that a container listens on.
    pub port: u32,
    /// The path that must answer with 200 for a container to be well.
    pub health_path: String,
    /// The certificate of the load balancer, in ACM; none for plain HTTP.
    pub certificate: Option<String>,
}

/// What must hold of an agent once a deployment has made its changes; without it, the deployment has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The event of an invocation that must succeed.
    pub invoke: Option<Value>,
    /// An address that must answer.
    pub http: Option<HttpHealth>,
    /// Whether the agent's alarms must not go off.
    pub alarms: bool,
    /// For how many seconds after the last change it is looked at.
    pub within: u32,
}

/// An address of an agent that must answer, to anybody who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHealth {
    /// What leads to the agent.
    pub by: Way,
    /// The path, from `/`.
    pub path: String,
    /// The status that it must answer with.
    pub status: u16,
}

/// What leads to an agent over HTTP, without authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A route of the shared API.
    Api,
    /// Its function URL.
    Url,
}

/// Where an agent's code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder in the bundle: relative, no `..`, no slash at its end.
    Folder(String),
    /// A zip that is stored already.
    Stored(Digest),
}

/// The instruction set of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `x86_64`
    X86,
    /// `arm64`
    Arm,
}

impl Architecture {
    /// As Lambda writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }
}

/// Who may call a function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlAuth {
    /// Callers of the account whom IAM lets.
    Iam,
    /// Anybody.
    Open,
}

/// A route of the shared HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `METHOD /path`, or `$default`.
    pub key: String,
    /// Where it was written.
    pub span: Span,
}
