//! Stacks within stacks: which texts are read, and what a whole application of CDK comes to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{Environment, EnvironmentId, Snapshot};

use super::{Files, examined, told};

const INNER: &str = "Resources:\n  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: ";

fn outer(url: &str) -> String {
    format!("{INNER}{url} }} }}\n")
}

#[test]
fn the_templates_of_nested_stacks_are_read_however_deep_they_are() {
    let mut files = super::project("  - { name: tasks, template: stacks/tasks.yaml }\n")
        .with("stacks/tasks.yaml", outer("./inner.yaml"))
        .with("stacks/inner.yaml", outer("../deep.yaml"))
        .with("deep.yaml", super::TEMPLATE)
        .with("other.yaml", "Resources: [");
    let examined = examined(&mut files).unwrap();
    let paths: Vec<&str> = examined.sources.keys().map(String::as_str).collect();
    assert_eq!(paths, ["deep.yaml", "stacks/inner.yaml", "stacks/tasks.yaml"]);
    assert_eq!(told(&mut files), Vec::<String>::new());
}

#[test]
fn a_nested_template_that_is_not_there_or_too_large_is_told_once() {
    let files =
        super::project("  - { name: tasks, template: stacks/tasks.yaml }\n").with("stacks/tasks.yaml", outer("i.yaml"));
    assert_eq!(
        told(&mut files.clone()),
        [
            "stacks/tasks.yaml:2:73 template::file-missing | the file `stacks/i.yaml` is not in the bundle | did you mean `stacks/tasks.yaml`?"
        ]
    );
    let told = told(&mut files.with("stacks/i.yaml", format!("# {}", "x".repeat(1 << 20))));
    assert!(told.iter().any(|one| one.contains("`stacks/i.yaml` is 1048578 bytes long")), "{told:#?}");
}

/// The files beneath a folder.
fn folder(root: &Path) -> Files {
    let mut files = Files::default();
    let mut left: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files = files.with(&name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_nested_stacks_of_an_application_of_cdk_come_to_one_environment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/end-to-end/tests/templates/cdk");
    let mut files = folder(&root);
    let environment = Environment::new(EnvironmentId::new("support-desk", "dev").unwrap(), "123456789012", "us-east-1");
    let examined = project::open(&mut files).unwrap().examine(&mut files, &environment).unwrap();
    let kept: Vec<&str> = examined.code.iter().map(|code| code.key.as_str()).collect();
    assert_eq!(kept.len(), 3, "templates of nested stacks are read, and not kept: {kept:?}");
    let expanded = examined.expand(&environment, &BTreeMap::new(), ("engine", &Snapshot::default())).unwrap();
    let mut shown = String::new();
    for (address, one) in &expanded.desired.resources {
        let mut properties = one.properties.clone();
        properties.0.remove("Tags");
        let waits: Vec<String> = one.depends_on.iter().map(ToString::to_string).collect();
        if address.stack.starts_with("Service-") {
            shown.push_str(&format!("{address} {} {} {waits:?}\n", one.kind, properties.to_value()));
        }
    }
    insta::assert_snapshot!(shown);
    let last = &expanded.desired.resources[&"Service/Last37ACD5E7".parse().unwrap()];
    let waits: Vec<String> = last.depends_on.iter().map(ToString::to_string).collect();
    assert!(waits.iter().any(|one| one.starts_with("Service-Watch-Journal/")), "all of it is waited for: {waits:?}");
    let of_entries = &expanded.desired.resources[&"Service/Entries3C9817F4".parse().unwrap()].properties.0["Value"];
    assert_eq!(of_entries.to_string(), r#"{"Fn::GetAtt":["Service-Watch-Journal/Entries3C9817F4","Arn"]}"#);
    let of_notices = &expanded.desired.outputs["ServiceNoticesArn"];
    assert_eq!(of_notices.to_string(), r#"{"Ref":"Service-Watch/NoticesCD1BD20F"}"#);
}
