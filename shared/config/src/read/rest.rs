//! What can be read of a config in which something else is wrong: the templates, and the resources and outputs in CloudFormation's
//! shape, of each environment. They mean the same whatever the agents are like.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use source::{Files, Node, Reader, Span, Spanned};

use super::overrides::{self, Parts};
use super::{names, stacks};
use crate::config::{Config, Environment, Shared, Tags};

/// A config of nothing but that. What is wrong with what is read here was told before.
pub(crate) fn rest(files: &Files, root: &Rc<Node>) -> Config {
    let mut told = Vec::new();
    let mut reader = Reader::new(&mut told);
    let project = root.get("project");
    let name = project.and_then(|project| names::scope(&mut reader, project.get("name")?, "project"));
    let region = project.and_then(|project| names::region(&mut reader, project.get("region")?));
    let parts = Parts {
        stacks: root.get("stacks"),
        resources: root.get("resources"),
        outputs: root.get("outputs"),
        ..Parts::default()
    };
    let mut environments = BTreeMap::new();
    for (key, node) in root.get("environments").and_then(|node| node.entries()).unwrap_or_default() {
        let Some(name) = names::scope_key(&mut reader, key, "environment") else { continue };
        let overrides = node.get("overrides");
        let applied = overrides::applied(&mut reader, parts, overrides);
        let environment = Environment {
            name: Spanned::new(name.clone(), key.span),
            account: node.get("account").and_then(|node| names::account(&mut reader, node)),
            region: node.get("region").and_then(|node| names::region(&mut reader, node)).or_else(|| region.clone()),
            tags: Tags::new(),
            limits: BTreeMap::new(),
            notices: BTreeSet::new(),
            agents: Vec::new(),
            shared: Shared::default(),
            brought: stacks::readable(&mut reader, applied.parts()),
        };
        environments.insert(name, environment);
        if environments.len() == super::MOST_ENVIRONMENTS {
            break;
        }
    }
    let project = name.unwrap_or_else(|| Spanned::new("project".to_owned(), Span::default()));
    Config { files: files.clone(), project, environments }
}
