//! One change, from intent to success: the same steps whether it is fresh or resumed after a crash.

mod create;
mod delete;
mod settle;
mod shift;

use model::{
    Action, CallError, Change, ErrorClass, Event, Operation, PhysicalId, Presence, Properties, RecordedResource,
    ResourceKey, Timestamp, Unresolved,
};
use schema::Call;

use crate::execution::{Execution, Halt};
use crate::ports::{Creation, Existing, Provider};
use crate::retry::{Repeat, patiently};
use crate::secrets::is_fed;
use shift::Shifting;

/// Carries out one change whose needs are met.
pub(crate) async fn carry_out(execution: &Execution<'_>, change: &Change) -> Result<(), Halt> {
    match &change.action {
        Action::Create { to } | Action::Replace { to, .. } => create::create(execution, change, to).await,
        Action::Update { to, .. } => update(execution, change, to).await,
        Action::Delete { .. } => delete::delete(execution, change).await,
        Action::Move { to } => relocate(execution, change, to),
        Action::Forget { .. } => {
            if execution.state.get(&change.key).is_some() {
                done(execution, change, &Properties::new());
            }
            Ok(())
        }
    }
}

/// Records a resource under another key. What its tags of ownership say stays what it is, and is remembered.
fn relocate(execution: &Execution<'_>, change: &Change, to: &ResourceKey) -> Result<(), Halt> {
    let Some(mut recorded) = execution.state.get(&change.key) else { return Ok(()) };
    recorded.made_as.get_or_insert_with(|| change.key.clone());
    if recorded.presence == Presence::Leaving && to.address == change.key.address {
        // AWS would not delete it, and it is wanted again: it is there, in whatever state that left it. What comes from another
        // address may be on its way out, and is in use again only once it is changed.
        recorded.presence = Presence::Incomplete;
        recorded.reap = None;
    }
    recorded.agent.clone_from(&change.agent);
    let items = vec![(change.key.clone(), None), (to.clone(), Some(recorded))];
    let _ = execution.write_items(&change.key, items, Event::Succeeded { observed: None });
    Ok(())
}

/// Brings what exists to what is asked for, and waits until it can be used.
pub(super) async fn finish(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    physical_id: &PhysicalId,
    fresh: bool,
) -> Result<(), Halt> {
    let key = identity(execution, change);
    let recorded = execution.state.get(&change.key);
    let (intent, earlier, baseline) =
        recorded.map(|recorded| (recorded.intent, recorded.earlier, recorded.baseline)).unwrap_or_default();
    let token = intent.filter(|open| open.operation == Operation::Update).map(|open| open.token);
    let (token, before) = (token.as_deref(), &[&baseline]);
    let existing = Existing { key: &key, physical_id, properties: sent, earlier: &earlier, token, before };
    let is_converged = !fresh && execution.state.is_awaited(&change.key) && is_sent(execution, change, sent);
    if !is_converged {
        let token = execution.token(&change.key, 1);
        let creation = Creation { key: &key, properties: sent, token: &token, stamp: execution.stamp };
        // What was made a moment ago needs no more than its creating call could not carry: mostly nothing, and no call.
        let how = ((!fresh).then_some(Call::Update), Repeat::Harmless);
        let converged = patiently(execution, change, how, || provider.converge(&existing, &creation, fresh)).await?;
        if let Err(error) = converged {
            return fail(execution, change, sent, error).await;
        }
    }
    if fresh && settle::is_ready_at_once(change) {
        execution.usable(change);
    }
    settle::settle(execution, change, provider, sent, &existing).await
}

async fn update(execution: &Execution<'_>, change: &Change, to: &Properties) -> Result<(), Halt> {
    let sent = resolved(execution, change, to).await?;
    let recorded = execution.state.get(&change.key);
    if is_done(execution, change, recorded.as_ref(), &sent) {
        return Ok(());
    }
    let provider = provided(execution, change, &sent).await?;
    let Some((recorded, physical_id)) = recorded.and_then(|one| Some((one.clone(), one.physical_id?))) else {
        let message = "the record does not know what AWS calls it";
        return fail(execution, change, &sent, CallError::local(ErrorClass::NotFound, "update", message)).await;
    };
    let is_told = recorded.sent == sent || is_waited_for_once(change);
    if recorded.presence == Presence::Present && recorded.intent.is_none() && is_told {
        // Only what the record keeps of it differs: there is nothing to tell AWS.
        done(execution, change, &sent);
        return Ok(());
    }
    let key = identity(execution, change);
    let before = &[&recorded.sent, &recorded.baseline];
    let existing =
        Existing { earlier: &recorded.earlier, before, ..Existing::settled(&key, &physical_id, &recorded.sent) };
    let live = own(execution, change, provider, &sent, &existing).await?;
    if let Some(shift) = &change.shift {
        let shifting = Shifting { execution, change, provider, physical_id: &physical_id, to: &sent };
        shifting.go(shift, &live).await?;
        let existing = Existing { properties: &sent, ..existing };
        return settle::settle(execution, change, provider, &sent, &existing).await;
    }
    let attempt = attempt_after(execution, change, &recorded);
    let token = execution.announce(change, &sent, Operation::Update, attempt).await?;
    if recorded.presence == Presence::Present {
        let existing = Existing { token: Some(&token), ..existing };
        let how = (Call::Update, Repeat::Harmless);
        if let Err(error) = patiently(execution, change, how, || provider.update(&existing, &sent)).await? {
            return fail(execution, change, &sent, error).await;
        }
        let existing = Existing { properties: &sent, ..existing };
        return settle::settle(execution, change, provider, &sent, &existing).await;
    }
    finish(execution, change, provider, &sent, &physical_id, false).await
}

/// What AWS shows of it. Refuses to touch what does not carry our tags, and forgets what is gone.
async fn own(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    existing: &Existing<'_>,
) -> Result<Properties, Halt> {
    let how = (Call::Read, Repeat::Harmless);
    match patiently(execution, change, how, || provider.read(existing)).await? {
        Ok(Some(observed)) if observed.ownership.as_ref().is_none_or(|own| own.is(execution.stamp, existing.key)) => {
            Ok(observed.properties)
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

/// The incarnation that the resource's tags of ownership name: another than its key, where it has moved.
pub(super) fn identity(execution: &Execution<'_>, change: &Change) -> ResourceKey {
    let made_as = execution.state.get(&change.key).and_then(|recorded| recorded.made_as);
    made_as.unwrap_or_else(|| change.key.clone())
}

/// When a change was begun: by an earlier invocation, or now. A slice may be shorter than what a resource may take, and no
/// wait may begin anew with each.
pub(super) fn began(execution: &Execution<'_>, change: &Change) -> Timestamp {
    execution.state.since(&change.key).unwrap_or_else(|| execution.clock.now())
}

/// Whether a resource has had all the time that it may take.
pub(super) fn is_late(execution: &Execution<'_>, began: Timestamp) -> bool {
    execution.clock.now().duration_since(began).unsigned_abs() > execution.limits.readiness
}

/// Whether it is waited for when it is made, and done with for ever.
fn is_waited_for_once(change: &Change) -> bool {
    schema::get(&change.kind).is_some_and(|schema| schema.waits.is_some())
}

/// The number of the next attempt at an update or deletion, which may be announced again while an earlier one is open.
pub(super) fn attempt_after(execution: &Execution<'_>, change: &Change, recorded: &RecordedResource) -> u32 {
    let open = recorded.intent.as_ref().map_or(0, |intent| intent.attempt);
    execution.state.attempts(&change.key).max(open) + 1
}

/// Whether this plan has been through it already, in an earlier invocation.
pub(super) fn is_done(
    execution: &Execution<'_>,
    change: &Change,
    recorded: Option<&RecordedResource>,
    sent: &Properties,
) -> bool {
    execution.state.is_done(&change.key)
        && recorded.is_some_and(|recorded| {
            // What is on its way out gave way to another that code of the user's own made of it.
            recorded.presence == Presence::Leaving
                || recorded.presence == Presence::Present && recorded.intent.is_none() && recorded.sent == *sent
        })
}

/// Whether what the record says was sent is what is to be sent.
fn is_sent(execution: &Execution<'_>, change: &Change, sent: &Properties) -> bool {
    execution.state.get(&change.key).is_some_and(|recorded| recorded.sent == *sent)
}

pub(super) async fn resolved(execution: &Execution<'_>, change: &Change, to: &Properties) -> Result<Properties, Halt> {
    loop {
        match execution.state.resolve(to) {
            Ok(sent) if is_named_by_secret(change, &sent) => {
                let message =
                    "its name comes to a secret, and names are kept and shown: refer to it in another property";
                let error = CallError::local(ErrorClass::Invalid, "resolve", message);
                return fail(execution, change, &Properties::new(), error).await;
            }
            Ok(sent) => return Ok(sent),
            // What can be used already has not been looked at yet: what it shows then may be what is missing.
            Err(Unresolved::Unknown { address, .. }) if execution.is_unseen(&address) => execution.seen(&address).await,
            Err(error) => {
                let error = CallError::local(ErrorClass::Invalid, "resolve", error.to_string());
                return fail(execution, change, &Properties::new(), error).await;
            }
        }
    }
}

/// Whether a name that is put together late holds a reference to a secret: what else is wrong with names was told at their line.
fn is_named_by_secret(change: &Change, sent: &Properties) -> bool {
    let naming = schema::get(&change.kind).and_then(|schema| schema.naming);
    naming.and_then(|naming| sent.get(naming.property)).is_some_and(is_fed)
}

pub(super) async fn provided<'a>(
    execution: &'a Execution<'_>,
    change: &Change,
    sent: &Properties,
) -> Result<&'a dyn Provider, Halt> {
    match execution.provider(change) {
        Ok(provider) => Ok(provider),
        Err(error) => fail(execution, change, sent, error).await,
    }
}

/// Journals that a change is done and leaves nothing to observe. Not waited for: whatever builds on it is journalled later,
/// and is never durable before it.
pub(super) fn done(execution: &Execution<'_>, change: &Change, sent: &Properties) {
    let _ = execution.write(change, sent, Event::Succeeded { observed: None });
}

/// Journals a failure, durably, and ends the change.
pub(super) async fn fail<T>(
    execution: &Execution<'_>,
    change: &Change,
    sent: &Properties,
    error: CallError,
) -> Result<T, Halt> {
    execution.write(change, sent, Event::Failed { error: error.clone() }).durable().await?;
    Err(Halt::Failed(error))
}

pub(super) fn foreign(id: &PhysicalId) -> CallError {
    let message = format!("`{id}` does not carry this engine's tags of ownership, so it is not touched");
    CallError::local(ErrorClass::Denied, "own", message)
}

fn gone(id: &PhysicalId) -> CallError {
    let message = format!("`{id}` was deleted by somebody else");
    CallError::local(ErrorClass::NotFound, "read", message)
}
