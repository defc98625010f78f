//! Retention: once a day, what an environment keeps no longer is removed, and what nothing refers to any more.

use std::time::Duration;

use serde_json::{Value, json};
use step::StepError;

use crate::conclude::Concluding;

/// For how long deployments are removed: half of what the function has. The rest goes with the next day's sweep.
const SLICE: Duration = Duration::from_secs(60);

impl Concluding {
    /// Removes what goes. Breaking this off at any point leaves what the next one finds.
    pub(crate) async fn keep(&self) -> Result<Value, StepError> {
        let began = (self.now)();
        let sweep = self.store.sweepable(began).await?;
        let is_over = || (self.now)().duration_since(began).unsigned_abs() >= SLICE;
        let swept = self.store.sweep(&sweep, is_over).await?;
        for (environment, error) in &sweep.failed {
            tracing::error!(%environment, %error, "could not be looked at; nothing of it was removed, and no artifact");
        }
        let told = json!({ "deployments": swept.deployments, "objects": swept.objects, "left": swept.left });
        tracing::info!(swept = %told, "removed what is not kept any longer");
        match sweep.failed.into_iter().next() {
            Some((_, error)) => Err(error.into()),
            None => Ok(told),
        }
    }
}
