//! What whole templates come to.

use std::collections::BTreeMap;

use model::{ResourceAddress, Retention};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::stage::Stage;

#[test]
fn a_plain_template_comes_to_its_resources_with_whole_addresses() {
    let stage = Stage::of(
        "
AWSTemplateFormatVersion: 2010-09-09
Description: Where orders wait.
Parameters:
  Seconds: { Type: Number, Default: 60 }
Resources:
  Orders:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    Properties:
      VisibilityTimeout: !Ref Seconds
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3 }
  Dead: { Type: AWS::SQS::Queue, DependsOn: Topic }
  Topic: { Type: AWS::SNS::Topic }
Outputs:
  Url: { Value: !Ref Orders }
",
    );
    assert_eq!(
        stage.shown(),
        json!({
            "resources": {
                "site/Dead": {
                    "type": "AWS::SQS::Queue", "properties": {}, "depends_on": ["site/Topic"], "agent": null, "retention": "delete",
                },
                "site/Orders": {
                    "type": "AWS::SQS::Queue",
                    "properties": {
                        "VisibilityTimeout": 60,
                        "RedrivePolicy": { "deadLetterTargetArn": { "Fn::GetAtt": ["site/Dead", "Arn"] }, "maxReceiveCount": 3 },
                    },
                    "depends_on": [], "agent": null, "retention": "retain",
                },
                "site/Topic": {
                    "type": "AWS::SNS::Topic", "properties": {}, "depends_on": [], "agent": null, "retention": "delete",
                },
            },
            "outputs": { "site.Url": { "Ref": "site/Orders" } },
            "values": {},
            "lookups": [],
        })
    );
}

/// The names that CDK gives the bucket of its assets, and of two of them.
const BUCKET: &str = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}";

#[test]
fn a_function_of_cdk_and_the_table_of_another_stack_are_as_recorded() {
    let stage = Stage::empty()
        .and("api", include_str!("whole/Api.template.json"))
        .asset(BUCKET, "8c1f0d3c2b7a4e5f96870a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f.zip", "artifacts/8c1f.zip")
        .and("data", include_str!("whole/Data.template.json"));
    insta::assert_json_snapshot!(stage.shown());
}

#[test]
fn a_site_of_cdk_with_its_custom_resource_is_as_recorded() {
    let stage = Stage::empty()
        .and("site", include_str!("whole/Site.template.json"))
        .asset(BUCKET, "1c3a1f6e0b7d4c2a9e8f5d6c7b8a90e1f2d3c4b5a697887766554433221100ff.zip", "artifacts/1c3a.zip")
        .asset(BUCKET, "a7d3e5c1f0b29487665544332211009f8e7d6c5b4a39281706f5e4d3c2b1a098.zip", "artifacts/a7d3.zip")
        .asset(BUCKET, "2b6c7d8e9f0011223344556677889900aabbccddeeff00112233445566778899.zip", "artifacts/2b6c.zip");
    insta::assert_json_snapshot!(stage.shown());
}

#[test]
fn what_a_condition_leaves_out_is_not_there_and_not_waited_for() {
    let template = "
Parameters: { Stage: { Type: String } }
Conditions: { Big: !Equals [!Ref Stage, prod] }
Resources:
  Orders: { Type: AWS::SQS::Queue, DependsOn: [Letters, Topic], Properties: { KmsMasterKeyId: !If [Big, !Ref Letters, !Ref AWS::NoValue] } }
  Letters: { Type: AWS::SQS::Queue, Condition: Big }
  Topic: { Type: AWS::SNS::Topic }
Outputs: { Letters: { Value: !Ref Letters, Condition: Big } }
";
    let small = Stage::of(template).given("{ Stage: dev }").comes_to();
    assert_eq!(names(&small.resources), ["site/Orders", "site/Topic"]);
    let orders = &small.resources[&"site/Orders".parse().unwrap()].desired;
    assert_eq!((orders.depends_on.len(), orders.properties.to_value()), (1, json!({})));
    assert!(small.outputs.is_empty());
    let big = Stage::of(template).given("{ Stage: prod }").comes_to();
    assert_eq!(names(&big.resources), ["site/Letters", "site/Orders", "site/Topic"]);
    assert_eq!(big.outputs.len(), 1);
}

fn names<T>(resources: &BTreeMap<ResourceAddress, T>) -> Vec<String> {
    resources.keys().map(ToString::to_string).collect()
}

#[test]
fn what_stays_is_what_either_policy_keeps() {
    let rows = [
        ("AWS::SQS::Queue", "", Retention::Delete),
        ("AWS::SQS::Queue", "DeletionPolicy: Delete", Retention::Delete),
        ("AWS::SQS::Queue", "DeletionPolicy: Retain", Retention::Retain),
        ("AWS::SQS::Queue", "DeletionPolicy: RetainExceptOnCreate", Retention::Retain),
        ("AWS::SQS::Queue", "UpdateReplacePolicy: Retain", Retention::Retain),
        ("AWS::SQS::Queue", "DeletionPolicy: Delete, UpdateReplacePolicy: Retain", Retention::Retain),
        ("AWS::SQS::Queue", "DeletionPolicy: Retain, UpdateReplacePolicy: Delete", Retention::Retain),
        ("AWS::SQS::Queue", "DeletionPolicy: !If [Keep, Retain, Delete]", Retention::Retain),
        ("AWS::RDS::DBCluster", "Properties: { Engine: aurora-mysql }", Retention::Retain),
        ("AWS::RDS::DBCluster", "DeletionPolicy: Delete, Properties: { Engine: aurora-mysql }", Retention::Delete),
    ];
    for (kind, policies, expected) in rows {
        let comma = if policies.is_empty() { "" } else { ", " };
        let text =
            format!("Conditions: {{ Keep: !Equals [a, a] }}\nResources:\n  One: {{ Type: {kind}{comma}{policies} }}\n");
        let expansion = Stage::of(&text).comes_to();
        let made = &expansion.resources[&"site/One".parse().unwrap()];
        assert_eq!(made.desired.retention, expected, "{kind} {policies}");
    }
}

#[test]
fn roles_get_the_path_and_boundary_of_their_environment() {
    let trust = "AssumeRolePolicyDocument: { Version: 2012-10-17, Statement: [] }";
    let fixed = "Path: /strandline/shop/dev/, PermissionsBoundary: arn:aws:iam::123456789012:policy/strandline-boundary-shop-dev";
    for properties in [trust.to_owned(), format!("{trust}, {fixed}")] {
        let text = format!("Resources:\n  Reader: {{ Type: AWS::IAM::Role, Properties: {{ {properties} }} }}\n");
        let found = Stage::of(&text).properties("site/Reader");
        assert_eq!(found["Path"], "/strandline/shop/dev/");
        assert_eq!(found["PermissionsBoundary"], "arn:aws:iam::123456789012:policy/strandline-boundary-shop-dev");
        assert_eq!(found["AssumeRolePolicyDocument"]["Version"], "2012-10-17");
    }
}

#[test]
fn assets_are_replaced_where_bucket_and_key_stand_together_and_nowhere_else() {
    let text = "
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/one
      Runtime: python3.13
      Handler: index.html
      Code: { S3Bucket: !Sub 'assets-${AWS::AccountId}', S3Key: index.html }
      Environment:
        Variables:
          ADDRESS: !Sub 's3://assets-${AWS::AccountId}/index.html'
          OTHER: !Sub 'assets-${AWS::AccountId}-more'
          ALL: !Sub 'arn:aws:s3:::assets-${AWS::AccountId}/*'
          PAGE: !Sub 'https://assets-${AWS::AccountId}.s3.amazonaws.com/other.html'
          NAME: !Join ['', ['arn:aws:s3:::assets-', !Ref AWS::AccountId, '/', !Ref Queue]]
  Queue: { Type: AWS::SQS::Queue }
";
    let stage = Stage::of(text).asset("assets-${AWS::AccountId}", "index.html", "artifacts/1.html");
    let found = stage.properties("site/Function");
    let bucket = "strands-deployments-123456789012-eu-central-1";
    assert_eq!(found["Handler"], "index.html");
    assert_eq!(found["Code"], json!({ "S3Bucket": bucket, "S3Key": "artifacts/1.html" }));
    let variables = &found["Environment"]["Variables"];
    assert_eq!(variables["ADDRESS"], format!("s3://{bucket}/artifacts/1.html"));
    assert_eq!(variables["OTHER"], "assets-123456789012-more");
    assert_eq!(variables["ALL"], format!("arn:aws:s3:::{bucket}/*"));
    assert_eq!(variables["PAGE"], format!("https://{bucket}.s3.amazonaws.com/other.html"));
    assert_eq!(
        variables["NAME"],
        json!({ "Fn::Join": ["", [format!("arn:aws:s3:::{bucket}/"), { "Ref": "site/Queue" }]] })
    );
}

#[test]
fn who_may_read_all_assets_may_read_those_of_the_stack_alone() {
    let text = "
Resources:
  Reader:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - { Effect: Allow, Action: s3:GetObject, Resource: arn:aws:s3:::assets/* }
          - { Effect: Allow, Action: 's3:*', Resource: [arn:aws:s3:::assets, arn:aws:s3:::assets/*, arn:aws:s3:::others/*] }
";
    let stage = Stage::of(text).asset("assets", "1.zip", "artifacts/1.zip").asset("assets", "2.zip", "artifacts/2.zip");
    let found = stage.properties("site/Reader");
    let resource = |at: usize| &found["PolicyDocument"]["Statement"][at]["Resource"];
    let arn = |rest: &str| format!("arn:aws:s3:::strands-deployments-123456789012-eu-central-1{rest}");
    let [one, two] = [arn("/artifacts/1.zip"), arn("/artifacts/2.zip")];
    assert_eq!(*resource(0), json!([one, two]));
    assert_eq!(*resource(1), json!([arn(""), one, two, "arn:aws:s3:::others/*"]));
}

#[test]
fn stacks_refer_to_each_other_and_to_what_the_config_makes() {
    let stage = Stage::of(
        "
Resources:
  Orders:
    Type: AWS::SQS::Queue
    DependsOn: [shared/Table, data/Topic, Own]
    Properties: { KmsMasterKeyId: !Sub '${shared/Key.Arn}', RedrivePolicy: { deadLetterTargetArn: !GetAtt data/Dead.Arn } }
",
    )
    .and("data", "Resources:\n  Dead: { Type: AWS::SQS::Queue }\n  Topic: { Type: AWS::SNS::Topic }\n")
    .value("!Sub 'arn ${Dead.Arn}'")
    .value("!Ref shared/Key")
    .knows("shared/Table", "AWS::DynamoDB::Table")
    .knows("shared/Key", "AWS::KMS::Key")
    .knows("site/Own", "AWS::SQS::Queue");
    let shown = stage.shown();
    let orders = &shown["resources"]["site/Orders"];
    assert_eq!(orders["depends_on"], json!(["data/Topic", "shared/Table", "site/Own"]));
    assert_eq!(
        orders["properties"],
        json!({
            "KmsMasterKeyId": { "Fn::GetAtt": ["shared/Key", "Arn"] },
            "RedrivePolicy": { "deadLetterTargetArn": { "Fn::GetAtt": ["data/Dead", "Arn"] } },
        })
    );
    let arn = json!({ "Fn::Join": ["", ["arn ", { "Fn::GetAtt": ["data/Dead", "Arn"] }]] });
    assert_eq!(shown["values"], json!({ "data": [arn, { "Ref": "shared/Key" }] }));
}

#[test]
fn an_import_gives_what_the_other_stack_exports_whichever_comes_first() {
    let importer = "
Parameters: { Stage: { Type: String, Default: dev } }
Resources:
  Orders: { Type: AWS::SQS::Queue, Properties: { KmsMasterKeyId: !ImportValue { 'Fn::Sub': 'key-${Stage}' }, QueueName: !ImportValue name } }
";
    let exporter = "
Resources: { Key: { Type: AWS::KMS::Key } }
Outputs:
  Key: { Value: !Ref Key, Export: { Name: key-dev } }
  Name: { Value: !Sub '${AWS::StackName}-orders', Export: { Name: name } }
";
    let expected = json!({ "KmsMasterKeyId": { "Ref": "keys/Key" }, "QueueName": "shop-dev-keys-orders" });
    assert_eq!(Stage::of(importer).and("keys", exporter).properties("site/Orders"), expected);
    assert_eq!(Stage::empty().and("keys", exporter).and("site", importer).properties("site/Orders"), expected);
}

#[test]
fn an_import_that_a_condition_leaves_out_makes_no_order() {
    let site = "
Conditions: { No: !Equals [a, b] }
Resources:
  A: { Type: AWS::SQS::Queue, Properties: { QueueName: !If [No, !ImportValue b, mine] } }
  C: { Type: AWS::SQS::Queue, Condition: No, Properties: { QueueName: !ImportValue b } }
Outputs: { A: { Value: a, Export: { Name: a } } }
";
    let other = "
Resources: { B: { Type: AWS::SQS::Queue, Properties: { QueueName: !ImportValue a } } }
Outputs: { B: { Value: b, Export: { Name: b } } }
";
    assert_eq!(Stage::of(site).and("other", other).properties("other/B"), json!({ "QueueName": "a" }));
}

/// A template of all sections, as JSON, so that its keys can be put in any order.
fn everything() -> Value {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {
            "Stage": { "Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"] },
            "Seconds": { "Type": "Number", "Default": 30, "MinValue": 1 },
            "Zones": { "Type": "CommaDelimitedList", "Default": "a,b" },
        },
        "Mappings": { "Sizes": { "dev": { "memory": 256 }, "prod": { "memory": 512 } } },
        "Conditions": {
            "Big": { "Fn::Equals": [{ "Ref": "Stage" }, "prod"] },
            "Small": { "Fn::Not": [{ "Condition": "Big" }] },
        },
        "Rules": { "Known": { "Assertions": [{ "Assert": { "Fn::Contains": [["dev", "prod"], { "Ref": "Stage" }] } }] } },
        "Resources": {
            "Orders": {
                "Type": "AWS::SQS::Queue",
                "DependsOn": ["Topic", "Letters"],
                "DeletionPolicy": "Retain",
                "Properties": { "VisibilityTimeout": { "Ref": "Seconds" }, "Tags": [{ "Key": "zone", "Value": { "Fn::Select": [1, { "Ref": "Zones" }] } }] },
            },
            "Letters": { "Type": "AWS::SQS::Queue", "Condition": "Small" },
            "Topic": { "Type": "AWS::SNS::Topic", "Properties": { "TopicName": { "Fn::Sub": "shop-dev-${Stage}" } } },
            "Watch": { "Type": "AWS::SNS::Subscription", "Properties": { "TopicArn": { "Ref": "Topic" }, "Protocol": "sqs", "Endpoint": { "Fn::GetAtt": ["Orders", "Arn"] } } },
        },
        "Outputs": {
            "Memory": { "Value": { "Fn::FindInMap": ["Sizes", { "Ref": "Stage" }, "memory"] } },
            "Arn": { "Value": { "Fn::GetAtt": ["Orders", "Arn"] }, "Export": { "Name": "arn" } },
        },
    })
}

/// `value` with the keys of its mappings in another order.
fn shuffled(value: &Value, order: &mut impl Iterator<Item = u32>) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(u32, String)> = map
                .iter()
                .map(|(key, value)| (order.next().unwrap(), format!("{}: {}", json!(key), shuffled(value, order))))
                .collect();
            entries.sort();
            let entries: Vec<String> = entries.into_iter().map(|(_, entry)| entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| shuffled(item, order)).collect();
            format!("[{}]", items.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_template_comes_to_the_same_in_whatever_order_its_keys_stand(order in proptest::collection::vec(any::<u32>(), 200)) {
        let text = shuffled(&everything(), &mut order.into_iter());
        let shown = Stage::of(&text).shown();
        prop_assert_eq!(shown, Stage::of(&everything().to_string()).shown());
    }
}

#[test]
fn an_export_whose_name_is_looked_up_may_be_any_that_is_imported() {
    let importer = "Resources: { A: { Type: AWS::SQS::Queue, Properties: { QueueName: !ImportValue name-dev } } }\n";
    let exporter = "
Parameters: { Stage: { Type: AWS::SSM::Parameter::Value<String>, Default: /stage } }
Resources: {}
Outputs:
  A: { Value: one, Export: { Name: !Sub 'name-${Stage}' } }
  B: { Value: two, Export: { Name: !Sub 'more-{{resolve:ssm:/more}}' } }
";
    let stage = Stage::of(importer).and("names", exporter);
    let (expansion, report) = stage.expand();
    assert_eq!((expansion.lookups.len(), report.problems().len()), (2, 0), "{report}");
    let more = |stage: Stage, name: &str| stage.stored("/more", json!("x")).stored("/stage", json!(name));
    assert_eq!(more(stage, "dev").properties("site/A"), json!({ "QueueName": "one" }));
    let other = more(Stage::of(importer).and("names", exporter), "prod").problems();
    assert!(matches!(other.as_slice(), [one] if one.contains(" unknown-export | ")), "{other:?}");
}

#[test]
fn nothing_is_wrong_with_a_template_of_fifty_types() {
    let zones = model::Lookup::Zones { region: "eu-central-1".to_owned() };
    let mut stage = Stage::of(include_str!("whole/wide.yaml")).stored(
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        json!("ami-0123456789abcdef0"),
    );
    let (expansion, report) = stage.expand();
    assert_eq!((report.to_string().as_str(), expansion.lookups.len()), ("", 1));
    stage.snapshot.0.insert(zones, json!(["eu-central-1a", "eu-central-1b", "eu-central-1c"]));
    let expansion = stage.comes_to();
    assert!(expansion.lookups.is_empty());
    let kinds: std::collections::BTreeSet<&str> =
        expansion.resources.values().map(|made| made.desired.kind.as_str()).collect();
    assert!(kinds.len() >= 50, "{}", kinds.len());
    assert_eq!(stage.properties("site/SubnetB")["AvailabilityZone"], "eu-central-1b");
    assert_eq!(stage.properties("site/SubnetB")["CidrBlock"], "10.0.1.0/24");
    assert_eq!(
        stage.properties("site/Db")["MasterUserPassword"],
        "{{resolve:secretsmanager:db:SecretString:password}}"
    );
}
