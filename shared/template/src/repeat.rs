//! `Fn::ForEach`: what is repeated is written out, before sections are read ("Fn::ForEach").

use std::collections::BTreeSet;
use std::rc::Rc;

use source::{Code, Finding, Key, Node, Span, Value};

use crate::evaluate::{Evaluated, Evaluator, Place, is_unknown};
use crate::read::{ParameterKind, short};
use crate::scope::Scope;

/// The sections in which something may be repeated.
const SECTIONS: &[&str] = &["Conditions", "Outputs", "Resources"];
/// How a repetition begins; then comes its name.
const BEGIN: &str = "Fn::ForEach::";
/// The most that repetitions of one stack may write out, in nodes: as much as a text may say.
const MOST: usize = 200_000;
/// How many bytes of text count as one more node.
const BYTES: usize = 32;

/// The template `root` with everything that it repeats written out. `scope` is what can be known by then: parameters and mappings.
pub(crate) fn repeated(root: &Rc<Node>, scope: Scope<'_>, findings: &mut Vec<Finding>) -> Rc<Node> {
    let Some(entries) = root.entries() else { return Rc::clone(root) };
    let repeats = |(key, node): &(Key, Rc<Node>)| SECTIONS.contains(&key.name.as_str()) && has_loop(node);
    if !entries.iter().any(repeats) {
        return Rc::clone(root);
    }
    let may = scope.template.language_extensions;
    let mut repeater = Repeater { scope, bindings: Vec::new(), left: MOST, may, findings };
    let written = |entry: &(Key, Rc<Node>)| match repeats(entry) {
        true => (entry.0.clone(), repeater.within(&entry.1)),
        false => entry.clone(),
    };
    let entries = entries.iter().map(written).collect();

    Rc::new(Node::new(root.span, Value::Map(entries)))
}

fn has_loop(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { .. } => false,
        Value::List(items) => items.iter().any(|item| has_loop(item)),
        Value::Map(entries) => entries.iter().any(|(key, item)| key.name.starts_with(BEGIN) || has_loop(item)),
    }
}

struct Repeater<'s, 'f> {
    scope: Scope<'s>,

    /// What identifiers stand for, the outermost first.
    bindings: Vec<(String, String)>,
    /// How much may still be written out.
    left: usize,
    /// Whether the template may repeat.
    may: bool,
    findings: &'f mut Vec<Finding>,
}

impl Repeater<'_, '_> {
    fn add(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Finding::new(code, span, message).help(help));
    }

    /// `node` with its repetitions written out and what identifiers stand for in their places.
    fn within(&mut self, node: &Rc<Node>) -> Rc<Node> {
        if self.bindings.is_empty() && !has_loop(node) {
            return Rc::clone(node);
        }
        if !self.charge(1, node.span) {
            return Rc::clone(node);
        }
        let value = match &node.value {
            Value::Scalar { text, .. } => match self.bound(text, node.span) {
                Some(text) => Value::Scalar { text, plain: false },
                None => return Rc::clone(node),
            },
            Value::List(items) => Value::List(items.iter().map(|item| self.within(item)).collect()),
            Value::Map(entries) => {
                if let Some((key, given)) = node.only()
                    && key.name == "Ref"
                    && let Some(value) = given.scalar().and_then(|name| self.binding(name))
                {
                    return Node::text(node.span, value);
                }
                Value::Map(self.entries(entries))
            }
        };
        Rc::new(Node::new(node.span, value))
    }

    fn entries(&mut self, entries: &[(Key, Rc<Node>)]) -> Vec<(Key, Rc<Node>)> {
        let mut written = Vec::with_capacity(entries.len());
        for (key, item) in entries {
            if key.name.starts_with(BEGIN) {
                self.repeat(key, item, &mut written);
            } else {
                let name = self.bound(&key.name, key.span).unwrap_or_else(|| key.name.clone());
                let item = self.within(item);
                written.push((Key { span: key.span, name }, item));
            }
        }
        let mut names = BTreeSet::new();
        written.retain(|(key, _)| {
            let is_new = names.insert(key.name.clone());
            if !is_new {
                let message = format!("`{}` comes out twice", short(&key.name));
                self.add(Code::DuplicateKey, key.span, message, "let what is repeated make different names");
            }
            is_new
        });
        written
    }

    /// Adds to `written` what a repetition stands for.
    fn repeat(&mut self, key: &Key, given: &Rc<Node>, written: &mut Vec<(Key, Rc<Node>)>) {
        if !std::mem::replace(&mut self.may, true) {
            let help = "add `Transform: AWS::LanguageExtensions` at the top of the template";
            self.add(Code::MissingTransform, key.span, "`Fn::ForEach` needs the language extensions", help);
        }
        let arguments = match &given.value {
            Value::List(items) => items.as_slice(),
            Value::Scalar { .. } | Value::Map(_) => &[],
        };
        let parts = match arguments {
            [identifier, collection, body] => identifier.scalar().zip(Some(collection)).zip(body.entries()),
            _ => None,
        };
        let Some(((identifier, collection), body)) = parts else {
            let help = format!("write `{}: [Identifier, [a, b], {{ \"Name${{Identifier}}\": … }}]`", key.name);
            self.add(Code::WrongArguments, given.span, "`Fn::ForEach` takes an identifier, a list and a mapping", help);
            return;
        };
        let Some(items) = self.items(collection) else { return };
        for (output, _) in body.iter().filter(|(output, _)| !output.name.starts_with(BEGIN)) {
            let [one, other] = [format!("${{{identifier}}}"), format!("&{{{identifier}}}")];
            if !output.name.contains(&one) && !output.name.contains(&other) {
                let message = format!("`{}` is repeated and says nothing of `{identifier}`", short(&output.name));
                let help = format!("let its name have `{one}` in it, or `{other}` without what no name can have");
                self.add(Code::WrongArguments, output.span, message, help);
                return;
            }
        }
        let identifier = identifier.to_owned();
        for item in items {
            if !self.charge(1, key.span) {
                return;
            }
            self.bindings.push((identifier.clone(), item));
            written.extend(self.entries(body));
            self.bindings.pop();
        }
    }

    /// The texts that are repeated over; none where they are not known, which is told.
    fn items(&mut self, collection: &Rc<Node>) -> Option<Vec<String>> {
        let collection = self.within(collection);
        let mut evaluator = Evaluator::new(self.scope);
        let value = evaluator.value_in(Place::Condition, &collection);
        let Evaluated { findings, lookups } = evaluator.finish();
        let is_wrong = !findings.is_empty();
        self.findings.extend(findings);
        let value = value?;
        if let Value::List(items) = &value.value
            && let Some(texts) = items.iter().map(|item| item.scalar().map(str::to_owned)).collect()
        {
            return Some(texts);
        }
        if !is_unknown(&value) && !is_wrong {
            let help = "write `[a, b]`, or refer to a parameter that is a list";
            self.add(Code::WrongType, collection.span, "`Fn::ForEach` repeats over a list of texts", help);
            return None;
        }
        let parameter = collection.only().filter(|(key, _)| key.name == "Ref").and_then(|(_, name)| name.scalar());
        let kind = parameter.and_then(|name| self.scope.template.parameters.get(name)?.kind.as_ref());
        if !lookups.is_empty() || matches!(kind, Some(ParameterKind::Stored { .. })) {
            let message = "what is looked up in the account cannot be repeated over";
            self.add(Code::KnownTooLate, collection.span, message, "repeat over a list that is given as it is");
        }
        None
    }

    fn binding(&self, name: &str) -> Option<&str> {
        self.bindings.iter().rev().find(|(identifier, _)| identifier == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is room for `amount` more nodes; then there is less. That there is none is told once.
    fn charge(&mut self, amount: usize, span: Span) -> bool {
        if self.left > amount {
            self.left -= amount;
            return true;
        }
        if self.left > 0 {
            self.left = 0;
            let help = "repeat less, or split the template into several";
            self.add(Code::TooLarge, span, "this repeats more than anybody writes", help);
        }
        false
    }

    /// `text` with what identifiers stand for; none where it has none of them.
    fn bound(&mut self, text: &str, span: Span) -> Option<String> {
        let mut made: Option<String> = None;
        for (identifier, value) in self.bindings.clone().into_iter().rev() {
            let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            for (place, value) in [(format!("${{{identifier}}}"), &value), (format!("&{{{identifier}}}"), &letters)] {
                let before = made.as_deref().unwrap_or(text);
                let count = before.matches(&place).count();
                if count > 0 {
                    if !self.charge((before.len() + count * value.len()) / BYTES, span) {
                        return None;
                    }
                    made = Some(before.replace(&place, value));
                }
            }
        }
        made
    }
}
