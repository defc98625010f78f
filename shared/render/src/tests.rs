//! What people read, as snapshots: plain, coloured, and narrow without Unicode.

use std::collections::BTreeMap;

use model::{
    Action, CallError, Cause, Change, Deployment, DeploymentStatus, Digest, Edge, Entry, EnvironmentId, Epoch,
    ErrorClass, Event, Loss, NonEmpty, Operation, Order, Origin, Outcome, Plan, PlanReport, Presence, Properties,
    PropertyDiff, PropertyPath, Reach, Reason, Recorded, RecordedResource, Refusal, Request, Retention, Revision,
    Stage, Stamp, Timestamp,
};
use serde_json::{Value, json};

use crate::*;

mod notice;
mod told;

const WIDE: Style = Style { colour: false, width: 110, unicode: true };
const COLOURED: Style = Style { colour: true, width: 110, unicode: true };
const NARROW: Style = Style { colour: false, width: 60, unicode: false };

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
}

fn visible(text: &str) -> String {
    text.replace("\x1b[0m", "⟩").replace("\x1b[", "⟨")
}

fn change(key: &str, kind: &str, action: Action, because: Reason, needs: &[&str]) -> Change {
    let stage = match action {
        Action::Delete { .. } | Action::Forget { .. } => Stage::Retire,
        _ => Stage::Build,
    };
    let edge = |on: &&str| Edge { on: on.parse().unwrap(), until: Reach::Ready };
    Change {
        key: key.parse().unwrap(),
        kind: kind.into(),
        action,
        because,
        needs: needs.iter().map(edge).collect(),
        stage,
        dependencies: Default::default(),
        agent: None,
        retention: Retention::Delete,
        shift: None,
    }
}

fn create() -> Action {
    Action::Create { to: Properties::new() }
}

fn a_plan() -> Plan {
    let diff = |path: &str, from: Value, to: Value| PropertyDiff {
        path: PropertyPath::root(path),
        from: (!from.is_null()).then_some(from),
        to: (!to.is_null()).then_some(to),
    };
    let keyed = |name: &str| json!([{ "AttributeName": name, "KeyType": "HASH" }]);
    let replace = Action::Replace {
        old: "shared/Orders@1".parse().unwrap(),
        to: Properties::new().with("KeySchema", keyed("Id")),
        order: Order::CreateFirst,
        forced_by: NonEmpty::new(vec![diff("KeySchema", keyed("PK"), keyed("Id"))]).unwrap(),
    };
    let update = Action::Update {
        to: Properties::new(),
        diff: vec![
            diff("MemorySize", json!(256), json!(512)),
            diff("Environment.Variables.MODEL", Value::Null, json!("anthropic.claude-3-5-haiku-20241022-v1:0")),
            diff("Environment.Variables.TABLE", json!("support-desk-dev-orders"), json!({ "Ref": "shared/Orders" })),
        ],
    };
    let delete = || Action::Delete { physical_id: Some("x".into()), only_empty: false };
    Plan {
        version: model::plan::VERSION,
        deployment: "0199d2a4c5".into(),
        environment: EnvironmentId::new("support-desk", "dev").unwrap(),
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        stamp: Stamp {
            engine: "e".into(),
            scope: "support-desk/dev".into(),
            version: "0.1.0".into(),
            deployed_at: String::new(),
            deployed_by: String::new(),
        },
        parent: Revision(3),
        sequence: 7,
        config: Digest::of(b""),
        changes: vec![
            change("shared/Orders@2", "AWS::DynamoDB::Table", replace, Reason::Changed, &[]),
            change("order-agent/Role@1", "AWS::IAM::Role", create(), Reason::New, &["shared/Orders@2"]),
            change("order-agent/Function@1", "AWS::Lambda::Function", create(), Reason::New, &["order-agent/Role@1"]),
            change(
                "research-agent/Function@1",
                "AWS::Lambda::Function",
                update,
                Reason::Replaces("shared/Orders".parse().unwrap()),
                &["shared/Orders@2"],
            ),
            change("shared/Orders@1", "AWS::DynamoDB::Table", delete(), Reason::Deposed, &[]),
            change("shared/Alerts@1", "AWS::SNS::Topic", delete(), Reason::Removed, &[]),
            change(
                "shared/Documents@1",
                "AWS::S3::Bucket",
                Action::Forget { physical_id: Some("b".into()) },
                Reason::Removed,
                &[],
            ),
        ],
        unchanged: 31,
        irreversible: vec![Loss {
            resource: "shared/Orders".parse().unwrap(),
            what: "every item of the table `support-desk-dev-orders-1`".into(),
        }],
        outputs: BTreeMap::new(),
        since: 0,
        gates: Vec::new(),
    }
}

fn entry(milliseconds: i64, key: &str, event: Event) -> Entry {
    Entry { at: at(milliseconds), epoch: Epoch(4), change: key.parse().unwrap(), event }
}

fn started(operation: Operation) -> Event {
    Event::Started { operation, token: "t".into(), attempt: 1, request: Digest::of(b""), physical_name: None }
}

fn identified() -> Event {
    Event::Identified { physical_id: "id".into(), attributes: BTreeMap::new() }
}

fn succeeded() -> Event {
    Event::Succeeded { observed: None }
}

fn denied() -> CallError {
    CallError {
        class: ErrorClass::Denied,
        service: "iam".into(),
        operation: "CreateRole".into(),
        code: Some("AccessDenied".into()),
        status: Some(403),
        request_id: Some("r-1".into()),
        message: "not authorized to perform: iam:CreateRole".into(),
    }
}

/// The table is done, the role has failed, and one function is on its way.
fn a_journal() -> Vec<Entry> {
    vec![
        entry(0, "shared/Orders@2", started(Operation::Create)),
        entry(400, "shared/Orders@2", identified()),
        entry(410, "shared/Orders@2", Event::Awaiting { what: "the table to be active".into() }),
        entry(2000, "shared/Orders@2", succeeded()),
        entry(2010, "order-agent/Role@1", started(Operation::Create)),
        entry(2015, "research-agent/Function@1", started(Operation::Update)),
        entry(2300, "order-agent/Role@1", Event::Failed { error: denied() }),
    ]
}

fn a_deployment(outcome: Outcome) -> Deployment {
    let environment = EnvironmentId::new("support-desk", "dev").unwrap();
    let origin = Origin::Upload {
        bucket: "strands-inbox".into(),
        key: "support-desk/dev/bundle.zip".into(),
        version: "1".into(),
        requester: None,
    };
    Deployment {
        started: Some(at(300)),
        ended: Some(at(7420)),
        status: DeploymentStatus::Ended { outcome },
        revision: Some(Revision(4)),
        ..Deployment::new("0199d2a4c5".into(), environment, origin, Request::DEPLOY, at(0))
    }
}

fn stopped() -> Outcome {
    let cause = Cause {
        change: Some("order-agent/Role@1".parse().unwrap()),
        message: format!("`order-agent/Role` (AWS::IAM::Role): {}", denied()),
        help: "the target role or its permissions boundary does not allow this: update `bootstrap/target-role.yaml`"
            .into(),
        blocked: vec!["order-agent/Function@1".parse().unwrap()],
    };
    Outcome::Stopped { causes: vec![cause] }
}

#[test]
fn a_plan_says_what_is_done_why_and_what_is_lost() {
    insta::assert_snapshot!("plan", plan(&a_plan(), &WIDE));
    insta::assert_snapshot!("plan_coloured", visible(&plan(&a_plan(), &COLOURED)));
    insta::assert_snapshot!("plan_narrow", plan(&a_plan(), &NARROW));
    insta::assert_snapshot!("overview", overview(&a_plan(), &WIDE));
}

fn a_report() -> PlanReport {
    PlanReport {
        ignored: vec![model::Ignored {
            resource: "order-agent/Function".parse().unwrap(),
            path: PropertyPath("Environment.Variables.MODEL".to_owned()),
            kept: Some(json!("anthropic.claude-3-5-haiku-20241022-v1:0")),
            wanted: None,
        }],
        waiting: vec![model::Waiting { key: "shared/Group@1".parse().unwrap(), until: at(3_600_000) }],
        left: vec!["shared/Orders@3".parse().unwrap()],
        ..PlanReport::default()
    }
}

#[test]
fn a_report_says_what_is_left_as_it_is_and_why() {
    insta::assert_snapshot!("report", report(&a_report(), &WIDE));
    insta::assert_snapshot!("report_narrow", report(&a_report(), &NARROW));
    assert_eq!(report(&PlanReport::default(), &WIDE), "");
}

#[test]
fn a_plan_says_in_which_steps_calls_are_led_over() {
    let update = Action::Update { to: Properties::new(), diff: Vec::new() };
    let alias = change("a/Alias@1", "AWS::Lambda::Alias", update, Reason::Changed, &[]);
    let shown = |steps: &[(u8, u32)]| {
        let steps = steps.iter().map(|(percent, seconds)| model::ShiftStep { percent: *percent, seconds: *seconds });
        let shift = Some(model::Shift { steps: steps.collect(), alarms: Vec::new() });
        let shifted = Plan { changes: vec![Change { shift, ..alias.clone() }], irreversible: Vec::new(), ..a_plan() };
        let text = plan(&shifted, &WIDE);
        text.lines().find(|line| line.contains("shifted")).unwrap_or_default().trim().to_owned()
    };
    assert_eq!(shown(&[(10, 300)]), "shifted: 10 % for 5 min, then all");
    assert_eq!(shown(&[(40, 60), (80, 90)]), "shifted: 40 % for 1 min, 80 % for 90 s, then all");
    assert_eq!(
        shown(&[(20, 120), (40, 120), (60, 120), (80, 120)]),
        "shifted: 20 % for 2 min, 40 % for 2 min, and so on to 80 % for 2 min, then all"
    );
}

#[test]
fn the_live_view_says_which_part_of_the_calls_goes_where() {
    let update = Action::Update { to: Properties::new(), diff: Vec::new() };
    let shift = Some(model::Shift { steps: Vec::new(), alarms: Vec::new() });
    let alias = change("a/Alias@1", "AWS::Lambda::Alias", update, Reason::Changed, &[]);
    let shifted = Plan { changes: vec![Change { shift, ..alias }], ..a_plan() };
    let what = "10 % of the calls go to version 7, for 5 min more";
    let awaiting = Event::Awaiting { what: what.into() };
    let mut journal = vec![entry(0, "a/Alias@1", started(Operation::Update)), entry(100, "a/Alias@1", awaiting)];
    let shown = |journal: &[Entry]| live(&Progress::of(&shifted, journal).unwrap(), at(500), 20, &WIDE).join("\n");
    assert!(shown(&journal).contains(what), "{}", shown(&journal));
    assert!(!shown(&journal).contains("waiting for"), "{}", shown(&journal));
    let Event::Started { operation, token, request, .. } = started(Operation::Update) else { unreachable!() };
    let again = Event::Started { operation, token, attempt: 2, request, physical_name: None };
    journal.push(entry(200, "a/Alias@1", again));
    assert!(shown(&journal).contains("being updated"), "{}", shown(&journal));
}

#[test]
fn a_report_says_which_aliases_are_not_shifted_and_why() {
    let of = |because| {
        let at_once = vec![model::AtOnce { alias: "bot/Alias@1".parse().unwrap(), because }];
        report(&PlanReport { at_once, ..PlanReport::default() }, &WIDE)
    };
    let role = of(model::Unshifted::Role);
    assert!(
        role.starts_with("Not shifted\n  bot/Alias@1 goes to its version at once: the function gets another role"),
        "{role}"
    );
    assert!(of(model::Unshifted::DeadLetters).contains("another dead-letter queue"));
    assert!(of(model::Unshifted::Made).contains("is made, so that"));
    assert!(of(model::Unshifted::Replaced).contains("is made anew, so that"));
}

#[test]
fn a_move_says_that_nothing_is_touched() {
    let moves =
        change("a/Old@1", "AWS::SQS::Queue", Action::Move { to: "a/New@1".parse().unwrap() }, Reason::Moved, &[]);
    let update = Action::Update { to: Properties::new(), diff: Vec::new() };
    let user = change("a/User@1", "AWS::IAM::Role", update, Reason::Moved, &["a/Old@1"]);
    let moved = Plan { changes: vec![moves, user], irreversible: Vec::new(), ..a_plan() };
    insta::assert_snapshot!("plan_moving", plan(&moved, &WIDE));
}

#[test]
fn where_the_old_one_goes_first_the_gap_is_told_before_it_is_there() {
    let mut first = a_plan();
    for change in &mut first.changes {
        if let Action::Replace { order, .. } = &mut change.action {
            *order = Order::DeleteFirst;
        }
    }
    let text = plan(&first, &WIDE);
    assert!(
        text.contains("shared/Orders@1 goes first, because AWS cannot have both at once: a gap without it"),
        "{text}"
    );
}

#[test]
fn a_replaced_incarnation_is_counted_with_its_replacement() {
    let counts = counts(&a_plan());
    assert_eq!((counts.create, counts.update, counts.replace, counts.delete, counts.forget), (2, 1, 1, 1, 1));
    let summary = plan_summary(&a_plan());
    assert_eq!(summary["replace"], 1);
    assert_eq!(summary["changes"][0]["forced_by"], json!(["KeySchema"]));
}

#[test]
fn a_plan_without_changes_says_so() {
    let empty = Plan { changes: Vec::new(), irreversible: Vec::new(), ..a_plan() };
    assert_eq!(counts(&empty).words(), "31 unchanged");
    assert_eq!(counts(&Plan { unchanged: 0, ..empty }).words(), "nothing to do");
}

#[test]
fn every_change_shows_where_it_stands_and_what_it_waits_for() {
    let plan = a_plan();
    let half = Progress::of(&plan, &a_journal()[..3]).unwrap();
    insta::assert_snapshot!("journal_early", journal(&half, at(900), &WIDE));
    let later = Progress::of(&plan, &a_journal()).unwrap();
    insta::assert_snapshot!("journal_failing", journal(&later, at(2500), &WIDE));
    insta::assert_snapshot!("journal_failing_coloured", visible(&journal(&later, at(2500), &COLOURED)));
    insta::assert_snapshot!("live", live(&later, at(2500), 20, &WIDE).join("\n"));
    insta::assert_snapshot!("live_narrow", live(&later, at(2500), 20, &NARROW).join("\n"));
}

#[test]
fn a_block_for_a_small_screen_has_no_more_lines_than_it_may() {
    let plan = a_plan();
    let entries: Vec<_> =
        plan.changes.iter().take(4).map(|c| entry(1, &c.key.to_string(), started(Operation::Create))).collect();
    let progress = Progress::of(&plan, &entries).unwrap();
    let block = live(&progress, at(500), 5, &WIDE);
    assert_eq!(block.len(), 5);
    assert_eq!(block[4], "    and 3 more under way");
}

#[test]
fn a_journal_that_contradicts_itself_is_not_shown() {
    let entries = [entry(0, "shared/Orders@2", succeeded()), entry(1, "shared/Orders@2", succeeded())];
    assert!(Progress::of(&a_plan(), &entries).is_err());
}

fn a_finished_journal() -> Vec<Entry> {
    let mut entries = a_journal();
    entries.truncate(6);
    entries.extend([
        entry(2200, "order-agent/Role@1", identified()),
        entry(2400, "order-agent/Role@1", succeeded()),
        entry(2410, "order-agent/Function@1", started(Operation::Create)),
        entry(3015, "research-agent/Function@1", succeeded()),
        entry(3100, "order-agent/Function@1", identified()),
        entry(4410, "order-agent/Function@1", succeeded()),
        entry(4420, "shared/Orders@1", started(Operation::Delete)),
        entry(4421, "shared/Alerts@1", started(Operation::Delete)),
        entry(4430, "shared/Documents@1", succeeded()),
        entry(4521, "shared/Alerts@1", succeeded()),
        entry(5000, "shared/Orders@1", succeeded()),
    ]);
    entries
}

#[test]
fn a_timeline_shows_when_each_change_ran_and_how_well_time_was_used() {
    let (plan, entries) = (a_plan(), a_finished_journal());
    let progress = Progress::of(&plan, &entries).unwrap();
    insta::assert_snapshot!("timeline", timeline(&progress, &WIDE));
    insta::assert_snapshot!("timeline_narrow", timeline(&progress, &NARROW));
    let measured = Timeline::of(&progress).unwrap();
    assert_eq!(timeline_summary(&measured)["makespan"], 5.0);
    assert_eq!(measured.widest, 2);
    // 2.00 table, 0.39 role, 2.00 function, 0.58 deletion of the old table.
    assert!((measured.chain - 4.97).abs() < 1e-9, "{measured:?}");
    assert!(measured.chain <= measured.makespan);
}

#[test]
fn nothing_that_ran_is_no_timeline() {
    let plan = a_plan();
    let progress = Progress::of(&plan, &[]).unwrap();
    assert_eq!(Timeline::of(&progress), None);
    assert_eq!(timeline(&progress, &WIDE), "nothing ran\n");
}

#[test]
fn an_outcome_names_root_causes_help_and_what_was_not_tried() {
    insta::assert_snapshot!("outcome_deployed", outcome(&a_deployment(Outcome::Deployed), &WIDE));
    insta::assert_snapshot!("outcome_stopped", outcome(&a_deployment(stopped()), &WIDE));
    insta::assert_snapshot!("outcome_stopped_narrow", outcome(&a_deployment(stopped()), &NARROW));
    let refusal = Refusal {
        code: "config::unknown-key".into(),
        message: "unknown key `memroy` in agent `order-agent`".into(),
        help: Some("did you mean `memory`?".into()),
        file: Some("strands.yaml".into()),
        line: Some(12),
        column: Some(5),
    };
    let refused = a_deployment(Outcome::Refused { refusals: vec![refusal] });
    insta::assert_snapshot!("outcome_refused_coloured", visible(&outcome(&refused, &COLOURED)));
}

fn cause(key: &str, message: &str, help: &str) -> Cause {
    Cause { change: Some(key.parse().unwrap()), message: message.into(), help: help.into(), blocked: Vec::new() }
}

fn stuck() -> Outcome {
    let first = "`order-agent/Function` (AWS::Lambda::Function): lambda CreateFunction: invalid (InvalidParameterValueException)";
    let then = "`shared/Orders` (AWS::DynamoDB::Table): dynamodb UpdateTable: denied (AccessDeniedException)";
    Outcome::Stuck {
        causes: vec![cause("shared/Orders@1", then, "update `bootstrap/target-role.yaml`")],
        because: vec![cause("order-agent/Function@2", first, "correct the resource's settings")],
        next: "cargo xtask admin rollback support-desk/dev --to 3".into(),
    }
}

#[test]
fn ways_back_say_what_was_undone_and_what_to_type() {
    let Outcome::Stopped { causes } = stopped() else { unreachable!() };
    let rolled_back = |to, causes| a_deployment(Outcome::RolledBack { to: Revision(to), causes });
    insta::assert_snapshot!("outcome_rolled_back", outcome(&rolled_back(3, causes.clone()), &WIDE));
    insta::assert_snapshot!("outcome_rolled_back_to_nothing", outcome(&rolled_back(0, causes), &NARROW));
    insta::assert_snapshot!("outcome_rolled_back_as_asked", outcome(&rolled_back(3, Vec::new()), &WIDE));
    insta::assert_snapshot!("outcome_stuck", outcome(&a_deployment(stuck()), &WIDE));
    insta::assert_snapshot!("outcome_stuck_coloured", visible(&outcome(&a_deployment(stuck()), &COLOURED)));
    let shown = outcome(&a_deployment(stuck()), &NARROW);
    for command in ["rollback support-desk/dev --to 3", "let-go support-desk/dev shared/Orders"] {
        let line = format!("  cargo xtask admin {command}");
        assert!(shown.lines().any(|one| one == line), "a command can be copied: {shown}");
    }
}

#[test]
fn what_is_destroyed_and_what_stays_is_told() {
    let keys = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    let destroyed = Outcome::Destroyed { deleted: 41, retained: keys(&["shared/Documents@1", "shared/Orders@2"]) };
    insta::assert_snapshot!("outcome_destroyed", outcome(&a_deployment(destroyed), &WIDE));
    let draining = Outcome::Draining { left: keys(&["order-agent/SecurityGroup@1"]), retained: Vec::new() };
    insta::assert_snapshot!("outcome_draining", outcome(&a_deployment(draining), &WIDE));
    let everything = Outcome::Destroyed { deleted: 1, retained: Vec::new() };
    assert!(outcome(&a_deployment(everything), &WIDE).ends_with("\n1 resource deleted.\n"));
    let request = Request::Destroy(model::Destroy::default());
    let stopped = Deployment { request, ..a_deployment(stopped()) };
    assert!(outcome(&stopped, &WIDE).contains("then destroy again"));
}

#[test]
fn what_somebody_decided_is_told_with_who_it_was() {
    let said = |deployment: Deployment| outcome(&deployment, &WIDE).lines().skip(1).collect::<Vec<_>>().join("\n");
    let denied =
        Outcome::Denied { by: "arn:aws:iam::123456789012:user/kim".into(), why: Some("not on a Friday".into()) };
    insta::assert_snapshot!("outcome_denied", said(a_deployment(denied)));
    assert!(said(a_deployment(Outcome::Expired)).contains("Nobody approved its plan in time. Nothing was touched"));
    assert!(
        said(a_deployment(Outcome::Superseded { by: "0199d2a4c6".into() })).contains("deployment 0199d2a4c6 is newer")
    );
    let cancelled = a_deployment(Outcome::Cancelled { by: Some("kim".into()) });
    let waited = Deployment { started: None, ..cancelled.clone() };
    assert_eq!(said(waited), "\nCancelled by kim. It waited; nothing was touched.");
    let began = Deployment { started: Some(at(10)), ..cancelled };
    assert!(said(began).starts_with("\nCancelled by kim. What had begun is finished, and nothing was undone"));
}

#[test]
fn the_record_and_the_history_are_tables_that_fit_the_screen() {
    let resource = |kind: &str, id: Option<&str>, presence| RecordedResource {
        kind: kind.into(),
        physical_id: id.map(Into::into),
        presence,
        asked: Properties::new(),
        sent: Properties::new(),
        baseline: Properties::new(),
        attributes: BTreeMap::new(),
        dependencies: Default::default(),
        agent: None,
        retention: Retention::Delete,
        deployment: "d".into(),
        intent: None,
        made_as: None,
        reap: None,
        earlier: Vec::new(),
    };
    let url = "https://sqs.eu-central-1.amazonaws.com/123456789012/support-desk-dev-work-1";
    let mut recorded = Recorded::default();
    for (key, resource) in [
        ("order-agent/Role@1", resource("AWS::IAM::Role", Some("support-desk-dev-order-agent"), Presence::Present)),
        ("shared/Orders@2", resource("AWS::DynamoDB::Table", None, Presence::Announced)),
        ("shared/Work@1", resource("AWS::SQS::Queue", Some(url), Presence::Present)),
    ] {
        recorded.resources.insert(key.parse().unwrap(), resource);
    }
    insta::assert_snapshot!("resources", resources(&recorded, &WIDE));
    insta::assert_snapshot!("resources_narrow", resources(&recorded, &NARROW));
    let deployments = [a_deployment(Outcome::Deployed), a_deployment(stopped())];
    insta::assert_snapshot!("history", history(&deployments, &WIDE));
    let values =
        BTreeMap::from([("ApiUrl".to_owned(), json!("https://a1.example.com")), ("Agents".to_owned(), json!(3))]);
    insta::assert_snapshot!("outputs", outputs(&values, &WIDE));
}

#[test]
fn no_line_that_can_be_shortened_is_wider_than_the_screen() {
    let (plan_, entries) = (a_plan(), a_finished_journal());
    let progress = Progress::of(&plan_, &entries).unwrap();
    for width in [50, 60, 80, 120] {
        let style = Style::plain(width);
        let text = [plan(&plan_, &style), timeline(&progress, &style), journal(&progress, at(6000), &style)].concat();
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn durations_read_as_people_say_them() {
    for (seconds, said) in [(0.042, "0.04 s"), (9.99, "9.99 s"), (12.34, "12.3 s"), (185.0, "3 min 05 s")] {
        assert_eq!(duration(seconds), said);
    }
}
