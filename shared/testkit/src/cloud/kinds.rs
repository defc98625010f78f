//! How each type behaves: how its creation is proven, what AWS calls it, what it stands in.
//!
//! Types with a provider behave as that one declares (`shared/providers`). The others are chosen so that every proof is there:
//! a VPC is made by token, a security group found by tags.

use std::time::Duration;

use engine::ports::{OnExisting, Proof};

/// How one type behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) proof: Proof,
    /// The property that its physical id is made of; none where AWS makes one up.
    pub(crate) id: Option<&'static str>,
    /// The property that names what it stands in, and of which type that is.
    pub(crate) parent: Option<(&'static str, &'static str)>,
    /// Whether it can carry tags.
    pub(crate) tagged: bool,
    /// Whether its creation takes more than one call.
    pub(crate) finished: bool,
    /// Properties that no two of one parent can share, where it is not named.
    pub(crate) unique: Option<&'static str>,
    /// By which types' mention it is held, so that AWS refuses to delete it.
    pub(crate) held: Held,
    /// How long a name cannot be used again after its deletion.
    pub(crate) blocked: Duration,
}

/// What holds something that is to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Nothing.
    ByNone,
    /// Whatever mentions it.
    ByAny,
    /// Whatever of that type mentions it and stands in the same parent.
    By(&'static str),
}

const NAME: Kind = Kind {
    name: "",
    proof: Proof::Name { on_existing: OnExisting::Refuses },
    id: None,
    parent: None,
    tagged: true,
    finished: false,
    unique: None,
    held: Held::ByNone,
    blocked: Duration::ZERO,
};
const SUCCEEDS: Kind = Kind { proof: Proof::Name { on_existing: OnExisting::Succeeds }, ..NAME };
const CHILD: Kind = Kind { proof: Proof::Child, tagged: false, ..NAME };
const API: &str = "AWS::ApiGatewayV2::Api";
const FUNCTION: &str = "AWS::Lambda::Function";
/// How long a search by tags may lag (`shared/providers/src/apigatewayv2/api.rs`).
const LAG: Duration = Duration::from_secs(5);
/// Whose creating call takes tags, and no name and no token.
const TAGGED: Kind = Kind { proof: Proof::Tag { lag: LAG }, ..NAME };

const KINDS: &[Kind] = &[
    Kind { name: API, proof: Proof::Tag { lag: LAG }, ..NAME },
    Kind {
        name: "AWS::ApiGatewayV2::Integration",
        parent: Some(("ApiId", API)),
        held: Held::By("AWS::ApiGatewayV2::Route"),
        ..CHILD
    },
    Kind { name: "AWS::ApiGatewayV2::Route", parent: Some(("ApiId", API)), unique: Some("RouteKey"), ..CHILD },
    Kind { name: "AWS::ApiGatewayV2::Stage", parent: Some(("ApiId", API)), id: Some("StageName"), ..NAME },
    Kind {
        name: "AWS::CloudFormation::CustomResource",
        proof: Proof::Token { life: Duration::from_secs(3_600) },
        tagged: false,
        ..NAME
    },
    Kind {
        name: "AWS::CloudFormation::WaitCondition",
        proof: Proof::Token { life: Duration::MAX },
        tagged: false,
        ..NAME
    },
    Kind {
        name: "AWS::CloudFormation::WaitConditionHandle",
        proof: Proof::Token { life: Duration::MAX },
        tagged: false,
        ..NAME
    },
    Kind { name: "AWS::CloudWatch::Alarm", id: Some("AlarmName"), ..SUCCEEDS },
    Kind { name: "AWS::DynamoDB::Table", id: Some("TableName"), ..NAME },
    Kind { name: "AWS::EC2::SecurityGroup", proof: Proof::Tag { lag: LAG }, held: Held::ByAny, ..NAME },
    Kind { name: "AWS::EC2::VPC", proof: Proof::Token { life: Duration::from_secs(600) }, held: Held::ByAny, ..NAME },
    Kind { name: "AWS::Events::Rule", id: Some("Name"), finished: true, ..SUCCEEDS },
    Kind { name: "AWS::IAM::Policy", tagged: false, ..CHILD },
    Kind { name: "AWS::IAM::Role", id: Some("RoleName"), finished: true, ..NAME },
    Kind { name: "AWS::Lambda::Alias", parent: Some(("FunctionName", FUNCTION)), unique: Some("Name"), ..CHILD },
    Kind { name: "AWS::Lambda::EventSourceMapping", ..TAGGED },
    Kind { name: FUNCTION, id: Some("FunctionName"), ..NAME },
    Kind { name: "AWS::Lambda::LayerVersion", ..CHILD },
    Kind { name: "AWS::Lambda::Permission", parent: Some(("FunctionName", FUNCTION)), ..CHILD },
    Kind {
        name: "AWS::Lambda::Url",
        parent: Some(("TargetFunctionArn", FUNCTION)),
        unique: Some("Qualifier"),
        ..CHILD
    },
    Kind { name: "AWS::Lambda::Version", parent: Some(("FunctionName", FUNCTION)), ..CHILD },
    Kind { name: "AWS::Logs::LogGroup", id: Some("LogGroupName"), ..NAME },
    Kind { name: "AWS::S3::Bucket", id: Some("BucketName"), finished: true, ..NAME },
    Kind {
        name: "AWS::S3::BucketPolicy",
        parent: Some(("Bucket", "AWS::S3::Bucket")),
        id: Some("Bucket"),
        tagged: false,
        ..SUCCEEDS
    },
    Kind { name: "AWS::SNS::Subscription", parent: Some(("TopicArn", "AWS::SNS::Topic")), ..CHILD },
    Kind { name: "AWS::SNS::Topic", id: Some("TopicName"), ..SUCCEEDS },
    Kind { name: "AWS::SNS::TopicPolicy", tagged: false, ..CHILD },
    // "You must wait 60 seconds after deleting a queue before you can create another queue with the same name."
    Kind { name: "AWS::SQS::Queue", id: Some("QueueName"), blocked: Duration::from_secs(60), ..SUCCEEDS },
    Kind { name: "AWS::SQS::QueuePolicy", tagged: false, ..CHILD },
    Kind { name: "AWS::SSM::Parameter", id: Some("Name"), ..NAME },
    Kind { name: "AWS::SecretsManager::Secret", id: Some("Name"), ..NAME },
];

/// Types that no schema and no provider knows yet, for schedules that are judged before they can be carried out for real.
const LATER: &[Kind] = &[
    Kind { name: "AWS::EC2::EIP", ..TAGGED },
    Kind { name: "AWS::EC2::InternetGateway", ..TAGGED },
    Kind { name: "AWS::EC2::NatGateway", ..TAGGED },
    Kind { name: "AWS::EC2::Route", ..TAGGED },
    Kind { name: "AWS::EC2::RouteTable", ..TAGGED },
    Kind { name: "AWS::EC2::Subnet", ..TAGGED },
    Kind { name: "AWS::EC2::SubnetRouteTableAssociation", ..TAGGED },
    Kind { name: "AWS::EC2::VPCGatewayAttachment", ..TAGGED },
    Kind { name: "AWS::ECS::Cluster", ..TAGGED },
    Kind { name: "AWS::ECS::Service", ..TAGGED },
    Kind { name: "AWS::ECS::TaskDefinition", ..TAGGED },
    Kind { name: "AWS::ElasticLoadBalancingV2::Listener", ..TAGGED },
    Kind { name: "AWS::ElasticLoadBalancingV2::LoadBalancer", ..TAGGED },
    Kind { name: "AWS::ElasticLoadBalancingV2::TargetGroup", ..TAGGED },
];

/// Every type that is simulated.
pub(crate) fn all() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().chain(LATER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_known_is_simulated_and_every_proof_is_there() {
        let known: Vec<_> = schema::all().iter().map(|schema| schema.name).collect();
        assert_eq!(KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>(), known);
        for proof in ["Token", "Refuses", "Succeeds", "Tag", "Child"] {
            assert!(all().any(|kind| format!("{:?}", kind.proof).contains(proof)), "{proof}");
        }
    }
}
