//! A small evaluator of IAM policy documents: enough to say what our own documents allow, and no more.
//!
//! Owns Allow and Deny, actions and resources with wildcards, principals, the condition operators that our documents use,
//! and a boundary as an intersection, after "Policy evaluation logic" in the IAM User Guide. A document that uses anything
//! else does not parse, so that nothing is judged by half. It must never be used to decide about a real request.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What a document uses that this reader does not know.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a policy document uses `{0}`, which this reader does not know")]
pub struct PolicyError(String);

/// What a caller asks for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The role's ARN (`aws:PrincipalArn`), or a service principal such as `events.amazonaws.com`.
    pub principal: String,
    /// Such as `s3:PutObject`.
    pub action: String,
    /// The ARN it is asked on, or `*` for what knows no resources.
    pub resource: String,
    /// Condition keys, in lower case, that the request carries besides `aws:principalarn`.
    pub context: BTreeMap<String, String>,
}

impl Request {
    /// A request without further condition keys.
    pub fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), ..Self::default() }
    }

    /// The same, made by `principal`.
    #[must_use]
    pub fn by(mut self, principal: &str) -> Self {
        principal.clone_into(&mut self.principal);
        self
    }

    /// The same, with a condition key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.context.insert(key.to_lowercase(), value.to_owned());
        self
    }

    fn value(&self, key: &str) -> Option<&str> {
        let key = key.to_lowercase();
        if key == "aws:principalarn" {
            return Some(self.principal.as_str()).filter(|principal| principal.starts_with("arn:"));
        }
        self.context.get(&key).map(String::as_str)
    }
}

/// What a document says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// Nothing is said, which is a no.
    NotAllowed,
    /// A statement denies it, which no other document can overrule.
    Denied,
}

/// A parsed policy document.
#[derive(Debug)]
pub struct Policy(Vec<Statement>);

#[derive(Debug)]
struct Statement {
    denies: bool,
    principal: Option<Value>,
    actions: Pattern,
    resources: Pattern,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
enum Pattern {
    Any(Vec<String>),
    AnyBut(Vec<String>),
}

#[derive(Debug)]
struct Condition {
    operator: Operator,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    StringEquals,
    StringNotEquals,
    StringLike,
    ArnLike,
    ArnNotLike,
    Bool,
    Null,
}

impl Policy {
    /// Reads a document whose intrinsics are resolved.
    ///
    /// # Errors
    /// It uses something that is not known here.
    pub fn parse(document: &Value) -> Result<Self, PolicyError> {
        let statements = document.get("Statement").and_then(Value::as_array);
        let statements = statements.ok_or_else(|| PolicyError(document.to_string()))?;
        statements.iter().map(Statement::parse).collect::<Result<_, _>>().map(Self)
    }

    /// What this document alone says.
    pub fn decide(&self, request: &Request) -> Decision {
        let applies = |denies| self.0.iter().any(|one| one.denies == denies && one.applies(request));
        if applies(true) {
            Decision::Denied
        } else if applies(false) {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        }
    }
}

/// What an identity's documents say together, within its boundary if it has one.
pub fn decide(identity: &[Policy], boundary: Option<&Policy>, request: &Request) -> Decision {
    let said = |decision| move |policy: &Policy| policy.decide(request) == decision;
    if identity.iter().chain(boundary).any(said(Decision::Denied)) {
        Decision::Denied
    } else if identity.iter().any(said(Decision::Allowed)) && boundary.is_none_or(said(Decision::Allowed)) {
        Decision::Allowed
    } else {
        Decision::NotAllowed
    }
}

impl Statement {
    fn parse(value: &Value) -> Result<Self, PolicyError> {
        let fields = value.as_object().ok_or_else(|| PolicyError(value.to_string()))?;
        let known = ["Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "Condition"];
        if let Some(unknown) = fields.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(PolicyError(unknown.clone()));
        }
        let denies = match fields.get("Effect").and_then(Value::as_str) {
            Some("Allow") => false,
            Some("Deny") => true,
            _ => return Err(PolicyError("Effect".to_owned())),
        };
        let actions = match (fields.get("Action"), fields.get("NotAction")) {
            (Some(actions), None) => Pattern::Any(texts(actions)?),
            (None, Some(actions)) => Pattern::AnyBut(texts(actions)?),
            _ => return Err(PolicyError("Action".to_owned())),
        };
        // A trust policy has no resource: it is the role's own.
        let resources = fields.get("Resource").map_or_else(|| Ok(vec!["*".to_owned()]), texts)?;
        let conditions = match fields.get("Condition") {
            Some(Value::Object(operators)) => Condition::parse_all(operators)?,
            Some(other) => return Err(PolicyError(other.to_string())),
            None => Vec::new(),
        };
        let principal = fields.get("Principal").cloned();
        Ok(Self { denies, principal, actions, resources: Pattern::Any(resources), conditions })
    }

    fn applies(&self, request: &Request) -> bool {
        self.principal.as_ref().is_none_or(|principal| names(principal, &request.principal))
            && self
                .actions
                .matches(&request.action.to_lowercase(), |pattern, action| glob(&pattern.to_lowercase(), action))
            && self.resources.matches(&request.resource, arn_like)
            && self.conditions.iter().all(|condition| condition.holds(request))
    }
}

impl Pattern {
    fn matches(&self, value: &str, like: impl Fn(&str, &str) -> bool) -> bool {
        match self {
            Self::Any(patterns) => patterns.iter().any(|pattern| like(pattern, value)),
            Self::AnyBut(patterns) => !patterns.iter().any(|pattern| like(pattern, value)),
        }
    }
}

impl Condition {
    fn parse_all(operators: &Map<String, Value>) -> Result<Vec<Self>, PolicyError> {
        let mut conditions = Vec::new();
        for (name, keys) in operators {
            let operator = match name.as_str() {
                "StringEquals" => Operator::StringEquals,
                "StringNotEquals" => Operator::StringNotEquals,
                "StringLike" => Operator::StringLike,
                "ArnEquals" | "ArnLike" => Operator::ArnLike,
                "ArnNotEquals" | "ArnNotLike" => Operator::ArnNotLike,
                "Bool" => Operator::Bool,
                "Null" => Operator::Null,
                _ => return Err(PolicyError(name.clone())),
            };
            for (key, values) in keys.as_object().ok_or_else(|| PolicyError(name.clone()))? {
                conditions.push(Self { operator, key: key.clone(), values: texts(values)? });
            }
        }
        Ok(conditions)
    }

    /// An absent key fulfils a negated operator and no other; several values are alternatives, or, negated, all excluded.
    fn holds(&self, request: &Request) -> bool {
        let value = request.value(&self.key);
        let equals = |value: &str| self.values.iter().any(|expected| expected == value);
        let like = |value: &str| self.values.iter().any(|expected| arn_like(expected, value));
        match self.operator {
            Operator::StringEquals | Operator::Bool => value.is_some_and(equals),
            Operator::StringNotEquals => !value.is_some_and(equals),
            Operator::StringLike => value.is_some_and(|value| self.values.iter().any(|expected| glob(expected, value))),
            Operator::ArnLike => value.is_some_and(like),
            Operator::ArnNotLike => !value.is_some_and(like),
            Operator::Null => self.values.iter().any(|wanted| (wanted == "true") == value.is_none()),
        }
    }
}

/// Whether a `Principal` element names the caller, by itself or by its account.
fn names(principal: &Value, caller: &str) -> bool {
    let account = caller.split(':').nth(4).unwrap_or_default();
    let named = |who: &Value| {
        let who = texts(who).unwrap_or_default();
        who.iter().any(|who| {
            who == "*" || who == caller || (caller.starts_with("arn:") && (who == account || is_root(who, account)))
        })
    };
    match principal {
        Value::Object(kinds) => kinds.values().any(named),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => named(principal),
    }
}

fn is_root(who: &str, account: &str) -> bool {
    who.ends_with(":root") && who.split(':').nth(4) == Some(account)
}

fn texts(value: &Value) -> Result<Vec<String>, PolicyError> {
    let unknown = || PolicyError(value.to_string());
    match value {
        Value::String(one) => Ok(vec![one.clone()]),
        Value::Bool(one) => Ok(vec![one.to_string()]),
        Value::Array(many) => many.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(unknown)).collect(),
        Value::Null | Value::Number(_) | Value::Object(_) => Err(unknown()),
    }
}

/// ARNs are compared part by part, so that a wildcard in the region does not swallow the name; the last part is the rest.
fn arn_like(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (mut left, mut right) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    loop {
        match (left.next(), right.next()) {
            (Some(pattern), Some(part)) if glob(pattern, part) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// `*` stands for any text, `?` for one character.
fn glob(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = pattern.strip_prefix(first).unwrap_or_default();
    match first {
        '*' => {
            glob(rest, text)
                || text.chars().next().is_some_and(|one| glob(pattern, text.strip_prefix(one).unwrap_or_default()))
        }
        one => text.chars().next().is_some_and(|found| {
            (one == '?' || one == found) && glob(rest, text.strip_prefix(found).unwrap_or_default())
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Decision, Policy, Request, decide};

    fn policy(statement: &serde_json::Value) -> Policy {
        Policy::parse(&json!({"Statement": [statement]})).unwrap()
    }

    #[test]
    fn a_denial_overrules_an_allowance() {
        let all = policy(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        let no = policy(&json!({"Effect": "Deny", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::a/*"}));
        let both = [all, no];
        assert_eq!(decide(&both, None, &Request::new("s3:DeleteObject", "arn:aws:s3:::a/b/c")), Decision::Denied);
        assert_eq!(decide(&both, None, &Request::new("s3:DeleteObject", "arn:aws:s3:::b/c")), Decision::Allowed);
    }

    #[test]
    fn a_boundary_allows_nothing_by_itself() {
        let all = policy(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        let request = Request::new("s3:GetObject", "arn:aws:s3:::a/b");
        assert_eq!(decide(&[], Some(&all), &request), Decision::NotAllowed);
    }

    #[test]
    fn an_absent_key_fulfils_only_what_is_negated() {
        let request = Request::new("s3:GetObject", "arn:aws:s3:::a/b");
        for (operator, expected) in [
            ("StringEquals", Decision::NotAllowed),
            ("StringNotEquals", Decision::Allowed),
            ("ArnNotEquals", Decision::Allowed),
            ("Bool", Decision::NotAllowed),
        ] {
            let policy = policy(
                &json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"k": "v"}}}),
            );
            assert_eq!(policy.decide(&request), expected, "{operator}");
        }
    }

    #[test]
    fn a_wildcard_in_the_region_does_not_reach_the_name() {
        let policy = policy(&json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:a"}));
        assert_eq!(policy.decide(&Request::new("sqs:X", "arn:aws:sqs:r:1:b:a")), Decision::NotAllowed);
        assert_eq!(policy.decide(&Request::new("sqs:X", "arn:aws:sqs:r:1:a")), Decision::Allowed);
    }

    #[test]
    fn an_unknown_operator_is_refused_rather_than_passed_by() {
        let document = json!({"Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"k": "v"}}}
        ]});
        assert!(Policy::parse(&document).is_err());
    }
}
