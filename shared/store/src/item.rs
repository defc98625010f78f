//! Items: keys, a few attributes that conditions speak of, and a body in JSON.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::corrupt;

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// An item whose body is `value`.
pub(crate) fn with_body<T: Serialize>(pk: String, sk: String, value: &T) -> Result<Item, StoreError> {
    let body = serde_json::to_string(value).map_err(|error| corrupt(format!("item {pk} {sk}"), error))?;
    let mut item = key(pk, sk);
    item.insert("body".to_owned(), text(body));
    Ok(item)
}

pub(crate) fn body<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    let what = || format!("item {} {}", get_text(item, "pk").unwrap_or("?"), get_text(item, "sk").unwrap_or("?"));
    let body = get_text(item, "body").ok_or_else(|| corrupt(what(), "it has no body"))?;
    serde_json::from_str(body).map_err(|error| corrupt(what(), error))
}

pub(crate) fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

pub(crate) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|text| text.parse().ok())
}
