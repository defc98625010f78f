//! What parameters come to.

use serde_json::{Value, json};

use super::stage::Stage;

/// What a parameter that is declared as `declared` comes to where it is referred to; `given` is what the config gives.
fn value(declared: &str, given: &str) -> Value {
    stage(declared, given).properties("site/One")["Value"].clone()
}

fn stage(declared: &str, given: &str) -> Stage {
    let text = format!(
        "Parameters:\n  P: {{ {declared} }}\nResources:\n  One: {{ Type: Custom::Any, Properties: {{ ServiceToken: a, Value: !Ref P }} }}\n"
    );
    Stage::of(&text).given(given)
}

#[test]
fn a_value_is_what_its_type_makes_of_what_is_written() {
    let rows = [
        ("Type: String, Default: dev", "{}", json!("dev")),
        ("Type: String, Default: dev", "{ P: prod }", json!("prod")),
        ("Type: String, Default: dev", "{ P: }", json!("dev")),
        ("Type: String, Default: ''", "{}", json!("")),
        ("Type: String", "{ P: 123456789012 }", json!("123456789012")),
        ("Type: String", "{ P: true }", json!("true")),
        ("Type: String", "{ P: 007 }", json!("007")),
        ("Type: Number", "{ P: 5 }", json!(5)),
        ("Type: Number", "{ P: '5' }", json!(5)),
        ("Type: Number", "{ P: 2.5 }", json!(2.5)),
        ("Type: List<Number>", "{ P: '1, 2.5,3' }", json!([1, 2.5, 3])),
        ("Type: List<Number>", "{ P: [1, '2'] }", json!([1, 2])),
        ("Type: CommaDelimitedList, Default: ' a ,b,, c '", "{}", json!(["a", "b", "", "c"])),
        ("Type: CommaDelimitedList, Default: ''", "{}", json!([])),
        ("Type: CommaDelimitedList", "{ P: [a, 1, true] }", json!(["a", "1", "true"])),
        ("Type: AWS::EC2::VPC::Id", "{ P: vpc-0123456789abcdef0 }", json!("vpc-0123456789abcdef0")),
        ("Type: List<AWS::EC2::Subnet::Id>", "{ P: 'subnet-1, subnet-2' }", json!(["subnet-1", "subnet-2"])),
        ("Type: AWS::EC2::KeyPair::KeyName", "{ P: my key }", json!("my key")),
        ("Type: AWS::SSM::Parameter::Name", "{ P: /a/b }", json!("/a/b")),
    ];
    for (declared, given, expected) in rows {
        assert_eq!(value(declared, given), expected, "{declared} {given}");
    }
}

#[test]
fn constraints_are_kept_by_each_item_and_by_the_whole_text() {
    let rows = [
        ("Type: String, AllowedPattern: '[a-z]+'", "{ P: abc }"),
        ("Type: String, AllowedPattern: '^[a-z]+$'", "{ P: abc }"),
        ("Type: String, AllowedPattern: 'a|bc'", "{ P: bc }"),
        ("Type: String, AllowedPattern: '^(?!aws)[a-z]+$'", "{ P: abc }"),
        ("Type: String, AllowedPattern: '(?!aws)[a-z]+'", "{ P: abc }"),
        ("Type: String, AllowedPattern: '^(?=.*[0-9])[a-z0-9]+'", "{ P: abc1 }"),
        ("Type: String, AllowedPattern: '[\\p{L}\\d_-]*'", "{ P: übel_1 }"),
        ("Type: CommaDelimitedList, AllowedPattern: '[a-z]'", "{ P: 'a,b' }"),
        ("Type: CommaDelimitedList, AllowedValues: [a, b]", "{ P: [b, a, b] }"),
        ("Type: Number, AllowedValues: [1, 10]", "{ P: 10.0 }"),
        ("Type: Number, MinValue: -1, MaxValue: '1.5'", "{ P: 1.5 }"),
        ("Type: String, MinLength: '2', MaxLength: 2", "{ P: üü }"),
        ("Type: String, AllowedValues: [true, false]", "{ P: true }"),
    ];
    for (declared, given) in rows {
        assert_eq!(stage(declared, given).problems(), Vec::<String>::new(), "{declared} {given}");
    }
    let rows = [
        ("Type: String, AllowedPattern: '[a-z]+'", "{ P: abc1 }"),
        ("Type: String, AllowedPattern: 'a|bc'", "{ P: abc }"),
        ("Type: String, AllowedPattern: '^(?!aws)[a-z]+$'", "{ P: awsome }"),
        ("Type: String, AllowedPattern: '(?!aws)[a-z]+'", "{ P: awsome }"),
        ("Type: String, AllowedPattern: '(?!aws)[a-z]+'", "{ P: some1 }"),
        ("Type: String, AllowedPattern: '^(?=.*[0-9])[a-z0-9]+'", "{ P: abc }"),
        ("Type: CommaDelimitedList, AllowedPattern: '[a-z]'", "{ P: 'a,bb' }"),
        ("Type: Number, AllowedValues: [1, 10]", "{ P: 2 }"),
        ("Type: Number", "{ P: 0x10 }"),
        ("Type: Number", "{ P: .inf }"),
        ("Type: Number", "{ P: NaN }"),
    ];
    for (declared, given) in rows {
        assert_eq!(stage(declared, given).problems().len(), 1, "{declared} {given}");
    }
}

#[test]
fn what_is_stored_is_looked_up_and_used_once_it_is_known() {
    let declared = "Type: AWS::SSM::Parameter::Value<String>, Default: /site/size";
    let (expansion, report) = stage(declared, "{}").expand();
    assert!(report.is_empty());
    let lookups = serde_json::to_value(&expansion.lookups).unwrap();
    assert_eq!(lookups, json!([{ "of": "parameter", "name": "/site/size" }]));
    let rows = [
        ("String", json!("large"), json!("large")),
        ("Number", json!("3"), json!("3")),
        ("AWS::EC2::Image::Id", json!("ami-1"), json!("ami-1")),
        ("List<String>", json!("a, b"), json!(["a", "b"])),
        ("CommaDelimitedList", json!(["a", "b"]), json!(["a", "b"])),
        ("List<AWS::EC2::Subnet::Id>", json!("subnet-1"), json!(["subnet-1"])),
    ];
    for (kind, stored, expected) in rows {
        let declared = format!("Type: AWS::SSM::Parameter::Value<{kind}>, Default: /site/size");
        let stage = stage(&declared, "{}").stored("/site/size", stored);
        assert_eq!(stage.properties("site/One")["Value"], expected, "{kind}");
        assert!(stage.comes_to().lookups.is_empty());
    }
}

#[test]
fn what_nobody_may_see_is_referred_to_and_never_there() {
    for reference in
        ["{{resolve:secretsmanager:db:SecretString:password}}", "{{resolve:ssm-secure:/db/password:1}}", ""]
    {
        let given = format!("{{ P: '{reference}' }}");
        let stage = stage("Type: String, NoEcho: true, AllowedPattern: '[a-z]+', MinLength: 8", &given);
        assert_eq!(stage.problems(), Vec::<String>::new(), "{reference}");
    }
    let stage = stage("Type: String, NoEcho: true", "{ P: hunter2 }");
    let (expansion, report) = stage.expand();
    assert!(!format!("{expansion:?}").contains("hunter2"));
    assert!(!report.refusals().iter().any(|refusal| format!("{refusal:?}").contains("hunter2")));
}

#[test]
fn rules_compare_what_parameters_come_to() {
    let template = |rule: &str| {
        format!(
            "
Parameters:
  Stage: {{ Type: String, Default: prod }}
  Zones: {{ Type: CommaDelimitedList, Default: 'a,b' }}
  One: {{ Type: AWS::EC2::VPC::Id, Default: vpc-1 }}
  Two: {{ Type: AWS::EC2::VPC::Id, Default: vpc-2 }}
Rules: {{ R: {{ Assertions: [{{ Assert: {rule} }}] }} }}
Resources: {{}}
"
        )
    };
    let kept = [
        "!Equals [!Ref Stage, prod]",
        "!Not [!Equals [!Ref Stage, dev]]",
        "!And [!Equals [a, a], !Or [!Equals [a, b], !Equals [b, b]]]",
        "{ 'Fn::Contains': [!Ref Zones, a] }",
        "{ 'Fn::Contains': [[dev, prod], !Ref Stage] }",
        "{ 'Fn::EachMemberIn': [!Ref Zones, [a, b, c]] }",
        "{ 'Fn::EachMemberEquals': [[prod, prod], !Ref Stage] }",
        "{ 'Fn::EachMemberIn': [{ 'Fn::RefAll': 'AWS::EC2::VPC::Id' }, [vpc-1, vpc-2]] }",
        "{ 'Fn::EachMemberIn': [{ 'Fn::RefAll': 'AWS::EC2::Subnet::Id' }, []] }",
        "!Equals [!Ref AWS::Region, eu-central-1]",
    ];
    for rule in kept {
        assert_eq!(Stage::of(&template(rule)).problems(), Vec::<String>::new(), "{rule}");
    }
    for rule in kept {
        let problems = Stage::of(&template(&format!("!Not [{rule}]"))).problems();
        assert!(matches!(problems.as_slice(), [one] if one.contains(" rule-not-kept | ")), "{rule}: {problems:?}");
    }
}

#[test]
fn a_secret_that_is_empty_is_the_empty_text() {
    assert_eq!(value("Type: String, NoEcho: true, Default: ''", "{}"), json!(""));
    assert_eq!(
        value("Type: String, NoEcho: true", "{ P: '{{resolve:ssm-secure:/a}}' }"),
        json!("{{resolve:ssm-secure:/a}}")
    );
    for almost in [
        "{{resolve:ssm-secure:",
        "{{resolve:ssm-secure:}}",
        "{{resolve:ssm-secure:/a}} and {{resolve:ssm-secure:/b}}",
        "{{resolve:ssm-secure:/a}}x",
    ] {
        let problems = stage("Type: String, NoEcho: true", &format!("{{ P: '{almost}' }}")).problems();
        assert!(matches!(problems.as_slice(), [one] if one.contains(" secret | ")), "{almost}: {problems:?}");
    }
}
