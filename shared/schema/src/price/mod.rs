//! What resources cost: what each costs a month while it merely exists, and by what use it is charged besides.
//!
//! Every figure is a list price of us-east-1 with its source (`sources.rs`). One that could not be confirmed is not here: the type, or
//! the use, is then without a price, and says so. Nothing is guessed, converted to another region or rounded.

mod compute;
mod data;
mod messages;
mod network;
mod say;
mod sources;
mod watching;

use model::{Price, Properties, ResourceType};

use say::{Answer, free, nothing, unknown};
use sources::{API_GATEWAY, EVENTBRIDGE, FARGATE, IAM, KMS, LAMBDA, LOAD_BALANCING, S3, SNS, SQS, VPC};

type Row = (&'static str, fn(&Properties) -> Answer);

/// By name.
const ROWS: &[Row] = &[
    ("AWS::ApiGatewayV2::Api", network::api),
    ("AWS::ApiGatewayV2::Integration", |_| free(API_GATEWAY)),
    ("AWS::ApiGatewayV2::Route", |_| free(API_GATEWAY)),
    ("AWS::ApiGatewayV2::Stage", |_| free(API_GATEWAY)),
    ("AWS::CloudFormation::CustomResource", |_| Err("its function decides what it makes".to_owned())),
    ("AWS::CloudFormation::WaitCondition", |_| nothing()),
    ("AWS::CloudFormation::WaitConditionHandle", |_| nothing()),
    ("AWS::CloudWatch::Alarm", watching::alarm),
    ("AWS::CloudWatch::CompositeAlarm", watching::composite),
    ("AWS::DynamoDB::Table", data::table),
    ("AWS::EC2::EIP", network::address),
    ("AWS::EC2::InternetGateway", |_| free(VPC)),
    ("AWS::EC2::NatGateway", network::nat_gateway),
    ("AWS::EC2::Route", |_| free(VPC)),
    ("AWS::EC2::RouteTable", |_| free(VPC)),
    ("AWS::EC2::SecurityGroup", |_| free(VPC)),
    ("AWS::EC2::Subnet", |_| free(VPC)),
    ("AWS::EC2::SubnetRouteTableAssociation", |_| free(VPC)),
    ("AWS::EC2::VPC", |_| free(VPC)),
    ("AWS::EC2::VPCEndpoint", network::endpoint),
    ("AWS::EC2::VPCGatewayAttachment", |_| free(VPC)),
    ("AWS::ECS::Cluster", |_| free(FARGATE)),
    ("AWS::ECS::Service", compute::service),
    ("AWS::ECS::TaskDefinition", |_| free(FARGATE)),
    ("AWS::ElasticLoadBalancingV2::Listener", |_| free(LOAD_BALANCING)),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", network::load_balancer),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", |_| free(LOAD_BALANCING)),
    // What applications publish is charged, and not the rules that it goes by.
    ("AWS::Events::Rule", |_| free(EVENTBRIDGE)),
    ("AWS::IAM::InstanceProfile", |_| free(IAM)),
    ("AWS::IAM::ManagedPolicy", |_| free(IAM)),
    ("AWS::IAM::Policy", |_| free(IAM)),
    ("AWS::IAM::Role", |_| free(IAM)),
    ("AWS::KMS::Alias", |_| free(KMS)),
    ("AWS::KMS::Key", data::key),
    ("AWS::Lambda::Alias", compute::qualifier),
    ("AWS::Lambda::EventInvokeConfig", |_| free(LAMBDA)),
    ("AWS::Lambda::EventSourceMapping", compute::mapping),
    ("AWS::Lambda::Function", compute::function),
    ("AWS::Lambda::LayerVersion", |_| free(LAMBDA)),
    ("AWS::Lambda::Permission", |_| free(LAMBDA)),
    ("AWS::Lambda::Url", |_| free(LAMBDA)),
    ("AWS::Lambda::Version", compute::qualifier),
    ("AWS::Logs::LogGroup", watching::log_group),
    ("AWS::Route53::HostedZone", network::hosted_zone),
    ("AWS::S3::Bucket", data::bucket),
    ("AWS::S3::BucketPolicy", |_| free(S3)),
    ("AWS::SNS::Subscription", messages::subscription),
    ("AWS::SNS::Topic", messages::topic),
    ("AWS::SNS::TopicPolicy", |_| free(SNS)),
    ("AWS::SQS::Queue", messages::queue),
    ("AWS::SQS::QueuePolicy", |_| free(SQS)),
    ("AWS::SSM::Parameter", data::parameter),
    ("AWS::SecretsManager::Secret", data::secret),
];

/// What is known of what a resource of a type costs that has these properties. References in them may stand; where a price depends on
/// one, it is not known.
pub fn price(kind: &ResourceType, properties: &Properties) -> Price {
    let found = ROWS.binary_search_by(|row| row.0.cmp(kind.as_str())).ok().and_then(|at| ROWS.get(at));
    let answer = match found {
        Some((_, of)) => of(properties),
        None => Err("no price of this type is known".to_owned()),
    };
    answer.unwrap_or_else(|why| unknown(why, Vec::new(), None))
}

#[cfg(test)]
mod tests;
