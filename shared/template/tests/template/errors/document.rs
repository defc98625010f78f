//! What a template is as a whole.

use super::check_with_orders;
use crate::stage::check;

#[test]
fn a_file_without_a_template_is_told() {
    check("", &["1:1 empty | there is no template in this file | begin with `Resources:`"]);
    check(
        "# nothing
",
        &["1:1 empty | there is no template in this file | begin with `Resources:`"],
    );
    check(
        "~
",
        &["1:1 empty | there is no template in this file | begin with `Resources:`"],
    );
}

#[test]
fn a_template_that_is_no_mapping_is_told() {
    check(
        "hello
",
        &["1:1 wrong-type | a template must be a mapping, not the text `hello` | write it as `key: value` lines"],
    );
    check(
        "- Resources
",
        &["1:1 wrong-type | a template must be a mapping, not a list | write it as `key: value` lines"],
    );
    check("[]", &["1:1 wrong-type | a template must be a mapping, not a list | write it as `key: value` lines"]);
}

#[test]
fn sections_that_nothing_knows_are_told() {
    check_with_orders(
        "Resorces: {}
",
        &["1:1 unknown-key | a template has no key `Resorces` | did you mean `Resources`?"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Secrets: {}
",
        &[
            "3:1 unknown-key | a template has no key `Secrets` | it may have `AWSTemplateFormatVersion`, `Description`, `Metadata`, `Transform`, `Parameters`, `Mappings`, `Conditions`, `Rules`, `Resources` and `Outputs`",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Globals: { Function: { Timeout: 3 } }
",
        &[
            "3:1 unsupported | `Globals` is of AWS SAM, whose macro is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Hooks: {}
",
        &[
            "3:1 unsupported | `Hooks` asks CodeDeploy for a deployment in two colours, which is not supported | remove it: what changes is changed in place, or replaced",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Modules: {}
",
        &[
            "3:1 unsupported | `Modules` asks for modules, which are not supported | package the template first, or write out their resources",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Fn::Transform: { Name: Expand }
",
        &[
            "3:1 unsupported | `Fn::Transform` asks for a macro, which runs in an account and is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Fn::If: [a, b, c]
",
        &[
            "3:1 misplaced-function | `Fn::If` cannot stand here | functions stand in conditions, in properties and in outputs",
        ],
    );
}

#[test]
fn a_wrong_format_version_is_told() {
    check_with_orders(
        "AWSTemplateFormatVersion: 2010-09-10
",
        &["1:27 wrong-choice | `AWSTemplateFormatVersion` cannot be `2010-09-10` | did you mean `2010-09-09`?"],
    );
    check_with_orders(
        "AWSTemplateFormatVersion: [2010]
",
        &["1:27 wrong-type | `AWSTemplateFormatVersion` must be text, not a list | write one text"],
    );
}

#[test]
fn a_description_that_is_no_text_is_told() {
    check_with_orders(
        "Description: { a: b }
",
        &["1:14 wrong-type | `Description` must be text, not a mapping | write one text"],
    );
}

#[test]
fn a_template_of_sam_is_told_once() {
    check(
        "Transform: AWS::Serverless-2016-10-31
Globals: { Function: { Timeout: 3 } }
Resources:
  F: { Type: AWS::Serverless::Function }
  G: { Type: AWS::SQS::Queue, Properties: { QueueName: !GetAtt F.Arn } }
",
        &[
            "1:12 unsupported | `AWS::Serverless-2016-10-31` is the macro of AWS SAM, which is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
}

#[test]
fn macros_are_told_by_name() {
    check_with_orders(
        "Transform: AWS::Serverless-2016-10-31
",
        &[
            "1:12 unsupported | `AWS::Serverless-2016-10-31` is the macro of AWS SAM, which is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
    check_with_orders(
        "Transform: [AWS::LanguageExtensions, Expand]
",
        &[
            "1:38 unsupported | `Expand` is a macro, which runs in an account and is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
    check_with_orders(
        "Transform: { Name: AWS::Include, Parameters: { Location: s3://a/b } }
",
        &[
            "1:20 unsupported | `AWS::Include` takes parts of the template from a bucket, which is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
    check_with_orders(
        "Transform: AWS::LanguageExtension
",
        &[
            "1:12 unsupported | `AWS::LanguageExtension` is a macro, which runs in an account and is not supported | did you mean `AWS::LanguageExtensions`?",
        ],
    );
    check_with_orders(
        "Transform: { Nam: x }
",
        &["1:12 wrong-type | a transform must be text, not a mapping | write one text"],
    );
}

#[test]
fn yaml_that_means_something_else_is_told_in_templates_too() {
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue, Type: AWS::SNS::Topic }
",
        &[
            "2:36 duplicate-key | the key `Type` stands twice in one mapping | keep one of the two: the other would be lost",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
---
Resources:
  Orders: { Type: AWS::SQS::Queue }
",
        &[
            "3:1 several-documents | there is a second document in this file | a file is one document: remove the line `---` and what follows it",
        ],
    );
    check(
        "Resources: *none
",
        &["1:12 alias | this alias has no anchor before it | an anchor is written `&name`, before the alias `*name`"],
    );
    check(
        "Resources:
  Orders: { Type: !Typ x }
",
        &[
            "2:24 unknown-type | there is no type `x` | types are written as CloudFormation writes them, e.g. `AWS::SQS::Queue`; other publishers' are not known",
            "2:24 yaml-tag | the tag `!Typ` means nothing here | remove it",
        ],
    );
    check(
        "Resources: { a: b: c }
",
        &[
            "1:18 syntax | this is not YAML: while parsing a flow mapping, did not find expected ',' or '}' | look at the indentation and the quotes of this line and of the one before it",
        ],
    );
}

#[test]
fn names_that_a_template_cannot_give_are_told() {
    check_with_orders(
        "Parameters:
  my-stage: { Type: String, Default: a }
",
        &["2:3 wrong-name | `my-stage` cannot be the name of a parameter | it has letters and digits only: `MyStage`"],
    );
    check(
        r#"Resources:
  my-queue: { Type: AWS::SQS::Queue }
  "": { Type: AWS::SQS::Queue }
  "_": { Type: AWS::SQS::Queue }
"#,
        &[
            "2:3 wrong-name | `my-queue` cannot be a logical id | it has letters and digits only: `MyQueue`",
            "4:3 wrong-name | `_` cannot be a logical id | it has letters and digits only",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  the url: { Value: a }
",
        &["4:3 wrong-name | `the url` cannot be the name of an output | it has letters and digits only: `TheUrl`"],
    );
    check_with_orders(
        "Conditions:
  Is-Big: !Equals [a, a]
",
        &["2:3 wrong-name | `Is-Big` cannot be the name of a condition | it has letters, digits and `&`, `_`: `IsBig`"],
    );
    check_with_orders(
        "Mappings:
  By_Region: { eu: { a: b } }
",
        &["2:3 wrong-name | `By_Region` cannot be the name of a mapping | it has letters and digits only: `ByRegion`"],
    );
    check_with_orders(
        "Rules:
  A.B: { Assertions: [] }
",
        &["2:3 wrong-name | `A.B` cannot be the name of a rule | it has letters and digits only: `AB`"],
    );
}

#[test]
fn json_is_told_as_yaml_is() {
    check(
        r#"{
  "Parameters": {"Stage": {"Type": "String", "Default": "prd", "AllowedValues": ["dev", "prod"]}},
  "Resources": {
    "my-queue": {"Type": "AWS::SQS::Queue"},
    "Orders": {
      "Type": "AWS::SQS::Queue",
      "Condition": "IsBig",
      "DependsOn": ["Topc"],
      "Properties": {"VisibilityTimeout": "soon", "Tags": [{"Key": "a"}], "QueueName": null}
    },
    "Topic": {"Type": "AWS::SNS::Topi"}
  },
  "Outputs": {"Url": {"Value": {"Ref": "Ordrs"}}}
}
"#,
        &[
            "2:57 wrong-choice | the default of `Stage` cannot be `prd` | did you mean `prod`?",
            "4:5 wrong-name | `my-queue` cannot be a logical id | it has letters and digits only: `MyQueue`",
            "7:20 unknown-condition | there is no condition `IsBig` | declare it under `Conditions`",
            "8:21 unknown-resource | `DependsOn` names `Topc`, which does not exist | did you mean `Topic`?",
            "9:43 wrong-type | this has to be a whole number, and is a text (`VisibilityTimeout` of `AWS::SQS::Queue`) | write a value of that type",
            "9:60 missing-key | `Value` is missing (`Tags[0]` of `AWS::SQS::Queue`) | add `Value: …`",
            "9:75 wrong-type | `QueueName` is left empty | give it a value, or remove it; `AWS::NoValue` removes it where a condition says so",
            "11:23 unknown-type | there is no type `AWS::SNS::Topi` | did you mean `AWS::SNS::Topic`?",
            "13:40 unknown-resource | there is no parameter or resource `Ordrs` | did you mean `Orders`?",
        ],
    );
    check(
        r#"{"Resources": {"A": {"Type": "AWS::SQS::Queue"}, "A": {"Type": "AWS::SQS::Queue"}}}"#,
        &[
            "1:50 duplicate-key | the key `A` stands twice in one mapping | keep one of the two: the other would be lost",
        ],
    );
    check(
        r#"{"Resources": {"A": {"Type": "AWS::SQS::Queue"}}"#,
        &[
            "1:1 syntax | this is not YAML: unclosed bracket '{' | look at the indentation and the quotes of this line and of the one before it",
        ],
    );
}

#[test]
fn what_refers_to_something_wrong_is_not_told_again() {
    check(
        r#"Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: https://a/b } }
  Own: { Properties: {} }
  Off: { Type: AWS::Serverless::Api }
  Que: { Type: AWS::SQS::Que }
  Orders: { Type: AWS::SQS::Queue, DependsOn: [Inner, Off], Properties: { QueueName: !GetAtt Inner.Outputs.Name, KmsMasterKeyId: !Ref Own, Tags: [{ Key: a, Value: !Sub "${Que.Arn}${Off.X}" }] } }
Outputs: { Inner: { Value: !GetAtt Inner.Outputs.Url } }
"#,
        &[
            "2:18 unsupported | a nested stack cannot be made here | write it out among the `Resources` of a template of its own: `Fn::ForEach` and the config make none",
            "3:8 missing-key | a resource needs the key `Type` | add `Type: …`",
            "4:16 unsupported | `AWS::Serverless::Api` is of AWS SAM, whose macro is not supported | write it as the CloudFormation types that it stands for, or bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
            "5:16 unknown-type | there is no type `AWS::SQS::Que` | did you mean `AWS::SQS::Queue`?",
        ],
    );
    check(
        r#"Parameters: { Kind: { Type: Strng }, Size: { Type: Number, Default: x } }
Conditions: { Big: !Equals [!Ref Size, 3], Some: !Equals [!Ref Kind, a] }
Rules: { A: { Assertions: [{ Assert: !Equals [!Ref Size, 4] }] } }
Resources:
  Orders: { Type: AWS::SQS::Queue, Condition: Big, Properties: { VisibilityTimeout: !Ref Size, QueueName: !Sub "a-${Kind}" } }
"#,
        &[
            "strands.yaml:1:1 missing-parameter | the stack `site` does not say what its parameter `Kind` is | add `parameters: { Kind: … }`",
            "1:29 wrong-choice | the type of a parameter cannot be `Strng` | did you mean `String`?",
            "1:69 wrong-type | the default of `Size` must be a number, not the text `x` | write a number, e.g. `10`",
        ],
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    check(
        "AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: { Type: Strin, Default: dev }
  Size: { Type: Number, Default: 3, MaxValue: 2 }
Mappings:
  Sizes: { dev: { memory: !Ref Size } }
Conditions:
  IsBig: !Equals [!Ref Siz, 3]
Resources:
  Orders:
    Type: AWS::SQS::Queue
    DeletionPolicy: Keep
    DependsOn: Letters
    Properties:
      VisibilityTimeout: 99999
      Colour: red
  Reader:
    Type: AWS::IAM::Role
    Condition: IsSmall
    Properties: { Path: /mine/ }
  Function: { Type: AWS::Serverless::Function }
Outputs:
  Url: { Value: !GetAtt Orders.Url, Export: { Name: a b } }
",
        &[
            "2:12 unsupported | `AWS::Serverless-2016-10-31` is the macro of AWS SAM, which is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
            "4:18 wrong-choice | the type of a parameter cannot be `Strin` | did you mean `String`?",
            "5:34 out-of-range | the default of `Size` cannot be `3`: it is more than the most | write at most `2`",
            "7:32 wrong-type | `memory` cannot be the function `Ref`: mappings have fixed values | write the value itself",
            "9:24 unknown-resource | there is no parameter or resource `Siz` | did you mean `Size`?",
            "13:21 wrong-choice | `DeletionPolicy` cannot be `Keep` | it may be `Delete`, `Retain`, `RetainExceptOnCreate` or `Snapshot`",
            "14:16 unknown-resource | `DependsOn` names `Letters`, which does not exist | there are `Function` and `Reader`",
            "16:26 out-of-range | this is 99999, and has to be from 0 to 43200 (`VisibilityTimeout` of `AWS::SQS::Queue`) | write a number that is allowed",
            "17:7 unknown-key | there is no property `Colour` (`AWS::SQS::Queue`) | there is `ContentBasedDeduplication`, `DeduplicationScope`, `DelaySeconds`, `FifoQueue`, `FifoThroughputLimit`, `KmsDataKeyReusePeriodSeconds`, `KmsMasterKeyId`, `MaximumMessageSize`, `MessageRetentionPeriod`, `QueueName`, `ReceiveMessageWaitTimeSeconds`, `RedriveAllowPolicy`, `RedrivePolicy`, `SqsManagedSseEnabled`, `Tags` and `VisibilityTimeout`",
            "18:3 missing-key | `AssumeRolePolicyDocument` is missing (`AWS::IAM::Role`) | add `AssumeRolePolicyDocument: …`",
            "20:16 unknown-condition | there is no condition `IsSmall` | declare it under `Conditions`",
            "21:25 wrong-choice | `Path` of a role cannot be chosen: every role of this environment has one path | remove it: it becomes `/strandline/shop/dev/`",
            "24:32 unknown-attribute | `Orders` has no attribute `Url`: resources of type `AWS::SQS::Queue` have none of that name | did you mean `QueueUrl`?",
            "24:53 wrong-name | `a b` cannot be the name of an export | it has letters, digits, colons and hyphens only, at most 255",
        ],
    );
}

#[test]
fn what_is_too_long_is_told() {
    let id = "A".repeat(256);
    let found =
        ["2:3 wrong-name | a logical id has at most 255 characters, and this one has 256 | give it a shorter one"];
    check(&format!("Resources:\n  {id}: {{ Type: AWS::SQS::Queue }}\n"), &found);
    let value = "a".repeat(4097);
    let found = [
        "2:35 too-large | the default of `Stage` has 4097 bytes, and at most 4096 fit into a parameter | give a shorter value",
    ];
    check_with_orders(&format!("Parameters:\n  Stage: {{ Type: String, Default: {value} }}\n"), &found);
}
