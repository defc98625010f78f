//! The function `conclude`, as those reach it who end a deployment that no execution concludes. It alone writes histories and
//! tells people: what others may do is ask it to.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use engine::ports::StoreError;
use model::{DeploymentId, EnvironmentId};

use crate::failed;

/// Its name, which is fixed, as all names of the engine are.
const NAME: &str = "strandline-conclude";

/// The function `conclude` of one installation.
#[derive(Debug, Clone)]
pub struct Conclude {
    client: aws_sdk_lambda::Client,
}

impl Conclude {
    /// The one in the account and region of this configuration.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        Self { client: aws_sdk_lambda::Client::new(config) }
    }

    /// Says that these have ended where no execution concludes them: refused on their way in, superseded or cancelled while they
    /// waited. Their histories are written, and people are told of them, after this has answered. Saying it again does no harm;
    /// where nobody says it, the sweeper finds them.
    ///
    /// # Errors
    /// [`StoreError`] of Lambda.
    pub async fn over(&self, environment: &EnvironmentId, deployments: &[DeploymentId]) -> Result<(), StoreError> {
        if deployments.is_empty() {
            return Ok(());
        }
        let payload = serde_json::json!({
            "v": 1,
            "step": "over",
            "project": environment.project,
            "environment": environment.environment,
            "deployments": deployments,
        });
        // Tried again by Lambda where it fails or dies, twice.
        let asked = self.client.invoke().function_name(NAME).invocation_type(InvocationType::Event);
        let asked = asked.payload(Blob::new(payload.to_string())).send().await;
        asked.map(drop).map_err(|error| failed("lambda Invoke", &error))
    }
}
