//! What is made and cannot be used everywhere yet: one change tries, the others that need the same wait for what it finds.
//!
//! A role can be used by Lambda some seconds after it was made. Were every function that needs it to try on its own, the tries
//! would use up the limit of the calls that can succeed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{ResourceAddress, Timestamp};
use tokio::sync::Notify;

use crate::ports::Clock;

/// What is known of what was made a moment ago, by address.
#[derive(Debug, Default)]
pub(crate) struct Propagation {
    gates: Mutex<BTreeMap<ResourceAddress, Gate>>,
    /// Whether anything was refused yet because it had not propagated: in an emulator, nothing is.
    takes_time: AtomicBool,
}

#[derive(Debug)]
struct Gate {
    made: Timestamp,
    /// When it begins to be likely that it can be used, and when it is nearly certain.
    likely: (Duration, Duration),
    usable: bool,
    /// Whether somebody tries right now.
    trying: bool,
    /// Before which nobody need try.
    next: Timestamp,
    /// The urgency of the most urgent that waits for it.
    urgency: u64,
    opened: Arc<Notify>,
}

/// How far apart tries are while tokens lie idle, and while others want them.
const DENSE: Duration = Duration::from_millis(200);
const SPARSE: Duration = Duration::from_millis(1_200);

/// How far apart the tries are that are worth as much as what they are for.
const CHECKPOINT: Duration = Duration::from_secs(2);

impl Gate {
    /// Until when a try at `now` is worth less than what it is for, because it may be refused: every two seconds of what is
    /// likely one is worth all of it, so that it is neither refused too often nor noticed too late.
    fn doubtful_until(&self, now: Timestamp) -> Option<Timestamp> {
        let (earliest, latest) = self.likely;
        let age = now.duration_since(self.made).unsigned_abs();
        let mut checkpoint = earliest + CHECKPOINT;
        while checkpoint < age {
            checkpoint += CHECKPOINT;
        }
        (age < latest).then(|| self.made + checkpoint.min(latest))
    }

    /// `is_short` where others want the tokens that a refused try costs.
    fn failed(&mut self, now: Timestamp, is_short: bool) {
        let (earliest, latest) = self.likely;
        let age = now.duration_since(self.made).unsigned_abs();
        let often = if is_short { SPARSE } else { DENSE };
        // Refused late, it may have been sent in time: what is nearly certain is worth trying often for a while yet.
        let step = if age < latest * 3 / 2 { often } else { often.max(Duration::from_secs(2)) };
        self.next = if age < earliest { self.made + earliest } else { now + step };
    }
}

/// The turn of one change to try.
pub(crate) struct Turn<'a> {
    propagation: &'a Propagation,
    address: ResourceAddress,
    /// The urgency of the most urgent that waits for the same.
    pub(crate) urgency: u64,
    /// Until when the try may well be refused.
    doubtful: Option<Timestamp>,
}

impl Propagation {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ResourceAddress, Gate>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was made just now that needs from `earliest` to `latest` until it can be used everywhere.
    pub(crate) fn made(&self, address: &ResourceAddress, now: Timestamp, likely: (Duration, Duration)) {
        let gate = Gate {
            made: now,
            likely,
            usable: false,
            trying: false,
            next: now,
            urgency: 0,
            opened: Arc::new(Notify::new()),
        };
        self.lock().entry(address.clone()).or_insert(gate);
    }

    /// The first of `addresses` of which it is not known that it can be used.
    pub(crate) fn closed(&self, addresses: &[ResourceAddress]) -> Option<ResourceAddress> {
        let gates = self.lock();
        addresses.iter().find(|address| gates.get(*address).is_some_and(|gate| !gate.usable)).cloned()
    }

    /// Waits until it is this caller's turn to try, or until it is known that the thing can be used (then none). The second
    /// is false where that is not before `deadline`.
    pub(crate) async fn turn(
        &self,
        (address, urgency): (&ResourceAddress, u64),
        clock: &dyn Clock,
        deadline: Timestamp,
    ) -> (Option<Turn<'_>>, bool) {
        loop {
            let now = clock.now();
            let (wait, opened) = {
                let takes_time = self.takes_time.load(Ordering::Relaxed);
                let mut gates = self.lock();
                let Some(gate) = gates.get_mut(address).filter(|gate| !gate.usable) else { return (None, true) };
                gate.urgency = gate.urgency.max(urgency);
                if takes_time && gate.next == gate.made {
                    // Others did not propagate at once: neither will this one.
                    gate.next = gate.made + gate.likely.0;
                }
                if !gate.trying && gate.next <= now {
                    gate.trying = true;
                    let (urgency, doubtful) = (gate.urgency, gate.doubtful_until(now));
                    return (Some(Turn { propagation: self, address: address.clone(), urgency, doubtful }), true);
                }
                let next = if gate.trying { None } else { Some(gate.next.duration_since(now).unsigned_abs()) };
                (next, Arc::clone(&gate.opened))
            };
            if now >= deadline {
                return (None, false);
            }
            // Where somebody tries, its end is told; where nobody does, the next try is at a known time.
            tokio::select! {
                biased;
                () = opened.notified() => {}
                () = clock.sleep(wait.unwrap_or(Duration::from_secs(1))) => {}
            }
        }
    }
}

impl Turn<'_> {
    /// It can be used.
    pub(crate) fn passed(self) {
        if let Some(gate) = self.propagation.lock().get_mut(&self.address) {
            gate.usable = true;
        }
    }

    /// Until when the try is worth less than what it is for; none where it is worth all of it.
    pub(crate) fn doubtful_until(&self) -> Option<Timestamp> {
        self.doubtful
    }

    /// It cannot be used yet.
    pub(crate) fn failed(self, now: Timestamp, is_short: bool) {
        self.propagation.takes_time.store(true, Ordering::Relaxed);
        if let Some(gate) = self.propagation.lock().get_mut(&self.address) {
            gate.failed(now, is_short);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(gate) = self.propagation.lock().get_mut(&self.address) {
            gate.trying = false;
            gate.opened.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::clock::SystemClock;

    fn gate() -> (Propagation, ResourceAddress, Timestamp) {
        let (propagation, role) = (Propagation::default(), ResourceAddress::new("a", "Role"));
        let now = Timestamp::now();
        propagation.made(&role, now, (Duration::from_secs(5), Duration::from_secs(12)));
        (propagation, role, now)
    }

    #[tokio::test]
    async fn one_tries_and_the_others_learn_from_it() {
        let (propagation, role, now) = gate();
        let deadline = now + Duration::from_secs(60);
        let (Some(first), true) = propagation.turn((&role, 0), &SystemClock, deadline).await else { panic!("a turn") };
        let waits = propagation.turn((&role, 0), &SystemClock, deadline);
        let learns = async {
            tokio::task::yield_now().await;
            first.passed();
        };
        let ((turn, in_time), ()) = futures::join!(waits, learns);
        assert!(turn.is_none() && in_time, "nobody need try what is known");
        assert_eq!(propagation.closed(std::slice::from_ref(&role)), None);
    }

    #[tokio::test]
    async fn tries_are_made_when_they_are_likely_to_succeed() {
        let (propagation, role, now) = gate();
        let next = || propagation.lock()[&role].next.duration_since(now).as_millis();
        let turn = || async { propagation.turn((&role, 0), &SystemClock, now).await.0 };
        turn().await.unwrap().failed(now + Duration::from_secs(1), false);
        assert_eq!(next(), 5_000, "not before it is likely");
        propagation.lock().get_mut(&role).unwrap().failed(now + Duration::from_secs(6), false);
        assert_eq!(next(), 6_200, "then often");
        propagation.lock().get_mut(&role).unwrap().failed(now + Duration::from_secs(6), true);
        assert_eq!(next(), 7_200, "but not while others want the tokens");
        propagation.lock().get_mut(&role).unwrap().failed(now + Duration::from_secs(20), false);
        assert_eq!(next(), 22_000, "and patiently at last");
    }
}
