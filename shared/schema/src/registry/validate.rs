//! Holding properties against what AWS publishes of their type.
//!
//! What is not known yet is never wrong: a function (`{"Ref": …}`, `{"Fn::…": …}`) and a text with a dynamic reference
//! (`{{resolve:…}}`) fit everywhere, in place of a whole property, an item or a single value. And as to CloudFormation, a
//! number or a truth value is the same as its text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    resource::{Path, Resource, Segment},
    shape::{Additional, Bounds, Dependency, ObjectRule, Rule, Shape, ShapeId, Type, Types},
    violation::{Step, Violation, ViolationKind, closest, told},
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
    /// How many shapes may still be looked at.
    work: usize,
}

/// What came of holding a value against one of several alternatives.
struct Attempt {
    found: Vec<Violation>,
    certain: bool,
}

impl Attempt {
    fn fits(&self) -> bool {
        self.found.is_empty()
    }
}

/// A value as the rules of scalars see it.
enum Scalar<'v> {
    Text(Cow<'v, str>),
    Number(f64),
}

/// Whether a property is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Given,
    /// It may come to nothing.
    Perhaps,
    Absent,
}

impl<'r> Check<'r> {
    fn shape(&mut self, id: ShapeId, value: &Value) {
        if self.work == 0 || self.within > 4 * DEPTH {
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

    fn of_mapping(&mut self, rule: &'r Rule, map: &Map<String, Value>, value: &Value) {
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

    fn of_list(&mut self, rule: &'r Rule, items: &[Value]) {
        match rule {
            Rule::Items { first, others } => {
                for (at, item) in items.iter().enumerate() {
                    if let Some(shape) = first.get(at).or(others.as_ref()) {
                        self.path.push(Step::Item(at));
                        self.shape(*shape, item);
                        self.path.pop();
                    }
                }
            }
            Rule::Count(bounds) => {
                let certain = items.iter().filter(|item| !may_vanish(item)).count();
                self.count(*bounds, certain, items.len());
            }
            Rule::Unique => self.unique(items, &[], |item| Some(item.to_string())),
            Rule::UniqueBy(names) => self.unique(items, names, |item| {
                let values: Option<Vec<_>> = names.iter().map(|name| item.get(&**name)).collect();
                values.map(|values| format!("{values:?}"))
            }),
            _ => {}
        }
    }

    fn unique(&mut self, items: &[Value], by: &[Box<str>], key: impl Fn(&Value) -> Option<String>) {
        let mut seen = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            let Some(key) = key(item).filter(|_| !holds_unknown(item)) else { continue };
            if let Some(first) = seen.get(&key) {
                let by = by.iter().map(|name| name.to_string()).collect();
                self.path.push(Step::Item(at));
                self.find(ViolationKind::NotUnique { first: *first, by });
                self.path.pop();
            } else {
                seen.insert(key, at);
            }
        }
    }

    /// Of something there are `certain` at least and `all` at most.
    fn count(&mut self, bounds: Bounds<usize>, certain: usize, all: usize) {
        self.certain &= certain == all;
        match bounds {
            Bounds { least: Some(least), .. } if all < least => self.find(ViolationKind::TooFew { found: all, least }),
            Bounds { most: Some(most), .. } if certain > most => {
                self.find(ViolationKind::TooMany { found: certain, most });
            }
            _ => {}
        }
    }

    fn of_scalar(&mut self, rule: &Rule, types: Types, value: &Value) {
        match (rule, scalar(types, value)) {
            (Rule::Length(bounds), Some(Scalar::Text(text))) => {
                let length = text.chars().count();
                match *bounds {
                    Bounds { least: Some(least), .. } if length < least => {
                        self.find(ViolationKind::TooShort { length, least });
                    }
                    Bounds { most: Some(most), .. } if length > most => {
                        self.find(ViolationKind::TooLong { length, most });
                    }
                    _ => {}
                }
            }
            (Rule::Pattern(number), Some(Scalar::Text(text))) => {
                if self.matches(*number, &text) == Some(false) {
                    let pattern = self.pattern(*number).map(|pattern| pattern.text().to_owned()).unwrap_or_default();
                    self.find(ViolationKind::Pattern { pattern });
                }
            }
            (Rule::Range { bounds: Bounds { least, most }, exclusive }, Some(Scalar::Number(found))) => {
                let below = least.is_some_and(|least| found < least);
                let above = most.is_some_and(|most| found > most || (*exclusive && found >= most));
                if below || above {
                    let (least, most, exclusive) = (*least, *most, *exclusive);
                    self.find(ViolationKind::OutOfRange { found, least, most, exclusive });
                }
            }
            (Rule::MultipleOf(of), Some(Scalar::Number(found))) => {
                let times = found / of;
                if (times - times.round()).abs() > 1e-6 {
                    self.find(ViolationKind::NotMultiple { found, of: *of });
                }
            }
            _ => {}
        }
    }

    fn allowed(&mut self, values: &[Value], any_case: bool, value: &Value) {
        if values.iter().any(|allowed| same(allowed, value, any_case)) {
            return;
        }
        let found = told(value);
        let allowed: Vec<String> = values.iter().filter_map(told).collect();
        let near = found.as_deref().and_then(|found| closest(found, allowed.iter().map(String::as_str)));
        self.find(ViolationKind::NotAllowed { found, near, allowed });
    }

    fn alternatives(&mut self, ids: &[ShapeId], value: &Value, exactly: bool) {
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
                let given = certain().map(|id| self.asks_for(id)).filter(|names| !names.is_empty()).collect();
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

    fn attempt(&mut self, id: ShapeId, value: &Value) -> Attempt {
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

    fn read_only(&mut self, properties: &Value) {
        for path in read_only(self.resource) {
            self.forbidden(&path.0, properties);
        }
    }

    fn forbidden(&mut self, path: &[Segment], value: &Value) {
        match (path, value) {
            ([Segment::Property(name)], Value::Object(map)) => {
                if map.get(&**name).is_some_and(|value| !may_vanish(value)) {
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

    fn matches(&mut self, number: u32, text: &str) -> Option<bool> {
        let pattern = self.pattern(number);
        self.work = self.work.saturating_sub(pattern.map_or(0, |pattern| pattern.cost(text)));
        let matches = pattern.filter(|_| self.work > 0).and_then(|pattern| pattern.matches(text));
        self.certain &= matches.is_some();
        matches
    }

    fn pattern(&self, number: u32) -> Option<&'r super::pattern::Pattern> {
        self.resource.patterns.get(usize::try_from(number).ok()?)
    }

    fn find(&mut self, kind: ViolationKind) {
        // What is never told need not be kept.
        if self.found.len() < 2 * TOLD {
            self.found.push(Violation { path: self.path.clone(), kind });
        }
    }
}

/// What cannot be given. Some types list what can as well: it is shown as AWS made it of what was given.
fn read_only(resource: &Resource) -> impl Iterator<Item = &Path> {
    let settable = |path: &&Path| resource.create_only.contains(path) || resource.write_only.contains(path);
    resource.read_only.iter().filter(move |path| !settable(path))
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

/// Whether nobody can say yet what a value is.
fn unknown(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.len() == 1 && map.keys().all(|name| is_function(name)),
        Value::String(text) => text.contains("{{resolve:"),
        _ => false,
    }
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name == "Condition" || name.starts_with("Fn::")
}

fn holds_unknown(value: &Value) -> bool {
    unknown(value)
        || match value {
            Value::Array(items) => items.iter().any(holds_unknown),
            Value::Object(map) => map.iter().any(|(name, value)| name.starts_with("Fn::") || holds_unknown(value)),
            _ => false,
        }
}

/// Whether a value may come to nothing at all: a choice may choose nothing, and a macro anything.
fn may_vanish(value: &Value) -> bool {
    let Value::Object(map) = value else { return false };
    map.len() == 1 && map.keys().all(|name| name == "Fn::If" || name == "Fn::Transform")
}

/// How a value fits the types of a place.
enum Fit {
    Exact,
    AsText,
    Not,
}

fn fit(types: Types, value: &Value) -> Fit {
    let kind = Type::of(value);
    if types.is_empty() || types.has(kind) || (kind == Type::Integer && types.has(Type::Number)) {
        return Fit::Exact;
    }
    // Where a mapping may also be given as text, that text is JSON.
    let text = types.has(Type::String) && !types.has(Type::Object);
    let whole = |number: f64| types.has(Type::Number) || (types.has(Type::Integer) && number.fract() == 0.0);
    let fits = match value {
        Value::Number(number) => number.as_f64().is_some_and(whole) || text,
        Value::Bool(_) => text,
        Value::String(text) => {
            let truth =
                types.has(Type::Boolean) && ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
            truth || number(text).is_some_and(whole)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    if fits { Fit::AsText } else { Fit::Not }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn scalar(types: Types, value: &Value) -> Option<Scalar<'_>> {
    let wants_text = types.is_empty() || types.has(Type::String);
    let wants_number = types.has(Type::Integer) || types.has(Type::Number);
    match value {
        Value::String(text) if wants_text => Some(Scalar::Text(Cow::Borrowed(text))),
        Value::String(text) if wants_number => number(text).map(Scalar::Number),
        Value::Number(number) if types.is_empty() || wants_number => number.as_f64().map(Scalar::Number),
        Value::Number(_) | Value::Bool(_) if wants_text => Some(Scalar::Text(Cow::Owned(value.to_string()))),
        _ => None,
    }
}

/// Whether two values are the same, a number or truth value being the same as its text.
fn same(allowed: &Value, value: &Value, any_case: bool) -> bool {
    if allowed == value {
        return true;
    }
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let (Some(allowed), Some(value)) = (text(allowed), text(value)) else { return false };
    let numbers = || number(&allowed).zip(number(&value)).is_some_and(|(one, other)| one == other);
    allowed == value || (any_case && allowed.eq_ignore_ascii_case(&value)) || numbers()
}
