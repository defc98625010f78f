//! `AWS::ApiGatewayV2::Integration`.
//!
//! An integration has no tags and no name, and nothing keeps two from being equal. So its description ends with the engine's
//! mark, by which an announced one is found in an API that carries the engine's tags.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::{Integration as Shown, IntegrationType};
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties, ResourceKey};
use serde_json::{Value, json};

use super::SERVICE;
use crate::clients::Clients;
use crate::error::call_error;
use crate::marks;
use crate::shape::{self, any_differs, invalid, required, unless_missing};
use crate::tree::{self, said, text, whole};

/// Properties that `UpdateIntegration` carries.
const SETTINGS: [&str; 6] = [
    "Description",
    "IntegrationMethod",
    "IntegrationType",
    "IntegrationUri",
    "PayloadFormatVersion",
    "TimeoutInMillis",
];
/// The longest description (API reference: `Description`, length 0 to 1024).
const DESCRIPTION_LENGTH: usize = 1024;

/// The provider.
pub struct Integration {
    clients: Clients,
}

impl Integration {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    async fn set(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let tree = to.to_value();
        let call = self.clients.apigateway.update_integration().api_id(required(to, "ApiId")?);
        let call = call.integration_id(existing.physical_id.as_str()).description(described(to, existing.key)?);
        let call = call.set_integration_uri(text(&tree, "IntegrationUri"));
        let call = call.set_integration_type(kind(&tree)).set_integration_method(text(&tree, "IntegrationMethod"));
        let call = call.set_payload_format_version(text(&tree, "PayloadFormatVersion"));
        // What is left out is kept: 30 s is the default of HTTP APIs.
        let call = call.timeout_in_millis(whole(&tree, "TimeoutInMillis").unwrap_or(30_000));
        call.send().await.map_err(|error| call_error(SERVICE, "UpdateIntegration", error))?;
        Ok(())
    }
}

fn kind(tree: &Value) -> Option<IntegrationType> {
    text(tree, "IntegrationType").map(|kind| IntegrationType::from(kind.as_str()))
}

fn made(id: &str) -> Made {
    Made { physical_id: id.into(), attributes: BTreeMap::from([("IntegrationId".to_owned(), Value::from(id))]) }
}

/// The description with the mark behind it.
fn described(properties: &Properties, key: &ResourceKey) -> Result<String, CallError> {
    let text = marks::marked(properties.text("Description"), key);
    if text.len() > DESCRIPTION_LENGTH {
        let over = text.len() - DESCRIPTION_LENGTH;
        return Err(invalid(format!("`Description` is {over} bytes too long: the engine's mark must fit behind it")));
    }
    Ok(text)
}

#[async_trait]
impl Provider for Integration {
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let (api, id) = (required(existing.properties, "ApiId")?, existing.physical_id.as_str());
        let answer = self.clients.apigateway.get_integration().api_id(api).integration_id(id).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error(SERVICE, "GetIntegration", error)))?;
        let Some(shown) = answer else { return Ok(None) };
        let properties = model::properties(said(json!({
            "ApiId": api,
            "Description": marks::unmarked(shown.description()),
            "IntegrationMethod": shown.integration_method(),
            "IntegrationType": shown.integration_type().map(IntegrationType::as_str),
            "IntegrationUri": shown.integration_uri(),
            "PayloadFormatVersion": shown.payload_format_version(),
            "TimeoutInMillis": shown.timeout_in_millis,
        })));
        let Made { physical_id, attributes } = made(id);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: None }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let api = required(creation.properties, "ApiId")?;
        let mut next = None;
        loop {
            let call = self.clients.apigateway.get_integrations().api_id(api).max_results("100").set_next_token(next);
            let answer = call.send().await.map_err(|error| call_error(SERVICE, "GetIntegrations", error));
            let Some(answer) = unless_missing(answer)? else { return Ok(Found::Absent) };
            let is_it = |one: &&Shown| marks::bears(one.description(), creation.key);
            if let Some(id) = answer.items().iter().find(is_it).and_then(Shown::integration_id) {
                return Ok(match super::is_ours(&self.clients, api, creation.stamp).await? {
                    true => Found::Ours(made(id)),
                    false => Found::Foreign(PhysicalId(id.to_owned())),
                });
            }
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(Found::Absent);
            }
        }
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        check(creation.properties)?;
        let tree = creation.properties.to_value();
        let call = self.clients.apigateway.create_integration().api_id(required(creation.properties, "ApiId")?);
        let call = call.description(described(creation.properties, creation.key)?).set_integration_type(kind(&tree));
        let call = call.set_integration_uri(text(&tree, "IntegrationUri"));
        let call = call.set_integration_method(text(&tree, "IntegrationMethod"));
        let call = call.set_payload_format_version(text(&tree, "PayloadFormatVersion"));
        let call = call.set_timeout_in_millis(whole(&tree, "TimeoutInMillis"));
        let answer = call.send().await.map_err(|error| call_error(SERVICE, "CreateIntegration", error))?;
        Ok(made(answer.integration_id().unwrap_or_default()))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let live = shape::seen(self, existing).await?;
        let to = creation.properties;
        match SETTINGS.iter().any(|name| shape::may_differ(existing, &live.properties, to, name)) {
            true => self.set(existing, to).await,
            false => Ok(()),
        }
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        match any_differs(existing.properties, to, &SETTINGS) {
            true => self.set(existing, to).await,
            false => Ok(()),
        }
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let call = self.clients.apigateway.delete_integration().api_id(required(existing.properties, "ApiId")?);
        let answer = call.integration_id(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(|error| call_error(SERVICE, "DeleteIntegration", error)))?;
        Ok(Deletion::Gone)
    }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    tree::only(properties, &[SETTINGS.as_slice(), ["ApiId"].as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn a_description_leaves_room_for_the_mark() {
        let key: ResourceKey = "support/Integration@1".parse().unwrap();
        let fits = properties(json!({ "Description": "calls support" }));
        assert_eq!(described(&fits, &key).unwrap(), "calls support [strandline support/Integration@1]");
        let long = properties(json!({ "Description": "x".repeat(1000) }));
        assert!(described(&long, &key).is_err());
    }
}
