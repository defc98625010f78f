//! Notices: which ends, and which moments on the way there, are told to those who subscribed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::deployment::Outcome;

/// Something about a deployment that people may want to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// Its plan waits for somebody to approve it.
    Approval,
    /// It failed, whether or not it went back: `Stopped`, `Stuck`, or `RolledBack` because of something.
    Failed,
    /// What was handed in is not valid.
    Refused,
    /// Everything is as asked for.
    Deployed,
    /// Everything was as asked for already.
    Unchanged,
    /// The environment went back, because somebody asked for that.
    RolledBack,
    /// What was to go is gone, or goes by itself.
    Destroyed,
    /// It ended without being carried out, or before it was done: `Denied`, `Expired`, `Cancelled`, `Superseded`.
    Dropped,
}

impl Notice {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Approval,
        Self::Failed,
        Self::Refused,
        Self::Deployed,
        Self::Unchanged,
        Self::RolledBack,
        Self::Destroyed,
        Self::Dropped,
    ];

    /// In a word, as configs, records and subscriptions' filters have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Deployed => "deployed",
            Self::Unchanged => "unchanged",
            Self::RolledBack => "rolled-back",
            Self::Destroyed => "destroyed",
            Self::Dropped => "dropped",
        }
    }

    /// What there is to tell of a deployment that ended so.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Deployed => Self::Deployed,
            Outcome::Unchanged => Self::Unchanged,
            Outcome::Refused { .. } => Self::Refused,
            Outcome::RolledBack { causes, .. } if causes.is_empty() => Self::RolledBack,
            Outcome::Stopped { .. } | Outcome::Stuck { .. } | Outcome::RolledBack { .. } => Self::Failed,
            Outcome::Destroyed { .. } | Outcome::Draining { .. } => Self::Destroyed,
            Outcome::Denied { .. } | Outcome::Expired | Outcome::Cancelled { .. } | Outcome::Superseded { .. } => {
                Self::Dropped
            }
        }
    }
}

/// What an environment's record says is told. Where it says nothing: what somebody has to see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Notices(pub BTreeSet<Notice>);

impl Default for Notices {
    fn default() -> Self {
        Self([Notice::Approval, Notice::Failed, Notice::Refused].into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_notice_is_written_as_it_is_called() {
        for notice in Notice::ALL {
            assert_eq!(serde_json::to_value(notice).unwrap(), json!(notice.as_str()));
        }
        assert_eq!(BTreeSet::from(Notice::ALL).len(), Notice::ALL.len());
    }

    #[test]
    fn going_back_is_told_as_a_failure_where_something_failed() {
        let read = |outcome| Notice::of(&serde_json::from_value(outcome).unwrap());
        let cause = json!({ "change": null, "message": "no", "help": "look" });
        for (outcome, notice) in [
            (json!({ "outcome": "deployed" }), Notice::Deployed),
            (json!({ "outcome": "rolled-back", "to": 3 }), Notice::RolledBack),
            (json!({ "outcome": "rolled-back", "to": 3, "causes": [cause] }), Notice::Failed),
            (json!({ "outcome": "stopped", "causes": [cause] }), Notice::Failed),
            (json!({ "outcome": "draining", "left": [] }), Notice::Destroyed),
            (json!({ "outcome": "superseded", "by": "d2" }), Notice::Dropped),
        ] {
            assert_eq!(read(outcome.clone()), notice, "{outcome}");
        }
    }
}
