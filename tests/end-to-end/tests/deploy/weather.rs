//! Bad weather: throttles, server errors, lost answers.

use std::time::Duration;

use end_to_end::{assert_deployed, outcome};
use local::{Effect, Rule};

use crate::trial::{Trial, desk, undisturbed, with_polite_orders, without_research};
use end_to_end::sight::{shape, the_record_is_true};

/// The creating calls, of each of which the first answer is lost after its effect.
const CREATIONS: [(&str, &str); 14] = [
    ("apigateway", "CreateApi"),
    ("apigateway", "CreateIntegration"),
    ("apigateway", "CreateRoute"),
    ("apigateway", "CreateStage"),
    ("cloudwatch", "PutMetricAlarm"),
    ("dynamodb", "CreateTable"),
    ("iam", "CreateRole"),
    ("lambda", "AddPermission"),
    ("lambda", "CreateFunction"),
    ("logs", "CreateLogGroup"),
    ("s3", "CreateBucket"),
    ("sns", "CreateTopic"),
    ("sns", "Subscribe"),
    ("sqs", "CreateQueue"),
];

#[tokio::test]
async fn lost_answers_make_nothing_twice() {
    let expected = undisturbed().await;
    let trial = Trial::start().await;
    for (service, operation) in CREATIONS {
        trial.account.proxy.inject(Rule::on(service, operation).caller("strandline-target"), Effect::ResetAfter);
    }
    assert_deployed(&trial.deploy(&desk()).await);
    for (service, operation) in CREATIONS {
        let calls = trial.account.proxy.calls();
        let lost = calls.iter().filter(|call| call.is(service, operation) && call.fault == Some("reset after"));
        assert_eq!(lost.count(), 1, "{service}:{operation}");
    }
    let sight = trial.look().await;
    assert_eq!(&shape(&sight), expected);
    assert_eq!(sight.dangling(), Vec::<String>::new());
}

#[tokio::test]
async fn a_throttled_and_flaky_account_is_deployed_to_all_the_same() {
    let expected = undisturbed().await;
    let trial = Trial::start().await;
    // Every seventh call fails, each in the next way. A rule does not see the calls that an older one took, so that each
    // must wait for six more than the one before it.
    let kinds = [
        Effect::Throttle,
        Effect::fail(500, "InternalFailure"),
        Effect::ResetBefore,
        Effect::Throttle,
        Effect::fail(503, "ServiceUnavailable"),
        Effect::ResetAfter,
    ];
    for (n, effect) in kinds.iter().cycle().take(200).enumerate() {
        trial.account.proxy.inject(Rule::on("*", "*").caller("strandline-target").nth(7 + 6 * n), effect.clone());
    }
    assert_deployed(&trial.deploy(&desk()).await);
    let calls = trial.account.proxy.calls();
    let faults = calls.iter().filter(|call| call.fault.is_some()).count();
    assert!(faults > 20, "{faults} of {}", calls.len());
    trial.account.proxy.withdraw_all();
    let sight = trial.look().await;
    assert_eq!(&shape(&sight), expected);
    assert_eq!(sight.dangling(), Vec::<String>::new());
    let record = trial.record().await;
    assert_eq!(record.open_intents().count(), 0);
}

#[tokio::test]
async fn a_storm_over_short_slices_leaves_what_calm_weather_leaves() {
    let expected = undisturbed().await;
    let trial = Trial::with(&[("SliceSeconds", "1"), ("LeaseSeconds", "6"), ("CallSeconds", "3")]).await;
    let kinds = [
        Effect::ResetAfter,
        Effect::Delay(Duration::from_millis(700)),
        Effect::Throttle,
        Effect::fail(500, "InternalFailure"),
    ];
    for (n, effect) in kinds.iter().cycle().take(120).enumerate() {
        let nth = |caller: &str, every: usize| Rule::on("*", "*").caller(caller).nth(every + (every - 1) * n);
        trial.account.proxy.inject(nth("strandline-target", 6), effect.clone());
        trial.account.proxy.inject(nth("strandline-provision-wave", 13), effect.clone());
    }
    assert_deployed(&trial.deploy(&desk()).await);
    assert_eq!(&shape(&trial.look().await), expected);
    the_record_is_true(&trial).await;

    assert_deployed(&trial.deploy(&without_research(with_polite_orders(desk()))).await);
    trial.account.proxy.withdraw_all();
    assert_deployed(&trial.deploy(&desk()).await);
    assert_eq!(&shape(&trial.look().await), expected);
    the_record_is_true(&trial).await;
    assert_eq!(outcome(&trial.deploy(&desk()).await).name(), "Unchanged");
}

#[tokio::test]
async fn flaky_stores_of_the_engine_itself_change_nothing_of_the_end() {
    let expected = undisturbed().await;
    let trial = Trial::start().await;
    let kinds = [Effect::Throttle, Effect::fail(503, "ServiceUnavailable"), Effect::ResetAfter, Effect::ResetBefore];
    for function in ["intake", "plan", "provision-wave", "conclude"] {
        for (n, effect) in kinds.iter().cycle().take(40).enumerate() {
            let rule = Rule::on("*", "*").caller(&format!("strandline-{function}")).nth(5 + 4 * n);
            trial.account.proxy.inject(rule, effect.clone());
        }
    }
    assert_deployed(&trial.deploy(&desk()).await);
    let calls = trial.account.proxy.calls();
    for function in ["intake", "plan", "provision-wave", "conclude"] {
        let faults = calls.iter().filter(|call| call.caller.is_named(function) && call.fault.is_some()).count();
        assert!(faults > 0, "{function}");
    }
    trial.account.proxy.withdraw_all();
    assert_eq!(&shape(&trial.look().await), expected);
    assert_eq!(outcome(&trial.deploy(&desk()).await).name(), "Unchanged");
}
