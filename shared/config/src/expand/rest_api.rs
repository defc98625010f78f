//! A REST API: the API, the resources of its paths, its deployment and its stage are shared; methods are the agent's.
//!
//! What CloudWatch may do for API Gateway is a setting of the whole account, and left alone: where `access_log` is asked for, the
//! account must have one (`AWS::ApiGateway::Account`).

use model::expression::{attribute, join, reference};
use model::{Digest, ResourceAddress, properties};
use serde_json::{Map, Value, json};
use source::{Code, Finding};

use super::agent::Callee;
use super::api::{address, stage};
use super::{Expansion, pascal, shared_address};
use crate::config::{Agent, ApiGateway, ApiKind, Cors, Keys, Lambda, Route, Throttling};

/// The name of its stage.
pub(super) fn stage_name(expansion: &Expansion<'_>, api: &ApiGateway) -> String {
    match &api.kind {
        ApiKind::Rest { stage: Some(stage), .. } => stage.clone(),
        ApiKind::Rest { stage: None, .. } | ApiKind::Http => expansion.record().id.environment.clone(),
    }
}

/// The name by which its metrics are known.
pub(super) fn name(expansion: &Expansion<'_>) -> String {
    expansion.physical("api")
}

/// Where it is called.
pub(super) fn endpoint(expansion: &Expansion<'_>, api: &ApiGateway) -> Value {
    let region = &expansion.record().region;
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let rest = format!(".execute-api.{region}.{suffix}/{}", stage_name(expansion, api));
    join([json!("https://"), reference(&address()), json!(rest)])
}

/// The API itself.
pub(super) fn add(expansion: &mut Expansion<'_>) {
    let made = json!({
        "EndpointConfiguration": { "Types": ["REGIONAL"] },
        "Name": name(expansion),
        "Tags": expansion.scope.list(),
    });
    expansion.put(address(), "AWS::ApiGateway::RestApi", properties(made));
}

/// What leads from the API to one agent.
pub(super) fn add_agent(
    expansion: &mut Expansion<'_>,
    api: &ApiGateway,
    agent: &Agent,
    lambda: &Lambda,
    callee: &Callee,
) {
    let record = expansion.record();
    let uri = join([
        json!(expansion.arn(&format!("apigateway:{}:lambda:path/2015-03-31/functions/", record.region))),
        callee.arn.clone(),
        json!("/invocations"),
    ]);
    let keys = match &api.kind {
        ApiKind::Rest { keys, .. } => keys.as_ref(),
        ApiKind::Http => None,
    };
    for route in &lambda.routes {
        let Some((method, path)) = route.key.split_once(' ') else { continue };
        let Some(resource) = resource(expansion, path, route) else { continue };
        let made = json!({
            "ApiKeyRequired": keys.is_some_and(|keys| !keys.open.contains(&route.key)),
            "AuthorizationType": "NONE",
            "HttpMethod": method,
            "Integration": { "IntegrationHttpMethod": "POST", "Type": "AWS_PROXY", "Uri": uri },
            "ResourceId": resource,
            "RestApiId": reference(&address()),
        });
        let at = ResourceAddress::new(
            agent.name.value.as_str(),
            format!("Method{}{}", pascal(&method.to_ascii_lowercase()), path_id(path)),
        );
        expansion.put(at, "AWS::ApiGateway::Method", properties(made));
    }
}

/// What stands for a path in a logical id. A path that others could be mistaken for gets a digest.
fn path_id(path: &str) -> String {
    let is_plain = path.chars().all(|c| c.is_ascii_lowercase() || c == '/') && path != "/";
    let digest = Digest::of(path.as_bytes());
    format!("{}{}", pascal(path), if is_plain { "" } else { digest.short(6) })
}

/// The id of the resource of a path, made with all that lead to it where they are not there; none where it cannot be.
fn resource(expansion: &mut Expansion<'_>, path: &str, route: &Route) -> Option<Value> {
    let mut parent = attribute(&address(), "RootResourceId");
    let mut whole = String::new();
    cors_of(expansion, "/", &parent, path == "/");
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let above = whole.clone();
        whole = format!("{whole}/{part}");
        let at = shared_address(format!("Path{}", path_id(&whole)));
        if !expansion.resources.contains_key(&at) {
            if part.starts_with('{')
                && let Some(other) = expansion.path_parameters.insert(above.clone(), part.to_owned())
            {
                let message = format!("a REST API cannot have `{part}` next to `{other}`");
                let help = format!("paths with a parameter in the same place name it alike: write `{other}` here, too");
                expansion.findings.push(Finding::new(Code::DuplicateRoute, route.span, message).help(help));
                return None;
            }
            let made = json!({ "ParentId": parent, "PathPart": part, "RestApiId": reference(&address()) });
            expansion.put(at.clone(), "AWS::ApiGateway::Resource", properties(made));
        }
        parent = reference(&at);
        cors_of(expansion, &whole, &parent, whole == path);
    }
    Some(parent)
}

/// What answers a page of another origin that asks whether it may call, where the API has `cors` and the path has methods.
fn cors_of(expansion: &mut Expansion<'_>, path: &str, resource: &Value, is_called: bool) {
    let Some(cors) = expansion.environment.shared.api_gateway.as_ref().and_then(|api| api.cors.as_ref()) else {
        return;
    };
    if !is_called {
        return;
    }
    let headers = answers(cors);
    let given = |value: &dyn Fn(&str) -> Value| -> Map<String, Value> {
        let name = |header: &str| format!("method.response.header.{header}");
        headers.iter().map(|(header, text)| (name(header), value(text))).collect()
    };
    let made = json!({
        "ApiKeyRequired": false,
        "AuthorizationType": "NONE",
        "HttpMethod": "OPTIONS",
        "Integration": {
            "IntegrationResponses": [{
                "ResponseParameters": given(&|text| json!(format!("'{text}'"))),
                "StatusCode": "204",
            }],
            "RequestTemplates": { "application/json": "{\"statusCode\": 204}" },
            "Type": "MOCK",
        },
        "MethodResponses": [{ "ResponseParameters": given(&|_| json!(true)), "StatusCode": "204" }],
        "ResourceId": resource,
        "RestApiId": reference(&address()),
    });
    expansion.put(shared_address(format!("Cors{}", path_id(path))), "AWS::ApiGateway::Method", properties(made));
}

/// The headers of an answer to such a page.
fn answers(cors: &Cors) -> Vec<(&'static str, String)> {
    let or_all = |list: &[String]| if list.is_empty() { "*".to_owned() } else { list.join(",") };
    vec![
        ("Access-Control-Allow-Headers", or_all(&cors.headers)),
        ("Access-Control-Allow-Methods", or_all(&cors.methods)),
        ("Access-Control-Allow-Origin", or_all(&cors.origins)),
    ]
}

/// Its deployment and its stage, once all agents have their methods.
///
/// A deployment is a copy of the API as it was: its address changes with what it copies, so that a change makes another.
pub(super) fn finish(expansion: &mut Expansion<'_>, api: &ApiGateway) {
    expansion.asked_at = Some(api.span);
    let is_part = |kind: &str| matches!(kind, "AWS::ApiGateway::Method" | "AWS::ApiGateway::Resource");
    let parts = expansion.resources.iter().filter(|(_, resource)| is_part(resource.kind.as_str()));
    let parts: Vec<(ResourceAddress, Value)> =
        parts.map(|(address, resource)| (address.clone(), resource.properties.to_value())).collect();
    if parts.is_empty() {
        let finding = Finding::new(Code::MissingKey, api.span, "a REST API cannot be deployed without a route");
        expansion.findings.push(finding.help("give an agent a `route`, or remove `api_gateway`"));
        return;
    }
    let text = parts.iter().map(|(address, made)| format!("{address}{made}")).collect::<String>();
    let deployment = shared_address(format!("Deployment{}", Digest::of(text.as_bytes()).short(10)));
    let made = json!({ "RestApiId": reference(&address()) });
    let put = expansion.put(deployment.clone(), "AWS::ApiGateway::Deployment", properties(made));
    put.depends_on.extend(parts.into_iter().map(|(address, _)| address));

    let mut made = properties(json!({
        "DeploymentId": reference(&deployment),
        "RestApiId": reference(&address()),
        "StageName": stage_name(expansion, api),
        "Tags": expansion.scope.list(),
        "TracingEnabled": expansion.environment.shared.monitoring.xray,
    }));
    if let Some(Throttling { rate, burst }) = &api.throttling {
        let all = json!({
            "HttpMethod": "*",
            "ResourcePath": "/*",
            "ThrottlingBurstLimit": burst,
            "ThrottlingRateLimit": rate,
        });
        made.set("MethodSettings", json!([all]));
    }
    let log = super::api::access_log(expansion, api, "$context.resourcePath");
    if let Some((setting, _)) = &log {
        made.set("AccessLogSetting", setting.clone());
    }
    let put = expansion.put(stage(), "AWS::ApiGateway::Stage", made);
    put.depends_on.extend(log.map(|(_, group)| group));
    if let ApiKind::Rest { keys: Some(keys), .. } = &api.kind {
        self::keys(expansion, api, keys);
    }
}

fn keys(expansion: &mut Expansion<'_>, api: &ApiGateway, keys: &Keys) {
    let plan = shared_address("UsagePlan");
    let mut made = properties(json!({
        "ApiStages": [{ "ApiId": reference(&address()), "Stage": reference(&stage()) }],
        "Tags": expansion.scope.list(),
        "UsagePlanName": expansion.physical("api"),
    }));
    if let Some(monthly) = keys.monthly {
        made.set("Quota", json!({ "Limit": monthly, "Period": "MONTH" }));
    }
    if let Some(throttling) = &api.throttling {
        made.set("Throttle", json!({ "BurstLimit": throttling.burst, "RateLimit": throttling.rate }));
    }
    expansion.put(plan.clone(), "AWS::ApiGateway::UsagePlan", made);
    for name in &keys.names {
        let key = shared_address(format!("{}ApiKey", pascal(name)));
        let made = json!({ "Enabled": true, "Tags": expansion.scope.named(&expansion.physical(name)) });
        expansion.put(key.clone(), "AWS::ApiGateway::ApiKey", properties(made));
        let made = json!({ "KeyId": reference(&key), "KeyType": "API_KEY", "UsagePlanId": reference(&plan) });
        let at = shared_address(format!("{}UsagePlanKey", pascal(name)));
        expansion.put(at, "AWS::ApiGateway::UsagePlanKey", properties(made));
        expansion.outputs.insert(format!("{}ApiKeyId", pascal(name)), reference(&key));
    }
}
