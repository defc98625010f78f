//! Every resource type of CloudFormation, as AWS publishes it: its properties and what may stand in them, which of them
//! cannot be changed in place, which AWS sets itself, what identifies a resource, how it is tagged, and what its handlers
//! may have to do.
//!
//! Owns reading that knowledge and holding properties against it. What is known beyond it (names, what is stateful, what
//! waits for what) is in this crate's other tables. Never reads what no type asked for needs: a type is decoded when it is
//! first looked up, and kept.

mod bundle;
mod decode;
mod pattern;
mod place;
mod resource;
mod shape;
mod validate;
mod violation;

use std::sync::Arc;

pub use pattern::Pattern;
pub use place::Place;
pub use resource::{Handlers, Path, Resource, Segment, TagForm, Tagging};
pub use shape::{Additional, Bounds, Dependency, ObjectRule, Rule, Shape, ShapeId, Type, Types};
pub use validate::validate;
pub use violation::{Step, Violation, ViolationKind};

/// What is known of a type, by its name (`AWS::S3::Bucket`); none where AWS publishes no such type.
///
/// The first lookup of a type decodes it, which takes up to a few milliseconds; every later one is a binary search.
pub fn resource(kind: &str) -> Option<Arc<Resource>> {
    bundle::index().resource(kind)
}

/// The names of all types, in order. Decodes nothing.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    bundle::index().names()
}

/// The regions in which AWS publishes a type; none of them where it is not known. Decodes nothing.
pub fn regions(kind: &str) -> impl Iterator<Item = &'static str> {
    bundle::index().regions(kind)
}

/// Where the schemas come from: the package, its digest, their day and their licence.
pub fn source() -> &'static str {
    bundle::index().source()
}
