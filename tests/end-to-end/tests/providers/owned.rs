//! The search for what carries our tags.

use engine::ports::{Creation, Existing, Owned, Providers};
use model::{Properties, Stamp, properties};
use serde_json::{Value, json};

use crate::iam::role;
use crate::support::{Stage, stamp, tag_list, tag_map};

fn named(property: &str, name: &str, more: Value) -> Properties {
    let mut all = properties(json!({ property: name, "Tags": tag_list(&[]) }));
    all.0.extend(properties(more).0);
    all
}

/// One of every type that can carry tags, with what the search must call it.
async fn one_of_each(stage: &Stage) -> Vec<Owned> {
    let topic = "arn:aws:sns:us-east-1:123456789012:shop-dev-alerts";
    let table = json!({
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
    });
    let alarm = json!({
        "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "MetricName": "Errors",
        "Namespace": "AWS/Lambda", "Period": 300, "Statistic": "Sum", "Threshold": 1,
    });
    let parameter =
        properties(json!({ "Name": "/shop/dev/limit", "Type": "String", "Value": "1", "Tags": tag_map(&[]) }));
    let nightly = json!({ "ScheduleExpression": "rate(1 day)" });
    let (function, _) = crate::lambda::function(stage).await;
    let api = properties(json!({ "Name": "shop-dev-api", "ProtocolType": "HTTP", "Tags": tag_map(&[]) }));
    let all = [
        ("AWS::ApiGatewayV2::Api", "shared/Api@3", api),
        ("AWS::CloudWatch::Alarm", "quote/Errors@1", named("AlarmName", "shop-dev-errors", alarm)),
        ("AWS::DynamoDB::Table", "shared/Orders@2", named("TableName", "shop-dev-orders", table)),
        ("AWS::Events::Rule", "shared/Nightly@1", named("Name", "shop-dev-nightly", nightly)),
        ("AWS::Lambda::Function", "quote/Function@1", function),
        ("AWS::Logs::LogGroup", "quote/LogGroup@4", named("LogGroupName", "/aws/lambda/shop-dev-quote", json!({}))),
        ("AWS::S3::Bucket", "shared/Uploads@1", named("BucketName", "shop-dev-uploads", json!({}))),
        ("AWS::SNS::Topic", "shared/Alerts@1", named("TopicName", "shop-dev-alerts", json!({}))),
        ("AWS::SQS::Queue", "shared/Work@1", named("QueueName", "shop-dev-work", json!({}))),
        ("AWS::SSM::Parameter", "shared/Limit@1", parameter),
        ("AWS::SecretsManager::Secret", "shared/Key@1", named("Name", "shop/dev/key", json!({}))),
    ];
    let mut made = vec![known("AWS::IAM::Role", "shared/Role@1", "shop-dev-role")];
    for (kind, key, asked) in all {
        let (one, _) = stage.make(kind, key, &asked).await;
        if kind == "AWS::ApiGatewayV2::Api" {
            let asked =
                properties(json!({ "ApiId": one.physical_id.as_str(), "StageName": "$default", "Tags": tag_map(&[]) }));
            stage.make("AWS::ApiGatewayV2::Stage", "shared/Stage@5", &asked).await;
            let stage = known("AWS::ApiGatewayV2::Stage", "shared/Stage@5", "$default");
            made.push(Owned { properties: properties(json!({ "ApiId": one.physical_id.as_str() })), ..stage });
        }
        made.push(known(kind, key, one.physical_id.as_str()));
    }
    assert!(made.contains(&known("AWS::SNS::Topic", "shared/Alerts@1", topic)));
    made
}

fn known(kind: &str, key: &str, id: &str) -> Owned {
    Owned { kind: kind.into(), key: key.parse().unwrap(), physical_id: id.into(), properties: Properties::new() }
}

fn sorted(mut owned: Vec<Owned>) -> Vec<Owned> {
    owned.sort_by(|a, b| (a.kind.as_str(), &a.key).cmp(&(b.kind.as_str(), &b.key)));
    owned
}

#[tokio::test]
async fn everything_that_carries_our_tags_is_found_with_its_type_and_key_and_what_aws_calls_it() {
    let stage = Stage::start().await;
    let made = sorted(one_of_each(&stage).await);
    let mark = stage.account.proxy.mark();
    assert_eq!(sorted(stage.providers.owned(&stage.stamp).await.unwrap()), made);
    assert_eq!(stage.mutations(mark), Vec::<String>::new());

    let searched: Vec<&str> = made.iter().map(|one| one.kind.as_str()).collect();
    let taggable: Vec<&str> = schema::all()
        .iter()
        .filter(|kind| kind.provided)
        .map(|kind| kind.name)
        .filter(|kind| searched.contains(kind))
        .collect();
    assert_eq!(searched, taggable, "one of each type");
    assert_eq!(searched.len(), 13);
}

#[tokio::test]
async fn what_belongs_to_another_installation_or_environment_is_not_found() {
    let stage = Stage::start().await;
    stage.make("AWS::SQS::Queue", "shared/Work@1", &named("QueueName", "shop-dev-work", json!({}))).await;
    stage.make("AWS::IAM::Role", "shared/Role@1", &role("shop-dev-role")).await;
    let others = [stamp("another-engine"), Stamp { scope: "shop/prod".to_owned(), ..stamp("this-engine") }];
    for other in others {
        assert_eq!(stage.providers.owned(&other).await.unwrap(), [], "{other:?}");
    }
    assert_eq!(stage.providers.owned(&stage.stamp).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_deleted_is_not_found() {
    let stage = Stage::start().await;
    let asked = named("QueueName", "shop-dev-work", json!({}));
    let (made, _) = stage.make("AWS::SQS::Queue", "shared/Work@1", &asked).await;
    let key = "shared/Work@1".parse().unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    stage.provider("AWS::SQS::Queue").delete(&existing).await.unwrap();
    assert_eq!(stage.providers.owned(&stage.stamp).await.unwrap(), []);
}

#[tokio::test]
async fn more_roles_than_are_asked_at_once_are_all_found() {
    let stage = Stage::start().await;
    for number in 0..23 {
        let (key, asked) =
            (format!("shared/Role{number}@1").parse().unwrap(), role(&format!("shop-dev-role-{number}")));
        let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
        stage.provider("AWS::IAM::Role").create(&creation).await.unwrap();
    }
    // Somebody else's, under the same path.
    let key = "shared/Other@1".parse().unwrap();
    let (asked, other) = (role("shop-dev-other"), stamp("another-engine"));
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &other };
    stage.provider("AWS::IAM::Role").create(&creation).await.unwrap();
    assert_eq!(stage.providers.owned(&stage.stamp).await.unwrap().len(), 23);
}
