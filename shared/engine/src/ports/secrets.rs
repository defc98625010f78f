//! The port to secrets that properties refer to.

use std::fmt;

use async_trait::async_trait;
use model::CallError;

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretReference {
    /// An SSM parameter of type `SecureString`: `ssm-secure:name:version`.
    Parameter {
        /// Its name.
        name: String,
        /// Its version; none for the latest.
        version: Option<u64>,
    },
    /// A secret of Secrets Manager: `secretsmanager:id:SecretString:key:stage:version`.
    Managed {
        /// Its name or ARN.
        id: String,
        /// Which value of it, where it is a JSON object; none for the whole.
        key: Option<String>,
        /// Which version, by its stage.
        stage: Option<String>,
        /// Which version, by its id.
        version: Option<String>,
    },
    /// The address of a wait condition handle: `strandline-handle:id`. No value of the user's own, and as secret as one.
    Handle {
        /// What the handle is called: 32 hexadecimal digits.
        id: String,
    },
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name, version: None } => write!(f, "the SSM parameter `{name}`"),
            Self::Parameter { name, version: Some(version) } => {
                write!(f, "version {version} of the SSM parameter `{name}`")
            }
            Self::Managed { id, key: None, .. } => write!(f, "the secret `{id}`"),
            Self::Managed { id, key: Some(key), .. } => write!(f, "`{key}` of the secret `{id}`"),
            Self::Handle { id } => write!(f, "the address of the wait condition handle `{id}`"),
        }
    }
}

/// The value of a secret. It can be shown by nothing: neither by `{}` nor by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// One with this value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for what is sent to AWS and for finding it in what AWS says; never to be kept.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Secrets that properties refer to.
///
/// # Guarantees (what an implementation must keep)
/// - A reference has the same value for as long as the implementation lives: whatever is made in one invocation is made
///   with one value.
/// - The value stands in no error, no log line, and nowhere that outlives the implementation.
///
/// # Errors
/// [`CallError`]. Never `NotFound`, which would say that the resource that refers to it does not exist: what is missing is
/// `Invalid`. Nothing was changed.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The value of a secret.
    async fn value(&self, reference: &SecretReference) -> Result<Secret, CallError>;
}
