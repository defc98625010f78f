//! `Mappings`: values by two keys.

use std::collections::BTreeMap;
use std::rc::Rc;

use source::{Code, Finding, Key, Node, Reader, Value};

use super::names::{is_made_of, is_name};
use super::section::plain;

/// The mappings of a template.
pub(super) fn mappings(
    node: &Rc<Node>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, BTreeMap<String, BTreeMap<String, Rc<Node>>>> {
    let node = plain(node, reader);
    let mut mappings = BTreeMap::new();
    for (key, node) in reader.entries(&node, "`Mappings`", "mappings") {
        if !is_name(key, "the name of a mapping", reader) || reader.is_full() {
            continue;
        }
        let node = plain(node, reader);
        let mut top = BTreeMap::new();
        for (first, node) in reader.entries(&node, "a mapping", "mappings") {
            if is_key(first, reader) {
                top.insert(first.name.clone(), second(node, reader));
            }
        }
        mappings.insert(key.name.clone(), top);
    }
    mappings
}

fn second(node: &Rc<Node>, reader: &mut Reader<'_>) -> BTreeMap<String, Rc<Node>> {
    let node = plain(node, reader);
    let mut values = BTreeMap::new();
    for (key, node) in reader.entries(&node, "a top-level key of a mapping", "values") {
        if is_key(key, reader) && is_value(key, node, reader) {
            values.insert(key.name.clone(), Rc::clone(node));
        }
    }
    values
}

fn is_key(key: &Key, reader: &mut Reader<'_>) -> bool {
    is_made_of(key, "a key of a mapping", "-._", reader)
}

/// Whether `node` is a value that stands in a mapping: one scalar, or several.
fn is_value(key: &Key, node: &Node, reader: &mut Reader<'_>) -> bool {
    let scalar = |node: &Node| node.scalar().is_some() && !node.is_null();
    let wrong = match &node.value {
        Value::List(items) => items.iter().find(|item| !scalar(item)).map(|item| item.span),
        Value::Scalar { .. } | Value::Map(_) => Some(node.span).filter(|_| !scalar(node)),
    };
    if let Some(span) = wrong {
        let message = match node.function() {
            Some(function) => format!("`{}` cannot be the function `{function}`: mappings have fixed values", key.name),
            None => format!("`{}` must be text, a number, a truth value or a list of them", key.name),
        };
        reader.add(Finding::new(Code::WrongType, span, message).help("write the value itself"));
    }
    wrong.is_none()
}
