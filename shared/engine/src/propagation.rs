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
    /// When it was tried last, or need not have been.
    tried: Option<Timestamp>,
    /// Before which nobody need try.
    next: Timestamp,
    /// The urgency of the most urgent that waits for it.
    urgency: u64,
    opened: Arc<Notify>,
}

/// How far apart tries are while tokens lie idle, while others want them, and once it should have propagated long ago.
const DENSE: Duration = Duration::from_millis(200);
const SPARSE: Duration = Duration::from_secs(2);

impl Gate {
    /// When the next try is worth its token. While nobody else wants it: often, from when success begins to be likely. While
    /// others do: when success is as likely as not, two seconds later, and when it is nearly certain.
    fn due(&self, is_short: bool) -> Timestamp {
        let (earliest, latest) = self.likely;
        let middle = (earliest + latest) / 2;
        match self.tried {
            Some(tried) if is_short => {
                let checkpoints = [middle, (middle + SPARSE).min(latest), latest].map(|age| self.made + age);
                checkpoints.into_iter().find(|checkpoint| *checkpoint > tried).unwrap_or(self.next)
            }
            _ => self.next,
        }
    }

    fn failed(&mut self, now: Timestamp) {
        let (earliest, latest) = self.likely;
        let age = now.duration_since(self.made).unsigned_abs();
        // Refused late, it may have been sent in time: what is nearly certain is worth trying often for a while yet.
        let step = if age < latest * 3 / 2 { DENSE } else { SPARSE };
        self.tried = Some(now);
        self.next = if age < earliest { self.made + earliest } else { now + step };
    }
}

/// The turn of one change to try.
pub(crate) struct Turn<'a> {
    propagation: &'a Propagation,
    address: ResourceAddress,
    /// The urgency of the most urgent that waits for the same.
    pub(crate) urgency: u64,
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
            tried: None,
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
        is_short: impl Fn() -> bool,
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
                if takes_time && gate.tried.is_none() {
                    // Others did not propagate at once: neither will this one.
                    gate.failed(gate.made);
                }
                let due = gate.due(is_short());
                if !gate.trying && due <= now {
                    gate.trying = true;
                    let turn = Turn { propagation: self, address: address.clone(), urgency: gate.urgency };
                    return (Some(turn), true);
                }
                // Tokens may fall idle before it is due.
                let wait = due.duration_since(now).unsigned_abs().min(Duration::from_millis(250));
                (if gate.trying { Duration::from_secs(1) } else { wait }, Arc::clone(&gate.opened))
            };
            if now >= deadline {
                return (None, false);
            }
            // Where somebody tries, its end is told; where nobody does, the next try is at a known time.
            tokio::select! {
                biased;
                () = opened.notified() => {}
                () = clock.sleep(wait) => {}
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

    /// It cannot be used yet.
    pub(crate) fn failed(self, now: Timestamp) {
        self.propagation.takes_time.store(true, Ordering::Relaxed);
        if let Some(gate) = self.propagation.lock().get_mut(&self.address) {
            gate.failed(now);
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
        let (Some(first), true) = propagation.turn((&role, 0), || false, &SystemClock, deadline).await else {
            panic!("a turn")
        };
        let waits = propagation.turn((&role, 0), || false, &SystemClock, deadline);
        let learns = async {
            tokio::task::yield_now().await;
            first.passed();
        };
        let ((turn, in_time), ()) = futures::join!(waits, learns);
        assert!(turn.is_none() && in_time, "nobody need try what is known");
        assert_eq!(propagation.closed(std::slice::from_ref(&role)), None);
    }

    #[test]
    fn tries_are_made_when_they_are_worth_their_token() {
        let (propagation, role, now) = gate();
        let mut gates = propagation.lock();
        let gate = gates.get_mut(&role).unwrap();
        let mut tried_at = |millis: u64| {
            gate.failed(now + Duration::from_millis(millis));
            [false, true].map(|is_short| gate.due(is_short).duration_since(now).as_millis())
        };
        assert_eq!(
            tried_at(1_000),
            [5_000, 8_500],
            "not before it is likely; while tokens are short, not before it is probable"
        );
        assert_eq!(tried_at(6_000), [6_200, 8_500], "then often; or not");
        assert_eq!(tried_at(8_600), [8_800, 10_500]);
        assert_eq!(tried_at(10_600), [10_800, 12_000]);
        assert_eq!(tried_at(12_100), [12_300, 12_300], "what is nearly certain is worth any token");
        assert_eq!(tried_at(20_000), [22_000, 22_000], "and patiently at last");
    }
}
