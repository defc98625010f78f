//! What every role of an environment has: its path, by which the target role knows it, and the permissions boundary.

use std::rc::Rc;

use model::Environment;
use source::{Code, Finding, Key, Node, Span, Value};

/// The properties of a role with the environment's path and boundary; `span` is the place of what is added. Others than these are
/// findings.
pub(crate) fn confined(
    properties: &Rc<Node>,
    environment: &Environment,
    span: Span,
    findings: &mut Vec<Finding>,
) -> Rc<Node> {
    let id = &environment.id;
    let path = format!("/strandline/{}/{}/", id.project, id.environment);
    let mut entries = properties.entries().unwrap_or_default().to_vec();
    let fixed = [
        ("Path", path, "every role of this environment has one path"),
        ("PermissionsBoundary", environment.boundary.clone(), "every role of this environment has one boundary"),
    ];
    for (name, wanted, why) in fixed {
        match properties.get(name) {
            None => entries.push((Key { span, name: name.to_owned() }, Node::text(span, wanted))),
            Some(given) if given.scalar() == Some(&wanted) => {}
            Some(given) => {
                let message = format!("`{name}` of a role cannot be chosen: {why}");
                let help = format!("remove it: it becomes `{wanted}`");
                findings.push(Finding::new(Code::WrongChoice, given.span, message).help(help));
            }
        }
    }
    Rc::new(Node::new(properties.span, Value::Map(entries)))
}
