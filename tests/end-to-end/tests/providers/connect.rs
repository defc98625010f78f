//! The way into a target account.

use std::sync::Arc;
use std::time::Duration;

use engine::fence::Fence;
use local::clients;
use model::ErrorClass;
use providers::{Target, connect};

use crate::iam::trusting;
use crate::support::Stage;

fn target(stage: &Stage, role: &str) -> Target {
    Target {
        role_arn: format!("arn:aws:iam::{}:role/{role}", stage.account.id()),
        external_id: None,
        region: local::emulator::REGION.to_owned(),
        account: stage.account.id().to_owned(),
        session: "20261101-deployment/1".to_owned(),
    }
}

#[tokio::test]
async fn clients_act_as_the_target_role_and_a_role_that_cannot_be_assumed_is_named() {
    let stage = Stage::start().await;
    stage.make("AWS::IAM::Role", "shared/Role@1", &trusting("shop-dev-target", "*")).await;
    let base = clients::administrator(stage.account.proxy.address());
    let fence = Arc::new(Fence::new(Duration::from_secs(10)));

    let acting = connect(&base, &target(&stage, "strandline/shop/dev/shop-dev-target"), fence.clone()).await.unwrap();
    let mark = stage.account.proxy.mark();
    // The role may do nothing: that it is refused, and to whom, shows who asked.
    let _ = acting.logs.describe_log_groups().send().await;
    let _ = acting.logs.describe_log_groups().send().await;
    let calls = stage.account.proxy.since(mark);
    assert_eq!(calls.len(), 2, "one AssumeRole, before: {calls:?}");
    assert!(calls.iter().all(|call| call.caller.to_string().contains("shop-dev-target")), "{calls:?}");

    let refused = connect(&base, &target(&stage, "strandline-target-nobody-dev"), fence).await.unwrap_err();
    assert_eq!(refused.class, ErrorClass::Denied, "{refused}");
    assert!(refused.message.contains("strandline-target-nobody-dev"), "{refused}");
    assert!(refused.message.contains("bootstrap/target-role.yaml"), "{refused}");
}
