//! Successor executions: a deployment whose execution has gone through many waves goes on in another one, because the
//! history of an execution is limited.

use engine::ports::{Executions, Queue, Restart};
use step::{Message, StepError, Verdict};

use crate::conclude::Concluding;

impl Concluding {
    /// Gives the turn to the deployment's next execution, and starts it. Doing so again changes nothing; where this dies
    /// between the two, whoever calls `start_next` starts it. The lease stays reserved for the deployment meanwhile.
    pub(crate) async fn hand_over(&self, message: Message) -> Result<Message, StepError> {
        let id = message.environment()?;
        let entry = match self.turn_of(&id, &message).await? {
            Some(active) => self.store.restart(&id, &active.entry, Restart::HandOver).await?,
            // This is not the first try.
            None => match self.store.active(&id).await?.filter(|active| !active.claimed) {
                Some(active) if active.entry.deployment == message.deployment => active.entry,
                _ => return Ok(message.with(Verdict::Gone)),
            },
        };
        let launch = self.machine.start(&id, &entry.deployment, entry.starts).await?;
        tracing::info!(deployment = %entry.deployment, start = entry.starts, ?launch, "handed over");
        Ok(message.with(Verdict::HandedOver))
    }
}
