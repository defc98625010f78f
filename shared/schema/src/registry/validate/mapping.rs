//! Mappings: which properties are given, which have to be and which cannot be.

use serde_json::{Map, Value};

use super::{Check, known::may_vanish};
use crate::registry::{
    resource::{Path, Resource, Segment},
    shape::{Additional, Dependency, ObjectRule, Rule, ShapeId},
    violation::{Step, ViolationKind, closest},
};

/// Whether a property is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Given,
    /// It may come to nothing.
    Perhaps,
    Absent,
}

impl<'r> Check<'r> {
    pub(super) fn of_mapping(&mut self, rule: &'r Rule, map: &Map<String, Value>, value: &Value) {
        match rule {
            Rule::Object(object) => self.properties(object, map),
            Rule::Required(names) => {
                for name in names {
                    match self.given(map, name) {
                        Presence::Absent => self.find(ViolationKind::Missing { property: name.to_string() }),
                        Presence::Given | Presence::Perhaps => {}
                    }
                }
            }
            Rule::RequiredOne(names) => self.one_of(names, map, true),
            Rule::RequiredAny(names) => self.one_of(names, map, false),
            Rule::DependentRequired(all) => self.dependencies(all, map, Presence::Absent, |property, needs| {
                ViolationKind::DependentRequired { property, needs }
            }),
            Rule::DependentExcluded(all) => self.dependencies(all, map, Presence::Given, |property, excludes| {
                ViolationKind::DependentExcluded { property, excludes }
            }),
            Rule::Dependent(all) => {
                for (name, shape) in all {
                    if self.given(map, name) == Presence::Given {
                        self.shape(*shape, value);
                    }
                }
            }
            Rule::Properties(bounds) => {
                let certain = map.values().filter(|value| !may_vanish(value)).count();
                self.count(*bounds, certain, map.len());
            }
            _ => {}
        }
    }

    fn properties(&mut self, object: &'r ObjectRule, map: &Map<String, Value>) {
        for (name, value) in map {
            let mut known = false;
            if let Some(shape) = object.property(name) {
                known = true;
                self.within_property(name, shape, value);
            }
            for (pattern, shape) in &object.patterns {
                match self.matches(*pattern, name) {
                    Some(true) => {
                        known = true;
                        self.within_property(name, *shape, value);
                    }
                    Some(false) => {}
                    None => known = true,
                }
            }
            // A function next to other properties (`Fn::Transform`) becomes some of them.
            if known || name.starts_with("Fn::") {
                continue;
            }
            match object.additional {
                Additional::Any => {}
                Additional::Shaped(shape) => self.within_property(name, shape, value),
                Additional::None => {
                    let kind = self.stranger(name, object);
                    self.find(kind);
                }
            }
        }
    }

    fn stranger(&self, name: &str, object: &ObjectRule) -> ViolationKind {
        let names = object.properties.iter().map(|(name, _)| &**name);
        let known: Vec<String> = names.filter(|name| !self.is_read_only(name)).map(str::to_owned).collect();
        let near = closest(name, known.iter().map(String::as_str));
        let pattern = object.patterns.first().and_then(|(number, _)| self.pattern(*number));
        let pattern = pattern.filter(|_| known.is_empty()).map(|pattern| pattern.text().to_owned());
        ViolationKind::Unknown { property: name.to_owned(), near, known, pattern }
    }

    fn is_read_only(&self, name: &str) -> bool {
        self.path.is_empty() && read_only(self.resource).any(|path| path.top() == Some(name))
    }

    fn within_property(&mut self, name: &str, shape: ShapeId, value: &Value) {
        self.path.push(Step::Property(name.to_owned()));
        self.shape(shape, value);
        self.path.pop();
    }

    fn one_of(&mut self, names: &[Box<str>], map: &Map<String, Value>, exactly: bool) {
        let presence: Vec<_> = names.iter().map(|name| (name, self.given(map, name))).collect();
        let of = |wanted: Presence| {
            let those = presence.iter().filter(move |(_, presence)| *presence == wanted);
            those.map(|(name, _)| vec![name.to_string()]).collect::<Vec<_>>()
        };
        let given = of(Presence::Given);
        if of(Presence::Absent).len() == names.len() {
            self.find(ViolationKind::NoneOf { needs: of(Presence::Absent) });
        } else if exactly && given.len() > 1 {
            self.find(ViolationKind::MoreThanOneOf { given });
        }
    }

    fn dependencies(
        &mut self,
        all: &[Dependency],
        map: &Map<String, Value>,
        wrong: Presence,
        kind: fn(String, String) -> ViolationKind,
    ) {
        for one in all {
            if self.given(map, &one.given) != Presence::Given {
                continue;
            }
            for other in &one.others {
                let mirrored = kind(other.to_string(), one.given.to_string());
                let told = self.found.iter().any(|found| found.kind == mirrored && found.path == self.path);
                if self.given(map, other) == wrong && !told {
                    self.find(kind(one.given.to_string(), other.to_string()));
                }
            }
        }
    }

    fn given(&mut self, map: &Map<String, Value>, name: &str) -> Presence {
        let presence = match map.get(name) {
            // Nor does an empty list ask for anything.
            Some(value) if may_vanish(value) || value.as_array().is_some_and(Vec::is_empty) => Presence::Perhaps,
            Some(_) => Presence::Given,
            None if map.keys().any(|name| name.starts_with("Fn::")) => Presence::Perhaps,
            None => Presence::Absent,
        };
        self.certain &= presence != Presence::Perhaps;
        presence
    }

    pub(super) fn read_only(&mut self, properties: &Value) {
        for path in read_only(self.resource) {
            self.forbidden(&path.0, properties);
        }
    }

    fn forbidden(&mut self, path: &[Segment], value: &Value) {
        match (path, value) {
            ([Segment::Property(name)], Value::Object(map)) => {
                let given = map.get(&**name).is_some_and(|value| !may_vanish(value));
                if given {
                    self.find(ViolationKind::ReadOnly { property: name.to_string() });
                }
            }
            ([Segment::Property(name), rest @ ..], Value::Object(map)) => {
                if let Some(value) = map.get(&**name) {
                    self.path.push(Step::Property(name.to_string()));
                    self.forbidden(rest, value);
                    self.path.pop();
                }
            }
            ([Segment::Each, rest @ ..], Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.path.push(Step::Item(at));
                    self.forbidden(rest, item);
                    self.path.pop();
                }
            }
            ([Segment::Each, rest @ ..], Value::Object(map)) => {
                for (name, item) in map {
                    self.path.push(Step::Property(name.clone()));
                    self.forbidden(rest, item);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }
}

/// What cannot be given. Some types list what can as well: it is shown as AWS made it of what was given.
fn read_only(resource: &Resource) -> impl Iterator<Item = &Path> {
    let settable = |path: &&Path| resource.create_only.contains(path) || resource.write_only.contains(path);
    resource.read_only.iter().filter(move |path| !settable(path))
}
