//! What the functions of a template come to.
//!
//! What can be known before anything exists is computed; what cannot is kept, with whole addresses, for
//! [`model::expression`] to resolve. Everything that is wrong is a finding at its place.

mod attributes;
mod condition;
mod dynamic;
mod kept;
mod lookup;
mod pseudo;
mod reference;
mod substitute;
mod text;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::Lookup;
use model::expression::Function;
use source::{Code, FUNCTIONS, Finding, Key, Node, Span, Value};

use crate::scope::Scope;

use kept::described;
pub(crate) use kept::{
    Charge, DEEPEST_LATE, call, gives_list, is_deeper, is_known, is_unknown, left, list, too_many_lookups, unknown,
};
use told::within;

/// How deep evaluation goes, conditions that look at conditions included: what a text may be nested several times over.
const DEEPEST: usize = 256;

/// Evaluates the parts of one stack's template.
pub(crate) struct Evaluator<'a> {
    scope: Scope<'a>,
    place: Place,
    findings: Vec<Finding>,
    lookups: BTreeSet<Lookup>,
    /// What conditions came to; none for those of which it cannot be told.
    truths: BTreeMap<&'a str, Option<bool>>,
    /// The conditions that are being decided, each because of the one before.
    deciding: Vec<&'a str>,
    depth: usize,
    /// Whether what is evaluated will be there: it is in no branch of `Fn::If` that is not chosen.
    is_taken: bool,
    /// Whether it was said that functions give too much.
    is_spent: bool,
    /// Whether it was said that too much is looked up.
    is_full: bool,
}

/// Where a value stands: what may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a property: anything.
    Property,
    /// In an output: no reference to a secret.
    Output,
    /// In a condition or rule: nothing that is known only once something exists, and nothing that is stored elsewhere.
    Condition,
    /// What must be known before anything exists: a name, a key.
    Name,
}

/// What evaluation found besides values.
#[derive(Debug, Default)]
pub(crate) struct Evaluated {
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
    /// What must be looked up before the values can be relied on.
    pub(crate) lookups: BTreeSet<Lookup>,
}

impl<'a> Evaluator<'a> {
    /// One for the stack of `scope`. All conditions are decided at once, so that what is wrong with them does not depend on who
    /// asks for them.
    pub(crate) fn new(scope: Scope<'a>) -> Self {
        let mut evaluator = Self::again(scope);
        evaluator.decide_all();
        evaluator
    }

    /// The same where all that is wrong was told before: a condition is decided when it is asked for.
    pub(crate) fn again(scope: Scope<'a>) -> Self {
        Self {
            scope,
            place: Place::Property,
            findings: Vec::new(),
            lookups: BTreeSet::new(),
            truths: BTreeMap::new(),
            deciding: Vec::new(),
            depth: 0,
            is_taken: true,
            is_spent: false,
            is_full: false,
        }
    }

    /// What a property comes to; none where that is `AWS::NoValue`.
    pub(crate) fn value(&mut self, node: &Rc<Node>) -> Option<Rc<Node>> {
        self.value_in(Place::Property, node)
    }

    /// What a value comes to where it stands.
    pub(crate) fn value_in(&mut self, place: Place, node: &Rc<Node>) -> Option<Rc<Node>> {
        // What stands within a condition is within it all the way down.
        let place = if self.place == Place::Condition { Place::Condition } else { place };
        let before = std::mem::replace(&mut self.place, place);
        let value = self.evaluated(node).map(|value| self.with_stored_values(&value));
        self.place = before;
        value
    }

    /// Text that must be known before anything exists; none where it is not, which is a finding or a lookup then.
    pub(crate) fn text(&mut self, node: &Rc<Node>, what: &str) -> Option<String> {
        let Some(value) = self.value_in(Place::Name, node) else {
            self.wrong_type(node.span, what, "text", "`AWS::NoValue`", "give it a value");
            return None;
        };
        if is_unknown(&value) {
            return None;
        }
        match value.scalar().filter(|_| !value.is_null()) {
            Some(text) => Some(text.to_owned()),
            None if left(&value).is_some() => {
                let message = format!("{what} is known only once resources exist, and is needed before");
                let help = "write it out, or take it from a parameter or mapping";
                self.add(Finding::new(Code::KnownTooLate, node.span, message).help(help));
                None
            }
            None => {
                self.wrong_type(node.span, what, "text", &described(&value), "write one text");
                None
            }
        }
    }

    /// Whether a condition holds. One that does not exist, or whose truth cannot be told, counts as true; that is a finding or a
    /// lookup already.
    pub(crate) fn condition(&mut self, key: &Key) -> bool {
        self.decided(&key.name, key.span).unwrap_or(true)
    }

    /// What was found.
    pub(crate) fn finish(self) -> Evaluated {
        Evaluated { findings: self.findings, lookups: self.lookups }
    }

    /// What `node` comes to, references to stored values left as they are.
    fn evaluated(&mut self, node: &Rc<Node>) -> Option<Rc<Node>> {
        if self.depth >= DEEPEST {
            let message = "functions and conditions lead on too far from here";
            self.add(Finding::new(Code::TooDeep, node.span, message).help("let fewer of them build on each other"));
            return Some(unknown(node.span));
        }
        self.depth += 1;
        let value = self.evaluated_once(node);
        self.depth -= 1;
        value
    }

    fn evaluated_once(&mut self, node: &Rc<Node>) -> Option<Rc<Node>> {
        match &node.value {
            Value::Scalar { .. } => Some(Rc::clone(node)),
            Value::List(items) => {
                let values: Vec<Rc<Node>> = items.iter().filter_map(|item| self.evaluated(item)).collect();
                let is_same = values.len() == items.len() && values.iter().zip(items).all(|(a, b)| Rc::ptr_eq(a, b));
                Some(if is_same { Rc::clone(node) } else { Rc::new(Node::new(node.span, Value::List(values))) })
            }
            Value::Map(entries) => {
                if let Some((key, given)) = node.only()
                    && (key.name == "Ref" || key.name.starts_with("Fn::"))
                {
                    return self.call(node, key, given);
                }
                let mut values = Vec::with_capacity(entries.len());
                let mut is_same = true;
                for (key, item) in entries {
                    if key.name.starts_with("Fn::") {
                        self.misplaced_key(key);
                        continue;
                    }
                    let value = self.evaluated(item);
                    is_same &= value.as_ref().is_some_and(|value| Rc::ptr_eq(value, item));
                    values.extend(value.map(|value| (key.clone(), value)));
                }
                let is_same = is_same && values.len() == entries.len();
                Some(if is_same { Rc::clone(node) } else { Rc::new(Node::new(node.span, Value::Map(values))) })
            }
        }
    }

    fn misplaced_key(&mut self, key: &Key) {
        if key.name.starts_with("Fn::ForEach") || key.name == "Fn::Transform" {
            self.unsupported(key);
            return;
        }
        let message = format!("`{}` stands beside other keys, and a function stands alone", key.name);
        let help = "give it a mapping of its own, as the value of one key";
        self.add(Finding::new(Code::MisplacedFunction, key.span, message).help(help));
    }

    fn unsupported(&mut self, key: &Key) {
        let (name, help) = if key.name == "Fn::Transform" {
            ("Fn::Transform", "write what the macro would give")
        } else {
            ("Fn::ForEach", "write out what it repeats")
        };
        self.add(Finding::new(Code::Unsupported, key.span, format!("`{name}` is not supported")).help(help));
    }

    fn call(&mut self, node: &Rc<Node>, key: &Key, given: &Rc<Node>) -> Option<Rc<Node>> {
        let span = node.span;
        if self.scope.charge.is_spent() {
            return Some(self.spent(span));
        }
        // A short form (`!Ref x`) has no key of its own to show.
        let key =
            &Key { span: if key.span.offset == given.span.offset { given.span } else { key.span }, ..key.clone() };
        match key.name.as_str() {
            "Ref" => self.reference(span, given),
            "Fn::GetAtt" => self.attribute(span, given),
            "Fn::Sub" => self.substituted(span, given),
            "Fn::Join" => self.join(span, given),
            "Fn::Select" => self.select(span, given),
            "Fn::Split" => self.split(span, given),
            "Fn::Base64" => self.base64(span, given),
            "Fn::Cidr" => self.cidr(span, given),
            "Fn::ToJsonString" => {
                self.with_extensions(key).then(|| self.json_text(span, given)).or_else(|| Some(unknown(span)))
            }
            "Fn::Length" => self.with_extensions(key).then(|| self.length(span, given)).or_else(|| Some(unknown(span))),
            "Fn::If" => self.chosen(span, key, given),
            "Fn::FindInMap" => self.found_in_map(span, given),
            "Fn::GetAZs" => self.zones(span, given),
            "Fn::ImportValue" => self.imported(span, key, given),
            "Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals" => {
                let message = format!("`{}` may stand only in conditions and rules", key.name);
                let help = "give it a name under `Conditions`, and use `Fn::If` with that name here";
                self.add(Finding::new(Code::MisplacedFunction, key.span, message).help(help));
                Some(unknown(span))
            }
            name if name == "Fn::Transform" || name.starts_with("Fn::ForEach") => {
                self.unsupported(key);
                Some(unknown(span))
            }
            name => {
                let near = self.meant(name.trim_start_matches("Fn::"), FUNCTIONS.iter().copied());
                let help = match near {
                    Some("Ref") => "did you mean `Ref`?".to_owned(),
                    Some(near) => format!("did you mean `Fn::{near}`?"),
                    None => "functions of macros are not supported".to_owned(),
                };
                let message = format!("there is no function `{name}`");
                self.add(Finding::new(Code::UnknownFunction, key.span, message).help(help));
                Some(unknown(span))
            }
        }
    }

    /// The arguments of a function that takes a list of them.
    fn arguments<'n, const N: usize>(
        &mut self,
        span: Span,
        given: &'n Rc<Node>,
        (name, takes, form): (&str, &str, &str),
    ) -> Option<&'n [Rc<Node>; N]> {
        let arguments = match &given.value {
            Value::List(items) => items.as_slice().try_into().ok(),
            Value::Scalar { .. } | Value::Map(_) => None,
        };
        if arguments.is_none() {
            self.wrong_arguments(span, name, takes, form);
        }
        arguments
    }

    /// Text that must be written out, because AWS takes no function there.
    fn literal<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if let Some((name, _)) = left(node) {
            let message = format!("{what} must be written out: `{name}` cannot stand here");
            self.add(Finding::new(Code::MisplacedFunction, node.span, message).help("write plain text"));
            return None;
        }
        let text =
            node.scalar().filter(|_| !node.is_null() || !matches!(node.value, Value::Scalar { plain: true, .. }));
        if text.is_none() {
            self.wrong_type(node.span, what, "text", &described(node), "write one text");
        }
        text
    }

    /// What a function gives for arguments that are known, as nodes at `span`.
    fn applied(&mut self, span: Span, function: Function, arguments: &serde_json::Value) -> Rc<Node> {
        match function.apply(arguments) {
            Ok(value) => {
                let node = kept::node(span, &value);
                self.made(node)
            }
            Err(error) => self.unfit(span, &error),
        }
    }
}
