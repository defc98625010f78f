//! One deployment after others, undisturbed or not, and what it must end with.

use std::time::Duration;

use testkit::{Options, Script, World};

use crate::invariants::{hold, picture};
use crate::machine::{Deployed, Machine, Stopped};
use crate::stack::Stack;

/// A deployment that is disturbed.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is about.
    pub name: &'static str,
    /// What is deployed before, one after the other, undisturbed.
    pub before: Vec<Stack>,
    /// What is deployed then.
    pub last: Stack,
    /// How long interfaces linger.
    pub lingering: Duration,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// What there is.
    pub picture: Vec<String>,
    /// How many calls went through ports.
    pub calls: usize,
    /// How many invocations it took.
    pub invocations: usize,
}

impl Scenario {
    /// One without anything before it.
    pub fn new(name: &'static str, last: Stack) -> Self {
        Self { name, before: Vec::new(), last, lingering: Duration::ZERO }
    }

    /// The same after something else was deployed.
    #[must_use]
    pub fn after(mut self, before: Stack) -> Self {
        self.before.push(before);
        self
    }

    /// The same with interfaces that linger.
    #[must_use]
    pub fn lingering(mut self, lingering: Duration) -> Self {
        self.lingering = lingering;
        self
    }

    /// The machine before the deployment that is disturbed.
    ///
    /// # Errors
    /// What went wrong, in words: nothing may.
    pub fn prepared(&self) -> Result<Machine, String> {
        let lingering = u64::try_from(self.lingering.as_millis()).unwrap_or(u64::MAX);
        let world = World::new(1, Options { lingering: lingering..=lingering, ..Options::quick() });
        let mut machine = Machine::new(&world);
        // Putting off is the point, not the polls before it.
        machine.limits.lingering = Duration::from_secs(1);
        for (n, stack) in self.before.iter().enumerate() {
            let end = machine.deploy_and_reap(&format!("before{n}"), &stack.0);
            self.judge(&mut machine, &end, stack).map_err(|why| format!("before: {why}"))?;
        }
        Ok(machine)
    }

    /// Runs the deployment to its end, from where `machine` stands.
    ///
    /// # Errors
    /// What does not hold afterwards, in words.
    pub fn finish(&self, machine: &mut Machine) -> Result<Finished, String> {
        self.finish_as(machine, "d")
    }

    /// The same as another deployment.
    ///
    /// # Errors
    /// What does not hold afterwards, in words.
    pub fn finish_as(&self, machine: &mut Machine, deployment: &str) -> Result<Finished, String> {
        let end = machine.deploy_and_reap(deployment, &self.last.0);
        self.judge(machine, &end, &self.last)
    }

    /// Runs the deployment until a process dies or freezes. False where it came to its end.
    ///
    /// # Errors
    /// Where it ends otherwise.
    pub fn abandoned(&self, machine: &mut Machine) -> Result<bool, String> {
        machine.abandons = true;
        let end = machine.deploy_and_reap("d", &self.last.0);
        machine.abandons = false;
        match end {
            Err(Stopped::Abandoned) => Ok(true),
            Ok(Deployed::Done) => Ok(false),
            other => Err(format!("it ended as {other:?}")),
        }
    }

    fn judge(&self, machine: &mut Machine, end: &Result<Deployed, Stopped>, stack: &Stack) -> Result<Finished, String> {
        machine.drain();
        if *end != Ok(Deployed::Done) {
            return Err(format!("it ended as {end:?}"));
        }
        let broken = hold(machine, &stack.0);
        if !broken.is_empty() {
            return Err(broken.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        }
        Ok(Finished { picture: picture(machine), calls: machine.world.calls(), invocations: machine.invocations() })
    }

    /// The undisturbed run, from `prepared`.
    ///
    /// # Errors
    /// What does not hold afterwards, in words.
    pub fn undisturbed(&self, prepared: &Machine) -> Result<Finished, String> {
        self.finish(&mut prepared.fork(Script::default()))
    }
}
