//! Virtual time: what is due when. It moves only when nothing can run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::Clock;
use model::Timestamp;

/// When every simulation begins: 2026-11-01T00:00:00Z, in microseconds.
pub const BEGINNING: i64 = 1_793_491_200_000_000;

/// What is due at a moment.
enum Due {
    /// Somebody goes on.
    Wake(Waker),
    /// Something happens, whether anybody still waits for it or not: a request arrives.
    Happen(Box<dyn FnOnce() + Send>),
}

struct Timer {
    at: i64,
    order: u64,
    due: Due,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

#[derive(Default)]
struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    order: u64,
}

/// The time of one simulation, in microseconds. Clones share it.
#[derive(Clone)]
pub struct Time {
    now: Arc<AtomicI64>,
    timers: Arc<Mutex<Timers>>,
}

impl Default for Time {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Time({})", self.now())
    }
}

impl Time {
    /// The beginning.
    pub fn new() -> Self {
        Self { now: Arc::new(AtomicI64::new(BEGINNING)), timers: Arc::default() }
    }

    /// Another time, at which it is as late, and nothing is due.
    pub(crate) fn fork(&self) -> Self {
        Self { now: Arc::new(AtomicI64::new(self.micros())), timers: Arc::default() }
    }

    /// Microseconds since 1970.
    pub fn micros(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    /// How long the simulation has run.
    pub fn elapsed(&self) -> Duration {
        Duration::from_micros((self.micros() - BEGINNING).unsigned_abs())
    }

    fn lock(&self) -> MutexGuard<'_, Timers> {
        self.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, at: i64, due: Due) {
        let mut timers = self.lock();
        timers.order += 1;
        let order = timers.order;
        timers.heap.push(Reverse(Timer { at, order, due }));
    }

    pub(crate) fn wake_at(&self, at: i64, waker: Waker) {
        self.add(at, Due::Wake(waker));
    }

    /// Lets something happen at a moment, whatever becomes of who asked for it.
    pub(crate) fn happen_at(&self, at: i64, happening: impl FnOnce() + Send + 'static) {
        self.add(at, Due::Happen(Box::new(happening)));
    }

    /// Waits until a moment.
    pub(crate) fn until(&self, at: i64) -> Sleep<'_> {
        Sleep { time: self, at, is_set: false }
    }

    /// Moves on to the next moment at which something is due, and lets it happen. False where nothing is.
    pub(crate) fn advance(&self) -> bool {
        let Some(at) = self.lock().heap.peek().map(|Reverse(timer)| timer.at) else { return false };
        self.now.fetch_max(at, Ordering::Relaxed);
        loop {
            let due = {
                let mut timers = self.lock();
                match timers.heap.peek() {
                    Some(Reverse(timer)) if timer.at <= at => timers.heap.pop().map(|Reverse(timer)| timer.due),
                    _ => None,
                }
            };
            match due {
                Some(Due::Wake(waker)) => waker.wake(),
                Some(Due::Happen(happening)) => happening(),
                None => return true,
            }
        }
    }

    /// Forgets everything that is due.
    pub(crate) fn clear(&self) {
        let timers = std::mem::take(&mut *self.lock());
        drop(timers);
    }
}

/// A wait until a moment.
pub(crate) struct Sleep<'a> {
    time: &'a Time,
    at: i64,
    is_set: bool,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.is_set && self.time.micros() >= self.at {
            return Poll::Ready(());
        }
        // Also a wait of no length lets the others go first.
        self.time.wake_at(self.at.max(self.time.micros()), context.waker().clone());
        self.is_set = true;
        Poll::Pending
    }
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

#[async_trait]
impl Clock for Time {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.micros()).unwrap_or(Timestamp::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        self.until(self.micros().saturating_add(micros(duration))).await;
    }
}
