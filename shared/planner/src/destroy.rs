//! Destroying: everything of a scope goes, by the record alone.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, DeploymentId, Digest, Edge, Environment, Plan, PlanReport, Reach, Reason, Recorded,
    ResourceAddress, ResourceKey, Retained, Retaining, Retention, Scope, Stage, Stamp,
};

use crate::retire::{Leaving, dependents, standing_on};
use crate::view::{Standing, View};
use crate::{PlanError, Planned, Problem, losses, order, refuse};

/// What a destruction is planned from: no config is asked.
#[derive(Debug, Clone, Copy)]
pub struct Destroying<'a> {
    /// What is believed to exist.
    pub recorded: &'a Recorded,
    /// What goes.
    pub scope: &'a Scope,
    /// Resources whose data may be lost by it; also in a protected environment.
    pub consent: &'a BTreeSet<ResourceAddress>,
    /// Where.
    pub environment: &'a Environment,
    /// The deployment that the plan is for.
    pub deployment: &'a DeploymentId,
    /// The digest of the config: that of nothing, where none is read.
    pub config: &'a Digest,
    /// What is stamped on whatever is created: nothing is.
    pub stamp: &'a Stamp,
}

/// Makes the plan that deletes everything in scope, each after what stands on it: also deposed incarnations, what a dead wave
/// left behind, and what was put off. What is to be kept is let go instead.
///
/// # Errors
/// [`PlanError`] with every resource that holds data and was not consented to, and everything that something out of scope
/// stands on.
pub fn destroy(inputs: &Destroying<'_>) -> Result<Planned, PlanError> {
    let Destroying { recorded, environment, .. } = *inputs;
    let view = View::of(recorded, &[], &crate::view::names(None, recorded));
    let everything: Leaving<'_, '_> = view
        .all()
        .map(|(address, standing)| (ResourceKey::new(address.clone(), standing.generation), standing))
        .collect();
    let goes = |address: &ResourceAddress| {
        recorded.generations(address).any(|(_, one)| inputs.scope.covers(address, one.agent.as_deref()))
    };
    let standing_on = standing_on(&everything);
    let mut problems = Vec::new();
    let mut report = PlanReport::default();
    let mut changes = Vec::new();
    for (key, standing) in everything.iter().filter(|(key, _)| goes(&key.address)) {
        let keeps = standing.recorded.retention == Retention::Retain && !standing.is_stray();
        let mut needs = BTreeSet::new();
        for on in dependents(key, &standing_on).filter(|_| !keeps) {
            if goes(&on.address) {
                needs.insert(on);
            } else if everything.get(on).is_some_and(|user| user.stays()) {
                problems.push(Problem::InUse { resource: key.address.clone(), by: on.address.clone() });
            }
        }
        if keeps {
            report.retained.push(Retained { key: key.clone(), because: Retaining::Removed });
        }
        changes.push(change(key, standing, keeps, needs));
    }
    report.lost = losses::of(&changes);
    let refused = report.lost.iter().filter(|loss| !inputs.consent.contains(&loss.resource));
    problems.extend(refused.map(|loss| Problem::DestroyConsent { resource: loss.resource.clone() }));
    problems.sort_by_key(ToString::to_string);
    problems.dedup();
    refuse(&mut problems)?;
    let plan = Plan {
        version: model::plan::VERSION,
        deployment: inputs.deployment.clone(),
        environment: environment.id.clone(),
        account: environment.account.clone(),
        region: environment.region.clone(),
        stamp: inputs.stamp.clone(),
        parent: recorded.revision,
        sequence: recorded.sequence,
        config: inputs.config.clone(),
        irreversible: report.lost.clone(),
        changes: order::in_order(changes)?,
        unchanged: everything.iter().filter(|(key, standing)| standing.stays() && !goes(&key.address)).count(),
        outputs: BTreeMap::new(),
        since: 0,
        gates: Vec::new(),
    };
    Ok(Planned { plan, report })
}

/// What goes, after what stands on it and goes as well. Letting go touches nothing, and nobody waits for it.
fn change(key: &ResourceKey, standing: &Standing<'_>, keeps: bool, needs: BTreeSet<&ResourceKey>) -> Change {
    let recorded = standing.recorded;
    let physical_id = recorded.physical_id.clone();
    Change {
        key: key.clone(),
        kind: recorded.kind.clone(),
        action: match keeps {
            true => Action::Forget { physical_id },
            false => Action::Delete { physical_id, only_empty: false },
        },
        because: if recorded.reap.is_some() { Reason::Due } else { Reason::Removed },
        needs: needs.into_iter().map(|on| Edge { on: on.clone(), until: Reach::Ready }).collect(),
        stage: Stage::Retire,
        dependencies: standing.dependencies.clone().into_owned(),
        agent: recorded.agent.clone(),
        retention: recorded.retention,
        shift: None,
    }
}
