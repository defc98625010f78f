//! The typed config: what `strands.yaml` said, checked, per environment.

use std::collections::BTreeMap;

use model::Digest;

use crate::code::Code;
use crate::problem::{Finding, Report};
use crate::span::{Span, Spanned};

pub use crate::read::runtime::Runtime;

/// Tags, by name.
pub type Tags = BTreeMap<String, String>;

/// A config, valid in itself. Whether it agrees with an environment's record and a bundle's contents is asked separately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub(crate) text: String,
    /// The project's name.
    pub project: Spanned<String>,
    /// The environments, by name, each with its overrides applied.
    pub environments: BTreeMap<String, Environment>,
}

/// One environment, as the config sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: Spanned<String>,
    /// Its account, where the config names one. The record decides; this must agree.
    pub account: Option<Spanned<String>>,
    /// Its region, where the config names one: the environment's, or else the project's.
    pub region: Option<Spanned<String>>,
    /// The tags of everything: the project's, with the environment's over them.
    pub tags: Tags,
    /// The agents, in the order of the text.
    pub agents: Vec<Agent>,
    /// What the agents share.
    pub shared: Shared,
}

/// One agent: a function, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its name, which is its stack's, too.
    pub name: Spanned<String>,
    /// Where its code is.
    pub source: Spanned<Source>,
    /// The runtime.
    pub runtime: Spanned<Runtime>,
    /// What the runtime calls.
    pub handler: Spanned<String>,
    /// Megabytes.
    pub memory: u32,
    /// Seconds.
    pub timeout: u32,
    /// The instruction set.
    pub architecture: Architecture,
    /// Its environment variables, without those that Strandline sets.
    pub environment: BTreeMap<String, String>,
    /// How many may run at once; none for no limit of its own.
    pub concurrency: Option<u32>,
    /// Whether failed asynchronous invocations are kept in a queue.
    pub dlq: bool,
    /// Whether X-Ray traces it.
    pub tracing: bool,
    /// Its function URL, if it has one.
    pub url: Option<UrlAuth>,
    /// Its routes on the shared API.
    pub routes: Vec<Route>,
    /// The alias that callers use, if versions are published.
    pub alias: Option<String>,
    /// Its own tags.
    pub tags: Tags,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Managed policies, by ARN.
    pub managed_policies: Vec<String>,
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

/// Something that an agent may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Use a resource of `shared`.
    Resource {
        /// Its name.
        name: String,
        /// What it is.
        kind: Kind,
        /// How.
        access: Access,
    },
    /// IAM actions.
    Actions {
        /// E.g. `bedrock:InvokeModel`.
        actions: Vec<String>,
        /// ARNs, or `*`.
        resources: Vec<String>,
    },
}

/// What a shared resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A DynamoDB table.
    Table,
    /// An S3 bucket.
    Bucket,
    /// An SQS queue.
    Queue,
    /// An SNS topic.
    Topic,
    /// An SSM parameter.
    Parameter,
}

/// How a shared resource is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// See what is in it.
    Read,
    /// Put into it and remove from it.
    Write,
    /// Both.
    Full,
}

/// What the agents share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shared {
    /// The HTTP API.
    pub api_gateway: Option<ApiGateway>,
    /// Alarms and logs.
    pub monitoring: Monitoring,
    /// Tables, by name.
    pub tables: BTreeMap<String, Table>,
    /// Buckets, by name.
    pub buckets: BTreeMap<String, Bucket>,
    /// Queues, by name.
    pub queues: BTreeMap<String, Queue>,
    /// Topics, by name.
    pub topics: BTreeMap<String, Topic>,
    /// Parameters, by name.
    pub parameters: BTreeMap<String, Parameter>,
}

impl Shared {
    /// What the resource of that name is.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        self.names().find(|(_, given)| *given == name).map(|(kind, _)| kind)
    }

    /// The names of all resources.
    pub fn names(&self) -> impl Iterator<Item = (Kind, &str)> {
        let tables = self.tables.keys().map(|name| (Kind::Table, name.as_str()));
        let buckets = self.buckets.keys().map(|name| (Kind::Bucket, name.as_str()));
        let queues = self.queues.keys().map(|name| (Kind::Queue, name.as_str()));
        let topics = self.topics.keys().map(|name| (Kind::Topic, name.as_str()));
        let parameters = self.parameters.keys().map(|name| (Kind::Parameter, name.as_str()));
        tables.chain(buckets).chain(queues).chain(topics).chain(parameters)
    }
}

/// The HTTP API that the agents share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiGateway {
    /// Which pages of other origins may call it.
    pub cors: Option<Cors>,
}

/// Which pages of other origins may call an API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cors {
    /// Origins, or `*`.
    pub origins: Vec<String>,
    /// Methods, or `*`.
    pub methods: Vec<String>,
    /// Headers, or `*`.
    pub headers: Vec<String>,
}

/// Alarms and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitoring {
    /// Whether agents are traced that do not say.
    pub xray: bool,
    /// The alarms, if there are any.
    pub alarms: Option<Alarms>,
    /// How long logs are kept.
    pub log_retention_days: u32,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self { xray: false, alarms: None, log_retention_days: 30 }
    }
}

/// Thresholds of alarms; none where there is no alarm of that kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alarms {
    /// Errors of an agent in five minutes.
    pub errors: Option<u32>,
    /// Throttled calls of an agent in five minutes.
    pub throttles: Option<u32>,
    /// The longest call in five minutes, in percent of the agent's timeout.
    pub duration_percent: Option<u32>,
    /// Messages in a dead-letter queue.
    pub dlq_depth: Option<u32>,
    /// Server errors of the API in five minutes.
    pub api_5xx: Option<u32>,
    /// Who is told.
    pub emails: Vec<String>,
}

/// What becomes of data whose resource leaves the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRemoval {
    /// It stays in the account.
    #[default]
    Retain,
    /// It is deleted.
    Delete,
}

/// A DynamoDB table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The partition key: its name and type (`S`, `N` or `B`).
    pub key: (String, String),
    /// The sort key.
    pub sort: Option<(String, String)>,
    /// The attribute after whose time an item goes.
    pub ttl: Option<String>,
    /// Whether it can be restored to any second of the last 35 days.
    pub point_in_time_recovery: bool,
    /// What becomes of its data.
    pub on_removal: OnRemoval,
}

/// An S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Whether older versions are kept.
    pub versioning: bool,
    /// What becomes of its data.
    pub on_removal: OnRemoval,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Whether messages that fail three times go to a queue of their own.
    pub dlq: bool,
    /// Seconds that a message is hidden after it was received.
    pub visibility: u32,
    /// Days that a message is kept.
    pub retention_days: u32,
}

/// An SNS topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Who is told.
    pub emails: Vec<String>,
}

/// An SSM parameter, of text that is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its value.
    pub value: String,
}

/// What intake must know of an agent to find, check and pack its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentSource<'a> {
    /// The agent's name.
    pub name: &'a str,
    /// Where its code is.
    pub source: &'a Source,
    /// Where that was written.
    pub source_span: Span,
    /// The runtime.
    pub runtime: Runtime,
    /// What the runtime calls.
    pub handler: &'a str,
    /// Where that was written.
    pub handler_span: Span,
}

impl AgentSource<'_> {
    /// The files of which one must be in the agent's folder, for the handler to be found; empty where that cannot be told
    /// from names (compiled code).
    pub fn handler_files(&self) -> Vec<String> {
        self.runtime.handler_files(self.handler)
    }
}

impl Config {
    /// The environment of that name, with its overrides applied.
    ///
    /// # Errors
    /// A report that names those that the config has.
    pub fn environment(&self, name: &str) -> Result<&Environment, Report> {
        self.environments.get(name).ok_or_else(|| {
            let known: Vec<String> = self.environments.keys().map(|known| format!("`{known}`")).collect();
            let message = format!("the config has no environment `{name}`");
            let help = match crate::read::closest(name, self.environments.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`? The environment is the second part of the upload's path"),
                None => format!("it has {}; the environment is the second part of the upload's path", known.join(", ")),
            };
            let span = self.environments.values().map(|known| known.name.span).min().unwrap_or_default();
            Report::of(&self.text, [Finding::new(Code::UnknownEnvironment, span, message).help(help)])
        })
    }

    /// Where the code of each agent is, in one environment. An environment cannot override names and folders, but runtimes
    /// and handlers.
    ///
    /// # Errors
    /// As [`Config::environment`].
    pub fn agents_with_paths(&self, environment: &str) -> Result<Vec<AgentSource<'_>>, Report> {
        fn source(agent: &Agent) -> AgentSource<'_> {
            let Agent { name, source, runtime, handler, .. } = agent;
            AgentSource {
                name: &name.value,
                source: &source.value,
                source_span: source.span,
                runtime: runtime.value,
                handler: &handler.value,
                handler_span: handler.span,
            }
        }
        Ok(self.environment(environment)?.agents.iter().map(source).collect())
    }

    /// Whether the config agrees with the record of the environment that it was uploaded to.
    ///
    /// # Errors
    /// A report of every difference: project, environment, account, region.
    pub fn agrees_with(&self, record: &model::Environment) -> Result<(), Report> {
        let mut findings = Vec::new();
        if self.project.value != record.id.project {
            let message =
                format!("the config is of project `{}`, and was uploaded to `{}`", self.project.value, record.id);
            let help = "upload it to its own project, or change the name here";
            findings.push(Finding::new(Code::ProjectMismatch, self.project.span, message).help(help));
        }
        let environment = match self.environment(&record.id.environment) {
            Ok(environment) => environment,
            Err(report) => return Err(Report::of(&self.text, findings).with(report)),
        };
        let pairs = [
            (Code::AccountMismatch, "account", &environment.account, &record.account),
            (Code::RegionMismatch, "region", &environment.region, &record.region),
        ];
        for (code, what, given, recorded) in pairs {
            if let Some(given) = given.as_ref().filter(|given| given.value != *recorded) {
                let message = format!(
                    "the config says {what} `{}` for `{}`, and the environment's record says `{recorded}`",
                    given.value, record.id
                );
                let help = "the record is an administrator's: change the config, or ask for another environment";
                findings.push(Finding::new(code, given.span, message).help(help));
            }
        }
        if findings.is_empty() { Ok(()) } else { Err(Report::of(&self.text, findings)) }
    }

    /// A report of things that are found outside of the config (in the bundle, in the artifacts) and concern a place in it.
    pub fn problems_at(&self, found: impl IntoIterator<Item = (Code, Span, String, Option<String>)>) -> Report {
        let finding = |(code, span, message, help)| Finding { code, span, message, help };
        Report::of(&self.text, found.into_iter().map(finding))
    }

    /// What to say of an agent whose folder is not in the bundle; `found` are the folders that are.
    pub fn folder_missing<'f>(&self, agent: &AgentSource<'_>, found: impl IntoIterator<Item = &'f str>) -> Report {
        let folder = match agent.source {
            Source::Folder(folder) => folder.as_str(),
            Source::Stored(digest) => digest.as_str(),
        };
        let message = format!("the folder `{folder}` of agent `{}` is not in the bundle", agent.name);
        let help = match crate::read::closest(folder, found) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "paths start at the folder that `strands.yaml` is in; zip that folder's contents".to_owned(),
        };
        self.problems_at([(Code::FolderMissing, agent.source_span, message, Some(help))])
    }

    /// What to say of an agent whose handler's file is not in its folder.
    pub fn handler_missing(&self, agent: &AgentSource<'_>) -> Report {
        let files: Vec<String> = agent.handler_files().iter().map(|file| format!("`{file}`")).collect();
        let message = format!("the folder of agent `{}` has no {} for its handler", agent.name, files.join(" or "));
        let help = format!("a handler of `{}` is written {}", agent.runtime, agent.runtime.handler_form());
        self.problems_at([(Code::HandlerMissing, agent.handler_span, message, Some(help))])
    }

    /// What to say of an agent whose stored code is not among the artifacts.
    pub fn artifact_missing(&self, agent: &AgentSource<'_>) -> Report {
        let message = match agent.source {
            Source::Stored(digest) => format!("no code `{digest}` is stored for agent `{}`", agent.name),
            Source::Folder(folder) => {
                format!("agent `{}` has its code in `{folder}`, and no bundle was uploaded", agent.name)
            }
        };
        let help =
            "upload a `bundle.zip` with the agent's folder; a bare config can only name code that was deployed before";
        self.problems_at([(Code::ArtifactMissing, agent.source_span, message, Some(help.to_owned()))])
    }
}
