//! Templates and assemblies that stand next to the agents.

use std::collections::BTreeMap;
use std::rc::Rc;

use source::{Code, Fields, Finding, Key, Node, Reader, Span, Value};

use super::overrides::Parts;
use super::{ignored, names, paths, tags};
use crate::config::{Brought, Entries, Origin, Parameters, Stack, Tags};

/// The most entries. Each is a text of its own, read anew in every environment.
const MOST: usize = 100;

/// What stands next to agents and what they share; none where one of the stacks is wrong.
pub(super) fn brought(reader: &mut Reader<'_>, parts: Parts<'_>, inherited: &Tags) -> Option<Brought> {
    let stacks = parts.stacks.map(|node| stacks(reader, node, inherited));
    let mut entries = |node: Option<&Rc<Node>>, what: &str, of: &str| -> Entries {
        node.map(|node| reader.entries(node, what, of).to_vec()).unwrap_or_default()
    };
    let resources = entries(parts.resources, "`resources`", "logical ids to resources");
    let outputs = entries(parts.outputs, "`outputs`", "names to values");
    Some(Brought { stacks: stacks.unwrap_or(Some(Vec::new()))?, resources, outputs, ..Brought::default() })
}

/// The same of a config in which something is wrong: the stacks that can be read.
pub(super) fn readable(reader: &mut Reader<'_>, parts: Parts<'_>) -> Brought {
    let none = Tags::new();
    let listed = parts.stacks.map(|node| reader.items(node, "`stacks`", "stacks")).unwrap_or_default();
    let read: Vec<Stack> = listed.iter().take(MOST).filter_map(|item| stack(reader, item, &none)).collect();
    let without = Parts { stacks: None, ..parts };
    Brought { stacks: read, ..brought(reader, without, &none).unwrap_or_default() }
}

/// The stacks that `node` lists; none where one of them is wrong.
fn stacks(reader: &mut Reader<'_>, node: &Rc<Node>, inherited: &Tags) -> Option<Vec<Stack>> {
    let items = reader.items(node, "`stacks`", "stacks");
    if items.len() > MOST {
        let message = format!("there are {} stacks, and at most {MOST} are read", items.len());
        reader.add(Finding::new(Code::TooMany, node.span, message).help("split the project"));
        return None;
    }
    let mut taken: BTreeMap<String, Span> = BTreeMap::new();
    let read: Vec<Option<Stack>> = items.iter().map(|item| stack(reader, item, inherited)).collect();
    for Stack { name, .. } in read.iter().flatten() {
        if taken.insert(name.value.clone(), name.span).is_some() {
            let message = format!("there are two stacks named `{}`", name.value);
            reader.add(Finding::new(Code::DuplicateName, name.span, message).help("give one of them another name"));
        }
    }
    read.into_iter().collect()
}

fn stack(reader: &mut Reader<'_>, node: &Rc<Node>, inherited: &Tags) -> Option<Stack> {
    let mut fields = reader.fields(node, "a stack")?;
    let name = reader.required(&mut fields, "name").and_then(|node| names::stack(reader, node));
    let origin = origin(reader, &mut fields);
    let is_assembly = !matches!(origin, Some(Origin::Template(_)));
    let parameters = reader.optional(&mut fields, "parameters").map(|node| parameters(reader, node, is_assembly));
    let own = reader.optional(&mut fields, "tags").map(|node| (node.span, tags::tags(reader, node)));
    let ignore_changes = reader.optional(&mut fields, "ignore_changes").map(|node| ignored::of_resources(reader, node));
    reader.finish(fields);
    let own = own.map(|(span, own)| {
        let mut all = inherited.clone();
        all.extend(own.clone());
        tags::bounded(reader, &all, span);
        own
    });
    Some(Stack {
        name: name?,
        origin: origin?,
        parameters: parameters.unwrap_or_default(),
        tags: own.unwrap_or_default(),
        ignore_changes: ignore_changes.unwrap_or_default(),
    })
}

fn origin(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Origin> {
    let template = reader.optional(fields, "template");
    let assembly = reader.optional(fields, "assembly");
    let stacks = reader.optional(fields, "stacks");
    match (template, assembly, stacks) {
        (Some(template), None, None) => {
            Some(Origin::Template(paths::path(reader, template, "a template", "stacks/storage.yaml")?))
        }
        (None, Some(assembly), stacks) => {
            let stacks = stacks.map(|node| reader.texts(node, "the name of a stack"));
            Some(Origin::Assembly { folder: paths::path(reader, assembly, "an assembly", "cdk.out")?, stacks })
        }
        (Some(_), None, Some(stacks)) => {
            let finding =
                Finding::new(Code::WrongChoice, stacks.span, "a template is one stack: there is nothing to choose");
            reader.add(finding.help("remove `stacks`, which chooses among the stacks of an `assembly`"));
            None
        }
        (Some(_), Some(_), _) => {
            let message = "a stack has a `template` or an `assembly`, not both";
            let finding = Finding::new(Code::WrongChoice, fields.key("assembly"), message);
            reader.add(finding.help("`template` is a file, `assembly` the folder that `cdk synth` wrote"));
            None
        }
        (None, None, _) => {
            let finding = Finding::new(Code::MissingKey, fields.span(), "a stack needs the key `template`");
            reader.add(finding.help("add `template: …`, a file; or `assembly: …`, the folder that `cdk synth` wrote"));
            None
        }
    }
}

fn parameters(reader: &mut Reader<'_>, node: &Rc<Node>, is_assembly: bool) -> Parameters {
    let mut parameters = Parameters::default();
    for (key, value) in reader.entries(node, "`parameters`", "names to values") {
        let is_of_stack = is_assembly && value.function().is_none() && value.entries().is_some();
        if is_of_stack {
            let own = value.entries().unwrap_or_default();
            let own: Entries = own.iter().filter(|(key, value)| is_value(reader, key, value)).cloned().collect();
            parameters.of.push((key.clone(), own));
        } else if is_value(reader, key, value) {
            parameters.all.push((key.clone(), Rc::clone(value)));
        }
    }
    parameters
}

/// Whether a parameter is given a value: what is left empty is left out, and what is none is told.
fn is_value(reader: &mut Reader<'_>, key: &Key, node: &Rc<Node>) -> bool {
    let scalar = |reader: &mut Reader<'_>, node: &Node| {
        let text = reader.written(node, &format!("the parameter `{}`", key.name));
        let secret = text.as_ref().and_then(|text| source::secret(&text.value));
        if let Some(what) = secret {
            let message = format!("the parameter `{}` holds what looks like {what}", key.name);
            let help =
                "a config is kept and shown in the history: store the secret in AWS Secrets Manager, and give its name";
            reader.add(Finding::new(Code::Secret, node.span, message).help(help));
        }
        text.is_some()
    };
    if let Some(function) = node.function() {
        let message = format!("the parameter `{}` must be a value, not the function `{function}`", key.name);
        let help = "a template refers to what is outside of it by itself, e.g. with `!Ref shared/OrdersTable`";
        reader.add(Finding::new(Code::WrongType, node.span, message).help(help));
        return false;
    }
    match &node.value {
        _ if node.is_null() => false,
        Value::List(items) => items.iter().filter(|item| !scalar(reader, item)).count() == 0,
        Value::Scalar { .. } | Value::Map(_) => scalar(reader, node),
    }
}
