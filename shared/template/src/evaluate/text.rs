//! `Fn::Join`, `Fn::Select`, `Fn::Split`, `Fn::Base64`, `Fn::Cidr`, `Fn::ToJsonString` and `Fn::Length`: computed where what they
//! are given is known, kept where it is not.

use std::rc::Rc;

use model::expression::{Function, MOST_RANGES};
use serde_json::json;
use source::{Code, Finding, Node, Span, Value};

use super::Evaluator;
use super::attributes::{self, Attribute};
use super::kept::{call, described, gives_list, is_known, is_unknown, left, list, unknown};

/// One part of a text that is put together.
pub(super) enum Part {
    Text(String),
    /// What is not known yet.
    Late(Rc<Node>),
}

/// What a value is where text is needed.
enum Given {
    Text(String),
    Late(Rc<Node>),
    Wrong,
}

impl Evaluator<'_> {
    /// What `value` is where text is needed; what is not text is told.
    fn text_or_late(&mut self, span: Span, value: Option<&Rc<Node>>, what: &str) -> Given {
        let Some(value) = value else {
            self.wrong_type(span, what, "text", "`AWS::NoValue`", "give it a value");
            return Given::Wrong;
        };
        match (left(value), value.scalar()) {
            (Some((name, _)), _) if gives_list(name) != Some(true) => Given::Late(Rc::clone(value)),
            (None, Some(text)) if !value.is_null() => Given::Text(text.to_owned()),
            _ => {
                let help = match (left(value), &value.value) {
                    (Some(_), _) | (_, Value::List(_)) => {
                        "take one item with `Fn::Select`, or join all with `Fn::Join`"
                    }
                    _ => "write one text",
                };
                self.wrong_type(span, what, "text", &described(value), help);
                Given::Wrong
            }
        }
    }

    pub(super) fn part(&mut self, span: Span, value: Option<&Rc<Node>>, what: &str) -> Part {
        match self.text_or_late(span, value, what) {
            Given::Text(text) => Part::Text(text),
            Given::Late(node) => Part::Late(node),
            Given::Wrong => Part::Late(unknown(span)),
        }
    }

    /// The parts with `separator` between them: plain text, or a `Fn::Join` in which no two texts are neighbours.
    pub(super) fn joined(&mut self, span: Span, separator: &str, parts: Vec<Part>) -> Rc<Node> {
        let mut merged: Vec<Part> = Vec::with_capacity(parts.len());
        let mut length = 0_usize;
        for part in parts.into_iter().flat_map(|part| flattened(part, separator)) {
            let more = match &part {
                Part::Text(text) => text.len().saturating_add(separator.len()),
                Part::Late(_) => separator.len(),
            };
            length = length.saturating_add(more);
            if length > model::expression::LONGEST.saturating_add(separator.len()) {
                let most = model::expression::LONGEST;
                let message = format!("this would give more than {most} bytes of text");
                self.add(Finding::new(Code::TooLarge, span, message).help("split it into several values"));
                return unknown(span);
            }
            match (merged.last_mut(), part) {
                (Some(Part::Text(before)), Part::Text(text)) => {
                    before.push_str(separator);
                    before.push_str(&text);
                }
                (_, part) => merged.push(part),
            }
        }
        if separator.is_empty() {
            merged.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        }
        let node = match merged.as_slice() {
            [] => Node::text(span, ""),
            [Part::Text(text)] => Node::text(span, text.as_str()),
            // Of what may be something else than text, a join alone makes text.
            [Part::Late(node)] if self.is_text(node) => Rc::clone(node),
            _ => {
                let part = |part: &Part| match part {
                    Part::Text(text) => Node::text(span, text.as_str()),
                    Part::Late(node) => Rc::clone(node),
                };
                let items = merged.iter().map(part).collect();
                call(span, "Fn::Join", list(span, vec![Node::text(span, separator), list(span, items)]))
            }
        };
        self.made(node)
    }

    /// Whether what is left of a function surely gives text.
    fn is_text(&self, node: &Node) -> bool {
        match left(node) {
            Some(("Fn::GetAtt", given)) => {
                let Value::List(parts) = &given.value else { return false };
                let [address, name] = parts.as_slice() else { return false };
                let (Some(address), Some(name)) = (address.scalar(), name.scalar()) else { return false };
                let kind = address.parse().ok().and_then(|address| self.kind(&address));
                kind.is_some_and(|kind| attributes::attribute(kind, "", name, node.span) == Ok(Attribute::Text))
            }
            Some((name, _)) => gives_list(name) == Some(false) && name != "Fn::Length",
            None => false,
        }
    }

    pub(super) fn join(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let takes = ("Fn::Join", "a separator and a list of texts", "Fn::Join: [separator, [text, text]]");
        let Some([separator, items]) = self.arguments::<2>(given.span, given, takes) else {
            return Some(unknown(span));
        };
        let separator = self.literal(separator, "the separator of `Fn::Join`");
        let what = "what `Fn::Join` joins";
        let Some(value) = self.items(items, what) else { return Some(unknown(span)) };
        let separator = separator?.to_owned();
        Some(match &value.value {
            Value::List(values) => {
                let parts: Vec<Part> = values.iter().map(|item| self.part(item.span, Some(item), what)).collect();
                self.joined(span, &separator, parts)
            }
            _ if is_unknown(&value) => unknown(span),
            _ => call(span, "Fn::Join", list(span, vec![Node::text(span, separator), value])),
        })
    }

    /// A list, or what is left of a function that may give one; none for anything else, which is told.
    fn items(&mut self, node: &Rc<Node>, what: &str) -> Option<Rc<Node>> {
        let Some(value) = self.evaluated(node) else {
            self.wrong_type(node.span, what, "a list", "`AWS::NoValue`", "give it a list");
            return None;
        };
        let may_be = match (left(&value), &value.value) {
            (Some((name, _)), _) => gives_list(name) != Some(false) || is_unknown(&value),
            (None, Value::List(_)) => true,
            (None, Value::Scalar { .. } | Value::Map(_)) => false,
        };
        if may_be {
            return Some(value);
        }
        let help = "write it between `[` and `]`, or make one of text with `Fn::Split`";
        self.wrong_type(node.span, what, "a list", &described(&value), help);
        None
    }

    pub(super) fn select(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let takes = ("Fn::Select", "an index and a list", "Fn::Select: [0, [a, b]]");
        let Some([index, items]) = self.arguments::<2>(given.span, given, takes) else { return Some(unknown(span)) };
        let index_span = index.span;
        let index = self.text(index, "the index of `Fn::Select`");
        let value = self.items(items, "what `Fn::Select` selects from");
        let (Some(index), Some(value)) = (index, value) else { return Some(unknown(span)) };
        if index.is_empty() || !index.bytes().all(|byte| byte.is_ascii_digit()) {
            let help = "the first item has the index 0";
            self.wrong_type(index_span, "the index of `Fn::Select`", "a whole number", "other text", help);
            return Some(unknown(span));
        }
        let Value::List(items) = &value.value else {
            if is_unknown(&value) {
                return Some(unknown(span));
            }
            return Some(call(span, "Fn::Select", list(span, vec![Node::text(index_span, index), value])));
        };
        match index.parse::<usize>().ok().and_then(|index| items.get(index)) {
            Some(item) if item.is_null() => {
                let message = format!("`Fn::Select` asks for item {index}, which is left empty");
                self.add(Finding::new(Code::OutOfRange, index_span, message).help("give the item a value"));
                Some(unknown(span))
            }
            Some(item) => Some(Rc::clone(item)),
            None => {
                let count = items.len();
                let message = format!("`Fn::Select` asks for item {index} of a list of {count}");
                let help = match count.checked_sub(1) {
                    Some(last) => format!("the index goes from 0 to {last}"),
                    None => "the list is empty".to_owned(),
                };
                self.add(Finding::new(Code::OutOfRange, index_span, message).help(help));
                Some(unknown(span))
            }
        }
    }

    pub(super) fn split(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let takes = ("Fn::Split", "a separator and a text", "Fn::Split: [separator, text]");
        let Some([separator, source]) = self.arguments::<2>(given.span, given, takes) else {
            return Some(unknown(span));
        };
        let separator_span = separator.span;
        let separator = self.literal(separator, "the separator of `Fn::Split`");
        let value = self.evaluated(source);
        let source = self.text_or_late(source.span, value.as_ref(), "what `Fn::Split` splits");
        let Some(separator) = separator else { return Some(unknown(span)) };
        if separator.is_empty() {
            let message = "`Fn::Split` takes a separator that is not empty";
            self.add(Finding::new(Code::OutOfRange, separator_span, message).help("say where the text is cut"));
            return Some(unknown(span));
        }
        Some(match source {
            Given::Text(text) => self.applied(span, Function::Split, &json!([separator, text])),
            Given::Late(node) if is_unknown(&node) || self.is_address(given.span, &node, "`Fn::Split`") => {
                unknown(span)
            }
            Given::Late(node) => call(span, "Fn::Split", list(span, vec![Node::text(span, separator), node])),
            Given::Wrong => unknown(span),
        })
    }

    pub(super) fn base64(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let value = self.evaluated(given);
        Some(match self.text_or_late(given.span, value.as_ref(), "what `Fn::Base64` encodes") {
            Given::Text(text) if self.is_stored(given.span, &text, "`Fn::Base64`") => unknown(span),
            Given::Text(text) => self.applied(span, Function::Base64, &json!(text)),
            Given::Late(node) if is_unknown(&node) || self.is_address(given.span, &node, "`Fn::Base64`") => {
                unknown(span)
            }
            Given::Late(node) => call(span, "Fn::Base64", node),
            Given::Wrong => unknown(span),
        })
    }

    /// Whether the address of a wait condition handle stands in what `function` is given, which is told: there is none before the
    /// call that hands it out.
    fn is_address(&mut self, span: Span, node: &Node, function: &str) -> bool {
        let Some(handle) = self.handle_in(node) else { return false };
        let message =
            format!("{function} is given the address of `{handle}`, which is made at the call that hands it out");
        let help = "hand the address over as it is, in a variable or a parameter, and let what runs read it there";
        self.add(Finding::new(Code::MisplacedReference, span, message).help(help));
        true
    }

    /// The first wait condition handle to whose address something refers.
    fn handle_in(&self, node: &Node) -> Option<model::ResourceAddress> {
        if let Some(("Ref", given)) = left(node) {
            let address = given.scalar()?.parse().ok()?;
            return self.kind(&address).is_some_and(|kind| kind.as_str() == crate::read::HANDLE).then_some(address);
        }
        match &node.value {
            Value::Scalar { .. } => None,
            Value::List(items) => items.iter().find_map(|item| self.handle_in(item)),
            Value::Map(entries) => entries.iter().find_map(|(_, item)| self.handle_in(item)),
        }
    }

    pub(super) fn cidr(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let takes = ("Fn::Cidr", "a range of addresses, a count and a number of bits", "Fn::Cidr: [10.0.0.0/16, 4, 8]");
        let Some([block, count, bits]) = self.arguments::<3>(given.span, given, takes) else {
            return Some(unknown(span));
        };
        let value = self.evaluated(block);
        let block = self.text_or_late(block.span, value.as_ref(), "the range of `Fn::Cidr`");
        let count = self.number(count, "the count of `Fn::Cidr`", 1, MOST_RANGES);
        let bits = self.number(bits, "the number of bits of `Fn::Cidr`", 0, 128);
        let (Some(count), Some(bits)) = (count, bits) else { return Some(unknown(span)) };
        if let (Given::Text(block), Given::Text(count), Given::Text(bits)) = (&block, &count, &bits) {
            return Some(self.applied(span, Function::Cidr, &json!([block, count, bits])));
        }
        let arguments: Option<Vec<Rc<Node>>> = [block, count, bits]
            .into_iter()
            .map(|argument| match argument {
                Given::Text(text) => Some(Node::text(span, text)),
                Given::Late(node) if is_unknown(&node) => None,
                Given::Late(node) => Some(node),
                Given::Wrong => None,
            })
            .collect();
        Some(arguments.map_or_else(|| unknown(span), |arguments| call(span, "Fn::Cidr", list(span, arguments))))
    }

    /// A whole number from `least` to `most`, or what will be one; none where it is something else, which is told.
    fn number(&mut self, node: &Rc<Node>, what: &str, least: u32, most: u32) -> Option<Given> {
        let value = self.evaluated(node);
        match self.text_or_late(node.span, value.as_ref(), what) {
            Given::Text(text) => {
                if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    let help = format!("it goes from {least} to {most}");
                    self.wrong_type(node.span, what, "a whole number", "other text", &help);
                    return None;
                }
                match text.parse::<u32>().ok().filter(|number| (least..=most).contains(number)) {
                    Some(number) => Some(Given::Text(number.to_string())),
                    None => {
                        let message = format!("{what} is out of range");
                        let help = format!("it goes from {least} to {most}");
                        self.add(Finding::new(Code::OutOfRange, node.span, message).help(help));
                        None
                    }
                }
            }
            Given::Late(node) => Some(Given::Late(node)),
            Given::Wrong => None,
        }
    }

    pub(super) fn json_text(&mut self, span: Span, given: &Rc<Node>) -> Rc<Node> {
        let Some(value) = self.evaluated(given) else { return unknown(span) };
        if is_unknown(&value) {
            return unknown(span);
        }
        let is_tree = left(&value).is_some_and(|(name, _)| gives_list(name) != Some(false))
            || left(&value).is_none() && value.scalar().is_none();
        if !is_tree {
            let help = "text needs no `Fn::ToJsonString`";
            self.wrong_type(
                given.span,
                "what `Fn::ToJsonString` is given",
                "a mapping or a list",
                &described(&value),
                help,
            );
            return unknown(span);
        }
        if is_known(&value) {
            return self.applied(span, Function::ToJsonString, &source::json(&value));
        }
        call(span, "Fn::ToJsonString", value)
    }

    pub(super) fn length(&mut self, span: Span, given: &Rc<Node>) -> Rc<Node> {
        let Some(value) = self.items(given, "what `Fn::Length` counts") else { return unknown(span) };
        match &value.value {
            Value::List(items) => super::kept::node(span, &json!(items.len())),
            _ if is_unknown(&value) => unknown(span),
            _ => call(span, "Fn::Length", value),
        }
    }
}

/// The parts of a join with the same separator within a join; others as they are.
fn flattened(part: Part, separator: &str) -> Vec<Part> {
    let Part::Late(node) = part else { return vec![part] };
    if let Some(("Fn::Join", given)) = left(&node)
        && let Value::List(arguments) = &given.value
        && let [inner, items] = arguments.as_slice()
        && inner.scalar() == Some(separator)
        && let Value::List(items) = &items.value
        && !items.is_empty()
    {
        let part = |item: &Rc<Node>| match item.scalar() {
            Some(text) => Part::Text(text.to_owned()),
            None => Part::Late(Rc::clone(item)),
        };
        return items.iter().map(part).collect();
    }
    vec![Part::Late(node)]
}
