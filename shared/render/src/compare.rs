//! Two deployments beside each other: config, plan, what the environment had afterwards and what that costs, and outputs.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Deployment, Plan, Properties, PropertyDiff, Recorded, RecordedResource, ResourceAddress, ResourceKey, ResourceType,
};
use serde_json::{Value, json};
use similar::TextDiff;

use crate::cost::{Cost, Pricer, compared, compared_summary};
use crate::json::plan_summary;
use crate::plan::counts;
use crate::style::{Paint, Style};
use crate::text::{Line, labelled, rule};
use crate::words::{count, value};

/// How the properties of two resources of a type differ, in the eyes of AWS.
pub type Differ = fn(&ResourceType, &Properties, &Properties) -> Vec<PropertyDiff>;

/// What has to be known of AWS to compare two deployments. The knowledge itself stands in `schema`.
#[derive(Debug, Clone, Copy)]
pub struct Knowledge {
    /// How properties differ.
    pub differ: Differ,
    /// What resources cost.
    pub pricer: Pricer,
}

/// One of two deployments that are compared.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its head.
    pub deployment: &'a Deployment,
    /// Its config; none where it had none.
    pub config: Option<&'a str>,
    /// Its plan.
    pub plan: Option<&'a Plan>,
    /// The record as it left it; none where that is not kept.
    pub after: Option<&'a Recorded>,
}

/// How two records differ, by what is in use at each address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference<'a> {
    /// What only the second has.
    pub added: Vec<(&'a ResourceKey, &'a RecordedResource)>,
    /// What only the first has.
    pub removed: Vec<(&'a ResourceKey, &'a RecordedResource)>,
    /// What both have, and not alike.
    pub changed: Vec<Changed<'a>>,
    /// How many both have alike.
    pub alike: usize,
}

/// A resource that two records have, and not alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed<'a> {
    /// The first one's.
    pub from: (&'a ResourceKey, &'a RecordedResource),
    /// The second one's.
    pub to: (&'a ResourceKey, &'a RecordedResource),
    /// The properties that differ, of what was asked for.
    pub properties: Vec<PropertyDiff>,
}

impl<'a> Difference<'a> {
    /// Compares two records, property by property with `differ`.
    pub fn of(from: &'a Recorded, to: &'a Recorded, differ: Differ) -> Self {
        let addresses: BTreeSet<&ResourceAddress> =
            from.resources.keys().chain(to.resources.keys()).map(|key| &key.address).collect();
        let mut difference = Self::default();
        for address in addresses {
            match (from.current(address), to.current(address)) {
                (Some(from), Some(to)) if from.1.kind == to.1.kind => {
                    let properties = differ(&to.1.kind, &from.1.asked, &to.1.asked);
                    let is_same = from.0 == to.0 && from.1.physical_id == to.1.physical_id;
                    if properties.is_empty() && is_same {
                        difference.alike += 1;
                    } else {
                        difference.changed.push(Changed { from, to, properties });
                    }
                }
                (from, to) => {
                    difference.removed.extend(from);
                    difference.added.extend(to);
                }
            }
        }
        difference
    }

    /// The counts: `1 added, 2 changed, 14 alike`.
    pub fn words(&self) -> String {
        let kinds = [
            (self.added.len(), "added"),
            (self.removed.len(), "removed"),
            (self.changed.len(), "changed"),
            (self.alike, "alike"),
        ];
        let words: Vec<_> = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        if words.is_empty() { "neither has any".to_owned() } else { words.join(", ") }
    }
}

impl Changed<'_> {
    /// Whether the second is another incarnation: it was made anew in between.
    fn is_another(&self) -> bool {
        self.from.0 != self.to.0 || self.from.1.physical_id != self.to.1.physical_id
    }
}

/// Two deployments beside each other, as text.
pub fn compare(from: &Side<'_>, to: &Side<'_>, known: &Knowledge, style: &Style) -> String {
    let mut lines = vec![style.paint(&format!("{}", to.deployment.environment), Paint::Strong)];
    lines.push(side("-", Paint::Bad, from.deployment).show(style));
    lines.push(side("+", Paint::Good, to.deployment).show(style));

    lines.extend([String::new(), rule("Config", style)]);
    lines.extend(config(from, to, style));

    lines.extend([String::new(), rule("Plans", style)]);
    for (sign, side) in [("- ", from), ("+ ", to)] {
        let words = side.plan.map_or_else(|| "no plan".to_owned(), |plan| counts(plan).words());
        lines.extend(labelled(2, (sign, Paint::Quiet), &words, style));
    }

    lines.extend([String::new(), rule("Resources", style)]);
    match (from.after, to.after) {
        (Some(before), Some(after)) => {
            lines.extend(resources(&Difference::of(before, after, known.differ), style));
            lines.extend([String::new(), rule("Cost", style)]);
            lines.extend(compared(&Cost::of(before, known.pricer), &Cost::of(after, known.pricer), style));
        }
        _ => {
            let without = [from, to].into_iter().filter(|side| side.after.is_none());
            lines.extend(without.map(|side| format!("  no record of {} is kept", side.deployment.id)));
        }
    }

    lines.extend([String::new(), rule("Outputs", style)]);
    lines.extend(outputs(&from.deployment.outputs, &to.deployment.outputs, style));
    lines.join("\n") + "\n"
}

fn side(sign: &str, paint: Paint, deployment: &Deployment) -> Line {
    let revision = deployment.revision.map(|revision| format!("revision {revision}  ")).unwrap_or_default();
    let outcome = deployment.outcome().map_or("not ended", model::Outcome::name);
    let accepted = deployment.accepted.strftime("%Y-%m-%d %H:%M:%S UTC");
    Line::new()
        .with(format!("  {sign} {revision}"), paint)
        .plain(deployment.id.to_string())
        .with(format!("  {outcome}  {accepted}"), Paint::Quiet)
}

fn unified(from: &str, to: &str) -> String {
    TextDiff::from_lines(from, to).unified_diff().context_radius(3).missing_newline_hint(false).to_string()
}

fn config(from: &Side<'_>, to: &Side<'_>, style: &Style) -> Vec<String> {
    match (from.config, to.config) {
        (None, None) => vec!["  neither has one".to_owned()],
        (Some(before), Some(after)) if before == after => vec!["  the same".to_owned()],
        (before, after) => {
            let diff = unified(before.unwrap_or_default(), after.unwrap_or_default());
            diff.lines().map(|line| painted(line, style)).collect()
        }
    }
}

fn painted(line: &str, style: &Style) -> String {
    let paint = match line.chars().next() {
        Some('+') => Paint::Good,
        Some('-') => Paint::Bad,
        Some('@') => Paint::Active,
        _ => Paint::Plain,
    };
    style.paint(line, paint)
}

fn resources(difference: &Difference<'_>, style: &Style) -> Vec<String> {
    let mut lines = vec![format!("  {}", difference.words())];
    let line = |sign: &str, paint, (key, resource): (&ResourceKey, &RecordedResource)| {
        let id = resource.physical_id.as_ref().map(|id| format!("  {}", id.as_str())).unwrap_or_default();
        let line = Line::new().plain("  ").with(sign, paint).plain(format!(" {}", key.address));
        line.with(format!("  {}{id}", resource.kind), Paint::Quiet).show(style)
    };
    lines.extend(difference.removed.iter().map(|one| line(style.either("−", "-"), Paint::Bad, *one)));
    lines.extend(difference.added.iter().map(|one| line("+", Paint::Good, *one)));
    for changed in &difference.changed {
        let (sign, paint) =
            if changed.is_another() { (style.either("±", "-/+"), Paint::Replace) } else { ("~", Paint::Change) };
        lines.push(line(sign, paint, changed.to));
        if changed.is_another() {
            let id =
                |one: &RecordedResource| one.physical_id.as_ref().map_or("(not known)".to_owned(), |id| id.0.clone());
            let text = format!("made anew: {} {} {}", id(changed.from.1), style.arrow(), id(changed.to.1));
            lines.extend(labelled(6, ("", Paint::Plain), &text, style));
        }
        for one in &changed.properties {
            let (from, to) = (value(one.from.as_ref(), style), value(one.to.as_ref(), style));
            let text = format!("{}: {from} {} {to}", one.path, style.arrow());
            lines.extend(labelled(6, ("", Paint::Plain), &text, style));
        }
    }
    lines
}

/// The outputs that differ, by name: before and after.
fn changed_outputs<'a>(
    from: &'a BTreeMap<String, Value>,
    to: &'a BTreeMap<String, Value>,
) -> Vec<(&'a str, Option<&'a Value>, Option<&'a Value>)> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let both = names.into_iter().map(|name| (name.as_str(), from.get(name), to.get(name)));
    both.filter(|(_, before, after)| before != after).collect()
}

fn outputs(from: &BTreeMap<String, Value>, to: &BTreeMap<String, Value>, style: &Style) -> Vec<String> {
    let changed = changed_outputs(from, to);
    if changed.is_empty() {
        return vec![format!("  the same: {}", count(to.len(), "output"))];
    }
    let line = |(name, before, after): (&str, Option<&Value>, Option<&Value>)| {
        let text = format!("{} {} {}", value(before, style), style.arrow(), value(after, style));
        labelled(2, (&format!("{name}: "), Paint::Strong), &text, style)
    };
    changed.into_iter().flat_map(line).collect()
}

/// Two deployments beside each other, for programs.
pub fn compare_summary(from: &Side<'_>, to: &Side<'_>, known: &Knowledge) -> Value {
    let side = |side: &Side<'_>| {
        json!({
            "deployment": side.deployment.id,
            "revision": side.deployment.revision,
            "outcome": side.deployment.outcome().map(model::Outcome::name),
            "accepted": side.deployment.accepted,
            "plan": side.plan.map(plan_summary),
        })
    };
    let resource = |(key, resource): &(&ResourceKey, &RecordedResource)| json!({ "resource": key, "type": resource.kind, "physical_id": resource.physical_id });
    let records = from.after.zip(to.after);
    let cost = records
        .map(|(before, after)| compared_summary(&Cost::of(before, known.pricer), &Cost::of(after, known.pricer)));
    let resources = records.map(|(before, after)| {
        let difference = Difference::of(before, after, known.differ);
        let changed = difference.changed.iter().map(|changed| {
            json!({
                "from": resource(&changed.from), "to": resource(&changed.to),
                "replaced": changed.is_another(), "properties": changed.properties,
            })
        });
        json!({
            "added": difference.added.iter().map(resource).collect::<Vec<_>>(),
            "removed": difference.removed.iter().map(resource).collect::<Vec<_>>(),
            "changed": changed.collect::<Vec<_>>(),
            "alike": difference.alike,
        })
    });
    let outputs = changed_outputs(&from.deployment.outputs, &to.deployment.outputs);
    let outputs = outputs.into_iter().map(|(name, before, after)| (name, json!({ "from": before, "to": after })));
    let config =
        (from.config != to.config).then(|| unified(from.config.unwrap_or_default(), to.config.unwrap_or_default()));
    json!({
        "from": side(from),
        "to": side(to),
        "config": config,
        "resources": resources,
        "cost": cost,
        "outputs": outputs.collect::<BTreeMap<_, _>>(),
    })
}
