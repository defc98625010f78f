//! `Mappings`, `Rules` and `Outputs`.

use super::check_with_orders;
use crate::stage::check;

#[test]
fn mappings_of_a_wrong_shape_are_told() {
    check_with_orders(
        "Mappings: []
",
        &["1:11 wrong-type | `Mappings` must be a mapping of mappings, not a list | write it as `name: …` lines"],
    );
    check_with_orders(
        "Mappings:
  ByRegion: x
",
        &["2:13 wrong-type | a mapping must be a mapping of mappings, not the text `x` | write it as `name: …` lines"],
    );
    check_with_orders(
        "Mappings:
  ByRegion: { eu: x }
",
        &[
            "2:19 wrong-type | a top-level key of a mapping must be a mapping of values, not the text `x` | write it as `name: …` lines",
        ],
    );
    check_with_orders(
        r#"Mappings:
  ByRegion: { "eu central": { a: b } }
"#,
        &[
            "2:15 wrong-name | `eu central` cannot be a key of a mapping | it has letters, digits and `-`, `.`, `_`: `EuCentral`",
        ],
    );
    check_with_orders(
        "Mappings:
  ByRegion: { eu: { a: !Ref AWS::Region } }
",
        &["2:29 wrong-type | `a` cannot be the function `Ref`: mappings have fixed values | write the value itself"],
    );
    check_with_orders(
        "Mappings:
  ByRegion: { eu: { a: { b: c } } }
",
        &["2:24 wrong-type | `a` must be text, a number, a truth value or a list of them | write the value itself"],
    );
    check_with_orders(
        "Mappings:
  ByRegion: { eu: { a: [{ b: c }] } }
",
        &["2:25 wrong-type | `a` must be text, a number, a truth value or a list of them | write the value itself"],
    );
    check_with_orders(
        "Mappings:
  ByRegion: { eu: { a: } }
",
        &["2:22 wrong-type | `a` must be text, a number, a truth value or a list of them | write the value itself"],
    );
    check_with_orders(
        "Mappings:
  ByRegion: { Fn::Transform: { Name: AWS::Include } }
",
        &[
            "2:15 unsupported | `Fn::Transform` asks for a macro, which runs in an account and is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
}

#[test]
fn rules_of_a_wrong_shape_are_told() {
    check_with_orders(
        "Rules: []
",
        &["1:8 wrong-type | `Rules` must be a mapping of rules, not a list | write it as `name: …` lines"],
    );
    check_with_orders(
        "Rules:
  Big: { RuleCondition: !Equals [a, a] }
",
        &["2:8 missing-key | a rule needs the key `Assertions` | add `Assertions: …`"],
    );
    check_with_orders(
        "Rules:
  Big: { Assertions: x }
",
        &[
            "2:22 wrong-type | `Assertions` must be a list of mappings with `Assert`, not the text `x` | write it as `- …` lines, or between `[` and `]`",
        ],
    );
    check_with_orders(
        "Rules:
  Big: { Assertions: [{ AssertDescription: x }] }
",
        &["2:23 missing-key | an assertion needs the key `Assert` | add `Assert: …`"],
    );
    check_with_orders(
        "Rules:
  Big: { Assertions: [], Asertions: [] }
",
        &["2:26 unknown-key | a rule has no key `Asertions` | did you mean `Assertions`?"],
    );
}

#[test]
fn rules_that_are_not_kept_are_told() {
    check_with_orders(
        r#"Parameters:
  Stage: { Type: String, Default: prod }
  Size: { Type: String, Default: small }
Rules:
  Big:
    RuleCondition: !Equals [!Ref Stage, prod]
    Assertions:
      - Assert: { "Fn::Contains": [[large, huge], !Ref Size] }
        AssertDescription: production needs a large one
      - Assert: { "Fn::Not": [!Equals [!Ref Size, !Ref Stage]] }
"#,
        &[
            "8:17 rule-not-kept | the rule `Big` is not kept: production needs a large one | give another value to `Size`, which is `small`",
        ],
    );
    check_with_orders(
        "Rules:
  Never: { Assertions: [{ Assert: !Equals [a, b] }] }
",
        &["2:43 rule-not-kept | the rule `Never` is not kept | give the stack other parameters"],
    );
    check_with_orders(
        r#"Parameters:
  Zones: { Type: CommaDelimitedList, Default: "a,b" }
Rules:
  Known: { Assertions: [{ Assert: { "Fn::EachMemberIn": [!Ref Zones, [a, c]] } }, { Assert: { "Fn::EachMemberEquals": [!Ref Zones, a] } }, { Assert: { "Fn::And": [{ "Fn::Contains": [!Ref Zones, a] }, { "Fn::Contains": [{ "Fn::RefAll": CommaDelimitedList }, c] }] } }, { Assert: !Or [!Equals [a, b], !Equals [b, c]] }] }
"#,
        &[
            "4:35 rule-not-kept | the rule `Known` is not kept | give another value to `Zones`",
            "4:93 rule-not-kept | the rule `Known` is not kept | give another value to `Zones`",
            "4:150 rule-not-kept | the rule `Known` is not kept | give another value to `Zones`",
            "4:283 rule-not-kept | the rule `Known` is not kept | give the stack other parameters",
        ],
    );
}

#[test]
fn functions_that_rules_do_not_have_are_told() {
    check_with_orders(
        r#"Parameters:
  Vpc: { Type: AWS::EC2::VPC::Id, Default: vpc-1 }
Rules:
  Team: { Assertions: [{ Assert: { "Fn::EachMemberEquals": [{ "Fn::ValueOfAll": [AWS::EC2::VPC::Id, Tags.Team] }, IT] } }] }
"#,
        &[
            "4:61 unsupported | `Fn::ValueOfAll` asks the account for what a value stands for, which is not supported | assert something of the parameter's value itself",
        ],
    );
    check_with_orders(
        "Rules:
  A: { Assertions: [{ Assert: !Ref AWS::Region }, { Assert: yes }] }
",
        &[
            "2:36 wrong-type | a rule must say something true or false, not the function `Ref` | it may be `Fn::And`, `Fn::Contains`, `Fn::EachMemberEquals`, `Fn::EachMemberIn`, `Fn::Equals`, `Fn::Not` or `Fn::Or`",
            "2:61 wrong-type | a rule must say something true or false, not something else | it may be `Fn::And`, `Fn::Contains`, `Fn::EachMemberEquals`, `Fn::EachMemberIn`, `Fn::Equals`, `Fn::Not` or `Fn::Or`",
        ],
    );
    check_with_orders(
        r#"Rules:
  A: { Assertions: [{ Assert: !And [!Equals [a, a]] }, { Assert: !Not [] }, { Assert: !Equals [a] }, { Assert: { "Fn::Contains": [a] } }, { Assert: { "Fn::Contains": [{ "Fn::RefAll": [a] }, b] } }] }
"#,
        &[
            "2:36 wrong-arguments | `Fn::And` takes a list of two to ten conditions | write `Fn::And: [{…}, {…}]`",
            "2:71 wrong-arguments | `Fn::Not` takes a list of one | write `Fn::Not: […]`",
            "2:95 wrong-arguments | `Fn::Equals` takes a list of two | write `Fn::Equals: [value, value]`",
            "2:130 wrong-arguments | `Fn::Contains` takes a list of two | write `Fn::Contains: [[text, …], text]`",
            "2:184 wrong-arguments | `Fn::RefAll` takes the type of parameters | write `Fn::RefAll: AWS::EC2::VPC::Id`",
        ],
    );
    check_with_orders(
        "Rules:
  A: { Assertions: [{ Assert: !Equals [!Ref Orders, a] }] }
",
        &[
            "2:45 known-too-late | a condition is needed before the resource `Orders` exists | conditions may look at parameters, mappings and other conditions",
        ],
    );
}

#[test]
fn outputs_of_a_wrong_shape_are_told() {
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs: []
",
        &["3:10 wrong-type | `Outputs` must be a mapping of outputs, not a list | write it as `name: …` lines"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: a
",
        &["4:8 wrong-type | an output must be a mapping, not the text `a` | write it as `key: value` lines"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: {}
",
        &["4:8 missing-key | an output needs the key `Value` | add `Value: …`"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: }
",
        &["4:10 missing-key | an output needs the key `Value` | `Value` has no value: give it one"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Exprt: { Name: a } }
",
        &["4:20 unknown-key | an output has no key `Exprt` | did you mean `Export`?"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Export: a }
",
        &["4:28 wrong-type | `Export` must be a mapping, not the text `a` | write it as `key: value` lines"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Export: {} }
",
        &["4:28 missing-key | `Export` needs the key `Name` | add `Name: …`"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Description: [a] }
",
        &["4:33 wrong-type | `Description` must be text, not a list | write one text"],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: [a] }
",
        &[
            r#"4:17 wrong-type | the output `Url` must come to one text, not a list | write text, or make one of it: `!Join [",", …]`"#,
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: { a: b } }
",
        &[
            r#"4:17 wrong-type | the output `Url` must come to one text, not a mapping | write text, or make one of it: `!Join [",", …]`"#,
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: !Ref AWS::NoValue }
",
        &[
            "4:22 wrong-type | the output `Url` comes to `AWS::NoValue` | give the output a `Condition` that leaves it out",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Fn::ForEach::Urls: [Name, [a, b], {}]
",
        &[
            "4:3 missing-transform | `Fn::ForEach` needs the language extensions | add `Transform: AWS::LanguageExtensions` at the top of the template",
        ],
    );
}

#[test]
fn names_of_exports_that_cannot_be_are_told() {
    check(
        r#"Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Export: { Name: "the url" } }
"#,
        &[
            "4:36 wrong-name | `the url` cannot be the name of an export | it has letters, digits, colons and hyphens only, at most 255",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Export: { Name: !Ref Orders } }
",
        &[
            "4:41 known-too-late | what stands here is needed before the resource `Orders` exists | write it out, or take it from a parameter or mapping",
        ],
    );
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Export: { Name: [a] } }
",
        &["4:36 wrong-type | the name of an export must be text, not a list | write one text"],
    );
}
