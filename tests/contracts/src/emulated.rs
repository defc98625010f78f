//! What of the templates the emulated account would misjudge, and the least change that keeps the rest enforced.
//!
//! The templates are written for AWS. The emulator (MiniStack 1.5.33, `AUTH=true`) denies what AWS allows where it does not
//! know a condition key or names a resource otherwise; each [`Deviation`] says how, and is taken out of a *copy* of the
//! template at installation. (That it is spoken to over plain HTTP is not one of them: the proxy before it says otherwise in
//! `X-Forwarded-Proto`, and denials that ask for TLS stay.) What is taken out is judged as a document by the tests of this crate. It must never be applied
//! to what is installed into a real account.

use serde_json::{Map, Value, json};

/// One way in which the emulator is not AWS, as far as the policies are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deviation {
    /// [`KEYLESS`] condition keys are never part of a request.
    NoServiceKeys,
    /// `aws:PrincipalArn` of a role's session is the session's ARN, not the role's.
    PrincipalIsTheSession,
    /// A role's ARN is built without its path.
    NoRolePaths,
    /// [`NAMELESS`] actions are checked on `*`, because it does not read the resource out of their requests.
    NoResource,
}

/// Every deviation there is.
pub const DEVIATIONS: [Deviation; 4] =
    [Deviation::NoServiceKeys, Deviation::PrincipalIsTheSession, Deviation::NoRolePaths, Deviation::NoResource];

/// The condition keys that the emulator does not know.
pub const KEYLESS: [&str; 3] = ["iam:PermissionsBoundary", "iam:PassedToService", "lambda:FunctionArn"];

/// What the emulator checks on `*`, of what the templates allow on resources.
pub const NAMELESS: [&str; 21] = [
    "cloudwatch:DeleteAlarms",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
    "dynamodb:ListTagsOfResource",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "events:ListTagsForResource",
    "events:ListTargetsByRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
    "events:UntagResource",
    "lambda:CreateFunction",
    "sns:GetSubscriptionAttributes",
    "sns:ListTagsForResource",
    "sns:SetSubscriptionAttributes",
    "sns:TagResource",
    "sns:Unsubscribe",
    "sns:UntagResource",
    "ssm:GetParameters",
];

/// Rewrites every policy document of a template for the emulated account.
pub fn adapt(template: &mut Value) {
    let Some(resources) = template.get_mut("Resources").and_then(Value::as_object_mut) else { return };
    resources.values_mut().for_each(adapt_statements);
}

fn adapt_statements(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            if let Some(Value::Array(statements)) = fields.get_mut("Statement") {
                statements.retain_mut(|statement| statement.as_object_mut().is_none_or(adapt_statement));
                let nameless: Vec<_> = NAMELESS.into_iter().filter(|action| allowed(statements, action)).collect();
                if !nameless.is_empty() {
                    statements.push(json!({"Sid": "Emulated", "Effect": "Allow", "Action": nameless, "Resource": "*"}));
                }
            }
            fields.values_mut().for_each(adapt_statements);
        }
        Value::Array(items) => items.iter_mut().for_each(adapt_statements),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn allowed(statements: &[Value], action: &str) -> bool {
    let listed =
        |one: &Value| one == action || one.as_array().is_some_and(|all| all.iter().any(|listed| listed == action));
    statements
        .iter()
        .any(|one| one.get("Effect").is_some_and(|effect| effect == "Allow") && one.get("Action").is_some_and(listed))
}

/// Whether the statement stays, in the form that it then has.
fn adapt_statement(statement: &mut Map<String, Value>) -> bool {
    let denies = statement.get("Effect").is_some_and(|effect| effect == "Deny");
    if let Some(Value::Object(conditions)) = statement.get_mut("Condition") {
        for keys in conditions.values_mut().filter_map(Value::as_object_mut) {
            if KEYLESS.iter().any(|key| keys.contains_key(*key)) {
                if denies {
                    return false;
                }
                keys.retain(|key, _| !KEYLESS.contains(&key.as_str()));
            }
            if let Some(principals) = keys.get_mut("aws:PrincipalArn") {
                *principals = with_sessions(principals);
            }
        }
        conditions.retain(|_, keys| keys != &json!({}));
        if conditions.is_empty() {
            statement.remove("Condition");
        }
    }
    if let Some(resource) = statement.get_mut("Resource") {
        let without_path = rewrite(resource, |arn| {
            arn.contains(":role/strandline/${Project}/${Environment}/")
                .then(|| arn.replace("strandline/${Project}/${Environment}/", "${Project}-${Environment}-"))
        });
        if let Some(without_path) = without_path {
            *resource = json!([resource.take(), without_path]);
        }
    }
    true
}

/// The principals, and the sessions of those that are roles.
fn with_sessions(principals: &Value) -> Value {
    let listed = principals.as_array().cloned().unwrap_or_else(|| vec![principals.clone()]);
    let sessions = listed.iter().filter_map(|principal| {
        rewrite(principal, |arn| {
            arn.contains(":role/").then(|| arn.replace(":iam::", ":sts::").replace(":role/", ":assumed-role/") + "/*")
        })
    });
    Value::Array(listed.iter().cloned().chain(sessions.collect::<Vec<_>>()).collect())
}

/// A copy of an ARN, plain or in either form of `Fn::Sub`, with its text changed; nothing if there is nothing to change.
fn rewrite(arn: &Value, change: impl Fn(&str) -> Option<String>) -> Option<Value> {
    if let Some(text) = arn.as_str() {
        return change(text).map(Value::String);
    }
    let mut copy = arn.clone();
    let mut text = copy.get_mut("Fn::Sub")?;
    if text.is_array() {
        text = text.get_mut(0)?;
    }
    *text = Value::String(change(text.as_str()?)?);
    Some(copy)
}
