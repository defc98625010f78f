//! Secrets of the simulated account: every reference has one, and all of them can be told from everything else.

use std::sync::Arc;

use async_trait::async_trait;
use engine::ports::{Secret, SecretReference, Secrets};
use model::CallError;

use crate::port::{Way, call};
use crate::process::Process;

/// How the value of every secret begins. Nothing else in the simulation holds this text.
pub const HIDDEN: &str = "hidden-value-of";

/// The value of a secret.
pub fn hidden(reference: &SecretReference) -> String {
    format!("{HIDDEN} {reference}")
}

/// Secrets, as one process sees them.
#[derive(Debug)]
pub struct SimSecrets {
    process: Arc<Process>,
}

impl SimSecrets {
    pub(crate) fn new(process: &Arc<Process>) -> Self {
        Self { process: Arc::clone(process) }
    }
}

#[async_trait]
impl Secrets for SimSecrets {
    async fn value(&self, reference: &SecretReference) -> Result<Secret, CallError> {
        let secret = Secret::new(hidden(reference));
        let way = Way { there: 500, back: 500 };
        call(&self.process, ("secret", &reference.to_string()), way, || Ok(()), move |_, _| Ok(secret)).await
    }
}
