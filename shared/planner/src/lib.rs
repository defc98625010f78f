//! Decides what a deployment does: Desired and Recorded in, Plan out.
//!
//! Owns every decision: actions, names, generations, order, replacement strategy, what is retained. Synchronous and
//! deterministic: the same input gives the same plan, byte for byte. Never reads AWS, never carries anything out.

mod build;
mod error;
mod name;
mod retire;

use std::collections::{BTreeMap, BTreeSet};

use graph::Graph;
use model::{
    Change, DeploymentId, Desired, Digest, Environment, Loss, Plan, Recorded, ResourceAddress, ResourceKey, Stamp,
};

pub use error::{PlanError, Problem};

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What should exist.
    pub desired: &'a Desired,
    /// What is believed to exist.
    pub recorded: &'a Recorded,
    /// What the administrator allows.
    pub environment: &'a Environment,
    /// The deployment that the plan is for.
    pub deployment: &'a DeploymentId,
    /// The digest of its config.
    pub config: &'a Digest,
    /// What is stamped on whatever is created.
    pub stamp: &'a Stamp,
}

/// Makes the plan that leads from what is recorded to what is desired.
///
/// # Errors
/// [`PlanError`] with every problem at once: unsupported types, references to nothing, cycles, deletions that a protected
/// environment refuses.
pub fn plan(inputs: &Inputs<'_>) -> Result<Plan, PlanError> {
    let order = order_of(inputs.desired)?;
    let built = build::build(inputs, &order);
    refuse_held_names(&built)?;
    let retired = retire::retire(inputs, &built);
    let irreversible = losses(&retired);
    refuse_protected(inputs, &irreversible)?;

    let unchanged = built.kept.len().saturating_sub(built.changes.len());
    let mut changes = built.changes;
    changes.extend(retired);
    let changes = in_order(changes)?;
    Ok(Plan {
        version: model::plan::VERSION,
        deployment: inputs.deployment.clone(),
        environment: inputs.desired.environment.clone(),
        account: inputs.desired.account.clone(),
        region: inputs.desired.region.clone(),
        stamp: inputs.stamp.clone(),
        parent: inputs.recorded.revision,
        sequence: inputs.recorded.sequence,
        config: inputs.config.clone(),
        changes,
        unchanged,
        irreversible,
        outputs: inputs.desired.outputs.clone(),
    })
}

/// The addresses of what is desired, each after what it needs.
fn order_of(desired: &Desired) -> Result<Vec<ResourceAddress>, PlanError> {
    let mut problems = Vec::new();
    let mut graph = Graph::new();
    for (address, resource) in &desired.resources {
        graph.add(address.clone());
        if schema::get(&resource.kind).is_none() {
            problems.push(Problem::UnsupportedType { resource: address.clone(), kind: resource.kind.clone() });
        }
        match dependencies(resource) {
            Ok(needed) => {
                for on in needed {
                    if desired.resources.contains_key(&on) {
                        graph.depend(address.clone(), on);
                    } else {
                        problems.push(Problem::UnknownReference { resource: address.clone(), to: on });
                    }
                }
            }
            Err(error) => problems.push(Problem::MalformedReference { resource: address.clone(), error }),
        }
    }
    match graph.order() {
        Ok(order) if problems.is_empty() => Ok(order),
        Ok(_) => Err(PlanError(problems)),
        Err(cycle) => {
            problems.push(Problem::Cycle(cycle.to_string()));
            Err(PlanError(problems))
        }
    }
}

/// What a resource needs, by reference or by declaration.
fn dependencies(resource: &model::DesiredResource) -> Result<BTreeSet<ResourceAddress>, model::Unresolved> {
    let mut needed: BTreeSet<_> =
        model::expression::references(&resource.properties)?.into_iter().map(|found| found.address).collect();
    needed.extend(resource.depends_on.iter().cloned());
    Ok(needed)
}

fn losses(retired: &[Change]) -> Vec<Loss> {
    let is_lost = |change: &&Change| {
        matches!(change.action, model::Action::Delete { .. })
            && schema::get(&change.kind).is_some_and(|schema| schema.stateful)
    };
    let what = |change: &Change| format!("everything that `{}` ({}) holds", change.key.address, change.kind);
    retired
        .iter()
        .filter(is_lost)
        .map(|change| Loss { resource: change.key.address.clone(), what: what(change) })
        .collect()
}

fn refuse_protected(inputs: &Inputs<'_>, losses: &[Loss]) -> Result<(), PlanError> {
    if !inputs.environment.protected || losses.is_empty() {
        return Ok(());
    }
    Err(PlanError(losses.iter().map(|loss| Problem::Protected { resource: loss.resource.clone() }).collect()))
}

/// A resource that is kept for its data cannot give its name to a successor.
fn refuse_held_names(built: &build::Built) -> Result<(), PlanError> {
    let held = |change: &Change| {
        let model::Action::Replace { old, order: model::Order::DeleteFirst, forced_by, .. } = &change.action else {
            return None;
        };
        (change.retention != model::Retention::Delete).then(|| Problem::NameHeld {
            resource: old.address.clone(),
            forced_by: forced_by.as_slice().first().map(ToString::to_string).unwrap_or_default(),
        })
    };
    let problems: Vec<_> = built.changes.iter().filter_map(held).collect();
    if problems.is_empty() { Ok(()) } else { Err(PlanError(problems)) }
}

/// The changes in an order that respects their edges, building before retiring.
fn in_order(changes: Vec<Change>) -> Result<Vec<Change>, PlanError> {
    // Ranks instead of keys: their order is the same, and a graph of numbers is built in a fraction of the time.
    let mut changes = changes;
    changes.sort_unstable_by(|one, other| (one.stage, &one.key).cmp(&(other.stage, &other.key)));
    let ranks: BTreeMap<&ResourceKey, usize> =
        changes.iter().enumerate().map(|(rank, change)| (&change.key, rank)).collect();
    let mut graph = Graph::new();
    for (rank, change) in changes.iter().enumerate() {
        graph.add(rank);
        for edge in &change.needs {
            if let Some(on) = ranks.get(&edge.on) {
                graph.depend(rank, *on);
            }
        }
    }
    let order = graph.order().map_err(|cycle| {
        let keys = cycle.nodes().iter().filter_map(|rank| changes.get(*rank)).map(|change| change.key.to_string());
        PlanError(vec![Problem::Cycle(keys.collect::<Vec<_>>().join(" → "))])
    })?;
    let mut changes: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    let mut sorted: Vec<Change> = order.into_iter().filter_map(|rank| changes.get_mut(rank)?.take()).collect();
    sorted.sort_by_key(|change| change.stage);
    Ok(sorted)
}

#[cfg(test)]
mod tests;
