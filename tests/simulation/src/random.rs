//! The generator of random cases: stacks of every type, revisions of them, and faults.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{Desired, DesiredResource, Properties, ResourceAddress, ResourceType, Retention, Selection};
use serde_json::{Value, json};
use testkit::{Draws, Fault, Latencies, Moment, Options, Storm, Weather};

use crate::case::{Case, Request, Revision};
use crate::stack::{Stack, address};

/// One after the other, from one seed.
struct Dice {
    draws: Draws,
    what: &'static str,
    thrown: u64,
}

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.thrown += 1;
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.draws.bits(self.what, "", self.thrown) % end).unwrap_or(0)
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.below(items.len());
        items.get(at)
    }

    fn seconds(&mut self, most: usize) -> Duration {
        Duration::from_millis(u64::try_from(self.below(most * 1_000)).unwrap_or(0))
    }
}

/// What a type needs to be made at random.
struct Shape {
    kind: &'static str,
    /// The property that names what it stands in, and of which type that is.
    parent: Option<(&'static str, &'static str)>,
    /// A property that cannot be changed in place, besides its name.
    frozen: Option<&'static str>,
    /// A property that must be there, and be its own.
    own: Option<&'static str>,
}

const fn shape(kind: &'static str, frozen: Option<&'static str>) -> Shape {
    Shape { kind, parent: None, frozen, own: None }
}

const fn child(
    kind: &'static str,
    parent: (&'static str, &'static str),
    frozen: Option<&'static str>,
    own: Option<&'static str>,
) -> Shape {
    Shape { kind, parent: Some(parent), frozen, own }
}

const API: &str = "AWS::ApiGatewayV2::Api";
const FUNCTION: &str = "AWS::Lambda::Function";

const SHAPES: &[Shape] = &[
    shape(API, Some("ProtocolType")),
    child("AWS::ApiGatewayV2::Integration", ("ApiId", API), None, None),
    child("AWS::ApiGatewayV2::Route", ("ApiId", API), None, Some("RouteKey")),
    child("AWS::ApiGatewayV2::Stage", ("ApiId", API), Some("StageName"), Some("StageName")),
    shape("AWS::CloudWatch::Alarm", None),
    shape("AWS::DynamoDB::Table", Some("KeySchema")),
    shape("AWS::EC2::VPC", Some("CidrBlock")),
    child("AWS::EC2::SecurityGroup", ("VpcId", "AWS::EC2::VPC"), Some("GroupDescription"), None),
    shape("AWS::IAM::Role", Some("Path")),
    child(FUNCTION, ("Role", "AWS::IAM::Role"), Some("PackageType"), None),
    child("AWS::Lambda::Alias", ("FunctionName", FUNCTION), Some("Name"), Some("Name")),
    child("AWS::Lambda::Permission", ("FunctionName", FUNCTION), Some("Action"), None),
    child("AWS::Lambda::Url", ("TargetFunctionArn", FUNCTION), Some("Qualifier"), Some("Qualifier")),
    child("AWS::Lambda::Version", ("FunctionName", FUNCTION), Some("Description"), Some("Description")),
    shape("AWS::Logs::LogGroup", Some("LogGroupClass")),
    shape("AWS::S3::Bucket", None),
    child("AWS::S3::BucketPolicy", ("Bucket", "AWS::S3::Bucket"), None, None),
    child("AWS::SNS::Subscription", ("TopicArn", "AWS::SNS::Topic"), Some("Endpoint"), Some("Endpoint")),
    shape("AWS::SNS::Topic", Some("FifoTopic")),
    shape("AWS::SQS::Queue", Some("FifoQueue")),
    shape("AWS::SSM::Parameter", None),
];

/// The random case of a seed.
pub fn case(seed: u64) -> Case {
    let mut dice = Dice { draws: Draws::new(seed), what: "case", thrown: 0 };
    let mut owners = Dice { draws: Draws::new(seed), what: "owners", thrown: 0 };
    let (undoes, goes_back) = (dice.happens(60), dice.happens(50));
    let mut growing =
        Growing { stack: Stack::new(), counter: 0, keeps: !goes_back, moves_fixed: !undoes && !goes_back };
    let size = 1 + dice.below(9);
    for _ in 0..size {
        growing.add(&mut dice);
    }
    let mut revisions = vec![revision(&mut dice, growing.stack.0.clone())];
    for _ in 0..dice.below(4) {
        for _ in 0..=dice.below(4) {
            growing.change(&mut dice);
        }
        revisions.push(revision(&mut dice, growing.stack.0.clone()));
    }
    owned(&mut owners, &mut revisions);
    let lingering = if dice.happens(50) { 0..=0 } else { 5_000..=5_400_000 };
    let options = match dice.below(4) {
        0 => Options { lingering, ..Options::quick() },
        1 => Options { lingering, limits: Some(0.4), ..Options::real() },
        2 => Options { lingering, latencies: Latencies::None, ..Options::real() },
        _ => Options { lingering, ..Options::real() },
    };
    for (n, revision) in revisions.iter_mut().enumerate().skip(1) {
        revision.request = match dice.below(20) {
            _ if !goes_back => Request::Deploy,
            0..=8 => Request::Rollback(dice.below(n)),
            9 => Request::Destroy,
            _ => Request::Deploy,
        };
    }
    if dice.happens(40) {
        for revision in &mut revisions {
            let reach = 14 + revision.desired.resources.len() * 8;
            let call = 1 + dice.below(reach);
            if dice.happens(50) && revision.faults.iter().all(|(other, _)| *other != call) {
                revision.faults.push((call, Fault::Refused));
                revision.faults.sort_by_key(|(call, _)| *call);
            }
        }
    }
    let mut halves = Dice { draws: Draws::new(seed), what: "halves", thrown: 0 };
    if undoes && halves.happens(20) {
        halved(&mut halves, &mut revisions);
    }
    let slice = Duration::from_secs(*dice.of(&[600, 600, 30, 8]).unwrap_or(&600));
    Case { seed, options, slice, waits_for_frozen: dice.happens(50), undoes, revisions }
}

/// Gives resources to agents, and has some of the revisions be about some of those.
fn owned(dice: &mut Dice, revisions: &mut [Revision]) {
    const AGENTS: [Option<&str>; 5] = [None, None, Some("x"), Some("y"), Some("z")];
    let addresses: BTreeSet<ResourceAddress> =
        revisions.iter().flat_map(|one| one.desired.resources.keys().cloned()).collect();
    let mut agents = BTreeMap::new();
    for address in addresses {
        agents.insert(address, dice.of(&AGENTS).copied().flatten());
    }
    for revision in revisions {
        for (address, one) in &mut revision.desired.resources {
            one.agent = agents.get(address).copied().flatten().map(str::to_owned);
        }
        if dice.happens(35) {
            let names = (0..=dice.below(2)).filter_map(|_| dice.of(&["x", "y", "z"]).copied()).map(str::to_owned);
            revision.only = names.collect();
        }
    }
}

/// Has one of the revisions stop half way, then some agents deployed beside it, and then everything once more, which fails.
fn halved(dice: &mut Dice, revisions: &mut Vec<Revision>) {
    let at = dice.below(revisions.len());
    let Some(stopping) = revisions.get_mut(at) else { return };
    let reach = 14 + stopping.desired.resources.len() * 8;
    let (request, only) = (Request::Deploy, Selection::ALL);
    let calm = Revision { request, only, faults: Vec::new(), weather: Vec::new(), cancelled: None, ..stopping.clone() };
    let failing = |dice: &mut Dice| {
        let faults = vec![(1 + dice.below(reach), Fault::Refused)];
        Revision { faults, stops: false, ..calm.clone() }
    };
    *stopping = Revision { stops: true, ..failing(dice) };
    let part = Revision {
        only: dice.of(&["x", "y", "z"]).map(|name| (*name).to_owned()).into_iter().collect(),
        ..calm.clone()
    };
    let mut again = failing(dice);
    again.desired = revisions.get(at + 1).unwrap_or(&part).desired.clone();
    for revision in revisions.iter_mut().skip(at) {
        if let Request::Rollback(to) = &mut revision.request {
            *to += if *to > at { 2 } else { 0 };
        }
    }
    revisions.splice(at + 1..=at, [part, again]);
}

fn revision(dice: &mut Dice, desired: Desired) -> Revision {
    let reach = 14 + desired.resources.len() * 8;
    let many = if dice.happens(70) { dice.below(6) } else { 0 };
    let mut faults: Vec<(usize, Fault)> = (0..many).map(|_| (1 + dice.below(reach), fault(dice))).collect();
    faults.sort_by_key(|(call, _)| *call);
    faults.dedup_by_key(|(call, _)| *call);
    let storms = if dice.happens(15) { 1 + dice.below(2) } else { 0 };
    let weather = (0..storms).map(|_| storm(dice)).collect();
    let doubled = if dice.happens(15) { BTreeSet::from([1 + dice.below(3)]) } else { BTreeSet::new() };
    let cancelled = dice.happens(8).then(|| dice.seconds(40));
    Revision {
        request: Request::Deploy,
        desired,
        only: Selection::ALL,
        faults,
        weather,
        doubled,
        cancelled,
        stops: false,
        reaps: dice.happens(60),
        repeated: dice.happens(15),
    }
}

fn fault(dice: &mut Dice) -> Fault {
    let moment = *dice.of(&Moment::ALL).unwrap_or(&Moment::Before);
    match dice.below(9) {
        0 | 1 => Fault::Crash(moment),
        2 => Fault::Stall(moment, dice.seconds(100)),
        3 => Fault::Stall(moment, dice.seconds(3_600)),
        4 => Fault::ErrorBefore,
        5 => Fault::ErrorAfter,
        6 => Fault::Lost,
        7 => Fault::Late(dice.seconds(14)),
        _ => Fault::Throttled,
    }
}

fn storm(dice: &mut Dice) -> Weather {
    let from = dice.seconds(30);
    let apis = [None, Some("lambda"), Some("apigateway"), Some("iam"), Some("ec2"), Some("sqs")];
    let (what, length) = match dice.happens(50) {
        true => (Storm::Throttling, dice.seconds(50)),
        false => (Storm::Faults, dice.seconds(15)),
    };
    Weather { from, until: from + length, api: dice.of(&apis).copied().flatten(), what }
}

/// A stack that grows and changes.
struct Growing {
    stack: Stack,
    counter: usize,
    /// Whether anything is retained. What was let go is not known any more, so that what goes and comes again at its address
    /// would be a second one of the same incarnation.
    keeps: bool,
    /// Whether what has a name that the user fixed may move. Going back, what has it now would have to make way first.
    moves_fixed: bool,
}

impl Growing {
    fn resources(&mut self) -> &mut BTreeMap<ResourceAddress, DesiredResource> {
        &mut self.stack.0.resources
    }

    fn any(&self, dice: &mut Dice) -> Option<ResourceAddress> {
        let all: Vec<_> = self.stack.0.resources.keys().cloned().collect();
        dice.of(&all).cloned()
    }

    fn add(&mut self, dice: &mut Dice) {
        if let Some(shape) = dice.of(SHAPES) {
            self.add_one(dice, shape);
        }
    }

    fn add_one(&mut self, dice: &mut Dice, shape: &Shape) -> ResourceAddress {
        let parent = shape.parent.map(|(property, kind)| {
            let known = |(address, one): (&ResourceAddress, &DesiredResource)| {
                // A bucket has one policy, also while a revision takes another one's place.
                (one.kind.as_str() == kind && property != "Bucket").then(|| address.clone())
            };
            let fitting: Vec<_> = self.stack.0.resources.iter().filter_map(known).collect();
            let parent = match SHAPES.iter().find(|shape| shape.kind == kind) {
                Some(shape) if fitting.is_empty() || dice.happens(15) => Some(self.add_one(dice, shape)),
                _ => dice.of(&fitting).cloned(),
            };
            (property, parent)
        });
        self.counter += 1;
        let name = format!("R{}", self.counter);
        let mut properties = Properties::new().with("Setting", 0);
        if let Some((property, Some(parent))) = &parent {
            let by_arn = matches!(*property, "Role" | "TopicArn" | "TargetFunctionArn");
            let value =
                if by_arn { model::expression::attribute(parent, "Arn") } else { model::expression::reference(parent) };
            properties.set(property, value);
        }
        if let Some(own) = shape.own {
            properties.set(own, format!("{name}-own"));
        }
        let mut links: Vec<Value> = Vec::new();
        for _ in 0..dice.below(3) {
            if let Some(on) = self.any(dice) {
                links.push(if dice.happens(50) {
                    model::expression::reference(&on)
                } else {
                    model::expression::attribute(&on, "Arn")
                });
            }
        }
        let groups: Vec<ResourceAddress> = self
            .stack
            .0
            .resources
            .iter()
            .filter(|(_, one)| one.kind.as_str() == "AWS::EC2::SecurityGroup")
            .map(|(address, _)| address.clone())
            .collect();
        if shape.kind == FUNCTION
            && dice.happens(60)
            && let Some(group) = dice.of(&groups)
        {
            properties.set("VpcConfig", json!({ "SecurityGroupIds": [model::expression::reference(group)] }));
        }
        if !links.is_empty() {
            properties.set("Links", links.clone());
        }
        let naming = schema::get(&ResourceType::from(shape.kind)).and_then(|schema| schema.naming);
        // What stays for ever holds what it refers to for ever: only what refers to nothing is retained.
        let is_free = links.is_empty() && parent.is_none();
        let retention = match dice.below(12) {
            0 if is_free && self.keeps => Retention::Retain,
            1 if is_free && self.keeps => Retention::RetainReplaced,
            _ => Retention::Delete,
        };
        if let Some(naming) = naming.filter(|_| retention == Retention::Delete && dice.happens(25)) {
            properties.set(naming.property, format!("fixed-{name}").to_lowercase());
        }
        let resource = DesiredResource {
            kind: shape.kind.into(),
            properties,
            depends_on: BTreeSet::new(),
            agent: None,
            retention,
            ignore_changes: BTreeSet::new(),
            shift: None,
        };
        let address = address(&name);
        self.resources().insert(address.clone(), resource);
        address
    }

    fn change(&mut self, dice: &mut Dice) {
        let kind = dice.below(10);
        if kind < 2 {
            return self.add(dice);
        }
        let Some(address) = self.any(dice) else { return self.add(dice) };
        self.counter += 1;
        let counter = self.counter;
        match kind {
            2 | 3 => remove(&mut self.stack.0, &address),
            4..=6 => {
                if let Some(one) = self.resources().get_mut(&address) {
                    one.properties.set("Setting", counter);
                }
            }
            7 | 8 => {
                let Some(one) = self.resources().get_mut(&address) else { return };
                let frozen = SHAPES.iter().find(|shape| shape.kind == one.kind.as_str()).and_then(|shape| shape.frozen);
                one.properties.set(frozen.unwrap_or("Setting"), format!("V{counter}"));
            }
            _ => {
                // Nobody knows whether an earlier revision was carried out: what it said of moves is said again, and once.
                let is_fixed = self.stack.0.resources.get(&address).is_some_and(|one| {
                    let naming = schema::get(&one.kind).and_then(|schema| schema.naming);
                    naming.is_some_and(|naming| one.properties.get(naming.property).is_some())
                });
                let may_move = self.moves_fixed || !is_fixed;
                if may_move && !self.stack.0.moved.values().any(|to| *to == address) {
                    self.stack = self.stack.clone().moving(&address.logical_id, &format!("M{counter}"));
                }
            }
        }
    }
}

/// Removes a resource, whatever cannot be without it, and every other mention of it.
pub fn remove(desired: &mut Desired, address: &ResourceAddress) {
    desired.resources.remove(address);
    desired.moved.retain(|from, to| from != address && to != address);
    let mentions = |value: &Value| {
        let mut found = Vec::new();
        let _ = model::expression::references_in(value, &mut found);
        found.iter().any(|reference| reference.address == *address)
    };
    let mut homeless = Vec::new();
    for (other, resource) in &mut desired.resources {
        let is_homeless = resource
            .properties
            .0
            .iter()
            .any(|(name, value)| !matches!(name.as_str(), "Links" | "VpcConfig") && mentions(value));
        if is_homeless {
            homeless.push(other.clone());
        }
        if resource.properties.get("VpcConfig").is_some_and(mentions) {
            resource.properties.0.remove("VpcConfig");
        }
        if let Some(Value::Array(links)) = resource.properties.0.get_mut("Links") {
            links.retain(|link| !mentions(link));
        }
        resource.depends_on.remove(address);
    }
    for other in homeless {
        remove(desired, &other);
    }
}
