//! The building half of a plan: what is created, updated and replaced.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, Change, Edge, Generation, Ignored, NonEmpty, Order, Presence, Properties, PropertyDiff, PropertyPath,
    Reach, Reason, ResourceAddress, ResourceKey, Stage,
};

use crate::view::{Standing, View};
use crate::wanted::Wanted;
use crate::{Inputs, ignore, name};

/// What the building half decided.
pub(crate) struct Built<'a> {
    /// The changes, each after what it needs.
    pub(crate) changes: Vec<Change>,
    /// The incarnation that each desired address ends with.
    pub(crate) kept: BTreeMap<&'a ResourceAddress, Kept>,
    /// Incarnations that must be gone before something that needs their name is made, and the property that says so.
    pub(crate) first: BTreeMap<ResourceKey, String>,
    /// Values that stay what they are though the config says otherwise.
    pub(crate) ignored: Vec<Ignored>,
}

/// The incarnation that a desired address ends with.
pub(crate) struct Kept {
    pub(crate) generation: Generation,
    /// Whether this plan changes it.
    pub(crate) changes: bool,
}

pub(crate) fn build<'a>(inputs: &Inputs<'a>, view: &View<'a>, order: &[Wanted<'a>]) -> Built<'a> {
    let mut built = Built { changes: Vec::new(), kept: BTreeMap::new(), first: BTreeMap::new(), ignored: Vec::new() };
    let mut renewed = BTreeSet::new();
    let held = names_held(view);
    for wanted in order {
        let decision = Deciding { inputs, view, wanted, renewed: &renewed }.decide();
        let key = ResourceKey::new(wanted.address.clone(), decision.generation);
        if decision.renewed {
            renewed.insert(wanted.address);
        }
        if let Some(kept) = wanted.kept.as_ref().filter(|_| decision.exists) {
            built.ignored.extend(kept.ignored.iter().cloned());
        }
        let changes = decision.change.is_some();
        if let Some((action, because)) = decision.change {
            let mut needs = edges(&built, view, wanted, decision.exists);
            if !decision.exists {
                for (old, forced_by) in gives_way(wanted, &action, &held) {
                    needs.push(Edge { on: old.clone(), until: Reach::Ready });
                    built.first.insert(old, forced_by);
                }
            }
            needs.sort();
            needs.dedup();
            built.changes.push(Change {
                key,
                kind: wanted.resource.kind.clone(),
                action,
                because,
                needs,
                stage: Stage::Build,
                dependencies: wanted.dependencies(decision.exists).into_iter().cloned().collect(),
                agent: wanted.resource.agent.clone(),
                retention: wanted.resource.retention,
            });
        }
        built.kept.insert(wanted.address, Kept { generation: decision.generation, changes });
    }
    built
}

struct Decision {
    generation: Generation,
    change: Option<(Action, Reason)>,
    /// Whether it is an incarnation that the record has.
    exists: bool,
    /// Whether what refers to it sees other values than before.
    renewed: bool,
}

struct Deciding<'d, 'a> {
    inputs: &'d Inputs<'a>,
    view: &'d View<'a>,
    wanted: &'d Wanted<'a>,
    renewed: &'d BTreeSet<&'a ResourceAddress>,
}

impl Deciding<'_, '_> {
    fn decide(&self) -> Decision {
        let Self { view, wanted, .. } = self;
        let resource = wanted.resource;
        let next = view.next(wanted.address);
        let Some(standing) = view.current(wanted.address) else {
            let to = self.named(&resource.properties, None, next);
            let change = Some((Action::Create { to }, Reason::New));
            return Decision { generation: next, change, exists: false, renewed: true };
        };
        let recorded = standing.recorded;
        let properties = wanted.properties(true);
        let to = || self.named(properties, Some(standing), standing.generation);
        let mut diff = match self.reads_the_same(&standing.asked, properties) {
            true => Vec::new(),
            false => schema::diff(&resource.kind, &standing.asked, &to()),
        };
        self.see_through_references(properties, standing, &mut diff);
        if let Some(forced_by) = NonEmpty::new(self.forced_by(standing, &diff)) {
            return self.replace(standing, forced_by, next);
        }
        let from = || standing.recorded.asked.clone();
        // A difference that AWS does not see has to reach the record all the same: it decides what a removal destroys, and
        // when.
        let kept_differently = recorded.retention != resource.retention
            || (recorded.agent != resource.agent && !standing.arrives)
            || !wanted.dependencies(true).into_iter().eq(standing.dependencies.iter());
        let change = match recorded.presence {
            Presence::Announced => Some((Action::Create { to: to() }, Reason::Incomplete)),
            Presence::Incomplete => Some((Action::Update { from: from(), to: to(), diff }, Reason::Incomplete)),
            Presence::Present if !diff.is_empty() => {
                Some((Action::Update { from: from(), to: to(), diff }, Reason::Changed))
            }
            Presence::Present if standing.is_outdated => {
                Some((Action::Update { from: from(), to: to(), diff }, Reason::Moved))
            }
            Presence::Present if kept_differently => {
                Some((Action::Update { from: from(), to: to(), diff }, Reason::Changed))
            }
            Presence::Present | Presence::Leaving => None,
        };
        let renewed = recorded.physical_id.is_none();
        Decision { generation: standing.generation, change, exists: true, renewed }
    }

    fn replace(&self, old: &Standing<'_>, forced_by: NonEmpty<PropertyPath>, next: Generation) -> Decision {
        let Self { wanted, .. } = self;
        let to = self.named(&wanted.resource.properties, None, next);
        let name =
            |properties: &Properties| wanted.schema.naming.and_then(|naming| properties.get(naming.property).cloned());
        let same_name = name(&to).is_some() && name(&to) == name(&old.asked);
        let order = if same_name { Order::DeleteFirst } else { Order::CreateFirst };
        let because = match forced_by.as_slice().first() {
            Some(path) => replaced_reference(&to, path).map_or(Reason::Changed, Reason::Replaces),
            None => Reason::Changed,
        };
        let key = ResourceKey::new(wanted.address.clone(), old.generation);
        let action = Action::Replace { old: key, from: old.recorded.asked.clone(), to, order, forced_by };
        Decision { generation: next, change: Some((action, because)), exists: false, renewed: true }
    }

    /// Whether what is asked for is, word for word, what was asked for: so it is with most resources of most deployments,
    /// and no tree has to be copied to see it.
    fn reads_the_same(&self, asked: &Properties, properties: &Properties) -> bool {
        let generated = self.wanted.schema.naming.map(|naming| naming.property);
        let generated = generated.filter(|name| properties.get(name).is_none() && asked.text(name).is_some());
        asked.0.len() == properties.0.len() + usize::from(generated.is_some())
            && properties.0.iter().all(|(name, value)| asked.get(name) == Some(value))
    }

    /// `properties` with the name that this incarnation has: the user's, the recorded one, or a generated one.
    fn named(&self, properties: &Properties, standing: Option<&Standing<'_>>, generation: Generation) -> Properties {
        let mut properties = properties.clone();
        let Some(naming) = self.wanted.schema.naming else { return properties };
        if properties.get(naming.property).is_none() {
            let kept = standing.and_then(|standing| standing.asked.text(naming.property)).map(str::to_owned);
            let Inputs { desired, stamp, deployment, .. } = self.inputs;
            let key = ResourceKey::new(self.wanted.address.clone(), generation);
            let name = kept.unwrap_or_else(|| name::generated(&naming, desired, &stamp.engine, deployment, &key));
            properties.set(naming.property, name);
        }
        properties
    }

    /// Adds properties that read the same and mean something else, because what they refer to is another incarnation: one
    /// that this plan makes, or one that an earlier deployment made and then stopped, before it got here (the value that was
    /// sent is not the value that it has now).
    fn see_through_references(&self, properties: &Properties, standing: &Standing<'_>, diff: &mut Vec<PropertyDiff>) {
        let paths = self.wanted.ignores();
        let mut found = Vec::new();
        for (name, references) in self.wanted.uses(true).by_property() {
            if diff.iter().any(|known| known.path.head() == name) {
                continue;
            }
            let Some(value) = properties.get(name) else { continue };
            let inside: Vec<&PropertyPath> = paths.iter().filter(|path| path.head() == name).collect();
            let differs = match inside.as_slice() {
                [] => {
                    references.iter().any(|reference| self.renewed.contains(&reference.address))
                        || self.has_moved(value, standing.recorded.sent.get(name))
                }
                paths => {
                    let beyond = |value: &serde_json::Value| ignore::beyond(name, value, paths.iter().copied());
                    beyond(value).is_some_and(|value| {
                        let mut references = Vec::new();
                        let _ = model::expression::references_in(&value, &mut references);
                        let sent = standing.recorded.sent.get(name).and_then(beyond);
                        references.iter().any(|reference| self.renewed.contains(&reference.address))
                            || self.has_moved(&value, sent.as_ref())
                    })
                }
            };
            if differs {
                let path = PropertyPath::root(name);
                found.push(PropertyDiff { path, from: Some(value.clone()), to: Some(value.clone()) });
            }
        }
        diff.extend(found);
    }

    /// Whether what was sent is not what `value` amounts to now.
    fn has_moved(&self, value: &serde_json::Value, sent: Option<&serde_json::Value>) -> bool {
        let Some(sent) = sent else { return false };
        model::expression::resolve_value(value, &|reference| self.view.value_of(reference))
            .is_ok_and(|now| now != *sent)
    }

    fn forced_by(&self, standing: &Standing<'_>, diff: &[PropertyDiff]) -> Vec<PropertyPath> {
        if standing.recorded.kind != self.wanted.resource.kind {
            return vec![PropertyPath::root("Type")];
        }
        let frozen = |one: &&PropertyDiff| self.wanted.schema.create_only.contains(&one.path.head());
        diff.iter().filter(frozen).map(|one| one.path.clone()).collect()
    }
}

/// The address that the value at `path` refers to, where that is all it is.
fn replaced_reference(to: &Properties, path: &PropertyPath) -> Option<ResourceAddress> {
    let value = to.get(path.head())?;
    model::expression::as_reference(value).ok().flatten().map(|reference| reference.address)
}

/// One edge for each change that the resource needs, at the farthest reach that any of its properties asks for; and one for
/// each move, of itself and of what it refers to.
fn edges(built: &Built<'_>, view: &View<'_>, wanted: &Wanted<'_>, exists: bool) -> Vec<Edge> {
    let mut reach: BTreeMap<&ResourceAddress, Reach> =
        wanted.resource.depends_on.iter().map(|address| (address, Reach::Ready)).collect();
    for (name, references) in wanted.uses(exists).by_property() {
        for reference in references {
            let until = reach.entry(&reference.address).or_insert(Reach::Identified);
            *until = (*until).max(wanted.schema.reach(name));
        }
    }
    let moved = reach.keys().copied().chain([wanted.address]).flat_map(|address| view.arrivals(address));
    let mut edges: Vec<Edge> = moved.map(|on| Edge { on: on.clone(), until: Reach::Ready }).collect();
    edges.extend(reach.into_iter().filter_map(|(address, until)| {
        let kept = built.kept.get(address).filter(|kept| kept.changes)?;
        Some(Edge { on: ResourceKey::new(address.clone(), kept.generation), until })
    }));
    edges
}

/// Names that something which is being deleted still has, by type and name.
fn names_held<'v>(view: &'v View<'_>) -> BTreeMap<(&'v str, &'v str), ResourceKey> {
    let mut held = BTreeMap::new();
    for (address, standing) in view.all().filter(|(_, standing)| !standing.stays()) {
        let kind = &standing.recorded.kind;
        let naming = schema::get(kind).and_then(|schema| schema.naming);
        let asked = naming.and_then(|naming| standing.asked.text(naming.property));
        let known = standing.recorded.physical_id.as_ref().map(|id| id.as_str()).filter(|_| naming.is_some());
        let key = ResourceKey::new(address.clone(), standing.generation);
        held.extend(asked.into_iter().chain(known).map(|name| ((kind.as_str(), name), key.clone())));
    }
    held
}

/// What must be gone before something new can be made, because it has a name that the user fixed; with the property that
/// forces it.
fn gives_way(
    wanted: &Wanted<'_>,
    action: &Action,
    held: &BTreeMap<(&str, &str), ResourceKey>,
) -> Vec<(ResourceKey, String)> {
    let mut first = Vec::new();
    if let Action::Replace { old, order: Order::DeleteFirst, forced_by, .. } = action {
        first.push((old.clone(), forced_by.as_slice().first().map(ToString::to_string).unwrap_or_default()));
    }
    let Some(naming) = wanted.schema.naming else { return first };
    let name = wanted.resource.properties.text(naming.property);
    if let Some(holder) = name.and_then(|name| held.get(&(wanted.resource.kind.as_str(), name))) {
        first.push((holder.clone(), naming.property.to_owned()));
    }
    first
}
