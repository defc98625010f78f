//! What is wrong, and how it is said.

use std::rc::Rc;

use model::Lookup;
use model::expression::{Misfit, Unfit};
use source::{Code, Files, Finding, Key, Node, Span, closest};

use super::Evaluator;
use super::kept::{too_many_lookups, unknown};

/// The most findings of one stack; a report has fewer.
const MOST: usize = 2_000;
/// With how much wrong names are not compared any more: a report tells less than that.
const COMPARED: usize = 400;

impl Evaluator<'_> {
    pub(super) fn add(&mut self, finding: Finding) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        }
    }

    /// The word that was probably meant, unless so much is wrong that comparing takes longer than anybody reads.
    pub(super) fn meant<'w>(&self, given: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
        if self.is_much_wrong() { None } else { closest(given, words) }
    }

    pub(super) fn is_much_wrong(&self) -> bool {
        self.findings.len() > COMPARED
    }

    pub(super) fn wrong_type(&mut self, span: Span, what: &str, expected: &str, found: &str, help: &str) {
        let message = format!("{what} must be {expected}, not {found}");
        self.add(Finding::new(Code::WrongType, span, message).help(help));
    }

    pub(super) fn wrong_arguments(&mut self, span: Span, name: &str, takes: &str, form: &str) -> Option<Rc<Node>> {
        let message = format!("`{name}` takes {takes}");
        self.add(Finding::new(Code::WrongArguments, span, message).help(format!("write `{form}`")));
        Some(unknown(span))
    }

    pub(super) fn unfit(&mut self, span: Span, error: &Unfit) -> Rc<Node> {
        let (code, help) = match error.misfit {
            Misfit::Kind => (Code::WrongType, "look at what its arguments come to"),
            Misfit::Range => (Code::OutOfRange, "look at what its arguments come to"),
            Misfit::Size => (Code::TooLarge, "split it into several values"),
        };
        self.add(Finding::new(code, span, error.to_string()).help(help));
        unknown(span)
    }

    /// `node` if there is still room for what functions give; told once for each stack.
    pub(super) fn made(&mut self, node: Rc<Node>) -> Rc<Node> {
        if self.scope.charge.take(&node) { node } else { self.spent(node.span) }
    }

    pub(super) fn spent(&mut self, span: Span) -> Rc<Node> {
        if !self.is_spent {
            self.is_spent = true;
            let message = "what functions give together grows too large here";
            self.add(Finding::new(Code::TooLarge, span, message).help("repeat less of long texts and lists"));
        }
        unknown(span)
    }

    /// Notes what must be looked up before the values can be relied on; that it is too much is told.
    pub(super) fn look_up(&mut self, span: Span, lookup: Lookup) {
        if self.scope.charge.look_up(&lookup) {
            self.lookups.insert(lookup);
        } else if !self.is_full {
            self.is_full = true;
            self.add(too_many_lookups(span));
        }
    }

    /// Whether the template may use a function that comes with the language extensions.
    pub(super) fn with_extensions(&mut self, key: &Key) -> bool {
        let may = self.scope.template.language_extensions;
        if !may {
            self.needs_extensions(key.span, &format!("`{}`", key.name));
        }
        may
    }

    pub(super) fn needs_extensions(&mut self, span: Span, what: &str) {
        let message = format!("{what} needs the language extensions");
        let help = "add `Transform: AWS::LanguageExtensions` at the top of the template";
        self.add(Finding::new(Code::MissingTransform, span, message).help(help));
    }
}

/// The place of a stretch of what stands at `span` and says `text`: in a block of lines, too. As a whole where it is written with
/// escapes.
pub(super) fn within(files: &Files, span: Span, text: &str, offset: usize, length: usize) -> Span {
    let raw = files.slice(span);
    let place = |at: usize| Span { file: span.file, offset: span.offset + at, length: length.max(1) };
    let quote = raw.find(text).filter(|quote| *quote <= 1);
    if let Some(quote) = quote {
        return place(quote + offset);
    }
    let (Some(stretch), Some(before)) = (text.get(offset..offset + length), text.get(..offset)) else { return span };
    if raw.matches(stretch).count() != text.matches(stretch).count() {
        return span;
    }
    raw.match_indices(stretch).nth(before.matches(stretch).count()).map_or(span, |(at, _)| place(at))
}
