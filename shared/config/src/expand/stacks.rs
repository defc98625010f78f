//! What people brought along: templates, stacks of assemblies, resources and outputs in CloudFormation's shape, and functions in
//! the environment of agents. The `template` crate says what they mean; here is what is around them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::{Artifact, ResourceAddress, ResourceType};
use serde_json::Value;
use source::{Code, Files, Finding, Key, Node, Reader, Span};
use template::{Asset, Made};

use super::used::{Elsewhere, NEAR};
use super::{Context, Expansion, SHARED, ignored, pascal, security_group, tagged};
use crate::chosen::{self, Chosen};
use crate::config::{Agent, Config, Entries, Environment, Ignored, Permission, Tags, Variable};
use crate::nested;
use crate::read::{permission, tags};
use crate::texts::{Texts, artifact_key};

/// The most resources that templates have together, and the most text in them, in bytes: one text may be several stacks.
const MOST_RESOURCES: usize = 20_000;
const MOST_TEXT: usize = 32 * 1024 * 1024;
/// The most pairs of resources of which one waits for the other because their stacks have an order.
const MOST_WAITS: usize = 200_000;

/// What people brought along to one environment, read.
pub(super) struct Brought<'c> {
    environment: &'c Environment,
    stacks: Vec<Stack<'c>>,
    /// Functions of agents.
    functions: Vec<(Asked<'c>, &'c Rc<Node>)>,
    /// The texts that were read, the config first.
    pub(super) files: Files,
    /// Whether everything could be read: what is missing otherwise is nobody's fault.
    is_whole: bool,
}

/// What a function of an agent is asked for.
enum Asked<'c> {
    /// The value of a variable.
    Variable(&'c str),
    /// A resource on which these actions are allowed.
    Resource(&'c [String]),
}

struct Stack<'c> {
    chosen: Chosen<'c>,
    /// The resource that stands for it in the stack that it is nested in.
    within: Option<ResourceAddress>,
    root: Rc<Node>,
    parameters: Entries,
    assets: Rc<[Asset]>,
}

impl<'c> Brought<'c> {
    /// Reads the templates and assemblies of `environment`.
    pub(super) fn read(
        config: &'c Config,
        environment: &'c Environment,
        context: &Context<'_>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut texts = Texts::new(config, context.sources);
        let before = findings.len();
        let chosen = chosen::chosen(environment, &mut texts, findings);
        let mut is_whole = findings.len() == before;
        let inner = nested::nested(environment, &chosen, &mut texts, findings);
        is_whole &= findings.len() == before;
        let within: Vec<(Chosen<'c>, nested::Inner)> = inner
            .into_iter()
            .filter_map(|inner| {
                let outermost = chosen.get(inner.outermost)?;
                Some((outermost.of(&inner), inner))
            })
            .collect();
        let mut stacks: Vec<Stack<'c>> = Vec::with_capacity(chosen.len() + within.len());
        for chosen in chosen {
            agrees(&chosen, context.environment, findings);
            match texts.tree(&chosen.template.value, chosen.template.span, findings) {
                Some(root) => {
                    let assets = assets(&chosen, context, findings).into();
                    stacks.push(Stack { root, within: None, parameters: Vec::new(), assets, chosen });
                }
                None => is_whole = false,
            }
        }
        for (chosen, inner) in within {
            let outer = stacks.iter().find(|one| one.chosen.name == inner.within.stack);
            let assets = outer.map(|outer| Rc::clone(&outer.assets));
            let root = texts.tree(&chosen.template.value, chosen.template.span, findings);
            match root.zip(assets) {
                Some((root, assets)) => {
                    let within = Some(inner.within);
                    stacks.push(Stack { root, within, parameters: Vec::new(), assets, chosen });
                }
                None => is_whole = false,
            }
        }
        if let Some(finding) = too_much(&stacks, context) {
            findings.push(finding);
            stacks.clear();
            is_whole = false;
        }
        for stack in &mut stacks {
            stack.root = without_bootstrap(&stack.root);
        }
        parameters(&mut stacks, findings);
        let functions = environment.agents.iter().flat_map(functions).collect();
        Self { environment, stacks, functions, files: texts.into_files(), is_whole }
    }

    /// The types of everything that may come of it.
    pub(super) fn elsewhere(&self) -> Elsewhere {
        let mut elsewhere = Elsewhere::default();
        let own = self.environment.brought.resources.iter().map(|(key, node)| (SHARED, key, node));
        let of_stacks = self.stacks.iter().flat_map(|stack| {
            let resources = section(&stack.root, "Resources").iter();
            resources.map(|(key, node)| (stack.chosen.name.as_str(), key, node))
        });
        for (stack, key, node) in own.chain(of_stacks) {
            let Some(kind) = node.get("Type").and_then(|kind| kind.scalar()) else { continue };
            if kind == nested::STACK {
                continue;
            }
            let address = ResourceAddress::new(stack, key.name.as_str());
            if kind == "AWS::SSM::Parameter" && !has_path(node) {
                elsewhere.plain.insert(address.clone());
            }
            elsewhere.types.insert(address, kind.into());
        }
        elsewhere
    }

    /// Whether any agent has functions.
    pub(super) fn has_functions(&self) -> bool {
        !self.functions.is_empty()
    }

    /// What it all comes to, next to `own`, which the config makes itself.
    pub(super) fn expand(&self, own: &Expansion<'_>, findings: &mut Vec<Finding>) -> template::Expansion {
        let of_templates = self.stacks.iter().map(|stack| template::Stack {
            name: stack.chosen.name.clone(),
            span: stack.chosen.span,
            root: Rc::clone(&stack.root),
            within: stack.within.clone(),
            parameters: stack.parameters.clone(),
            assets: Rc::clone(&stack.assets),
            values: Vec::new(),
        });
        let stacks: Vec<template::Stack> = self.of_config().into_iter().chain(of_templates).collect();
        if stacks.is_empty() {
            return template::Expansion::default();
        }
        let known: BTreeMap<ResourceAddress, ResourceType> =
            own.resources.iter().map(|(address, resource)| (address.clone(), resource.kind.clone())).collect();
        let context = template::Context {
            environment: own.context.environment,
            artifact_bucket: own.context.artifact_bucket,
            known: &known,
            snapshot: own.context.snapshot,
            files: &self.files,
        };
        let before = findings.len();
        let expansion = template::expand(&stacks, &context, findings);
        if !self.is_whole {
            // What refers to a template that could not be read is not wrong for that.
            let told = findings.split_off(before);
            let is_kept = |finding: &Finding| match finding.code {
                Code::UnknownExport => false,
                Code::UnknownResource => !self.files.slice(finding.span).contains('/'),
                Code::Unsupported => !self.files.slice(finding.span).contains(nested::STACK),
                _ => true,
            };
            findings.extend(told.into_iter().filter(is_kept));
        }
        expansion
    }

    /// What the functions of agents come to, by their places.
    pub(super) fn values(&self, expansion: &template::Expansion, findings: &mut Vec<Finding>) -> BTreeMap<Span, Value> {
        let mut values = BTreeMap::new();
        let made = expansion.values.get(SHARED).map(Vec::as_slice).unwrap_or_default();
        for ((asked, function), node) in self.functions.iter().zip(made) {
            let value = match source::json(node) {
                Value::Bool(truth) => Value::from(truth.to_string()),
                Value::Number(number) => Value::from(number.to_string()),
                Value::Array(_) => {
                    let what = match asked {
                        Asked::Variable(name) => format!("the variable `{name}`"),
                        Asked::Resource(_) => "a resource of a permission".to_owned(),
                    };
                    let message = format!("{what} must be text, and this function gives a list");
                    let finding = Finding::new(Code::WrongType, function.span, message);
                    findings.push(finding.help("make text of it with `!Join`, or choose from it with `!Select`"));
                    continue;
                }
                value => value,
            };
            if let Asked::Resource(actions) = asked {
                let (shape, is_known) = shape(&value);
                findings.extend(permission::of_function(actions, &shape, is_known, function.span));
            }
            values.insert(function.span, value);
        }
        values
    }

    /// `resources` and `outputs` of the config, and functions of its agents, as a stack; none where there are none.
    fn of_config(&self) -> Option<template::Stack> {
        let brought = &self.environment.brought;
        let outputs: Entries = brought.outputs.iter().map(|(key, node)| (key.clone(), output(node))).collect();
        let first = [&brought.resources, &outputs].into_iter().find_map(|entries| Some(entries.first()?.0.span));
        let span = first.or_else(|| Some(self.functions.first()?.1.span))?;
        let section = |name: &str, entries: &Entries| {
            let node = Node::new(span, source::Value::Map(entries.clone()));
            (Key { span, name: name.to_owned() }, Rc::new(node))
        };
        let sections = vec![section("Resources", &brought.resources), section("Outputs", &outputs)];
        Some(template::Stack {
            name: SHARED.to_owned(),
            span,
            root: Rc::new(Node::new(span, source::Value::Map(sections))),
            within: None,
            parameters: Vec::new(),
            assets: Rc::default(),
            values: self.functions.iter().map(|(_, node)| Rc::clone(node)).collect(),
        })
    }

    /// Puts what it came to next to what the config makes itself.
    pub(super) fn put(self, expansion: template::Expansion, own: &mut Expansion<'_>, findings: &mut Vec<Finding>) {
        let template::Expansion { resources, outputs, lookups, tags: given, .. } = expansion;
        own.lookups.extend(lookups);
        let tags = self.tags(&given, findings);
        let scopes: BTreeMap<&str, _> = tags.iter().map(|(name, tags)| (*name, own.scope.stack(tags))).collect();
        for (address, Made { mut desired, span, node, .. }) in resources {
            findings.extend(security_group::open_to_the_world(&desired.kind, &node));
            let scope = scopes.get(address.stack.as_str()).unwrap_or(&own.scope);
            tagged::add(scope, &mut desired, span, findings);
            own.places.insert(address.clone(), span);
            own.resources.entry(address).or_insert(desired);
        }
        self.outputs(outputs, own, findings);
        self.permissions(own, findings);
        self.ignored(own, findings);
        self.moved(own, findings);
        self.ordered(own, findings);
    }

    /// The tags of each stack; what is nested has those of the stack that it is in, too, and `given` are its own.
    fn tags(&self, given: &BTreeMap<String, Rc<Node>>, findings: &mut Vec<Finding>) -> BTreeMap<&str, Tags> {
        let mut all: BTreeMap<&str, Tags> = BTreeMap::new();
        for stack in &self.stacks {
            let own = match &stack.within {
                None => {
                    let mut tags = stack.chosen.assembled.as_ref().map(|one| one.tags.clone()).unwrap_or_default();
                    tags.extend(stack.chosen.entry.tags.clone());
                    tags
                }
                Some(address) => {
                    let mut tags = all.get(address.stack.as_str()).cloned().unwrap_or_default();
                    let reader = &mut Reader::new(findings);
                    tags.extend(given.get(&stack.chosen.name).map(|node| tags::tags(reader, node)).unwrap_or_default());
                    tags
                }
            };
            all.insert(&stack.chosen.name, own);
        }
        all
    }

    /// What a condition leaves out cannot be used.
    fn permissions(&self, own: &Expansion<'_>, findings: &mut Vec<Finding>) {
        for permission in self.environment.agents.iter().flat_map(|agent| &agent.permissions) {
            let Permission::Made { address, .. } = permission else { continue };
            let is_declared = own.elsewhere.types.contains_key(&address.value);
            if is_declared && !own.resources.contains_key(&address.value) && self.is_whole {
                let message = format!("`{}` is not made here: its condition does not hold", address.value);
                let finding = Finding::new(Code::UnknownResource, address.span, message);
                findings.push(finding.help("name it where it is made, with `overrides` of the environment"));
            }
        }
    }

    fn outputs(
        &self,
        outputs: BTreeMap<(String, String), Rc<Node>>,
        own: &mut Expansion<'_>,
        findings: &mut Vec<Finding>,
    ) {
        let nested: BTreeSet<&str> =
            self.stacks.iter().filter(|one| one.within.is_some()).map(|one| one.chosen.name.as_str()).collect();
        // What is nested gives its outputs to the stack that it is in, and to nobody else.
        for ((stack, name), node) in outputs.into_iter().filter(|((stack, _), _)| !nested.contains(stack.as_str())) {
            let whole = if stack == SHARED { name.clone() } else { format!("{}{}", pascal(&stack), pascal(&name)) };
            if own.outputs.contains_key(&whole) {
                let message = format!("there is an output `{whole}` already");
                let finding = Finding::new(Code::DuplicateName, self.place_of_output(&stack, &name), message);
                findings.push(finding.help("give this one another name"));
                continue;
            }
            own.outputs.insert(whole, source::json(&node));
        }
    }

    fn place_of_output(&self, stack: &str, name: &str) -> Span {
        let outputs = match self.stacks.iter().find(|one| one.chosen.name == stack) {
            Some(stack) => section(&stack.root, "Outputs"),
            None => self.environment.brought.outputs.as_slice(),
        };
        outputs.iter().find(|(key, _)| key.name == name).map_or_else(Span::default, |(key, _)| key.span)
    }

    /// Has what the config ignores left alone.
    fn ignored(&self, own: &mut Expansion<'_>, findings: &mut Vec<Finding>) {
        for (id, ignored) in &self.environment.brought.ignore_changes {
            self.ignore(own, &[(SHARED, None)], id, ignored, findings);
        }
        let mut entries: Vec<&str> = Vec::new();
        for stack in &self.stacks {
            let entry = stack.chosen.entry;
            // An entry may stand for several stacks.
            if entries.contains(&entry.name.value.as_str()) {
                continue;
            }
            entries.push(&entry.name.value);
            let of_entry = self.stacks.iter().filter(|other| other.chosen.entry.name == entry.name);
            let stacks: Vec<(&str, Option<&Rc<Node>>)> =
                of_entry.map(|stack| (stack.chosen.name.as_str(), Some(&stack.root))).collect();
            for (id, ignored) in &entry.ignore_changes {
                self.ignore(own, &stacks, id, ignored, findings);
            }
        }
    }

    fn ignore(
        &self,
        own: &mut Expansion<'_>,
        stacks: &[(&str, Option<&Rc<Node>>)],
        id: &str,
        ignored: &Ignored,
        findings: &mut Vec<Finding>,
    ) {
        let mut is_there = false;
        for (stack, root) in stacks {
            // What a condition leaves out is there in another environment.
            is_there |= root.is_some_and(|root| section(root, "Resources").iter().any(|(key, _)| key.name == id));
            if let Some(resource) = own.resources.get_mut(&ResourceAddress::new(*stack, id)) {
                is_there = true;
                ignored::of_resource(resource, ignored, findings);
            }
        }
        if !is_there {
            let is_of = |address: &&ResourceAddress| stacks.iter().any(|(stack, _)| *stack == address.stack);
            let known = own.resources.keys().filter(is_of).map(|address| address.logical_id.as_str());
            let message = format!("there is no resource `{id}` whose changes could be ignored");
            let help = match source::closest(id, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a logical id of this stack".to_owned(),
            };
            findings.push(Finding::new(Code::UnknownResource, ignored.span, message).help(help));
        }
    }

    /// New addresses must lead to something.
    fn moved(&self, own: &mut Expansion<'_>, findings: &mut Vec<Finding>) {
        for (from, to) in &self.environment.brought.moved {
            if own.resources.contains_key(&from.value) {
                let message = format!("`{}` is said to have moved, and is still here", from.value);
                let finding = Finding::new(Code::WrongAddress, from.span, message);
                findings.push(finding.help("remove the line, or what stands at that address"));
            } else if !own.resources.contains_key(&to.value) {
                let message = format!("there is no resource `{}` to which something could have moved", to.value);
                let known: Vec<String> = own.resources.keys().take(NEAR).map(ToString::to_string).collect();
                let help = match source::closest(&to.value.to_string(), known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `old/Address: new/Address`; the new one is in this config".to_owned(),
                };
                findings.push(Finding::new(Code::UnknownResource, to.span, message).help(help));
            } else {
                own.moved.insert(from.value.clone(), to.value.clone());
            }
        }
    }

    /// The names of a stack and of everything that is nested in it.
    fn whole<'s>(&'s self, name: &'s str) -> BTreeSet<&'s str> {
        let mut names = BTreeSet::from([name]);
        for stack in &self.stacks {
            if stack.within.as_ref().is_some_and(|address| names.contains(address.stack.as_str())) {
                names.insert(&stack.chosen.name);
            }
        }
        names
    }

    /// A stack that CDK wants after another, for a reason that neither template tells, has what begins it wait for what ends the
    /// other.
    fn ordered(&self, own: &mut Expansion<'_>, findings: &mut Vec<Finding>) {
        let mut waits = 0_usize;
        for stack in &self.stacks {
            let Some(assembled) = stack.chosen.assembled.as_ref().filter(|one| !one.after.is_empty()) else { continue };
            let imports = imports(&stack.root);
            for id in &assembled.after {
                let is_it = |other: &&Stack<'_>| other.chosen.assembled.as_ref().is_some_and(|one| one.is(id));
                let Some(before) = self.stacks.iter().find(is_it) else { continue };
                if exports(&before.root).any(|name| imports.contains(name)) {
                    continue;
                }
                let (first, last) =
                    (begins(own, &self.whole(&stack.chosen.name)), ends(own, &self.whole(&before.chosen.name)));
                waits = waits.saturating_add(first.len().saturating_mul(last.len()));
                if waits > MOST_WAITS {
                    let message =
                        format!("too many resources would wait for `{id}`, which is to come before this stack");
                    let finding = Finding::new(Code::TooMany, stack.chosen.span, message);
                    findings
                        .push(finding.help("let what needs it refer to it, in place of a dependency of whole stacks"));
                    return;
                }
                for address in first {
                    if let Some(resource) = own.resources.get_mut(&address) {
                        resource.depends_on.extend(last.iter().cloned());
                    }
                }
            }
        }
    }
}

/// The functions of one agent: in its environment, and under `resources` of its permissions.
fn functions(agent: &Agent) -> impl Iterator<Item = (Asked<'_>, &Rc<Node>)> {
    let variables = agent.environment.iter().filter_map(|(name, value)| match value {
        Variable::Function(node) => Some((Asked::Variable(name), node)),
        Variable::Text(_) => None,
    });
    let permissions = agent.permissions.iter().flat_map(|permission| match permission {
        Permission::Actions { actions, functions, .. } => {
            functions.iter().map(|node| (Asked::Resource(actions), node)).collect()
        }
        Permission::Resource { .. } | Permission::Made { .. } | Permission::Words { .. } => Vec::new(),
    });
    variables.chain(permissions)
}

/// A value as text, with something plain in place of what is not known yet, and whether there is nothing of that.
fn shape(value: &Value) -> (String, bool) {
    let join = value.get("Fn::Join").and_then(Value::as_array).map(Vec::as_slice);
    match (value, join) {
        (Value::String(text), _) => (text.clone(), true),
        (_, Some([Value::String(separator), Value::Array(parts)])) => {
            let parts: Vec<(String, bool)> = parts.iter().map(shape).collect();
            let texts: Vec<&str> = parts.iter().map(|(text, _)| text.as_str()).collect();
            (texts.join(separator), parts.iter().all(|(_, is_known)| *is_known))
        }
        _ => ("x".to_owned(), false),
    }
}

/// Whether the account and region that a stack was made for are those of the environment, and whether it has nothing that cannot
/// be done.
fn agrees(chosen: &Chosen<'_>, record: &model::Environment, findings: &mut Vec<Finding>) {
    let Some(assembled) = &chosen.assembled else { return };
    let pairs = [
        (Code::AccountMismatch, "account", &assembled.account, &record.account),
        (Code::RegionMismatch, "region", &assembled.region, &record.region),
    ];
    for (code, what, given, recorded) in pairs {
        if let Some(given) = given.as_ref().filter(|given| *given != recorded) {
            let message = format!(
                "the stack `{}` was made for {what} `{given}`, and the record of `{}` says `{recorded}`",
                assembled.name, record.id
            );
            let help = "give the stack another `env` in the CDK application, or choose others by `stacks`";
            findings.push(Finding::new(code, chosen.span, message).help(help));
        }
    }
    if assembled.has_images {
        let message =
            format!("the stack `{}` has an image asset, and images are not built for a deployment", assembled.name);
        let help =
            "let the function have its code as a folder (`Code.fromAsset`), or push the image and name it by its URI";
        findings.push(Finding::new(Code::Unsupported, chosen.span, message).help(help));
    }
}

/// That the templates are more than can be expanded, at the first stack with which they are.
fn too_much(stacks: &[Stack<'_>], context: &Context<'_>) -> Option<Finding> {
    let (mut resources, mut bytes) = (0, 0);
    for Stack { chosen, root, .. } in stacks {
        resources += section(root, "Resources").len();
        bytes += context.sources.get(&chosen.template.value).map_or(0, String::len);
        if resources > MOST_RESOURCES || bytes > MOST_TEXT {
            let message =
                format!("with this stack there are more than {MOST_RESOURCES} resources, or 32 MiB of templates");
            return Some(Finding::new(Code::TooMany, chosen.span, message).help("split the project"));
        }
    }
    None
}

/// Where the assets of a stack are kept.
fn assets(chosen: &Chosen<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) -> Vec<Asset> {
    let mut assets = Vec::new();
    let kept = chosen.assembled.iter().flat_map(|assembled| &assembled.assets);
    for asset in kept.filter(|asset| !asset.is_template()) {
        let key = artifact_key(&chosen.name, &asset.id);
        let Some(artifact) = context.artifacts.get(&key) else {
            let message = format!("the asset `{}` of stack `{}` is not stored", asset.path, chosen.name);
            let finding = Finding::new(Code::ArtifactMissing, chosen.span, message);
            findings.push(finding.help("upload a `bundle.zip` with the folder that CDK wrote"));
            continue;
        };
        let kept = Artifact::key(&artifact.digest);
        assets.extend(asset.destinations.iter().map(|(bucket, key)| Asset {
            bucket: bucket.clone(),
            key: key.clone(),
            kept: kept.clone(),
        }));
    }
    assets
}

/// Gives each stack the values of its parameters: the user's over those of CDK.
fn parameters(stacks: &mut [Stack<'_>], findings: &mut Vec<Finding>) {
    let mut entries: Vec<&crate::config::Stack> = Vec::new();
    for stack in stacks.iter() {
        if !entries.iter().any(|entry| entry.name == stack.chosen.entry.name) {
            entries.push(stack.chosen.entry);
        }
    }
    for entry in entries {
        let is_its = |one: &&mut Stack<'_>| one.chosen.entry.name == entry.name && one.within.is_none();
        let mut own: Vec<&mut Stack<'_>> = stacks.iter_mut().filter(is_its).collect();
        for stack in &mut own {
            let Some(assembled) = &stack.chosen.assembled else {
                stack.parameters.clone_from(&entry.parameters.all);
                continue;
            };
            let mut values = assembled.parameters.clone();
            let has = |name: &str| section(&stack.root, "Parameters").iter().any(|(key, _)| key.name == name);
            let of_all = entry.parameters.all.iter().filter(|(key, _)| has(&key.name));
            let of_it = entry.parameters.of.iter().filter(|(key, _)| assembled.is(&key.name)).flat_map(|(_, own)| own);
            for (key, node) in of_all.chain(of_it) {
                values.retain(|(given, _)| given.name != key.name);
                values.push((key.clone(), Rc::clone(node)));
            }
            stack.parameters = values;
        }
        if matches!(entry.origin, crate::config::Origin::Template(_)) {
            continue;
        }
        for (key, _) in &entry.parameters.all {
            if own.iter().all(|stack| stack.parameters.iter().all(|(given, _)| given.span != key.span)) {
                let names =
                    own.iter().flat_map(|stack| section(&stack.root, "Parameters")).map(|(key, _)| key.name.as_str());
                let message = format!("none of these stacks has a parameter `{}`", key.name);
                let help = match source::closest(&key.name, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "remove it".to_owned(),
                };
                findings.push(Finding::new(Code::UnknownParameter, key.span, message).help(help));
            }
        }
        for (key, _) in &entry.parameters.of {
            let is_it = |stack: &&mut Stack<'_>| stack.chosen.assembled.as_ref().is_some_and(|one| one.is(&key.name));
            if !own.iter().any(is_it) {
                let names: Vec<&str> = own.iter().map(|stack| stack.chosen.name.as_str()).collect();
                let folder = &entry.origin.path().value;
                findings.push(chosen::no_stack(&key.name, key.span, folder, names.iter().copied()));
            }
        }
    }
}

/// The entries of a section of a template.
fn section<'r>(root: &'r Rc<Node>, name: &str) -> &'r [(Key, Rc<Node>)] {
    root.get(name).and_then(|section| section.entries()).unwrap_or_default()
}

/// The template without what CDK adds to it to make sure that its own bootstrap stack is new enough: none is needed here.
fn without_bootstrap(root: &Rc<Node>) -> Rc<Node> {
    let is_version = |node: &Rc<Node>| {
        let text = |name: &str| node.get(name).and_then(|node| node.scalar()).unwrap_or_default();
        let default = text("Default");
        text("Type").starts_with("AWS::SSM::Parameter::Value<")
            && default.starts_with("/cdk-bootstrap/")
            && default.ends_with("/version")
    };
    let parameters = section(root, "Parameters");
    if !parameters.iter().any(|(key, node)| key.name == "BootstrapVersion" && is_version(node)) {
        return Rc::clone(root);
    }
    let drop = |node: &Rc<Node>, name: &str| -> Option<Rc<Node>> {
        let left: Entries = node.entries()?.iter().filter(|(key, _)| key.name != name).cloned().collect();
        (!left.is_empty()).then(|| Rc::new(Node::new(node.span, source::Value::Map(left))))
    };
    let sections = root.entries().unwrap_or_default().iter().filter_map(|(key, node)| {
        let left = match key.name.as_str() {
            "Parameters" => drop(node, "BootstrapVersion")?,
            "Rules" => drop(node, "CheckBootstrapVersion")?,
            _ => Rc::clone(node),
        };
        Some((key.clone(), left))
    });
    Rc::new(Node::new(root.span, source::Value::Map(sections.collect())))
}

/// An output in CloudFormation's shape: a value alone is one, too.
fn output(node: &Rc<Node>) -> Rc<Node> {
    let is_whole = node.function().is_none() && node.entries().is_some();
    if is_whole {
        return Rc::clone(node);
    }
    let key = Key { span: node.span, name: "Value".to_owned() };
    Rc::new(Node::new(node.span, source::Value::Map(vec![(key, Rc::clone(node))])))
}

/// Whether the name of an SSM parameter begins with a slash: as generated ones do, and those that are written so.
fn has_path(resource: &Rc<Node>) -> bool {
    fn begins(node: &Node) -> bool {
        match &node.value {
            source::Value::Scalar { text, .. } => text.starts_with('/'),
            source::Value::Map(entries) => match entries.as_slice() {
                [(key, given)] if key.name == "Fn::Sub" => begins(given),
                [(key, given)] if key.name == "Fn::Join" => match &given.value {
                    source::Value::List(items) => items.last().is_some_and(|parts| begins(parts)),
                    _ => false,
                },
                _ => false,
            },
            source::Value::List(items) => items.first().is_some_and(|first| begins(first)),
        }
    }
    resource.get("Properties").and_then(|properties| properties.get("Name")).is_none_or(|name| begins(name))
}

/// The names of the exports that a template imports, where they are written as text.
fn imports(root: &Node) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut left: Vec<&Node> = vec![root];
    while let Some(node) = left.pop() {
        match &node.value {
            source::Value::Map(entries) => {
                for (key, node) in entries {
                    names.extend(node.scalar().filter(|_| key.name == "Fn::ImportValue"));
                    left.push(node);
                }
            }
            source::Value::List(items) => left.extend(items.iter().map(|item| item.as_ref())),
            source::Value::Scalar { .. } => {}
        }
    }
    names
}

/// The names of the exports of a template, where they are written as text.
fn exports(root: &Rc<Node>) -> impl Iterator<Item = &str> {
    section(root, "Outputs").iter().filter_map(|(_, output)| output.get("Export")?.get("Name")?.scalar())
}

/// The resources of stacks that wait for nothing within them.
fn begins(own: &Expansion<'_>, stacks: &BTreeSet<&str>) -> Vec<ResourceAddress> {
    let is_of = |address: &ResourceAddress| stacks.contains(address.stack.as_str());
    let of_stacks = own.resources.iter().filter(|(address, _)| is_of(address));
    let begins = of_stacks.filter(|(_, resource)| !needs(resource).iter().any(is_of));
    begins.map(|(address, _)| address.clone()).collect()
}

/// The resources of stacks that nothing within them waits for.
fn ends(own: &Expansion<'_>, stacks: &BTreeSet<&str>) -> Vec<ResourceAddress> {
    let of_stack = || own.resources.iter().filter(|(address, _)| stacks.contains(address.stack.as_str()));
    let needed: BTreeSet<ResourceAddress> = of_stack().flat_map(|(_, resource)| needs(resource)).collect();
    of_stack().map(|(address, _)| address).filter(|address| !needed.contains(*address)).cloned().collect()
}

fn needs(resource: &model::DesiredResource) -> BTreeSet<ResourceAddress> {
    let mut found = Vec::new();
    for value in resource.properties.0.values() {
        // What is malformed is told by the plan.
        let _ = model::expression::references_in(value, &mut found);
    }
    let referred = found.into_iter().map(|reference| reference.address);
    referred.chain(resource.depends_on.iter().cloned()).collect()
}
