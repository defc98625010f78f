//! Ways back: every change of every deployment fails in turn, and everything is as it was, also where the process dies or freezes
//! at any call of the way back; and back and forth between revisions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on ends here"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::{Action, Cause, PhysicalId, Presence, Recorded, ResourceKey};
use schema::Call;
use simulation::each::each;
use simulation::machine::plan;
use simulation::scenarios::scenarios;
use simulation::{Deployed, Machine, Scenario, Stopped, Wish, is_back, picture};
use testkit::{Fault, Moment, Script};

/// Longer than any way back here takes, reaps included.
const LONG: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What was refused for good: a call for an incarnation.
type Refused = (ResourceKey, Call);

/// Everything that a deployment of this scenario can be refused.
fn refusals(scenario: &Scenario, machine: &Machine) -> Vec<Refused> {
    let recorded = machine.world.truth().recorded.clone();
    let plan = plan(&recorded, &"d".into(), Wish::Deploy(&scenario.last.0)).unwrap();
    let calls = |change: &model::Change| -> &[Call] {
        let is_finished_later = matches!(change.kind.as_str(), "AWS::IAM::Role" | "AWS::S3::Bucket");
        match change.action {
            Action::Create { .. } | Action::Replace { .. } if is_finished_later => &[Call::Create, Call::Update],
            Action::Create { .. } | Action::Replace { .. } => &[Call::Create],
            Action::Update { .. } => &[Call::Update],
            Action::Delete { .. } => &[Call::Delete],
            Action::Move { .. } | Action::Forget { .. } => &[],
        }
    };
    plan.changes.iter().flat_map(|change| calls(change).iter().map(|call| (change.key.clone(), *call))).collect()
}

/// A machine whose deployment `d` has just failed, and what it has to go back to.
struct Failed {
    machine: Machine,
    causes: Vec<Cause>,
    before: Recorded,
    picture: Vec<String>,
    /// What was in use before and is still there: nothing of it may go.
    still_there: BTreeMap<ResourceKey, PhysicalId>,
}

impl Failed {
    fn of(scenario: &Scenario, (key, call): &Refused) -> Result<Option<Self>, String> {
        let mut machine = scenario.prepared()?;
        let before = machine.world.truth().recorded.clone();
        let picture = seen(&machine);
        machine.world.account().refuse(key, *call);
        let end = machine.deploy("d", &scenario.last.0);
        machine.drain();
        let causes = match end {
            Ok(Deployed::Failed(causes)) => causes,
            // What is planned as a change may turn out to be none once references are resolved.
            Ok(Deployed::Done) => return Ok(None),
            other => return Err(format!("it ended as {other:?}")),
        };
        machine.world.account().relent();
        let still_there = in_use(&machine, &before);
        Ok(Some(Self { machine, causes, before, picture, still_there }))
    }

    fn fork(&self, script: Script) -> Machine {
        let machine = self.machine.fork(script);
        if std::env::var_os("SIMULATION_LOG").is_some() {
            machine.world.keep_log();
        }
        machine
    }

    /// Goes back as deployment `d`, and sees that everything is as it was.
    fn goes_back(&self, machine: &mut Machine) -> Result<usize, String> {
        let end = machine.undo_and_reap("d", self.causes.clone());
        machine.drain();
        let wrong = self.wrong(machine, &end);
        if wrong.is_empty() {
            return Ok(machine.world.calls());
        }
        Err(format!("{}\n    {}", wrong.join("; "), machine.world.log().join("\n    ")))
    }

    fn wrong(&self, machine: &Machine, end: &Result<Deployed, Stopped>) -> Vec<String> {
        if !matches!(end, Ok(Deployed::RolledBack(causes)) if *causes == self.causes) {
            return vec![format!("it ended as {end:?}")];
        }
        let mut wrong: Vec<String> = is_back(machine, &self.before).iter().map(ToString::to_string).collect();
        if seen(machine) != self.picture {
            wrong.push(format!("{:#?} and not {:#?}", seen(machine), self.picture));
        }
        let there = in_use(machine, &self.before);
        let gone = self.still_there.iter().filter(|(key, _)| !there.contains_key(*key));
        wrong.extend(gone.map(|(key, id)| format!("`{key}`, `{id}`, was in use and is gone")));
        wrong
    }

    fn abandoned(&self, machine: &mut Machine) -> Result<(), String> {
        machine.abandons = true;
        let end = machine.undo_and_reap("d", self.causes.clone());
        machine.abandons = false;
        match end {
            Err(Stopped::Abandoned) => Ok(()),
            other => Err(format!("nobody died or froze: {other:?}")),
        }
    }
}

/// What there is, but for what was let go, which stays where it is.
fn seen(machine: &Machine) -> Vec<String> {
    picture(machine).into_iter().filter(|line| !line.ends_with(" retained")).collect()
}

/// What a record has in use and the account has, too.
fn in_use(machine: &Machine, recorded: &Recorded) -> BTreeMap<ResourceKey, PhysicalId> {
    let account = machine.world.account();
    let is_there = |(key, one): (&ResourceKey, &model::RecordedResource)| {
        let id = one.physical_id.clone().filter(|_| one.presence != Presence::Leaving)?;
        let made_as = one.made_as.as_ref().unwrap_or(key);
        let is_it = account.of(made_as).iter().any(|thing| thing.kind == one.kind.as_str() && thing.id == id.as_str());
        is_it.then(|| (made_as.clone(), id))
    };
    recorded.resources.iter().filter_map(is_there).collect()
}

/// What happens to the process that goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It dies, and its execution goes on.
    Resumed,
    /// It dies, and a successor plans anew.
    Planned,
    /// It freezes, and wakes when a successor is done.
    Frozen,
}

impl Way {
    /// Where in each call. A successor sees the same as a resumed one, so that one moment is enough for that.
    fn moments(self) -> &'static [Moment] {
        match self {
            Self::Resumed | Self::Frozen => &Moment::ALL,
            Self::Planned => &[Moment::After],
        }
    }
}

/// One scenario, one refusal, one call.
struct Point {
    at: (usize, usize),
    call: usize,
    moment: Moment,
}

thread_local! {
    static FAILED: RefCell<BTreeMap<(usize, usize), Failed>> = RefCell::default();
}

fn every_call_of_every_way_back(way: Way) {
    let began = Instant::now();
    let scenarios = scenarios();
    let prepared: Vec<_> = scenarios.iter().map(|scenario| scenario.prepared().unwrap()).collect();
    let refused: Vec<Vec<Refused>> =
        scenarios.iter().zip(&prepared).map(|(scenario, machine)| refusals(scenario, machine)).collect();
    let (mut points, mut failures, mut calls, mut wrong) = (Vec::new(), 0, 0, Vec::new());
    for (n, scenario) in scenarios.iter().enumerate() {
        for (m, refusal) in refused[n].iter().enumerate() {
            let undisturbed = match Failed::of(scenario, refusal) {
                Ok(None) => continue,
                Ok(Some(failed)) => failed.goes_back(&mut failed.fork(Script::default())),
                Err(why) => Err(why),
            };
            match undisturbed {
                Err(why) => wrong.push(format!("{}, {} {:?} refused: {why}", scenario.name, refusal.0, refusal.1)),
                Ok(count) => {
                    failures += 1;
                    calls += count;
                    let of = |call| way.moments().iter().map(move |moment| Point { at: (n, m), call, moment: *moment });
                    points.extend((1..=count).flat_map(of));
                }
            }
        }
    }
    let (done, failed) = each(points.len(), |at| {
        let Point { at: (n, m), call, moment } = points[at];
        let (scenario, refusal) = (&scenarios[n], &refused[n][m]);
        FAILED.with_borrow_mut(|known| {
            let failed = known.entry((n, m)).or_insert_with(|| Failed::of(scenario, refusal).unwrap().unwrap());
            let fault = match way {
                Way::Resumed | Way::Planned => Fault::Crash(moment),
                Way::Frozen => Fault::Stall(moment, LONG),
            };
            let mut machine = failed.fork(Script::one(call, fault));
            let end = failed.abandoned(&mut machine).and_then(|()| {
                if way != Way::Resumed {
                    machine.forget_plan();
                }
                failed.goes_back(&mut machine)
            });
            end.map(|_| 1).map_err(|why| {
                format!("{}, {} {:?} refused, {moment:?} call {call}: {why}", scenario.name, refusal.0, refusal.1)
            })
        })
    });
    wrong.extend(failed);
    // Past the capture of tests that pass: how much was covered is part of the result.
    let said = format!(
        "ways back, {way:?}: {failures} failures, {calls} calls, {} points, {done} held, {} did not, {:.1?}\n",
        points.len(),
        wrong.len(),
        began.elapsed(),
    );
    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).unwrap();
    wrong.iter().take(8).for_each(|why| println!("{why}"));
    assert!(wrong.is_empty(), "look at what happened with `SIMULATION_LOG=1`: {}", wrong[0]);
    assert_eq!(done, calls * way.moments().len(), "every call was a point");
}

#[test]
fn whatever_fails_and_wherever_its_way_back_dies_everything_is_as_it_was() {
    every_call_of_every_way_back(Way::Resumed);
}

#[test]
fn wherever_a_way_back_dies_a_successor_that_plans_it_anew_ends_the_same() {
    every_call_of_every_way_back(Way::Planned);
}

#[test]
fn wherever_a_way_back_freezes_its_successor_ends_the_same_and_its_waking_changes_nothing() {
    every_call_of_every_way_back(Way::Frozen);
}
