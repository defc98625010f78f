//! The environment record: what an administrator allows.

use serde::{Deserialize, Serialize};

use crate::id::EnvironmentId;
use crate::limit::Limits;
use crate::notice::Notices;

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
    /// What is done when a deployment fails.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Whether plans must be approved before they are carried out; none: they need not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalRule>,
    /// For how long the history is kept.
    #[serde(default)]
    pub keep: Keep,
    /// How much one deployment may do, and how much there may be. A config may ask for less, never for more.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// What is told to whoever subscribed to the engine's topic. A config may ask for more, never for less.
    #[serde(default)]
    pub notices: Notices,
}

/// What is done when a deployment fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Everything goes back to the revision before.
    #[default]
    Rollback,
    /// Everything stays where it is; the next deployment carries on from there.
    Stop,
}

/// Which plans must be approved, and for how long that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRule {
    /// For how many seconds somebody may decide: at most a year, which is how long Step Functions lets an execution last.
    pub seconds: u64,
    /// Who may decide, as IAM names them; empty: whoever may write the engine's table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
}

/// How much of the history is kept: what is older than both limits goes, except for what a rollback may need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// So many deployments, the newest.
    pub deployments: usize,
    /// Those of so many days.
    pub days: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { deployments: 100, days: 365 }
    }
}

/// Why an environment cannot be registered beside the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Its resources would have names that begin as another environment's do, and policies tell them apart by their names.
    #[error(
        "names of `{id}` begin with `{prefix}`, and those of `{other}` with `{other_prefix}`: one begins with the other"
    )]
    Prefix {
        /// The environment.
        id: EnvironmentId,
        /// What its names begin with.
        prefix: String,
        /// The one that is registered.
        other: EnvironmentId,
        /// What its names begin with.
        other_prefix: String,
    },
    /// Its names would begin as the engine's own do.
    #[error("names of `{id}` begin with `{reserved}`, as the engine's own do")]
    Reserved {
        /// The environment.
        id: EnvironmentId,
        /// How the engine's own names begin.
        reserved: &'static str,
    },
}

impl Environment {
    /// One whose target role and boundary are those that `bootstrap/target-role.yaml` makes in that account, and for which
    /// nothing else is said.
    pub fn new(id: EnvironmentId, account: impl Into<String>, region: impl Into<String>) -> Self {
        let account = account.into();
        let arn = |what: &str| format!("arn:aws:iam::{account}:{what}-{}-{}", id.project, id.environment);
        Self {
            target_role: arn("role/strandline-target"),
            boundary: arn("policy/strandline-boundary"),
            account,
            region: region.into(),
            external_id: None,
            protected: false,
            on_failure: OnFailure::default(),
            approval: None,
            keep: Keep::default(),
            limits: Limits::default(),
            notices: Notices::default(),
            id,
        }
    }

    /// Whether this environment can stand beside those that are registered: policies of target roles and boundaries know
    /// resources by the beginning of their names, `{project}-{environment}-`.
    ///
    /// # Errors
    /// The first [`Conflict`].
    pub fn fits(&self, registered: &[Self]) -> Result<(), Conflict> {
        let prefix = |id: &EnvironmentId| format!("{}-{}-", id.project, id.environment);
        let own = prefix(&self.id);
        for reserved in ["strandline-", "strands-inbox-", "strands-deployments-"] {
            if own.starts_with(reserved) {
                return Err(Conflict::Reserved { id: self.id.clone(), reserved });
            }
        }
        let is_other = |other: &&Self| other.id != self.id && other.account == self.account;
        for other in registered.iter().filter(is_other) {
            let theirs = prefix(&other.id);
            if own.starts_with(&theirs) || theirs.starts_with(&own) {
                return Err(Conflict::Prefix {
                    id: self.id.clone(),
                    prefix: own,
                    other: other.id.clone(),
                    other_prefix: theirs,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(project: &str, name: &str) -> Environment {
        Environment::new(EnvironmentId::new(project, name).unwrap(), "123456789012", "eu-central-1")
    }

    #[test]
    fn environments_whose_names_policies_could_not_tell_apart_do_not_stand_beside_each_other() {
        let shop = environment("shop", "dev");
        assert!(matches!(environment("shop-dev", "x").fits(std::slice::from_ref(&shop)), Err(Conflict::Prefix { .. })));
        assert!(matches!(environment("strandline", "x").fits(&[]), Err(Conflict::Reserved { .. })));
        assert!(environment("shop", "development").fits(std::slice::from_ref(&shop)).is_ok());
        assert!(shop.fits(std::slice::from_ref(&shop)).is_ok(), "changing its own record");
        let elsewhere = Environment { account: "210987654321".into(), ..environment("shop-dev", "x") };
        assert!(elsewhere.fits(&[shop]).is_ok());
    }
}
