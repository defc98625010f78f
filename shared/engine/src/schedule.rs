//! What may start now: dataflow over the edges of a plan, the longest remaining path first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use model::{Action, Change, Plan, Reach, ResourceKey, Stage};

/// The order of a wave. Knows nothing of how changes are carried out.
#[derive(Debug)]
pub(crate) struct Schedule<'a> {
    nodes: Vec<Node<'a>>,
    places: BTreeMap<&'a ResourceKey, usize>,
    /// What may start, the most urgent first; among equals in the order of the plan.
    ready: BTreeSet<(Reverse<u64>, usize)>,
    /// What could start but for its stage.
    held: BTreeSet<(Reverse<u64>, usize)>,
    running: usize,
    /// What has not started and may still.
    waiting: usize,
    building: usize,
    failed: bool,
}

#[derive(Debug)]
struct Node<'a> {
    change: &'a Change,
    /// Who needs it, and how far it must have come for them.
    dependents: Vec<(usize, Reach)>,
    unmet: usize,
    reached: Option<Reach>,
    standing: Standing,
    /// Milliseconds from its start to the end of the longest chain behind it.
    remaining: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Waiting,
    Running,
    Ended,
    Blocked,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let places: BTreeMap<&ResourceKey, usize> =
            plan.changes.iter().enumerate().map(|(place, change)| (&change.key, place)).collect();
        let mut nodes: Vec<Node<'_>> = plan.changes.iter().map(Node::new).collect();
        for (place, change) in plan.changes.iter().enumerate() {
            for edge in &change.needs {
                // What is needed and nobody makes is never reached; `check` refuses such a plan.
                if let Some(on) = places.get(&edge.on).and_then(|on| nodes.get_mut(*on)) {
                    on.dependents.push((place, edge.until));
                }
            }
        }
        remaining(&mut nodes);
        let building = nodes.iter().filter(|node| node.change.stage == Stage::Build).count();
        let waiting = nodes.len();
        let mut schedule = Self {
            nodes,
            places,
            ready: BTreeSet::new(),
            held: BTreeSet::new(),
            running: 0,
            waiting,
            building,
            failed: false,
        };
        let free: Vec<usize> =
            schedule.nodes.iter().enumerate().filter(|(_, node)| node.unmet == 0).map(|(place, _)| place).collect();
        free.into_iter().for_each(|place| schedule.offer(place));
        schedule
    }

    /// Takes out what may start, the most urgent first, each with its urgency: the time that lies behind its start.
    pub(crate) fn start(&mut self, most: usize) -> Vec<(&'a Change, u64)> {
        if self.building == 0 && !self.failed {
            self.ready.append(&mut self.held);
        }
        let mut started = Vec::new();
        while self.running < most {
            let Some((Reverse(urgency), place)) = self.ready.pop_first() else { break };
            let Some(node) = self.nodes.get_mut(place) else { continue };
            node.standing = Standing::Running;
            self.running += 1;
            self.waiting -= 1;
            started.push((node.change, urgency));
        }
        started
    }

    /// Something has nothing left to wait for.
    fn offer(&mut self, place: usize) {
        let Some(node) = self.nodes.get(place).filter(|node| node.standing == Standing::Waiting) else { return };
        let entry = (Reverse(node.remaining), place);
        match node.change.stage {
            Stage::Build => self.ready.insert(entry),
            Stage::Retire => self.held.insert(entry),
        };
    }

    /// The identity of a resource is known.
    pub(crate) fn identified(&mut self, key: &ResourceKey) {
        if let Some(place) = self.places.get(key).copied() {
            self.reach(place, Reach::Identified);
        }
    }

    /// A resource can be used, though its change has not ended.
    pub(crate) fn usable(&mut self, key: &ResourceKey) {
        if let Some(place) = self.places.get(key).copied() {
            self.reach(place, Reach::Ready);
        }
    }

    fn reach(&mut self, place: usize, reach: Reach) {
        let Some(node) = self.nodes.get_mut(place) else { return };
        let before = node.reached.replace(node.reached.map_or(reach, |before| before.max(reach)));
        let met = |until: Reach| until <= reach && before.is_none_or(|before| until > before);
        let freed: Vec<usize> =
            node.dependents.iter().filter(|(_, until)| met(*until)).map(|(place, _)| *place).collect();
        for place in freed {
            let Some(node) = self.nodes.get_mut(place) else { continue };
            node.unmet = node.unmet.saturating_sub(1);
            if node.unmet == 0 {
                self.offer(place);
            }
        }
    }

    /// A change succeeded.
    pub(crate) fn succeeded(&mut self, change: &Change) {
        if let Some(place) = self.ended(change) {
            self.reach(place, Reach::Ready);
        }
    }

    /// A change failed: what needs it never starts. Where it was to build something, nothing is retired; a deletion that
    /// fails stops no other.
    pub(crate) fn failed(&mut self, change: &Change) {
        let Some(place) = self.ended(change) else { return };
        self.block(place);
        if change.stage == Stage::Build && !self.failed {
            self.failed = true;
            let retiring: Vec<usize> = (0..self.nodes.len()).filter(|place| self.is_retiring(*place)).collect();
            retiring.into_iter().for_each(|place| self.give_up(place));
        }
    }

    /// A deletion is put off. What stands behind it is not tried, and is returned.
    pub(crate) fn deferred(&mut self, change: &Change) -> Vec<&'a Change> {
        let Some(place) = self.ended(change) else { return Vec::new() };
        self.block(place)
    }

    fn is_retiring(&self, place: usize) -> bool {
        self.nodes.get(place).is_some_and(|node| node.change.stage == Stage::Retire)
    }

    /// Everything that needs a change, directly or not, is given up.
    fn block(&mut self, root: usize) -> Vec<&'a Change> {
        let mut ahead = vec![root];
        let mut blocked = Vec::new();
        while let Some(place) = ahead.pop() {
            let dependents: Vec<usize> =
                self.nodes.get(place).into_iter().flat_map(|node| &node.dependents).map(|(place, _)| *place).collect();
            for dependent in dependents {
                let Some(node) = self.nodes.get(dependent) else { continue };
                // Who needed no more than its identity may be under way or done.
                if node.standing == Standing::Waiting {
                    blocked.push(node.change);
                    self.give_up(dependent);
                    ahead.push(dependent);
                }
            }
        }
        blocked
    }

    fn give_up(&mut self, place: usize) {
        let Some(node) = self.nodes.get_mut(place).filter(|node| node.standing == Standing::Waiting) else { return };
        node.standing = Standing::Blocked;
        self.waiting -= 1;
        let entry = (Reverse(node.remaining), place);
        self.ready.remove(&entry);
        self.held.remove(&entry);
    }

    fn ended(&mut self, change: &Change) -> Option<usize> {
        let place = self.places.get(&change.key).copied()?;
        let node = self.nodes.get_mut(place).filter(|node| node.standing == Standing::Running)?;
        node.standing = Standing::Ended;
        self.running -= 1;
        if change.stage == Stage::Build {
            self.building = self.building.saturating_sub(1);
        }
        Some(place)
    }

    /// Whether everything has started that can.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.waiting == 0
    }
}

impl<'a> Node<'a> {
    fn new(change: &'a Change) -> Self {
        Self {
            change,
            dependents: Vec::new(),
            unmet: change.needs.len(),
            reached: None,
            standing: Standing::Waiting,
            remaining: 0,
        }
    }
}

/// Works out what lies behind the start of each: changes stand in an order that respects their edges, so that one pass from
/// the end finds everything.
fn remaining(nodes: &mut [Node<'_>]) {
    for place in (0..nodes.len()).rev() {
        let Some(node) = nodes.get(place) else { continue };
        let (identified, ready) = expected(node.change);
        let behind = node.dependents.iter().map(|(dependent, until)| {
            let start = if *until == Reach::Identified { identified } else { ready };
            start + nodes.get(*dependent).map_or(0, |dependent| dependent.remaining)
        });
        let longest = behind.max().unwrap_or(0).max(ready);
        if let Some(node) = nodes.get_mut(place) {
            node.remaining = longest;
        }
    }
}

/// Milliseconds until its identity is known, and until it is done.
fn expected(change: &Change) -> (u64, u64) {
    let latency = schema::latency(&change.kind);
    let call = schema::middle(&latency.call);
    match change.action {
        Action::Create { .. } | Action::Replace { .. } => (call, latency.expected()),
        Action::Update { .. } => (0, call),
        Action::Delete { .. } => (call, call + schema::middle(&latency.gone)),
        Action::Move { .. } | Action::Forget { .. } => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use model::{Action, Digest, Edge, EnvironmentId, Properties, Reason, Retention, Revision, Stamp};

    use super::*;

    fn change(key: &str, kind: &str, stage: Stage, needs: &[(&str, Reach)]) -> Change {
        Change {
            key: key.parse().unwrap(),
            kind: kind.into(),
            action: Action::Create { to: Properties::new() },
            because: Reason::New,
            needs: needs.iter().map(|(on, until)| Edge { on: on.parse().unwrap(), until: *until }).collect(),
            stage,
            dependencies: BTreeSet::new(),
            agent: None,
            retention: Retention::Delete,
            shift: None,
        }
    }

    fn plan(changes: Vec<Change>) -> Plan {
        Plan {
            version: 1,
            deployment: "d1".into(),
            environment: EnvironmentId::new("shop", "dev").unwrap(),
            account: String::new(),
            region: String::new(),
            stamp: Stamp {
                engine: "e".into(),
                scope: "shop/dev".into(),
                version: String::new(),
                deployed_at: String::new(),
                deployed_by: String::new(),
            },
            parent: Revision(0),
            sequence: 0,
            config: Digest::of(b""),
            changes,
            unchanged: 0,
            irreversible: Vec::new(),
            outputs: BTreeMap::new(),
            since: 0,
            gates: Vec::new(),
        }
    }

    fn keys(changes: &[(&Change, u64)]) -> Vec<String> {
        changes.iter().map(|(change, _)| change.key.to_string()).collect()
    }

    #[test]
    fn the_longest_chain_starts_first_and_nothing_waits_for_more_than_it_needs() {
        let plan = plan(vec![
            change("a/Queue@1", "AWS::SQS::Queue", Stage::Build, &[]),
            change("a/Table@1", "AWS::DynamoDB::Table", Stage::Build, &[]),
            change("a/Role@1", "AWS::IAM::Role", Stage::Build, &[("a/Table@1", Reach::Identified)]),
            change("a/Function@1", "AWS::Lambda::Function", Stage::Build, &[("a/Role@1", Reach::Ready)]),
        ]);
        let mut schedule = Schedule::new(&plan);
        assert_eq!(keys(&schedule.start(100)), ["a/Table@1", "a/Queue@1"]);
        schedule.identified(&"a/Table@1".parse().unwrap());
        assert_eq!(keys(&schedule.start(100)), ["a/Role@1"], "while the table is still being made");
        schedule.identified(&"a/Role@1".parse().unwrap());
        assert!(schedule.start(100).is_empty());
        schedule.succeeded(&plan.changes[2]);
        assert_eq!(keys(&schedule.start(100)), ["a/Function@1"]);
        assert!(schedule.is_exhausted());
    }

    #[test]
    fn nothing_is_retired_before_everything_is_built_nor_after_a_failure() {
        let plan = plan(vec![
            change("a/New@1", "AWS::SQS::Queue", Stage::Build, &[]),
            change("a/Old@1", "AWS::SQS::Queue", Stage::Retire, &[]),
        ]);
        let mut schedule = Schedule::new(&plan);
        assert_eq!(keys(&schedule.start(100)), ["a/New@1"]);
        assert!(schedule.start(100).is_empty());
        schedule.succeeded(&plan.changes[0]);
        assert_eq!(keys(&schedule.start(100)), ["a/Old@1"]);

        let mut schedule = Schedule::new(&plan);
        schedule.start(100);
        schedule.failed(&plan.changes[0]);
        assert!(schedule.start(100).is_empty());
    }

    #[test]
    fn a_deletion_that_fails_stops_only_what_waits_for_it() {
        let plan = plan(vec![
            change("a/Dies@1", "AWS::SQS::Queue", Stage::Retire, &[]),
            change("a/Lives@1", "AWS::SQS::Queue", Stage::Retire, &[]),
            change("a/Under@1", "AWS::SQS::Queue", Stage::Retire, &[("a/Lives@1", Reach::Ready)]),
            change("a/Last@1", "AWS::SQS::Queue", Stage::Retire, &[("a/Dies@1", Reach::Ready)]),
        ]);
        let mut schedule = Schedule::new(&plan);
        assert_eq!(keys(&schedule.start(100)), ["a/Dies@1", "a/Lives@1"]);
        schedule.failed(&plan.changes[1]);
        schedule.succeeded(&plan.changes[0]);
        assert_eq!(keys(&schedule.start(100)), ["a/Last@1"]);
        assert!(schedule.is_exhausted(), "what stands under the one that lives is not tried");
    }

    #[test]
    fn what_stands_on_something_that_is_put_off_is_put_off() {
        let plan = plan(vec![
            change("a/Group@1", "AWS::EC2::SecurityGroup", Stage::Retire, &[]),
            change("a/Vpc@1", "AWS::EC2::VPC", Stage::Retire, &[("a/Group@1", Reach::Ready)]),
        ]);
        let mut schedule = Schedule::new(&plan);
        assert_eq!(keys(&schedule.start(100)), ["a/Group@1"]);
        let put_off: Vec<_> = schedule.deferred(&plan.changes[0]).iter().map(|change| change.key.to_string()).collect();
        assert_eq!(put_off, ["a/Vpc@1"]);
        assert!(schedule.is_exhausted());
    }
}
