//! A template as it was written: its sections with the place of every part, functions not evaluated.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::ResourceType;
use source::{Key, Node, Spanned};

/// A whole template. Everything stands by name; whatever had a name or a shape that it cannot have is a finding, and not here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    /// Whether `Transform` asks for `AWS::LanguageExtensions`.
    pub(crate) language_extensions: bool,
    /// What it can be given.
    pub(crate) parameters: BTreeMap<String, Parameter>,
    /// Mapping, top-level key, second-level key: value.
    pub(crate) mappings: BTreeMap<String, BTreeMap<String, BTreeMap<String, Rc<Node>>>>,
    /// Its conditions.
    pub(crate) conditions: BTreeMap<String, Condition>,
    /// What its parameters must keep together.
    pub(crate) rules: BTreeMap<String, Rule>,
    /// Its resources, those included whose condition leaves them out.
    pub(crate) resources: BTreeMap<String, Resource>,
    /// Its outputs, those included whose condition leaves them out.
    pub(crate) outputs: BTreeMap<String, Output>,
}

/// A parameter as it is declared.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) key: Key,
    /// Its type as it was written.
    pub(crate) type_name: String,
    /// Its type; none where that is a finding already.
    pub(crate) kind: Option<ParameterKind>,
    /// What it is where it is not given.
    pub(crate) default: Option<Rc<Node>>,
    /// The only values that it may have; empty: any.
    pub(crate) allowed_values: Vec<Spanned<String>>,
    /// What the whole of its value must match.
    pub(crate) allowed_pattern: Option<Spanned<String>>,
    /// The fewest characters.
    pub(crate) min_length: Option<u64>,
    /// The most characters.
    pub(crate) max_length: Option<u64>,
    /// The least number.
    pub(crate) min_value: Option<f64>,
    /// The greatest number.
    pub(crate) max_value: Option<f64>,
    /// What is said where a value keeps none of these.
    pub(crate) constraint: Option<String>,
    /// Whether nobody may see its value.
    pub(crate) no_echo: bool,
}

impl Parameter {
    /// What it asks of its values.
    pub(crate) fn constraints(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("AllowedValues", !self.allowed_values.is_empty()),
            ("AllowedPattern", self.allowed_pattern.is_some()),
            ("MinLength", self.min_length.is_some()),
            ("MaxLength", self.max_length.is_some()),
            ("MinValue", self.min_value.is_some()),
            ("MaxValue", self.max_value.is_some()),
        ];
        all.into_iter().filter_map(|(name, is_there)| is_there.then_some(name))
    }
}

/// The type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParameterKind {
    /// `String`, and every AWS-specific type of one value.
    Text(Format),
    /// `Number`.
    Number,
    /// `List<Number>`.
    Numbers,
    /// `CommaDelimitedList`, and every AWS-specific type of several values.
    Texts(Format),
    /// `AWS::SSM::Parameter::Value<…>`: what it is given is the name of an SSM parameter.
    Stored {
        /// Whether the SSM parameter holds several values.
        list: bool,
        /// What each of them is.
        format: Format,
    },
}

/// What a text of an AWS-specific type looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Any text.
    Any,
    /// An id with this before its hexadecimal digits, e.g. `vpc-`.
    Id(&'static str),
    /// The name of an SSM parameter.
    ParameterName,
}

/// A condition.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// Its name.
    pub(crate) key: Key,
    /// What it says.
    pub(crate) node: Rc<Node>,
}

/// A rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Its name.
    pub(crate) key: Key,
    /// When it holds; none: always.
    pub(crate) condition: Option<Rc<Node>>,
    /// What must be true then.
    pub(crate) assertions: Vec<Assertion>,
}

/// One thing that a rule asserts.
#[derive(Debug, Clone)]
pub(crate) struct Assertion {
    /// What must be true.
    pub(crate) assert: Rc<Node>,
    /// What is said where it is not.
    pub(crate) description: Option<String>,
}

/// A resource.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Its logical id.
    pub(crate) key: Key,
    /// Its type, with the place of it; the empty text where it has none that is supported, which is a finding already: it is here
    /// for what refers to it.
    pub(crate) kind: Spanned<ResourceType>,
    /// Its properties; none where it has none.
    pub(crate) properties: Option<Rc<Node>>,
    /// The condition without which it is left out: its name, at its place here.
    pub(crate) condition: Option<Key>,
    /// The logical ids that it waits for, each at its place here.
    pub(crate) depends_on: Vec<Key>,
    /// What becomes of it when it is no longer asked for.
    pub(crate) deletion_policy: Option<Rc<Node>>,
    /// What becomes of it when it is replaced.
    pub(crate) update_replace_policy: Option<Rc<Node>>,
}

/// An output.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// Its name.
    pub(crate) key: Key,
    /// What it says.
    pub(crate) value: Rc<Node>,
    /// The condition without which it is left out: its name, at its place here.
    pub(crate) condition: Option<Key>,
    /// The name that other stacks import it by.
    pub(crate) export: Option<Rc<Node>>,
}

/// A value that another stack of the environment exports.
#[derive(Debug, Clone)]
pub(crate) struct Export {
    /// The stack that exports it.
    pub(crate) stack: String,
    /// What it came to; none where something is wrong with it, which is a finding already.
    pub(crate) value: Option<Rc<Node>>,
}
