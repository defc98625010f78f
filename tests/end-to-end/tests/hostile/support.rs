//! The inbox of these tests, and where they look at what came of an upload.

use std::collections::BTreeMap;

use end_to_end::Field;
use local::proxy::Mark;
use model::{Deployment, EnvironmentId, Origin, Refusal};
use serde_json::Value;

/// The log group of the function that takes uploads in.
const LOG_GROUP: &str = "/aws/lambda/strandline-intake";

/// Puts an object to the inbox by its whole key, and says which version it became.
pub(crate) async fn put(field: &Field, key: &str, bytes: Vec<u8>) -> String {
    let put = field.account.clients.s3.put_object().bucket(field.account.inbox()).key(key).body(bytes.into());
    put.send().await.expect("the inbox takes it").version_id.expect("the inbox is versioned")
}

/// The head of the deployment that a version of an upload became.
pub(crate) async fn head(field: &Field, environment: &EnvironmentId, version: &str) -> Option<Deployment> {
    heads(field, environment).await.remove(version)
}

/// The heads of an environment, by the version of their upload.
pub(crate) async fn heads(field: &Field, environment: &EnvironmentId) -> BTreeMap<String, Deployment> {
    let all = field.store.deployments(environment).await.expect("the history can be read");
    let by_version = |deployment: Deployment| {
        let Origin::Upload { version, .. } = &deployment.origin else { panic!("not an upload") };
        (version.clone(), deployment)
    };
    all.into_iter().map(by_version).collect()
}

/// What was refused for environments that do not exist: the reports, by the version of their upload.
pub(crate) async fn homeless(field: &Field) -> BTreeMap<String, (String, Value)> {
    let list = field.account.clients.s3.list_objects_v2().bucket(field.account.deployments()).prefix("refused/");
    let mut found = BTreeMap::new();
    for object in list.send().await.expect("the bucket can be listed").contents() {
        let key = object.key().expect("a key");
        let report: Value = serde_json::from_slice(&field.file(key).await.expect("it is there")).expect("JSON");
        found.insert(report["version"].as_str().expect("a version").to_owned(), (key.to_owned(), report));
    }
    found
}

/// A refusal as the cases write it.
pub(crate) fn line(refusal: &Refusal) -> String {
    let Refusal { code, message, help, line, column, .. } = refusal;
    let at = match (line, column) {
        (Some(line), Some(column)) => format!("{line}:{column}"),
        _ => "-".to_owned(),
    };
    format!("{at} {code} | {message} | {}", help.as_deref().unwrap_or_default())
}

/// Everything that the intake function has logged, as CloudWatch Logs keeps it.
pub(crate) async fn log(field: &Field) -> String {
    let logs = &field.account.clients.logs;
    let streams = logs.describe_log_streams().log_group_name(LOG_GROUP).into_paginator().items().send();
    let streams = streams.collect::<Result<Vec<_>, _>>().await.expect("the log can be read");
    let mut text = String::new();
    for stream in streams {
        let name = stream.log_stream_name.expect("a name");
        let events = logs.get_log_events().log_group_name(LOG_GROUP).log_stream_name(name).start_from_head(true);
        for event in events.send().await.expect("the log can be read").events() {
            text.push_str(event.message().unwrap_or_default());
            text.push('\n');
        }
    }
    text
}

/// Asserts that nothing came of what was uploaded since `mark`: nobody took on the rights to change anything, nothing was
/// changed, nothing was started, nobody waits and nobody is at work.
pub(crate) async fn assert_nothing_happened(field: &Field, mark: Mark, environments: &[EnvironmentId]) {
    use engine::ports::Queue;
    for call in field.account.proxy.since(mark) {
        let is_harmful = call.is("sts", "AssumeRole") || call.is("states", "StartExecution");
        assert!(!is_harmful && !call.caller.is_named("strandline-target"), "{call}");
        assert!(!call.was_denied(), "{call}");
    }
    let executions = field.account.clients.sfn.list_executions().state_machine_arn(machine(field)).send().await;
    assert_eq!(executions.expect("executions can be listed").executions().len(), 0);
    for environment in environments {
        assert_eq!(field.store.active(environment).await.expect("the queue can be read"), None);
        assert_eq!(field.store.entries(environment).await.expect("the queue can be read"), []);
    }
    let existing = field.account.look("support-desk").await.expect("the account can be read");
    assert_eq!(existing.count(), 0, "{:#}", existing.0);
}

/// The ARN of the state machine.
pub(crate) fn machine(field: &Field) -> String {
    format!("arn:aws:states:{}:{}:stateMachine:strandline-deploy", local::emulator::REGION, field.account.id())
}

/// The names of the executions that were ever started.
pub(crate) async fn executions(field: &Field) -> Vec<String> {
    let list = field.account.clients.sfn.list_executions().state_machine_arn(machine(field)).send().await;
    list.expect("executions can be listed").executions().iter().map(|one| one.name().to_owned()).collect()
}
