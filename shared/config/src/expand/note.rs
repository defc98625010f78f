//! What is worth knowing of a config that is right.

use source::{Code, Span};

/// Something that could be better. It stops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What kind of thing it is.
    pub code: Code,
    /// The place that it is about.
    pub span: Span,
    /// What could be better, with what it would save where that is known.
    pub message: String,
    /// What to do.
    pub help: String,
}
