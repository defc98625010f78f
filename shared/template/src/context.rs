//! What expansion must know besides the templates.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::{ResourceAddress, ResourceType, Snapshot};
use source::{Files, Key, Node, Span};

/// One template, with what it is given.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The name: the first part of the addresses of its resources, and what `AWS::StackName` is made of.
    pub name: String,
    /// Where it is named, for what concerns the stack as a whole.
    pub span: Span,
    /// The whole template. What stands under `resources` and `outputs` of a config comes as a template with these two sections.
    pub root: Rc<Node>,
    /// The resource of another stack that it is nested in: that stack comes before it, and gives it its parameters. None where it
    /// is a stack of its own.
    pub within: Option<ResourceAddress>,
    /// The values of parameters, by name, as they were written; none where it is nested.
    pub parameters: Vec<(Key, Rc<Node>)>,
    /// What its file assets are replaced by.
    pub assets: Rc<[Asset]>,
    /// Values from outside of the template that are evaluated as properties are.
    pub values: Vec<Rc<Node>>,
}

/// A file asset of a CDK assembly, and where it is really kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The bucket that the template names, pseudo parameters (`${AWS::AccountId}`) included.
    pub bucket: String,
    /// The key that the template names.
    pub key: String,
    /// The key in the engine's bucket.
    pub kept: String,
}

/// What is the same for all stacks of an environment.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The environment's record: account, region, permissions boundary.
    pub environment: &'a model::Environment,
    /// The engine's bucket, in which artifacts are kept.
    pub artifact_bucket: &'a str,
    /// What exists elsewhere in the environment, and can be referred to as `stack/LogicalId`.
    pub known: &'a BTreeMap<ResourceAddress, ResourceType>,
    /// What was looked up in the account.
    pub snapshot: &'a Snapshot,
    /// The texts that the templates were read from, for places within what they say.
    pub files: &'a Files,
}
