//! Which attributes a type of resource has.

use model::ResourceType;
use source::{Finding, Span};

/// What is wrong with asking a resource of `kind` for the attribute `name`, where its type is known.
pub(super) fn problem(kind: &ResourceType, id: &str, name: &str, span: Span) -> Option<Finding> {
    let _ = (kind, id, name, span);
    None
}
