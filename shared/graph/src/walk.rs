//! Walks over the whole graph: order, levels, and the longest path ahead.
//!
//! Each is one pass of Kahn's algorithm over ordered maps: O((V + E) log V) time, O(V) memory, no recursion.
//! Must never call a cycle an order.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Cycle, Graph};

impl<N: Ord + Clone> Graph<N> {
    /// Every node after all that it depends on; among several that could come next, the smallest first.
    ///
    /// # Errors
    /// A [`Cycle`], the shortest that was found, if the graph has one.
    pub fn order(&self) -> Result<Vec<N>, Cycle<N>> {
        let mut left = self.dependency_counts();
        let mut ready: BTreeSet<&N> = free(&left);
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some(node) = ready.pop_first() {
            left.remove(node);
            order.push(node.clone());
            ready.extend(self.release(node, &mut left));
        }
        if left.is_empty() { Ok(order) } else { Err(self.explain_cycle(left.into_keys().collect())) }
    }

    /// The nodes by how many dependencies, one upon the other, lie before them; each level ascending.
    ///
    /// This explains a plan to people. It is not a schedule: a scheduler that waited for whole levels would waste time.
    ///
    /// # Errors
    /// A [`Cycle`], as for [`Graph::order`].
    pub fn levels(&self) -> Result<Vec<Vec<N>>, Cycle<N>> {
        let mut left = self.dependency_counts();
        let mut level: BTreeSet<&N> = free(&left);
        let mut levels = Vec::new();
        while !level.is_empty() {
            let mut next = BTreeSet::new();
            for node in &level {
                left.remove(*node);
                next.extend(self.release(node, &mut left));
            }
            levels.push(level.into_iter().cloned().collect());
            level = next;
        }
        if left.is_empty() { Ok(levels) } else { Err(self.explain_cycle(left.into_keys().collect())) }
    }

    /// For each node, the greatest sum of weights along any path from it through its dependents to the end, its own
    /// weight included: what is still ahead once it becomes ready. The larger, the sooner it should start.
    ///
    /// Sums saturate. A node that leads into a cycle has no longest path and is not in the answer, which is therefore
    /// complete exactly when [`Graph::order`] succeeds.
    pub fn longest_remaining(&self, weights: impl Fn(&N) -> u64) -> BTreeMap<N, u64> {
        // From the sinks back: a node is done when all its dependents are.
        let mut waiting: BTreeMap<&N, usize> =
            self.nodes.iter().map(|(node, edges)| (node, edges.dependents.len())).collect();
        let mut ready: Vec<&N> = waiting.iter().filter(|(_, count)| **count == 0).map(|(node, _)| *node).collect();
        let mut ahead: BTreeMap<&N, u64> = BTreeMap::new();
        let mut answer = BTreeMap::new();
        while let Some(node) = ready.pop() {
            let total = weights(node).saturating_add(ahead.get(node).copied().unwrap_or(0));
            answer.insert(node.clone(), total);
            for dependency in self.dependencies(node) {
                let most = ahead.entry(dependency).or_default();
                *most = total.max(*most);
                if let Some(count) = waiting.get_mut(dependency) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        ready.push(dependency);
                    }
                }
            }
        }
        answer
    }

    fn dependency_counts(&self) -> BTreeMap<&N, usize> {
        self.nodes.iter().map(|(node, edges)| (node, edges.dependencies.len())).collect()
    }

    /// Counts `node` as done for its dependents, and yields those that waited for nothing else.
    fn release<'g>(&'g self, node: &N, left: &mut BTreeMap<&'g N, usize>) -> Vec<&'g N> {
        let mut free = Vec::new();
        for dependent in self.nodes.get(node).into_iter().flat_map(|edges| &edges.dependents) {
            if let Some(count) = left.get_mut(dependent) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    free.push(dependent);
                }
            }
        }
        free
    }
}

fn free<'g, N: Ord>(left: &BTreeMap<&'g N, usize>) -> BTreeSet<&'g N> {
    left.iter().filter(|(_, count)| **count == 0).map(|(node, _)| *node).collect()
}
