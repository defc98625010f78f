//! What may stand at a place in the properties of a type: JSON Schema, as far as AWS's schemas use it.

use std::fmt;

use serde_json::Value;

/// What may stand at a place. A value has to be of one of the types and keep every rule.
#[derive(Debug, Default)]
pub struct Shape {
    /// Of which types it may be.
    pub types: Types,
    /// What else must hold.
    pub rules: Vec<Rule>,
    /// Whether the order of a list's items means something; none where the schema does not say, which is to say that it does.
    pub ordered: Option<bool>,
    /// What it is where nothing is given.
    pub default: Option<Box<Value>>,
}

impl Shape {
    /// Anything at all.
    pub(super) const ANY: Self = Self { types: Types(0), rules: Vec::new(), ordered: None, default: None };
}

/// A shape of one resource type, which [`Resource::shape`](super::Resource::shape) looks up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShapeId(pub(super) u32);

impl ShapeId {
    /// That of all properties.
    pub const ROOT: Self = Self(0);

    pub(super) fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// What must hold of a value. A rule of texts says nothing of lists, and so on.
#[derive(Debug)]
pub enum Rule {
    /// Everything that this shape asks for.
    Reference(ShapeId),
    /// Which properties a mapping has.
    Object(Box<ObjectRule>),
    /// These properties have to be given.
    Required(Box<[Box<str>]>),
    /// Exactly one of these properties has to be given.
    RequiredOne(Box<[Box<str>]>),
    /// At least one of these properties has to be given.
    RequiredAny(Box<[Box<str>]>),
    /// Where a property is given, so must be others.
    DependentRequired(Box<[Dependency]>),
    /// Where a property is given, others cannot be.
    DependentExcluded(Box<[Dependency]>),
    /// Where a property is given, the whole mapping has to be of a shape.
    Dependent(Box<[(Box<str>, ShapeId)]>),
    /// How many properties a mapping has.
    Properties(Bounds<usize>),
    /// Of which shape the first items of a list are, and the others.
    Items {
        /// The first ones.
        first: Box<[ShapeId]>,
        /// The others; none where they may be anything.
        others: Option<ShapeId>,
    },
    /// How many items a list has.
    Count(Bounds<usize>),
    /// No two items of a list are the same.
    Unique,
    /// No two items of a list have the same values in these properties.
    UniqueBy(Box<[Box<str>]>),
    /// One of these values.
    Enum {
        /// Which.
        values: Box<[Value]>,
        /// Whether upper and lower case are the same.
        any_case: bool,
    },
    /// A text has to match a pattern, by its number among the type's.
    Pattern(u32),
    /// How many characters a text has.
    Length(Bounds<usize>),
    /// How large a number is.
    Range {
        /// The bounds.
        bounds: Bounds<f64>,
        /// Whether the greatest is itself too large.
        exclusive: bool,
    },
    /// A number has to be a multiple of this.
    MultipleOf(f64),
    /// What kind of text it is, as the schema calls it (`date-time`, `AWS::IAM::Role.Arn`). Not checked.
    Format(Box<str>),
    /// All of these shapes.
    AllOf(Box<[ShapeId]>),
    /// At least one of these shapes.
    AnyOf(Box<[ShapeId]>),
    /// Exactly one of these shapes.
    OneOf(Box<[ShapeId]>),
    /// Not this shape.
    Not(ShapeId),
    /// If one shape, then another; if not, a third.
    If {
        /// The condition.
        condition: ShapeId,
        /// Where it holds.
        then: Option<ShapeId>,
        /// Where it does not.
        otherwise: Option<ShapeId>,
    },
}

/// Which properties a mapping has.
#[derive(Debug, Default)]
pub struct ObjectRule {
    /// Those with a name, in order.
    pub properties: Box<[(Box<str>, ShapeId)]>,
    /// Those whose names match a pattern, by its number among the type's.
    pub patterns: Box<[(u32, ShapeId)]>,
    /// Those that are neither.
    pub additional: Additional,
}

impl ObjectRule {
    /// The shape of a property by its name.
    pub fn property(&self, name: &str) -> Option<ShapeId> {
        let at = self.properties.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.properties.get(at).map(|(_, shape)| *shape)
    }
}

/// What is to be thought of properties that a schema does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Additional {
    /// They may be anything.
    #[default]
    Any,
    /// There are none.
    None,
    /// They are of a shape.
    Shaped(ShapeId),
}

/// What the presence of one property says of others.
#[derive(Debug)]
pub struct Dependency {
    /// Where this one is given,
    pub given: Box<str>,
    /// these must be, or cannot be.
    pub others: Box<[Box<str>]>,
}

/// The least and the most that something may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds<T> {
    /// The least.
    pub least: Option<T>,
    /// The most.
    pub most: Option<T>,
}

/// A type of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A mapping.
    Object,
    /// A list.
    Array,
    /// Nothing.
    Null,
}

impl Type {
    const ALL: [Self; 7] =
        [Self::String, Self::Integer, Self::Number, Self::Boolean, Self::Object, Self::Array, Self::Null];

    /// The type that JSON Schema calls so.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "object" => Self::Object,
            "array" => Self::Array,
            "null" => Self::Null,
            _ => return None,
        })
    }

    /// The type of a value: of a number, the narrower one.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_f64() => Self::Number,
            Value::Number(_) => Self::Integer,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Object => "a mapping",
            Self::Array => "a list",
            Self::Null => "nothing",
        })
    }
}

/// A set of types; an empty one allows any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// With one more.
    #[must_use]
    pub fn with(self, one: Type) -> Self {
        Self(self.0 | 1 << one as u8)
    }

    /// Whether one is among them.
    pub fn has(self, one: Type) -> bool {
        self.0 & 1 << one as u8 != 0
    }

    /// Whether none is, so that any is allowed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Type> {
        Type::ALL.into_iter().filter(move |one| self.has(*one))
    }
}

impl FromIterator<Type> for Types {
    fn from_iter<I: IntoIterator<Item = Type>>(types: I) -> Self {
        types.into_iter().fold(Self::default(), Self::with)
    }
}
