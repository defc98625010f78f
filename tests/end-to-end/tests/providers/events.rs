//! Rules of EventBridge.

use engine::ports::{Creation, Existing, Found};
use local::{Effect, Rule, clients};
use model::{ErrorClass, Observed, Properties, ResourceKey, properties};
use providers::Clients;
use serde_json::{Value, json};

use crate::lambda::{function, stored};
use crate::support::{Change, Life, Stage, settled, tag_list};

const KIND: &str = "AWS::Events::Rule";
const RULE: &str = "shop-dev-nightly";

fn queue(name: &str) -> Value {
    json!({ "Arn": format!("arn:aws:sqs:us-east-1:123456789012:shop-dev-{name}"), "Id": name })
}

fn rule(more: Value, targets: &[Value], tags: &[(&str, &str)]) -> Properties {
    let mut all = properties(json!({ "Name": RULE, "State": "ENABLED", "Tags": tag_list(tags), "Targets": targets }));
    all.0.extend(properties(more).0);
    all
}

fn ids(observed: &Observed) -> Vec<&str> {
    let targets = observed.properties.get("Targets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut ids: Vec<&str> = targets.iter().map(|target| target["Id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_rule_is_led_through_its_life() {
    let stage = Stage::start().await;
    let hourly = || json!({ "ScheduleExpression": "rate(1 hour)" });
    let matched =
        || json!({ "Description": "orders", "EventPattern": { "source": ["desk.shop"] }, "State": "DISABLED" });
    let mut told = queue("work");
    told["Input"] = json!("{\"job\":\"report\"}");
    told["RetryPolicy"] = json!({ "MaximumRetryAttempts": 2 });
    let a = &[("team", "a")];
    let life = Life {
        kind: KIND,
        key: "shared/Nightly@1",
        asked: rule(hourly(), &[queue("work"), queue("mail")], a),
        unseen: &[],
        calls: &["PutRule", "PutTargets"],
        changes: vec![
            Change { to: rule(matched(), &[queue("work"), queue("mail")], a), calls: &["PutRule"] },
            Change { to: rule(matched(), &[told.clone(), queue("mail")], a), calls: &["PutTargets"] },
            Change { to: rule(matched(), &[queue("lost"), told.clone()], a), calls: &["RemoveTargets", "PutTargets"] },
            Change { to: rule(matched(), &[told.clone()], a), calls: &["RemoveTargets"] },
            Change { to: rule(matched(), &[told], &[("cost", "b")]), calls: &["TagResource", "UntagResource"] },
            Change { to: rule(hourly(), &[], &[("cost", "b")]), calls: &["PutRule", "RemoveTargets"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_rule_of_another_bus_is_told_from_its_namesake() {
    let stage = Stage::start().await;
    let config = clients::administrator(stage.account.proxy.address());
    let events = Clients::new(&config, stage.account.id(), stage.fence.clone()).eventbridge;
    events.create_event_bus().name("orders").send().await.unwrap();
    let matched = json!({ "EventPattern": { "source": ["desk.shop"] } });
    let (plain, _) = stage.make(KIND, "shared/Plain@1", &rule(matched.clone(), &[queue("work")], &[])).await;
    let asked = rule(matched, &[queue("mail")], &[]).with("EventBusName", "orders");
    let (made, observed) = stage.make(KIND, "shared/Orders@1", &asked).await;
    assert_eq!((plain.physical_id.as_str(), made.physical_id.as_str()), (RULE, "orders|shop-dev-nightly"));
    let arn = format!("arn:aws:events:us-east-1:{}:rule/orders/{RULE}", stage.account.id());
    assert_eq!((observed.attributes["Arn"].as_str(), ids(&observed)), (Some(arn.as_str()), vec!["mail"]));
    let key = "shared/Orders@1".parse().unwrap();
    stage.provider(KIND).delete(&Existing::settled(&key, &made.physical_id, &asked)).await.unwrap();
    let answer = events.list_rules().send().await.unwrap();
    assert_eq!(answer.rules().iter().map(|rule| rule.name().unwrap()).collect::<Vec<_>>(), [RULE]);
}

#[tokio::test]
async fn targets_of_a_change_that_did_not_come_to_its_end_go() {
    let stage = Stage::start().await;
    let key: ResourceKey = "shared/Nightly@1".parse().unwrap();
    let provider = stage.provider(KIND);
    let hourly = || json!({ "ScheduleExpression": "rate(1 hour)" });
    let first = rule(hourly(), &[queue("work")], &[]);
    let (made, _) = stage.make(KIND, "shared/Nightly@1", &first).await;
    // Its targets were put, and what became of it was never known.
    let second = rule(hourly(), &[queue("work"), queue("mail")], &[]);
    provider.update(&Existing::settled(&key, &made.physical_id, &first), &second).await.unwrap();
    let third = rule(hourly(), &[queue("work"), queue("lost")], &[]);
    let existing = Existing::settled(&key, &made.physical_id, &second);
    provider.update(&existing, &third).await.unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &third);
    assert_eq!(ids(&settled(provider, &existing).await), ["lost", "work"]);

    // The same where it is resumed as a creation.
    let creation = Creation { key: &key, properties: &first, token: "t", stamp: &stage.stamp };
    provider.converge(&Existing::settled(&key, &made.physical_id, &first), &creation, false).await.unwrap();
    assert_eq!(ids(&settled(provider, &existing).await), ["work"]);
}

#[tokio::test]
async fn targets_that_are_listed_on_several_pages_are_all_seen() {
    let stage = Stage::start().await;
    let targets: Vec<Value> = (0..13).map(|number| queue(&format!("q{number}"))).collect();
    let asked = rule(json!({ "ScheduleExpression": "rate(1 hour)" }), &targets, &[]);
    let mark = stage.account.proxy.mark();
    let (made, observed) = stage.make(KIND, "shared/Nightly@1", &asked).await;
    assert_eq!(ids(&observed).len(), 13);
    assert_eq!(stage.mutations(mark), ["PutRule", "PutTargets", "PutTargets"], "ten at a time");
    let (key, mark) = ("shared/Nightly@1".parse().unwrap(), stage.account.proxy.mark());
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    stage.provider(KIND).delete(&existing).await.unwrap();
    assert_eq!(stage.mutations(mark), ["RemoveTargets", "RemoveTargets", "DeleteRule"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_target_is_told_before_there_is_a_rule() {
    let stage = Stage::start().await;
    let mut asked = queue("work");
    asked["EcsParameters"] = json!({});
    let asked = rule(json!({ "ScheduleExpression": "rate(1 hour)" }), &[asked], &[]);
    let key = "shared/Nightly@1".parse().unwrap();
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
    let mark = stage.account.proxy.mark();
    let error = stage.provider(KIND).create(&creation).await.unwrap_err();
    assert!(error.class == ErrorClass::Invalid && error.message.contains("`Targets.EcsParameters`"), "{error}");
    assert_eq!(stage.mutations(mark), Vec::<String>::new());
}

#[tokio::test]
async fn a_rule_whose_targets_were_not_put_gets_them_when_it_is_resumed() {
    let stage = Stage::start().await;
    let asked = rule(json!({ "ScheduleExpression": "rate(1 hour)" }), &[queue("work")], &[]);
    let key: ResourceKey = "shared/Nightly@1".parse().unwrap();
    let provider = stage.provider(KIND);
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
    let made = provider.create(&creation).await.unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    let rule = Rule::on("events", "PutTargets");
    stage.account.proxy.inject(rule, Effect::Fail { status: 400, code: "ConcurrentModificationException".into() });
    assert_eq!(provider.converge(&existing, &creation, true).await.unwrap_err().class, ErrorClass::Busy);
    assert!(matches!(provider.find(&creation).await.unwrap(), Found::Ours(_)));
    provider.converge(&existing, &creation, false).await.unwrap();
    assert_eq!(ids(&settled(provider, &existing).await), ["work"]);
}

#[tokio::test]
async fn an_event_wakes_the_function_that_the_rule_leads_to() {
    let stage = Stage::start().await;
    let (asked, _) = function(&stage).await;
    let source = "import json\ndef handler(event, context):\n    print('woken by', json.dumps(event))\n";
    let (code, _) = stored(&stage, source).await;
    let (_, function) = stage.make("AWS::Lambda::Function", "quote/Function@1", &asked.with("Code", code)).await;
    let target = json!({ "Arn": function.attributes["Arn"], "Id": "agent" });
    let asked = rule(json!({ "EventPattern": { "source": ["desk.shop"] } }), &[target], &[]);
    let (_, rule) = stage.make(KIND, "quote/Rule@1", &asked).await;
    let permission = properties(json!({
        "Action": "lambda:InvokeFunction", "FunctionName": function.attributes["Arn"],
        "Principal": "events.amazonaws.com", "SourceArn": rule.attributes["Arn"],
    }));
    stage.make("AWS::Lambda::Permission", "quote/RulePermission@1", &permission).await;

    let config = clients::administrator(stage.account.proxy.address());
    let clients = Clients::new(&config, stage.account.id(), stage.fence.clone());
    for source in ["desk.other", "desk.shop"] {
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder();
        let entry = entry.source(source).detail_type("order").detail("{\"order\":7}").build();
        clients.eventbridge.put_events().entries(entry).send().await.unwrap();
    }
    for _ in 0..200 {
        let said = clients.logs.filter_log_events().log_group_name("/aws/lambda/shop-dev-quote").send().await;
        let said = said.map(|answer| answer.events.unwrap_or_default()).unwrap_or_default();
        let woken: Vec<&str> =
            said.iter().filter_map(|event| event.message()).filter(|line| line.contains("woken by")).collect();
        if let Some(line) = woken.first() {
            assert!(woken.len() == 1 && line.contains("desk.shop") && line.contains("\"order\": 7"), "{woken:?}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the function was not called");
}
