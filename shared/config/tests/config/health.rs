//! How it is told whether an agent is well: what can be wrong with it, and which gates it comes to.

use model::{Gate, GateCheck};
use serde_json::{Value, json};

use super::errors::found;
use super::{expanded, small, valid};

/// An agent with `agent`, in a config with `shared`, and what is wrong with it.
fn check(agent: &str, shared: &str, expected: &[&str]) {
    assert_eq!(found(&small(&format!("    {agent}\n{shared}"))), expected, "\n{agent}\n{shared}");
}

const API: &str = "shared: { api_gateway: { type: http } }\n";
const ALARMS: &str = "shared: { monitoring: { alarms: { errors: 1, throttles: 2 } } }\n";

/// The gates of the small agent with `agent`.
fn gates(agent: &str, shared: &str) -> Vec<Gate> {
    let rest = agent.lines().map(|line| format!("    {line}\n")).collect::<String>();
    expanded(&valid(&small(&format!("{rest}{shared}"))), "dev").gates
}

#[test]
fn health_that_asks_for_nothing_is_told() {
    let nothing = "`health` names nothing to look at | add `invoke: {}`, `http: { path: … }` or `alarms: true`";
    check("health: {}", "", &[&format!("8:13 nothing-to-look-at | {nothing}")]);
    check("health: { within: 30, alarms: false }", "", &[&format!("8:13 nothing-to-look-at | {nothing}")]);
    check(
        "health: true",
        "",
        &["8:13 wrong-type | `health` must be a mapping, not the truth value `true` | write it as `key: value` lines"],
    );
    check(
        "health: { invok: {} }",
        "",
        &[
            &format!("8:13 nothing-to-look-at | {nothing}"),
            "8:15 unknown-key | `health` has no key `invok` | did you mean `invoke`?",
        ],
    );
}

#[test]
fn a_time_that_no_gate_has_is_told() {
    for (within, shown) in [("0", "0"), ("901", "901")] {
        let expected = format!("8:35 out-of-range | `within` cannot be `{shown}` | it goes from 1 to 900 seconds");
        check(&format!("health: {{ invoke: {{}}, within: {within} }}"), "", &[&expected]);
    }
}

#[test]
fn an_address_that_nothing_leads_to_is_told_with_what_would() {
    let http = "health: { http: { path: /health } }";
    check(
        http,
        "",
        &["8:29 nothing-to-look-at | the agent has neither a route nor a function URL to be asked by | use `invoke`, \
           which asks the function itself; or add `route: GET /health` with an API under `shared`"],
    );
    check(
        &format!("url: true\n    {http}"),
        "",
        &["9:29 nothing-to-look-at | the agent's function URL asks for IAM authentication, and nobody signs a health \
           check | use `invoke`, which asks the function itself"],
    );
    let no_route = "no route of the agent answers `GET /health` | add `GET /health` to its `route`, or use `invoke`, which \
                    asks the function itself";
    check(http, API, &[&format!("8:29 nothing-to-look-at | {no_route}")]);
    for route in ["POST /health", "GET /health/{id}", "GET /{a}/{b}", "ANY /health/{rest+}"] {
        let expected = format!("9:29 nothing-to-look-at | {no_route}");
        check(&format!("route: {route}\n    {http}"), API, &[&expected]);
    }
    for route in ["GET /health", "ANY /health", "GET /{name}", "GET /{all+}", "$default"] {
        check(&format!("route: '{route}'\n    {http}"), API, &[]);
    }
}

#[test]
fn a_path_that_no_address_has_is_told() {
    let wrong = |path: &str, help: &str| {
        let expected = format!("8:29 wrong-path | `{path}` cannot be the path of an address | {help}");
        check(&format!("health: {{ http: {{ path: '{path}' }} }}"), API, &[&expected]);
    };
    wrong("health", "its path begins with `/`");
    wrong("@example.com/", "its path begins with `/`");
    wrong("https://example.com/health", "its path begins with `/`");
    wrong("/a//b", "its path has an empty part: remove the extra `/`");
    wrong("/orders/{id}", "an address has no parameters: write a value there");
    wrong("/a b", "its path has a character that no path has");
    check("health: { http: {} }", API, &["8:21 missing-key | `http` needs the key `path` | add `path: …`"]);
    check(
        "health: { http: { path: /bot, status: 99 } }",
        API,
        &["8:43 out-of-range | `status` cannot be `99` | it goes from 100 to 599"],
    );
}

#[test]
fn alarms_of_an_agent_that_has_none_are_told() {
    let expected = "8:23 nothing-to-look-at | the agent has no alarms to look at | give a threshold for agents under \
                    `shared.monitoring.alarms`, e.g. `errors: 1`";
    check("health: { alarms: true }", "", &[expected]);
    check(
        "health: { alarms: true }",
        "shared: { monitoring: { alarms: { api_5xx: 1, dlq_depth: 1 } } }\n",
        &[expected],
    );
    check("health: { alarms: true }", ALARMS, &[]);
    let dead_letters = "shared: { monitoring: { alarms: { dlq_depth: 1 } } }\n";
    check("dlq: true\n    health: { alarms: true }", dead_letters, &[]);
}

#[test]
fn a_secret_in_an_event_is_told() {
    check(
        "health: { invoke: { payload: { keys: [{ a: sk-ant-0123456789abcdef }] } } }",
        "",
        &["8:48 secret | `payload` holds what looks like an Anthropic API key | a config is kept and shown in the \
           history: let the agent read the secret itself"],
    );
}

#[test]
fn an_event_that_is_too_long_is_told() {
    let long = "x".repeat(70_000);
    check(
        &format!("health: {{ invoke: {{ payload: {{ text: {long} }} }} }}"),
        "",
        &[
            "8:34 too-large | `payload` has 70011 bytes as JSON, and at most 65536 are taken | a smoke invocation only has to \
           show that the agent runs: give it less",
        ],
    );
}

#[test]
fn an_event_is_what_yaml_says() {
    let payload = "{ text: 'true', flag: True, nothing: null, list: [1, -2, 0x10, 1.5, +3, '4'], deep: { word: on } }";
    let [gate] = gates(&format!("health: {{ invoke: {{ payload: {payload} }} }}"), "").try_into().unwrap();
    let GateCheck::Invoke { payload, .. } = gate.check else { panic!("{gate:?}") };
    let expected = json!({
        "text": "true", "flag": true, "nothing": null, "list": [1, -2, 16, 1.5, 3, "4"], "deep": { "word": "on" },
    });
    assert_eq!(payload, expected);
}

#[test]
fn an_agent_without_health_has_no_gates() {
    assert_eq!(gates("memory: 512", ALARMS), Vec::new());
}

#[test]
fn each_part_of_health_is_a_gate() {
    let agent =
        "route: GET /{all+}\nhealth: { invoke: {}, http: { path: /up, status: 204 }, alarms: true, within: 90 }";
    let shared = "shared: { api_gateway: {}, monitoring: { alarms: { errors: 1, throttles: 2 } } }\n"
        .replace("{},", "{ type: http },");
    let gates = gates(agent, &shared);
    assert!(gates.iter().all(|gate| gate.agent.as_deref() == Some("bot") && gate.seconds == 90), "{gates:#?}");
    let checks: Vec<Value> = gates.iter().map(|gate| json!(gate.check)).collect();
    let api = json!({ "Fn::GetAtt": ["shared/Api", "ApiEndpoint"] });
    let expected = [
        json!({ "gate": "invoke", "function": { "Ref": "bot/Function" }, "payload": {} }),
        json!({ "gate": "http", "url": { "Fn::Join": ["", [api, "/up"]] }, "status": 204 }),
        json!({ "gate": "alarm", "name": { "Ref": "bot/ErrorsAlarm" } }),
        json!({ "gate": "alarm", "name": { "Ref": "bot/ThrottlesAlarm" } }),
    ];
    assert_eq!(checks, expected);
}

#[test]
fn an_agent_behind_an_alias_is_asked_as_its_callers_ask() {
    let gates = gates("alias: live\nurl: { auth: none }\nhealth: { invoke: {}, http: { path: /up } }", "");
    let url = json!({ "Fn::GetAtt": ["bot/Url", "FunctionUrl"] });
    let checks: Vec<Value> = gates.iter().map(|gate| json!(gate.check)).collect();
    let expected = [
        json!({ "gate": "invoke", "function": { "Ref": "bot/Alias" }, "payload": {} }),
        json!({ "gate": "http", "url": { "Fn::Join": ["", [url, "up"]] }, "status": 200 }),
    ];
    assert_eq!(checks, expected);
    assert!(gates.iter().all(|gate| gate.seconds == 60), "a minute where nobody says");
}

#[test]
fn an_environment_may_ask_for_no_health() {
    let text = small("    health: { invoke: {} }\n").replacen(
        "environments: { dev: {} }",
        "environments: { dev: {}, quick: { overrides: { agents: { bot: { health: null } } } } }",
        1,
    );
    let config = valid(&text);
    assert_eq!((expanded(&config, "dev").gates.len(), expanded(&config, "quick").gates.len()), (1, 0));
}
