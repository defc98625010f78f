//! `Parameters`, and the values that they are given.

use super::{ORDERS, check_given, check_with_orders};
use crate::stage::{Stage, check};

#[test]
fn parameters_of_a_wrong_shape_are_told() {
    check_with_orders(
        "Parameters:
  - Stage
",
        &["2:3 wrong-type | `Parameters` must be a mapping of parameters, not a list | write it as `name: …` lines"],
    );
    check_with_orders(
        "Parameters:
  Stage: String
",
        &["2:10 wrong-type | a parameter must be a mapping, not the text `String` | write it as `key: value` lines"],
    );
    check_with_orders(
        "Parameters:
  Fn::Transform: { Name: x }
",
        &[
            "2:3 unsupported | `Fn::Transform` asks for a macro, which runs in an account and is not supported | bring the template as it is after transforms: `aws cloudformation get-template --template-stage Processed`",
        ],
    );
}

#[test]
fn types_that_no_parameter_has_are_told() {
    check_with_orders(
        "Parameters:
  Stage: { Default: a }
",
        &["2:10 missing-key | a parameter needs the key `Type` | add `Type: …`"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: Strng, Default: a }
",
        &["2:18 wrong-choice | the type of a parameter cannot be `Strng` | did you mean `String`?"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: AWS::EC2::VPC::ID, Default: a }
",
        &[
            "2:18 wrong-choice | the type of a parameter cannot be `AWS::EC2::VPC::ID` | did you mean `AWS::EC2::VPC::Id`?",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: Boolean, Default: a }
",
        &[
            "2:18 wrong-choice | the type of a parameter cannot be `Boolean` | it may be `String`, `Number`, `CommaDelimitedList`, `List<Number>`, a type such as `AWS::EC2::VPC::Id` or a list of it, or `AWS::SSM::Parameter::Value<…>` of one of them",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: List<AWS::EC2::KeyPair::KeyName>, Default: a }
",
        &[
            "2:18 wrong-choice | the type of a parameter cannot be `List<AWS::EC2::KeyPair::KeyName>` | did you mean `List<AWS::EC2::Image::Id>`?",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: [String], Default: a }
",
        &["2:18 wrong-type | the type of a parameter must be text, not a list | write one text"],
    );
}

#[test]
fn keys_that_no_parameter_has_are_told() {
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Defualt: a }
",
        &[
            "strands.yaml:1:1 missing-parameter | the stack `site` does not say what its parameter `Stage` is | add `parameters: { Stage: … }`",
            "2:26 unknown-key | a parameter has no key `Defualt` | did you mean `Default`?",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Required: true, Default: a }
",
        &[
            "2:26 unknown-key | a parameter has no key `Required` | it may have `Type`, `Default`, `AllowedValues`, `AllowedPattern`, `ConstraintDescription`, `Description`, `MinLength`, `MaxLength`, `MinValue`, `MaxValue` and `NoEcho`",
        ],
    );
}

#[test]
fn constraints_of_a_wrong_shape_are_told() {
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, AllowedValues: a }
",
        &[
            "2:53 wrong-type | `AllowedValues` must be a list of texts, not the text `a` | write it as `- …` lines, or between `[` and `]`",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, AllowedValues: [[a], a] }
",
        &["2:54 wrong-type | an allowed value must be text, not a list | write one text"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, AllowedPattern: [a] }
",
        &["2:54 wrong-type | `AllowedPattern` must be text, not a list | write one text"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, NoEcho: maybe }
",
        &[
            "2:46 wrong-type | `NoEcho` must be `true` or `false`, not the text `maybe` | write one of the two, without quotes",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, MinLength: one }
",
        &["2:49 wrong-type | `MinLength` must be a whole number from 0, not `one` | write a number, e.g. `10`"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, MaxLength: -1 }
",
        &["2:49 wrong-type | `MaxLength` must be a whole number from 0, not `-1` | write a number, e.g. `10`"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: Number, Default: 1, MaxValue: many }
",
        &["2:48 wrong-type | `MaxValue` must be a number, not the text `many` | write a number, e.g. `10`"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, Description: [a] }
",
        &["2:51 wrong-type | `Description` must be text, not a list | write one text"],
    );
}

#[test]
fn constraints_that_mean_nothing_for_the_type_are_told() {
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, MinValue: 1 }
",
        &[
            "2:38 unknown-key | `MinValue` means nothing for a parameter of type `String` | it may have `MinLength`, `MaxLength`, `AllowedPattern` and `AllowedValues`",
        ],
    );
    check_with_orders(
        "Parameters:
  Count: { Type: Number, Default: 1, MaxLength: 1, AllowedPattern: a }
",
        &[
            "2:38 unknown-key | `MaxLength` means nothing for a parameter of type `Number` | it may have `MinValue`, `MaxValue` and `AllowedValues`",
            "2:52 unknown-key | `AllowedPattern` means nothing for a parameter of type `Number` | it may have `MinValue`, `MaxValue` and `AllowedValues`",
        ],
    );
}

#[test]
fn constraints_that_nothing_can_keep_are_told() {
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: abc, MinLength: 3, MaxLength: 2 }
",
        &[
            "2:51 out-of-range | `MinLength` is `3` and `MaxLength` is `2`: no value keeps both | make `MinLength` the smaller one",
        ],
    );
    check_with_orders(
        "Parameters:
  Count: { Type: Number, Default: 3, MinValue: 3, MaxValue: 2.5 }
",
        &[
            "2:48 out-of-range | `MinValue` is `3` and `MaxValue` is `2.5`: no value keeps both | make `MinValue` the smaller one",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: a, AllowedPattern: '[a' }
",
        &[
            "2:54 wrong-pattern | the pattern `[a` is none that values can be held against | write a regular expression without looking around and without references back",
        ],
    );
    check_with_orders(
        r#"Parameters:
  Stage: { Type: String, Default: a, AllowedPattern: '(a)\1' }
"#,
        &[
            r#"2:54 wrong-pattern | the pattern `(a)\1` is none that values can be held against | write a regular expression without looking around and without references back"#,
        ],
    );
}

#[test]
fn a_default_that_is_left_empty_is_told() {
    check_given(
        "  Stage: { Type: String, Default: }
",
        "{ Stage: a }",
        &[
            r#"2:26 wrong-type | `Default` is left empty | write `""` if it is meant to be the empty text, or remove it"#,
        ],
    );
}

#[test]
fn defaults_that_break_their_own_constraints_are_told() {
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: prd, AllowedValues: [dev, prod] }
",
        &["2:35 wrong-choice | the default of `Stage` cannot be `prd` | did you mean `prod`?"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: x, AllowedValues: [dev, prod] }
",
        &["2:35 wrong-choice | the default of `Stage` cannot be `x` | it may be `dev` or `prod`"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: Dev1, AllowedPattern: '[a-z]+' }
",
        &[
            "2:35 wrong-pattern | the default of `Stage` cannot be `Dev1`: it does not match `[a-z]+` | `AllowedPattern` is `[a-z]+`, which must match the whole value",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: Dev1, AllowedPattern: '[a-z]+', ConstraintDescription: lower case only }
",
        &[
            "2:35 wrong-pattern | the default of `Stage` cannot be `Dev1`: lower case only | `AllowedPattern` is `[a-z]+`, which must match the whole value",
        ],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: ab, MinLength: 3 }
",
        &["2:35 out-of-range | the default of `Stage` cannot be `ab`: it is too short | write at least 3 characters"],
    );
    check_with_orders(
        "Parameters:
  Stage: { Type: String, Default: abcd, MaxLength: 3 }
",
        &["2:35 out-of-range | the default of `Stage` cannot be `abcd`: it is too long | write at most 3 characters"],
    );
    check_with_orders(
        "Parameters:
  Count: { Type: Number, Default: 0, MinValue: 1 }
",
        &["2:35 out-of-range | the default of `Count` cannot be `0`: it is less than the least | write at least `1`"],
    );
    check_with_orders(
        "Parameters:
  Count: { Type: Number, Default: 11, MaxValue: 10 }
",
        &["2:35 out-of-range | the default of `Count` cannot be `11`: it is more than the most | write at most `10`"],
    );
    check_with_orders(
        "Parameters:
  Count: { Type: Number, Default: ten }
",
        &["2:35 wrong-type | the default of `Count` must be a number, not the text `ten` | write a number, e.g. `10`"],
    );
    check_with_orders(
        "Parameters:
  Counts: { Type: List<Number>, Default: '1, two, 3' }
",
        &["2:42 wrong-type | the default of `Counts` must be a number, not the text `two` | write a number, e.g. `10`"],
    );
    check_with_orders(
        "Parameters:
  Stages: { Type: CommaDelimitedList, Default: 'dev, prd', AllowedValues: [dev, prod] }
",
        &["2:48 wrong-choice | the default of `Stages` cannot be `prd` | did you mean `prod`?"],
    );
}

#[test]
fn values_are_told_where_they_are_given() {
    check_given(
        "  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
",
        "{ Stage: prd }",
        &["strands.yaml:1:10 wrong-choice | `Stage` cannot be `prd` | did you mean `prod`?"],
    );
    check_given(
        "  Stage: { Type: String }
",
        "{ Stage: [a, b] }",
        &["strands.yaml:1:10 wrong-type | `Stage` must be text, not a list | write one text"],
    );
    check_given(
        "  Stage: { Type: String }
",
        "{ Stage: !Ref Other }",
        &["strands.yaml:1:15 wrong-type | `Stage` must be text, not the function `Ref` | write one text"],
    );
    check_given(
        "  Stages: { Type: CommaDelimitedList }
",
        "{ Stages: { a: b } }",
        &[
            "strands.yaml:1:11 wrong-type | `Stages` must be text, or a list of texts, not a mapping | write it as `- …` lines, or between `[` and `]`",
        ],
    );
    check_given(
        "  Stages: { Type: CommaDelimitedList }
",
        "{ Stages: [a, [b]] }",
        &["strands.yaml:1:15 wrong-type | `Stages` must be text, not a list | write one text"],
    );
    check_given(
        "  Count: { Type: Number }
",
        "{ Count: many }",
        &["strands.yaml:1:10 wrong-type | `Count` must be a number, not the text `many` | write a number, e.g. `10`"],
    );
    check_given(
        "  Counts: { Type: List<Number>, MaxValue: 5 }
",
        "{ Counts: [1, 6] }",
        &["strands.yaml:1:15 out-of-range | `Counts` cannot be `6`: it is more than the most | write at most `5`"],
    );
}

#[test]
fn values_that_are_missing_are_told_at_the_stack() {
    check_with_orders(
        "Parameters:
  Stage: { Type: String }
  Count: { Type: Number }
",
        &[
            "strands.yaml:1:1 missing-parameter | the stack `site` does not say what its parameter `Count` is | add `parameters: { Count: … }`",
            "strands.yaml:1:1 missing-parameter | the stack `site` does not say what its parameter `Stage` is | add `parameters: { Stage: … }`",
        ],
    );
    check_given(
        "  Stage: { Type: String }
",
        "{ Stage: }",
        &[
            "strands.yaml:1:1 missing-parameter | the stack `site` does not say what its parameter `Stage` is | add `parameters: { Stage: … }`",
        ],
    );
}

#[test]
fn values_that_nobody_asks_for_are_told() {
    check_given(
        "  Stage: { Type: String, Default: a }
",
        "{ Stge: b }",
        &[
            "strands.yaml:1:3 unknown-parameter | the template of `site` has no parameter `Stge` | did you mean `Stage`?",
        ],
    );
    check_given(
        "  Stage: { Type: String, Default: a }
  Size: { Type: String, Default: a }
",
        "{ Colour: b }",
        &[
            "strands.yaml:1:3 unknown-parameter | the template of `site` has no parameter `Colour` | there are `Size` and `Stage`",
        ],
    );
    assert_eq!(
        Stage::of(ORDERS).given("{ Colour: b }").problems(),
        [
            "strands.yaml:1:3 unknown-parameter | the template of `site` has no parameter `Colour` | there are no parameters in it"
        ]
    );
}

#[test]
fn values_of_aws_specific_types_look_like_what_they_are() {
    check_given(
        "  Vpc: { Type: AWS::EC2::VPC::Id }
",
        "{ Vpc: my-vpc }",
        &[
            "strands.yaml:1:8 wrong-pattern | `Vpc` cannot be `my-vpc` | it is of type `AWS::EC2::VPC::Id`: `vpc-` and hexadecimal digits",
        ],
    );
    check_given(
        "  Subnets: { Type: List<AWS::EC2::Subnet::Id> }
",
        "{ Subnets: [subnet-0123456789abcdef0, sub] }",
        &[
            "strands.yaml:1:39 wrong-pattern | `Subnets` cannot be `sub` | it is of type `List<AWS::EC2::Subnet::Id>`: `subnet-` and hexadecimal digits",
        ],
    );
    check_given(
        "  Name: { Type: AWS::SSM::Parameter::Name }
",
        r#"{ Name: "a b" }"#,
        &[
            "strands.yaml:1:9 wrong-pattern | `Name` cannot be `a b` | it is of type `AWS::SSM::Parameter::Name`: letters, digits, `_`, `.`, `-` and `/`",
        ],
    );
    check_given(
        "  Image: { Type: AWS::SSM::Parameter::Value<AWS::EC2::Image::Id> }
",
        r#"{ Image: "the image" }"#,
        &[
            "strands.yaml:1:10 wrong-pattern | `Image` cannot be `the image` | it is of type `AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>`, and so takes the name of a parameter: letters, digits, `_`, `.`, `-` and `/`",
        ],
    );
}

#[test]
fn secrets_that_are_written_down_are_told() {
    check_with_orders(
        "Parameters:
  Password: { Type: String, NoEcho: true, Default: hunter2 }
",
        &[
            "2:52 secret | the default of `Password` is `NoEcho`, and its value stands here for everybody to read | store it in Secrets Manager or as a secure SSM parameter, and write `{{resolve:secretsmanager:…}}` or `{{resolve:ssm-secure:…}}`",
        ],
    );
    check_given(
        r#"  Password: { Type: String, NoEcho: "true" }
"#,
        "{ Password: hunter2 }",
        &[
            "strands.yaml:1:13 secret | `Password` is `NoEcho`, and its value stands here for everybody to read | store it in Secrets Manager or as a secure SSM parameter, and write `{{resolve:secretsmanager:…}}` or `{{resolve:ssm-secure:…}}`",
        ],
    );
    check_given(
        "  Password: { Type: String, NoEcho: true }
",
        r#"{ Password: "{{resolve:ssm:/plain}}" }"#,
        &[
            "strands.yaml:1:13 secret | `Password` is `NoEcho`, and its value stands here for everybody to read | store it in Secrets Manager or as a secure SSM parameter, and write `{{resolve:secretsmanager:…}}` or `{{resolve:ssm-secure:…}}`",
        ],
    );
    check_given(
        "  Key: { Type: String }
",
        "{ Key: AKIAABCDEFGHIJKLMNOP }",
        &[
            "strands.yaml:1:8 secret | `Key` holds what looks like an AWS access key | store it in Secrets Manager or as a secure SSM parameter, and write `{{resolve:secretsmanager:…}}` or `{{resolve:ssm-secure:…}}`",
        ],
    );
    check(
        "Resources:
  Key: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: AKIAABCDEFGHIJKLMNOP } }
",
        &[
            "2:72 secret | a property holds what looks like an AWS access key | store it in Secrets Manager or as a secure SSM parameter, and write `{{resolve:secretsmanager:…}}` or `{{resolve:ssm-secure:…}}`",
        ],
    );
}
