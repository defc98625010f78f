//! What a hostile template makes functions give: never more than is read, and never for long.

use std::fmt::Write as _;

use super::expanded_text;
use crate::stage::Stage;

/// The codes of what is wrong, each once.
fn codes(text: &str) -> Vec<&'static str> {
    let mut codes: Vec<_> = expanded_text(text).1.problems().iter().map(|problem| problem.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// A template with a resource of these properties.
fn with(parameters: &str, properties: &str) -> String {
    format!(
        "Transform: AWS::LanguageExtensions\nParameters:\n  X: {{ Type: String, Default: x }}\n{parameters}Resources:\n  Q: {{ Type: AWS::SQS::Queue }}\n  T:\n    Type: Custom::T\n    Properties:\n      \
         ServiceToken: arn:aws:lambda:eu-central-1:123456789012:function:f\n{properties}"
    )
}

#[test]
fn text_that_doubles_with_each_level_ends() {
    let mut value = "!Ref X".to_owned();
    for _ in 0..18 {
        value = format!("{{ \"Fn::Sub\": [\"${{A}}${{A}}${{A}}\", {{ A: {value} }}] }}");
    }
    assert_eq!(codes(&with("", &format!("      V: {value}\n"))), ["too-large"]);
    let comma = ",".repeat(1000);
    let mut value = format!("{{ \"Fn::Sub\": \"{comma}\" }}");
    for _ in 0..10 {
        value = format!("{{ \"Fn::Join\": [\"{comma}\", {{ \"Fn::Split\": [\",\", {value}] }}] }}");
    }
    assert_eq!(codes(&with("", &format!("      V: {value}\n"))), ["too-large"]);
}

#[test]
fn what_is_known_late_does_not_grow_either() {
    let mut value = "!Ref Q".to_owned();
    for _ in 0..18 {
        value = format!("{{ \"Fn::Sub\": [\"${{A}}-${{A}}-${{A}}\", {{ A: {value} }}] }}");
    }
    assert_eq!(codes(&with("", &format!("      V: {value}\n"))), ["too-large"]);
}

#[test]
fn a_long_value_that_is_repeated_ends() {
    let items = (0..4000).map(|item| item.to_string()).collect::<Vec<_>>().join(",");
    let parameters = format!("  Many: {{ Type: CommaDelimitedList, Default: \"{items}\" }}\n");
    let uses = "!Ref Many, ".repeat(2000);
    assert_eq!(codes(&with(&parameters, &format!("      V: [{uses}]\n"))), ["too-large"]);
    let ranges = "!Cidr [10.0.0.0/8, 256, 8], ".repeat(8000);
    assert_eq!(codes(&with("", &format!("      V: [{ranges}]\n"))), ["too-large"]);
}

#[test]
fn conditions_that_lead_on_and_on_end() {
    let mut text = "Conditions:\n  C0: !Equals [a, a]\n".to_owned();
    for at in 1..5000 {
        let _ = writeln!(text, "  C{at}: !Condition C{}", at - 1);
    }
    text += "Resources: { Q: { Type: AWS::SQS::Queue, Condition: C4999 } }\n";
    // In the order of names most are decided from where the last one was.
    let found = codes(&text);
    assert!(found.is_empty() || found == ["too-deep"], "{found:?}");
    let mut backwards = "Conditions:\n  C9999: !Equals [a, a]\n".to_owned();
    for at in (5000..9999).rev() {
        let _ = writeln!(backwards, "  C{at}: !Not [!Condition C{}]", at + 1);
    }
    backwards += "Resources: { Q: { Type: AWS::SQS::Queue } }\n";
    assert_eq!(codes(&backwards), ["too-deep"]);
    let mut circle = "Conditions:\n".to_owned();
    for at in 0..50 {
        let _ = writeln!(circle, "  C{at}: !And [!Condition C{}, !Condition C{}]", (at + 1) % 50, (at + 7) % 50);
    }
    circle += "Resources: { Q: { Type: AWS::SQS::Queue } }\n";
    assert_eq!(codes(&circle), ["cycle"]);
}

#[test]
fn functions_within_functions_as_deep_as_a_text_goes_are_no_problem() {
    let mut value = "!Ref Q".to_owned();
    for _ in 0..18 {
        value = format!("{{ \"Fn::Join\": [\"-\", [a, {value}]] }}");
    }
    assert!(codes(&with("", &format!("      V: {value}\n"))).is_empty());
}

#[test]
fn what_is_handed_on_from_stack_to_stack_ends() {
    let first =
        "Resources: { Q: { Type: AWS::SQS::Queue } }\nOutputs: { O: { Value: !Ref Q, Export: { Name: e0 } } }\n";
    let mut stage = Stage::empty().and("s0", first);
    for at in 1..200 {
        let mut value = format!("{{ \"Fn::ImportValue\": e{} }}", at - 1);
        for _ in 0..20 {
            value = format!("{{ \"Fn::Base64\": {value} }}");
        }
        let template = format!(
            "Resources: {{ Q{at}: {{ Type: AWS::SQS::Queue }} }}\nOutputs: {{ O: {{ Value: {value}, Export: {{ Name: e{at} }} }} }}\n"
        );
        stage = stage.and(&format!("s{at}"), &template);
    }
    let (_, report) = stage.expand();
    let codes: Vec<&str> = report.problems().iter().map(|problem| problem.code.as_str()).collect();
    assert!(!codes.is_empty() && codes.iter().all(|code| *code == "too-deep"), "{codes:?}");
}
