//! The table of types. Property names and create-only lists are those of the CloudFormation resource-type schemas.

use model::{Properties, Reach, ResourceType};
use serde_json::Value;

/// What is known of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeSchema {
    /// The type's name.
    pub name: &'static str,
    /// The property that names it, where its caller chooses the name.
    pub naming: Option<Naming>,
    /// Top-level properties that AWS cannot change in place.
    pub create_only: &'static [&'static str],
    /// Top-level properties that hold IAM policy documents, or lists of them under `PolicyDocument`.
    pub policies: &'static [&'static str],
    /// Top-level properties whose order means nothing.
    pub sets: &'static [&'static str],
    /// Top-level properties in which a reference needs no more than the other's identity; everywhere else it waits until
    /// the other is ready.
    pub identity_suffices: &'static [&'static str],
    /// Top-level properties that name a role which the service assumes: a role that was made a moment ago it refuses.
    pub assumes: &'static [&'static str],
    /// Whether it holds data that deleting it destroys.
    pub stateful: bool,
    /// Whether what uses it lingers after its own deletion, so that this one's can take hours (network interfaces).
    pub lingers: bool,
    /// Whether code of the user's own says what it is known by, at every change anew: the physical id may change with it, and
    /// its attributes do.
    pub answers: bool,
    /// The top-level property that says for how many seconds it is waited for at most; none where the engine says it. What has
    /// one is waited for when it is made, and never again: of another change only the record is told.
    pub waits: Option<&'static str>,
    /// Whether it bears neither tags nor a mark, so that nothing tells it from another that reads the same.
    pub unmarked: bool,
    /// Top-level properties of which AWS knows one at a time, where nobody chooses a name: what says the same in all of them is the
    /// same thing, whatever made it. Empty where there may be two.
    pub sole: &'static [&'static str],
    /// Whether the engine can make it; the others are known to plans and simulations only.
    pub provided: bool,
}

/// How a generated name is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming {
    /// The property that holds it.
    pub property: &'static str,
    /// Its greatest length, in bytes (the service's documented limit).
    pub length: usize,
    /// Which letters it may have.
    pub alphabet: Alphabet,
    /// What stands before the project's name.
    pub prefix: &'static str,
    /// The property that, where it is true, has the name end with [`FIFO`].
    pub fifo: Option<&'static str>,
}

/// How the names of queues and topics end that keep an order; SQS and SNS ask for it.
pub const FIFO: &str = ".fifo";

impl Naming {
    /// How the name of a resource with these properties must end.
    pub fn ending(&self, properties: &Properties) -> &'static str {
        let is_true = |value: &Value| matches!(value, Value::Bool(true)) || value.as_str() == Some("true");
        if self.fifo.and_then(|property| properties.get(property)).is_some_and(is_true) { FIFO } else { "" }
    }
}

/// Which letters a name may have, and what separates its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// Letters of both cases, digits and hyphens.
    Mixed,
    /// Lower-case letters, digits and hyphens.
    Lower,
    /// As `Mixed`, with slashes between project, environment and the rest.
    Path,
}

const fn named(property: &'static str, length: usize) -> Option<Naming> {
    Some(Naming { property, length, alphabet: Alphabet::Mixed, prefix: "", fifo: None })
}

const fn ordered(property: &'static str, length: usize, fifo: &'static str) -> Option<Naming> {
    Some(Naming { property, length, alphabet: Alphabet::Mixed, prefix: "", fifo: Some(fifo) })
}

const PLAIN: TypeSchema = TypeSchema {
    name: "",
    naming: None,
    create_only: &[],
    policies: &[],
    sets: &[],
    identity_suffices: &[],
    assumes: &[],
    stateful: false,
    lingers: false,
    answers: false,
    waits: None,
    unmarked: false,
    sole: &[],
    provided: true,
};

const TYPES: &[TypeSchema] = &[
    TypeSchema { name: "AWS::ApiGatewayV2::Api", naming: named("Name", 128), create_only: &["ProtocolType"], ..PLAIN },
    TypeSchema {
        name: "AWS::ApiGatewayV2::Integration",
        create_only: &["ApiId"],
        identity_suffices: &["IntegrationUri"],
        ..PLAIN
    },
    TypeSchema { name: "AWS::ApiGatewayV2::Route", create_only: &["ApiId"], sole: &["ApiId", "RouteKey"], ..PLAIN },
    TypeSchema {
        name: "AWS::ApiGatewayV2::Stage",
        create_only: &["ApiId", "StageName"],
        sole: &["ApiId", "StageName"],
        ..PLAIN
    },
    TypeSchema { name: "AWS::CloudFormation::CustomResource", create_only: &["ServiceToken"], answers: true, ..PLAIN },
    // CloudFormation changes nothing of the two. Who waits at another handle is another condition.
    TypeSchema {
        name: "AWS::CloudFormation::WaitCondition",
        create_only: &["Handle"],
        waits: Some("Timeout"),
        ..PLAIN
    },
    TypeSchema { name: "AWS::CloudFormation::WaitConditionHandle", ..PLAIN },
    TypeSchema {
        name: "AWS::CloudWatch::Alarm",
        naming: named("AlarmName", 255),
        create_only: &["AlarmName"],
        sets: &["AlarmActions", "OKActions", "InsufficientDataActions", "Dimensions"],
        identity_suffices: &["Dimensions", "AlarmActions", "OKActions", "InsufficientDataActions"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::DynamoDB::Table",
        naming: named("TableName", 255),
        create_only: &["TableName", "KeySchema", "ImportSourceSpecification"],
        sets: &["AttributeDefinitions"],
        stateful: true,
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::EC2::SecurityGroup",
        create_only: &["GroupDescription", "GroupName", "VpcId"],
        lingers: true,
        provided: false,
        ..PLAIN
    },
    TypeSchema { name: "AWS::EC2::VPC", create_only: &["CidrBlock"], lingers: true, provided: false, ..PLAIN },
    // A target's role is tried when the target is put.
    TypeSchema {
        name: "AWS::Events::Rule",
        naming: named("Name", 64),
        create_only: &["EventBusName", "Name"],
        sets: &["Targets"],
        assumes: &["RoleArn", "Targets"],
        ..PLAIN
    },
    // A role has one inline policy of a name: under another name it is another policy.
    TypeSchema {
        name: "AWS::IAM::Policy",
        create_only: &["PolicyName"],
        policies: &["PolicyDocument"],
        sets: &["Roles"],
        identity_suffices: &["PolicyDocument"],
        unmarked: true,
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::IAM::Role",
        naming: named("RoleName", 64),
        create_only: &["RoleName", "Path"],
        policies: &["AssumeRolePolicyDocument", "Policies"],
        sets: &["ManagedPolicyArns"],
        identity_suffices: &["Policies"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::Lambda::Alias",
        create_only: &["FunctionName", "Name"],
        sole: &["FunctionName", "Name"],
        ..PLAIN
    },
    // What it may read of its source is asked of the role when it is made.
    TypeSchema {
        name: "AWS::Lambda::EventSourceMapping",
        create_only: &["EventSourceArn", "SelfManagedEventSource", "StartingPosition", "StartingPositionTimestamp"],
        sets: &["FunctionResponseTypes"],
        sole: &["EventSourceArn", "FunctionName"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::Lambda::Function",
        naming: named("FunctionName", 64),
        create_only: &["FunctionName", "PackageType", "TenancyConfig"],
        sets: &["Architectures"],
        identity_suffices: &["Environment"],
        assumes: &["Role"],
        ..PLAIN
    },
    // All versions of one address are in one layer, which two of them share while one replaces the other: no name of their own.
    TypeSchema {
        name: "AWS::Lambda::LayerVersion",
        create_only: &[
            "CompatibleArchitectures",
            "CompatibleRuntimes",
            "Content",
            "Description",
            "LayerName",
            "LicenseInfo",
        ],
        sets: &["CompatibleArchitectures", "CompatibleRuntimes"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::Lambda::Permission",
        create_only: &[
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ],
        identity_suffices: &["SourceArn"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::Lambda::Url",
        create_only: &["TargetFunctionArn", "Qualifier"],
        sole: &["TargetFunctionArn", "Qualifier"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::Lambda::Version",
        create_only: &["CodeSha256", "Description", "FunctionName", "ProvisionedConcurrencyConfig", "RuntimePolicy"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::Logs::LogGroup",
        naming: Some(Naming {
            property: "LogGroupName",
            length: 512,
            alphabet: Alphabet::Mixed,
            prefix: "/aws/lambda/",
            fifo: None,
        }),
        create_only: &["LogGroupName", "LogGroupClass"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::S3::Bucket",
        naming: Some(Naming { property: "BucketName", length: 63, alphabet: Alphabet::Lower, prefix: "", fifo: None }),
        create_only: &["BucketName", "BucketNamePrefix", "BucketNamespace"],
        stateful: true,
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::S3::BucketPolicy",
        create_only: &["Bucket"],
        policies: &["PolicyDocument"],
        sole: &["Bucket"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::SNS::Subscription",
        create_only: &["Endpoint", "Protocol", "TopicArn"],
        sole: &["Endpoint", "Protocol", "TopicArn"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::SNS::Topic",
        naming: ordered("TopicName", 256, "FifoTopic"),
        create_only: &["TopicName", "FifoTopic"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::SNS::TopicPolicy",
        policies: &["PolicyDocument"],
        sets: &["Topics"],
        identity_suffices: &["PolicyDocument"],
        sole: &["Topics"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::SQS::Queue",
        naming: ordered("QueueName", 80, "FifoQueue"),
        create_only: &["QueueName", "FifoQueue"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::SQS::QueuePolicy",
        policies: &["PolicyDocument"],
        sets: &["Queues"],
        identity_suffices: &["PolicyDocument"],
        sole: &["Queues"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::SSM::Parameter",
        naming: Some(Naming { property: "Name", length: 1_011, alphabet: Alphabet::Path, prefix: "/", fifo: None }),
        create_only: &["Name"],
        ..PLAIN
    },
    TypeSchema {
        name: "AWS::SecretsManager::Secret",
        naming: Some(Naming { property: "Name", length: 512, alphabet: Alphabet::Path, prefix: "", fifo: None }),
        create_only: &["Name"],
        stateful: true,
        ..PLAIN
    },
];

/// Every type that is known.
pub fn all() -> &'static [TypeSchema] {
    TYPES
}

/// What is known of a type; none where it is not supported. Every `Custom::…` is a custom resource.
pub fn get(kind: &ResourceType) -> Option<&'static TypeSchema> {
    let name =
        if kind.as_str().starts_with("Custom::") { "AWS::CloudFormation::CustomResource" } else { kind.as_str() };
    let at = TYPES.binary_search_by(|schema| schema.name.cmp(name)).ok()?;
    TYPES.get(at)
}

impl TypeSchema {
    /// For how many seconds what has these properties is waited for at most; none where the engine says it.
    pub fn patience(&self, properties: &Properties) -> Option<u64> {
        match properties.get(self.waits?)? {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        }
    }

    /// What a reference in the top-level property `head` waits for.
    pub fn reach(&self, head: &str) -> Reach {
        if self.identity_suffices.contains(&head) { Reach::Identified } else { Reach::Ready }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_type_is_found() {
        assert!(TYPES.is_sorted_by(|a, b| a.name < b.name));
        for schema in all() {
            assert_eq!(get(&schema.name.into()).unwrap().name, schema.name);
        }
        assert!(get(&"AWS::Made::Up".into()).is_none());
    }

    #[test]
    fn how_long_something_is_waited_for_stands_in_its_properties_as_text_or_number() {
        let condition = get(&"AWS::CloudFormation::WaitCondition".into()).unwrap();
        let patience = |timeout: Value| condition.patience(&[("Timeout".to_owned(), timeout)].into_iter().collect());
        assert_eq!([patience("300".into()), patience(60.into()), patience("soon".into())], [Some(300), Some(60), None]);
        assert_eq!(get(&"AWS::SQS::Queue".into()).unwrap().patience(&Properties::new()), None);
    }

    #[test]
    fn a_name_that_cannot_be_changed_is_create_only() {
        for schema in all() {
            let Some(naming) = schema.naming else { continue };
            let renameable = schema.name == "AWS::ApiGatewayV2::Api";
            assert_eq!(!renameable, schema.create_only.contains(&naming.property), "{}", schema.name);
        }
    }
}
