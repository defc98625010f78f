//! AWS's side of rate limits: a bucket for each, and a refusal for what comes when it is empty.

use std::collections::BTreeMap;

use schema::Api;

/// The buckets of an account.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The part that is left for us.
    left: f64,
    buckets: BTreeMap<&'static str, (f64, i64)>,
}

impl Limits {
    pub(crate) fn new(left: f64) -> Self {
        Self { left, buckets: BTreeMap::new() }
    }

    /// Whether a call passes that arrives at `now`, in microseconds.
    pub(crate) fn admit(&mut self, api: Api, now: i64) -> bool {
        let (rate, burst) = (api.rate * self.left, (api.burst * self.left).max(1.0));
        let (tokens, filled) = self.buckets.entry(api.name).or_insert((burst, now));
        // Whoever spaces calls by a rounded time is not refused for the rounding.
        let passed = f64::from(i32::try_from(now - *filled).unwrap_or(i32::MAX)) / 1e6;
        *tokens = (*tokens + passed * rate).min(burst);
        *filled = now;
        if *tokens + 0.05 < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_too_fast_is_refused_and_half_of_it_with_half_of_the_limit() {
        let api = Api { name: "ten", rate: 10.0, burst: 4.0, documented: true };
        let passing = |left: f64| {
            let mut limits = Limits::new(left);
            (0..100).filter(|n| limits.admit(api, n * 10_000)).count()
        };
        assert_eq!(passing(1.0), 13, "four at once, then ten a second");
        assert_eq!(passing(0.5), 7, "two at once, then five a second");
    }
}
