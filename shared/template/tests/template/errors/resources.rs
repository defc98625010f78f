//! `Resources`, without their properties.

use crate::stage::check;

#[test]
fn a_template_without_resources_is_told() {
    check(
        "Description: nothing
",
        &["1:1 missing-key | a template needs the key `Resources` | add `Resources: …`"],
    );
    check(
        "Resources:
",
        &["1:1 missing-key | a template needs the key `Resources` | `Resources` has no value: give it one"],
    );
}

#[test]
fn resources_of_a_wrong_shape_are_told() {
    check(
        "Resources:
  - Type: AWS::SQS::Queue
",
        &["2:3 wrong-type | `Resources` must be a mapping of resources, not a list | write it as `name: …` lines"],
    );
    check(
        "Resources:
  Orders: AWS::SQS::Queue
",
        &[
            "2:11 wrong-type | a resource must be a mapping, not the text `AWS::SQS::Queue` | write it as `key: value` lines",
        ],
    );
    check(
        "Resources:
  Orders: {}
",
        &["2:11 missing-key | a resource needs the key `Type` | add `Type: …`"],
    );
    check(
        "Resources:
  Orders: { Type: }
",
        &["2:13 missing-key | a resource needs the key `Type` | `Type` has no value: give it one"],
    );
    check(
        "Resources:
  Orders: { Type: [AWS::SQS::Queue] }
",
        &["2:19 wrong-type | the type of a resource must be text, not a list | write one text"],
    );
    check(
        "Resources:
  Orders: { Type: !Ref Kind }
",
        &["2:24 wrong-type | the type of a resource must be text, not the function `Ref` | write one text"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, Properties: [a] }
",
        &["2:48 wrong-type | `Properties` must be a mapping, not a list | write it as `key: value` lines"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, Propertis: {} }
",
        &["2:36 unknown-key | a resource has no key `Propertis` | did you mean `Properties`?"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, Version: 1 }
",
        &[
            "2:36 unknown-key | a resource has no key `Version` | it may have `Type`, `Properties`, `Condition`, `DependsOn`, `DeletionPolicy`, `UpdateReplacePolicy`, `CreationPolicy`, `UpdatePolicy` and `Metadata`",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, Condition: [a] }
",
        &["2:47 wrong-type | `Condition` must be text, not a list | write one text"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DependsOn: { a: b } }
",
        &[
            "2:47 wrong-type | `DependsOn` must be text, or a list of texts, not a mapping | write it as `- …` lines, or between `[` and `]`",
        ],
    );
}

#[test]
fn types_that_aws_does_not_have_are_told() {
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Que }
",
        &["2:19 unknown-type | there is no type `AWS::SQS::Que` | did you mean `AWS::SQS::Queue`?"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::Lamda::Function }
",
        &["2:19 unknown-type | there is no type `AWS::Lamda::Function` | did you mean `AWS::Lambda::Function`?"],
    );
    check(
        "Resources:
  Orders: { Type: aws::sqs::queue }
",
        &["2:19 unknown-type | there is no type `aws::sqs::queue` | did you mean `AWS::SQS::Queue`?"],
    );
    check(
        "Resources:
  Orders: { Type: MongoDB::Atlas::Cluster }
",
        &[
            "2:19 unknown-type | there is no type `MongoDB::Atlas::Cluster` | types are written as CloudFormation writes them, e.g. `AWS::SQS::Queue`; other publishers' are not known",
        ],
    );
    check(
        r#"Resources:
  Orders: { Type: "Custom::" , Properties: { ServiceToken: a } }
"#,
        &[
            "2:19 unknown-type | `Custom::` cannot be the type of a custom resource | after `Custom::` come letters, digits, `_`, `@` and `-`, and it has at most 60 characters",
        ],
    );
    check(
        r#"Resources:
  Orders: { Type: "Custom::a b" , Properties: { ServiceToken: a } }
"#,
        &[
            "2:19 unknown-type | `Custom::a b` cannot be the type of a custom resource | after `Custom::` come letters, digits, `_`, `@` and `-`, and it has at most 60 characters",
        ],
    );
}

#[test]
fn types_that_are_not_supported_are_told_by_name() {
    check(
        "Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: https://a/b } }
",
        &[
            "2:18 unsupported | a nested stack cannot be made here | write it out among the `Resources` of a template of its own: `Fn::ForEach` and the config make none",
        ],
    );
    check(
        "Resources:
  Inner: { Type: My::Own::Thing::MODULE }
",
        &[
            "2:18 unsupported | `My::Own::Thing::MODULE` is a module, which is not supported | write out its resources, or bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
    check(
        "Resources:
  Inner: { Type: AWS::Serverless::Function }
",
        &[
            "2:18 unsupported | `AWS::Serverless::Function` is of AWS SAM, whose macro is not supported | write it as the CloudFormation types that it stands for, or bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
    check(
        "Resources:
  Inner: { Type: AWS::CloudFormation::Macro }
",
        &[
            "2:18 unsupported | `AWS::CloudFormation::Macro` makes a macro, which is not supported | remove it: no template here could use it",
        ],
    );
}

#[test]
fn functions_among_resources_are_told() {
    check(
        r#"Resources:
  Fn::ForEach::Queues: [Name, [a, b], { "${Name}": { Type: AWS::SQS::Queue } }]
  Fn::Transform: { Name: x }
  Orders: { Type: AWS::SQS::Queue, "Fn::Transform": { Name: AWS::Include } }
"#,
        &[
            "2:3 missing-transform | `Fn::ForEach` needs the language extensions | add `Transform: AWS::LanguageExtensions` at the top of the template",
            "3:3 unsupported | `Fn::Transform` asks for a macro, which runs in an account and is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
            "4:36 unsupported | `Fn::Transform` asks for a macro, which runs in an account and is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
}

#[test]
fn what_a_resource_cannot_wait_for_is_told() {
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DependsOn: Ordrs }
  Other: { Type: AWS::SQS::Queue, DependsOn: [Orders, Nothing, Orders] }
",
        &[
            "2:47 unknown-resource | `DependsOn` names `Ordrs`, which does not exist | there is only `Other`",
            "3:55 unknown-resource | `DependsOn` names `Nothing`, which does not exist | there is only `Orders`",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DependsOn: Orders }
",
        &["2:47 cycle | `Orders` cannot depend on itself | remove it from `DependsOn`"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DependsOn: Letters }
",
        &[
            "2:47 unknown-resource | `DependsOn` names `Letters`, which does not exist | there are no other resources in this stack",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DependsOn: shared/Letters }
",
        &[
            "2:47 unknown-resource | `DependsOn` names `shared/Letters`, which does not exist | there are no other resources in this stack",
        ],
    );
}

#[test]
fn conditions_that_do_not_exist_are_told() {
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, Condition: IsBg }
Conditions: { IsBig: !Equals [a, a] }
",
        &["2:47 unknown-condition | there is no condition `IsBg` | did you mean `IsBig`?"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Condition: IsBig }
",
        &["4:31 unknown-condition | there is no condition `IsBig` | declare it under `Conditions`"],
    );
}

#[test]
fn policies_that_a_resource_cannot_have_are_told() {
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DeletionPolicy: retain }
",
        &["2:52 wrong-choice | `DeletionPolicy` cannot be `retain` | did you mean `Retain`?"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DeletionPolicy: Keep }
",
        &[
            "2:52 wrong-choice | `DeletionPolicy` cannot be `Keep` | it may be `Delete`, `Retain`, `RetainExceptOnCreate` or `Snapshot`",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, UpdateReplacePolicy: RetainExceptOnCreate }
",
        &["2:57 wrong-choice | `UpdateReplacePolicy` cannot be `RetainExceptOnCreate` | did you mean `Retain`?"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DeletionPolicy: Snapshot }
",
        &[
            "2:52 wrong-choice | `DeletionPolicy` cannot be `Snapshot`: `AWS::SQS::Queue` has none | write `Retain` or `Delete`",
        ],
    );
    check("Resources:
  Disk: { Type: AWS::EC2::Volume, DeletionPolicy: Snapshot, UpdateReplacePolicy: Snapshot, Properties: { AvailabilityZone: eu-central-1a, Size: 8 } }
", &[
            "2:51 unsupported | `DeletionPolicy: Snapshot` is not supported: no snapshot would be made of `AWS::EC2::Volume` | write `Retain` to keep it, or `Delete` to lose what it holds",
            "2:82 unsupported | `UpdateReplacePolicy: Snapshot` is not supported: no snapshot would be made of `AWS::EC2::Volume` | write `Retain` to keep it, or `Delete` to lose what it holds",
        ]);
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, DeletionPolicy: [Retain] }
",
        &["2:52 wrong-type | `DeletionPolicy` must be text, not a list | write one text"],
    );
}

#[test]
fn what_only_cloudformation_could_keep_is_told() {
    check(
        r#"Resources:
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    CreationPolicy: { ResourceSignal: { Count: 1 } }
    UpdatePolicy: { AutoScalingRollingUpdate: { MaxBatchSize: 1 }, AutoScalingScheduledAction: { IgnoreUnmodifiedGroupSizeProperties: true } }
    Metadata: { AWS::CloudFormation::Init: {} }
    Properties: { MinSize: "1", MaxSize: "1" }
"#,
        &[
            "2:3 missing-key | this needs `InstanceId`, `LaunchConfigurationName`, `LaunchTemplate` or `MixedInstancesPolicy` (`AWS::AutoScaling::AutoScalingGroup`) | add what is missing",
            "4:5 unsupported | `CreationPolicy` waits for signals, which are not supported | remove it: a resource counts as made when AWS says that it is ready",
            "5:21 unsupported | `AutoScalingRollingUpdate` of `UpdatePolicy` is not supported | remove it: the resource is changed at once, and replaced where it cannot be",
            "6:17 unsupported | `AWS::CloudFormation::Init` is read by `cfn-init` from CloudFormation, which does not have this template | put what the instance must do at its start into its `UserData`",
        ],
    );
    check(
        r#"Resources:
  Live:
    Type: AWS::Lambda::Alias
    UpdatePolicy: { CodeDeployLambdaAliasUpdate: { ApplicationName: a } }
    Properties: { FunctionName: f, FunctionVersion: "1", Name: live }
"#,
        &[
            "4:21 unsupported | `CodeDeployLambdaAliasUpdate` of `UpdatePolicy` is not supported | let an agent shift its calls: `shift` in the config",
        ],
    );
    check(
        "Resources:
  Wait: { Type: AWS::CloudFormation::WaitCondition, CreationPolicy: { ResourceSignal: {} } }
",
        &[
            "2:3 missing-key | `Handle` is missing (`AWS::CloudFormation::WaitCondition`) | write `Handle: !Ref …`, of an `AWS::CloudFormation::WaitConditionHandle`",
            "2:3 missing-key | `Timeout` is missing (`AWS::CloudFormation::WaitCondition`) | say how many seconds it may wait: from 1 to 3600",
            "2:53 unsupported | `CreationPolicy` waits for signals, which are not supported | use `Handle`, `Count` and `Timeout` of the wait condition",
        ],
    );
    check(
        "Resources:
  Live: { Type: AWS::SQS::Queue, UpdatePolicy: [a] }
",
        &["2:48 wrong-type | `UpdatePolicy` must be a mapping, not a list | write it as `key: value` lines"],
    );
}

#[test]
fn wait_conditions_that_nobody_could_keep_are_told() {
    check(
        "Resources:
  Handle: { Type: AWS::CloudFormation::WaitConditionHandle }
  Long: { Type: AWS::CloudFormation::WaitCondition, Properties: { Handle: !Ref Handle, Timeout: '43200' } }
  Never: { Type: AWS::CloudFormation::WaitCondition, Properties: { Handle: !Ref Handle, Timeout: 0, Count: 5000 } }
  Right: { Type: AWS::CloudFormation::WaitCondition, Properties: { Handle: !Ref Handle, Timeout: '3600', Count: 2 } }
",
        &[
            "3:97 out-of-range | `Timeout` of a wait condition is a whole number from 1 to 3600: the address of its handle takes signals for no longer | write a number that is allowed, or let another step wait for what takes longer",
            "4:98 out-of-range | `Timeout` of a wait condition is a whole number from 1 to 3600: the address of its handle takes signals for no longer | write a number that is allowed, or let another step wait for what takes longer",
            "4:108 out-of-range | `Count` of a wait condition is a whole number from 1 to 1000: every signal is read | write a number that is allowed, or let another step wait for what takes longer",
        ],
    );
    check(
        "Resources:
  Handle: { Type: AWS::CloudFormation::WaitConditionHandle }
  Queue: { Type: AWS::SQS::Queue }
  Queued: { Type: AWS::CloudFormation::WaitCondition, Properties: { Handle: !Ref Queue, Timeout: 60 } }
  Got: { Type: AWS::CloudFormation::WaitCondition, Properties: { Handle: !GetAtt Handle.Id, Timeout: 60 } }
  Written: { Type: AWS::CloudFormation::WaitCondition, Properties: { Handle: https://example.com, Timeout: 60 } }
",
        &[
            "4:82 wrong-type | `Handle` of a wait condition must be the `Ref` of an `AWS::CloudFormation::WaitConditionHandle`, not of `site/Queue`, which is an `AWS::SQS::Queue` | add one to `Resources`, and refer to it",
            "5:82 wrong-type | `Handle` of a wait condition must be the `Ref` of an `AWS::CloudFormation::WaitConditionHandle`, not the attribute `Id` of `site/Handle` | add one to `Resources`, and refer to it",
            "6:78 wrong-type | `Handle` of a wait condition must be the `Ref` of an `AWS::CloudFormation::WaitConditionHandle`, not something written out | add one to `Resources`, and refer to it",
        ],
    );
    check(
        r#"Resources:
  Handle: { Type: AWS::CloudFormation::WaitConditionHandle }
  Start:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Base64 { "Fn::Sub": "curl -T ok ${Handle}" }
      Description: !Select [0, !Split ["?", !Ref Handle]]
"#,
        &[
            "7:22 misplaced-reference | `Fn::Base64` is given the address of `site/Handle`, which is made at the call that hands it out | hand the address over as it is, in a variable or a parameter, and let what runs read it there",
            "8:39 misplaced-reference | `Fn::Split` is given the address of `site/Handle`, which is made at the call that hands it out | hand the address over as it is, in a variable or a parameter, and let what runs read it there",
        ],
    );
}

#[test]
fn properties_that_say_nothing_are_told() {
    check(
        "Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      QueueName:
      Tags: [{ Key: a, Value: }, ~]
",
        &[
            "5:7 wrong-type | `QueueName` is left empty | give it a value, or remove it; `AWS::NoValue` removes it where a condition says so",
            "6:24 wrong-type | `Value` is left empty | give it a value, or remove it; `AWS::NoValue` removes it where a condition says so",
            "6:34 wrong-type | an item of a list is left empty | give it a value, or remove it; `AWS::NoValue` removes it where a condition says so",
        ],
    );
}

#[test]
fn what_every_role_has_cannot_be_chosen() {
    check("Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      Path: /
      PermissionsBoundary: arn:aws:iam::123456789012:policy/mine
      AssumeRolePolicyDocument: { Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }] }
", &[
            "5:13 wrong-choice | `Path` of a role cannot be chosen: every role of this environment has one path | remove it: it becomes `/strandline/shop/dev/`",
            "6:28 wrong-choice | `PermissionsBoundary` of a role cannot be chosen: every role of this environment has one boundary | remove it: it becomes `arn:aws:iam::123456789012:policy/strandline-boundary-shop-dev`",
        ]);
}

#[test]
fn custom_resources_need_somebody_who_makes_them() {
    check(
        "Resources:
  Own: { Type: Custom::Own }
  Other: { Type: AWS::CloudFormation::CustomResource, Properties: { Size: 1 } }
",
        &[
            "2:3 missing-key | `ServiceToken` is missing (`Custom::Own`) | a custom resource is made by the function whose ARN stands in `ServiceToken`",
            "3:3 missing-key | `ServiceToken` is missing (`AWS::CloudFormation::CustomResource`) | a custom resource is made by the function whose ARN stands in `ServiceToken`",
        ],
    );
}

#[test]
fn resources_that_need_each_other_are_told() {
    check(
        r#"Resources:
  A: { Type: AWS::SQS::Queue, DependsOn: B }
  B: { Type: AWS::SQS::Queue, Properties: { QueueName: !GetAtt C.QueueName } }
  C: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub "${A.QueueName}-c" } }
"#,
        &[
            "2:3 cycle | these resources need each other: `site/A` → `site/B` → `site/C` → `site/A` | take one of the references away, or let a resource of its own connect the two",
        ],
    );
    check(
        "Resources:
  A: { Type: AWS::SQS::Queue, Properties: { QueueName: !GetAtt A.Arn } }
",
        &[
            "2:3 cycle | `site/A` refers to itself | take one of the references away, or let a resource of its own connect the two",
        ],
    );
}
