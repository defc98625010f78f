//! Properties against the schemas of their types.

use crate::stage::check;

#[test]
fn properties_that_come_to_no_mapping_are_told() {
    check(
        "Parameters: { P: { Type: String, Default: a } }
Resources:
  A: { Type: AWS::SQS::Queue, Properties: !Ref P }
  B: { Type: AWS::SQS::Queue, Properties: !GetAtt A.Arn }
  C: { Type: AWS::SQS::Queue, Properties: !If [Yes, { QueueName: a }, !Ref AWS::NoValue] }
  D: { Type: AWS::SQS::Queue, Properties: !Ref AWS::NoValue }
Conditions: { Yes: !Equals [a, a] }
Outputs: { O: { Value: { Condition: Yes } } }
",
        &[
            "3:48 wrong-type | the properties of a resource must come to a mapping | write it out, or choose between mappings with `Fn::If`",
            "4:51 wrong-type | the properties of a resource must come to a mapping | write it out, or choose between mappings with `Fn::If`",
            r#"8:24 wrong-type | the output `O` must come to one text, not a mapping | write text, or make one of it: `!Join [",", …]`"#,
        ],
    );
}

#[test]
fn properties_of_another_type_are_told() {
    check(
        "Resources:
  F:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: soon
      Tags: { a: b }
      QueueName: [a]
      FifoQueue: maybe
",
        &[
            "5:26 wrong-type | this has to be a whole number, and is a text (`VisibilityTimeout` of `AWS::SQS::Queue`) | write a value of that type",
            "6:13 wrong-type | this has to be a list, and is a mapping (`Tags` of `AWS::SQS::Queue`) | write a value of that type",
            "7:18 wrong-type | this has to be a text, and is a list (`QueueName` of `AWS::SQS::Queue`) | write a value of that type",
            "8:18 wrong-type | this has to be true or false, and is a text (`FifoQueue` of `AWS::SQS::Queue`) | write a value of that type",
        ],
    );
}

#[test]
fn properties_that_are_missing_are_told() {
    check(
        "Resources:
  F: { Type: AWS::SNS::Subscription, Properties: { Protocol: sqs } }
  G: { Type: AWS::IAM::Role }
  H: { Type: AWS::DynamoDB::Table, Properties: { KeySchema: [{ AttributeName: a }] } }
",
        &[
            "2:3 missing-key | `TopicArn` is missing (`AWS::SNS::Subscription`) | add `TopicArn: …`",
            "3:3 missing-key | `AssumeRolePolicyDocument` is missing (`AWS::IAM::Role`) | add `AssumeRolePolicyDocument: …`",
            "4:62 missing-key | `KeyType` is missing (`KeySchema[0]` of `AWS::DynamoDB::Table`) | add `KeyType: …`",
        ],
    );
}

#[test]
fn properties_that_there_are_not_are_told() {
    check(
        "Resources:
  F:
    Type: AWS::SQS::Queue
    Properties: { VisibiltyTimeout: 1, Colour: red }
  G:
    Type: AWS::S3::Bucket
    Properties: { VersioningConfiguration: { State: Enabled } }
",
        &[
            "4:19 unknown-key | there is no property `VisibiltyTimeout` (`AWS::SQS::Queue`) | did you mean `VisibilityTimeout`?",
            "4:40 unknown-key | there is no property `Colour` (`AWS::SQS::Queue`) | there is `ContentBasedDeduplication`, `DeduplicationScope`, `DelaySeconds`, `FifoQueue`, `FifoThroughputLimit`, `KmsDataKeyReusePeriodSeconds`, `KmsMasterKeyId`, `MaximumMessageSize`, `MessageRetentionPeriod`, `QueueName`, `ReceiveMessageWaitTimeSeconds`, `RedriveAllowPolicy`, `RedrivePolicy`, `SqsManagedSseEnabled`, `Tags` and `VisibilityTimeout`",
            "7:19 missing-key | `Status` is missing (`VersioningConfiguration` of `AWS::S3::Bucket`) | add `Status: …`",
            "7:46 unknown-key | there is no property `State` (`VersioningConfiguration` of `AWS::S3::Bucket`) | did you mean `Status`?",
        ],
    );
}

#[test]
fn values_that_aws_does_not_know_are_told() {
    check(
        "Resources:
  F: { Type: AWS::S3::Bucket, Properties: { VersioningConfiguration: { Status: Enbled } } }
  G: { Type: AWS::DynamoDB::Table, Properties: { BillingMode: FREE, KeySchema: [{ AttributeName: a, KeyType: HASH }] } }
",
        &[
            "2:80 wrong-choice | `Enbled` is not one of the values that this can have (`VersioningConfiguration.Status` of `AWS::S3::Bucket`) | did you mean `Enabled`?",
            "3:63 wrong-choice | `FREE` is not one of the values that this can have (`BillingMode` of `AWS::DynamoDB::Table`) | it can be `PAY_PER_REQUEST` or `PROVISIONED`",
        ],
    );
}

#[test]
fn numbers_and_lengths_that_aws_does_not_take_are_told() {
    check("Resources:
  F: { Type: AWS::Lambda::Function, Properties: { Role: !Ref R, MemorySize: 64, Timeout: 901, Code: { S3Bucket: b, S3Key: k } } }
  R: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {}, RoleName: r } }
", &[
            "2:77 out-of-range | this is 64, and has to be from 128 to 32768 (`MemorySize` of `AWS::Lambda::Function`) | write a number that is allowed",
            "2:113 out-of-range | this has 1 character, and 3 is the least (`Code.S3Bucket` of `AWS::Lambda::Function`) | write more",
        ]);
}

#[test]
fn texts_that_do_not_match_are_told() {
    check(
        "Resources:
  F: { Type: AWS::Lambda::Function, Properties: { Role: me, Code: { ZipFile: x } } }
",
        &[
            r#"2:57 wrong-pattern | this does not match the pattern `^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$` (`Role` of `AWS::Lambda::Function`) | AWS takes only texts that match it"#,
        ],
    );
}

#[test]
fn properties_that_exclude_each_other_are_told() {
    check("Resources:
  F: { Type: AWS::Route53::RecordSet, Properties: { Name: a.example.com, Type: A, TTL: '60', ResourceRecords: [192.0.2.1], HostedZoneId: Z1, HostedZoneName: example.com. } }
", &[
            "2:142 exclusive | this takes only one of `HostedZoneId` and `HostedZoneName` (`AWS::Route53::RecordSet`) | keep only one of them",
        ]);
}

#[test]
fn properties_that_aws_sets_are_told() {
    check(
        r#"Resources:
  F: { Type: AWS::SQS::Queue, Properties: { Arn: "arn:aws:sqs:eu-central-1:123456789012:f" } }
"#,
        &["2:45 read-only | `Arn` is set by AWS, and cannot be asked for (`AWS::SQS::Queue`) | remove `Arn`"],
    );
}

#[test]
fn items_that_stand_twice_are_told() {
    check(
        r#"Resources:
  R: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {}, ManagedPolicyArns: ["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/A"] } }
"#,
        &[
            "2:123 duplicate-item | this is the same as item 0 (`ManagedPolicyArns[1]` of `AWS::IAM::Role`) | remove one of the two",
        ],
    );
}

#[test]
fn a_problem_within_a_function_is_told_where_its_value_was_written() {
    check(
        "Parameters:
  Seconds: { Type: Number, Default: 99999999 }
Conditions: { Yes: !Equals [a, a] }
Mappings: { M: { a: { b: Enbled } } }
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: !Ref Seconds
      MessageRetentionPeriod: !If [Yes, 1, 60]
  Files:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: { Status: !FindInMap [M, a, b] }
",
        &[
            "4:26 wrong-choice | `Enbled` is not one of the values that this can have (`VersioningConfiguration.Status` of `AWS::S3::Bucket`) | did you mean `Enabled`?",
            "9:31 out-of-range | this is 99999999, and has to be from 0 to 43200 (`VisibilityTimeout` of `AWS::SQS::Queue`) | write a number that is allowed",
            "10:41 out-of-range | this is 1, and has to be from 60 to 1209600 (`MessageRetentionPeriod` of `AWS::SQS::Queue`) | write a number that is allowed",
        ],
    );
}
