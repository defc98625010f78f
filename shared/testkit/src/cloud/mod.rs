//! The account: what exists, and what AWS does with each request.

mod audit;
mod kinds;
mod limits;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use engine::ports::Owned;
use model::{Observed, Ownership, PhysicalId, Properties, ResourceKey, Stamp};
use schema::Call;
use serde_json::{Value, json};

pub use audit::Wrong;
pub(crate) use kinds::{Held, Kind, all};
pub(crate) use limits::Limits;
pub(crate) use requests::{Caller, Order};

/// Where a thing stands in the account: its type, and what AWS calls it.
pub(crate) type Place = (&'static str, String);

/// One thing in the account.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    /// Its type.
    pub kind: &'static str,
    /// What AWS calls it.
    pub id: String,
    /// The incarnation that its tags, or its mark, name; none for what somebody else made.
    pub key: Option<ResourceKey>,
    /// Its settings.
    pub properties: Properties,
    /// The installation and scope that its tags name.
    pub(crate) owner: (String, String),
    pub(crate) parent: Option<Place>,
    pub(crate) ready: i64,
    pub(crate) usable: i64,
    pub(crate) findable: i64,
    pub(crate) listed: i64,
    /// When it is gone; none while nobody deleted it.
    pub(crate) gone: Option<i64>,
    /// Whether it holds what is lost with it.
    pub(crate) is_full: bool,
}

impl Thing {
    /// What `Fn::GetAtt` can ask of it.
    pub(crate) fn attributes(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("Arn".to_owned(), json!(self.arn()))])
    }

    fn arn(&self) -> String {
        format!("arn:sim:{}:{}", self.kind, self.id)
    }

    fn observed(&self, kind: &Kind) -> Observed {
        let tagged = || match &self.key {
            Some(key) => Ownership::Tagged {
                engine: self.owner.0.clone(),
                scope: Some(self.owner.1.clone()),
                address: key.address.clone(),
                generation: key.generation,
            },
            None => Ownership::Foreign,
        };
        Observed {
            physical_id: PhysicalId(self.id.clone()),
            attributes: self.attributes(),
            properties: self.properties.clone(),
            ownership: kind.tagged.then(tagged),
        }
    }

    fn owned(&self, kind: &Kind) -> Option<Owned> {
        let key = self.key.clone()?;
        let mut properties = Properties::new();
        if let Some((name, value)) = kind.parent.and_then(|(name, _)| Some((name, self.properties.get(name)?))) {
            properties.set(name, value.clone());
        }
        Some(Owned { kind: self.kind.into(), key, physical_id: PhysicalId(self.id.clone()), properties })
    }

    /// Whether its settings mention this id or its ARN.
    fn mentions(&self, id: &str, arn: &str) -> bool {
        self.properties.0.values().any(|value| mentions(value, id, arn))
    }
}

fn mentions(value: &Value, id: &str, arn: &str) -> bool {
    match value {
        // Also inside a text: `integrations/{id}`.
        Value::String(text) => text == id || text == arn || text.ends_with(&format!("/{id}")),
        Value::Array(items) => items.iter().any(|item| mentions(item, id, arn)),
        Value::Object(map) => map.values().any(|item| mentions(item, id, arn)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Everything in the account, and what has to be known of what was.
#[derive(Debug, Clone, Default)]
pub struct Account {
    things: BTreeMap<Place, Thing>,
    by_key: BTreeMap<ResourceKey, BTreeSet<Place>>,
    by_arn: BTreeMap<String, Place>,
    children: BTreeMap<Place, BTreeSet<Place>>,
    /// What was made with which token: of which input, when, and what came of it.
    tokens: BTreeMap<String, (Value, i64, Place)>,
    /// Names that are blocked until then.
    blocked: BTreeMap<Place, i64>,
    /// Groups that interfaces linger in, and until when.
    lingering: BTreeMap<String, i64>,
    /// What is listed though it is gone, and until when.
    ghosts: Vec<(Owned, (String, String), i64)>,
    limits: Option<Limits>,
    /// What is refused until further notice: calls for incarnations.
    refused: Vec<(ResourceKey, Call)>,
    /// Whatever went with what it held.
    emptied: Vec<ResourceKey>,
    /// How many things were ever made, by incarnation.
    made: BTreeMap<ResourceKey, u32>,
    /// The highest epoch that ever changed something.
    epoch: u64,
    changes: usize,
    wrong: Vec<Wrong>,
}

impl Account {
    pub(crate) fn new(limits: Option<f64>) -> Self {
        Self { limits: limits.map(Limits::new), ..Self::default() }
    }

    /// Everything that exists.
    pub fn things(&self) -> impl Iterator<Item = &Thing> {
        self.things.values()
    }

    /// One thing.
    pub fn thing(&self, kind: &str, id: &str) -> Option<&Thing> {
        let kind = all().find(|known| known.name == kind)?;
        self.things.get(&(kind.name, id.to_owned()))
    }

    /// What carries the tags or the mark of an incarnation.
    pub fn of(&self, key: &ResourceKey) -> Vec<Thing> {
        let places = self.by_key.get(key).into_iter().flatten();
        places.filter_map(|place| self.things.get(place)).cloned().collect()
    }

    /// How many things were ever made, by incarnation.
    pub fn made(&self) -> &BTreeMap<ResourceKey, u32> {
        &self.made
    }

    /// How many calls changed something.
    pub fn changes(&self) -> usize {
        self.changes
    }

    /// What must never happen and did.
    pub fn wrong(&self) -> &[Wrong] {
        &self.wrong
    }

    /// Removes one thing as somebody would by hand.
    pub fn vanish(&mut self, kind: &str, id: &str) {
        if let Some(place) = self.thing(kind, id).map(|thing| (thing.kind, thing.id.clone())) {
            self.remove(&place);
        }
    }

    /// Changes one thing as somebody would by hand.
    pub fn tamper(&mut self, kind: &str, id: &str, change: impl FnOnce(&mut Thing)) {
        let place = self.thing(kind, id).map(|thing| (thing.kind, thing.id.clone()));
        if let Some(thing) = place.and_then(|place| self.things.get_mut(&place)) {
            change(thing);
        }
    }

    pub(crate) fn plant(&mut self, kind: &str, id: &str, properties: Properties) {
        let Some(kind) = all().find(|known| known.name == kind) else { return };
        self.insert(Thing {
            kind: kind.name,
            id: id.to_owned(),
            key: None,
            properties,
            owner: Default::default(),
            parent: None,
            ready: i64::MIN,
            usable: i64::MIN,
            findable: i64::MIN,
            listed: i64::MIN,
            gone: None,
            is_full: false,
        });
    }

    /// Puts data into whatever there is of an incarnation.
    pub fn fill(&mut self, key: &ResourceKey) {
        for place in self.by_key.get(key).into_iter().flatten() {
            if let Some(thing) = self.things.get_mut(place) {
                thing.is_full = true;
            }
        }
    }

    /// Which incarnations were deleted with what they held.
    pub fn emptied(&self) -> &[ResourceKey] {
        &self.emptied
    }

    /// Refuses these calls for an incarnation from now on.
    pub fn refuse(&mut self, key: &ResourceKey, call: Call) {
        self.refused.push((key.clone(), call));
    }

    /// Refuses nothing any more.
    pub fn relent(&mut self) {
        self.refused.clear();
    }

    fn insert(&mut self, thing: Thing) {
        let place = (thing.kind, thing.id.clone());
        if let Some(key) = &thing.key {
            self.by_key.entry(key.clone()).or_default().insert(place.clone());
            *self.made.entry(key.clone()).or_default() += 1;
        }
        if let Some(parent) = &thing.parent {
            self.children.entry(parent.clone()).or_default().insert(place.clone());
        }
        self.by_arn.insert(thing.arn(), place.clone());
        self.things.insert(place, thing);
    }

    fn remove(&mut self, place: &Place) -> Option<Thing> {
        let thing = self.things.remove(place)?;
        if let Some(places) = thing.key.as_ref().and_then(|key| self.by_key.get_mut(key)) {
            places.remove(place);
        }
        if let Some(siblings) = thing.parent.as_ref().and_then(|parent| self.children.get_mut(parent)) {
            siblings.remove(place);
        }
        self.by_arn.remove(&thing.arn());
        // What stands in it goes with it.
        for child in self.children.remove(place).into_iter().flatten() {
            self.remove(&child);
        }
        Some(thing)
    }

    /// What goes and is gone by now.
    fn tidy(&mut self, place: &Place, now: i64) {
        if self.things.get(place).is_some_and(|thing| thing.gone.is_some_and(|gone| gone <= now)) {
            self.remove(place);
        }
    }

    /// Everything whose deletion has ended by `now`, in microseconds, goes.
    pub fn tidy_all(&mut self, now: i64) {
        let is_gone =
            |(place, thing): (&Place, &Thing)| thing.gone.is_some_and(|gone| gone <= now).then(|| place.clone());
        let gone: Vec<Place> = self.things.iter().filter_map(is_gone).collect();
        for place in gone {
            self.remove(&place);
        }
    }

    /// What carries these tags, as far as the search shows it at `now`.
    pub(crate) fn owned(&mut self, stamp: &Stamp, now: i64) -> Vec<Owned> {
        self.tidy_all(now);
        self.ghosts.retain(|(_, _, until)| *until > now);
        let is_ours = |owner: &(String, String)| *owner == (stamp.engine.clone(), stamp.scope.clone());
        let shown =
            self.things.values().filter(|thing| thing.listed <= now && is_ours(&thing.owner)).filter_map(|thing| {
                let kind = all().find(|kind| kind.name == thing.kind && kind.tagged)?;
                thing.owned(kind)
            });
        let ghosts = self.ghosts.iter().filter(|(_, owner, _)| is_ours(owner)).map(|(owned, _, _)| owned.clone());
        shown.chain(ghosts).collect()
    }

    fn notice(&mut self, wrong: Wrong) {
        self.wrong.push(wrong);
    }
}
