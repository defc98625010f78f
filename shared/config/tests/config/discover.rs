//! Agents with a manifest of their own.

use std::collections::BTreeMap;

use config::{Config, Source};

use super::json_schema::refused_as_manifest;

const HEAD: &str = "project: { name: desk, region: eu-central-1 }\nenvironments: { dev: {} }\n";
const MANIFEST: &str = "runtime: python3.12\nhandler: handler.handle\n";

fn with(rest: &str, manifests: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let sources: BTreeMap<String, String> =
        manifests.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    config::parse_with("strands.yaml", &format!("{HEAD}{rest}"), &sources).map_err(|report| {
        let line = |refusal: model::Refusal| {
            format!("{} {} | {} | {}", refusal.place().unwrap(), refusal.code, refusal.message, refusal.help.unwrap())
        };
        report.refusals().into_iter().map(line).collect()
    })
}

/// The agents of `dev`, each with the folder of its code.
fn agents(config: &Config) -> Vec<(String, String)> {
    let folder = |source: &Source| match source {
        Source::Folder(folder) => folder.clone(),
        Source::Stored(digest) => digest.to_string(),
    };
    let agents = config.agents_with_paths("dev").unwrap();
    agents.iter().map(|agent| (agent.name.to_owned(), folder(agent.source))).collect()
}

fn pair(name: &str, folder: &str) -> (String, String) {
    (name.to_owned(), folder.to_owned())
}

#[test]
fn a_folder_with_a_manifest_is_an_agent_that_is_named_and_has_its_code_as_the_folder_says() {
    let manifests = [
        ("agents/order/agent.yaml", MANIFEST),
        ("agents/billing/agent.yaml", "name: money\npath: ./src\nruntime: python3.12\nhandler: handler.handle\n"),
        ("agents/web/agent.yaml", "kind: agentcore\nimage: public.ecr.aws/desk/web:1.0\n"),
        ("agents/order/more/agent.yaml", "not: [asked, for]\n"),
        ("stacks/storage.yaml", "Resources: {}\n"),
    ];
    for (path, text) in manifests.iter().filter(|(path, _)| !path.contains("more") && path.starts_with("agents/")) {
        assert_eq!(refused_as_manifest(text), None, "{path}");
    }
    assert!(refused_as_manifest("runtime: python3.12\nhandler: handler.handle\nmemroy: 3\n").is_some());
    assert!(refused_as_manifest("runtime: python3.12\n").is_some());
    let config = with("discover: agents/*\n", &manifests).unwrap();
    assert_eq!(agents(&config), [pair("money", "agents/billing/src"), pair("order", "agents/order")]);
    let names: Vec<&str> =
        config.environment("dev").unwrap().agents.iter().map(|agent| agent.name.value.as_str()).collect();
    assert_eq!(names, ["money", "order", "web"]);
}

#[test]
fn agents_of_the_config_stand_beside_those_of_manifests_and_environments_override_both() {
    let rest = "discover: [agents/*]\n\
                agents: [{ name: bot, path: bot, runtime: python3.12, handler: handler.handle }]\n";
    let text = HEAD.replace("dev: {}", "dev: { overrides: { agents: { order: { memory: 1024 } } } }");
    let sources = [("agents/order/agent.yaml".to_owned(), MANIFEST.to_owned())].into();
    let config = config::parse_with("strands.yaml", &format!("{text}{rest}"), &sources).unwrap();
    assert_eq!(agents(&config), [pair("bot", "bot"), pair("order", "agents/order")]);
    let memory: Vec<u32> =
        config.environment("dev").unwrap().agents.iter().map(|agent| agent.lambda().unwrap().memory).collect();
    assert_eq!(memory, [512, 1024]);
    super::json_schema::takes(&format!("{text}{rest}"));
}

#[test]
fn what_is_wrong_in_a_manifest_is_told_in_its_own_file_with_everything_else() {
    let manifests = [
        ("agents/Order_Agent/agent.yaml", MANIFEST),
        (
            "agents/billing/agent.yaml",
            "runtime: python3.12\nhandler: handler.handle\nmemroy: 256\npath: ../elsewhere\n",
        ),
        ("agents/empty/agent.yaml", "# nothing yet\n"),
        ("agents/broken/agent.yaml", "runtime: [\n"),
        ("agents/list/agent.yaml", "- runtime: python3.12\n"),
    ];
    let told = with("discover: agents/*\nshared: { vcp: true }\n", &manifests).unwrap_err();
    let begins = [
        "strands.yaml:4:11 config::unknown-key | `shared` has no key `vcp` | did you mean `vpc`?",
        "agents/Order_Agent/agent.yaml:1:1 config::wrong-name | `Order_Agent` cannot name an agent | ",
        "agents/billing/agent.yaml:3:1 config::unknown-key | an agent has no key `memroy` | did you mean `memory`?",
        "agents/billing/agent.yaml:4:7 config::wrong-path | `agents/billing/../elsewhere` cannot be the path of an agent | a \
         path cannot leave the bundle",
        "agents/broken/agent.yaml:1:10 config::syntax | ",
        "agents/empty/agent.yaml:1:1 config::empty | there is no agent in this file | begin with `runtime:` and `handler:`",
        "agents/list/agent.yaml:1:1 config::wrong-type | an agent must be a mapping, not a list | ",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(begin), "{told}\n{begin}");
    }
}

#[test]
fn two_agents_of_one_name_are_told_wherever_they_stand() {
    let manifests = [("agents/order/agent.yaml", MANIFEST), ("more/order/agent.yaml", MANIFEST)];
    assert_eq!(
        with("discover: [agents/*, more/*]\n", &manifests).unwrap_err(),
        [
            "more/order/agent.yaml:1:1 config::duplicate-agent | there are two agents named `order` | an agent's name is that of \
          its stack: give one of them another"
        ]
    );
}

#[test]
fn a_place_without_an_agent_is_told_and_one_that_cannot_be_any() {
    let told = with("discover: [agents/*, /srv/agents, agents/**]\n", &[]).unwrap_err();
    let begins = [
        "strands.yaml:3:12 config::file-missing | no `agent.yaml` is at `agents/*/agent.yaml` | ",
        "strands.yaml:3:22 config::wrong-path | `/srv/agents` cannot be the path of agents | ",
        "strands.yaml:3:35 config::wrong-path | `agents/**` cannot be where agents are | ",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(begin), "{told}\n{begin}");
    }
    let many: Vec<String> = (0..101).map(|at| format!("a{at}")).collect();
    let told = with(&format!("discover: [{}]\nagents: []\n", many.join(", ")), &[]).unwrap_err();
    assert_eq!(
        told,
        [
            "strands.yaml:3:11 config::too-many | agents are looked for in 101 places | name at most 100, with a `*` for many"
        ]
    );
}

#[test]
fn what_a_config_asks_for_is_known_without_the_rest_of_it() {
    let takes = |text: &str, path: &str| config::discovery("strands.yaml", text).takes(path);
    assert!(takes("discover: agents/*\nproject: 3\n", "agents/order/agent.yaml"));
    assert!(!takes("discover: agents/*\n", "agents/order/strands.yaml"));
    assert!(!takes("agents: []\n", "agents/order/agent.yaml"));
    assert!(!takes("discover: [\n", "agents/order/agent.yaml"));
}
