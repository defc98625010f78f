//! The typed config: what `strands.yaml` said, checked, per environment.

mod agent;
mod api;
mod data;
mod event;
mod grant;
mod network;
mod stacks;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::{Limit, Notice, ResourceAddress};
use source::{Files, Node, Span, Spanned};

pub use crate::read::runtime::Runtime;
pub use agent::{
    Agent, AgentCode, AgentCore, AgentKind, Architecture, Authorizer, Container, Health, HttpHealth, Lambda, Program,
    Protocol, Public, Route, Source, UrlAuth, Way,
};

pub use api::{ApiGateway, ApiKind, Cors, Domain, Keys, Throttling};
pub use data::{
    Bucket, Deduplication, Generated, Index, Lifecycle, OnRemoval, Parameter, Projection, Queue, QueueSubscription,
    Secret, SecretSource, Stream, Table, Topic,
};
pub use event::{Event, EventSource, ObjectEvent};
pub use grant::{Grant, KeyAccess};
pub use network::{FlowLogs, Ipv4Range, Nat, Space, Vpc, VpcUse, Zones};
pub use stacks::{Brought, Entries, IgnoreChanges, Ignored, Origin, Parameters, Setting, Stack, Variable};

/// Tags, by name.
pub type Tags = BTreeMap<String, String>;

/// A config, valid in itself. Whether it agrees with an environment's record and a bundle's contents is asked separately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub(crate) files: Files,
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
    /// How much one deployment may do, and how much there may be.
    pub limits: BTreeMap<Limit, Spanned<u32>>,
    /// What is told, beside what the environment's record says.
    pub notices: BTreeSet<Notice>,
    /// The agents, in the order of the text.
    pub agents: Vec<Agent>,
    /// What the agents share.
    pub shared: Shared,
    /// Templates, and resources and outputs in CloudFormation's shape.
    pub brought: Brought,
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
    /// Use a resource of `resources`, or of a template.
    Made {
        /// Which, and where that was written.
        address: Spanned<ResourceAddress>,
        /// How, and where that was written.
        access: Spanned<Access>,
    },
    /// Use something else, in words.
    Words {
        /// What, and how.
        grant: Grant,
        /// Where that was written.
        span: Span,
    },
    /// IAM actions.
    Actions {
        /// E.g. `bedrock:InvokeModel`.
        actions: Vec<String>,
        /// ARNs, or `*`.
        resources: Vec<String>,
        /// Functions that give ARNs.
        functions: Vec<Rc<Node>>,
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
    /// A secret in Secrets Manager.
    Secret,
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
    /// The network.
    pub vpc: Option<Vpc>,
    /// The API.
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
    /// Secrets, by name.
    pub secrets: BTreeMap<String, Secret>,
}

impl Shared {
    /// What the resource of that name is.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        let kinds = [
            (Kind::Table, self.tables.contains_key(name)),
            (Kind::Bucket, self.buckets.contains_key(name)),
            (Kind::Queue, self.queues.contains_key(name)),
            (Kind::Topic, self.topics.contains_key(name)),
            (Kind::Parameter, self.parameters.contains_key(name)),
            (Kind::Secret, self.secrets.contains_key(name)),
        ];
        kinds.into_iter().find_map(|(kind, is_there)| is_there.then_some(kind))
    }

    /// The names of all resources.
    pub fn names(&self) -> impl Iterator<Item = (Kind, &str)> {
        let tables = self.tables.keys().map(|name| (Kind::Table, name.as_str()));
        let buckets = self.buckets.keys().map(|name| (Kind::Bucket, name.as_str()));
        let queues = self.queues.keys().map(|name| (Kind::Queue, name.as_str()));
        let topics = self.topics.keys().map(|name| (Kind::Topic, name.as_str()));
        let parameters = self.parameters.keys().map(|name| (Kind::Parameter, name.as_str()));
        let secrets = self.secrets.keys().map(|name| (Kind::Secret, name.as_str()));
        tables.chain(buckets).chain(queues).chain(topics).chain(parameters).chain(secrets)
    }
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
    /// Throttled reads, or throttled writes, of a table in five minutes.
    pub table_throttles: Option<u32>,
    /// What a service of containers uses of its processors, on average, in percent.
    pub cpu_percent: Option<u32>,
    /// What a service of containers uses of its memory, on average, in percent.
    pub memory_percent: Option<u32>,
    /// Containers of a public service that are not well.
    pub unhealthy_containers: Option<u32>,
    /// Who is told.
    pub emails: Vec<String>,
}
