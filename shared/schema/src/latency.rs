//! How long AWS takes, by type. Ranges from published transcripts of deployments, in milliseconds; the middle of a range is
//! what a schedule expects, its lower end is when waiting becomes worth a look.
//!
//! Types that have no provider yet are here, too: a schedule may be judged before it can be carried out.

use std::ops::RangeInclusive;

use model::ResourceType;

/// How long things take for one type, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latency {
    /// The creating call itself.
    pub call: RangeInclusive<u64>,
    /// From its answer until the resource is ready.
    pub ready: RangeInclusive<u64>,
    /// From its answer until what depends on it may use it everywhere, though it looks ready before (roles).
    pub propagation: RangeInclusive<u64>,
    /// From the deleting call until it is gone.
    pub gone: RangeInclusive<u64>,
}

impl Latency {
    /// From the start of a creation until its dependents can use it: the middles of the ranges.
    pub fn expected(&self) -> u64 {
        middle(&self.call) + middle(&self.ready).max(middle(&self.propagation))
    }
}

/// The middle of a range.
pub fn middle(range: &RangeInclusive<u64>) -> u64 {
    range.start().midpoint(*range.end())
}

type Row = (&'static str, [u64; 2], [u64; 2], [u64; 2], [u64; 2]);

/// By name: call, ready, propagation, gone.
const ROWS: &[Row] = &[
    ("AWS::ApiGatewayV2::Api", [800, 1_200], [0, 0], [0, 0], [0, 0]),
    ("AWS::ApiGatewayV2::Integration", [800, 1_200], [0, 0], [0, 0], [0, 0]),
    ("AWS::ApiGatewayV2::Route", [800, 1_200], [0, 0], [0, 0], [0, 0]),
    ("AWS::ApiGatewayV2::Stage", [800, 1_200], [0, 0], [0, 0], [0, 0]),
    ("AWS::CertificateManager::Certificate", [500, 1_000], [88_000, 531_000], [0, 0], [0, 0]),
    ("AWS::CloudFormation::CustomResource", [100, 500], [500, 5_000], [0, 0], [500, 5_000]),
    // Whoever is waited for decides: minutes, where an instance installs something.
    ("AWS::CloudFormation::WaitCondition", [1, 10], [500, 120_000], [0, 0], [0, 0]),
    ("AWS::CloudFormation::WaitConditionHandle", [1, 10], [0, 0], [0, 0], [0, 0]),
    ("AWS::CloudFront::Distribution", [1_000, 2_000], [154_000, 215_000], [0, 0], [0, 0]),
    ("AWS::CloudWatch::Alarm", [100, 900], [0, 0], [0, 0], [0, 0]),
    ("AWS::DynamoDB::Table", [200, 500], [4_800, 7_500], [0, 0], [2_000, 5_000]),
    ("AWS::EC2::EIP", [500, 1_500], [0, 0], [0, 0], [0, 0]),
    ("AWS::EC2::InternetGateway", [500, 1_500], [0, 0], [0, 0], [0, 0]),
    ("AWS::EC2::NatGateway", [800, 1_500], [84_000, 123_000], [0, 0], [37_000, 79_000]),
    ("AWS::EC2::Route", [500, 1_500], [0, 0], [0, 0], [0, 0]),
    ("AWS::EC2::RouteTable", [500, 1_500], [0, 0], [0, 0], [0, 0]),
    ("AWS::EC2::SecurityGroup", [1_000, 3_000], [0, 0], [0, 0], [0, 0]),
    ("AWS::EC2::Subnet", [600, 1_400], [0, 0], [0, 0], [0, 0]),
    ("AWS::EC2::SubnetRouteTableAssociation", [500, 1_500], [0, 0], [0, 0], [0, 0]),
    ("AWS::EC2::VPC", [800, 1_500], [200, 2_500], [0, 0], [0, 0]),
    ("AWS::EC2::VPCEndpoint", [1_000, 2_000], [59_000, 118_000], [0, 0], [10_000, 60_000]),
    ("AWS::EC2::VPCGatewayAttachment", [500, 1_500], [0, 0], [0, 0], [0, 0]),
    ("AWS::ECS::Cluster", [500, 1_000], [9_500, 11_000], [0, 0], [0, 0]),
    ("AWS::ECS::Service", [800, 1_500], [70_000, 78_000], [0, 0], [10_000, 60_000]),
    ("AWS::ECS::TaskDefinition", [500, 1_000], [0, 0], [0, 0], [0, 0]),
    ("AWS::ElasticLoadBalancingV2::Listener", [500, 1_000], [0, 0], [0, 0], [0, 0]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", [1_000, 2_000], [134_000, 185_000], [0, 0], [5_000, 30_000]),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", [500, 1_000], [0, 0], [0, 0], [0, 0]),
    ("AWS::Events::Rule", [500, 1_000], [0, 0], [0, 0], [0, 0]),
    ("AWS::IAM::Policy", [200, 800], [0, 0], [0, 0], [0, 0]),
    ("AWS::IAM::Role", [300, 2_700], [0, 0], [5_000, 12_000], [0, 0]),
    ("AWS::KMS::Key", [500, 1_000], [500, 28_000], [0, 0], [0, 0]),
    ("AWS::Lambda::Alias", [300, 700], [0, 0], [0, 0], [0, 0]),
    ("AWS::Lambda::EventSourceMapping", [500, 1_000], [1_000, 10_000], [0, 0], [1_000, 10_000]),
    ("AWS::Lambda::Function", [500, 1_000], [500, 2_000], [0, 0], [0, 0]),
    ("AWS::Lambda::LayerVersion", [500, 2_000], [0, 0], [0, 0], [0, 0]),
    ("AWS::Lambda::Permission", [300, 700], [0, 0], [0, 0], [0, 0]),
    ("AWS::Lambda::Url", [300, 700], [0, 0], [0, 0], [0, 0]),
    ("AWS::Lambda::Version", [500, 1_000], [0, 500], [0, 0], [0, 0]),
    ("AWS::Logs::LogGroup", [200, 1_800], [0, 0], [0, 0], [0, 0]),
    ("AWS::RDS::DBInstance", [1_000, 2_000], [356_000, 366_000], [0, 0], [60_000, 300_000]),
    ("AWS::S3::Bucket", [1_000, 3_000], [0, 0], [0, 0], [0, 0]),
    ("AWS::S3::BucketPolicy", [200, 800], [0, 0], [0, 0], [0, 0]),
    ("AWS::SNS::Subscription", [200, 800], [0, 0], [0, 0], [0, 0]),
    ("AWS::SNS::Topic", [200, 1_800], [0, 0], [0, 0], [0, 0]),
    ("AWS::SNS::TopicPolicy", [200, 800], [0, 0], [0, 0], [0, 0]),
    ("AWS::SQS::Queue", [200, 1_800], [0, 0], [0, 0], [0, 0]),
    ("AWS::SQS::QueuePolicy", [200, 800], [0, 0], [0, 0], [0, 0]),
    ("AWS::SSM::Parameter", [200, 1_800], [0, 0], [0, 0], [0, 0]),
    ("AWS::SecretsManager::Secret", [300, 1_500], [0, 0], [0, 0], [0, 0]),
];

/// How long things take for a type. What is not in the table is taken for quick.
pub fn latency(kind: &ResourceType) -> Latency {
    let found = ROWS.binary_search_by(|row| row.0.cmp(kind.as_str())).ok().and_then(|at| ROWS.get(at));
    let range = |[low, high]: [u64; 2]| low..=high;
    match found {
        Some((_, call, ready, propagation, gone)) => {
            Latency { call: range(*call), ready: range(*ready), propagation: range(*propagation), gone: range(*gone) }
        }
        None => Latency { call: 500..=1_500, ready: 0..=0, propagation: 0..=0, gone: 0..=0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_every_type_that_is_supported() {
        assert!(ROWS.is_sorted_by(|a, b| a.0 < b.0));
        for schema in crate::all() {
            assert!(ROWS.iter().any(|row| row.0 == schema.name), "{}", schema.name);
        }
    }

    #[test]
    fn a_role_takes_until_it_can_be_used_and_a_table_until_it_is_active() {
        assert_eq!(latency(&"AWS::IAM::Role".into()).expected(), 10_000);
        assert_eq!(latency(&"AWS::DynamoDB::Table".into()).expected(), 6_500);
        assert_eq!(latency(&"AWS::Made::Up".into()).expected(), 1_000);
    }
}
