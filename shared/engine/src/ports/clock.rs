//! The port to time.

use std::time::Duration;

use async_trait::async_trait;
use model::Timestamp;

/// Time, and waiting.
///
/// # Guarantees
/// `now` never goes back within a process by more than the clock's drift, and `sleep` waits at least as long as it is told.
///
/// # Assumptions
/// The clocks of all functions differ by less than a second, as Lambda's do (Amazon Time Sync Service).
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
