//! Deletions: only of what carries our tags, and until it is gone, or put off where what lingers uses it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::{Action, CallError, Change, ErrorClass, Event, Intent, Operation, PhysicalId, Properties, Stage};
use schema::Call;

use super::create::Search;
use super::settle::next_look;
use super::{attempt_after, began, done, fail, foreign, identity, is_late, provided};
use crate::execution::{Execution, Halt};
use crate::ports::{Deletion, Existing, Found, Made, Provider};
use crate::retry::{Repeat, patiently};

pub(super) async fn delete(execution: &Execution<'_>, change: &Change) -> Result<(), Halt> {
    let Some(recorded) = execution.state.get(&change.key) else { return Ok(()) };
    if let (true, Some(until)) = (execution.state.is_deferred(&change.key), recorded.reap) {
        // An earlier invocation of this deployment put it off; a reap will see to it.
        let error = CallError::local(ErrorClass::DependencyViolation, "delete", "it was put off");
        return Err(Halt::Deferred(until, error));
    }
    let sent = recorded.sent.clone();
    let provider = provided(execution, change, &sent).await?;
    let physical_id = match (recorded.physical_id.clone(), &recorded.intent) {
        (Some(physical_id), _) => physical_id,
        (None, None) => {
            done(execution, change, &sent);
            return Ok(());
        }
        (None, Some(intent)) => {
            let search = Search { execution, change, provider };
            match search.search(&sent, intent).await? {
                Ok(Found::Ours(made)) => found(execution, change, &sent, intent, made),
                // Never made, or not ours: nothing to delete.
                Ok(Found::Absent | Found::Foreign(_)) => {
                    let _ = execution.write(change, &sent, Event::Absent);
                    done(execution, change, &sent);
                    return Ok(());
                }
                Err(error) => {
                    return fail(execution, change, &sent, CallError { class: ErrorClass::Unknown, ..error }).await;
                }
            }
        }
    };
    let key = identity(execution, change);
    let before = &[&recorded.baseline];
    let existing = Existing { earlier: &recorded.earlier, before, ..Existing::settled(&key, &physical_id, &sent) };
    let how = (Call::Read, Repeat::Harmless);
    match patiently(execution, change, how, || provider.read(&existing)).await? {
        Ok(None) => {
            done(execution, change, &sent);
            return Ok(());
        }
        Ok(Some(observed)) if observed.ownership.as_ref().is_some_and(|own| !own.is(execution.stamp, &key)) => {
            return fail(execution, change, &sent, foreign(&observed.physical_id)).await;
        }
        Ok(Some(_)) => {}
        Err(error) => return fail(execution, change, &sent, error).await,
    }
    // What was announced may have begun to go: it is not asked any more.
    let is_only_empty = matches!(change.action, Action::Delete { only_empty: true, .. });
    if is_only_empty && execution.state.since(&change.key).is_none() {
        match patiently(execution, change, how, || provider.holds_data(&existing)).await? {
            Ok(false) => {}
            Ok(true) => return fail(execution, change, &sent, full(&physical_id)).await,
            Err(error) => return fail(execution, change, &sent, error).await,
        }
    }
    let attempt = attempt_after(execution, change, &recorded);
    let was_announced = recorded.intent.as_ref().is_some_and(|intent| intent.operation == Operation::Delete);
    execution.announce(change, &sent, Operation::Delete, attempt).await?;
    Removal { execution, change, provider, sent: &sent, existing, was_announced }.remove().await
}

/// What an announced creation made is known from now on: the deletion that is announced next takes the place of its announcement.
fn found(
    execution: &Execution<'_>,
    change: &Change,
    sent: &Properties,
    intent: &Intent,
    Made { physical_id, attributes }: Made,
) -> PhysicalId {
    if intent.operation == Operation::Create {
        let event = Event::Identified { physical_id: physical_id.clone(), attributes };
        let _ = execution.write(change, sent, event);
    }
    physical_id
}

fn full(id: &PhysicalId) -> CallError {
    let message = format!("`{id}` holds data, and nobody agreed to losing it: it stays");
    CallError::local(ErrorClass::HoldsData, "delete", message)
}

/// A deletion under way.
struct Removal<'a> {
    execution: &'a Execution<'a>,
    change: &'a Change,
    provider: &'a dyn Provider,
    sent: &'a Properties,
    existing: Existing<'a>,
    /// Whether an earlier invocation announced it and was cut short: what AWS answered that one is not known.
    was_announced: bool,
}

impl Removal<'_> {
    async fn remove(&self) -> Result<(), Halt> {
        let (execution, change, sent) = (self.execution, self.change, self.sent);
        let began = began(execution, change);
        let is_unanswered = AtomicBool::new(false);
        let delete = || async {
            let answer = self.provider.delete(&self.existing).await;
            let is_lost = answer.as_ref().is_err_and(|error| error.class.effect_is_unknown());
            is_unanswered.fetch_or(is_lost, Ordering::Relaxed);
            answer
        };
        for poll in 0_u32.. {
            match patiently(execution, change, (Call::Delete, Repeat::Harmless), delete).await? {
                Ok(Deletion::Gone) => {
                    done(execution, change, sent);
                    return Ok(());
                }
                Ok(Deletion::Going) => return self.wait().await,
                Err(error) if error.class == ErrorClass::DependencyViolation && !is_late(execution, began) => {
                    self.put_off(&error, began).await?;
                    tracing::info!(change = %change.key, error = %error, "waits until nothing uses it");
                    execution.pause(Duration::from_millis((100 << poll.min(6)).min(5_000))).await?;
                }
                Err(error)
                    if (is_unanswered.load(Ordering::Relaxed) || self.may_have_been_taken(&error))
                        && !error.class.effect_is_unknown() =>
                {
                    return self.refused_late(error).await;
                }
                Err(error) => return fail(execution, change, sent, error).await,
            }
        }
        Err(Halt::Interrupted)
    }

    /// Whether a call of an earlier invocation may take effect although this one is refused. Who waits for what uses it is cut
    /// short, too, and was answered as this one is.
    fn may_have_been_taken(&self, refusal: &CallError) -> bool {
        self.was_announced && !matches!(refusal.class, ErrorClass::DependencyViolation | ErrorClass::Busy)
    }

    /// AWS refused a deletion of which an earlier call was not answered: that one may have taken effect.
    async fn refused_late(&self, error: CallError) -> Result<(), Halt> {
        let (execution, change) = (self.execution, self.change);
        let how = (Call::Read, Repeat::Harmless);
        match patiently(execution, change, how, || self.provider.read(&self.existing)).await? {
            Ok(None) => {
                done(execution, change, self.sent);
                Ok(())
            }
            Ok(Some(_)) | Err(_) => self.going(error).await,
        }
    }

    /// Puts the deletion off, if what uses the resource may linger for longer than a deployment should last. Not where a
    /// successor waits for its name.
    async fn put_off(&self, error: &CallError, began: model::Timestamp) -> Result<(), Halt> {
        let (execution, change) = (self.execution, self.change);
        let lingers = schema::get(&change.kind).is_some_and(|schema| schema.lingers);
        let waited = execution.clock.now().duration_since(began).unsigned_abs();
        if !lingers || change.stage == Stage::Build || waited < execution.limits.lingering {
            return Ok(());
        }
        let until = execution.clock.now() + execution.limits.reap;
        execution.write(change, self.sent, Event::Deferred { until, error: error.clone() }).durable().await?;
        Err(Halt::Deferred(until, error.clone()))
    }

    async fn wait(&self) -> Result<(), Halt> {
        let (execution, change, sent) = (self.execution, self.change, self.sent);
        let began = began(execution, change);
        let likely = schema::latency(&change.kind).gone;
        for poll in 0_u32.. {
            let how = (Call::Read, Repeat::Harmless);
            // Who was frozen looks once more before it gives up: what it saw last may be long past.
            let is_last = is_late(execution, began);
            match patiently(execution, change, how, || self.provider.read(&self.existing)).await? {
                Ok(None) => {
                    done(execution, change, sent);
                    return Ok(());
                }
                Ok(Some(_)) if is_last => {
                    let message = format!("still there after {:?}", execution.limits.readiness);
                    return self.going(CallError::local(ErrorClass::Busy, "delete", message)).await;
                }
                Ok(Some(_)) => {
                    let elapsed = execution.clock.now().duration_since(began).unsigned_abs();
                    execution.nap(change, next_look(elapsed, &likely, poll)).await?;
                }
                Err(error) => return self.going(error).await,
            }
        }
        Err(Halt::Interrupted)
    }

    /// Fails in a way that keeps the intent: AWS took the deletion, so that nobody may count on the resource again.
    async fn going(&self, error: CallError) -> Result<(), Halt> {
        fail(self.execution, self.change, self.sent, CallError { class: ErrorClass::Unknown, ..error }).await
    }
}
