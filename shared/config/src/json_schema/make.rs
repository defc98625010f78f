//! Parts of a JSON Schema, each made by a word.

use serde_json::{Map, Value, json};

/// A mapping with the keys that it may have, and no others. Its title is what the readers call it.
pub(super) struct Mapping {
    title: String,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    rules: Vec<Value>,
}

/// A mapping without keys, which is called `title`.
pub(super) fn mapping(title: &str) -> Mapping {
    Mapping { title: title.to_owned(), properties: Map::new(), required: Vec::new(), rules: Vec::new() }
}

impl Mapping {
    /// With a key that it must have.
    pub(super) fn needs(mut self, key: &'static str, value: Value, description: &str) -> Self {
        self.required.push(key);
        self.properties.insert(key.to_owned(), described(value, description));
        self
    }

    /// With a key that it may have; left empty, it counts as left out.
    pub(super) fn may(mut self, key: &'static str, value: Value, description: &str) -> Self {
        self.properties.insert(key.to_owned(), described(or_null(value), description));
        self
    }

    /// Without a key.
    pub(super) fn without(mut self, key: &str) -> Self {
        self.properties.remove(key);
        self.required.retain(|required| *required != key);
        self
    }

    /// Without anything that it must have of these, or that must hold between its keys.
    pub(super) fn freed(mut self, keys: &[&str]) -> Self {
        self.required.retain(|required| !keys.contains(required));
        self.rules.clear();
        self
    }

    /// With something that must hold between its keys.
    pub(super) fn rule(mut self, rule: Value) -> Self {
        self.rules.push(rule);
        self
    }

    /// With one of these keys at least.
    pub(super) fn needs_one(self, keys: &[&str]) -> Self {
        self.rule(has_one(keys))
    }

    /// With the keys that `other` may have; a key that both have is either's.
    pub(super) fn or(mut self, other: Self) -> Self {
        for (key, value) in other.properties {
            let merged = match self.properties.remove(&key) {
                Some(own) if own != value => json!({ "anyOf": [own, value] }),
                _ => value,
            };
            self.properties.insert(key, merged);
        }
        self
    }

    /// As a schema.
    pub(super) fn made(self) -> Value {
        let Self { title, properties, required, rules } = self;
        let mut schema = json!({
            "title": title, "type": "object", "properties": properties, "additionalProperties": false,
        });
        if let Value::Object(schema) = &mut schema {
            if !required.is_empty() {
                schema.insert("required".to_owned(), json!(required));
            }
            if !rules.is_empty() {
                schema.insert("allOf".to_owned(), Value::Array(rules));
            }
        }
        schema
    }
}

/// That there is one of these keys at least.
pub(super) fn has_one(keys: &[&str]) -> Value {
    let each: Vec<Value> = keys.iter().map(|key| json!({ "required": [key] })).collect();
    json!({ "anyOf": each })
}

fn described(mut schema: Value, description: &str) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), json!(description));
    }
    schema
}

/// With a default.
pub(super) fn default(mut schema: Value, value: impl Into<Value>) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.insert("default".to_owned(), value.into());
    }
    schema
}

/// The same, or nothing at all.
pub(super) fn or_null(mut schema: Value) -> Value {
    let Value::Object(parts) = &mut schema else { return schema };
    let null = || json!("null");
    if parts.contains_key("if") || parts.contains_key("oneOf") {
        return json!({ "anyOf": [schema, { "type": "null" }] });
    }
    match parts.get_mut("type") {
        Some(Value::Array(types)) if !types.contains(&null()) => types.push(null()),
        Some(Value::String(one)) if one != "null" => {
            let both = json!([one, "null"]);
            parts.insert("type".to_owned(), both);
        }
        _ => {}
    }
    if let Some(Value::Array(values)) = parts.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    if let Some(Value::Array(either)) = parts.get_mut("anyOf") {
        let nothing = json!({ "type": "null" });
        if !either.contains(&nothing) {
            either.push(nothing);
        }
    }
    schema
}

/// What an environment may say over a value: any part of it, and nothing in place of it. Lists are replaced as a whole.
pub(super) fn over(schema: Value) -> Value {
    let Value::Object(mut parts) = schema else { return schema };
    for key in ["title", "required", "default", "allOf"] {
        parts.remove(key);
    }
    if let Some(Value::Object(properties)) = parts.get_mut("properties") {
        for value in properties.values_mut() {
            *value = or_null(over(value.take()));
        }
    }
    if let Some(value) = parts.get_mut("additionalProperties").filter(|value| value.is_object()) {
        *value = or_null(over(value.take()));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(either)) = parts.get_mut(key) {
            either.iter_mut().for_each(|one| *one = over(one.take()));
        }
    }
    // Which of two applies is decided by what stands under it.
    if parts.remove("if").is_some() {
        let either: Vec<Value> = ["then", "else"].iter().filter_map(|key| parts.remove(*key)).map(over).collect();
        parts.insert("anyOf".to_owned(), Value::Array(either));
    }
    Value::Object(parts)
}

/// Text.
pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

/// Text of a form.
pub(super) fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

/// A name of at most so many characters.
pub(super) fn name(longest: usize) -> Value {
    json!({ "type": "string", "pattern": NAME, "maxLength": longest })
}

/// What a name is made of.
pub(super) const NAME: &str = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$";

/// Text, or what reads as text however it looks.
pub(super) fn scalar() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// True or false.
pub(super) fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// A whole number.
pub(super) fn whole(least: u32, most: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// One of a few words.
pub(super) fn choice<T: Into<Value>>(words: impl IntoIterator<Item = T>) -> Value {
    let words: Vec<Value> = words.into_iter().map(Into::into).collect();
    json!({ "enum": words })
}

/// One of several.
pub(super) fn either(schemas: impl IntoIterator<Item = Value>) -> Value {
    let schemas: Vec<Value> = schemas.into_iter().collect();
    json!({ "anyOf": schemas })
}

/// A list.
pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// One, or a list.
pub(super) fn one_or_more(item: Value) -> Value {
    either([item.clone(), list(item)])
}

/// A mapping with names of the user's own.
pub(super) fn named(names: Value, values: Value) -> Value {
    json!({ "type": "object", "propertyNames": names, "additionalProperties": values })
}

/// What is of one form, and not of another.
pub(super) fn unless(mut schema: Value, not: Value) -> Value {
    if let Value::Object(parts) = &mut schema {
        parts.insert("not".to_owned(), not);
    }
    schema
}

/// A function of CloudFormation, in its long form.
pub(super) fn function() -> Value {
    json!({ "type": "object", "minProperties": 1, "maxProperties": 1 })
}

/// The ARN of one thing of a service.
pub(super) fn arn(service: &str, begins: &str) -> Value {
    pattern(&format!("^arn:aws[^:]*:{service}:[^:]+:[^:]{{12}}:{begins}[^\\s*?]+$"))
}
