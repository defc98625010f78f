//! `AWS::Lambda::Alias`: a name of its own within its function, which is what it is recognised by.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::{bare, failed, qualified, without_qualifier};
use crate::shape::{self, any_differs, required, unless_missing};

/// The provider of `AWS::Lambda::Alias`.
pub struct Alias {
    lambda: Client,
}

fn attributes(arn: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("AliasArn".to_owned(), json!(arn))])
}

/// The versions that get a part of the calls beside the alias's own, with their weights; empty where none does.
fn routing(properties: &Properties) -> Result<AliasRoutingConfiguration, CallError> {
    let mut weights = HashMap::new();
    let given = properties.get("RoutingConfig").and_then(|routing| routing.get("AdditionalVersionWeights"));
    for one in given.and_then(Value::as_array).into_iter().flatten() {
        let version = one.get("FunctionVersion").and_then(Value::as_str);
        let weight = one.get("FunctionWeight").and_then(Value::as_f64);
        let (Some(version), Some(weight)) = (version, weight) else {
            let message = "a weight in `RoutingConfig` needs `FunctionVersion` and `FunctionWeight`";
            return Err(shape::invalid(message));
        };
        weights.insert(version.to_owned(), weight);
    }
    Ok(AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build())
}

/// The same, as properties; none where no other version gets anything.
fn routed(routing: Option<AliasRoutingConfiguration>) -> Option<Value> {
    let weights = routing?.additional_version_weights.filter(|weights| !weights.is_empty())?;
    let weights: BTreeMap<String, f64> = weights.into_iter().collect();
    let one = |(version, weight): (String, f64)| json!({ "FunctionVersion": version, "FunctionWeight": weight });
    Some(json!({ "AdditionalVersionWeights": weights.into_iter().map(one).collect::<Vec<Value>>() }))
}

impl Alias {
    /// Over this client.
    pub fn new(lambda: Client) -> Self {
        Self { lambda }
    }

    async fn change(&self, arn: &str, from: &Properties, to: &Properties) -> Result<(), CallError> {
        if !any_differs(from, to, &["FunctionVersion", "Description", "RoutingConfig"]) {
            return Ok(());
        }
        let (function, name) = qualified(arn)?;
        self.lambda
            .update_alias()
            .function_name(function)
            .name(name)
            .function_version(required(to, "FunctionVersion")?)
            .description(to.text("Description").unwrap_or_default())
            // Lambda keeps the weights that it is not told of, and takes them away where it is told of none.
            .set_routing_config(any_differs(from, to, &["RoutingConfig"]).then(|| routing(to)).transpose()?)
            .send()
            .await
            .map_err(failed("UpdateAlias"))?;
        Ok(())
    }
}

#[async_trait]
impl Provider for Alias {
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let (function, name) = qualified(existing.physical_id.as_str())?;
        let get = self.lambda.get_alias().function_name(function).name(name);
        let Some(alias) = unless_missing(get.send().await.map_err(failed("GetAlias")))? else { return Ok(None) };
        let mut properties = Properties::new().with("FunctionName", bare(function)).with("Name", name);
        if let Some(version) = alias.function_version {
            properties.set("FunctionVersion", version);
        }
        if let Some(text) = alias.description.filter(|text| !text.is_empty()) {
            properties.set("Description", text);
        }
        if let Some(routing) = routed(alias.routing_config) {
            properties.set("RoutingConfig", routing);
        }
        Ok(Some(Observed {
            physical_id: existing.physical_id.clone(),
            attributes: attributes(existing.physical_id.as_str()),
            properties,
            ownership: None,
        }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let (function, _) = without_qualifier(required(creation.properties, "FunctionName")?);
        let get = self.lambda.get_alias().function_name(function).name(required(creation.properties, "Name")?);
        let answer = unless_missing(get.send().await.map_err(failed("GetAlias")))?;
        Ok(match answer.and_then(|alias| alias.alias_arn) {
            Some(arn) => Found::Ours(Made { attributes: attributes(&arn), physical_id: PhysicalId(arn) }),
            None => Found::Absent,
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        let (function, _) = without_qualifier(required(properties, "FunctionName")?);
        let answer = self
            .lambda
            .create_alias()
            .function_name(function)
            .name(required(properties, "Name")?)
            .function_version(required(properties, "FunctionVersion")?)
            .set_description(properties.text("Description").map(str::to_owned))
            .send()
            .await
            .map_err(failed("CreateAlias"))?;
        let arn = answer.alias_arn.ok_or_else(|| shape::silent("CreateAlias"))?;
        Ok(Made { attributes: attributes(&arn), physical_id: PhysicalId(arn) })
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
        let (function, name) = qualified(existing.physical_id.as_str())?;
        let delete = self.lambda.delete_alias().function_name(function).name(name);
        unless_missing(delete.send().await.map_err(failed("DeleteAlias")))?;
        Ok(Deletion::Gone)
    }
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn weights_are_read_as_they_were_sent() {
        let weight = json!({ "FunctionVersion": "7", "FunctionWeight": 0.1 });
        let config = json!({ "AdditionalVersionWeights": [weight] });
        let sent = routing(&properties(json!({ "RoutingConfig": config }))).unwrap();
        assert_eq!(sent.additional_version_weights(), Some(&HashMap::from([("7".to_owned(), 0.1)])));
        assert_eq!(routed(Some(sent)), Some(config));
    }

    #[test]
    fn that_there_are_no_weights_is_said_and_not_read() {
        let sent = routing(&Properties::new()).unwrap();
        assert_eq!(sent.additional_version_weights(), Some(&HashMap::new()), "Lambda keeps what it is not told of");
        assert_eq!([routed(Some(sent)), routed(None)], [None, None]);
    }

    #[test]
    fn a_weight_of_nothing_is_refused() {
        let config = json!({ "AdditionalVersionWeights": [{ "FunctionVersion": "7" }] });
        assert!(routing(&properties(json!({ "RoutingConfig": config }))).is_err());
    }
}
