//! What stacks export, who imports it, and which stack therefore comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::Lookup;
use source::{Code, Finding, Key, Node, Reader, Span, Value};

use crate::cycle::cycles;
use crate::evaluate::{Evaluated, Evaluator};
use crate::read::Export;
use crate::scope::Scope;

/// What the outputs of one stack are exported as.
#[derive(Default)]
pub(crate) struct Names {
    /// The names of exports, by those of outputs.
    pub(crate) names: BTreeMap<String, String>,
    /// Whether there are more, whose names cannot be told yet or are wrong.
    pub(crate) are_more: bool,
    /// What must be looked up to tell them.
    pub(crate) lookups: BTreeSet<Lookup>,
}

/// The names under which the outputs of `scope`'s stack are exported, as `evaluator` has them. Those that are taken or none are findings.
pub(crate) fn names(
    (scope, mut evaluator): (Scope<'_>, Evaluator<'_>),
    exports: &mut BTreeMap<String, Export>,
    findings: &mut Vec<Finding>,
) -> Names {
    let mut names = Names::default();
    let template = scope.template;
    if template.outputs.values().all(|output| output.export.is_none()) {
        return names;
    }
    let mut outputs: Vec<_> = template.outputs.values().collect();
    outputs.sort_by_key(|output| output.key.span);
    for output in outputs {
        let Some(node) = &output.export else { continue };
        if output.condition.as_ref().is_some_and(|condition| !evaluator.condition(condition)) {
            continue;
        }
        let Some(name) = evaluator.text(node, "the name of an export") else {
            names.are_more = true;
            continue;
        };
        let span = node.span;
        if !is_name(&name) {
            let message = format!("`{name}` cannot be the name of an export");
            let help = "it has letters, digits, colons and hyphens only, at most 255";
            findings.push(Finding::new(Code::WrongName, span, message).help(help));
        } else if let Some(first) = exports.get(&name) {
            let message = format!("the name `{name}` is exported by `{}` already", first.stack);
            let help = "give one of them another name, e.g. `!Sub \"${AWS::StackName}-…\"`";
            findings.push(Finding::new(Code::DuplicateExport, span, message).help(help));
        } else {
            exports.insert(name.clone(), Export { stack: scope.stack.to_owned(), value: None });
            names.names.insert(output.key.name.clone(), name);
        }
    }
    let Evaluated { findings: found, lookups } = evaluator.finish();
    findings.extend(found);
    names.lookups = lookups;
    names
}

fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == ':' || letter == '-';
    !name.is_empty() && name.len() <= 255 && name.chars().all(fits)
}

/// What the stack of `scope` imports, each with the place of it. What is in a branch that is not taken is not imported.
pub(crate) fn imports(scope: Scope<'_>, more: &[Rc<Node>]) -> Vec<(String, Span)> {
    let template = scope.template;
    let properties = template.resources.values().filter_map(|resource| resource.properties.as_ref());
    let outputs = template.outputs.values().map(|output| &output.value);
    if !properties.chain(outputs).chain(more).any(|node| has_import(node)) {
        return Vec::new();
    }
    let mut imports = Imports { evaluator: Evaluator::new(scope), found: Vec::new() };
    for resource in template.resources.values() {
        if imports.is_there(&resource.condition) {
            resource.properties.iter().for_each(|node| imports.find(node));
        }
    }
    for output in template.outputs.values() {
        if imports.is_there(&output.condition) {
            imports.find(&output.value);
        }
    }
    more.iter().for_each(|node| imports.find(node));
    imports.found
}

/// Finds imports of what is exported by stacks that are not `expanded` yet: their names could not be told when stacks were ordered.
pub(crate) fn unforeseen(
    (scope, more): (Scope<'_>, &[Rc<Node>]),
    exports: &BTreeMap<String, Export>,
    expanded: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) {
    let mut reader = Reader::new(findings);
    for (name, span) in imports(scope, more) {
        let Some(export) = exports.get(&name).filter(|export| !expanded.contains(&export.stack)) else { continue };
        let message = format!(
            "that `{name}` is imported here is known only after outputs of other stacks, and too late to have `{}` come first",
            export.stack
        );
        let help = "write the name of the import out, or take it from a parameter or mapping";
        reader.add(Finding::new(Code::KnownTooLate, span, message).help(help));
    }
}

fn has_import(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { .. } => false,
        Value::List(items) => items.iter().any(|item| has_import(item)),
        Value::Map(entries) => entries.iter().any(|(key, item)| key.name == "Fn::ImportValue" || has_import(item)),
    }
}

struct Imports<'s> {
    evaluator: Evaluator<'s>,
    found: Vec<(String, Span)>,
}

impl Imports<'_> {
    fn is_there(&mut self, condition: &Option<Key>) -> bool {
        condition.as_ref().is_none_or(|condition| self.evaluator.condition(condition))
    }

    fn find(&mut self, node: &Rc<Node>) {
        match (&node.value, node.only()) {
            (_, Some((key, given))) if key.name == "Fn::ImportValue" => {
                let name = self.evaluator.text(given, "the name of an import");
                self.found.extend(name.map(|name| (name, node.span)));
                self.find(given);
            }
            (_, Some((key, given))) if key.name == "Fn::If" => match &given.value {
                Value::List(items) => match items.as_slice() {
                    [name, then, otherwise] if name.scalar().is_some() => {
                        let holds = self.evaluator.decided(name.scalar().unwrap_or_default(), given.span);
                        // What cannot be told yet may come to either.
                        if holds != Some(false) {
                            self.find(then);
                        }
                        if holds != Some(true) {
                            self.find(otherwise);
                        }
                    }
                    items => items.iter().for_each(|item| self.find(item)),
                },
                Value::Scalar { .. } | Value::Map(_) => {}
            },
            (Value::Scalar { .. }, _) => {}
            (Value::List(items), _) => items.iter().for_each(|item| self.find(item)),
            (Value::Map(entries), _) => entries.iter().for_each(|(_, item)| self.find(item)),
        }
    }
}

/// What a stack needs of another one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// An export of that name.
    Import(String),
    /// Outputs, of a stack that is nested in it or in what it is nested in.
    Outputs,
}

/// What a stack needs, by the places of those that it needs it of, and where that is said.
pub(crate) type Needs = BTreeMap<usize, (Need, Span)>;

/// The order in which stacks are expanded, by their places: what exports before what imports, what is nested before what it is
/// nested in, otherwise as they are given. Stacks that need each other are a finding.
pub(crate) fn order(stacks: &[&str], needs: &[Needs], findings: &mut Vec<Finding>) -> Vec<usize> {
    let edges: BTreeMap<usize, BTreeSet<usize>> =
        needs.iter().enumerate().map(|(at, needed)| (at, needed.keys().copied().collect())).collect();
    let named = |at: usize| stacks.get(at).copied().unwrap_or_default();
    for cycle in cycles(&edges) {
        let [first, rest @ ..] = cycle.as_slice() else { continue };
        let next = rest.first().unwrap_or(first);
        let need = |from: &usize, to: &usize| needs.get(*from).and_then(|needed| needed.get(to));
        let Some((why, span)) = need(first, next) else { continue };
        let pairs = cycle.iter().zip(cycle.iter().skip(1).chain([first]));
        let are_imports = pairs.clone().all(|(from, to)| matches!(need(from, to), Some((Need::Import(_), _))));
        let (message, help) = match (why, rest) {
            (Need::Import(name), []) => {
                let message = format!("the stack `{}` imports `{name}`, which it exports itself", named(*first));
                (message, "refer to what the output refers to, with `Ref` or `Fn::GetAtt`")
            }
            (Need::Outputs, []) => {
                let message = format!("the nested stack `{}` is given what it gives back itself", named(*first));
                (message, "refer within it to what the output refers to, with `Ref` or `Fn::GetAtt`")
            }
            _ => {
                let path: Vec<String> = cycle.iter().chain([first]).map(|at| format!("`{}`", named(*at))).collect();
                let what = if are_imports { "import from each other" } else { "need outputs of each other" };
                let message = format!("these stacks {what}: {}", path.join(" → "));
                (message, "move what they need of each other into a stack of its own")
            }
        };
        findings.push(Finding::new(Code::Cycle, *span, message).help(help));
    }
    let mut order = Vec::with_capacity(stacks.len());
    let mut done = BTreeSet::new();
    // Each round takes at least one stack; of those that need each other, the first.
    while done.len() < stacks.len() {
        let is_ready =
            |at: &usize| edges.get(at).is_none_or(|needed| needed.iter().all(|one| one == at || done.contains(one)));
        let left = || (0..stacks.len()).filter(|at| !done.contains(at));
        let mut ready: Vec<usize> = left().filter(is_ready).collect();
        if ready.is_empty() {
            ready.extend(left().next());
        }
        done.extend(ready.iter().copied());
        order.extend(ready);
    }
    order
}
