//! What is wrong with properties, as whoever wrote them reads it.

use schema::registry::{self, Violation, validate};
use serde_json::{Value, json};

/// Every violation as `place: message (help)`.
fn told(kind: &str, properties: &Value) -> Vec<String> {
    let resource = registry::resource(kind).unwrap();
    let line = |one: &Violation| {
        let help = one.help().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}", one.place(), one.message())
    };
    validate(&resource, properties).iter().map(line).collect()
}

/// Properties of a type, and what is told of them.
fn check(kind: &str, properties: Value, expected: &[&str]) {
    assert_eq!(told(kind, &properties), expected, "{kind} {properties}");
}

const BUCKET: &str = "AWS::S3::Bucket";
const FUNCTION: &str = "AWS::Lambda::Function";
const TABLE: &str = "AWS::DynamoDB::Table";
const QUEUE: &str = "AWS::SQS::Queue";
const GROUP: &str = "AWS::EC2::SecurityGroup";
const ROLE: &str = "AWS::IAM::Role";

/// A function with nothing wrong, and what is given in addition or instead.
fn function(changes: Value) -> Value {
    let mut properties = json!({ "Code": { "ZipFile": "x" }, "Role": "arn:aws:iam::123456789012:role/lambda",
        "Handler": "index.handler", "Runtime": "nodejs22.x" });
    for (name, value) in changes.as_object().unwrap() {
        properties[name] = value.clone();
    }
    properties
}

/// A table with nothing wrong, and what is given in addition or instead.
fn table(changes: Value) -> Value {
    let mut properties = json!({ "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }], "BillingMode": "PAY_PER_REQUEST" });
    for (name, value) in changes.as_object().unwrap() {
        properties[name] = value.clone();
    }
    properties
}

#[test]
fn a_property_that_is_missing_is_named() {
    check(FUNCTION, json!({}), &[": `Code` is missing", ": `Role` is missing"]);
    check(
        FUNCTION,
        json!({ "Code": { "ZipFile": "x" }, "Handler": "a", "Runtime": "python3.13" }),
        &[": `Role` is missing"],
    );
    check(GROUP, json!({}), &[": `GroupDescription` is missing"]);
    check(
        TABLE,
        table(json!({ "ProvisionedThroughput": { "ReadCapacityUnits": 1 } })),
        &["ProvisionedThroughput: `WriteCapacityUnits` is missing"],
    );
    check(
        BUCKET,
        json!({ "LifecycleConfiguration": { "Rules": [{ "Status": "Enabled", "ExpirationInDays": 1 }, { "ExpirationInDays": 1 }] } }),
        &["LifecycleConfiguration.Rules[1]: `Status` is missing"],
    );
    check(
        ROLE,
        json!({ "AssumeRolePolicyDocument": {}, "Policies": [{ "PolicyName": "a" }] }),
        &["Policies[0]: `PolicyDocument` is missing"],
    );
}

#[test]
fn a_property_that_there_is_not_is_told_with_what_was_meant() {
    check(BUCKET, json!({ "BucketNme": "a" }), &[": there is no property `BucketNme` (did you mean `BucketName`?)"]);
    check(BUCKET, json!({ "bucketname": "a" }), &[": there is no property `bucketname` (did you mean `BucketName`?)"]);
    check(
        BUCKET,
        json!({ "Zzz": 1 }),
        &[
            ": there is no property `Zzz` (there is `AbacStatus`, `AccelerateConfiguration`, `AccessControl`, `AnalyticsConfigurations`, `BucketEncryption`, `BucketName`, `BucketNamePrefix`, `BucketNamespace`, `CorsConfiguration`, `IntelligentTieringConfigurations`, `InventoryConfigurations`, `LifecycleConfiguration`, `LoggingConfiguration`, `MetadataConfiguration`, `MetadataTableConfiguration`, `MetricsConfigurations` and 9 others)",
        ],
    );
    check(
        QUEUE,
        json!({ "Tags": [{ "Key": "a", "Value": "b", "Colour": "red" }] }),
        &["Tags[0]: there is no property `Colour` (there is `Key` and `Value`)"],
    );
    check(
        FUNCTION,
        function(json!({ "VpcConfig": { "SubnetId": ["a"] } })),
        &["VpcConfig: there is no property `SubnetId` (did you mean `SubnetIds`?)"],
    );
    check(
        "AWS::CloudFormation::WaitConditionHandle",
        json!({ "A": 1 }),
        &[": there is no property `A` (nothing can be given here)"],
    );
}

#[test]
fn a_value_of_another_type_is_told_with_both_types() {
    check(QUEUE, json!({ "DelaySeconds": "soon" }), &["DelaySeconds: this has to be a whole number, and is a text"]);
    check(QUEUE, json!({ "DelaySeconds": 1.5 }), &["DelaySeconds: this has to be a whole number, and has a fraction"]);
    check(QUEUE, json!({ "FifoQueue": "yes" }), &["FifoQueue: this has to be true or false, and is a text"]);
    check(QUEUE, json!({ "FifoQueue": 1 }), &["FifoQueue: this has to be true or false, and is a whole number"]);
    check(QUEUE, json!({ "Tags": { "Key": "a", "Value": "b" } }), &["Tags: this has to be a list, and is a mapping"]);
    check(QUEUE, json!({ "QueueName": ["a"] }), &["QueueName: this has to be a text, and is a list"]);
    check(QUEUE, json!({ "QueueName": null }), &["QueueName: this has to be a text, and is nothing (leave it out)"]);
    check(
        QUEUE,
        json!({ "RedrivePolicy": 3 }),
        &["RedrivePolicy: this has to be a text or a mapping, and is a whole number"],
    );
    check(QUEUE, json!([]), &[": this has to be a mapping, and is a list"]);
    check(
        FUNCTION,
        function(json!({ "Environment": { "Variables": ["A=1"] } })),
        &["Environment.Variables: this has to be a mapping, and is a list"],
    );
    check(
        FUNCTION,
        function(json!({ "Environment": { "Variables": { "A": { "b": 1 } } } })),
        &[
            "Environment.Variables: `A` is not a name that is allowed here (names have to match `[a-zA-Z][a-zA-Z0-9_]+`)",
        ],
    );
    check(
        ROLE,
        json!({ "AssumeRolePolicyDocument": ["a"] }),
        &["AssumeRolePolicyDocument: this has to be a text or a mapping, and is a list"],
    );
}

#[test]
fn a_value_that_is_not_allowed_is_told_with_those_that_are() {
    check(
        FUNCTION,
        function(json!({ "Runtime": "nodejs22" })),
        &["Runtime: `nodejs22` is not one of the values that this can have (did you mean `nodejs22.x`?)"],
    );
    check(
        FUNCTION,
        function(json!({ "PackageType": "Docker" })),
        &["PackageType: `Docker` is not one of the values that this can have (it can be `Image` or `Zip`)"],
    );
    check(
        TABLE,
        table(json!({ "BillingMode": "pay_per_request" })),
        &[
            "BillingMode: `pay_per_request` is not one of the values that this can have (did you mean `PAY_PER_REQUEST`?)",
        ],
    );
    check(
        TABLE,
        table(json!({ "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "String" }] })),
        &[
            "AttributeDefinitions[0].AttributeType: `String` is not one of the values that this can have (it can be `B`, `N` or `S`)",
        ],
    );
    check(
        BUCKET,
        json!({ "VersioningConfiguration": { "Status": true } }),
        &[
            "VersioningConfiguration.Status: `true` is not one of the values that this can have (it can be `Enabled` or `Suspended`)",
        ],
    );
    check(
        "AWS::Logs::LogGroup",
        json!({ "RetentionInDays": 8 }),
        &[
            "RetentionInDays: `8` is not one of the values that this can have (it can be `1`, `3`, `5`, `7`, `14`, `30`, `60`, `90`, `120`, `150`, `180`, `365`, `400`, `545`, `731`, `1096` or 6 others)",
        ],
    );
}

#[test]
fn a_text_is_told_how_long_it_may_be_and_what_it_must_look_like() {
    check(
        ROLE,
        json!({ "AssumeRolePolicyDocument": {}, "RoleName": "r".repeat(65) }),
        &["RoleName: this has 65 characters, and 64 is the most"],
    );
    check(
        ROLE,
        json!({ "AssumeRolePolicyDocument": {}, "RoleName": "" }),
        &[
            "RoleName: this has 0 characters, and 1 is the least",
            r#"RoleName: this does not match the pattern `^[\w+=,.@-]+$`"#,
        ],
    );
    check(
        FUNCTION,
        function(json!({ "Role": "my-role" })),
        &[r#"Role: this does not match the pattern `^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`"#],
    );
    check(
        FUNCTION,
        function(json!({ "Handler": "index handler" })),
        &[r#"Handler: this does not match the pattern `^[^\s]+$`"#],
    );
    check(
        QUEUE,
        json!({ "Tags": [{ "Key": "k".repeat(129), "Value": "" }] }),
        &["Tags[0].Key: this has 129 characters, and 128 is the most"],
    );
    check(
        "AWS::KMS::Alias",
        json!({ "AliasName": "data", "TargetKeyId": "a" }),
        &["AliasName: this does not match the pattern `^(alias/)[a-zA-Z0-9:/_-]+$`"],
    );
}

#[test]
fn a_number_is_told_its_bounds() {
    check(QUEUE, json!({ "DelaySeconds": 901 }), &["DelaySeconds: this is 901, and has to be from 0 to 900"]);
    check(QUEUE, json!({ "DelaySeconds": "901" }), &["DelaySeconds: this is 901, and has to be from 0 to 900"]);
    check(
        QUEUE,
        json!({ "MaximumMessageSize": 10 }),
        &["MaximumMessageSize: this is 10, and has to be from 1024 to 1048576"],
    );
    check(
        FUNCTION,
        function(json!({ "MemorySize": 64 })),
        &["MemorySize: this is 64, and has to be from 128 to 32768"],
    );
    check(FUNCTION, function(json!({ "Timeout": 0 })), &["Timeout: this is 0, and has to be from 1 to 5400"]);
    check(
        FUNCTION,
        function(json!({ "EphemeralStorage": { "Size": 40000 } })),
        &["EphemeralStorage.Size: this is 40000, and has to be from 512 to 32768"],
    );
    check(
        "AWS::CloudFront::RealtimeLogConfig",
        json!({ "Name": "a", "EndPoints": [{ "StreamType": "Kinesis", "KinesisStreamConfig": { "RoleArn": "a", "StreamArn": "b" } }], "Fields": ["a"], "SamplingRate": 200 }),
        &["SamplingRate: this is 200, and has to be from 1 to 100"],
    );
}

#[test]
fn lists_are_told_how_many_items_they_may_have_and_which_stands_there_twice() {
    check(
        FUNCTION,
        function(json!({ "Architectures": ["arm64", "x86_64"] })),
        &["Architectures: this has 2 entries, and 1 is the most"],
    );
    check(
        FUNCTION,
        function(json!({ "Architectures": ["arm64", "arm64"] })),
        &["Architectures: this has 2 entries, and 1 is the most", "Architectures[1]: this is the same as item 0"],
    );
    check(TABLE, table(json!({ "KeySchema": [] })), &["KeySchema: this has 0 entries, and 1 is the least"]);
    check(
        TABLE,
        table(json!({ "KeySchema": [{ "AttributeName": "id", "KeyType": "RANGE" }] })),
        &["KeySchema[0].KeyType: `RANGE` is not one of the values that this can have (it can only be `HASH`)"],
    );
    check(
        TABLE,
        table(
            json!({ "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }, { "AttributeName": "id", "KeyType": "RANGE" }] }),
        ),
        &["KeySchema[1]: this has the same `AttributeName` as item 0"],
    );
    check(
        FUNCTION,
        function(json!({ "Architectures": [{ "Ref": "a" }, { "Ref": "b" }] })),
        &["Architectures: this has 2 entries, and 1 is the most"],
    );
    check(
        ROLE,
        json!({ "AssumeRolePolicyDocument": {}, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B", "arn:aws:iam::aws:policy/A"] }),
        &["ManagedPolicyArns[2]: this is the same as item 0"],
    );
}

#[test]
fn of_several_groups_of_properties_it_is_told_which_are_needed() {
    check("AWS::EC2::VPC", json!({}), &[": this needs `CidrBlock` or `Ipv4IpamPoolId`"]);
    check(
        "AWS::EC2::VPC",
        json!({ "CidrBlock": "10.0.0.0/16", "Ipv4IpamPoolId": "a", "Ipv4NetmaskLength": 16 }),
        &[": this takes only one of `CidrBlock` and `Ipv4IpamPoolId`"],
    );
    check("AWS::Events::Rule", json!({ "State": "ENABLED" }), &[": this needs `EventPattern` or `ScheduleExpression`"]);
    check(
        "AWS::EC2::VPCBlockPublicAccessExclusion",
        json!({ "InternetGatewayExclusionMode": "allow-egress" }),
        &[": this needs `VpcId` or `SubnetId`"],
    );
    check(
        "AWS::EC2::VPCBlockPublicAccessExclusion",
        json!({ "InternetGatewayExclusionMode": "allow-egress", "VpcId": "a", "SubnetId": "b" }),
        &[": this takes only one of `VpcId` and `SubnetId`"],
    );
    check(
        "AWS::CloudWatch::MetricStream",
        json!({ "FirehoseArn": "a".repeat(20), "RoleArn": "a".repeat(20), "OutputFormat": "json", "IncludeFilters": [{ "Namespace": "a" }], "ExcludeFilters": [{ "Namespace": "b" }] }),
        &[": `IncludeFilters` and `ExcludeFilters` cannot be given together"],
    );
    check(
        "AWS::Glue::UsageProfile",
        json!({ "Name": "a", "Configuration": { "JobConfiguration": { "timeout": {} } } }),
        &[
            "Configuration.JobConfiguration.timeout: this needs `AllowedValues` or `MinValue` with `MaxValue`",
            "Name: this has 1 character, and 5 is the least",
        ],
    );
    check(
        "AWS::EC2::Volume",
        json!({ "Size": 10 }),
        &[": this needs `AvailabilityZone`, `AvailabilityZoneId` or `SourceVolumeId`"],
    );
    check(
        "AWS::AutoScaling::AutoScalingGroup",
        json!({ "MinSize": "1", "MaxSize": "2" }),
        &[": this needs `InstanceId`, `LaunchConfigurationName`, `LaunchTemplate` or `MixedInstancesPolicy`"],
    );
    check(
        "AWS::EVS::Environment",
        json!({ "Hosts": [{ "HostName": "a", "KeyName": "b", "InstanceType": "i4i.metal", "PlacementGroupId": "pg-12345678", "DedicatedHostId": "h-12345678" }] }),
        &[
            ": `VpcId` is missing",
            ": `ServiceAccessSubnetId` is missing",
            ": `VcfVersion` is missing",
            ": `TermsAccepted` is missing",
            "Hosts: this has 1 entry, and 4 is the least",
            "Hosts[0]: `DedicatedHostId` cannot be given together with what else is given",
        ],
    );
    check(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        json!({ "Subnets": ["a", "b"], "SubnetMappings": [{ "SubnetId": "a" }] }),
        &[": this takes only one of `Subnets` and `SubnetMappings`"],
    );
}

#[test]
fn the_alternative_that_comes_closest_says_what_it_lacks() {
    check(TABLE, table(json!({ "KeySchema": [{ "AttributeName": "id" }] })), &["KeySchema[0]: `KeyType` is missing"]);
    check(
        "AWS::Bedrock::Agent",
        json!({ "AgentName": "a", "ActionGroups": [{ "ActionGroupName": "a", "ApiSchema": { "S3": { "S3BucketName": "bucket", "S3ObjectKey": "" } } }] }),
        &[
            "ActionGroups[0].ApiSchema.S3.S3ObjectKey: this has 0 characters, and 1 is the least",
            r#"ActionGroups[0].ApiSchema.S3.S3ObjectKey: this does not match the pattern `^[\.\-\!\*\_\'\(\)a-zA-Z0-9][\.\-\!\*\_\'\(\)\/a-zA-Z0-9]*$`"#,
        ],
    );
    check(
        "AWS::Bedrock::Agent",
        json!({ "AgentName": "a", "ActionGroups": [{ "ActionGroupName": "a", "ApiSchema": { "S3": {}, "Payload": "x" } }] }),
        &["ActionGroups[0].ApiSchema: this takes only one of `Payload` and `S3`"],
    );
    check(
        "AWS::S3::StorageLens",
        json!({ "StorageLensConfiguration": { "Id": "a", "IsEnabled": true, "AccountLevel": { "BucketLevel": {} }, "DataExport": { "S3BucketDestination": { "OutputSchemaVersion": "V_1", "Format": "CSV", "AccountId": "123456789012", "Arn": "arn:aws:s3:::a", "Encryption": { "SSEKMS": {} } } } } }),
        &["StorageLensConfiguration.DataExport.S3BucketDestination.Encryption.SSEKMS: `KeyId` is missing"],
    );
    check(
        "AWS::SageMaker::ModelCard",
        json!({ "ModelCardName": "a", "ModelCardStatus": "Draft", "Content": { "EvaluationDetails": [{ "Name": "a", "MetricGroups": [{ "Name": "a", "MetricData": [{ "Name": "a", "Type": "number", "Value": [1] }] }] }] } }),
        &[
            "Content.EvaluationDetails[0].MetricGroups[0].MetricData[0].Value: this has to be a text, a number or true or false, and is a list",
        ],
    );
    check(
        "AWS::WAFv2::WebACL",
        json!({ "DefaultAction": { "Allow": {} }, "Scope": "REGIONAL", "VisibilityConfig": { "CloudWatchMetricsEnabled": true, "MetricName": "a", "SampledRequestsEnabled": true },
        "Rules": [{ "Name": "a", "Priority": 0, "VisibilityConfig": { "CloudWatchMetricsEnabled": true, "MetricName": "a", "SampledRequestsEnabled": true }, "Statement": { "GeoMatchStatement": { "CountryCodes": ["Germany"] } } }] }),
        &[
            "Rules[0].Statement.GeoMatchStatement.CountryCodes[0]: `Germany` is not one of the values that this can have (it can be `AD`, `AE`, `AF`, `AG`, `AI`, `AL`, `AM`, `AO`, `AQ`, `AR`, `AS`, `AT`, `AU`, `AW`, `AX`, `AZ` or 234 others)",
        ],
    );
}

#[test]
fn one_property_needs_or_excludes_another() {
    check(
        TABLE,
        table(json!({ "SSESpecification": { "SSEEnabled": true, "KMSMasterKeyId": "a" } })),
        &["SSESpecification: `KMSMasterKeyId` needs `SSEType`, which is missing"],
    );
    check(
        "AWS::Lambda::Alias",
        json!({ "FunctionName": "a", "FunctionVersion": "1", "Name": "live", "ProvisionedConcurrencyConfig": { "ProvisionedConcurrentExecutions": 1 }, "RoutingConfig": { "AdditionalVersionWeights": [] } }),
        &[": `ProvisionedConcurrencyConfig` and `RoutingConfig` cannot be given together"],
    );
    check(
        "AWS::EC2::Subnet",
        json!({ "VpcId": "a", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "a", "AvailabilityZoneId": "b" }),
        &[": `AvailabilityZone` and `AvailabilityZoneId` cannot be given together"],
    );
}

#[test]
fn what_aws_sets_cannot_be_asked_for() {
    check(
        BUCKET,
        json!({ "Arn": "arn:aws:s3:::a" }),
        &[": `Arn` is set by AWS, and cannot be asked for (remove `Arn`)"],
    );
    check(
        QUEUE,
        json!({ "QueueUrl": { "Ref": "Other" }, "QueueName": "a" }),
        &[": `QueueUrl` is set by AWS, and cannot be asked for (remove `QueueUrl`)"],
    );
}

#[test]
fn everything_is_told_at_once_in_the_order_of_its_places() {
    check(
        QUEUE,
        json!({ "VisibilityTimeout": -1, "DelaySeconds": "x", "Tags": [{ "Key": "" }], "Color": "red" }),
        &[
            ": there is no property `Color` (there is `ContentBasedDeduplication`, `DeduplicationScope`, `DelaySeconds`, `FifoQueue`, `FifoThroughputLimit`, `KmsDataKeyReusePeriodSeconds`, `KmsMasterKeyId`, `MaximumMessageSize`, `MessageRetentionPeriod`, `QueueName`, `ReceiveMessageWaitTimeSeconds`, `RedriveAllowPolicy`, `RedrivePolicy`, `SqsManagedSseEnabled`, `Tags` and `VisibilityTimeout`)",
            "DelaySeconds: this has to be a whole number, and is a text",
            "Tags[0]: `Value` is missing",
            "Tags[0].Key: this has 0 characters, and 1 is the least",
            "VisibilityTimeout: this is -1, and has to be from 0 to 43200",
        ],
    );
}

#[test]
fn what_is_not_known_yet_is_never_wrong() {
    let later = json!({ "Fn::ImportValue": "x" });
    for (kind, properties) in [
        (QUEUE, later.clone()),
        (
            QUEUE,
            json!({ "DelaySeconds": later, "FifoQueue": { "Condition": "Fifo" }, "Tags": later, "RedrivePolicy": later }),
        ),
        (
            QUEUE,
            json!({ "Tags": [later, { "Fn::If": ["A", later, later] }, { "Key": later, "Value": { "Ref": "a" } }] }),
        ),
        (QUEUE, json!({ "DelaySeconds": "{{resolve:ssm:/delay}}", "Tags": "{{resolve:ssm:/tags}}" })),
        (
            FUNCTION,
            json!({ "Code": later, "Role": later, "Runtime": later, "Handler": later, "Architectures": [later] }),
        ),
        (FUNCTION, function(json!({ "Code": { "S3Bucket": later, "S3Key": later }, "Role": "{{resolve:ssm:role}}" }))),
        (
            TABLE,
            table(
                json!({ "KeySchema": [{ "Fn::If": ["A", later, later] }, { "AttributeName": "id", "KeyType": later }] }),
            ),
        ),
        (
            "AWS::EC2::VPC",
            json!({ "CidrBlock": { "Fn::If": ["A", "10.0.0.0/16", later] }, "Ipv4IpamPoolId": { "Fn::If": ["A", later, "b"] } }),
        ),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", json!({ "Subnets": ["a"], "SubnetMappings": [] })),
        (GROUP, json!({ "Fn::Transform": { "Name": "Group" } })),
        (GROUP, json!({ "Fn::Transform": { "Name": "Group" }, "GroupName": "a" })),
        (QUEUE, json!({ "Tags": [{ "Fn::ForEach::Tags": ["T", later, {}] }] })),
    ] {
        check(kind, properties, &[]);
    }
}

#[test]
fn a_number_or_a_truth_value_is_the_same_as_its_text() {
    for (kind, properties) in [
        (QUEUE, json!({ "DelaySeconds": "30", "FifoQueue": "true", "QueueName": 12 })),
        (QUEUE, json!({ "FifoQueue": "False", "DelaySeconds": 30.0 })),
        (
            FUNCTION,
            function(
                json!({ "Environment": { "Variables": { "AA": 1, "BB": true, "CC": 1.5 } }, "MemorySize": "256" }),
            ),
        ),
        (BUCKET, json!({ "Tags": [{ "Key": 1, "Value": true }] })),
        ("AWS::Logs::LogGroup", json!({ "RetentionInDays": "7" })),
        (
            "AWS::ApiGatewayV2::Integration",
            json!({ "ApiId": "a", "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": 2.0 }),
        ),
    ] {
        check(kind, properties, &[]);
    }
}
