//! `AWS::Lambda::Version`: a copy of a function that never changes, recognised by its digest and description.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::FunctionConfiguration;
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::{bare, failed, qualified, without_qualifier};
use crate::shape::{self, required, unless_missing};

/// The provider of `AWS::Lambda::Version`.
pub struct Version {
    lambda: Client,
}

fn attributes(version: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("Version".to_owned(), json!(version))])
}

fn made(arn: Option<String>, version: Option<String>) -> Option<Made> {
    let version = version.filter(|version| version != "$LATEST")?;
    Some(Made { attributes: attributes(&version), physical_id: PhysicalId(arn?) })
}

/// Whether a version is the copy that is asked for.
fn is_asked(version: &FunctionConfiguration, properties: &Properties) -> bool {
    let same_code = properties.text("CodeSha256").is_none_or(|digest| version.code_sha256.as_deref() == Some(digest));
    let same_text = properties.text("Description").is_none_or(|text| version.description.as_deref() == Some(text));
    same_code && same_text
}

fn number(version: &FunctionConfiguration) -> u64 {
    version.version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(0)
}

impl Version {
    /// Over this client.
    pub fn new(lambda: Client) -> Self {
        Self { lambda }
    }
}

#[async_trait]
impl Provider for Version {
    /// Publishing again what has not changed since gives the version that there is, but only while nothing else is
    /// published in between.
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let (function, version) = qualified(existing.physical_id.as_str())?;
        let get = self.lambda.get_function_configuration().function_name(function).qualifier(version);
        let answer = unless_missing(get.send().await.map_err(failed("GetFunctionConfiguration")))?;
        let Some(copy) = answer else { return Ok(None) };
        let mut properties = Properties::new().with("FunctionName", bare(function));
        if let Some(digest) = copy.code_sha256 {
            properties.set("CodeSha256", digest);
        }
        if let Some(text) = copy.description.filter(|text| !text.is_empty()) {
            properties.set("Description", text);
        }
        Ok(Some(Observed {
            physical_id: existing.physical_id.clone(),
            attributes: attributes(version),
            properties,
            ownership: None,
        }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let (function, _) = without_qualifier(required(creation.properties, "FunctionName")?);
        let pages = self.lambda.list_versions_by_function().function_name(function).into_paginator().items().send();
        let listed = pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("ListVersionsByFunction"));
        let newest = unless_missing(listed)?
            .unwrap_or_default()
            .into_iter()
            .filter(|version| number(version) > 0 && is_asked(version, creation.properties))
            .max_by_key(number);
        let made = newest.and_then(|newest| made(newest.function_arn, newest.version));
        Ok(made.map_or(Found::Absent, Found::Ours))
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        let (function, _) = without_qualifier(required(properties, "FunctionName")?);
        let answer = self
            .lambda
            .publish_version()
            .function_name(function)
            .set_code_sha256(properties.text("CodeSha256").map(str::to_owned))
            .set_description(properties.text("Description").map(str::to_owned))
            .send()
            .await
            .map_err(failed("PublishVersion"))?;
        made(answer.function_arn, answer.version).ok_or_else(|| shape::silent("PublishVersion"))
    }

    async fn converge(&self, _: &Existing<'_>, _: &Creation<'_>, _: bool) -> Result<(), CallError> {
        Ok(())
    }

    /// Nothing of a version can be changed: whatever differs replaces it.
    async fn update(&self, _: &Existing<'_>, _: &Properties) -> Result<(), CallError> {
        Ok(())
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let (function, version) = qualified(existing.physical_id.as_str())?;
        let delete = self.lambda.delete_function().function_name(function).qualifier(version);
        unless_missing(delete.send().await.map_err(failed("DeleteFunction")))?;
        Ok(Deletion::Gone)
    }
}
