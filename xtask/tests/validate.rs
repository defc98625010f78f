//! `cargo xtask validate`, as whoever types it sees it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a run printed, and whether it succeeded.
struct Said {
    text: String,
    errors: String,
    succeeded: bool,
}

fn validate(arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("validate")
        .args(arguments)
        .env("COLUMNS", "100")
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .output()
        .expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { text: text(output.stdout), errors: text(output.stderr), succeeded: output.status.success() }
}

/// A project in a folder that goes when it is not used any more.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("strands-validate-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies in the system's own folder for it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const CONFIG: &str = "\
project: { name: shop, region: eu-central-1 }
environments: { dev: { account: '123456789012' }, production: {} }
agents:
  - { name: bot, path: agents/bot, runtime: python3.12, handler: handler.handle }
stacks:
  - { name: storage, template: stacks/storage.yaml, parameters: { Seconds: 700 } }
";

const TEMPLATE: &str = "\
Parameters:
  Seconds: { Type: Number }
  Model: { Type: AWS::SSM::Parameter::Value<String>, Default: /shop/model }
Resources:
  Tasks:
    Type: AWS::SQS::Queue
    Properties:
      MessageRetentionPeriod: !Sub '${Seconds}'
Outputs:
  Tasks: { Value: !GetAtt Tasks.Arn }
";

fn shop(name: &str) -> Folder {
    let handler = "def handle(event, context):\n    return {}\n";
    Folder::new(
        name,
        &[("strands.yaml", CONFIG), ("stacks/storage.yaml", TEMPLATE), ("agents/bot/handler.py", handler)],
    )
}

#[test]
fn a_valid_project_is_counted_and_what_was_assumed_is_said() {
    let folder = shop("valid");
    let said = validate(&[folder.path()]);
    assert!(said.succeeded, "{}{}", said.text, said.errors);
    insta::assert_snapshot!("valid", said.text);
}

#[test]
fn everything_that_is_wrong_is_shown_at_its_place_without_colour_and_fails() {
    let folder = shop("wrong");
    fs::write(
        folder.0.join("stacks/storage.yaml"),
        TEMPLATE.replace("!GetAtt Tasks.Arn", "!GetAtt Task.Arn").replace("SQS::Queue", "SQS::Quue"),
    )
    .unwrap();
    fs::write(folder.0.join("agents/bot/handler.py"), "").unwrap();
    fs::rename(folder.0.join("agents/bot/handler.py"), folder.0.join("agents/bot/main.py")).unwrap();
    let said = validate(&[folder.path(), "--environment", "dev"]);
    assert!(!said.succeeded && !said.text.contains('\x1b'), "{}", said.text);
    insta::assert_snapshot!("wrong", said.text);
    let told: Value = serde_json::from_str(&validate(&[folder.path(), "--json"]).text).unwrap();
    assert_eq!(told["valid"], false);
    let places: Vec<String> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{}:{}:{} {}",
                one["file"].as_str().unwrap(),
                one["line"],
                one["column"],
                one["code"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            "strands.yaml:4:66 config::handler-missing",
            "stacks/storage.yaml:6:11 template::unknown-type",
            "stacks/storage.yaml:10:27 template::unknown-resource",
        ]
    );
}

#[test]
fn what_a_project_comes_to_is_printed_as_json() {
    let folder = shop("expanded");
    let config = folder.0.join("strands.yaml");
    let said = validate(&[config.to_str().unwrap(), "--environment", "dev", "--expanded"]);
    let desired: model::Desired = serde_json::from_str(&said.text).unwrap();
    let tasks = &desired.resources[&"storage/Tasks".parse().unwrap()];
    assert_eq!(tasks.properties.to_value()["MessageRetentionPeriod"], "700");
    let function = &desired.resources[&"bot/Function".parse().unwrap()];
    let key = function.properties.to_value()["Code"]["S3Key"].as_str().unwrap().to_owned();
    assert!(
        key.starts_with("artifacts/")
            && key != "artifacts/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.zip"
    );

    let all: Value = serde_json::from_str(&validate(&[folder.path(), "--json", "--expanded"]).text).unwrap();
    assert_eq!(all["valid"], true);
    let production = &all["environments"]["production"];
    assert_eq!(production["account"], "000000000000");
    assert_eq!(production["types"]["AWS::SQS::Queue"], 1);
    assert_eq!(production["lookups"][0]["name"], "/shop/model");
    assert!(production["expanded"]["resources"]["storage/Tasks"].is_object());
    assert_eq!(all["environments"]["dev"]["assumed"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_validated_says_why() {
    let folder = shop("usage");
    for (arguments, expected) in [
        (vec!["/nowhere/at/all"], "`/nowhere/at/all` is neither a folder nor a `strands.yaml` or `strands.json`"),
        (
            vec![folder.path(), "--environment", "prod"],
            "the config has no environment `prod`: it has `dev`, `production`",
        ),
    ] {
        let said = validate(&arguments);
        assert!(!said.succeeded && said.errors.contains(expected), "{}", said.errors);
    }
    let empty = Folder::new("empty", &[("README.md", "nothing")]);
    let said = validate(&[empty.path()]);
    assert!(
        !said.succeeded && said.errors.contains("there is no `strands.yaml`, `strands.yml`, `strands.json` in"),
        "{}",
        said.errors
    );
}

#[test]
fn the_example_is_valid() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/agents");
    let said = validate(&[example.to_str().unwrap()]);
    assert!(said.succeeded && said.text.contains("support-desk/production"), "{}{}", said.text, said.errors);
    // In production more is told.
    let told: Vec<&str> = said.text.lines().filter(|line| line.contains("support-desk/")).collect();
    assert!(told[0].contains("support-desk/dev") && told[1].contains("support-desk/staging"), "{}", said.text);
    assert_eq!(said.text.matches("\n  stacks\n").count(), 2, "what comes to the same is told once: {}", said.text);
}
