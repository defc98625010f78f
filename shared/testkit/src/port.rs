//! The one way through every port: each call is counted and named here, and whatever goes wrong goes wrong here.

use std::sync::{Arc, Mutex, PoisonError};

use crate::fault::{Failing, Fault, Moment};
use crate::process::Process;
use crate::time::micros;
use crate::world::World;

/// How long a call is on its way, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) there: i64,
    pub(crate) back: i64,
}

/// A call through a port. `gate` is asked right before the request is sent; `effect` is what it does where it arrives, and is
/// told when its answer arrives. Once sent, it arrives whatever becomes of the process.
pub(crate) async fn call<T, E>(
    process: &Arc<Process>,
    (port, of): (&'static str, &str),
    way: Way,
    gate: impl FnOnce() -> Result<(), E>,
    effect: impl FnOnce(&World, i64) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Failing + Send + 'static,
{
    let world = process.world.clone();
    let (_, fault) = world.call(port, of);
    match fault {
        Some(Fault::Crash(Moment::Before)) => process.die().await,
        Some(Fault::Stall(Moment::Before, duration)) => process.freeze(duration).await,
        _ => {}
    }
    gate()?;
    let sent = world.time().micros();
    let timeout = micros(world.options().timeout);
    match fault {
        Some(Fault::ErrorBefore) => {
            world.time().until(sent + way.there + way.back).await;
            return Err(E::fault(port));
        }
        Some(Fault::Refused) => {
            world.time().until(sent + way.there + way.back).await;
            return Err(E::refused(port));
        }
        Some(Fault::Throttled) => {
            world.time().until(sent + way.there + way.back).await;
            return Err(E::throttled(port));
        }
        Some(Fault::Lost) => {
            world.time().until(sent + timeout).await;
            return Err(E::silence(port));
        }
        _ => {}
    }
    let arrives = match fault {
        Some(Fault::Late(after)) => sent + micros(after),
        Some(Fault::Crash(Moment::Underway) | Fault::Stall(Moment::Underway, _)) => {
            sent + micros(world.options().landing)
        }
        _ => sent + way.there,
    };
    let answer = Arc::new(Mutex::new(None));
    let (tie, slot) = (world.downgrade(), Arc::clone(&answer));
    world.time().happen_at(arrives, move || {
        if let Some(world) = tie.world() {
            let result = effect(&world, arrives + way.back);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    });
    match fault {
        Some(Fault::Late(_)) => {
            world.time().until(sent + timeout).await;
            return Err(E::silence(port));
        }
        Some(Fault::Crash(Moment::Underway)) => process.die().await,
        Some(Fault::Stall(Moment::Underway, duration)) => {
            process.freeze(duration).await;
            // Whoever sleeps longer than the transport waits hears nothing any more.
            if world.time().micros() - sent > timeout {
                return Err(E::silence(port));
            }
        }
        _ => {}
    }
    world.time().until(arrives).await;
    match fault {
        Some(Fault::Crash(Moment::After)) => process.die().await,
        Some(Fault::Stall(Moment::After, duration)) => process.freeze(duration).await,
        _ => {}
    }
    // What is refused at the door is answered there.
    let is_refused = answer.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(Result::is_err);
    let back = match world.options().door {
        Some(door) if is_refused => micros(door).min(way.back),
        _ => way.back,
    };
    world.time().until(arrives + back).await;
    if fault == Some(Fault::ErrorAfter) {
        return Err(E::fault(port));
    }
    let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
    answer.unwrap_or_else(|| Err(E::silence(port)))
}
