//! What sections have in common.

use std::rc::Rc;

use source::{Code, Finding, Key, Node, Reader, Value};

/// What to do about everything that CloudFormation does to a template before it reads it.
pub(super) const PROCESSED: &str =
    "bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`";

/// `node` without what only a macro could fill in and what no function gives: keys that are functions, where a template has names
/// or words of its own. Each of them is a finding.
pub(super) fn plain(node: &Rc<Node>, reader: &mut Reader<'_>) -> Rc<Node> {
    let is_function = |key: &Key| key.name.starts_with("Fn::");
    let Some(entries) = node.entries().filter(|entries| entries.iter().any(|(key, _)| is_function(key))) else {
        return Rc::clone(node);
    };
    let (functions, others): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(|(key, _)| is_function(key));
    for (key, _) in functions {
        reader.add(not_here(&key));
    }
    Rc::new(Node::new(node.span, Value::Map(others)))
}

fn not_here(key: &Key) -> Finding {
    let Key { name, span } = key;
    let (code, message, help) = match name.split("::").nth(1) {
        Some("Transform") => {
            let message = format!("`{name}` asks for a macro, which runs in an account and is not supported");
            (Code::Unsupported, message, PROCESSED.to_owned())
        }
        Some("ForEach") => {
            let help = "write `Fn::ForEach::Name: [Identifier, [a, b], {…}]` among conditions, resources, their properties or outputs";
            (Code::MisplacedFunction, format!("`{name}` cannot stand here"), help.to_owned())
        }
        _ => {
            let help = "functions stand in conditions, in properties and in outputs";
            (Code::MisplacedFunction, format!("`{name}` cannot stand here"), help.to_owned())
        }
    };
    Finding::new(code, *span, message).help(help)
}

/// `true` or `false`, in quotes or not.
pub(super) fn truth(node: &Node, what: &str, reader: &mut Reader<'_>) -> Option<bool> {
    match node.scalar() {
        Some("true" | "True" | "TRUE") => Some(true),
        Some("false" | "False" | "FALSE") => Some(false),
        _ => reader.flag(node, what),
    }
}

/// A number, in quotes or not.
pub(super) fn number(node: &Node, what: &str, reader: &mut Reader<'_>) -> Option<f64> {
    let text = reader.written(node, what)?;
    let number = text.value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    if number.is_none() {
        let message = format!("{what} must be a number, not the text `{}`", short(&text.value));
        reader.add(Finding::new(Code::WrongType, text.span, message).help("write a number, e.g. `10`"));
    }
    number
}

/// A whole number from 0, in quotes or not.
pub(super) fn count(node: &Node, what: &str, reader: &mut Reader<'_>) -> Option<u64> {
    let text = reader.written(node, what)?;
    let number = text.value.trim().parse::<u64>().ok();
    if number.is_none() {
        let message = format!("{what} must be a whole number from 0, not `{}`", short(&text.value));
        reader.add(Finding::new(Code::WrongType, text.span, message).help("write a number, e.g. `10`"));
    }
    number
}

/// As much of `text` as a message shows.
pub(crate) fn short(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
