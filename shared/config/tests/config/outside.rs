//! A config held against a record, a bundle and the stored artifacts.

use std::collections::BTreeMap;

use model::{Limit, Limits, Notice};

use super::{SMALL, artifacts, record, valid, whole};

fn lines(report: &config::Report) -> Vec<String> {
    let line = |problem: &config::Problem| {
        let (code, help) = (problem.full_code(), problem.help.as_deref().unwrap());
        format!("{}:{} {code} | {} | {help}", problem.line, problem.column, problem.message)
    };
    report.problems().iter().map(line).collect()
}

#[test]
fn a_config_of_another_project_account_and_region_is_told_all_three() {
    let config = valid(&SMALL.replace("dev: {}", "dev: { account: '111111111111' }"));
    let mut other = record(&config, "dev");
    other.id.project = "shop".into();
    other.account = "222222222222".into();
    other.region = "us-east-1".into();
    assert_eq!(
        lines(&config.agrees_with(&other).unwrap_err()),
        [
            "1:18 config::project-mismatch | the config is of project `desk`, and was uploaded to `shop/dev` | upload it \
             to its own project, or change the name here",
            "1:32 config::region-mismatch | the config says region `eu-central-1` for `shop/dev`, and the environment's \
             record says `us-east-1` | the record is an administrator's: change the config, or ask for another environment",
            "2:33 config::account-mismatch | the config says account `111111111111` for `shop/dev`, and the \
             environment's record says `222222222222` | the record is an administrator's: change the config, or ask for \
             another environment",
        ]
    );
    let same = record(&config, "dev");
    assert_eq!(config.agrees_with(&same), Ok(()));
}

#[test]
fn an_environment_that_the_config_does_not_have_is_told() {
    let config = valid(SMALL);
    assert_eq!(
        lines(&config.environment("devs").unwrap_err()),
        [
            "2:17 config::unknown-environment | the config has no environment `devs` | did you mean `dev`? The environment is \
          the second part of the upload's path"
        ]
    );
    let mut other = record(&config, "dev");
    other.id.environment = "production".into();
    assert_eq!(
        lines(&config.agrees_with(&other).unwrap_err()),
        [
            "2:17 config::unknown-environment | the config has no environment `production` | it has `dev`; the environment is \
          the second part of the upload's path"
        ]
    );
}

#[test]
fn what_a_bundle_lacks_is_told_at_the_line_that_names_it() {
    let config = valid(SMALL);
    let agents = config.agents_with_paths("dev").unwrap();
    let [agent] = agents.as_slice() else { panic!("one agent") };
    assert_eq!(agent.handler_files(), ["handler.py", "handler/__init__.py"]);
    let report = config.folder_missing(agent, ["agents/bto", "docs"]).with(config.handler_missing(agent));
    assert_eq!(
        lines(&report),
        [
            "5:11 config::folder-missing | the folder `agents/bot` of agent `bot` is not in the bundle | did you mean \
             `agents/bto`?",
            "7:14 config::handler-missing | the folder of agent `bot` has no `handler.py` or `handler/__init__.py` for its \
             handler | a handler of `python3.12` is written `module.function`: `handler.handle` is `def handle` in \
             `handler.py`",
        ]
    );
}

#[test]
fn an_agent_whose_code_is_nowhere_is_told() {
    let digest = "0".repeat(64);
    let config = valid(&SMALL.replace("path: agents/bot", &format!("artifact: {digest}")));
    let environment = record(&config, "dev");
    let none = BTreeMap::new();
    let context = config::Context::new(&environment, &none, "b");
    let report = config::expand(&config, &context).unwrap_err();
    assert_eq!(report.problems()[0].code, config::Code::ArtifactMissing);
    assert_eq!((report.problems()[0].line, report.problems()[0].column), (5, 15));
    assert!(
        report.to_string().starts_with(&format!("strands.yaml:5:15: no code `{digest}` is stored for agent `bot`"))
    );
    assert_eq!(artifacts(&config, "dev").len(), 1);
}

#[test]
fn each_family_of_runtimes_names_the_files_of_a_handler() {
    let cases = [
        ("python3.12", "src/app.handle", vec!["src/app.py", "src/app/__init__.py"]),
        ("python3.12", "src.app.handle", vec!["src/app.py", "src/app/__init__.py"]),
        ("nodejs22.x", "dist/index.handler", vec!["dist/index.js", "dist/index.mjs", "dist/index.cjs"]),
        ("ruby3.4", "function.handler", vec!["function.rb"]),
        ("provided.al2023", "anything", vec!["bootstrap"]),
        ("java21", "com.example.App::handle", vec![]),
        ("dotnet10", "App::App.Function::Handle", vec![]),
    ];
    for (runtime, handler, files) in cases {
        let text = SMALL.replace("python3.12", runtime).replace("handler.handle", handler);
        let config = valid(&text);
        assert_eq!(config.agents_with_paths("dev").unwrap()[0].handler_files(), files, "{runtime} {handler}");
    }
}

#[test]
fn a_config_asks_for_less_than_its_environment_allows_and_never_for_more() {
    let text = SMALL.replace(
        "environments: { dev: {} }",
        "limits: { resources: 50, deletions: 20 }\nenvironments: { dev: { overrides: { limits: { deletions: 3, changes: 9 } } }, prod: {} }",
    );
    let config = valid(&text);
    let mut environment = record(&config, "prod");
    environment.limits = Limits([(Limit::Deletions, 10), (Limit::Resources, 50), (Limit::Replacements, 1)].into());
    assert_eq!(
        lines(&config.agrees_with(&environment).unwrap_err()),
        [
            "2:37 config::out-of-range | the config allows 20 `deletions` for `desk/prod`, and the environment's record allows 10 \
          | a config may ask for less than its environment allows: write at most 10, or remove the line"
        ]
    );
    environment.id.environment = "dev".into();
    assert_eq!(config.agrees_with(&environment), Ok(()));
    let artifacts = artifacts(&config, "dev");
    let expanded = config::expand(&config, &config::Context::new(&environment, &artifacts, "deployments")).unwrap();
    let both = [(Limit::Resources, 50), (Limit::Changes, 9), (Limit::Deletions, 3), (Limit::Replacements, 1)];
    assert_eq!(expanded.limits, Limits(both.into()));
    assert!(whole(&valid(SMALL), "dev").unwrap().limits.is_empty());
}

#[test]
fn what_is_told_beside_the_record_is_the_environments_own_where_it_says_so() {
    let text = SMALL.replace(
        "environments: { dev: {} }",
        "notifications: [deployed, destroyed]\nenvironments: { dev: {}, quiet: { overrides: { notifications: [] } }, prod: { overrides: { notifications: [dropped] } } }",
    );
    let config = valid(&text);
    let told = |environment: &str| whole(&config, environment).unwrap().notices;
    assert_eq!(told("dev"), [Notice::Deployed, Notice::Destroyed].into());
    assert_eq!(told("quiet"), [].into());
    assert_eq!(told("prod"), [Notice::Dropped].into());
    assert_eq!(whole(&valid(SMALL), "dev").unwrap().notices, [].into());
}
