//! The proxy in front of the emulator: it records every AWS call and can make named calls slow, refused, or cut off.
//!
//! It changes neither requests nor answers that no rule names: signatures stay valid, because the `Host` header that was
//! signed is passed on. What tests assert on is this record, never the engine's own words.

mod answer;
mod call;
mod classify;
mod fields;
mod record;
mod rest;
mod rules;
mod serve;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use call::{Call, Caller};
pub use record::Mark;
pub use rules::{Effect, Held, Point, Rule, RuleId};
use tokio::{net::TcpListener, task::JoinHandle};

use self::{record::Record, rules::Rules, serve::Forward};
use crate::{LocalError, Loopback};

/// Tells who signs with an access key that the proxy has not seen handed out.
pub type Identify = Arc<dyn Fn(&str) -> Option<Caller> + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) upstream: Loopback,
    pub(crate) record: Mutex<Record>,
    pub(crate) rules: Mutex<Rules>,
    pub(crate) changed: tokio::sync::Notify,
}

/// A running proxy. Dropping it closes its port and every connection.
pub struct Proxy {
    address: Loopback,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port and passes everything on to `upstream`. Needs a tokio runtime.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(upstream: Loopback) -> Result<Self, LocalError> {
        let failed = |e| LocalError::io("listen for the proxy", e);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = Loopback::new(listener.local_addr().map_err(failed)?)?;
        let shared = Arc::new(Shared {
            upstream,
            record: Mutex::default(),
            rules: Mutex::default(),
            changed: tokio::sync::Notify::new(),
        });
        let server = tokio::spawn(Forward::new(Arc::clone(&shared)).listen(listener));
        Ok(Self { address, shared, server })
    }

    /// Where clients reach it.
    pub fn address(&self) -> Loopback {
        self.address
    }

    /// Whom to ask about access keys that are unknown; asked once a key.
    pub fn identify_by(&self, identify: impl Fn(&str) -> Option<Caller> + Send + Sync + 'static) {
        self.record().identify = Some(Arc::new(identify));
    }

    /// From now on appends each call, when it ends, as a line of JSON to `file`.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn log_to(&self, file: &Path) -> Result<(), LocalError> {
        let open = std::fs::File::options().create(true).append(true).open(file);
        let file = open.map_err(|e| LocalError::io(format!("write `{}`", file.display()), e))?;
        self.record().log = Some(file);
        Ok(())
    }

    /// Every call so far, in the order in which they arrived; those under way have no status.
    pub fn calls(&self) -> Vec<Call> {
        self.record().calls.clone()
    }

    /// This moment, for [`Self::since`].
    pub fn mark(&self) -> Mark {
        Mark(self.record().calls.len())
    }

    /// The calls that arrived after `mark`.
    pub fn since(&self, mark: Mark) -> Vec<Call> {
        self.record().calls.get(mark.0..).map(<[Call]>::to_vec).unwrap_or_default()
    }

    /// Waits until a call matches, also one of the past since `mark`; `None` when `limit` has passed.
    pub async fn wait_for(&self, mark: Mark, limit: Duration, matches: impl Fn(&Call) -> bool) -> Option<Call> {
        tokio::time::timeout(limit, async {
            loop {
                // Registered before looking, so that what happens in between is not missed.
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = self.since(mark).into_iter().find(|c| matches(c)) {
                    return found;
                }
                changed.await;
            }
        })
        .await
        .ok()
    }

    /// From now on `effect` befalls the calls that `rule` names. Of several rules that name a call the oldest wins.
    pub fn inject(&self, rule: Rule, effect: Effect) -> RuleId {
        self.rules().add(rule, effect)
    }

    /// Holds the next call that `rule` names, at `point`, until the returned value lets go of it.
    pub fn hold(&self, rule: Rule, point: Point) -> Held {
        self.rules().hold(rule, point)
    }

    /// Ends one rule; calls that it has hold of stay held.
    pub fn withdraw(&self, rule: RuleId) {
        self.rules().remove(rule);
    }

    /// Ends all rules.
    pub fn withdraw_all(&self) {
        self.rules().clear();
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        locked(&self.shared.record)
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        locked(&self.shared.rules)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A lock of data that a panic elsewhere cannot leave half-changed.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
