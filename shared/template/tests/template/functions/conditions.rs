//! Condition functions and `Fn::If`.

use super::{check, check_condition};

#[test]
fn conditions_are_true_or_not() {
    check_condition("!Equals [!Ref Stage, dev]", "true");
    check_condition("!Equals [a, A]", "false");
    check_condition(r#"!Equals [1, "1"]"#, "true");
    check_condition(r#"!Equals [true, "true"]"#, "true");
    check_condition("!Equals [[a, b], [a, b]]", "true");
    check_condition("!Equals [{ a: 1, b: 2 }, { b: 2, a: 1 }]", "true");
    check_condition("!Not [!Equals [a, b]]", "true");
    check_condition("!And [!Condition IsDev, !Equals [a, a]]", "true");
    check_condition("!And [!Condition IsDev, !Condition IsProd]", "false");
    check_condition("!Or [!Condition IsDev, !Condition IsProd]", "true");
    check_condition("!Or [!Condition IsProd, !Not [!Condition IsDev]]", "false");
    check_condition("!Condition IsDev", "true");
    check_condition("{ Condition: IsProd }", "false");
    check_condition("!Equals [!FindInMap [Names, !Ref AWS::AccountId, region], !Ref AWS::Region]", "true");
    check_condition(r#"!Equals [!Join ["", [d, ev]], !Sub "${Stage}"]"#, "true");
    check_condition("!Equals [!Select [0, !Ref Blocks], 10.0.48.0/24]", "true");
    check_condition("!Equals [!Ref Count, 3]", "true");
    check_condition("!Not [{ Condition: IsProd }]", "true");
    check_condition("!Condition IsLatest", "false");
    check_condition(
        "!Or [!Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev]",
        "true",
    );
}

#[test]
fn wrong_conditions_are_told() {
    check_condition("!Equals [a]", "wrong-arguments at [a]: `Fn::Equals` takes two values; write `Fn::Equals: [a, b]`");
    check_condition(
        "!Equals [a, b, c]",
        "wrong-arguments at [a, b, c]: `Fn::Equals` takes two values; write `Fn::Equals: [a, b]`",
    );
    check_condition("!Equals a", "wrong-arguments at a: `Fn::Equals` takes two values; write `Fn::Equals: [a, b]`");
    check_condition(
        "!And [!Condition IsDev]",
        "wrong-arguments at [!Condition IsDev]: `Fn::And` takes a list of 2 to 10 conditions; write `Fn::And: [{Condition: One}, {Condition: Other}]`",
    );
    check_condition(
        "!And []",
        "wrong-arguments at []: `Fn::And` takes a list of 2 to 10 conditions; write `Fn::And: [{Condition: One}, {Condition: Other}]`",
    );
    check_condition(
        "!Or [!Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev]",
        "wrong-arguments at [!Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev, !Condition IsDev]: `Fn::Or` takes a list of 2 to 10 conditions; write `Fn::Or: [{Condition: One}, {Condition: Other}]`",
    );
    check_condition(
        "!Not [!Condition IsDev, !Condition IsDev]",
        "wrong-arguments at [!Condition IsDev, !Condition IsDev]: `Fn::Not` takes one condition, in a list; write `Fn::Not: [{Condition: Name}]`",
    );
    check_condition(
        "!Not { Condition: IsDev }",
        "wrong-arguments at { Condition: IsDev }: `Fn::Not` takes one condition, in a list; write `Fn::Not: [{Condition: Name}]`",
    );
    check_condition(
        "!Condition IsDve",
        "unknown-condition at IsDve: there is no condition `IsDve`; did you mean `IsDev`?",
    );
    check_condition(
        "!Condition [IsDev]",
        "wrong-type at [IsDev]: the name of a condition must be text, not a list; write one text",
    );
    check_condition(
        "!Ref Stage",
        "wrong-type at Stage: a condition must be a condition function, not `Ref`; it may be `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` or `Condition`",
    );
    check_condition(
        "true",
        "wrong-type at true: a condition must be a condition function, not text; it may be `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` or `Condition`",
    );
    check_condition(
        "!Equals [!Ref Queue, a]",
        "known-too-late at Queue: a condition is needed before the resource `Queue` exists; conditions may look at parameters, mappings and other conditions",
    );
    check_condition(
        "!Equals [!GetAtt Queue.Arn, a]",
        "misplaced-function at Queue.Arn: `Fn::GetAtt` cannot stand in a condition; conditions may look at parameters, mappings and other conditions",
    );
    check_condition(
        r#"!Equals [!Sub "${Queue}", a]"#,
        "known-too-late at Queue: a condition is needed before the resource `Queue` exists; conditions may look at parameters, mappings and other conditions",
    );
    check_condition(
        "!If [IsDev, a, b]",
        "wrong-type at [IsDev, a, b]: a condition must be a condition function, not `Fn::If`; it may be `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` or `Condition`",
    );
    check_condition(
        "!Equals [!If [IsDev, a, b], a]",
        "misplaced-function at [IsDev, a, b]: `Fn::If` cannot stand in a condition; conditions may look at parameters, mappings and other conditions",
    );
    check_condition(
        "!Equals [!ImportValue zones, a]",
        "misplaced-function at zones: `Fn::ImportValue` cannot stand in a condition; conditions may look at parameters, mappings and other conditions",
    );
    check_condition(
        "!Equals [!Ref Password, a]",
        "misplaced-reference at Password: a stored value cannot stand in a condition: AWS does not look for one there; let what runs read the value itself",
    );
    check_condition(
        r#"!Equals ["{{resolve:ssm:level:2}}", a]"#,
        r#"misplaced-reference at "{{resolve:ssm:level:2}}": a stored value cannot stand in a condition: AWS does not look for one there; let what runs read the value itself"#,
    );
    check_condition(
        "!Equals [!Ref AWS::NoValue, a]",
        "wrong-type at AWS::NoValue: what `Fn::Equals` compares must be a value, not `AWS::NoValue`; compare with text",
    );
    check_condition(
        "!Condition Test",
        "cycle at Test: conditions go round in a circle: `Test` → `Test`; let one of them say what it means without the others",
    );
    check_condition(
        "!Not [!Condition Test]",
        "cycle at Test: conditions go round in a circle: `Test` → `Test`; let one of them say what it means without the others",
    );
    check_condition(
        "!And [!Ref Stage, [a]]",
        "wrong-type at Stage: a condition must be a condition function, not `Ref`; it may be `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` or `Condition` | wrong-type at [a]: a condition must be a condition function, not a list; it may be `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` or `Condition`",
    );
    check_condition(
        "!Equals [!Ref Stag, !Ref Cuont]",
        "unknown-resource at Stag: there is no parameter or resource `Stag`; did you mean `Stage`? | unknown-resource at Cuont: there is no parameter or resource `Cuont`; did you mean `Count`?",
    );
}

#[test]
fn if_chooses_by_a_condition() {
    check("!If [IsDev, a, b]", r#""a""#);
    check("!If [IsProd, a, b]", r#""b""#);
    check("!If [IsProd, !Ref Absent, !Ref Queue]", r#"{"Ref":"main/Queue"}"#);
    check("!If [IsDev, !Ref AWS::NoValue, b]", r#""nothing at all""#);
    check("[a, !If [IsDev, !Ref AWS::NoValue, b]]", r#"["a"]"#);
    check("!If [IsDev, !If [IsProd, a, b], c]", r#""b""#);
    check(r#"!Join ["", [a, !If [IsDev, b, c]]]"#, r#""ab""#);
    check("!If [IsLatest, a, b]", r#""b""#);
    check("{ a: !If [IsDev, { b: !Ref Queue }, []] }", r#"{"a":{"b":{"Ref":"main/Queue"}}}"#);
    check(r#"!Sub ["${A}", { A: !If [IsDev, x, y] }]"#, r#""x""#);
}

#[test]
fn wrong_choices_are_told() {
    check("!If [IsDve, a, b]", "unknown-condition at IsDve: there is no condition `IsDve`; did you mean `IsDev`?");
    check(
        "!If [IsDev, a]",
        "wrong-arguments at [IsDev, a]: `Fn::If` takes the name of a condition and two values; write `Fn::If: [Name, value, otherwise]`",
    );
    check(
        "!If [IsDev, a, b, c]",
        "wrong-arguments at [IsDev, a, b, c]: `Fn::If` takes the name of a condition and two values; write `Fn::If: [Name, value, otherwise]`",
    );
    check(
        "!If IsDev",
        "wrong-arguments at IsDev: `Fn::If` takes the name of a condition and two values; write `Fn::If: [Name, value, otherwise]`",
    );
    check(
        "!If [!Ref Stage, a, b]",
        "misplaced-function at Stage: the name of a condition must be written out: `Ref` cannot stand here; write plain text",
    );
    check(
        "!If [!Equals [a, b], a, b]",
        "misplaced-function at [a, b]: the name of a condition must be written out: `Fn::Equals` cannot stand here; write plain text",
    );
    check(
        "!If [[IsDev], a, b]",
        "wrong-type at [IsDev]: the name of a condition must be text, not a list; write one text",
    );
    check(
        "!Equals [a, b]",
        "misplaced-function at [a, b]: `Fn::Equals` may stand only in conditions and rules; give it a name under `Conditions`, and use `Fn::If` with that name here",
    );
    check(
        r#"{ "Fn::Not": [!Condition IsDev] }"#,
        r#"misplaced-function at "Fn::Not": `Fn::Not` may stand only in conditions and rules; give it a name under `Conditions`, and use `Fn::If` with that name here"#,
    );
}

#[test]
fn what_looks_like_a_condition_in_a_property_is_none() {
    check("{ Condition: IsDev }", r#"{"Condition":"IsDev"}"#);
    check("{ Condition: { StringEquals: { a: !Ref Stage } } }", r#"{"Condition":{"StringEquals":{"a":"dev"}}}"#);
}

#[test]
fn what_is_wrong_whatever_is_chosen_is_told_of_what_is_not_chosen() {
    check(
        "!If [IsDev, a, !Ref Stag]",
        "unknown-resource at Stag: there is no parameter or resource `Stag`; did you mean `Stage`?",
    );
    check(
        "!If [IsProd, !Sub '${Queue.Arm}', a]",
        "unknown-attribute at Queue.Arm: `Queue` has no attribute `Arm`: resources of type `AWS::SQS::Queue` have none of that name; did you mean `Arn`?",
    );
    check(
        "!If [IsProd, !If [IsDve, a, b], a]",
        "unknown-condition at IsDve: there is no condition `IsDve`; did you mean `IsDev`?",
    );
    check(
        "!If [IsProd, !Join [a], a]",
        "wrong-arguments at [a]: `Fn::Join` takes a separator and a list of texts; write `Fn::Join: [separator, [text, text]]`",
    );
    check(
        "!If [IsProd, [!GetAtt Absent.Arn, !FindInMap [Sizes, a, b], !ImportValue c, !Select [9, [a]], !GetAZs us-west-2], a]",
        r#""a""#,
    );
}
