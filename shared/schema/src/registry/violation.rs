//! What is wrong with properties, and how a person reads it.

use std::fmt;

use serde_json::Value;

use super::shape::{Type, Types};

/// Something that AWS would refuse.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Where, from the properties inwards. Of a property that is missing or too much: the mapping it belongs to.
    pub path: Vec<Step>,
    /// What.
    pub kind: ViolationKind,
}

/// One step into a property tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into a property, or the value of a mapping.
    Property(String),
    /// Into an item of a list.
    Item(usize),
}

/// What AWS would refuse. Nothing here holds a text that may be a secret: values are told only where the schema lists
/// those that are allowed.
#[derive(Debug, Clone, PartialEq)]
pub enum ViolationKind {
    /// A value of another type than it has to be.
    WrongType {
        /// Of which it has to be.
        expected: Types,
        /// Of which it is.
        found: Type,
    },
    /// A property that has to be given is not.
    Missing {
        /// Which.
        property: String,
    },
    /// A property that there is not.
    Unknown {
        /// Its name.
        property: String,
        /// What was probably meant.
        near: Option<String>,
        /// Which there are, without those that AWS sets.
        known: Vec<String>,
        /// Where names can be chosen: a pattern that they have to match.
        pattern: Option<String>,
    },
    /// A value that is not among those that are allowed.
    NotAllowed {
        /// The value, if it is no list or mapping.
        found: Option<String>,
        /// What was probably meant.
        near: Option<String>,
        /// Which are allowed.
        allowed: Vec<String>,
    },
    /// A value that is among those that are not allowed.
    Excluded,
    /// A text that does not match a pattern.
    Pattern {
        /// The pattern, as the schema has it.
        pattern: String,
    },
    /// A text of too few characters.
    TooShort {
        /// How many it has.
        length: usize,
        /// How many are the least.
        least: usize,
    },
    /// A text of too many characters.
    TooLong {
        /// How many it has.
        length: usize,
        /// How many are the most.
        most: usize,
    },
    /// A number that is too large or too small.
    OutOfRange {
        /// The number.
        found: f64,
        /// The least that is allowed.
        least: Option<f64>,
        /// The most that is allowed.
        most: Option<f64>,
        /// Whether the most is itself too large.
        exclusive: bool,
    },
    /// A number that is no multiple of another.
    NotMultiple {
        /// The number.
        found: f64,
        /// The other.
        of: f64,
    },
    /// Too few items, or too few properties.
    TooFew {
        /// How many there are.
        found: usize,
        /// How many are the least.
        least: usize,
    },
    /// Too many items, or too many properties.
    TooMany {
        /// How many there are.
        found: usize,
        /// How many are the most.
        most: usize,
    },
    /// An item that stands in a list twice.
    NotUnique {
        /// Where it stood first.
        first: usize,
        /// The properties by which items are told apart; empty where they are compared as a whole.
        by: Vec<String>,
    },
    /// None of several groups of properties is given.
    NoneOf {
        /// The groups: of each, what is missing.
        needs: Vec<Vec<String>>,
    },
    /// More than one of several groups of properties is given, or more than one form fits.
    MoreThanOneOf {
        /// The groups that are given; empty where the forms are told apart by something else.
        given: Vec<Vec<String>>,
    },
    /// A property is given without another that it needs.
    DependentRequired {
        /// What is given.
        property: String,
        /// What is missing.
        needs: String,
    },
    /// A property is given together with another that excludes it.
    DependentExcluded {
        /// What is given.
        property: String,
        /// What cannot be given with it.
        excludes: String,
    },
    /// A property that AWS sets.
    ReadOnly {
        /// Which.
        property: String,
    },
    /// Values that lie within each other deeper than any type has them.
    TooDeep {
        /// How deep they may be.
        most: usize,
    },
    /// More than can be looked at. What else was found is true; there may be more.
    TooMuch,
}

/// How many names a help lists.
const LISTED: usize = 16;

impl Violation {
    /// Where it is, as text: `Rules[0].Name`; empty for the properties as a whole.
    pub fn place(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Property(name) if text.is_empty() => text.push_str(name),
                Step::Property(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                Step::Item(at) => text.push_str(&format!("[{at}]")),
            }
        }
        text
    }

    /// What is wrong, without where.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What to do about it, where there is more to say than the message does.
    pub fn help(&self) -> Option<String> {
        match &self.kind {
            ViolationKind::Unknown { near: Some(near), .. } | ViolationKind::NotAllowed { near: Some(near), .. } => {
                Some(format!("did you mean `{near}`?"))
            }
            ViolationKind::Unknown { known, .. } if !known.is_empty() => {
                Some(format!("there is {}", several(known, "and")))
            }
            ViolationKind::Unknown { pattern: Some(pattern), .. } => Some(format!("names have to match `{pattern}`")),
            ViolationKind::Unknown { .. } => Some("nothing can be given here".to_owned()),
            ViolationKind::WrongType { found: Type::Null, .. } => Some("leave it out".to_owned()),
            ViolationKind::NotAllowed { allowed, .. } => Some(match allowed.as_slice() {
                [only] => format!("it can only be `{only}`"),
                _ => format!("it can be {}", several(allowed, "or")),
            }),
            ViolationKind::ReadOnly { property } => Some(format!("remove `{property}`")),
            _ => None,
        }
    }
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongType { expected, found } => {
                let types: Vec<String> = expected.iter().map(|one| one.to_string()).collect();
                let types = joined(&types, "or");
                match found {
                    Type::Number if expected.has(Type::Integer) => {
                        write!(f, "this has to be {types}, and has a fraction")
                    }
                    found => write!(f, "this has to be {types}, and is {found}"),
                }
            }
            Self::Missing { property } => write!(f, "`{property}` is missing"),
            Self::Unknown { property, pattern: Some(_), .. } => {
                write!(f, "`{property}` is not a name that is allowed here")
            }
            Self::Unknown { property, .. } => write!(f, "there is no property `{property}`"),
            Self::NotAllowed { found: Some(found), .. } => {
                write!(f, "`{found}` is not one of the values that this can have")
            }
            Self::NotAllowed { found: None, .. } => f.write_str("this is not one of the values that it can have"),
            Self::Excluded => f.write_str("this is a value that it cannot have"),
            Self::Pattern { pattern } => write!(f, "this does not match the pattern `{pattern}`"),
            Self::TooShort { length, least } => {
                write!(f, "this has {}, and {least} is the least", counted(*length, "character"))
            }
            Self::TooLong { length, most } => {
                write!(f, "this has {}, and {most} is the most", counted(*length, "character"))
            }
            Self::OutOfRange { found, least, most, exclusive } => match (least, most) {
                (Some(least), Some(most)) => write!(f, "this is {found}, and has to be from {least} to {most}"),
                (Some(least), None) => write!(f, "this is {found}, and {least} is the least"),
                (None, Some(most)) if *exclusive => write!(f, "this is {found}, and has to be less than {most}"),
                (None, Some(most)) => write!(f, "this is {found}, and {most} is the most"),
                (None, None) => write!(f, "this is {found}"),
            },
            Self::NotMultiple { found, of } => write!(f, "this is {found}, and has to be a multiple of {of}"),
            Self::TooFew { found, least } => {
                write!(f, "this has {}, and {least} is the least", counted(*found, "entry"))
            }
            Self::TooMany { found, most } => write!(f, "this has {}, and {most} is the most", counted(*found, "entry")),
            Self::NotUnique { first, by } if by.is_empty() => write!(f, "this is the same as item {first}"),
            Self::NotUnique { first, by } => write!(f, "this has the same {} as item {first}", quoted(by, "and")),
            Self::NoneOf { needs } => match needs.as_slice() {
                [only] => write!(f, "this needs {}", quoted(only, "and")),
                _ => write!(f, "this needs {}", groups(needs, "or")),
            },
            Self::MoreThanOneOf { given } => match given.as_slice() {
                [] => f.write_str("this fits more than one of the forms that it can have"),
                [together] => match together.as_slice() {
                    [one] => write!(f, "`{one}` cannot be given together with what else is given"),
                    _ => write!(f, "{} cannot be given together", quoted(together, "and")),
                },
                _ => write!(f, "this takes only one of {}", groups(given, "and")),
            },
            Self::DependentRequired { property, needs } => write!(f, "`{property}` needs `{needs}`, which is missing"),
            Self::DependentExcluded { property, excludes } => {
                write!(f, "`{property}` and `{excludes}` cannot be given together")
            }
            Self::ReadOnly { property } => write!(f, "`{property}` is set by AWS, and cannot be asked for"),
            Self::TooDeep { most } => write!(f, "this lies deeper than {most} values within each other"),
            Self::TooMuch => f.write_str("this is more than can be checked"),
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}

/// Words with the conjunction before the last.
fn joined(words: &[String], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} {conjunction} {last}", most.join(", ")),
    }
}

fn quoted(words: &[String], conjunction: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    joined(&quoted, conjunction)
}

/// As many as can be read.
fn several(words: &[String], conjunction: &str) -> String {
    match words.split_at_checked(LISTED) {
        Some((first, rest)) if !rest.is_empty() => {
            let mut words: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
            words.push(format!("{} others", rest.len()));
            joined(&words, conjunction)
        }
        _ => quoted(words, conjunction),
    }
}

fn groups(groups: &[Vec<String>], conjunction: &str) -> String {
    let groups: Vec<String> = groups
        .iter()
        .map(|group| match group.as_slice() {
            [first, rest @ ..] if !rest.is_empty() => format!("`{first}` with {}", quoted(rest, "and")),
            group => quoted(group, "and"),
        })
        .collect();
    joined(&groups, conjunction)
}

/// A value as it is told to a person; none of lists and mappings.
pub(super) fn told(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.chars().take(80).collect()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The word that `given` was probably meant to be.
pub(super) fn closest<'w>(given: &str, words: impl IntoIterator<Item = &'w str>) -> Option<String> {
    // Comparing is quadratic, and nobody writes such a name by mistake.
    if given.len() > 100 {
        return None;
    }
    let given = given.to_lowercase();
    let alike = words.into_iter().take(500).map(|word| (strsim::jaro_winkler(&given, &word.to_lowercase()), word));
    let best = alike.filter(|(alike, _)| *alike > 0.88).max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.map(|(_, word)| word.to_owned())
}
