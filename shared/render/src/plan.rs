//! A plan as text: what is done, why, what it destroys for good, and in how many levels at most.

use std::collections::{BTreeMap, BTreeSet};

use graph::Graph;
use model::{Action, Change, Order, Plan, PropertyDiff, Reason, ResourceKey, Shift, ShiftStep, Stage};

use crate::style::{Paint, Style};
use crate::text::{Line, labelled};
use crate::words::{some, value};

/// How many changes of each kind a plan has. A replaced incarnation's deletion belongs to its replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Made.
    pub create: usize,
    /// Changed in place.
    pub update: usize,
    /// Made anew, because AWS cannot change them in place.
    pub replace: usize,
    /// Deleted.
    pub delete: usize,
    /// Recorded under another address.
    pub moved: usize,
    /// Left in the account, and out of the record.
    pub forget: usize,
    /// Left as they are.
    pub unchanged: usize,
}

impl Counts {
    /// The kinds that there are: `41 to create, 1 to update, 3 unchanged`.
    pub fn words(&self) -> String {
        let kinds = [
            (self.create, "to create"),
            (self.update, "to update"),
            (self.replace, "to replace"),
            (self.delete, "to delete"),
            (self.moved, "to move"),
            (self.forget, "to let go of"),
            (self.unchanged, "unchanged"),
        ];
        let words: Vec<_> = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        if words.is_empty() { "nothing to do".to_owned() } else { words.join(", ") }
    }
}

/// Counts the changes of a plan.
pub fn counts(plan: &Plan) -> Counts {
    let mut counts = Counts { unchanged: plan.unchanged, ..Counts::default() };
    for change in told(plan) {
        match &change.action {
            Action::Create { .. } => counts.create += 1,
            Action::Update { .. } => counts.update += 1,
            Action::Replace { .. } => counts.replace += 1,
            Action::Delete { .. } => counts.delete += 1,
            Action::Move { .. } => counts.moved += 1,
            Action::Forget { .. } => counts.forget += 1,
        }
    }
    counts
}

/// The changes, without those that remove what another one replaces.
fn told(plan: &Plan) -> impl Iterator<Item = &Change> {
    let replaced: BTreeSet<&ResourceKey> = plan
        .changes
        .iter()
        .filter_map(|change| match &change.action {
            Action::Replace { old, .. } => Some(old),
            _ => None,
        })
        .collect();
    plan.changes.iter().filter(move |change| change.because != Reason::Deposed || !replaced.contains(&change.key))
}

/// The whole plan: changes by stack, losses, counts and levels.
pub fn plan(plan: &Plan, style: &Style) -> String {
    let mut lines = heading(plan, style);
    let mut stacks: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in told(plan) {
        stacks.entry(&change.key.address.stack).or_default().push(change);
    }
    for (stack, changes) in stacks {
        lines.push(String::new());
        lines.push(style.paint(stack, Paint::Strong));
        let widest = changes.iter().map(|change| name(change).chars().count()).max().unwrap_or(0);
        for change in changes {
            lines.push(line(change, &name(change), widest, style).show(style));
            for detail in details(change, style) {
                lines.extend(labelled(6, ("", Paint::Plain), &detail, style));
            }
        }
    }
    lines.extend(footing(plan, style));
    lines.join("\n") + "\n"
}

fn heading(plan: &Plan, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let title = Line::new()
        .with(format!("Plan for {}", plan.environment), Paint::Strong)
        .with(format!("  {} {} {}", plan.account, style.dot(), plan.region), Paint::Quiet);
    lines.push(title.show(style));
    lines.extend(labelled(2, ("", Paint::Plain), &counts(plan).words(), style));
    lines
}

fn footing(plan: &Plan, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    if !plan.irreversible.is_empty() {
        lines.push(String::new());
        lines.push(style.paint("Lost for good", Paint::Bad));
        for loss in &plan.irreversible {
            let label = format!("{}: ", loss.resource);
            lines.extend(labelled(2, (&label, Paint::Bad), &loss.what, style));
        }
    }
    if let Some(levels) = levels(plan, style) {
        lines.push(String::new());
        lines
            .extend(labelled(0, ("", Paint::Plain), &levels, style).iter().map(|line| style.paint(line, Paint::Quiet)));
    }
    lines
}

/// A plan in a few lines: counts, what each stack has of them by type, losses and levels. For plans too long to be read.
pub fn overview(plan: &Plan, style: &Style) -> String {
    let mut lines = heading(plan, style);
    let mut stacks: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for change in told(plan) {
        let kind = change.kind.as_str().trim_start_matches("AWS::");
        *stacks.entry(&change.key.address.stack).or_default().entry(kind).or_default() += 1;
    }
    lines.push(String::new());
    let widest = stacks.keys().map(|stack| stack.chars().count()).max().unwrap_or(0);
    for (stack, kinds) in stacks {
        let total = kinds.values().sum::<usize>();
        let kinds = kinds.iter().map(|(kind, n)| if *n > 1 { format!("{n} {kind}") } else { (*kind).to_owned() });
        let label = format!("{stack:<widest$}  {total:>3}  ");
        lines.extend(labelled(2, (&label, Paint::Strong), &some(kinds, usize::MAX), style));
    }
    lines.extend(footing(plan, style));
    lines.join("\n") + "\n"
}

/// One change in one line, by its full name.
pub fn change_line(change: &Change, style: &Style) -> String {
    line(change, &full_name(change), 0, style).show(style)
}

fn line(change: &Change, name: &str, widest: usize, style: &Style) -> Line {
    let (glyph, paint) = style.glyph(&change.action);
    let start = 2 + style.glyph_width() + 1;
    Line::new()
        .plain("  ")
        .with(glyph, paint)
        .padded(start)
        .plain(name)
        .padded(start + widest.max(name.chars().count()) + 2)
        .with(change.kind.as_str(), Paint::Quiet)
}

/// The logical id of a change's resource, with the generation where there is more than one.
pub(crate) fn name(change: &Change) -> String {
    if change.because == Reason::Deposed {
        return format!("{}@{}", change.key.address.logical_id, change.key.generation);
    }
    short(&change.key)
}

/// Stack and [`name`].
pub(crate) fn full_name(change: &Change) -> String {
    format!("{}/{}", change.key.address.stack, name(change))
}

/// The logical id, with the generation where it is not the first.
pub(crate) fn short(key: &ResourceKey) -> String {
    let ResourceKey { address, generation } = key;
    if generation.0 > 1 { format!("{}@{generation}", address.logical_id) } else { address.logical_id.clone() }
}

/// Why, and what differs: what a line alone does not say.
fn details(change: &Change, style: &Style) -> Vec<String> {
    let mut details = Vec::new();
    match &change.because {
        Reason::New | Reason::Changed => {}
        Reason::Replaces(address) => details.push(format!("because {address} is replaced")),
        Reason::Incomplete => details.push("an earlier deployment did not finish it".to_owned()),
        Reason::Removed => details.push("no longer in the config".to_owned()),
        Reason::Deposed => details.push("a newer one has taken its place".to_owned()),
        Reason::Moved if change.action.to().is_some() => {
            details.push("what it refers to has another address; only the record changes".to_owned());
        }
        Reason::Moved => {}
        Reason::Due => details.push("its deletion was put off, and is due".to_owned()),
    }
    let differs = |one: &PropertyDiff| {
        let (from, to) = (value(one.from.as_ref(), style), value(one.to.as_ref(), style));
        format!("{}: {from} {} {to}", one.path, style.arrow())
    };
    match &change.action {
        Action::Update { diff, .. } => details.extend(diff.iter().map(differs)),
        Action::Replace { old, order, forced_by, .. } => {
            let all = forced_by.as_slice().iter();
            details.extend(all.map(|one| format!("{}, which AWS cannot change in place", differs(one))));
            details.push(match order {
                Order::CreateFirst => format!("a new one is made first, then {old} goes"),
                Order::DeleteFirst => {
                    format!("{old} goes first, because AWS cannot have both at once: a gap without it")
                }
            });
        }
        Action::Move { to } => details.push(format!("is `{}` from now on; nothing is touched", to.address)),
        Action::Forget { .. } => details.push("stays in the account, and is no longer looked after".to_owned()),
        Action::Create { .. } | Action::Delete { .. } => {}
    }
    details.extend(change.shift.as_ref().map(shifted));
    details
}

/// In which steps calls are led to another version: all of a few, the first and the last of many.
fn shifted(shift: &Shift) -> String {
    let one = |step: &ShiftStep| match step.seconds % 60 {
        0 => format!("{} % for {} min", step.percent, step.seconds / 60),
        _ => format!("{} % for {} s", step.percent, step.seconds),
    };
    let steps = match shift.steps.as_slice() {
        [first, second, .., last] if shift.steps.len() > 3 => {
            format!("{}, {}, and so on to {}", one(first), one(second), one(last))
        }
        steps => steps.iter().map(one).collect::<Vec<_>>().join(", "),
    };
    format!("shifted: {steps}, then all")
}

/// How deep the plan is. Only to explain: nothing waits for a level.
fn levels(plan: &Plan, style: &Style) -> Option<String> {
    let mut graph = Graph::new();
    let build = plan.changes.iter().filter(|change| change.stage == Stage::Build);
    let keys: BTreeSet<&ResourceKey> = build.clone().map(|change| &change.key).collect();
    for change in build {
        graph.add(change.key.clone());
        for edge in change.needs.iter().filter(|edge| keys.contains(&edge.on)) {
            graph.depend(change.key.clone(), edge.on.clone());
        }
    }
    let levels = graph.levels().ok().filter(|levels| levels.len() > 1)?;
    let retired = plan.changes.len() - graph.len();
    let mut sizes = some(levels.iter().map(Vec::len), usize::MAX).replace(", ", &format!(" {} ", style.arrow()));
    if retired > 0 {
        sizes = format!("{sizes}, then {retired} at the end");
    }
    Some(format!(
        "{} levels of what waits for what: {sizes}. Nothing waits for a whole level; each change starts when what it needs \
         is there.",
        levels.len()
    ))
}
