//! Ways back: a plan from what is recorded now to what a recorded revision had.
//!
//! What the revision had is made into a Desired, and planned as any other. Beyond that, only this is decided here: which
//! incarnation comes back into use, which names are given anew, what stays as it is, and what may be lost.

mod half;
mod names;
mod outside;
mod scope;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, DeploymentId, Desired, DesiredResource, Digest, Environment, Generation, PhysicalId, Presence, Properties,
    Recorded, RecordedResource, ResourceAddress, ResourceKey, ResourceType, Scope, Selection, Stamp, expression,
};
use serde_json::Value;

pub use half::HalfDone;
pub(crate) use outside::value_now;

use crate::consent::{self, Consent, Spared};
use crate::moves::{self, Relocation};
use crate::view::{self, View};
use crate::{Draft, Exempt, Inputs, PlanError, Planned, Problem, draft, finish, refuse};
use crate::{reprieve, retire};

/// What a way back is planned from: no config is asked.
#[derive(Debug, Clone, Copy)]
pub struct Inverse<'a> {
    /// What was recorded at the revision to go back to; empty for revision 0.
    pub snapshot: &'a Recorded,
    /// What was recorded when deployments before that ended well, newest first: what the snapshot has half done goes to what it was
    /// there.
    pub earlier: &'a [Recorded],
    /// What is believed to exist now, open intents included.
    pub recorded: &'a Recorded,
    /// What goes back; everything else stays as it is recorded now.
    pub scope: &'a Scope,
    /// What a deployment of a part did anything to, where that is undone: nothing else goes back. None where all of the scope does.
    pub touched: Option<&'a BTreeSet<ResourceAddress>>,
    /// Whether what the snapshot has half done stays as it is, where nobody has touched it since.
    pub leaves: bool,
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

impl Inverse<'_> {
    /// This way back and wider ones, for where there is no plan of it that holds: all of the scope, and then also what it leaves.
    pub fn ways(&self) -> Vec<Self> {
        let whole = (self.touched.is_some() || self.leaves).then_some(Self { touched: None, leaves: false, ..*self });
        let leaving = (self.touched.is_some() && self.leaves).then_some(Self { touched: None, ..*self });
        [*self].into_iter().chain(leaving).chain(whole).collect()
    }
}

/// Makes the plan that leads back from what is recorded to what a snapshot had.
///
/// # Errors
/// [`PlanError`] with every problem at once: a loss that nobody consented to, something out of scope that stands on what
/// would go or be made anew.
pub fn inverse(inputs: &Inverse<'_>) -> Result<Planned, PlanError> {
    let left = if inputs.leaves { half::left(inputs) } else { BTreeSet::new() };
    let mended = half::mended(inputs);
    let touched = (!left.is_empty()).then(|| without(inputs, &left));
    let known = inputs.snapshot;
    let inputs = &Inverse { snapshot: &mended, touched: touched.as_ref().or(inputs.touched), ..*inputs };
    let recorded = reprieved(inputs);
    let inputs = &Inverse { recorded: &recorded, ..*inputs };
    let before = Before::of(inputs, known);
    let (mut desired, dangling) = desired(inputs, &before);
    let mut relocations = before.relocations(inputs.recorded, &mut desired.moved);
    relocations.extend(before.unsaid(inputs.recorded, &relocations, &mut desired));
    let names = view::names(Some(&desired), inputs.recorded);
    let mut view = View::of(inputs.recorded, &relocations, &names);
    for relocation in &relocations {
        // Where it leaves something else may be made, which is another incarnation.
        view.raise(&relocation.from.address, relocation.from.generation);
    }
    let again = names::give(inputs, &before, &mut view, &mut desired);
    let still = in_use(inputs.recorded).into_keys().filter(|address| !before.covers(address)).cloned().collect();
    // Nobody was asked whether data may go that was put off.
    let is_spared =
        |one: &RecordedResource| matches!(inputs.consent, Consent::Automatic { .. }) && retire::holds_data(&one.kind);
    let waits = |(key, one): &(&ResourceKey, &RecordedResource)| {
        one.reap.is_some() && (is_spared(one) || !before.covers(&key.address))
    };
    let waiting = inputs.recorded.resources.iter().filter(waits).map(|(key, _)| key.clone()).collect();
    let not_kept = consent::made(inputs, &before, &view);
    let exempt = Exempt { still, dangling, not_kept, waiting, ..Exempt::default() };
    let planning = Inputs {
        desired: &desired,
        recorded: inputs.recorded,
        environment: inputs.environment,
        deployment: inputs.deployment,
        config: inputs.config,
        stamp: inputs.stamp,
        only: &Selection::ALL,
    };
    let mut problems = Vec::new();
    let mut draft = draft(&planning, &view, &exempt, &mut problems).map_err(missing)?;
    outside::refuse(inputs, &before, &planning, &view, &draft.built.changes, &exempt.still, &mut problems);
    outside::told_another(&before, &view, &draft.built.changes, &left, &mut problems);
    // Nothing that was there goes while something is half done: it may be what that uses.
    let spared = Spared { again, known: !left.is_empty() };
    consent::weigh(inputs, &before, &view, &spared, &mut draft, &mut problems);
    refuse(&mut problems)?;
    settle(&before, &exempt.dangling, &mut draft);
    finish(&planning, &view, &relocations, draft)
}

/// What goes back, without what is left.
fn without(inputs: &Inverse<'_>, left: &BTreeSet<ResourceAddress>) -> BTreeSet<ResourceAddress> {
    let all = [inputs.snapshot, inputs.recorded].into_iter().chain(inputs.earlier);
    let all = all.flat_map(|record| record.resources.keys().map(|key| &key.address)).collect::<BTreeSet<_>>();
    let is_touched = |address: &&ResourceAddress| inputs.touched.is_none_or(|touched| touched.contains(address));
    all.into_iter().filter(is_touched).filter(|address| !left.contains(address)).cloned().collect()
}

/// The record, in which what the revision had in use and AWS would not delete is not being deleted any more.
fn reprieved<'a>(inputs: &Inverse<'a>) -> Cow<'a, Recorded> {
    let then = in_use(inputs.snapshot);
    let before: BTreeMap<Identity<'_>, &ResourceKey> =
        then.values().map(|(key, resource)| (Identity::of(key, resource), *key)).collect();
    let covers = |key: &ResourceKey, one: &RecordedResource| scope::covers(inputs, &key.address, one);
    reprieve::reprieved(inputs.recorded, |key, resource| {
        let then = before.get(&Identity::of(key, resource));
        then.is_some_and(|then| covers(key, resource) || covers(then, resource))
    })
}

/// What one incarnation is told by, wherever it is recorded: names may be given again, and keys by moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity<'a> {
    kind: &'a ResourceType,
    physical_id: Option<&'a PhysicalId>,
    made_as: &'a ResourceKey,
}

impl<'a> Identity<'a> {
    pub(crate) fn of(key: &'a ResourceKey, resource: &'a RecordedResource) -> Self {
        let made_as = resource.made_as.as_ref().unwrap_or(key);
        Self { kind: &resource.kind, physical_id: resource.physical_id.as_ref(), made_as }
    }
}

pub(crate) type InUse<'a> = BTreeMap<&'a ResourceAddress, (&'a ResourceKey, &'a RecordedResource)>;

/// What is in use at each address. Generations ascend, so that the newest is what remains.
fn in_use(recorded: &Recorded) -> InUse<'_> {
    let stay = recorded.resources.iter().filter(|(_, resource)| resource.presence != Presence::Leaving);
    stay.map(|(key, resource)| (&key.address, (key, resource))).collect()
}

/// What the revision had, and where that is now.
pub(crate) struct Before<'a> {
    /// What was in use, of the addresses that go back.
    pub(crate) in_use: InUse<'a>,
    /// Everything that the revision had, in use or not.
    pub(crate) known: BTreeSet<Identity<'a>>,
    /// What is recorded now and is not being deleted.
    pub(crate) alive: BTreeMap<Identity<'a>, &'a ResourceKey>,
    /// The addresses that go back.
    covered: BTreeSet<&'a ResourceAddress>,
}

impl<'a> Before<'a> {
    /// `known` is what the revision had, half done or not.
    fn of(inputs: &Inverse<'a>, known: &'a Recorded) -> Self {
        let identify = |(key, resource): (&'a ResourceKey, &'a RecordedResource)| (Identity::of(key, resource), key);
        let stay = inputs.recorded.resources.iter().filter(|(_, resource)| resource.presence != Presence::Leaving);
        let alive: BTreeMap<Identity<'_>, &ResourceKey> = stay.map(identify).collect();
        let all = inputs.snapshot.resources.iter().chain(&known.resources);
        let known = all.map(identify).map(|(identity, _)| identity).collect();
        let mut in_use = in_use(inputs.snapshot);
        let covered = scope::covered(inputs, &in_use, &alive);
        in_use.retain(|address, _| covered.contains(address));
        Self { in_use, known, alive, covered }
    }

    /// Whether an address goes back.
    pub(crate) fn covers(&self, address: &ResourceAddress) -> bool {
        self.covered.contains(address)
    }

    /// What comes back to its address: because it has moved to another, or because another took its place and it is still there.
    /// It comes as the newest there, which is the one in use.
    fn relocations(
        &self,
        recorded: &'a Recorded,
        moved: &mut BTreeMap<ResourceAddress, ResourceAddress>,
    ) -> Vec<Relocation<'a>> {
        let now = in_use(recorded);
        let used = used(recorded);
        let mut relocations = Vec::new();
        for (address, (key, resource)) in &self.in_use {
            let identity = Identity::of(key, resource);
            let is_there = now.get(address).is_some_and(|(key, resource)| Identity::of(key, resource) == identity);
            let Some(from) = self.alive.get(&identity).copied().filter(|_| !is_there) else { continue };
            let is_in_use = now.get(&from.address).is_some_and(|(key, _)| *key == from);
            if is_in_use && from.address != **address {
                moved.insert(from.address.clone(), (*address).clone());
            }
            let generation = used.get(address).map_or(Generation::FIRST, |used| used.next());
            let to = ResourceKey::new((*address).clone(), generation);
            relocations.push(Relocation::alone(from, to));
        }
        relocations
    }

    /// What was made since at another address, and is what comes back as far as AWS tells such things apart.
    fn unsaid(
        &self,
        recorded: &'a Recorded,
        relocations: &[Relocation<'a>],
        desired: &mut Desired,
    ) -> Vec<Relocation<'a>> {
        let unsaid = moves::unsaid(desired, recorded, relocations, &|address| self.covers(address));
        desired.moved.extend(unsaid.iter().map(|(from, to)| (from.address.clone(), to.address.clone())));
        let kept = |(from, to)| Some(Relocation::alone(recorded.resources.get_key_value(&from)?.0, to));
        unsaid.into_iter().filter_map(kept).collect()
    }
}

/// The highest generation that each address has, or that tags elsewhere name.
fn used(recorded: &Recorded) -> BTreeMap<&ResourceAddress, Generation> {
    let made = recorded.resources.values().filter_map(|resource| resource.made_as.as_ref());
    let mut used = BTreeMap::new();
    for key in recorded.resources.keys().chain(made) {
        let highest = used.entry(&key.address).or_insert(key.generation);
        *highest = key.generation.max(*highest);
    }
    used
}

/// What the revision had, of what goes back, and what is recorded now, of everything else; and the references in it that lead
/// nowhere.
fn desired(inputs: &Inverse<'_>, before: &Before<'_>) -> (Desired, BTreeSet<(ResourceAddress, ResourceAddress)>) {
    let now = in_use(inputs.recorded);
    let then = before.in_use.iter().map(|(address, found)| (*address, *found));
    let rest = now.iter().filter(|(address, _)| !before.covers(address)).map(|(address, found)| (*address, *found));
    let all: InUse<'_> = then.chain(rest).collect();
    let snapshot = in_use(inputs.snapshot);
    // Where a deployment had moved something and stopped, what refers to it may name the address of before.
    let moved = view::names(None, inputs.snapshot);
    let mut dangling = BTreeSet::new();
    let mut resources = BTreeMap::new();
    for (address, (_, resource)) in &all {
        let goes_back = before.covers(address);
        let (then, dependencies) = match goes_back {
            true => view::renamed(resource, &moved),
            false => (Cow::Borrowed(&resource.asked), Cow::Borrowed(&resource.dependencies)),
        };
        let mut asked = then.clone().into_owned();
        let leads_nowhere = |on: &ResourceAddress| !(all.contains_key(on) || goes_back && snapshot.contains_key(on));
        for (name, on) in references(&then).into_iter().filter(|(_, on)| leads_nowhere(on)) {
            let is_kept = now.get(address).is_some_and(|(_, now)| now.asked.get(&name) == resource.asked.get(&name));
            match resource.sent.get(&name).filter(|_| goes_back && !is_kept) {
                Some(sent) => asked.set(&name, sent.clone()),
                None => drop(dangling.insert(((*address).clone(), on))),
            }
        }
        let named: BTreeSet<ResourceAddress> = references(&asked).into_iter().map(|(_, on)| on).collect();
        let depends_on = dependencies.iter().filter(|on| !named.contains(on) && !leads_nowhere(on));
        let wanted = DesiredResource {
            kind: resource.kind.clone(),
            properties: asked,
            depends_on: depends_on.cloned().collect(),
            agent: resource.agent.clone(),
            retention: resource.retention,
            ignore_changes: BTreeSet::new(),
            shift: None,
        };
        resources.insert((*address).clone(), wanted);
    }
    let desired = Desired {
        environment: inputs.environment.id.clone(),
        account: inputs.environment.account.clone(),
        region: inputs.environment.region.clone(),
        resources,
        outputs: inputs.outputs.clone(),
        moved: BTreeMap::new(),
        gates: Vec::new(),
    };
    (desired, dangling)
}

/// What each top-level property refers to. Malformed ones are the planner's to tell.
pub(crate) fn references(properties: &Properties) -> Vec<(String, ResourceAddress)> {
    let mut all = Vec::new();
    for (name, value) in &properties.0 {
        let mut found = Vec::new();
        if expression::references_in(value, &mut found).is_ok() {
            all.extend(found.into_iter().map(|reference| (name.clone(), reference.address)));
        }
    }
    all
}

/// Something that goes back refers to what is gone and does not come back with it.
fn missing(PlanError(problems): PlanError) -> PlanError {
    let told = problems.into_iter().map(|problem| match problem {
        Problem::UnknownReference { resource, to } => Problem::Missing { resource, to },
        other => other,
    });
    PlanError(told.collect())
}

/// What is changed and refers to what was let go goes on with the value that it was sent.
fn settle(before: &Before<'_>, dangling: &BTreeSet<(ResourceAddress, ResourceAddress)>, draft: &mut Draft) {
    for change in draft.built.changes.iter_mut().filter(|_| !dangling.is_empty()) {
        let address = change.key.address.clone();
        let Some((_, then)) = before.in_use.get(&address) else { continue };
        let (Action::Create { to } | Action::Update { to, .. } | Action::Replace { to, .. }) = &mut change.action
        else {
            continue;
        };
        for (name, _) in references(to).into_iter().filter(|(_, on)| dangling.contains(&(address.clone(), on.clone())))
        {
            if let Some(sent) = then.sent.get(&name) {
                to.set(&name, sent.clone());
            }
        }
    }
}
