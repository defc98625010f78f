//! Approvals: what was asked, and what was decided.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::artifact::ObjectRef;

/// The approval that a deployment needs before its plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The plan that was asked about. No other one is approved by it.
    pub plan: ObjectRef,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When it is too late.
    pub expires: Timestamp,
    /// What was decided; none yet.
    #[serde(default)]
    pub decision: Option<Decision>,
}

/// What somebody decided about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whether it may be carried out.
    pub approved: bool,
    /// Who, as IAM names them.
    pub by: String,
    /// Why, in their words.
    #[serde(default)]
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}
