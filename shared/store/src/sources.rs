//! The texts beside a config (templates, assemblies), one object for all of a deployment.

use std::collections::BTreeMap;

use engine::ports::StoreError;
use model::{Deployment, DeploymentId, EnvironmentId, ObjectRef};

use crate::error::corrupt;
use crate::plans::json_of;
use crate::{Store, paths};

impl Store {
    /// Writes the texts that a deployment is expanded with, by path; once.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn keep_sources(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
        texts: &BTreeMap<String, String>,
    ) -> Result<ObjectRef, StoreError> {
        let key = paths::of_deployment(environment, id, "sources.json");
        self.put_once(&key, json_of(texts)?).await
    }

    /// The texts that a deployment is expanded with; none where its config names no others.
    ///
    /// # Errors
    /// [`StoreError`] of S3; [`StoreError::Corrupt`] where they are not what was written.
    pub async fn sources(&self, deployment: &Deployment) -> Result<BTreeMap<String, String>, StoreError> {
        let Some(object) = &deployment.sources else { return Ok(BTreeMap::new()) };
        let bytes = self.get(object).await?;
        serde_json::from_slice(&bytes).map_err(|error| corrupt(format!("object {}", object.key), error))
    }
}
