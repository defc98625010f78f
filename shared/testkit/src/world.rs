//! One simulation: its time, its account, its truth, and the count of every call through a port.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use engine::Fence;
use engine::ports::{AlarmSeen, Clock};
use model::{Properties, ResourceKey, Timestamp};

use crate::cloud::{Account, Thing};
use crate::draw::Draws;
use crate::fault::{Fault, Script};
use crate::ledger::Truth;
use crate::options::{Latencies, Options};
use crate::process::{Process, Processes, Step};
use crate::time::Time;

/// A simulated account with a ledger beside it. Clones are the same world.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    time: Time,
    options: Options,
    draws: Draws,
    account: Mutex<Account>,
    truth: Mutex<Truth>,
    ports: Mutex<Ports>,
    /// Since when alarms are in `ALARM`, by name.
    alarms: Mutex<BTreeMap<String, Timestamp>>,
}

/// Every call through a port.
#[derive(Debug, Default)]
struct Ports {
    script: Script,
    count: usize,
    by_name: BTreeMap<&'static str, usize>,
    log: Option<Vec<String>>,
    drawn: BTreeMap<(&'static str, String), u64>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World(seed {}, {:?}, {} calls)", self.0.draws.seed(), self.0.time, self.calls())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// An empty account.
    pub fn new(seed: u64, options: Options) -> Self {
        let ports = Ports { script: options.script.clone(), ..Ports::default() };
        Self(Arc::new(Inner {
            time: Time::new(),
            draws: Draws::new(seed),
            account: Mutex::new(Account::new(options.limits)),
            truth: Mutex::default(),
            ports: Mutex::new(ports),
            alarms: Mutex::default(),
            options,
        }))
    }

    /// A second world that is as this one is now. Nobody may be at work in this one, and nothing under way.
    pub fn fork(&self, script: Script) -> Self {
        let options = Options { script: script.clone(), ..self.0.options.clone() };
        Self(Arc::new(Inner {
            time: self.0.time.fork(),
            draws: self.0.draws,
            account: Mutex::new(self.account().clone()),
            truth: Mutex::new(self.truth().clone()),
            ports: Mutex::new(Ports { script, drawn: lock(&self.0.ports).drawn.clone(), ..Ports::default() }),
            alarms: Mutex::new(lock(&self.0.alarms).clone()),
            options,
        }))
    }

    /// Its time.
    pub fn time(&self) -> &Time {
        &self.0.time
    }

    /// Its options.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// Its chance.
    pub fn draws(&self) -> Draws {
        self.0.draws
    }

    /// A new process: one invocation, whose calls can be in flight for `call` at most.
    pub fn process(&self, call: Duration) -> Arc<Process> {
        Arc::new(Process::new(self.clone(), Fence::new(call)))
    }

    /// What the ledger holds.
    pub fn truth(&self) -> MutexGuard<'_, Truth> {
        lock(&self.0.truth)
    }

    /// What the account holds.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        lock(&self.0.account)
    }

    /// How many calls went through ports.
    pub fn calls(&self) -> usize {
        lock(&self.0.ports).count
    }

    /// How many calls went through each port.
    pub fn calls_by_name(&self) -> BTreeMap<&'static str, usize> {
        lock(&self.0.ports).by_name.clone()
    }

    /// Keeps a line for each call from now on.
    pub fn keep_log(&self) {
        lock(&self.0.ports).log.get_or_insert_default();
    }

    /// The lines that were kept.
    pub fn log(&self) -> Vec<String> {
        lock(&self.0.ports).log.clone().unwrap_or_default()
    }

    /// Adds a line of one's own, where a log is kept.
    pub fn note(&self, line: impl FnOnce() -> String) {
        let mut ports = lock(&self.0.ports);
        if ports.log.is_some() {
            let line = format!("{:>12?} {}", self.0.time.elapsed(), line());
            ports.log.get_or_insert_default().push(line);
        }
    }

    /// Replaces what goes wrong from now on. Calls are counted from 1 again.
    pub fn go_wrong(&self, script: Script) {
        let mut ports = lock(&self.0.ports);
        ports.script = script;
        ports.count = 0;
    }

    /// Runs one future to its end; none where it waits for something that never comes.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut processes = Processes::new(&self.0.time);
        processes.start(None, future);
        match processes.step() {
            Step::Ended(_, value) => Some(value),
            Step::Died(_) | Step::Froze(_) | Step::Quiet => None,
        }
    }

    /// Lets everything land that is still under way, and time pass.
    pub fn pass(&self, duration: Duration) {
        let until = self.0.time.micros() + crate::time::micros(duration);
        let sleep = self.0.time.until(until);
        self.block_on(sleep);
    }

    /// Makes something that nobody here made, and that carries nobody's tags.
    pub fn plant(&self, kind: &str, id: &str, properties: Properties) {
        self.account().plant(kind, id, properties);
    }

    /// Lets an alarm go off so long from now, whether it is there or not.
    pub fn goes_off(&self, name: &str, after: Duration) {
        lock(&self.0.alarms).insert(name.to_owned(), self.0.time.now() + after);
    }

    /// What an alarm shows.
    pub(crate) fn alarm(&self, name: &str) -> AlarmSeen {
        if !self.account().has("AWS::CloudWatch::Alarm", name) {
            return AlarmSeen::Missing;
        }
        match lock(&self.0.alarms).get(name) {
            Some(since) if *since <= self.0.time.now() => {
                AlarmSeen::Off { since: Some(*since), reason: "3 errors in 5 minutes".to_owned() }
            }
            _ => AlarmSeen::Quiet,
        }
    }

    /// What the account holds of this incarnation.
    pub fn things_of(&self, key: &ResourceKey) -> Vec<Thing> {
        self.account().of(key)
    }

    pub(crate) fn call(&self, port: &'static str, of: &str) -> (usize, Option<Fault>) {
        let mut ports = lock(&self.0.ports);
        ports.count += 1;
        let count = ports.count;
        *ports.by_name.entry(port).or_default() += 1;
        let fault = ports.script.at.get(&count).copied();
        if ports.log.is_some() {
            let line = format!(
                "{:>12?} {count:>4} {port} {of} {}",
                self.0.time.elapsed(),
                fault.map_or(String::new(), |fault| format!("{fault:?}"))
            );
            ports.log.get_or_insert_default().push(line);
        }
        (count, fault)
    }

    pub(crate) fn storm(&self, api: &str) -> Option<crate::fault::Storm> {
        let ports = lock(&self.0.ports);
        if ports.script.weather.is_empty() { None } else { ports.script.storm(api, self.0.time.elapsed()) }
    }

    /// A draw from a range of milliseconds, in microseconds: the next one of `what` for `key`.
    pub(crate) fn millis(&self, range: &std::ops::RangeInclusive<u64>, what: &'static str, key: &str) -> i64 {
        let millis = match self.0.options.latencies {
            _ if range.start() == range.end() => *range.start() * 1_000,
            Latencies::None | Latencies::Middle => range.start().midpoint(*range.end()) * 1_000,
            Latencies::Drawn => {
                let n = self.nth(what, key);
                // In microseconds, so that no two things happen to take the same time.
                self.0.draws.within(&(range.start() * 1_000..=range.end() * 1_000), what, key, n)
            }
        };
        i64::try_from(millis).unwrap_or(i64::MAX)
    }

    pub(crate) fn nth(&self, what: &'static str, key: &str) -> u64 {
        let mut ports = lock(&self.0.ports);
        let n = ports.drawn.entry((what, key.to_owned())).or_default();
        *n += 1;
        *n
    }

    pub(crate) fn downgrade(&self) -> Tie {
        Tie(Arc::downgrade(&self.0))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.time.clear();
    }
}

/// A world, for as long as it is there.
pub(crate) struct Tie(Weak<Inner>);

impl Tie {
    pub(crate) fn world(&self) -> Option<World> {
        self.0.upgrade().map(World)
    }
}
