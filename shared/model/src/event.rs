//! Events: what was tried and what came of it. The journal is a list of entries.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::error::CallError;
use crate::id::{PhysicalId, ResourceKey};
use crate::lease::Epoch;
use crate::properties::Properties;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened, by the clock of the invocation that wrote it.
    pub at: Timestamp,
    /// The invocation that wrote it.
    pub epoch: Epoch,
    /// The change that it concerns.
    pub change: ResourceKey,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened to a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// A mutating call is announced. Durable before the call is made.
    Started {
        /// What is announced.
        operation: Operation,
        /// The idempotency token: hash(deployment, address, generation, attempt).
        token: String,
        /// From 1; one more where an earlier attempt is known to have had no effect.
        attempt: u32,
        /// The digest of what is sent.
        request: Digest,
        /// The name that the resource will have, where the caller chooses it.
        physical_name: Option<String>,
    },
    /// The resource is known to exist, under this id.
    Identified {
        /// What AWS knows it by.
        physical_id: PhysicalId,
        /// The attributes that are known already.
        attributes: BTreeMap<String, Value>,
    },
    /// It is made, and not yet ready.
    Awaiting {
        /// What is waited for, in words.
        what: String,
    },
    /// The change is done.
    Succeeded {
        /// What AWS showed at the end; none after a deletion.
        observed: Option<Settled>,
    },
    /// The change failed. What is known of the resource stays in the record.
    Failed {
        /// The error.
        error: CallError,
    },
    /// A deletion is put off: something that lingers still uses the resource, and will let go of it. The change is done as far
    /// as its plan is concerned; a reap of its own tries again.
    Deferred {
        /// When it is worth trying again.
        until: Timestamp,
        /// What AWS said.
        error: CallError,
    },
    /// An intent was resolved: the announced call is known to have had no effect.
    Absent,
    /// The resource was recorded and is gone: somebody else deleted it. The change failed, and the record goes, so that the
    /// next deployment makes it anew.
    Vanished {
        /// The error.
        error: CallError,
    },
}

/// What a finished resource looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The values of its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Its settings as AWS shows them.
    pub baseline: Properties,
}

/// The kinds of mutating work that are announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A creation.
    Create,
    /// A change in place.
    Update,
    /// A deletion.
    Delete,
}
