//! Letting go: what AWS will not change or delete leaves the record, and nothing else happens.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, DeploymentId, Digest, Environment, Plan, PlanReport, Presence, Reason, Recorded, RecordedResource,
    ResourceAddress, ResourceKey, Retained, Retaining, Stage, Stamp,
};

use crate::{PlanError, Planned, Problem};

/// What letting go is planned from: no config is asked.
#[derive(Debug, Clone, Copy)]
pub struct LettingGo<'a> {
    /// What is believed to exist.
    pub recorded: &'a Recorded,
    /// What to let go: every incarnation at these addresses.
    pub resources: &'a BTreeSet<ResourceAddress>,
    /// Where.
    pub environment: &'a Environment,
    /// The deployment that the plan is for.
    pub deployment: &'a DeploymentId,
    /// The digest of the config: that of nothing, where none is read.
    pub config: &'a Digest,
    /// What is stamped on whatever is created: nothing is.
    pub stamp: &'a Stamp,
}

/// Makes the plan by which every incarnation at some addresses leaves the record. They stay in the account as they are; what
/// stands on them stays recorded, and goes on with the values that it has.
///
/// # Errors
/// [`PlanError`] with every address at which nothing is recorded.
pub fn let_go(inputs: &LettingGo<'_>) -> Result<Planned, PlanError> {
    let LettingGo { recorded, environment, .. } = *inputs;
    let is_unknown = |address: &&ResourceAddress| recorded.generations(address).next().is_none();
    let unknown = inputs.resources.iter().filter(is_unknown);
    let problems: Vec<Problem> = unknown.map(|resource| Problem::Unrecorded { resource: resource.clone() }).collect();
    if !problems.is_empty() {
        return Err(PlanError(problems));
    }
    let all = inputs.resources.iter().flat_map(|address| recorded.generations(address));
    let changes: Vec<Change> = all.map(forget).collect();
    let stays = |(key, resource): &(&ResourceKey, &RecordedResource)| {
        resource.presence != Presence::Leaving && !inputs.resources.contains(&key.address)
    };
    let retained = changes.iter().map(|change| Retained { key: change.key.clone(), because: Retaining::Removed });
    let report = PlanReport { retained: retained.collect(), ..PlanReport::default() };
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
        unchanged: recorded.resources.iter().filter(stays).count(),
        changes,
        irreversible: Vec::new(),
        outputs: BTreeMap::new(),
        since: 0,
        gates: Vec::new(),
    };
    Ok(Planned { plan, report })
}

fn forget((key, recorded): (&ResourceKey, &RecordedResource)) -> Change {
    Change {
        key: key.clone(),
        kind: recorded.kind.clone(),
        action: Action::Forget { physical_id: recorded.physical_id.clone() },
        because: Reason::Removed,
        needs: Vec::new(),
        stage: Stage::Retire,
        dependencies: recorded.dependencies.clone(),
        agent: recorded.agent.clone(),
        retention: recorded.retention,
        shift: None,
    }
}
