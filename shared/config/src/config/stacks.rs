//! What people bring along: templates, assemblies, resources and outputs in CloudFormation's shape.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::{PropertyPath, ResourceAddress};
use source::{Key, Node, Span, Spanned};

use super::Tags;

/// Entries in CloudFormation's shape, by logical id or name, as they were written.
pub type Entries = Vec<(Key, Rc<Node>)>;

/// What stands next to the agents of one environment and what they share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Brought {
    /// Templates and assemblies, in the order of the text.
    pub stacks: Vec<Stack>,
    /// Resources of stack `shared`.
    pub resources: Entries,
    /// Outputs, each a value, or a mapping with one under `Value`.
    pub outputs: Entries,
    /// What is left alone of resources of stack `shared`.
    pub ignore_changes: IgnoreChanges,
    /// New addresses of what stood at others: the old one and the new one.
    pub moved: Vec<(Spanned<ResourceAddress>, Spanned<ResourceAddress>)>,
}

/// A template, or stacks of a CDK assembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The name by which overrides find it; of a template, that of its stack, too.
    pub name: Spanned<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The values of its parameters.
    pub parameters: Parameters,
    /// Tags over those of the environment.
    pub tags: Tags,
    /// What is left alone of its resources.
    pub ignore_changes: IgnoreChanges,
}

/// Where stacks come from. Paths begin at the folder that the config is in, and have no `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file with a template.
    Template(Spanned<String>),
    /// What CDK wrote.
    Assembly {
        /// The folder that it wrote to.
        folder: Spanned<String>,
        /// The stacks that are meant; none for all of them.
        stacks: Option<Vec<Spanned<String>>>,
    },
}

impl Origin {
    /// The path that was written.
    pub fn path(&self) -> &Spanned<String> {
        match self {
            Self::Template(path) => path,
            Self::Assembly { folder, .. } => folder,
        }
    }
}

/// The values of parameters, as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// By name; of an assembly, for every stack that has such a parameter.
    pub all: Entries,
    /// Of single stacks of an assembly: by the stack's name, and then by their own.
    pub of: Vec<(Key, Entries)>,
}

/// Properties whose changes are left alone, by the logical id of their resource.
pub type IgnoreChanges = BTreeMap<String, Ignored>;

/// Properties of one resource whose changes are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Where the resource is named.
    pub span: Span,
    /// Their paths, e.g. `ProvisionedThroughput.ReadCapacityUnits`.
    pub paths: Vec<Spanned<PropertyPath>>,
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// Text.
    Text(String),
    /// A function, as in a template: it may refer to anything in the environment. Or a text with a reference to a value that AWS keeps.
    Function(Rc<Node>),
}

/// A setting of an agent whose changes can be left alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// `architecture`
    Architecture,
    /// `concurrency`
    Concurrency,
    /// `count`
    Count,
    /// `environment`, all of it.
    Environment,
    /// `environment.NAME`
    Variable(String),
    /// `handler`
    Handler,
    /// `memory`
    Memory,
    /// `runtime`
    Runtime,
    /// `tags`
    Tags,
    /// `timeout`
    Timeout,
    /// `tracing`
    Tracing,
}
