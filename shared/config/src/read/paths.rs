//! Paths of what a bundle has.

use std::rc::Rc;

use source::{Code, Finding, Node, Reader, Spanned};

/// The path that `node` is: relative, no `..`, no slash at its end. `what` is what it is of (`a template`), `example` one that fits.
pub(super) fn path(reader: &mut Reader<'_>, node: &Rc<Node>, what: &str, example: &str) -> Option<Spanned<String>> {
    let text = reader.text(node, &format!("the path of {what}"))?;
    checked(reader, text, what, example)
}

/// The path that `text` is.
pub(crate) fn checked(
    reader: &mut Reader<'_>,
    text: Spanned<String>,
    what: &str,
    example: &str,
) -> Option<Spanned<String>> {
    let path = text.value.strip_prefix("./").unwrap_or(&text.value);
    let path = path.strip_suffix('/').unwrap_or(path);
    match wrong(path, example) {
        None => Some(Spanned::new(path.to_owned(), text.span)),
        Some(help) => {
            let message = format!("`{}` cannot be the path of {what}", text.value.escape_debug());
            reader.add(Finding::new(Code::WrongPath, text.span, message).help(help));
            None
        }
    }
}

/// What is wrong with a path, in words for its help.
fn wrong(path: &str, example: &str) -> Option<String> {
    let help = if path.is_empty() || path == "." {
        return Some(format!("name one of its own, e.g. `{example}`"));
    } else if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        "a path starts at the folder that `strands.yaml` is in, and has `/` between its parts"
    } else if path.split('/').any(|part| part == "..") {
        "a path cannot leave the bundle: move it below the folder that `strands.yaml` is in"
    } else if path.split('/').any(|part| part.is_empty() || part == ".") || path.chars().any(char::is_control) {
        "write it without empty parts and `.`"
    } else {
        return None;
    };
    Some(help.to_owned())
}
