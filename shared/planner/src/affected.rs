//! Which agents a plan affects, and by what: their code, their settings, or all of them. Told from what differs.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use model::{
    Action, Affected, Change, Desired, Effect, Properties, PropertyDiff, Reason, ResourceAddress, ResourceKey,
    expression,
};

use crate::Lookup;
use crate::inverse::references;
use crate::view::View;

/// One for each agent of the config or of the plan, and one for what is shared, which is the first.
pub(crate) fn affected(desired: &Desired, view: &View<'_>, changes: &[Change]) -> Vec<Affected> {
    let plan = PlanOf { desired, view, changes, owners: OnceCell::new() };
    let mut found: Lookup<&Option<String>, Kept> = Lookup::default();
    for (address, one) in &desired.resources {
        let kept = found.entry(&one.agent).or_default();
        kept.is_wanted = true;
        kept.is_there = kept.is_there || view.current(address).is_some();
    }
    for change in changes {
        let kept = found.entry(&change.agent).or_default();
        // Looking at what differs takes long.
        let are_set = kept.effects.contains(&Effect::Settings);
        let may_be_coded = schema::runs_code(&change.kind) && !kept.effects.contains(&Effect::Code);
        if !are_set || may_be_coded {
            kept.effects.extend(plan.effects(change, are_set));
        }
    }
    let tell = |(agent, kept): (&Option<String>, Kept)| Affected { agent: agent.clone(), changes: kept.told() };
    let mut told: Vec<Affected> = found.into_iter().map(tell).collect();
    told.sort_by(|one, other| one.agent.cmp(&other.agent));
    told
}

/// What is known of an agent.
#[derive(Default)]
struct Kept {
    /// Whether the config has anything of it.
    is_wanted: bool,
    /// Whether any of that is there already.
    is_there: bool,
    effects: BTreeSet<Effect>,
}

impl Kept {
    fn told(self) -> BTreeSet<Effect> {
        match self {
            Self { effects, .. } if effects.is_empty() => effects,
            Self { is_wanted: false, .. } => [Effect::Gone].into(),
            Self { is_there: false, .. } => [Effect::New].into(),
            Self { effects, .. } => effects,
        }
    }
}

struct PlanOf<'p> {
    desired: &'p Desired,
    view: &'p View<'p>,
    changes: &'p [Change],
    owners: OnceCell<Lookup<&'p ResourceAddress, &'p Option<String>>>,
}

impl<'p> PlanOf<'p> {
    /// What a change says; where settings are known to change (`are_set`), they may be missing.
    fn effects(&self, change: &Change, are_set: bool) -> Vec<Effect> {
        match &change.action {
            Action::Move { .. } => Vec::new(),
            // What another one takes the place of is told by that; what was put off was told then.
            Action::Delete { .. } | Action::Forget { .. } => match change.because {
                Reason::Deposed | Reason::Due => Vec::new(),
                _ => vec![Effect::Settings],
            },
            Action::Create { to } => {
                let has_code = !is_version(change) && !schema::code(&change.kind, to).is_empty();
                [Effect::Settings].into_iter().chain(has_code.then_some(Effect::Code)).collect()
            }
            Action::Update { diff, .. } if diff.is_empty() => match change.because {
                Reason::Moved => Vec::new(),
                _ => vec![Effect::Settings],
            },
            Action::Update { to, diff } => self.differs(change, &change.key, to, diff, are_set),
            Action::Replace { old, to, forced_by, .. } if !self.publishes_what_changes(change, to) => {
                self.differs(change, old, to, forced_by.as_slice(), are_set)
            }
            Action::Replace { .. } => Vec::new(),
        }
    }

    /// What changes, and whose it is.
    fn owners(&self) -> &Lookup<&'p ResourceAddress, &'p Option<String>> {
        self.owners.get_or_init(|| self.changes.iter().map(|one| (&one.key.address, &one.agent)).collect())
    }

    /// Whether it is a version of a function that changes itself, which says what.
    fn publishes_what_changes(&self, change: &Change, to: &Properties) -> bool {
        let function = to.get("FunctionName").and_then(|name| expression::as_reference(name).ok().flatten());
        is_version(change) && function.is_some_and(|function| self.owners().contains_key(&function.address))
    }

    fn differs(
        &self,
        change: &Change,
        old: &ResourceKey,
        to: &Properties,
        diff: &[PropertyDiff],
        are_set: bool,
    ) -> Vec<Effect> {
        let kind = &change.kind;
        let was = self.view.get(old).map(|standing| standing.asked.as_ref());
        let is_coded = was.map(|was| schema::code(kind, was)).unwrap_or_default() != schema::code(kind, to);
        let follows = |one: &&PropertyDiff| one.from == one.to && !self.leads_to_own(change, one);
        // A version says of its function's settings only that they are others, and says so of other code, too.
        let says_no_more = is_version(change) && is_coded;
        let is_set =
            !are_set && (!says_no_more && self.is_set_anew(change, was, to) || diff.iter().any(|one| follows(&one)));
        let told = [(is_coded, Effect::Code), (is_set, Effect::Settings)];
        told.into_iter().filter(|(is, _)| *is).map(|(_, one)| one).collect()
    }

    /// Whether any setting is another one. A new incarnation has a new name, which says nothing where it is generated.
    fn is_set_anew(&self, change: &Change, was: Option<&Properties>, to: &Properties) -> bool {
        let kind = &change.kind;
        let from = was.map(|was| schema::settings(kind, was)).unwrap_or_default();
        let mut to = schema::settings(kind, to);
        let naming = schema::get(kind).and_then(|schema| schema.naming).map(|naming| naming.property);
        let wanted = self.desired.resources.get(&change.key.address);
        let generated = naming.filter(|name| wanted.is_some_and(|wanted| wanted.properties.get(name).is_none()));
        if let Some(name) = generated {
            match from.get(name) {
                Some(name_before) => to.set(name, name_before.clone()),
                None => drop(to.0.remove(name)),
            }
        }
        !schema::diff(kind, &from, &to).is_empty()
    }

    /// Whether a property that reads the same means something else only because of what changes of the same agent.
    fn leads_to_own(&self, change: &Change, one: &PropertyDiff) -> bool {
        let value = one.to.iter().map(|value| (one.path.head().to_owned(), value.clone())).collect();
        let all = references(&value);
        all.iter().all(|(_, on)| self.owners().get(on).is_none_or(|agent| **agent == change.agent))
    }
}

/// Whether it publishes what a function is.
fn is_version(change: &Change) -> bool {
    change.kind.as_str() == "AWS::Lambda::Version"
}
