//! The project of these tests: an assembly of CDK, templates of people, an agent, a resource that stands alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use end_to_end::{Field, Project};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;

/// The stacks by name, each with the file of its template.
pub(crate) const STACKS: &[(&str, &str)] = &[
    ("OrdersStorage", "cdk.out/OrdersStorage.template.json"),
    ("OrdersEvents", "cdk.out/OrdersEvents.template.json"),
    ("OrdersApi", "cdk.out/OrdersApi.template.json"),
    ("OrdersSite", "cdk.out/OrdersSite.template.json"),
    ("OrdersWorker", "cdk.out/OrdersWorker.template.json"),
    ("OrdersGreeting", "cdk.out/OrdersGreeting.template.json"),
    ("Prod-OrdersWatch", "cdk.out/assembly-OrdersApp-Prod/Prod-OrdersWatch.template.json"),
    ("audit", "stacks/audit.template.json"),
    ("regions", "stacks/regions.template.json"),
    ("handmade", "stacks/handmade.yaml"),
];

/// The whole project.
pub(crate) fn orders() -> Project {
    Project::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates/orders"))
}

/// The physical id of a resource's logical id that begins with `construct`, in a template of the project.
pub(crate) fn logical_id(project: &Project, template: &str, construct: &str) -> String {
    let template: Value = serde_json::from_str(&project.text(template)).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    let is_it = |id: &&String| id.strip_prefix(construct).is_some_and(|rest| rest.len() == 8);
    resources.keys().find(is_it).unwrap_or_else(|| panic!("`{construct}` in {:?}", resources.keys())).clone()
}

/// The folder of the asset that a function of the assembly is made of.
pub(crate) fn asset(project: &Project, template: &str, function: &str) -> String {
    let id = logical_id(project, template, function);
    let template: Value = serde_json::from_str(&project.text(template)).unwrap();
    let key = template["Resources"][&id]["Properties"]["Code"]["S3Key"].as_str().unwrap();
    format!("asset.{}", key.trim_end_matches(".zip"))
}

/// What the independent reader says.
#[derive(Debug, Deserialize)]
pub(crate) struct Compared {
    /// How many resources there are.
    pub(crate) resources: usize,
    /// How many properties were compared.
    pub(crate) properties: usize,
    /// Of which types.
    pub(crate) types: Vec<String>,
    /// What is not as it is asked for.
    pub(crate) different: Vec<String>,
    /// The outputs, by stack and name.
    pub(crate) outputs: BTreeMap<String, Value>,
}

/// Compares everything that exists of `stacks` with what the templates of `project` ask for, given these parameters by stack.
pub(crate) async fn compare(field: &Field, project: &Project, stacks: &[(&str, &str)], parameters: &Value) -> Compared {
    // The assets are compared as files, so that they must be somewhere.
    let folder = field.account.dir().join("orders");
    let _ = std::fs::remove_dir_all(&folder);
    for (path, bytes) in &project.files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let made: Map<String, Value> = field
        .record()
        .await
        .resources
        .iter()
        .map(|(key, one)| (key.address.to_string(), json!(one.physical_id)))
        .collect();
    let stack = |(name, template): &(&str, &str)| {
        json!({
            "name": name, "template": project.text(template), "parameters": parameters.get(name).unwrap_or(&json!({})),
            "assembly": folder.join("cdk.out"),
        })
    };
    let asked = json!({
        "account": field.account.id(), "project": "support-desk-dev", "made": made, "artifacts": field.account.deployments(),
        "stacks": stacks.iter().map(stack).collect::<Vec<_>>(),
    });
    let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates/compare.py");
    let mut child = tokio::process::Command::new(local::Options::default().venv.join("bin/python"))
        .arg(script)
        .args([&field.account.administration.address().url(), local::emulator::REGION])
        .env("AWS_ACCESS_KEY_ID", local::emulator::ADMINISTRATOR)
        .env("AWS_SECRET_ACCESS_KEY", local::emulator::ADMINISTRATOR_SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python runs");
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
