//! Waiting until something is ready: looked at once, then when it is likely, then often.

use std::ops::RangeInclusive;
use std::time::Duration;

use model::{
    Action, CallError, Change, ErrorClass, Event, Observed, PhysicalId, Presence, Properties, RecordedResource,
    ResourceKey, Settled,
};
use schema::Call;

use super::{began, fail, shift};
use crate::execution::{Execution, Halt};
use crate::ports::{Existing, Provider, Readiness};
use crate::retry::{Repeat, patiently};

/// The shortest and the longest wait between two looks at what is likely to be ready.
const STEPS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// The longest wait between two looks at what says itself how long it may take: the state machine can wait for that.
const LONGEST: Duration = Duration::from_secs(60);

/// How long the next wait is for something that has taken `elapsed` and is `likely` to take that many milliseconds: what is
/// looked at every seventy-fifth of its own time is noticed at most that much late.
pub(super) fn next_look(elapsed: Duration, likely: &RangeInclusive<u64>, poll: u32) -> Duration {
    look(elapsed, likely, poll, STEPS.1)
}

fn look(elapsed: Duration, likely: &RangeInclusive<u64>, poll: u32, longest: Duration) -> Duration {
    let earliest = Duration::from_millis(*likely.start());
    let often = (elapsed / 75).clamp(STEPS.0, longest);
    // What is quick may be quicker still: in an emulator, everything is.
    let early = Duration::from_millis(100 << poll.min(5));
    if elapsed >= earliest {
        often
    } else if earliest <= Duration::from_secs(1) {
        early.min(earliest - elapsed).max(Duration::from_millis(50))
    } else {
        earliest - elapsed
    }
}

/// How long is waited for a resource.
struct Patience {
    /// Altogether.
    all: Duration,
    /// Between two looks, at most.
    step: Duration,
}

impl Patience {
    fn of(execution: &Execution<'_>, change: &Change, sent: &Properties) -> Self {
        match schema::get(&change.kind).and_then(|schema| schema.patience(sent)) {
            Some(seconds) => Self { all: Duration::from_secs(seconds), step: LONGEST },
            None => Self { all: execution.limits.readiness, step: STEPS.1 },
        }
    }

    /// How long the next wait is: not beyond the end.
    fn next_look(&self, elapsed: Duration, likely: &RangeInclusive<u64>, poll: u32) -> Duration {
        let left = self.all.saturating_sub(elapsed) + STEPS.0;
        look(elapsed, likely, poll, self.step).min(left)
    }
}

/// Whether its dependents can use it as soon as it is made: there is nothing to wait for, only something to look at.
pub(super) fn is_ready_at_once(change: &Change) -> bool {
    let latency = schema::latency(&change.kind);
    *latency.ready.end() == 0 && *latency.propagation.end() == 0
}

pub(super) async fn settle(
    execution: &Execution<'_>,
    change: &Change,
    provider: &dyn Provider,
    sent: &Properties,
    existing: &Existing<'_>,
) -> Result<(), Halt> {
    // There was nothing to wait for before its last call.
    let began = (began(execution, change) + shift::lasts(change)).min(execution.clock.now());
    let likely = schema::latency(&change.kind).ready;
    let patience = Patience::of(execution, change, sent);
    for poll in 0_u32.. {
        // Who was frozen looks once more before it gives up: what it saw last may be long past.
        let is_last = execution.clock.now().duration_since(began).unsigned_abs() > patience.all;
        match patiently(execution, change, (Call::Read, Repeat::Harmless), || provider.settle(existing)).await? {
            Ok(Readiness::Ready(observed)) => {
                let Observed { physical_id, attributes, properties: baseline, .. } = *observed;
                let observed = Settled { attributes, baseline };
                if schema::get(&change.kind).is_some_and(|schema| schema.answers)
                    && physical_id != *existing.physical_id
                {
                    answered(execution, change, sent, physical_id, observed);
                    return Ok(());
                }
                let observed = Some(observed);
                // Not waited for: whatever builds on it is journalled later, and is never durable before it.
                let _ = execution.write(change, sent, Event::Succeeded { observed });
                return Ok(());
            }
            Ok(Readiness::Pending(what)) => {
                if poll == 0 && !execution.state.is_awaited(&change.key) {
                    let _ = execution.write(change, sent, Event::Awaiting { what: what.clone() });
                }
                if is_last {
                    let message = format!("still waiting {what} after {:?}", patience.all);
                    return fail(execution, change, sent, CallError::local(ErrorClass::Busy, "settle", message)).await;
                }
                let elapsed = execution.clock.now().duration_since(began).unsigned_abs();
                execution.nap(change, patience.next_look(elapsed, &likely, poll)).await?;
            }
            Ok(Readiness::Failed(why)) => {
                return fail(execution, change, sent, CallError::local(ErrorClass::Invalid, "settle", why)).await;
            }
            Err(error) => return fail(execution, change, sent, error).await,
        }
    }
    Err(Halt::Interrupted)
}

/// Records that code of the user's own gave a resource another name. What was named before that code was asked to change it is
/// another resource from now on, whose deletion is due: the record has it as deposed, below the one in use.
fn answered(execution: &Execution<'_>, change: &Change, sent: &Properties, name: PhysicalId, observed: Settled) {
    let before = execution.state.get(&change.key);
    let event = Event::Succeeded { observed: Some(observed) };
    let now = execution.clock.now();
    let after = journal::record(before.as_ref(), change, sent, execution.deployment, &event, now);
    let generations = execution.state.generations(&change.key.address);
    // It goes by the name of what gave way to it before: that is in use again, and no deletion of it is due any more.
    let is_back = |(key, resource): &&(ResourceKey, RecordedResource)| {
        let is_named = resource.physical_id.as_ref() == Some(&name);
        *key != change.key && is_named && resource.presence == Presence::Leaving && resource.intent.is_none()
    };
    let mut items: Vec<_> = generations.iter().filter(is_back).map(|(key, _)| (key.clone(), None)).collect();
    let last = generations.last().map_or(change.key.generation, |(key, _)| key.generation);
    let after = after.map(|after| RecordedResource { physical_id: Some(name), ..after });
    // What never answered has no name but that of the request, and is what answers now: nothing gave way.
    let had_answered = |before: &RecordedResource| !before.baseline.0.is_empty();
    match (&change.action, before) {
        (Action::Update { .. }, Some(before)) if had_answered(&before) => {
            let deposed = RecordedResource { presence: Presence::Leaving, intent: None, reap: Some(now), ..before };
            items.push((change.key.clone(), Some(deposed)));
            // Where that one moved to its address, it alone is remembered by its earlier one.
            let after = after.map(|after| RecordedResource { made_as: None, ..after });
            items.push((ResourceKey::new(change.key.address.clone(), last.next()), after));
        }
        _ => items.push((change.key.clone(), after)),
    }
    // Not waited for, as of any other success.
    let _ = execution.write_items(&change.key, items, event);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_looked_at_when_it_is_likely_and_then_often() {
        let gateway = 84_000..=123_000;
        let next = |elapsed| next_look(Duration::from_secs(elapsed), &gateway, 1).as_millis();
        assert_eq!(next(2), 82_000);
        assert_eq!(next(90), 1_200);
        assert_eq!(next(1_000), 5_000, "but not so rarely that nobody knows");
    }

    #[test]
    fn what_is_quick_is_looked_at_early_too() {
        let function = 500..=2_000;
        assert_eq!(next_look(Duration::ZERO, &function, 0).as_millis(), 100);
        assert_eq!(next_look(Duration::from_millis(450), &function, 2).as_millis(), 50);
        assert_eq!(next_look(Duration::from_millis(600), &function, 3).as_millis(), 100);
    }
    #[test]
    fn what_says_how_long_it_may_take_is_looked_at_when_that_is_over_and_else_ever_more_rarely() {
        let patience = Patience { all: Duration::from_secs(3_600), step: LONGEST };
        let next = |elapsed| patience.next_look(Duration::from_secs(elapsed), &(500..=120_000), 9).as_millis();
        assert_eq!([next(30), next(1_500), next(3_599)], [400, 20_000, 1_100]);
    }
}
