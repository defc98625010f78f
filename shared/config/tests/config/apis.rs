//! The API that agents share, of both kinds.

use model::{DesiredResource, GateCheck};
use serde_json::{Value, json};

use super::errors::found;
use super::{artifacts, record, small, sound, valid};

fn told(rest: &str) -> Vec<String> {
    found(&small(rest))
}

fn at<'e>(expanded: &'e config::Expanded, address: &str) -> &'e DesiredResource {
    let resource = expanded.desired.resources.get(&address.parse().unwrap());
    resource.unwrap_or_else(|| panic!("no {address}: {:#?}", expanded.desired.resources.keys()))
}

fn ids(expanded: &config::Expanded, kind: &str) -> Vec<String> {
    let resources = expanded.desired.resources.iter();
    resources.filter(|(_, resource)| resource.kind.as_str() == kind).map(|(address, _)| address.to_string()).collect()
}

const REST: &str = "shared: { api_gateway: { type: rest } }\n";

#[test]
fn a_rest_api_has_a_resource_for_each_part_of_a_path_and_a_method_for_each_route() {
    let api = sound(&small(&format!("    route: [POST /v1/support, 'GET /v1/{{id}}', ANY /]\n{REST}")));
    let paths = ids(&api, "AWS::ApiGateway::Resource");
    assert_eq!(paths.len(), 3, "{paths:?}");
    let part = |address: &str| at(&api, address).properties.text("PathPart").unwrap().to_owned();
    let mut parts: Vec<String> = paths.iter().map(|address| part(address)).collect();
    parts.sort();
    assert_eq!(parts, ["support", "v1", "{id}"]);
    let method = at(&api, "bot/MethodPostV1Support848dd4");
    let uri = &method.properties.get("Integration").unwrap()["Uri"]["Fn::Join"][1];
    assert_eq!(uri[0], "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/");
    assert_eq!(uri[1], json!({ "Fn::GetAtt": ["bot/Function", "Arn"] }));
    assert_eq!(method.properties.flag("ApiKeyRequired"), Some(false));
    assert_eq!(ids(&api, "AWS::ApiGateway::Method").len(), 3);
    let endpoint = &api.desired.outputs["ApiEndpoint"]["Fn::Join"][1];
    assert_eq!(endpoint[2], ".execute-api.eu-central-1.amazonaws.com/dev");
}

#[test]
fn a_deployment_of_a_rest_api_is_another_when_what_it_copies_changes_and_no_other_time() {
    let deployment = |rest: &str| {
        let api = sound(&small(rest));
        let all = ids(&api, "AWS::ApiGateway::Deployment");
        assert_eq!(all.len(), 1);
        let stage = at(&api, "shared/Stage").properties.get("DeploymentId").cloned();
        assert_eq!(stage, Some(json!({ "Ref": all[0] })));
        let copied = &at(&api, &all[0]).depends_on;
        assert_eq!(
            copied.len(),
            ids(&api, "AWS::ApiGateway::Method").len() + ids(&api, "AWS::ApiGateway::Resource").len()
        );
        all[0].clone()
    };
    let plain = deployment(REST);
    assert_eq!(plain, deployment(&format!("    memory: 1024\n{REST}")));
    assert_ne!(plain, deployment(&format!("    route: GET /bot\n{REST}")));
    assert_ne!(plain, deployment("shared: { api_gateway: { type: rest, cors: { origins: ['*'] } } }\n"));
}

#[test]
fn a_page_of_another_origin_is_answered_at_each_path_that_has_methods() {
    let rest = "    route: [POST /v1/support]\nshared: { api_gateway: { type: rest, cors: { origins: ['https://example.com'], headers: [content-type] } } }\n";
    let api = sound(&small(rest));
    let methods = ids(&api, "AWS::ApiGateway::Method");
    assert_eq!(methods.len(), 2);
    let options = methods.iter().find(|address| address.starts_with("shared/Cors")).unwrap();
    let answer = &at(&api, options).properties.get("Integration").unwrap()["IntegrationResponses"][0];
    assert_eq!(
        answer["ResponseParameters"],
        json!({
            "method.response.header.Access-Control-Allow-Headers": "'content-type'",
            "method.response.header.Access-Control-Allow-Methods": "'*'",
            "method.response.header.Access-Control-Allow-Origin": "'https://example.com'",
        })
    );
}

#[test]
fn keys_are_asked_for_everywhere_but_on_open_routes_and_their_plan_bounds_them() {
    let rest = "    route: [POST /work, GET /health]\n    health: { http: { path: /health } }\nshared: { api_gateway: { type: rest, \
                stage: prod, throttling: { rate: 100, burst: 200 }, keys: { names: [partner, own], monthly: 100000, open: [GET \
                /health] } } }\n";
    let api = sound(&small(rest));
    assert_eq!(at(&api, "bot/MethodPostWork").properties.flag("ApiKeyRequired"), Some(true));
    assert_eq!(at(&api, "bot/MethodGetHealth").properties.flag("ApiKeyRequired"), Some(false));
    let plan = at(&api, "shared/UsagePlan");
    assert_eq!(plan.properties.get("Quota"), Some(&json!({ "Limit": 100_000, "Period": "MONTH" })));
    assert_eq!(plan.properties.get("Throttle"), Some(&json!({ "BurstLimit": 200, "RateLimit": 100 })));
    assert_eq!(ids(&api, "AWS::ApiGateway::ApiKey"), ["shared/OwnApiKey", "shared/PartnerApiKey"]);
    let settings = &at(&api, "shared/Stage").properties.get("MethodSettings").unwrap()[0];
    assert_eq!(
        (settings["ThrottlingRateLimit"].clone(), settings["ThrottlingBurstLimit"].clone()),
        (json!(100), json!(200))
    );
    let GateCheck::Http { url, .. } = &api.desired.gates[0].check else { panic!("{:?}", api.desired.gates) };
    assert_eq!(url["Fn::Join"][1][1], "/health");

    let closed = rest.replace(", open: [GET /health]", "");
    assert_eq!(
        told(&closed),
        [
            "9:29 nothing-to-look-at | the agent has neither a route nor a function URL to be asked by | use `invoke`, which asks \
          the function itself; or add `route: GET /health` with an API under `shared`"
        ]
    );
}

#[test]
fn an_http_api_takes_as_much_as_it_is_told_and_notes_each_call_where_asked() {
    let api = sound(&small("shared: { api_gateway: { throttling: { rate: 10, burst: 20 }, access_log: true } }\n"));
    let stage = at(&api, "shared/Stage");
    let settings = json!({ "ThrottlingBurstLimit": 20, "ThrottlingRateLimit": 10 });
    assert_eq!(stage.properties.get("DefaultRouteSettings"), Some(&settings));
    let log = stage.properties.get("AccessLogSettings").unwrap();
    assert_eq!(log["DestinationArn"], "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/apigateway/desk-dev-api");
    let format: Value = serde_json::from_str(log["Format"].as_str().unwrap()).unwrap();
    assert_eq!(format["route"], "$context.routeKey");
    assert!(stage.depends_on.contains(&"shared/ApiLogGroup".parse().unwrap()));
    assert_eq!(at(&api, "shared/ApiLogGroup").properties.text("LogGroupName"), Some("/aws/apigateway/desk-dev-api"));
    let plain = sound(&small("shared: { api_gateway: {} }\n"));
    assert_eq!(at(&plain, "shared/Stage").properties.get("AccessLogSettings"), None);
}

#[test]
fn a_domain_leads_to_the_stage_of_either_kind_and_speaks_no_old_tls() {
    let certificate = "arn:aws:acm:eu-central-1:000000000000:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
    for kind in ["http", "rest"] {
        let domain = format!("domain: {{ name: api.example.com, certificate: '{certificate}' }}");
        let api = sound(&small(&format!("shared: {{ api_gateway: {{ type: {kind}, {domain} }} }}\n")));
        let configuration = &at(&api, "shared/ApiDomain").properties.get("DomainNameConfigurations").unwrap()[0];
        assert_eq!(configuration["SecurityPolicy"], "TLS_1_2");
        let mapping = at(&api, "shared/ApiMapping");
        assert_eq!(mapping.properties.get("Stage"), Some(&json!({ "Ref": "shared/Stage" })));
        let target = json!({ "Fn::GetAtt": ["shared/ApiDomain", "RegionalDomainName"] });
        assert_eq!(api.desired.outputs["ApiDomainTarget"], target);
    }
}

#[test]
fn server_errors_of_each_kind_of_api_are_watched_by_its_own_metric() {
    let metric = |kind: &str| {
        let rest =
            format!("shared: {{ api_gateway: {{ type: {kind} }}, monitoring: {{ alarms: {{ api_5xx: 5 }} }} }}\n");
        let alarm = at(&sound(&small(&rest)), "shared/ApiErrorsAlarm").clone();
        (
            alarm.properties.text("MetricName").unwrap().to_owned(),
            alarm.properties.get("Dimensions").unwrap()[0].clone(),
        )
    };
    assert_eq!(metric("http"), ("5xx".into(), json!({ "Name": "ApiId", "Value": { "Ref": "shared/Api" } })));
    assert_eq!(metric("rest"), ("5XXError".into(), json!({ "Name": "ApiName", "Value": "desk-dev-api" })));
}

#[test]
fn apis_that_there_cannot_be_are_told() {
    let cases = [
        (
            "shared: { api_gateway: { type: http, stage: prod } }\n",
            "8:38 unknown-key | `api_gateway` has no key `stage` | it may have `type`, `cors`, `throttling`, `domain` and `access_log`",
        ),
        (
            "shared: { api_gateway: { type: rest, cors: { origins: [a, b] } } }\n",
            "8:44 too-many | a REST API answers with one origin, and here are 2 | name one, or `*`; or use `type: http`, which answers each origin with its own",
        ),
        (
            "    route: $default\nshared: { api_gateway: { type: rest } }\n",
            "8:12 wrong-route | `$default` is not a route of a REST API | a REST API has no `$default`: write `ANY /{proxy+}`",
        ),
        (
            "    route: GET /a~b\nshared: { api_gateway: { type: rest } }\n",
            "8:12 wrong-route | `GET /a~b` is not a route of a REST API | the paths of a REST API have letters, digits and `. _ - :`",
        ),
        (
            "shared: { api_gateway: { type: rest, stage: a.b } }\n",
            "8:45 wrong-name | `a.b` cannot name a stage | letters, digits, `-` and `_`; e.g. `prod`",
        ),
        (
            "shared: { api_gateway: { type: rest, keys: { names: [] } } }\n",
            "8:53 missing-key | `keys` names no key, and nobody could call | name at least one, e.g. `names: [partner]`",
        ),
        (
            "shared: { api_gateway: { throttling: { rate: 0, burst: 1 } } }\n",
            "8:46 out-of-range | `rate` cannot be `0` | it goes from 1 to 1000000 calls a second",
        ),
        (
            "shared: { api_gateway: { domain: { name: example, certificate: 'arn:aws:acm:eu-central-1:000000000000:certificate/1' } } }\n",
            "8:42 wrong-name | `example` cannot be a domain | a domain is written in lower case, e.g. `api.example.com`",
        ),
        (
            "shared: { api_gateway: { domain: { name: api.example.com, certificate: mine } } }\n",
            "8:72 wrong-arn | `mine` is not the ARN of a certificate | certificates are those of ACM: `arn:aws:acm:region:account:certificate/…`",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(told(rest), [expected], "{rest}");
    }
}

#[test]
fn what_only_the_whole_of_a_rest_api_shows_is_told_when_it_is_expanded() {
    let refused = |rest: &str| {
        let config = valid(&small(rest));
        let (environment, artifacts) = (record(&config, "dev"), artifacts(&config, "dev"));
        let context = config::Context::new(&environment, &artifacts, "b");
        let refusal = config::expand(&config, &context).unwrap_err().refusals().remove(0);
        format!("{}:{} {} | {}", refusal.line.unwrap(), refusal.column.unwrap(), refusal.code, refusal.message)
    };
    assert_eq!(
        refused(&format!("    route: ['GET /a/{{x}}', 'GET /a/{{y}}/b']\n{REST}")),
        "8:27 config::duplicate-route | a REST API cannot have `{y}` next to `{x}`"
    );
    assert_eq!(
        refused(&format!("    route: []\n{REST}")),
        "9:24 config::missing-key | a REST API cannot be deployed without a route"
    );
}
