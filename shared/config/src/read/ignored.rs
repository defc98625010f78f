//! What is left alone, and what has moved.

use std::rc::Rc;

use model::{PropertyPath, ResourceAddress};
use source::{Code, Finding, Node, Reader, Span, Spanned};

use crate::config::{IgnoreChanges, Ignored, Setting};

/// Properties of resources whose changes are left alone: `{ LogicalId: [Path] }`.
pub(super) fn of_resources(reader: &mut Reader<'_>, node: &Rc<Node>) -> IgnoreChanges {
    let mut ignored = IgnoreChanges::new();
    for (key, node) in reader.entries(node, "`ignore_changes`", "logical ids to paths of properties") {
        let mut paths = Vec::new();
        for text in reader.texts(node, "the path of a property") {
            if text.value.split('.').any(str::is_empty) {
                let message = format!("`{}` is not the path of a property", text.value.escape_debug());
                let help = "write the names of properties with dots between them, e.g. `Environment.Variables.MODEL`";
                reader.add(Finding::new(Code::WrongPath, text.span, message).help(help));
            } else {
                paths.push(Spanned::new(PropertyPath(text.value), text.span));
            }
        }
        ignored.insert(key.name.clone(), Ignored { span: key.span, paths });
    }
    ignored
}

/// Settings of an agent whose changes are left alone; `known` are those that it has.
pub(super) fn of_agent(
    reader: &mut Reader<'_>,
    node: &Rc<Node>,
    known: &[(&'static str, Setting)],
) -> Vec<Spanned<Setting>> {
    let mut settings = Vec::new();
    for text in reader.texts(node, "a setting") {
        let variable = text.value.strip_prefix("environment.").filter(|name| !name.is_empty());
        let has_environment = known.iter().any(|(_, setting)| *setting == Setting::Environment);
        let setting = match variable.filter(|_| has_environment) {
            Some(name) => Some(Setting::Variable(name.to_owned())),
            None => known.iter().find(|(word, _)| *word == text.value).map(|(_, setting)| setting.clone()),
        };
        match setting {
            Some(setting) => settings.push(Spanned::new(setting, text.span)),
            None => {
                let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
                let help = match source::closest(&text.value, words.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it may be {}, and `environment.NAME`", source::listed(&words, "or")),
                };
                let message = format!("changes of `{}` cannot be ignored", text.value.escape_debug());
                reader.add(Finding::new(Code::WrongChoice, text.span, message).help(help));
            }
        }
    }
    settings
}

/// Old addresses with new ones.
pub(super) fn moved(
    reader: &mut Reader<'_>,
    node: &Rc<Node>,
) -> Vec<(Spanned<ResourceAddress>, Spanned<ResourceAddress>)> {
    let mut moved = Vec::new();
    for (key, node) in reader.entries(node, "`moved`", "old addresses to new ones") {
        let to = reader.text(node, "a new address").and_then(|text| address(reader, &text.value, text.span));
        let from = address(reader, &key.name, key.span);
        moved.extend(from.zip(to));
    }
    moved
}

fn address(reader: &mut Reader<'_>, text: &str, span: Span) -> Option<Spanned<ResourceAddress>> {
    match text.parse() {
        Ok(address) => Some(Spanned::new(address, span)),
        Err(_) => {
            let message = format!("`{}` is not an address", text.escape_debug());
            let help = "an address is a stack and a logical id, e.g. `shared/OrdersTable`";
            reader.add(Finding::new(Code::WrongAddress, span, message).help(help));
            None
        }
    }
}
