//! Plans and refusals, written down where the steps that follow find them.

use aws_smithy_runtime_api::client::result::SdkError;
use engine::ports::StoreError;
use model::{Deployment, Digest, ObjectRef, Plan, PlanReport, Recorded, Refusal};
use serde::Serialize;
use serde_json::json;

use crate::error::corrupt;
use crate::{Store, paths};

impl Store {
    /// Writes a plan, by its digest. Beside it what planning has to say, where it has something to say; and the record that it
    /// was made from: that of the first planning, which a deployment that is planned again keeps.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn keep_plan(
        &self,
        plan: &Plan,
        report: &PlanReport,
        recorded: &Recorded,
    ) -> Result<ObjectRef, StoreError> {
        let bytes = json_of(plan)?;
        let key = paths::plan(&plan.environment, &plan.deployment, &Digest::of(&bytes));
        let before = paths::of_deployment(&plan.environment, &plan.deployment, "state-before.json");
        let tell = async {
            if *report != PlanReport::default() {
                self.put_once(&key.replace(".json", ".report.json"), json_of(report)?).await?;
            }
            Ok(())
        };
        let (plan, _, ()) =
            tokio::try_join!(self.put_once(&key, bytes), self.put_once(&before, json_of(recorded)?), tell)?;
        Ok(plan)
    }

    /// Writes and logs why there is no plan, with the report as a person reads it.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn keep_refusals(
        &self,
        deployment: &Deployment,
        refusals: &[Refusal],
        text: Option<&str>,
    ) -> Result<ObjectRef, StoreError> {
        for refusal in refusals {
            tracing::warn!(deployment = %deployment.id, code = refusal.code, message = refusal.message, "refused");
        }
        let key = paths::of_deployment(&deployment.environment, &deployment.id, "report.json");
        self.put_versioned(&key, json_of(&json!({ "refusals": refusals, "text": text }))?).await
    }

    /// The bytes of a reference, checked against its digest; none where they are not kept any more.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn find(&self, object: &ObjectRef) -> Result<Option<Vec<u8>>, StoreError> {
        let version = (!object.version.is_empty()).then(|| object.version.clone());
        let head = self.s3.head_object().bucket(&self.deployments).key(&object.key).set_version_id(version);
        match head.send().await {
            Err(SdkError::ServiceError(error)) if matches!(error.raw().status().as_u16(), 404 | 405) => Ok(None),
            _ => self.get(object).await.map(Some),
        }
    }
}

pub(crate) fn json_of<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| corrupt("what is to be written", error))
}
