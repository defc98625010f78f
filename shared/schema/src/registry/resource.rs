//! One resource type.

use std::fmt;

use super::{
    pattern::Pattern,
    place::Place,
    shape::{Shape, ShapeId},
    violation::Step,
};

/// What AWS publishes of one resource type. Paths are those of the schema's lists.
#[derive(Debug)]
pub struct Resource {
    /// The type's name.
    pub name: &'static str,
    /// What cannot be changed in place.
    pub create_only: Vec<Path>,
    /// What can be changed in place only in some cases, which the schema does not tell.
    pub conditional_create_only: Vec<Path>,
    /// What AWS sets, and nobody can ask for.
    pub read_only: Vec<Path>,
    /// What can be asked for and is never shown again.
    pub write_only: Vec<Path>,
    /// What identifies a resource: to Cloud Control these values in this order, joined by `|`.
    pub primary_identifier: Vec<Path>,
    /// What else does.
    pub additional_identifiers: Vec<Vec<Path>>,
    /// Whether the old resource has to be gone before the new one can be made when it is replaced.
    pub deleted_first: bool,
    /// How it is tagged.
    pub tagging: Tagging,
    /// What its handlers may have to do.
    pub permissions: Handlers,
    pub(super) shapes: Vec<Shape>,
    pub(super) patterns: Vec<Pattern>,
}

/// How resources of a type are tagged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagging {
    /// Whether they can be.
    pub taggable: bool,
    /// Whether tags can be given when a resource is made.
    pub on_create: bool,
    /// Whether tags can be changed later without replacing it.
    pub updatable: bool,
    /// Where its tags stand, if they stand in a property.
    pub property: Option<Path>,
    /// In which form; none where there is no property, or one of another form.
    pub form: Option<TagForm>,
    /// What tagging needs to be allowed, as IAM actions.
    pub permissions: Vec<Box<str>>,
}

/// The form of a property that holds tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagForm {
    /// A list of mappings with `Key` and `Value`.
    List,
    /// A mapping from keys to values.
    Map,
}

/// The IAM actions that CloudFormation's handlers of a type may call. They are those of the handlers: calls that are made
/// directly may need fewer, or others. Empty where the type has no such handler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handlers {
    /// To make one.
    pub create: Vec<Box<str>>,
    /// To look at one.
    pub read: Vec<Box<str>>,
    /// To change one in place.
    pub update: Vec<Box<str>>,
    /// To delete one.
    pub delete: Vec<Box<str>>,
    /// To find all of them.
    pub list: Vec<Box<str>>,
}

/// A place in the properties of a type, written `Rules.*.Name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<Segment>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// Into a property.
    Property(Box<str>),
    /// Into each item of a list, or each value of a mapping.
    Each,
}

impl Path {
    /// The top-level property that the path starts with.
    pub fn head(&self) -> &str {
        match self.0.first() {
            Some(Segment::Property(name)) => name,
            Some(Segment::Each) | None => "",
        }
    }

    /// The top-level property that the path is; none where it leads further in.
    pub fn top(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Segment::Property(name)] => Some(name),
            _ => None,
        }
    }

    /// Whether `place` is this path's, or lies within it.
    pub fn covers(&self, place: &[Step]) -> bool {
        self.0.len() <= place.len()
            && self.0.iter().zip(place).all(|(segment, step)| match (segment, step) {
                (Segment::Property(wanted), Step::Property(name)) => **wanted == **name,
                (Segment::Each, _) => true,
                (Segment::Property(_), Step::Item(_)) => false,
            })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            match segment {
                Segment::Property(name) => write!(f, "{dot}{name}")?,
                Segment::Each => write!(f, "{dot}*")?,
            }
        }
        Ok(())
    }
}

impl Resource {
    /// The place of all properties: where a walk through them starts.
    pub fn root(&self) -> Place<'_> {
        Place::new(self, ShapeId::ROOT)
    }

    /// A place in the properties; none where the type knows of nothing there.
    pub fn shape_at(&self, path: &[Step]) -> Option<Place<'_>> {
        path.iter().try_fold(self.root(), |place, step| match step {
            Step::Property(name) => place.property(name),
            Step::Item(at) => place.item(*at),
        })
    }

    /// What a shape's id stands for.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        static ANY: Shape = Shape::ANY;
        self.shapes.get(id.index()).unwrap_or(&ANY)
    }

    /// The patterns that texts of this type are held against, and whether they are: what looks around itself otherwise than
    /// at its beginning is not.
    pub fn patterns(&self) -> impl Iterator<Item = (&str, bool)> {
        self.patterns.iter().map(|pattern| (pattern.text(), pattern.works()))
    }
}
