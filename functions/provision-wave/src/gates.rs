//! The gates of a plan: what must hold once everything is carried out. Looked at again and again, each time by an invocation
//! of its own, until all hold, one does not in its time, or somebody cancels.
//!
//! Takes no lease and writes nothing of the record: what is looked at belongs to whoever has the turn.

use std::time::Duration;

use engine::ports::clock::{Clock, SystemClock};
use engine::ports::{AlarmSeen, Answer, Health, Ledger};
use futures::StreamExt;
use model::{
    CallError, Cause, Digest, Entry, ErrorClass, Gate, GateCheck, Recorded, RecordedResource, Timestamp, expression,
};
use providers::NativeHealth;
use serde_json::Value;
use step::{Invocation, Message, StepError, Verdict, Watched};
use store::paths;

use crate::wave::{MARGIN, Provisioning, target};

/// How many gates are looked at at the same time.
const AT_ONCE: usize = 8;
/// The least that a look is given, however short the gate's time is: a function that starts for the first time needs it.
const LEAST: Duration = Duration::from_secs(10);
/// The shortest and the longest wait between looks, in seconds.
const PACE: (u64, u64) = (2, 15);

impl Provisioning {
    /// Looks once at every gate that does not hold yet.
    pub(crate) async fn gates(&self, invocation: &Invocation, message: Message) -> Result<Message, StepError> {
        let (plan, environment, digest) = self.planned(&message).await?;
        if self.store.is_cancelled(&plan.environment, &plan.deployment).await? {
            return Ok(message.with(Verdict::Cancelled));
        }
        let recorded = self.store.record(&plan.environment).await?;
        let watched = match message.gates.clone().filter(|watched| watched.plan == digest) {
            Some(watched) => watched,
            None => first(digest, &self.store.journal(&plan.deployment).await?),
        };
        let health = NativeHealth::connect(&self.config, &target(&environment, &plan), self.call).await?;
        let looking = Looking {
            health: &health,
            clock: &SystemClock,
            recorded: &recorded,
            until: invocation.deadline.checked_sub(MARGIN).unwrap_or(invocation.deadline),
        };
        let (watched, sight) = looking.at(&plan.gates, watched).await?;
        tracing::info!(deployment = %plan.deployment, held = watched.held.len(), of = plan.gates.len(), "looked at the gates");
        match sight {
            Sight::Holds => Ok(Message { gates: None, ..message.with(Verdict::Done) }),
            Sight::Wait(wait) => Ok(Message { gates: Some(watched), wait: Some(wait), ..message.with(Verdict::Wait) }),
            Sight::Failed(causes) => {
                let bytes = serde_json::to_vec(&causes).map_err(|error| StepError::Corrupt(error.to_string()))?;
                let key = paths::of_deployment(&plan.environment, &plan.deployment, "health.json");
                let causes = Some(self.store.put_versioned(&key, bytes).await?);
                Ok(Message { gates: None, causes, ..message.with(Verdict::Failed) })
            }
        }
    }
}

/// Where looking begins. A journal without a line gives every gate one look.
fn first(plan: Digest, journal: &[Entry]) -> Watched {
    let at = |entry: Option<&Entry>| entry.map_or(Timestamp::UNIX_EPOCH, |entry| entry.at);
    Watched { plan, began: at(journal.first()), since: at(journal.last()), held: Default::default() }
}

/// What all looks of one invocation came to.
#[derive(Debug, PartialEq)]
enum Sight {
    /// All hold.
    Holds,
    /// Some do not yet; look again after so many seconds.
    Wait(u64),
    /// Some do not, and their time is over.
    Failed(Vec<Cause>),
}

/// What one look came to.
#[derive(Debug, PartialEq)]
enum Look {
    /// It holds, and need not be looked at again.
    Holds,
    /// It may go wrong as long as its time lasts, and has not.
    Quiet,
    /// It does not hold yet: what was seen instead, and what to do if that stays so.
    NotYet(Seen),
    /// It has gone wrong, and more time does not help.
    Broken(Seen),
}

/// What was seen instead of what should be.
#[derive(Debug, PartialEq)]
struct Seen {
    what: String,
    help: String,
}

fn seen(what: impl Into<String>, help: impl Into<String>) -> Seen {
    Seen { what: what.into(), help: help.into() }
}

struct Looking<'a> {
    health: &'a dyn Health,
    clock: &'a dyn Clock,
    recorded: &'a Recorded,
    /// When this invocation must be over.
    until: Timestamp,
}

impl Looking<'_> {
    async fn at(&self, gates: &[Gate], mut watched: Watched) -> Result<(Watched, Sight), StepError> {
        let open: Vec<_> = gates.iter().enumerate().filter(|(place, _)| !watched.held.contains(place)).collect();
        let looks = open.into_iter().map(|(place, gate)| {
            let ends = ends(gate, watched.since);
            let began = watched.began;
            async move {
                let look = self.look(gate, ends, began).await?;
                Ok::<_, StepError>((place, gate, look, self.clock.now() >= ends))
            }
        });
        let looks: Vec<_> = futures::stream::iter(looks).buffered(AT_ONCE).collect().await;
        let mut causes = Vec::new();
        let mut next: Option<Timestamp> = None;
        for look in looks {
            let (place, gate, look, is_over) = look?;
            match (look, is_over) {
                (Look::Holds, _) | (Look::Quiet, true) => {
                    watched.held.insert(place);
                }
                (Look::Broken(seen), _) | (Look::NotYet(seen), true) => causes.push(cause(gate, seen)),
                (Look::Quiet | Look::NotYet(_), false) => {
                    let ends = ends(gate, watched.since);
                    next = Some(next.map_or(ends, |next| next.min(ends)));
                }
            }
        }
        let sight = match next {
            _ if !causes.is_empty() => Sight::Failed(causes),
            Some(next) => Sight::Wait(self.wait(watched.since, next)),
            None => Sight::Holds,
        };
        Ok((watched, sight))
    }

    /// Longer the longer it takes, but no longer than until the next gate's time is over.
    fn wait(&self, since: Timestamp, next: Timestamp) -> u64 {
        let now = self.clock.now();
        let seconds = |from: Timestamp, to: Timestamp| u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0);
        let (shortest, longest) = PACE;
        (seconds(since, now) / 4).clamp(shortest, longest).min(seconds(now, next) + 1)
    }

    async fn look(&self, gate: &Gate, ends: Timestamp, began: Timestamp) -> Result<Look, StepError> {
        let patience = self.patience(ends);
        Ok(match &gate.check {
            GateCheck::Alarm { name } => {
                let name = self.text(name)?;
                alarm(&name, self.health.alarm(&name).await, began)
            }
            GateCheck::Invoke { function, payload } => {
                let function = self.text(function)?;
                let ended = self.health.invoke(&function, payload, patience).await;
                invoked(&function, ended, has_secrets(self.recorded, gate.agent.as_deref()))
            }
            GateCheck::Http { url, status } => {
                let url = self.text(url)?;
                if !is_its_own(self.recorded, &url) {
                    let message = format!("a gate asks `{url}`, which is no address of this environment");
                    return Err(StepError::Corrupt(message));
                }
                answered(&url, self.health.get(&url, patience).await, *status)
            }
        })
    }

    /// The rest of the gate's time, a little more where hardly any is left, and never more than this invocation has.
    fn patience(&self, ends: Timestamp) -> Duration {
        let now = self.clock.now();
        let left = |until: Timestamp| Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO);
        left(ends).max(LEAST).min(left(self.until))
    }

    /// The text of a value that may refer to resources.
    fn text(&self, value: &Value) -> Result<String, StepError> {
        let resolved = expression::resolve_value(value, &|reference| self.recorded.value_of(reference));
        match resolved {
            Ok(Value::String(text)) => Ok(text),
            Ok(other) => Err(StepError::Corrupt(format!("a gate names `{other}`, which is no text"))),
            Err(error) => Err(StepError::Corrupt(format!("a gate cannot be looked at: {error}"))),
        }
    }
}

/// When the time of a gate is over.
fn ends(gate: &Gate, since: Timestamp) -> Timestamp {
    since.checked_add(Duration::from_secs(gate.seconds.into())).unwrap_or(Timestamp::MAX)
}

/// Whether AWS gave this address to an API or a function of the environment: nobody else's is asked, whatever a plan says.
fn is_its_own(recorded: &Recorded, url: &str) -> bool {
    recorded.resources.values().any(|resource| {
        let attribute = match resource.kind.as_str() {
            "AWS::ApiGatewayV2::Api" => "ApiEndpoint",
            "AWS::Lambda::Url" => "FunctionUrl",
            _ => return false,
        };
        let own = resource.attributes.get(attribute).and_then(Value::as_str).map(|own| own.trim_end_matches('/'));
        let rest = own.filter(|own| !own.is_empty()).and_then(|own| url.strip_prefix(own));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// One that was on before the deployment began may go off by itself as long as its time lasts.
fn alarm(name: &str, shown: Result<AlarmSeen, CallError>, began: Timestamp) -> Look {
    match shown {
        Ok(AlarmSeen::Quiet) => Look::Quiet,
        Ok(AlarmSeen::Off { since, reason }) => {
            let when = since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
            let what = format!("the alarm `{name}` is in ALARM{when}: {reason}");
            let seen = seen(
                what,
                "look at the metric of that time and the agent's log group, mend the agent and deploy again",
            );
            if since.is_some_and(|since| since >= began) { Look::Broken(seen) } else { Look::NotYet(seen) }
        }
        Ok(AlarmSeen::Missing) => {
            let what = format!("there is no alarm `{name}` any more");
            Look::NotYet(seen(what, "somebody deleted it: deploy again, and it is made anew"))
        }
        Err(error) => Look::NotYet(unseen(&format!("the alarm `{name}`"), &error)),
    }
}

/// Whether a function of this agent has secrets, which its errors may repeat.
fn has_secrets(recorded: &Recorded, agent: Option<&str>) -> bool {
    let is_its = |resource: &&RecordedResource| {
        resource.kind.as_str() == "AWS::Lambda::Function" && resource.agent.as_deref() == agent
    };
    recorded.resources.values().filter(is_its).any(|function| engine::refers_to_secret(&function.sent))
}

fn invoked(function: &str, ended: Result<Answer, CallError>, has_secrets: bool) -> Look {
    match ended {
        Ok(Answer::Returned) => Look::Holds,
        Ok(Answer::Failed { kind, message }) => {
            let error = match message {
                None => kind,
                Some(message) if !has_secrets => format!("{kind}: {message}"),
                Some(_) => format!("{kind} (what it says is not kept, because it has secrets)"),
            };
            let help = "the agent's log group has the whole of it: mend its code, or the event under `health`, and deploy again";
            Look::NotYet(seen(format!("its smoke invocation ended with a function error: {error}"), help))
        }
        Err(error) => Look::NotYet(unseen(&format!("the function `{function}`"), &error)),
    }
}

fn answered(url: &str, status: Result<u16, CallError>, wanted: u16) -> Look {
    match status {
        Ok(status) if status == wanted => Look::Holds,
        Ok(status) => {
            let help =
                "the agent's log group has what went wrong: mend it, or the status under `health`, and deploy again";
            Look::NotYet(seen(format!("`GET {url}` answered with status {status}, not {wanted}"), help))
        }
        Err(error) => Look::NotYet(seen(
            error.message,
            "the agent's log group says whether it was asked: mend it and deploy again",
        )),
    }
}

/// What could not be looked at.
fn unseen(what: &str, error: &CallError) -> Seen {
    let help = match error.class {
        ErrorClass::Denied => {
            "the target role may not look: update its stack to the `bootstrap/target-role.yaml` of this version"
        }
        ErrorClass::NotFound => "somebody deleted it: deploy again, and it is made anew",
        ErrorClass::Throttled => {
            "nothing of the account's or the agent's concurrency was free: raise it, and deploy again"
        }
        ErrorClass::Transient | ErrorClass::Busy | ErrorClass::NotPropagated => {
            "nobody answered in time: if the agent needs longer, give it more with `within`, and deploy again"
        }
        ErrorClass::AlreadyExists
        | ErrorClass::DependencyViolation
        | ErrorClass::Invalid
        | ErrorClass::Quota
        | ErrorClass::HoldsData
        | ErrorClass::Unknown => "correct what is under the agent's `health`, and deploy again",
    };
    seen(format!("{what} could not be asked: {error}"), help)
}

fn cause(gate: &Gate, seen: Seen) -> Cause {
    let whose = gate.agent.as_ref().map_or_else(|| "the environment".to_owned(), |agent| format!("agent `{agent}`"));
    let time = match gate.check {
        GateCheck::Alarm { .. } => format!("it must be quiet for {} seconds after the last change", gate.seconds),
        GateCheck::Invoke { .. } | GateCheck::Http { .. } => {
            format!("it must be well within {} seconds of the last change", gate.seconds)
        }
    };
    let message = format!("{whose} is not well: {}; {time}", seen.what);
    Cause { change: None, message, help: seen.help, blocked: Vec::new() }
}

#[cfg(test)]
mod tests;
