//! The texts of one project.

use std::sync::Arc;

use crate::code::Area;
use crate::span::Span;

/// A text with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What people call it: its path from the folder that `strands.yaml` is in.
    pub name: Arc<str>,
    /// What kind of text it is.
    pub area: Area,
    /// The text.
    pub text: Arc<str>,
}

/// The texts that were read together. The first is the config; spans name each by its place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files(Vec<File>);

impl Files {
    /// A config alone.
    pub fn config(name: &str, text: &str) -> Self {
        let mut files = Self::default();
        files.add(name, Area::Config, text);
        files
    }

    /// Adds a text; gives what spans call it. Of more texts than a span can tell apart, the last share a name.
    pub fn add(&mut self, name: &str, area: Area, text: &str) -> u16 {
        self.0.push(File { name: name.into(), area, text: text.into() });
        u16::try_from(self.0.len() - 1).unwrap_or(u16::MAX)
    }

    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The text that a span is of.
    pub fn of(&self, span: Span) -> Option<&File> {
        self.0.get(usize::from(span.file))
    }

    /// What `span` covers.
    pub fn slice(&self, span: Span) -> &str {
        let text = self.of(span).map_or("", |file| &file.text);
        text.get(span.offset..span.offset.saturating_add(span.length)).unwrap_or_default()
    }
}
