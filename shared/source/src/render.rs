//! A report as people read it in a terminal or a log: the text underlined, and what to do.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, ThemeCharacters,
    ThemeStyles,
};

use crate::code::Code;
use crate::report::{Problem, Report};
use crate::span::Span;

impl Report {
    /// The whole report as text: each problem with the lines that it is about, the place underlined, its code and its help;
    /// `width` in columns.
    pub fn render(&self, colour: bool, width: usize) -> String {
        let styles = if colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
        let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
        let mut shown: Option<(u16, NamedSource<String>)> = None;
        let mut text = String::new();
        for problem in self.problems() {
            let file = problem.span.file;
            if shown.as_ref().is_none_or(|(last, _)| *last != file) {
                shown = Some((file, NamedSource::new(&problem.file, self.masked(problem.span))));
            }
            let Some((_, source)) = &shown else { continue };
            // Writing to a string cannot fail.
            let _ = handler.render_report(&mut text, &Shown { problem, source });
            text.push('\n');
        }
        text
    }

    /// The text that `of` is in, without the secrets that were found in it: a report is kept and shown.
    fn masked(&self, of: Span) -> String {
        let mut bytes = self.files().of(of).map_or("", |file| &file.text).as_bytes().to_vec();
        let is_secret = |problem: &&Problem| problem.code == Code::Secret && problem.span.file == of.file;
        for Problem { span, .. } in self.problems().iter().filter(is_secret) {
            let end = span.offset.saturating_add(span.length).min(bytes.len());
            for byte in bytes.get_mut(span.offset.min(end)..end).into_iter().flatten().filter(|byte| **byte != b'\n') {
                *byte = b'*';
            }
        }
        // Spans begin and end between characters, so that what is left is text.
        String::from_utf8(bytes).unwrap_or_default()
    }
}

struct Shown<'a> {
    problem: &'a Problem,
    source: &'a NamedSource<String>,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.problem, f)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(self.problem.full_code()))
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.problem.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.problem.span;
        Some(Box::new(std::iter::once(LabeledSpan::new(Some("here".to_owned()), span.offset, span.length))))
    }
}
