//! What a deployment is asked to do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::deployment::EntryKind;
use crate::id::{ResourceAddress, Revision};

/// What a deployment is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Request {
    /// What its config says.
    #[default]
    Deploy,
    /// Going back to a recorded revision. No config is read.
    Rollback(Rollback),
    /// Deleting what is recorded. No config is read.
    Destroy(Destroy),
    /// Forgetting resources, which stay in the account as they are: the way out where AWS will not let go of one.
    LetGo {
        /// Every incarnation at these addresses leaves the record.
        resources: BTreeSet<ResourceAddress>,
    },
    /// Deleting what was put off and is due.
    Reap,
}

impl Request {
    /// Its place in the queue.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Rollback(_) | Self::LetGo { .. } => EntryKind::Rollback,
            Self::Deploy => EntryKind::Deploy,
            Self::Destroy(_) => EntryKind::Destroy,
            Self::Reap => EntryKind::Reap,
        }
    }

    /// Whether it leaves everything as it is but for what goes: what it came after is neither better nor worse for it.
    pub fn only_takes_away(&self) -> bool {
        match self {
            Self::LetGo { .. } | Self::Reap => true,
            Self::Deploy | Self::Rollback(_) | Self::Destroy(_) => false,
        }
    }
}

/// A way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// Where to.
    pub to: Target,
    /// Of what.
    #[serde(default)]
    pub scope: Scope,
    /// Resources whose data may be lost by it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub consent: BTreeSet<ResourceAddress>,
}

/// The revision that a rollback goes to: `"previous"` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The last that was deployed before the one that the environment stands at.
    Previous,
    /// This one.
    #[serde(untagged)]
    Revision(Revision),
}

/// What is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Destroy {
    /// Of what.
    #[serde(default)]
    pub scope: Scope,
    /// Resources whose data may be lost by it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub consent: BTreeSet<ResourceAddress>,
}

/// The part of an environment that something concerns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All of it.
    #[default]
    All,
    /// What belongs to one agent.
    Agent(String),
    /// What stands in one stack.
    Stack(String),
}

impl Scope {
    /// Whether a resource at `address`, which may belong to an agent, is of it.
    pub fn covers(&self, address: &ResourceAddress, agent: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Agent(name) => agent == Some(name),
            Self::Stack(name) => address.stack == *name,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use serde_json::json;

    use super::*;

    #[test]
    fn requests_read_as_people_write_them() {
        let target = |value| serde_json::from_value::<Target>(value).ok();
        assert_eq!(target(json!("previous")), Some(Target::Previous));
        assert_eq!(target(json!(3)), Some(Target::Revision(Revision(3))));
        assert_eq!(target(json!("next")), None);
        assert_eq!(target(json!(-1)), None);
        let asked = json!({ "do": "rollback", "to": 2, "scope": { "agent": "orders" }, "consent": ["shared/Orders"] });
        let request: Request = serde_json::from_value(asked.clone()).unwrap();
        assert_eq!(serde_json::to_value(&request).unwrap(), asked);
        assert_eq!(request.kind(), EntryKind::Rollback);
    }

    #[test]
    fn a_scope_covers_what_is_of_it() {
        let address = "orders/Function".parse().unwrap();
        assert!(Scope::All.covers(&address, None));
        assert!(Scope::Agent("orders".into()).covers(&address, Some("orders")));
        assert!(!Scope::Agent("orders".into()).covers(&address, None));
        assert!(Scope::Stack("orders".into()).covers(&address, None));
        assert!(!Scope::Stack("shared".into()).covers(&address, Some("shared")));
    }
}
