//! Where things are: keys of the table's items and of the bucket's objects.

use model::{DeploymentId, EnvironmentId, ResourceKey};

pub(crate) const RECORD: &str = "RECORD";
pub(crate) const LEASE: &str = "LEASE";
pub(crate) const QUEUE: &str = "QUEUE";
pub(crate) const QUEUE_ENTRIES: &str = "QUEUE#";
pub(crate) const RESOURCES: &str = "RESOURCE#";
pub(crate) const SEGMENTS: &str = "SEGMENT#";
pub(crate) const ENGINE: &str = "ENGINE";
pub(crate) const ENVIRONMENTS: &str = "ENVIRONMENTS";

/// The partition of an environment.
pub(crate) fn environment(id: &EnvironmentId) -> String {
    format!("ENV#{}#{}", id.project, id.environment)
}

/// The partition of a deployment's journal.
pub(crate) fn journal(id: &DeploymentId) -> String {
    format!("DEPLOYMENT#{id}")
}

pub(crate) fn deployment(id: &DeploymentId) -> String {
    format!("DEPLOYMENT#{id}")
}

pub(crate) fn resource(key: &ResourceKey) -> String {
    format!("{RESOURCES}{key}")
}

pub(crate) fn queue_entry(number: u64) -> String {
    format!("{QUEUE_ENTRIES}{number:012}")
}

pub(crate) fn segment(sequence: u64) -> String {
    format!("{SEGMENTS}{sequence:012}")
}

/// Keys of the deployments bucket.
pub mod paths {
    use model::{DeploymentId, Digest, EnvironmentId};

    /// Everything of one deployment.
    pub fn deployment(environment: &EnvironmentId, id: &DeploymentId) -> String {
        format!("{environment}/deployments/{id}")
    }

    /// One file of a deployment.
    pub fn of_deployment(environment: &EnvironmentId, id: &DeploymentId, file: &str) -> String {
        format!("{}/{file}", deployment(environment, id))
    }

    /// A plan, by the digest of its bytes.
    pub fn plan(environment: &EnvironmentId, id: &DeploymentId, digest: &Digest) -> String {
        of_deployment(environment, id, &format!("plans/{digest}.json"))
    }

    /// The state of an environment in CDK's vocabulary, derived from the record.
    pub fn state(environment: &EnvironmentId) -> String {
        format!("{environment}/current/state.json")
    }

    /// What is refused for an environment that does not exist.
    pub fn refused(id: &DeploymentId, file: &str) -> String {
        format!("refused/{id}/{file}")
    }
}
