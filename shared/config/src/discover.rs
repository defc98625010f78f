//! Agents that stand in a folder of their own with a manifest, `agent.yaml`, beside or instead of those in the config.
//!
//! A manifest says what an entry of `agents` says. What it need not say is taken from where it lies: its name from its folder,
//! its code from that folder, too.

use std::collections::BTreeMap;
use std::rc::Rc;

use source::{Area, Code, Files, Finding, Key, Node, Reader, Span, Spanned, Value};

use crate::read::paths;

/// What a manifest is called.
pub(crate) const MANIFEST: &str = "agent.yaml";

/// Where a config looks for manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    folders: Vec<Spanned<String>>,
}

/// Where a config looks for manifests, as far as that can be told without reading the rest of it. What is wrong with it is told
/// by [`crate::parse_with`].
pub fn discovery(name: &str, text: &str) -> Discovery {
    let root = source::tree(&Files::config(name, text), 0, &mut Vec::new());
    let node = root.as_ref().and_then(|root| root.get(KEY));
    node.map(|node| folders(&mut Reader::new(&mut Vec::new()), node)).unwrap_or_default()
}

/// The most places. Each is compared with every path of a bundle.
const MOST: usize = 100;

/// The key under which the folders stand.
pub(crate) const KEY: &str = "discover";

impl Discovery {
    /// Whether a file is a manifest that the config asks for.
    pub fn takes(&self, path: &str) -> bool {
        self.folders.iter().any(|folder| is_manifest_of(&folder.value, path))
    }
}

/// A manifest that was read.
pub(crate) struct Manifest {
    path: String,
    /// The agent, in the form in which it would stand in the config; none where the text is no tree, which was told.
    pub(crate) agent: Option<Rc<Node>>,
}

/// Reads the manifests among `sources` that the config asks for, in the order of their paths.
pub(crate) fn manifests(
    files: &mut Files,
    root: &Rc<Node>,
    sources: &BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
) -> Vec<Manifest> {
    let Some(node) = root.get(KEY) else { return Vec::new() };
    let discovery = folders(&mut Reader::new(&mut Vec::new()), node);
    let mut found = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| discovery.takes(path)) {
        let file = files.add(path, Area::Config, text);
        let agent = source::tree(files, file, findings).map(|node| placed(&node, file, path));
        found.push(Manifest { path: path.clone(), agent });
    }
    found
}

/// The folders that `node` lists; what has no manifest among `found` is told.
pub(crate) fn check(reader: &mut Reader<'_>, node: &Node, found: &[Manifest]) {
    let Discovery { folders } = folders(reader, node);
    for folder in folders {
        if !found.iter().any(|manifest| is_manifest_of(&folder.value, &manifest.path)) {
            let message = format!("no `{MANIFEST}` is at `{}/{MANIFEST}`", folder.value);
            let help = "an agent's folder is found by its `agent.yaml`; paths start at the folder that `strands.yaml` is in, and \
                        of a config that is uploaded alone there are none";
            reader.add(Finding::new(Code::FileMissing, folder.span, message).help(help));
        }
    }
}

/// The entries of `agents`, and after them those of manifests.
pub(crate) fn joined(agents: Option<&Rc<Node>>, discovered: Option<&Node>, found: &[Manifest]) -> Option<Rc<Node>> {
    let Some(discovered) = discovered else { return agents.cloned() };
    let (span, own) = match agents.map(|node| (node.span, &node.value)) {
        None => (discovered.span, [].as_slice()),
        Some((span, Value::List(items))) => (span, items.as_slice()),
        // What is no list is told where it stands.
        Some(_) => return agents.cloned(),
    };
    let all = own.iter().cloned().chain(found.iter().filter_map(|manifest| manifest.agent.clone()));
    Some(Rc::new(Node::new(span, Value::List(all.collect()))))
}

fn folders(reader: &mut Reader<'_>, node: &Node) -> Discovery {
    let texts = reader.texts(node, "a folder of agents");
    if texts.len() > MOST {
        let message = format!("agents are looked for in {} places", texts.len());
        reader.add(
            Finding::new(Code::TooMany, node.span, message).help(format!("name at most {MOST}, with a `*` for many")),
        );
        return Discovery::default();
    }
    let folders = texts.into_iter().filter_map(|text| {
        let folder = paths::checked(reader, text, "agents", "agents/*")?;
        if !folder.value.contains("**") {
            return Some(folder);
        }
        let message = format!("`{}` cannot be where agents are", folder.value);
        let help =
            "a `*` stands for one folder's name, or a part of it: name each depth, e.g. `[agents/*, teams/*/agents/*]`";
        reader.add(Finding::new(Code::WrongPath, folder.span, message).help(help));
        None
    });
    Discovery { folders: folders.collect() }
}

/// Whether `path` is that of a manifest in such a folder.
fn is_manifest_of(folder: &str, path: &str) -> bool {
    let Some((of, MANIFEST)) = path.rsplit_once('/') else { return false };
    let (mut patterns, mut parts) = (folder.split('/'), of.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if fits(pattern, part) => {}
            _ => return false,
        }
    }
}

/// Whether a folder's name is as a pattern says, in which each `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        // The earliest leaves most for those that follow.
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// The agent of a manifest, with what follows from where it lies.
fn placed(node: &Rc<Node>, file: u16, path: &str) -> Rc<Node> {
    let Some(entries) = node.entries() else { return Rc::clone(node) };
    let folder = path.strip_suffix(MANIFEST).unwrap_or(path).trim_end_matches('/');
    let own = folder.rsplit('/').next().unwrap_or(folder);
    let start = Span::between(file, 0, 0);
    let key = |name: &str| Key { span: start, name: name.to_owned() };
    let has = |name: &str| node.get(name).is_some_and(|node| !node.is_null());
    let mut placed = Vec::new();
    if !has("name") {
        placed.push((key("name"), Node::text(start, own)));
    }
    let is_container = node.get("kind").and_then(|kind| kind.scalar()) == Some("container");
    if !is_container && !["path", "artifact", "image"].into_iter().any(has) {
        placed.push((key("path"), Node::text(start, folder)));
    }
    let given =
        entries.iter().filter(|(key, value)| !(value.is_null() && ["name", "path"].contains(&key.name.as_str())));
    placed.extend(given.map(|(key, value)| match (key.name.as_str(), &value.value) {
        ("path", Value::Scalar { text, plain }) => {
            let value = Value::Scalar { text: below(folder, text), plain: *plain };
            (key.clone(), Rc::new(Node::new(node_span(node, key), value)))
        }
        _ => (key.clone(), Rc::clone(value)),
    }));
    Rc::new(Node::new(node.span, Value::Map(placed)))
}

fn node_span(node: &Node, key: &Key) -> Span {
    node.get(&key.name).map_or(key.span, |value| value.span)
}

/// A path that starts at `folder`. One that starts elsewhere stays as it is, and is told.
fn below(folder: &str, path: &str) -> String {
    let inner = path.strip_prefix("./").unwrap_or(path);
    match inner {
        "" | "." => folder.to_owned(),
        _ if inner.starts_with('/') => inner.to_owned(),
        _ => format!("{folder}/{inner}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_name_or_a_part_of_it() {
        let is = |folder, path| is_manifest_of(folder, path);
        assert!(is("agents/*", "agents/order/agent.yaml"));
        assert!(is("agents/order", "agents/order/agent.yaml"));
        assert!(is("teams/*/agents/*-agent", "teams/a/agents/order-agent/agent.yaml"));
        assert!(is("a*b*c/x", "a-b-b-c/x/agent.yaml"));
        for (folder, path) in [
            ("agents/*", "agents/agent.yaml"),
            ("agents/*", "agents/a/b/agent.yaml"),
            ("agents/*", "agents/order/strands.yaml"),
            ("agents/*", "other/order/agent.yaml"),
            ("*-agent", "order/agent.yaml"),
            ("ab*ba", "aba/agent.yaml"),
            ("agents", "agent.yaml"),
        ] {
            assert!(!is(folder, path), "{folder} {path}");
        }
    }

    #[test]
    fn a_path_of_a_manifest_starts_at_its_folder() {
        assert_eq!(below("agents/order", "src"), "agents/order/src");
        assert_eq!(below("agents/order", "./src"), "agents/order/src");
        assert_eq!(below("agents/order", "."), "agents/order");
        assert_eq!(below("agents/order", "/src"), "/src");
    }
}
