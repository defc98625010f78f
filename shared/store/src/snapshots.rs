//! What was looked up in an account before planning: one object for each time, which is written once.

use engine::ports::StoreError;
use model::{Deployment, DeploymentId, Digest, EnvironmentId, ObjectRef, Snapshot, Timestamp};

use crate::error::corrupt;
use crate::plans::json_of;
use crate::{Store, paths};

impl Store {
    /// Writes what was looked up for a deployment, by its digest: looking again and finding the same writes nothing.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn keep_snapshot(&self, deployment: &Deployment, snapshot: &Snapshot) -> Result<ObjectRef, StoreError> {
        let bytes = json_of(snapshot)?;
        let file = format!("snapshots/{}.json", Digest::of(&bytes));
        self.put_once(&paths::of_deployment(&deployment.environment, &deployment.id, &file), bytes).await
    }

    /// What was looked up, checked against its digest.
    ///
    /// # Errors
    /// [`StoreError`] of S3; [`StoreError::Corrupt`] where it is not what was written.
    pub async fn snapshot(&self, object: &ObjectRef) -> Result<Snapshot, StoreError> {
        let bytes = self.get(object).await?;
        serde_json::from_slice(&bytes).map_err(|error| corrupt(format!("object {}", object.key), error))
    }

    /// What was looked up last in an environment's account, with the deployment that it was for and when; none where nothing that is
    /// kept was looked up.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB or S3; [`StoreError::Corrupt`] where it is not what was written.
    pub async fn last_snapshot(
        &self,
        environment: &EnvironmentId,
    ) -> Result<Option<(DeploymentId, Timestamp, Snapshot)>, StoreError> {
        let deployments = self.deployments(environment).await?;
        for Deployment { id, .. } in deployments.into_iter().rev().filter(|one| !one.lookups.is_empty()) {
            let prefix = paths::of_deployment(environment, &id, "snapshots/");
            let stored = self.stored(&prefix).await?;
            let Some(last) = stored.into_iter().filter(|one| one.etag.is_some()).max_by_key(|one| one.modified) else {
                continue;
            };
            let digest = last.key.strip_prefix(&prefix).and_then(|file| Digest::parse(file.strip_suffix(".json")?));
            let digest = digest.ok_or_else(|| corrupt(format!("object {}", last.key), "its name is no digest"))?;
            let object = ObjectRef { key: last.key, version: last.version, digest };
            return Ok(Some((id, last.modified, self.snapshot(&object).await?)));
        }
        Ok(None)
    }
}
