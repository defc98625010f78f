//! `AWS::Lambda::LayerVersion`: a copy of a layer's content that never changes. It cannot carry tags: whose it is stands behind its
//! description.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, Runtime};
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Digest, Observed, Ownership, PhysicalId, Properties, ResourceKey, Stamp};
use serde_json::{Value, json};

use super::failed;
use crate::marks::{PREFIX, unmarked};
use crate::shape::{self, invalid, required_at, text_at, texts, unless_missing};
use crate::tree;

/// What can be asked for.
const KNOWN: [&str; 6] =
    ["CompatibleArchitectures", "CompatibleRuntimes", "Content", "Description", "LayerName", "LicenseInfo"];
/// What can be asked of the content.
const CONTENT: [&str; 3] = ["S3Bucket", "S3Key", "S3ObjectVersion"];
/// The longest description that Lambda takes (API reference: `PublishLayerVersion`).
const DESCRIPTION: usize = 256;
/// The longest name that is made here.
const NAME: usize = 64;

/// The provider of `AWS::Lambda::LayerVersion`.
pub struct LayerVersion {
    lambda: Client,
}

impl LayerVersion {
    /// Over this client.
    pub fn new(lambda: Client) -> Self {
        Self { lambda }
    }
}

/// Whose a version is: `strandline {engine} {project/environment} {incarnation}`.
fn mark(stamp: &Stamp, key: &ResourceKey) -> String {
    format!("{PREFIX}{} {} {key}", stamp.engine, stamp.scope)
}

/// A user's description with the mark behind it.
fn described(text: Option<&str>, stamp: &Stamp, key: &ResourceKey) -> Result<String, CallError> {
    let mark = format!("[{}]", mark(stamp, key));
    let text = text.filter(|text| !text.is_empty()).map_or_else(|| mark.clone(), |text| format!("{text} {mark}"));
    if text.chars().count() > DESCRIPTION {
        let room = DESCRIPTION.saturating_sub(mark.chars().count() + 1);
        return Err(invalid(format!(
            "`Description` is longer than {room} characters, which leave room for whose it is"
        )));
    }
    Ok(text)
}

/// Whose a version with this description is.
fn ownership(description: Option<&str>) -> Ownership {
    let read = || {
        let (_, mark) = description?.strip_suffix(']')?.rsplit_once(&format!("[{PREFIX}"))?;
        let mut parts = mark.split(' ');
        let (engine, scope, key) = (parts.next()?, parts.next()?, parts.next()?.parse::<ResourceKey>().ok()?);
        parts.next().is_none().then(|| Ownership::Tagged {
            engine: engine.to_owned(),
            scope: Some(scope.to_owned()),
            address: key.address,
            generation: key.generation,
        })
    };
    read().unwrap_or(Ownership::Foreign)
}

/// The layer that a version is published in: the one that is asked for, or that of its address. Every version of one address is in
/// one layer.
fn layer(creation: &Creation<'_>) -> Result<String, CallError> {
    let head = format!("{}-", creation.stamp.scope.replace('/', "-"));
    match creation.properties.text("LayerName") {
        Some(name) if name.starts_with(&head) => Ok(name.to_owned()),
        Some(name) => Err(invalid(format!("`LayerName` is `{name}`, and must begin with `{head}`"))),
        None => {
            let address = &creation.key.address;
            let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
            let name: String = format!("{head}{}-{}", address.stack, address.logical_id).chars().map(allowed).collect();
            match name.get(..NAME) {
                // Cut, so that something else must tell it from others.
                Some(start) if name.len() > NAME => {
                    let digest = Digest::of(name.as_bytes());
                    let hash = digest.short(10);
                    Ok(format!("{}-{hash}", start.get(..NAME - 11).unwrap_or(start)))
                }
                _ => Ok(name),
            }
        }
    }
}

/// The layer and the number of a version, of its ARN.
fn parts(arn: &str) -> Result<(&str, i64), CallError> {
    let read = || {
        let (layer, number) = arn.rsplit_once(':')?;
        Some((layer.rsplit_once(":layer:")?.1, number.parse().ok()?))
    };
    read().ok_or_else(|| invalid(format!("`{arn}` is not the ARN of a layer's version")))
}

fn made(arn: Option<String>) -> Option<Made> {
    let arn = arn?;
    let attributes = BTreeMap::from([("LayerVersionArn".to_owned(), json!(arn))]);
    Some(Made { physical_id: PhysicalId(arn), attributes })
}

#[async_trait]
impl Provider for LayerVersion {
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let (layer, number) = parts(existing.physical_id.as_str())?;
        let get = self.lambda.get_layer_version().layer_name(layer).version_number(number);
        let Some(version) = unless_missing(get.send().await.map_err(failed("GetLayerVersion")))? else {
            return Ok(None);
        };
        let mut properties = Properties::new().with("LayerName", layer);
        for (name, text) in [("Description", unmarked(version.description())), ("LicenseInfo", version.license_info())]
        {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                properties.set(name, text);
            }
        }
        let runtimes: Vec<Value> = version.compatible_runtimes().iter().map(|one| json!(one.as_str())).collect();
        let machines: Vec<Value> = version.compatible_architectures().iter().map(|one| json!(one.as_str())).collect();
        for (name, list) in [("CompatibleRuntimes", runtimes), ("CompatibleArchitectures", machines)] {
            if !list.is_empty() {
                properties.set(name, list);
            }
        }
        let ownership = Some(ownership(version.description()));
        let Made { physical_id, attributes } =
            made(version.layer_version_arn).ok_or_else(|| shape::silent("GetLayerVersion"))?;
        Ok(Some(Observed { physical_id, attributes, properties, ownership }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let mut next = None;
        loop {
            let list = self.lambda.list_layer_versions().layer_name(layer(creation)?).set_marker(next);
            let answer = unless_missing(list.send().await.map_err(failed("ListLayerVersions")))?;
            let Some(page) = answer else { return Ok(Found::Absent) };
            let is_ours = |text: Option<&str>| ownership(text).is(creation.stamp, creation.key);
            let ours = page.layer_versions().iter().find(|version| is_ours(version.description()));
            if let Some(made) = ours.and_then(|version| made(version.layer_version_arn.clone())) {
                return Ok(Found::Ours(made));
            }
            next = page.next_marker.filter(|marker| !marker.is_empty());
            if next.is_none() {
                return Ok(Found::Absent);
            }
        }
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        tree::only(properties, &KNOWN)?;
        let content = properties.get("Content").and_then(Value::as_object);
        if let Some(name) = content.and_then(|map| map.keys().find(|name| !CONTENT.contains(&name.as_str()))) {
            return Err(invalid(format!("`Content.{name}` cannot be set by this engine yet")));
        }
        let content = LayerVersionContentInput::builder()
            .s3_bucket(required_at(properties, &["Content", "S3Bucket"])?)
            .s3_key(required_at(properties, &["Content", "S3Key"])?)
            .set_s3_object_version(text_at(properties, &["Content", "S3ObjectVersion"]).map(str::to_owned))
            .build();
        let list = |name: &str| properties.get(name).map(|list| texts(Some(list)));
        let runtimes =
            list("CompatibleRuntimes").map(|all| all.iter().map(|one| Runtime::from(one.as_str())).collect());
        let machines = list("CompatibleArchitectures");
        let machines = machines.map(|all| all.iter().map(|one| Architecture::from(one.as_str())).collect());
        let publish = self
            .lambda
            .publish_layer_version()
            .layer_name(layer(creation)?)
            .description(described(properties.text("Description"), creation.stamp, creation.key)?)
            .content(content)
            .set_compatible_runtimes(runtimes)
            .set_compatible_architectures(machines)
            .set_license_info(properties.text("LicenseInfo").map(str::to_owned));
        let answer = publish.send().await.map_err(failed("PublishLayerVersion"))?;
        made(answer.layer_version_arn).ok_or_else(|| shape::silent("PublishLayerVersion"))
    }

    async fn converge(&self, _: &Existing<'_>, _: &Creation<'_>, _: bool) -> Result<(), CallError> {
        Ok(())
    }

    /// Nothing of a version can be changed: whatever differs replaces it.
    async fn update(&self, _: &Existing<'_>, _: &Properties) -> Result<(), CallError> {
        Ok(())
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let (layer, number) = parts(existing.physical_id.as_str())?;
        let delete = self.lambda.delete_layer_version().layer_name(layer).version_number(number);
        unless_missing(delete.send().await.map_err(failed("DeleteLayerVersion")))?;
        Ok(Deletion::Gone)
    }
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    fn stamp(engine: &str) -> Stamp {
        Stamp {
            engine: engine.to_owned(),
            scope: "shop/dev".to_owned(),
            version: "1".to_owned(),
            deployed_at: "t".to_owned(),
            deployed_by: "d".to_owned(),
        }
    }

    #[test]
    fn whose_a_version_is_stands_behind_its_description() {
        let key: ResourceKey = "shared/Libraries@3".parse().unwrap();
        let text = described(Some("what all need [v2]"), &stamp("e1"), &key).unwrap();
        assert_eq!(text, "what all need [v2] [strandline e1 shop/dev shared/Libraries@3]");
        assert!(ownership(Some(&text)).is(&stamp("e1"), &key));
        assert!(!ownership(Some(&text)).is(&stamp("e2"), &key));
        assert_eq!(unmarked(Some(&text)), Some("what all need [v2]"));
        assert!(ownership(Some(&described(None, &stamp("e1"), &key).unwrap())).is(&stamp("e1"), &key));
        for other in [None, Some("plain"), Some("[strandline e1 shop/dev]"), Some("[strandline e1 shop/dev a/B@1 x]")] {
            assert_eq!(ownership(other), Ownership::Foreign, "{other:?}");
        }
        assert!(described(Some(&"x".repeat(220)), &stamp("e1"), &key).is_err());
    }

    #[test]
    fn all_versions_of_an_address_are_in_one_layer_of_the_environment() {
        let layer_of = |key: &str, asked: Value| {
            let (key, asked, stamp) = (key.parse().unwrap(), properties(asked), stamp("e1"));
            layer(&Creation { key: &key, properties: &asked, token: "t", stamp: &stamp })
        };
        assert_eq!(layer_of("shared/Libraries@1", json!({})).unwrap(), "shop-dev-shared-Libraries");
        assert_eq!(layer_of("shared/Libraries@2", json!({})).unwrap(), "shop-dev-shared-Libraries");
        assert_eq!(layer_of("a/B@1", json!({ "LayerName": "shop-dev-own" })).unwrap(), "shop-dev-own");
        assert!(layer_of("a/B@1", json!({ "LayerName": "own" })).unwrap_err().message.contains("`shop-dev-`"));
        let long = |end: &str| layer_of(&format!("{}/{end}@1", "x".repeat(80)), json!({})).unwrap();
        assert!(long("A").len() == NAME && long("A") != long("B"));
    }

    #[test]
    fn a_version_is_told_from_its_layer() {
        assert_eq!(parts("arn:aws:lambda:eu-west-1:1:layer:shop-dev-l:7").unwrap(), ("shop-dev-l", 7));
        assert!(parts("arn:aws:lambda:eu-west-1:1:function:f:7").is_err());
        assert!(parts("arn:aws:lambda:eu-west-1:1:layer:l").is_err());
    }
}
