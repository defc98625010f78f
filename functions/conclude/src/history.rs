//! What is derived from the truth for people and tools: the log, the states and the metadata of a deployment, and the
//! current state of its environment. The engine never reads any of it back.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use model::{Deployment, Entry, Presence, Recorded};
use serde::Serialize;
use serde_json::{Value, json};
use step::StepError;
use store::{Store, paths};

/// Writes what there is: of a deployment that never started its head only; what it made of the record only while that
/// stands, because it can be told later as little as it may be guessed.
pub(crate) async fn write(
    store: &Store,
    deployment: &Deployment,
    recorded: &Recorded,
    entries: &[Entry],
) -> Result<(), StepError> {
    let environment = &deployment.environment;
    let file = |name: &str| paths::of_deployment(environment, &deployment.id, name);
    let mut files = vec![(file("metadata.json"), pretty(deployment)?)];
    if deployment.started.is_some() {
        files.push((file("execution-log.jsonl"), log(entries)?));
    }
    if deployment.revision == Some(recorded.revision) {
        files.push((file("state-after.json"), compact(recorded)?));
        files.push((paths::state(environment), compact(&state(deployment, recorded))?));
    }
    let writes = files.into_iter().map(|(key, bytes)| async move { store.put_derived(&key, bytes).await });
    try_join_all(writes).await?;
    Ok(())
}

fn log(entries: &[Entry]) -> Result<Vec<u8>, StepError> {
    let mut lines = Vec::new();
    for entry in entries {
        lines.append(&mut compact(entry)?);
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The record in the vocabulary of CloudFormation and CDK: stack → logical id → type, physical id, properties.
fn state(deployment: &Deployment, recorded: &Recorded) -> Value {
    let mut stacks: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for (key, resource) in &recorded.resources {
        // Later generations come later, so that the one in use stands in the end.
        stacks.entry(&key.address.stack).or_default().insert(
            &key.address.logical_id,
            json!({
                "Type": resource.kind,
                "PhysicalResourceId": resource.physical_id,
                "Status": match resource.presence {
                    Presence::Announced => "CREATE_IN_PROGRESS",
                    Presence::Incomplete => "INCOMPLETE",
                    Presence::Present => "COMPLETE",
                    Presence::Leaving => "DELETE_IN_PROGRESS",
                },
                "Properties": resource.sent,
                "Attributes": resource.attributes,
                "DependsOn": resource.dependencies,
                "DeletionPolicy": match resource.retention {
                    model::Retention::Retain => "Retain",
                    model::Retention::Delete | model::Retention::RetainReplaced => "Delete",
                },
                "Agent": resource.agent,
                "Generation": key.generation,
            }),
        );
    }
    let stacks: BTreeMap<&str, Value> =
        stacks.into_iter().map(|(name, resources)| (name, json!({ "Resources": resources }))).collect();
    json!({
        "version": 1,
        "project": deployment.environment.project,
        "environment": deployment.environment.environment,
        "revision": recorded.revision,
        "deployment": deployment.id,
        "stacks": stacks,
        "outputs": deployment.outputs,
    })
}

/// Without white space: an environment may have thousands of resources.
fn compact<T: Serialize>(value: &T) -> Result<Vec<u8>, StepError> {
    serde_json::to_vec(value).map_err(|error| StepError::Corrupt(error.to_string()))
}

fn pretty<T: Serialize>(value: &T) -> Result<Vec<u8>, StepError> {
    serde_json::to_vec_pretty(value).map_err(|error| StepError::Corrupt(error.to_string()))
}
