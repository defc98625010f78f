//! AWS's latencies, laid over the emulator by the proxy.
//!
//! A call that creates takes the middle of what `schema::latency` says of the call itself; every other call of the target role
//! takes as long as a read. What AWS needs *after* a call, until a resource is ready or known everywhere, cannot be laid over: the
//! emulator has everything ready at once.

use std::time::Duration;

use local::{Effect, Proxy, Rule};
use model::ResourceType;

/// What the engine acts as in the target account.
pub(super) const TARGET: &str = "strandline-target";
/// What a call takes that creates nothing, in milliseconds.
pub(super) const OTHER: u64 = 20;

/// The calls that create, with what they create.
const CREATING: [(&str, &str, &str); 23] = [
    ("apigateway", "CreateApi", "AWS::ApiGatewayV2::Api"),
    ("apigateway", "CreateIntegration", "AWS::ApiGatewayV2::Integration"),
    ("apigateway", "CreateRoute", "AWS::ApiGatewayV2::Route"),
    ("apigateway", "CreateStage", "AWS::ApiGatewayV2::Stage"),
    ("cloudwatch", "PutMetricAlarm", "AWS::CloudWatch::Alarm"),
    ("dynamodb", "CreateTable", "AWS::DynamoDB::Table"),
    ("events", "PutRule", "AWS::Events::Rule"),
    ("iam", "CreateRole", "AWS::IAM::Role"),
    ("lambda", "CreateAlias", "AWS::Lambda::Alias"),
    ("lambda", "CreateEventSourceMapping", "AWS::Lambda::EventSourceMapping"),
    ("lambda", "CreateFunction", "AWS::Lambda::Function"),
    ("lambda", "PublishLayerVersion", "AWS::Lambda::LayerVersion"),
    ("lambda", "AddPermission", "AWS::Lambda::Permission"),
    ("lambda", "CreateFunctionUrlConfig", "AWS::Lambda::Url"),
    ("lambda", "PublishVersion", "AWS::Lambda::Version"),
    ("logs", "CreateLogGroup", "AWS::Logs::LogGroup"),
    ("s3", "CreateBucket", "AWS::S3::Bucket"),
    ("s3", "PutBucketPolicy", "AWS::S3::BucketPolicy"),
    ("sns", "Subscribe", "AWS::SNS::Subscription"),
    ("sns", "CreateTopic", "AWS::SNS::Topic"),
    ("sqs", "CreateQueue", "AWS::SQS::Queue"),
    ("ssm", "PutParameter", "AWS::SSM::Parameter"),
    ("secretsmanager", "CreateSecret", "AWS::SecretsManager::Secret"),
];

/// Lays them over everything that the target role calls from now on.
pub(super) fn lay_over(proxy: &Proxy) {
    for (service, operation, kind) in CREATING {
        let delay = Effect::Delay(Duration::from_millis(of_creation(&kind.into())));
        proxy.inject(Rule::on(service, operation).caller(TARGET).always(), delay);
    }
    // The oldest rule that names a call wins.
    proxy.inject(Rule::on("*", "*").caller(TARGET).always(), Effect::Delay(Duration::from_millis(OTHER)));
}

/// What the creating call of a type takes, in milliseconds.
pub(super) fn of_creation(kind: &ResourceType) -> u64 {
    schema::middle(&schema::latency(kind).call)
}

/// Whether a call creates.
pub(super) fn creates(call: &local::Call) -> bool {
    CREATING.iter().any(|(service, operation, _)| call.is(service, operation))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Types that are made by calls which change others, too. The measured projects have none of them.
    const LIKE_CHANGES: [&str; 4] =
        ["AWS::CloudFormation::CustomResource", "AWS::IAM::Policy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"];
    /// Types that are made by no call to the account.
    const WITHOUT_CALLS: [&str; 2] = ["AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle"];

    #[test]
    fn every_type_that_is_made_is_delayed() {
        let delayed: BTreeSet<&str> =
            CREATING.iter().map(|(_, _, kind)| *kind).chain(LIKE_CHANGES).chain(WITHOUT_CALLS).collect();
        let made: BTreeSet<&str> = schema::all().iter().filter(|kind| kind.provided).map(|kind| kind.name).collect();
        assert_eq!(delayed, made);
    }
}
