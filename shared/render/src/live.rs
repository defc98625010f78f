//! A deployment while it runs: each change's state in words, and a block for a screen that moves.

use std::collections::BTreeMap;

use model::{Operation, ResourceKey, Timestamp};

use crate::plan::{full_name, name, short};
use crate::progress::{Progress, Run, Standing};
use crate::style::{Paint, Style};
use crate::text::Line;
use crate::words::{duration, seconds, some};

/// The state of every change, by stack.
pub fn journal(progress: &Progress<'_>, now: Timestamp, style: &Style) -> String {
    let mut lines = Vec::new();
    for (stack, runs) in stacks(progress) {
        lines.push(style.paint(stack, Paint::Strong));
        let widest = runs.iter().map(|run| name(run.change).chars().count()).max().unwrap_or(0);
        for run in runs {
            let line = Line::new().plain("  ");
            lines.push(state(line, run, &name(run.change), widest, now, style).show(style));
        }
    }
    lines.join("\n") + "\n"
}

/// One change's state in one line, by its full name; for a log that grows while a deployment runs.
pub fn step(run: &Run<'_>, now: Timestamp, style: &Style) -> String {
    let column = style.width.saturating_sub(36).min(44);
    state(Line::new(), run, &full_name(run.change), column, now, style).show(style)
}

/// A block for a screen that moves: a line for each stack with a mark for each change, and a line for each of the changes
/// that are under way, the longest-running first, `room` lines at most.
pub fn live(progress: &Progress<'_>, now: Timestamp, room: usize, style: &Style) -> Vec<String> {
    let stacks = stacks(progress);
    let widest = stacks.keys().map(|stack| stack.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (stack, runs) in &stacks {
        let mut line = Line::new().plain("  ").with(*stack, Paint::Strong).padded(2 + widest + 2);
        for run in runs {
            let (mark, paint) = mark(run, style);
            line = line.with(mark, paint);
        }
        let done = runs.iter().filter(|run| matches!(run.standing, Standing::Done | Standing::Deferred)).count();
        line = line.with(format!("  {done}/{}", runs.len()), Paint::Quiet);
        lines.push(line.show(style));
    }
    let mut active: Vec<&Run<'_>> = progress.runs.iter().filter(|run| run.is_active()).collect();
    active.sort_by_key(|run| run.began);
    let room = room.saturating_sub(lines.len());
    let shown = if active.len() > room { room.saturating_sub(1) } else { active.len() };
    for run in active.iter().take(shown) {
        lines.push(format!("    {}", step(run, now, &Style { width: style.width.saturating_sub(4), ..*style })));
    }
    if active.len() > shown && room > 0 {
        lines.push(style.paint(&format!("    and {} more under way", active.len() - shown), Paint::Quiet));
    }
    lines
}

fn stacks<'p, 'a>(progress: &'p Progress<'a>) -> BTreeMap<&'a str, Vec<&'p Run<'a>>> {
    let mut stacks: BTreeMap<&str, Vec<&Run<'_>>> = BTreeMap::new();
    for run in &progress.runs {
        stacks.entry(&run.change.key.address.stack).or_default().push(run);
    }
    stacks
}

/// One column for one change.
fn mark(run: &Run<'_>, style: &Style) -> (&'static str, Paint) {
    match run.standing {
        Standing::Waiting { .. } => (style.either("·", "."), Paint::Quiet),
        Standing::Running { .. } => (style.either("▸", ">"), Paint::Active),
        Standing::Settling(_) => (style.either("▹", "~"), Paint::Active),
        Standing::Done => (style.either("■", "#"), Paint::Good),
        Standing::Deferred => (style.either("□", "-"), Paint::Quiet),
        Standing::Failed(_) => (style.either("✘", "x"), Paint::Bad),
    }
}

fn state(line: Line, run: &Run<'_>, name: &str, widest: usize, now: Timestamp, style: &Style) -> Line {
    let start = line.width();
    let (sign, paint) = match run.standing {
        Standing::Done => (style.done(), Paint::Good),
        Standing::Deferred => (style.dot(), Paint::Quiet),
        Standing::Failed(_) => (style.failed(), Paint::Bad),
        _ => mark(run, style),
    };
    let (glyph, tint) = style.glyph(&run.change.action);
    let tone = match run.standing {
        Standing::Failed(_) => Paint::Bad,
        _ if run.is_active() => Paint::Active,
        _ => Paint::Quiet,
    };
    let signs = if style.unicode { 1 } else { 2 };
    let name_at = start + signs + 1 + style.glyph_width() + 1;
    line.with(sign, paint)
        .padded(start + signs + 1)
        .with(glyph, tint)
        .padded(name_at)
        .plain(name)
        .padded(name_at + widest.max(name.chars().count()) + 2)
        .with(words(run, now, style), tone)
}

fn words(run: &Run<'_>, now: Timestamp, style: &Style) -> String {
    let so_far = run.began.map(|began| duration(seconds(began, now))).unwrap_or_default();
    match &run.standing {
        Standing::Waiting { until_built: true, .. } => "waits until everything else is done".to_owned(),
        Standing::Waiting { on, .. } if on.is_empty() => "next".to_owned(),
        Standing::Waiting { on, .. } => {
            let other_stack = |key: &ResourceKey| key.address.stack != run.change.key.address.stack;
            let name = |key: &ResourceKey| match other_stack(key) {
                true => format!("{}/{}", key.address.stack, short(key)),
                false => short(key),
            };
            format!("waits for {}", some(on.iter().map(name), 2))
        }
        Standing::Running { operation, attempt } => {
            let what = match operation {
                Some(Operation::Create) => "being created",
                Some(Operation::Update) => "being updated",
                Some(Operation::Delete) => "being deleted",
                None => "being looked up",
            };
            let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            format!("{what}{again}, {so_far}")
        }
        Standing::Settling(Some(what)) if run.change.shift.is_some() => what.clone(),
        Standing::Settling(Some(what)) => format!("waiting for {what}, {so_far}"),
        Standing::Settling(None) => format!("being finished, {so_far}"),
        Standing::Deferred => "put off: something that lingers still uses it".to_owned(),
        Standing::Done => match run.took() {
            Some(took) => format!("{} in {}", done(run), duration(took)),
            None => done(run).to_owned(),
        },
        Standing::Failed(error) => {
            let dot = style.dot();
            let code = error.code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
            format!("failed {dot} {} {}{code}: {}", error.service, error.operation, error.message)
        }
    }
}

fn done(run: &Run<'_>) -> &'static str {
    match run.change.action {
        model::Action::Create { .. } => "created",
        model::Action::Update { .. } => "updated",
        model::Action::Replace { .. } => "replaced",
        model::Action::Delete { .. } => "deleted",
        model::Action::Move { .. } => "moved",
        model::Action::Forget { .. } => "let go of",
    }
}
