//! What templates come to.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::{DesiredResource, Lookup, ResourceAddress, ResourceType};
use source::{Code, Finding, Key, Node, Reader, Span, Value};

use crate::assets::Assets;
use crate::context::{Context, Stack};
use crate::evaluate::{Charge, Evaluated, Evaluator, Place, is_unknown, unknown};
use crate::exports::{Need, Needs};
use crate::nested::{Nested, Standing};
use crate::read::{self, Export, Output, Resource, STACK, Template, meant};
use crate::scope::Scope;
use crate::validate::{self, Types};
use crate::{exports, nested, parameters, references, repeat, retention, role, rules, wait};

/// What the stacks of an environment come to, as far as it can be told before anything exists.
#[derive(Debug, Clone, Default)]
pub struct Expansion {
    /// What should exist, by address.
    pub resources: BTreeMap<ResourceAddress, Made>,
    /// The outputs, by stack and name; may refer to resources by whole addresses.
    pub outputs: BTreeMap<(String, String), Rc<Node>>,
    /// What `values` of the stacks come to, by the stack's name, each in its place; may refer to resources by whole addresses.
    pub values: BTreeMap<String, Vec<Rc<Node>>>,
    /// The tags that nested stacks are given, by their names: a mapping of names to texts, for all of the stack and for what is
    /// nested in it.
    pub tags: BTreeMap<String, Rc<Node>>,
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

/// Expands `stacks`, of which nested ones come after those that they are in, in the order that their imports and outputs ask for.
/// What is wrong is added to `findings`: all of it, and then what is returned is not to be deployed.
pub fn expand(stacks: &[Stack], context: &Context<'_>, findings: &mut Vec<Finding>) -> Expansion {
    let mut expansion = Expansion::default();
    let charge = Charge::default();
    apart(stacks, findings);
    let mut all = Stacks::read(stacks, context, &charge, &mut expansion, findings);
    let mut exports = BTreeMap::new();
    let nothing = BTreeMap::new();
    let mut names = Vec::with_capacity(all.read.len());
    for one in &all.read {
        let scope = all.scope(one, Some(&nothing));
        let found = exports::names((scope, one.evaluator(scope)), &mut exports, findings);
        expansion.lookups.extend(found.lookups.iter().cloned());
        names.push(found);
    }
    let needs = all.needs(&exports);
    let stack_names: Vec<&str> = all.read.iter().map(|one| one.stack.name.as_str()).collect();
    let before = findings.len();
    let order = exports::order(&stack_names, &needs, findings);
    let is_ordered = findings.len() == before;
    let mut expanded = BTreeSet::new();
    let types = Types::default();
    let mut standing = Vec::new();
    for at in order {
        all.value(at, &exports, &mut expansion, findings);
        let (Some(one), Some(exported)) = (all.read.get(at), names.get(at)) else { continue };
        let around = Surroundings { context, elsewhere: &all.elsewhere, types: &types };
        if is_ordered {
            exports::unforeseen((all.scope(one, Some(&exports)), &one.stack.values), &exports, &expanded, findings);
        }
        let evaluator = Evaluator::new(all.scope(one, Some(&exports)));
        one.expand(&around, evaluator, (&all.nested, &mut standing), &mut expansion, findings);
        for (output, name) in &exported.names {
            let value = expansion.outputs.get(&(one.stack.name.clone(), output.clone())).cloned();
            if let Some(export) = exports.get_mut(name) {
                export.value = value;
            }
        }
        expanded.insert(one.stack.name.clone());
        all.give_back(at, &expansion);
    }
    if names.iter().any(|names| names.are_more) {
        // What seems to be exported by nobody may be one of those.
        findings.retain(|finding| finding.code != Code::UnknownExport);
    }
    nested::settle(&mut expansion, &mut standing, context, findings);
    references::dangling(&expansion, context, &all.elsewhere, findings);
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

/// The stacks that there are, those left out that are nested in what a condition leaves out.
struct Stacks<'a> {
    context: &'a Context<'a>,
    read: Vec<Read<'a>>,
    /// The types of all resources, also of those that are left out.
    elsewhere: BTreeMap<ResourceAddress, ResourceType>,
    nested: BTreeMap<ResourceAddress, Nested>,
    /// What nested stacks are given that are not read yet.
    handed: BTreeMap<ResourceAddress, Vec<(Key, Rc<Node>)>>,
    /// The stacks of whose nested ones that is known.
    asked: BTreeSet<usize>,
}

/// A stack whose template is read and whose parameters have values.
struct Read<'a> {
    stack: &'a Stack,
    /// The place of the stack that it is nested in.
    parent: Option<usize>,
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

impl<'a> Stacks<'a> {
    fn read(
        stacks: &'a [Stack],
        context: &'a Context<'a>,
        charge: &'a Charge,
        expansion: &mut Expansion,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut all = Self {
            context,
            read: Vec::new(),
            elsewhere: context.known.clone(),
            nested: BTreeMap::new(),
            handed: BTreeMap::new(),
            asked: BTreeSet::new(),
        };
        for stack in stacks {
            let Some(address) = &stack.within else { continue };
            all.nested.insert(address.clone(), Nested { name: stack.name.clone(), outputs: None });
            // What a nested stack is given may refer to those that are read after it.
            let resources = stack.root.get("Resources").and_then(|section| section.entries()).unwrap_or_default();
            for (key, node) in resources {
                let kind = node.get("Type").and_then(|kind| kind.scalar()).unwrap_or_default();
                all.elsewhere.insert(ResourceAddress::new(&stack.name, &key.name), kind.into());
            }
        }
        for stack in stacks {
            let (parent, given) = match &stack.within {
                None => (None, stack.parameters.clone()),
                Some(address) => {
                    let Some(parent) = all.parent(address) else { continue };
                    all.hand_on(parent, expansion, findings);
                    let Some(given) = all.handed.remove(address) else { continue };
                    (Some(parent), given)
                }
            };
            let read = Read::of(stack, (parent, &given), (context, charge), expansion, findings);
            for resource in read.template.resources.values() {
                all.declare(stack, resource, findings);
            }
            all.read.push(read);
        }
        all
    }

    /// Notes that there is such a resource.
    fn declare(&mut self, stack: &Stack, resource: &Resource, findings: &mut Vec<Finding>) {
        let address = ResourceAddress::new(&stack.name, &resource.key.name);
        if self.context.known.contains_key(&address) {
            let message = format!("`{address}` is made by the config already");
            let finding = Finding::new(Code::DuplicateName, resource.key.span, message);
            findings.push(finding.help("give it another logical id"));
        }
        if resource.kind.value.as_str() == STACK && !self.nested.contains_key(&address) {
            let message = "a nested stack cannot be made here";
            let help =
                "write it out among the `Resources` of a template of its own: `Fn::ForEach` and the config make none";
            findings.push(Finding::new(Code::Unsupported, resource.kind.span, message).help(help));
        }
        self.elsewhere.insert(address, resource.kind.value.clone());
    }

    fn scope<'s>(&'s self, one: &'s Read<'a>, exports: Option<&'s BTreeMap<String, Export>>) -> Scope<'s> {
        Scope {
            stack: &one.stack.name,
            template: &one.template,
            values: &one.values,
            context: self.context,
            elsewhere: &self.elsewhere,
            exports,
            nested: &self.nested,
            charge: one.charge,
        }
    }

    /// The place of the stack that a nested one is in.
    fn parent(&self, address: &ResourceAddress) -> Option<usize> {
        self.read.iter().position(|one| one.stack.name == address.stack)
    }

    /// Notes what all that is nested in a stack is given, as far as that is there.
    fn hand_on(&mut self, at: usize, expansion: &mut Expansion, findings: &mut Vec<Finding>) {
        let Some(one) = self.read.get(at).filter(|_| self.asked.insert(at)) else { return };
        let mut evaluator = one.evaluator(self.scope(one, None));
        let mut handed = Vec::new();
        for resource in one.template.resources.values().filter(|resource| resource.kind.value.as_str() == STACK) {
            if resource.condition.as_ref().is_none_or(|condition| evaluator.condition(condition)) {
                let address = ResourceAddress::new(&one.stack.name, &resource.key.name);
                handed.push((address, nested::parameters(resource, &mut evaluator)));
            }
        }
        let Evaluated { findings: found, lookups } = evaluator.finish();
        findings.extend(found);
        expansion.lookups.extend(lookups);
        self.handed.extend(handed);
    }

    /// What the nested stack at `address` is given, with everything in it that is known by now.
    fn given(
        &self,
        address: &ResourceAddress,
        exports: &BTreeMap<String, Export>,
        expansion: &mut Expansion,
        findings: &mut Vec<Finding>,
    ) -> Option<Vec<(Key, Rc<Node>)>> {
        let parent = self.parent(address)?;
        let values = self.values(parent, exports, expansion, findings);
        let one = self.read.get(parent)?;
        let resource = one.template.resources.get(&address.logical_id)?;
        let mut evaluator = Evaluator::again(Scope { values: &values, ..self.scope(one, Some(exports)) });
        let given = nested::parameters(resource, &mut evaluator);
        let Evaluated { findings: found, lookups } = evaluator.finish();
        findings.extend(found);
        expansion.lookups.extend(lookups);
        Some(given)
    }

    /// The values of a stack's parameters, with everything in them that is known by now.
    fn values(
        &self,
        at: usize,
        exports: &BTreeMap<String, Export>,
        expansion: &mut Expansion,
        findings: &mut Vec<Finding>,
    ) -> BTreeMap<String, Rc<Node>> {
        let Some(one) = self.read.get(at) else { return BTreeMap::new() };
        let given = match &one.stack.within {
            Some(address) if one.awaits() => self.given(address, exports, expansion, findings),
            Some(_) | None => None,
        };
        let Some(given) = given else { return one.values.clone() };
        let charged = (one.charge, &mut expansion.lookups);
        parameters::values((one.stack, &given), &one.template, self.context.snapshot, charged, findings)
    }

    /// Gives the parameters of a stack the values that are known by now.
    fn value(
        &mut self,
        at: usize,
        exports: &BTreeMap<String, Export>,
        expansion: &mut Expansion,
        findings: &mut Vec<Finding>,
    ) {
        if self.read.get(at).is_some_and(Read::awaits) {
            let values = self.values(at, exports, expansion, findings);
            if let Some(one) = self.read.get_mut(at) {
                one.values = values;
            }
        }
    }

    /// Notes what the outputs of a stack came to, where it is nested.
    fn give_back(&mut self, at: usize, expansion: &Expansion) {
        let Some(one) = self.read.get(at) else { return };
        let Some(nested) = one.stack.within.as_ref().and_then(|address| self.nested.get_mut(address)) else { return };
        let value = |name: &String| expansion.outputs.get(&(one.stack.name.clone(), name.clone())).cloned();
        nested.outputs = Some(one.template.outputs.keys().map(|name| (name.clone(), value(name))).collect());
    }

    /// What each stack needs of others before it can be expanded, by their places.
    fn needs(&self, exports: &BTreeMap<String, Export>) -> Vec<Needs> {
        let places: BTreeMap<&str, usize> =
            self.read.iter().enumerate().map(|(at, one)| (one.stack.name.as_str(), at)).collect();
        let mut needs: Vec<Needs> = Vec::with_capacity(self.read.len());
        for one in &self.read {
            let mut imports = exports::imports(self.scope(one, Some(exports)), &one.stack.values);
            let mut outputs = BTreeMap::new();
            one.values.values().for_each(|node| nested::awaited(node, &mut outputs, &mut imports));
            let mut own = Needs::new();
            for (name, span) in imports {
                if let Some(at) = exports.get(&name).and_then(|export| places.get(export.stack.as_str())) {
                    own.entry(*at).or_insert((Need::Import(name), span));
                }
            }
            for (address, span) in outputs {
                if let Some(at) = self.nested.get(&address).and_then(|nested| places.get(nested.name.as_str())) {
                    own.entry(*at).or_insert((Need::Outputs, span));
                }
            }
            needs.push(own);
        }
        for (at, one) in self.read.iter().enumerate() {
            if let Some(own) = one.parent.and_then(|parent| needs.get_mut(parent)) {
                own.entry(at).or_insert((Need::Outputs, one.stack.span));
            }
        }
        needs
    }
}

impl<'a> Read<'a> {
    fn of(
        stack: &'a Stack,
        (parent, given): (Option<usize>, &[(Key, Rc<Node>)]),
        (context, charge): (&Context<'_>, &'a Charge),
        expansion: &mut Expansion,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let (mut template, root) = read::declared(&stack.root, findings);
        let charged = (charge, &mut expansion.lookups);
        let values = parameters::values((stack, given), &template, context.snapshot, charged, findings);
        let scope = Scope {
            stack: &stack.name,
            template: &template,
            values: &values,
            context,
            elsewhere: &BTreeMap::new(),
            exports: None,
            nested: &BTreeMap::new(),
            charge,
        };
        let root = repeat::repeated(&root, scope, findings);
        read::complete(&mut template, &root, findings);
        Self { stack, parent, template, values, charge }
    }

    /// What evaluates parts of it before it is expanded. Where its values are not yet what they will be, what is wrong with its
    /// conditions is told only then.
    fn evaluator<'s>(&self, scope: Scope<'s>) -> Evaluator<'s> {
        if self.awaits() { Evaluator::again(scope) } else { Evaluator::new(scope) }
    }

    /// Whether what it was given is not yet all that it will be.
    fn awaits(&self) -> bool {
        let (mut outputs, mut imports) = (BTreeMap::new(), Vec::new());
        self.values.values().for_each(|node| nested::awaited(node, &mut outputs, &mut imports));
        !outputs.is_empty() || !imports.is_empty()
    }

    fn expand(
        &self,
        around: &Surroundings<'_>,
        mut evaluator: Evaluator<'_>,
        (nested, standing): (&BTreeMap<ResourceAddress, Nested>, &mut Vec<Standing>),
        expansion: &mut Expansion,
        findings: &mut Vec<Finding>,
    ) {
        rules::check(&self.template, &self.values, &mut evaluator, findings);
        let assets = Assets::new(&self.stack.assets, around.context);
        for resource in self.template.resources.values() {
            let is_there = resource.condition.as_ref().is_none_or(|condition| evaluator.condition(condition));
            let depends_on = self.depends_on(resource, around, &mut evaluator, findings);
            let address = ResourceAddress::new(&self.stack.name, &resource.key.name);
            if resource.kind.value.as_str() == STACK {
                nested::check(resource, findings);
                if let Some(nested) = nested.get(&address).filter(|_| is_there) {
                    let nothing = Node::new(resource.key.span, Value::Map(Vec::new()));
                    let retention = retention::retention(resource, &nothing, &mut evaluator, findings);
                    let tags = nested::tags(resource, &mut evaluator, findings);
                    expansion.tags.extend(tags.map(|tags| (nested.name.clone(), tags)));
                    let (name, span) = (nested.name.clone(), resource.key.span);
                    standing.push(Standing { address, name, span, depends_on, retention });
                }
            } else if is_there && !resource.kind.value.as_str().is_empty() {
                let made = self.made(resource, depends_on, around, &assets, &mut evaluator, findings);
                expansion.resources.insert(address, made);
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
