//! `Ref` and `Fn::GetAtt`.

use super::{check, check_plain};

#[test]
fn ref_gives_values_of_parameters_and_pseudo_parameters() {
    check("!Ref Stage", r#""dev""#);
    check("{ Ref: Count }", "3");
    check("!Ref Blocks", r#"["10.0.48.0/24","10.0.112.0/24","10.0.176.0/24"]"#);
    check("!Ref Image", r#""ami-1""#);
    check("!Ref Password", r#""{{resolve:ssm-secure:password:1}}""#);
    check("!Ref AWS::AccountId", r#""123456789012""#);
    check("!Ref AWS::Region", r#""eu-central-1""#);
    check("!Ref AWS::Partition", r#""aws""#);
    check("!Ref AWS::URLSuffix", r#""amazonaws.com""#);
    check("!Ref AWS::StackName", r#""shop-dev-main""#);
    check(
        "!Ref AWS::StackId",
        r#""arn:aws:cloudformation:eu-central-1:123456789012:stack/shop-dev-main/ac3a3eee-3ac0-19c8-9732-69adc3975b86""#,
    );
    check("!Ref AWS::NotificationARNs", "[]");
    check("!Ref AWS::NoValue", r#""nothing at all""#);
    check("[a, !Ref AWS::NoValue, b]", r#"["a","b"]"#);
    check("{ A: 1, B: !Ref AWS::NoValue }", r#"{"A":1}"#);
    check("[[!Ref AWS::NoValue]]", "[[]]");
}

#[test]
fn ref_of_a_resource_is_kept_with_its_whole_address() {
    check("!Ref Queue", r#"{"Ref":"main/Queue"}"#);
    check("!Ref main/Queue", r#"{"Ref":"main/Queue"}"#);
    check("!Ref data/Table", r#"{"Ref":"data/Table"}"#);
    check("!Ref Topic", r#"{"Ref":"main/Topic"}"#);
    check(r#"!Sub "${Topic.TopicName}""#, r#"{"Fn::GetAtt":["main/Topic","TopicName"]}"#);
    check("!Ref shared/Topic", r#"{"Ref":"shared/Topic"}"#);
    check("{ Deep: [{ Ref: Queue }] }", r#"{"Deep":[{"Ref":"main/Queue"}]}"#);
}

#[test]
fn ref_of_what_is_not_there_is_told() {
    check("!Ref Stag", "unknown-resource at Stag: there is no parameter or resource `Stag`; did you mean `Stage`?");
    check("!Ref Queu", "unknown-resource at Queu: there is no parameter or resource `Queu`; did you mean `Queue`?");
    check(
        "!Ref AWS::Regoin",
        "unknown-resource at AWS::Regoin: there is no parameter or resource `AWS::Regoin`; did you mean `AWS::Region`?",
    );
    check("!Ref Topik", "unknown-resource at Topik: there is no parameter or resource `Topik`; did you mean `Topic`?");
    check(
        "!Ref Table",
        "unknown-resource at Table: there is no parameter or resource `Table`; did you mean `data/Table`, of another stack?",
    );
    check(
        "!Ref data/Tabel",
        "unknown-resource at data/Tabel: there is no parameter or resource `data/Tabel`; did you mean `data/Table`?",
    );
    check(
        "!Ref Nothing",
        "unknown-resource at Nothing: there is no parameter or resource `Nothing`; did you mean `Thing`?",
    );
    check(
        "!Ref nothing/Nothing",
        "unknown-resource at nothing/Nothing: there is no parameter or resource `nothing/Nothing`; what another stack has is called `stack/LogicalId`",
    );
    check(
        "!Ref Absent",
        "unknown-resource at Absent: `Absent` is not there: its condition `IsProd` does not hold; refer to it only where that holds: `Fn::If: [IsProd, …, …]`",
    );
    check("!Ref [Queue]", "wrong-type at [Queue]: what `Ref` refers to must be text, not a list; write one text");
    check(
        "{ Ref: { Ref: Stage } }",
        "misplaced-function at { Ref: Stage }: what `Ref` refers to must be written out: `Ref` cannot stand here; write plain text",
    );
    check(
        r#"!Ref """#,
        r#"unknown-resource at "": there is no parameter or resource ``; declare it under `Parameters` or `Resources`"#,
    );
    check("{ Ref: null }", "wrong-type at null: what `Ref` refers to must be text, not left empty; write one text");
}

#[test]
fn getatt_is_kept_in_either_form() {
    check("!GetAtt Queue.Arn", r#"{"Fn::GetAtt":["main/Queue","Arn"]}"#);
    check("!GetAtt [Queue, Arn]", r#"{"Fn::GetAtt":["main/Queue","Arn"]}"#);
    check(r#"{ "Fn::GetAtt": [Queue, QueueName] }"#, r#"{"Fn::GetAtt":["main/Queue","QueueName"]}"#);
    check("!GetAtt Database.Endpoint.Address", r#"{"Fn::GetAtt":["main/Database","Endpoint.Address"]}"#);
    check("!GetAtt [Database, Endpoint.Port]", r#"{"Fn::GetAtt":["main/Database","Endpoint.Port"]}"#);
    check("!GetAtt Thing.Any.Thing", r#"{"Fn::GetAtt":["main/Thing","Any.Thing"]}"#);
    check("!GetAtt data/Table.StreamArn", r#"{"Fn::GetAtt":["data/Table","StreamArn"]}"#);
    check("!GetAtt [shared/Topic, TopicName]", r#"{"Fn::GetAtt":["shared/Topic","TopicName"]}"#);
    check("!GetAtt Vpc.CidrBlock", r#"{"Fn::GetAtt":["main/Vpc","CidrBlock"]}"#);
    check("!GetAtt main/Queue.Arn", r#"{"Fn::GetAtt":["main/Queue","Arn"]}"#);
    check(r#"!GetAtt [Queue, !Sub "${Part}rn"]"#, r#"{"Fn::GetAtt":["main/Queue","Arn"]}"#);
    check(r#"!GetAtt [Queue, !Join ["", [A, rn]]]"#, r#"{"Fn::GetAtt":["main/Queue","Arn"]}"#);
    check(
        "!GetAtt [Queue, !Ref Stage]",
        "unknown-attribute at Stage: `Queue` has no attribute `dev`: resources of type `AWS::SQS::Queue` have none of that name; they have `Arn` and `QueueUrl`",
    );
}

#[test]
fn getatt_of_what_is_not_there_is_told() {
    check(
        "!GetAtt Queue.QueueArn",
        "unknown-attribute at QueueArn: `Queue` has no attribute `QueueArn`: resources of type `AWS::SQS::Queue` have none of that name; did you mean `Arn`?",
    );
    check(
        "!GetAtt Queue.Arm",
        "unknown-attribute at Arm: `Queue` has no attribute `Arm`: resources of type `AWS::SQS::Queue` have none of that name; did you mean `Arn`?",
    );
    check(
        "!GetAtt Database.Endpoint.Adress",
        "unknown-attribute at Endpoint.Adress: `Database` has no attribute `Endpoint.Adress`: resources of type `AWS::RDS::DBInstance` have none of that name; did you mean `Endpoint.Address`?",
    );
    check("!GetAtt Queu.Arn", "unknown-resource at Queu: there is no resource `Queu`; did you mean `Queue`?");
    check(
        "!GetAtt Stage.Arn",
        "wrong-type at Stage: `Stage` is a parameter, and only resources have attributes; write `Ref: Stage`",
    );
    check(
        "!GetAtt Absent.Arn",
        "unknown-resource at Absent: `Absent` is not there: its condition `IsProd` does not hold; refer to it only where that holds: `Fn::If: [IsProd, …, …]`",
    );
    check(
        "!GetAtt Queue",
        "wrong-arguments at Queue: `Fn::GetAtt` takes a logical id and the name of an attribute; write `Fn::GetAtt: [LogicalId, Attribute]`",
    );
    check(
        "!GetAtt [Queue]",
        "wrong-arguments at [Queue]: `Fn::GetAtt` takes a logical id and the name of an attribute; write `Fn::GetAtt: [LogicalId, Attribute]`",
    );
    check(
        "!GetAtt [Queue, Arn, More]",
        "wrong-arguments at [Queue, Arn, More]: `Fn::GetAtt` takes a logical id and the name of an attribute; write `Fn::GetAtt: [LogicalId, Attribute]`",
    );
    check(
        "!GetAtt { Queue: Arn }",
        "wrong-arguments at { Queue: Arn }: `Fn::GetAtt` takes a logical id and the name of an attribute; write `Fn::GetAtt: [LogicalId, Attribute]`",
    );
    check(
        "!GetAtt .Arn",
        "wrong-arguments at .Arn: `Fn::GetAtt` takes a logical id and the name of an attribute; write `Fn::GetAtt: [LogicalId, Attribute]`",
    );
    check("!GetAtt [[Queue], Arn]", "wrong-type at [Queue]: the logical id must be text, not a list; write one text");
    check(
        "!GetAtt shared/Topic.Arn",
        "unknown-attribute at Arn: `shared/Topic` has no attribute `Arn`: resources of type `AWS::SNS::Topic` have none of that name; did you mean `TopicArn`?",
    );
}

#[test]
fn functions_within_getatt_need_the_extensions_but_for_ref_as_attribute() {
    check_plain(
        "!GetAtt [Queue, !Ref Image]",
        "unknown-attribute at Image: `Queue` has no attribute `ami-1`: resources of type `AWS::SQS::Queue` have none of that name; they have `Arn` and `QueueUrl`",
    );
    check_plain(
        "!GetAtt [!Ref Stage, Arn]",
        "misplaced-function at Stage: the logical id must be written out: `Ref` cannot stand here; write plain text",
    );
    check_plain(
        "!GetAtt [Queue, !Sub Arn]",
        "missing-transform at Arn: `Fn::Sub` as the name of an attribute needs the language extensions; add `Transform: AWS::LanguageExtensions` at the top of the template",
    );
}
