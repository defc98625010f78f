//! What can be changed of a function, read from its properties with AWS's defaults filled in, so that what was left out and
//! what AWS shows compare equal.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::operation::update_function_configuration::builders::UpdateFunctionConfigurationFluentBuilder;
use aws_sdk_lambda::types;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{CallError, Properties};

use crate::shape::{number_at, required, required_at, text_at, text_map, texts};

/// What `UpdateFunctionConfiguration` changes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    pub description: String,
    pub handler: Option<String>,
    pub role: String,
    pub runtime: Option<String>,
    pub memory: i32,
    pub timeout: i32,
    pub variables: BTreeMap<String, String>,
    pub dead_letters: String,
    pub tracing: String,
    pub logging: Logging,
    pub storage: i32,
    pub layers: Vec<String>,
}

/// Where a function's logs go, and in which form.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Logging {
    pub format: String,
    pub application_level: Option<String>,
    pub system_level: Option<String>,
    pub group: Option<String>,
}

impl Settings {
    pub(super) fn of(properties: &Properties) -> Result<Self, CallError> {
        let text = |path: &[&str]| text_at(properties, path).map(str::to_owned);
        let format = text(&["LoggingConfig", "LogFormat"]).unwrap_or_else(|| "Text".to_owned());
        let json = format == "JSON";
        // Levels exist for JSON only, and are INFO there where nothing is said.
        let level = |name: &str| json.then(|| text(&["LoggingConfig", name]).unwrap_or_else(|| "INFO".to_owned()));
        Ok(Self {
            description: text(&["Description"]).unwrap_or_default(),
            handler: text(&["Handler"]),
            role: required(properties, "Role")?.to_owned(),
            runtime: text(&["Runtime"]),
            memory: number_at(properties, &["MemorySize"])?.unwrap_or(128),
            timeout: number_at(properties, &["Timeout"])?.unwrap_or(3),
            variables: text_map(crate::shape::at(properties, &["Environment", "Variables"])),
            dead_letters: text(&["DeadLetterConfig", "TargetArn"]).unwrap_or_default(),
            tracing: text(&["TracingConfig", "Mode"]).unwrap_or_else(|| "PassThrough".to_owned()),
            logging: Logging {
                application_level: level("ApplicationLogLevel"),
                system_level: level("SystemLogLevel"),
                format,
                group: text(&["LoggingConfig", "LogGroup"])
                    .or_else(|| text(&["FunctionName"]).map(|name| format!("/aws/lambda/{name}"))),
            },
            storage: number_at(properties, &["EphemeralStorage", "Size"])?.unwrap_or(512),
            layers: texts(properties.get("Layers")),
        })
    }

    pub(super) fn environment(&self) -> types::Environment {
        let variables = self.variables.clone().into_iter().collect();
        types::Environment::builder().set_variables(Some(variables)).build()
    }

    pub(super) fn dead_letter_config(&self) -> types::DeadLetterConfig {
        types::DeadLetterConfig::builder().target_arn(&self.dead_letters).build()
    }

    pub(super) fn tracing_config(&self) -> types::TracingConfig {
        types::TracingConfig::builder().mode(self.tracing.as_str().into()).build()
    }

    pub(super) fn logging_config(&self) -> types::LoggingConfig {
        types::LoggingConfig::builder()
            .log_format(self.logging.format.as_str().into())
            .set_application_log_level(self.logging.application_level.as_deref().map(Into::into))
            .set_system_log_level(self.logging.system_level.as_deref().map(Into::into))
            .set_log_group(self.logging.group.clone())
            .build()
    }

    pub(super) fn ephemeral_storage(&self) -> Option<types::EphemeralStorage> {
        // The size is the only required field, and it is set.
        types::EphemeralStorage::builder().size(self.storage).build().ok()
    }

    /// Adds to `update` what differs from `had`, and nothing else.
    pub(super) fn changes(
        &self,
        had: &Self,
        update: UpdateFunctionConfigurationFluentBuilder,
    ) -> UpdateFunctionConfigurationFluentBuilder {
        let mut update = update;
        if had.description != self.description {
            update = update.description(&self.description);
        }
        if had.handler != self.handler {
            update = update.set_handler(self.handler.clone());
        }
        if had.role != self.role {
            update = update.role(&self.role);
        }
        if had.runtime != self.runtime {
            update = update.set_runtime(self.runtime.as_deref().map(Into::into));
        }
        if had.memory != self.memory {
            update = update.memory_size(self.memory);
        }
        if had.timeout != self.timeout {
            update = update.timeout(self.timeout);
        }
        if had.variables != self.variables {
            update = update.environment(self.environment());
        }
        if had.dead_letters != self.dead_letters {
            update = update.dead_letter_config(self.dead_letter_config());
        }
        if had.tracing != self.tracing {
            update = update.tracing_config(self.tracing_config());
        }
        if had.logging != self.logging {
            update = update.logging_config(self.logging_config());
        }
        if had.storage != self.storage {
            update = update.set_ephemeral_storage(self.ephemeral_storage());
        }
        if had.layers != self.layers {
            update = update.set_layers(Some(self.layers.clone()));
        }
        update
    }
}

/// Where the code is, and for which processor: what `UpdateFunctionCode` changes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Code {
    pub bucket: String,
    pub key: String,
    pub version: Option<String>,
    pub architectures: BTreeSet<String>,
}

impl Code {
    pub(super) fn of(properties: &Properties) -> Result<Self, CallError> {
        Ok(Self {
            bucket: required_at(properties, &["Code", "S3Bucket"])?.to_owned(),
            key: required_at(properties, &["Code", "S3Key"])?.to_owned(),
            version: text_at(properties, &["Code", "S3ObjectVersion"]).map(str::to_owned),
            architectures: architectures(properties),
        })
    }

    pub(super) fn architecture_types(&self) -> Vec<types::Architecture> {
        self.architectures.iter().map(|name| name.as_str().into()).collect()
    }

    /// The digest of the code as Lambda shows it, where the key tells: artifacts are addressed by their content.
    pub(super) fn sha256(&self) -> Option<String> {
        let hexadecimal = self.key.rsplit('/').next()?.strip_suffix(".zip")?;
        let bytes = hex::decode(hexadecimal).ok().filter(|bytes| bytes.len() == 32)?;
        Some(STANDARD.encode(bytes))
    }
}

/// The processors that are asked for; AWS's default where none is.
pub(super) fn architectures(properties: &Properties) -> BTreeSet<String> {
    let asked: BTreeSet<String> = texts(properties.get("Architectures")).into_iter().collect();
    if asked.is_empty() { BTreeSet::from(["x86_64".to_owned()]) } else { asked }
}

#[cfg(test)]
mod tests {
    use model::properties;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_equals_the_default_that_aws_shows() {
        let asked = properties(json!({ "FunctionName": "f", "Role": "r" }));
        let shown = properties(json!({
            "FunctionName": "f", "Role": "r", "MemorySize": 128, "Timeout": 3, "TracingConfig": { "Mode": "PassThrough" },
            "EphemeralStorage": { "Size": 512 }, "LoggingConfig": { "LogFormat": "Text", "LogGroup": "/aws/lambda/f" },
        }));
        assert_eq!(Settings::of(&asked).unwrap(), Settings::of(&shown).unwrap());
    }

    #[test]
    fn an_artifact_tells_its_digest_by_its_key() {
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let code = |key: &str| Code::of(&properties(json!({ "Code": { "S3Bucket": "b", "S3Key": key } }))).unwrap();
        assert_eq!(
            code(&format!("artifacts/{digest}.zip")).sha256().as_deref(),
            Some("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=")
        );
        assert_eq!(code("mine.zip").sha256(), None);
    }
}
