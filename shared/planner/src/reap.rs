//! Deletions that were put off: a plan of their own, that does nothing else.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, DeploymentId, Digest, Edge, Environment, Plan, PlanReport, Reach, Reason, Recorded, ResourceKey,
    Stage, Stamp, Waiting,
};

use crate::retire::{Leaving, dependents, holds_data, standing_on};
use crate::view::View;
use crate::{PlanError, Planned, losses, order};

/// What a reap is planned from: no config is asked.
#[derive(Debug, Clone, Copy)]
pub struct Reaping<'a> {
    /// What is believed to exist.
    pub recorded: &'a Recorded,
    /// What the administrator allows, and where.
    pub environment: &'a Environment,
    /// The deployment that the plan is for.
    pub deployment: &'a DeploymentId,
    /// The digest of the config that the record was made from.
    pub config: &'a Digest,
    /// What is stamped on whatever is created: nothing is.
    pub stamp: &'a Stamp,
}

/// Makes the plan that deletes what is being deleted and was put off, each after what stands on it. Everything else stays as
/// it is: also what something that stays stands on, and data in a protected environment, which the report names.
///
/// # Errors
/// [`PlanError`] where no order can be found.
pub fn reap(inputs: &Reaping<'_>) -> Result<Planned, PlanError> {
    let view = View::of(inputs.recorded, &[], &crate::view::names(None, inputs.recorded));
    let mut report = PlanReport::default();
    let put_off = |standing: &crate::view::Standing<'_>| !standing.stays() && standing.recorded.reap.is_some();
    let everything: Leaving<'_, '_> = view
        .all()
        .map(|(address, standing)| (ResourceKey::new(address.clone(), standing.generation), standing))
        .collect();
    let standing_on = standing_on(&everything);
    let in_use: BTreeSet<_> =
        view.places().iter().filter(|place| place.current().is_some()).map(|place| place.address).collect();
    let is_safe = |kind| inputs.environment.protected && holds_data(kind);
    let due: BTreeSet<&ResourceKey> = everything
        .iter()
        .filter(|(_, standing)| put_off(standing) && !is_safe(&standing.recorded.kind))
        .map(|(key, _)| key)
        .collect();
    let due = on_which_nothing_stands(due, |key| {
        // What stays uses the incarnation in use. One that is being deleted is used only where there is no other.
        let is_used = !in_use.contains(&key.address);
        dependents(key, &standing_on).filter(|_| is_used).collect()
    });
    let mut changes = Vec::with_capacity(due.len());
    for (key, standing) in &everything {
        if !due.contains(key) {
            let until = standing.recorded.reap.filter(|_| put_off(standing));
            report.waiting.extend(until.map(|until| Waiting { key: key.clone(), until }));
            continue;
        }
        let recorded = standing.recorded;
        let needs: BTreeSet<_> = dependents(key, &standing_on).filter(|on| due.contains(*on)).collect();
        changes.push(Change {
            key: key.clone(),
            kind: recorded.kind.clone(),
            action: Action::Delete { physical_id: recorded.physical_id.clone(), only_empty: false },
            because: Reason::Due,
            needs: needs.into_iter().map(|on| Edge { on: on.clone(), until: Reach::Ready }).collect(),
            stage: Stage::Retire,
            dependencies: standing.dependencies.clone().into_owned(),
            agent: recorded.agent.clone(),
            retention: recorded.retention,
            shift: None,
        });
    }
    report.lost = losses::of(&changes);
    let unchanged = everything.values().filter(|standing| standing.stays()).count();
    let plan = Plan {
        version: model::plan::VERSION,
        deployment: inputs.deployment.clone(),
        environment: inputs.environment.id.clone(),
        account: inputs.environment.account.clone(),
        region: inputs.environment.region.clone(),
        stamp: inputs.stamp.clone(),
        parent: inputs.recorded.revision,
        sequence: inputs.recorded.sequence,
        config: inputs.config.clone(),
        irreversible: report.lost.clone(),
        changes: order::in_order(changes)?,
        unchanged,
        outputs: BTreeMap::new(),
        since: 0,
        gates: Vec::new(),
    };
    Ok(Planned { plan, report })
}

/// Those of `keys` that nothing outside of them stands on.
fn on_which_nothing_stands<'k>(
    mut keys: BTreeSet<&'k ResourceKey>,
    users: impl Fn(&ResourceKey) -> Vec<&'k ResourceKey>,
) -> BTreeSet<&'k ResourceKey> {
    loop {
        let is_held = |key: &&&ResourceKey| users(key).iter().any(|user| !keys.contains(user));
        let held: BTreeSet<&ResourceKey> = keys.iter().filter(is_held).copied().collect();
        if held.is_empty() {
            return keys;
        }
        keys.retain(|key| !held.contains(key));
    }
}
