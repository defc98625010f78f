//! What stacks have of each other.

use super::{ORDERS, check_two};
use crate::stage::{Stage, check};

#[test]
fn two_exports_of_one_name_are_told() {
    check(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Export: { Name: url } }
  Again: { Value: b, Export: { Name: url } }
",
        &[
            r#"5:38 duplicate-export | the name `url` is exported by `site` already | give one of them another name, e.g. `!Sub "${AWS::StackName}-…"`"#,
        ],
    );
    check_two(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Export: { Name: url } }
",
        (
            "other",
            "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Url: { Value: a, Export: { Name: url } }
",
        ),
        &[
            r#"other.yaml:4:36 duplicate-export | the name `url` is exported by `site` already | give one of them another name, e.g. `!Sub "${AWS::StackName}-…"`"#,
        ],
    );
}

#[test]
fn imports_of_what_nobody_exports_are_told() {
    check_two(
        "Resources:
  A: { Type: AWS::SQS::Queue, Properties: { QueueName: !ImportValue queue-nam } }
",
        (
            "other",
            "Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  Name: { Value: a, Export: { Name: queue-name } }
",
        ),
        &["2:69 unknown-export | no stack of this environment exports `queue-nam` | did you mean `queue-name`?"],
    );
}

#[test]
fn stacks_that_import_from_each_other_are_told() {
    check_two(
        "Resources:
  A: { Type: AWS::SQS::Queue, Properties: { QueueName: !ImportValue b } }
Outputs: { A: { Value: a, Export: { Name: a } } }
",
        (
            "other",
            "Resources:
  B: { Type: AWS::SQS::Queue, Properties: { QueueName: !ImportValue a } }
Outputs: { B: { Value: b, Export: { Name: b } } }
",
        ),
        &[
            "2:69 cycle | these stacks import from each other: `site` → `other` → `site` | move what they need of each other into a stack of its own",
        ],
    );
    check(
        "Resources:
  A: { Type: AWS::SQS::Queue, Properties: { QueueName: !ImportValue a } }
Outputs: { A: { Value: a, Export: { Name: a } } }
",
        &[
            "2:69 cycle | the stack `site` imports `a`, which it exports itself | refer to what the output refers to, with `Ref` or `Fn::GetAtt`",
        ],
    );
}

#[test]
fn references_to_what_another_stack_leaves_out_are_told() {
    check_two(
        "Resources:
  A: { Type: AWS::SQS::Queue, Properties: { QueueName: !GetAtt other/B.QueueName } }
Outputs: { Name: { Value: !Ref other/B } }
",
        (
            "other",
            "Conditions: { No: !Equals [a, b] }
Resources:
  B: { Type: AWS::SQS::Queue, Condition: No }
",
        ),
        &[
            "2:64 unknown-resource | `other/B` is not there: its condition does not hold | refer to it only where that holds, e.g. with `Fn::If`",
            "3:32 unknown-resource | `other/B` is not there: its condition does not hold | refer to it only where that holds, e.g. with `Fn::If`",
        ],
    );
}

#[test]
fn stacks_and_resources_that_are_there_already_are_told() {
    check_two(
        "Resources:
  Orders: { Type: AWS::SQS::Queue }
",
        (
            "site",
            "Resources:
  Orders: { Type: AWS::SQS::Queue }
",
        ),
        &["strands.yaml:1:1 duplicate-name | there is a stack `site` already | give it another name"],
    );
    let stage = Stage::of(ORDERS).knows("site/Orders", "AWS::SQS::Queue");
    assert_eq!(
        stage.problems(),
        ["2:3 duplicate-name | `site/Orders` is made by the config already | give it another logical id"]
    );
}
