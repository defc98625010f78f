//! YAML text → a tree in which every key and value knows its place.
//!
//! Bounds everything that a hostile text can make large: its length, its depth, and what its aliases grow to. Understands
//! nothing of what a config means.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};

use crate::code::Code;
use crate::problem::Finding;
use crate::span::Span;

/// The longest text, in bytes. A config of a thousand agents is a tenth of it.
pub(crate) const LONGEST: usize = 1024 * 1024;
/// The most nodes, aliases followed.
const MOST_NODES: usize = 50_000;
/// The most text in nodes, aliases followed, in bytes.
const MOST_TEXT: usize = 4 * 1024 * 1024;
/// The deepest nesting.
const DEEPEST: usize = 32;

/// A value and its place. Of a mapping or list in block form, the place is its first line.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
    size: Size,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Text as it was written, escapes followed; `plain` where it stands without quotes and may be a number or a truth.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Rc<Node>>),
    Map(Vec<(Key, Rc<Node>)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) span: Span,
    pub(crate) name: String,
}

#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text: usize,
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_add(other.nodes), text: self.text.saturating_add(other.text) }
    }
}

impl Node {
    pub(crate) fn new(span: Span, value: Value) -> Self {
        let own = |text: &str| Size { nodes: 1, text: text.len() };
        let size = match &value {
            Value::Scalar { text, .. } => own(text),
            Value::List(items) => items.iter().fold(own(""), |sum, item| sum.plus(item.size)),
            Value::Map(entries) => {
                entries.iter().fold(own(""), |sum, (key, item)| sum.plus(own(&key.name)).plus(item.size))
            }
        };
        Self { span, value, size }
    }

    /// Whether it says nothing: `null`, `~` or no value at all.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The entries of a mapping.
    pub(crate) fn entries(&self) -> Option<&[(Key, Rc<Node>)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::List(_) | Value::Scalar { .. } => None,
        }
    }

    /// The value of a key of a mapping.
    pub(crate) fn get(&self, name: &str) -> Option<&Rc<Node>> {
        self.entries()?.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The text of a scalar.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }
}

/// The tree of `text`; none where it has none, and then `findings` says why.
pub(crate) fn tree(text: &str, findings: &mut Vec<Finding>) -> Option<Rc<Node>> {
    if text.len() > LONGEST {
        let message = format!("the config is {} bytes long, and at most {LONGEST} are read", text.len());
        findings.push(Finding::new(Code::TooLarge, Span::default(), message).help("split it into several projects"));
        return None;
    }
    match Builder::new(text).run(findings) {
        Ok(Some(root)) => Some(root),
        Ok(None) => {
            let finding = Finding::new(Code::Empty, Span::default(), "there is no config in this file");
            findings.push(finding.help("begin with `project:` and its `name`"));
            None
        }
        Err(finding) => {
            findings.push(finding);
            None
        }
    }
}

struct Builder<'t> {
    text: &'t str,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
}

struct Open {
    span: Span,
    anchor: usize,
    content: Content,
    size: Size,
}

enum Content {
    List(Vec<Rc<Node>>),
    /// The entries, the key whose value comes next if it has come, and the names that are taken.
    Map(Vec<(Key, Rc<Node>)>, Option<Key>, BTreeSet<String>),
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, open: Vec::new(), anchors: BTreeMap::new() }
    }

    fn run(mut self, findings: &mut Vec<Finding>) -> Result<Option<Rc<Node>>, Finding> {
        let options = granit_parser::options! { emit_comments: false, disallow_directives: false };
        let mut root = None;
        let mut documents = 0_usize;
        for next in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = next.map_err(|error| self.not_yaml(&error))?;
            let span = span.byte_range().map_or(Span::default(), |range| Span::between(range.start, range.end));
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let message = "there is a second document in this file";
                        let finding = Finding::new(Code::SeveralDocuments, span, message);
                        return Err(finding.help("a config is one document: remove the line `---` and what follows it"));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let forced = self.tag(tag.as_deref(), span, findings);
                    let plain = style == ScalarStyle::Plain && !forced;
                    let node = Rc::new(Node::new(span, Value::Scalar { text: text.into_owned(), plain }));
                    self.done(node, anchor, &mut root, findings)?;
                }
                Event::SequenceStart(style, anchor, tag) => {
                    self.tag(tag.as_deref(), span, findings);
                    self.begin(span, style, anchor, Content::List(Vec::new()))?;
                }
                Event::MappingStart(style, anchor, tag) => {
                    self.tag(tag.as_deref(), span, findings);
                    self.begin(span, style, anchor, Content::Map(Vec::new(), None, BTreeSet::new()))?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(span, &mut root, findings)?,
                Event::Alias(anchor) => {
                    let node = self.anchors.get(&anchor).cloned().ok_or_else(|| {
                        let message = format!("`{}` stands inside of what it repeats", self.slice(span));
                        Finding::new(Code::Alias, span, message).help("write out what is meant")
                    })?;
                    self.done(node, 0, &mut root, findings)?;
                }
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                // Comments and anchors' names were not asked for, and mean nothing.
                _ => {}
            }
        }
        Ok(root.filter(|node: &Rc<Node>| !node.is_null()))
    }

    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.offset..span.offset + span.length).unwrap_or_default()
    }

    /// What `span` has of its first line.
    fn first_line(&self, span: Span) -> Span {
        let rest = self.text.get(span.offset..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default().trim_end();
        Span { offset: span.offset, length: line.len().max(1) }
    }

    /// Whether the tag makes text of a scalar; any other tag is a finding.
    fn tag(&self, tag: Option<&Tag>, span: Span, findings: &mut Vec<Finding>) -> bool {
        let Some(tag) = tag else { return false };
        if tag.is_yaml_core_schema_tag("str") {
            return true;
        }
        let message = format!("the tag `{tag}` means nothing in a config");
        findings.push(Finding::new(Code::YamlTag, self.first_line(span), message).help("remove it"));
        false
    }

    fn begin(&mut self, span: Span, style: StructureStyle, anchor: usize, content: Content) -> Result<(), Finding> {
        let span = match style {
            StructureStyle::Block => self.first_line(span),
            StructureStyle::Flow => span,
        };
        if self.open.len() >= DEEPEST {
            let message = format!("this is nested more than {DEEPEST} deep");
            return Err(Finding::new(Code::TooDeep, span, message).help("no part of a config is that deep"));
        }
        self.open.push(Open { span, anchor, content, size: Size::default() });
        Ok(())
    }

    fn end(&mut self, last: Span, root: &mut Option<Rc<Node>>, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let Some(Open { span, anchor, content, .. }) = self.open.pop() else { return Ok(()) };
        // A flow form that ends in the line that it begins in is underlined whole.
        let whole = Span::between(span.offset, last.offset + last.length);
        let is_flow = self.text.get(span.offset..).is_some_and(|rest| rest.starts_with(['{', '[']));
        let span = if is_flow && !self.slice(whole).contains('\n') { whole } else { self.first_line(span) };
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map(entries, ..) => Value::Map(merged(entries, findings)),
        };
        self.done(Rc::new(Node::new(span, value)), anchor, root, findings)
    }

    /// Puts a finished node where it belongs.
    fn done(
        &mut self,
        node: Rc<Node>,
        anchor: usize,
        root: &mut Option<Rc<Node>>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Finding> {
        if let Some(open) = self.open.last_mut() {
            open.size = open.size.plus(node.size);
            if open.size.nodes > MOST_NODES || open.size.text > MOST_TEXT {
                let message = "this grows too large once its aliases are followed";
                let finding = Finding::new(Code::TooLarge, open.span, message);
                return Err(finding.help("write out what is meant, without aliases"));
            }
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => *root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(entries, pending, names)) => match pending.take() {
                Some(key) => entries.push((key, node)),
                None => *pending = Some(key(&node, names, findings)),
            },
        }
        Ok(())
    }

    fn not_yaml(&self, error: &ScanError) -> Finding {
        let offset = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let kind = error.kind();
        let span = Span { offset, length: usize::from(offset < self.text.len()) };
        match kind {
            granit_parser::ErrorKind::UnknownAnchor => {
                Finding::new(Code::Alias, self.first_line(span), "this alias has no anchor before it")
                    .help("an anchor is written `&name`, before the alias `*name`")
            }
            _ => Finding::new(Code::Syntax, span, format!("this is not YAML: {kind}"))
                .help("look at the indentation and the quotes of this line and of the one before it"),
        }
    }
}

/// The key that `node` is; what cannot be a key or stands there already is a finding.
fn key(node: &Node, names: &mut BTreeSet<String>, findings: &mut Vec<Finding>) -> Key {
    let span = node.span;
    let Some(name) = node.scalar() else {
        findings.push(Finding::new(Code::WrongType, span, "a key must be text").help("write `key: value`"));
        return Key { span, name: String::new() };
    };
    if name != MERGE && !names.insert(name.to_owned()) {
        let message = format!("the key `{name}` stands twice in one mapping");
        let finding = Finding::new(Code::DuplicateKey, span, message);
        findings.push(finding.help("keep one of the two: the other would be lost"));
    }
    Key { span, name: name.to_owned() }
}

/// The key that takes over the entries of another mapping.
const MERGE: &str = "<<";

/// `entries` with what `<<` brings in where they have no key of that name.
fn merged(entries: Vec<(Key, Rc<Node>)>, findings: &mut Vec<Finding>) -> Vec<(Key, Rc<Node>)> {
    if entries.iter().all(|(key, _)| key.name != MERGE) {
        return entries;
    }
    let (brought, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.name == MERGE);
    let mut names: BTreeSet<String> = own.iter().map(|(key, _)| key.name.clone()).collect();
    for (key, node) in brought {
        let sources = match &node.value {
            Value::List(items) => items.clone(),
            Value::Map(_) | Value::Scalar { .. } => vec![node],
        };
        for source in sources {
            let Some(entries) = source.entries() else {
                let finding = Finding::new(Code::WrongType, key.span, "`<<` takes a mapping, or a list of mappings");
                findings.push(finding.help("write `<<: *anchor`"));
                continue;
            };
            for entry in entries {
                if names.insert(entry.0.name.clone()) {
                    own.push(entry.clone());
                }
            }
        }
    }
    own
}
