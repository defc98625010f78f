//! `AWS::ApiGatewayV2::Stage`.
//!
//! A stage is named by its caller, unique in its API, and carries tags from its creation on.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_apigatewayv2::operation::get_stage::GetStageOutput;
use aws_sdk_apigatewayv2::types::{AccessLogSettings, LoggingLevel, RouteSettings};
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::SERVICE;
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{self, any_differs, required, text_map, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::tree::{self, flag, number, plain_number, said, text, whole};

/// Properties that `UpdateStage` carries.
const SETTINGS: [&str; 5] =
    ["AccessLogSettings", "AutoDeploy", "DefaultRouteSettings", "Description", "StageVariables"];

/// The provider.
pub struct Stage {
    clients: Clients,
}

impl Stage {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }

    async fn shown(&self, api: &str, name: &str) -> Result<Option<GetStageOutput>, CallError> {
        let answer = self.clients.apigateway.get_stage().api_id(api).stage_name(name).send().await;
        unless_missing(answer.map_err(|error| call_error(SERVICE, "GetStage", error)))
    }

    /// Sets what is asked for among `names`, and takes back what no longer is.
    async fn change(
        &self,
        api: &str,
        existing: &Existing<'_>,
        to: &Properties,
        names: &[&str],
    ) -> Result<(), CallError> {
        let name = existing.physical_id.as_str();
        let (tree, wanted) = (to.to_value(), |name: &str| names.contains(&name));
        if wanted("AccessLogSettings") && to.get("AccessLogSettings").is_none() {
            let call = self.clients.apigateway.delete_access_log_settings().api_id(api).stage_name(name);
            let answer = call.send().await.map_err(|error| call_error(SERVICE, "DeleteAccessLogSettings", error));
            unless_missing(answer)?;
        }
        let is_only_log_gone = names == ["AccessLogSettings"] && to.get("AccessLogSettings").is_none();
        if names.is_empty() || is_only_log_gone {
            return Ok(());
        }
        let none = json!({});
        let route = wanted("DefaultRouteSettings")
            .then(|| route_settings(to.get("DefaultRouteSettings").unwrap_or(&none), Some(false)));
        let log = to.get("AccessLogSettings").filter(|_| wanted("AccessLogSettings")).map(access_log);
        let variables = wanted("StageVariables").then(|| variables(existing, to).into_iter().collect());
        let call = self.clients.apigateway.update_stage().api_id(api).stage_name(name);
        let call = call.set_auto_deploy(wanted("AutoDeploy").then(|| flag(&tree, "AutoDeploy").unwrap_or_default()));
        let call = call.set_default_route_settings(route).set_access_log_settings(log).set_stage_variables(variables);
        let description = wanted("Description").then(|| text(&tree, "Description").unwrap_or_default());
        let call = call.set_description(description);
        call.send().await.map_err(|error| call_error(SERVICE, "UpdateStage", error))?;
        Ok(())
    }

    fn arn(&self, api: &str, name: &str) -> String {
        super::arn(&self.clients, &format!("/apis/{api}/stages/{name}"))
    }
}

fn made(name: &str) -> Made {
    Made { physical_id: name.into(), attributes: BTreeMap::new() }
}

#[async_trait]
impl Provider for Stage {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Refuses }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let (api, name) = (required(existing.properties, "ApiId")?, existing.physical_id.as_str());
        let arn = self.arn(api, name);
        let (shown, tags) = tokio::try_join!(self.shown(api, name), super::tags(&self.clients, &arn))?;
        let (Some(shown), Some(tags)) = (shown, tags) else { return Ok(None) };
        let mut properties = observed(&shown).with("ApiId", api).with("StageName", name);
        tags::observe_map(&mut properties, &tags);
        let Made { physical_id, attributes } = made(name);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let (api, name) = (required(creation.properties, "ApiId")?, required(creation.properties, "StageName")?);
        let Some(shown) = self.shown(api, name).await? else { return Ok(Found::Absent) };
        let tags: Tags = shown.tags.unwrap_or_default().into_iter().collect();
        Ok(match tags::ownership(&tags).is(creation.stamp, creation.key) {
            true => Found::Ours(made(name)),
            false => Found::Foreign(PhysicalId(name.to_owned())),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        check(creation.properties)?;
        let (properties, tree) = (creation.properties, creation.properties.to_value());
        let name = required(properties, "StageName")?;
        let variables = properties.get("StageVariables").map(|_| text_map(properties.get("StageVariables")));
        let call = self.clients.apigateway.create_stage().api_id(required(properties, "ApiId")?).stage_name(name);
        let call = call.set_auto_deploy(flag(&tree, "AutoDeploy")).set_description(text(&tree, "Description"));
        let call = call.set_access_log_settings(properties.get("AccessLogSettings").map(access_log));
        let route = properties.get("DefaultRouteSettings").map(|route| route_settings(route, None));
        let call = call.set_default_route_settings(route);
        let call = call.set_stage_variables(variables.map(|variables| variables.into_iter().collect()));
        let call = call.set_tags(Some(tags::for_creation(creation)?.into_iter().collect()));
        call.send().await.map_err(|error| call_error(SERVICE, "CreateStage", error))?;
        Ok(made(name))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let (api, name) = (required(creation.properties, "ApiId")?, existing.physical_id.as_str());
        let live = shape::seen(self, existing).await?;
        let differs = |name: &&str| shape::may_differ(existing, &live.properties, creation.properties, name);
        let names: Vec<&str> = SETTINGS.into_iter().filter(differs).collect();
        self.change(api, existing, creation.properties, &names).await?;
        let change = TagChange::between(&tags::asked(&live.properties)?, &tags::asked(creation.properties)?);
        super::tag(&self.clients, &self.arn(api, name), change).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        let (api, name) = (required(to, "ApiId")?, existing.physical_id.as_str());
        let names: Vec<&str> =
            SETTINGS.into_iter().filter(|name| any_differs(existing.properties, to, &[name])).collect();
        self.change(api, existing, to, &names).await?;
        super::tag(&self.clients, &self.arn(api, name), TagChange::of(existing.properties, to)?).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let call = self.clients.apigateway.delete_stage().api_id(required(existing.properties, "ApiId")?);
        let answer = call.stage_name(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(|error| call_error(SERVICE, "DeleteStage", error)))?;
        Ok(Deletion::Gone)
    }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    tree::only(properties, &[SETTINGS.as_slice(), ["ApiId", "StageName", "Tags"].as_slice()].concat())
}

/// The variables of a stage. API Gateway keeps those that it is not told of, and takes one away that it is told is empty.
fn variables(existing: &Existing<'_>, to: &Properties) -> BTreeMap<String, String> {
    let had = existing.sent().flat_map(|sent| text_map(sent.get("StageVariables")));
    let mut variables: BTreeMap<String, String> = had.map(|(name, _)| (name, String::new())).collect();
    variables.extend(text_map(to.get("StageVariables")));
    variables
}

fn access_log(tree: &Value) -> AccessLogSettings {
    AccessLogSettings::builder()
        .set_destination_arn(text(tree, "DestinationArn"))
        .set_format(text(tree, "Format"))
        .build()
}

/// Settings of every route. `unasked` is what a detail that nobody asks for is set to; a limit that was set once can be changed
/// but, by API Gateway's design, not taken back.
fn route_settings(tree: &Value, unasked: Option<bool>) -> RouteSettings {
    RouteSettings::builder()
        .set_data_trace_enabled(flag(tree, "DataTraceEnabled"))
        .set_detailed_metrics_enabled(flag(tree, "DetailedMetricsEnabled").or(unasked))
        .set_logging_level(text(tree, "LoggingLevel").map(|level| LoggingLevel::from(level.as_str())))
        .set_throttling_burst_limit(whole(tree, "ThrottlingBurstLimit"))
        .set_throttling_rate_limit(number(tree, "ThrottlingRateLimit"))
        .build()
}

/// A stage as properties, its names and tags aside.
fn observed(shown: &GetStageOutput) -> Properties {
    let route = shown.default_route_settings().map(|route| {
        json!({
            "DataTraceEnabled": route.data_trace_enabled,
            "DetailedMetricsEnabled": route.detailed_metrics_enabled,
            "LoggingLevel": route.logging_level.as_ref().map(LoggingLevel::as_str),
            "ThrottlingBurstLimit": route.throttling_burst_limit,
            "ThrottlingRateLimit": route.throttling_rate_limit.map(plain_number),
        })
    });
    let log = shown
        .access_log_settings()
        .map(|log| json!({ "DestinationArn": log.destination_arn(), "Format": log.format() }));
    model::properties(said(json!({
        "AccessLogSettings": log,
        "AutoDeploy": shown.auto_deploy,
        "DefaultRouteSettings": route,
        "Description": shown.description().filter(|text| !text.is_empty()),
        "StageVariables": shown.stage_variables(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_no_longer_asked_for_are_told_to_be_empty() {
        let with = |variables: Value| model::properties(json!({ "StageVariables": variables }));
        let (from, to) = (with(json!({ "a": "1", "b": "2" })), with(json!({ "a": "3" })));
        let (key, id) = ("a/Stage@1".parse().unwrap(), PhysicalId::from("live"));
        let told = |existing: &Existing<'_>, to: &Properties| json!(variables(existing, to));
        assert_eq!(told(&Existing::settled(&key, &id, &from), &to), json!({ "a": "3", "b": "" }));
        let earlier = [model::Earlier { sent: from.clone(), token: None }];
        let interrupted = Existing { earlier: &earlier, ..Existing::settled(&key, &id, &to) };
        assert_eq!(told(&interrupted, &to), json!({ "a": "3", "b": "" }));
        assert_eq!(told(&interrupted, &Properties::new()), json!({ "a": "", "b": "" }));
    }

    #[test]
    fn a_stage_reads_back_as_it_was_asked_for() {
        let given = json!({
            "AutoDeploy": true,
            "DefaultRouteSettings": { "DetailedMetricsEnabled": true, "ThrottlingRateLimit": 100 },
            "AccessLogSettings": { "DestinationArn": "arn:aws:logs:x", "Format": "$context.requestId" },
        });
        let shown = GetStageOutput::builder()
            .auto_deploy(true)
            .default_route_settings(route_settings(&given["DefaultRouteSettings"], None))
            .access_log_settings(access_log(&given["AccessLogSettings"]))
            .build();
        assert_eq!(observed(&shown).to_value(), given);
    }
}
