use serde_json::json;

use super::*;
use crate::properties::properties;

fn orders() -> ResourceAddress {
    ResourceAddress::new("shared", "Orders")
}

/// What `value` comes to where `shared/Orders` has the ARN `arn:aws:x:y` and the list `a,b,c` of names.
fn check(value: Value, expect: Result<Value, &str>) {
    let lookup = |reference: &Reference| match reference.attribute.as_deref() {
        None => Some(json!("orders")),
        Some("Arn") => Some(json!("arn:aws:x:y")),
        Some("Names") => Some(json!(["a", "b", "c"])),
        Some("Endpoint.Port") => Some(json!(5432)),
        Some("Block") => Some(json!("10.0.0.0/16")),
        Some(_) => None,
    };
    let found = resolve_value(&value, &lookup).map_err(|error| error.to_string());
    assert_eq!(found, expect.map_err(str::to_owned), "{value}");
}

fn get(name: &str) -> Value {
    attribute(&orders(), name)
}

#[test]
fn a_join_of_references_becomes_text() {
    let given =
        properties(json!({ "Uri": join([attribute(&orders(), "Arn"), json!("/index/*")]), "Plain": [1, true] }));
    assert_eq!(references(&given).unwrap().len(), 1);
    let resolved = resolve(&given, &|_| Some(json!("arn:aws:dynamodb:x"))).unwrap();
    assert_eq!(resolved, properties(json!({ "Uri": "arn:aws:dynamodb:x/index/*", "Plain": [1, true] })));
}

#[test]
fn a_reference_without_a_value_says_which() {
    let given = properties(json!({ "Role": attribute(&ResourceAddress::new("a", "Role"), "Arn") }));
    let error = resolve(&given, &|_| None).unwrap_err();
    assert_eq!(error.to_string(), "`a/Role` has no attribute `Arn` yet");
    let malformed = properties(json!({ "Role": { "Fn::GetAtt": "a/Role" } }));
    assert!(matches!(references(&malformed), Err(Unresolved::Malformed(_))));
}

#[test]
fn functions_over_what_is_known_late_have_values() {
    check(json!({ "Fn::Join": ["-", [get("Arn"), 1, true]] }), Ok(json!("arn:aws:x:y-1-true")));
    check(json!({ "Fn::Join": [",", get("Names")] }), Ok(json!("a,b,c")));
    check(json!({ "Fn::Select": [1, get("Names")] }), Ok(json!("b")));
    check(json!({ "Fn::Select": ["2", { "Fn::Split": [":", get("Arn")] }] }), Ok(json!("x")));
    check(json!({ "Fn::Split": [":", get("Arn")] }), Ok(json!(["arn", "aws", "x", "y"])));
    check(json!({ "Fn::Split": ["|", "a||b"] }), Ok(json!(["a", "", "b"])));
    check(json!({ "Fn::Base64": { "Ref": "shared/Orders" } }), Ok(json!("b3JkZXJz")));
    check(json!({ "Fn::Length": get("Names") }), Ok(json!(3)));
    check(json!({ "Fn::Length": [get("Names"), "x"] }), Ok(json!(2)));
    check(json!({ "Fn::ToJsonString": { "b": get("Arn"), "a": [1] } }), Ok(json!(r#"{"a":[1],"b":"arn:aws:x:y"}"#)));
    check(json!({ "Fn::Cidr": [get("Block"), 2, "8"] }), Ok(json!(["10.0.0.0/24", "10.0.1.0/24"])));
    check(json!({ "a": [{ "Fn::Join": ["", ["p", get("Endpoint.Port")]] }] }), Ok(json!({ "a": ["p5432"] })));
}

#[test]
fn what_does_not_fit_says_which_function_and_why() {
    let select = "`Fn::Select` asks for item 3 of a list of 3, counted from 0";
    check(json!({ "Fn::Select": [3, get("Names")] }), Err(select));
    check(json!({ "Fn::Join": ["", [get("Names")]] }), Err("`Fn::Join` is given a list at 0, where it takes text"));
    check(json!({ "Fn::Split": [",", get("Names")] }), Err("`Fn::Split` takes a separator and a text"));
    check(json!({ "Fn::Length": get("Arn") }), Err("`Fn::Length` takes a list"));
    check(json!({ "Fn::Base64": get("Names") }), Err("`Fn::Base64` takes a text"));
    check(json!({ "Fn::Select": [0, get("Gone")] }), Err("`shared/Orders` has no attribute `Gone` yet"));
    let cidr = "`Fn::Cidr` takes a range of addresses such as `10.0.0.0/16` or `fd00::/56`";
    check(json!({ "Fn::Cidr": [get("Arn"), 1, 8] }), Err(cidr));
    check(json!({ "Fn::Select": [0] }), Err(r#"`{"Fn::Select":[0]}` is not a well-formed reference"#));
}

#[test]
fn ranges_of_addresses_are_within_the_one_that_is_given() {
    let cidr = |block: &str, count: u32, bits: u32| Function::Cidr.apply(&json!([block, count, bits]));
    let six = ["0", "32", "64", "96", "128", "160"].map(|last| format!("192.168.0.{last}/27"));
    assert_eq!(cidr("192.168.0.0/24", 6, 5).unwrap(), json!(six));
    assert_eq!(
        cidr("2600:1f16:797:be00::/56", 2, 64).unwrap(),
        json!(["2600:1f16:797:be00::/64", "2600:1f16:797:be01::/64"])
    );
    assert_eq!(cidr("10.0.0.77/24", 1, 8).unwrap(), json!(["10.0.0.0/24"]));
    assert_eq!(cidr("0.0.0.0/0", 2, 31).unwrap(), json!(["0.0.0.0/1", "128.0.0.0/1"]));
    assert_eq!(cidr("::/0", 1, 128).unwrap(), json!(["::/0"]));
    assert_eq!(cidr("::/0", 2, 127).unwrap(), json!(["::/1", "8000::/1"]));
    assert_eq!(cidr("10.1.2.3/32", 1, 0).unwrap(), json!(["10.1.2.3/32"]));
    assert_eq!(cidr("10.0.0.0/8", 256, 16).unwrap()[255], json!("10.255.0.0/16"));
    for (block, count, bits) in [
        ("10.0.0.0/24", 0, 5),
        ("10.0.0.0/24", 257, 0),
        ("10.0.0.0/24", 9, 5),
        ("10.0.0.0/24", 1, 9),
        ("10.0.0.0/33", 1, 0),
        ("10.0.0.0", 1, 0),
        ("10.0.0/8", 1, 0),
        ("::/129", 1, 0),
        ("::/0", 1, 129),
        ("10.0.0.0/+8", 1, 40),
    ] {
        cidr(block, count, bits).unwrap_err();
    }
}

#[test]
fn text_does_not_grow_without_end() {
    let mut nested = json!({ "Ref": "shared/Orders" });
    for _ in 0..60 {
        nested = json!({ "Fn::Base64": nested });
    }
    assert!(matches!(
        resolve_value(&nested, &|_| Some(json!("x"))),
        Err(Unresolved::Unfit(Unfit { misfit: Misfit::Size, .. }))
    ));
    let half = json!({ "Fn::Base64": { "Ref": "shared/Orders" } });
    let many = Value::Array(vec![half; 20]);
    let long = "x".repeat(LONGEST / 2);
    let error = resolve_value(&many, &|_| Some(json!(long))).unwrap_err();
    assert_eq!(error.to_string(), "`Fn::Base64` and others would give more than 8388608 bytes of text together");
}
