//! Tree → [`Template`]: what each section may hold, and what is wrong with what it holds.

mod mapping;
mod names;
mod output;
mod parameter;
mod resource;
mod rule;
mod section;
mod template;
mod transform;

use std::rc::Rc;

use source::{Code, Finding, Node, Reader, Value};

pub(crate) use names::{COMPARED, LISTED, meant};
pub(crate) use resource::{CONDITION, HANDLE, STACK, is_custom};
pub(crate) use section::short;
pub(crate) use template::{
    Assertion, Condition, Export, Format, Output, Parameter, ParameterKind, Resource, Rule, Template,
};

/// What the template `root` declares before anything of it is evaluated: its sections as a whole, its parameters and mappings. What
/// is wrong with it is added to `findings`, and left out. Comes with the root that [`complete`] takes.
pub(crate) fn declared(root: &Rc<Node>, findings: &mut Vec<Finding>) -> (Template, Rc<Node>) {
    let reader = &mut Reader::new(findings);
    let root = known(&section::plain(root, reader), reader);
    let template = declarations(&root, reader);
    (template, root)
}

fn declarations(root: &Node, reader: &mut Reader<'_>) -> Template {
    let mut template = Template::default();
    let Some(mut fields) = reader.fields(root, "a template") else { return template };
    if let Some(node) = reader.optional(&mut fields, "AWSTemplateFormatVersion") {
        reader.choice(node, "`AWSTemplateFormatVersion`", &[("2010-09-09", ())]);
    }
    if let Some(node) = reader.optional(&mut fields, "Description") {
        reader.written(node, "`Description`");
    }
    reader.optional(&mut fields, "Metadata");
    if let Some(node) = reader.optional(&mut fields, "Transform") {
        template.language_extensions = transform::language_extensions(node, reader);
    }
    if let Some(node) = reader.optional(&mut fields, "Parameters") {
        template.parameters = parameter::parameters(node, reader);
    }
    if let Some(node) = reader.optional(&mut fields, "Mappings") {
        template.mappings = mapping::mappings(node, reader);
    }
    for name in ["Conditions", "Rules"] {
        reader.optional(&mut fields, name);
    }
    reader.required(&mut fields, "Resources");
    reader.optional(&mut fields, "Outputs");
    reader.finish(fields);
    template
}

/// Adds the other sections of `root` to `template`. What is wrong with them is added to `findings`, and left out.
pub(crate) fn complete(template: &mut Template, root: &Node, findings: &mut Vec<Finding>) {
    let reader = &mut Reader::new(findings);
    let section = |name: &str| root.get(name).filter(|node| !node.is_null());
    if let Some(node) = section("Conditions") {
        let node = section::plain(node, reader);
        for (key, node) in reader.entries(&node, "`Conditions`", "conditions") {
            if names::is_made_of(key, "the name of a condition", "&_", reader) {
                let condition = Condition { key: key.clone(), node: Rc::clone(node) };
                template.conditions.insert(key.name.clone(), condition);
            }
        }
    }
    if let Some(node) = section("Rules") {
        template.rules = rule::rules(node, reader);
    }
    if let Some(node) = section("Resources") {
        template.resources = resource::resources(node, transform::is_sam(root), reader);
    }
    if let Some(node) = section("Outputs") {
        template.outputs = output::outputs(node, reader);
    }
}

/// `root` without sections that mean something elsewhere; each of them is a finding.
fn known(root: &Rc<Node>, reader: &mut Reader<'_>) -> Rc<Node> {
    let foreign = |name: &str| match name {
        "Globals" => Some(("is of AWS SAM, whose macro is not supported", section::PROCESSED)),
        "Hooks" => Some((
            "asks CodeDeploy for a deployment in two colours, which is not supported",
            "remove it: what changes is changed in place, or replaced",
        )),
        "Modules" => Some((
            "asks for modules, which are not supported",
            "package the template first, or write out their resources",
        )),
        _ => None,
    };
    let entries = root.entries().unwrap_or_default();
    if !entries.iter().any(|(key, _)| foreign(&key.name).is_some()) {
        return Rc::clone(root);
    }
    let is_sam = transform::is_sam(root);
    for (key, _) in entries {
        if let Some((what, help)) = foreign(&key.name).filter(|_| !(is_sam && key.name == "Globals")) {
            let message = format!("`{}` {what}", key.name);
            reader.add(Finding::new(Code::Unsupported, key.span, message).help(help));
        }
    }
    let others = entries.iter().filter(|(key, _)| foreign(&key.name).is_none()).cloned();
    Rc::new(Node::new(root.span, Value::Map(others.collect())))
}
