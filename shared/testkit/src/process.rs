//! Processes: several futures on one thread, in virtual time; each can die, or freeze for a while and go on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use engine::Fence;
use engine::ports::Clock;

use crate::health::SimHealth;
use crate::ledger::SimLedger;
use crate::provider::Kinds;
use crate::time::{Time, micros};
use crate::world::World;

/// One invocation of a function: what it dies with, freezes with, and is fenced by.
#[derive(Debug)]
pub struct Process {
    pub(crate) world: World,
    pub(crate) fence: Fence,
    has_died: AtomicBool,
    frozen_until: AtomicI64,
    /// The epoch of the lease that it took last; 0 before.
    pub(crate) epoch: AtomicU64,
}

impl Process {
    pub(crate) fn new(world: World, fence: Fence) -> Self {
        Self {
            world,
            fence,
            has_died: AtomicBool::new(false),
            frozen_until: AtomicI64::new(i64::MIN),
            epoch: AtomicU64::new(0),
        }
    }

    /// What its mutating calls ask.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// The ledger, as it sees it.
    pub fn ledger(self: &Arc<Self>) -> SimLedger {
        SimLedger::new(Arc::clone(self))
    }

    /// The account, as it sees it.
    pub fn providers(self: &Arc<Self>) -> Kinds {
        Kinds::new(self)
    }

    /// The alarms, as it sees them.
    pub fn health(self: &Arc<Self>) -> SimHealth {
        SimHealth::new(self)
    }

    /// The clock, which is everybody's.
    pub fn clock(&self) -> &dyn Clock {
        self.world.time()
    }

    /// Whether it died.
    pub fn has_died(&self) -> bool {
        self.has_died.load(Ordering::Relaxed)
    }

    /// Whether it is frozen now.
    pub fn is_frozen(&self) -> bool {
        self.frozen_until.load(Ordering::Relaxed) > self.world.time().micros()
    }

    /// Dies: never comes back.
    pub(crate) async fn die(&self) {
        self.has_died.store(true, Ordering::Relaxed);
        std::future::pending::<()>().await;
    }

    /// Freezes, all of it, and goes on afterwards as if nothing had been.
    pub(crate) async fn freeze(&self, duration: Duration) {
        let until = self.world.time().micros().saturating_add(micros(duration));
        self.frozen_until.store(until, Ordering::Relaxed);
        self.world.time().until(until).await;
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Slot<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    flag: Arc<Flag>,
    process: Option<Arc<Process>>,
}

/// What came of running the processes for a while.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// One has ended.
    Ended(usize, T),
    /// One has died.
    Died(usize),
    /// One has frozen just now.
    Froze(usize),
    /// Nothing is left that could ever run.
    Quiet,
}

/// Everything that runs at the same time.
pub struct Processes<'a, T> {
    time: Time,
    slots: Vec<Option<Slot<'a, T>>>,
}

impl<T> std::fmt::Debug for Processes<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Processes({})", self.slots.iter().flatten().count())
    }
}

impl<'a, T> Processes<'a, T> {
    /// None yet.
    pub fn new(time: &Time) -> Self {
        Self { time: time.clone(), slots: Vec::new() }
    }

    /// Starts one. Its number is what [`Step`] names it by.
    pub fn start(&mut self, process: Option<Arc<Process>>, future: impl Future<Output = T> + 'a) -> usize {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        self.slots.push(Some(Slot { future: Box::pin(future), flag, process }));
        self.slots.len() - 1
    }

    /// Ends one where it stands, as a process is killed.
    pub fn kill(&mut self, number: usize) {
        if let Some(slot) = self.slots.get_mut(number) {
            *slot = None;
        }
    }

    /// Whether one has neither ended nor died.
    pub fn is_running(&self, number: usize) -> bool {
        self.slots.get(number).is_some_and(Option::is_some)
    }

    /// Runs everything, moving time on whenever nothing can run, until something is worth telling.
    pub fn step(&mut self) -> Step<T> {
        loop {
            let mut has_run = false;
            for number in 0..self.slots.len() {
                let Some(Some(slot)) = self.slots.get_mut(number) else { continue };
                if slot.process.as_ref().is_some_and(|process| process.is_frozen()) {
                    continue;
                }
                if !slot.flag.0.swap(false, Ordering::Relaxed) {
                    continue;
                }
                has_run = true;
                let waker = Waker::from(Arc::clone(&slot.flag));
                let polled = slot.future.as_mut().poll(&mut Context::from_waker(&waker));
                let process = slot.process.clone();
                if let Poll::Ready(value) = polled {
                    self.kill(number);
                    return Step::Ended(number, value);
                }
                if process.as_ref().is_some_and(|process| process.has_died()) {
                    self.kill(number);
                    return Step::Died(number);
                }
                if process.is_some_and(|process| process.is_frozen()) {
                    return Step::Froze(number);
                }
            }
            if !has_run && !self.time.advance() {
                return Step::Quiet;
            }
        }
    }
}
