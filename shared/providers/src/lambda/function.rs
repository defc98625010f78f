//! `AWS::Lambda::Function`: made in one call, its reserved concurrency in a second; changed by as few calls as differ.
//!
//! Lambda refuses one change of a function while it works on another. That is an error of the class `Busy`, and waiting is the
//! engine's: a change that it repeats goes on where it was refused, because the configuration, which can be looked at, is
//! changed before the code, which as a rule cannot.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{FunctionCode, FunctionConfiguration, LastUpdateStatus, State};
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider, Readiness};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::failed;
use super::settings::{Code, Settings};
use crate::clients::Clients;
use crate::shape::{self, number_at, required, unless_missing};
use crate::tags::{self, TagChange, Tags};

/// The provider of `AWS::Lambda::Function`.
pub struct Function {
    lambda: Client,
    clients: Clients,
}

impl Function {
    /// Over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { lambda: clients.lambda.clone(), clients: clients.clone() }
    }

    fn arn(&self, name: &str) -> String {
        self.clients.arn("lambda", &format!("function:{name}"))
    }

    async fn get(&self, name: &str) -> Result<Option<GetFunctionOutput>, CallError> {
        unless_missing(self.lambda.get_function().function_name(name).send().await.map_err(failed("GetFunction")))
    }

    async fn set_concurrency(&self, name: &str, most: Option<i32>) -> Result<(), CallError> {
        match most {
            Some(most) => {
                let put = self.lambda.put_function_concurrency().function_name(name);
                let put = put.reserved_concurrent_executions(most);
                put.send().await.map_err(failed("PutFunctionConcurrency"))?;
            }
            None => {
                let delete = self.lambda.delete_function_concurrency().function_name(name);
                delete.send().await.map_err(failed("DeleteFunctionConcurrency"))?;
            }
        }
        Ok(())
    }

    async fn send_code(&self, name: &str, code: &Code) -> Result<(), CallError> {
        self.lambda
            .update_function_code()
            .function_name(name)
            .s3_bucket(&code.bucket)
            .s3_key(&code.key)
            .set_s3_object_version(code.version.clone())
            .set_architectures(Some(code.architecture_types()))
            .send()
            .await
            .map_err(failed("UpdateFunctionCode"))?;
        Ok(())
    }

    /// Changes the configuration. `again` where this may be a repetition: then it is looked at first, because what it is
    /// already must not be sent anew, which would only delay what comes after it.
    async fn configure(&self, name: &str, from: &Properties, to: &Properties, again: bool) -> Result<(), CallError> {
        let (had, want) = (Settings::of(from)?, Settings::of(to)?);
        if had == want {
            return Ok(());
        }
        if again
            && let Some(live) = self.get(name).await?.as_ref().and_then(observed)
            && Settings::of(&live.properties)? == want
        {
            return Ok(());
        }
        let update = want.changes(&had, self.lambda.update_function_configuration().function_name(name));
        update.send().await.map_err(failed("UpdateFunctionConfiguration"))?;
        Ok(())
    }

    /// Changes what is neither configuration nor code.
    async fn change_rest(&self, name: &str, from: &Properties, to: &Properties) -> Result<(), CallError> {
        let most = number_at(to, &["ReservedConcurrentExecutions"])?;
        if number_at(from, &["ReservedConcurrentExecutions"])? != most {
            self.set_concurrency(name, most).await?;
        }
        let change = TagChange::of(from, to)?;
        if !change.remove.is_empty() {
            let untag = self.lambda.untag_resource().resource(self.arn(name)).set_tag_keys(Some(change.remove));
            untag.send().await.map_err(failed("UntagResource"))?;
        }
        if !change.set.is_empty() {
            let set = change.set.into_iter().collect();
            let tag = self.lambda.tag_resource().resource(self.arn(name)).set_tags(Some(set));
            tag.send().await.map_err(failed("TagResource"))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Provider for Function {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Refuses }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let answer = self.get(existing.physical_id.as_str()).await?;
        Ok(answer.and_then(|answer| observed(&answer)))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = required(creation.properties, "FunctionName")?;
        let Some(observed) = self.get(name).await?.as_ref().and_then(observed) else { return Ok(Found::Absent) };
        let Observed { physical_id, attributes, ownership, .. } = observed;
        Ok(match ownership {
            Some(owner) if owner.is(creation.stamp, creation.key) => Found::Ours(Made { physical_id, attributes }),
            _ => Found::Foreign(physical_id),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        let (settings, code) = (Settings::of(properties)?, Code::of(properties)?);
        let place = FunctionCode::builder().s3_bucket(&code.bucket).s3_key(&code.key);
        let asked = |name: &str| properties.get(name).is_some();
        let answer = self
            .lambda
            .create_function()
            .function_name(required(properties, "FunctionName")?)
            .code(place.set_s3_object_version(code.version.clone()).build())
            .set_architectures(Some(code.architecture_types()))
            .role(&settings.role)
            .set_handler(settings.handler.clone())
            .set_runtime(settings.runtime.as_deref().map(Into::into))
            .memory_size(settings.memory)
            .timeout(settings.timeout)
            .set_description(properties.text("Description").map(str::to_owned))
            .set_environment(asked("Environment").then(|| settings.environment()))
            .set_dead_letter_config(asked("DeadLetterConfig").then(|| settings.dead_letter_config()))
            .set_tracing_config(asked("TracingConfig").then(|| settings.tracing_config()))
            .set_logging_config(asked("LoggingConfig").then(|| settings.logging_config()))
            .set_ephemeral_storage(asked("EphemeralStorage").then(|| settings.ephemeral_storage()).flatten())
            .set_layers(asked("Layers").then(|| settings.layers.clone()))
            .set_tags(Some(tags::for_creation(creation)?.into_iter().collect()))
            .send()
            .await
            .map_err(failed("CreateFunction"))?;
        let name = answer.function_name.ok_or_else(|| shape::silent("CreateFunction"))?;
        let arn = answer.function_arn.unwrap_or_else(|| self.arn(&name));
        Ok(Made { physical_id: PhysicalId(name), attributes: attributes(&arn) })
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let name = existing.physical_id.as_str();
        if fresh {
            return match number_at(creation.properties, &["ReservedConcurrentExecutions"])? {
                Some(most) => shape::just_made(self.set_concurrency(name, Some(most)).await),
                None => Ok(()),
            };
        }
        let Some(answer) = self.get(name).await? else { return Err(shape::vanished(existing)) };
        let Some(observed) = observed(&answer) else { return Err(shape::silent("GetFunction")) };
        let want = Code::of(creation.properties)?;
        let has = answer.configuration.as_ref().and_then(|configuration| configuration.code_sha256.as_deref());
        // Where the code is not addressed by content, nothing tells whether it is in place: sending it again is harmless.
        let differs = want.sha256().is_none() || want.sha256().as_deref() != has;
        let differs = differs || super::settings::architectures(&observed.properties) != want.architectures;
        self.configure(name, &observed.properties, creation.properties, false).await?;
        if differs {
            self.send_code(name, &want).await?;
        }
        self.change_rest(name, &observed.properties, creation.properties).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let name = existing.physical_id.as_str();
        let (had, want) = (Code::of(existing.properties)?, Code::of(to)?);
        self.configure(name, existing.properties, to, had != want).await?;
        if had != want {
            self.send_code(name, &want).await?;
        }
        self.change_rest(name, existing.properties, to).await
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let Some(answer) = self.get(existing.physical_id.as_str()).await? else {
            return Ok(Readiness::Pending("to become visible".to_owned()));
        };
        let Some(observed) = observed(&answer) else { return Err(shape::silent("GetFunction")) };
        Ok(answer.configuration.as_ref().and_then(obstacle).unwrap_or_else(|| Readiness::Ready(Box::new(observed))))
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let delete = self.lambda.delete_function().function_name(existing.physical_id.as_str());
        unless_missing(delete.send().await.map_err(failed("DeleteFunction")))?;
        Ok(Deletion::Gone)
    }
}

/// Why the function cannot be used (yet).
fn obstacle(configuration: &FunctionConfiguration) -> Option<Readiness> {
    let because = |what: &str, reason: Option<&String>| match reason {
        Some(reason) => format!("{what}: {reason}"),
        None => what.to_owned(),
    };
    let (state, update) = (&configuration.state, &configuration.last_update_status);
    match (state, update) {
        (Some(State::Failed), _) => {
            Some(Readiness::Failed(because("state Failed", configuration.state_reason.as_ref())))
        }
        (_, Some(LastUpdateStatus::Failed)) => {
            Some(Readiness::Failed(because("update Failed", configuration.last_update_status_reason.as_ref())))
        }
        (Some(State::Pending), _) => Some(Readiness::Pending("state Active".to_owned())),
        (_, Some(LastUpdateStatus::InProgress)) => Some(Readiness::Pending("update Successful".to_owned())),
        _ => None,
    }
}

fn attributes(arn: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("Arn".to_owned(), json!(arn))])
}

fn observed(answer: &GetFunctionOutput) -> Option<Observed> {
    let configuration = answer.configuration.as_ref()?;
    let tags: Tags = answer.tags.clone().unwrap_or_default().into_iter().collect();
    let mut properties = shown(configuration);
    if let Some(most) = answer.concurrency.as_ref().and_then(|most| most.reserved_concurrent_executions) {
        properties.set("ReservedConcurrentExecutions", most);
    }
    tags::observe_list(&mut properties, &tags);
    Some(Observed {
        physical_id: PhysicalId(configuration.function_name.clone()?),
        attributes: attributes(configuration.function_arn.as_deref()?),
        properties,
        ownership: Some(tags::ownership(&tags)),
    })
}

/// A configuration in CloudFormation's shape. Where the code came from is not shown by AWS.
fn shown(configuration: &FunctionConfiguration) -> Properties {
    let mut properties = Properties::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            properties.set(name, value);
        }
    };
    let text = |text: &Option<String>| text.as_ref().filter(|text| !text.is_empty()).map(|text| json!(text));
    set("FunctionName", text(&configuration.function_name));
    set("Description", text(&configuration.description));
    set("Handler", text(&configuration.handler));
    set("Role", text(&configuration.role));
    set("Runtime", configuration.runtime.as_ref().map(|runtime| json!(runtime.as_str())));
    set("MemorySize", configuration.memory_size.map(|size| json!(size)));
    set("Timeout", configuration.timeout.map(|seconds| json!(seconds)));
    let architectures = configuration.architectures.as_deref().unwrap_or_default();
    let architectures: Vec<_> = architectures.iter().map(|name| name.as_str()).collect();
    set("Architectures", (!architectures.is_empty()).then(|| json!(architectures)));
    let variables = configuration.environment.as_ref().and_then(|environment| environment.variables.as_ref());
    let variables = variables.filter(|variables| !variables.is_empty());
    set("Environment", variables.map(|variables| json!({ "Variables": variables })));
    let dead_letters = configuration.dead_letter_config.as_ref().and_then(|config| text(&config.target_arn));
    set("DeadLetterConfig", dead_letters.map(|arn| json!({ "TargetArn": arn })));
    let mode = configuration.tracing_config.as_ref().and_then(|config| config.mode.as_ref());
    set("TracingConfig", mode.map(|mode| json!({ "Mode": mode.as_str() })));
    let storage = configuration.ephemeral_storage.as_ref();
    set("EphemeralStorage", storage.map(|storage| json!({ "Size": storage.size })));
    let layers: Vec<_> =
        configuration.layers.as_deref().unwrap_or_default().iter().filter_map(|layer| layer.arn.as_deref()).collect();
    set("Layers", (!layers.is_empty()).then(|| json!(layers)));
    if let Some(logging) = &configuration.logging_config {
        let mut shown = Properties::new();
        if let Some(format) = &logging.log_format {
            shown.set("LogFormat", format.as_str());
        }
        if let Some(level) = &logging.application_log_level {
            shown.set("ApplicationLogLevel", level.as_str());
        }
        if let Some(level) = &logging.system_log_level {
            shown.set("SystemLogLevel", level.as_str());
        }
        if let Some(group) = &logging.log_group {
            shown.set("LogGroup", group.as_str());
        }
        set("LoggingConfig", Some(shown.to_value()));
    }
    properties
}
