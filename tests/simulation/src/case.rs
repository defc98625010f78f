//! A random case: revisions of a random stack, what goes wrong in each, and whether everything holds afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use model::Desired;
use testkit::{Fault, Options, Script, Weather, World};

use crate::invariants::{Broken, always, hold};
use crate::machine::{Deployed, Machine, Stopped};

/// One deployment of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// What should exist.
    pub desired: Desired,
    /// What goes wrong, by the number of the port call from the deployment's beginning.
    pub faults: Vec<(usize, Fault)>,
    /// Storms, from the deployment's beginning.
    pub weather: Vec<Weather>,
    /// Invocations that are made twice at the same time, by number from the deployment's beginning.
    pub doubled: BTreeSet<usize>,
    /// When somebody cancels it.
    pub cancelled: Option<Duration>,
    /// Whether what was put off is reaped before the next one.
    pub reaps: bool,
    /// Whether its first invocation is made again when it has ended.
    pub repeated: bool,
}

impl Revision {
    /// Whether what goes wrong may last longer than the engine's patience of a minute for one call: only then may the
    /// deployment fail.
    fn is_beyond_patience(&self) -> bool {
        let is_frozen = self.faults.iter().any(|(_, fault)| matches!(fault, Fault::Stall(..)));
        let silences = self.faults.iter().filter(|(_, fault)| matches!(fault, Fault::Lost | Fault::Late(_))).count();
        is_frozen || silences + 2 * self.weather.len() > 2
    }
}

/// A sequence of deployments, and what kind of AWS they meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The seed of the simulated chance.
    pub seed: u64,
    /// The AWS.
    pub options: Options,
    /// How long a slice lasts.
    pub slice: Duration,
    /// Whether frozen invocations are waited for.
    pub waits_for_frozen: bool,
    /// The deployments.
    pub revisions: Vec<Revision>,
}

/// Why a case failed: at which revision (from 1; one more for the last one again, undisturbed), and what is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub revision: usize,
    /// What.
    pub what: Vec<String>,
    /// What happened, where a log was kept.
    pub log: Vec<String>,
}

impl Failure {
    /// The first thing that is broken, without the names in it: what a smaller case must fail with, too.
    pub fn kind(&self) -> String {
        let first = self.what.first().map(String::as_str).unwrap_or_default();
        let plain: String = first.split('`').step_by(2).collect();
        plain.chars().filter(|letter| !letter.is_ascii_digit()).take(60).collect()
    }
}

/// What a case that held covered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Covered {
    /// Deployments that ended well.
    pub done: usize,
    /// Deployments that failed, for a reason that was injected.
    pub failed: usize,
    /// Deployments that were cancelled.
    pub cancelled: usize,
    /// Invocations.
    pub invocations: usize,
    /// Calls through ports.
    pub calls: usize,
}

/// Something else that must hold, for tests of the harness itself.
pub type Also<'a> = &'a dyn Fn(&Machine) -> Vec<Broken>;

impl Case {
    /// Runs it.
    ///
    /// # Errors
    /// The first [`Failure`].
    pub fn run(&self, keeps_log: bool, also: Also<'_>) -> Result<Covered, Failure> {
        let world = World::new(self.seed, self.options.clone());
        if keeps_log {
            world.keep_log();
        }
        let mut machine = Machine::new(&world);
        machine.limits.slice = self.slice;
        machine.waits_for_frozen = self.waits_for_frozen;
        machine.patience = 400;
        let mut covered = Covered::default();
        for (n, revision) in self.revisions.iter().enumerate() {
            let end = self.deploy(&mut machine, n, revision);
            self.judge(&mut machine, n + 1, revision, &end, &mut covered, also)?;
            covered.calls += world.calls();
        }
        // Whatever was left undone is done by the next deployment that nothing disturbs.
        let Some(last) = self.revisions.last() else { return Ok(covered) };
        let calm = Revision {
            desired: Desired { moved: last.desired.moved.clone(), ..last.desired.clone() },
            faults: Vec::new(),
            weather: Vec::new(),
            doubled: BTreeSet::new(),
            cancelled: None,
            reaps: true,
            repeated: false,
        };
        let end = self.deploy(&mut machine, self.revisions.len(), &calm);
        if !matches!(end, Ok(Deployed::Done)) {
            return Err(failure(&machine, self.revisions.len() + 1, vec![format!("undisturbed, it ended as {end:?}")]));
        }
        self.judge(&mut machine, self.revisions.len() + 1, &calm, &end, &mut covered, also)?;
        covered.calls += world.calls();
        covered.invocations = machine.invocations();
        Ok(covered)
    }

    fn deploy(&self, machine: &mut Machine, n: usize, revision: &Revision) -> Result<Deployed, Stopped> {
        let begun = machine.world.time().elapsed();
        let shifted =
            |weather: &Weather| Weather { from: weather.from + begun, until: weather.until + begun, ..weather.clone() };
        machine.world.go_wrong(Script {
            at: revision.faults.iter().copied().collect(),
            weather: revision.weather.iter().map(shifted).collect(),
        });
        machine.doubled = revision.doubled.iter().map(|number| number + machine.invocations()).collect();
        machine.cancels = revision.cancelled;
        let deployment = format!("d{n}");
        let end = if revision.reaps {
            machine.deploy_and_reap(&deployment, &revision.desired)
        } else {
            machine.deploy(&deployment, &revision.desired)
        };
        if revision.repeated {
            machine.repeat()?;
        }
        end
    }

    fn judge(
        &self,
        machine: &mut Machine,
        number: usize,
        revision: &Revision,
        end: &Result<Deployed, Stopped>,
        covered: &mut Covered,
        also: Also<'_>,
    ) -> Result<(), Failure> {
        let mut broken: Vec<String> = Vec::new();
        let found = match end {
            Ok(Deployed::Done) => {
                covered.done += 1;
                machine.drain();
                hold(machine, &revision.desired)
            }
            Ok(Deployed::Failed(causes)) => {
                covered.failed += 1;
                if !revision.is_beyond_patience() {
                    broken.extend(causes.iter().map(|cause| format!("failed: {}", cause.message)));
                }
                machine.drain();
                always(machine)
            }
            Ok(Deployed::RolledBack(_) | Deployed::Stuck { .. } | Deployed::Cancelled) => {
                covered.cancelled += 1;
                machine.drain();
                always(machine)
            }
            Err(stopped) => {
                broken.push(stopped.to_string());
                always(machine)
            }
        };
        broken.extend(found.iter().chain(&also(machine)).map(ToString::to_string));
        if broken.is_empty() { Ok(()) } else { Err(failure(machine, number, broken)) }
    }
}

fn failure(machine: &Machine, revision: usize, what: Vec<String>) -> Failure {
    Failure { revision, what, log: machine.world.log() }
}
