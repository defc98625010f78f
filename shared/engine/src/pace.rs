//! How fast AWS is called: a token bucket for each limit, shared by everything that one process does.

/// The token buckets of one process.
#[derive(Debug, Default)]
pub struct Pace {}

impl Pace {
    /// Full buckets.
    pub fn new() -> Self {
        Self::default()
    }
}
