//! The fence: no mutating call starts that the lease may not outlive.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// The code of a call that the fence refused: nothing was sent.
pub const LEASE_TOO_SHORT: &str = "LeaseTooShort";

/// The moment until which this invocation's lease is known to last, and how long one call can take. Shared by the engine,
/// which moves it forward with every commit, and by the AWS clients, which ask it before each mutating request is sent.
#[derive(Debug)]
pub struct Fence {
    expires: AtomicI64,
    call: Duration,
}

impl Fence {
    /// A closed fence. `call` is the longest that one request can be in flight, retries of the transport included.
    pub fn new(call: Duration) -> Self {
        Self { expires: AtomicI64::new(i64::MIN), call }
    }

    /// The lease is known to last until `expires`.
    pub fn open_until(&self, expires: Timestamp) {
        self.expires.store(expires.as_millisecond(), Ordering::SeqCst);
    }

    /// The lease is lost or given back.
    pub fn close(&self) {
        self.expires.store(i64::MIN, Ordering::SeqCst);
    }

    /// Whether a mutating call may start at `now`.
    pub fn permits(&self, now: Timestamp) -> bool {
        let call = i64::try_from(self.call.as_millis()).unwrap_or(i64::MAX);
        now.as_millisecond().saturating_add(call) < self.expires.load(Ordering::SeqCst)
    }

    /// The longest that one request can be in flight.
    pub fn call(&self) -> Duration {
        self.call
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_starts_only_if_the_lease_outlives_it() {
        let now = Timestamp::from_second(1_000).unwrap();
        let fence = Fence::new(Duration::from_secs(10));
        assert!(!fence.permits(now), "closed at first");
        fence.open_until(now + Duration::from_secs(10));
        assert!(!fence.permits(now));
        fence.open_until(now + Duration::from_secs(11));
        assert!(fence.permits(now));
        fence.close();
        assert!(!fence.permits(now));
    }
}
