//! Rules that few types use, on schemas of their own.

use serde_json::{Value, json};

use super::validate;
use crate::registry::decode;

/// What is told of properties of a type with this schema.
#[track_caller]
fn check(schema: &Value, properties: Value, expected: &[&str]) {
    let resource = decode::resource("Test::Test::Test", schema.clone()).unwrap();
    let found = validate(&resource, &properties);
    let found: Vec<String> = found.iter().map(|one| format!("{}: {}", one.place(), one.message())).collect();
    assert_eq!(found, expected, "{properties}");
}

#[test]
fn what_is_not_known_yet_does_not_fit_two_forms_at_once() {
    let schema = json!({ "properties": { "A": { "oneOf": [
        { "type": "object", "properties": { "Kind": { "const": "a" } }, "required": ["Kind"] },
        { "type": "object", "properties": { "Kind": { "enum": ["a", "b"] } }, "required": ["Kind"] },
    ] } } });
    check(&schema, json!({ "A": { "Kind": "b" } }), &[]);
    check(&schema, json!({ "A": { "Kind": "a" } }), &["A: this fits more than one of the forms that it can have"]);
    check(&schema, json!({ "A": { "Kind": { "Ref": "Kind" } } }), &[]);
    check(&schema, json!({ "A": { "Kind": "{{resolve:ssm:kind}}" } }), &[]);
    check(&schema, json!({ "A": { "Kind": "c" } }), &["A.Kind: `c` is not one of the values that this can have"]);
}

#[test]
fn a_text_that_could_be_a_number_does_not_fit_two_forms_at_once() {
    let schema = json!({ "properties": { "A": { "oneOf": [{ "type": "string" }, { "type": "integer" }] } } });
    check(&schema, json!({ "A": "1" }), &[]);
    check(&schema, json!({ "A": 1 }), &[]);
    check(&schema, json!({ "A": true }), &[]);
    check(&schema, json!({ "A": [] }), &["A: this has to be a text or a whole number, and is a list"]);
}

#[test]
fn forms_that_are_told_apart_by_what_is_not_checked_exclude_nothing() {
    let formats =
        json!({ "properties": { "A": { "type": "string", "oneOf": [{ "format": "a" }, { "format": "b" }] } } });
    check(&formats, json!({ "A": "x" }), &[]);
    let patterns = json!({ "properties": { "A": { "oneOf": [{ "pattern": "x(?<!y)" }, { "pattern": "x" }] } } });
    check(&patterns, json!({ "A": "x" }), &[]);
    let forms = json!({ "properties": { "A": { "oneOf": [{ "minLength": 1 }, { "minLength": 2 }] } } });
    check(&forms, json!({ "A": "xx" }), &["A: this fits more than one of the forms that it can have"]);
}

#[test]
fn of_forms_with_words_of_their_own_every_word_is_told() {
    let schema = json!({ "properties": { "A": { "anyOf": [{ "enum": ["a"] }, { "enum": ["b", "c"] }] } } });
    let resource = decode::resource("Test::Test::Test", schema).unwrap();
    let found = validate(&resource, &json!({ "A": "d" }));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].help().unwrap(), "it can be `a`, `b` or `c`");
}

#[test]
fn one_rule_follows_from_another() {
    let schema = json!({
        "if": { "properties": { "Mode": { "const": "on" } }, "required": ["Mode"] },
        "then": { "required": ["Size"] },
        "else": { "properties": { "Size": { "maximum": 0, "type": "integer" } } },
    });
    let schema = json!({ "allOf": [schema], "properties": { "Mode": {}, "Size": {} } });
    check(&schema, json!({ "Mode": "on" }), &[": `Size` is missing"]);
    check(&schema, json!({ "Mode": "on", "Size": 1 }), &[]);
    check(&schema, json!({ "Mode": "off", "Size": 1 }), &["Size: this is 1, and 0 is the most"]);
    check(&schema, json!({ "Mode": { "Ref": "Mode" } }), &[]);
    check(&schema, json!({ "Mode": { "Ref": "Mode" }, "Size": 1 }), &[]);
}

#[test]
fn a_value_can_be_excluded() {
    let schema = json!({ "properties": { "A": { "type": "string", "not": { "enum": ["root"] } },
        "B": { "not": { "type": "object", "properties": { "C": { "const": 1 } }, "required": ["C"] } } } });
    check(&schema, json!({ "A": "root" }), &["A: this is a value that it cannot have"]);
    check(&schema, json!({ "A": "user" }), &[]);
    check(&schema, json!({ "B": { "C": 1 } }), &["B: this is a value that it cannot have"]);
    check(&schema, json!({ "B": { "C": { "Ref": "C" }, "D": 1 } }), &[]);
}

#[test]
fn what_is_said_of_the_presence_of_properties_holds() {
    let schema = json!({ "requiredOr": ["A", "B"], "dependencies": { "C": ["A"], "D": { "required": ["B"] } } });
    check(&schema, json!({ "A": 1, "B": 2 }), &[]);
    check(&schema, json!({}), &[": this needs `A` or `B`"]);
    check(&schema, json!({ "B": 1, "C": 1 }), &[": `C` needs `A`, which is missing"]);
    check(&schema, json!({ "A": 1, "D": 1 }), &[": `B` is missing"]);
    check(&schema, json!({ "B": 1, "C": { "Fn::If": ["a", "b", "c"] } }), &[]);
}

#[test]
fn numbers_and_words_keep_to_what_is_said_of_them() {
    let schema = json!({ "properties": {
        "Step": { "type": "number", "multipleOf": 0.5 },
        "Below": { "type": "integer", "exclusiveMaximum": 10 },
        "Word": { "type": "string", "enumCaseInsensitive": ["On"] },
        "Scale": { "enum": [1, 2.5] },
    } });
    check(&schema, json!({ "Step": 1.5, "Below": 9, "Word": "on", "Scale": "2.50" }), &[]);
    check(&schema, json!({ "Step": "1.2" }), &["Step: this is 1.2, and has to be a multiple of 0.5"]);
    check(&schema, json!({ "Below": 10 }), &["Below: this is 10, and has to be less than 10"]);
    check(&schema, json!({ "Word": "off" }), &["Word: `off` is not one of the values that this can have"]);
    check(&schema, json!({ "Scale": 2 }), &["Scale: `2` is not one of the values that this can have"]);
}

#[test]
fn lists_whose_items_may_come_to_nothing_are_as_long_as_they_can_be() {
    let schema =
        json!({ "properties": { "A": { "type": "array", "minItems": 2, "maxItems": 2, "uniqueItems": true } } });
    let perhaps = json!({ "Fn::If": ["a", "b", "c"] });
    check(&schema, json!({ "A": [1] }), &["A: this has 1 entry, and 2 is the least"]);
    check(&schema, json!({ "A": [1, 2, 3] }), &["A: this has 3 entries, and 2 is the most"]);
    check(&schema, json!({ "A": [1, perhaps] }), &[]);
    check(&schema, json!({ "A": [1, 2, perhaps] }), &[]);
    check(&schema, json!({ "A": [perhaps, perhaps] }), &[]);
    check(&schema, json!({ "A": [1, 1] }), &["A[1]: this is the same as item 0"]);
    check(&schema, json!({ "A": [{ "b": { "Ref": "c" } }, { "b": { "Ref": "c" } }] }), &[]);
}

#[test]
fn mappings_have_as_many_properties_as_is_said() {
    let schema = json!({ "properties": { "A": { "type": "object", "minProperties": 1, "maxProperties": 2 } } });
    check(&schema, json!({ "A": {} }), &["A: this has 0 entries, and 1 is the least"]);
    check(&schema, json!({ "A": { "a": 1, "b": 2, "c": 3 } }), &["A: this has 3 entries, and 2 is the most"]);
    check(&schema, json!({ "A": { "a": 1, "b": 2, "c": { "Fn::If": [] } } }), &[]);
}

#[test]
fn what_aws_shows_otherwise_than_it_was_given_can_be_given() {
    let schema = json!({ "properties": { "A": {}, "B": {}, "C": { "properties": { "D": {} } }, "L": { "items": {} } },
        "readOnlyProperties": ["/properties/A", "/properties/B", "/properties/C/D", "/properties/L/*/E"],
        "createOnlyProperties": ["/properties/A"] });
    check(&schema, json!({ "A": 1 }), &[]);
    check(&schema, json!({ "B": 1 }), &[": `B` is set by AWS, and cannot be asked for"]);
    check(&schema, json!({ "C": { "D": 1 } }), &["C: `D` is set by AWS, and cannot be asked for"]);
    check(&schema, json!({ "L": [{}, { "E": 1 }] }), &["L[1]: `E` is set by AWS, and cannot be asked for"]);
    check(&schema, json!({ "B": { "Fn::If": ["a", "b", "c"] } }), &[]);
}

#[test]
fn a_schema_that_leads_in_circles_ends() {
    let schema = json!({ "properties": { "A": { "$ref": "#/definitions/A" } },
        "definitions": { "A": { "allOf": [{ "$ref": "#/definitions/A" }, { "type": "string" }] } } });
    check(&schema, json!({ "A": "a" }), &[]);
    let resource = decode::resource("Test::Test::Test", schema).unwrap();
    assert!(resource.root().property("A").unwrap().types().has(crate::registry::Type::String));
}
