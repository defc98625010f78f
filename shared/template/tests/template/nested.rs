//! Stacks within stacks: what they are given, what they give back, and what is said of all of one at once.

use serde_json::{Value, json};

use crate::stage::Stage;

/// A stack with a queue and one stack within it, which is given `parameters`; `more` stands beside.
fn outer(parameters: &str, more: &str) -> String {
    format!(
        "Resources:
  Work: {{ Type: AWS::SQS::Queue }}
  Inner: {{ Type: AWS::CloudFormation::Stack, Properties: {{ TemplateURL: ./inner.yaml, Parameters: {{ {parameters} }} }} }}
{more}"
    )
}

/// A template with parameters, resources and outputs.
fn inner(parameters: &str, resources: &str, outputs: &str) -> String {
    format!("Parameters: {{ {parameters} }}\nResources:\n{resources}Outputs: {{ {outputs} }}\n")
}

fn two(parameters: &str, more: &str, within: &str) -> Stage {
    Stage::of(&outer(parameters, more)).nested("site-Inner", "site/Inner", within)
}

fn depends_on(stage: &Stage, address: &str) -> Vec<String> {
    let expansion = stage.comes_to();
    expansion.resources[&address.parse().unwrap()].desired.depends_on.iter().map(ToString::to_string).collect()
}

const TOPIC: &str = "  Topic: { Type: AWS::SNS::Topic }\n";

#[test]
fn what_a_nested_stack_is_given_and_gives_back_is_what_it_stands_for() {
    let stage = two(
        "Queue: !GetAtt Work.Arn, Name: shop-dev-note",
        "  Seen: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !GetAtt Inner.Outputs.Arn } }
  Told: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Sub '${Inner.Outputs.Name}!' } }
Outputs: { Arn: { Value: !GetAtt Inner.Outputs.Arn } }
",
        &inner(
            "Queue: { Type: String }, Name: { Type: String }",
            "  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name, DisplayName: !Sub 'of ${Queue}' } }\n",
            "Arn: { Value: !Ref Topic }, Name: { Value: !Ref Name }",
        ),
    );
    let of_queue = json!({ "Fn::GetAtt": ["site/Work", "Arn"] });
    assert_eq!(
        stage.properties("site-Inner/Topic"),
        json!({ "TopicName": "shop-dev-note", "DisplayName": { "Fn::Join": ["", ["of ", of_queue]] } })
    );
    assert_eq!(stage.properties("site/Seen")["Value"], json!({ "Ref": "site-Inner/Topic" }));
    assert_eq!(stage.properties("site/Told")["Value"], "shop-dev-note!");
    let expansion = stage.comes_to();
    assert!(!expansion.resources.contains_key(&"site/Inner".parse().unwrap()), "the stack itself is nothing in AWS");
    let output = &expansion.outputs[&("site".to_owned(), "Arn".to_owned())];
    assert_eq!(source::json(output), json!({ "Ref": "site-Inner/Topic" }));
}

#[test]
fn a_condition_in_a_nested_stack_follows_what_its_parameters_are_given() {
    let within = "Parameters: { Keep: { Type: String, Default: 'no', AllowedValues: ['yes', 'no'] } }
Conditions: { IsKept: !Equals [!Ref Keep, 'yes'] }
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Archive: { Type: AWS::SQS::Queue, Condition: IsKept }
";
    for (given, count) in [("Keep: 'yes'", 3), ("Keep: 'no'", 2), ("", 2), ("Keep: !Ref AWS::NoValue", 2)] {
        assert_eq!(two(given, "", within).comes_to().resources.len(), count, "{given}");
    }
}

#[test]
fn names_and_numbers_of_a_nested_stack_are_its_own() {
    let resources = "  A: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref AWS::StackName } }
  B: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref AWS::StackId } }
";
    let more = "  Id: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref Inner } }\n";
    let stage = two("", more, &format!("Resources:\n{resources}"));
    assert_eq!(stage.properties("site-Inner/A")["Value"], "shop-dev-site-Inner");
    let id = stage.properties("site-Inner/B")["Value"].clone();
    assert!(id.as_str().unwrap().contains(":stack/shop-dev-site-Inner/"), "{id}");
    assert_eq!(stage.properties("site/Id")["Value"], id, "the `Ref` of a nested stack is what it takes itself for");
}

#[test]
fn a_list_is_given_as_text_with_commas_also_where_it_is_known_later() {
    let within = inner(
        "Some: { Type: CommaDelimitedList }, Later: { Type: CommaDelimitedList }",
        "  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: { ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, MetricName: a, Namespace: b, OKActions: !Ref Some, AlarmActions: !Ref Later, AlarmDescription: !Select [1, !Ref Later] }
",
        "",
    );
    let stage = two("Some: 'a,b', Later: !Join [',', [!GetAtt Work.Arn, c]]", "", &within);
    let alarm = stage.properties("site-Inner/Alarm");
    assert_eq!(alarm["OKActions"], json!(["a", "b"]));
    let later = json!({ "Fn::Split": [",", { "Fn::Join": [",", [{ "Fn::GetAtt": ["site/Work", "Arn"] }, "c"]] }] });
    assert_eq!(alarm["AlarmActions"], later);
    assert_eq!(alarm["AlarmDescription"], json!({ "Fn::Select": ["1", later] }));
}

#[test]
fn what_one_nested_stack_gives_back_another_one_is_given_whatever_their_order() {
    for (first, second) in [("A", "B"), ("B", "A")] {
        let text = format!(
            "Resources:
  {first}: {{ Type: AWS::CloudFormation::Stack, Properties: {{ TemplateURL: a.yaml }} }}
  {second}: {{ Type: AWS::CloudFormation::Stack, Properties: {{ TemplateURL: b.yaml, Parameters: {{ Of: !GetAtt {first}.Outputs.Arn, Word: !GetAtt {first}.Outputs.Word }} }} }}
"
        );
        let gives = inner("", TOPIC, "Arn: { Value: !Ref Topic }, Word: { Value: word }");
        let takes = inner(
            "Of: { Type: String }, Word: { Type: String }",
            "  Note: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Sub '${Of} ${Word}' } }\n",
            "",
        );
        let [(a, b), (b_name, a_name)] = [(first, second), (second, first)];
        let stage = Stage::of(&text).nested(&format!("site-{b}"), &format!("site/{b}"), &takes).nested(
            &format!("site-{a}"),
            &format!("site/{a}"),
            &gives,
        );
        let expected = json!({ "Fn::Join": ["", [{ "Ref": format!("site-{a_name}/Topic") }, " word"]] });
        assert_eq!(stage.properties(&format!("site-{b_name}/Note"))["Value"], expected);
    }
}

/// Three stacks within each other: what is outermost is given to what is innermost, and back.
fn three() -> Stage {
    let middle = inner(
        "Queue: { Type: String }",
        "  Own: { Type: AWS::SQS::Queue }
  Deep: { Type: AWS::CloudFormation::Stack, DependsOn: Own, Properties: { TemplateURL: d.yaml, Parameters: { Queue: !Ref Queue } } }
  After: { Type: AWS::SQS::Queue, DependsOn: Deep }
",
        "Note: { Value: !GetAtt Deep.Outputs.Note }",
    );
    let deep = inner(
        "Queue: { Type: String }",
        "  Note: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref Queue } }
  More: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref Note } }
",
        "Note: { Value: !Ref Note }",
    );
    let more = "  Seen: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !GetAtt Inner.Outputs.Note } }
  Last: { Type: AWS::SQS::Queue, DependsOn: Inner }
";
    two("Queue: !GetAtt Work.Arn", more, &middle).nested("site-Inner-Deep", "site-Inner/Deep", &deep)
}

#[test]
fn stacks_are_nested_in_nested_ones() {
    let stage = three();
    assert_eq!(stage.properties("site-Inner-Deep/Note")["Value"], json!({ "Fn::GetAtt": ["site/Work", "Arn"] }));
    assert_eq!(stage.properties("site/Seen")["Value"], json!({ "Ref": "site-Inner-Deep/Note" }));
}

#[test]
fn who_waits_for_a_nested_stack_waits_for_what_is_last_in_it() {
    let stage = three();
    assert_eq!(depends_on(&stage, "site-Inner/After"), ["site-Inner-Deep/More"]);
    assert_eq!(depends_on(&stage, "site/Last"), ["site-Inner/After"]);
    assert_eq!(depends_on(&stage, "site-Inner-Deep/Note"), ["site-Inner/Own"], "it waits as a whole");
    assert_eq!(depends_on(&stage, "site-Inner-Deep/More"), [""; 0], "by way of the other one");
}

#[test]
fn nested_stacks_wait_for_each_other() {
    let text = "Resources:
  A: { Type: AWS::CloudFormation::Stack, DependsOn: [B, Work], Properties: { TemplateURL: a.yaml } }
  B: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml } }
  Work: { Type: AWS::SQS::Queue }
";
    let within = format!("Resources:\n{TOPIC}");
    let stage = Stage::of(text).nested("site-A", "site/A", &within).nested("site-B", "site/B", &within);
    assert_eq!(depends_on(&stage, "site-A/Topic"), ["site/Work", "site-B/Topic"]);
    assert_eq!(depends_on(&stage, "site-B/Topic"), [""; 0]);
}

#[test]
fn who_waits_for_a_nested_stack_with_nothing_in_it_waits_for_what_that_waits_for() {
    let text = "Resources:
  Work: { Type: AWS::SQS::Queue }
  A: { Type: AWS::CloudFormation::Stack, DependsOn: Work, Properties: { TemplateURL: a.yaml } }
  B: { Type: AWS::CloudFormation::Stack, DependsOn: A, Properties: { TemplateURL: a.yaml } }
  Last: { Type: AWS::SQS::Queue, DependsOn: B }
";
    let within = "Conditions: { Never: !Equals [a, b] }
Resources: { Topic: { Type: AWS::SNS::Topic, Condition: Never } }
";
    for [first, second] in [["A", "B"], ["B", "A"]] {
        let nested = |name: &str| (format!("site-{name}"), format!("site/{name}"));
        let stage = [first, second].iter().fold(Stage::of(text), |stage, name| {
            let (name, within_it) = nested(name);
            stage.nested(&name, &within_it, within)
        });
        assert_eq!(depends_on(&stage, "site/Last"), ["site/Work"]);
    }
}

#[test]
fn what_a_condition_leaves_out_is_not_waited_for_from_another_stack_either() {
    let text = "Conditions: { Never: !Equals [a, b] }
Resources:
  Work: { Type: AWS::SQS::Queue, Condition: Never }
  Inner: { Type: AWS::CloudFormation::Stack, Condition: Never, Properties: { TemplateURL: a.yaml } }
";
    let stage = Stage::of(text)
        .nested("site-Inner", "site/Inner", &format!("Resources:\n{TOPIC}"))
        .knows("bot/Function", "AWS::Lambda::Function")
        .and(
            "other",
            "Resources:
  Last: { Type: AWS::SQS::Queue, DependsOn: [site/Work, site/Inner, site-Inner/Topic, bot/Function] }
",
        );
    assert_eq!(depends_on(&stage, "other/Last"), ["bot/Function"]);
}

#[test]
fn what_is_retained_as_a_whole_is_retained_with_all_that_is_in_it() {
    let deep = format!("Resources:\n{TOPIC}");
    for (policy, expected) in [("Retain", "retain"), ("Delete", "delete"), ("RetainExceptOnCreate", "retain")] {
        let text = format!(
            "Resources:
  Own: {{ Type: AWS::SNS::Topic }}
  Inner: {{ Type: AWS::CloudFormation::Stack, DeletionPolicy: {policy}, Properties: {{ TemplateURL: a.yaml }} }}
"
        );
        let middle = format!(
            "Resources:\n{TOPIC}  Deep: {{ Type: AWS::CloudFormation::Stack, Properties: {{ TemplateURL: b.yaml }} }}\n"
        );
        let stage = Stage::of(&text).nested("site-Inner", "site/Inner", &middle).nested(
            "site-Inner-Deep",
            "site-Inner/Deep",
            &deep,
        );
        let shown = stage.shown();
        let of = |address: &str| shown["resources"][address]["retention"].clone();
        assert_eq!(of("site-Inner/Topic"), json!(expected), "{policy}");
        assert_eq!(of("site-Inner-Deep/Topic"), json!(expected), "{policy}");
        assert_eq!(of("site/Own"), json!("delete"), "{policy}");
    }
}

#[test]
fn of_a_nested_stack_whose_condition_does_not_hold_nothing_is_there() {
    let text = "Conditions: { Never: !Equals [a, b] }
Resources:
  Work: { Type: AWS::SQS::Queue, DependsOn: Inner, Properties: { KmsMasterKeyId: !If [Never, !GetAtt Inner.Outputs.Arn, a] } }
  Inner: { Type: AWS::CloudFormation::Stack, Condition: Never, Properties: { TemplateURL: a.yaml } }
";
    let middle = format!(
        "Resources:\n{TOPIC}  Deep: {{ Type: AWS::CloudFormation::Stack, Properties: {{ TemplateURL: b.yaml }} }}\nOutputs: {{ Arn: {{ Value: !Ref Topic, Export: {{ Name: arn }} }} }}\n"
    );
    let stage = Stage::of(text).nested("site-Inner", "site/Inner", &middle).nested(
        "site-Inner-Deep",
        "site-Inner/Deep",
        &format!("Parameters: {{ Needed: {{ Type: String }} }}\nResources:\n{TOPIC}"),
    );
    let expansion = stage.comes_to();
    assert_eq!(expansion.resources.keys().map(ToString::to_string).collect::<Vec<_>>(), ["site/Work"]);
    assert_eq!(depends_on(&stage, "site/Work"), [""; 0]);
}

#[test]
fn nested_stacks_export_and_import_as_others_do() {
    let stage = two(
        "Of: !ImportValue url",
        "",
        &inner(
            "Of: { Type: String }",
            "  Note: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref Of } }\n",
            "Note: { Value: !Ref Note, Export: { Name: !Sub '${AWS::StackName}-note' } }",
        ),
    )
    .and(
        "other",
        "Resources:
  Orders: { Type: AWS::SQS::Queue, Properties: { KmsMasterKeyId: !ImportValue shop-dev-site-Inner-note } }
  First: { Type: AWS::SQS::Queue }
Outputs: { }
",
    )
    .and("first", "Resources:\n  Orders: { Type: AWS::SQS::Queue }\nOutputs: { Url: { Value: !Ref Orders, Export: { Name: url } } }\n");
    assert_eq!(stage.properties("site-Inner/Note")["Value"], json!({ "Ref": "first/Orders" }));
    assert_eq!(stage.properties("other/Orders")["KmsMasterKeyId"], json!({ "Ref": "site-Inner/Note" }));
}

#[test]
fn secrets_are_handed_on_by_reference() {
    let within = inner(
        "Password: { Type: String, NoEcho: true }",
        "  Hook: { Type: AWS::Events::Connection, Properties: { AuthorizationType: API_KEY, AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: a, ApiKeyValue: !Ref Password } } } }\n",
        "",
    );
    let value = |given: &str| -> Value {
        let stage = two(given, "", &within);
        stage.properties("site-Inner/Hook")["AuthParameters"]["ApiKeyAuthParameters"]["ApiKeyValue"].clone()
    };
    assert_eq!(value("Password: '{{resolve:ssm-secure:/key}}'"), "{{resolve:ssm-secure:/key}}");
    assert_eq!(
        value("Password: !Sub '{{resolve:secretsmanager:${Work}:SecretString}}'"),
        json!({ "Fn::Join": ["", ["{{resolve:secretsmanager:", { "Ref": "site/Work" }, ":SecretString}}"]] })
    );
}

#[test]
fn tags_of_a_nested_stack_are_told_as_texts() {
    let text = "Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml, Tags: [{ Key: team, Value: !Sub 'desk-${AWS::Region}' }] } }
";
    let stage = Stage::of(text).nested("site-Inner", "site/Inner", &format!("Resources:\n{TOPIC}"));
    let tags = &stage.comes_to().tags["site-Inner"];
    assert_eq!(source::json(tags), json!({ "team": "desk-eu-central-1" }));
}

#[test]
fn constraints_of_what_nobody_may_see_are_not_checked() {
    let within = inner(
        "Password: { Type: String, NoEcho: true, MinLength: 8, AllowedPattern: '[a-z]+' }",
        "  Hook: { Type: AWS::Events::Connection, Properties: { AuthorizationType: API_KEY, AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: a, ApiKeyValue: !Ref Password } } } }\n",
        "",
    );
    let stage = two("Password: !Sub '{{resolve:secretsmanager:${Work}:SecretString}}'", "", &within);
    let told = &stage.properties("site-Inner/Hook")["AuthParameters"]["ApiKeyAuthParameters"]["ApiKeyValue"];
    assert_eq!(
        told,
        &json!({ "Fn::Join": ["", ["{{resolve:secretsmanager:", { "Ref": "site/Work" }, ":SecretString}}"]] })
    );
}

#[test]
fn what_may_be_imported_comes_first_whatever_its_condition_comes_to() {
    let takes = "Parameters: { Word: { Type: String } }
Conditions: { Is: !Equals [!Ref Word, word] }
Resources: { Note: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !If [Is, !ImportValue one, !ImportValue two] } } }
";
    for (word, expected) in [("word", "one/Topic"), ("other", "two/Topic")] {
        let text = "Resources:
  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml } }
  B: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: b.yaml, Parameters: { Word: !GetAtt A.Outputs.Word } } }
";
        // What comes last of all is what is imported in the end.
        let exporting = |name: &str| {
            let of_next = "  Seen: { Type: AWS::SQS::Queue, Properties: { KmsMasterKeyId: !ImportValue next } }\n";
            let more = if expected.starts_with(name) || name == "next" { of_next } else { "" };
            let export = format!("Out: {{ Value: !Ref Topic, Export: {{ Name: {name} }} }}");
            format!("Resources:\n{TOPIC}{more}Outputs: {{ {export} }}\n")
        };
        let stage = Stage::of(text)
            .nested("site-A", "site/A", &inner("", TOPIC, &format!("Word: {{ Value: {word} }}")))
            .nested("site-B", "site/B", takes)
            .and("one", &exporting("one"))
            .and("two", &exporting("two"))
            .and("next", &exporting("next").replace("ImportValue next", "ImportValue first"))
            .and(
                "first",
                "Resources: { A: { Type: AWS::SQS::Queue } }\nOutputs: { A: { Value: a, Export: { Name: first } } }\n",
            );
        assert_eq!(stage.properties("site-B/Note")["Value"], json!({ "Ref": expected }));
    }
}

/// Two nested stacks, of which the second is given a word of the first, and has a third in it.
fn handed(condition: &str, more: &str) -> Stage {
    let text = "Resources:
  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml } }
  B: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: b.yaml, Parameters: { Word: !GetAtt A.Outputs.Word } } }
";
    let takes = format!(
        "Parameters: {{ Word: {{ Type: String }} }}
Conditions: {{ Is: !Equals [!Ref Word, word] }}
Resources:
  Work: {{ Type: AWS::SQS::Queue, Condition: Is }}
  Deep: {{ Type: AWS::CloudFormation::Stack, {condition} Properties: {{ TemplateURL: c.yaml }} }}
Outputs: {{ Url: {{ Value: a, {more} Export: {{ Name: url }} }} }}
"
    );
    let within = format!("Resources:\n{TOPIC}");
    Stage::of(text)
        .nested("site-A", "site/A", &inner("", TOPIC, "Word: { Value: word }"))
        .nested("site-B", "site/B", &takes)
        .nested("site-B-Deep", "site-B/Deep", &within)
}

#[test]
fn text_that_one_nested_stack_gives_another_decides_what_is_not_to_be_known_before() {
    let addresses: Vec<String> = handed("", "").comes_to().resources.keys().map(ToString::to_string).collect();
    assert_eq!(addresses, ["site-A/Topic", "site-B/Work", "site-B-Deep/Topic"]);
    const TOLD: &str = "site-B.yaml:2:33 known-too-late | a condition is needed before the value of `Word` is known | give the nested stack a value that is written out, or taken from a parameter or mapping";
    assert_eq!(handed("Condition: Is,", "").problems(), [TOLD], "whether a stack is there");
    assert_eq!(handed("", "Condition: Is,").problems(), [TOLD], "whether something is exported");
}
