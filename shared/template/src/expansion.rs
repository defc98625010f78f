//! What templates come to.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::{DesiredResource, Lookup, ResourceAddress, ResourceType};
use source::{Code, Finding, Key, Node, Reader, Span, Value};

use crate::assets::Assets;
use crate::context::{Context, Stack};
use crate::evaluate::{Charge, Evaluated, Evaluator, Place, is_unknown, unknown};
use crate::read::{self, Export, Output, Resource, Template, meant};
use crate::scope::Scope;
use crate::validate::{self, Types};
use crate::{exports, parameters, references, repeat, retention, role, rules, wait};

/// What the stacks of an environment come to, as far as it can be told before anything exists.
#[derive(Debug, Clone, Default)]
pub struct Expansion {
    /// What should exist, by address.
    pub resources: BTreeMap<ResourceAddress, Made>,
    /// The outputs, by stack and name; may refer to resources by whole addresses.
    pub outputs: BTreeMap<(String, String), Rc<Node>>,
    /// What `values` of the stacks come to, by the stack's name, each in its place; may refer to resources by whole addresses.
    pub values: BTreeMap<String, Vec<Rc<Node>>>,
    /// What must be looked up in the account and is not in the snapshot: with any of these, the rest is not to be relied on.
    pub lookups: BTreeSet<Lookup>,
}

/// A resource of a template.
#[derive(Debug, Clone)]
pub struct Made {
    /// What should exist: its properties with whole addresses in what is left of functions (see [`model::expression`]).
    pub desired: DesiredResource,
    /// The place of its logical id.
    pub span: Span,
    /// Its properties with the place of each part.
    pub node: Rc<Node>,
}

/// Expands `stacks` in the order that their imports ask for. What is wrong is added to `findings`: all of it, and then what is
/// returned is not to be deployed.
pub fn expand(stacks: &[Stack], context: &Context<'_>, findings: &mut Vec<Finding>) -> Expansion {
    let mut expansion = Expansion::default();
    let charge = Charge::default();
    let read = |stack| Read::of(stack, context, &charge, &mut expansion, findings);
    let read: Vec<Read<'_>> = stacks.iter().map(read).collect();
    apart(stacks, findings);
    let mut elsewhere = context.known.clone();
    for Read { stack, template, .. } in &read {
        for resource in template.resources.values() {
            let address = ResourceAddress::new(&stack.name, &resource.key.name);
            if context.known.contains_key(&address) {
                let message = format!("`{address}` is made by the config already");
                let finding = Finding::new(Code::DuplicateName, resource.key.span, message);
                findings.push(finding.help("give it another logical id"));
            }
            elsewhere.insert(address, resource.kind.value.clone());
        }
    }
    let mut exports = BTreeMap::new();
    let nothing = BTreeMap::new();
    let mut names = Vec::with_capacity(read.len());
    for one in &read {
        let found = exports::names(one.scope(context, &elsewhere, &nothing), &mut exports, findings);
        expansion.lookups.extend(found.lookups.iter().cloned());
        names.push(found);
    }
    let imports: Vec<_> =
        read.iter().map(|one| exports::imports(one.scope(context, &elsewhere, &exports), &one.stack.values)).collect();
    let stack_names: Vec<&str> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    let types = Types::default();
    for at in exports::order(&stack_names, &imports, &exports, findings) {
        let (Some(one), Some(exported)) = (read.get(at), names.get(at)) else { continue };
        one.expand(&Surroundings { context, elsewhere: &elsewhere, types: &types }, &exports, &mut expansion, findings);
        for (output, name) in &exported.names {
            let value = expansion.outputs.get(&(one.stack.name.clone(), output.clone())).cloned();
            if let Some(export) = exports.get_mut(name) {
                export.value = value;
            }
        }
    }
    if names.iter().any(|names| names.are_more) {
        // What seems to be exported by nobody may be one of those.
        findings.retain(|finding| finding.code != Code::UnknownExport);
    }
    references::dangling(&expansion, context, &elsewhere, findings);
    references::circles(&expansion, findings);
    expansion
}

/// Finds stacks of one name.
fn apart(stacks: &[Stack], findings: &mut Vec<Finding>) {
    let mut names = BTreeSet::new();
    for stack in stacks {
        if !names.insert(&stack.name) {
            let message = format!("there is a stack `{}` already", stack.name);
            findings.push(Finding::new(Code::DuplicateName, stack.span, message).help("give it another name"));
        }
    }
}

/// A stack whose template is read and whose parameters have values.
struct Read<'a> {
    stack: &'a Stack,
    template: Template,
    values: BTreeMap<String, Rc<Node>>,
    charge: &'a Charge,
}

/// What is the same for every stack.
struct Surroundings<'a> {
    context: &'a Context<'a>,
    elsewhere: &'a BTreeMap<ResourceAddress, ResourceType>,
    types: &'a Types,
}

impl<'a> Read<'a> {
    fn of(
        stack: &'a Stack,
        context: &Context<'_>,
        charge: &'a Charge,
        expansion: &mut Expansion,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let (mut template, root) = read::declared(&stack.root, findings);
        let values = parameters::values(stack, &template, context.snapshot, (charge, &mut expansion.lookups), findings);
        let (elsewhere, exports) = (BTreeMap::new(), BTreeMap::new());
        let scope = Scope {
            stack: &stack.name,
            template: &template,
            values: &values,
            context,
            elsewhere: &elsewhere,
            exports: &exports,
            charge,
        };
        let root = repeat::repeated(&root, scope, findings);
        read::complete(&mut template, &root, findings);
        Self { stack, template, values, charge }
    }

    fn scope<'s>(
        &'s self,
        context: &'s Context<'s>,
        elsewhere: &'s BTreeMap<ResourceAddress, ResourceType>,
        exports: &'s BTreeMap<String, Export>,
    ) -> Scope<'s> {
        Scope {
            stack: &self.stack.name,
            template: &self.template,
            values: &self.values,
            context,
            elsewhere,
            exports,
            charge: self.charge,
        }
    }

    fn expand(
        &self,
        around: &Surroundings<'_>,
        exports: &BTreeMap<String, Export>,
        expansion: &mut Expansion,
        findings: &mut Vec<Finding>,
    ) {
        let Surroundings { context, elsewhere, .. } = around;
        let mut evaluator = Evaluator::new(self.scope(context, elsewhere, exports));
        rules::check(&self.template, &self.values, &mut evaluator, findings);
        let assets = Assets::new(&self.stack.assets, context);
        for resource in self.template.resources.values() {
            let is_there = resource.condition.as_ref().is_none_or(|condition| evaluator.condition(condition));
            let depends_on = self.depends_on(resource, around, &mut evaluator, findings);
            if is_there && !resource.kind.value.as_str().is_empty() {
                let made = self.made(resource, depends_on, around, &assets, &mut evaluator, findings);
                expansion.resources.insert(ResourceAddress::new(&self.stack.name, &resource.key.name), made);
            }
        }
        for output in self.template.outputs.values() {
            if output.condition.as_ref().is_none_or(|condition| evaluator.condition(condition)) {
                let value = shown(output, &mut evaluator, findings);
                let value = assets.placed(&value);
                expansion.outputs.insert((self.stack.name.clone(), output.key.name.clone()), value);
            }
        }
        let value = |node: &Rc<Node>| evaluator.value(node).unwrap_or_else(|| unknown(node.span));
        let values = self.stack.values.iter().map(value).collect();
        expansion.values.insert(self.stack.name.clone(), values);
        let Evaluated { findings: found, lookups } = evaluator.finish();
        findings.extend(found);
        expansion.lookups.extend(lookups);
    }

    fn made(
        &self,
        resource: &Resource,
        depends_on: BTreeSet<ResourceAddress>,
        around: &Surroundings<'_>,
        assets: &Assets<'_>,
        evaluator: &mut Evaluator<'_>,
        findings: &mut Vec<Finding>,
    ) -> Made {
        let kind = resource.kind.value.as_str();
        let span = resource.key.span;
        let is_known = around.types.is_known(&resource.kind, findings);
        let empty = || Rc::new(Node::new(span, Value::Map(Vec::new())));
        let evaluated = resource.properties.as_ref().and_then(|node| evaluator.value(node));
        let evaluated = evaluated.filter(|node| is_mapping(node, findings));
        let node = evaluated.map_or_else(empty, |node| assets.placed(&node));
        let retention = retention::retention(resource, &node, evaluator, findings);
        let node = match kind {
            "AWS::IAM::Role" => role::confined(&node, around.context.environment, span, findings),
            _ => node,
        };
        said(&node, &mut Reader::new(findings));
        let json = source::json(&node);
        if is_known {
            validate::validate(kind, &node, &json, span, findings);
            if kind == read::CONDITION {
                wait::check(&node, &json, span, around.elsewhere, findings);
            }
        }
        let desired = DesiredResource {
            kind: resource.kind.value.clone(),
            properties: model::properties(json),
            depends_on,
            agent: None,
            retention,
            ignore_changes: BTreeSet::new(),
            shift: None,
        };
        Made { desired, span, node }
    }

    /// What a resource waits for, by address.
    fn depends_on(
        &self,
        resource: &Resource,
        around: &Surroundings<'_>,
        evaluator: &mut Evaluator<'_>,
        findings: &mut Vec<Finding>,
    ) -> BTreeSet<ResourceAddress> {
        let mut found = BTreeSet::new();
        for Key { span, name } in &resource.depends_on {
            if Reader::new(findings).is_full() {
                break;
            }
            if *name == resource.key.name {
                let message = format!("`{name}` cannot depend on itself");
                findings.push(Finding::new(Code::Cycle, *span, message).help("remove it from `DependsOn`"));
                continue;
            }
            if let Some(other) = self.template.resources.get(name) {
                // What is left out is not waited for.
                if other.condition.as_ref().is_none_or(|condition| evaluator.condition(condition)) {
                    found.insert(ResourceAddress::new(&self.stack.name, name));
                }
                continue;
            }
            let elsewhere = name.parse().unwrap_or_else(|_| ResourceAddress::new(&self.stack.name, name));
            if around.elsewhere.contains_key(&elsewhere) {
                found.insert(elsewhere);
                continue;
            }
            let names = self.template.resources.keys().map(String::as_str);
            let others = names.filter(|other| *other != resource.key.name);
            let help = meant(name, others, "other resources in this stack", findings.len());
            let message = format!("`DependsOn` names `{name}`, which does not exist");
            findings.push(Finding::new(Code::UnknownResource, *span, message).help(help));
        }
        found
    }
}

/// What an output comes to, which is one text.
fn shown(output: &Output, evaluator: &mut Evaluator<'_>, findings: &mut Vec<Finding>) -> Rc<Node> {
    let span = output.value.span;
    let Some(value) = evaluator.value_in(Place::Output, &output.value) else {
        let message = format!("the output `{}` comes to `AWS::NoValue`", output.key.name);
        let help = "give the output a `Condition` that leaves it out";
        findings.push(Finding::new(Code::WrongType, span, message).help(help));
        return unknown(span);
    };
    let what = match &value.value {
        Value::List(_) => "a list",
        Value::Map(_) if !is_left(&value) => "a mapping",
        Value::Scalar { .. } if value.is_null() => "left empty",
        Value::Map(_) | Value::Scalar { .. } => return value,
    };
    let message = format!("the output `{}` must come to one text, not {what}", output.key.name);
    let help = "write text, or make one of it: `!Join [\",\", …]`";
    findings.push(Finding::new(Code::WrongType, span, message).help(help));
    unknown(span)
}

/// Whether `node` is a function whose value is known only once something exists.
fn is_left(node: &Node) -> bool {
    node.only().is_some_and(|(key, _)| key.name == "Ref" || key.name.starts_with("Fn::"))
}

/// Whether the properties of a resource came to a mapping, which is a finding where they did not.
fn is_mapping(node: &Node, findings: &mut Vec<Finding>) -> bool {
    let is_mapping = node.entries().is_some() && !is_left(node);
    if !is_mapping && !is_unknown(node) {
        let message = "the properties of a resource must come to a mapping";
        let help = "write it out, or choose between mappings with `Fn::If`";
        findings.push(Finding::new(Code::WrongType, node.span, message).help(help));
    }
    is_mapping
}

/// Finds what a property cannot say: nothing, and secrets.
fn said(node: &Node, reader: &mut Reader<'_>) {
    match &node.value {
        Value::List(items) => {
            for item in items {
                if item.is_null() {
                    reader.add(empty(item.span, "an item of a list"));
                }
                said(item, reader);
            }
        }
        Value::Map(entries) => {
            for (key, item) in entries {
                if item.is_null() {
                    reader.add(empty(key.span, &format!("`{}`", key.name)));
                }
                said(item, reader);
            }
        }
        Value::Scalar { text, .. } => {
            if let Some(what) = source::secret(text) {
                let message = format!("a property holds what looks like {what}");
                reader.add(Finding::new(Code::Secret, node.span, message).help(parameters::STORE_IT));
            }
        }
    }
}

fn empty(span: Span, what: &str) -> Finding {
    let help = "give it a value, or remove it; `AWS::NoValue` removes it where a condition says so";
    Finding::new(Code::WrongType, span, format!("{what} is left empty")).help(help)
}
