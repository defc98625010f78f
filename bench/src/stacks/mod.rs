//! The stacks that are measured: what should exist, and the plan that makes it from nothing.
//!
//! Where every type has a provider, the plan is the planner's. Where one has none, the same is said as changes and edges.

mod builder;
mod fleet;
mod large;
mod reference;

pub(crate) use builder::plan;
pub use builder::{Builder, context};
pub use fleet::{fleet, monorepo};
pub use large::{chain, independent, random};
pub use reference::{forty_eight, network, serverless, services};

use model::Plan;

/// A stack with its plan.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its name in tables.
    pub name: &'static str,
    /// Who made the plan.
    pub planned_by: PlannedBy,
    /// Creation from nothing.
    pub plan: Plan,
}

/// Who made a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedBy {
    /// `planner::plan`.
    Planner,
    /// Nobody: some of its types have no provider yet, so that its changes and edges are written down here.
    Hand,
}

/// Why there is no stack.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The planner refuses it.
    #[error("`{stack}` cannot be planned: {error}")]
    Plan {
        /// Which stack.
        stack: &'static str,
        /// What it says.
        error: planner::PlanError,
    },
    /// The config that was generated for it is refused.
    #[error("the config of `{stack}` is refused: {report}")]
    Config {
        /// Which stack.
        stack: &'static str,
        /// What it says.
        report: String,
    },
}

/// The stacks of the makespan table, in its order.
///
/// # Errors
/// [`StackError`] where one cannot be planned.
pub fn all() -> Result<Vec<Stack>, StackError> {
    Ok(vec![
        forty_eight()?,
        serverless(),
        network(),
        services(),
        independent(1_000)?,
        chain(200)?,
        random(5_000, 1)?,
        monorepo(100)?,
    ])
}

#[cfg(test)]
mod tests;
