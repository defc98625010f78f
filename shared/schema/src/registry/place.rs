//! Walking through the properties of a type.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    resource::Resource,
    shape::{Additional, ObjectRule, Rule, Shape, ShapeId, Type, Types},
};

/// A place in the properties of a type, with everything that the schema says of it: also what only some alternatives say.
#[derive(Debug, Clone)]
pub struct Place<'r> {
    resource: &'r Resource,
    shapes: Vec<ShapeId>,
}

impl<'r> Place<'r> {
    pub(super) fn new(resource: &'r Resource, shape: ShapeId) -> Self {
        let mut place = Self { resource, shapes: Vec::new() };
        place.add(shape);
        place
    }

    /// Of which types a value may be; any where none is said.
    pub fn types(&self) -> Types {
        self.shapes().fold(Types::default(), |types, shape| types.or(shape.types))
    }

    /// Whether the order of a list's items means something.
    pub fn ordered(&self) -> bool {
        self.shapes().find_map(|shape| shape.ordered).unwrap_or(true)
    }

    /// Whether no two items of a list may be the same.
    pub fn unique(&self) -> bool {
        self.shapes().any(|shape| shape.rules.iter().any(|rule| matches!(rule, Rule::Unique)))
    }

    /// What it is where nothing is given, if the schema says so.
    pub fn default(&self) -> Option<&'r Value> {
        self.shapes().find_map(|shape| shape.default.as_deref())
    }

    /// Whether it is a mapping whose keys the caller chooses.
    pub fn is_map(&self) -> bool {
        let types = self.types();
        let mapping = types.has(Type::Object) || (types.is_empty() && self.objects().next().is_some());
        mapping && self.objects().all(|object| object.properties.is_empty())
    }

    /// The names of the properties that a mapping has here.
    pub fn properties(&self) -> BTreeSet<&'r str> {
        self.objects().flat_map(|object| object.properties.iter().map(|(name, _)| &**name)).collect()
    }

    /// The place of a property; none where the schema says nothing of it.
    pub fn property(&self, name: &str) -> Option<Self> {
        let found = self.objects().flat_map(|object| {
            let named = object.property(name);
            let patterned = object.patterns.iter().filter(|_| named.is_none());
            let patterned = patterned.filter(|(pattern, _)| {
                let pattern = self.resource.patterns.get(usize::try_from(*pattern).unwrap_or(usize::MAX));
                pattern.is_some_and(|pattern| pattern.matches(name) != Some(false))
            });
            let mut found: Vec<ShapeId> = named.into_iter().chain(patterned.map(|(_, shape)| *shape)).collect();
            if let (true, Additional::Shaped(shape)) = (found.is_empty(), object.additional) {
                found.push(shape);
            }
            found
        });
        self.further(found.collect())
    }

    /// The place of an item of a list; none where the schema says nothing of it.
    pub fn item(&self, at: usize) -> Option<Self> {
        let rules = self.shapes().flat_map(|shape| &shape.rules);
        let found = rules.filter_map(|rule| match rule {
            Rule::Items { first, others } => first.get(at).copied().or(*others),
            _ => None,
        });
        self.further(found.collect())
    }

    fn further(&self, shapes: Vec<ShapeId>) -> Option<Self> {
        let mut place = Self { resource: self.resource, shapes: Vec::new() };
        for shape in shapes {
            place.add(shape);
        }
        (!place.shapes.is_empty()).then_some(place)
    }

    /// A shape, and every other that speaks of the same value.
    fn add(&mut self, id: ShapeId) {
        if self.shapes.contains(&id) {
            return;
        }
        self.shapes.push(id);
        for rule in &self.resource.shape(id).rules {
            match rule {
                Rule::Reference(other) => self.add(*other),
                Rule::AllOf(others) | Rule::AnyOf(others) | Rule::OneOf(others) => {
                    others.iter().for_each(|other| self.add(*other));
                }
                Rule::If { then, otherwise, .. } => then.iter().chain(otherwise).for_each(|other| self.add(*other)),
                _ => {}
            }
        }
    }

    fn shapes(&self) -> impl Iterator<Item = &'r Shape> {
        let resource = self.resource;
        self.shapes.iter().map(move |id| resource.shape(*id))
    }

    fn objects(&self) -> impl Iterator<Item = &'r ObjectRule> {
        self.shapes().flat_map(|shape| &shape.rules).filter_map(|rule| match rule {
            Rule::Object(object) => Some(&**object),
            _ => None,
        })
    }
}
