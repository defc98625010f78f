//! Property trees in CloudFormation's shape.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The properties of a resource, in CloudFormation's names and shapes. In Desired and Plan they may hold references (see
/// [`crate::expression`]); what is sent and observed holds none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(pub Map<String, Value>);

impl Properties {
    /// No properties.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a top-level property.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The text of a top-level property, where it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The whole number of a top-level property; numbers written as text count.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()))
    }

    /// The truth of a top-level property; `"true"` and `"false"` count.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(|value| value.as_bool().or_else(|| value.as_str()?.parse().ok()))
    }

    /// Sets a top-level property.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The same with one more property.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// The whole as one JSON value.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

impl FromIterator<(String, Value)> for Properties {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Turns a JSON object into properties; anything else becomes none. For literals: `properties(json!({...}))`.
pub fn properties(value: Value) -> Properties {
    match value {
        Value::Object(map) => Properties(map),
        _ => Properties::new(),
    }
}

/// A path into a property tree, e.g. `Environment.Variables.MODEL`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PropertyPath(pub String);

impl PropertyPath {
    /// The path of a top-level property.
    pub fn root(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The path one step further in.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self(format!("{}.{name}", self.0))
    }

    /// The top-level property that the path starts with.
    pub fn head(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
