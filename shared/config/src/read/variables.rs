//! Environment variables of agents.

use std::collections::BTreeMap;
use std::rc::Rc;

use source::Code;
use source::Finding;
use source::{Node, Value};

use crate::config::Variable;
use source::Reader;

/// What Lambda takes for all names and values together
/// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const MOST: usize = 4096;

/// Names that Lambda keeps for itself, besides everything that begins with `AWS_` or `LAMBDA_`
/// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
const RESERVED: [&str; 5] = ["_HANDLER", "_X_AMZN_TRACE_ID", "AWS_REGION", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"];

/// Variables, each checked. `taken` are those that Strandline sets for this agent.
pub(super) fn variables(reader: &mut Reader<'_>, node: &Node, taken: &[String]) -> BTreeMap<String, Variable> {
    let mut variables = BTreeMap::new();
    for (key, value) in reader.entries(node, "`environment`", "names to texts") {
        let name = &key.name;
        let Some(value) = variable(reader, value, name) else { continue };
        let is_name = name.len() >= 2
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.starts_with("AWS_") || name.starts_with("LAMBDA_") || RESERVED.contains(&name.as_str()) {
            let message = format!("`{name}` is a variable of Lambda's own");
            reader.add(
                Finding::new(Code::ReservedName, key.span, message).help("choose a name without `AWS_` or `LAMBDA_`"),
            );
        } else if !is_name {
            let shown: String = name.chars().take(40).collect();
            let message = format!("a variable cannot be named `{shown}`");
            let help = "names have at least two letters, digits and underscores, starting with a letter";
            reader.add(Finding::new(Code::WrongVariable, key.span, message).help(help));
        } else if taken.contains(name) {
            let message = format!("`{name}` is set by Strandline: it holds what a permission of this agent gives it");
            reader.add(Finding::new(Code::ReservedName, key.span, message).help("remove it, or choose another name"));
        } else {
            variables.insert(name.clone(), value);
        }
    }
    let size: usize = variables.iter().map(|(name, value)| name.len() + length(value)).sum();
    if size > MOST {
        let message = format!("these variables have {size} bytes, names included");
        reader
            .add(Finding::new(Code::TooLarge, node.span, message).help("Lambda takes 4096: put the rest into a file"));
    }
    variables
}

/// The length of a value, as far as it is known.
fn length(value: &Variable) -> usize {
    match value {
        Variable::Text(text) => text.len(),
        Variable::Function(_) => 0,
    }
}

/// The value of a variable: text, or what stands for another value: a function, or a reference to one that AWS keeps.
fn variable(reader: &mut Reader<'_>, node: &Rc<Node>, name: &str) -> Option<Variable> {
    let is_stored = node.scalar().is_some_and(|text| text.contains("{{resolve:"));
    let value = match node.function().filter(|name| *name != "Condition") {
        Some(_) => Variable::Function(Rc::clone(node)),
        None if is_stored => Variable::Function(Rc::clone(node)),
        None => Variable::Text(reader.written(node, "a variable")?.value),
    };
    without_secrets(reader, node, name).then_some(value)
}

/// Whether no text in `node` looks like a secret; what does is told.
fn without_secrets(reader: &mut Reader<'_>, node: &Node, name: &str) -> bool {
    match &node.value {
        Value::Map(entries) => entries.iter().fold(true, |all, (_, item)| without_secrets(reader, item, name) && all),
        Value::List(items) => items.iter().filter(|item| !without_secrets(reader, item, name)).count() == 0,
        Value::Scalar { text, .. } => {
            let Some(what) = source::secret(text) else { return true };
            let message = format!("the variable `{name}` holds what looks like {what}");
            let help = "a config is kept and shown in the history: store the secret in AWS Secrets Manager, \
                        give the agent its name, and let it read the value";
            reader.add(Finding::new(Code::Secret, node.span, message).help(help));
            false
        }
    }
}
