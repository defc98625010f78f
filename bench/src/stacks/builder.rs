//! Writes stacks down.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, Desired, DesiredResource, Digest, Edge, Environment, EnvironmentId, Generation, Plan, Properties,
    Reach, Reason, Recorded, ResourceAddress, ResourceKey, Retention, Revision, Selection, Stage, Stamp, properties,
};
use serde_json::Value;

use super::{PlannedBy, Stack, StackError};

/// Where everything is deployed: account, region, deployment, stamp.
pub mod context {
    use super::{Digest, Environment, EnvironmentId, Stamp};

    /// The account.
    pub const ACCOUNT: &str = "123456789012";
    /// The region.
    pub const REGION: &str = "eu-central-1";

    /// The environment's name.
    pub fn environment_id() -> EnvironmentId {
        EnvironmentId { project: "bench".to_owned(), environment: "dev".to_owned() }
    }

    /// The environment's record.
    pub fn environment() -> Environment {
        Environment::new(environment_id(), ACCOUNT, REGION)
    }

    /// What is stamped on everything.
    pub fn stamp() -> Stamp {
        Stamp {
            engine: "3c9d1f60a2b44e7f".to_owned(),
            scope: "bench/dev".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            deployed_at: "2026-11-01T00:00:00Z".to_owned(),
            deployed_by: deployment().0,
        }
    }

    /// The deployment.
    pub fn deployment() -> model::DeploymentId {
        "20261101t000000z-7d0c5b1a9e42".into()
    }

    /// The digest that stands for the config's.
    pub fn config() -> Digest {
        Digest::of(b"bench")
    }
}

/// A stack that is being written down.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    resources: Vec<(ResourceAddress, DesiredResource, Vec<Edge>)>,
}

impl Builder {
    /// An empty stack.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a resource that needs others to be ready.
    pub fn add(&mut self, logical_id: &str, kind: &str, of: Value, needs: &[&str]) -> &mut Self {
        let needs: Vec<_> = needs.iter().map(|on| (*on, Reach::Ready)).collect();
        self.add_reaching(logical_id, kind, of, &needs)
    }

    /// Adds a resource that says for each of its needs how far that must have come.
    pub fn add_reaching(&mut self, logical_id: &str, kind: &str, of: Value, needs: &[(&str, Reach)]) -> &mut Self {
        let resource = DesiredResource {
            kind: kind.into(),
            properties: properties(of),
            depends_on: needs.iter().map(|(on, _)| address(on)).collect(),
            agent: None,
            retention: Retention::Delete,
            ignore_changes: BTreeSet::new(),
            shift: None,
        };
        let edge = |(on, until): &(&str, Reach)| Edge { on: key(address(on)), until: *until };
        self.resources.push((address(logical_id), resource, needs.iter().map(edge).collect()));
        self
    }

    /// What should exist, as the planner takes it: references decide how far a need must have come, needs that no property
    /// refers to must be ready.
    pub fn desired(self) -> Desired {
        let referred = |resource: &DesiredResource| {
            let found = model::expression::references(&resource.properties).unwrap_or_default();
            found.into_iter().map(|reference| reference.address).collect::<BTreeSet<_>>()
        };
        let resources = self.resources.into_iter().map(|(address, mut resource, _)| {
            let referred = referred(&resource);
            resource.depends_on.retain(|on| !referred.contains(on));
            (address, resource)
        });
        desired(resources.collect())
    }

    /// The stack, planned by the planner.
    ///
    /// # Errors
    /// [`StackError::Plan`] where it refuses.
    pub fn planned(self, name: &'static str) -> Result<Stack, StackError> {
        planned(name, &self.desired())
    }

    /// The stack, its plan written down: each resource made in the order in which it was added.
    pub fn by_hand(self, name: &'static str) -> Stack {
        let change = |(address, resource, mut needs): (ResourceAddress, DesiredResource, Vec<Edge>)| {
            needs.sort();
            Change {
                key: key(address),
                kind: resource.kind,
                action: Action::Create { to: resource.properties },
                because: Reason::New,
                needs,
                stage: Stage::Build,
                dependencies: resource.depends_on,
                agent: None,
                retention: resource.retention,
                shift: None,
            }
        };
        let plan = Plan {
            version: model::plan::VERSION,
            deployment: context::deployment(),
            environment: context::environment_id(),
            account: context::ACCOUNT.to_owned(),
            region: context::REGION.to_owned(),
            stamp: context::stamp(),
            parent: Revision::default(),
            sequence: 0,
            config: context::config(),
            changes: self.resources.into_iter().map(change).collect(),
            unchanged: 0,
            irreversible: Vec::new(),
            outputs: BTreeMap::new(),
            since: 0,
            gates: Vec::new(),
        };
        Stack { name, planned_by: PlannedBy::Hand, plan }
    }
}

/// What should exist, in the environment of [`context`].
pub(super) fn desired(resources: BTreeMap<ResourceAddress, DesiredResource>) -> Desired {
    Desired {
        environment: context::environment_id(),
        account: context::ACCOUNT.to_owned(),
        region: context::REGION.to_owned(),
        resources,
        outputs: BTreeMap::new(),
        moved: BTreeMap::new(),
        gates: Vec::new(),
    }
}

/// A stack as the planner plans it.
pub(super) fn planned(name: &'static str, desired: &Desired) -> Result<Stack, StackError> {
    let plan = plan(desired, &Recorded::default()).map_err(|error| StackError::Plan { stack: name, error })?;
    Ok(Stack { name, planned_by: PlannedBy::Planner, plan })
}

/// The planner's plan from `recorded` to `desired`.
pub(crate) fn plan(desired: &Desired, recorded: &Recorded) -> Result<Plan, planner::PlanError> {
    planner::plan(&planner::Inputs {
        desired,
        recorded,
        environment: &context::environment(),
        deployment: &context::deployment(),
        config: &context::config(),
        stamp: &context::stamp(),
        only: &Selection::ALL,
    })
    .map(|planned| planned.plan)
}

fn address(logical_id: &str) -> ResourceAddress {
    ResourceAddress::new("shared", logical_id)
}

fn key(address: ResourceAddress) -> ResourceKey {
    ResourceKey::new(address, Generation::FIRST)
}

/// `{"Ref": …}` to a resource of the same stack.
pub(super) fn by_id(logical_id: &str) -> Value {
    model::expression::reference(&address(logical_id))
}

/// `{"Fn::GetAtt": [.., "Arn"]}` of a resource of the same stack.
pub(super) fn by_arn(logical_id: &str) -> Value {
    model::expression::attribute(&address(logical_id), "Arn")
}

/// No properties.
pub(super) fn plain() -> Value {
    Properties::new().to_value()
}
