//! The HTTP API: the API and its stage are shared; integration, routes and the permission to call are the agent's.

use model::expression::{attribute, join, reference};
use model::{Digest, ResourceAddress, properties};
use serde_json::{Map, Value, json};

use super::agent::Callee;
use super::{Expansion, pascal, shared_address};
use crate::config::{Agent, Cors, Lambda};

pub(super) fn address() -> ResourceAddress {
    shared_address("Api")
}

/// The API and its stage, if the config has one.
pub(super) fn add(expansion: &mut Expansion<'_>) {
    let Some(api) = &expansion.environment.shared.api_gateway else { return };
    let mut made = properties(json!({ "ProtocolType": "HTTP", "Tags": expansion.scope.map() }));
    if let Some(cors) = &api.cors {
        made.set("CorsConfiguration", cors_of(cors));
    }
    expansion.put(address(), "AWS::ApiGatewayV2::Api", made);
    let stage = json!({
        "ApiId": reference(&address()),
        "AutoDeploy": true,
        "StageName": "$default",
        "Tags": expansion.scope.map(),
    });
    expansion.put(shared_address("Stage"), "AWS::ApiGatewayV2::Stage", properties(stage));
    expansion.outputs.insert("ApiEndpoint".to_owned(), attribute(&address(), "ApiEndpoint"));
}

fn cors_of(cors: &Cors) -> Value {
    let lists = [("AllowHeaders", &cors.headers), ("AllowMethods", &cors.methods), ("AllowOrigins", &cors.origins)];
    let given = lists.into_iter().filter(|(_, list)| !list.is_empty());
    Value::Object(given.map(|(name, list)| (name.to_owned(), json!(list))).collect::<Map<_, _>>())
}

/// What leads from the API to one agent.
pub(super) fn add_agent(expansion: &mut Expansion<'_>, agent: &Agent, lambda: &Lambda, callee: &Callee) {
    if lambda.routes.is_empty() {
        return;
    }
    let at = |logical_id: &str| ResourceAddress::new(agent.name.value.as_str(), logical_id);
    let integration = json!({
        "ApiId": reference(&address()),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": callee.arn,
        "PayloadFormatVersion": "2.0",
    });
    expansion.put(at("Integration"), "AWS::ApiGatewayV2::Integration", properties(integration));
    for route in &lambda.routes {
        let made = json!({
            "ApiId": reference(&address()),
            "RouteKey": route.key,
            "Target": join([json!("integrations/"), reference(&at("Integration"))]),
        });
        expansion.put(at(&route_id(&route.key)), "AWS::ApiGatewayV2::Route", properties(made));
    }
    let record = expansion.record();
    let prefix = expansion.arn(&format!("execute-api:{}:{}:", record.region, record.account));
    let permission = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": callee.name,
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": join([json!(prefix), reference(&address()), json!("/*/*")]),
    });
    expansion.put(at("ApiPermission"), "AWS::Lambda::Permission", properties(permission));

    // The URL that people call; one with a parameter is a pattern, not a URL.
    let mut paths = lambda.routes.iter().filter_map(|route| route.key.split_once(' ')).map(|(_, path)| path);
    if let Some(path) = paths.find(|path| !path.contains('{')) {
        let url = join([attribute(&address(), "ApiEndpoint"), json!(path)]);
        expansion.outputs.insert(format!("{}Url", pascal(&agent.name.value)), url);
    }
}

/// `POST /support` → `RoutePostSupport`. A path that other paths could be mistaken for gets a digest.
fn route_id(key: &str) -> String {
    let (method, path) = key.split_once(' ').unwrap_or((key, ""));
    let method = pascal(&method.to_ascii_lowercase());
    let is_plain = path.chars().all(|c| c.is_ascii_lowercase() || c == '/') && path != "/";
    let digest = Digest::of(key.as_bytes());
    let suffix = if is_plain { "" } else { digest.short(6) };
    format!("Route{method}{}{suffix}", pascal(path))
}
