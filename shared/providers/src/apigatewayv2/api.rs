//! `AWS::ApiGatewayV2::Api`, for HTTP APIs.
//!
//! `CreateApi` has neither a token nor unique names, but carries tags: an announced one is looked for among all APIs by its
//! tags of ownership. Routes, integrations and stages are resources of their own, and go with it.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_apigatewayv2::operation::get_api::GetApiOutput;
use aws_sdk_apigatewayv2::types::{Cors, ProtocolType};
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Observed, Properties};
use serde_json::{Value, json};

use super::SERVICE;
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{self, any_differs, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::tree::{self, flag, list, said, text, whole};

/// Properties that `UpdateApi` carries.
const SETTINGS: [&str; 5] = ["CorsConfiguration", "Description", "DisableExecuteApiEndpoint", "Name", "Version"];
/// How long `GetApis` may not show a new API. No figure is documented; the control plane answers from one store.
const LAG: Duration = Duration::from_secs(5);

/// The provider.
pub struct Api {
    clients: Clients,
}

impl Api {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    /// Sets what is asked for, and takes back what no longer is.
    async fn change(&self, id: &str, to: &Properties, names: &[&str]) -> Result<(), CallError> {
        let tree = to.to_value();
        if names.contains(&"CorsConfiguration") && to.get("CorsConfiguration").is_none() {
            let call = self.clients.apigateway.delete_cors_configuration().api_id(id);
            let answer = call.send().await.map_err(|error| call_error(SERVICE, "DeleteCorsConfiguration", error));
            unless_missing(answer)?;
        }
        let wanted = |name: &str| names.contains(&name);
        let or_empty = |name: &str| wanted(name).then(|| text(&tree, name).unwrap_or_default());
        let cors = to.get("CorsConfiguration").filter(|_| wanted("CorsConfiguration")).map(cors);
        let closed =
            wanted("DisableExecuteApiEndpoint").then(|| flag(&tree, "DisableExecuteApiEndpoint").unwrap_or_default());
        let is_only_cors_gone = names == ["CorsConfiguration"] && cors.is_none();
        if names.is_empty() || is_only_cors_gone {
            return Ok(());
        }
        let call = self.clients.apigateway.update_api().api_id(id).set_cors_configuration(cors);
        let call =
            call.set_disable_execute_api_endpoint(closed).set_name(text(&tree, "Name").filter(|_| wanted("Name")));
        let call = call.set_description(or_empty("Description")).set_version(or_empty("Version"));
        call.send().await.map_err(|error| call_error(SERVICE, "UpdateApi", error))?;
        Ok(())
    }

    async fn shown(&self, id: &str) -> Result<Option<GetApiOutput>, CallError> {
        let answer = self.clients.apigateway.get_api().api_id(id).send().await;
        unless_missing(answer.map_err(|error| call_error(SERVICE, "GetApi", error)))
    }

    fn arn(&self, id: &str) -> String {
        super::arn(&self.clients, &format!("/apis/{id}"))
    }
}

fn made(id: &str, endpoint: Option<&str>) -> Made {
    let mut attributes = BTreeMap::from([("ApiId".to_owned(), Value::from(id))]);
    if let Some(endpoint) = endpoint {
        attributes.insert("ApiEndpoint".to_owned(), Value::from(endpoint));
    }
    Made { physical_id: id.into(), attributes }
}

#[async_trait]
impl Provider for Api {
    fn proof(&self) -> Proof {
        Proof::Tag { lag: LAG }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let id = existing.physical_id.as_str();
        let arn = self.arn(id);
        let (api, tags) = tokio::try_join!(self.shown(id), super::tags(&self.clients, &arn))?;
        let (Some(api), Some(tags)) = (api, tags) else { return Ok(None) };
        let mut properties = model::properties(said(json!({
            "CorsConfiguration": api.cors_configuration().map(observed_cors),
            "Description": api.description().filter(|text| !text.is_empty()),
            "DisableExecuteApiEndpoint": api.disable_execute_api_endpoint,
            "Name": api.name(),
            "ProtocolType": api.protocol_type().map(ProtocolType::as_str),
            "Version": api.version().filter(|text| !text.is_empty()),
        })));
        let Made { physical_id, attributes } = made(id, api.api_endpoint());
        tags::observe_map(&mut properties, &tags);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let mut next = None;
        loop {
            let call = self.clients.apigateway.get_apis().max_results("100").set_next_token(next);
            let answer = call.send().await.map_err(|error| call_error(SERVICE, "GetApis", error))?;
            for api in answer.items() {
                let tags: Tags = api.tags().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
                if let (true, Some(id)) = (tags::ownership(&tags).is(creation.stamp, creation.key), api.api_id()) {
                    return Ok(Found::Ours(made(id, api.api_endpoint())));
                }
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
        let call = self.clients.apigateway.create_api().name(required(creation.properties, "Name")?);
        let call = call.protocol_type(ProtocolType::from(required(creation.properties, "ProtocolType")?));
        let call = call.set_cors_configuration(creation.properties.get("CorsConfiguration").map(cors));
        let call = call.set_description(text(&tree, "Description")).set_version(text(&tree, "Version"));
        let call = call.set_disable_execute_api_endpoint(flag(&tree, "DisableExecuteApiEndpoint"));
        let call = call.set_tags(Some(tags::for_creation(creation)?.into_iter().collect()));
        let answer = call.send().await.map_err(|error| call_error(SERVICE, "CreateApi", error))?;
        Ok(made(answer.api_id().unwrap_or_default(), answer.api_endpoint()))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let id = existing.physical_id.as_str();
        let live = shape::seen(self, existing).await?;
        let differs = |name: &&str| shape::may_differ(existing, &live.properties, creation.properties, name);
        let names: Vec<&str> = SETTINGS.into_iter().filter(differs).collect();
        self.change(id, creation.properties, &names).await?;
        let change = TagChange::between(&tags::asked(&live.properties)?, &tags::asked(creation.properties)?);
        super::tag(&self.clients, &self.arn(id), change).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        let id = existing.physical_id.as_str();
        let names: Vec<&str> =
            SETTINGS.into_iter().filter(|name| any_differs(existing.properties, to, &[name])).collect();
        self.change(id, to, &names).await?;
        super::tag(&self.clients, &self.arn(id), TagChange::of(existing.properties, to)?).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let answer = self.clients.apigateway.delete_api().api_id(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(|error| call_error(SERVICE, "DeleteApi", error)))?;
        Ok(Deletion::Gone)
    }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    tree::only(properties, &[SETTINGS.as_slice(), ["ProtocolType", "Tags"].as_slice()].concat())
}

fn cors(tree: &Value) -> Cors {
    Cors::builder()
        .set_allow_credentials(flag(tree, "AllowCredentials"))
        .set_allow_headers(list(tree, "AllowHeaders"))
        .set_allow_methods(list(tree, "AllowMethods"))
        .set_allow_origins(list(tree, "AllowOrigins"))
        .set_expose_headers(list(tree, "ExposeHeaders"))
        .set_max_age(whole(tree, "MaxAge"))
        .build()
}

fn observed_cors(cors: &Cors) -> Value {
    said(json!({
        "AllowCredentials": cors.allow_credentials,
        "AllowHeaders": cors.allow_headers(),
        "AllowMethods": cors.allow_methods(),
        "AllowOrigins": cors.allow_origins(),
        "ExposeHeaders": cors.expose_headers(),
        "MaxAge": cors.max_age,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cors_reads_back_as_it_was_asked_for() {
        let given = json!({ "AllowMethods": ["GET", "POST"], "AllowOrigins": ["*"], "MaxAge": 300 });
        assert_eq!(observed_cors(&cors(&given)), given);
    }

    #[test]
    fn an_api_from_an_openapi_body_is_refused() {
        assert!(check(&model::properties(json!({ "Body": {} }))).unwrap_err().message.contains("`Body`"));
    }
}
