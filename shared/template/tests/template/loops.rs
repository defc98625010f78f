//! What `Fn::ForEach` writes out.

use serde_json::json;

use super::stage::{Stage, check};

const EXTENSIONS: &str = "Transform: AWS::LanguageExtensions\n";

fn of(text: &str) -> Stage {
    Stage::of(&format!("{EXTENSIONS}{text}"))
}

#[test]
fn resources_are_repeated_with_their_names_texts_and_references() {
    let stage = of("
Resources:
  Fn::ForEach::Topics:
    - Name
    - [Success, Failure, 'time-out.x']
    - Topic&{Name}:
        Type: AWS::SNS::Topic
        Properties:
          TopicName: !Ref Name
          DisplayName: !Sub '${Name} of ${AWS::Region}'
  Queue:
    Type: AWS::SQS::Queue
    Properties: { QueueName: !GetAtt TopicSuccess.TopicName }
");
    let shown = stage.shown();
    let names: Vec<&String> = shown["resources"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["site/Queue", "site/TopicFailure", "site/TopicSuccess", "site/Topictimeoutx"]);
    assert_eq!(
        shown["resources"]["site/Topictimeoutx"]["properties"],
        json!({ "TopicName": "time-out.x", "DisplayName": "time-out.x of eu-central-1" })
    );
}

#[test]
fn a_parameter_or_mapping_may_say_what_is_repeated_over() {
    let text = "
Parameters: { Names: { Type: CommaDelimitedList, Default: 'A,B' } }
Mappings: { Of: { eu-central-1: { names: [C, D] } } }
Conditions:
  Fn::ForEach::Sizes: [Size, [Big, Small], { 'Is${Size}': !Equals [!Ref Size, Big] }]
Resources:
  Fn::ForEach::One: [Name, !Ref Names, { 'Queue${Name}': { Type: AWS::SQS::Queue } }]
  Fn::ForEach::Two: [Name, !FindInMap [Of, !Ref AWS::Region, names], { 'Queue${Name}': { Type: AWS::SQS::Queue, Condition: IsSmall } }]
Outputs:
  Fn::ForEach::Urls: [Name, !Ref Names, { 'Url${Name}': { Value: !Ref 'Queue${Name}' } }]
";
    let expansion = of(text).comes_to();
    let names: Vec<String> = expansion.resources.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["site/QueueA", "site/QueueB"]);
    assert_eq!(
        of(text).shown()["outputs"],
        json!({ "site.UrlA": { "Ref": "site/QueueA" }, "site.UrlB": { "Ref": "site/QueueB" } })
    );
}

#[test]
fn loops_stand_within_loops_and_within_properties() {
    let stage = of("
Resources:
  Fn::ForEach::Stages:
    - Stage
    - [Dev, Prod]
    - Fn::ForEach::Kinds:
        - Kind
        - ['1', '2']
        - '${Stage}${Kind}':
            Type: Custom::Any
            Properties:
              ServiceToken: a
              Fn::ForEach::Sides: [Side, [Left, Right], { '${Side}': '${Stage} ${Kind} ${Side}' }]
              Same: [!Ref Stage, { Kind: !Ref Kind }]
");
    let shown = stage.shown();
    assert_eq!(shown["resources"].as_object().unwrap().len(), 4);
    assert_eq!(
        shown["resources"]["site/Prod2"]["properties"],
        json!({
            "ServiceToken": "a", "Left": "Prod 2 Left", "Right": "Prod 2 Right", "Same": ["Prod", { "Kind": "2" }],
        })
    );
}

#[test]
fn what_cannot_be_repeated_is_told() {
    check(
        "Resources:\n  Fn::ForEach::Queues: [Name, [A], { '${Name}': { Type: AWS::SQS::Queue } }]\n",
        &[
            "2:3 missing-transform | `Fn::ForEach` needs the language extensions | add `Transform: AWS::LanguageExtensions` at the top of the template",
        ],
    );
    let rows = [
        (
            "Fn::ForEach::Queues: [Name, [A]]",
            "3:24 wrong-arguments | `Fn::ForEach` takes an identifier, a list and a mapping | write `Fn::ForEach::Queues: [Identifier, [a, b], { \"Name${Identifier}\": … }]`",
        ),
        (
            "Fn::ForEach::Queues: [Name, [A], { Queue: { Type: AWS::SQS::Queue } }]",
            "3:38 wrong-arguments | `Queue` is repeated and says nothing of `Name` | let its name have `${Name}` in it, or `&{Name}` without what no name can have",
        ),
        (
            "Fn::ForEach::Queues: [Name, AWS, { '${Name}': { Type: AWS::SQS::Queue } }]",
            "3:31 wrong-type | `Fn::ForEach` repeats over a list of texts | write `[a, b]`, or refer to a parameter that is a list",
        ),
        (
            "Fn::ForEach::Queues: [Name, [A, A], { '${Name}': { Type: AWS::SQS::Queue } }]",
            "3:41 duplicate-key | `A` comes out twice | let what is repeated make different names",
        ),
        (
            "Fn::ForEach::Queues: [Name, !Ref Nobody, { '${Name}': { Type: AWS::SQS::Queue } }]",
            "3:36 unknown-resource | there is no parameter or resource `Nobody` | declare it under `Parameters` or `Resources`",
        ),
        (
            "Fn::ForEach::Queues: [Name, [a b], { '${Name}': { Type: AWS::SQS::Queue } }]",
            "3:40 wrong-name | `a b` cannot be a logical id | it has letters and digits only: `AB`",
        ),
        (
            "Fn::ForEach::Queues: [Name, [A, B], { '${Name}': { Type: AWS::SQS::Que } }]",
            "3:60 unknown-type | there is no type `AWS::SQS::Que` | did you mean `AWS::SQS::Queue`?",
        ),
    ];
    for (resources, expected) in rows {
        assert_eq!(of(&format!("Resources:\n  {resources}\n")).problems(), [expected]);
    }
    let stored = "Parameters: { Names: { Type: AWS::SSM::Parameter::Value<List<String>>, Default: /a } }\nResources:\n  Fn::ForEach::Queues: [Name, !Ref Names, { '${Name}': { Type: AWS::SQS::Queue } }]\n";
    assert_eq!(
        of(stored).problems(),
        [
            "4:36 known-too-late | what is looked up in the account cannot be repeated over | repeat over a list that is given as it is"
        ]
    );
    let elsewhere = "Parameters:\n  Fn::ForEach::Names: [Name, [A], { '${Name}': { Type: String } }]\nResources: {}\n";
    assert_eq!(
        of(elsewhere).problems(),
        [
            "3:3 misplaced-function | `Fn::ForEach::Names` cannot stand here | write `Fn::ForEach::Name: [Identifier, [a, b], {…}]` among conditions, resources, their properties or outputs"
        ]
    );
}

#[test]
fn what_would_grow_for_ever_is_bounded() {
    let items: Vec<String> = (0..100).map(|at| format!("a{at}")).collect();
    let items = items.join(", ");
    let mut body = "'${A}${B}${C}${D}': { Type: AWS::SQS::Queue }".to_owned();
    for name in ["D", "C", "B", "A"] {
        body = format!("Fn::ForEach::{name}: [{name}, [{items}], {{ {body} }}]");
    }
    let problems = of(&format!("Resources: {{ {body} }}\n")).problems();
    assert!(
        problems.iter().any(|problem| problem.contains(" too-large | this repeats more")),
        "{:?}",
        problems.first()
    );
}

#[test]
fn texts_that_would_grow_for_ever_are_bounded() {
    let text = "${A}".repeat(20_000);
    let value = "a".repeat(4_000);
    let problems = of(&format!(
        "Resources: {{ 'Fn::ForEach::A': [A, ['{value}'], {{ 'Q&{{A}}': {{ Type: AWS::SQS::Queue, Metadata: '{text}' }} }}] }}\n"
    ))
    .problems();
    assert!(
        problems.iter().any(|problem| problem.contains(" too-large | this repeats more")),
        "{:?}",
        problems.first()
    );
}
