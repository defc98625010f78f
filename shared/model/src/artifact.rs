//! Code artifacts and references to immutable objects.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A zip of an agent's code, addressed by its content: `artifacts/{digest}.zip`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The digest of the zip's bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

impl Artifact {
    /// The object's key in the deployments bucket.
    pub fn key(digest: &Digest) -> String {
        format!("artifacts/{digest}.zip")
    }
}

/// A reference to an object that can be checked: key, version and digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The key in the deployments bucket.
    pub key: String,
    /// The S3 version id.
    pub version: String,
    /// The digest of the bytes.
    pub digest: Digest,
}
