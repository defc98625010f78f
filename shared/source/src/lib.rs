//! The texts that a user wrote, YAML or JSON: trees in which every key and value knows its place ([`tree`]), typed reading of
//! them ([`Reader`]), and what is wrong with them, as a person reads it ([`Report`]).
//!
//! Owns places, codes and how problems look. Must never know what a config or a template means: `config` and `template` do.

mod code;
mod files;
mod reader;
mod render;
mod report;
mod secret;
mod span;
mod tree;

pub use code::{Area, Code};
pub use files::{File, Files};
pub use reader::{Fields, Reader, closest, json, listed};
pub use report::{Finding, Problem, Report};
pub use secret::secret;
pub use span::{Span, Spanned};
pub use tree::{FUNCTIONS, Key, Node, Value, tree};
