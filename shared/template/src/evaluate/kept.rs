//! What is left of functions, as nodes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use model::{Lookup, ResourceAddress};
use source::{Code, Finding, Key, Node, Span, Value};

/// What stands for a value that cannot be told because something is wrong or not looked up yet.
pub(crate) fn unknown(span: Span) -> Rc<Node> {
    call(span, "Ref", Node::text(span, "unknown/Unknown"))
}

/// `{name: given}`.
pub(crate) fn call(span: Span, name: &str, given: Rc<Node>) -> Rc<Node> {
    Rc::new(Node::new(span, Value::Map(vec![(Key { span, name: name.to_owned() }, given)])))
}

pub(crate) fn list(span: Span, items: Vec<Rc<Node>>) -> Rc<Node> {
    Rc::new(Node::new(span, Value::List(items)))
}

pub(super) fn reference(span: Span, address: &ResourceAddress) -> Rc<Node> {
    call(span, "Ref", Node::text(span, address.to_string()))
}

pub(super) fn attribute(span: Span, address: &ResourceAddress, name: &str) -> Rc<Node> {
    let parts = vec![Node::text(span, address.to_string()), Node::text(span, name)];
    call(span, "Fn::GetAtt", list(span, parts))
}

/// The function that is left, and what it is given. `Condition` is none: in a property it is a key like others.
pub(crate) fn left(node: &Node) -> Option<(&str, &Rc<Node>)> {
    let (key, given) = node.only()?;
    (key.name == "Ref" || key.name.starts_with("Fn::")).then_some((key.name.as_str(), given))
}

/// Whether nothing of functions is left in it.
pub(crate) fn is_known(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { .. } => true,
        Value::List(items) => items.iter().all(|item| is_known(item)),
        Value::Map(entries) => left(node).is_none() && entries.iter().all(|(_, item)| is_known(item)),
    }
}

/// How deep what is handed on from stack to stack may be nested.
pub(crate) const DEEPEST_LATE: usize = 64;

/// Whether it is nested deeper than that.
pub(crate) fn is_deeper(node: &Node, than: usize) -> bool {
    match &node.value {
        Value::Scalar { .. } => false,
        _ if than == 0 => true,
        Value::List(items) => items.iter().any(|item| is_deeper(item, than - 1)),
        Value::Map(entries) => entries.iter().any(|(_, item)| is_deeper(item, than - 1)),
    }
}

/// Whether it cannot be told, in whole or in part.
pub(crate) fn is_unknown(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { .. } => false,
        Value::List(items) => items.iter().any(|item| is_unknown(item)),
        Value::Map(entries) => match left(node) {
            Some(("Ref", given)) => given.scalar() == Some("unknown/Unknown"),
            _ => entries.iter().any(|(_, item)| is_unknown(item)),
        },
    }
}

/// Whether what is left of a function gives a list, as far as its name says; none where that depends on what it refers to.
pub(crate) fn gives_list(name: &str) -> Option<bool> {
    match name {
        "Fn::Split" | "Fn::Cidr" => Some(true),
        "Ref" | "Fn::Join" | "Fn::Base64" | "Fn::ToJsonString" | "Fn::Length" => Some(false),
        _ => None,
    }
}

/// The same value at another place.
pub(super) fn at(span: Span, node: &Rc<Node>) -> Rc<Node> {
    let value = match &node.value {
        Value::Scalar { text, plain } => Value::Scalar { text: text.clone(), plain: *plain },
        Value::List(items) => Value::List(items.iter().map(|item| at(span, item)).collect()),
        Value::Map(entries) => {
            let entry = |(key, item): &(Key, Rc<Node>)| (Key { span, name: key.name.clone() }, at(span, item));
            Value::Map(entries.iter().map(entry).collect())
        }
    };
    Rc::new(Node::new(span, value))
}

/// A value that was computed, as a node.
pub(super) fn node(span: Span, value: &serde_json::Value) -> Rc<Node> {
    use serde_json::Value as Json;
    let plain = |text: String| Rc::new(Node::new(span, Value::Scalar { text, plain: true }));
    match value {
        Json::String(text) => Node::text(span, text.as_str()),
        Json::Null => plain("null".to_owned()),
        Json::Bool(truth) => plain(truth.to_string()),
        Json::Number(number) => plain(number.to_string()),
        Json::Array(items) => list(span, items.iter().map(|item| node(span, item)).collect()),
        Json::Object(map) => {
            let entry = |(name, item): (&String, &Json)| (Key { span, name: name.clone() }, node(span, item));
            Rc::new(Node::new(span, Value::Map(map.iter().map(entry).collect())))
        }
    }
}

/// What something is, for a message. None of its text: it may come from a parameter that nobody may see.
pub(super) fn described(node: &Node) -> String {
    if let Some((name, _)) = left(node) {
        return format!("the value of `{name}`");
    }
    match &node.value {
        Value::Map(_) => "a mapping".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Scalar { .. } if node.is_null() => "left empty".to_owned(),
        Value::Scalar { .. } => "text".to_owned(),
    }
}

/// How much the functions of all stacks may give together, in bytes: far more than an environment has, and little enough to be
/// kept several times over.
const MOST_MADE: usize = 64 * 1024 * 1024;
/// What a value costs besides its text.
const EACH: usize = 64;

/// How many different values of the account may be looked up: fifty calls to SSM, which takes forty a second ("AWS Systems
/// Manager endpoints and quotas", Parameter Store throughput).
const MOST_LOOKUPS: usize = 500;

/// What the functions of an expansion may still give and ask for.
#[derive(Debug)]
pub(crate) struct Charge {
    left: Cell<usize>,
    lookups: RefCell<BTreeSet<Lookup>>,
}

impl Default for Charge {
    fn default() -> Self {
        Self { left: Cell::new(MOST_MADE), lookups: RefCell::default() }
    }
}

/// That more is looked up than may be.
pub(crate) fn too_many_lookups(span: Span) -> Finding {
    let message = format!("with this, more than {MOST_LOOKUPS} different values of the account are referred to");
    Finding::new(Code::TooMany, span, message).help("write what seldom changes into the config, or split the project")
}

impl Charge {
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Whether there is room for a lookup, or it is among those that there are.
    pub(crate) fn look_up(&self, lookup: &Lookup) -> bool {
        let mut lookups = self.lookups.borrow_mut();
        let is_room = lookups.len() < MOST_LOOKUPS;
        lookups.contains(lookup) || (is_room && lookups.insert(lookup.clone()))
    }

    /// Whether there is room for `node`; then there is less.
    pub(super) fn take(&self, node: &Node) -> bool {
        let own = match &node.value {
            Value::Scalar { text, .. } => text.len() + EACH,
            Value::List(_) | Value::Map(_) => EACH,
        };
        let rest = self.left.get().saturating_sub(own);
        self.left.set(rest);
        rest > 0
            && match &node.value {
                Value::Scalar { .. } => true,
                Value::List(items) => items.iter().all(|item| self.take(item)),
                Value::Map(entries) => entries.iter().all(|(_, item)| self.take(item)),
            }
    }
}
