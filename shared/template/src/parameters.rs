//! The values of a template's parameters: what the stack gives, or the default, held against what the template asks of it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::{Lookup, Snapshot};
use schema::registry::Pattern;
use source::{Code, Finding, Key, Node, Reader, Span, Value, closest, listed, secret};

use crate::context::Stack;
use crate::evaluate::{
    Charge, DEEPEST_LATE, call, gives_list, is_deeper, is_known, is_unknown, left, list, too_many_lookups,
};
use crate::read::{COMPARED, Format, LISTED, Parameter, ParameterKind, Template, meant, short};

/// The longest value, in bytes ("AWS CloudFormation quotas", parameters).
const LONGEST: usize = 4096;
/// What to do about a secret that stands where everybody can read it.
pub(crate) const STORE_IT: &str = "store it in Secrets Manager or as a secure SSM parameter, and write `{{resolve:secretsmanager:…}}` or `{{resolve:ssm-secure:…}}`";

/// The values of the parameters of `stack`, by name: texts, numbers, or lists of them. One that is wrong is a finding, one that is
/// to be looked up is added to `lookups`; neither is among the values.
pub(crate) fn values(
    (stack, given): (&Stack, &[(Key, Rc<Node>)]),
    template: &Template,
    snapshot: &Snapshot,
    (charge, lookups): (&Charge, &mut BTreeSet<Lookup>),
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, Rc<Node>> {
    let by_name: BTreeMap<&str, &(Key, Rc<Node>)> = given.iter().map(|entry| (entry.0.name.as_str(), entry)).collect();
    let mut values = Values {
        reader: Reader::new(findings),
        snapshot,
        charge,
        lookups,
        is_full: false,
        patterns: BTreeMap::new(),
        wrong_choices: 0,
        may_be_late: stack.within.is_some(),
    };
    let mut unknown = 0;
    for (key, _) in given {
        if !template.parameters.contains_key(&key.name) && !key.name.is_empty() {
            let message = format!("the template of `{}` has no parameter `{}`", stack.name, key.name);
            let names = template.parameters.keys().map(String::as_str);
            let help = meant(&key.name, names, "parameters in it", unknown);
            unknown += 1;
            values.reader.add(Finding::new(Code::UnknownParameter, key.span, message).help(help));
        }
    }
    let mut found = BTreeMap::new();
    for (name, parameter) in &template.parameters {
        if values.reader.is_full() {
            break;
        }
        let default = parameter.default.as_ref();
        let default = default.and_then(|node| values.value(parameter, node, &format!("the default of `{name}`")));
        let given = by_name.get(name.as_str()).filter(|(_, node)| !node.is_null());
        let value = match given {
            Some((_, node)) => values.value(parameter, node, &format!("`{name}`")),
            None if parameter.default.is_some() => default,
            None => {
                let message = format!("the stack `{}` does not say what its parameter `{name}` is", stack.name);
                let help = match stack.within {
                    Some(_) => format!("add `{name}: …` to its `Parameters`, or give the parameter a `Default`"),
                    None => format!("add `parameters: {{ {name}: … }}`"),
                };
                values.reader.add(Finding::new(Code::MissingParameter, stack.span, message).help(help));
                None
            }
        };
        let value = value.and_then(|value| values.used(parameter, value));
        found.extend(value.map(|value| (name.clone(), value)));
    }
    found
}

/// Where the values come from and what comes of looking at them.
struct Values<'v, 'f> {
    reader: Reader<'f>,
    snapshot: &'v Snapshot,
    charge: &'v Charge,
    lookups: &'v mut BTreeSet<Lookup>,
    /// Whether it was said that too much is looked up.
    is_full: bool,
    /// Patterns by their texts: templates repeat them.
    patterns: BTreeMap<String, Pattern>,
    /// How many values are not among those that are allowed.
    wrong_choices: usize,
    /// Whether values may be known only once resources exist.
    may_be_late: bool,
}

/// What a parameter allows, ready to be looked at for each item of a list.
struct Allowed<'p> {
    /// Whether its values are numbers.
    are_numbers: bool,
    /// The texts that it may have.
    texts: BTreeSet<&'p str>,
    /// The same as numbers, by their bits.
    numbers: BTreeSet<u64>,
}

impl<'p> Allowed<'p> {
    fn of(parameter: &'p Parameter) -> Self {
        let are_numbers = matches!(parameter.kind, Some(ParameterKind::Number | ParameterKind::Numbers));
        let texts: BTreeSet<&str> = parameter.allowed_values.iter().map(|value| value.value.as_str()).collect();
        let numbers = texts.iter().filter_map(|text| number(text.trim())).map(f64::to_bits);
        Self { are_numbers, numbers: numbers.filter(|_| are_numbers).collect(), texts }
    }

    fn has(&self, text: &str, number: Option<f64>) -> bool {
        let is_same = |number: f64| self.numbers.contains(&number.to_bits());
        self.texts.is_empty() || self.texts.contains(text) || number.is_some_and(is_same)
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

impl Values<'_, '_> {
    /// The value that `node` says, if it keeps everything that the parameter asks for.
    fn value(&mut self, parameter: &Parameter, node: &Rc<Node>, subject: &str) -> Option<Rc<Node>> {
        let kind = parameter.kind.as_ref()?;
        if self.may_be_late && !is_known(node) {
            return if is_unknown(node) { None } else { self.late(parameter, kind, node, subject) };
        }
        let texts = match kind {
            ParameterKind::Texts(_) | ParameterKind::Numbers => self.texts(node, subject)?,
            ParameterKind::Text(_) | ParameterKind::Number | ParameterKind::Stored { .. } => {
                let text = self.reader.written(node, subject)?;
                vec![(text.value, text.span)]
            }
        };
        if parameter.no_echo {
            return self.hidden(&texts, subject).then(|| Node::text(node.span, joined(&texts)));
        }
        let length: usize = texts.iter().map(|(text, _)| text.len() + 1).sum();
        if length > LONGEST + 1 {
            let message = format!("{subject} has {} bytes, and at most {LONGEST} fit into a parameter", length - 1);
            self.reader.add(Finding::new(Code::TooLarge, node.span, message).help("give a shorter value"));
            return None;
        }
        let allowed = Allowed::of(parameter);
        let mut is_right = true;
        for (text, span) in &texts {
            if let Some(what) = secret(text) {
                let message = format!("{subject} holds what looks like {what}");
                self.reader.add(Finding::new(Code::Secret, *span, message).help(STORE_IT));
                is_right = false;
            } else if !is_reference(text) {
                let wrong = self.wrong(parameter, &allowed, text, *span, subject);
                is_right &= wrong.is_none();
                wrong.into_iter().for_each(|finding| self.reader.add(finding));
            }
        }
        let node_of = |(text, span): (String, Span)| match kind {
            ParameterKind::Number | ParameterKind::Numbers if !is_reference(&text) => {
                Rc::new(Node::new(span, Value::Scalar { text, plain: true }))
            }
            _ => Node::text(span, text),
        };
        let mut nodes = texts.into_iter().map(node_of);
        let is_list = matches!(kind, ParameterKind::Texts(_) | ParameterKind::Numbers);
        let value = match is_list {
            true => Some(Rc::new(Node::new(node.span, Value::List(nodes.collect())))),
            false => nodes.next(),
        };
        value.filter(|_| is_right)
    }

    /// The value that `node` will be once resources exist, of which nothing can be checked before.
    fn late(
        &mut self,
        parameter: &Parameter,
        kind: &ParameterKind,
        node: &Rc<Node>,
        subject: &str,
    ) -> Option<Rc<Node>> {
        let is_list = matches!(kind, ParameterKind::Texts(_) | ParameterKind::Numbers);
        let items = match &node.value {
            Value::List(items) if is_list => Some(items),
            _ if left(node).is_some_and(|(name, _)| is_list || gives_list(name) != Some(true)) => None,
            _ => {
                let help = "write one text; several are joined with `Fn::Join`, and a comma between them";
                let message = format!("{subject} must be text, not something that is made of several");
                self.reader.add(Finding::new(Code::WrongType, node.span, message).help(help));
                return None;
            }
        };
        let late = |asks: &str, help: String| {
            let message = format!("{subject} is known only once resources exist, and {asks} before");
            Some(Finding::new(Code::KnownTooLate, node.span, message).help(help))
        };
        let finding = if matches!(kind, ParameterKind::Stored { .. }) {
            late(
                &format!("`{}` looks it up", parameter.type_name),
                "give the parameter the type of the value itself".to_owned(),
            )
        } else if let Some(constraint) = parameter.constraints().next().filter(|_| !parameter.no_echo) {
            let help = format!("take `{constraint}` off the parameter, or give it a value that is written out");
            late(&format!("`{constraint}` asks for its value"), help)
        } else if parameter.no_echo && !is_reference_to_secret(node) {
            let message = format!("{subject} is `NoEcho`, and part of its value stands here for everybody to read");
            Some(Finding::new(Code::Secret, node.span, message).help(STORE_IT))
        } else if is_deeper(node, DEEPEST_LATE) {
            let message = format!("{subject} is made of functions more than {DEEPEST_LATE} deep");
            let help = "hand on less from stack to stack: refer to what it is made of as `stack/LogicalId`";
            Some(Finding::new(Code::TooDeep, node.span, message).help(help))
        } else {
            None
        };
        if let Some(finding) = finding {
            self.reader.add(finding);
            return None;
        }
        let is_text = items.is_none() && left(node).is_none_or(|(name, _)| gives_list(name) != Some(true));
        Some(match is_list && is_text {
            true => call(node.span, "Fn::Split", list(node.span, vec![Node::text(node.span, ","), Rc::clone(node)])),
            false => Rc::clone(node),
        })
    }

    /// The texts of a list: between commas, or the items of a list.
    fn texts(&mut self, node: &Rc<Node>, subject: &str) -> Option<Vec<(String, Span)>> {
        match &node.value {
            Value::Scalar { .. } => {
                let text = self.reader.written(node, subject)?;
                Some(parts(&text.value).map(|part| (part, text.span)).collect())
            }
            Value::List(items) => {
                let texts = items.iter().map(|item| self.reader.written(item, subject));
                let texts: Vec<_> = texts.collect();
                texts.into_iter().map(|text| text.map(|text| (text.value, text.span))).collect()
            }
            Value::Map(_) => {
                self.reader.texts(node, subject);
                None
            }
        }
    }

    /// Whether the value of a `NoEcho` parameter is none that anybody could read here.
    fn hidden(&mut self, texts: &[(String, Span)], subject: &str) -> bool {
        let is_hidden = |text: &str| {
            let inner = |start| text.strip_prefix(start)?.strip_suffix("}}");
            let inner = inner("{{resolve:secretsmanager:").or_else(|| inner("{{resolve:ssm-secure:"));
            text.is_empty() || inner.is_some_and(|inner| !inner.is_empty() && !inner.contains("}}"))
        };
        let told = texts.iter().find(|(text, _)| !is_hidden(text));
        if let Some((_, span)) = told {
            let message = format!("{subject} is `NoEcho`, and its value stands here for everybody to read");
            self.reader.add(Finding::new(Code::Secret, *span, message).help(STORE_IT));
        }
        told.is_none()
    }

    /// What is wrong with one text of a value.
    fn wrong(
        &mut self,
        parameter: &Parameter,
        allowed: &Allowed<'_>,
        text: &str,
        span: Span,
        subject: &str,
    ) -> Option<Finding> {
        let finding = |code, why: &str, help: String| {
            let why = parameter.constraint.as_deref().unwrap_or(why);
            let separator = if why.is_empty() { "" } else { ": " };
            Finding::new(code, span, format!("{subject} cannot be `{}`{separator}{why}", short(text))).help(help)
        };
        let number = number(text);
        if allowed.are_numbers && number.is_none() {
            let message = format!("{subject} must be a number, not the text `{}`", short(text));
            return Some(Finding::new(Code::WrongType, span, message).help("write a number, e.g. `10`"));
        }
        let number = number.filter(|_| allowed.are_numbers);
        if !allowed.has(text, number) {
            let values = || parameter.allowed_values.iter().map(|value| value.value.as_str());
            self.wrong_choices += 1;
            let near = if self.wrong_choices < COMPARED { closest(text, values()) } else { None };
            let first: Vec<&str> = values().take(LISTED).collect();
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it may be {}", listed(&first, "or")),
            };
            return Some(finding(Code::WrongChoice, "", help));
        }
        if let Some(number) = number {
            let least = parameter.min_value.filter(|least| number < *least);
            let least = least.map(|least| ("it is less than the least", format!("write at least `{least}`")));
            let most = parameter.max_value.filter(|most| number > *most);
            let most = most.map(|most| ("it is more than the most", format!("write at most `{most}`")));
            return least.or(most).map(|(why, help)| finding(Code::OutOfRange, why, help));
        }
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        let least = parameter.min_length.filter(|least| length < *least);
        let least = least.map(|least| ("it is too short", format!("write at least {least} characters")));
        let most = parameter.max_length.filter(|most| length > *most);
        let most = most.map(|most| ("it is too long", format!("write at most {most} characters")));
        if let Some((why, help)) = least.or(most) {
            return Some(finding(Code::OutOfRange, why, help));
        }
        if let Some(pattern) = &parameter.allowed_pattern {
            let ready = self.patterns.entry(pattern.value.clone()).or_insert_with(|| whole(&pattern.value));
            match ready.matches(text) {
                Some(true) => {}
                Some(false) => {
                    let why = format!("it does not match `{}`", short(&pattern.value));
                    let help = format!("`AllowedPattern` is `{}`, which must match the whole value", pattern.value);
                    return Some(finding(Code::WrongPattern, &why, help));
                }
                None => {
                    let message =
                        format!("the pattern `{}` is none that values can be held against", short(&pattern.value));
                    let help = "write a regular expression without looking around and without references back";
                    return Some(Finding::new(Code::WrongPattern, pattern.span, message).help(help));
                }
            }
        }
        None
    }

    /// What functions see of a value: what an SSM parameter holds instead of its name, and of an AWS-specific type only what looks
    /// like one.
    fn used(&mut self, parameter: &Parameter, value: Rc<Node>) -> Option<Rc<Node>> {
        let name = &parameter.key.name;
        match parameter.kind.as_ref()? {
            ParameterKind::Number | ParameterKind::Numbers => Some(value),
            ParameterKind::Text(format) | ParameterKind::Texts(format) => {
                let items = match &value.value {
                    Value::List(items) => items.as_slice(),
                    Value::Scalar { .. } | Value::Map(_) => std::slice::from_ref(&value),
                };
                let strange = items.iter().find_map(|item| Some((item, expected(*format, item.scalar()?)?)));
                if let Some((item, expected)) = strange {
                    let message = format!("`{name}` cannot be `{}`", short(item.scalar().unwrap_or_default()));
                    let help = format!("it is of type `{}`: {expected}", parameter.type_name);
                    self.reader.add(Finding::new(Code::WrongPattern, item.span, message).help(help));
                    return None;
                }
                Some(value)
            }
            ParameterKind::Stored { list, .. } => self.stored(parameter, *list, &value),
        }
    }

    fn stored(&mut self, parameter: &Parameter, list: bool, value: &Node) -> Option<Rc<Node>> {
        let name = value.scalar()?;
        if let Some(expected) = expected(Format::ParameterName, name) {
            let message = format!("`{}` cannot be `{}`", parameter.key.name, short(name));
            let help =
                format!("it is of type `{}`, and so takes the name of a parameter: {expected}", parameter.type_name);
            self.reader.add(Finding::new(Code::WrongPattern, value.span, message).help(help));
            return None;
        }
        let lookup = Lookup::Parameter { name: name.to_owned(), version: None };
        let Some(found) = self.snapshot.0.get(&lookup) else {
            if self.charge.look_up(&lookup) {
                self.lookups.insert(lookup);
            } else if !std::mem::replace(&mut self.is_full, true) {
                self.reader.add(too_many_lookups(value.span));
            }
            return None;
        };
        let texts: Vec<String> = match found {
            serde_json::Value::Array(items) => {
                items.iter().filter_map(|item| item.as_str()).map(str::to_owned).collect()
            }
            serde_json::Value::String(text) if list => parts(text).collect(),
            serde_json::Value::String(text) => vec![text.clone()],
            other => vec![other.to_string()],
        };
        Some(match list {
            true => {
                let items = texts.into_iter().map(|text| Node::text(value.span, text));
                Rc::new(Node::new(value.span, Value::List(items.collect())))
            }
            false => Node::text(value.span, texts.join(",")),
        })
    }
}

/// The texts between commas, without the spaces around them; of the empty text none.
fn parts(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(',').map(|part| part.trim().to_owned());
    parts.filter(move |_| !text.trim().is_empty())
}

fn joined(texts: &[(String, Span)]) -> String {
    texts.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(",")
}

/// Whether what is left of functions only says where a secret is, and nothing of it.
fn is_reference_to_secret(node: &Node) -> bool {
    match left(node) {
        Some(("Ref" | "Fn::GetAtt", _)) => true,
        Some(("Fn::Join", given)) => {
            let Value::List(arguments) = &given.value else { return false };
            let parts = arguments.get(1).and_then(|parts| match &parts.value {
                Value::List(parts) => Some((parts.first()?.scalar()?, parts.last()?.scalar()?)),
                Value::Scalar { .. } | Value::Map(_) => None,
            });
            let is_begun = |text: &str| {
                ["{{resolve:secretsmanager:", "{{resolve:ssm-secure:"].iter().any(|one| text.starts_with(one))
            };
            parts.is_some_and(|(first, last)| is_begun(first) && !first.contains("}}") && last.ends_with("}}"))
        }
        _ => false,
    }
}

/// Whether a text refers to a value that is kept elsewhere, so that nothing can be said of the value.
fn is_reference(text: &str) -> bool {
    text.contains("{{resolve:")
}

/// A pattern that has to match a whole value.
fn whole(pattern: &str) -> Pattern {
    // What is looked for ahead of everything else is understood at the very beginning only.
    let begun = pattern.strip_prefix('^').unwrap_or(pattern);
    if begun.starts_with("(?!") || begun.starts_with("(?=") {
        let is_ended = pattern.ends_with('$') && !pattern.ends_with("\\$");
        return Pattern::new(&format!("^{begun}{}", if is_ended { "" } else { "$" }));
    }
    Pattern::new(&format!("^(?:{pattern})$"))
}

/// What a text of that format looks like, if this one does not.
fn expected(format: Format, text: &str) -> Option<String> {
    if is_reference(text) {
        return None;
    }
    match format {
        Format::Any => None,
        Format::Id(prefix) => {
            let digits = text.strip_prefix(prefix).unwrap_or_default();
            let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            (!is_id).then(|| format!("`{prefix}` and hexadecimal digits"))
        }
        Format::ParameterName => {
            let is_name = !text.is_empty()
                && text.len() <= 2048
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/:".contains(&byte));
            (!is_name).then(|| "letters, digits, `_`, `.`, `-` and `/`".to_owned())
        }
    }
}
