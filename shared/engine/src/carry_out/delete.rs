//! Deletions: only of what carries our tags, and until it is gone.

use std::time::Duration;

use model::{CallError, Change, ErrorClass, Event, Operation, Properties};

use super::create::search;
use super::{attempt_after, began, fail, foreign, is_late, provided};
use crate::execution::{Execution, Halt};
use crate::ports::{Deletion, Existing, Found, Provider};
use crate::retry::{Repeat, patiently};

pub(super) async fn delete(execution: &Execution<'_>, change: &Change, from: &Properties) -> Result<(), Halt> {
    let Some(recorded) = execution.state.get(&change.key) else { return Ok(()) };
    let sent = recorded.sent.clone();
    let provider = provided(execution, change, from).await?;
    let physical_id = match recorded.physical_id.clone() {
        Some(physical_id) => physical_id,
        None => {
            let token = recorded.intent.as_ref().map(|intent| intent.token.clone()).unwrap_or_default();
            match search(execution, change, provider, &sent, &token, true).await? {
                Found::Ours(made) => made.physical_id,
                // Never made, or not ours: nothing to delete.
                Found::Absent | Found::Foreign(_) => {
                    return execution.write(change, &sent, Event::Succeeded { observed: None }).durable().await;
                }
            }
        }
    };
    let existing = Existing { key: &change.key, physical_id: &physical_id, properties: &sent };
    match patiently(execution, Repeat::Harmless, || provider.read(&existing)).await? {
        Ok(None) => return execution.write(change, &sent, Event::Succeeded { observed: None }).durable().await,
        Ok(Some(observed)) if observed.ownership.as_ref().is_some_and(|own| !own.is(execution.stamp, &change.key)) => {
            return fail(execution, change, &sent, foreign(&observed.physical_id)).await;
        }
        Ok(Some(_)) => {}
        Err(error) => return fail(execution, change, &sent, error).await,
    }
    let attempt = attempt_after(execution, change, &recorded);
    execution.announce(change, &sent, Operation::Delete, attempt).await?;
    remove(execution, change, provider, &sent, &existing).await
}

async fn remove(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    existing: &Existing<'_>,
) -> Result<(), Halt> {
    let began = began(execution, change);
    for poll in 0_u32.. {
        let wait = Duration::from_millis((100 << poll.min(4)).min(1_000));
        match patiently(execution, Repeat::Harmless, || provider.delete(existing)).await? {
            Ok(Deletion::Gone) => {
                return execution.write(change, sent, Event::Succeeded { observed: None }).durable().await;
            }
            Ok(Deletion::Going) => break,
            Err(error) if error.class == ErrorClass::DependencyViolation && !is_late(execution, began) => {
                tracing::info!(change = %change.key, error = %error, "waits until nothing uses it");
                execution.pause(wait).await?;
            }
            Err(error) => return fail(execution, change, sent, error).await,
        }
    }
    for poll in 0_u32.. {
        match patiently(execution, Repeat::Harmless, || provider.read(existing)).await? {
            Ok(None) => return execution.write(change, sent, Event::Succeeded { observed: None }).durable().await,
            Ok(Some(_)) if is_late(execution, began) => {
                let message = format!("still there after {:?}", execution.limits.readiness);
                return fail(execution, change, sent, CallError::local(ErrorClass::Busy, "delete", message)).await;
            }
            Ok(Some(_)) => execution.pause(Duration::from_millis((100 << poll.min(4)).min(1_000))).await?,
            Err(error) => return fail(execution, change, sent, error).await,
        }
    }
    Err(Halt::Interrupted)
}
