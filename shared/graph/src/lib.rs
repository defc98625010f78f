//! A directed graph of what depends on what, and the questions a scheduler asks of it.
//!
//! Owns: order, levels, the longest path that is still ahead of a node, and the explanation of a cycle.
//! Must never: know what a node is (nothing of AWS, resources or plans), do I/O, or recurse: a chain of any length is
//! walked with a loop, so that no input can exhaust the stack.
//!
//! Every answer is a function of the *set* of nodes and edges: the order in which they were added never shows.

mod cycle;
mod ranks;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use cycle::Cycle;
pub use ranks::order_of_ranks;

/// Nodes of type `N` and the edges "node depends on another" between them.
///
/// Cycles can be put in (a config may hold one); [`Graph::order`] is where they are found and explained.
///
/// ```
/// let mut graph = graph::Graph::new();
/// graph.depend("function", "role");
/// graph.depend("function", "table");
/// graph.add("topic");
/// assert_eq!(graph.order().unwrap(), ["role", "table", "function", "topic"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph<N: Ord + Clone> {
    nodes: BTreeMap<N, Edges<N>>,
}

/// Both directions of a node's edges, kept in step by [`Graph::depend`].
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edges<N: Ord> {
    dependencies: BTreeSet<N>,
    dependents: BTreeSet<N>,
}

impl<N: Ord> Default for Edges<N> {
    fn default() -> Self {
        Self { dependencies: BTreeSet::new(), dependents: BTreeSet::new() }
    }
}

impl<N: Ord + Clone> Default for Graph<N> {
    fn default() -> Self {
        Self { nodes: BTreeMap::new() }
    }
}

impl<N: Ord + Clone> Graph<N> {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node. Adding it again changes nothing.
    pub fn add(&mut self, node: N) {
        self.nodes.entry(node).or_default();
    }

    /// States that `node` depends on `on`, adding either if it is new. Stating it again changes nothing.
    pub fn depend(&mut self, node: N, on: N) {
        self.nodes.entry(on.clone()).or_default().dependents.insert(node.clone());
        self.nodes.entry(node).or_default().dependencies.insert(on);
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether `node` is in the graph.
    #[must_use]
    pub fn contains(&self, node: &N) -> bool {
        self.nodes.contains_key(node)
    }

    /// All nodes, ascending.
    pub fn nodes(&self) -> impl Iterator<Item = &N> {
        self.nodes.keys()
    }

    /// What `node` itself depends on, ascending; nothing for a node that is not in the graph.
    pub fn dependencies(&self, node: &N) -> impl Iterator<Item = &N> + use<'_, N> {
        self.nodes.get(node).into_iter().flat_map(|edges| &edges.dependencies)
    }

    /// What itself depends on `node`, ascending; nothing for a node that is not in the graph.
    pub fn dependents(&self, node: &N) -> impl Iterator<Item = &N> + use<'_, N> {
        self.nodes.get(node).into_iter().flat_map(|edges| &edges.dependents)
    }

    /// The same nodes with every edge turned round: the order of this graph is an order in which to take things away.
    #[must_use]
    pub fn reverse(&self) -> Self {
        let turned =
            |edges: &Edges<N>| Edges { dependencies: edges.dependents.clone(), dependents: edges.dependencies.clone() };
        Self { nodes: self.nodes.iter().map(|(node, edges)| (node.clone(), turned(edges))).collect() }
    }
}
