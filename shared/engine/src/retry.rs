//! How often an AWS call is tried, by the class of its error, and how fast.

use std::future::Future;
use std::time::Duration;

use model::{CallError, Change, Digest, ErrorClass, ResourceAddress};
use schema::Call;

use crate::execution::{Execution, Halt};
use crate::fence::LEASE_TOO_SHORT;

/// Whether a call may be repeated when it is not known whether it took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Repeating it changes nothing more.
    Harmless,
    /// Its effect must be resolved first.
    AfterProof,
}

/// How long ago something was made that a service may not know of yet.
const VISIBLE: Duration = Duration::from_secs(20);

/// What kind of patience a class of error gets.
enum Patience {
    /// Waits that double from a quarter of a second to 8 s.
    Exponential(Duration),
    /// Waits of 0.25, 0.5, 1, then 2 s.
    Dense(Duration),
    None,
}

fn patience(class: ErrorClass, repeat: Repeat, execution: &Execution<'_>) -> Patience {
    let limits = &execution.limits;
    match class {
        ErrorClass::Throttled => Patience::Exponential(limits.throttled),
        ErrorClass::Transient if repeat == Repeat::Harmless => Patience::Exponential(limits.transient),
        ErrorClass::NotPropagated | ErrorClass::Busy => Patience::Dense(limits.propagation),
        ErrorClass::Transient
        | ErrorClass::AlreadyExists
        | ErrorClass::NotFound
        | ErrorClass::DependencyViolation
        | ErrorClass::Denied
        | ErrorClass::Invalid
        | ErrorClass::Quota
        | ErrorClass::HoldsData
        | ErrorClass::Unknown => Patience::None,
    }
}

/// Calls until it succeeds, fails for good, or patience or the time slice ends. Each try waits for a token of the limit that
/// it counts against, if it is known to make a call.
pub(crate) async fn patiently<T, F>(
    execution: &Execution<'_>,
    change: &Change,
    (kind, repeat): (impl Into<Option<Call>>, Repeat),
    mut call: impl FnMut() -> F,
) -> Result<Result<T, CallError>, Halt>
where
    F: Future<Output = Result<T, CallError>>,
{
    let kind = kind.into();
    let limit = kind.map(|kind| schema::api(&change.kind, kind));
    let mut waited = Duration::ZERO;
    for attempt in 0_u32.. {
        let (urgency, asked) = (execution.urgency(change), execution.clock.now());
        // What this change needs and cannot use yet: one change tries, the others wait for what it finds.
        let turn = match (kind, execution.propagation.closed(&roles(change))) {
            (Some(Call::Create), Some(address)) => {
                let is_short = || limit.is_some_and(|limit| execution.pace.is_short(limit, execution.clock.now()));
                let (turn, in_time) = execution
                    .propagation
                    .turn((&address, urgency), is_short, execution.clock, execution.deadline)
                    .await;
                if !in_time {
                    return Err(Halt::Interrupted);
                }
                turn
            }
            _ => None,
        };
        if attempt > 0 {
            waited += execution.clock.now().duration_since(asked).unsigned_abs().min(execution.limits.landing);
        }
        if let Some(limit) = limit {
            let urgency = turn.as_ref().map_or(urgency, |turn| turn.urgency.max(urgency));
            if !execution.pace.admit(limit, urgency, execution.clock, execution.deadline).await {
                return Err(Halt::Interrupted);
            }
        }
        let sent = execution.clock.now();
        let error = match call().await {
            Ok(value) => {
                if let Some(limit) = limit {
                    execution.pace.answered(limit, execution.clock.now());
                }
                if let Some(turn) = turn {
                    turn.passed();
                }
                return Ok(Ok(value));
            }
            Err(error) => error,
        };
        let now = execution.clock.now();
        let was_sent = error.code.as_deref() != Some(LEASE_TOO_SHORT);
        if let (ErrorClass::Throttled, true, Some(limit)) = (error.class, was_sent, limit) {
            execution.pace.throttled(limit, now);
        }
        let may_land = kind != Some(Call::Read) && error.may_land_late();
        if may_land {
            execution.may_land(sent);
        }
        // Of a process that was frozen meanwhile, that is not its patience.
        waited += now.duration_since(sent).unsigned_abs().min(execution.limits.landing);
        let class = if is_not_visible_yet(execution, change, &error) { ErrorClass::NotPropagated } else { error.class };
        let (wait, most) = match patience(class, repeat, execution) {
            Patience::Exponential(most) => (jittered(250 << attempt.min(5), change, attempt), most),
            Patience::Dense(most) => (Duration::from_millis(250 << attempt.min(3)), most),
            Patience::None => return Ok(Err(error)),
        };
        if waited + wait > most {
            return Ok(Err(error));
        }
        tracing::debug!(error = %error, attempt, "tried again");
        match turn {
            // The next turn waits by itself, for as long as it is not likely to succeed; that is counted when it has.
            Some(turn) if error.class == ErrorClass::NotPropagated => {
                turn.failed(now);
                if execution.is_over() {
                    return Err(Halt::Interrupted);
                }
            }
            _ if may_land => {
                // Whatever was sent takes effect by then or never: only then is it known what a repetition comes after.
                let landed = execution.limits.landing.saturating_sub(now.duration_since(sent).unsigned_abs());
                waited += wait;
                execution.pause(landed.max(wait)).await?;
            }
            _ => {
                waited += wait;
                execution.pause(wait).await?;
            }
        }
    }
    Err(Halt::Interrupted)
}

/// The roles that the service of a change's type assumes.
fn roles(change: &Change) -> Vec<ResourceAddress> {
    let (Some(schema), Some(to)) = (schema::get(&change.kind), change.action.to()) else { return Vec::new() };
    let mut references = Vec::new();
    for property in schema.assumes.iter().filter_map(|name| to.get(name)) {
        // What is malformed is refused where it is resolved.
        let _ = model::expression::references_in(property, &mut references);
    }
    references.into_iter().map(|reference| reference.address).collect()
}

/// Whether AWS does not find what was made a moment ago: each of its services hears of it in its own time.
fn is_not_visible_yet(execution: &Execution<'_>, change: &Change, error: &CallError) -> bool {
    let now = execution.clock.now();
    error.class == ErrorClass::NotFound && execution.made_since(&change.dependencies, now - VISIBLE)
}

/// Between half of `millis` and all of it, so that changes that were throttled together do not come back together. Of the
/// change and the attempt, not of chance: the same run is the same run.
fn jittered(millis: u64, change: &Change, attempt: u32) -> Duration {
    let digest = Digest::of(format!("{} {attempt}", change.key).as_bytes());
    let spread = u64::from_str_radix(digest.short(8), 16).unwrap_or_default() % (millis / 2 + 1);
    Duration::from_millis(millis / 2 + spread)
}
