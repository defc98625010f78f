//! What goes wrong, and at which call.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::ports::StoreError;
use model::{CallError, ErrorClass};

/// Where in a call something happens to the process that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Before anything is sent, and before the fence is asked.
    Before,
    /// The request is on its way; it arrives as late as any can.
    Underway,
    /// It took effect; the process has not heard.
    After,
}

impl Moment {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Before, Self::Underway, Self::After];
}

/// What goes wrong at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies.
    Crash(Moment),
    /// The process freezes for so long, and goes on as if nothing had been.
    Stall(Moment, Duration),
    /// The service answers with a fault of its own, and nothing happened.
    ErrorBefore,
    /// The service answers with a fault of its own, and what was asked for happened all the same.
    ErrorAfter,
    /// Nobody answers, and nothing ever happens.
    Lost,
    /// Nobody answers, and what was asked for happens this long after it was sent.
    Late(Duration),
    /// Too many calls.
    Throttled,
    /// The service refuses what it is asked for, as it would each time, and nothing happens. A store has nothing to refuse: of
    /// one, it is a fault of its own.
    Refused,
}

/// A time during which calls fail, counted from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weather {
    /// From when.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
    /// The limit (`schema::Api::name`) whose calls fail; none for all.
    pub api: Option<&'static str>,
    /// How they fail.
    pub what: Storm,
}

/// How calls fail for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storm {
    /// They are throttled.
    Throttling,
    /// The service answers with faults of its own; every second one took effect.
    Faults,
}

/// Everything that goes wrong in one simulation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// By the number of the port call, from 1, over all processes.
    pub at: BTreeMap<usize, Fault>,
    /// By time.
    pub weather: Vec<Weather>,
}

impl Script {
    /// One fault at one call.
    pub fn one(call: usize, fault: Fault) -> Self {
        Self { at: BTreeMap::from([(call, fault)]), weather: Vec::new() }
    }

    /// The same with one more.
    #[must_use]
    pub fn and(mut self, call: usize, fault: Fault) -> Self {
        self.at.insert(call, fault);
        self
    }

    /// The weather for a call of `api`, so many microseconds after the beginning.
    pub(crate) fn storm(&self, api: &str, elapsed: Duration) -> Option<Storm> {
        let fits = |weather: &&Weather| {
            (weather.from..weather.until).contains(&elapsed) && weather.api.is_none_or(|name| name == api)
        };
        self.weather.iter().find(fits).map(|weather| weather.what)
    }
}

/// What a port answers with when something goes wrong.
pub(crate) trait Failing: Sized {
    /// The service's own fault.
    fn fault(operation: &'static str) -> Self;
    /// No answer.
    fn silence(operation: &'static str) -> Self;
    /// Too many calls.
    fn throttled(operation: &'static str) -> Self;
    /// Refused for good.
    fn refused(operation: &'static str) -> Self;
}

/// An error that AWS answers with.
pub(crate) fn answer(class: ErrorClass, operation: &str, status: u16, message: impl Into<String>) -> CallError {
    CallError { service: "sim".to_owned(), status: Some(status), ..CallError::local(class, operation, message) }
}

impl Failing for CallError {
    fn fault(operation: &'static str) -> Self {
        answer(ErrorClass::Transient, operation, 500, "internal failure")
    }

    fn silence(operation: &'static str) -> Self {
        Self { service: "sim".to_owned(), ..Self::local(ErrorClass::Transient, operation, "no answer in time") }
    }

    fn throttled(operation: &'static str) -> Self {
        answer(ErrorClass::Throttled, operation, 429, "rate exceeded")
    }

    fn refused(operation: &'static str) -> Self {
        answer(ErrorClass::Invalid, operation, 400, "refused, as it will be each time")
    }
}

impl Failing for StoreError {
    fn fault(operation: &'static str) -> Self {
        Self::Transient { operation, message: "internal server error".to_owned() }
    }

    fn silence(operation: &'static str) -> Self {
        Self::Transient { operation, message: "no answer in time".to_owned() }
    }

    fn throttled(operation: &'static str) -> Self {
        Self::Transient { operation, message: "throughput exceeded".to_owned() }
    }

    fn refused(operation: &'static str) -> Self {
        Self::fault(operation)
    }
}
