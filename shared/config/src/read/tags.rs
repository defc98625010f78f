//! Tags that the user gives.

use model::ownership::CREATION_TAGS;

use super::tag_names::COUNT;
use crate::config::Tags;
use source::Code;
use source::Finding;
use source::Node;
use source::Reader;
use source::Span;

/// The most tags that are the user's: AWS takes 50 a resource (https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html),
/// and ours are among them.
const MOST: usize = 50 - COUNT - CREATION_TAGS.len();

/// Tags, each checked.
pub(crate) fn tags(reader: &mut Reader<'_>, node: &Node) -> Tags {
    let mut tags = Tags::new();
    for (key, value) in reader.entries(node, "`tags`", "names to texts") {
        let Some(text) = reader.written(value, "a tag") else { continue };
        let wrong = |message: String, help: &str| Finding::new(Code::WrongTag, key.span, message).help(help);
        let lower = key.name.to_lowercase();
        if lower.starts_with("aws:") || lower.starts_with("strands:") {
            let prefix =
                if lower.starts_with("aws:") { "`aws:` is AWS's own" } else { "`strands:` is Strandline's own" };
            reader.add(wrong(
                format!("a tag cannot be named `{}`", key.name),
                &format!("{prefix}: choose another prefix"),
            ));
        } else if key.name.is_empty() || key.name.chars().count() > 128 || !key.name.chars().all(is_taken) {
            let shown: String = key.name.chars().take(40).collect();
            reader.add(wrong(format!("a tag cannot be named `{shown}`"), ALPHABET));
        } else if text.value.chars().count() > 256 || !text.value.chars().all(is_taken) {
            let message = format!("AWS does not take the value of the tag `{}`", key.name);
            reader.add(Finding::new(Code::WrongTag, text.span, message).help(ALPHABET));
        } else {
            tags.insert(key.name.clone(), text.value);
        }
    }
    bounded(reader, &tags, node.span);
    tags
}

/// Finds that there are too many.
pub(super) fn bounded(reader: &mut Reader<'_>, tags: &Tags, span: Span) {
    if tags.len() > MOST {
        let message = format!("there are {} tags, inherited ones included", tags.len());
        let help = format!("AWS takes 50, and Strandline's own are among them: at most {MOST} are left");
        reader.add(Finding::new(Code::TooMany, span, message).help(help));
    }
}

const ALPHABET: &str =
    "names have 1 to 128 characters, values up to 256: letters, digits, spaces and `_ . : / = + - @`";

fn is_taken(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c)
}
