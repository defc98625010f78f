//! `AWS::Lambda::EventSourceMapping`: a function has at most one for each source, and is listed by both.
//!
//! Lambda looks at the role's right to read the source when it is made, and makes, changes and deletes it in the background.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::update_event_source_mapping::builders::UpdateEventSourceMappingFluentBuilder;
use aws_sdk_lambda::types::{
    DestinationConfig, EventSourceMappingConfiguration, Filter, FilterCriteria, FunctionResponseType, OnFailure,
    ScalingConfig,
};
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider, Readiness};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Map, Value, json};

use super::{bare, failed, without_qualifier};
use crate::clients::Clients;
use crate::shape::{self, number_at, required, text_at, texts, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::tree::{self, said};

/// What can be asked for.
const KNOWN: &[&str] = &[
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "EventSourceArn",
    "FilterCriteria",
    "FunctionName",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "ScalingConfig",
    "StartingPosition",
    "Tags",
    "TumblingWindowInSeconds",
];

/// The provider of `AWS::Lambda::EventSourceMapping`.
pub struct EventSourceMapping {
    lambda: Client,
    clients: Clients,
}

/// What can be changed, in the request's own types.
struct Settings {
    batch: Option<i32>,
    window: Option<i32>,
    tumbling: Option<i32>,
    retries: Option<i32>,
    age: Option<i32>,
    parallel: Option<i32>,
    bisect: Option<bool>,
    filters: FilterCriteria,
    scaling: ScalingConfig,
    destination: Option<DestinationConfig>,
    responses: Vec<FunctionResponseType>,
}

impl Settings {
    fn of(properties: &Properties) -> Result<Self, CallError> {
        tree::only(properties, KNOWN)?;
        let number = |name| number_at(properties, &[name]);
        let filters = properties.get("FilterCriteria").map(|criteria| tree::items(criteria, "Filters"));
        let filters = filters.unwrap_or_default().iter().filter_map(|filter| tree::text(filter, "Pattern"));
        let filters = filters.map(|pattern| Filter::builder().pattern(pattern).build()).collect();
        let failures = text_at(properties, &["DestinationConfig", "OnFailure", "Destination"]);
        let destination = failures.map(|arn| {
            let failures = OnFailure::builder().destination(arn).build();
            DestinationConfig::builder().on_failure(failures).build()
        });
        let responses = texts(properties.get("FunctionResponseTypes"));
        Ok(Self {
            batch: number("BatchSize")?,
            window: number("MaximumBatchingWindowInSeconds")?,
            tumbling: number("TumblingWindowInSeconds")?,
            retries: number("MaximumRetryAttempts")?,
            age: number("MaximumRecordAgeInSeconds")?,
            parallel: number("ParallelizationFactor")?,
            bisect: properties.flag("BisectBatchOnFunctionError"),
            // Empty ones take away what was there.
            filters: FilterCriteria::builder().set_filters(Some(filters)).build(),
            scaling: ScalingConfig::builder()
                .set_maximum_concurrency(number_at(properties, &["ScalingConfig", "MaximumConcurrency"])?)
                .build(),
            destination,
            responses: responses.iter().map(|text| text.as_str().into()).collect(),
        })
    }
}

/// How many records Lambda hands over at once where nobody says how many: of a queue ten, of a stream a hundred
/// ("CreateEventSourceMapping", BatchSize).
fn default_batch(properties: &Properties) -> i32 {
    let source = properties.text("EventSourceArn").and_then(|arn| arn.split(':').nth(2));
    if source == Some("sqs") { 10 } else { 100 }
}

fn enabled(properties: &Properties) -> bool {
    properties.flag("Enabled").unwrap_or(true)
}

/// Whether two names or ARNs of a function, with or without an alias, mean the same.
fn is_same_function(one: &str, other: &str) -> bool {
    let parts = |name: &str| {
        let (function, qualifier) = without_qualifier(name);
        (bare(function).to_owned(), qualifier.map(str::to_owned))
    };
    parts(one) == parts(other)
}

impl EventSourceMapping {
    /// Over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { lambda: clients.lambda.clone(), clients: clients.clone() }
    }

    fn arn(&self, id: &str) -> String {
        self.clients.arn("lambda", &format!("event-source-mapping:{id}"))
    }

    fn made(&self, id: &str) -> Made {
        let attributes = [("Id", json!(id)), ("EventSourceMappingArn", json!(self.arn(id)))];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        Made { physical_id: id.into(), attributes: BTreeMap::from(attributes) }
    }

    async fn tags(&self, id: &str) -> Result<Tags, CallError> {
        let answer = self.lambda.list_tags().resource(self.arn(id)).send().await.map_err(failed("ListTags"));
        Ok(unless_missing(answer)?.and_then(|answer| answer.tags).unwrap_or_default().into_iter().collect())
    }

    /// The call that brings a mapping from one to the other. What is no longer asked for goes back to Lambda's default: what
    /// a request leaves out, Lambda leaves as it is.
    fn changed(
        &self,
        id: &str,
        from: &Properties,
        to: &Properties,
    ) -> Result<UpdateEventSourceMappingFluentBuilder, CallError> {
        let settings = Settings::of(to)?;
        let had = |name: &str| from.get(name).is_some();
        let number = |asked: Option<i32>, name: &str, default: i32| asked.or(had(name).then_some(default));
        // Empty ones take away what was there. One that says of failures that they go nowhere is refused.
        let destination = either(from, to, "DestinationConfig")
            .then(|| settings.destination.unwrap_or_else(|| DestinationConfig::builder().build()));
        let update = self.lambda.update_event_source_mapping().uuid(id);
        Ok(update
            .function_name(required(to, "FunctionName")?)
            .enabled(enabled(to))
            .set_batch_size(number(settings.batch, "BatchSize", default_batch(to)))
            .set_maximum_batching_window_in_seconds(number(settings.window, "MaximumBatchingWindowInSeconds", 0))
            .set_tumbling_window_in_seconds(number(settings.tumbling, "TumblingWindowInSeconds", 0))
            .set_maximum_retry_attempts(number(settings.retries, "MaximumRetryAttempts", -1))
            .set_maximum_record_age_in_seconds(number(settings.age, "MaximumRecordAgeInSeconds", -1))
            .set_parallelization_factor(number(settings.parallel, "ParallelizationFactor", 1))
            .set_bisect_batch_on_function_error(settings.bisect.or(had("BisectBatchOnFunctionError").then_some(false)))
            .set_filter_criteria(either(from, to, "FilterCriteria").then_some(settings.filters))
            .set_scaling_config(either(from, to, "ScalingConfig").then_some(settings.scaling))
            .set_destination_config(destination)
            .set_function_response_types(either(from, to, "FunctionResponseTypes").then_some(settings.responses)))
    }

    async fn change(&self, id: &str, from: &Properties, to: &Properties) -> Result<(), CallError> {
        let comparable = |properties: &Properties| {
            let mut properties = properties.clone();
            properties.0.remove("Tags");
            properties.set("Enabled", enabled(&properties));
            properties
        };
        if comparable(from) != comparable(to) {
            self.changed(id, from, to)?.send().await.map_err(failed("UpdateEventSourceMapping"))?;
        }
        let change = TagChange::of(from, to)?;
        if !change.remove.is_empty() {
            let untag = self.lambda.untag_resource().resource(self.arn(id)).set_tag_keys(Some(change.remove));
            untag.send().await.map_err(failed("UntagResource"))?;
        }
        if !change.set.is_empty() {
            let tag = self.lambda.tag_resource().resource(self.arn(id));
            let tag = tag.set_tags(Some(change.set.into_iter().collect()));
            tag.send().await.map_err(failed("TagResource"))?;
        }
        Ok(())
    }

    async fn get(&self, id: &str) -> Result<Option<Answer>, CallError> {
        let answer = self.lambda.get_event_source_mapping().uuid(id).send().await;
        let answer = unless_missing(answer.map_err(failed("GetEventSourceMapping")))?;
        let Some(answer) = answer else { return Ok(None) };
        let (state, reason) = (answer.state.clone(), answer.state_transition_reason.clone());
        let mut properties = Map::new();
        let filters = answer.filter_criteria.and_then(|criteria| criteria.filters).unwrap_or_default();
        let filters: Vec<Value> = filters.into_iter().map(|filter| json!({ "Pattern": filter.pattern })).collect();
        let failures = answer.destination_config.and_then(|config| config.on_failure?.destination);
        let responses: Vec<String> =
            answer.function_response_types.unwrap_or_default().iter().map(ToString::to_string).collect();
        // Lambda says -1 where nothing bounds a retry or an age, and 0 where no window is kept.
        let bounded = |number: Option<i32>, none: i32| number.filter(|number| *number != none);
        let shown = [
            ("FunctionName", json!(answer.function_arn)),
            ("EventSourceArn", json!(answer.event_source_arn)),
            ("BatchSize", json!(answer.batch_size)),
            ("Enabled", json!(!matches!(answer.state.as_deref(), Some("Disabled" | "Disabling")))),
            ("StartingPosition", json!(answer.starting_position.map(|position| position.to_string()))),
            ("MaximumBatchingWindowInSeconds", json!(bounded(answer.maximum_batching_window_in_seconds, 0))),
            ("TumblingWindowInSeconds", json!(bounded(answer.tumbling_window_in_seconds, 0))),
            ("MaximumRetryAttempts", json!(bounded(answer.maximum_retry_attempts, -1))),
            ("MaximumRecordAgeInSeconds", json!(bounded(answer.maximum_record_age_in_seconds, -1))),
            ("ParallelizationFactor", json!(bounded(answer.parallelization_factor, 1))),
            ("BisectBatchOnFunctionError", json!(answer.bisect_batch_on_function_error.filter(|split| *split))),
            ("FilterCriteria", json!({ "Filters": filters })),
            (
                "ScalingConfig",
                json!({ "MaximumConcurrency": answer.scaling_config.and_then(|scaling| scaling.maximum_concurrency) }),
            ),
            ("DestinationConfig", json!({ "OnFailure": { "Destination": failures } })),
            ("FunctionResponseTypes", json!(responses)),
        ];
        properties.extend(shown.map(|(name, value)| (name.to_owned(), value)));
        let Value::Object(properties) = said(Value::Object(properties)) else { return Ok(None) };
        Ok(Some(Answer { state: state.unwrap_or_default(), reason, properties: Properties(properties) }))
    }

    async fn observed(&self, id: &PhysicalId, answer: Answer) -> Result<Observed, CallError> {
        let mut properties = answer.properties;
        let tags = self.tags(id.as_str()).await?;
        tags::observe_list(&mut properties, &tags);
        let Made { physical_id, attributes } = self.made(id.as_str());
        Ok(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) })
    }
}

/// What can be changed of a mapping, as far as Lambda shows nothing of it where nothing is asked for.
const UNSAID: &[&str] = &[
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "ScalingConfig",
    "TumblingWindowInSeconds",
];

/// Whether what Lambda shows of a mapping is all that is asked for, tags apart, and no more.
fn is_as_asked(live: &Properties, asked: &Properties) -> bool {
    let is_shown = |(name, asked): (&String, &Value)| match name.as_str() {
        "EventSourceArn" | "StartingPosition" | "Tags" => true,
        "FunctionName" => {
            live.text(name).zip(asked.as_str()).is_some_and(|(live, asked)| is_same_function(live, asked))
        }
        _ => live.get(name).is_some_and(|live| tree::covers(live, asked)),
    };
    let batch = |properties: &Properties| number_at(properties, &["BatchSize"]).ok().flatten();
    enabled(live) == enabled(asked)
        && batch(live).is_none_or(|live| live == batch(asked).unwrap_or_else(|| default_batch(asked)))
        && asked.0.iter().all(is_shown)
        && UNSAID.iter().all(|name| live.get(name).is_none() || asked.get(name).is_some())
}

/// Whether either of two trees has a property.
fn either(from: &Properties, to: &Properties, name: &str) -> bool {
    from.get(name).is_some() || to.get(name).is_some()
}

/// What Lambda says of a mapping.
struct Answer {
    state: String,
    reason: Option<String>,
    properties: Properties,
}

#[async_trait]
impl Provider for EventSourceMapping {
    fn proof(&self) -> Proof {
        Proof::Child
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let Some(answer) = self.get(existing.physical_id.as_str()).await? else { return Ok(None) };
        Ok(Some(self.observed(existing.physical_id, answer).await?))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let function = required(creation.properties, "FunctionName")?;
        let source = required(creation.properties, "EventSourceArn")?;
        let list = self.lambda.list_event_source_mappings().event_source_arn(source);
        let list = list.function_name(function).into_paginator().items().send();
        let list = list.collect::<Result<Vec<_>, _>>().await.map_err(failed("ListEventSourceMappings"));
        let is_it = |one: &EventSourceMappingConfiguration| {
            let is_going = one.state.as_deref() == Some("Deleting");
            let is_same = is_same_function(one.function_arn.as_deref().unwrap_or_default(), function);
            is_same && !is_going && one.event_source_arn.as_deref() == Some(source)
        };
        let mut foreign = None;
        for one in unless_missing(list)?.unwrap_or_default().into_iter().filter(is_it) {
            let Some(id) = one.uuid else { continue };
            if tags::ownership(&self.tags(&id).await?).is(creation.stamp, creation.key) {
                return Ok(Found::Ours(self.made(&id)));
            }
            foreign = Some(Found::Foreign(PhysicalId(id)));
        }
        Ok(foreign.unwrap_or(Found::Absent))
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        let settings = Settings::of(properties)?;
        let asks = |name: &str| properties.get(name).is_some();
        let answer = self
            .lambda
            .create_event_source_mapping()
            .function_name(required(properties, "FunctionName")?)
            .event_source_arn(required(properties, "EventSourceArn")?)
            .enabled(enabled(properties))
            .set_batch_size(settings.batch)
            .set_maximum_batching_window_in_seconds(settings.window)
            .set_tumbling_window_in_seconds(settings.tumbling)
            .set_maximum_retry_attempts(settings.retries)
            .set_maximum_record_age_in_seconds(settings.age)
            .set_parallelization_factor(settings.parallel)
            .set_bisect_batch_on_function_error(settings.bisect)
            .set_filter_criteria(asks("FilterCriteria").then_some(settings.filters))
            .set_scaling_config(asks("ScalingConfig").then_some(settings.scaling))
            .set_destination_config(settings.destination)
            .set_function_response_types(asks("FunctionResponseTypes").then_some(settings.responses))
            .set_starting_position(properties.text("StartingPosition").map(Into::into))
            .set_tags(Some(tags::for_creation(creation)?.into_iter().collect()))
            .send()
            .await
            .map_err(failed("CreateEventSourceMapping"))?;
        let id = answer.uuid.ok_or_else(|| shape::silent("CreateEventSourceMapping"))?;
        Ok(self.made(&id))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        // A change may have been announced and not have come to its call.
        let live = shape::seen(self, existing).await?.properties;
        let have = self.tags(existing.physical_id.as_str()).await?;
        let had = match is_as_asked(&live, creation.properties) {
            true => creation.properties.clone(),
            false => live,
        };
        self.change(existing.physical_id.as_str(), &had.with("Tags", tags::as_list(&have)), creation.properties).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        self.change(existing.physical_id.as_str(), existing.properties, to).await
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let Some(answer) = self.get(existing.physical_id.as_str()).await? else {
            return Ok(Readiness::Pending("to become visible".to_owned()));
        };
        match answer.state.as_str() {
            "Enabled" | "Disabled" => {
                Ok(Readiness::Ready(Box::new(self.observed(existing.physical_id, answer).await?)))
            }
            "Deleting" => Ok(Readiness::Failed(answer.reason.unwrap_or(answer.state))),
            state => Ok(Readiness::Pending(format!("to leave the state {state}"))),
        }
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let delete = self.lambda.delete_event_source_mapping().uuid(existing.physical_id.as_str());
        let answer = unless_missing(delete.send().await.map_err(failed("DeleteEventSourceMapping")))?;
        Ok(if answer.is_some() { Deletion::Going } else { Deletion::Gone })
    }
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn what_an_interrupted_change_left_is_told_from_what_is_asked_for() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:shop-dev-work";
        let live =
            properties(json!({ "FunctionName": arn, "BatchSize": 5, "Enabled": true, "TumblingWindowInSeconds": 30 }));
        let asks = |asked: Value| is_as_asked(&live, &properties(asked));
        assert!(!asks(json!({ "FunctionName": arn, "TumblingWindowInSeconds": 30 })), "not how many Lambda hands over");
        assert!(asks(json!({ "FunctionName": "shop-dev-work", "BatchSize": 5, "TumblingWindowInSeconds": 30 })));
        assert!(!asks(json!({ "FunctionName": arn, "BatchSize": 20, "TumblingWindowInSeconds": 30 })));
        assert!(!asks(json!({ "FunctionName": arn, "BatchSize": 5, "TumblingWindowInSeconds": 30, "Enabled": false })));
        assert!(!asks(json!({ "FunctionName": arn, "BatchSize": 5 })), "a window that is no longer asked for");
    }

    #[test]
    fn every_setting_that_is_no_longer_asked_for_goes_back_to_lambdas_default() {
        let fence = std::sync::Arc::new(engine::fence::Fence::new(std::time::Duration::from_secs(1)));
        let clients = Clients::new(&aws_config::SdkConfig::builder().build(), "111122223333", fence);
        let mapping = EventSourceMapping::new(&clients);
        let plain = |service: &str| {
            let source = format!("arn:aws:{service}:eu-west-1:111122223333:x");
            properties(json!({ "FunctionName": "work", "EventSourceArn": source }))
        };
        let defaults: &[(&str, Value, Value)] = &[
            ("BatchSize", json!(5), json!(100)),
            ("BisectBatchOnFunctionError", json!(true), json!(false)),
            ("DestinationConfig", json!({ "OnFailure": { "Destination": "arn:aws:sqs:eu-west-1:1:q" } }), json!({})),
            ("Enabled", json!(false), json!(true)),
            ("FilterCriteria", json!({ "Filters": [{ "Pattern": "{}" }] }), json!({ "Filters": [] })),
            ("FunctionResponseTypes", json!(["ReportBatchItemFailures"]), json!([])),
            ("MaximumBatchingWindowInSeconds", json!(9), json!(0)),
            ("MaximumRecordAgeInSeconds", json!(60), json!(-1)),
            ("MaximumRetryAttempts", json!(2), json!(-1)),
            ("ParallelizationFactor", json!(4), json!(1)),
            ("ScalingConfig", json!({ "MaximumConcurrency": 5 }), json!({})),
            ("TumblingWindowInSeconds", json!(30), json!(0)),
        ];
        let fixed = ["EventSourceArn", "FunctionName", "StartingPosition", "Tags"];
        let settings: Vec<_> = KNOWN.iter().filter(|name| !fixed.contains(name)).collect();
        assert_eq!(settings, defaults.iter().map(|(name, ..)| name).collect::<Vec<_>>());
        for (name, was, default) in defaults {
            let to = plain("dynamodb");
            let call = mapping.changed("id", &to.clone().with(name, was.clone()), &to).unwrap();
            let sent = call.as_input();
            let destination = sent.get_destination_config().as_ref();
            let sent = match *name {
                "BatchSize" => json!(sent.get_batch_size()),
                "BisectBatchOnFunctionError" => json!(sent.get_bisect_batch_on_function_error()),
                "DestinationConfig" => json!(destination.map(|to| match to.on_failure() {
                    Some(_) => json!("refused"),
                    None => json!({}),
                })),
                "Enabled" => json!(sent.get_enabled()),
                "FilterCriteria" => {
                    json!(
                        sent.get_filter_criteria()
                            .as_ref()
                            .map(|all| json!({ "Filters": vec![(); all.filters().len()] }))
                    )
                }
                "FunctionResponseTypes" => {
                    json!(sent.get_function_response_types().as_ref().map(|all| vec![(); all.len()]))
                }
                "MaximumBatchingWindowInSeconds" => json!(sent.get_maximum_batching_window_in_seconds()),
                "MaximumRecordAgeInSeconds" => json!(sent.get_maximum_record_age_in_seconds()),
                "MaximumRetryAttempts" => json!(sent.get_maximum_retry_attempts()),
                "ParallelizationFactor" => json!(sent.get_parallelization_factor()),
                "ScalingConfig" => json!(sent.get_scaling_config().as_ref().map(|_| json!({}))),
                "TumblingWindowInSeconds" => json!(sent.get_tumbling_window_in_seconds()),
                name => panic!("{name} is not looked at"),
            };
            assert_eq!(sent, *default, "{name}");
        }
        let queue = plain("sqs");
        let call = mapping.changed("id", &queue.clone().with("BatchSize", 5), &queue).unwrap();
        assert_eq!(*call.as_input().get_batch_size(), Some(10));
    }

    #[test]
    fn a_function_is_the_same_by_its_name_and_by_its_arn() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:shop-dev-work";
        assert!(is_same_function(arn, "shop-dev-work"));
        assert!(is_same_function(&format!("{arn}:live"), "shop-dev-work:live"));
        assert!(!is_same_function(arn, "shop-dev-work:live"));
        assert!(!is_same_function(arn, "shop-dev-other"));
    }
}
