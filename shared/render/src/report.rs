//! What planning has to say beyond the plan: what is left as it is, and why.

use model::{Ignored, PlanReport, Unshifted};

use crate::style::{Paint, Style};
use crate::text::labelled;
use crate::words::value;

/// What a plan itself does not show: changes that are ignored, deletions that wait for their time, data of nobody's that stays,
/// and aliases that are not shifted. Empty where there is nothing of these.
pub fn report(report: &PlanReport, style: &Style) -> String {
    let ignored = report.ignored.iter().map(|one| (format!("{} ", one.resource), kept(one, style)));
    let waiting = report.waiting.iter().map(|one| {
        let until = one.until.strftime("%Y-%m-%d %H:%M UTC");
        (
            format!("{} ", one.key),
            format!("is being deleted; something still uses it, and it is tried again after {until}"),
        )
    });
    let left = report.left.iter().map(|key| {
        let why = "was found with the tags of this environment and nothing that knows it; it holds data, and the environment \
                   is protected";
        (format!("{key} "), why.to_owned())
    });
    let rows: Vec<(String, String)> = ignored.chain(waiting).chain(left).collect();
    let at_once = report.at_once.iter().map(|one| (format!("{} ", one.alias), unshifted(one.because).to_owned()));
    let mut lines = Vec::new();
    for (title, rows) in [("Left as it is", rows), ("Not shifted", at_once.collect())] {
        if !rows.is_empty() {
            lines.push(style.paint(title, Paint::Strong));
        }
        for (label, text) in &rows {
            lines.extend(labelled(2, (label, Paint::Quiet), text, style));
        }
    }
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" }
}

fn unshifted(because: Unshifted) -> &'static str {
    match because {
        Unshifted::Made => "is made, so that all its calls go to its version at once",
        Unshifted::Replaced => "is made anew, so that all its calls go to its version at once",
        Unshifted::Role => {
            "goes to its version at once: the function gets another role, and Lambda shifts only between versions with one role"
        }
        Unshifted::DeadLetters => {
            "goes to its version at once: the function gets another dead-letter queue, and Lambda shifts only between versions \
             with one"
        }
    }
}

fn kept(ignored: &Ignored, style: &Style) -> String {
    let (kept, wanted) = (value(ignored.kept.as_ref(), style), value(ignored.wanted.as_ref(), style));
    format!("{} stays {kept}, though the config says {wanted}: its changes are ignored", ignored.path)
}
