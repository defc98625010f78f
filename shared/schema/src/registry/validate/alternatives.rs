//! Values that may have one of several forms, and what to say where they have none of them.

use serde_json::Value;

use super::Check;
use crate::registry::{
    shape::{Rule, ShapeId, Types},
    violation::{Violation, ViolationKind, closest},
};

/// What came of holding a value against one of several alternatives.
pub(super) struct Attempt {
    found: Vec<Violation>,
    pub(super) certain: bool,
}

impl Attempt {
    pub(super) fn fits(&self) -> bool {
        self.found.is_empty()
    }
}

impl<'r> Check<'r> {
    pub(super) fn alternatives(&mut self, ids: &[ShapeId], value: &Value, exactly: bool) {
        let mut attempts: Vec<Attempt> = Vec::with_capacity(ids.len());
        for id in ids {
            attempts.push(self.attempt(*id, value));
            // Whatever was not looked at to its end says nothing.
            if self.work == 0 || (!exactly && attempts.last().is_some_and(|last| last.fits() && last.certain)) {
                return;
            }
        }
        let certain = || ids.iter().zip(&attempts).filter(|(_, one)| one.fits() && one.certain).map(|(id, _)| *id);
        if attempts.iter().any(Attempt::fits) {
            self.certain &= certain().next().is_some();
            if exactly && certain().count() > 1 {
                let mut given: Vec<_> =
                    certain().map(|id| self.asks_for(id)).filter(|names| !names.is_empty()).collect();
                // Forms that ask for the same are told apart by something else.
                if given.iter().enumerate().any(|(at, names)| given.iter().skip(at + 1).any(|other| other == names)) {
                    given.clear();
                }
                self.find(ViolationKind::MoreThanOneOf { given });
            }
        } else {
            self.certain &= attempts.iter().all(|one| one.certain);
            self.none_fits(attempts);
        }
    }

    /// The properties that a shape itself requires.
    fn asks_for(&self, id: ShapeId) -> Vec<String> {
        let rules = self.resource.shape(id).rules.iter();
        let required = rules.filter_map(|rule| match rule {
            Rule::Required(names) => Some(names),
            _ => None,
        });
        required.flatten().map(|name| name.to_string()).collect()
    }

    pub(super) fn attempt(&mut self, id: ShapeId, value: &Value) -> Attempt {
        let found = std::mem::take(&mut self.found);
        let certain = std::mem::replace(&mut self.certain, true);
        self.shape(id, value);
        Attempt {
            found: std::mem::replace(&mut self.found, found),
            certain: std::mem::replace(&mut self.certain, certain),
        }
    }

    /// Says what the alternatives have in common, or what the one lacks that came closest.
    fn none_fits(&mut self, attempts: Vec<Attempt>) {
        let here = |one: &Violation| one.path == self.path;
        let missing = |one: &Violation| match &one.kind {
            ViolationKind::Missing { property } if here(one) => Some(property.clone()),
            _ => None,
        };
        let needs: Option<Vec<Vec<String>>> =
            attempts.iter().map(|one| one.found.iter().map(missing).collect()).collect();
        if let Some(needs) = needs {
            self.find(ViolationKind::NoneOf { needs: fewest(needs) });
            return;
        }
        if let Some(given) = exclusive(&attempts, self.path.len()) {
            self.find(ViolationKind::MoreThanOneOf { given });
            return;
        }
        let mut expected = Types::default();
        let mut values: Vec<String> = Vec::new();
        let (mut only_types, mut only_values) = (true, true);
        for one in &attempts {
            match one.found.as_slice() {
                [Violation { path, kind: ViolationKind::WrongType { expected: types, .. } }] if *path == self.path => {
                    expected = expected.or(*types);
                    only_values = false;
                }
                [Violation { path, kind: ViolationKind::NotAllowed { allowed, .. } }] if *path == self.path => {
                    values.extend(allowed.iter().cloned());
                    only_types = false;
                }
                _ => (only_types, only_values) = (false, false),
            }
        }
        let Some(mut best) = attempts.into_iter().min_by_key(|one| distance(&one.found, self.path.len())) else {
            return;
        };
        for one in &mut best.found {
            match &mut one.kind {
                ViolationKind::WrongType { expected: types, .. } if only_types => *types = expected,
                ViolationKind::NotAllowed { found, near, allowed } if only_values => {
                    *near = found.as_deref().and_then(|found| closest(found, values.iter().map(String::as_str)));
                    allowed.clone_from(&values);
                }
                _ => {}
            }
        }
        self.found.append(&mut best.found);
    }
}

/// How far from fitting an alternative is: one of another type is the farthest, then one that has other properties, or another
/// word in the property that tells alternatives apart.
fn distance(found: &[Violation], depth: usize) -> usize {
    let one = |one: &Violation| match &one.kind {
        ViolationKind::WrongType { .. } if one.path.len() == depth => 100,
        ViolationKind::Unknown { .. } if one.path.len() == depth => 4,
        ViolationKind::NotAllowed { .. } if one.path.len() <= depth + 1 => 4,
        ViolationKind::Missing { .. } if one.path.len() == depth => 3,
        _ => 1,
    };
    found.iter().map(one).sum()
}

/// The groups without those that ask for all of another and more.
fn fewest(groups: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut fewest: Vec<Vec<String>> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let within = |other: &Vec<String>| other.iter().all(|name| group.contains(name));
        let asked_less = |(other_at, other): (usize, &Vec<String>)| {
            within(other) && (other.len() < group.len() || (other.len() == group.len() && other_at < at))
        };
        if !groups.iter().enumerate().any(asked_less) {
            fewest.push(group.clone());
        }
    }
    fewest
}

/// The properties that are given together although each belongs to an alternative of its own, if nothing else is wrong with
/// one of the alternatives.
fn exclusive(attempts: &[Attempt], depth: usize) -> Option<Vec<Vec<String>>> {
    let strangers = |one: &Attempt| -> Vec<String> {
        let names = one.found.iter().filter_map(|found| match &found.kind {
            ViolationKind::Unknown { property, .. } if found.path.len() == depth => Some(property.clone()),
            _ => None,
        });
        names.collect()
    };
    let all: Vec<Vec<String>> = attempts.iter().map(strangers).collect();
    let only_strangers = attempts.iter().zip(&all).any(|(one, names)| one.found.len() == names.len());
    let mut given: Vec<Vec<String>> = Vec::new();
    for name in all.iter().flatten() {
        if all.iter().all(|names| names.contains(name)) {
            return None;
        }
        if !given.iter().flatten().any(|known| known == name) {
            given.push(vec![name.clone()]);
        }
    }
    (only_strangers && given.len() > 1).then_some(given)
}
