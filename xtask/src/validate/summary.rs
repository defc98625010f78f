//! What a valid project comes to, in a few lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use config::Expanded;
use model::{Lookup, Refusal};
use render::{Paint, Style, count};
use serde_json::{Value, json};
use source::{Finding, Report};

use super::Valid;

/// One environment, counted.
pub(super) struct Summary {
    environment: String,
    account: String,
    region: String,
    /// Resources, by stack.
    stacks: BTreeMap<String, usize>,
    /// Resources, by type.
    types: BTreeMap<String, usize>,
    /// Types that the engine does not make.
    not_provided: Vec<String>,
    lookups: Vec<Lookup>,
    outputs: Vec<String>,
    gates: usize,
    /// What is told, beside what the environment's record says.
    notifications: Vec<&'static str>,
    /// What could be better.
    notes: Vec<Refusal>,
    assumed: Vec<String>,
}

/// Counts what an environment comes to.
pub(super) fn summary(valid: &Valid) -> Summary {
    let Valid { environment, expanded, assumed } = valid;
    let desired = &expanded.desired;
    let (mut stacks, mut types) = (BTreeMap::new(), BTreeMap::new());
    for (address, resource) in &desired.resources {
        *stacks.entry(address.stack.clone()).or_default() += 1;
        *types.entry(resource.kind.to_string()).or_default() += 1;
    }
    let is_provided = |kind: &String| {
        let kind = model::ResourceType::from(kind.as_str());
        schema::get(&kind).is_some_and(|schema| schema.provided)
    };
    Summary {
        environment: environment.id.to_string(),
        account: environment.account.clone(),
        region: environment.region.clone(),
        not_provided: types.keys().filter(|kind| !is_provided(kind)).cloned().collect(),
        stacks,
        types,
        lookups: expanded.lookups.iter().cloned().collect(),
        outputs: desired.outputs.keys().cloned().collect(),
        gates: desired.gates.len(),
        notifications: expanded.notices.iter().map(|notice| notice.as_str()).collect(),
        notes: notes(expanded),
        assumed: assumed.clone(),
    }
}

impl Summary {
    /// For programs; with everything in full where that is handed in.
    pub(super) fn json(&self, expanded: Option<&Expanded>) -> Value {
        let mut value = json!({
            "account": self.account,
            "region": self.region,
            "stacks": self.stacks,
            "types": self.types,
            "not_provided": self.not_provided,
            "lookups": self.lookups,
            "outputs": self.outputs,
            "gates": self.gates,
            "notifications": self.notifications,
            "notes": self.notes,
            "assumed": self.assumed,
        });
        if let (Some(object), Some(expanded)) = (value.as_object_mut(), expanded) {
            object.insert("expanded".to_owned(), json!(expanded.desired));
        }
        value
    }

    /// The environment and where it is, for people: a line.
    fn heading(&self, style: &Style) -> String {
        let resources = self.stacks.values().sum();
        let mark = if style.unicode { "✔" } else { "ok" };
        format!(
            "{} {}: {} in {}, account {}, region {}\n",
            style.paint(mark, Paint::Good),
            self.environment,
            count(resources, "resource"),
            count(self.stacks.len(), "stack"),
            self.account,
            self.region,
        )
    }

    /// What it comes to, for people.
    fn body(&self) -> String {
        let mut text = String::new();
        table(&mut text, "stacks", &self.stacks);
        table(&mut text, "types", &self.types);
        list(&mut text, "not provided: the engine does not make these yet", &self.not_provided);
        list(
            &mut text,
            "to be looked up in the account, before it is planned",
            &self.lookups.iter().map(words).collect::<Vec<_>>(),
        );
        list(&mut text, "outputs", &self.outputs);
        if self.gates > 0 {
            list(&mut text, "health", &[format!("{} after each deployment", count(self.gates, "check"))]);
        }
        let words: Vec<String> = self.notifications.iter().map(ToString::to_string).collect();
        list(&mut text, "told, beside what the environment's record says", &words);
        list(&mut text, "could be better", &self.notes.iter().map(told).collect::<Vec<_>>());
        list(&mut text, "assumed, because no account is looked at", &self.assumed);
        text
    }
}

/// All of them, for people: environments that come to the same are told together.
pub(super) fn text(summaries: &[Summary], style: &Style) -> String {
    let mut told: Vec<(String, String)> = Vec::new();
    for summary in summaries {
        let body = summary.body();
        match told.iter_mut().find(|(_, other)| *other == body) {
            Some((headings, _)) => headings.push_str(&summary.heading(style)),
            None => told.push((summary.heading(style), body)),
        }
    }
    let told: Vec<String> = told.into_iter().map(|(headings, body)| headings + &body).collect();
    told.join("\n")
}

/// What could be better, with its places.
fn notes(expanded: &Expanded) -> Vec<Refusal> {
    let finding = |note: &config::Note| Finding::new(note.code, note.span, &note.message).help(&note.help);
    Report::of(&expanded.files, expanded.notes.iter().map(finding)).refusals()
}

fn told(note: &Refusal) -> String {
    let place = note.place().map_or_else(String::new, |place| format!("{place}: "));
    let help = note.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
    format!("{place}{}{help}", note.message)
}

fn table(text: &mut String, title: &str, rows: &BTreeMap<String, usize>) {
    if rows.is_empty() {
        return;
    }
    let width = rows.keys().map(String::len).max().unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n  {title}");
    for (name, number) in rows {
        let _ = writeln!(text, "    {name:width$}  {number:>4}");
    }
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {title}");
    for line in lines {
        let _ = writeln!(text, "    {line}");
    }
}

/// What a lookup is of.
pub(crate) fn words(lookup: &Lookup) -> String {
    match lookup {
        Lookup::Parameter { name, version: None } => format!("the SSM parameter `{name}`"),
        Lookup::Parameter { name, version: Some(version) } => {
            format!("version {version} of the SSM parameter `{name}`")
        }
        Lookup::Zones { region } => format!("the availability zones of {region}"),
    }
}
