//! `Outputs`: what a stack shows, and what other stacks import.

use std::collections::BTreeMap;
use std::rc::Rc;

use source::{Key, Node, Reader};

use super::names::is_name;
use super::section::plain;
use super::template::Output;

/// The outputs of a template.
pub(super) fn outputs(node: &Rc<Node>, reader: &mut Reader<'_>) -> BTreeMap<String, Output> {
    let node = plain(node, reader);
    let mut outputs = BTreeMap::new();
    for (key, node) in reader.entries(&node, "`Outputs`", "outputs") {
        if is_name(key, "the name of an output", reader) && !reader.is_full() {
            outputs.extend(output(key, node, reader).map(|output| (key.name.clone(), output)));
        }
    }
    outputs
}

fn output(key: &Key, node: &Rc<Node>, reader: &mut Reader<'_>) -> Option<Output> {
    let node = plain(node, reader);
    let mut fields = reader.fields(&node, "an output")?;
    let value = reader.required(&mut fields, "Value").cloned();
    if let Some(description) = reader.optional(&mut fields, "Description") {
        reader.written(description, "`Description`");
    }
    let condition = reader.optional(&mut fields, "Condition");
    let condition = condition.and_then(|node| reader.written(node, "`Condition`"));
    let export = reader.optional(&mut fields, "Export").and_then(|node| {
        let mut fields = reader.fields(node, "`Export`")?;
        let name = reader.required(&mut fields, "Name").cloned();
        reader.finish(fields);
        name
    });
    reader.finish(fields);
    let condition = condition.map(|name| Key { span: name.span, name: name.value });
    Some(Output { key: key.clone(), value: value?, condition, export })
}
