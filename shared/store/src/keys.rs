//! Where things are: keys of the table's items and of the bucket's objects.

use model::{DeploymentId, Digest, EnvironmentId, ResourceKey};

pub(crate) const RECORD: &str = "RECORD";
pub(crate) const LEASE: &str = "LEASE";
pub(crate) const QUEUE: &str = "QUEUE";
pub(crate) const QUEUE_ENTRIES: &str = "QUEUE#";
pub(crate) const HISTORIES: &str = "HISTORY#";
pub(crate) const APPROVALS: &str = "APPROVAL#";
pub(crate) const RESOURCES: &str = "RESOURCE#";
pub(crate) const SEGMENTS: &str = "SEGMENT#";
pub(crate) const ENGINE: &str = "ENGINE";
pub(crate) const ENVIRONMENTS: &str = "ENVIRONMENTS";

/// The partition of an environment.
pub(crate) fn environment(id: &EnvironmentId) -> String {
    format!("ENV#{}#{}", id.project, id.environment)
}

/// The partition of one record: one of sixteen, by a hash of its key, because a partition of DynamoDB gives 3,000 read units
/// a second and no more (DynamoDB developer guide, "Partitions and data distribution").
pub(crate) fn records(id: &EnvironmentId, key: &ResourceKey) -> String {
    record_partition(id, Digest::of(key.to_string().as_bytes()).short(1))
}

/// Every partition that a record of the environment may be in.
pub(crate) fn record_partitions(id: &EnvironmentId) -> impl Iterator<Item = String> {
    (0..16).map(move |number| record_partition(id, &format!("{number:x}")))
}

fn record_partition(id: &EnvironmentId, digit: &str) -> String {
    format!("{}#R{digit}", environment(id))
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

/// What says that the history of a deployment is not written yet.
pub(crate) fn history(id: &DeploymentId) -> String {
    format!("{HISTORIES}{id}")
}

/// The token of the execution that waits for approval of a deployment's plan.
pub(crate) fn approval(id: &DeploymentId) -> String {
    format!("{APPROVALS}{id}")
}

/// The number of a segment, from its sort key.
pub(crate) fn segment_number(sk: &str) -> Option<u64> {
    sk.strip_prefix(SEGMENTS)?.parse().ok()
}

pub(crate) fn segment(sequence: u64) -> String {
    format!("{SEGMENTS}{sequence:012}")
}

/// Keys of the deployments bucket.
pub mod paths {
    use model::{DeploymentId, Digest, EnvironmentId, ResourceKey};

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

    /// A value that is too large for an item of the table, by the digest of its bytes.
    pub fn value(environment: &EnvironmentId, digest: &Digest) -> String {
        format!("{}{digest}.json", values(environment))
    }

    /// How the keys of an environment's values begin.
    pub fn values(environment: &EnvironmentId) -> String {
        format!("{environment}/values/")
    }

    /// The state of an environment in CDK's vocabulary, derived from the record.
    pub fn state(environment: &EnvironmentId) -> String {
        format!("{environment}/current/state.json")
    }

    /// What the function behind a custom resource was asked last.
    pub fn asked(environment: &EnvironmentId, of: &ResourceKey) -> String {
        format!("custom/{environment}/{of}/asked")
    }

    /// What it answers to a request.
    pub fn answer(environment: &EnvironmentId, of: &ResourceKey, request: &str) -> String {
        format!("custom/{environment}/{of}/answers/{request}.json")
    }

    /// What is signalled to a wait condition handle, each signal a version.
    pub fn signals(environment: &EnvironmentId, handle: &str) -> String {
        format!("custom/{environment}/signals/{handle}.json")
    }

    /// What is refused for an environment that does not exist.
    pub fn refused(id: &DeploymentId, file: &str) -> String {
        format!("refused/{id}/{file}")
    }
}
