//! Kills at the creating call of every type of resource.

use end_to_end::assert_deployed;
use local::look::Existing;
use local::proxy::Point;
use serde_json::Value;

use crate::kill::{At, list};
use crate::outcome::{closed, field, go_on, prefix, turn_to};

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
    let rounds = CREATIONS.map(|(service, operation)| vec![At { service, operation, point: Point::BeforeEffect }]);
    kill_in_each(&rounds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_killed_after_a_creation_took_effect_leaves_nothing_twice() {
    let rounds = CREATIONS.map(|(service, operation)| vec![At { service, operation, point: Point::AfterEffect }]);
    kill_in_each(&rounds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_killed_between_the_calls_of_a_creation_finishes_it() {
    let before = |service, operation| At { service, operation, point: Point::BeforeEffect };
    let after = |service, operation| At { service, operation, point: Point::AfterEffect };
    kill_in_each(&[
        vec![before("iam", "PutRolePolicy")],
        vec![before("logs", "PutRetentionPolicy")],
        vec![before("s3", "PutBucketVersioning")],
        vec![before("dynamodb", "UpdateContinuousBackups")],
        // Also the wave that took over, while it looks for what the first one made.
        vec![after("iam", "CreateRole"), before("iam", "GetRole"), after("lambda", "CreateFunction")],
    ])
    .await;
}

/// One environment for each round of kills, one after another, beside one that nobody disturbs.
async fn kill_in_each(rounds: &[Vec<At>]) {
    let mut field = field().await;
    let engine_only = field.account.look("").await.expect("the account can be read");
    // Not `e`: what stands for the environment must not be a part of a hexadecimal number.
    let project = turn_to(&mut field, "k00").await;
    assert_deployed(&field.deploy(&project).await);
    let calm = closed(&field).await;

    let mut environments = vec![prefix(&field)];
    for (number, points) in (1..).zip(rounds) {
        let project = turn_to(&mut field, &format!("k{number:02}")).await;
        go_on(&field, &project, points).await;
        closed(&field).await.assert_is(&calm, format!("killed {}", list(points)));
        environments.push(prefix(&field));
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
