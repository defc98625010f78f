//! What a deployment is asked to do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::deployment::EntryKind;
use crate::id::{ResourceAddress, Revision};

/// What a deployment is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Request {
    /// What its config says.
    Deploy {
        /// Of what.
        #[serde(default, skip_serializing_if = "Selection::is_all")]
        only: Selection,
    },
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

impl Default for Request {
    fn default() -> Self {
        Self::DEPLOY
    }
}

impl Request {
    /// Everything that its config says.
    pub const DEPLOY: Self = Self::Deploy { only: Selection::ALL };

    /// Its place in the queue.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Rollback(_) | Self::LetGo { .. } => EntryKind::Rollback,
            Self::Deploy { .. } => EntryKind::Deploy,
            Self::Destroy(_) => EntryKind::Destroy,
            Self::Reap => EntryKind::Reap,
        }
    }

    /// What a deployment of a config is about; all of an environment for whatever else is asked.
    pub fn only(&self) -> Selection {
        match self {
            Self::Deploy { only } => only.clone(),
            Self::Rollback(_) | Self::Destroy(_) | Self::LetGo { .. } | Self::Reap => Selection::ALL,
        }
    }

    /// Whether it leaves everything as it is but for what goes: what it came after is neither better nor worse for it.
    pub fn only_takes_away(&self) -> bool {
        match self {
            Self::LetGo { .. } | Self::Reap => true,
            Self::Deploy { .. } | Self::Rollback(_) | Self::Destroy(_) => false,
        }
    }
}

/// The part of an environment that a deployment is about, by the names of agents and stacks, with everything that they need;
/// what is not of it stays as it is recorded. Where none is named, it is about all of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Selection(pub BTreeSet<String>);

impl Selection {
    /// All of an environment.
    pub const ALL: Self = Self(BTreeSet::new());

    /// Whether it is all of an environment.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a resource at `address`, which may belong to an agent, is named: by its agent or by its stack. What those that
    /// are named need is not asked here.
    pub fn names(&self, address: &ResourceAddress, agent: Option<&str>) -> bool {
        let is_named = |name: &str| self.0.contains(name);
        self.is_all() || agent.is_some_and(is_named) || is_named(&address.stack)
    }

    /// Whether it is equal to another one or wider: whatever the other is about, this one is about as well.
    pub fn includes(&self, other: &Self) -> bool {
        self.is_all() || (!other.is_all() && other.0.is_subset(&self.0))
    }

    /// Whether both name the same agent or stack.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.is_all() || other.is_all() || !self.0.is_disjoint(&other.0)
    }
}

impl FromIterator<String> for Selection {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().collect())
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
    fn a_selection_names_agents_and_stacks_and_includes_what_is_no_wider() {
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Selection>();
        let address = "shared/Orders".parse().unwrap();
        for (selection, agent, named) in [
            (of(&[]), None, true),
            (of(&["orders"]), Some("orders"), true),
            (of(&["orders"]), Some("billing"), false),
            (of(&["orders"]), None, false),
            (of(&["shared"]), None, true),
        ] {
            assert_eq!(selection.names(&address, agent), named, "{selection:?} {agent:?}");
        }
        for (wide, narrow, includes) in [
            (of(&[]), of(&["a"]), true),
            (of(&[]), of(&[]), true),
            (of(&["a"]), of(&[]), false),
            (of(&["a", "b"]), of(&["a"]), true),
            (of(&["a"]), of(&["a", "b"]), false),
        ] {
            assert_eq!(wide.includes(&narrow), includes, "{wide:?} {narrow:?}");
        }
        for (one, other, overlaps) in [
            (of(&[]), of(&["a"]), true),
            (of(&[]), of(&[]), true),
            (of(&["a", "b"]), of(&["b", "c"]), true),
            (of(&["a"]), of(&["b", "c"]), false),
        ] {
            assert_eq!(one.overlaps(&other), overlaps, "{one:?} {other:?}");
            assert_eq!(other.overlaps(&one), overlaps, "{other:?} {one:?}");
        }
    }

    #[test]
    fn a_deployment_of_everything_reads_as_it_was_written_before_there_were_selections() {
        assert_eq!(serde_json::to_value(Request::DEPLOY).unwrap(), json!({ "do": "deploy" }));
        assert_eq!(serde_json::from_value::<Request>(json!({ "do": "deploy" })).unwrap(), Request::DEPLOY);
        let part = json!({ "do": "deploy", "only": ["orders"] });
        let read: Request = serde_json::from_value(part.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), part);
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
