//! What an environment overrides.

use super::{expanded, valid};

const TEXT: &str = "\
project: { name: desk, region: eu-central-1 }
agents:
  - name: bot
    path: agents/bot
    runtime: python3.12
    handler: handler.handle
    memory: 256
    environment: { MODEL: small, MODE: plain }
    route: [GET /a, GET /b]
    concurrency: 5
  - { name: other, path: other, runtime: python3.12, handler: handler.handle }
shared:
  api_gateway: {}
  queues: { work: { visibility: 60 } }
environments:
  dev:
  prod:
    account: \"123456789012\"
    region: eu-west-1
    overrides:
      agents:
        bot: { memory: 1024, environment: { MODEL: large }, route: GET /c, concurrency: null, runtime: python3.13 }
      shared:
        queues: { work: { dlq: true }, more: {} }
        monitoring: { xray: true }
";

#[test]
fn mappings_are_merged_lists_are_replaced_and_null_takes_away() {
    let config = valid(TEXT);
    let (dev, prod) = (config.environment("dev").unwrap(), config.environment("prod").unwrap());
    let (plain, over) = (&dev.agents[0], &prod.agents[0]);
    let (of_plain, of_over) = (plain.lambda().unwrap(), over.lambda().unwrap());
    assert_eq!((of_plain.memory, of_over.memory), (256, 1024));
    assert_eq!((of_plain.concurrency, of_over.concurrency), (Some(5), None));
    let routes = |lambda: &config::Lambda| lambda.routes.iter().map(|route| route.key.clone()).collect::<Vec<_>>();
    assert_eq!(routes(of_plain), ["GET /a", "GET /b"]);
    assert_eq!(routes(of_over), ["GET /c"]);
    assert_eq!(over.environment["MODEL"], config::Variable::Text("large".into()));
    assert_eq!(over.environment["MODE"], config::Variable::Text("plain".into()));
    assert_eq!(over.path_of_code(), plain.path_of_code());
    assert_eq!(dev.agents[1].lambda().unwrap().memory, prod.agents[1].lambda().unwrap().memory);
    assert!(prod.agents.iter().all(|agent| agent.tracing) && dev.agents.iter().all(|agent| !agent.tracing));
}

trait PathOfCode {
    fn path_of_code(&self) -> String;
}

impl PathOfCode for config::Agent {
    fn path_of_code(&self) -> String {
        format!("{:?}", self.code().unwrap().source.value)
    }
}

#[test]
fn what_an_environment_adds_is_there_and_nowhere_else() {
    let config = valid(TEXT);
    let (dev, prod) = (config.environment("dev").unwrap(), config.environment("prod").unwrap());
    assert!(!dev.shared.queues.contains_key("more") && prod.shared.queues.contains_key("more"));
    let (plain, over) = (&dev.shared.queues["work"], &prod.shared.queues["work"]);
    let told = |queue: &config::Queue| (queue.receives, queue.visibility.as_ref().map(|seconds| seconds.value));
    assert_eq!((told(plain), told(over)), ((None, Some(60)), (Some(3), Some(60))));
}

#[test]
fn account_and_region_are_those_of_the_environment_or_else_the_projects() {
    let config = valid(TEXT);
    let (dev, prod) = (config.environment("dev").unwrap(), config.environment("prod").unwrap());
    assert_eq!(dev.account, None);
    assert_eq!(dev.region.as_ref().unwrap().value, "eu-central-1");
    assert_eq!(prod.account.as_ref().unwrap().value, "123456789012");
    let desired = expanded(&config, "prod");
    assert_eq!((desired.account.as_str(), desired.region.as_str()), ("123456789012", "eu-west-1"));
}

#[test]
fn aliases_and_merge_keys_are_followed() {
    let text = "\
project: { name: desk, region: eu-central-1 }
environments: { dev: {} }
agents:
  - &base { name: a, path: a, runtime: python3.12, handler: h.h, memory: 256 }
  - { <<: *base, name: b, path: b }
";
    let config = valid(text);
    let agents = &config.environment("dev").unwrap().agents;
    assert_eq!((agents[1].name.value.as_str(), agents[1].lambda().unwrap().memory), ("b", 256));
}

#[test]
fn json_is_yaml_too() {
    let text = r#"{"project":{"name":"desk","region":"eu-central-1"},"environments":{"dev":{}},
        "agents":[{"name":"bot","path":"bot","runtime":"python3.12","handler":"h.h","memory":256,"dlq":true}]}"#;
    let config = valid(text);
    assert!(config.environment("dev").unwrap().agents[0].lambda().unwrap().dlq);
}

#[test]
fn an_account_may_stand_without_quotes() {
    let config = valid(&TEXT.replace("\"123456789012\"", "012345678901"));
    assert_eq!(config.environment("prod").unwrap().account.as_ref().unwrap().value, "012345678901");
}
