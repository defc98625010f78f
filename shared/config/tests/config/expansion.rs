//! What a config comes to.

use std::collections::BTreeSet;

use model::{Desired, ResourceAddress, Retention};
use serde_json::{Value, json};

use super::{artifacts, expanded, record, small, valid};

/// One of everything.
const WHOLE: &str = "\
project: { name: desk, region: eu-central-1, tags: { team: support, tier: silver } }
environments:
  dev: { tags: { stage: dev } }
agents:
  - name: support
    path: agents/support
    runtime: python3.12
    handler: handler.handle
    environment: { MODEL: small }
    concurrency: 5
    dlq: true
    url: { auth: none }
    route: [POST /support, 'GET /support/{id}']
    alias: live
    tags: { tier: gold }
    permissions:
      - { resource: orders, access: full }
      - { resource: documents, access: read }
      - { resource: work, access: write }
      - { resource: news, access: write }
      - { resource: model, access: read }
      - { actions: ['bedrock:InvokeModel'], resources: ['arn:aws:bedrock:*::foundation-model/x'] }
  - { name: twin-a, path: a, runtime: nodejs22.x, handler: index.handler, permissions: [{ resource: orders, access: read }] }
  - { name: twin-b, path: b, runtime: nodejs22.x, handler: index.handler, permissions: [{ resource: orders, access: read }] }
shared:
  api_gateway: { type: http, cors: { origins: ['https://example.com'] } }
  monitoring:
    xray: true
    alarms: { errors: 1, throttles: 1, duration_percent: 80, dlq_depth: 1, api_5xx: 5, email: ops@example.com }
    log_retention_days: 14
  tables: { orders: { key: { PK: S }, sort: { SK: N }, ttl: until } }
  buckets: { documents: { on_removal: delete } }
  queues: { work: { dlq: true, visibility: 60 } }
  topics: { news: { emails: [press@example.com] } }
  parameters: { model: small }
";

fn whole() -> Desired {
    expanded(&valid(WHOLE), "dev")
}

fn at<'d>(desired: &'d Desired, address: &str) -> &'d model::DesiredResource {
    let address: ResourceAddress = address.parse().unwrap();
    desired.resources.get(&address).unwrap_or_else(|| panic!("no {address} among {:#?}", desired.resources.keys()))
}

/// The addresses and properties of one stack.
fn stack(desired: &Desired, name: &str) -> Vec<(String, Value)> {
    let of_stack = desired.resources.iter().filter(|(address, _)| address.stack == name);
    of_stack.map(|(address, resource)| (address.logical_id.clone(), json!(resource))).collect()
}

#[test]
fn a_small_agent_comes_to_a_function_its_logs_and_its_role() {
    insta::assert_json_snapshot!(expanded(&valid(&small("")), "dev"));
}

#[test]
fn one_of_everything_is_as_recorded() {
    insta::assert_json_snapshot!(whole());
}

#[test]
fn every_reference_leads_to_a_resource() {
    let desired = whole();
    for (address, resource) in &desired.resources {
        for reference in model::expression::references(&resource.properties).unwrap() {
            assert!(desired.resources.contains_key(&reference.address), "{address} → {}", reference.address);
        }
        for other in &resource.depends_on {
            assert!(desired.resources.contains_key(other), "{address} → {other}");
        }
    }
    for output in desired.outputs.values() {
        let mut found = Vec::new();
        model::expression::references_in(output, &mut found).unwrap();
        assert!(found.iter().all(|reference| desired.resources.contains_key(&reference.address)));
    }
}

#[test]
fn agents_share_a_role_only_where_their_needs_are_identical() {
    let desired = whole();
    let role = |agent: &str| at(&desired, &format!("{agent}/Function")).properties.get("Role").cloned().unwrap();
    assert_eq!(role("twin-a"), role("twin-b"));
    assert_ne!(role("twin-a"), role("support"));
    let roles = desired.resources.values().filter(|resource| resource.kind.as_str() == "AWS::IAM::Role").count();
    assert_eq!(roles, 2);
}

#[test]
fn an_agent_that_leaves_takes_only_its_own_resources_along() {
    let before = whole();
    let without = WHOLE.lines().filter(|line| !line.contains("twin-b")).collect::<Vec<_>>().join("\n");
    let after = expanded(&valid(&without), "dev");
    assert!(stack(&after, "twin-b").is_empty());
    for name in ["twin-a", "support", "shared"] {
        assert_eq!(stack(&before, name), stack(&after, name), "{name}");
    }
}

#[test]
fn an_order_of_permissions_makes_no_other_role() {
    let config = |permissions: &str| {
        let shared = "shared: { tables: { a: { key: { PK: S } }, b: { key: { PK: S } } } }\n";
        expanded(&valid(&small(&format!("    permissions: [{permissions}]\n{shared}"))), "dev")
    };
    let (a, b) = ("{ resource: a, access: read }", "{ resource: b, access: write }");
    assert_eq!(config(&format!("{a}, {b}")), config(&format!("{b}, {a}, {b}")));
}

#[test]
fn a_role_never_says_more_than_was_asked_for() {
    let desired = expanded(&valid(&small("")), "dev");
    let (_, role) = desired.resources.iter().find(|(_, resource)| resource.kind.as_str() == "AWS::IAM::Role").unwrap();
    let policies = role.properties.get("Policies").unwrap();
    let expected = json!([{ "PolicyName": "needs", "PolicyDocument": { "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/desk-dev-*",
    }] } }]);
    assert_eq!(*policies, expected);
    assert_eq!(role.properties.text("Path"), Some("/strandline/desk/dev/"));
    assert_eq!(
        role.properties.text("PermissionsBoundary"),
        Some("arn:aws:iam::000000000000:policy/strandline-boundary-desk-dev")
    );
    assert!(role.properties.get("ManagedPolicyArns").is_none());
}

#[test]
fn tags_are_inherited_and_say_whose_a_resource_is() {
    let desired = whole();
    let tags = |address: &str| {
        let list = at(&desired, address).properties.get("Tags").unwrap().as_array().unwrap().clone();
        let pair = |tag: &Value| format!("{}={}", tag["Key"].as_str().unwrap(), tag["Value"].as_str().unwrap());
        list.iter().map(pair).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        tags("support/Function"),
        "stage=dev strands:agent=support strands:environment=dev strands:managed-by=strandline strands:project=desk \
         team=support tier=gold"
    );
    assert_eq!(
        tags("shared/OrdersTable"),
        "stage=dev strands:environment=dev strands:managed-by=strandline strands:project=desk team=support tier=silver"
    );
    let map = at(&desired, "shared/Api").properties.get("Tags").unwrap();
    assert_eq!(map["strands:project"], "desk");
}

#[test]
fn everything_that_can_carry_tags_does() {
    let without = [
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::Lambda::Alias",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Url",
        "AWS::Lambda::Version",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
    ];
    for (address, resource) in &whole().resources {
        let has = resource.properties.get("Tags").is_some();
        assert_eq!(has, !without.contains(&resource.kind.as_str()), "{address}");
    }
}

#[test]
fn data_is_kept_unless_the_config_says_otherwise() {
    let desired = whole();
    assert_eq!(at(&desired, "shared/OrdersTable").retention, Retention::Retain);
    assert_eq!(at(&desired, "shared/DocumentsBucket").retention, Retention::Delete);
    assert_eq!(at(&desired, "shared/DocumentsBucketPolicy").retention, Retention::Delete);
    assert_eq!(at(&desired, "support/Version").retention, Retention::RetainReplaced);
    assert_eq!(at(&desired, "shared/WorkQueue").retention, Retention::Delete);
}

#[test]
fn an_agent_finds_what_it_may_use_in_its_environment() {
    let desired = whole();
    let environment = at(&desired, "support/Function").properties.get("Environment").unwrap().clone();
    let names: BTreeSet<&str> = environment["Variables"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["DOCUMENTS_BUCKET", "MODEL", "MODEL_PARAMETER", "NEWS_TOPIC_ARN", "ORDERS_TABLE", "WORK_QUEUE_URL"];
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!(environment["Variables"]["WORK_QUEUE_URL"], json!({ "Ref": "shared/WorkQueue" }));
}

#[test]
fn a_change_of_code_publishes_another_version_and_touches_nothing_else() {
    let config = valid(WHOLE);
    let before = expanded(&config, "dev");
    let (environment, mut artifacts) = (record(&config, "dev"), artifacts(&config, "dev"));
    artifacts.get_mut("support").unwrap().digest = model::Digest::of(b"another");
    let context = config::Context::new(&environment, &artifacts, "strands-deployments");
    let after = config::expand(&config, &context).unwrap().desired;
    let changed: Vec<String> = before
        .resources
        .iter()
        .filter(|(address, resource)| after.resources.get(address) != Some(resource))
        .map(|(address, _)| address.to_string())
        .collect();
    assert_eq!(changed, ["support/Function", "support/Version"]);
    assert_eq!(before.outputs, after.outputs);
}

#[test]
fn a_change_of_memory_publishes_another_version_and_one_of_concurrency_does_not() {
    let before = expanded(&valid(WHOLE), "dev");
    let version = |desired: &Desired| at(desired, "support/Version").clone();
    let more = expanded(&valid(&WHOLE.replace("concurrency: 5", "concurrency: 5\n    memory: 1024")), "dev");
    assert_ne!(version(&before), version(&more));
    let other = expanded(&valid(&WHOLE.replace("concurrency: 5", "concurrency: 6")), "dev");
    assert_eq!(version(&before), version(&other));
    assert_ne!(before, other);
}

#[test]
fn paths_that_look_alike_are_other_routes() {
    let routes = "[GET /a-b, GET /a/b, GET /ab, GET /aB, 'GET /{a}/b', GET /, ANY /ab, $default]";
    let desired = expanded(&valid(&small(&format!("    route: {routes}\nshared: {{ api_gateway: {{}} }}\n"))), "dev");
    let count = desired.resources.values().filter(|resource| resource.kind.as_str() == "AWS::ApiGatewayV2::Route");
    assert_eq!(count.count(), 8);
}

#[test]
fn an_agent_without_a_route_gets_one_of_its_name_where_there_is_an_api() {
    let desired = expanded(&valid(&small("shared: { api_gateway: {} }\n")), "dev");
    let (_, route) = desired.resources.iter().find(|(address, _)| address.logical_id.starts_with("Route")).unwrap();
    assert_eq!(route.properties.text("RouteKey"), Some("ANY /bot"));
    let none = expanded(&valid(&small("    route: []\nshared: { api_gateway: {} }\n")), "dev");
    assert!(none.resources.keys().all(|address| !address.logical_id.starts_with("Route")));
    assert!(!none.resources.contains_key(&"bot/Integration".parse().unwrap()));
}

#[test]
fn a_url_is_open_only_where_the_config_says_so_in_words() {
    let auth = |url: &str| {
        let desired = expanded(&valid(&small(&format!("    url: {url}\n"))), "dev");
        let url = desired.resources.get(&"bot/Url".parse().unwrap())?;
        let is_open = desired.resources.contains_key(&"bot/UrlPermission".parse().unwrap());
        Some((url.properties.text("AuthType")?.to_owned(), is_open))
    };
    assert_eq!(auth("true"), Some(("AWS_IAM".into(), false)));
    assert_eq!(auth("{ auth: iam }"), Some(("AWS_IAM".into(), false)));
    assert_eq!(auth("{ auth: none }"), Some(("NONE".into(), true)));
    assert_eq!(auth("false"), None);
}
