//! A foreseen plan, or why there is none, for people and for programs.

use model::{Affected, Lookup, Plan, PlanReport, Recorded};
use planner::Planned;
use render::{Cost, Style, paragraph};
use serde_json::{Value, json};

use super::afterwards::afterwards;
use super::making::{Foreseen, Seen, Unplanned};
use crate::validate::words;

/// How to have it done.
pub(super) struct Upload {
    /// What to type.
    pub(super) command: String,
    /// Whether the folder has to be zipped first.
    pub(super) of_folder: bool,
}

/// For people.
pub(super) fn text(foreseen: &Foreseen, upload: &Upload, style: &Style) -> String {
    let Foreseen { planned: Planned { plan, report }, recorded, seen, asks, ahead } = foreseen;
    let mut parts = vec![render::affected(report, style), render::plan(plan, style), render::report(report, style)];
    parts.push(costs(recorded, plan, |from, to| render::cost_change(from, to, style)));
    let mut notes = Vec::new();
    if let Some(seen) = seen {
        notes.push(looked_up(seen));
    }
    if asks.is_some() {
        notes.push("Somebody would have to approve of it.".to_owned());
    }
    if let Some((first, others)) = ahead.split_first() {
        let who = match others.len() {
            0 => format!("`{first}` comes before it, and is"),
            count => format!("`{first}` and {count} more come before it, and are"),
        };
        notes.push(format!("{who} not in this: the plan is made from what is recorded now."));
    }
    parts.push(paragraphs(&notes, style));
    parts.push(match plan.changes.is_empty() {
        true => "Nothing was done, and nothing would be.\n".to_owned(),
        false => {
            let first = if upload.of_folder { ", zip what is in the folder and upload that" } else { "" };
            format!("Nothing was done. To have it done{first}:\n  {}\n", upload.command)
        }
    });
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// For programs. Names here are stable: pipelines read them.
pub(super) fn json(foreseen: &Foreseen, upload: &Upload) -> Value {
    let Foreseen { planned: Planned { plan, report }, recorded, seen, asks, ahead } = foreseen;
    let seen = seen
        .as_ref()
        .map(|Seen { deployment, at, snapshot }| json!({ "deployment": deployment, "at": at, "values": snapshot }));
    json!({
        "affected": affected(report),
        "plan": render::plan_summary(plan),
        "report": report,
        "cost": costs(recorded, plan, |from, to| {
            let (from, to) = (from.standing(), to.standing());
            json!({ "from": from, "to": to, "difference": to - from })
        }),
        "looked_up": seen,
        "approval": asks.is_some(),
        "ahead": ahead,
        "command": upload.command,
    })
}

/// What changes of which agent, without those that stay as they are.
fn affected(report: &PlanReport) -> Vec<Value> {
    let changes = report.affected.iter().filter(|one| !one.changes.is_empty());
    changes.map(|Affected { agent, changes }| json!({ "agent": agent, "what": changes })).collect()
}

fn costs<T>(recorded: &Recorded, plan: &Plan, tell: impl Fn(&Cost<'_>, &Cost<'_>) -> T) -> T {
    let after = afterwards(recorded, plan);
    tell(&Cost::of(recorded, schema::price), &Cost::of(&after, schema::price))
}

/// Why there is no plan, for people.
pub(super) fn text_of_none(unplanned: &Unplanned, style: &Style) -> String {
    match unplanned {
        Unplanned::Wrong(wrong) => wrong.text(style),
        Unplanned::NotKnown(lookups) => {
            let names: String = lookups.iter().map(|lookup| format!("  {}\n", words(lookup))).collect();
            let why = "Nothing is planned: what it refers to was never looked up for this environment, and only a deployment can.";
            format!("{}\n{names}", paragraph(0, why, style))
        }
        Unplanned::Failed(error) => format!("{error}\n"),
    }
}

/// The same for programs.
pub(super) fn json_of_none(unplanned: &Unplanned) -> Value {
    match unplanned {
        Unplanned::Wrong(wrong) => json!({ "refusals": wrong.refusals() }),
        Unplanned::NotKnown(lookups) => json!({ "refusals": [], "not_known": lookups }),
        Unplanned::Failed(error) => json!({ "refusals": [], "failed": error.to_string() }),
    }
}

fn looked_up(seen: &Seen) -> String {
    let one = |(lookup, value): (&Lookup, &Value)| format!("{} is {value}", words(lookup));
    let all: Vec<String> = seen.snapshot.0.iter().map(one).collect();
    let at = seen.at.strftime("%Y-%m-%d %H:%M UTC");
    format!("As `{}` looked it up at {at}: {}.", seen.deployment, all.join("; "))
}

fn paragraphs(notes: &[String], style: &Style) -> String {
    notes.iter().map(|note| format!("{}\n", paragraph(0, note, style))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::{ApprovalRule, DeploymentId, Effect, Refusal, Snapshot, Timestamp};

    use super::*;
    use crate::validate::Wrong;

    const COMMAND: &str = "aws s3 cp bundle.zip s3://inbox/shop/dev/bundle.zip";

    fn upload(of_folder: bool) -> Upload {
        Upload { command: COMMAND.to_owned(), of_folder }
    }

    /// A plan that makes alarms of these names.
    fn foreseen(alarms: &[&str]) -> Foreseen {
        let change = |name: &&str| {
            json!({
                "key": format!("desk/{name}@1"), "type": "AWS::CloudWatch::Alarm", "because": "new",
                "action": { "do": "create", "to": { "MetricName": "Errors", "Namespace": "AWS/Lambda", "Period": 60 } },
                "needs": [], "stage": "build", "dependencies": [], "agent": "desk", "retention": "delete",
            })
        };
        let plan = json!({
            "version": model::plan::VERSION, "deployment": "d", "environment": { "project": "shop", "environment": "dev" },
            "account": "123456789012", "region": "eu-central-1",
            "stamp": { "engine": "e", "scope": "s", "version": "v", "deployed_at": "t", "deployed_by": "d" },
            "parent": 0, "sequence": 0, "config": model::Digest::of(b""), "unchanged": 3, "irreversible": [], "outputs": {},
            "changes": alarms.iter().map(change).collect::<Vec<_>>(),
        });
        let of = |agent: Option<&str>, changes: &[Effect]| Affected {
            agent: agent.map(str::to_owned),
            changes: changes.iter().copied().collect::<BTreeSet<_>>(),
        };
        let changes = if alarms.is_empty() { &[][..] } else { &[Effect::Settings] };
        let report = PlanReport { affected: vec![of(None, &[]), of(Some("desk"), changes)], ..PlanReport::default() };
        let plan = serde_json::from_value(plan).unwrap();
        Foreseen {
            planned: Planned { plan, report },
            recorded: Recorded::default(),
            seen: None,
            asks: None,
            ahead: Vec::new(),
        }
    }

    fn seen() -> Seen {
        let lookup = Lookup::Parameter { name: "/shop/model".to_owned(), version: None };
        Seen {
            deployment: DeploymentId::from("d1"),
            at: Timestamp::UNIX_EPOCH,
            snapshot: Snapshot([(lookup, json!("haiku"))].into()),
        }
    }

    #[test]
    fn who_is_affected_comes_first_and_what_to_type_comes_last() {
        let told = text(&foreseen(&["Errors"]), &upload(false), &Style::plain(120));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[..2], ["Affected   desk (settings)", "Unchanged  what is shared"], "{told}");
        assert!(told.contains("\n\nPlan for shop/dev") && told.contains("+ Errors  AWS::CloudWatch::Alarm"), "{told}");
        assert!(told.contains("\n\nStanding costs: 0.10 USD a month, 0.10 more; "), "{told}");
        assert!(told.ends_with(&format!("\n\nNothing was done. To have it done:\n  {COMMAND}\n")), "{told}");
        let of_folder = text(&foreseen(&["Errors"]), &upload(true), &Style::plain(120));
        assert!(of_folder.contains("To have it done, zip what is in the folder and upload that:\n"), "{of_folder}");
    }

    #[test]
    fn a_plan_that_changes_nothing_says_so_and_not_what_to_type() {
        let told = text(&foreseen(&[]), &upload(false), &Style::plain(120));
        assert!(told.starts_with("Affected   nobody\n"), "{told}");
        assert!(told.ends_with("\nNothing was done, and nothing would be.\n") && !told.contains("aws s3"), "{told}");
    }

    #[test]
    fn what_the_plan_is_made_from_who_must_approve_and_who_comes_before_are_said() {
        let quiet = text(&foreseen(&["Errors"]), &upload(false), &Style::plain(200));
        let told = |ahead: &[&str]| {
            let asks = Some(ApprovalRule { seconds: 60, approvers: Vec::new() });
            let ahead = ahead.iter().map(|one| DeploymentId::from(*one)).collect();
            let foreseen = Foreseen { asks, ahead, seen: Some(seen()), ..foreseen(&["Errors"]) };
            (text(&foreseen, &upload(false), &Style::plain(200)), json(&foreseen, &upload(false)))
        };
        let (shown, programs) = told(&["d2", "d3", "d4"]);
        for line in [
            "As `d1` looked it up at 1970-01-01 00:00 UTC: the SSM parameter `/shop/model` is \"haiku\".",
            "Somebody would have to approve of it.",
            "`d2` and 2 more come before it, and are not in this: the plan is made from what is recorded now.",
        ] {
            assert!(shown.lines().any(|one| one == line), "`{line}` in\n{shown}");
            assert!(!quiet.contains(line), "{quiet}");
        }
        assert!(told(&["d2"]).0.contains("\n`d2` comes before it, and is not in this: "), "{shown}");
        assert_eq!(programs["approval"], true);
        assert_eq!(programs["ahead"], json!(["d2", "d3", "d4"]));
        assert_eq!(programs["looked_up"]["values"][0]["value"], "haiku");
    }

    #[test]
    fn programs_find_the_affected_agents_in_one_place() {
        let told = json(&foreseen(&["Errors"]), &upload(false));
        assert_eq!(told["affected"], json!([{ "agent": "desk", "what": ["settings"] }]));
        assert_eq!((&told["plan"]["create"], &told["cost"]["difference"]), (&json!(1), &json!("0.10")));
        assert_eq!(json(&foreseen(&[]), &upload(false))["affected"], json!([]));
    }

    #[test]
    fn values_that_nobody_looked_up_are_named_and_nothing_is_planned() {
        let lookups = vec![
            Lookup::Parameter { name: "/shop/model".to_owned(), version: Some(3) },
            Lookup::Zones { region: "eu-central-1".to_owned() },
        ];
        let unplanned = Unplanned::NotKnown(lookups);
        let told = text_of_none(&unplanned, &Style::plain(200));
        assert!(told.starts_with("Nothing is planned: "), "{told}");
        assert!(
            told.ends_with(
                "\n  version 3 of the SSM parameter `/shop/model`\n  the availability zones of eu-central-1\n"
            )
        );
        assert_eq!(json_of_none(&unplanned)["not_known"][1], json!({ "of": "zones", "region": "eu-central-1" }));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_what_to_do() {
        let refusal = |line: Option<usize>| Refusal {
            code: "plan::limit".to_owned(),
            message: "the plan has 3 changes, and at most 2 are allowed".to_owned(),
            help: Some("deploy it in parts".to_owned()),
            file: line.map(|_| "strands.yaml".to_owned()),
            line,
            column: line,
        };
        let unplanned = Unplanned::Wrong(Wrong::Else(vec![refusal(None), refusal(Some(7))]));
        assert_eq!(
            text_of_none(&unplanned, &Style::plain(200)),
            "plan::limit: the plan has 3 changes, and at most 2 are allowed\nhelp: deploy it in parts\n\
             strands.yaml:7:7: plan::limit: the plan has 3 changes, and at most 2 are allowed\nhelp: deploy it in parts\n\
             2 problems: nothing of it can be deployed\n"
        );
        assert_eq!(json_of_none(&unplanned)["refusals"][1]["line"], 7);
    }
}
