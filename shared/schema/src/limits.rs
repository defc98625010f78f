//! How often AWS lets an account call it, by type and kind of call.
//!
//! A limit that AWS documents is kept; where it documents none, a guess is made that is marked as one. Being throttled corrects
//! both downwards.

use model::ResourceType;

/// One limit, which several types and calls may share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Api {
    /// Its name: what shares it, shares this.
    pub name: &'static str,
    /// Calls a second.
    pub rate: f64,
    /// Calls that may be made at once.
    pub burst: f64,
    /// Whether AWS documents it.
    pub documented: bool,
}

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// It makes a resource.
    Create,
    /// It changes or finishes one.
    Update,
    /// It deletes one.
    Delete,
    /// It only looks.
    Read,
}

const fn documented(name: &'static str, rate: f64, burst: f64) -> Api {
    Api { name, rate, burst, documented: true }
}

const fn guessed(name: &'static str, rate: f64, burst: f64) -> Api {
    Api { name, rate, burst, documented: false }
}

// Lambda: "control plane API requests (excludes invocation, GetFunction, and GetPolicy)", 15 a second; GetFunction 100.
const LAMBDA: Api = documented("lambda", 15.0, 15.0);
const LAMBDA_READ: Api = documented("lambda GetFunction", 100.0, 100.0);
// EC2: resource-intensive and mutating actions, and describing ones.
const EC2: Api = documented("ec2", 5.0, 50.0);
const EC2_READ: Api = documented("ec2 Describe", 20.0, 100.0);
const EC2_NAT: Api = documented("ec2 CreateNatGateway", 1.0, 10.0);
const EC2_ENDPOINT: Api = documented("ec2 CreateVpcEndpoint", 0.3, 4.0);
// API Gateway: all other management calls of an account, together.
const APIGATEWAY: Api = documented("apigateway", 10.0, 40.0);
// CloudWatch: PutMetricAlarm.
const ALARMS: Api = documented("cloudwatch PutMetricAlarm", 3.0, 3.0);
// EventBridge: "all other API requests", which is all but PutEvents, 50 a second together.
const EVENTS: Api = documented("events", 50.0, 50.0);
// Secrets Manager: 50 a second for each of CreateSecret, DeleteSecret, and what changes secrets together; 10,000 for
// DescribeSecret and GetSecretValue.
const SECRETS: Api = documented("secretsmanager", 50.0, 50.0);
const SECRETS_READ: Api = documented("secretsmanager read", 10_000.0, 10_000.0);

/// The limit that a kind of call on a type counts against.
pub fn api(kind: &ResourceType, call: Call) -> Api {
    let service = kind.as_str().split("::").nth(1).unwrap_or_default();
    match (service, kind.as_str(), call) {
        ("Lambda", _, Call::Read) => LAMBDA_READ,
        ("Lambda", _, _) => LAMBDA,
        ("EC2", "AWS::EC2::NatGateway", Call::Create) => EC2_NAT,
        ("EC2", "AWS::EC2::VPCEndpoint", Call::Create) => EC2_ENDPOINT,
        ("EC2", _, Call::Read) => EC2_READ,
        ("EC2", _, _) => EC2,
        ("ApiGatewayV2", _, _) => APIGATEWAY,
        ("CloudWatch", "AWS::CloudWatch::Alarm", Call::Create | Call::Update) => ALARMS,
        ("Events", _, _) => EVENTS,
        ("SecretsManager", _, Call::Read) => SECRETS_READ,
        ("SecretsManager", _, _) => SECRETS,
        (_, _, Call::Read) => match service {
            "IAM" => guessed("iam read", 50.0, 100.0),
            "DynamoDB" => guessed("dynamodb read", 50.0, 100.0),
            "S3" => guessed("s3 read", 100.0, 100.0),
            "SQS" => guessed("sqs read", 50.0, 100.0),
            "SNS" => guessed("sns read", 50.0, 100.0),
            "SSM" => guessed("ssm read", 40.0, 40.0),
            "Logs" => guessed("logs read", 10.0, 20.0),
            "CloudWatch" => guessed("cloudwatch read", 20.0, 40.0),
            "ECS" => guessed("ecs read", 20.0, 50.0),
            "ElasticLoadBalancingV2" => guessed("elb read", 10.0, 40.0),
            _ => guessed("other read", 20.0, 50.0),
        },
        (_, _, _) => match service {
            "IAM" => guessed("iam", 20.0, 50.0),
            "DynamoDB" => guessed("dynamodb", 10.0, 50.0),
            "S3" => guessed("s3", 20.0, 50.0),
            "SQS" => guessed("sqs", 20.0, 50.0),
            "SNS" => guessed("sns", 30.0, 30.0),
            "SSM" => guessed("ssm", 3.0, 10.0),
            "Logs" => guessed("logs", 10.0, 20.0),
            "CloudWatch" => guessed("cloudwatch", 10.0, 20.0),
            "ECS" => guessed("ecs", 5.0, 20.0),
            "ElasticLoadBalancingV2" => guessed("elb", 3.0, 10.0),
            _ => guessed("other", 10.0, 20.0),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_documents_is_what_is_kept() {
        let rate = |kind: &str, call| (api(&kind.into(), call).rate, api(&kind.into(), call).documented);
        assert_eq!(rate("AWS::Lambda::Alias", Call::Create), (15.0, true));
        assert_eq!(rate("AWS::Lambda::Function", Call::Read), (100.0, true));
        assert_eq!(rate("AWS::EC2::NatGateway", Call::Create), (1.0, true));
        assert_eq!(rate("AWS::EC2::NatGateway", Call::Delete), (5.0, true));
        assert_eq!(rate("AWS::EC2::Subnet", Call::Read), (20.0, true));
        assert_eq!(rate("AWS::Events::Rule", Call::Update), (50.0, true));
        assert_eq!(rate("AWS::SecretsManager::Secret", Call::Create), (50.0, true));
        assert!(!rate("AWS::SQS::Queue", Call::Create).1);
    }

    #[test]
    fn one_name_is_one_limit() {
        let kinds =
            crate::all().iter().map(|schema| schema.name).chain(["AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint"]);
        let mut seen = std::collections::BTreeMap::new();
        for kind in kinds {
            for call in [Call::Create, Call::Update, Call::Delete, Call::Read] {
                let api = api(&kind.into(), call);
                assert_eq!(*seen.entry(api.name).or_insert(api), api);
            }
        }
    }
}
