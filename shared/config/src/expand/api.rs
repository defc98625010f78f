//! The API: the API and its stage are shared; integration, routes and the permission to call are the agent's.

use model::expression::{attribute, join, reference};
use model::{Digest, ResourceAddress, properties};
use serde_json::{Map, Value, json};

use super::agent::Callee;
use super::{Expansion, pascal, rest_api, shared_address};
use crate::config::{Agent, ApiGateway, ApiKind, Cors, Domain, Lambda, Throttling};

pub(super) fn address() -> ResourceAddress {
    shared_address("Api")
}

/// The address of its stage.
pub(super) fn stage() -> ResourceAddress {
    shared_address("Stage")
}

/// The API, if the config has one. What depends on the routes of agents is added by [`finish`].
pub(super) fn add(expansion: &mut Expansion<'_>) {
    let Some(api) = &expansion.environment.shared.api_gateway else { return };
    expansion.asked_at = Some(api.span);
    match api.kind {
        ApiKind::Rest { .. } => rest_api::add(expansion),
        ApiKind::Http => http(expansion, api),
    }
    expansion.outputs.insert("ApiEndpoint".to_owned(), endpoint(expansion, api));
    if let Some(domain) = &api.domain {
        self::domain(expansion, domain);
    }
}

/// What there is once all agents have their routes.
pub(super) fn finish(expansion: &mut Expansion<'_>) {
    match &expansion.environment.shared.api_gateway {
        Some(api @ ApiGateway { kind: ApiKind::Rest { .. }, .. }) => rest_api::finish(expansion, api),
        Some(ApiGateway { kind: ApiKind::Http, .. }) | None => {}
    }
}

/// Where the API is called.
pub(super) fn endpoint(expansion: &Expansion<'_>, api: &ApiGateway) -> Value {
    match api.kind {
        ApiKind::Rest { .. } => rest_api::endpoint(expansion, api),
        ApiKind::Http => attribute(&address(), "ApiEndpoint"),
    }
}

fn http(expansion: &mut Expansion<'_>, api: &ApiGateway) {
    let mut made = properties(json!({ "ProtocolType": "HTTP", "Tags": expansion.scope.map() }));
    if let Some(cors) = &api.cors {
        made.set("CorsConfiguration", cors_of(cors));
    }
    expansion.put(address(), "AWS::ApiGatewayV2::Api", made);
    let mut made = properties(json!({
        "ApiId": reference(&address()),
        "AutoDeploy": true,
        "StageName": "$default",
        "Tags": expansion.scope.map(),
    }));
    if let Some(Throttling { rate, burst }) = &api.throttling {
        made.set("DefaultRouteSettings", json!({ "ThrottlingBurstLimit": burst, "ThrottlingRateLimit": rate }));
    }
    let log = access_log(expansion, api, "$context.routeKey");
    if let Some((setting, _)) = &log {
        made.set("AccessLogSettings", setting.clone());
    }
    expansion.put(stage(), "AWS::ApiGatewayV2::Stage", made).depends_on.extend(log.map(|(_, group)| group));
}

/// A log of each call, and the group that it goes to. `route` is what the kind of API calls the route of a call.
pub(super) fn access_log(
    expansion: &mut Expansion<'_>,
    api: &ApiGateway,
    route: &str,
) -> Option<(Value, ResourceAddress)> {
    if !api.access_log {
        return None;
    }
    let name = format!("/aws/apigateway/{}", expansion.physical("api"));
    let group = shared_address("ApiLogGroup");
    let days = expansion.environment.shared.monitoring.log_retention_days;
    let made = json!({ "LogGroupName": name, "RetentionInDays": days, "Tags": expansion.scope.list() });
    expansion.put(group.clone(), "AWS::Logs::LogGroup", properties(made));
    let format = json!({
        "bytes": "$context.responseLength",
        "ip": "$context.identity.sourceIp",
        "method": "$context.httpMethod",
        "request": "$context.requestId",
        "route": route,
        "status": "$context.status",
        "time": "$context.requestTime",
    });
    let record = expansion.record();
    let arn = expansion.arn(&format!("logs:{}:{}:log-group:{name}", record.region, record.account));
    Some((json!({ "DestinationArn": arn, "Format": format.to_string() }), group))
}

/// A name of one's own. Where it leads to is an output: the record of it in DNS is made by whoever has the zone.
fn domain(expansion: &mut Expansion<'_>, domain: &Domain) {
    let at = shared_address("ApiDomain");
    let made = json!({
        "DomainName": domain.name,
        "DomainNameConfigurations": [{
            "CertificateArn": domain.certificate,
            "EndpointType": "REGIONAL",
            "SecurityPolicy": "TLS_1_2",
        }],
        "Tags": expansion.scope.map(),
    });
    expansion.put(at.clone(), "AWS::ApiGatewayV2::DomainName", properties(made));
    let made = json!({ "ApiId": reference(&address()), "DomainName": reference(&at), "Stage": reference(&stage()) });
    expansion.put(shared_address("ApiMapping"), "AWS::ApiGatewayV2::ApiMapping", properties(made));
    expansion.outputs.insert("ApiDomainTarget".to_owned(), attribute(&at, "RegionalDomainName"));
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
    let Some(api) = &expansion.environment.shared.api_gateway else { return };
    let at = |logical_id: &str| ResourceAddress::new(agent.name.value.as_str(), logical_id);
    match api.kind {
        ApiKind::Rest { .. } => rest_api::add_agent(expansion, api, agent, lambda, callee),
        ApiKind::Http => routes(expansion, agent, lambda, callee),
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
        let url = join([endpoint(expansion, api), json!(path)]);
        expansion.outputs.insert(format!("{}Url", pascal(&agent.name.value)), url);
    }
}

fn routes(expansion: &mut Expansion<'_>, agent: &Agent, lambda: &Lambda, callee: &Callee) {
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
