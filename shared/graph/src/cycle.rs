//! A cycle, found and told as a path.
//!
//! Must never: report a path that is not in the graph, or take time that grows with the square of a large graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::Graph;

/// How many edges the search for the *shortest* cycle may look at. A tangle of some hundred nodes is searched completely;
/// in a larger one the cycle that is reported is real, but there may be a shorter one.
const EFFORT: usize = 1_000_000;

/// Nodes that depend on each other in a ring, beginning with the smallest of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle<N> {
    ring: Vec<N>,
}

impl<N> Cycle<N> {
    /// The path a → b → … → a, each depending on the next: the first node stands at both ends.
    pub fn path(&self) -> impl Iterator<Item = &N> {
        self.ring.iter().chain(self.ring.first())
    }

    /// The same ring of what `name` makes of its nodes: for graphs whose nodes are numbers that stand for something.
    #[must_use]
    pub fn map<M>(self, name: impl FnMut(N) -> M) -> Cycle<M> {
        Cycle { ring: self.ring.into_iter().map(name).collect() }
    }

    /// The nodes of the ring, each once, in the order of the path.
    #[must_use]
    pub fn nodes(&self) -> &[N] {
        &self.ring
    }
}

impl<N: fmt::Display> fmt::Display for Cycle<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dependency cycle: ")?;
        for (position, node) in self.path().enumerate() {
            let arrow = if position == 0 { "" } else { " → " };
            write!(f, "{arrow}`{node}`")?;
        }
        Ok(())
    }
}

impl<N: fmt::Debug + fmt::Display> std::error::Error for Cycle<N> {}

impl<N: Ord + Clone> Graph<N> {
    /// A shortest cycle among `left`: what Kahn's algorithm could not order, so that each depends on another of them.
    pub(crate) fn explain_cycle(&self, left: BTreeSet<&N>) -> Cycle<N> {
        let mut best = self.any_cycle(&left);
        let mut effort = EFFORT;
        for start in &left {
            if best.len() <= 1 || effort == 0 {
                break;
            }
            if let Some(shorter) = self.cycle_through(start, &left, best.len(), &mut effort) {
                best = shorter;
            }
        }
        let smallest = best.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(position, _)| position);
        best.rotate_left(smallest);
        Cycle { ring: best.into_iter().cloned().collect() }
    }

    /// Follows the smallest dependency until a node comes up again.
    fn any_cycle<'g>(&'g self, left: &BTreeSet<&'g N>) -> Vec<&'g N> {
        let mut path: Vec<&N> = Vec::new();
        let mut position: BTreeMap<&N, usize> = BTreeMap::new();
        let mut next = left.first().copied();
        while let Some(node) = next {
            if let Some(first) = position.get(node) {
                return path.split_off(*first);
            }
            position.insert(node, path.len());
            path.push(node);
            next = self.dependencies(node).find(|dependency| left.contains(dependency));
        }
        path
    }

    /// The shortest cycle through `start`, if it has fewer than `bound` nodes; breadth first.
    fn cycle_through<'g>(
        &'g self,
        start: &'g N,
        left: &BTreeSet<&'g N>,
        bound: usize,
        effort: &mut usize,
    ) -> Option<Vec<&'g N>> {
        let mut came_from: BTreeMap<&N, &N> = BTreeMap::new();
        let mut queue = VecDeque::from([(start, 1)]);
        while let Some((node, length)) = queue.pop_front() {
            if length >= bound {
                return None;
            }
            for dependency in self.dependencies(node).filter(|dependency| left.contains(dependency)) {
                *effort = effort.checked_sub(1)?;
                if dependency == start {
                    let mut ring = vec![node];
                    while let Some(previous) = ring.last().and_then(|node| came_from.get(*node)) {
                        ring.push(previous);
                    }
                    ring.reverse();
                    return Some(ring);
                }
                if !came_from.contains_key(dependency) {
                    came_from.insert(dependency, node);
                    queue.push_back((dependency, length + 1));
                }
            }
        }
        None
    }
}
