//! Which stacks an environment has beside its agents' and `shared`: the templates, and the chosen stacks of assemblies.

use std::collections::{BTreeMap, BTreeSet};

use model::id::is_stack_name;
use source::{Code, Finding, Span, Spanned, closest};

use crate::assembly::{self, Assembled, MOST_ASSETS, too_many_assets};
use crate::config::{Environment, Origin, Stack};
use crate::nested::Inner;
use crate::read::names::{LONGEST, suggestion};
use crate::texts::Texts;

/// One stack that is to be deployed.
pub(crate) struct Chosen<'c> {
    /// Its name: the first part of addresses.
    pub(crate) name: String,
    /// The entry of the config that it comes from.
    pub(crate) entry: &'c Stack,
    /// Where the config names it.
    pub(crate) span: Span,
    /// The path of its template, and where that is named.
    pub(crate) template: Spanned<String>,
    /// What CDK says of it, where it comes from an assembly.
    pub(crate) assembled: Option<Assembled>,
}

impl<'c> Chosen<'c> {
    /// A stack that is nested in it, at any depth.
    pub(crate) fn of(&self, inner: &Inner) -> Self {
        let (name, span, template) = (inner.name.clone(), inner.span, inner.template.clone());
        Self { name, entry: self.entry, span, template, assembled: None }
    }
}

/// The stacks of `environment`, in the order of the config; of an assembly, each after those that it depends on.
pub(crate) fn chosen<'c>(
    environment: &'c Environment,
    texts: &mut Texts<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<Chosen<'c>> {
    let mut chosen: Vec<Chosen<'c>> = Vec::new();
    // Several entries may name one.
    let mut assemblies: BTreeMap<&str, Vec<Assembled>> = BTreeMap::new();
    let mut assets = 0;
    for entry in &environment.brought.stacks {
        match &entry.origin {
            Origin::Template(path) => chosen.push(Chosen {
                name: entry.name.value.clone(),
                entry,
                span: entry.name.span,
                template: path.clone(),
                assembled: None,
            }),
            Origin::Assembly { folder, stacks } => {
                let all = assemblies
                    .entry(&folder.value)
                    .or_insert_with(|| assembly::stacks(texts, &folder.value, folder.span, findings));
                let of_entry = of_assembly(entry, folder, stacks.as_deref(), all.clone(), findings);
                let own = of_entry.iter().flat_map(|stack| &stack.assembled).map(|one| one.assets.len());
                assets += own.sum::<usize>();
                if assets > MOST_ASSETS {
                    findings.push(too_many_assets(entry.name.span));
                    break;
                }
                chosen.extend(of_entry);
            }
        }
    }
    collisions(environment, &chosen, findings);
    dependencies(&chosen, findings);
    chosen
}

fn of_assembly<'c>(
    entry: &'c Stack,
    folder: &Spanned<String>,
    wanted: Option<&[Spanned<String>]>,
    all: Vec<Assembled>,
    findings: &mut Vec<Finding>,
) -> Vec<Chosen<'c>> {
    for wanted in wanted.unwrap_or_default() {
        let is_there = all.iter().any(|stack| stack.is(&wanted.value));
        // An assembly without stacks was not readable, or is told below.
        if !is_there && !all.is_empty() {
            let names = all.iter().flat_map(|stack| stack.ids.iter().chain([&stack.name])).map(String::as_str);
            findings.push(no_stack(&wanted.value, wanted.span, &folder.value, names.clone()));
        }
    }
    if all.is_empty() && findings.is_empty() {
        let message = format!("the assembly in `{}` has no stacks", folder.value);
        let finding = Finding::new(Code::UnknownStack, folder.span, message);
        findings.push(finding.help("name the folder that `cdk synth` wrote, or remove this entry"));
    }
    let place = |stack: &Assembled| match wanted {
        Some(wanted) => wanted.iter().find(|wanted| stack.is(&wanted.value)).map(|wanted| wanted.span),
        None => Some(folder.span),
    };
    let stacks = all.into_iter().filter_map(|stack| {
        let span = place(&stack)?;
        let template = stack.template.clone();
        Some(Chosen { name: addressed(&stack.name), entry, span, template, assembled: Some(stack) })
    });
    stacks.collect()
}

/// That an assembly has no stack `name`; `names` are those that it has.
pub(crate) fn no_stack<'n>(
    name: &str,
    span: Span,
    folder: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Finding {
    let message = format!("the assembly in `{folder}` has no stack `{name}`");
    let help = match closest(name, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let mut names: Vec<&str> = names.take(20).collect();
            names.dedup();
            format!("it has {}", source::listed(&names, "and"))
        }
    };
    Finding::new(Code::UnknownStack, span, message).help(help)
}

/// The name of a stack of CDK as the first part of addresses: as it is where CloudFormation would take it.
fn addressed(name: &str) -> String {
    if is_stack_name(name) { name.to_owned() } else { suggestion(name, LONGEST).unwrap_or_else(|| "stack".to_owned()) }
}

/// Names that two stacks have, or that only differ in what the names of outputs do not show.
fn collisions(environment: &Environment, chosen: &[Chosen<'_>], findings: &mut Vec<Finding>) {
    let alike = crate::expand::pascal;
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    taken.insert(alike("shared"), "what agents share".to_owned());
    for agent in &environment.agents {
        taken.insert(alike(&agent.name.value), format!("agent `{}`", agent.name.value));
    }
    for stack in chosen {
        if let Some(other) = taken.get(&alike(&stack.name)) {
            let message =
                format!("the stack `{}` is too much like {other}: their outputs would have the same names", stack.name);
            let finding = Finding::new(Code::DuplicateName, stack.span, message);
            findings.push(finding.help(match stack.assembled {
                Some(_) => "give it another `stackName` in the CDK application, or choose others by `stacks`",
                None => "give one of them another name",
            }));
        }
        taken.insert(alike(&stack.name), format!("stack `{}`", stack.name));
    }
}

/// What is to be deployed before something must be deployed at all.
fn dependencies(chosen: &[Chosen<'_>], findings: &mut Vec<Finding>) {
    let folder = |stack: &Chosen<'_>| stack.entry.origin.path().value.clone();
    let ids = |stack: &Chosen<'_>| stack.assembled.as_ref().map(|one| one.ids.clone()).unwrap_or_default();
    let there: BTreeSet<(String, String)> =
        chosen.iter().flat_map(|stack| ids(stack).into_iter().map(|id| (folder(stack), id))).collect();
    for stack in chosen {
        for id in stack.assembled.iter().flat_map(|assembled| &assembled.after) {
            if !there.contains(&(folder(stack), id.clone())) {
                let message = format!("the stack `{}` depends on `{id}`, which is not among the stacks", stack.name);
                let finding = Finding::new(Code::UnknownStack, stack.span, message);
                findings.push(finding.help(format!("add `{id}` to `stacks`")));
            }
        }
    }
}
