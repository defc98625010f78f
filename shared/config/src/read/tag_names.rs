//! The tags that say whose a resource is, besides those that the engine stamps at its creation.

/// The project.
pub(crate) const PROJECT: &str = "strands:project";
/// The environment.
pub(crate) const ENVIRONMENT: &str = "strands:environment";
/// The agent, on what belongs to one.
pub(crate) const AGENT: &str = "strands:agent";
/// Who looks after it.
pub(crate) const MANAGED_BY: &str = "strands:managed-by";
/// How many these are.
pub(crate) const COUNT: usize = 4;
