//! What is kept of a deployment when it ends. The record as it left it is what a rollback restores, and is written before the
//! head says that it ended. The rest is derived from the truth for people and tools, and the engine never reads it back: the
//! log and the metadata of the deployment, and the current state of its environment.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use model::{Deployment, Entry, ObjectRef, Presence, Recorded};
use serde::Serialize;
use serde_json::{Value, json};
use step::StepError;
use store::{Store, paths};

/// Keeps the record as a deployment leaves it. Written again where concluding is tried again: the head names the version
/// that counts.
pub(crate) async fn keep(store: &Store, deployment: &Deployment, recorded: &Recorded) -> Result<ObjectRef, StepError> {
    let key = paths::of_deployment(&deployment.environment, &deployment.id, "state-after.json");
    Ok(store.put_versioned(&key, compact(recorded)?).await?)
}

/// Writes what there is: of a deployment that never started its head only; the state of its environment only while the record
/// is still what the deployment made of it, because it can be told later as little as it may be guessed.
pub(crate) async fn write(
    store: &Store,
    deployment: &Deployment,
    recorded: Option<&Recorded>,
    entries: &[Entry],
) -> Result<(), StepError> {
    let environment = &deployment.environment;
    let file = |name: &str| paths::of_deployment(environment, &deployment.id, name);
    let mut files = vec![(file("metadata.json"), pretty(deployment)?)];
    if deployment.started.is_some() {
        files.push((file("execution-log.jsonl"), log(entries)?));
    }
    if let Some(recorded) = recorded.filter(|recorded| deployment.revision == Some(recorded.revision)) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use model::{DeploymentStatus, Origin, Outcome, RecordedResource, ResourceKey};

    use super::*;

    const PLAIN: usize = 10_000_000;
    const COMPRESSED: usize = 1_000_000;

    /// A function as an agent's is recorded, with the references of a role and a log group resolved: the largest of the
    /// resources that agents come to, except for its neighbour's policy.
    fn function(number: usize) -> RecordedResource {
        let name = format!("support-desk-production-customer-support-agent-{number:04}");
        let digest = model::Digest::of(name.as_bytes());
        let sent = json!({
            "FunctionName": name,
            "Handler": "agent.handler", "Runtime": "python3.13", "MemorySize": 512, "Timeout": 60,
            "Architectures": ["arm64"],
            "Role": format!("arn:aws:iam::123456789012:role/strandline/support-desk/production/{name}"),
            "Code": { "S3Bucket": "strands-deployments-123456789012-eu-central-1", "S3Key": format!("artifacts/{digest}.zip") },
            "LoggingConfig": { "LogGroup": format!("/aws/lambda/{name}") },
            "Environment": { "Variables": {
                "ORDERS_TABLE": format!("support-desk-production-orders-{}", digest.short(8)),
                "EVENTS_TOPIC": format!("arn:aws:sns:eu-central-1:123456789012:support-desk-production-events-{}", digest.short(8)),
                "KNOWLEDGE_BUCKET": format!("support-desk-production-knowledge-{}", digest.short(8)),
            } },
            "Tags": [{ "Key": "strands:project", "Value": "support-desk" }, { "Key": "strands:agent", "Value": name }],
        });
        let record = json!({
            "type": "AWS::Lambda::Function", "physical_id": name, "presence": "present",
            "asked": sent, "sent": sent, "baseline": sent,
            "attributes": { "Arn": format!("arn:aws:lambda:eu-central-1:123456789012:function:{name}") },
            "dependencies": [format!("agent-{number:04}/Role"), format!("agent-{number:04}/LogGroup")],
            "agent": format!("agent-{number:04}"), "deployment": "019d0f8c000-0123456789abcdef",
        });
        serde_json::from_value(record).unwrap()
    }

    /// A role with a policy of a dozen statements.
    fn role(number: usize) -> RecordedResource {
        let statement = |index: usize| {
            json!({
                "Sid": format!("Allow{index}"), "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"],
                "Resource": format!("arn:aws:dynamodb:eu-central-1:123456789012:table/support-desk-production-{number:04}-{index}"),
            })
        };
        let statements: Vec<Value> = (0..12).map(statement).collect();
        let name = format!("support-desk-production-agent-{number:04}");
        let sent = json!({
            "RoleName": name, "Path": "/strandline/support-desk/production/",
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }] },
            "Policies": [{ "PolicyName": "agent", "PolicyDocument": { "Version": "2012-10-17", "Statement": statements } }],
        });
        let record = json!({
            "type": "AWS::IAM::Role", "physical_id": name, "presence": "present",
            "asked": sent, "sent": sent, "baseline": sent,
            "attributes": { "Arn": format!("arn:aws:iam::123456789012:role/strandline/support-desk/production/{name}") },
            "agent": format!("agent-{number:04}"), "deployment": "019d0f8c000-0123456789abcdef",
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn the_state_of_a_thousand_resources_stays_small() {
        let key = |number: usize, name: &str| -> ResourceKey { format!("agent-{number:04}/{name}@1").parse().unwrap() };
        let resources = (0..500)
            .flat_map(|number| [(key(number, "Function"), function(number)), (key(number, "Role"), role(number))])
            .collect();
        let recorded = Recorded { resources, ..Recorded::default() };
        let id = model::EnvironmentId::new("support-desk", "production").unwrap();
        let origin = Origin::Engine;
        let deployment = Deployment {
            status: DeploymentStatus::Ended { outcome: Outcome::Deployed },
            ..Deployment::new("d1".into(), id, origin, model::Request::DEPLOY, model::Timestamp::UNIX_EPOCH)
        };
        for (file, bytes) in [
            ("state.json", compact(&state(&deployment, &recorded)).unwrap()),
            ("state-after.json", compact(&recorded).unwrap()),
        ] {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            gzip.write_all(&bytes).unwrap();
            let compressed = gzip.finish().unwrap().len();
            println!("{file} of 1,000 resources: {} bytes, compressed {compressed}", bytes.len());
            assert!(bytes.len() < PLAIN && compressed < COMPRESSED, "{file}: {} {compressed}", bytes.len());
        }
    }
}
