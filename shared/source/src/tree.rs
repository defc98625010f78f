//! YAML text → a tree in which every key and value knows its place.
//!
//! Bounds everything that a hostile text can make large: its length, its depth, and what its aliases grow to. CloudFormation's
//! short forms (`!Ref x`) become the long ones (`Ref: x`); what they mean is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};

use crate::code::{Area, Code};
use crate::files::{File, Files};
use crate::reader::closest;
use crate::report::Finding;
use crate::span::Span;

/// The longest text, in bytes. A config of a thousand agents is a tenth of it, and CloudFormation takes templates of 1 MB
/// ("AWS CloudFormation quotas", template body size in an Amazon S3 object).
const LONGEST: usize = 1024 * 1024;
/// The most nodes, aliases followed: more than a text of that length has without aliases, if it says anything.
const MOST_NODES: usize = 200_000;
/// The most text in nodes, aliases followed, in bytes.
const MOST_TEXT: usize = 4 * 1024 * 1024;
/// The deepest nesting. Policies and definitions of state machines within properties are some twenty deep.
const DEEPEST: usize = 64;

/// The functions that have a short form, by the name after `!`. The long form is `Fn::` and the name; of `Ref` and `Condition`,
/// the name alone.
pub const FUNCTIONS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];

/// A value and its place. Of a mapping or list in block form, the place is its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub value: Value,
    size: Size,
}

/// What a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text as it was written, escapes followed; `plain` where it stands without quotes and may be a number or a truth.
    Scalar {
        /// The text.
        text: String,
        /// Whether it stands without quotes.
        plain: bool,
    },
    /// Values in an order.
    List(Vec<Rc<Node>>),
    /// Values by name, in the order of the text; each name once.
    Map(Vec<(Key, Rc<Node>)>),
}

/// A name in a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it stands.
    pub span: Span,
    /// The name.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
    /// A value at its place.
    pub fn new(span: Span, value: Value) -> Self {
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
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> Option<&[(Key, Rc<Node>)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::List(_) | Value::Scalar { .. } => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, name: &str) -> Option<&Rc<Node>> {
        self.entries()?.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Text, which stays text whatever it looks like.
    pub fn text(span: Span, text: impl Into<String>) -> Rc<Self> {
        Rc::new(Self::new(span, Value::Scalar { text: text.into(), plain: false }))
    }

    /// The one entry of a mapping that has no other, as functions have: its key, and what it is given.
    pub fn only(&self) -> Option<(&Key, &Rc<Node>)> {
        match self.entries()? {
            [(key, node)] => Some((key, node)),
            _ => None,
        }
    }

    /// The name of the function that it is: `Ref`, `Condition` or `Fn::…`.
    pub fn function(&self) -> Option<&str> {
        let name = self.only()?.0.name.as_str();
        let is_one = |short: &str| FUNCTIONS.contains(&short);
        let is_function = name.strip_prefix("Fn::").map_or(matches!(name, "Ref" | "Condition"), is_one);
        is_function.then_some(name)
    }

    /// The text of a scalar.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }
}

/// The tree of text `file` of `files`; none where it has none, and then `findings` says why.
pub fn tree(files: &Files, file: u16, findings: &mut Vec<Finding>) -> Option<Rc<Node>> {
    let start = Span::between(file, 0, 0);
    let File { area, text, .. } = files.of(start)?;
    let (what, begin) = match area {
        Area::Config if file == 0 => ("config", "begin with `project:` and its `name`"),
        Area::Config => ("agent", "begin with `runtime:` and `handler:`"),
        Area::Template => ("template", "begin with `Resources:`"),
    };
    if text.len() > LONGEST {
        let message = format!("the {what} is {} bytes long, and at most {LONGEST} are read", text.len());
        findings.push(Finding::new(Code::TooLarge, start, message).help("split it into several"));
        return None;
    }
    match Builder::new(file, text).run(findings) {
        Ok(Some(root)) => Some(root),
        Ok(None) => {
            findings.push(Finding::new(Code::Empty, start, format!("there is no {what} in this file")).help(begin));
            None
        }
        Err(finding) => {
            findings.push(finding);
            None
        }
    }
}

struct Builder<'t> {
    file: u16,
    text: &'t str,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
}

struct Open {
    span: Span,
    anchor: usize,
    tag: Meaning,
    content: Content,
    size: Size,
}

/// What the tag of a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    Nothing,
    /// A scalar is text whatever it looks like.
    Text,
    /// The node is what a function is given.
    Function(Key),
}

impl Meaning {
    /// The node as it is meant.
    fn applied(self, node: Rc<Node>) -> Rc<Node> {
        match self {
            Self::Nothing | Self::Text => node,
            Self::Function(key) => Rc::new(Node::new(node.span, Value::Map(vec![(key, node)]))),
        }
    }
}

enum Content {
    List(Vec<Rc<Node>>),
    /// The entries, the key whose value comes next if it has come, and the names that are taken.
    Map(Vec<(Key, Rc<Node>)>, Option<Key>, BTreeSet<String>),
}

impl<'t> Builder<'t> {
    fn new(file: u16, text: &'t str) -> Self {
        Self { file, text, open: Vec::new(), anchors: BTreeMap::new() }
    }

    fn run(mut self, findings: &mut Vec<Finding>) -> Result<Option<Rc<Node>>, Finding> {
        let options = granit_parser::options! { emit_comments: false, disallow_directives: false };
        let mut root = None;
        let mut documents = 0_usize;
        for next in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = next.map_err(|error| self.not_yaml(&error))?;
            let range = span.byte_range().unwrap_or_default();
            let span = Span::between(self.file, range.start, range.end);
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let message = "there is a second document in this file";
                        let finding = Finding::new(Code::SeveralDocuments, span, message);
                        return Err(finding.help("a file is one document: remove the line `---` and what follows it"));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let tag = self.tag(tag.as_deref(), span, findings);
                    let plain = style == ScalarStyle::Plain && tag != Meaning::Text;
                    let node = Rc::new(Node::new(span, Value::Scalar { text: text.into_owned(), plain }));
                    self.done(tag.applied(node), anchor, &mut root, findings)?;
                }
                Event::SequenceStart(style, anchor, tag) => {
                    let tag = self.tag(tag.as_deref(), span, findings);
                    self.begin(span, style, anchor, tag, Content::List(Vec::new()))?;
                }
                Event::MappingStart(style, anchor, tag) => {
                    let tag = self.tag(tag.as_deref(), span, findings);
                    self.begin(span, style, anchor, tag, Content::Map(Vec::new(), None, BTreeSet::new()))?;
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
        Span { length: line.len().max(1), ..span }
    }

    /// What a tag says of the node that it stands before; one that says nothing is a finding.
    fn tag(&self, tag: Option<&Tag>, span: Span, findings: &mut Vec<Finding>) -> Meaning {
        let Some(tag) = tag else { return Meaning::Nothing };
        if tag.is_yaml_core_schema_tag("str") {
            return Meaning::Text;
        }
        let written = tag.to_string();
        let name = written.trim_start_matches('!');
        if let Some(function) = FUNCTIONS.iter().find(|function| **function == name) {
            let name = match *function {
                "Ref" | "Condition" => (*function).to_owned(),
                function => format!("Fn::{function}"),
            };
            return Meaning::Function(Key { span, name });
        }
        let message = format!("the tag `{written}` means nothing here");
        let help = match closest(name, FUNCTIONS.iter().copied()) {
            Some(near) => format!("did you mean `!{near}`?"),
            None => "remove it".to_owned(),
        };
        findings.push(Finding::new(Code::YamlTag, self.first_line(span), message).help(help));
        Meaning::Nothing
    }

    fn begin(
        &mut self,
        span: Span,
        style: StructureStyle,
        anchor: usize,
        tag: Meaning,
        content: Content,
    ) -> Result<(), Finding> {
        let span = match style {
            StructureStyle::Block => self.first_line(span),
            StructureStyle::Flow => span,
        };
        if self.open.len() >= DEEPEST {
            let message = format!("this is nested more than {DEEPEST} deep");
            return Err(Finding::new(Code::TooDeep, span, message).help("nothing that can be meant is that deep"));
        }
        self.open.push(Open { span, anchor, tag, content, size: Size::default() });
        Ok(())
    }

    fn end(&mut self, last: Span, root: &mut Option<Rc<Node>>, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let Some(Open { span, anchor, tag, content, .. }) = self.open.pop() else { return Ok(()) };
        // A flow form that ends in the line that it begins in is underlined whole.
        let whole = Span::between(self.file, span.offset, last.offset + last.length);
        let is_flow = self.text.get(span.offset..).is_some_and(|rest| rest.starts_with(['{', '[']));
        let span = if is_flow && !self.slice(whole).contains('\n') { whole } else { self.first_line(span) };
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map(entries, ..) => Value::Map(merged(entries, findings)),
        };
        self.done(tag.applied(Rc::new(Node::new(span, value))), anchor, root, findings)
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
        let span = Span { file: self.file, offset, length: usize::from(offset < self.text.len()) };
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
