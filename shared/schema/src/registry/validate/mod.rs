//! Holding properties against what AWS publishes of their type.
//!
//! What is not known yet is never wrong: a function (`{"Ref": …}`, `{"Fn::…": …}`) and a text with a dynamic reference
//! (`{{resolve:…}}`) fit everywhere, in place of a whole property, an item or a single value. And as to CloudFormation, a
//! number or a truth value is the same as its text.

mod alternatives;
mod known;
mod list;
mod mapping;
mod scalar;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::known::{Fit, fit, unknown};
use super::{
    pattern::Pattern,
    resource::Resource,
    shape::{Rule, Shape, ShapeId, Type},
    violation::{Step, Violation, ViolationKind},
};

/// How deep values may lie within each other.
const DEPTH: usize = 100;
/// How much may be looked at, over all alternatives: shapes, and what patterns cost. The largest template that CloudFormation
/// takes needs far less.
const WORK: usize = 200_000;
/// How many violations are told of at most.
const TOLD: usize = 200;

/// Everything in `properties` that AWS would refuse, in the order of its places; empty where nothing is known to be wrong.
///
/// Its work is bounded, whatever the properties are: beyond that it says [`ViolationKind::TooMuch`].
pub fn validate(resource: &Resource, properties: &Value) -> Vec<Violation> {
    if too_deep(properties) {
        return vec![Violation { path: Vec::new(), kind: ViolationKind::TooDeep { most: DEPTH } }];
    }
    let mut check = Check { resource, path: Vec::new(), found: Vec::new(), certain: true, within: 0, work: WORK };
    check.shape(ShapeId::ROOT, properties);
    check.read_only(properties);
    let exhausted = check.work == 0;
    let mut found: Vec<Violation> = Vec::new();
    for one in check.found {
        if found.len() < TOLD && !found.contains(&one) {
            found.push(one);
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    if exhausted {
        found.push(Violation { path: Vec::new(), kind: ViolationKind::TooMuch });
    }
    found
}

/// Without recursion: what is too deep would end the program.
fn too_deep(value: &Value) -> bool {
    let mut ahead = vec![(value, 0)];
    while let Some((value, depth)) = ahead.pop() {
        if depth > DEPTH {
            return true;
        }
        match value {
            Value::Array(items) => ahead.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => ahead.extend(map.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    false
}

struct Check<'r> {
    resource: &'r Resource,
    path: Vec<Step>,
    found: Vec<Violation>,
    /// Whether everything so far would hold whatever the functions come to.
    certain: bool,
    /// How many shapes are being looked at within each other.
    within: usize,
    /// How much may still be looked at.
    work: usize,
}

impl<'r> Check<'r> {
    fn shape(&mut self, id: ShapeId, value: &Value) {
        if self.work == 0 || self.within > 4 * DEPTH {
            self.certain = false;
            return;
        }
        self.work -= 1;
        if unknown(value) {
            self.certain = false;
            return;
        }
        let shape = self.resource.shape(id);
        match fit(shape.types, value) {
            Fit::Exact => {}
            // Told apart from what fits as it is, where a schema has an alternative for either.
            Fit::AsText => self.certain = false,
            Fit::Not => {
                self.find(ViolationKind::WrongType { expected: shape.types, found: Type::of(value) });
                return;
            }
        }
        self.within += 1;
        for rule in &shape.rules {
            let before = self.found.len();
            self.rule(shape, rule, value);
            // Of a word that is not allowed nobody wants to hear that it is too long as well.
            if matches!(rule, Rule::Enum { .. }) && self.found.len() > before {
                break;
            }
        }
        self.within -= 1;
    }

    fn rule(&mut self, shape: &'r Shape, rule: &'r Rule, value: &Value) {
        match rule {
            Rule::Reference(other) => self.shape(*other, value),
            // Not checked, so that nobody can say whether another alternative is the right one.
            Rule::Format(_) => self.certain = false,
            Rule::Enum { values, any_case } => self.allowed(values, *any_case, value),
            Rule::AllOf(all) => all.iter().for_each(|one| self.shape(*one, value)),
            Rule::AnyOf(any) => self.alternatives(any, value, false),
            Rule::OneOf(one) => self.alternatives(one, value, true),
            Rule::Not(not) => {
                let attempt = self.attempt(*not, value);
                if attempt.fits() && attempt.certain {
                    self.find(ViolationKind::Excluded);
                }
            }
            Rule::If { condition, then, otherwise } => {
                let attempt = self.attempt(*condition, value);
                let next = match (attempt.fits(), attempt.certain) {
                    (true, true) => then,
                    (false, _) => otherwise,
                    (true, false) => &None,
                };
                if let Some(next) = next {
                    self.shape(*next, value);
                }
            }
            _ => match value {
                Value::Object(map) => self.of_mapping(rule, map, value),
                Value::Array(items) => self.of_list(rule, items),
                _ => self.of_scalar(rule, shape.types, value),
            },
        }
    }

    fn matches(&mut self, number: u32, text: &str) -> Option<bool> {
        let pattern = self.pattern(number);
        self.work = self.work.saturating_sub(pattern.map_or(0, |pattern| pattern.cost(text)));
        let matches = pattern.filter(|_| self.work > 0).and_then(|pattern| pattern.matches(text));
        self.certain &= matches.is_some();
        matches
    }

    fn pattern(&self, number: u32) -> Option<&'r Pattern> {
        self.resource.patterns.get(usize::try_from(number).ok()?)
    }

    fn find(&mut self, kind: ViolationKind) {
        // What is never told need not be kept.
        if self.found.len() < 2 * TOLD {
            self.found.push(Violation { path: self.path.clone(), kind });
        }
    }
}
