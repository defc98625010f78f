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
        Environment {
            id: EnvironmentId::new(project, name).unwrap(),
            account: "123456789012".into(),
            region: "eu-central-1".into(),
            target_role: String::new(),
            external_id: None,
            boundary: String::new(),
            protected: false,
        }
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
