//! Events that are delivered more than once, as EventBridge may do.

use end_to_end::{Field, assert_deployed};
use serde_json::json;

use crate::bundles::small;
use crate::support;

/// Gives the rule of uploads its one target a second time, so that EventBridge delivers every event twice.
const DOUBLE: &str = r#"
import boto3
events = boto3.client("events")
target = events.list_targets_by_rule(Rule="strandline-upload")["Targets"][0]
print(events.put_targets(Rule="strandline-upload", Targets=[{"Id": "again", "Arn": target["Arn"]}])["FailedEntryCount"])
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_event_twice_is_the_same_deployment() {
    let field = Field::start().await;
    assert_eq!(field.python(DOUBLE, &[]).await.trim(), "0");
    let deployment = field.deploy(&small()).await;
    assert_deployed(&deployment);

    let log = support::log(&field).await;
    let deliveries = log.lines().filter(|line| line.contains(deployment.id.as_str()));
    let deliveries = deliveries.filter(|line| line.contains("queued") || line.contains("a duplicated event"));
    assert_eq!(deliveries.count(), 2, "it was delivered twice:\n{log}");
    assert_eq!(support::executions(&field).await, [format!("{}-1", deployment.id)]);
    assert_eq!(field.deployments().await.len(), 1);

    // Once more, when everything is over.
    let mark = field.account.proxy.mark();
    let answer = field.deliver_again(&deployment).await;
    assert_eq!(answer, json!({ "deployment": deployment.id, "duplicate": true }));
    assert_eq!(field.deployments().await, std::slice::from_ref(&deployment));
    assert_eq!(support::executions(&field).await.len(), 1);
    assert!(
        !field.account.proxy.since(mark).iter().any(|call| call.is("s3", "PutObject")),
        "the history is left alone"
    );
}
