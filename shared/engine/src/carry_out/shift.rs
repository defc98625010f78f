//! An alias that goes to another version in steps, for as long as the agent's alarms are quiet.
//!
//! Keeps nothing of its own. Which step it is in follows from when the change began, so that another invocation goes on where
//! the last one was; what the alias was made to be stands in the record, as of any other update.

use std::time::Duration;

use model::{
    CallError, Change, ErrorClass, Event, Operation, PhysicalId, Properties, Shift, ShiftStep, Timestamp, properties,
};
use schema::Call;
use serde_json::{Value, json};

use super::{attempt_after, began, fail, identity, resolved};
use crate::execution::{Execution, Halt};
use crate::ports::{AlarmSeen, Creation, Existing, Provider};
use crate::retry::{Repeat, patiently};

/// How often the alarms are looked at. CloudWatch looks at what they watch once a minute.
const LOOK: Duration = Duration::from_secs(30);

/// How long a change takes before its last call, because calls are led over in steps.
pub(super) fn lasts(change: &Change) -> Duration {
    Duration::from_secs(change.shift.as_ref().map_or(0, Shift::seconds))
}

/// A change of an alias that is carried out in steps.
pub(super) struct Shifting<'a> {
    pub(super) execution: &'a Execution<'a>,
    pub(super) change: &'a Change,
    pub(super) provider: &'a dyn Provider,
    pub(super) physical_id: &'a PhysicalId,
    /// What the alias shall be in the end.
    pub(super) to: &'a Properties,
}

impl Shifting<'_> {
    /// Goes through the steps from where it is, and makes the alias what it shall be in the end. `live` is what AWS shows of it.
    pub(super) async fn go(&self, shift: &Shift, live: &Properties) -> Result<(), Halt> {
        let (execution, change) = (self.execution, self.change);
        let (from, to) = (live.text("FunctionVersion"), self.to.text("FunctionVersion"));
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            let began = began(execution, change);
            let mut is_begun = execution.state.since(&change.key).is_some();
            let known = execution.state.get(&change.key).filter(|_| execution.state.is_awaited(&change.key));
            let mut stands = known.map(|recorded| recorded.sent);
            loop {
                if execution.is_cancelled() {
                    return Err(Halt::Interrupted);
                }
                if is_begun {
                    self.look(shift, began).await?;
                }
                is_begun = true;
                let Some((step, until)) = step_at(shift, began, execution.clock.now()) else { break };
                let weighted = weighted(self.to, (from, to), step.percent);
                if stands.as_ref() != Some(&weighted) {
                    self.send(&weighted).await?;
                    let _ =
                        execution.write(change, &weighted, Event::Awaiting { what: told(execution, step, to, until) });
                    stands = Some(weighted);
                }
                let left = until.duration_since(execution.clock.now());
                execution.nap(change, Duration::try_from(left).unwrap_or(Duration::ZERO).min(LOOK)).await?;
            }
        }
        self.send(self.to).await
    }

    /// Announces what the alias is to be, and makes it so. Whatever an invocation before left it as.
    async fn send(&self, sent: &Properties) -> Result<(), Halt> {
        let (execution, change) = (self.execution, self.change);
        let recorded = execution.state.get(&change.key);
        let attempt = recorded.map_or(1, |recorded| attempt_after(execution, change, &recorded));
        let token = execution.announce(change, sent, Operation::Update, attempt).await?;
        let key = identity(execution, change);
        let earlier = execution.state.get(&change.key).map(|recorded| recorded.earlier).unwrap_or_default();
        let existing =
            Existing { earlier: &earlier, token: Some(&token), ..Existing::settled(&key, self.physical_id, sent) };
        let creation = Creation { key: &key, properties: sent, token: &token, stamp: execution.stamp };
        let how = (Call::Update, Repeat::Harmless);
        let converged =
            patiently(execution, change, how, || self.provider.converge(&existing, &creation, false)).await?;
        match converged {
            Ok(()) => Ok(()),
            Err(error) => fail(execution, change, sent, error).await,
        }
    }

    /// Fails the change if an alarm has gone off since it began. One that was on before says nothing of the new version.
    async fn look(&self, shift: &Shift, began: Timestamp) -> Result<(), Halt> {
        let (execution, change) = (self.execution, self.change);
        let names = resolved(execution, change, &properties(json!({ "Alarms": shift.alarms }))).await?;
        let names = names.get("Alarms").and_then(Value::as_array).cloned().unwrap_or_default();
        for name in names.iter().filter_map(Value::as_str) {
            let how = (None, Repeat::Harmless);
            let error = match patiently(execution, change, how, || execution.health.alarm(name)).await? {
                Ok(AlarmSeen::Quiet) => continue,
                Ok(AlarmSeen::Off { since: Some(since), .. }) if since < began => continue,
                Ok(AlarmSeen::Off { reason, .. }) => gone_off(name, &reason),
                Ok(AlarmSeen::Missing) => {
                    let message = format!("there is no alarm `{name}` any more, so that nobody watches the shift");
                    CallError::local(ErrorClass::NotFound, "read", message)
                }
                Err(error) => error,
            };
            return fail(execution, change, self.to, error).await;
        }
        Ok(())
    }
}

fn gone_off(alarm: &str, reason: &str) -> CallError {
    let message = format!("the alarm `{alarm}` went off while calls were led to the new version: {reason}");
    CallError::local(ErrorClass::Invalid, crate::cause::SHIFT, message)
}

/// The step of `now`, and when it ends; none once all are over.
fn step_at(shift: &Shift, began: Timestamp, now: Timestamp) -> Option<(&ShiftStep, Timestamp)> {
    let mut until = began;
    shift.steps.iter().find_map(|step| {
        until = until.checked_add(Duration::from_secs(step.seconds.into())).unwrap_or(Timestamp::MAX);
        (now < until).then_some((step, until))
    })
}

/// What the alias is while a part of the calls goes to another version.
fn weighted(to: &Properties, (from, version): (&str, &str), percent: u8) -> Properties {
    let weight = json!({ "FunctionVersion": version, "FunctionWeight": f64::from(percent) / 100.0 });
    let routing = json!({ "AdditionalVersionWeights": [weight] });
    to.clone().with("FunctionVersion", from).with("RoutingConfig", routing)
}

fn told(execution: &Execution<'_>, step: &ShiftStep, version: &str, until: Timestamp) -> String {
    let seconds = until.duration_since(execution.clock.now()).as_secs().max(0);
    let left = if seconds < 60 { format!("{seconds} s") } else { format!("{} min", (seconds + 59) / 60) };
    format!("{} % of the calls go to version {version}, for {left} more", step.percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_follows_from_the_time_since_the_change_began() {
        let step = |percent, seconds| ShiftStep { percent, seconds };
        let shift = Shift { steps: vec![step(20, 60), step(40, 60)], alarms: Vec::new() };
        let began = Timestamp::from_second(1_000).unwrap();
        let at = |second: i64| {
            let (step, until) = step_at(&shift, began, Timestamp::from_second(1_000 + second).unwrap())?;
            Some((step.percent, until.as_second() - 1_000))
        };
        assert_eq!([0, 59].map(at), [Some((20, 60)); 2]);
        assert_eq!([60, 119].map(at), [Some((40, 120)); 2]);
        assert_eq!([120, 9_999].map(at), [None; 2]);
    }

    #[test]
    fn the_old_version_stays_and_the_new_one_gets_its_part() {
        let to = properties(json!({ "FunctionName": "f", "FunctionVersion": "7", "Name": "live" }));
        let weight = json!({ "FunctionVersion": "7", "FunctionWeight": 0.1 });
        let expected = json!({
            "FunctionName": "f", "FunctionVersion": "6", "Name": "live",
            "RoutingConfig": { "AdditionalVersionWeights": [weight] } });
        assert_eq!(weighted(&to, ("6", "7"), 10).to_value(), expected);
    }
}
