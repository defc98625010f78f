//! What is desired, read once: types, references, and the values that `ignore_changes` keeps.
//!
//! Resources are named by their rank among what is desired. Ranks stand in the order of addresses, so that nothing is looked
//! up by text twice.

use std::borrow::Cow;

use graph::order_of_ranks;
use model::{Desired, DesiredResource, Ignored, Properties, ResourceAddress, Unresolved, expression};
use schema::TypeSchema;

use crate::view::View;
use crate::{Problem, ignore};

/// Everything that is desired.
pub(crate) struct Wants<'a> {
    /// The addresses, ascending: by rank.
    pub(crate) addresses: Vec<&'a ResourceAddress>,
    /// Where each stands in the record: by rank, the place in the [`View`].
    pub(crate) places: Vec<Option<usize>>,
    /// The resources, each after what it needs.
    pub(crate) order: Vec<Wanted<'a>>,
}

/// One desired resource.
pub(crate) struct Wanted<'a> {
    pub(crate) rank: usize,
    pub(crate) address: &'a ResourceAddress,
    pub(crate) resource: &'a DesiredResource,
    pub(crate) schema: &'static TypeSchema,
    fresh: Needs<'a>,
    kept: Option<Kept>,
}

/// What `ignore_changes` makes of the properties of an incarnation that exists.
struct Kept {
    properties: Properties,
    needs: Needs<'static>,
    ignored: Vec<Ignored>,
}

/// What properties, and what is declared beside them, refer to.
pub(crate) struct Needs<'a> {
    /// By top-level property, those that refer to something.
    pub(crate) properties: Vec<(Cow<'a, str>, Vec<usize>)>,
    /// All together, ascending, each once.
    pub(crate) all: Vec<usize>,
}

impl Wanted<'_> {
    /// The properties asked for: of the incarnation that exists, or of a new one.
    pub(crate) fn properties(&self, exists: bool) -> &Properties {
        self.kept.as_ref().filter(|_| exists).map_or(&self.resource.properties, |kept| &kept.properties)
    }

    /// What those refer to.
    pub(crate) fn needs(&self, exists: bool) -> &Needs<'_> {
        self.kept.as_ref().filter(|_| exists).map_or(&self.fresh, |kept| &kept.needs)
    }

    /// What differs from the config and stays so.
    pub(crate) fn ignored(&self) -> &[Ignored] {
        self.kept.as_ref().map_or(&[], |kept| &kept.ignored)
    }
}

/// Reads what is desired, and finds an order.
pub(crate) fn read<'a>(desired: &'a Desired, view: &View<'_>, problems: &mut Vec<Problem>) -> Wants<'a> {
    let addresses: Vec<&ResourceAddress> = desired.resources.keys().collect();
    let places = view.places_of(&addresses);
    let mut wanted = Vec::with_capacity(addresses.len());
    let mut needs: Vec<Vec<usize>> = Vec::with_capacity(addresses.len());
    for (rank, (address, resource)) in desired.resources.iter().enumerate() {
        let mut reading = Reading { addresses: &addresses, address, resource, problems: &mut *problems };
        let place = places.get(rank).copied().flatten();
        let one = reading.schema().and_then(|schema| {
            let fresh = reading.needs(&resource.properties, false)?;
            let kept = reading.kept(place, view)?;
            Some(Wanted { rank, address, resource, schema, fresh, kept })
        });
        let all = |one: &Wanted<'_>| {
            let kept = one.kept.iter().flat_map(|kept| &kept.needs.all);
            one.fresh.all.iter().chain(kept).copied().collect()
        };
        needs.push(one.as_ref().map_or_else(Vec::new, all));
        wanted.push(one);
    }
    let order = order_of_ranks(&needs).unwrap_or_else(|cycle| {
        let cycle = cycle.map(|rank| addresses.get(rank).map(ToString::to_string).unwrap_or_default());
        problems.push(Problem::Cycle(cycle.to_string()));
        Vec::new()
    });
    let order = order.into_iter().filter_map(|rank| wanted.get_mut(rank)?.take()).collect();
    Wants { addresses, places, order }
}

struct Reading<'r, 'a> {
    addresses: &'r [&'a ResourceAddress],
    address: &'a ResourceAddress,
    resource: &'a DesiredResource,
    problems: &'r mut Vec<Problem>,
}

impl<'a> Reading<'_, 'a> {
    fn schema(&mut self) -> Option<&'static TypeSchema> {
        let schema = schema::get(&self.resource.kind);
        if schema.is_none() {
            let (resource, kind) = (self.address.clone(), self.resource.kind.clone());
            self.problems.push(Problem::UnsupportedType { resource, kind });
        }
        schema
    }

    fn kept(&mut self, place: Option<usize>, view: &View<'_>) -> Option<Option<Kept>> {
        let paths = &self.resource.ignore_changes;
        let standing = place.filter(|_| !paths.is_empty()).and_then(|place| view.current_at(place));
        let Some(standing) = standing.filter(|standing| standing.recorded.kind == self.resource.kind) else {
            return Some(None);
        };
        let (properties, ignored) = ignore::keep(self.address, &self.resource.properties, &standing.asked, paths);
        if ignored.is_empty() {
            return Some(None);
        }
        let Needs { properties: by_property, all } = self.needs(&properties, true)?;
        let by_property = by_property.into_iter().map(|(name, ranks)| (Cow::Owned(name.into_owned()), ranks));
        let needs = Needs { properties: by_property.collect(), all };
        Some(Some(Kept { properties, needs, ignored }))
    }

    /// What `properties` refer to; none where a reference is malformed.
    fn needs<'p>(&mut self, properties: &'p Properties, kept: bool) -> Option<Needs<'p>> {
        let mut needs = Needs { properties: Vec::new(), all: Vec::new() };
        let mut unknown: Vec<ResourceAddress> = Vec::new();
        for (name, value) in &properties.0 {
            let mut found = Vec::new();
            if let Err(error) = expression::references_in(value, &mut found) {
                self.malformed(error);
                return None;
            }
            let mut ranks = Vec::with_capacity(found.len());
            for reference in found {
                match self.addresses.binary_search(&&reference.address) {
                    Ok(rank) => ranks.push(rank),
                    Err(_) => unknown.push(reference.address),
                }
            }
            needs.all.extend(&ranks);
            if !ranks.is_empty() {
                needs.properties.push((Cow::Borrowed(name.as_str()), ranks));
            }
        }
        for on in &self.resource.depends_on {
            match self.addresses.binary_search(&on) {
                Ok(rank) => needs.all.push(rank),
                Err(_) => unknown.push(on.clone()),
            }
        }
        needs.all.sort_unstable();
        needs.all.dedup();
        unknown.sort();
        unknown.dedup();
        for to in unknown {
            let resource = self.address.clone();
            self.problems.push(match kept {
                true => Problem::KeptReference { resource, to },
                false => Problem::UnknownReference { resource, to },
            });
        }
        Some(needs)
    }

    fn malformed(&mut self, error: Unresolved) {
        self.problems.push(Problem::MalformedReference { resource: self.address.clone(), error });
    }
}
