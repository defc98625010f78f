//! Names, regions, accounts.

use std::rc::Rc;

use model::id::{NAME_LENGTH, is_name};

use source::Code;
use source::Finding;
use source::Reader;
use source::{Key, Node};
use source::{Span, Spanned};

/// How the engine's own resources begin.
const ENGINE: &str = "strandline";

/// The longest name of an agent or of a shared resource. Names of AWS resources are made of it and cut where they must be.
pub(crate) const LONGEST: usize = 40;

fn rule(longest: usize) -> String {
    format!("at most {longest} lower-case letters, digits and single inner hyphens, starting with a letter")
}

fn checked(reader: &mut Reader<'_>, name: &str, span: Span, what: &str, longest: usize) -> Option<String> {
    if name.len() <= longest && is_name(name) {
        return Some(name.to_owned());
    }
    let shown: String = name.chars().take(60).collect();
    let finding = Finding::new(Code::WrongName, span, format!("`{shown}` cannot name {what}"));
    let near = suggestion(name, longest).map(|near| format!(", e.g. `{near}`")).unwrap_or_default();
    reader.add(finding.help(format!("a name has {}{near}", rule(longest))));
    None
}

/// A name like `given` that could be taken.
pub(crate) fn suggestion(given: &str, longest: usize) -> Option<String> {
    let mut near = String::new();
    for c in given.chars().take(longest) {
        let c = c.to_ascii_lowercase();
        let plain = if c.is_ascii_alphanumeric() { c } else { '-' };
        if !(plain == '-' && (near.is_empty() || near.ends_with('-'))) {
            near.push(plain);
        }
    }
    let near = near.trim_end_matches('-').to_owned();
    is_name(&near).then_some(near)
}

/// The name of a project.
pub(super) fn scope(reader: &mut Reader<'_>, node: &Rc<Node>, what: &str) -> Option<Spanned<String>> {
    let name = reader.text(node, &format!("the {what}'s name"))?;
    // What is named so is denied to every role that is made here: see `docs/decisions/names-and-walls.md`.
    if name.value == ENGINE || name.value.starts_with(&format!("{ENGINE}-")) {
        let finding = Finding::new(Code::ReservedName, name.span, format!("a {what} cannot be named `{}`", name.value));
        reader
            .add(finding.help("Strandline's own resources are named so: choose a name that begins with another word"));
        return None;
    }
    checked(reader, &name.value, name.span, &article(what), NAME_LENGTH).map(|value| Spanned::new(value, name.span))
}

/// The name of an environment, which is a key.
pub(super) fn scope_key(reader: &mut Reader<'_>, key: &Key, what: &str) -> Option<String> {
    checked(reader, &key.name, key.span, &article(what), NAME_LENGTH)
}

fn article(what: &str) -> String {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {what}")
}

/// The name of an agent.
pub(super) fn agent(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<String>> {
    let name = reader.text(node, "the agent's name")?;
    if name.value == "shared" {
        let finding = Finding::new(Code::ReservedName, name.span, "an agent cannot be named `shared`");
        reader.add(finding.help("that is the stack of what agents share: give it another name"));
        return None;
    }
    checked(reader, &name.value, name.span, "an agent", LONGEST).map(|value| Spanned::new(value, name.span))
}

/// The name of a stack.
pub(super) fn stack(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<String>> {
    let name = reader.text(node, "the stack's name")?;
    if name.value == "shared" {
        let finding = Finding::new(Code::ReservedName, name.span, "a stack cannot be named `shared`");
        reader.add(finding.help("that is the stack of what agents share: give it another name"));
        return None;
    }
    checked(reader, &name.value, name.span, "a stack", LONGEST).map(|value| Spanned::new(value, name.span))
}

/// The name of a shared resource, which is a key.
pub(super) fn resource(reader: &mut Reader<'_>, key: &Key, what: &str) -> Option<String> {
    checked(reader, &key.name, key.span, what, LONGEST)
}

/// A name within something that is named already.
pub(super) fn plain(reader: &mut Reader<'_>, name: &Spanned<String>, what: &str) -> Option<String> {
    checked(reader, &name.value, name.span, what, LONGEST)
}

/// An account.
pub(super) fn account(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<String>> {
    let account = reader.written(node, "`account`")?;
    if account.value.len() == 12 && account.value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(account);
    }
    let finding = Finding::new(Code::WrongAccount, account.span, format!("`{}` is not an account", account.value));
    reader.add(finding.help("an account has twelve digits; put them between quotes"));
    None
}

/// A region.
pub(super) fn region(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<String>> {
    let region = reader.text(node, "`region`")?;
    if schema::REGIONS.contains(&region.value.as_str()) {
        return Some(region);
    }
    let help = match source::closest(&region.value, schema::REGIONS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a region is written like `eu-central-1`".to_owned(),
    };
    let message = format!("AWS has no region `{}`", region.value);
    reader.add(Finding::new(Code::WrongRegion, region.span, message).help(help));
    None
}
