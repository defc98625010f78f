//! Kills at the creating call of every type of resource.

use std::time::Instant;

use end_to_end::assert_deployed;
use local::look::Existing;
use local::proxy::Point;
use serde_json::Value;

use crate::kill::{At, deploy_and_kill};
use crate::outcome::{carried_through, closed, field, prefix, turn_to};

/// The creating call of each type.
const CREATIONS: [(&str, &str); 16] = [
    ("iam", "CreateRole"),
    ("lambda", "CreateFunction"),
    ("lambda", "AddPermission"),
    ("logs", "CreateLogGroup"),
    ("s3", "CreateBucket"),
    ("s3", "PutBucketPolicy"),
    ("dynamodb", "CreateTable"),
    ("sqs", "CreateQueue"),
    ("sns", "CreateTopic"),
    ("sns", "Subscribe"),
    ("ssm", "PutParameter"),
    ("cloudwatch", "PutMetricAlarm"),
    ("apigateway", "CreateApi"),
    ("apigateway", "CreateIntegration"),
    ("apigateway", "CreateRoute"),
    ("apigateway", "CreateStage"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_killed_before_a_creation_takes_effect_leaves_nothing_missing() {
    kill_at_every_creation(Point::BeforeEffect).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_killed_after_a_creation_took_effect_leaves_nothing_twice() {
    kill_at_every_creation(Point::AfterEffect).await;
}

/// One environment for each call, one after another, beside one that nobody disturbs.
async fn kill_at_every_creation(point: Point) {
    let mut field = field().await;
    let engine_only = field.account.look("").await.expect("the account can be read");
    // Not `e`: what stands for the environment must not be a part of a hexadecimal number.
    let project = turn_to(&mut field, "k00").await;
    assert_deployed(&field.deploy(&project).await);
    let calm = closed(&field).await;

    let mut environments = vec![prefix(&field)];
    for (number, (service, operation)) in (1..).zip(CREATIONS) {
        let at = At { service, operation, point };
        let began = Instant::now();
        let environment = format!("k{number:02}");
        let project = turn_to(&mut field, &environment).await;
        let (ended, call) = deploy_and_kill(&field, &project, at).await;
        let again = carried_through(&field, &ended, &project).await;
        closed(&field).await.assert_is(&calm, format!("killed {at}"));
        environments.push(prefix(&field));
        let how = if again { "by another upload" } else { "by itself" };
        eprintln!("killed {at}: went on {how}, {:.1} s; the call: {call}", began.elapsed().as_secs_f32());
    }
    let all = field.account.look("").await.expect("the account can be read");
    assert_nothing_else(&engine_only, &all, &environments);
}

/// Asserts that the account has nothing but what it had before and what is of these environments.
fn assert_nothing_else(before: &Existing, after: &Existing, environments: &[String]) {
    for (kind, things) in after.0.as_object().into_iter().flatten() {
        for name in things.as_object().into_iter().flat_map(serde_json::Map::keys) {
            let plain = name.trim_start_matches('/').replace('/', "-");
            let is_known = environments.iter().any(|one| plain.contains(one.as_str()))
                || plain.starts_with("strandline-target-")
                || before.get(kind, name).is_some();
            assert!(is_known, "{kind} {name}: {}", after.get(kind, name).unwrap_or(&Value::Null));
        }
    }
}
