//! What is derived from the truth for people and tools: the log, the states and the metadata of a deployment, and the
//! current state of its environment. The engine never reads any of it back.

use std::collections::BTreeMap;

use model::{Deployment, Entry, Presence, Recorded};
use serde::Serialize;
use serde_json::{Value, json};
use step::StepError;
use store::{Store, paths};

pub(crate) async fn write(
    store: &Store,
    deployment: &Deployment,
    recorded: &Recorded,
    entries: &[Entry],
) -> Result<(), StepError> {
    let environment = &deployment.environment;
    let file = |name: &str| paths::of_deployment(environment, &deployment.id, name);
    let log: Vec<String> = entries
        .iter()
        .map(|entry| serde_json::to_string(entry).map_err(|error| StepError::Corrupt(error.to_string())))
        .collect::<Result<_, _>>()?;
    let log = log.into_iter().map(|line| line + "\n").collect::<String>();
    let files = [
        (file("execution-log.jsonl"), log.into_bytes()),
        (file("state-after.json"), pretty(recorded)?),
        (file("metadata.json"), pretty(deployment)?),
        (paths::state(environment), pretty(&state(deployment, recorded))?),
    ];
    let [log, after, metadata, current] = files;
    tokio::try_join!(
        store.put_derived(&log.0, log.1),
        store.put_derived(&after.0, after.1),
        store.put_derived(&metadata.0, metadata.1),
        store.put_derived(&current.0, current.1),
    )?;
    Ok(())
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

fn pretty<T: Serialize>(value: &T) -> Result<Vec<u8>, StepError> {
    serde_json::to_vec_pretty(value).map_err(|error| StepError::Corrupt(error.to_string()))
}
