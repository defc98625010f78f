//! What is desired, read once: types, references, and the values that `ignore_changes` keeps.

use std::collections::BTreeSet;

use graph::Graph;
use model::{
    Desired, DesiredResource, Ignored, Properties, PropertyPath, Reference, ResourceAddress, Unresolved, expression,
};
use schema::TypeSchema;

use crate::view::View;
use crate::{Problem, ignore};

/// One desired resource.
pub(crate) struct Wanted<'a> {
    pub(crate) address: &'a ResourceAddress,
    pub(crate) resource: &'a DesiredResource,
    pub(crate) schema: &'static TypeSchema,
    /// What its properties refer to.
    pub(crate) uses: Uses,
    /// What is asked of the incarnation that exists, where that is something else.
    pub(crate) kept: Option<Kept>,
}

/// What `ignore_changes` makes of a resource's properties.
pub(crate) struct Kept {
    pub(crate) properties: Properties,
    pub(crate) uses: Uses,
    pub(crate) ignored: Vec<Ignored>,
}

/// The references in properties, by top-level property.
#[derive(Default)]
pub(crate) struct Uses(Vec<(String, Vec<Reference>)>);

impl Uses {
    fn of(properties: &Properties) -> Result<Self, Unresolved> {
        let mut uses = Vec::new();
        for (name, value) in &properties.0 {
            let mut found = Vec::new();
            expression::references_in(value, &mut found)?;
            if !found.is_empty() {
                uses.push((name.clone(), found));
            }
        }
        Ok(Self(uses))
    }

    pub(crate) fn by_property(&self) -> impl Iterator<Item = (&str, &[Reference])> {
        self.0.iter().map(|(name, references)| (name.as_str(), references.as_slice()))
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = &ResourceAddress> {
        self.0.iter().flat_map(|(_, references)| references.iter().map(|reference| &reference.address))
    }
}

impl<'a> Wanted<'a> {
    /// The properties asked for: of the incarnation that exists, or of a new one.
    pub(crate) fn properties(&self, exists: bool) -> &Properties {
        match &self.kept {
            Some(kept) if exists => &kept.properties,
            _ => &self.resource.properties,
        }
    }

    /// What those properties refer to.
    pub(crate) fn uses(&self, exists: bool) -> &Uses {
        match &self.kept {
            Some(kept) if exists => &kept.uses,
            _ => &self.uses,
        }
    }

    /// What it needs, by reference or by declaration.
    pub(crate) fn dependencies(&self, exists: bool) -> BTreeSet<&ResourceAddress> {
        self.uses(exists).addresses().chain(&self.resource.depends_on).collect()
    }

    /// The paths whose changes are ignored in what exists.
    pub(crate) fn ignores(&self) -> &'a BTreeSet<PropertyPath> {
        &self.resource.ignore_changes
    }

    fn read(
        address: &'a ResourceAddress,
        resource: &'a DesiredResource,
        view: &View<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let Some(schema) = schema::get(&resource.kind) else {
            problems.push(Problem::UnsupportedType { resource: address.clone(), kind: resource.kind.clone() });
            return None;
        };
        let mut malformed = |error| problems.push(Problem::MalformedReference { resource: address.clone(), error });
        let uses = Uses::of(&resource.properties).map_err(&mut malformed).ok()?;
        let recorded = view
            .current(address)
            .filter(|standing| !resource.ignore_changes.is_empty() && standing.recorded.kind == resource.kind);
        let kept = match recorded {
            Some(standing) => {
                let (properties, ignored) =
                    ignore::keep(address, &resource.properties, &standing.asked, &resource.ignore_changes);
                let uses = Uses::of(&properties).map_err(&mut malformed).ok()?;
                (!ignored.is_empty()).then_some(Kept { properties, uses, ignored })
            }
            None => None,
        };
        Some(Self { address, resource, schema, uses, kept })
    }
}

/// What is desired, each after what it needs.
pub(crate) fn in_order<'a>(desired: &'a Desired, view: &View<'_>, problems: &mut Vec<Problem>) -> Vec<Wanted<'a>> {
    let addresses: Vec<&ResourceAddress> = desired.resources.keys().collect();
    let mut wanted = Vec::with_capacity(addresses.len());
    // Ranks instead of addresses: their order is the same, and a graph of numbers is built in a fraction of the time.
    let mut graph = Graph::new();
    for (rank, (address, resource)) in desired.resources.iter().enumerate() {
        graph.add(rank);
        let one = Wanted::read(address, resource, view, problems);
        if let Some(one) = &one {
            let mut needed = one.dependencies(false);
            let as_desired = needed.clone();
            needed.extend(one.dependencies(true));
            for on in needed {
                match addresses.binary_search(&on) {
                    Ok(on_rank) => graph.depend(rank, on_rank),
                    Err(_) if as_desired.contains(on) => {
                        problems.push(Problem::UnknownReference { resource: address.clone(), to: on.clone() });
                    }
                    Err(_) => problems.push(Problem::KeptReference { resource: address.clone(), to: on.clone() }),
                }
            }
        }
        wanted.push(one);
    }
    match graph.order() {
        Ok(order) => order.into_iter().filter_map(|rank| wanted.get_mut(rank)?.take()).collect(),
        Err(cycle) => {
            let cycle = cycle.map(|rank| addresses.get(rank).map(ToString::to_string).unwrap_or_default());
            problems.push(Problem::Cycle(cycle.to_string()));
            Vec::new()
        }
    }
}
