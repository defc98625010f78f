//! Decides what a deployment does: Desired and Recorded in, Plan out.
//!
//! Owns every decision: actions, names, generations, order, replacement strategy, what is retained. Synchronous and
//! deterministic: the same input gives the same plan, byte for byte. Never reads AWS, never carries anything out.

mod affected;
mod again;
mod alike;
mod build;
mod consent;
mod destroy;
mod error;
mod ignore;
mod inverse;
mod let_go;
mod losses;
mod moves;
mod name;
mod order;
mod part;
mod reap;
mod reprieve;
mod retire;
mod shift;
mod target;
mod view;
mod wanted;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

use model::{
    Action, Change, DeploymentId, Desired, Digest, Environment, Moved, Plan, PlanReport, Recorded, Replaced,
    ResourceAddress, ResourceKey, Selection, Stamp,
};

use part::Part;
use view::View;

pub use consent::Consent;
pub use destroy::{Destroying, destroy};
pub use error::{PlanError, Problem};
pub use inverse::{HalfDone, Inverse, inverse};
pub use let_go::{LettingGo, let_go};
pub use reap::{Reaping, reap};
pub use target::{Destination, Nowhere, before, destination, last, let_go_since};

/// Looked up, and never gone through: its order must not show. Hashed without anything random.
type Lookup<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

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
    /// The part that it is about.
    pub only: &'a Selection,
}

/// A plan, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What making it found out.
    pub report: PlanReport,
}

/// Makes the plan that leads from what is recorded to what is desired.
///
/// # Errors
/// [`PlanError`] with every problem at once: unsupported types, references to nothing, cycles, moves that cannot be,
/// deletions that a protected environment refuses, what is not selected and stands on something that would not be there any
/// more.
pub fn plan(inputs: &Inputs<'_>) -> Result<Planned, PlanError> {
    let with_unsaid = moves::with_unsaid(inputs.desired, inputs.recorded);
    let inputs = &Inputs { desired: with_unsaid.as_ref().unwrap_or(inputs.desired), ..*inputs };
    let part = Part::of(inputs);
    let of_part = part.as_ref().map(|part| part.desired(inputs.recorded));
    let outside = part.as_ref().map(|part| part.outside(inputs.recorded)).unwrap_or_default();
    let whole = inputs.desired;
    let inputs = &Inputs { desired: of_part.as_ref().unwrap_or(inputs.desired), ..*inputs };
    let recorded = reprieve::reprieved(inputs.recorded, |key, resource| {
        reprieve::is_desired(inputs.desired, inputs.recorded, key, resource)
    });
    let again = taken_up(inputs.desired, &recorded);
    let recorded = reprieve::reprieved(&recorded, |key, _| again.contains_key(key));
    let inputs = &Inputs { recorded: &recorded, ..*inputs };
    let mut problems = Vec::new();
    let mut relocations = moves::relocations(inputs.desired, inputs.recorded, &mut problems);
    let comes_back = |from| Some(moves::Relocation::alone(from, again.get(from)?.clone()));
    relocations.extend(inputs.recorded.resources.keys().filter_map(comes_back));
    let view = View::of(inputs.recorded, &relocations, &view::names(Some(inputs.desired), inputs.recorded));
    let exempt = Exempt { outside, ..Exempt::default() };
    let mut draft = draft(inputs, &view, &exempt, &mut problems)?;
    if let Some(part) = &part {
        part.refuse(&view, &relocations, &draft, &mut problems);
        draft.report.selected = Some(part.told(&recorded));
    }
    draft.report.lost = losses::of(&draft.retired);
    losses::refuse(inputs, &draft.report.lost, &mut problems);
    refuse(&mut problems)?;
    let mut planned = finish(inputs, &view, &relocations, draft)?;
    planned.report.affected = affected::affected(whole, &view, &planned.plan.changes);
    planned.report.deposed.retain(|key| !exempt.outside.contains(&key.address));
    Ok(planned)
}

/// What is taken up again, as the record stands once everything else has moved, and as which incarnation.
fn taken_up(desired: &Desired, recorded: &Recorded) -> BTreeMap<ResourceKey, ResourceKey> {
    if !again::may_be(desired, recorded) {
        return BTreeMap::new();
    }
    let relocations = moves::relocations(desired, recorded, &mut Vec::new());
    again::taken_up(desired, &View::of(recorded, &relocations, &view::names(Some(desired), recorded)))
}

/// What a plan lets be, whatever is recorded of it.
#[derive(Debug, Default)]
struct Exempt {
    /// Resources that stay as they are recorded, finished or not.
    still: BTreeSet<ResourceAddress>,
    /// References that may lead nowhere: who refers, and to what.
    dangling: BTreeSet<(ResourceAddress, ResourceAddress)>,
    /// Incarnations that are deleted, whatever their retention.
    not_kept: BTreeSet<ResourceKey>,
    /// Addresses at which nothing is retired, though nothing is asked for there.
    outside: BTreeSet<ResourceAddress>,
    /// Incarnations whose deletions were put off, and are not tried again.
    waiting: BTreeSet<ResourceKey>,
}

/// Both halves of a plan, before it is known what may be lost.
struct Draft {
    built: build::Built,
    retired: Vec<Change>,
    report: PlanReport,
}

fn draft(
    inputs: &Inputs<'_>,
    view: &View<'_>,
    exempt: &Exempt,
    problems: &mut Vec<Problem>,
) -> Result<Draft, PlanError> {
    let wants = wanted::read(inputs.desired, view, problems);
    problems.retain(|problem| match problem {
        Problem::UnknownReference { resource, to } => !exempt.dangling.contains(&(resource.clone(), to.clone())),
        _ => true,
    });
    refuse(problems)?;
    let mut built = build::build(inputs, view, &wants, &exempt.still);
    let mut report = PlanReport::default();
    let retired = retire::retire(inputs, view, exempt, &mut built, &mut report, problems);
    Ok(Draft { built, retired, report })
}

fn finish(
    inputs: &Inputs<'_>,
    view: &View<'_>,
    relocations: &[moves::Relocation<'_>],
    draft: Draft,
) -> Result<Planned, PlanError> {
    let Draft { mut built, retired, mut report } = draft;
    let mut changes = moves::changes(relocations, view, inputs.desired);
    changes.append(&mut built.changes);
    changes.extend(retired);
    report.moved = relocations.iter().map(|one| Moved { from: one.from.clone(), to: one.to.clone() }).collect();
    report.ignored = built.ignored;
    report.at_once = built.at_once;
    report.deposed = deposed(view);
    report.replaced = changes.iter().filter_map(replaced).collect();
    let plan = Plan {
        version: model::plan::VERSION,
        deployment: inputs.deployment.clone(),
        environment: inputs.desired.environment.clone(),
        account: inputs.desired.account.clone(),
        region: inputs.desired.region.clone(),
        stamp: inputs.stamp.clone(),
        parent: inputs.recorded.revision,
        sequence: inputs.recorded.sequence,
        config: inputs.config.clone(),
        changes: order::in_order(changes)?,
        unchanged: built.unchanged,
        irreversible: report.lost.clone(),
        outputs: inputs.desired.outputs.clone(),
        since: 0,
        gates: inputs.desired.gates.clone(),
    };
    Ok(Planned { plan, report })
}

fn refuse(problems: &mut Vec<Problem>) -> Result<(), PlanError> {
    if problems.is_empty() { Ok(()) } else { Err(PlanError(std::mem::take(problems))) }
}

/// Every incarnation that another one took the place of.
fn deposed(view: &View<'_>) -> Vec<ResourceKey> {
    let older = view.places().iter().flat_map(|place| {
        let current = place.current().map(|current| current.generation);
        let older = place.standing.iter().filter(move |standing| current > Some(standing.generation));
        older.map(|standing| ResourceKey::new(place.address.clone(), standing.generation))
    });
    older.collect()
}

fn replaced(change: &Change) -> Option<Replaced> {
    let Action::Replace { old, forced_by, .. } = &change.action else { return None };
    let forced_by = forced_by.as_slice().iter().map(|one| one.path.clone()).collect();
    Some(Replaced { old: old.clone(), new: change.key.clone(), forced_by })
}

#[cfg(test)]
mod tests;
