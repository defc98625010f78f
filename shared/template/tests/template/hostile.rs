//! Templates that are meant to take long: everything is bounded.

use std::time::{Duration, Instant};

use super::stage::Stage;

/// More than any of these takes in a build that is not optimised; what is not bounded takes minutes.
const LONGEST: Duration = Duration::from_secs(20);

/// What is wrong with `text`, in good time.
fn problems(text: &str) -> Vec<String> {
    let begun = Instant::now();
    let problems = Stage::of(text).problems();
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    problems
}

#[test]
fn aliases_that_double_are_bounded() {
    let mut text = "Mappings:\n  A: &a0 { a: { b: [x, x, x, x, x, x, x, x, x, x] } }\n".to_owned();
    text.push_str(
        "Resources:\n  R:\n    Type: AWS::SQS::Queue\n    Properties:\n      L0: &l0 [x, x, x, x, x, x, x, x, x, x]\n",
    );
    for depth in 1..40 {
        let last = depth - 1;
        text.push_str(&format!("      L{depth}: &l{depth} [*l{last}, *l{last}, *l{last}, *l{last}]\n"));
    }
    assert!(problems(&text)[0].contains(" too-large | "));
}

#[test]
fn what_is_looked_up_in_the_account_is_bounded_in_all_stacks_together() {
    let resources = |from: usize, to: usize| -> String {
        let resource = |n| {
            format!(
                "  P{n}:\n    Type: AWS::SSM::Parameter\n    Properties: {{ Type: String, Value: '{{{{resolve:ssm:/p{n}}}}}' }}\n"
            )
        };
        format!("Resources:\n{}", (from..to).map(resource).collect::<String>())
    };
    // The same again is no more.
    let within = Stage::of(&resources(0, 300)).and("other", &resources(200, 500)).comes_to();
    assert_eq!(within.lookups.len(), 500);
    let begun = Instant::now();
    let problems = Stage::of(&resources(0, 300)).and("other", &resources(300, 9_000)).problems();
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("more than 500 different values of the account"), "{problems:?}");
    assert!(problems[0].starts_with("other.yaml:"), "with its line: {problems:?}");

    let parameter = |n| format!("  P{n}: {{ Type: 'AWS::SSM::Parameter::Value<String>', Default: /p{n} }}\n");
    let parameters: String = (0..9_000).map(parameter).collect();
    let told = self::problems(&format!("Parameters:\n{parameters}Resources: {{ Q: {{ Type: AWS::SQS::Queue }} }}\n"));
    assert!(told.iter().any(|one| one.contains("more than 500 different values")), "{told:?}");
}

#[test]
fn what_is_nested_too_deep_is_told_and_not_followed() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let found = problems(&format!("Resources:\n  R: {{ Type: AWS::SQS::Queue, Properties: {{ A: {deep} }} }}\n"));
    assert!(found[0].contains(" too-deep | "), "{found:?}");
    // As deep as a text may be, in every section that walks.
    let call =
        |name: &str, depth: usize| format!("{}x{}", format!("{{ '{name}': [").repeat(depth), "] }".repeat(depth));
    for name in ["Fn::Not", "Fn::And", "Fn::Or"] {
        let rule = format!("Rules: {{ R: {{ Assertions: [{{ Assert: {} }}] }} }}\nResources: {{}}\n", call(name, 25));
        assert!(!problems(&rule).is_empty());
        let condition = format!("Conditions: {{ C: {} }}\nResources: {{}}\n", call(name, 25));
        assert!(!problems(&condition).is_empty());
    }
    let property = format!(
        "Resources: {{ R: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: {} }} }} }}\n",
        call("Fn::If", 20)
    );
    assert!(!problems(&property).is_empty());
}

#[test]
fn thousands_of_everything_are_looked_at_in_good_time() {
    let mut text = "Parameters:\n".to_owned();
    for at in 0..1_500 {
        text.push_str(&format!("  P{at}: {{ Type: String, Default: v{at}, AllowedPattern: '[a-z]+[0-9]+' }}\n"));
    }
    text.push_str("Conditions:\n");
    for at in 0..1_000 {
        text.push_str(&format!("  C{at}: !Equals [!Ref P{at}, v{at}]\n"));
    }
    text.push_str("Resources:\n");
    for at in 0..1_500 {
        let last = at.max(1) - 1;
        let condition = at % 1_000;
        text.push_str(&format!(
            "  R{at}: {{ Type: AWS::SQS::Queue, Condition: C{condition}, DependsOn: [R{last}x], Properties: {{ QueueName: !Ref P{at} }} }}\n"
        ));
    }
    // A wrong name in each of them: the first are told.
    let found = problems(&text);
    assert_eq!(found.len(), 201);
    assert!(found.last().unwrap().contains("there are more problems from here on"), "{:?}", found.last());
    let right = text.replace("x], Properties", "], Properties").replace(
        "R0: { Type: AWS::SQS::Queue, Condition: C0, DependsOn: [R0]",
        "R0: { Type: AWS::SQS::Queue, Condition: C0",
    );
    assert_eq!(problems(&right), Vec::<String>::new());
}

#[test]
fn names_that_are_all_wrong_are_not_compared_for_ever() {
    let mut text = "Resources:\n".to_owned();
    for at in 0..2_500 {
        text.push_str(&format!("  R{at}: {{ Type: AWS::Sqs{at}::Queues, DependsOn: Q{at} }}\n"));
    }
    assert_eq!(problems(&text).len(), 201);
    let parameters: Vec<String> = (0..2_500).map(|at| format!("P{at}: a")).collect();
    let begun = Instant::now();
    let stage = Stage::of("Parameters: { Known: { Type: String, Default: a } }\nResources: {}\n");
    assert_eq!(stage.given(&format!("{{ {} }}", parameters.join(", "))).problems().len(), 201);
    assert!(begun.elapsed() < LONGEST);
}

#[test]
fn long_lists_that_are_compared_with_long_lists_are_no_problem() {
    let items: Vec<String> = (0..30_000).map(|at| format!("a{at}")).collect();
    let items = items.join(", ");
    let rule =
        format!("Rules: {{ R: {{ Assertions: [{{ Assert: {{ 'Fn::EachMemberIn': [[{items}], [{items}]] }} }}] }} }}");
    assert_eq!(problems(&format!("{rule}\nResources: {{}}\n")), Vec::<String>::new());
    let value = "a0,".repeat(1_300);
    let text = format!(
        "Parameters: {{ P: {{ Type: CommaDelimitedList, Default: '{value}a0', AllowedValues: [{items}] }} }}\nResources: {{}}\n"
    );
    assert_eq!(problems(&text), Vec::<String>::new());
    let found = problems(&text.replace("a0,", "b,"));
    assert!(matches!(found.as_slice(), [one] if one.contains(" wrong-choice | ")), "{found:?}");
}

#[test]
fn a_pattern_that_others_search_for_ever_is_matched_in_good_time() {
    let value = "a".repeat(4_000);
    let found = problems(&format!(
        "Parameters: {{ P: {{ Type: String, Default: '{value}!', AllowedPattern: '^(a+)+$' }} }}\nResources: {{}}\n"
    ));
    assert!(matches!(found.as_slice(), [one] if one.contains(" wrong-pattern | ")), "{found:?}");
    let found = problems(
        "Parameters: { P: { Type: String, Default: a, AllowedPattern: '((a{1,1000}){1,1000}){1,1000}' } }\nResources: {}\n",
    );
    assert!(matches!(found.as_slice(), [one] if one.contains(" wrong-pattern | ")), "{found:?}");
}

#[test]
fn a_long_chain_of_resources_is_no_circle_and_a_long_circle_is_told() {
    let template = |last: &str| {
        let mut text = "Resources:\n".to_owned();
        for at in 0..3_000 {
            let next = if at == 2_999 { last.to_owned() } else { format!("R{}", at + 1) };
            let waits = if next.is_empty() { String::new() } else { format!(", DependsOn: {next}") };
            text.push_str(&format!("  R{at}: {{ Type: AWS::SQS::Queue{waits} }}\n"));
        }
        text
    };
    assert_eq!(problems(&template("")), Vec::<String>::new());
    assert!(matches!(problems(&template("R0")).as_slice(), [one] if one.contains(" cycle | ")));
}

#[test]
fn keys_that_are_no_text_end_nothing() {
    let rows = [
        "Resources: { [a]: { Type: AWS::SQS::Queue } }\n",
        "Parameters: { { a: b }: { Type: String } }\nResources: {}\n",
        "Resources: { A: { Type: AWS::SQS::Queue, DependsOn: [~, [], {}] } }\n",
        "Resources: { A: { Type: AWS::SQS::Queue, Properties: { '': 1, Tags: [[], {}, ~] } } }\n",
        "Outputs: { A: { Value: { Ref: ~ }, Export: { Name: { Ref: [] } } } }\nResources: {}\n",
        "Rules: { A: { Assertions: [{ Assert: ~ }, ~, []], RuleCondition: [] } }\nResources: {}\n",
        "Mappings: { A: { B: { C: [] } } }\nResources: {}\nTransform: []\n",
    ];
    for text in rows {
        let _ = problems(text);
    }
}

/// A stack with many nested ones, each of which is given what the one before gives back, `times` over.
fn chain(count: usize, times: usize, conditions: usize) -> Stage {
    let conditions: String = (0..conditions).map(|n| format!("  C{n}: !Equals [a, b]\n")).collect();
    let mut text = format!("Conditions:\n  C: !Equals [a, a]\n{conditions}Resources:\n");
    for n in 0..count {
        let given = match n {
            0 => "a".to_owned(),
            n => format!("!Join ['-', [b{}]]", format!(", !GetAtt N{}.Outputs.Out", n - 1).repeat(times)),
        };
        text.push_str(&format!(
            "  N{n}: {{ Type: AWS::CloudFormation::Stack, Condition: C, Properties: {{ TemplateURL: a, Parameters: {{ In: {given} }} }} }}\n"
        ));
    }
    let within = "Parameters: { In: { Type: String } }
Resources: { Topic: { Type: AWS::SNS::Topic } }
Outputs: { Out: { Value: !Sub '${In}${Topic.TopicName}' } }
";
    let stage = Stage::of(&text);
    (0..count).fold(stage, |stage, n| stage.nested(&format!("n{n}"), &format!("site/N{n}"), within))
}

#[test]
fn what_nested_stacks_hand_on_to_each_other_is_bounded() {
    for (times, told) in [(1, " too-deep | "), (4, " too-large | ")] {
        let begun = Instant::now();
        let problems = chain(200, times, 0).problems();
        assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
        assert!(problems.iter().any(|one| one.contains(told)), "{problems:?}");
    }
}

#[test]
fn conditions_beside_many_nested_stacks_are_not_decided_for_each_of_them() {
    let begun = Instant::now();
    assert_eq!(chain(100, 0, 20_000).problems(), Vec::<String>::new());
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
}
