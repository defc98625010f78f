//! Which calls something befalls, and what.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::Call;

/// Names calls. Everything that is not said matches anything; by default only the first matching call is meant.
#[derive(Clone, Debug)]
pub struct Rule {
    service: String,
    operation: String,
    resource: Option<String>,
    caller: Option<String>,
    mutating: bool,
    skip: usize,
    times: Option<usize>,
}

impl Rule {
    /// The next call of this operation, by IAM prefix and API name (`iam`, `CreateRole`). `*` matches every one.
    pub fn on(service: &str, operation: &str) -> Self {
        Self {
            service: service.into(),
            operation: operation.into(),
            resource: None,
            caller: None,
            mutating: false,
            skip: 0,
            times: Some(1),
        }
    }

    /// Only where the resource's name contains `part`.
    pub fn resource(mut self, part: &str) -> Self {
        self.resource = Some(part.into());
        self
    }

    /// Only where the name of the calling role or function contains `part`.
    pub fn caller(mut self, part: &str) -> Self {
        self.caller = Some(part.into());
        self
    }

    /// Only where the call could change something.
    pub fn mutating(mut self) -> Self {
        self.mutating = true;
        self
    }

    /// Only from the n-th matching call on, counted from 1.
    pub fn nth(mut self, n: usize) -> Self {
        self.skip = n.saturating_sub(1);
        self
    }

    /// For so many calls instead of one.
    pub fn times(mut self, n: usize) -> Self {
        self.times = Some(n);
        self
    }

    /// For every call, until the rule is withdrawn.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    fn names(&self, call: &Call) -> bool {
        (self.service == "*" || self.service == call.service)
            && (self.operation == "*" || self.operation == call.operation)
            && self.resource.as_ref().is_none_or(|part| call.resource.as_ref().is_some_and(|r| r.contains(part)))
            && (call.mutating || !self.mutating)
            && self.caller.as_ref().is_none_or(|part| call.caller.is_named(part))
    }

    /// Counts a matching call; whether it is one of those that are meant.
    fn counts(&mut self, call: &Call) -> bool {
        if self.times == Some(0) || !self.names(call) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.map(|n| n - 1);
        true
    }
}

/// What befalls a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is passed on after this time.
    Delay(Duration),
    /// It is refused as the service refuses calls above its rate; the emulator never sees it.
    Throttle,
    /// It is refused with this status and error code, in the service's own format; the emulator never sees it.
    Fail {
        /// HTTP status.
        status: u16,
        /// Error code, as the service spells it.
        code: String,
    },
    /// The connection is closed; the emulator never sees the call.
    ResetBefore,
    /// The emulator carries it out, then the connection is closed before the answer.
    ResetAfter,
}

impl Effect {
    /// A refusal in the service's own format.
    pub fn fail(status: u16, code: &str) -> Self {
        Self::Fail { status, code: code.into() }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Delay(_) => "delayed",
            Self::Throttle => "throttled",
            Self::Fail { .. } => "failed",
            Self::ResetBefore => "reset before",
            Self::ResetAfter => "reset after",
        }
    }
}

/// Where a held call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before the emulator sees it.
    BeforeEffect,
    /// After the emulator has answered, before the client knows.
    AfterEffect,
}

/// Names a rule that was injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleId(u64);

/// A call that is held, or will be. Dropping it lets the call go on.
#[derive(Debug)]
pub struct Held {
    rule: RuleId,
    reached: mpsc::Receiver<(Call, oneshot::Sender<Verdict>)>,
    verdict: Option<oneshot::Sender<Verdict>>,
}

/// What becomes of a held call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Release,
    Cut,
}

impl Held {
    /// Waits until a call is at the point, and tells which; `None` when `limit` has passed first.
    pub async fn reached(&mut self, limit: Duration) -> Option<Call> {
        let (call, verdict) = tokio::time::timeout(limit, self.reached.recv()).await.ok()??;
        self.verdict = Some(verdict);
        Some(call)
    }

    /// Lets the call go on as if nothing had happened.
    pub fn release(self) {
        self.end(Verdict::Release);
    }

    /// Closes the call's connection: before the effect, it is never carried out; after it, never answered.
    pub fn cut(self) {
        self.end(Verdict::Cut);
    }

    /// The rule behind it.
    pub fn rule(&self) -> RuleId {
        self.rule
    }

    fn end(mut self, verdict: Verdict) {
        if let Some(sender) = self.verdict.take() {
            // The call may have gone with its client; then nobody waits for this.
            let _ = sender.send(verdict);
        }
    }
}

pub(super) enum Action {
    Effect(Effect),
    Hold(Gate),
}

/// The proxy's end of a [`Held`].
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) point: Point,
    reached: mpsc::Sender<(Call, oneshot::Sender<Verdict>)>,
}

impl Gate {
    /// Tells the holder and waits for what it says; whoever has gone away lets the call go on.
    pub(super) async fn pass(&self, call: Call) -> Verdict {
        let (sender, receiver) = oneshot::channel();
        if self.reached.send((call, sender)).await.is_err() {
            return Verdict::Release;
        }
        receiver.await.unwrap_or(Verdict::Release)
    }
}

#[derive(Default)]
pub(crate) struct Rules {
    next: u64,
    active: Vec<(RuleId, Rule, Action)>,
}

impl Rules {
    pub(super) fn add(&mut self, rule: Rule, effect: Effect) -> RuleId {
        self.push(rule, Action::Effect(effect))
    }

    pub(super) fn hold(&mut self, rule: Rule, point: Point) -> Held {
        let (sender, reached) = mpsc::channel(1);
        let rule = self.push(Rule { times: Some(1), ..rule }, Action::Hold(Gate { point, reached: sender }));
        Held { rule, reached, verdict: None }
    }

    pub(super) fn remove(&mut self, id: RuleId) {
        self.active.retain(|(other, ..)| *other != id);
    }

    pub(super) fn clear(&mut self) {
        self.active.clear();
    }

    /// What befalls this call, if anything.
    pub(super) fn pick(&mut self, call: &Call) -> Option<Action> {
        let at = self.active.iter_mut().position(|(_, rule, _)| rule.counts(call))?;
        let (_, rule, action) = self.active.get(at)?;
        let picked = match action {
            Action::Effect(effect) => Action::Effect(effect.clone()),
            Action::Hold(gate) => Action::Hold(gate.clone()),
        };
        if rule.times == Some(0) {
            self.active.remove(at);
        }
        Some(picked)
    }

    fn push(&mut self, rule: Rule, action: Action) -> RuleId {
        self.next += 1;
        let id = RuleId(self.next);
        self.active.push((id, rule, action));
        id
    }
}
