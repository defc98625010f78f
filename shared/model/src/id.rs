//! Identifiers. Each is a newtype, so that an address cannot be handed over where a physical id is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name or address that is not of the form it must have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {what}: {rule}")]
pub struct InvalidId {
    /// What was being read, e.g. `project name`.
    pub what: &'static str,
    /// The text as it was given.
    pub given: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

/// The longest project or environment name, in bytes. Physical names begin with both, and the shortest limit of AWS that
/// they must fit is 63 (S3 bucket names), with room left for what is named.
pub const NAME_LENGTH: usize = 24;

/// Whether `name` can name a project, environment or agent: lower-case letters, digits and single inner hyphens, starting
/// with a letter. Agents may be longer; see the `config` crate.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && !name.contains("--")
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The longest name of a stack, in bytes: CloudFormation's limit.
const STACK_NAME_LENGTH: usize = 128;

/// Whether `name` can name a stack: letters, digits and hyphens, starting with a letter, as CloudFormation has it. Agents and
/// templates have names by [`is_name`]; stacks of CDK keep theirs.
pub fn is_stack_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= STACK_NAME_LENGTH
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

/// One environment of one project: what a lease, a record and a queue belong to. Written `project/environment`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EnvironmentId {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
}

impl EnvironmentId {
    /// Checks both names.
    ///
    /// # Errors
    /// [`InvalidId`] where a name is empty, too long or has other characters than lower-case letters, digits and hyphens.
    pub fn new(project: &str, environment: &str) -> Result<Self, InvalidId> {
        for (what, given) in [("project name", project), ("environment name", environment)] {
            if given.len() > NAME_LENGTH || !is_name(given) {
                let rule = "at most 24 lower-case letters, digits and single inner hyphens, starting with a letter";
                return Err(InvalidId { what, given: given.to_owned(), rule });
            }
        }
        Ok(Self { project: project.to_owned(), environment: environment.to_owned() })
    }
}

impl fmt::Display for EnvironmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.environment)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    };
}

text_id!(
    /// A deployment: time-ordered (the first part sorts by time of arrival), unique, and the same for a duplicated event.
    DeploymentId
);
text_id!(
    /// What AWS knows a resource by: the value of `Ref` in CloudFormation (a name, an id, a URL or an ARN, by type).
    PhysicalId
);
text_id!(
    /// A resource type in CloudFormation's vocabulary, e.g. `AWS::Lambda::Function`.
    ResourceType
);

/// Where a resource stands in a project: stack and logical id. Written `stack/LogicalId`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceAddress {
    /// The stack: an agent's name, `shared`, or the name of a template's or CDK's stack.
    pub stack: String,
    /// The logical id within the stack.
    pub logical_id: String,
}

impl ResourceAddress {
    /// An address of its two parts.
    pub fn new(stack: impl Into<String>, logical_id: impl Into<String>) -> Self {
        Self { stack: stack.into(), logical_id: logical_id.into() }
    }
}

impl fmt::Display for ResourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stack, self.logical_id)
    }
}

impl FromStr for ResourceAddress {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once('/') {
            Some((stack, logical_id)) if !stack.is_empty() && !logical_id.is_empty() && !logical_id.contains('/') => {
                Ok(Self::new(stack, logical_id))
            }
            _ => Err(InvalidId {
                what: "resource address",
                given: text.to_owned(),
                rule: "a stack and a logical id with one slash between them, e.g. `shared/Orders`",
            }),
        }
    }
}

/// Which incarnation of a resource: 1 at first, one more at each replacement. Part of generated physical names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The first incarnation.
    pub const FIRST: Self = Self(1);

    /// The incarnation after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One incarnation of one resource; also the name of the change that concerns it, because a plan has at most one for each.
/// Written `stack/LogicalId@generation`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// Where it stands.
    pub address: ResourceAddress,
    /// Which incarnation.
    pub generation: Generation,
}

impl ResourceKey {
    /// A key of its two parts.
    pub fn new(address: ResourceAddress, generation: Generation) -> Self {
        Self { address, generation }
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.address, self.generation)
    }
}

impl FromStr for ResourceKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            what: "resource key",
            given: text.to_owned(),
            rule: "an address, `@` and a generation, e.g. `shared/Orders@1`",
        };
        let (address, generation) = text.rsplit_once('@').ok_or_else(invalid)?;
        Ok(Self::new(address.parse()?, Generation(generation.parse().map_err(|_| invalid())?)))
    }
}

macro_rules! serde_as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

serde_as_text!(ResourceAddress, ResourceKey);

/// A count of the plans that started in an environment; names one state of its record. 0: nothing was ever deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision that a plan with this parent makes.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text() {
        let key: ResourceKey = "customer-support-agent/Function@3".parse().unwrap();
        assert_eq!(key.address.stack, "customer-support-agent");
        assert_eq!(key.generation, Generation(3));
        assert_eq!(key.to_string(), "customer-support-agent/Function@3");
    }

    #[test]
    fn names_that_would_not_fit_into_physical_names_are_refused() {
        for bad in ["", "A", "1a", "a_b", "a--b", "a-", "a/b", "../x", "abcdefghijklmnopqrstuvwxy"] {
            assert!(EnvironmentId::new(bad, "dev").is_err(), "{bad}");
            assert!(EnvironmentId::new("shop", bad).is_err(), "{bad}");
        }
        assert_eq!(EnvironmentId::new("support-desk", "dev").unwrap().to_string(), "support-desk/dev");
    }
}
