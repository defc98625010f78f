//! Custom resources: real functions, asked by CloudFormation's protocol, that answer to presigned addresses.

use engine::ports::{Creation, Deletion, Existing, Found, Made, Readiness};
use model::{Earlier, Observed, Properties, ResourceKey, properties};
use serde_json::{Value, json};

use crate::lambda::{BUCKET, function, stored};
use crate::support::{Stage, gone, settled};

/// Answers as its properties say, twice: the second answer must not count.
const SOURCE: &str = r#"
import json, urllib.request

def handler(event, context):
    asked = event["ResourceProperties"]
    name = asked.get("Name", event.get("PhysicalResourceId", "unnamed"))
    for saw in [event["RequestType"], "second"]:
        answer = {
            "Status": asked.get("Status", "SUCCESS"), "Reason": "it was told to", "PhysicalResourceId": name,
            "StackId": event["StackId"], "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
            "Data": {
                "Saw": saw, "Type": event["ResourceType"], "Count": asked.get("Count"),
                "Was": event.get("OldResourceProperties", {}).get("Count", "none"),
                "Of": event.get("PhysicalResourceId", "none"),
            },
        }
        request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), {"content-type": ""}, method="PUT")
        urllib.request.urlopen(request).read()
"#;

const KIND: &str = "Custom::Counter";

/// A stage with a function that answers; what asks it, with more properties.
async fn staged() -> (Stage, impl Fn(Value) -> Properties) {
    let stage = Stage::start().await;
    let (asked, _) = function(&stage).await;
    let enabled = aws_sdk_s3::types::VersioningConfiguration::builder()
        .status(aws_sdk_s3::types::BucketVersioningStatus::Enabled)
        .build();
    let put = stage.account.clients.s3.put_bucket_versioning().bucket(BUCKET).versioning_configuration(enabled);
    put.send().await.unwrap();
    let (code, _) = stored(&stage, SOURCE).await;
    let (_, observed) = stage.make("AWS::Lambda::Function", "quote/Function@1", &asked.with("Code", code)).await;
    let token = observed.attributes["Arn"].clone();
    let of = move |more: Value| {
        let mut asked = properties(json!({ "ServiceToken": token, "ServiceTimeout": 60 }));
        asked.0.extend(more.as_object().unwrap().clone());
        asked
    };
    (stage, of)
}

fn key() -> ResourceKey {
    "quote/Counter@1".parse().unwrap()
}

async fn made(stage: &Stage, asked: &Properties) -> (Made, Observed) {
    let (provider, key) = (stage.provider(KIND), key());
    let creation = Creation { key: &key, properties: asked, token: "0123", stamp: &stage.stamp };
    assert_eq!(provider.find(&creation).await.unwrap(), Found::Absent);
    let made = provider.create(&creation).await.unwrap();
    assert_eq!(provider.find(&creation).await.unwrap(), Found::Ours(made.clone()));
    let existing = Existing::settled(&key, &made.physical_id, asked);
    let observed = settled(provider, &existing).await;
    (made, observed)
}

#[tokio::test]
async fn a_custom_resource_is_led_through_its_life() {
    let (stage, of) = staged().await;
    let (provider, key) = (stage.provider(KIND), key());
    let one = of(json!({ "Name": "one", "Count": 1 }));
    let (_, observed) = made(&stage, &one).await;
    let data = |observed: &Observed, name: &str| observed.attributes[name].as_str().unwrap().to_owned();
    assert_eq!(observed.physical_id.as_str(), "one");
    assert_eq!(["Saw", "Type", "Count"].map(|name| data(&observed, name)), ["Create", KIND, "1"]);

    let two = of(json!({ "Name": "one", "Count": 2 }));
    let existing = Existing::settled(&key, &observed.physical_id, &one);
    provider.update(&existing, &two).await.unwrap();
    let updated = settled(provider, &existing).await;
    assert_eq!(["Saw", "Was", "Of", "Count"].map(|name| data(&updated, name)), ["Update", "1", "one", "2"]);

    let other = of(json!({ "Name": "other", "Count": 2 }));
    provider.update(&Existing { properties: &two, ..existing }, &other).await.unwrap();
    assert_eq!(settled(provider, &existing).await.physical_id.as_str(), "other", "it says itself what it is known by");

    let id = "other".into();
    let existing = Existing::settled(&key, &id, &other);
    assert_eq!(provider.delete(&existing).await.unwrap(), Deletion::Going);
    gone(provider, &existing).await;
    assert_eq!(provider.delete(&existing).await.unwrap(), Deletion::Gone, "what is gone is not asked again");
}

/// How often functions were asked since. Their answers to what was asked before may come at any time.
fn asked_since(stage: &Stage, mark: local::proxy::Mark) -> usize {
    stage.mutations(mark).iter().filter(|operation| *operation != "PutObject").count()
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_asked_again_under_its_id_and_the_first_answer_counts() {
    let (stage, of) = staged().await;
    let (provider, key, asked) = (stage.provider(KIND), key(), of(json!({ "Name": "one", "Count": 1 })));
    let (first, observed) = made(&stage, &asked).await;
    let creation = Creation { key: &key, properties: &asked, token: "0123", stamp: &stage.stamp };
    let mark = stage.account.proxy.mark();
    let again = provider.create(&creation).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(asked_since(&stage, mark), 0, "it has answered already");
    let existing = Existing::settled(&key, &again.physical_id, &asked);
    assert_eq!(settled(provider, &existing).await.attributes, observed.attributes);
}

#[tokio::test]
async fn an_update_that_was_interrupted_is_asked_again_under_its_id_with_what_was_answered_before() {
    let (stage, of) = staged().await;
    let (provider, key) = (stage.provider(KIND), key());
    let (one, two) = (of(json!({ "Name": "one", "Count": 1 })), of(json!({ "Name": "one", "Count": 2 })));
    let (_, observed) = made(&stage, &one).await;
    let earlier = [Earlier { sent: one.clone(), token: None }];
    let existing =
        Existing { earlier: &earlier, token: Some("0a1b"), ..Existing::settled(&key, &observed.physical_id, &two) };
    let creation = Creation { key: &key, properties: &two, token: "4567", stamp: &stage.stamp };
    for _ in 0..2 {
        provider.converge(&existing, &creation, false).await.unwrap();
    }
    let updated = settled(provider, &existing).await;
    assert_eq!((&updated.attributes["Was"], &updated.attributes["Count"]), (&json!("1"), &json!("2")));
    let mark = stage.account.proxy.mark();
    provider.converge(&existing, &creation, false).await.unwrap();
    assert_eq!(asked_since(&stage, mark), 0, "it has answered already");
}

/// In which words a function refuses.
async fn refusal(stage: &Stage, existing: &Existing<'_>) -> String {
    loop {
        match stage.provider(KIND).settle(existing).await.unwrap() {
            Readiness::Failed(why) => return why,
            Readiness::Pending(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Readiness::Ready(observed) => panic!("{observed:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_function_refuses_is_told_in_its_words_and_can_be_asked_again() {
    let (stage, of) = staged().await;
    let (provider, key, asked) = (stage.provider(KIND), key(), of(json!({ "Status": "FAILED" })));
    let creation = Creation { key: &key, properties: &asked, token: "0123", stamp: &stage.stamp };
    let made = provider.create(&creation).await.unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    assert_eq!(refusal(&stage, &existing).await, "the function answered FAILED: it was told to");

    let mended = of(json!({ "Name": "one" }));
    let existing = Existing { properties: &mended, ..existing };
    let creation = Creation { properties: &mended, token: "4567", ..creation };
    provider.converge(&existing, &creation, false).await.unwrap();
    let observed = settled(provider, &existing).await;
    assert_eq!((observed.physical_id.as_str(), &observed.attributes["Saw"]), ("one", &json!("Create")));

    let existing = Existing { physical_id: &observed.physical_id, properties: &asked, ..existing };
    assert_eq!(provider.delete(&existing).await.unwrap(), Deletion::Going);
    let refused = loop {
        match provider.read(&existing).await {
            Err(error) => break error.message,
            Ok(observed) => assert!(observed.is_some(), "it is not gone"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(refused, "the function answered FAILED: it was told to");
    let existing = Existing { properties: &mended, ..existing };
    assert_eq!(provider.delete(&existing).await.unwrap(), Deletion::Going, "a later deployment asks again");
    gone(provider, &existing).await;
}
