//! `Transform`: what a template asks to be done with it before it is read.

use source::{Code, Finding, Node, Reader, Spanned, Value, closest};

use super::section::PROCESSED;

/// The one transform that is understood, because it is part of the language.
const EXTENSIONS: &str = "AWS::LanguageExtensions";
/// The macro of AWS SAM.
const SAM: &str = "AWS::Serverless-2016-10-31";

/// Whether the language extensions are asked for; anything else that is asked for is a finding.
pub(super) fn language_extensions(node: &Node, reader: &mut Reader<'_>) -> bool {
    let items = match &node.value {
        Value::List(items) => items.iter().map(|item| &**item).collect(),
        Value::Scalar { .. } | Value::Map(_) => vec![node],
    };
    let mut found = false;
    for item in items {
        let name = match item.get("Name") {
            Some(name) => reader.text(name, "the name of a transform"),
            None => reader.text(item, "a transform"),
        };
        match name {
            Some(name) if name.value == EXTENSIONS => found = true,
            Some(name) => refuse(&name, reader),
            None => {}
        }
    }
    found
}

/// Whether a template is one of AWS SAM, which is told once.
pub(super) fn is_sam(root: &Node) -> bool {
    let named = |node: &Node| node.get("Name").map_or(node.scalar(), |name| name.scalar()) == Some(SAM);
    root.get("Transform").is_some_and(|node| match &node.value {
        Value::List(items) => items.iter().any(|item| named(item)),
        Value::Scalar { .. } | Value::Map(_) => named(node),
    })
}

fn refuse(name: &Spanned<String>, reader: &mut Reader<'_>) {
    let Spanned { value, span } = name;
    let message = match value.as_str() {
        SAM => format!("`{value}` is the macro of AWS SAM, which is not supported"),
        "AWS::Include" => format!("`{value}` takes parts of the template from a bucket, which is not supported"),
        _ => format!("`{value}` is a macro, which runs in an account and is not supported"),
    };
    let help = match closest(value, [EXTENSIONS]) {
        Some(near) => format!("did you mean `{near}`?"),
        None => PROCESSED.to_owned(),
    };
    reader.add(Finding::new(Code::Unsupported, *span, message).help(help));
}
