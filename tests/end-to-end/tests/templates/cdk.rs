//! An application as CDK wrote it, untouched: constructs with generated ids, grants, assets, an event source, an API, a custom
//! resource, references from one stack to the other, stacks within stacks.

use std::path::Path;

use end_to_end::trial::Trial;
use end_to_end::{Project, assert_deployed, outcome};
use serde_json::json;

use crate::orders::compare;

const STACKS: &[(&str, &str)] =
    &[("Storage", "cdk.out/Storage.template.json"), ("Service", "cdk.out/Service.template.json")];

#[tokio::test]
async fn what_cdk_wrote_is_deployed_as_it_is() {
    let trial = Trial::start().await;
    let project = Project::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates/cdk"));
    let deployment = trial.deploy_and_settle(&project).await;
    assert_deployed(&deployment);
    let compared = compare(&trial, &project, STACKS, &json!({})).await;
    assert_eq!(compared.different, Vec::<String>::new());
    assert!(compared.resources >= 41 && compared.types.len() >= 24, "{compared:#?}");
    assert!(compared.properties >= 150, "{compared:#?}");
    for (name, value) in &compared.outputs {
        let name = name.replace('/', "");
        assert_eq!(deployment.outputs.get(&name), Some(value), "{name}: {:#?}", deployment.outputs);
    }
    let mark = trial.account.proxy.mark();
    let again = trial.deploy_and_settle(&project).await;
    assert_eq!(outcome(&again).name(), "Unchanged", "{:#?}", again.status);
    assert!(trial.changes_since(mark).is_empty());
}
