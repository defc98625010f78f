//! A random case: revisions of a random stack, what goes wrong in each, and whether everything holds afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{Cause, Desired, Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey, Retention, Selection};
use testkit::{Fault, Options, Script, Weather, World};

use crate::half::HalfDone;
use crate::invariants::{Broken, always, hold, is_back};
use crate::machine::{Deployed, Machine, Stopped, Wish};
use crate::part::Part;

/// What one deployment of a case is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// What its revision says.
    Deploy,
    /// Going back to where the revision of that number, from 0, led; deploying, where that did not end well.
    Rollback(usize),
    /// Everything goes.
    Destroy,
}

/// One deployment of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// What it is asked to do.
    pub request: Request,
    /// What should exist, where that is what it is asked.
    pub desired: Desired,
    /// The part that it is about, where it is asked to deploy.
    pub only: Selection,
    /// What goes wrong, by the number of the port call from the deployment's beginning.
    pub faults: Vec<(usize, Fault)>,
    /// Storms, from the deployment's beginning.
    pub weather: Vec<Weather>,
    /// Invocations that are made twice at the same time, by number from the deployment's beginning.
    pub doubled: BTreeSet<usize>,
    /// When somebody cancels it.
    pub cancelled: Option<Duration>,
    /// Whether it stays where it fails, also where others go back.
    pub stops: bool,
    /// Whether what was put off is reaped before the next one.
    pub reaps: bool,
    /// Whether its first invocation is made again when it has ended.
    pub repeated: bool,
}

impl Revision {
    /// Whether what goes wrong may last longer than the engine's patience of a minute for one call: only then may the
    /// deployment fail.
    fn is_beyond_patience(&self) -> bool {
        // What is refused once fails for good.
        let is_refused = self.faults.iter().any(|(_, fault)| matches!(fault, Fault::Refused));
        let is_frozen = self.faults.iter().any(|(_, fault)| matches!(fault, Fault::Stall(..)));
        let silences = self.faults.iter().filter(|(_, fault)| matches!(fault, Fault::Lost | Fault::Late(_))).count();
        is_refused || is_frozen || silences + 2 * self.weather.len() > 2
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
    /// Whether a deployment that fails goes back.
    pub undoes: bool,
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
    /// Deployments of a part that ended well.
    pub parts: usize,
    /// Deployments of a part that were refused for what is beside it.
    pub refused: usize,
    /// Deployments of a part that failed, and went back alone.
    pub alone: usize,
    /// Deployments that failed and went back to where something was half done.
    pub half_done: usize,
    /// Deployments that failed, for a reason that was injected.
    pub failed: usize,
    /// Deployments that failed and went back.
    pub rolled_back: usize,
    /// Deployments whose way back failed.
    pub stuck: usize,
    /// Ways back that were asked for and ended well.
    pub back: usize,
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
        machine.undoes = self.undoes;
        let mut ends = Ends {
            recorded: vec![None; self.revisions.len()],
            before: Recorded::default(),
            begun: Recorded::default(),
        };
        let mut covered = Covered::default();
        for (n, revision) in self.revisions.iter().enumerate() {
            ends.before = machine.stands.clone();
            ends.begun = machine.world.truth().recorded.clone();
            let is_part = revision.request == Request::Deploy && !revision.only.is_all();
            let part = is_part.then(|| Part::of(&machine, &revision.desired, &revision.only));
            let end = self.deploy(&mut machine, n, revision, &ends);
            if let Some(part) = part {
                self.judge_part(&mut machine, n + 1, (revision, &ends, &part), &end, &mut covered)?;
                let recorded = machine.world.truth().recorded.clone();
                ends.recorded.get_mut(n).filter(|_| end == Ok(Deployed::Done)).map(|slot| slot.replace(recorded));
                covered.calls += world.calls();
                continue;
            }
            self.judge(&mut machine, n + 1, (revision, &ends), &end, &mut covered, also)?;
            if end == Ok(Deployed::Done) {
                let recorded = machine.world.truth().recorded.clone();
                ends.recorded.get_mut(n).map(|slot| slot.replace(recorded));
            }
            covered.calls += world.calls();
        }
        // Whatever was left undone is done by the next deployment that nothing disturbs.
        let Some(last) = self.revisions.last() else { return Ok(covered) };
        let calm = Revision {
            request: Request::Deploy,
            desired: Desired { moved: last.desired.moved.clone(), ..last.desired.clone() },
            only: Selection::ALL,
            faults: Vec::new(),
            weather: Vec::new(),
            doubled: BTreeSet::new(),
            cancelled: None,
            stops: false,
            reaps: true,
            repeated: false,
        };
        let mut end = self.deploy(&mut machine, self.revisions.len(), &calm, &ends);
        let mut calm = calm;
        if self.may_have_left_both() && matches!(end, Err(Stopped::NoPlan(_))) {
            // Which of the two is meant nobody knows but the user, who takes the move out.
            calm.desired.moved.clear();
            end = self.deploy(&mut machine, self.revisions.len(), &calm, &ends);
        }
        if matches!(end, Ok(Deployed::RolledBack(_) | Deployed::Failed(_) | Deployed::Stopped { .. })) {
            // What was deleted behind its back, or holds another's name until it goes, is found out by one and mended by the next.
            machine.drain();
            end = self.deploy(&mut machine, self.revisions.len() + 1, &calm, &ends);
        }
        if !matches!(end, Ok(Deployed::Done)) {
            return Err(failure(&machine, self.revisions.len() + 1, vec![format!("undisturbed, it ended as {end:?}")]));
        }
        self.judge(&mut machine, self.revisions.len() + 1, (&calm, &ends), &end, &mut covered, also)?;
        covered.calls += world.calls();
        covered.invocations = machine.invocations();
        Ok(covered)
    }

    /// Whether a way back that stopped midway may have left something at an address beside what has moved from there.
    fn may_have_left_both(&self) -> bool {
        let stops = |one: &Revision| one.cancelled.is_some() || one.is_beyond_patience();
        self.revisions.iter().any(|one| matches!(one.request, Request::Rollback(_)) && stops(one))
    }

    fn deploy(&self, machine: &mut Machine, n: usize, revision: &Revision, ends: &Ends) -> Result<Deployed, Stopped> {
        let begun = machine.world.time().elapsed();
        let shifted =
            |weather: &Weather| Weather { from: weather.from + begun, until: weather.until + begun, ..weather.clone() };
        machine.world.go_wrong(Script {
            at: revision.faults.iter().copied().collect(),
            weather: revision.weather.iter().map(shifted).collect(),
        });
        machine.doubled = revision.doubled.iter().map(|number| number + machine.invocations()).collect();
        machine.cancels = revision.cancelled;
        machine.undoes = self.undoes && !revision.stops;
        let deployment = format!("d{n}");
        let recorded = machine.world.truth().recorded.clone();
        let consent = everything(&recorded, ends);
        let wish = match (revision.request, ends.of(revision.request)) {
            (Request::Rollback(_), Some(snapshot)) => Wish::Rollback(snapshot, &consent),
            (Request::Destroy, _) => Wish::Destroy(&consent),
            (Request::Deploy, _) if !revision.only.is_all() => Wish::Part(&revision.desired, &revision.only),
            (Request::Deploy | Request::Rollback(_), _) => Wish::Deploy(&revision.desired),
        };
        let end = if revision.reaps {
            machine.carry_out_and_reap(&deployment, wish)
        } else {
            machine.carry_out(&deployment, wish)
        };
        // A part that changed nothing made no invocation, and what an earlier one made anew is none of the part.
        if revision.repeated && (revision.only.is_all() || machine.has_begun(&deployment)) {
            machine.repeat()?;
        }
        end
    }

    /// What must hold after a deployment of a part.
    fn judge_part(
        &self,
        machine: &mut Machine,
        number: usize,
        (revision, ends, part): (&Revision, &Ends, &Part<'_>),
        end: &Result<Deployed, Stopped>,
        covered: &mut Covered,
    ) -> Result<(), Failure> {
        machine.drain();
        let mut broken: Vec<String> = Vec::new();
        let beside = |machine: &Machine| {
            let alone = machine.undid_alone.then(|| part.beside(machine));
            always(machine).into_iter().chain(alone.into_iter().flatten()).collect::<Vec<_>>()
        };
        let found = match end {
            Ok(Deployed::Done) => {
                covered.parts += 1;
                part.hold(machine)
            }
            Err(Stopped::NotSelected(_)) => {
                covered.refused += 1;
                always(machine).into_iter().chain(part.beside(machine)).collect()
            }
            Ok(Deployed::RolledBack(causes)) => {
                covered.rolled_back += 1;
                broken.extend(undue(revision, causes));
                let recorded = machine.world.truth().recorded.clone();
                let left = Left::of(&recorded, &machine.undone_from, ends);
                let back = match machine.undid_alone {
                    true => {
                        covered.alone += 1;
                        let touched = machine.touched(&format!("d{}", number - 1).as_str().into());
                        part.is_back(machine, &ends.before, &touched)
                    }
                    false => is_back(machine, &ends.before),
                };
                let half = HalfDone::of(&ends.before);
                covered.half_done += usize::from(half.is_any());
                let back = back.into_iter().filter(|broken| !left.explains(broken) && !half.explains(broken));
                back.chain(half.taken(machine, &ends.before)).collect()
            }
            Ok(Deployed::Stuck { causes, because }) => {
                covered.stuck += 1;
                broken.extend(undue(revision, causes).chain(undue(revision, because)));
                beside(machine)
            }
            Ok(Deployed::Failed(causes)) => {
                covered.failed += 1;
                broken.extend(undue(revision, causes));
                always(machine).into_iter().chain(part.beside(machine)).collect()
            }
            Ok(Deployed::Stopped { because, .. }) => {
                covered.failed += 1;
                broken.extend(undue(revision, because));
                always(machine)
            }
            Ok(Deployed::Cancelled) => {
                covered.cancelled += 1;
                beside(machine)
            }
            Err(stopped) => {
                broken.push(stopped.to_string());
                always(machine)
            }
        };
        broken.extend(found.iter().map(ToString::to_string));
        if broken.is_empty() { Ok(()) } else { Err(failure(machine, number, broken)) }
    }

    fn judge(
        &self,
        machine: &mut Machine,
        number: usize,
        (revision, ends): (&Revision, &Ends),
        end: &Result<Deployed, Stopped>,
        covered: &mut Covered,
        also: Also<'_>,
    ) -> Result<(), Failure> {
        let mut broken: Vec<String> = Vec::new();
        let found = match end {
            Ok(Deployed::Done) => {
                covered.done += 1;
                machine.drain();
                match (revision.request, ends.of(revision.request)) {
                    (Request::Rollback(_), Some(snapshot)) => {
                        covered.back += 1;
                        is_back(machine, snapshot)
                    }
                    (Request::Destroy, _) => is_back(machine, &Recorded::default()),
                    (Request::Deploy | Request::Rollback(_), _) => hold(machine, &revision.desired),
                }
            }
            Ok(Deployed::RolledBack(causes)) => {
                covered.rolled_back += 1;
                broken.extend(undue(revision, causes));
                machine.drain();
                let recorded = machine.world.truth().recorded.clone();
                let left = Left::of(&recorded, &machine.undone_from, ends);
                let half = HalfDone::of(&ends.before);
                covered.half_done += usize::from(half.is_any());
                let back = is_back(machine, &ends.before).into_iter();
                let back = back.filter(|broken| !left.explains(broken) && !half.explains(broken));
                back.chain(half.taken(machine, &ends.before)).collect()
            }
            Ok(Deployed::Stuck { causes, because }) => {
                covered.stuck += 1;
                broken.extend(undue(revision, causes).chain(undue(revision, because)));
                machine.drain();
                always(machine)
            }
            Ok(Deployed::Failed(causes)) => {
                covered.failed += 1;
                broken.extend(undue(revision, causes));
                machine.drain();
                always(machine)
            }
            Ok(Deployed::Stopped { because, needed }) => {
                covered.failed += 1;
                broken.extend(undue(revision, because));
                // What the deployment made itself goes, if it holds nothing.
                // Under a name that the user fixed it looks like what was there before.
                let is_new = |of: &&ResourceAddress| {
                    [&ends.begun, &ends.before].into_iter().all(|record| record.generations(of).next().is_none())
                };
                broken.extend(needed.iter().filter(is_new).map(|of| format!("no way back for `{of}`, which is new")));
                machine.drain();
                always(machine)
            }
            Ok(Deployed::Cancelled) => {
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

/// What the revisions so far led to.
struct Ends {
    /// What was recorded when each ended well; none where it did not.
    recorded: Vec<Option<Recorded>>,
    /// Where a deployment that fails goes back to.
    before: Recorded,
    /// What was there when the deployment began.
    begun: Recorded,
}

impl Ends {
    /// Where a way back leads.
    fn of(&self, request: Request) -> Option<&Recorded> {
        let Request::Rollback(to) = request else { return None };
        self.recorded.get(to)?.as_ref()
    }
}

/// What a way back leaves by itself: of what was there when the deployment began, and not where it goes back to, what may hold
/// data or is to be kept; and what that stands on. Of what was there in both, data whose deletion was announced.
#[derive(Debug, Default)]
struct Left {
    stays: BTreeSet<ResourceKey>,
    going: BTreeSet<ResourceKey>,
    /// Those of `stays` that need something which the deployment itself had deleted before the way back began, to make another
    /// of its name, and nothing that went since.
    bereft: BTreeSet<ResourceKey>,
}

impl Left {
    fn of(recorded: &Recorded, undone_from: &Recorded, ends: &Ends) -> Self {
        let is_data = |one: &RecordedResource| schema::get(&one.kind).is_some_and(|schema| schema.stateful);
        // It may have moved since.
        let then = |key: &ResourceKey, one: &RecordedResource| {
            let moved = one.made_as.as_ref().filter(|_| one.physical_id.is_some());
            [Some(key), moved].into_iter().flatten().find_map(|key| ends.begun.resources.get(key))
        };
        let was_there = recorded.resources.iter().filter(|(key, one)| then(key, one).is_some());
        let is_going = |one: &RecordedResource| one.presence == Presence::Leaving && one.intent.is_some();
        let going = was_there.clone().filter(|(_, one)| is_data(one) && is_going(one));
        let going = going.map(|(key, _)| key.clone()).collect();
        let mut left = Self { going, ..Self::default() };
        let in_use = |(_, one): (&ResourceKey, &RecordedResource)| one.presence != Presence::Leaving;
        let is_deposed = |key: &ResourceKey| recorded.current(&key.address).is_none_or(|(current, _)| current != key);
        let is_new = |key: &ResourceKey| {
            !ends.before.generations(&key.address).any(in_use)
                || is_deposed(key) && !ends.before.resources.contains_key(key)
        };
        let stays = was_there.filter(|(_, one)| is_data(one) || one.retention == Retention::Retain);
        let mut ahead: Vec<&ResourceKey> = stays.map(|(key, _)| key).filter(|key| is_new(key)).collect();
        while let Some(key) = ahead.pop() {
            if left.stays.insert(key.clone()) {
                let on = recorded.resources.get(key).into_iter().flat_map(|one| &one.dependencies);
                let stands_on = on.flat_map(|address| known_as(recorded, address));
                ahead.extend(stands_on.filter(|key| is_new(key)));
            }
        }
        let is_there = |recorded: &Recorded, on: &ResourceAddress| recorded.generations(on).any(in_use);
        let is_bereft = |key: &&ResourceKey| {
            let on = recorded.resources.get(*key).into_iter().flat_map(|one| &one.dependencies);
            let mut gone = on.filter(|on| !is_there(recorded, on)).peekable();
            gone.peek().is_some() && gone.all(|on| !is_there(undone_from, on) && is_there(&ends.begun, on))
        };
        left.bereft = left.stays.iter().filter(is_bereft).cloned().collect();
        left
    }

    /// Whether it is about something that is left.
    fn explains(&self, broken: &Broken) -> bool {
        match broken {
            Broken::Lost(key) | Broken::OpenIntent(key) | Broken::Unfinished(key, Presence::Leaving) => {
                self.going.contains(key)
            }
            // Nobody knows of anything that it could go back to.
            Broken::Unfinished(key, Presence::Incomplete) => self.stays.contains(key),
            Broken::Dangles(key, _) => self.bereft.contains(key),
            Broken::Unwanted(of) => self.stays.iter().any(|key| *of == key.address.to_string()),
            Broken::Unsettled(of) => self.stays.iter().chain(&self.going).any(|key| of.starts_with(&format!("{key} "))),
            _ => false,
        }
    }
}

/// What stands at an address, or has moved from there to another.
fn known_as<'r>(recorded: &'r Recorded, address: &'r ResourceAddress) -> impl Iterator<Item = &'r ResourceKey> {
    let is_it = move |key: &ResourceKey, one: &RecordedResource| {
        key.address == *address || one.made_as.as_ref().is_some_and(|made| made.address == *address)
    };
    recorded.resources.iter().filter(move |(key, one)| is_it(key, one)).map(|(key, _)| key)
}

/// Everything that is or ever was recorded: whatever it holds may be lost.
fn everything(recorded: &Recorded, ends: &Ends) -> BTreeSet<ResourceAddress> {
    let all = ends.recorded.iter().flatten().chain([recorded]);
    all.flat_map(|recorded| recorded.resources.keys().map(|key| key.address.clone())).collect()
}

/// Failures that nothing that went wrong explains.
fn undue<'a>(revision: &Revision, causes: &'a [Cause]) -> impl Iterator<Item = String> + use<'a> {
    let is_due = revision.is_beyond_patience();
    causes.iter().filter(move |_| !is_due).map(|cause| format!("failed: {}", cause.message))
}

fn failure(machine: &Machine, revision: usize, what: Vec<String>) -> Failure {
    Failure { revision, what, log: machine.world.log() }
}
