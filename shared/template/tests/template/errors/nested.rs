//! What can be wrong with stacks within stacks.

use crate::stage::Stage;

/// What is wrong with a stack and the one within it, which is given `parameters`.
fn check_given(parameters: &str, within: &str, expected: &[&str]) {
    let text = format!(
        "Resources:
  Work: {{ Type: AWS::SQS::Queue }}
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./inner.yaml
      Parameters: {{ {parameters} }}
"
    );
    assert_eq!(Stage::of(&text).nested("inner", "site/Inner", within).problems(), expected, "\n{text}\n{within}");
}

/// What is wrong with a stack, where the one within it has a topic and gives back its name.
fn check_outer(text: &str, expected: &[&str]) {
    let within = "Conditions: { Never: !Equals [a, b] }
Resources: { Topic: { Type: AWS::SNS::Topic } }
Outputs: { Name: { Value: !GetAtt Topic.TopicName }, Other: { Value: a, Condition: Never } }
";
    assert_eq!(Stage::of(text).nested("inner", "site/Inner", within).problems(), expected, "\n{text}");
}

const WORK: &str = "Resources:\n  Topic: { Type: AWS::SNS::Topic }\n";

#[test]
fn what_a_nested_stack_is_given_must_be_what_its_template_asks_for() {
    check_given(
        "Sze: 3",
        &format!("Parameters: {{ Size: {{ Type: Number }} }}\n{WORK}"),
        &[
            "3:3 missing-parameter | the stack `inner` does not say what its parameter `Size` is | add `Size: …` to its `Parameters`, or give the parameter a `Default`",
            "7:21 unknown-parameter | the template of `inner` has no parameter `Sze` | did you mean `Size`?",
        ],
    );
    check_given(
        "Size: big",
        &format!("Parameters: {{ Size: {{ Type: Number }} }}\n{WORK}"),
        &["7:27 wrong-type | `Size` must be a number, not the text `big` | write a number, e.g. `10`"],
    );
    check_given(
        "Size: [!Ref Work, b]",
        &format!("Parameters: {{ Size: {{ Type: String }} }}\n{WORK}"),
        &[
            "7:27 wrong-type | `Size` must be text, not something that is made of several | write one text; several are joined with `Fn::Join`, and a comma between them",
        ],
    );
}

#[test]
fn what_is_known_later_can_be_held_against_nothing() {
    for (constraint, name) in [
        ("AllowedValues: [a, b]", "AllowedValues"),
        ("AllowedPattern: '[a-z]+'", "AllowedPattern"),
        ("MinLength: 3", "MinLength"),
        ("MaxLength: 3", "MaxLength"),
    ] {
        check_given(
            "Url: !Ref Work",
            &format!("Parameters: {{ Url: {{ Type: String, {constraint} }} }}\n{WORK}"),
            &[&format!(
                "7:31 known-too-late | `Url` is known only once resources exist, and `{name}` asks for its value before | take `{name}` off the parameter, or give it a value that is written out"
            )],
        );
    }
    check_given(
        "Url: !Ref Work",
        &format!("Parameters: {{ Url: {{ Type: 'AWS::SSM::Parameter::Value<String>' }} }}\n{WORK}"),
        &[
            "7:31 known-too-late | `Url` is known only once resources exist, and `AWS::SSM::Parameter::Value<String>` looks it up before | give the parameter the type of the value itself",
        ],
    );
}

#[test]
fn a_list_that_is_known_later_is_no_text() {
    check_given(
        "Url: !Split [',', !Ref Work]",
        &format!("Parameters: {{ Url: {{ Type: String }} }}\n{WORK}"),
        &[
            "7:33 wrong-type | `Url` must be text, not something that is made of several | write one text; several are joined with `Fn::Join`, and a comma between them",
        ],
    );
}

#[test]
fn an_import_whose_name_comes_too_late_to_order_stacks_is_told() {
    let text = "Resources:
  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml } }
  B: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: b.yaml, Parameters: { Word: !GetAtt A.Outputs.Word } } }
";
    let a = format!("{WORK}Outputs: {{ Word: {{ Value: last }} }}\n");
    let b = "Parameters: { Word: { Type: String } }
Resources: { Topic: { Type: AWS::SNS::Topic, Properties: { DisplayName: !ImportValue { Ref: Word } } } }
";
    let exporting = |name: &str, value: &str| {
        format!("{WORK}Outputs: {{ Out: {{ Value: {value}, Export: {{ Name: {name} }} }} }}\n")
    };
    let stage = Stage::of(text).nested("a", "site/A", &a).nested("b", "site/B", b);
    let stage = stage.and("last", &exporting("last", "!ImportValue next"));
    assert_eq!(
        stage.and("next", &exporting("next", "!ImportValue first")).and("first", &exporting("first", "a")).problems(),
        [
            "b.yaml:2:86 known-too-late | that `last` is imported here is known only after outputs of other stacks, and too late to have `last` come first | write the name of the import out, or take it from a parameter or mapping",
        ]
    );
}

#[test]
fn what_is_known_later_decides_nothing() {
    const HELP: &str = "give the nested stack a value that is written out, or taken from a parameter or mapping";
    check_given(
        "Url: !Ref Work",
        "Parameters: { Url: { Type: String } }
Mappings: { M: { a: { b: c } } }
Conditions: { Same: !Equals [!Ref Url, a] }
Rules: { R: { Assertions: [{ Assert: !Equals [!Ref Url, a] }] } }
Resources:
  Topic: { Type: AWS::SNS::Topic, Condition: Same, DeletionPolicy: !Ref Url, Properties: { TopicName: !FindInMap [M, !Ref Url, b] } }
Outputs: { A: { Value: a, Export: { Name: !Sub '${Url}-a' } } }
",
        &[
            &format!("inner.yaml:3:35 known-too-late | a condition is needed before the value of `Url` is known | {HELP}"),
            &format!("inner.yaml:4:52 known-too-late | a condition is needed before the value of `Url` is known | {HELP}"),
            &format!("inner.yaml:6:73 known-too-late | what stands here is needed before the value of `Url` is known | {HELP}"),
            &format!("inner.yaml:6:123 known-too-late | what stands here is needed before the value of `Url` is known | {HELP}"),
            &format!("inner.yaml:7:51 known-too-late | what stands here is needed before the value of `Url` is known | {HELP}"),
        ],
    );
    check_given(
        "Url: !Ref Work",
        &format!(
            "Parameters: {{ Url: {{ Type: String }} }}
Rules: {{ R: {{ Assertions: [{{ Assert: {{ 'Fn::Contains': [{{ 'Fn::RefAll': String }}, a] }} }}] }} }}
{WORK}"
        ),
        &[
            "inner.yaml:2:73 known-too-late | a rule is needed before the value of `Url` is known | assert something of parameters whose values are written out",
        ],
    );
}

#[test]
fn a_secret_is_not_put_together_of_what_stands_here() {
    check_given(
        "Password: !Sub 'secret-${Work}'",
        &format!("Parameters: {{ Password: {{ Type: String, NoEcho: true }} }}\n{WORK}"),
        &[
            "7:36 secret | `Password` is `NoEcho`, and part of its value stands here for everybody to read | store it in Secrets Manager or as a secure SSM parameter, and write `{{resolve:secretsmanager:…}}` or `{{resolve:ssm-secure:…}}`",
        ],
    );
}

#[test]
fn a_nested_stack_has_its_outputs_and_nothing_else() {
    check_outer(
        "Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml } }
  A: { Type: AWS::SQS::Queue, Properties: { QueueName: !GetAtt Inner.Outputs.Nam } }
  B: { Type: AWS::SQS::Queue, Properties: { QueueName: !GetAtt Inner.Arn } }
  C: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub '${Inner.Outputs.Other}' } }
",
        &[
            "3:70 unknown-attribute | the nested stack `Inner` has no output `Nam` | did you mean `Name`?",
            "4:70 unknown-attribute | `Inner` has no attribute `Arn`: a nested stack has nothing but its outputs | write `Inner.Outputs.Name`",
            "5:64 unknown-attribute | the output `Other` of `Inner` is not there: its condition does not hold | refer to it only where that holds, e.g. with `Fn::If`",
        ],
    );
    let text = "Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml } }
";
    let other = "Resources:
  A: { Type: AWS::SQS::Queue, Properties: { QueueName: !GetAtt site/Inner.Outputs.Name, KmsMasterKeyId: !Ref site/Inner } }
";
    let stage = Stage::of(text).and("other", other).nested("inner", "site/Inner", WORK);
    assert_eq!(
        stage.problems(),
        [
            "other.yaml:2:64 unsupported | `site/Inner` is a nested stack, and is known in `site` alone | refer to what is in it: `inner/LogicalId`",
            "other.yaml:2:110 unsupported | `site/Inner` is a nested stack, and is known in `site` alone | refer to what is in it: `inner/LogicalId`",
        ]
    );
}

#[test]
fn what_is_promised_of_a_whole_stack_and_not_kept_is_told() {
    check_outer(
        "Resources:
  Work: { Type: AWS::SQS::Queue }
  Inner:
    Type: AWS::CloudFormation::Stack
    DeletionPolicy: Snapshot
    Properties:
      TemplateURL: a.yaml
      NotificationARNs: [a]
      TimeoutInMinutes: 5
      TemplateUrl: b
      Tags: [{ Key: a, Value: !Ref Work }, { Kee: b }]
",
        &[
            "5:21 wrong-choice | `DeletionPolicy` cannot be `Snapshot`: `AWS::CloudFormation::Stack` has none | write `Retain` or `Delete`",
            "8:7 unsupported | `NotificationARNs` of a nested stack is not supported: nothing is told to topics while it is made | remove it: `notifications` of the config tell of deployments",
            "9:7 unsupported | `TimeoutInMinutes` of a nested stack is not supported: no time is set for all of it | remove it: what each resource may take is known",
            "10:7 unknown-key | a nested stack has no key `TemplateUrl` | did you mean `TemplateURL`?",
            "11:13 known-too-late | a tag of a nested stack is known only once resources exist, and is needed before | write it out, or take it from a parameter or mapping",
        ],
    );
    check_outer(
        "Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml, Parameters: [a], Tags: [{ Kee: b }, { Key: a, Value: [] }] } }
",
        &[
            "2:93 wrong-type | `Parameters` must be a mapping of names to values, not a list | write it as `name: …` lines",
            "2:105 missing-key | a tag needs the key `Key` | add `Key: …`",
            "2:105 missing-key | a tag needs the key `Value` | add `Value: …`",
            "2:107 unknown-key | a tag has no key `Kee` | did you mean `Key`?",
            "2:134 wrong-type | a tag must be text, not a list | write one text",
        ],
    );
}

#[test]
fn what_is_repeated_is_no_nested_stack() {
    let text = "Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::All: [Name, [A, B], { 'Inner${Name}': { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml } } }]
";
    const TOLD: &str = "3:62 unsupported | a nested stack cannot be made here | write it out among the `Resources` of a template of its own: `Fn::ForEach` and the config make none";
    assert_eq!(Stage::of(text).problems(), [TOLD]);
}

#[test]
fn nested_stacks_that_need_each_other_are_told() {
    let text = "Resources:
  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml, Parameters: { In: !GetAtt B.Outputs.Out } } }
  B: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml, Parameters: { In: !GetAtt A.Outputs.Out } } }
";
    let within = "Parameters: { In: { Type: String } }
Resources: { Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref In } } }
Outputs: { Out: { Value: !GetAtt Topic.TopicName } }
";
    assert_eq!(
        Stage::of(text).nested("a", "site/A", within).nested("b", "site/B", within).problems(),
        [
            "2:103 cycle | these stacks need outputs of each other: `a` → `b` → `a` | move what they need of each other into a stack of its own"
        ]
    );
    let text = "Resources:
  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml, Parameters: { In: !GetAtt A.Outputs.Out } } }
";
    assert_eq!(
        Stage::of(text).nested("a", "site/A", within).problems(),
        [
            "2:103 cycle | the nested stack `a` is given what it gives back itself | refer within it to what the output refers to, with `Ref` or `Fn::GetAtt`"
        ]
    );
}

#[test]
fn resources_that_need_each_other_across_stacks_are_told() {
    let text = "Resources:
  Work: { Type: AWS::SQS::Queue, Properties: { QueueName: !GetAtt Inner.Outputs.Name } }
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml, Parameters: { Of: !GetAtt Work.Arn } } }
";
    let within = "Parameters: { Of: { Type: String } }
Resources: { Topic: { Type: AWS::SNS::Topic, Properties: { DisplayName: !Ref Of } } }
Outputs: { Name: { Value: !GetAtt Topic.TopicName } }
";
    assert_eq!(
        Stage::of(text).nested("inner", "site/Inner", within).problems(),
        [
            "inner.yaml:2:14 cycle | these resources need each other: `inner/Topic` → `site/Work` → `inner/Topic` | take one of the references away, or let a resource of its own connect the two"
        ]
    );
}
