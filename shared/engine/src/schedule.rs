//! What may start now: dataflow over the edges of a plan, the longest remaining path first.

use std::collections::{BTreeMap, BTreeSet};

use graph::Graph;
use model::{Change, Plan, Reach, ResourceKey, Stage};

/// The order of a wave. Knows nothing of how changes are carried out.
#[derive(Debug)]
pub(crate) struct Schedule<'a> {
    /// What has not started yet.
    waiting: BTreeMap<&'a ResourceKey, &'a Change>,
    /// How far the others came.
    reached: BTreeMap<ResourceKey, Reach>,
    /// What runs.
    running: BTreeSet<ResourceKey>,
    /// Milliseconds from the start of a change to the end of the longest chain behind it.
    remaining: BTreeMap<ResourceKey, u64>,
    building: usize,
    failed: bool,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let mut graph = Graph::new();
        for change in &plan.changes {
            graph.add(change.key.clone());
            for edge in &change.needs {
                graph.depend(change.key.clone(), edge.on.clone());
            }
        }
        let latency = |key: &ResourceKey| {
            let kind = plan.change(key).map(|change| &change.kind);
            kind.map_or(1_000, |kind| schema::latency(kind).expected())
        };
        let latencies: BTreeMap<ResourceKey, u64> =
            plan.changes.iter().map(|change| (change.key.clone(), latency(&change.key))).collect();
        let remaining = graph.longest_remaining(|key| latencies.get(key).copied().unwrap_or_default());
        Self {
            waiting: plan.changes.iter().map(|change| (&change.key, change)).collect(),
            reached: BTreeMap::new(),
            running: BTreeSet::new(),
            remaining,
            building: plan.changes.iter().filter(|change| change.stage == Stage::Build).count(),
            failed: false,
        }
    }

    /// Takes out what may start, the most urgent first.
    pub(crate) fn start(&mut self, most: usize) -> Vec<&'a Change> {
        let mut ready: Vec<&Change> = self.waiting.values().copied().filter(|change| self.may_start(change)).collect();
        ready.sort_by_key(|change| {
            (std::cmp::Reverse(self.remaining.get(&change.key).copied().unwrap_or_default()), &change.key)
        });
        ready.truncate(most.saturating_sub(self.running.len()));
        for change in &ready {
            self.waiting.remove(&change.key);
            self.running.insert(change.key.clone());
        }
        ready
    }

    fn may_start(&self, change: &Change) -> bool {
        let stage_is_open = change.stage == Stage::Build || (self.building == 0 && !self.failed);
        stage_is_open
            && change.needs.iter().all(|edge| self.reached.get(&edge.on).is_some_and(|reach| *reach >= edge.until))
    }

    /// The identity of a resource is known.
    pub(crate) fn identified(&mut self, key: &ResourceKey) {
        self.reached.entry(key.clone()).or_insert(Reach::Identified);
    }

    /// A change succeeded.
    pub(crate) fn succeeded(&mut self, change: &Change) {
        self.ended(change);
        self.reached.insert(change.key.clone(), Reach::Ready);
    }

    /// A change failed: what needs it never starts. Where it was to build something, nothing is retired; a deletion that
    /// fails stops no other.
    pub(crate) fn failed(&mut self, change: &Change) {
        self.ended(change);
        self.reached.remove(&change.key);
        self.failed |= change.stage == Stage::Build;
    }

    fn ended(&mut self, change: &Change) {
        self.running.remove(&change.key);
        if change.stage == Stage::Build {
            self.building = self.building.saturating_sub(1);
        }
    }

    /// Whether every change has started.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.waiting.is_empty()
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
        }
    }

    fn keys(changes: &[&Change]) -> Vec<String> {
        changes.iter().map(|change| change.key.to_string()).collect()
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
        assert!(!schedule.is_exhausted(), "what stands under the one that lives waits");
    }
}
