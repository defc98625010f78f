//! Every call of every port, one after the other: the process dies there, and again at every call of what goes on; or it
//! freezes there, and wakes when everything is over.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on ends here"
)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use simulation::stack::{arn, in_a_vpc, to};
use simulation::{Machine, Scenario, Stack};
use testkit::{Fault, Moment, Script};

/// What lands late has landed by then.
const LANDED: Duration = Duration::from_secs(15);

/// Longer than any deployment here takes, reaps included.
const LONG: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A queue, a table, a role, an API and what stands on them.
fn mixture() -> Stack {
    Stack::new()
        .with("Queue", "AWS::SQS::Queue", json!({ "VisibilityTimeout": 1 }))
        .with("Table", "AWS::DynamoDB::Table", json!({ "BillingMode": "PAY_PER_REQUEST" }))
        .with("Role", "AWS::IAM::Role", json!({ "Policies": arn("Table") }))
        .with("Api", "AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }))
        .with(
            "Integration",
            "AWS::ApiGatewayV2::Integration",
            json!({ "ApiId": to("Api"), "IntegrationUri": arn("Role") }),
        )
}

/// A function with all that stands around it.
fn ten() -> Stack {
    Stack::new()
        .with("Role", "AWS::IAM::Role", json!({ "Policies": [arn("Table"), arn("Queue")] }))
        .with("Table", "AWS::DynamoDB::Table", json!({ "KeySchema": "id" }))
        .with("Queue", "AWS::SQS::Queue", json!({ "QueueName": "jobs" }))
        .with("Topic", "AWS::SNS::Topic", json!({}))
        .with("Log", "AWS::Logs::LogGroup", json!({ "RetentionInDays": 1 }))
        .with("Function", "AWS::Lambda::Function", json!({ "Role": arn("Role"), "Environment": to("Table") }))
        .with("Version", "AWS::Lambda::Version", json!({ "FunctionName": to("Function"), "CodeSha256": "1" }))
        .with(
            "Alias",
            "AWS::Lambda::Alias",
            json!({ "FunctionName": to("Function"), "Name": "live", "Version": to("Version") }),
        )
        .with("Url", "AWS::Lambda::Url", json!({ "TargetFunctionArn": arn("Function"), "Qualifier": "live" }))
        .with("Alarm", "AWS::CloudWatch::Alarm", json!({ "AlarmActions": [to("Topic")] }))
}

/// The same with a name that the user fixed, of which only a part is wanted here.
fn fixed_ten() -> Stack {
    let stack = ["Queue", "Topic", "Alarm", "Log"].into_iter().fold(ten(), Stack::without);
    stack.setting("Role", "Policies", "none").setting("Function", "FunctionName", "fixed")
}

fn scenarios() -> Vec<Scenario> {
    let fixed = Stack::new()
        .with("Table", "AWS::DynamoDB::Table", json!({ "TableName": "orders", "KeySchema": "id" }))
        .with("Policy", "AWS::IAM::Role", json!({ "Policies": arn("Table") }));
    let topics = Stack::new()
        .with("Topic", "AWS::SNS::Topic", json!({}))
        .with("Subscription", "AWS::SNS::Subscription", json!({ "TopicArn": to("Topic"), "Endpoint": "x" }))
        .with("Kept", "AWS::SSM::Parameter", json!({ "Value": "1" }))
        .retaining("Kept");
    vec![
        Scenario::new("creation", mixture()),
        Scenario::new(
            "update",
            mixture().setting("Queue", "VisibilityTimeout", 2).setting("Table", "BillingMode", "B"),
        )
        .after(mixture()),
        Scenario::new("replacement, the new one first", mixture().setting("Api", "ProtocolType", "WEBSOCKET"))
            .after(mixture()),
        Scenario::new("replacement, the old one first", fixed.clone().setting("Table", "KeySchema", "other"))
            .after(fixed),
        Scenario::new(
            "replacement, the old one first, with what stands in it",
            fixed_ten().setting("Function", "PackageType", "Image"),
        )
        .after(fixed_ten()),
        Scenario::new("deletion", mixture().without("Integration").without("Api").without("Queue")).after(mixture()),
        Scenario::new("deferred deletion", Stack::new()).after(in_a_vpc()).lingering(Duration::from_secs(1_800)),
        Scenario::new("creation in a VPC", in_a_vpc()),
        Scenario::new("move", mixture().moving("Queue", "Jobs").moving("Role", "Rights")).after(mixture()),
        Scenario::new("ten resources", ten()),
        Scenario::new(
            "ten resources, all of them changed",
            ten()
                .moving("Topic", "News")
                .setting("Role", "Path", "/other/")
                .setting("Log", "RetentionInDays", 2)
                .setting("Queue", "FifoQueue", true)
                .without("Url")
                .with("Parameter", "AWS::SSM::Parameter", json!({ "Value": arn("Function") })),
        )
        .after(ten()),
        Scenario::new("retention", topics.clone().without("Kept").setting("Topic", "FifoTopic", true)).after(topics),
        Scenario::new(
            "mixture",
            mixture()
                .moving("Table", "Orders")
                .setting("Queue", "FifoQueue", true)
                .without("Integration")
                .setting("Api", "ProtocolType", "WEBSOCKET")
                .with("Topic", "AWS::SNS::Topic", json!({}))
                .with("Alarm", "AWS::CloudWatch::Alarm", json!({ "AlarmActions": [to("Topic")] })),
        )
        .after(mixture()),
    ]
}

/// Runs `point` for every number below `points`, on as many threads as there are cores, and gives what failed.
fn each(points: usize, point: impl Fn(usize) -> Result<usize, String> + Sync) -> (usize, Vec<String>) {
    let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    if at >= points {
                        return;
                    }
                    match point(at) {
                        Ok(runs) => done.fetch_add(runs, Ordering::SeqCst),
                        Err(why) => {
                            failed.lock().unwrap().push(why);
                            0
                        }
                    };
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    (done.into_inner(), failed)
}

/// A copy of a world can be prepared once and shared by threads; a machine cannot.
struct Prepared {
    scenario: Scenario,
    calls: usize,
    picture: Vec<String>,
}

thread_local! {
    static MACHINES: std::cell::RefCell<std::collections::BTreeMap<&'static str, Machine>> = Default::default();
}

impl Prepared {
    fn of(scenario: Scenario) -> Result<Self, String> {
        let undisturbed = scenario.prepared().and_then(|machine| scenario.undisturbed(&machine));
        let undisturbed = undisturbed.map_err(|why| format!("{}, undisturbed: {why}", scenario.name))?;
        Ok(Self { calls: undisturbed.calls, picture: undisturbed.picture, scenario })
    }

    fn fork(&self, script: Script) -> Machine {
        MACHINES.with_borrow_mut(|machines| {
            let prepared = machines.entry(self.scenario.name);
            let machine = prepared.or_insert_with(|| self.scenario.prepared().unwrap()).fork(script);
            if std::env::var_os("SIMULATION_LOG").is_some() {
                machine.world.keep_log();
            }
            machine
        })
    }

    fn is_the_same(&self, machine: &mut Machine, deployment: &str, what: &str) -> Result<(), String> {
        let name = self.scenario.name;
        let failed = |why: String, machine: &Machine| {
            let log = machine.world.log().join("\n    ");
            Err(format!("{name}, {what}: {why}\n    {log}"))
        };
        match self.scenario.finish_as(machine, deployment) {
            Err(why) => failed(why, machine),
            Ok(finished) if finished.picture != self.picture => {
                failed(format!("{:#?} and not {:#?}", finished.picture, self.picture), machine)
            }
            Ok(_) => Ok(()),
        }
    }
}

fn moments(at: usize) -> (usize, Moment) {
    (at / Moment::ALL.len() + 1, Moment::ALL[at % Moment::ALL.len()])
}

/// What was covered, and what failed.
#[derive(Default)]
struct Tally {
    points: usize,
    runs: usize,
    failed: Vec<String>,
}

impl Tally {
    fn prepare(&mut self, scenario: Scenario) -> Option<Prepared> {
        let prepared = Prepared::of(scenario);
        prepared
            .map_err(|why| {
                println!("  {why}");
                self.failed.push(why);
            })
            .ok()
    }

    fn add(
        &mut self,
        what: &str,
        prepared: &Prepared,
        points: usize,
        (runs, failed): (usize, Vec<String>),
        began: Instant,
    ) {
        let (name, calls) = (prepared.scenario.name, prepared.calls);
        println!("{what}: {name}: {calls} calls, {points} points, {runs} runs, {:.1?}", began.elapsed());
        failed.iter().take(5).for_each(|why| println!("  {why}"));
        if failed.is_empty() {
            assert_eq!(points, calls * Moment::ALL.len(), "every call of the undisturbed run was a point");
        }
        self.points += points;
        self.runs += runs;
        self.failed.extend(failed);
    }

    fn close(self, what: &str) {
        // Past the capture of tests that pass: how much was covered is part of the result.
        let said = format!("{what}: {} points, {} runs, {} failed\n", self.points, self.runs, self.failed.len());
        std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).unwrap();
        assert!(self.failed.is_empty(), "look at what happened with `SIMULATION_LOG=1`: {}", self.failed[0]);
    }
}

#[test]
fn a_process_that_dies_at_any_call_and_again_at_any_call_of_the_next_is_resumed_to_the_same_end() {
    let mut tally = Tally::default();
    for scenario in scenarios() {
        let began = Instant::now();
        let Some(prepared) = tally.prepare(scenario) else { continue };
        let points = AtomicUsize::new(0);
        let done = each(prepared.calls * Moment::ALL.len(), |at| {
            let (call, moment) = moments(at);
            let mut dead = prepared.fork(Script::one(call, Fault::Crash(moment)));
            if !prepared.scenario.abandoned(&mut dead)? {
                return Err(format!("{}: nobody died at call {call}", prepared.scenario.name));
            }
            dead.world.pass(LANDED);
            let first = format!("died {moment:?} call {call}");
            let mut resumed = dead.fork(Script::default());
            prepared.is_the_same(&mut resumed, "d", &first)?;
            points.fetch_add(1, Ordering::SeqCst);
            let mut runs = 1;
            for again in 1..=resumed.world.calls() {
                for moment in [Moment::Before, Moment::After] {
                    let mut machine = dead.fork(Script::one(again, Fault::Crash(moment)));
                    prepared.is_the_same(&mut machine, "d", &format!("{first}, then {moment:?} call {again}"))?;
                    runs += 1;
                }
            }
            Ok(runs)
        });
        tally.add("dies twice", &prepared, points.into_inner(), done, began);
    }
    tally.close("dies, and again at every call of the next");
}

#[test]
fn a_process_that_dies_at_any_call_is_carried_on_by_another_deployment_to_the_same_end() {
    let mut tally = Tally::default();
    for scenario in scenarios() {
        let began = Instant::now();
        let Some(prepared) = tally.prepare(scenario) else { continue };
        let done = each(prepared.calls * Moment::ALL.len(), |at| {
            let (call, moment) = moments(at);
            let mut machine = prepared.fork(Script::one(call, Fault::Crash(moment)));
            prepared.scenario.abandoned(&mut machine)?;
            machine.forget_plan();
            prepared.is_the_same(&mut machine, "e", &format!("died {moment:?} call {call}, another goes on"))?;
            Ok(1)
        });
        tally.add("dies, another goes on", &prepared, done.0, done, began);
    }
    tally.close("dies, and another deployment goes on");
}

#[test]
fn a_process_that_freezes_at_any_call_and_wakes_when_its_successor_is_done_changes_nothing() {
    let mut tally = Tally::default();
    for scenario in scenarios() {
        for successor in ["d", "e"] {
            let began = Instant::now();
            let Some(prepared) = tally.prepare(scenario.clone()) else { continue };
            let done = each(prepared.calls * Moment::ALL.len(), |at| {
                let (call, moment) = moments(at);
                let mut machine = prepared.fork(Script::one(call, Fault::Stall(moment, LONG)));
                if !prepared.scenario.abandoned(&mut machine)? {
                    return Err(format!("{}: nobody froze at call {call}", prepared.scenario.name));
                }
                if successor == "e" {
                    machine.forget_plan();
                }
                prepared.is_the_same(
                    &mut machine,
                    successor,
                    &format!("froze {moment:?} call {call}, {successor} goes on"),
                )?;
                Ok(1)
            });
            tally.add("freezes", &prepared, done.0, done, began);
        }
    }
    tally.close("freezes, and wakes when its successor is done");
}
