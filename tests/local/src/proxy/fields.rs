//! The parts of a request body that can name what it is about.

use minicbor::data::Type;
use serde_json::{Map, Value};

use super::rest::decoded;

/// A body, read as a tree; empty where it cannot be read.
pub(super) struct Fields(Value);

impl Fields {
    pub(super) fn of_json(body: &[u8]) -> Self {
        Self(serde_json::from_slice(body).unwrap_or_default())
    }

    pub(super) fn of_form(text: &str) -> Self {
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        Self(Value::Object(pairs.map(|(k, v)| (decoded(k), Value::String(decoded(v)))).collect()))
    }

    pub(super) fn of_cbor(body: &[u8]) -> Self {
        Self(cbor(&mut minicbor::Decoder::new(body), 0).unwrap_or_default())
    }

    /// The text of one field.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(self.0.get(name)?)
    }

    /// The resource, by the first field that names one. What a thing belongs to comes before what it is called, so that a
    /// role's policy counts as the role.
    pub(super) fn resource(&self, service: &str) -> Option<String> {
        const NAMES: &[&str] = &[
            "TableName",
            "RoleName",
            "UserName",
            "InstanceProfileName",
            "RoleArn",
            "FunctionName",
            "logGroupName",
            "LogGroupName",
            "logGroupIdentifier",
            "QueueName",
            "QueueUrl",
            "AlarmName",
            "AlarmNames",
            "StackName",
            "stateMachineArn",
            "executionArn",
            "TopicArn",
            "SubscriptionArn",
            "PolicyName",
            "PolicyArn",
            "ResourceArn",
            "ResourceARN",
            "resourceArn",
            "ResourceId",
            "Name",
            "name",
        ];
        let direct = NAMES.iter().find_map(|name| text(self.0.get(name)?));
        let nested = || if service == "dynamodb" { table(&self.0) } else { None };
        let member = || text(self.0.get("AlarmNames.member.1")?);
        direct.or_else(nested).or_else(member).map(|name| short(&name).to_owned())
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => text(items.first()?),
        _ => None,
    }
}

/// The first table that a batch or a transaction names.
fn table(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => map.get("TableName").and_then(text).or_else(|| map.values().find_map(table)),
        Value::Array(items) => items.iter().find_map(table),
        _ => None,
    }
}

/// The part of an ARN after the account, or the last part of a queue's URL; anything else as it is.
pub(super) fn short(name: &str) -> &str {
    if name.starts_with("arn:") {
        name.splitn(6, ':').nth(5).unwrap_or(name)
    } else if name.starts_with("http://") || name.starts_with("https://") {
        name.rsplit('/').next().unwrap_or(name)
    } else {
        name
    }
}

/// As much of CBOR as AWS requests consist of.
fn cbor(d: &mut minicbor::Decoder<'_>, depth: u8) -> Option<Value> {
    // Deeper than any request; a hostile body shall not end the proxy.
    if depth > 32 {
        return None;
    }
    Some(match d.datatype().ok()? {
        Type::Bool => Value::Bool(d.bool().ok()?),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => d.u64().ok()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => d.i64().ok()?.into(),
        Type::F16 | Type::F32 | Type::F64 => d.f64().ok()?.into(),
        Type::String => Value::String(d.str().ok()?.to_owned()),
        Type::StringIndef => Value::String(d.str_iter().ok()?.flatten().collect()),
        Type::Tag => {
            d.tag().ok()?;
            cbor(d, depth + 1)?
        }
        Type::Array | Type::ArrayIndef => {
            let length = d.array().ok()?;
            let mut items = Vec::new();
            while more(d, length, items.len())? {
                items.push(cbor(d, depth + 1)?);
            }
            Value::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let length = d.map().ok()?;
            let mut map = Map::new();
            let mut seen = 0;
            while more(d, length, seen)? {
                let key = cbor(d, depth + 1)?;
                map.insert(key.as_str()?.to_owned(), cbor(d, depth + 1)?);
                seen += 1;
            }
            Value::Object(map)
        }
        _ => {
            d.skip().ok()?;
            Value::Null
        }
    })
}

/// Whether a list has another item; takes the end mark of a list whose length was not announced.
fn more(d: &mut minicbor::Decoder<'_>, length: Option<u64>, seen: usize) -> Option<bool> {
    if let Some(length) = length {
        return Some((seen as u64) < length);
    }
    if d.datatype().ok()? == Type::Break {
        d.skip().ok()?;
        return Some(false);
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cbor_of_announced_and_of_open_length_reads_alike() {
        let announced = b"\xa1\x69AlarmName\x61a";
        let open = b"\xbf\x69AlarmName\x61a\xff";
        assert_eq!(Fields::of_cbor(announced).0, Fields::of_cbor(open).0);
        assert_eq!(Fields::of_cbor(open).resource("cloudwatch").as_deref(), Some("a"));
    }

    #[test]
    fn a_truncated_body_names_nothing() {
        assert_eq!(Fields::of_cbor(b"\xa1\x69Alarm").resource("cloudwatch"), None);
        assert_eq!(Fields::of_json(b"{\"Name\":").resource("ssm"), None);
    }
}
