//! SHA-256 digests of bytes and of values.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The digest of the JSON form of `value`. Maps of the model are ordered, so that equal values have equal digests.
    ///
    /// # Errors
    /// Where the value has no JSON form (a map whose keys are not text).
    pub fn of_json<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self::of(&serde_json::to_vec(value)?))
    }

    /// The digest that a hash made of bytes which were not in memory together.
    pub fn of_hash(hash: [u8; 32]) -> Self {
        Self(hex::encode(hash))
    }

    /// A digest that somebody else wrote down, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
            .then(|| Self(text.to_owned()))
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first `length` digits, for names.
    pub fn short(&self, length: usize) -> &str {
        self.0.get(..length).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
