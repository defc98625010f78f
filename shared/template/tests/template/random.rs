//! Templates that nobody would write: whatever they are, they are read and expanded, or what is wrong with them is told.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::stage::Stage;

/// Names and texts that mean something in many places.
const WORDS: &[&str] = &[
    "A",
    "B",
    "C",
    "other/A",
    "A.Arn",
    "Arn",
    "${A.Arn}/${B}",
    "a,b",
    "dev",
    "true",
    "AWS::Region",
    "AWS::NoValue",
    "AWS::StackName",
    "AWS::SQS::Queue",
    "AWS::IAM::Role",
    "Retain",
    "String",
    "Number",
    "CommaDelimitedList",
    "AWS::SSM::Parameter::Value<String>",
    "{{resolve:ssm:/a}}",
    "",
];
/// Functions and keys that mean something in many places.
const KEYS: &[&str] = &[
    "Ref",
    "Condition",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::If",
    "Fn::Equals",
    "Fn::Not",
    "Fn::And",
    "Fn::Or",
    "Fn::FindInMap",
    "Fn::Select",
    "Fn::Split",
    "Fn::ImportValue",
    "Fn::Contains",
    "Fn::RefAll",
    "Fn::ForEach::A",
    "Fn::Transform",
    "Type",
    "Properties",
    "DependsOn",
    "DeletionPolicy",
    "Default",
    "AllowedValues",
    "Value",
    "Export",
    "Name",
    "Assertions",
    "Assert",
    "A",
    "B",
    "${A}",
];

/// Anything.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => select(WORDS).prop_map(Value::from),
        1 => (0..5_i32).prop_map(Value::from),
        1 => Just(json!(true)),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            2 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            3 => mapping(inner.clone(), 0..4),
            3 => (select(KEYS), inner).prop_map(|(key, value)| json!({ key: value })),
        ]
    })
}

fn mapping(inner: impl Strategy<Value = Value>, size: std::ops::Range<usize>) -> impl Strategy<Value = Value> {
    proptest::collection::vec((select(KEYS), inner), size)
        .prop_map(|entries| Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

/// Something that may be one of its section.
fn section(of: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let named = proptest::collection::btree_map(select(&["A", "B", "C", "Stage", "Fn::ForEach::A"][..]), of, 0..4);
    let as_object = |entries: std::collections::BTreeMap<&str, Value>| {
        Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
    };
    prop_oneof![20 => named.prop_map(as_object), 1 => anything()]
}

fn template() -> impl Strategy<Value = Value> {
    let one_of = |most: &'static [&'static str]| prop_oneof![4 => select(most).prop_map(Value::from), 1 => anything()];
    let parameter = (one_of(&["String", "Number", "CommaDelimitedList", "AWS::EC2::VPC::Id"]), anything())
        .prop_map(|(kind, default)| json!({ "Type": kind, "Default": default }));
    let resource = (one_of(&["AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::IAM::Role"]), anything(), anything(), anything())
        .prop_map(|(kind, properties, waits, policy)| {
            json!({ "Type": kind, "Properties": { "A": properties }, "DependsOn": waits, "DeletionPolicy": policy })
        });
    let plain = select(&["AWS::SQS::Queue", "AWS::SNS::Topic"][..]).prop_map(|kind| json!({ "Type": kind }));
    let rule = (anything(), anything())
        .prop_map(|(when, assert)| json!({ "RuleCondition": when, "Assertions": [{ "Assert": assert }] }));
    let output =
        (anything(), anything()).prop_map(|(value, name)| json!({ "Value": value, "Export": { "Name": name } }));
    let or_anything = |usual: BoxedStrategy<Value>| prop_oneof![6 => usual, 1 => anything()];
    (
        section(or_anything(parameter.boxed())),
        section(section(section(anything()))),
        section(anything()),
        section(rule),
        section(prop_oneof![3 => resource.boxed(), 2 => plain.boxed(), 1 => anything().boxed()]),
        section(or_anything(output.boxed())),
        any::<bool>(),
    )
        .prop_map(|(parameters, mappings, conditions, rules, resources, outputs, extensions)| {
            let mut template = json!({
                "Parameters": parameters,
                "Mappings": mappings,
                "Conditions": conditions,
                "Rules": rules,
                "Resources": resources,
                "Outputs": outputs,
            });
            if extensions {
                template["Transform"] = json!("AWS::LanguageExtensions");
            }
            template
        })
}

/// What may stand in a property that refers to `resources` only.
fn sensible(resources: &'static [&'static str]) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        2 => select(&["a", "b,c", "arn:aws:s3:::x"][..]).prop_map(Value::from),
        1 => Just(json!({ "Ref": "Stage" })),
        1 => Just(json!({ "Ref": "AWS::Region" })),
        1 => Just(json!({ "Fn::FindInMap": ["Sizes", { "Ref": "Stage" }, "memory"] })),
        1 => Just(json!({ "Fn::Sub": "${Stage}-${AWS::StackName}" })),
        u32::from(!resources.is_empty()) * 4 => select(if resources.is_empty() { &["none"] } else { resources }).prop_flat_map(|id| {
            select(vec![
                json!({ "Ref": id }),
                json!({ "Fn::GetAtt": [id, "Any"] }),
                json!({ "Fn::Sub": format!("x ${{{id}.Any}} y") }),
            ])
        }),
    ];
    let tree = leaf.prop_recursive(3, 12, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            several.clone().prop_map(|parts| json!({ "Fn::Join": ["-", parts] })),
            several.prop_map(|items| json!({ "Fn::Select": [0, items] })),
            (select(&["Yes", "No"][..]), inner.clone(), inner)
                .prop_map(|(condition, then, otherwise)| json!({ "Fn::If": [condition, then, otherwise] })),
        ]
    });
    prop_oneof![tree.clone(), proptest::collection::vec(tree, 0..3).prop_map(|items| json!({ "Key": items }))].boxed()
}

/// A template in which little is wrong, with references to the stack `other` if it is not that one.
fn sensible_template(is_other: bool) -> impl Strategy<Value = Value> {
    let (a, b, c): (&[_], &[_], &[_]) = match is_other {
        true => (&[], &["A"], &["A", "B"]),
        false => (&["other/A"], &["A", "other/C"], &["A", "B", "other/B"]),
    };
    let condition = || select(vec![None, None, None, Some("Yes"), Some("No")]);
    let resource = |properties: BoxedStrategy<Value>| {
        (properties, condition(), select(vec!["Delete", "Retain"])).prop_map(|(value, condition, policy)| {
            let properties = json!({ "ServiceToken": "a", "Value": value });
            let mut resource = json!({ "Type": "Custom::Any", "DeletionPolicy": policy, "Properties": properties });
            if let Some(condition) = condition {
                resource["Condition"] = json!(condition);
            }
            resource
        })
    };
    let stage = select(&["dev", "prod"][..]);
    (resource(sensible(a)), resource(sensible(b)), resource(sensible(c)), stage).prop_map(|(a, b, c, stage)| {
        json!({
            "Parameters": { "Stage": { "Type": "String", "Default": stage } },
            "Mappings": { "Sizes": { "dev": { "memory": 256 }, "prod": { "memory": 512 } } },
            "Conditions": {
                "Yes": { "Fn::Equals": [{ "Ref": "Stage" }, "dev"] },
                "No": { "Fn::Not": [{ "Condition": "Yes" }] },
            },
            "Resources": { "A": a, "B": b, "C": c },
        })
    })
}

/// Where every reference in `value` leads.
fn addresses<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| addresses(item, found)),
        Value::Object(map) => match (map.len(), map.get("Ref"), map.get("Fn::GetAtt")) {
            (1, Some(address), _) => found.extend(address.as_str()),
            (1, _, Some(address)) => found.extend(address[0].as_str()),
            _ => map.values().for_each(|item| addresses(item, found)),
        },
        _ => {}
    }
}

/// Whether nothing leads to what is not there.
fn holds(expansion: &template::Expansion) -> Result<(), TestCaseError> {
    for (address, made) in &expansion.resources {
        let properties = made.desired.properties.to_value();
        let mut found = Vec::new();
        addresses(&properties, &mut found);
        for one in found {
            prop_assert!(expansion.resources.contains_key(&one.parse().unwrap()), "{} leads to {}", address, one);
        }
        for one in &made.desired.depends_on {
            prop_assert!(expansion.resources.contains_key(one), "{} waits for {}", address, one);
        }
    }
    Ok(())
}

/// Text that may be known only later, of what `given` are.
fn given(given: &'static [&'static str]) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        1 => Just(json!("plain")),
        3 => select(given).prop_map(|text| serde_json::from_str(text).unwrap()),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let several = proptest::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            several.clone().prop_map(|parts| json!({ "Fn::Join": ["-", parts] })),
            several.prop_map(|items| json!({ "Fn::Select": [0, items] })),
            (select(&["Yes", "No"][..]), inner.clone(), inner)
                .prop_map(|(condition, then, otherwise)| json!({ "Fn::If": [condition, then, otherwise] })),
        ]
    })
    .boxed()
}

/// `resources` and `outputs` that are asked for only sometimes, in a template with a parameter that may be known only later.
fn within_others(resources: Value, outputs: Value) -> Value {
    json!({
        "Parameters": { "In": { "Type": "String", "Default": "own" }, "Stage": { "Type": "String", "Default": "dev" } },
        "Conditions": {
            "Yes": { "Fn::Equals": [{ "Ref": "Stage" }, "dev"] },
            "No": { "Fn::Not": [{ "Condition": "Yes" }] },
        },
        "Resources": resources,
        "Outputs": outputs,
    })
}

/// A resource with a value, and what it waits for.
fn made((value, waits): (Value, Vec<&'static str>)) -> Value {
    json!({ "Type": "Custom::Any", "DependsOn": waits, "Properties": { "ServiceToken": "a", "Value": value } })
}

/// A stack within another one, which is given `given` and waits for `waits`.
fn inner((given, stage, waits): (Value, &'static str, Vec<&'static str>)) -> Value {
    let properties = json!({ "TemplateURL": "a.yaml", "Parameters": { "In": given, "Stage": stage } });
    json!({ "Type": "AWS::CloudFormation::Stack", "DependsOn": waits, "Properties": properties })
}

const GIVEN: &[&str] = &[r#"{ "Ref": "In" }"#, r#"{ "Fn::Sub": "${In}/${Stage}" }"#];
const BESIDE: &[&str] = &[r#"{ "Ref": "In" }"#, r#"{ "Ref": "Work" }"#, r#"{ "Fn::GetAtt": ["Work", "Any"] }"#];
const GIVEN_BACK: &[&str] = &[
    r#"{ "Ref": "In" }"#,
    r#"{ "Ref": "Work" }"#,
    r#"{ "Fn::GetAtt": ["First", "Outputs.Out"] }"#,
    r#"{ "Fn::Sub": "${First.Outputs.Out}:${Work.Any}" }"#,
];
const LAST: &[&str] = &[
    r#"{ "Fn::GetAtt": "First.Outputs.Out" }"#,
    r#"{ "Fn::GetAtt": ["Second", "Outputs.Out"] }"#,
    r#"{ "Fn::Sub": "${Second.Outputs.Out}:${Second}" }"#,
];

/// A template without another one in it.
fn innermost() -> impl Strategy<Value = Value> {
    (given(GIVEN), given(BESIDE)).prop_map(|(work, out)| {
        within_others(json!({ "Work": made((work, Vec::new())) }), json!({ "Out": { "Value": out } }))
    })
}

/// A template with two others in it, the second of which is given what the first gives back.
fn around() -> impl Strategy<Value = Value> {
    let stage = || select(&["dev", "prod"][..]);
    let waits = |of: &'static [&'static str]| proptest::sample::subsequence(of, 0..=of.len());
    (
        (given(GIVEN), waits(&[])),
        (given(BESIDE), stage(), waits(&["Work"])),
        (given(GIVEN_BACK), stage(), waits(&["Work", "First"])),
        (given(LAST), waits(&["First", "Second", "Work"])),
        given(LAST),
    )
        .prop_map(|(work, first, second, last, out)| {
            let resources =
                json!({ "Work": made(work), "First": inner(first), "Second": inner(second), "Last": made(last) });
            within_others(resources, json!({ "Out": { "Value": out } }))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_nested_stacks_hand_on_leads_to_what_is_there(
        site in around(), second in around(), leaves in proptest::collection::vec(innermost(), 3)
    ) {
        let [first, third, fourth] = leaves.try_into().unwrap();
        let stage = Stage::of(&site.to_string())
            .nested("first", "site/First", &first.to_string())
            .nested("second", "site/Second", &second.to_string())
            .nested("third", "second/First", &third.to_string())
            .nested("fourth", "second/Second", &fourth.to_string());
        let (expansion, report) = stage.expand();
        prop_assert!(report.is_empty(), "{}", report);
        prop_assert_eq!(expansion.resources.len(), 7);
        holds(&expansion)?;
    }

    #[test]
    fn whatever_a_nested_template_is_it_is_expanded_or_told(within in template(), given in anything()) {
        let outer = json!({ "Resources": { "Inner": {
            "Type": "AWS::CloudFormation::Stack", "Properties": { "TemplateURL": "a.yaml", "Parameters": { "A": given } },
        } } });
        let stage = Stage::of(&outer.to_string()).nested("inner", "site/Inner", &within.to_string());
        let (expansion, report) = stage.expand();
        let (again, same) = stage.expand();
        prop_assert_eq!(&report, &same);
        prop_assert_eq!(format!("{expansion:?}"), format!("{again:?}"));
        if report.is_empty() && expansion.lookups.is_empty() {
            holds(&expansion)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_a_template_is_it_is_read_and_comes_to_the_same_twice(site in template(), other in template()) {
        let stage = Stage::of(&site.to_string()).and("other", &other.to_string());
        let (expansion, report) = stage.expand();
        let (again, same) = stage.expand();
        prop_assert_eq!(&report, &same);
        prop_assert_eq!(format!("{expansion:?}"), format!("{again:?}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_nothing_is_wrong_with_leads_to_nothing_that_is_not_there(
        site in sensible_template(false), other in sensible_template(true)
    ) {
        let (expansion, report) = Stage::of(&site.to_string()).and("other", &other.to_string()).expand();
        let is_told = |problem: &source::Problem| problem.code == source::Code::UnknownResource;
        prop_assert!(report.problems().iter().all(is_told), "{}", report);
        if report.is_empty() {
            prop_assert!(expansion.lookups.is_empty());
            holds(&expansion)?;
        }
    }
}
