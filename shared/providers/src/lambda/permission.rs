//! `AWS::Lambda::Permission`: one statement of a function's policy, recognised by its id, which is made of the incarnation.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties, ResourceKey};
use serde_json::Value;

use super::{failed, without_qualifier};
use crate::shape::{policy_tree, required, unless_missing};

/// The longest statement id that Lambda takes.
const LENGTH: usize = 100;

/// The provider of `AWS::Lambda::Permission`.
pub struct Permission {
    lambda: Client,
}

/// The statement's id: `{stack}-{logical id}-{generation}` in the letters that Lambda allows, its end kept if it is too long.
fn statement_id(key: &ResourceKey) -> String {
    let text = format!("{}-{}-{}", key.address.stack, key.address.logical_id, key.generation);
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    let text: String = text.chars().map(allowed).collect();
    text.get(text.len().saturating_sub(LENGTH)..).unwrap_or(&text).to_owned()
}

/// The properties that a statement shows, and where: in which condition, under which key.
const CONDITIONS: [(&str, &str); 5] = [
    ("SourceArn", "aws:sourcearn"),
    ("SourceAccount", "aws:sourceaccount"),
    ("PrincipalOrgID", "aws:principalorgid"),
    ("FunctionUrlAuthType", "lambda:functionurlauthtype"),
    ("InvokedViaFunctionUrl", "lambda:invokedviafunctionurl"),
];

/// A statement in CloudFormation's shape.
fn shown(statement: &Value, function: &str) -> Properties {
    let mut properties = Properties::new().with("FunctionName", function);
    if let Some(action) = statement.get("Action") {
        properties.set("Action", action.clone());
    }
    let principal = match statement.get("Principal") {
        Some(Value::Object(map)) => map.values().next(),
        other => other,
    };
    if let Some(principal) = principal {
        properties.set("Principal", principal.clone());
    }
    let conditions = statement.get("Condition").and_then(Value::as_object);
    for (key, value) in conditions.into_iter().flat_map(|map| map.values()).filter_map(Value::as_object).flatten() {
        let known = CONDITIONS.iter().find(|(_, name)| key.eq_ignore_ascii_case(name));
        match known {
            Some((name @ "InvokedViaFunctionUrl", _)) => {
                let flag = value.as_bool().or_else(|| value.as_str()?.parse().ok());
                properties.set(name, flag.unwrap_or(false));
            }
            Some((name, _)) => properties.set(name, value.clone()),
            None => {}
        }
    }
    properties
}

impl Permission {
    /// Over this client.
    pub fn new(lambda: Client) -> Self {
        Self { lambda }
    }

    async fn statement(&self, properties: &Properties, id: &str) -> Result<Option<Value>, CallError> {
        let (function, qualifier) = without_qualifier(required(properties, "FunctionName")?);
        let get = self.lambda.get_policy().function_name(function).set_qualifier(qualifier.map(str::to_owned));
        let answer = unless_missing(get.send().await.map_err(failed("GetPolicy")))?;
        let Some(text) = answer.and_then(|answer| answer.policy) else { return Ok(None) };
        let policy = policy_tree(&text)?;
        let statements = policy.get("Statement").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(statements.iter().find(|statement| statement.get("Sid").and_then(Value::as_str) == Some(id)).cloned())
    }

    async fn add(&self, properties: &Properties, id: &str) -> Result<(), CallError> {
        let (function, qualifier) = without_qualifier(required(properties, "FunctionName")?);
        let text = |name: &str| properties.text(name).map(str::to_owned);
        self.lambda
            .add_permission()
            .function_name(function)
            .set_qualifier(qualifier.map(str::to_owned))
            .statement_id(id)
            .action(required(properties, "Action")?)
            .principal(required(properties, "Principal")?)
            .set_source_arn(text("SourceArn"))
            .set_source_account(text("SourceAccount"))
            .set_principal_org_id(text("PrincipalOrgID"))
            .set_event_source_token(text("EventSourceToken"))
            .set_function_url_auth_type(properties.text("FunctionUrlAuthType").map(Into::into))
            .set_invoked_via_function_url(properties.flag("InvokedViaFunctionUrl"))
            .send()
            .await
            .map_err(failed("AddPermission"))?;
        Ok(())
    }

    async fn remove(&self, properties: &Properties, id: &str) -> Result<(), CallError> {
        let (function, qualifier) = without_qualifier(required(properties, "FunctionName")?);
        let remove = self.lambda.remove_permission().function_name(function).statement_id(id);
        let remove = remove.set_qualifier(qualifier.map(str::to_owned));
        unless_missing(remove.send().await.map_err(failed("RemovePermission")))?;
        Ok(())
    }
}

#[async_trait]
impl Provider for Permission {
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let id = existing.physical_id.as_str();
        let Some(statement) = self.statement(existing.properties, id).await? else { return Ok(None) };
        Ok(Some(Observed {
            physical_id: existing.physical_id.clone(),
            attributes: BTreeMap::new(),
            properties: shown(&statement, required(existing.properties, "FunctionName")?),
            ownership: None,
        }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let id = statement_id(creation.key);
        Ok(match self.statement(creation.properties, &id).await? {
            Some(_) => Found::Ours(Made { physical_id: PhysicalId(id), attributes: BTreeMap::new() }),
            None => Found::Absent,
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let id = statement_id(creation.key);
        self.add(creation.properties, &id).await?;
        Ok(Made { physical_id: PhysicalId(id), attributes: BTreeMap::new() })
    }

    /// A statement is made whole, or not at all.
    async fn converge(&self, _: &Existing<'_>, _: &Creation<'_>, _: bool) -> Result<(), CallError> {
        Ok(())
    }

    /// A statement cannot be changed, only taken away and given anew.
    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        if existing.properties == to {
            return Ok(());
        }
        let id = existing.physical_id.as_str();
        self.remove(existing.properties, id).await?;
        self.add(to, id).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        self.remove(existing.properties, existing.physical_id.as_str()).await?;
        Ok(Deletion::Gone)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_is_named_after_its_incarnation() {
        assert_eq!(statement_id(&"quote/UrlPermission@2".parse().unwrap()), "quote-UrlPermission-2");
        let long = format!("{}/P@12", "x".repeat(120));
        let id = statement_id(&long.parse().unwrap());
        assert!(id.len() == LENGTH && id.ends_with("-P-12"), "{id}");
    }

    #[test]
    fn a_statement_is_read_back_as_it_was_asked_for() {
        let statement = json!({
            "Sid": "a", "Effect": "Allow", "Principal": { "Service": "apigateway.amazonaws.com" },
            "Action": "lambda:InvokeFunction", "Resource": "arn:…",
            "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:execute-api:x" },
                           "Bool": { "lambda:InvokedViaFunctionUrl": "true" } },
        });
        let expect = model::properties(json!({
            "FunctionName": "f", "Principal": "apigateway.amazonaws.com", "Action": "lambda:InvokeFunction",
            "SourceArn": "arn:aws:execute-api:x", "InvokedViaFunctionUrl": true,
        }));
        assert_eq!(shown(&statement, "f"), expect);
    }
}
