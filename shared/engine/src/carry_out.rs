//! One change, from intent to success: the same steps whether it is fresh or resumed after a crash.

use std::time::Duration;

use model::{
    Action, CallError, Change, ErrorClass, Event, Observed, Operation, PhysicalId, Presence, Properties,
    RecordedResource, Settled, Timestamp,
};

use crate::execution::{Execution, Halt};
use crate::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider, Readiness};
use crate::retry::{Repeat, patiently};

/// How often a creation is announced whose effects keep getting lost.
const ATTEMPTS: u32 = 8;

/// Carries out one change whose needs are met.
pub(crate) async fn carry_out(execution: &Execution<'_>, change: &Change) -> Result<(), Halt> {
    match &change.action {
        Action::Create { to } | Action::Replace { to, .. } => create(execution, change, to).await,
        Action::Update { to, .. } => update(execution, change, to).await,
        Action::Delete { from, .. } => delete(execution, change, from).await,
        Action::Forget { .. } => {
            let sent = Properties::new();
            if execution.state.get(&change.key).is_some() {
                execution.write(change, &sent, Event::Succeeded { observed: None }).durable().await?;
            }
            Ok(())
        }
    }
}

async fn create(execution: &Execution<'_>, change: &Change, to: &Properties) -> Result<(), Halt> {
    let sent = resolved(execution, change, to).await?;
    let recorded = execution.state.get(&change.key);
    if is_done(execution, recorded.as_ref(), &sent) {
        return Ok(());
    }
    let provider = provided(execution, change, &sent).await?;
    let known = recorded.as_ref().and_then(|recorded| recorded.physical_id.clone());
    let (physical_id, fresh) = match known {
        Some(physical_id) => (physical_id, false),
        None => {
            let is_open = recorded.is_some_and(|recorded| recorded.intent.is_some());
            make(execution, change, provider, &sent, is_open).await?
        }
    };
    finish(execution, change, provider, &sent, &physical_id, fresh).await
}

/// Makes the resource, or finds what an earlier attempt made. Says whether it was made just now.
async fn make(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    mut is_open: bool,
) -> Result<(PhysicalId, bool), Halt> {
    let looks_first = matches!(provider.proof(), Proof::Name { on_existing: OnExisting::Succeeds });
    let mut attempt = execution.state.attempts(&change.key);
    for _ in 0..ATTEMPTS {
        if is_open || looks_first {
            let token = execution.token(&change.key, attempt.max(1));
            match search(execution, change, provider, sent, &token, is_open).await? {
                Found::Ours(made) => {
                    if !is_open {
                        // It carries our tags and no open intent knows it: an earlier incarnation of the record did.
                        execution.announce(change, sent, Operation::Create, attempt + 1).await?;
                    }
                    return Ok((identified(execution, change, sent, made), false));
                }
                Found::Foreign(id) => return fail(execution, change, sent, taken(&id)).await,
                Found::Absent if is_open => {
                    let _ = execution.write(change, sent, Event::Absent);
                }
                Found::Absent => {}
            }
        }
        attempt += 1;
        let token = execution.announce(change, sent, Operation::Create, attempt).await?;
        is_open = true;
        let creation = Creation { key: &change.key, properties: sent, token: &token, stamp: execution.stamp };
        let error = match patiently(execution, Repeat::AfterProof, || provider.create(&creation)).await? {
            Ok(made) => return Ok((identified(execution, change, sent, made), true)),
            Err(error) => error,
        };
        let may_be_ours = error.class == ErrorClass::AlreadyExists;
        if !may_be_ours && !error.class.effect_is_unknown() {
            return fail(execution, change, sent, error).await;
        }
        tracing::warn!(change = %change.key, error = %error, "whether it took effect is looked up");
        if may_be_ours {
            return match search(execution, change, provider, sent, &token, false).await? {
                Found::Ours(made) => Ok((identified(execution, change, sent, made), false)),
                Found::Foreign(_) | Found::Absent => fail(execution, change, sent, error).await,
            };
        }
        execution.pause(Duration::from_millis(100 << attempt.min(5))).await?;
    }
    let message = format!("{ATTEMPTS} attempts ended without an answer and without an effect");
    fail(execution, change, sent, CallError::local(ErrorClass::Unknown, "create", message)).await
}

/// Looks for what an announced creation made, for as long as its proof asks to.
async fn search(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    token: &str,
    is_open: bool,
) -> Result<Found, Halt> {
    let creation = Creation { key: &change.key, properties: sent, token, stamp: execution.stamp };
    let lag = match provider.proof() {
        Proof::Tag { lag } if is_open => lag,
        Proof::Tag { .. } | Proof::Token { .. } | Proof::Name { .. } | Proof::Child | Proof::Unprovable => {
            Duration::ZERO
        }
    };
    let began = execution.clock.now();
    loop {
        match patiently(execution, Repeat::Harmless, || provider.find(&creation)).await? {
            Ok(Found::Absent) if execution.clock.now().duration_since(began).unsigned_abs() < lag => {
                execution.pause(Duration::from_secs(1)).await?;
            }
            Ok(found) => return Ok(found),
            // The intent stays open: what may exist is not forgotten.
            Err(error) => {
                let class = if is_open { ErrorClass::Unknown } else { error.class };
                return fail(execution, change, sent, CallError { class, ..error }).await;
            }
        }
    }
}

fn identified(execution: &Execution<'_>, change: &Change, sent: &Properties, made: Made) -> PhysicalId {
    let Made { physical_id, attributes } = made;
    // Not waited for: until it is durable the intent is, and that finds the resource again.
    let _ = execution.write(change, sent, Event::Identified { physical_id: physical_id.clone(), attributes });
    physical_id
}

/// Brings what exists to what is asked for, and waits until it can be used.
async fn finish(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    physical_id: &PhysicalId,
    fresh: bool,
) -> Result<(), Halt> {
    let existing = Existing { key: &change.key, physical_id, properties: sent };
    let token = execution.token(&change.key, 1);
    let creation = Creation { key: &change.key, properties: sent, token: &token, stamp: execution.stamp };
    let converged = patiently(execution, Repeat::Harmless, || provider.converge(&existing, &creation, fresh)).await?;
    if let Err(error) = converged {
        return fail(execution, change, sent, error).await;
    }
    settle(execution, change, provider, sent, &existing).await
}

async fn settle(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    existing: &Existing<'_>,
) -> Result<(), Halt> {
    let began = began(execution, change);
    for poll in 0_u32.. {
        match patiently(execution, Repeat::Harmless, || provider.settle(existing)).await? {
            Ok(Readiness::Ready(observed)) => {
                let Observed { attributes, properties: baseline, .. } = *observed;
                let observed = Some(Settled { attributes, baseline });
                return execution.write(change, sent, Event::Succeeded { observed }).durable().await;
            }
            Ok(Readiness::Pending(what)) => {
                if poll == 0 {
                    let _ = execution.write(change, sent, Event::Awaiting { what: what.clone() });
                }
                if is_late(execution, began) {
                    let message = format!("still waiting {what} after {:?}", execution.limits.readiness);
                    return fail(execution, change, sent, CallError::local(ErrorClass::Busy, "settle", message)).await;
                }
                execution.pause(Duration::from_millis((100 << poll.min(4)).min(1_000))).await?;
            }
            Ok(Readiness::Failed(why)) => {
                return fail(execution, change, sent, CallError::local(ErrorClass::Invalid, "settle", why)).await;
            }
            Err(error) => return fail(execution, change, sent, error).await,
        }
    }
    Err(Halt::Interrupted)
}

async fn update(execution: &Execution<'_>, change: &Change, to: &Properties) -> Result<(), Halt> {
    let sent = resolved(execution, change, to).await?;
    let recorded = execution.state.get(&change.key);
    if is_done(execution, recorded.as_ref(), &sent) {
        return Ok(());
    }
    let provider = provided(execution, change, &sent).await?;
    let Some((recorded, physical_id)) = recorded.and_then(|one| Some((one.clone(), one.physical_id?))) else {
        let message = "the record does not know what AWS calls it";
        return fail(execution, change, &sent, CallError::local(ErrorClass::NotFound, "update", message)).await;
    };
    if recorded.presence == Presence::Present && recorded.intent.is_none() && recorded.sent == sent {
        // Only what the record keeps of it differs: there is nothing to tell AWS.
        return execution.write(change, &sent, Event::Succeeded { observed: None }).durable().await;
    }
    let existing = Existing { key: &change.key, physical_id: &physical_id, properties: &recorded.sent };
    own(execution, change, provider, &sent, &existing).await?;
    let attempt = attempt_after(execution, change, &recorded);
    execution.announce(change, &sent, Operation::Update, attempt).await?;
    if recorded.presence == Presence::Present {
        if let Err(error) = patiently(execution, Repeat::Harmless, || provider.update(&existing, &sent)).await? {
            return fail(execution, change, &sent, error).await;
        }
        let existing = Existing { properties: &sent, ..existing };
        return settle(execution, change, provider, &sent, &existing).await;
    }
    finish(execution, change, provider, &sent, &physical_id, false).await
}

/// Refuses to touch what does not carry our tags, and forgets what is gone.
async fn own(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    existing: &Existing<'_>,
) -> Result<(), Halt> {
    match patiently(execution, Repeat::Harmless, || provider.read(existing)).await? {
        Ok(Some(observed)) if observed.ownership.as_ref().is_none_or(|own| own.is(execution.stamp, &change.key)) => {
            Ok(())
        }
        Ok(Some(observed)) => fail(execution, change, sent, foreign(&observed.physical_id)).await,
        Ok(None) => {
            let error = gone(existing.physical_id);
            execution.write(change, sent, Event::Vanished { error: error.clone() }).durable().await?;
            Err(Halt::Failed(error))
        }
        Err(error) => fail(execution, change, sent, error).await,
    }
}

async fn delete(execution: &Execution<'_>, change: &Change, from: &Properties) -> Result<(), Halt> {
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

/// When a change was begun: by an earlier invocation, or now. A slice may be shorter than what a resource may take, and no
/// wait may begin anew with each.
fn began(execution: &Execution<'_>, change: &Change) -> Timestamp {
    execution.state.since(&change.key).unwrap_or_else(|| execution.clock.now())
}

/// Whether a resource has had all the time that it may take.
fn is_late(execution: &Execution<'_>, began: Timestamp) -> bool {
    execution.clock.now().duration_since(began).unsigned_abs() > execution.limits.readiness
}

/// The number of the next attempt at an update or deletion, which may be announced again while an earlier one is open.
fn attempt_after(execution: &Execution<'_>, change: &Change, recorded: &RecordedResource) -> u32 {
    let open = recorded.intent.as_ref().map_or(0, |intent| intent.attempt);
    execution.state.attempts(&change.key).max(open) + 1
}

/// Whether this deployment has done it already, in an earlier invocation.
fn is_done(execution: &Execution<'_>, recorded: Option<&RecordedResource>, sent: &Properties) -> bool {
    recorded.is_some_and(|recorded| {
        recorded.presence == Presence::Present
            && recorded.intent.is_none()
            && recorded.deployment == *execution.deployment
            && recorded.sent == *sent
    })
}

async fn resolved(execution: &Execution<'_>, change: &Change, to: &Properties) -> Result<Properties, Halt> {
    match execution.state.resolve(to) {
        Ok(sent) => Ok(sent),
        Err(error) => {
            let error = CallError::local(ErrorClass::Invalid, "resolve", error.to_string());
            fail(execution, change, &Properties::new(), error).await
        }
    }
}

async fn provided<'a>(
    execution: &'a Execution<'_>,
    change: &Change,
    sent: &Properties,
) -> Result<&'a dyn Provider, Halt> {
    match execution.provider(change) {
        Ok(provider) => Ok(provider),
        Err(error) => fail(execution, change, sent, error).await,
    }
}

/// Journals a failure, durably, and ends the change.
async fn fail<T>(execution: &Execution<'_>, change: &Change, sent: &Properties, error: CallError) -> Result<T, Halt> {
    execution.write(change, sent, Event::Failed { error: error.clone() }).durable().await?;
    Err(Halt::Failed(error))
}

fn taken(id: &PhysicalId) -> CallError {
    let message = format!("`{id}` exists and does not carry this engine's tags");
    CallError::local(ErrorClass::AlreadyExists, "create", message)
}

fn foreign(id: &PhysicalId) -> CallError {
    let message = format!("`{id}` does not carry this engine's tags of ownership, so it is not touched");
    CallError::local(ErrorClass::Denied, "own", message)
}

fn gone(id: &PhysicalId) -> CallError {
    let message = format!("`{id}` was deleted by somebody else");
    CallError::local(ErrorClass::NotFound, "read", message)
}
