//! The building half of a plan: what is created, updated and replaced.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, AtOnce, Change, Edge, Generation, Ignored, NonEmpty, Order, Presence, Properties, PropertyDiff,
    PropertyPath, Reach, Reason, Reference, ResourceAddress, ResourceKey, ResourceType, Retention, Stage, expression,
};
use schema::Naming;
use serde_json::Value;

use crate::view::{Standing, View};
use crate::wanted::{Wanted, Wants};
use crate::{Inputs, again, alike, name, shift};

/// What the building half decided.
pub(crate) struct Built {
    /// The changes, each after what it needs.
    pub(crate) changes: Vec<Change>,
    /// The generation that each place of the record keeps: by place.
    pub(crate) kept: Vec<Option<Generation>>,
    /// How many resources stay as they are.
    pub(crate) unchanged: usize,
    /// Incarnations that must be gone before something that needs their name is made, and the property that says so.
    pub(crate) first: BTreeMap<ResourceKey, String>,
    /// Values that stay what they are though the config says otherwise.
    pub(crate) ignored: Vec<Ignored>,
    /// Aliases that are to be shifted, and go to their version all at once.
    pub(crate) at_once: Vec<AtOnce>,
}

/// What is known of the resources that were decided on already: by rank.
struct Decided {
    /// The generation that a change makes or updates.
    changed: Vec<Option<Generation>>,
    /// Whether what refers to it sees other values than before.
    renewed: Vec<bool>,
    /// Whether what refers to it may see other values than before: only its change will tell.
    answered: Vec<bool>,
}

/// What is `still` stays as it is recorded, finished or not.
pub(crate) fn build(
    inputs: &Inputs<'_>,
    view: &View<'_>,
    wants: &Wants<'_>,
    still: &BTreeSet<ResourceAddress>,
) -> Built {
    let mut built = Built {
        changes: Vec::new(),
        kept: vec![None; view.places().len()],
        unchanged: 0,
        first: BTreeMap::new(),
        ignored: Vec::new(),
        at_once: Vec::new(),
    };
    let ranks = wants.addresses.len();
    let mut decided = Decided { changed: vec![None; ranks], renewed: vec![false; ranks], answered: vec![false; ranks] };
    let held = names_held(view);
    for wanted in &wants.order {
        let place = wants.places.get(wanted.rank).copied().flatten();
        let is_still = still.contains(wanted.address);
        let decision = Deciding { inputs, view, wants, wanted, place, is_still, decided: &decided }.decide();
        let generation = decision.generation;
        if let Some(kept) = place.and_then(|place| built.kept.get_mut(place)) {
            *kept = Some(generation);
        }
        if let Some(renewed) = decided.renewed.get_mut(wanted.rank) {
            *renewed = decision.renewed;
        }
        let is_answered = wanted.schema.answers && decision.change.is_some();
        if let Some(answered) = decided.answered.get_mut(wanted.rank) {
            *answered = is_answered;
        }
        if decision.exists {
            built.ignored.extend(wanted.ignored().iter().cloned());
        }
        let Some((action, because)) = decision.change else {
            built.unchanged += 1;
            continue;
        };
        if let Some(changed) = decided.changed.get_mut(wanted.rank) {
            *changed = Some(generation);
        }
        let mut needs = edges(&decided, view, wants, wanted, decision.exists);
        if !decision.exists {
            let here = place.and_then(|place| view.places().get(place));
            let moved = inputs.desired.moved.iter().filter(|(_, to)| *to == wanted.address);
            let places = here.into_iter().chain(moved.filter_map(|(from, _)| view.place(from)));
            let going = places.filter_map(|place| again::going_under_its_identity(place, wanted.resource, view));
            for (old, forced_by) in gives_way(wanted, &action, &held).into_iter().chain(going) {
                needs.push(Edge { on: old.clone(), until: Reach::Ready });
                built.first.insert(old, forced_by);
            }
        }
        needs.sort();
        needs.dedup();
        let on = wanted.needs(decision.exists).all.iter().filter_map(|rank| wants.addresses.get(*rank));
        let key = ResourceKey::new(wanted.address.clone(), generation);
        let shift = shift::shifted(wanted, &action, &built.changes).unwrap_or_else(|because| {
            built.at_once.push(AtOnce { alias: key.clone(), because });
            None
        });
        built.changes.push(Change {
            key,
            kind: wanted.resource.kind.clone(),
            action,
            because,
            needs,
            stage: Stage::Build,
            dependencies: on.map(|address| (*address).clone()).collect(),
            agent: wanted.resource.agent.clone(),
            retention: wanted.resource.retention,
            shift,
        });
    }
    alike::give_way(inputs, view, &mut built);
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
    wants: &'d Wants<'a>,
    wanted: &'d Wanted<'a>,
    place: Option<usize>,
    is_still: bool,
    decided: &'d Decided,
}

impl Deciding<'_, '_> {
    fn decide(&self) -> Decision {
        let Self { view, wanted, .. } = self;
        let resource = wanted.resource;
        let next = view.next(wanted.address, self.place);
        let Some(standing) = self.place.and_then(|place| view.current_at(place)) else {
            let to = self.named(&resource.properties, None, next).into_owned();
            let change = Some((Action::Create { to }, Reason::New));
            return Decision { generation: next, change, exists: false, renewed: true };
        };
        if self.is_still {
            return Decision { generation: standing.generation, change: None, exists: true, renewed: false };
        }
        let recorded = standing.recorded;
        let properties = wanted.properties(true);
        let named = || self.named(properties, Some(standing), standing.generation);
        let to = || named().into_owned();
        let mut diff = match self.reads_the_same(&standing.asked, properties) {
            true => Vec::new(),
            false => schema::diff(&resource.kind, &standing.asked, &named()),
        };
        self.see_through_references(properties, standing, &mut diff);
        let differs = diff.len();
        diff.retain(|one| !self.means_the_same(properties, standing, &one.path));
        let is_reworded = diff.len() < differs;
        if let Some(forced_by) = NonEmpty::new(self.forced_by(standing, &mut diff)) {
            return self.replace(standing, forced_by, next);
        }
        // A difference that AWS does not see has to reach the record all the same: it decides what a removal destroys, and
        // when.
        let kept_differently = is_reworded
            || recorded.retention != resource.retention
            || (recorded.agent != resource.agent && !standing.arrives)
            || !self.needs_what(&standing.dependencies);
        let change = match recorded.presence {
            Presence::Announced => Some((Action::Create { to: to() }, Reason::Incomplete)),
            Presence::Incomplete => Some((Action::Update { to: to(), diff }, Reason::Incomplete)),
            Presence::Present if !diff.is_empty() => Some((Action::Update { to: to(), diff }, Reason::Changed)),
            Presence::Present if standing.is_outdated => Some((Action::Update { to: to(), diff }, Reason::Moved)),
            Presence::Present if kept_differently => Some((Action::Update { to: to(), diff }, Reason::Changed)),
            Presence::Present | Presence::Leaving => None,
        };
        let renewed = recorded.physical_id.is_none();
        Decision { generation: standing.generation, change, exists: true, renewed }
    }

    fn replace(&self, old: &Standing<'_>, forced_by: NonEmpty<PropertyDiff>, next: Generation) -> Decision {
        let Self { wanted, .. } = self;
        let to = self.named(&wanted.resource.properties, None, next).into_owned();
        let name =
            |properties: &Properties| wanted.schema.naming.and_then(|naming| properties.get(naming.property).cloned());
        let same_name = name(&to).is_some() && name(&to) == name(&old.asked);
        let is_first = same_name || self.may_be_the_same(old, &to);
        let order = if is_first { Order::DeleteFirst } else { Order::CreateFirst };
        let because = match forced_by.as_slice().first() {
            Some(one) => replaced_reference(&to, &one.path).map_or(Reason::Changed, Reason::Replaces),
            None => Reason::Changed,
        };
        let key = ResourceKey::new(wanted.address.clone(), old.generation);
        let action = Action::Replace { old: key, to, order, forced_by };
        Decision { generation: next, change: Some((action, because)), exists: false, renewed: true }
    }

    /// Whether AWS may take what replaces an incarnation for the same: it differs by nothing but what it stands in, and where that
    /// stands nothing is recorded, so that it may be what was let go. Deleting the old one afterwards would take the new one away.
    fn may_be_the_same(&self, old: &Standing<'_>, to: &Properties) -> bool {
        let Self { wanted, wants, view, .. } = self;
        let sole = wanted.schema.sole;
        let is_unknown = |rank: &usize| {
            let place = wants.places.get(*rank).copied().flatten();
            self.is_renewed(*rank) && place.and_then(|place| view.current_at(place)).is_none()
        };
        let stands_in = wanted.needs(false).properties.iter().filter(|(name, _)| sole.contains(&name.as_ref()));
        wanted.resource.retention == Retention::Delete
            && old.recorded.kind == wanted.resource.kind
            && sole.iter().all(|property| old.asked.get(property) == to.get(property))
            && stands_in.flat_map(|(_, ranks)| ranks).any(is_unknown)
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
    fn named<'p>(
        &self,
        properties: &'p Properties,
        standing: Option<&Standing<'_>>,
        generation: Generation,
    ) -> Cow<'p, Properties> {
        let unnamed = |naming: &Naming| properties.get(naming.property).is_none();
        let Some(naming) = self.wanted.schema.naming.filter(unnamed) else { return Cow::Borrowed(properties) };
        let kept = standing.and_then(|standing| standing.asked.text(naming.property)).map(str::to_owned);
        let Inputs { desired, stamp, deployment, .. } = self.inputs;
        let key = ResourceKey::new(self.wanted.address.clone(), generation);
        let name =
            kept.unwrap_or_else(|| name::generated(&naming, desired, &stamp.engine, deployment, &key, properties));
        Cow::Owned(properties.clone().with(naming.property, name))
    }

    /// Whether it needs just these.
    fn needs_what(&self, dependencies: &BTreeSet<ResourceAddress>) -> bool {
        let all = &self.wanted.needs(true).all;
        let mut needed = all.iter().map(|rank| self.wants.addresses.get(*rank).copied());
        all.len() == dependencies.len() && dependencies.iter().all(|on| needed.next().flatten() == Some(on))
    }

    /// Adds properties that read the same and mean something else, because what they refer to is another incarnation: one
    /// that this plan makes, or one that an earlier deployment made and then stopped, before it got here (the value that was
    /// sent is not the value that it has now). A reference that `ignore_changes` keeps leads there, too: to what it led to
    /// before, it would lead in vain.
    fn see_through_references(&self, properties: &Properties, standing: &Standing<'_>, diff: &mut Vec<PropertyDiff>) {
        let mut found = Vec::new();
        for (name, ranks) in &self.wanted.needs(true).properties {
            if diff.iter().any(|known| known.path.head() == name) {
                continue;
            }
            // As it was asked for: AWS sees no difference to what is asked now, and what was sent is in the same order.
            let Some(value) = standing.asked.get(name).or_else(|| properties.get(name)) else { continue };
            let sent = standing.recorded.sent.get(name);
            // What may be another value is sent again, and where it is the same after all, nothing is sent. What only a
            // replacement could change is left to the next plan, which knows the value.
            let may_differ = !self.wanted.schema.create_only.contains(&name.as_ref());
            let differs = ranks.iter().any(|rank| self.is_renewed(*rank) || may_differ && self.is_answered(*rank))
                || sent.is_some_and(|sent| self.has_moved(value, sent));
            if differs {
                let path = PropertyPath::root(name);
                found.push(PropertyDiff { path, from: Some(value.clone()), to: Some(value.clone()) });
            }
        }
        diff.extend(found);
    }

    fn is_renewed(&self, rank: usize) -> bool {
        self.decided.renewed.get(rank).copied().unwrap_or(false)
    }

    fn is_answered(&self, rank: usize) -> bool {
        self.decided.answered.get(rank).copied().unwrap_or(false)
    }

    fn rank(&self, reference: &Reference) -> Option<usize> {
        let is_it =
            |rank: &usize| self.wants.addresses.get(*rank).is_some_and(|address| **address == reference.address);
        self.wanted.needs(true).all.iter().copied().find(is_it)
    }

    /// Whether what was sent is not what `value` amounts to now. What has no value now was not sent either.
    fn has_moved(&self, value: &Value, sent: &Value) -> bool {
        if let Ok(Some(reference)) = expression::as_reference(value) {
            return self.value_of(&reference).is_some_and(|now| now != *sent);
        }
        if expression::as_function(value).is_some() {
            let now = expression::resolve_value(value, &|reference| self.value_of(reference));
            return now.is_ok_and(|now| now != *sent);
        }
        match (value, sent) {
            (Value::Array(items), Value::Array(sent)) => {
                items.len() != sent.len() || items.iter().zip(sent).any(|(item, sent)| self.has_moved(item, sent))
            }
            (Value::Object(map), Value::Object(sent)) => {
                map.len() != sent.len()
                    || map.iter().any(|(name, item)| sent.get(name).is_none_or(|sent| self.has_moved(item, sent)))
            }
            (value, sent) => value != sent,
        }
    }

    /// The value of a reference, from the incarnation in use.
    fn value_of(&self, reference: &Reference) -> Option<Value> {
        let place = self.wants.places.get(self.rank(reference)?).copied().flatten()?;
        self.view.current_at(place)?.recorded.value_of(reference.attribute.as_deref())
    }

    /// Whether what AWS cannot change in place is only asked for in other words: it comes to what was sent.
    fn means_the_same(&self, properties: &Properties, standing: &Standing<'_>, path: &PropertyPath) -> bool {
        let name = path.head();
        if standing.recorded.kind != self.wanted.resource.kind || !self.wanted.schema.create_only.contains(&name) {
            return false;
        }
        let of = self.wanted.needs(true).properties.iter().filter(|(other, _)| other == name);
        let is_new = of.flat_map(|(_, ranks)| ranks).any(|rank| self.is_renewed(*rank) || self.is_answered(*rank));
        let now = properties.get(name).map(|value| expression::resolve_value(value, &|one| self.value_of(one)));
        let sent = standing.recorded.sent.get(name);
        !is_new && now.is_some_and(|now| now.is_ok_and(|now| sent == Some(&now)))
    }

    /// Takes out of `diff` what AWS cannot change in place.
    fn forced_by(&self, standing: &Standing<'_>, diff: &mut Vec<PropertyDiff>) -> Vec<PropertyDiff> {
        let (was, is) = (&standing.recorded.kind, &self.wanted.resource.kind);
        if was != is {
            let name = |kind: &ResourceType| Some(Value::from(kind.as_str()));
            return vec![PropertyDiff { path: PropertyPath::root("Type"), from: name(was), to: name(is) }];
        }
        diff.extract_if(.., |one| self.wanted.schema.create_only.contains(&one.path.head())).collect()
    }
}

/// The address that the value at `path` refers to, where that is all it is.
fn replaced_reference(to: &Properties, path: &PropertyPath) -> Option<ResourceAddress> {
    let value = to.get(path.head())?;
    expression::as_reference(value).ok().flatten().map(|reference| reference.address)
}

/// One edge for each change that the resource needs, at the farthest reach that any of its properties asks for; and one for
/// each move, of itself and of what it refers to.
fn edges(decided: &Decided, view: &View<'_>, wants: &Wants<'_>, wanted: &Wanted<'_>, exists: bool) -> Vec<Edge> {
    let needs = wanted.needs(exists);
    let mut edges = Vec::with_capacity(needs.all.len());
    let moved = |address: &ResourceAddress, edges: &mut Vec<Edge>| {
        edges.extend(view.arrivals(address).map(|on| Edge { on: on.clone(), until: Reach::Ready }));
    };
    moved(wanted.address, &mut edges);
    for rank in &needs.all {
        let Some(address) = wants.addresses.get(*rank).copied() else { continue };
        moved(address, &mut edges);
        let Some(generation) = decided.changed.get(*rank).copied().flatten() else { continue };
        let asks = |(name, ranks): &(Cow<'_, str>, Vec<usize>)| ranks.contains(rank).then(|| wanted.schema.reach(name));
        let asked = needs.properties.iter().filter_map(asks).max();
        let declared = wanted.resource.depends_on.contains(address);
        let until = if declared { Reach::Ready } else { asked.unwrap_or(Reach::Ready) };
        edges.push(Edge { on: ResourceKey::new(address.clone(), generation), until });
    }
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
        first.push((old.clone(), forced_by.as_slice().first().map(|one| one.path.to_string()).unwrap_or_default()));
    }
    let Some(naming) = wanted.schema.naming else { return first };
    let name = wanted.resource.properties.text(naming.property);
    if let Some(holder) = name.and_then(|name| held.get(&(wanted.resource.kind.as_str(), name))) {
        first.push((holder.clone(), naming.property.to_owned()));
    }
    first
}
