//! What was looked up in an account before planning: one object for each time, which is written once.

use engine::ports::StoreError;
use model::{Deployment, Digest, ObjectRef, Snapshot};

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
}
