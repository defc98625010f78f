//! Secrets that properties refer to, read with the target role; and addresses of wait condition handles, made when they are
//! needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ssm::types::ParameterType;
use engine::ports::{Secret, SecretReference, Secrets, Signals, StoreError};
use model::{CallError, ErrorClass};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::clients::Clients;
use crate::error::call_error;

/// Secrets of one target account and region. Each is read once, when it is first needed.
pub struct NativeSecrets {
    clients: Clients,
    signals: Option<Arc<dyn Signals>>,
    read: Mutex<BTreeMap<SecretReference, Secret>>,
}

impl NativeSecrets {
    /// Reads with these clients. Where there is nothing that takes signals, no handle has an address.
    pub fn new(clients: &Clients, signals: Option<Arc<dyn Signals>>) -> Self {
        Self { clients: clients.clone(), signals, read: Mutex::new(BTreeMap::new()) }
    }

    async fn fetch(&self, reference: &SecretReference) -> Result<Secret, CallError> {
        match reference {
            SecretReference::Parameter { name, version } => {
                let asked = version.map_or_else(|| name.clone(), |version| format!("{name}:{version}"));
                let answer = self.clients.ssm.get_parameter().name(asked).with_decryption(true).send().await;
                let answer = answer.map_err(|error| call_error("ssm", "GetParameter", error))?;
                let Some(shown) = answer.parameter else { return Err(invalid(reference, "has no value")) };
                if shown.r#type != Some(ParameterType::SecureString) {
                    return Err(invalid(reference, "is no `SecureString`; refer to it with `{{resolve:ssm:…}}`"));
                }
                Ok(Secret::new(shown.value.unwrap_or_default()))
            }
            SecretReference::Managed { id, key, stage, version } => {
                let call = self.clients.secretsmanager.get_secret_value().secret_id(id);
                let call = call.set_version_stage(stage.clone()).set_version_id(version.clone());
                let answer = call.send().await;
                let answer = answer.map_err(|error| call_error("secretsmanager", "GetSecretValue", error))?;
                let text = answer.secret_string.ok_or_else(|| invalid(reference, "is binary, and no text"))?;
                match key {
                    None => Ok(Secret::new(text)),
                    Some(key) => within(&text, key).ok_or_else(|| {
                        invalid(reference, "is not there: the secret is no JSON object, or has no such key")
                    }),
                }
            }
            SecretReference::Handle { id } => match &self.signals {
                Some(signals) => signals.address(id).await.map_err(stored),
                None => Err(invalid(reference, "is not there: nothing here takes signals")),
            },
        }
    }
}

#[async_trait]
impl Secrets for NativeSecrets {
    async fn value(&self, reference: &SecretReference) -> Result<Secret, CallError> {
        // Held while it is read, so that what is asked for twice at a time is read once, and has one value.
        let mut read = self.read.lock().await;
        if let Some(secret) = read.get(reference) {
            return Ok(secret.clone());
        }
        let secret = self.fetch(reference).await.map_err(|error| explained(reference, error))?;
        read.insert(reference.clone(), secret.clone());
        Ok(secret)
    }
}

/// One value of a secret that is a JSON object. What is no text is as it stands in JSON.
fn within(text: &str, key: &str) -> Option<Secret> {
    match serde_json::from_str::<Value>(text).ok()?.get(key)? {
        Value::String(text) => Some(Secret::new(text.as_str())),
        other => Some(Secret::new(other.to_string())),
    }
}

fn stored(error: StoreError) -> CallError {
    let class = match error {
        StoreError::Corrupt { .. } => ErrorClass::Invalid,
        StoreError::Transient { .. } | StoreError::LeaseLost(_) | StoreError::Misconfigured { .. } => {
            ErrorClass::Transient
        }
    };
    CallError::local(class, "resolve", error.to_string())
}

fn invalid(reference: &SecretReference, problem: &str) -> CallError {
    CallError::local(ErrorClass::Invalid, "resolve", format!("{reference} {problem}"))
}

/// Which secret it is about, and what to do.
fn explained(reference: &SecretReference, error: CallError) -> CallError {
    let is_missing = error.class == ErrorClass::NotFound || error.code.as_deref() == Some("ResourceNotFoundException");
    let message = if is_missing {
        format!("{reference} does not exist in the environment's account and region: {}", error.message)
    } else if error.class == ErrorClass::Denied {
        format!(
            "{reference} may not be read by the target role: {}; name it in the parameters of the stack of \
             bootstrap/target-role.yaml, or keep it where that allows it",
            error.message
        )
    } else if error.service == "strandline" {
        return error;
    } else {
        format!("{reference} cannot be read: {}", error.message)
    };
    let class = if is_missing { ErrorClass::Invalid } else { error.class };
    CallError { class, message, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn managed(id: &str) -> SecretReference {
        SecretReference::Managed { id: id.to_owned(), key: None, stage: None, version: None }
    }

    #[test]
    fn one_value_of_a_secret_is_text_or_what_stands_in_json() {
        let text = r#"{"user":"shop","port":5432,"tls":true,"nested":{"a":1}}"#;
        let value = |key| within(text, key).map(|secret| secret.reveal().to_owned());
        assert_eq!(value("user").as_deref(), Some("shop"));
        assert_eq!(value("port").as_deref(), Some("5432"));
        assert_eq!(value("tls").as_deref(), Some("true"));
        assert_eq!(value("nested").as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(value("missing"), None);
        assert_eq!(within("plain", "user"), None);
    }

    #[test]
    fn what_is_missing_says_nothing_of_the_resource_that_refers_to_it() {
        let missing = CallError {
            code: Some("ResourceNotFoundException".to_owned()),
            ..CallError::local(ErrorClass::NotFound, "GetSecretValue", "can't find the specified secret")
        };
        let error = explained(&managed("shop/dev/db"), missing);
        assert_eq!(error.class, ErrorClass::Invalid);
        assert!(error.message.starts_with("the secret `shop/dev/db` does not exist"), "{error}");
        let denied = CallError::local(ErrorClass::Denied, "GetSecretValue", "not authorized");
        let error = explained(&managed("other"), denied);
        assert_eq!(error.class, ErrorClass::Denied);
        assert!(error.message.contains("bootstrap/target-role.yaml"), "{error}");
    }
}
