//! When each change ran: bars over time, and how well the time was used.

use std::collections::BTreeMap;

use model::{Reach, ResourceKey, Stage, Timestamp};

use crate::plan::full_name;
use crate::progress::{Progress, Run, Standing};
use crate::style::{Paint, Style};
use crate::text::{Line, squeeze};
use crate::words::{count, duration, seconds};

/// What stands before the beginnings of waves.
const WAVES: &str = "waves";

/// How the time of a deployment's waves was used. Seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timeline {
    /// From the beginning of the first change to the end of the last.
    pub makespan: f64,
    /// What all changes took together: what one after the other would have taken.
    pub work: f64,
    /// The longest chain of changes that waited for each other: no schedule is faster.
    pub chain: f64,
    /// The greatest number of changes under way at the same time.
    pub widest: usize,
    /// How many changes ran.
    pub changes: usize,
    /// How many invocations there were.
    pub waves: usize,
}

impl Timeline {
    /// Measures what has ended; none where nothing has.
    pub fn of(progress: &Progress<'_>) -> Option<Self> {
        let ended = || progress.runs.iter().filter_map(|run| Some((run, run.began?, run.ended?)));
        let first = ended().map(|(_, began, _)| began).min()?;
        let last = ended().map(|(_, _, end)| end).max()?;
        let mut edges: Vec<(Timestamp, bool)> =
            ended().flat_map(|(_, began, end)| [(began, true), (end, false)]).collect();
        // Of the same moment, what ends goes before what begins.
        edges.sort();
        let (mut open, mut widest) = (0usize, 0usize);
        for (_, begins) in edges {
            open = if begins { open + 1 } else { open.saturating_sub(1) };
            widest = widest.max(open);
        }
        Some(Self {
            makespan: seconds(first, last),
            work: ended().map(|(_, began, end)| seconds(began, end)).sum(),
            chain: chain(progress),
            widest,
            changes: ended().count(),
            waves: progress.epochs.len(),
        })
    }

    /// How many changes were under way at the same time, on average: how much faster it was than one after the other.
    pub fn parallelism(&self) -> f64 {
        if self.makespan > 0.0 { self.work / self.makespan } else { 1.0 }
    }

    /// The share of the time that the longest chain makes unavoidable, 0 to 1. 1: nothing waited without need.
    pub fn efficiency(&self) -> f64 {
        if self.makespan > 0.0 { (self.chain / self.makespan).min(1.0) } else { 1.0 }
    }

    /// In a sentence.
    pub fn words(&self) -> String {
        format!(
            "{} in {}: {} of work, {:.1} at a time on average and {} at most; the longest chain takes {}: parallel \
             efficiency {:.0} %",
            count(self.changes, "change"),
            duration(self.makespan),
            duration(self.work),
            self.parallelism(),
            self.widest,
            duration(self.chain),
            self.efficiency() * 100.0,
        )
    }
}

/// The longest chain, by what each change took until its dependents could start.
fn chain(progress: &Progress<'_>) -> f64 {
    let mut starts: BTreeMap<&ResourceKey, (f64, &Run<'_>)> = BTreeMap::new();
    let (mut built, mut longest) = (0.0f64, 0.0f64);
    // Changes stand in an order that respects their edges.
    for run in &progress.runs {
        let (Some(began), Some(ended)) = (run.began, run.ended) else { continue };
        let after_needs = run.change.needs.iter().filter_map(|edge| {
            let (start, needed) = starts.get(&edge.on)?;
            let reached =
                if edge.until == Reach::Identified { needed.identified.or(needed.ended) } else { needed.ended };
            Some(start + seconds(needed.began?, reached?))
        });
        let floor = if run.change.stage == Stage::Retire { built } else { 0.0 };
        let start = after_needs.fold(floor, f64::max);
        starts.insert(&run.change.key, (start, run));
        let end = start + seconds(began, ended);
        longest = longest.max(end);
        if run.change.stage == Stage::Build {
            built = built.max(end);
        }
    }
    longest
}

/// A bar for each change that ran, in the order in which they began, and [`Timeline::words`] below. A bar's first part is
/// until the resource is known to exist, its second until it is ready. Where there were several waves, a line above says when
/// each of them wrote its first line.
pub fn timeline(progress: &Progress<'_>, style: &Style) -> String {
    let Some(measured) = Timeline::of(progress) else { return "nothing ran\n".to_owned() };
    let mut runs: Vec<(&Run<'_>, Timestamp, Timestamp)> =
        progress.runs.iter().filter_map(|run| Some((run, run.began?, run.ended?))).collect();
    runs.sort_by_key(|(run, began, _)| (*began, run.change.key.clone()));
    let first = runs.first().map_or(Timestamp::UNIX_EPOCH, |(_, began, _)| *began);
    let room = (style.width / 2).saturating_sub(4).max(12);
    let label = runs.iter().map(|(run, ..)| full_name(run.change).chars().count()).max().unwrap_or(0).min(room);
    let label = if progress.epochs.len() > 1 { label.max(WAVES.len()) } else { label };
    let columns = style.width.saturating_sub(label + 12).clamp(10, 80);
    let at = |moment: Timestamp| {
        let share = if measured.makespan > 0.0 { seconds(first, moment) / measured.makespan } else { 0.0 };
        // Within 0 and `columns`, both small.
        ((share * columns as f64).round() as usize).min(columns)
    };
    let mut lines = Vec::new();
    let end = duration(measured.makespan);
    let axis = format!("0{}{end}", " ".repeat(columns.saturating_sub(1 + end.chars().count())));
    lines.push(Line::new().padded(label + 2).with(axis, Paint::Quiet).show(style));
    if progress.epochs.len() > 1 {
        let mut marks = Line::new().with(WAVES, Paint::Quiet);
        for (number, (began, _)) in (1..).zip(progress.epochs.values()) {
            let mark = format!("{}{number}", style.either("│", "|"));
            marks = marks.padded(label + 2 + at(*began)).with(mark, Paint::Quiet);
        }
        lines.push(marks.show(style));
    }
    for (run, began, ended) in &runs {
        let from = at(*began).min(columns.saturating_sub(1));
        let to = at(*ended).max(from + 1);
        let known = run.identified.map_or(to, at).clamp(from, to);
        let paint =
            if matches!(run.standing, Standing::Failed(_)) { Paint::Bad } else { style.glyph(&run.change.action).1 };
        let line = Line::new()
            .plain(squeeze(&full_name(run.change), label, style))
            .padded(label + 2 + from)
            .with(style.either("█", "#").repeat(known - from), paint)
            .with(style.either("▒", "=").repeat(to - known), paint)
            .padded(label + 2 + columns + 2)
            .with(duration(seconds(*began, *ended)), Paint::Quiet);
        lines.push(line.show(style));
    }
    lines.push(String::new());
    lines.extend(crate::text::wrap(&measured.words(), style.width));
    lines.join("\n") + "\n"
}
