//! Where a program is, and what it is made for.

use std::rc::Rc;

use model::Digest;

use super::paths;
use crate::config::{Architecture, Source};
use source::Code;
use source::Finding;
use source::Node;
use source::Spanned;
use source::{Fields, Reader};

/// The instruction set that `fields` name.
pub(super) fn architecture(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Option<Architecture>> {
    let architectures = [("x86_64", Architecture::X86), ("arm64", Architecture::Arm)];
    reader.optional(fields, "architecture").map(|node| reader.choice(node, "`architecture`", &architectures))
}

/// The longest reference of an image.
const LONGEST_IMAGE: usize = 1024;

/// An image, with its registry where it has one.
pub(super) fn image(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let text = reader.text(node, "`image`")?;
    let name = text.value.split_once('@').map_or(text.value.as_str(), |(name, _)| name);
    let last = name.rsplit('/').next().unwrap_or(name);
    let is_image = !text.value.is_empty()
        && text.value.len() <= LONGEST_IMAGE
        && text.value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.value.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c));
    let help = if !is_image {
        "an image is written `registry/name:tag` or `registry/name@sha256:…`"
    } else if !text.value.contains('@') && (!last.contains(':') || last.ends_with(":latest")) {
        "name a tag that stays what it is, or a digest (`name@sha256:…`): of `latest` nobody knows what runs, and nothing \
         changes when it does"
    } else {
        return Some(text.value);
    };
    let shown: String = text.value.chars().take(60).collect();
    let message = format!("`{}` does not name one image", shown.escape_debug());
    reader.add(Finding::new(Code::WrongImage, text.span, message).help(help));
    None
}

/// The folder or the stored code that `fields` name.
pub(super) fn source(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Spanned<Source>> {
    let path = reader.optional(fields, "path");
    let artifact = reader.optional(fields, "artifact");
    match (path, artifact) {
        (Some(path), None) => folder(reader, path),
        (None, Some(artifact)) => stored(reader, artifact),
        (Some(_), Some(_)) => {
            let message = "an agent has a `path` or an `artifact`, not both";
            let finding = Finding::new(Code::WrongChoice, fields.key("artifact"), message);
            reader.add(finding.help("`path` is a folder in a bundle, `artifact` is code that is stored already"));
            None
        }
        (None, None) => {
            let finding = Finding::new(Code::MissingKey, fields.span(), "an agent needs the key `path`");
            reader.add(
                finding.help("add `path: …`, the folder of its code; or `artifact: …`, code that is stored already"),
            );
            None
        }
    }
}

fn folder(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<Source>> {
    let path = paths::path(reader, node, "an agent", "agents/support")?;
    Some(Spanned::new(Source::Folder(path.value), path.span))
}

fn stored(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<Source>> {
    let text = reader.written(node, "`artifact`")?;
    match Digest::parse(&text.value) {
        Some(digest) => Some(Spanned::new(Source::Stored(digest), text.span)),
        None => {
            let shown: String = text.value.chars().take(70).collect();
            let finding =
                Finding::new(Code::WrongDigest, text.span, format!("`{shown}` is not the digest of an artifact"));
            reader.add(
                finding.help("a digest has 64 lower-case hexadecimal digits; an earlier deployment's record has it"),
            );
            None
        }
    }
}
