//! The building half of a plan: what is created, updated and replaced.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, DesiredResource, Edge, Generation, NonEmpty, Order, Presence, Properties, PropertyDiff,
    PropertyPath, Reach, Reason, RecordedResource, ResourceAddress, ResourceKey, Stage,
};
use schema::TypeSchema;
use serde_json::Value;

use crate::{Inputs, name};

/// What the building half decided.
pub(crate) struct Built {
    /// The changes, each after what it needs.
    pub(crate) changes: Vec<Change>,
    /// The incarnation that each desired address ends with.
    pub(crate) kept: BTreeMap<ResourceAddress, Kept>,
    /// Old incarnations that must be gone before their successor is made.
    pub(crate) first: BTreeSet<ResourceKey>,
}

/// The incarnation that a desired address ends with.
pub(crate) struct Kept {
    pub(crate) key: ResourceKey,
    /// Whether this plan changes it.
    changes: bool,
}

pub(crate) fn build(inputs: &Inputs<'_>, order: &[ResourceAddress]) -> Built {
    let mut built = Built { changes: Vec::new(), kept: BTreeMap::new(), first: BTreeSet::new() };
    let mut renewed = BTreeSet::new();
    for address in order {
        let Some(resource) = inputs.desired.resources.get(address) else { continue };
        let Some(schema) = schema::get(&resource.kind) else { continue };
        let decision = decide(inputs, address, resource, schema, &renewed);
        let key = ResourceKey::new(address.clone(), decision.generation);
        if decision.renewed {
            renewed.insert(address.clone());
        }
        let changes = decision.change.is_some();
        if let Some((action, because)) = decision.change {
            let mut needs = edges(&built, schema, resource);
            if let Action::Replace { old, order: Order::DeleteFirst, .. } = &action {
                needs.push(Edge { on: old.clone(), until: Reach::Ready });
                built.first.insert(old.clone());
            }
            needs.sort();
            built.changes.push(Change {
                key: key.clone(),
                kind: resource.kind.clone(),
                action,
                because,
                needs,
                stage: Stage::Build,
                dependencies: crate::dependencies(resource).unwrap_or_default(),
                agent: resource.agent.clone(),
                retention: resource.retention,
            });
        }
        built.kept.insert(address.clone(), Kept { key, changes });
    }
    built
}

struct Decision {
    generation: Generation,
    change: Option<(Action, Reason)>,
    /// Whether what refers to it sees other values than before.
    renewed: bool,
}

fn decide(
    inputs: &Inputs<'_>,
    address: &ResourceAddress,
    resource: &DesiredResource,
    schema: &TypeSchema,
    renewed: &BTreeSet<ResourceAddress>,
) -> Decision {
    let next = inputs.recorded.generations(address).last().map_or(Generation::FIRST, |(key, _)| key.generation.next());
    let create = |because: Reason| Decision {
        generation: next,
        change: Some((Action::Create { to: asked(inputs, address, resource, schema, next, None) }, because)),
        renewed: true,
    };
    let Some((key, recorded)) = inputs.recorded.current(address) else { return create(Reason::New) };
    if recorded.presence == Presence::Leaving {
        return create(Reason::New);
    }
    let to = asked(inputs, address, resource, schema, key.generation, Some(recorded));
    // Most resources of most deployments are asked for in the very same words.
    let mut diff = if recorded.asked == to { Vec::new() } else { schema::diff(&resource.kind, &recorded.asked, &to) };
    let has_moved = |name: &str, value: &Value| {
        let now = model::expression::resolve_value(value, &|reference| inputs.recorded.value_of(reference));
        now.is_ok_and(|now| recorded.sent.get(name).is_some_and(|sent| *sent != now))
    };
    diff.extend(seen_through_references(&to, &diff, renewed, has_moved));
    let forced_by = forced_by(schema, recorded, resource, &diff);
    if let Some(forced_by) = NonEmpty::new(forced_by) {
        return replace(inputs, address, resource, schema, (key, recorded), forced_by, next);
    }
    let change = match recorded.presence {
        Presence::Announced => Some((Action::Create { to }, Reason::Incomplete)),
        Presence::Incomplete => Some((Action::Update { from: recorded.asked.clone(), to, diff }, Reason::Incomplete)),
        // A difference that AWS does not see has to reach the record all the same: it decides what a removal destroys.
        Presence::Present if !diff.is_empty() || recorded.retention != resource.retention => {
            Some((Action::Update { from: recorded.asked.clone(), to, diff }, Reason::Changed))
        }
        Presence::Present | Presence::Leaving => None,
    };
    let renewed = recorded.physical_id.is_none();
    Decision { generation: key.generation, change, renewed }
}

fn replace(
    inputs: &Inputs<'_>,
    address: &ResourceAddress,
    resource: &DesiredResource,
    schema: &TypeSchema,
    (old, recorded): (&ResourceKey, &RecordedResource),
    forced_by: NonEmpty<PropertyPath>,
    next: Generation,
) -> Decision {
    let to = asked(inputs, address, resource, schema, next, None);
    let name = |properties: &Properties| schema.naming.and_then(|naming| properties.get(naming.property).cloned());
    let same_name = name(&to).is_some() && name(&to) == name(&recorded.asked);
    let order = if same_name { Order::DeleteFirst } else { Order::CreateFirst };
    let because = match forced_by.as_slice().first() {
        Some(path) => replaced_reference(&to, path).map_or(Reason::Changed, Reason::Replaces),
        None => Reason::Changed,
    };
    let action = Action::Replace { old: old.clone(), from: recorded.asked.clone(), to, order, forced_by };
    Decision { generation: next, change: Some((action, because)), renewed: true }
}

/// The address that the value at `path` refers to, where that is all it is.
fn replaced_reference(to: &Properties, path: &PropertyPath) -> Option<ResourceAddress> {
    let value = to.get(path.head())?;
    model::expression::as_reference(value).ok().flatten().map(|reference| reference.address)
}

/// What is asked for, with the name that this incarnation has: the user's, the recorded one, or a generated one.
fn asked(
    inputs: &Inputs<'_>,
    address: &ResourceAddress,
    resource: &DesiredResource,
    schema: &TypeSchema,
    generation: Generation,
    recorded: Option<&RecordedResource>,
) -> Properties {
    let mut properties = resource.properties.clone();
    let Some(naming) = schema.naming else { return properties };
    if properties.get(naming.property).is_none() {
        let kept = recorded.and_then(|recorded| recorded.asked.text(naming.property)).map(str::to_owned);
        let key = ResourceKey::new(address.clone(), generation);
        let name = kept
            .unwrap_or_else(|| name::generated(&naming, inputs.desired, &inputs.stamp.engine, inputs.deployment, &key));
        properties.set(naming.property, name);
    }
    properties
}

/// Properties that read the same and mean something else, because what they refer to is another incarnation: one that this
/// plan makes, or one that an earlier deployment made and then stopped, before it got here (`has_moved`: the value that was
/// sent is not the value that it has now).
fn seen_through_references(
    to: &Properties,
    diff: &[PropertyDiff],
    renewed: &BTreeSet<ResourceAddress>,
    has_moved: impl Fn(&str, &Value) -> bool,
) -> Vec<PropertyDiff> {
    let mut found = Vec::new();
    for (name, value) in &to.0 {
        let mut references = Vec::new();
        if model::expression::references_in(value, &mut references).is_err() {
            continue;
        }
        if references.is_empty() {
            continue;
        }
        let is_renewed = references.iter().any(|reference| renewed.contains(&reference.address));
        if (is_renewed || has_moved(name, value)) && !diff.iter().any(|known| known.path.head() == name) {
            let path = PropertyPath::root(name);
            found.push(PropertyDiff { path, from: Some(value.clone()), to: Some(value.clone()) });
        }
    }
    found
}

fn forced_by(
    schema: &TypeSchema,
    recorded: &RecordedResource,
    resource: &DesiredResource,
    diff: &[PropertyDiff],
) -> Vec<PropertyPath> {
    if recorded.kind != resource.kind {
        return vec![PropertyPath::root("Type")];
    }
    diff.iter().filter(|one| schema.create_only.contains(&one.path.head())).map(|one| one.path.clone()).collect()
}

/// One edge for each change that the resource needs, at the farthest reach that any of its properties asks for.
fn edges(built: &Built, schema: &TypeSchema, resource: &DesiredResource) -> Vec<Edge> {
    let mut reach: BTreeMap<ResourceAddress, Reach> =
        resource.depends_on.iter().map(|address| (address.clone(), Reach::Ready)).collect();
    for (name, value) in &resource.properties.0 {
        let mut references = Vec::new();
        if model::expression::references_in(value, &mut references).is_err() {
            continue;
        }
        for reference in references {
            let until = reach.entry(reference.address).or_insert(Reach::Identified);
            *until = (*until).max(schema.reach(name));
        }
    }
    reach
        .into_iter()
        .filter_map(|(address, until)| {
            let on = built.kept.get(&address)?;
            on.changes.then(|| Edge { on: on.key.clone(), until })
        })
        .collect()
}
