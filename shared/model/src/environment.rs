//! The environment record: what an administrator allows.

use serde::{Deserialize, Serialize};

use crate::id::EnvironmentId;

/// One environment, as its administrator registered it. Lives in the engine; no config can change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Which.
    pub id: EnvironmentId,
    /// The twelve-digit account that it lives in.
    pub account: String,
    /// The region that it lives in.
    pub region: String,
    /// The role through which alone the engine touches that account.
    pub target_role: String,
    /// Handed over when the target role is assumed, across accounts.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The permissions boundary that every role made here carries.
    pub boundary: String,
    /// Whether stateful resources may be deleted or replaced at all.
    #[serde(default)]
    pub protected: bool,
}
