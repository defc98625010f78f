//! `Fn::Sub`.

use std::rc::Rc;

use source::{Code, Finding, Key, Node, Span, Value};

use super::kept::{described, unknown};
use super::text::Part;
use super::{Evaluator, within};

/// A piece of the text that `Fn::Sub` is given.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// What stands between `${` and `}`, and where it begins.
    Name(usize, &'t str),
}

impl Evaluator<'_> {
    pub(super) fn substituted(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let takes = ("Fn::Sub", "a text, or a text and a mapping", "Fn::Sub: ['…${Name}…', {Name: value}]");
        let no_entries: &[(Key, Rc<Node>)] = &[];
        let (text_node, entries) = match &given.value {
            Value::List(_) => {
                let Some([text, map]) = self.arguments::<2>(given.span, given, takes) else {
                    return Some(unknown(span));
                };
                match (super::left(map), map.entries()) {
                    (None, Some(entries)) => (text, entries),
                    _ => {
                        let help = "write `{Name: value}`";
                        self.wrong_type(
                            map.span,
                            "what `Fn::Sub` replaces names by",
                            "a mapping",
                            &described(map),
                            help,
                        );
                        return Some(unknown(span));
                    }
                }
            }
            Value::Scalar { .. } | Value::Map(_) => (given, no_entries),
        };
        let Some(text) = self.literal(text_node, "the text of `Fn::Sub`") else { return Some(unknown(span)) };
        let values: Vec<(&str, Span, Option<Rc<Node>>)> =
            entries.iter().map(|(key, item)| (key.name.as_str(), item.span, self.evaluated(item))).collect();
        let mut parts = Vec::new();
        for piece in pieces(text) {
            let (offset, name) = match piece {
                Piece::Text(text) => {
                    parts.push(Part::Text(text.to_owned()));
                    continue;
                }
                Piece::Name(offset, name) => (offset, name),
            };
            let what = format!("`${{{name}}}`");
            let part = match values.iter().find(|(key, ..)| *key == name) {
                Some((_, item_span, value)) => self.part(*item_span, value.as_ref(), &what),
                None => {
                    // Of `${}`, there is nothing else to show.
                    let (offset, length) = if name.is_empty() { (offset - 2, 3) } else { (offset, name.len()) };
                    let name_span = within(self.scope.context.files, text_node.span, text, offset, length);
                    self.variable(span, name_span, name, &what)
                }
            };
            parts.push(part);
        }
        Some(self.joined(span, "", parts))
    }

    fn variable(&mut self, span: Span, name_span: Span, name: &str, what: &str) -> Part {
        if let Some(problem) = wrong_name(name) {
            let help = "a name has letters, digits, `_`, `.` and `:`; text that looks like one is written `${!Text}`";
            self.add(Finding::new(Code::WrongName, name_span, format!("{what} {problem}")).help(help));
            return Part::Late(unknown(span));
        }
        let value = match name.split_once('.') {
            Some((id, attribute)) => Some(self.attribute_of(span, (name_span, name_span), id, attribute)),
            None => self.named(span, name_span, name),
        };
        self.part(name_span, value.as_ref(), what)
    }
}

/// What is wrong with a name between `${` and `}`.
fn wrong_name(name: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '-');
    if name.is_empty() {
        Some("names nothing")
    } else if !name.chars().all(fits) {
        Some("has a character that no name has")
    } else if name.split('.').any(str::is_empty) {
        Some("has nothing on one side of a `.`")
    } else {
        None
    }
}

/// The text cut at its `${…}`; `${!Text}` is the text `${Text}`, and a `${` without its end is text.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((before, name)) = text.get(at..).and_then(|rest| {
        let start = rest.find("${")?;
        let end = rest.get(start..)?.find('}')?;
        Some((rest.get(..start)?, rest.get(start + 2..start + end)?))
    }) {
        let name_at = at + before.len() + 2;
        found.push(Piece::Text(before));
        match name.strip_prefix('!') {
            Some(literal) => found.extend([Piece::Text("${"), Piece::Text(literal), Piece::Text("}")]),
            None => found.push(Piece::Name(name_at, name)),
        }
        at = name_at + name.len() + 1;
    }
    found.push(Piece::Text(text.get(at..).unwrap_or_default()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_names() {
        use Piece::{Name, Text};
        assert_eq!(pieces("a${B}c"), [Text("a"), Name(3, "B"), Text("c")]);
        assert_eq!(pieces("${B}${C.D}"), [Text(""), Name(2, "B"), Text(""), Name(6, "C.D"), Text("")]);
        assert_eq!(
            pieces("${!B}$${C}${"),
            [Text(""), Text("${"), Text("B"), Text("}"), Text("$"), Name(8, "C"), Text("${")]
        );
        assert_eq!(pieces("}{$"), [Text("}{$")]);
        assert_eq!(pieces("${é}"), [Text(""), Name(2, "é"), Text("")]);
    }
}
