//! `AWS::ApiGatewayV2::Route`.
//!
//! A route has no tags, but its key is unique in its API: that is its distinguishing mark, in an API that carries the
//! engine's tags.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::{AuthorizationType, Route as Shown};
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::SERVICE;
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{self, any_differs, required, unless_missing};
use crate::tree::{self, list, said, text};

/// Properties that `UpdateRoute` carries.
const SETTINGS: [&str; 6] =
    ["AuthorizationScopes", "AuthorizationType", "AuthorizerId", "OperationName", "RouteKey", "Target"];

/// The provider.
pub struct Route {
    clients: Clients,
}

impl Route {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    async fn set(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let tree = to.to_value();
        let call = self.clients.apigateway.update_route().api_id(required(to, "ApiId")?);
        let call = call.route_id(existing.physical_id.as_str()).route_key(required(to, "RouteKey")?);
        // What is left out is kept, so that an authorizer that is no longer asked for must be taken away by its type.
        let call = call.authorization_type(authorization(&tree).unwrap_or(AuthorizationType::None));
        let call = call.set_target(text(&tree, "Target")).set_authorizer_id(text(&tree, "AuthorizerId"));
        let none = |name: &str| shape::was_asked(existing, name);
        let scopes = list(&tree, "AuthorizationScopes").or(none("AuthorizationScopes").then(Vec::new));
        let name = text(&tree, "OperationName").or(none("OperationName").then(String::new));
        let call = call.set_authorization_scopes(scopes).set_operation_name(name);
        call.send().await.map_err(|error| call_error(SERVICE, "UpdateRoute", error))?;
        Ok(())
    }
}

fn authorization(tree: &Value) -> Option<AuthorizationType> {
    text(tree, "AuthorizationType").map(|kind| AuthorizationType::from(kind.as_str()))
}

fn made(id: &str) -> Made {
    Made { physical_id: id.into(), attributes: BTreeMap::from([("RouteId".to_owned(), Value::from(id))]) }
}

#[async_trait]
impl Provider for Route {
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let (api, id) = (required(existing.properties, "ApiId")?, existing.physical_id.as_str());
        let answer = self.clients.apigateway.get_route().api_id(api).route_id(id).send().await;
        let answer = unless_missing(answer.map_err(|error| call_error(SERVICE, "GetRoute", error)))?;
        let Some(shown) = answer else { return Ok(None) };
        let properties = model::properties(said(json!({
            "ApiId": api,
            "AuthorizationScopes": shown.authorization_scopes(),
            "AuthorizationType": shown.authorization_type().map_or("NONE", AuthorizationType::as_str),
            "AuthorizerId": shown.authorizer_id(),
            "OperationName": shown.operation_name(),
            "RouteKey": shown.route_key(),
            "Target": shown.target(),
        })));
        let Made { physical_id, attributes } = made(id);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: None }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let (api, key) = (required(creation.properties, "ApiId")?, required(creation.properties, "RouteKey")?);
        let mut next = None;
        loop {
            let call = self.clients.apigateway.get_routes().api_id(api).max_results("100").set_next_token(next);
            let answer = call.send().await.map_err(|error| call_error(SERVICE, "GetRoutes", error));
            let Some(answer) = unless_missing(answer)? else { return Ok(Found::Absent) };
            let is_it = |one: &&Shown| one.route_key() == Some(key);
            if let Some(id) = answer.items().iter().find(is_it).and_then(Shown::route_id) {
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
        let call = self.clients.apigateway.create_route().api_id(required(creation.properties, "ApiId")?);
        let call = call.route_key(required(creation.properties, "RouteKey")?).set_target(text(&tree, "Target"));
        let call = call.set_authorization_type(authorization(&tree)).set_authorizer_id(text(&tree, "AuthorizerId"));
        let call = call.set_authorization_scopes(list(&tree, "AuthorizationScopes"));
        let call = call.set_operation_name(text(&tree, "OperationName"));
        let answer = call.send().await.map_err(|error| call_error(SERVICE, "CreateRoute", error))?;
        Ok(made(answer.route_id().unwrap_or_default()))
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
        let call = self.clients.apigateway.delete_route().api_id(required(existing.properties, "ApiId")?);
        let answer = call.route_id(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(|error| call_error(SERVICE, "DeleteRoute", error)))?;
        Ok(Deletion::Gone)
    }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    tree::only(properties, &[SETTINGS.as_slice(), ["ApiId"].as_slice()].concat())
}
