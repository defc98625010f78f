//! How often an AWS call is tried, by the class of its error.

use std::future::Future;
use std::time::Duration;

use model::{CallError, ErrorClass};

use crate::execution::{Execution, Halt};

/// Whether a call may be repeated when it is not known whether it took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Repeating it changes nothing more.
    Harmless,
    /// Its effect must be resolved first.
    AfterProof,
}

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
        | ErrorClass::Unknown => Patience::None,
    }
}

/// Calls until it succeeds, fails for good, or patience or the time slice ends.
pub(crate) async fn patiently<T, F>(
    execution: &Execution<'_>,
    repeat: Repeat,
    mut call: impl FnMut() -> F,
) -> Result<Result<T, CallError>, Halt>
where
    F: Future<Output = Result<T, CallError>>,
{
    let began = execution.clock.now();
    for attempt in 0_u32.. {
        let error = match call().await {
            Ok(value) => return Ok(Ok(value)),
            Err(error) => error,
        };
        let waited = execution.clock.now().duration_since(began).unsigned_abs();
        let (wait, most) = match patience(error.class, repeat, execution) {
            Patience::Exponential(most) => (jittered(250 << attempt.min(5), attempt), most),
            Patience::Dense(most) => (Duration::from_millis(250 << attempt.min(3)), most),
            Patience::None => return Ok(Err(error)),
        };
        if waited + wait > most {
            return Ok(Err(error));
        }
        tracing::debug!(error = %error, attempt, "tried again");
        execution.pause(wait).await?;
    }
    Err(Halt::Interrupted)
}

/// Between half of `millis` and all of it, so that callers who were throttled together do not come back together.
fn jittered(millis: u64, attempt: u32) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let spread = RandomState::new().hash_one(attempt) % (millis / 2 + 1);
    Duration::from_millis(millis / 2 + spread)
}
