#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends here")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use model::{PhysicalId, Presence, Properties, RecordedResource, ResourceKey};
use serde_json::json;

use super::*;

/// A world in which every look takes no time and shows what it is told to show; it notes what it was asked.
struct World {
    now: Timestamp,
    alarm: AlarmSeen,
    answer: Result<Answer, ErrorClass>,
    status: Result<u16, ErrorClass>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> Timestamp {
        self.now
    }

    async fn sleep(&self, _duration: Duration) {}
}

impl World {
    fn ask(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }
}

#[async_trait]
impl Health for World {
    async fn alarm(&self, name: &str) -> Result<AlarmSeen, CallError> {
        self.ask(format!("alarm {name}"));
        Ok(self.alarm.clone())
    }

    async fn invoke(&self, function: &str, payload: &Value, patience: Duration) -> Result<Answer, CallError> {
        self.ask(format!("invoke {function} {payload} {}s", patience.as_secs()));
        self.answer.clone().map_err(|class| CallError::local(class, "Invoke", "no"))
    }

    async fn get(&self, url: &str, patience: Duration) -> Result<u16, CallError> {
        self.ask(format!("get {url} {}s", patience.as_secs()));
        self.status.map_err(|class| CallError::local(class, "GET", format!("`{url}` was not answered")))
    }
}

/// Seconds after the last change. The first change was a minute before it.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// A world in which everything is well.
fn world(seconds: i64) -> World {
    let (answer, status) = (Ok(Answer::Returned), Ok(200));
    World { now: at(seconds), alarm: AlarmSeen::Quiet, answer, status, asked: Mutex::default() }
}

fn raising(seconds: i64) -> World {
    World { answer: Ok(Answer::Failed { kind: "ValueError".into(), message: Some("no".into()) }), ..world(seconds) }
}

fn off(seconds: i64, since: Option<i64>) -> World {
    let alarm = AlarmSeen::Off { since: since.map(at), reason: "2 errors".into() };
    World { alarm, ..world(seconds) }
}

fn watched() -> Watched {
    Watched { plan: Digest::of(b"plan"), began: at(-60), since: at(0), held: Default::default() }
}

fn gate(check: GateCheck) -> Gate {
    Gate { agent: Some("orders".into()), check, seconds: 60 }
}

fn smoke() -> Gate {
    gate(GateCheck::Invoke {
        function: json!({ "Ref": "orders/Function" }),
        payload: json!({ "Ref": "shared/Secret" }),
    })
}

fn http(url: Value) -> Gate {
    gate(GateCheck::Http { url, status: 200 })
}

fn page() -> Gate {
    http(json!({ "Fn::Join": ["", [{ "Fn::GetAtt": ["shared/Api", "ApiEndpoint"] }, "/health"]] }))
}

fn quiet() -> Gate {
    gate(GateCheck::Alarm { name: json!({ "Ref": "orders/ErrorsAlarm" }) })
}

fn recorded() -> Recorded {
    let resource = |address: &str, kind: &str, id: &str, attributes: &[(&str, &str)]| {
        let made = RecordedResource {
            kind: kind.into(),
            physical_id: Some(PhysicalId::from(id)),
            presence: Presence::Present,
            asked: Properties::new(),
            sent: Properties::new(),
            baseline: Properties::new(),
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect(),
            dependencies: Default::default(),
            agent: None,
            retention: Default::default(),
            deployment: "d1".into(),
            intent: None,
            made_as: None,
            reap: None,
            earlier: Vec::new(),
        };
        (format!("{address}@1").parse::<ResourceKey>().unwrap(), made)
    };
    let endpoint = [("ApiEndpoint", "https://abc.execute-api.eu-central-1.amazonaws.com")];
    let url = [("FunctionUrl", "https://xyz.lambda-url.eu-central-1.on.aws/")];
    let resources = BTreeMap::from([
        resource("orders/Function", "AWS::Lambda::Function", "shop-dev-orders", &[("Url", "https://example.com")]),
        resource("orders/ErrorsAlarm", "AWS::CloudWatch::Alarm", "shop-dev-orders-errors", &[]),
        resource("orders/Url", "AWS::Lambda::Url", "shop-dev-orders-url", &url),
        resource("shared/Api", "AWS::ApiGatewayV2::Api", "abc", &endpoint),
    ]);
    Recorded { resources, ..Recorded::default() }
}

async fn look(world: &World, gates: &[Gate], watched: Watched) -> Result<(Watched, Sight), StepError> {
    let recorded = recorded();
    Looking { health: world, clock: world, recorded: &recorded, until: at(800) }.at(gates, watched).await
}

async fn sight(world: &World, gates: &[Gate]) -> Sight {
    look(world, gates, watched()).await.unwrap().1
}

/// The messages of what did not hold.
async fn failures(world: &World, gates: &[Gate]) -> Vec<String> {
    match sight(world, gates).await {
        Sight::Failed(causes) => causes.into_iter().map(|cause| cause.message).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_well_holds_after_one_look() {
    let world = world(1);
    assert_eq!(sight(&world, &[smoke(), page()]).await, Sight::Holds);
    let asked = world.asked.into_inner().unwrap();
    let event = "an event is never taken for a reference";
    assert_eq!(asked[0], r#"invoke shop-dev-orders {"Ref":"shared/Secret"} 59s"#, "{event}");
    assert_eq!(asked[1], "get https://abc.execute-api.eu-central-1.amazonaws.com/health 59s");
}

#[tokio::test]
async fn what_holds_is_not_asked_again() {
    let first = World { status: Ok(503), ..world(1) };
    let (watched, sight) = look(&first, &[smoke(), page()], watched()).await.unwrap();
    assert_eq!(sight, Sight::Wait(2));
    let second = world(4);
    assert_eq!(look(&second, &[smoke(), page()], watched).await.unwrap().1, Sight::Holds);
    let asked = second.asked.into_inner().unwrap();
    assert!(matches!(asked.as_slice(), [only] if only.starts_with("get ")), "{asked:?}");
}

#[tokio::test]
async fn what_is_not_well_has_until_its_time_is_over() {
    assert_eq!(sight(&raising(1), &[smoke()]).await, Sight::Wait(2));
    assert_eq!(sight(&raising(40), &[smoke()]).await, Sight::Wait(10), "more slowly the longer it takes");
    assert_eq!(sight(&raising(59), &[smoke()]).await, Sight::Wait(2), "and once more when it is over");
    let said = "agent `orders` is not well: its smoke invocation ended with a function error: ValueError: no; \
                it must be well within 60 seconds of the last change";
    assert_eq!(failures(&raising(60), &[smoke()]).await, [said]);
}

#[tokio::test]
async fn every_failure_is_told_and_none_that_may_still_pass() {
    let world = World { status: Ok(500), ..raising(70) };
    let longer = Gate { seconds: 300, ..page() };
    assert_eq!(failures(&world, &[smoke(), longer]).await.len(), 1);
    let both = failures(&world, &[smoke(), page()]).await;
    let url = "https://abc.execute-api.eu-central-1.amazonaws.com/health";
    assert!(both[1].contains(&format!("`GET {url}` answered with status 500, not 200")), "{both:?}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_not_well() {
    for (class, help) in [
        (ErrorClass::Denied, "bootstrap/target-role.yaml"),
        (ErrorClass::NotFound, "deploy again"),
        (ErrorClass::Transient, "`within`"),
    ] {
        assert_eq!(sight(&World { answer: Err(class), ..world(1) }, &[smoke()]).await, Sight::Wait(2), "{class}");
        let Sight::Failed(causes) = sight(&World { answer: Err(class), ..world(61) }, &[smoke()]).await else {
            panic!("{class}")
        };
        assert!(causes[0].message.contains("the function `shop-dev-orders` could not be asked"), "{causes:?}");
        assert!(causes[0].help.contains(help), "{causes:?}");
    }
}

#[tokio::test]
async fn an_alarm_is_watched_until_its_time_is_over() {
    assert_eq!(sight(&world(1), &[quiet()]).await, Sight::Wait(2));
    assert_eq!(sight(&world(58), &[quiet()]).await, Sight::Wait(3));
    assert_eq!(sight(&world(60), &[quiet()]).await, Sight::Holds);
}

#[tokio::test]
async fn an_alarm_that_goes_off_fails_at_once() {
    let said = failures(&off(5, Some(3)), &[quiet()]).await;
    assert!(
        said[0].contains("the alarm `shop-dev-orders-errors` is in ALARM since 2027-01-15T08:00:03Z: 2 errors"),
        "{said:?}"
    );
    assert!(matches!(sight(&off(5, Some(-30)), &[quiet()]).await, Sight::Failed(_)), "while changes were made");
}

#[tokio::test]
async fn an_alarm_that_was_on_before_the_deployment_has_time_to_go_off() {
    assert_eq!(sight(&off(5, Some(-100)), &[quiet()]).await, Sight::Wait(2));
    assert_eq!(sight(&off(5, None), &[quiet()]).await, Sight::Wait(2), "where nobody knows since when");
    assert!(matches!(sight(&off(60, Some(-100)), &[quiet()]).await, Sight::Failed(_)));
}

#[tokio::test]
async fn only_addresses_that_aws_gave_the_environment_are_asked() {
    for url in [
        "https://abc.execute-api.eu-central-1.amazonaws.com",
        "https://abc.execute-api.eu-central-1.amazonaws.com/health",
        "https://xyz.lambda-url.eu-central-1.on.aws/health",
    ] {
        assert_eq!(sight(&world(1), &[http(json!(url))]).await, Sight::Holds, "{url}");
    }
    for url in [
        "https://example.com/health",
        "https://abc.execute-api.eu-central-1.amazonaws.com.example.com/",
        "https://abc.execute-api.eu-central-1.amazonaws.com@example.com/",
        "https://xyz.lambda-url.eu-central-1.on.aws:8443/",
        "http://169.254.169.254/latest/meta-data",
        "",
    ] {
        let world = world(1);
        let refused = look(&world, &[http(json!(url))], watched()).await;
        assert!(matches!(refused, Err(StepError::Corrupt(_))), "{url}: {refused:?}");
        assert!(world.asked.into_inner().unwrap().is_empty(), "{url} was asked");
    }
}

#[tokio::test]
async fn a_gate_that_refers_to_nothing_is_corrupt() {
    let lost = gate(GateCheck::Alarm { name: json!({ "Ref": "orders/Gone" }) });
    assert!(matches!(look(&world(1), &[lost], watched()).await, Err(StepError::Corrupt(_))));
}

#[tokio::test]
async fn a_look_has_the_rest_of_its_time_and_never_more_than_the_invocation() {
    let late = raising(59);
    sight(&late, &[smoke()]).await;
    assert!(late.asked.into_inner().unwrap()[0].ends_with(" 10s"), "a function that starts needs some seconds");
    let world = raising(795);
    sight(&world, &[Gate { seconds: 900, ..smoke() }]).await;
    assert!(world.asked.into_inner().unwrap()[0].ends_with(" 5s"));
}

#[test]
fn looking_begins_at_the_last_line_of_the_journal() {
    let line = |at: &str| {
        let line = json!({ "at": at, "epoch": 1, "change": "orders/Function@1", "event": "awaiting", "what": "" });
        serde_json::from_value::<Entry>(line).unwrap()
    };
    let journal = [line("2026-11-01T10:00:00Z"), line("2026-11-01T10:05:00Z")];
    let Watched { began, since, .. } = first(Digest::of(b"plan"), &journal);
    assert_eq!((began, since), (journal[0].at, journal[1].at));
    assert_eq!(first(Digest::of(b"plan"), &[]).since, Timestamp::UNIX_EPOCH, "one look, and no more");
}

#[tokio::test]
async fn what_a_function_with_secrets_says_when_it_fails_is_not_kept() {
    let world = raising(61);
    let mut recorded = recorded();
    let function = recorded.resources.get_mut(&"orders/Function@1".parse::<ResourceKey>().unwrap()).unwrap();
    function.agent = Some("orders".to_owned());
    let variables = json!({ "KEY": "{{resolve:ssm-secure:/shop/dev/key}}" });
    function.sent = model::properties(json!({ "Environment": { "Variables": variables } }));
    let looking = Looking { health: &world, clock: &world, recorded: &recorded, until: at(800) };
    let Sight::Failed(causes) = looking.at(&[smoke()], watched()).await.unwrap().1 else { panic!("it fails") };
    let said = "ended with a function error: ValueError (what it says is not kept, because it has secrets);";
    assert!(causes[0].message.contains(said), "{causes:?}");
}
