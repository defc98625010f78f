//! From a schema as JSON to a [`Resource`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    pattern::Pattern,
    resource::{Handlers, Path, Resource, Segment, TagForm, Tagging},
    shape::{Additional, Bounds, Dependency, ObjectRule, Rule, Shape, ShapeId, Type},
};

/// What a schema says; none where it is no mapping.
pub(super) fn resource(name: &'static str, schema: Value) -> Option<Resource> {
    let Value::Object(schema) = schema else { return None };
    let mut decoder = Decoder::new(&schema);
    let root = decoder.shape_of(&schema);
    decoder.set(root, |shape| shape.types = shape.types.with(Type::Object));
    decoder.follow();
    let (shapes, patterns) = (decoder.shapes, decoder.patterns);
    let mut resource = Resource {
        name,
        create_only: paths(schema.get("createOnlyProperties")),
        conditional_create_only: paths(schema.get("conditionalCreateOnlyProperties")),
        read_only: paths(schema.get("readOnlyProperties")),
        write_only: paths(schema.get("writeOnlyProperties")),
        primary_identifier: paths(schema.get("primaryIdentifier")),
        additional_identifiers: listed(schema.get("additionalIdentifiers")).map(|one| paths(Some(one))).collect(),
        deleted_first: schema.get("replacementStrategy").and_then(Value::as_str) == Some("delete_then_create"),
        tagging: tagging(&schema),
        permissions: permissions(schema.get("handlers")),
        shapes,
        patterns,
    };
    resource.tagging.form = form(&resource);
    Some(resource)
}

struct Decoder<'s> {
    schema: &'s Map<String, Value>,
    shapes: Vec<Shape>,
    patterns: Vec<Pattern>,
    numbers: BTreeMap<&'s str, u32>,
    references: BTreeMap<&'s str, ShapeId>,
    ahead: Vec<(&'s str, ShapeId)>,
}

impl<'s> Decoder<'s> {
    fn new(schema: &'s Map<String, Value>) -> Self {
        Self {
            schema,
            shapes: Vec::new(),
            patterns: Vec::new(),
            numbers: BTreeMap::new(),
            references: BTreeMap::new(),
            ahead: Vec::new(),
        }
    }

    /// Decodes what was referred to, and what that refers to.
    fn follow(&mut self) {
        while let Some((reference, id)) = self.ahead.pop() {
            let mut steps = reference.trim_start_matches("#/").split('/');
            let first = steps.next().and_then(|name| self.schema.get(name));
            if let Some(Value::Object(schema)) = steps.try_fold(first, |at, name| at.map(|at| at.get(name))).flatten() {
                let shape = self.read(schema);
                self.set(id, |place| *place = shape);
            }
        }
    }

    fn set(&mut self, id: ShapeId, change: impl FnOnce(&mut Shape)) {
        if let Some(shape) = self.shapes.get_mut(id.index()) {
            change(shape);
        }
    }

    fn reserve(&mut self) -> ShapeId {
        let id = ShapeId(u32::try_from(self.shapes.len()).unwrap_or(u32::MAX));
        self.shapes.push(Shape::default());
        id
    }

    fn shape_of(&mut self, schema: &'s Map<String, Value>) -> ShapeId {
        let id = self.reserve();
        let shape = self.read(schema);
        self.set(id, |place| *place = shape);
        id
    }

    fn shape(&mut self, schema: &'s Value) -> ShapeId {
        match schema {
            // A mere reference needs no shape of its own.
            Value::Object(map) if map.len() == 1 && map.contains_key("$ref") => self.reference(map.get("$ref")),
            Value::Object(map) => self.shape_of(map),
            _ => self.reserve(),
        }
    }

    fn shapes(&mut self, schemas: &'s Value) -> Box<[ShapeId]> {
        listed(Some(schemas)).map(|schema| self.shape(schema)).collect()
    }

    fn reference(&mut self, pointer: Option<&'s Value>) -> ShapeId {
        let pointer = pointer.and_then(Value::as_str).unwrap_or_default();
        if let Some(id) = self.references.get(pointer) {
            return *id;
        }
        let id = self.reserve();
        self.references.insert(pointer, id);
        self.ahead.push((pointer, id));
        id
    }

    fn pattern(&mut self, text: &'s str) -> u32 {
        *self.numbers.entry(text).or_insert_with(|| {
            self.patterns.push(Pattern::new(text));
            u32::try_from(self.patterns.len() - 1).unwrap_or(u32::MAX)
        })
    }

    fn read(&mut self, schema: &'s Map<String, Value>) -> Shape {
        let types = match schema.get("type") {
            Some(Value::String(name)) => Type::named(name).into_iter().collect(),
            several => texts(several).filter_map(Type::named).collect(),
        };
        let ordered = schema.get("insertionOrder").and_then(Value::as_bool);
        let default = schema.get("default").map(|default| Box::new(default.clone()));
        let mut rules = Vec::new();
        self.general(schema, &mut rules);
        self.of_objects(schema, &mut rules);
        self.of_lists(schema, &mut rules);
        self.of_scalars(schema, &mut rules);
        self.combined(schema, &mut rules);
        rules.shrink_to_fit();
        Shape { types, rules, ordered, default }
    }

    fn general(&mut self, schema: &'s Map<String, Value>, rules: &mut Vec<Rule>) {
        if let Some(pointer) = schema.get("$ref") {
            rules.push(Rule::Reference(self.reference(Some(pointer))));
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            rules.push(Rule::Enum { values: values.clone().into(), any_case: false });
        }
        if let Some(Value::Array(values)) = schema.get("enumCaseInsensitive") {
            rules.push(Rule::Enum { values: values.clone().into(), any_case: true });
        }
        if let Some(value) = schema.get("const") {
            rules.push(Rule::Enum { values: [value.clone()].into(), any_case: false });
        }
    }

    fn of_objects(&mut self, schema: &'s Map<String, Value>, rules: &mut Vec<Rule>) {
        let named = |key: &str, list: fn(Box<[Box<str>]>) -> Rule| {
            let names: Box<[Box<str>]> = texts(schema.get(key)).map(Box::from).collect();
            (!names.is_empty()).then(|| list(names))
        };
        rules.extend(named("required", Rule::Required));
        rules.extend(named("requiredXor", Rule::RequiredOne));
        rules.extend(named("requiredOr", Rule::RequiredAny));
        if let Some(bounds) = bounds(schema, "minProperties", "maxProperties", whole) {
            rules.push(Rule::Properties(bounds));
        }
        rules.extend(dependencies(schema.get("dependentRequired")).map(Rule::DependentRequired));
        rules.extend(dependencies(schema.get("dependencies")).map(Rule::DependentRequired));
        rules.extend(dependencies(schema.get("dependentExcluded")).map(Rule::DependentExcluded));
        let shaped = entries(schema.get("dependencies")).filter(|(_, other)| other.is_object());
        let shaped: Box<[_]> = shaped.map(|(name, other)| (Box::from(name.as_str()), self.shape(other))).collect();
        if !shaped.is_empty() {
            rules.push(Rule::Dependent(shaped));
        }
        if ["properties", "patternProperties", "additionalProperties"].iter().any(|key| schema.contains_key(*key)) {
            let properties = entries(schema.get("properties"));
            let mut properties: Vec<(Box<str>, ShapeId)> =
                properties.map(|(name, shape)| (Box::from(name.as_str()), self.shape(shape))).collect();
            properties.sort_by(|(one, _), (other, _)| one.cmp(other));
            let patterns = entries(schema.get("patternProperties"));
            let patterns = patterns.map(|(name, shape)| (self.pattern(name), self.shape(shape))).collect();
            let additional = match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => Additional::None,
                Some(shape @ Value::Object(_)) => Additional::Shaped(self.shape(shape)),
                _ => Additional::Any,
            };
            rules.push(Rule::Object(Box::new(ObjectRule { properties: properties.into(), patterns, additional })));
        }
    }

    fn of_lists(&mut self, schema: &'s Map<String, Value>, rules: &mut Vec<Rule>) {
        if let Some(bounds) = bounds(schema, "minItems", "maxItems", whole) {
            rules.push(Rule::Count(bounds));
        }
        if schema.get("uniqueItems").and_then(Value::as_bool) == Some(true) {
            rules.push(Rule::Unique);
        }
        let keys: Box<[Box<str>]> = texts(schema.get("uniqueKeys")).map(Box::from).collect();
        if !keys.is_empty() {
            rules.push(Rule::UniqueBy(keys));
        }
        let first = schema.get("prefixItems").map(|first| self.shapes(first)).unwrap_or_default();
        let others = schema.get("items").filter(|items| items.is_object()).map(|items| self.shape(items));
        if !first.is_empty() || others.is_some() {
            rules.push(Rule::Items { first, others });
        }
    }

    fn of_scalars(&mut self, schema: &'s Map<String, Value>, rules: &mut Vec<Rule>) {
        if let Some(bounds) = bounds(schema, "minLength", "maxLength", whole) {
            rules.push(Rule::Length(bounds));
        }
        if let Some(Value::String(pattern)) = schema.get("pattern") {
            rules.push(Rule::Pattern(self.pattern(pattern)));
        }
        if let Some(Value::String(format)) = schema.get("format") {
            rules.push(Rule::Format(format.as_str().into()));
        }
        if let Some(bounds) = bounds(schema, "minimum", "maximum", Value::as_f64) {
            rules.push(Rule::Range { bounds, exclusive: false });
        }
        if let Some(most) = schema.get("exclusiveMaximum").and_then(Value::as_f64) {
            rules.push(Rule::Range { bounds: Bounds { least: None, most: Some(most) }, exclusive: true });
        }
        rules.extend(schema.get("multipleOf").and_then(Value::as_f64).map(Rule::MultipleOf));
    }

    fn combined(&mut self, schema: &'s Map<String, Value>, rules: &mut Vec<Rule>) {
        if let Some(all) = schema.get("allOf") {
            rules.push(Rule::AllOf(self.shapes(all)));
        }
        if let Some(any) = schema.get("anyOf") {
            rules.push(Rule::AnyOf(self.shapes(any)));
        }
        if let Some(one) = schema.get("oneOf") {
            rules.push(Rule::OneOf(self.shapes(one)));
        }
        if let Some(not) = schema.get("not") {
            rules.push(Rule::Not(self.shape(not)));
        }
        if let Some(condition) = schema.get("if") {
            let condition = self.shape(condition);
            let then = schema.get("then").map(|shape| self.shape(shape));
            let otherwise = schema.get("else").map(|shape| self.shape(shape));
            rules.push(Rule::If { condition, then, otherwise });
        }
    }
}

fn dependencies(value: Option<&Value>) -> Option<Box<[Dependency]>> {
    let listed = entries(value).filter(|(_, others)| others.is_array());
    let listed = listed.map(|(given, others)| Dependency {
        given: given.as_str().into(),
        others: texts(Some(others)).map(Box::from).collect(),
    });
    let listed: Box<[Dependency]> = listed.collect();
    (!listed.is_empty()).then_some(listed)
}

/// Both bounds; none where neither says anything.
fn bounds<T: PartialEq + Default>(
    schema: &Map<String, Value>,
    least: &str,
    most: &str,
    read: fn(&Value) -> Option<T>,
) -> Option<Bounds<T>> {
    let bounds = Bounds { least: schema.get(least).and_then(read), most: schema.get(most).and_then(read) };
    (bounds.least.is_some() || bounds.most.is_some()).then_some(bounds)
}

fn whole(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

fn paths(value: Option<&Value>) -> Vec<Path> {
    texts(value).map(path).collect()
}

/// `/properties/Rules/*/Name`; some schemas name the keywords on the way too.
fn path(pointer: &str) -> Path {
    let steps = pointer.trim_start_matches("/properties/").split('/');
    Path(steps.map(|step| if step == "*" { Segment::Each } else { Segment::Property(step.into()) }).collect())
}

/// As the registry's own schema defines it: what is not said is true, and tags stand in `Tags`.
fn tagging(schema: &Map<String, Value>) -> Tagging {
    let said = schema.get("tagging");
    let flag = |name: &str| said.and_then(|tagging| tagging.get(name)).and_then(Value::as_bool);
    let property = match said.and_then(|tagging| tagging.get("tagProperty")) {
        Some(Value::String(pointer)) => Some(path(pointer)),
        _ => schema.get("properties").and_then(|all| all.get("Tags")).map(|_| path("/properties/Tags")),
    };
    let old = schema.get("taggable").and_then(Value::as_bool);
    let taggable = flag("taggable").or(old).unwrap_or(true) && property.is_some();
    Tagging {
        taggable,
        on_create: taggable && flag("tagOnCreate").unwrap_or(true),
        updatable: taggable && flag("tagUpdatable").unwrap_or(true),
        property: property.filter(|_| taggable),
        form: None,
        permissions: texts(said.and_then(|tagging| tagging.get("permissions"))).map(Box::from).collect(),
    }
}

fn form(resource: &Resource) -> Option<TagForm> {
    let path = resource.tagging.property.as_ref()?;
    let place = path.0.iter().try_fold(resource.root(), |place, segment| match segment {
        Segment::Property(name) => place.property(name),
        Segment::Each => place.item(0),
    })?;
    if place.types().has(Type::Array) {
        let item = place.item(0)?;
        (item.property("Key").is_some() && item.property("Value").is_some()).then_some(TagForm::List)
    } else {
        place.is_map().then_some(TagForm::Map)
    }
}

fn permissions(handlers: Option<&Value>) -> Handlers {
    let of = |name: &str| texts(handlers.and_then(|all| all.get(name))).map(Box::from).collect();
    Handlers { create: of("create"), read: of("read"), update: of("update"), delete: of("delete"), list: of("list") }
}

fn listed(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    listed(value).filter_map(Value::as_str)
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}
