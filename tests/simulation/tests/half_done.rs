//! Ways back to where something was half done, because a deployment had stopped and a part was deployed beside it: nobody wants it
//! as it was then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here"
)]

use model::{Cause, Desired, Recorded, RecordedResource, Selection};
use schema::Call;
use serde_json::json;
use simulation::each::each;
use simulation::half::HalfDone;
use simulation::invariants::always;
use simulation::stack::{address, arn, to};
use simulation::{Deployed, Machine, Stack, Stopped, Wish, hold, is_back, picture};
use testkit::{Fault, Moment, Options, Script, World};

/// Resources of agents, by the first letter of their names: `X…` of `x`, `Y…` of `y`, and what is shared.
fn owned(stack: Stack) -> Desired {
    let mut desired = stack.0;
    for (address, one) in &mut desired.resources {
        let letter = address.logical_id.chars().next().unwrap().to_ascii_lowercase();
        one.agent = matches!(letter, 'x' | 'y').then(|| letter.to_string());
    }
    desired
}

/// What four deployments ask for. The second changes the agent `y` in every way: in place, made anew, new and gone.
fn revision(number: u32) -> Desired {
    let one = Stack::new()
        .with("Table", "AWS::DynamoDB::Table", json!({ "BillingMode": "A" }))
        .with("XFunction", "AWS::Lambda::Function", json!({ "MemorySize": 1, "Environment": to("Table") }))
        .with("YQueue", "AWS::SQS::Queue", json!({}))
        .with("YRole", "AWS::IAM::Role", json!({ "Policies": arn("Table") }))
        .with(
            "YFunction",
            "AWS::Lambda::Function",
            json!({ "MemorySize": 1, "Role": arn("YRole"), "Environment": [to("Table"), to("YQueue")] }),
        )
        .with("YTopic", "AWS::SNS::Topic", json!({}));
    let two = one
        .clone()
        .without("YTopic")
        .setting("YRole", "Path", "/two/")
        .setting("YQueue", "FifoQueue", true)
        .setting("YFunction", "MemorySize", 2)
        .with("YLogs", "AWS::Logs::LogGroup", json!({ "LogGroupName": "fixed" }))
        .with("YAlarm", "AWS::CloudWatch::Alarm", json!({ "AlarmActions": [to("YFunction"), to("YLogs")] }));
    let three = two.clone().setting("XFunction", "MemorySize", 3);
    let four = three
        .clone()
        .setting("Table", "BillingMode", "B")
        .setting("XFunction", "MemorySize", 4)
        .setting("YFunction", "MemorySize", 4)
        .setting("YRole", "Path", "/four/")
        .with("YTopic", "AWS::SNS::Topic", json!({ "FifoTopic": true }));
    owned([one, two, three, four].into_iter().nth(number as usize - 1).unwrap())
}

fn recorded(machine: &Machine) -> Recorded {
    machine.world.truth().recorded.clone()
}

/// What is recorded of the function of `y`, and what there is of `y`.
fn of_y(machine: &Machine) -> (RecordedResource, Vec<(String, String)>) {
    let function = recorded(machine).current(&address("YFunction")).unwrap().1.clone();
    let account = machine.world.account();
    let things = account.things().filter(|thing| thing.id.contains("-Y"));
    let mut things: Vec<_> = things.map(|thing| (thing.id.clone(), format!("{:?}", thing.properties))).collect();
    things.sort();
    (function, things)
}

/// The second deployment stops where AWS refuses `call` of `key`, and the third is of the agent `x` alone. AWS goes on refusing.
fn beside_half(key: &str, call: Call) -> Machine {
    let mut machine = Machine::new(&World::new(1, Options::quick()));
    assert_eq!(machine.deploy("d1", &revision(1)), Ok(Deployed::Done));
    machine.world.account().refuse(&key.parse().unwrap(), call);
    let stopped = machine.deploy("d2", &revision(2));
    assert!(matches!(stopped, Ok(Deployed::Failed(_))), "{key}: {stopped:?}");
    machine.drain();
    let x: Selection = ["x".to_owned()].into_iter().collect();
    assert_eq!(machine.carry_out("d3", Wish::Part(&revision(3), &x)), Ok(Deployed::Done), "{key}");
    machine.drain();
    machine.undoes = true;
    machine
}

/// Of how many calls the fourth deployment fails at one.
const STEP: usize = 31;

/// The fourth deployment, AWS refusing one thing once, at the call of that number from now.
fn fails_at(machine: &mut Machine, call: usize) -> Result<Deployed, Stopped> {
    machine.world.go_wrong(Script { at: [(call, Fault::Refused)].into(), weather: Vec::new() });
    let end = machine.deploy("d4", &revision(4));
    machine.drain();
    end
}

#[test]
fn what_was_half_done_stays_as_it_is_where_nobody_touched_it() {
    let mut left = 0;
    for call in 1..40 {
        let mut machine = beside_half("a/YFunction@1", Call::Update);
        let before = of_y(&machine);
        let end = fails_at(&mut machine, call);
        let is_touched = machine.touched(&"d4".into()).contains(&address("YFunction"));
        match end {
            Ok(Deployed::RolledBack(_)) => {
                assert!(!is_touched, "{call}: AWS refuses it");
                assert_eq!(of_y(&machine), before, "{call}");
                assert_eq!(always(&machine), [], "{call}");
                left += 1;
            }
            Ok(Deployed::Stuck { because, .. }) => {
                assert!(is_touched, "{call}");
                let is_it = |cause: &Cause| cause.message.contains("YFunction");
                assert!(because.iter().any(is_it), "{call}: it was asked for again, and failed again: {because:?}");
            }
            other => panic!("{call}: {other:?}"),
        }
    }
    assert!(left > 0);
}

#[test]
fn what_was_half_done_and_is_touched_is_what_it_was_when_it_was_whole() {
    let mut machine = beside_half("a/YFunction@1", Call::Update);
    machine.relents = true;
    let end = machine.deploy("d4", &revision(4));
    machine.drain();
    assert!(matches!(end, Ok(Deployed::RolledBack(_))), "{end:?}");
    assert_eq!(always(&machine), []);
    let recorded = recorded(&machine);
    let size = |name: &str| recorded.current(&address(name)).unwrap().1.asked.number("MemorySize");
    assert_eq!((size("YFunction"), size("XFunction")), (Some(1), Some(3)), "as 1 and as 3 left it; 2 never came to be");
    let role = recorded.current(&address("YRole")).unwrap().1;
    assert_eq!(role.asked.text("Path"), Some("/two/"), "which 2 did make, and 3 left");
}

/// The second deployment dies for good at a call, and the third is of the agent `x` alone.
fn beside_dead(call: usize, moment: Moment) -> Option<Machine> {
    let mut machine = Machine::new(&World::new(1, Options::quick()));
    assert_eq!(machine.deploy("d1", &revision(1)), Ok(Deployed::Done));
    machine.world.go_wrong(Script { at: [(call, Fault::Crash(moment))].into(), weather: Vec::new() });
    machine.abandons = true;
    let Err(Stopped::Abandoned) = machine.deploy("d2", &revision(2)) else { return None };
    machine.drain();
    machine.abandons = false;
    let x: Selection = ["x".to_owned()].into_iter().collect();
    assert_eq!(machine.carry_out("d3", Wish::Part(&revision(3), &x)), Ok(Deployed::Done), "{call}");
    machine.drain();
    machine.undoes = true;
    Some(machine)
}

#[test]
fn wherever_one_dies_and_another_fails_with_a_part_between_them_the_way_back_takes_nothing() {
    let deaths: Vec<(usize, Moment)> = (1..200).map(|call| (call, Moment::ALL[call % Moment::ALL.len()])).collect();
    let deaths: Vec<_> = deaths.into_iter().filter(|(call, moment)| beside_dead(*call, *moment).is_some()).collect();
    assert!(deaths.len() > 30, "{}", deaths.len());
    let mut points = Vec::new();
    for (n, death) in deaths.iter().enumerate() {
        points.extend((1 + n % STEP..150).step_by(STEP).map(|call| (*death, call)));
    }
    let whole = {
        let mut whole = Machine::new(&World::new(1, Options::quick()));
        assert_eq!(whole.deploy("d1", &revision(4)), Ok(Deployed::Done));
        picture(&whole)
    };
    let (went_back, failed) = each(points.len(), |point| {
        let ((dies, moment), call) = points[point];
        let told = |what: String| format!("dies {moment:?} call {dies}, fails at {call}: {what}");
        let Some(mut machine) = beside_dead(dies, moment) else { return Ok(0) };
        let before = recorded(&machine);
        let end = fails_at(&mut machine, call);
        let mut broken = always(&machine);
        if matches!(end, Ok(Deployed::RolledBack(_))) {
            let half = HalfDone::of(&before);
            broken.extend(is_back(&machine, &before).into_iter().filter(|one| !half.explains(one)));
            broken.extend(half.taken(&machine, &before));
        }
        match (&end, &broken[..]) {
            (Ok(Deployed::RolledBack(_)), []) => {}
            (Ok(Deployed::Done), []) => return Ok(0),
            _ => return Err(told(format!("{end:?} {broken:?}"))),
        }
        let end = machine.deploy("d5", &revision(4));
        machine.drain();
        let broken = hold(&machine, &revision(4));
        match (&end, &broken[..]) {
            (Ok(Deployed::Done), []) if picture(&machine) == whole => Ok(1),
            _ => Err(told(format!("and then {end:?} {broken:?}"))),
        }
    });
    assert_eq!(failed, Vec::<String>::new());
    assert!(went_back > deaths.len() / 2, "{went_back}");
}
