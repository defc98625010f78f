//! Resolves the intrinsic functions that our two templates use, as CloudFormation would for one installation.
//!
//! Owns the physical names and ARNs of the resource types in those templates. It must never guess: a function, reference or
//! attribute that it does not know is an error, so that a policy is never judged half-resolved.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What could not be resolved.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntrinsicError {
    /// A `Ref`, `Fn::GetAtt` or `${…}` to nothing that the template has.
    #[error("nothing is called `{0}`")]
    Unknown(String),
    /// An intrinsic with arguments of another shape.
    #[error("`{0}` has arguments that this reader does not know")]
    Shape(String),
}

/// A template, installed once: its parameters have values and its resources names.
#[derive(Debug)]
pub struct Installation<'t> {
    template: &'t Value,
    values: BTreeMap<String, Value>,
}

/// The account that everything is installed into in these tests.
pub const ACCOUNT: &str = "111122223333";
/// Its region.
pub const REGION: &str = "eu-central-1";

impl<'t> Installation<'t> {
    /// The template with these parameters, the others at their defaults.
    pub fn new(template: &'t Value, parameters: &[(&str, Value)]) -> Self {
        let pseudo = [("AWS::AccountId", ACCOUNT), ("AWS::Region", REGION), ("AWS::Partition", "aws")];
        let mut values: BTreeMap<_, _> =
            pseudo.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        values.insert("AWS::NoValue".to_owned(), Value::Null);
        for (name, parameter) in template.get("Parameters").and_then(Value::as_object).into_iter().flatten() {
            if let Some(default) = parameter.get("Default") {
                let list = parameter.get("Type").is_some_and(|kind| kind == "CommaDelimitedList");
                let value = if list { Value::Array(vec![default.clone()]) } else { default.clone() };
                values.insert(name.clone(), value);
            }
        }
        values.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Self { template, values }
    }

    /// One property of a resource (a JSON pointer below `Properties`), resolved.
    ///
    /// # Errors
    /// Something in it is unknown.
    pub fn property(&self, resource: &str, pointer: &str) -> Result<Value, IntrinsicError> {
        let path = format!("/Resources/{resource}/Properties{pointer}");
        self.resolve(self.template.pointer(&path).ok_or(IntrinsicError::Unknown(path))?)
    }

    /// What `Fn::GetAtt: [resource, Arn]` gives.
    ///
    /// # Errors
    /// There is no such resource, or its type has no ARN that is known here.
    pub fn arn(&self, resource: &str) -> Result<String, IntrinsicError> {
        let unknown = || IntrinsicError::Unknown(resource.to_owned());
        let found = self.template.pointer(&format!("/Resources/{resource}")).ok_or_else(unknown)?;
        let kind = found.get("Type").and_then(Value::as_str).ok_or_else(unknown)?;
        let (property, prefix, suffix) = match kind {
            "AWS::S3::Bucket" => ("BucketName", "arn:aws:s3:::".to_owned(), ""),
            "AWS::DynamoDB::Table" => ("TableName", regional("dynamodb", "table/"), ""),
            "AWS::SQS::Queue" => ("QueueName", regional("sqs", ""), ""),
            "AWS::SNS::Topic" => ("TopicName", regional("sns", ""), ""),
            "AWS::Logs::LogGroup" => ("LogGroupName", regional("logs", "log-group:"), ":*"),
            "AWS::Serverless::Function" => ("FunctionName", regional("lambda", "function:"), ""),
            "AWS::Serverless::StateMachine" => ("Name", regional("states", "stateMachine:"), ""),
            "AWS::Events::Rule" => ("Name", regional("events", "rule/"), ""),
            "AWS::IAM::Role" => ("RoleName", format!("arn:aws:iam::{ACCOUNT}:role/"), ""),
            "AWS::IAM::ManagedPolicy" => ("ManagedPolicyName", format!("arn:aws:iam::{ACCOUNT}:policy/"), ""),
            _ => return Err(unknown()),
        };
        let name = self.property(resource, &format!("/{property}"))?;
        Ok(format!("{prefix}{}{suffix}", name.as_str().ok_or_else(unknown)?))
    }

    /// A value with every intrinsic replaced; properties that come out as `AWS::NoValue` are left out.
    ///
    /// # Errors
    /// Something in it is unknown.
    pub fn resolve(&self, value: &Value) -> Result<Value, IntrinsicError> {
        match value {
            Value::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.resolve(item)).collect();
                Ok(Value::Array(items?.into_iter().filter(|item| !item.is_null()).collect()))
            }
            Value::Object(fields) => self.object(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }

    fn object(&self, fields: &Map<String, Value>) -> Result<Value, IntrinsicError> {
        let only = fields.iter().next().filter(|_| fields.len() == 1);
        if let Some((name, arguments)) = only {
            if name == "Ref" {
                return self.reference(text(name, arguments)?);
            }
            if name.starts_with("Fn::") {
                return self.function(name, arguments);
            }
        }
        let mut resolved = Map::new();
        for (name, value) in fields {
            let value = self.resolve(value)?;
            if !value.is_null() {
                resolved.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    fn reference(&self, name: &str) -> Result<Value, IntrinsicError> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let kind = self.template.pointer(&format!("/Resources/{name}/Type")).and_then(Value::as_str);
        let named_by = match kind {
            Some("AWS::IAM::ManagedPolicy" | "AWS::Serverless::StateMachine" | "AWS::SNS::Topic") => {
                return self.arn(name).map(Value::from);
            }
            Some("AWS::S3::Bucket") => "/BucketName",
            Some("AWS::DynamoDB::Table") => "/TableName",
            Some("AWS::Logs::LogGroup") => "/LogGroupName",
            Some("AWS::Serverless::Function") => "/FunctionName",
            _ => return Err(IntrinsicError::Unknown(name.to_owned())),
        };
        self.property(name, named_by)
    }

    fn function(&self, name: &str, arguments: &Value) -> Result<Value, IntrinsicError> {
        let shape = || IntrinsicError::Shape(name.to_owned());
        match (name, arguments) {
            ("Fn::Sub", Value::String(pattern)) => self.substitute(pattern, &Map::new()).map(Value::from),
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(pattern), Value::Object(own)] => self.substitute(pattern, own).map(Value::from),
                _ => Err(shape()),
            },
            ("Fn::GetAtt", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(resource), Value::String(arn)] if arn == "Arn" => self.arn(resource).map(Value::from),
                _ => Err(shape()),
            },
            ("Fn::Join", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(between), items] => {
                    let items = self.resolve(items)?;
                    let items: Option<Vec<_>> = items.as_array().ok_or_else(shape)?.iter().map(Value::as_str).collect();
                    Ok(Value::from(items.ok_or_else(shape)?.join(between)))
                }
                _ => Err(shape()),
            },
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => self.resolve(if self.holds(condition)? { yes } else { no }),
                _ => Err(shape()),
            },
            _ => Err(shape()),
        }
    }

    fn substitute(&self, pattern: &str, own: &Map<String, Value>) -> Result<String, IntrinsicError> {
        let mut pieces = pattern.split("${");
        let mut done = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').ok_or_else(|| IntrinsicError::Shape(pattern.to_owned()))?;
            let value = match (own.get(name), name.split_once('.')) {
                (Some(own), _) => self.resolve(own)?,
                (None, Some((resource, "Arn"))) => Value::from(self.arn(resource)?),
                (None, _) => self.reference(name)?,
            };
            done += text(name, &value)?;
            done += rest;
        }
        Ok(done)
    }

    fn holds(&self, condition: &str) -> Result<bool, IntrinsicError> {
        let path = format!("/Conditions/{condition}");
        self.truth(self.template.pointer(&path).ok_or_else(|| IntrinsicError::Unknown(condition.to_owned()))?)
    }

    fn truth(&self, value: &Value) -> Result<bool, IntrinsicError> {
        let shape = || IntrinsicError::Shape(value.to_string());
        let (name, arguments) = value.as_object().and_then(|fields| fields.iter().next()).ok_or_else(shape)?;
        let parts = arguments.as_array().map(Vec::as_slice).unwrap_or_default();
        match (name.as_str(), parts) {
            ("Fn::Equals", [left, right]) => Ok(self.resolve(left)? == self.resolve(right)?),
            ("Fn::Not", [inner]) => Ok(!self.truth(inner)?),
            ("Fn::Or", inner) => {
                let inner: Result<Vec<_>, _> = inner.iter().map(|one| self.truth(one)).collect();
                Ok(inner?.contains(&true))
            }
            ("Condition", _) => self.holds(text(name, arguments)?),
            _ => Err(shape()),
        }
    }
}

fn regional(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

fn text<'v>(of: &str, value: &'v Value) -> Result<&'v str, IntrinsicError> {
    value.as_str().ok_or_else(|| IntrinsicError::Shape(of.to_owned()))
}
