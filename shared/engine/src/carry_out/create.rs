//! Creations: announced, made once, and found again by their proof where the answer was lost.

use std::time::Duration;

use model::{CallError, Change, ErrorClass, Event, Operation, PhysicalId, Properties};

use super::{fail, finish, is_done, provided, resolved};
use crate::execution::{Execution, Halt};
use crate::ports::{Creation, Found, Made, OnExisting, Proof, Provider};
use crate::retry::{Repeat, patiently};

/// How often a creation is announced whose effects keep getting lost.
const ATTEMPTS: u32 = 8;

pub(super) async fn create(execution: &Execution<'_>, change: &Change, to: &Properties) -> Result<(), Halt> {
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
pub(super) async fn search(
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

fn taken(id: &PhysicalId) -> CallError {
    let message = format!("`{id}` exists and does not carry this engine's tags");
    CallError::local(ErrorClass::AlreadyExists, "create", message)
}
