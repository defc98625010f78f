//! Stacks that nobody would write by hand: wide, long, and tangled.

use model::Reach;
use serde_json::{Value, json};

use super::builder::{Builder, by_arn, by_id, plain};
use super::reference::{SIX, of_six, role, table};
use super::{Stack, StackError};
use crate::random::Random;

/// Resources that need nothing: the six types of the 48, in turn.
///
/// # Errors
/// [`StackError`] where the planner refuses it.
pub fn independent(count: usize) -> Result<Stack, StackError> {
    let mut stack = Builder::new();
    for number in 0..count {
        let [_, kind] = SIX.get(number % SIX.len()).copied().unwrap_or_default();
        stack.add(&format!("R{number:04}"), kind, of_six(kind), &[]);
    }
    stack.planned("1,000 independent")
}

/// Resources of four types in turn, each of which needs the one before.
///
/// # Errors
/// [`StackError`] where the planner refuses it.
pub fn chain(length: usize) -> Result<Stack, StackError> {
    const KINDS: [&str; 4] = ["AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Logs::LogGroup", "AWS::S3::Bucket"];
    let mut stack = Builder::new();
    for (number, kind) in KINDS.iter().cycle().take(length).enumerate() {
        let before = number.checked_sub(1).map(|before| format!("R{before:03}"));
        let needs: Vec<&str> = before.as_deref().into_iter().collect();
        stack.add(&format!("R{number:03}"), kind, plain(), &needs);
    }
    stack.planned("chain of 200")
}

/// How far back a resource of the random stack finds what it needs: bounds how deep the stack is.
const WINDOW: usize = 600;

/// A random stack: each resource needs up to three of the [`WINDOW`] before it. Of the types that need a parent, each has
/// one of its kind among them.
///
/// # Errors
/// [`StackError`] where the planner refuses it.
pub fn random(count: usize, seed: u64) -> Result<Stack, StackError> {
    let mut random = Random::of(seed);
    let mut stack = Builder::new();
    let mut kinds: Vec<&'static str> = Vec::new();
    for number in 0..count {
        let window = number.saturating_sub(WINDOW)..number;
        let nearby = |kind: &str| -> Vec<usize> {
            window.clone().filter(|at| kinds.get(*at).is_some_and(|of| *of == kind)).collect()
        };
        let (roles, functions) = (nearby("AWS::IAM::Role"), nearby("AWS::Lambda::Function"));
        let kind = match random.below(100) {
            0..12 => "AWS::IAM::Role",
            12..30 if !roles.is_empty() => "AWS::Lambda::Function",
            30..38 if !functions.is_empty() => "AWS::Lambda::Permission",
            38..46 => "AWS::Logs::LogGroup",
            46..60 => "AWS::SQS::Queue",
            60..74 => "AWS::SNS::Topic",
            74..84 => "AWS::DynamoDB::Table",
            84..97 => "AWS::S3::Bucket",
            _ => "AWS::SSM::Parameter",
        };
        let mut needs: Vec<(String, Reach)> = Vec::new();
        let of = match kind {
            "AWS::Lambda::Function" => {
                let role = name(random.one_of(&roles).copied().unwrap_or_default());
                needs.push((role.clone(), Reach::Ready));
                function(&role)
            }
            "AWS::Lambda::Permission" => {
                let function = name(random.one_of(&functions).copied().unwrap_or_default());
                needs.push((function.clone(), Reach::Ready));
                json!({ "Action": "lambda:InvokeFunction", "FunctionName": by_id(&function), "Principal": "sns.amazonaws.com" })
            }
            "AWS::DynamoDB::Table" => table(),
            "AWS::IAM::Role" => role("lambda.amazonaws.com"),
            "AWS::SSM::Parameter" => json!({ "Type": "String", "Value": "1" }),
            _ => plain(),
        };
        for _ in 0..random.below(4) {
            if !window.is_empty() {
                needs.push((name(window.start + random.below(window.len())), Reach::Ready));
            }
        }
        let needs: Vec<(&str, Reach)> = needs.iter().map(|(on, reach)| (on.as_str(), *reach)).collect();
        stack.add_reaching(&name(number), kind, of, &needs);
        kinds.push(kind);
    }
    stack.planned("random DAG of 5,000")
}

fn function(role: &str) -> Value {
    json!({
        "Code": { "S3Bucket": "b", "S3Key": "artifacts/0.zip" },
        "Handler": "handler.handle",
        "Role": by_arn(role),
        "Runtime": "python3.12",
    })
}

fn name(number: usize) -> String {
    format!("R{number:04}")
}
