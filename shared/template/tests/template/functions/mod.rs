//! What each function gives, and what is wrong with each wrong use, as a user sees it.
//!
//! The results are those of AWS's own reference of intrinsic functions, where it shows one.

mod bounds;
mod conditions;
mod lists;
mod lookups;
mod properties;
mod references;
mod stored;
mod texts;

use std::collections::BTreeMap;
use std::rc::Rc;

use model::{Environment, EnvironmentId, Lookup, ResourceAddress, Snapshot};
use serde_json::{Value, json};
use source::{Area, Files, Report, Span};
use template::{Context, Expansion, Stack, expand};

/// What stands around the value that is looked at.
const AROUND: &str = r#"
Parameters:
  Stage: { Type: String, Default: dev }
  Count: { Type: Number, Default: 3 }
  Part: { Type: String, Default: A }
  Side: { Type: String, Default: east }
  Project: { Type: String, Default: shop }
  Blocks: { Type: CommaDelimitedList, Default: "10.0.48.0/24, 10.0.112.0/24, 10.0.176.0/24" }
  Password: { Type: String, NoEcho: true, Default: "{{resolve:ssm-secure:password:1}}" }
  Image: { Type: "AWS::SSM::Parameter::Value<String>", Default: /image }
Mappings:
  Sizes:
    eu-central-1: { small: t3.micro, zones: [a, b] }
    us-east-1: { small: t2.micro }
  Index: { one: { first: 0 } }
  Names: { "123456789012": { region: eu-central-1 } }
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsProd: !Equals [!Ref Stage, prod]
  IsLatest: !Equals [!Ref Image, latest]
Resources:
  Queue: { Type: AWS::SQS::Queue }
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Database: { Type: AWS::RDS::DBInstance }
  Thing: { Type: "Custom::Thing", Properties: { ServiceToken: "arn:aws:lambda:eu-central-1:123456789012:function:f" } }
  Absent: { Type: AWS::SQS::Queue, Condition: IsProd }
"#;

/// `AROUND` as a template with `more` resources or sections after it.
fn expanded(header: &str, more: &str) -> (Expansion, Report) {
    expanded_text(&format!("{header}{AROUND}{more}"))
}

/// A template as the stack `main` beside the stack `data`.
fn expanded_text(text: &str) -> (Expansion, Report) {
    let mut files = Files::config("strands.yaml", "");
    let file = files.add("template.yaml", Area::Template, text);
    let other = files.add(
        "other.yaml",
        Area::Template,
        r#"
Resources:
  Table: { Type: AWS::DynamoDB::Table, Properties: { KeySchema: [{ AttributeName: id, KeyType: HASH }], AttributeDefinitions: [{ AttributeName: id, AttributeType: S }], BillingMode: PAY_PER_REQUEST } }
Outputs:
  Name: { Value: !Ref Table, Export: { Name: !Sub "${AWS::StackName}-table" } }
  Zones: { Value: "a,b", Export: { Name: zones } }
"#,
    );
    let mut findings = Vec::new();
    let mut stack = |name: &str, file| Stack {
        name: name.to_owned(),
        span: Span::default(),
        root: source::tree(&files, file, &mut findings).expect("the template is YAML"),
        parameters: Vec::new(),
        within: None,
        assets: Rc::default(),
        values: Vec::new(),
    };
    let stacks = [stack("main", file), stack("data", other)];
    let environment = Environment::new(EnvironmentId::new("shop", "dev").unwrap(), "123456789012", "eu-central-1");
    let topic = || "AWS::SNS::Topic".into();
    let known = ["shared", "main"].map(|stack| (ResourceAddress::new(stack, "Topic"), topic()));
    let known = BTreeMap::from(known);
    let zones = Lookup::Zones { region: "eu-central-1".to_owned() };
    let parameter = |name: &str, version| Lookup::Parameter { name: name.to_owned(), version };
    let snapshot = Snapshot(BTreeMap::from([
        (zones, json!(["eu-central-1a", "eu-central-1b", "eu-central-1c"])),
        (parameter("/image", None), json!("ami-1")),
        (parameter("level", Some(2)), json!("debug")),
        (parameter("/shop/names", None), json!("a,b")),
    ]));
    let context = Context {
        environment: &environment,
        artifact_bucket: "artifacts",
        known: &known,
        snapshot: &snapshot,
        files: &files,
    };
    let expansion = expand(&stacks, &context, &mut findings);
    (expansion, Report::of(&files, findings))
}

fn told(expansion: &Expansion, report: &Report, value: impl FnOnce(&Expansion) -> Value) -> String {
    if !report.is_empty() {
        let problem = |problem: &source::Problem| {
            let slice = report.files().slice(problem.span);
            let help = problem.help.as_deref().unwrap_or_default();
            format!("{} at {slice}: {}; {help}", problem.code.as_str(), problem.message)
        };
        return report.problems().iter().map(problem).collect::<Vec<_>>().join(" | ");
    }
    if !expansion.lookups.is_empty() {
        return format!("looks up {}", json!(expansion.lookups));
    }
    value(expansion).to_string()
}

/// What `input` comes to as a property of a resource, or what is wrong with it: the code, what is underlined, the message and
/// the help of each problem.
#[track_caller]
fn check(input: &str, expect: &str) {
    look("Transform: AWS::LanguageExtensions", input, expect);
}

/// The same in a template without the language extensions.
#[track_caller]
fn check_plain(input: &str, expect: &str) {
    look("", input, expect);
}

#[track_caller]
fn look(header: &str, input: &str, expect: &str) {
    let resource = format!(
        "  Test:\n    Type: Custom::Test\n    Properties:\n      ServiceToken: {}\n      Value: {input}\n",
        "arn:aws:lambda:eu-central-1:123456789012:function:f"
    );
    let (expansion, report) = expanded(header, &resource);
    let value = |expansion: &Expansion| {
        let made = &expansion.resources[&ResourceAddress::new("main", "Test")];
        made.desired.properties.get("Value").cloned().unwrap_or(json!("nothing at all"))
    };
    assert_eq!(told(&expansion, &report, value), expect, "{input}");
}

/// What `input` comes to as the value of an output.
#[track_caller]
fn check_output(input: &str, expect: &str) {
    let (expansion, report) = expanded("", &format!("Outputs:\n  Test:\n    Value: {input}\n"));
    let value = |expansion: &Expansion| source::json(&expansion.outputs[&("main".to_owned(), "Test".to_owned())]);
    assert_eq!(told(&expansion, &report, value), expect, "{input}");
}

/// Whether a resource with the condition `Test`, which is `input`, is there: or what is wrong with the condition.
#[track_caller]
fn check_condition(input: &str, expect: &str) {
    let around = AROUND.replace("Conditions:\n", &format!("Conditions:\n  Test: {input}\n"));
    let resource = "  Test: { Type: AWS::SQS::Queue, Condition: Test }\n";
    let (expansion, report) = expanded_text(&format!("{around}{resource}"));
    let value = |expansion: &Expansion| json!(expansion.resources.contains_key(&ResourceAddress::new("main", "Test")));
    assert_eq!(told(&expansion, &report, value), expect, "{input}");
}
