//! What stands in the account before anything is deployed, and what can be read out of it afterwards.

use end_to_end::{Field, Project};
use model::Deployment;

const PUT: &str = "
import boto3, sys
name, kind, value = sys.argv[1:]
ssm = boto3.client('ssm')
print(ssm.put_parameter(Name=name, Type=kind, Value=value, Overwrite=True)['Version'])
";

/// Gives a parameter a value.
pub(crate) async fn put(field: &Field, name: &str, kind: &str, value: &str) {
    field.python(PUT, &[name, kind, value]).await;
}

const SHOWN: &str = "
import boto3, sys
print(boto3.client('ssm').get_parameter(Name=sys.argv[1])['Parameter']['Value'], end='')
";

/// The value of a parameter that the engine made, by its logical id in the stack `stored`.
pub(crate) async fn shown(field: &Field, logical_id: &str) -> String {
    let address = format!("stored/{logical_id}").parse().unwrap();
    let recorded = field.record().await;
    let (_, resource) = recorded.current(&address).expect("it is recorded");
    let id = resource.physical_id.clone().expect("it is made");
    field.python(SHOWN, &[id.as_str()]).await
}

/// A project of one template.
pub(crate) fn project(template: &str) -> Project {
    let config = "project: { name: support-desk, region: us-east-1 }\nenvironments: { dev: {} }\n\
                  stacks: [{ name: stored, template: stored.yaml }]\n";
    let mut project = Project::default().config(config);
    project.files.insert("stored.yaml".to_owned(), template.as_bytes().to_vec());
    project
}

/// What was changed in the account since `mark`, by operation.
pub(crate) fn changed(field: &Field, mark: local::proxy::Mark) -> Vec<String> {
    field.changes_since(mark).iter().map(local::Call::action).collect()
}

/// The keys of what was looked up for a deployment.
pub(crate) async fn snapshots(field: &Field, deployment: &Deployment) -> Vec<String> {
    let prefix = store::paths::of_deployment(&field.id, &deployment.id, "snapshots/");
    let listed = field.account.clients.s3.list_objects_v2().bucket(field.account.deployments()).prefix(prefix);
    let listed = listed.send().await.expect("the bucket can be listed");
    listed.contents().iter().filter_map(|one| one.key().map(str::to_owned)).collect()
}
