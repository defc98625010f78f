//! One way back: read, choose where to, plan, check, write.

use model::Timestamp;
use serde_json::Value;
use step::{Message, StepError, Verdict};
use store::Store;

pub(crate) struct RollingBack {
    pub(crate) store: Store,
    pub(crate) now: fn() -> Timestamp,
}

impl RollingBack {
    pub(crate) async fn handle(&self, payload: &Value) -> Result<Message, StepError> {
        let message = Message::read(payload)?;
        let id = message.environment()?;
        let head = self.store.deployment(&id, &message.deployment).await?;
        tracing::info!(deployment = %message.deployment, known = head.is_some(), at = %(self.now)(), "there is no way back yet");
        Ok(message.with(Verdict::Failed))
    }
}
