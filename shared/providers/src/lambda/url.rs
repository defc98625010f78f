//! `AWS::Lambda::Url`: at most one for each function or alias, which is what it is recognised by.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::Cors;
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Map, Value, json};

use super::{failed, without_qualifier};
use crate::clients::Clients;
use crate::shape::{self, any_differs, number_at, required, texts, unless_missing};

/// The provider of `AWS::Lambda::Url`.
pub struct Url {
    lambda: Client,
    clients: Clients,
}

/// How AWS treats a URL whose mode is not said.
const BUFFERED: &str = "BUFFERED";

fn attributes(url: &str, arn: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("FunctionUrl".to_owned(), json!(url)), ("FunctionArn".to_owned(), json!(arn))])
}

fn cors(properties: &Properties) -> Result<Option<Cors>, CallError> {
    let Some(cors) = properties.get("Cors") else { return Ok(None) };
    let list = |name: &str| cors.get(name).map(|list| texts(Some(list)));
    Ok(Some(
        Cors::builder()
            .set_allow_credentials(cors.get("AllowCredentials").and_then(Value::as_bool))
            .set_allow_headers(list("AllowHeaders"))
            .set_allow_methods(list("AllowMethods"))
            .set_allow_origins(list("AllowOrigins"))
            .set_expose_headers(list("ExposeHeaders"))
            .set_max_age(number_at(properties, &["Cors", "MaxAge"])?)
            .build(),
    ))
}

fn shown(cors: &Cors) -> Option<Value> {
    let lists = [
        ("AllowHeaders", &cors.allow_headers),
        ("AllowMethods", &cors.allow_methods),
        ("AllowOrigins", &cors.allow_origins),
        ("ExposeHeaders", &cors.expose_headers),
    ];
    let lists = lists.into_iter().filter_map(|(name, list)| Some((name.to_owned(), json!(list.as_ref()?))));
    let mut map: Map<String, Value> = lists.filter(|(_, list)| *list != json!([])).collect();
    if let Some(allowed) = cors.allow_credentials.filter(|allowed| *allowed) {
        map.insert("AllowCredentials".to_owned(), json!(allowed));
    }
    if let Some(seconds) = cors.max_age.filter(|seconds| *seconds != 0) {
        map.insert("MaxAge".to_owned(), json!(seconds));
    }
    (!map.is_empty()).then_some(Value::Object(map))
}

impl Url {
    /// Over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { lambda: clients.lambda.clone(), clients: clients.clone() }
    }

    /// The function, its alias, and the ARN of both together: what a URL is known by.
    fn owner(&self, properties: &Properties) -> Result<(String, Option<String>, PhysicalId), CallError> {
        let (function, inner) = without_qualifier(required(properties, "TargetFunctionArn")?);
        let qualifier = properties.text("Qualifier").or(inner).map(str::to_owned);
        let mut arn = match function.starts_with("arn:") {
            true => function.to_owned(),
            false => self.clients.arn("lambda", &format!("function:{function}")),
        };
        if let Some(qualifier) = &qualifier {
            arn = format!("{arn}:{qualifier}");
        }
        Ok((function.to_owned(), qualifier, PhysicalId(arn)))
    }

    async fn change(&self, physical_id: &str, from: &Properties, to: &Properties) -> Result<(), CallError> {
        let mode = |properties: &Properties| properties.text("InvokeMode").unwrap_or(BUFFERED).to_owned();
        if !any_differs(from, to, &["AuthType", "Cors"]) && mode(from) == mode(to) {
            return Ok(());
        }
        let (function, qualifier) = without_qualifier(physical_id);
        self.lambda
            .update_function_url_config()
            .function_name(function)
            .set_qualifier(qualifier.map(str::to_owned))
            .auth_type(required(to, "AuthType")?.into())
            // Rules that are no longer asked for are taken away by empty ones.
            .cors(cors(to)?.unwrap_or_else(|| Cors::builder().build()))
            .invoke_mode(mode(to).as_str().into())
            .send()
            .await
            .map_err(failed("UpdateFunctionUrlConfig"))?;
        Ok(())
    }
}

#[async_trait]
impl Provider for Url {
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let (function, qualifier) = without_qualifier(existing.physical_id.as_str());
        let get = self.lambda.get_function_url_config().function_name(function);
        let get = get.set_qualifier(qualifier.map(str::to_owned));
        let answer = unless_missing(get.send().await.map_err(failed("GetFunctionUrlConfig")))?;
        let Some(url) = answer else { return Ok(None) };
        let mut properties =
            Properties::new().with("TargetFunctionArn", function).with("AuthType", url.auth_type.as_str());
        if let Some(qualifier) = qualifier {
            properties.set("Qualifier", qualifier);
        }
        if let Some(cors) = url.cors.as_ref().and_then(shown) {
            properties.set("Cors", cors);
        }
        properties.set("InvokeMode", url.invoke_mode.as_ref().map_or(BUFFERED, |mode| mode.as_str()));
        Ok(Some(Observed {
            physical_id: existing.physical_id.clone(),
            attributes: attributes(&url.function_url, existing.physical_id.as_str()),
            properties,
            ownership: None,
        }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let (function, qualifier, physical_id) = self.owner(creation.properties)?;
        let get = self.lambda.get_function_url_config().function_name(function).set_qualifier(qualifier);
        let answer = unless_missing(get.send().await.map_err(failed("GetFunctionUrlConfig")))?;
        Ok(match answer {
            Some(url) => {
                let attributes = attributes(&url.function_url, physical_id.as_str());
                Found::Ours(Made { physical_id, attributes })
            }
            None => Found::Absent,
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        let (function, qualifier, physical_id) = self.owner(properties)?;
        let answer = self
            .lambda
            .create_function_url_config()
            .function_name(function)
            .set_qualifier(qualifier)
            .auth_type(required(properties, "AuthType")?.into())
            .set_cors(cors(properties)?)
            .set_invoke_mode(properties.text("InvokeMode").map(Into::into))
            .send()
            .await
            .map_err(failed("CreateFunctionUrlConfig"))?;
        let attributes = attributes(&answer.function_url, physical_id.as_str());
        Ok(Made { physical_id, attributes })
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let live = shape::seen(self, existing).await?;
        self.change(existing.physical_id.as_str(), &live.properties, creation.properties).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        self.change(existing.physical_id.as_str(), existing.properties, to).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let (function, qualifier) = without_qualifier(existing.physical_id.as_str());
        let delete = self.lambda.delete_function_url_config().function_name(function);
        let delete = delete.set_qualifier(qualifier.map(str::to_owned));
        unless_missing(delete.send().await.map_err(failed("DeleteFunctionUrlConfig")))?;
        Ok(Deletion::Gone)
    }
}
