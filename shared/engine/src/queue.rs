//! `start_next`: the one way in which an execution is started.

use model::EnvironmentId;

use crate::ports::{Executions, Launch, Queue, StoreError};

/// Starts the next deployment of an environment, if none has its turn. Also starts again what was given its turn and never
/// claimed. Called by whoever may have changed the queue, as often as they like.
///
/// # Errors
/// [`StoreError`] of the queue or of the executions.
pub async fn start_next(
    environment: &EnvironmentId,
    queue: &dyn Queue,
    executions: &dyn Executions,
) -> Result<(), StoreError> {
    let entry = match queue.active(environment).await? {
        Some(active) if active.claimed => return Ok(()),
        Some(active) => active.entry,
        None => {
            let Some(first) = queue.first(environment).await? else { return Ok(()) };
            if !queue.activate(environment, &first).await? {
                return Ok(());
            }
            first
        }
    };
    if executions.start(environment, &entry.deployment, entry.starts).await? == Launch::Spent {
        let entry = queue.restart(environment, &entry).await?;
        executions.start(environment, &entry.deployment, entry.starts).await?;
    }
    Ok(())
}
