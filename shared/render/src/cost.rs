//! What the resources of a record cost a month while they merely exist, and how that differs between two records.
//!
//! Adds up what is known and says what is not: nothing is counted for use, and nothing for what has no known price.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Charge, Price, Properties, Recorded, RecordedResource, ResourceAddress, ResourceType, Source, Standing, Usd,
};
use serde_json::{Value, json};

use crate::style::{Paint, Style};
use crate::text::{Line, labelled};
use crate::words::count;

/// What is known of what a resource of a type costs that has these properties.
pub type Pricer = fn(&ResourceType, &Properties) -> Price;

/// What the resources of a record cost, as far as prices are known. Every recorded incarnation counts, also one that only waits for
/// its deletion: as long as it is recorded it may be charged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cost<'a> {
    /// Each address with its type and what stands there costs a month; none where the price of something there is not known.
    pub resources: BTreeMap<&'a ResourceAddress, (&'a ResourceType, Option<Usd>)>,
    /// What is charged by use, by type, with how many resources are charged so.
    pub charged: BTreeMap<(&'a ResourceType, Vec<Charge>), usize>,
    /// What has no known price, and why.
    pub unknown: BTreeSet<(&'a ResourceAddress, &'a ResourceType, String)>,
    /// Where the prices are from.
    pub sources: BTreeSet<Source>,
}

impl<'a> Cost<'a> {
    /// What the resources of a record cost.
    pub fn of(recorded: &'a Recorded, pricer: Pricer) -> Self {
        let mut cost = Self::default();
        for (key, resource) in &recorded.resources {
            cost.add(&key.address, resource, pricer);
        }
        cost
    }

    fn add(&mut self, address: &'a ResourceAddress, resource: &'a RecordedResource, pricer: Pricer) {
        // What was never sent is only asked for yet.
        let properties = if resource.sent.0.is_empty() { &resource.asked } else { &resource.sent };
        let price = pricer(&resource.kind, properties);
        let standing = match price.standing {
            Standing::Known(usd) => Some(usd),
            Standing::Unknown(why) => {
                self.unknown.insert((address, &resource.kind, why));
                None
            }
        };
        let (kind, sum) = self.resources.entry(address).or_insert((&resource.kind, Some(Usd::default())));
        *kind = &resource.kind;
        *sum = sum.zip(standing).map(|(sum, standing)| sum + standing);
        if !price.charges.is_empty() {
            *self.charged.entry((&resource.kind, price.charges)).or_default() += 1;
        }
        self.sources.extend(price.source);
    }

    /// What everything with a known price costs a month while it merely exists.
    pub fn standing(&self) -> Usd {
        self.resources.values().filter_map(|(_, standing)| *standing).sum()
    }

    /// All of it in a line.
    pub(crate) fn words(&self) -> String {
        self.words_after(None)
    }

    /// The same, with how much more or less it is than before.
    fn words_after(&self, before: Option<Usd>) -> String {
        let standing = self.standing();
        let differs = before.filter(|before| *before != standing);
        let differs = differs.map_or_else(String::new, |before| format!(", {}", more(standing - before)));
        let mut words = vec![format!("{standing} USD a month{differs}")];
        let by_use: usize = self.charged.values().sum();
        if by_use > 0 {
            words.push(format!("{} charged by use, which is not counted", count(by_use, "resource")));
        }
        if !self.unknown.is_empty() {
            words.push(format!("{} without a known price", count(self.unknown.len(), "resource")));
        }
        words.extend(origin(&self.sources));
        words.join("; ")
    }
}

/// Whose prices they are, and how old.
fn origin(sources: &BTreeSet<Source>) -> Option<String> {
    let (oldest, newest) = (sources.first()?.as_of, sources.last()?.as_of);
    let days = if oldest == newest { oldest.to_string() } else { format!("{oldest} to {newest}") };
    let regions: BTreeSet<&str> = sources.iter().map(|source| source.region).collect();
    let regions: Vec<&str> = regions.into_iter().collect();
    Some(format!("list prices of {} as of {days}", regions.join(", ")))
}

/// A resource whose standing costs differ.
struct Row<'a> {
    address: &'a ResourceAddress,
    kind: &'a ResourceType,
    from: Option<Usd>,
    to: Option<Usd>,
}

impl Row<'_> {
    fn difference(&self) -> Usd {
        self.to.unwrap_or_default() - self.from.unwrap_or_default()
    }
}

/// The resources whose standing costs differ. What has no known price in one of them is not among them.
fn rows<'a>(from: &Cost<'a>, to: &Cost<'a>) -> Vec<Row<'a>> {
    let addresses: BTreeSet<&ResourceAddress> = from.resources.keys().chain(to.resources.keys()).copied().collect();
    let row = |address: &'a ResourceAddress| {
        let (before, after) = (from.resources.get(address), to.resources.get(address));
        let is_unknown = |side: Option<&(&ResourceType, Option<Usd>)>| side.is_some_and(|(_, usd)| usd.is_none());
        let kind = after.or(before).map(|(kind, _)| *kind)?;
        let row = Row { address, kind, from: before.and_then(|one| one.1), to: after.and_then(|one| one.1) };
        let differs = row.difference() != Usd::default();
        (differs && !is_unknown(before) && !is_unknown(after)).then_some(row)
    };
    addresses.into_iter().filter_map(row).collect()
}

/// How much more or less the second is.
fn more(difference: Usd) -> String {
    match difference {
        Usd(0) => "the same".to_owned(),
        Usd(1..) => format!("{difference} more"),
        _ => format!("{} less", difference.abs()),
    }
}

/// What everything costs after a change, and how much more or less that is: a line where it fits.
pub fn cost_change(from: &Cost<'_>, to: &Cost<'_>, style: &Style) -> String {
    let text = to.words_after(Some(from.standing()));
    labelled(0, ("Standing costs: ", Paint::Strong), &text, style).join("\n") + "\n"
}

/// How the costs of two records differ, as lines.
pub(crate) fn compared(from: &Cost<'_>, to: &Cost<'_>, style: &Style) -> Vec<String> {
    let (before, after) = (from.standing(), to.standing());
    let both = if before == after { before.to_string() } else { format!("{before} {} {after}", style.arrow()) };
    let text = format!("{both} USD a month, {}", more(after - before));
    let mut lines = labelled(2, ("standing: ", Paint::Strong), &text, style);

    for row in rows(from, to) {
        let (sign, paint, text) = match (row.from, row.to) {
            (None, Some(to)) => ("+", Paint::Good, to.to_string()),
            (Some(from), None) => (style.either("−", "-"), Paint::Bad, from.to_string()),
            (from, to) => {
                let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
                ("~", Paint::Change, format!("{from} {} {to}, {}", style.arrow(), more(row.difference())))
            }
        };
        let line = Line::new().plain("  ").with(sign, paint).plain(format!(" {}", row.address));
        lines.push(line.with(format!("  {}", row.kind), Paint::Quiet).plain(format!("  {text}")).show(style));
    }

    lines.extend(by_use(from, to, style));
    lines.extend(without_a_price(from, to, style));
    let sources = from.sources.union(&to.sources).copied().collect();
    if let Some(origin) = origin(&sources) {
        let text = format!("{origin}, before free tiers, discounts and taxes");
        lines.extend(labelled(2, ("", Paint::Plain), &text, style));
    }
    lines
}

fn by_use(from: &Cost<'_>, to: &Cost<'_>, style: &Style) -> Vec<String> {
    let all: BTreeSet<_> = from.charged.keys().chain(to.charged.keys()).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["  charged by use, which is not counted:".to_owned()];
    for one in all {
        let number = |cost: &Cost<'_>| cost.charged.get(one).copied().unwrap_or_default();
        let (before, after) = (number(from), number(to));
        let both = if before == after { before.to_string() } else { format!("{before} {} {after}", style.arrow()) };
        lines.push(Line::new().plain(format!("    {}", one.0)).with(format!("  {both}"), Paint::Quiet).show(style));
        let charges: Vec<String> = one.1.iter().map(charge).collect();
        lines.extend(labelled(6, ("", Paint::Plain), &charges.join("; "), style));
    }
    lines
}

/// A charge in words: `0.20 per million requests`.
fn charge(charge: &Charge) -> String {
    let Some(usd) = charge.usd else { return format!("{}, at a price that is not known", charge.unit) };
    match charge.per {
        1 => format!("{usd} per {}", charge.unit),
        1_000 => format!("{usd} per thousand {}", charge.unit),
        1_000_000 => format!("{usd} per million {}", charge.unit),
        per => format!("{usd} per {per} {}", charge.unit),
    }
}

fn without_a_price(from: &Cost<'_>, to: &Cost<'_>, style: &Style) -> Vec<String> {
    let all: BTreeSet<_> = from.unknown.union(&to.unknown).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["  without a known price, and not counted:".to_owned()];
    for one in all {
        let (address, kind, why) = one;
        let (sign, paint) = match (from.unknown.contains(one), to.unknown.contains(one)) {
            (false, _) => ("+", Paint::Good),
            (_, false) => (style.either("−", "-"), Paint::Bad),
            _ => (" ", Paint::Plain),
        };
        let line = Line::new().plain("    ").with(sign, paint).plain(format!(" {address}"));
        lines.push(line.with(format!("  {kind}"), Paint::Quiet).show(style));
        lines.extend(labelled(8, ("", Paint::Plain), why, style));
    }
    lines
}

/// What the resources of a record cost, for programs. Amounts are US dollars, as text: `"0.10"`.
pub fn cost_summary(cost: &Cost<'_>) -> Value {
    let resources = cost.resources.iter().map(
        |(address, (kind, standing))| json!({ "resource": address.to_string(), "type": kind, "standing": standing }),
    );
    let charged = cost.charged.iter();
    let charged =
        charged.map(|((kind, charges), number)| json!({ "type": kind, "resources": number, "charges": charges }));
    let unknown = cost.unknown.iter();
    let unknown =
        unknown.map(|(address, kind, why)| json!({ "resource": address.to_string(), "type": kind, "why": why }));
    json!({
        "standing": cost.standing(),
        "resources": resources.collect::<Vec<_>>(),
        "by_use": charged.collect::<Vec<_>>(),
        "unknown": unknown.collect::<Vec<_>>(),
        "sources": cost.sources,
    })
}

/// How the costs of two records differ, for programs.
pub(crate) fn compared_summary(from: &Cost<'_>, to: &Cost<'_>) -> Value {
    let rows = rows(from, to).into_iter().map(|row| {
        json!({
            "resource": row.address.to_string(), "type": row.kind,
            "from": row.from, "to": row.to, "difference": row.difference(),
        })
    });
    json!({
        "from": cost_summary(from),
        "to": cost_summary(to),
        "difference": to.standing() - from.standing(),
        "resources": rows.collect::<Vec<_>>(),
    })
}
