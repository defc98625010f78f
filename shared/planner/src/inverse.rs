//! Ways back: a plan from what is recorded now to what a recorded revision had.

use std::collections::BTreeMap;

use model::{
    DeploymentId, Desired, DesiredResource, Digest, Environment, Presence, Recorded, RecordedResource, ResourceAddress,
    Scope, Stamp, expression,
};
use serde_json::Value;

use crate::consent::Consent;
use crate::{Inputs, PlanError, Planned};

/// What a way back is planned from: no config is asked.
#[derive(Debug, Clone, Copy)]
pub struct Inverse<'a> {
    /// What was recorded at the revision to go back to; empty for revision 0.
    pub snapshot: &'a Recorded,
    /// What is believed to exist now, open intents included.
    pub recorded: &'a Recorded,
    /// What goes back; everything else stays as it is recorded now.
    pub scope: &'a Scope,
    /// What the administrator allows, and where.
    pub environment: &'a Environment,
    /// The deployment that the plan is for.
    pub deployment: &'a DeploymentId,
    /// The digest of the config: that of nothing, where none is read.
    pub config: &'a Digest,
    /// What is stamped on whatever is created.
    pub stamp: &'a Stamp,
    /// The outputs to record at the end: those of the deployment that made the snapshot.
    pub outputs: &'a BTreeMap<String, Value>,
    /// Whose data may be lost by it.
    pub consent: Consent<'a>,
}

/// Makes the plan that leads back from what is recorded to what a snapshot had.
///
/// # Errors
/// [`PlanError`] with every problem at once: a loss that nobody consented to, something out of scope that stands on what
/// would go or be made anew.
pub fn inverse(inputs: &Inverse<'_>) -> Result<Planned, PlanError> {
    let desired = desired(inputs);
    crate::plan(&Inputs {
        desired: &desired,
        recorded: inputs.recorded,
        environment: inputs.environment,
        deployment: inputs.deployment,
        config: inputs.config,
        stamp: inputs.stamp,
    })
}

fn desired(inputs: &Inverse<'_>) -> Desired {
    let in_use = |recorded: &Recorded, covered: bool| -> BTreeMap<ResourceAddress, DesiredResource> {
        let all = recorded.resources.iter().filter(|(_, one)| one.presence != Presence::Leaving);
        all.filter(|(key, one)| inputs.scope.covers(&key.address, one.agent.as_deref()) == covered)
            .map(|(key, one)| (key.address.clone(), wanted(one)))
            .collect()
    };
    let mut resources = in_use(inputs.snapshot, true);
    resources.append(&mut in_use(inputs.recorded, false));
    Desired {
        environment: inputs.environment.id.clone(),
        account: inputs.environment.account.clone(),
        region: inputs.environment.region.clone(),
        resources,
        outputs: inputs.outputs.clone(),
        moved: BTreeMap::new(),
        gates: Vec::new(),
    }
}

/// A resource as it was asked for.
fn wanted(recorded: &RecordedResource) -> DesiredResource {
    let named = expression::references(&recorded.asked).unwrap_or_default();
    let is_named = |on: &&ResourceAddress| named.iter().any(|reference| reference.address == **on);
    DesiredResource {
        kind: recorded.kind.clone(),
        properties: recorded.asked.clone(),
        depends_on: recorded.dependencies.iter().filter(|on| !is_named(on)).cloned().collect(),
        agent: recorded.agent.clone(),
        retention: recorded.retention,
        ignore_changes: Default::default(),
    }
}
