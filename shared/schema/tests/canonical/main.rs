//! What the canonical form makes alike, and what it keeps apart.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on ends here")]

use model::{Properties, properties};
use proptest::prelude::*;
use schema::canonical;
use serde_json::{Value, json};

fn of(kind: &str, tree: &Value) -> Properties {
    canonical(&kind.into(), &properties(tree.clone()))
}

/// Trees that AWS treats alike: by type.
#[test]
fn what_aws_treats_alike_is_alike() {
    let statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let rules = |first: u32, second: u32| {
        let rule = |port: u32| json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "10.0.0.0/8" });
        json!({ "GroupDescription": "d", "SecurityGroupIngress": [rule(first), rule(second)] })
    };
    let cases = [
        ("AWS::SQS::Queue", json!({ "VisibilityTimeout": "30" }), json!({ "VisibilityTimeout": 30 })),
        ("AWS::SQS::Queue", json!({ "FifoQueue": "true" }), json!({ "FifoQueue": true })),
        ("AWS::Lambda::Function", json!({ "Timeout": 3.0 }), json!({ "Timeout": "3" })),
        (
            "AWS::ECS::TaskDefinition",
            json!({ "ContainerDefinitions": [{ "Environment": [{ "Name": "COUNT", "Value": 3 }] }] }),
            json!({ "ContainerDefinitions": [{ "Environment": [{ "Value": "3", "Name": "COUNT" }] }] }),
        ),
        ("AWS::EC2::SecurityGroup", rules(80, 443), rules(443, 80)),
        (
            "AWS::IAM::ManagedPolicy",
            json!({ "PolicyDocument": document }),
            json!({ "PolicyDocument": { "Version": "2012-10-17", "Statement": statement } }),
        ),
        (
            "AWS::IAM::ManagedPolicy",
            json!({ "PolicyDocument": document }),
            json!({ "PolicyDocument": document.to_string() }),
        ),
        (
            "AWS::KMS::Key",
            json!({ "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }] }),
            json!({ "Tags": [{ "Key": "b", "Value": "2" }, { "Key": "a", "Value": "1" }] }),
        ),
    ];
    for (kind, one, other) in cases {
        assert_eq!(of(kind, &one), of(kind, &other), "{kind}");
    }
}

#[test]
fn what_aws_fills_in_is_as_good_as_nothing() {
    let mut found = 0;
    for kind in schema::registry::kinds() {
        let resource = schema::registry::resource(kind).unwrap();
        for name in resource.root().properties() {
            let place = resource.root().property(name).unwrap();
            let Some(default) = place.default() else { continue };
            found += 1;
            assert_eq!(of(kind, &json!({ name: default })), Properties::new(), "{kind} {name}");
            let other = match default {
                Value::Bool(flag) => json!(!flag),
                Value::Number(number) => json!(number.as_f64().unwrap() + 1.0),
                Value::String(text) => json!(format!("{text}x")),
                _ => continue,
            };
            assert_ne!(of(kind, &json!({ name: other })), Properties::new(), "{kind} {name}");
        }
    }
    assert!(found > 50, "{found}");
}

/// A tree of each of some types, and nothing in it that is a default.
fn samples() -> Vec<(&'static str, Value)> {
    let statement =
        |actions: &[&str]| json!({ "Effect": "Allow", "Action": actions, "Resource": ["arn:aws:s3:::b/*"] });
    vec![
        (
            "AWS::DynamoDB::Table",
            json!({
                "TableName": "t", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{ "AttributeName": "PK", "AttributeType": "S" }, { "AttributeName": "SK", "AttributeType": "N" }],
                "KeySchema": [{ "AttributeName": "PK", "KeyType": "HASH" }, { "AttributeName": "SK", "KeyType": "RANGE" }],
                "Tags": [{ "Key": "team", "Value": "a" }],
            }),
        ),
        (
            "AWS::IAM::Role",
            json!({
                "RoleName": "r", "MaxSessionDuration": 7200, "ManagedPolicyArns": ["arn:one", "arn:two"],
                "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [
                    { "Effect": "Allow", "Principal": { "Service": ["lambda.amazonaws.com"] }, "Action": ["sts:AssumeRole"] }] },
                "Policies": [{ "PolicyName": "p", "PolicyDocument": { "Statement": [statement(&["s3:GetObject", "s3:PutObject"])] } }],
            }),
        ),
        (
            "AWS::Lambda::Function",
            json!({
                "Handler": "index.handler", "MemorySize": 256, "Timeout": 20, "Layers": ["arn:one", "arn:two"],
                "Environment": { "Variables": { "MODEL": "small", "COUNT": "3" } }, "Role": { "Ref": "shared/Role" },
            }),
        ),
        (
            "AWS::EC2::SecurityGroup",
            json!({
                "GroupDescription": "d",
                "SecurityGroupIngress": [{ "IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "CidrIp": "10.0.0.0/8", "Description": "x" }],
            }),
        ),
        (
            "AWS::CloudWatch::Alarm",
            json!({ "Threshold": 2.5, "EvaluationPeriods": 3, "Dimensions": [{ "Name": "n", "Value": "v" }], "AlarmActions": ["arn:a"] }),
        ),
        ("AWS::Made::Up", json!({ "A": ["b", "a", 1, { "c": true }], "Text": "1" })),
    ]
}

/// Every tree that differs from `tree` in one leaf, one item or one key.
fn changed(tree: &Value) -> Vec<Value> {
    match tree {
        Value::Null => vec![json!("something")],
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(number) => vec![json!(number.as_f64().unwrap() + 1.0)],
        Value::String(text) => vec![json!(format!("{text}x"))],
        Value::Array(items) => {
            let mut all = vec![json!(items.iter().chain([&json!("one more")]).collect::<Vec<_>>())];
            for at in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(at);
                all.push(Value::Array(fewer));
                for other in changed(&items[at]) {
                    let mut items = items.clone();
                    items[at] = other;
                    all.push(Value::Array(items));
                }
            }
            all
        }
        Value::Object(map) => {
            let mut all = Vec::new();
            for name in map.keys() {
                let mut fewer = map.clone();
                fewer.remove(name);
                all.push(Value::Object(fewer));
                for other in changed(&map[name]) {
                    let mut map = map.clone();
                    map.insert(name.clone(), other);
                    all.push(Value::Object(map));
                }
            }
            all
        }
    }
}

#[test]
fn two_different_desires_are_never_alike() {
    let mut seen = 0;
    for (kind, tree) in samples() {
        let canonical = of(kind, &tree);
        for other in changed(&tree) {
            seen += 1;
            assert_ne!(canonical, of(kind, &other), "{kind}: {other}");
        }
    }
    assert!(seen > 140, "{seen}");
}

#[test]
fn an_order_that_means_something_is_kept() {
    let cases = [
        ("AWS::Lambda::Function", json!({ "Layers": ["a", "b"] }), json!({ "Layers": ["b", "a"] })),
        (
            "AWS::DynamoDB::Table",
            json!({ "KeySchema": [{ "AttributeName": "a" }, { "AttributeName": "b" }] }),
            json!({ "KeySchema": [{ "AttributeName": "b" }, { "AttributeName": "a" }] }),
        ),
        ("AWS::Made::Up", json!({ "A": [1, 2] }), json!({ "A": [2, 1] })),
    ];
    for (kind, one, other) in cases {
        assert_ne!(of(kind, &one), of(kind, &other), "{kind}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e6..1e6_f64).prop_map(|number| json!(number)),
        "[a-z0-9.:*{}\"]{0,8}".prop_map(Value::from),
        Just(json!("true")),
        Just(json!("30")),
        Just(json!({ "Ref": "shared/X" })),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let name = prop_oneof![
            "[A-Z][a-z]{0,5}",
            Just("Statement".to_owned()),
            Just("Action".to_owned()),
            Just("Principal".to_owned()),
            Just("PolicyDocument".to_owned())
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(name, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A type that AWS publishes, with any values for some of its properties.
fn any_tree() -> impl Strategy<Value = (&'static str, Value)> {
    let kinds: Vec<&'static str> = schema::registry::kinds().collect();
    prop::sample::select(kinds).prop_flat_map(|kind| {
        let resource = schema::registry::resource(kind).unwrap();
        let names: Vec<String> = resource.root().properties().into_iter().map(str::to_owned).collect();
        let names = if names.is_empty() { vec!["Tags".to_owned()] } else { names };
        let tree = prop::collection::btree_map(prop::sample::select(names), value(), 0..6);
        (Just(kind), tree.prop_map(|map| Value::Object(map.into_iter().collect())))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_idempotent((kind, tree) in any_tree()) {
        let once = of(kind, &tree);
        prop_assert_eq!(&canonical(&kind.into(), &once), &once);
    }

    #[test]
    fn the_order_of_a_list_matters_only_where_its_schema_says_so((kind, tree) in any_tree()) {
        let Value::Object(map) = &tree else { return Ok(()) };
        let resource = schema::registry::resource(kind).unwrap();
        for (name, value) in map {
            let Value::Array(items) = value else { continue };
            let place = resource.root().property(name);
            let is_table = schema::get(&kind.into()).is_some_and(|schema| schema.sets.contains(&name.as_str()));
            let backwards: Vec<&Value> = items.iter().rev().collect();
            if place.is_some_and(|place| !place.ordered()) || is_table {
                prop_assert_eq!(of(kind, &json!({ name: items })), of(kind, &json!({ name: backwards })));
            }
        }
    }
}
