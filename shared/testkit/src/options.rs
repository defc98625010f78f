//! What kind of AWS is simulated.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::fault::Script;

/// Where the times come from that calls and resources take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latencies {
    /// A call takes a millisecond, and everything is ready, usable and gone at once.
    None,
    /// The middle of each range of `schema::latency`.
    Middle,
    /// Drawn from the ranges of `schema::latency`.
    Drawn,
}

/// What kind of AWS is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where the times come from.
    pub latencies: Latencies,
    /// How long reading calls take, in milliseconds; where there are latencies.
    pub read: RangeInclusive<u64>,
    /// How long a request is on its way until it is counted against a limit and looked at, at most; none where that is half of
    /// the call, so that what happens in calls of different lengths gets mixed up.
    pub door: Option<Duration>,
    /// How long a call to the ledger takes.
    pub commit: Duration,
    /// Whether what was just made may not be listed yet, for as long as its type's proof allows.
    pub lagging: bool,
    /// How long the search by tags may lag, in milliseconds.
    pub owned_lag: RangeInclusive<u64>,
    /// How long what is made takes until other services know of it, in milliseconds; none where that is as long as its type's.
    pub propagation: Option<RangeInclusive<u64>>,
    /// The part of AWS's documented and guessed limits that is left for us; none where nothing is limited.
    pub limits: Option<f64>,
    /// Whether types whose creation takes several calls take a call to be finished.
    pub converging: bool,
    /// How long interfaces linger after what used them is gone, in milliseconds.
    pub lingering: RangeInclusive<u64>,
    /// How long a caller waits for an answer.
    pub timeout: Duration,
    /// How late a request may arrive whose caller is gone. Never more than the engine's `Limits::landing` where nothing may be
    /// lost.
    pub landing: Duration,
    /// What goes wrong.
    pub script: Script,
}

impl Options {
    /// Nothing takes long, lags or is limited: for tests of what happens at each call.
    pub fn quick() -> Self {
        Self {
            latencies: Latencies::None,
            read: 1..=1,
            door: None,
            commit: Duration::from_millis(1),
            lagging: false,
            owned_lag: 0..=0,
            propagation: None,
            limits: None,
            converging: true,
            lingering: 0..=0,
            timeout: Duration::from_secs(10),
            landing: Duration::from_secs(14),
            script: Script::default(),
        }
    }

    /// AWS as it is said to be.
    pub fn real() -> Self {
        Self {
            latencies: Latencies::Drawn,
            read: 40..=120,
            commit: Duration::from_millis(10),
            lagging: true,
            owned_lag: 0..=30_000,
            limits: Some(1.0),
            converging: true,
            lingering: 1_200_000..=28_800_000,
            ..Self::quick()
        }
    }

    /// AWS without chance, for comparing schedules: the middle of every range, and nothing but the limits in the way. AWS
    /// throttles at its door, before it does any work, a network's way from the caller.
    pub fn bench() -> Self {
        Self {
            latencies: Latencies::Middle,
            door: Some(Duration::from_millis(20)),
            read: 60..=60,
            lagging: false,
            owned_lag: 0..=0,
            converging: false,
            ..Self::real()
        }
    }

    /// The same with a script of faults.
    #[must_use]
    pub fn with(mut self, script: Script) -> Self {
        self.script = script;
        self
    }
}
