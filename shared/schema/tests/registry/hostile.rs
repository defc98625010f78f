//! Properties that nobody writes by accident.

use std::collections::BTreeMap;

use proptest::prelude::*;
use schema::registry::{self, ViolationKind, validate};
use serde_json::{Value, json};

/// Types whose schemas use what others do not: alternatives, conditions, recursion, patterns as names.
const TYPES: [&str; 12] = [
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::Bedrock::Agent",
    "AWS::CloudFront::Distribution",
    "AWS::Cognito::UserPoolDomain",
    "AWS::DynamoDB::Table",
    "AWS::EVS::Environment",
    "AWS::Lambda::Function",
    "AWS::QuickSight::Analysis",
    "AWS::RDS::DBCluster",
    "AWS::S3::Bucket",
    "AWS::SecurityHub::AutomationRule",
    "AWS::WAFv2::WebACL",
];

/// Names that stand somewhere in the schemas of those types, so that what is made up gets into them.
fn names() -> Vec<String> {
    let mut names: Vec<String> =
        ["Ref", "Fn::If", "Fn::Transform", "Condition", "Key", "Value", "a", ""].map(str::to_owned).into();
    for kind in TYPES {
        let resource = registry::resource(kind).unwrap();
        let root = resource.root();
        for name in root.properties() {
            names.push(name.to_owned());
            let place = root.property(name).unwrap();
            let inner = place.item(0).unwrap_or(place);
            names.extend(inner.properties().into_iter().take(3).map(str::to_owned));
        }
    }
    names.sort();
    names.dedup();
    names
}

fn value() -> impl Strategy<Value = Value> {
    let names = names();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        Just(json!("{{resolve:ssm:a}}")),
    ];
    leaf.prop_recursive(6, 96, 8, move |inner| {
        let name = prop_oneof![8 => prop::sample::select(names.clone()), 1 => ".{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..8)
                .prop_map(|map: BTreeMap<String, Value>| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_given_it_is_judged_the_same_twice(kind in prop::sample::select(&TYPES[..]), value in value()) {
        let resource = registry::resource(kind).unwrap();
        let found = validate(&resource, &value);
        for one in &found {
            prop_assert!(!one.message().is_empty());
            let (_, _) = (one.place(), one.help());
        }
        prop_assert!(found.is_sorted_by(|one, other| one.path <= other.path));
        prop_assert_eq!(found, validate(&resource, &value));
    }
}

#[test]
fn values_that_lie_too_deep_are_refused_without_walking_into_them() {
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({ "NotStatement": { "Statement": deep } });
    }
    let resource = registry::resource("AWS::WAFv2::WebACL").unwrap();
    let found = validate(&resource, &json!({ "Rules": [{ "Statement": deep }] }));
    assert_eq!(found.len(), 1);
    assert!(matches!(found[0].kind, ViolationKind::TooDeep { .. }));
}

/// As wide as it can be made within what CloudFormation takes of a template, and as deep as it may be.
#[test]
fn what_takes_too_long_is_given_up() {
    let statement = |inner: Value| json!({ "AndStatement": { "Statements": [inner, { "OrStatement": { "Statements": [{}, {}] } }] } });
    let mut deep = json!({});
    for _ in 0..25 {
        deep = statement(deep);
    }
    let rules: Vec<Value> = (0..100).map(|_| json!({ "Name": "a", "Priority": 1, "Statement": deep })).collect();
    let text = "a".repeat(2_000_000);
    let resource = registry::resource("AWS::WAFv2::WebACL").unwrap();
    let found = validate(&resource, &json!({ "Rules": rules, "Name": text }));
    assert!(!found.is_empty());
    let many: Vec<Value> =
        (0..70_000).map(|at| json!({ "AttributeName": format!("a{at}"), "AttributeType": "S" })).collect();
    let resource = registry::resource("AWS::DynamoDB::Table").unwrap();
    let found = validate(&resource, &json!({ "AttributeDefinitions": many }));
    assert_eq!(found.last().map(|one| &one.kind), Some(&ViolationKind::TooMuch));
}

/// An identity that only one of many thousand texts lacks is found, and so is a secret nowhere told.
#[test]
fn no_text_is_told_that_may_be_a_secret() {
    let password = "hunter2 hunter2 hunter2";
    let wrong = json!({ "Engine": "mysql", "MasterUsername": "rdsadmin", "MasterUserPassword": [password], "DBClusterIdentifier": password, "Port": password, "DatabaseName": password });
    let resource = registry::resource("AWS::RDS::DBCluster").unwrap();
    let found = validate(&resource, &wrong);
    assert!(found.len() >= 3, "{found:?}");
    for one in found {
        assert!(!format!("{} {:?} {one:?}", one.message(), one.help()).contains("hunter2"), "{one:?}");
    }
}
