//! How fast AWS is called: a token bucket for each of its limits, shared by everything that one process does.
//!
//! A bucket starts at what AWS documents (`schema::api`). Being throttled takes a third of its rate, because somebody else uses
//! the same limit; each call that is answered gives a part of it back, up to where it started. Among those who wait for a token, the
//! most urgent gets the next one. Never sleeps by itself: waiting goes through the clock.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Timestamp;
use schema::Api;
use tokio::sync::Notify;

use crate::ports::Clock;

/// What is left of a rate by being throttled.
const DECREASE: f64 = 0.7;

/// The part of the full rate that each answered call gives back.
const INCREASE: f64 = 0.02;

/// By how much calls may differ in how long they are on their way: what leaves in time must not arrive too soon.
const SPREAD: Duration = Duration::from_millis(100);

/// The least that is left of a rate, as a part of it.
const FLOOR: f64 = 0.05;

/// Throttled answers within this time are one: they belong to calls that were under way together.
const ONE_STORM: Duration = Duration::from_millis(1_000);

/// The token buckets of one process.
#[derive(Debug, Default)]
pub struct Pace {
    buckets: Mutex<BTreeMap<&'static str, Bucket>>,
}

/// A place in a queue: urgency and ticket.
type Place = (Reverse<u64>, u64);

#[derive(Debug)]
struct Bucket {
    limit: Api,
    /// Tokens a second, now.
    rate: f64,
    tokens: f64,
    filled: Timestamp,
    throttled: Option<Timestamp>,
    /// Who waits: the most urgent first, then by ticket. Only the first looks for tokens; it is told when it becomes that.
    waiting: BTreeMap<Place, Arc<Notify>>,
    tickets: u64,
}

/// The tokens of a full bucket: a burst, but for what may arrive too soon.
fn full(limit: Api) -> f64 {
    (limit.burst - limit.rate * SPREAD.as_secs_f64()).max(1.0)
}

impl Bucket {
    fn new(limit: Api, now: Timestamp) -> Self {
        Self {
            limit,
            rate: limit.rate,
            tokens: full(limit),
            filled: now,
            throttled: None,
            waiting: BTreeMap::new(),
            tickets: 0,
        }
    }

    fn fill(&mut self, now: Timestamp) {
        let passed = now.duration_since(self.filled).as_secs_f64();
        if passed > 0.0 {
            self.tokens = (self.tokens + passed * self.rate).min(full(self.limit));
            self.filled = now;
        }
    }

    /// What `place` may do now.
    fn ask(&mut self, place: Place, now: Timestamp) -> Answer {
        self.fill(now);
        if self.waiting.first_key_value().is_some_and(|(first, _)| *first != place) {
            return Answer::Behind;
        }
        // A millionth less than a whole token is a token: rounding is not worth a wait.
        if self.tokens + 1e-6 >= 1.0 {
            self.tokens -= 1.0;
            return Answer::Taken;
        }
        let seconds = (1.0 - self.tokens) / self.rate;
        // In whole milliseconds, rounded up: no clock that is waited on is finer.
        Answer::In(Duration::from_millis((seconds * 1_000.0).ceil().max(1.0) as u64))
    }

    /// Somebody takes its token or goes away: who is first now is told.
    fn leave(&mut self, place: Place) {
        if self.waiting.remove(&place).is_some()
            && let Some((_, first)) = self.waiting.first_key_value()
        {
            first.notify_one();
        }
    }
}

/// What somebody who waits may do.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// Go on: the token is taken.
    Taken,
    /// Look again after this long.
    In(Duration),
    /// Wait until told: somebody else is first.
    Behind,
}

/// The longest that the first waits before it looks again: the rate may have recovered.
const LOOK: Duration = Duration::from_secs(1);

impl Pace {
    /// Full buckets.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, limit: Api, now: Timestamp, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.lock();
        act(buckets.entry(limit.name).or_insert_with(|| Bucket::new(limit, now)))
    }

    /// Waits for a token, the most urgent first. False where there is none before `deadline`.
    pub(crate) async fn admit(&self, limit: Api, urgency: u64, clock: &dyn Clock, deadline: Timestamp) -> bool {
        let told = Arc::new(Notify::new());
        let place = self.with(limit, clock.now(), |bucket| {
            bucket.tickets += 1;
            let place = (Reverse(urgency), bucket.tickets);
            bucket.waiting.insert(place, Arc::clone(&told));
            place
        });
        // Whoever has its token, or is dropped while waiting, makes room for the next.
        let _leaves = Leaves { pace: self, limit, place };
        loop {
            let now = clock.now();
            let left = deadline.duration_since(now);
            match self.with(limit, now, |bucket| bucket.ask(place, now)) {
                Answer::Taken => return true,
                Answer::In(wait) if now + wait >= deadline => return false,
                Answer::In(wait) => clock.sleep(wait.min(LOOK)).await,
                Answer::Behind if !left.is_positive() => return false,
                Answer::Behind => tokio::select! {
                    biased;
                    () = told.notified() => {}
                    () = clock.sleep(left.unsigned_abs()) => {}
                },
            }
        }
    }

    /// Whether others wait for tokens, or will soon.
    pub(crate) fn is_short(&self, limit: Api, now: Timestamp) -> bool {
        self.with(limit, now, |bucket| {
            bucket.fill(now);
            !bucket.waiting.is_empty() || bucket.tokens < full(bucket.limit) / 4.0
        })
    }

    /// AWS answered a call.
    pub(crate) fn answered(&self, limit: Api, now: Timestamp) {
        self.with(limit, now, |bucket| {
            bucket.fill(now);
            bucket.rate = (bucket.rate + bucket.limit.rate * INCREASE).min(bucket.limit.rate);
        });
    }

    /// AWS refused a call because there were too many.
    pub(crate) fn throttled(&self, limit: Api, now: Timestamp) {
        self.with(limit, now, |bucket| {
            bucket.fill(now);
            bucket.tokens = bucket.tokens.min(0.0);
            let is_new = bucket.throttled.is_none_or(|last| now.duration_since(last).unsigned_abs() >= ONE_STORM);
            if is_new {
                bucket.throttled = Some(now);
                bucket.rate = (bucket.rate * DECREASE).max(bucket.limit.rate * FLOOR);
            }
        });
    }
}

struct Leaves<'a> {
    pace: &'a Pace,
    limit: Api,
    place: Place,
}

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        if let Some(bucket) = self.pace.lock().get_mut(self.limit.name) {
            bucket.leave(self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use async_trait::async_trait;

    use super::*;

    const LIMIT: Api = Api { name: "ten", rate: 10.0, burst: 2.0, documented: true };

    #[derive(Default)]
    struct Hand(AtomicI64);

    #[async_trait]
    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
        }

        async fn sleep(&self, duration: Duration) {
            self.0.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
        }
    }

    const FAR: Timestamp = Timestamp::MAX;

    #[tokio::test]
    async fn a_burst_passes_at_once_and_the_rest_at_the_rate() {
        let (pace, clock) = (Pace::new(), Hand::default());
        for _ in 0..12 {
            assert!(pace.admit(LIMIT, 0, &clock, FAR).await);
        }
        assert_eq!(clock.now().as_millisecond(), 1_100, "one at once, eleven at ten a second");
    }

    #[tokio::test]
    async fn a_wait_beyond_the_deadline_is_not_begun() {
        let (pace, clock) = (Pace::new(), Hand::default());
        let soon = clock.now() + Duration::from_millis(50);
        assert!(pace.admit(LIMIT, 0, &clock, soon).await);
        assert!(!pace.admit(LIMIT, 0, &clock, soon).await);
        assert!(pace.lock()["ten"].waiting.is_empty(), "who went away keeps nobody waiting");
    }

    #[test]
    fn the_most_urgent_gets_the_next_token_and_the_next_is_told() {
        let mut bucket = Bucket::new(LIMIT, Timestamp::UNIX_EPOCH);
        bucket.tokens = 1.0;
        let (later, sooner) = ((Reverse(1), 1), (Reverse(9), 2));
        bucket.waiting.insert(later, Arc::new(Notify::new()));
        bucket.waiting.insert(sooner, Arc::new(Notify::new()));
        assert_eq!(bucket.ask(later, Timestamp::UNIX_EPOCH), Answer::Behind);
        assert_eq!(bucket.ask(sooner, Timestamp::UNIX_EPOCH), Answer::Taken);
        bucket.leave(sooner);
        assert_eq!(bucket.ask(later, Timestamp::UNIX_EPOCH), Answer::In(Duration::from_millis(100)));
    }

    #[tokio::test]
    async fn many_who_wait_pass_one_after_the_other_though_there_are_more_of_them_than_a_burst() {
        let (pace, clock) = (Pace::new(), Hand::default());
        let all: Vec<_> = (0..20).map(|urgency| pace.admit(LIMIT, urgency, &clock, FAR)).collect();
        let admitted = futures::future::join_all(all).await;
        assert!(admitted.into_iter().all(|admitted| admitted));
        assert!(pace.lock()["ten"].waiting.is_empty());
    }

    #[test]
    fn being_throttled_takes_a_third_of_the_rate_once_a_storm_and_answers_bring_it_back() {
        let pace = Pace::new();
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        let rate = || pace.lock()["ten"].rate;
        pace.throttled(LIMIT, at(0));
        pace.throttled(LIMIT, at(10));
        assert!((rate() - 7.0).abs() < 1e-9, "one storm");
        pace.throttled(LIMIT, at(2_000));
        assert!((rate() - 4.9).abs() < 1e-9);
        for _ in 0..100 {
            pace.answered(LIMIT, at(3_000));
        }
        assert!((rate() - 10.0).abs() < 1e-9, "and no further than where it started");
    }
}
