//! Whose data a plan without a config may lose.

use std::collections::BTreeSet;

use model::{DeploymentId, ResourceAddress};

/// Whose data may be lost.
#[derive(Debug, Clone, Copy)]
pub enum Consent<'a> {
    /// Nobody was asked: what this deployment made goes if it holds nothing, and everything else that may hold data stays.
    Automatic {
        /// The deployment that is being undone.
        made_by: &'a DeploymentId,
    },
    /// That of these resources, by name; also in a protected environment.
    Named(&'a BTreeSet<ResourceAddress>),
}
