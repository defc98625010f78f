//! References to values that are stored in AWS: `{{resolve:ssm:…}}` is looked up, `{{resolve:ssm-secure:…}}` and
//! `{{resolve:secretsmanager:…}}` stay as they are ("Get values stored in other services using dynamic references").

use std::rc::Rc;

use model::Lookup;
use source::{Code, Finding, Key, Node, Span, Value};

use super::kept::{call, left, list, unknown};
use super::{Evaluator, Place};

const BEGIN: &str = "{{resolve:";
const END: &str = "}}";
/// What stands for a part that is not known yet, where a text is looked at as a whole. No text that AWS takes has it.
const LATE: char = '\u{0}';

/// What a reference asks for.
#[derive(Debug, PartialEq, Eq)]
enum Stored {
    /// An SSM parameter that is no secret.
    Plain(Lookup),
    /// A secret.
    Secret,
}

impl Evaluator<'_> {
    /// `node` with plain stored values in it. Those that are not looked up yet make what they are part of unknown.
    pub(super) fn with_stored_values(&mut self, node: &Rc<Node>) -> Rc<Node> {
        match &node.value {
            Value::Scalar { text, .. } if text.contains(BEGIN) => self.resolved(node.span, text),
            Value::Scalar { .. } => Rc::clone(node),
            Value::List(items) => {
                let values: Vec<Rc<Node>> = items.iter().map(|item| self.with_stored_values(item)).collect();
                let is_same = values.iter().zip(items).all(|(a, b)| Rc::ptr_eq(a, b));
                if is_same { Rc::clone(node) } else { list(node.span, values) }
            }
            Value::Map(entries) => {
                if let Some(("Fn::Join", given)) = left(node)
                    && let Some(joined) = self.join_with_stored_values(node, given)
                {
                    return joined;
                }
                let values: Vec<(Key, Rc<Node>)> =
                    entries.iter().map(|(key, item)| (key.clone(), self.with_stored_values(item))).collect();
                let is_same = values.iter().zip(entries).all(|((_, a), (_, b))| Rc::ptr_eq(a, b));
                if is_same { Rc::clone(node) } else { Rc::new(Node::new(node.span, Value::Map(values))) }
            }
        }
    }

    /// Whether `text` refers to a stored value where nothing looks for one, which is told.
    pub(super) fn is_stored(&mut self, span: Span, text: &str, place: &str) -> bool {
        let is_stored = text.contains(BEGIN);
        if is_stored {
            let message = format!("a stored value cannot stand in {place}: AWS does not look for one there");
            let help = "let what runs read the value itself";
            self.add(Finding::new(Code::MisplacedReference, span, message).help(help));
        }
        is_stored
    }

    /// A text with its references replaced as far as they may be.
    fn resolved(&mut self, span: Span, text: &str) -> Rc<Node> {
        if self.place == Place::Condition {
            self.is_stored(span, text, "a condition");
            return unknown(span);
        }
        let mut rest = text;
        let mut made = String::new();
        let mut is_late = false;
        while let Some((before, after)) = rest.split_once(BEGIN) {
            made.push_str(before);
            let Some((inner, after)) = after.split_once(END) else {
                self.wrong(span, "has no end", &format!("end it with `{END}`"));
                return unknown(span);
            };
            match self.stored(span, inner) {
                None => return unknown(span),
                Some(Stored::Secret) => {
                    made.push_str(BEGIN);
                    made.push_str(inner);
                    made.push_str(END);
                }
                Some(Stored::Plain(lookup)) => match self.scope.context.snapshot.0.get(&lookup) {
                    Some(value) => made.push_str(value.as_str().unwrap_or_default()),
                    None => {
                        self.look_up(span, lookup);
                        is_late = true;
                    }
                },
            }
            rest = after;
        }
        made.push_str(rest);
        if is_late {
            return unknown(span);
        }
        let node = Node::text(span, made);
        self.made(node)
    }

    /// A join that is left, if any reference stands in it.
    fn join_with_stored_values(&mut self, node: &Rc<Node>, given: &Rc<Node>) -> Option<Rc<Node>> {
        let Value::List(arguments) = &given.value else { return None };
        let [separator, items] = arguments.as_slice() else { return None };
        let Value::List(parts) = &items.value else { return None };
        let separator_text = separator.scalar()?;
        if !parts.iter().any(|part| part.scalar().is_some_and(|text| text.contains(BEGIN))) {
            return None;
        }
        // A reference may be put together of parts that are not known yet: a secret's, not a plain one.
        let whole: Vec<String> =
            parts.iter().map(|part| part.scalar().map_or_else(|| LATE.to_string(), str::to_owned)).collect();
        let whole = whole.join(separator_text);
        let spans_parts =
            whole.split(BEGIN).skip(1).any(|after| after.split(END).next().is_some_and(|inner| inner.contains(LATE)));
        if spans_parts {
            for after in whole.split(BEGIN).skip(1) {
                match after.split_once(END) {
                    None => {
                        self.wrong(node.span, "has no end", &format!("end it with `{END}`"));
                        return Some(unknown(node.span));
                    }
                    Some((inner, _)) if self.stored(node.span, inner).is_none() => return Some(unknown(node.span)),
                    Some(_) => {}
                }
            }
            return Some(Rc::clone(node));
        }
        let values: Vec<Rc<Node>> = parts.iter().map(|part| self.with_stored_values(part)).collect();
        let parts = list(items.span, values);
        Some(call(node.span, "Fn::Join", list(given.span, vec![Rc::clone(separator), parts])))
    }

    fn wrong(&mut self, span: Span, problem: &str, help: &str) {
        let message = format!("a reference to a stored value {problem}");
        self.add(Finding::new(Code::WrongReference, span, message).help(help));
    }

    /// What the text between `{{resolve:` and `}}` asks for; none where it is wrong or cannot stand here, which is told.
    fn stored(&mut self, span: Span, inner: &str) -> Option<Stored> {
        const SERVICES: [&str; 3] = ["ssm", "ssm-secure", "secretsmanager"];
        let (service, key) = inner.split_once(':').unwrap_or((inner, ""));
        match service {
            "ssm" if key.contains(LATE) => {
                let message = "which SSM parameter this is is known only once resources exist, and is needed before";
                let help = "name it with text, parameters and mappings";
                self.add(Finding::new(Code::KnownTooLate, span, message).help(help));
                None
            }
            "ssm" => {
                let (name, version) = self.parameter(span, key, "{{resolve:ssm:name:version}}")?;
                Some(Stored::Plain(Lookup::Parameter { name, version }))
            }
            "ssm-secure" | "secretsmanager" => {
                match self.place {
                    Place::Property => {}
                    Place::Output => {
                        self.no_secret(span, "an output", "outputs are kept and shown in the history");
                        return None;
                    }
                    Place::Name | Place::Condition => {
                        self.no_secret(
                            span,
                            "what must be known before anything exists",
                            "it is read only when a property is sent",
                        );
                        return None;
                    }
                }
                let is_right = match service {
                    "ssm-secure" => self.parameter(span, key, "{{resolve:ssm-secure:name:version}}").is_some(),
                    _ => self.secret(span, key),
                };
                is_right.then_some(Stored::Secret)
            }
            other => {
                let help = match self.meant(other, SERVICES) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it may be {}", source::listed(&SERVICES, "or")),
                };
                self.wrong(span, "names a service that stores none", &help);
                None
            }
        }
    }

    fn no_secret(&mut self, span: Span, place: &str, why: &str) {
        let message = format!("a secret cannot stand in {place}: {why}");
        self.add(Finding::new(Code::MisplacedReference, span, message).help("refer to it in a property"));
    }

    /// Name and version of an SSM parameter.
    fn parameter(&mut self, span: Span, key: &str, form: &str) -> Option<(String, Option<u64>)> {
        let (name, version) = match key.split_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (key, None),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | LATE);
        let number = version.map(|version| version.parse::<u64>().ok().filter(|number| *number > 0));
        let is_late = version.is_some_and(|version| version.contains(LATE));
        if name.is_empty() || !name.chars().all(fits) || (number == Some(None) && !is_late) {
            self.wrong(span, "does not name an SSM parameter", &format!("write `{form}`; the version may be left out"));
            return None;
        }
        Some((name.to_owned(), number.flatten()))
    }

    /// Whether the key of a secret has the parts that it may have.
    fn secret(&mut self, span: Span, key: &str) -> bool {
        let parts: Vec<&str> = key.split(':').collect();
        // An ARN is the first seven of the parts; one that is put together later has as many as it will have.
        let rest = match parts.as_slice() {
            ["arn", _, "secretsmanager", _, _, "secret", id, rest @ ..] if !id.is_empty() => rest,
            ["arn", ..] => &["", "", "", "", ""],
            [id, rest @ ..] if !id.is_empty() => rest,
            _ => &["", "", "", "", ""],
        };
        let is_right = match rest {
            [] => true,
            [what, more @ ..] => {
                let is_text = matches!(*what, "SecretString" | "") || what.contains(LATE);
                let both = matches!(more, [_, stage, version] if !stage.is_empty() && !version.is_empty());
                is_text && more.len() <= 3 && !both
            }
        };
        if !is_right {
            let help = "write `{{resolve:secretsmanager:id:SecretString:json-key:stage:version}}`, with a stage or a version but not both";
            self.wrong(span, "does not name a secret", help);
        }
        is_right
    }
}
