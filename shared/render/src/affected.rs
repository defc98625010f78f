//! Which agents a plan affects, and which part of its environment it is about.

use model::{Affected, Effect, PlanReport, Selected};

use crate::style::{Paint, Style};
use crate::text::labelled;
use crate::words::{count, some};

/// How many names of one kind are shown; programs read them all.
const MOST: usize = 40;

/// What a plan changes of whom, and what it was asked to be about where that is not everything. Empty where neither is known: of what
/// is not planned from a config.
pub fn affected(report: &PlanReport, style: &Style) -> String {
    let mut lines = Vec::new();
    if let Some(selected) = &report.selected {
        lines.extend(labelled(0, ("Only       ", Paint::Strong), &only(selected), style));
    }
    if !report.affected.is_empty() {
        let (changed, same): (Vec<_>, Vec<_>) = report.affected.iter().partition(|one| !one.changes.is_empty());
        let changed = match changed.is_empty() {
            true => "nobody".to_owned(),
            false => some(changed.into_iter().map(with_changes), MOST),
        };
        lines.extend(labelled(0, ("Affected   ", Paint::Strong), &changed, style));
        if !same.is_empty() {
            lines.extend(labelled(0, ("Unchanged  ", Paint::Quiet), &some(same.into_iter().map(name), MOST), style));
        }
    }
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" }
}

fn only(Selected { named, along, left }: &Selected) -> String {
    let mut text = some(&named.0, MOST);
    if !along.is_empty() {
        text = format!("{text}, with {} that they need: {}", count(along.len(), "resource"), some(along, MOST));
    }
    match left {
        0 => text,
        1 => format!("{text}; 1 other is left alone"),
        left => format!("{text}; {left} others are left alone"),
    }
}

fn with_changes(one: &Affected) -> String {
    let changes = one.changes.iter().map(|change| match change {
        Effect::New => "new",
        Effect::Gone => "gone",
        Effect::Code => "code",
        Effect::Settings => "settings",
    });
    format!("{} ({})", name(one), changes.collect::<Vec<_>>().join(", "))
}

fn name(one: &Affected) -> &str {
    one.agent.as_deref().unwrap_or("what is shared")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::Selection;

    use super::*;

    fn told(affected_: &[(Option<&str>, &[Effect])], selected: Option<Selected>, style: &Style) -> String {
        let affected_ = affected_.iter().map(|(agent, changes)| Affected {
            agent: agent.map(str::to_owned),
            changes: changes.iter().copied().collect(),
        });
        affected(&PlanReport { affected: affected_.collect(), selected, ..PlanReport::default() }, style)
    }

    #[test]
    fn who_is_affected_is_told_with_what_changes_and_who_is_not() {
        let all: &[(Option<&str>, &[Effect])] = &[
            (None, &[]),
            (Some("desk"), &[Effect::Settings, Effect::Code]),
            (Some("orders"), &[Effect::New]),
            (Some("search"), &[]),
        ];
        assert_eq!(
            told(all, None, &Style::plain(100)),
            "Affected   desk (code, settings), orders (new)\nUnchanged  what is shared, search\n"
        );
        assert_eq!(
            told(all, None, &Style::plain(40)),
            "Affected   desk (code, settings), orders\n           (new)\nUnchanged  what is shared, search\n"
        );
    }

    #[test]
    fn a_plan_that_changes_nothing_affects_nobody() {
        let told = told(&[(None, &[]), (Some("desk"), &[])], None, &Style::plain(100));
        assert_eq!(told, "Affected   nobody\nUnchanged  what is shared, desk\n");
    }

    #[test]
    fn of_a_part_it_is_told_what_comes_along_and_how_much_is_left_alone() {
        let selected = |along: &[&str], left| Selected {
            named: ["desk", "storage"].map(str::to_owned).into_iter().collect::<Selection>(),
            along: along.iter().map(|one| one.parse().unwrap()).collect(),
            left,
        };
        let told = |selected| told(&[], Some(selected), &Style::plain(200));
        assert_eq!(told(selected(&[], 0)), "Only       desk, storage\n");
        assert_eq!(
            told(selected(&["shared/Orders", "shared/Topic"], 1)),
            "Only       desk, storage, with 2 resources that they need: shared/Orders, shared/Topic; 1 other is left alone\n"
        );
        assert_eq!(
            told(selected(&["shared/Orders"], 7)),
            "Only       desk, storage, with 1 resource that they need: shared/Orders; 7 others are left alone\n"
        );
    }

    #[test]
    fn what_is_planned_without_a_config_affects_no_agent_and_says_nothing() {
        assert_eq!(affected(&PlanReport::default(), &Style::plain(100)), "");
    }

    #[test]
    fn of_very_many_the_first_are_shown() {
        let names: BTreeSet<String> = (0..100).map(|number| format!("agent-{number:03}")).collect();
        let all: Vec<(Option<&str>, &[Effect])> =
            names.iter().map(|name| (Some(name.as_str()), &[Effect::Code][..])).collect();
        let told = told(&all, None, &Style::plain(10_000));
        assert!(told.ends_with("agent-039 (code) and 60 more\n"), "{told}");
    }
}
