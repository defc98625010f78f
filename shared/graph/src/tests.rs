//! What the graph promises, as examples and as properties.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::Graph;

fn graph<N: Ord + Clone>(edges: &[(N, N)]) -> Graph<N> {
    let mut graph = Graph::new();
    for (node, on) in edges {
        graph.depend(node.clone(), on.clone());
    }
    graph
}

#[test]
fn an_empty_graph_has_an_empty_order() {
    let graph = Graph::<u8>::new();
    assert_eq!(graph.order().unwrap(), []);
    assert_eq!(graph.levels().unwrap(), Vec::<Vec<u8>>::new());
    assert!(graph.longest_remaining(|_| 1).is_empty());
}

#[test]
fn what_is_depended_on_comes_first_and_ties_go_to_the_smaller() {
    let graph = graph(&[("d", "b"), ("d", "c"), ("b", "a"), ("c", "a")]);
    assert_eq!(graph.order().unwrap(), ["a", "b", "c", "d"]);
    assert_eq!(graph.levels().unwrap(), [vec!["a"], vec!["b", "c"], vec!["d"]]);
    assert_eq!(graph.reverse().order().unwrap(), ["d", "b", "c", "a"]);
}

#[test]
fn ranks_stand_in_the_order_of_the_graph_and_a_cycle_of_them_is_explained_alike() {
    for seed in 0..500_usize {
        let ranks = 1 + seed % 7;
        let needs: Vec<Vec<usize>> = (0..ranks)
            .map(|rank| (0..seed % 3).map(|nth| (rank * 5 + seed / 3 + nth * 11) % (ranks + 1)).collect())
            .collect();
        let mut graph = Graph::new();
        for (rank, on) in needs.iter().enumerate() {
            graph.add(rank);
            on.iter().filter(|on| **on < ranks).for_each(|on| graph.depend(rank, *on));
        }
        let of = |order: Result<Vec<usize>, crate::Cycle<usize>>| order.map_err(|cycle| cycle.to_string());
        assert_eq!(of(crate::order_of_ranks(&needs)), of(graph.order()), "{needs:?}");
    }
}

#[test]
fn a_node_stands_one_level_above_its_deepest_dependency() {
    let graph = graph(&[("z", "a"), ("z", "y"), ("y", "x")]);
    assert_eq!(graph.levels().unwrap(), [vec!["a", "x"], vec!["y"], vec!["z"]]);
}

#[test]
fn neighbours_are_ascending_and_a_stranger_has_none() {
    let graph = graph(&[("f", "t"), ("f", "r"), ("g", "r")]);
    assert_eq!(graph.dependencies(&"f").collect::<Vec<_>>(), [&"r", &"t"]);
    assert_eq!(graph.dependents(&"r").collect::<Vec<_>>(), [&"f", &"g"]);
    assert_eq!(graph.dependents(&"stranger").count(), 0);
}

#[test]
fn the_longest_remaining_path_goes_through_the_heaviest_dependents() {
    let graph = graph(&[("function", "role"), ("function", "table"), ("alias", "function")]);
    let weights = BTreeMap::from([("role", 10), ("table", 6), ("function", 3), ("alias", 1)]);
    let ahead = graph.longest_remaining(|node| weights[node]);
    assert_eq!(ahead, BTreeMap::from([("role", 14), ("table", 10), ("function", 4), ("alias", 1)]));
}

#[test]
fn weights_that_overflow_saturate() {
    let ahead = graph(&[("b", "a")]).longest_remaining(|_| u64::MAX);
    assert_eq!(ahead["a"], u64::MAX);
}

#[test]
fn what_leads_into_a_cycle_has_no_longest_path() {
    let graph = graph(&[("a", "b"), ("b", "a"), ("b", "before"), ("after", "a")]);
    assert_eq!(graph.longest_remaining(|_| 1), BTreeMap::from([("after", 1)]));
}

#[test]
fn a_cycle_reads_as_a_path_from_its_smallest_node() {
    let cycle = graph(&[("c", "a"), ("a", "b"), ("b", "c"), ("x", "a")]).order().unwrap_err();
    assert_eq!(cycle.to_string(), "dependency cycle: `a` → `b` → `c` → `a`");
    assert_eq!(cycle.nodes(), ["a", "b", "c"]);
}

#[test]
fn a_node_that_depends_on_itself_is_a_cycle_of_one() {
    let cycle = graph(&[("a", "a")]).levels().unwrap_err();
    assert_eq!(cycle.to_string(), "dependency cycle: `a` → `a`");
}

#[test]
fn of_two_cycles_the_shorter_is_reported() {
    let cycle = graph(&[(1, 2), (2, 3), (3, 1), (8, 9), (9, 8), (1, 8)]).order().unwrap_err();
    assert_eq!(cycle.nodes(), [8, 9]);
}

#[test]
fn a_chain_of_a_hundred_thousand_neither_overflows_nor_takes_long() {
    let start = Instant::now();
    let mut graph = Graph::new();
    for node in 0_u32..100_000 {
        graph.depend(node, node + 1);
    }
    assert_eq!(graph.order().unwrap().first(), Some(&100_000));
    assert_eq!(graph.levels().unwrap().len(), 100_001);
    assert_eq!(graph.longest_remaining(|_| 1)[&100_000], 100_001);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_ring_of_ten_thousand_is_explained_in_bounded_time() {
    let start = Instant::now();
    let edges: Vec<_> = (0_u32..10_000).map(|node| (node, (node + 1) % 10_000)).collect();
    assert_eq!(graph(&edges).order().unwrap_err().nodes().len(), 10_000);
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// Up to 12 nodes and any edges between them, so that about half of the graphs have a cycle.
fn edges() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0_u8..12, 0_u8..12), 0..24)
}

/// Edges only from larger to smaller: no cycle is possible.
fn acyclic() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0_u8..40, 0_u8..40), 0..120)
        .prop_map(|edges| edges.into_iter().filter(|(a, b)| a != b).map(|(a, b)| (a.max(b), a.min(b))).collect())
}

/// The length of a shortest cycle, by all pairs of distances: nothing shared with the code under test.
fn shortest_cycle(edges: &[(u8, u8)]) -> Option<usize> {
    let mut distance = [[usize::MAX / 4; 12]; 12];
    for &(from, to) in edges {
        distance[usize::from(from)][usize::from(to)] = 1;
    }
    for via in 0..12 {
        for from in 0..12 {
            for to in 0..12 {
                distance[from][to] = distance[from][to].min(distance[from][via] + distance[via][to]);
            }
        }
    }
    (0..12).map(|node| distance[node][node]).min().filter(|length| *length < usize::MAX / 4)
}

proptest! {
    #[test]
    fn an_order_holds_every_node_once_and_after_its_dependencies(edges in acyclic()) {
        let graph = graph(&edges);
        let order = graph.order().unwrap();
        let place: BTreeMap<_, _> = order.iter().enumerate().map(|(place, node)| (*node, place)).collect();
        prop_assert_eq!(place.len(), graph.len());
        prop_assert_eq!(order.len(), graph.len());
        for (node, on) in edges {
            prop_assert!(place[&on] < place[&node]);
        }
    }

    #[test]
    fn levels_hold_every_node_and_no_edge_within_one(edges in acyclic()) {
        let graph = graph(&edges);
        let levels = graph.levels().unwrap();
        prop_assert_eq!(levels.iter().map(Vec::len).sum::<usize>(), graph.len());
        for pair in levels.windows(2) {
            for node in &pair[1] {
                prop_assert!(graph.dependencies(node).any(|on| pair[0].contains(on)));
            }
        }
    }

    #[test]
    fn a_cycle_is_reported_when_there_is_one_and_it_is_a_shortest(edges in edges()) {
        let graph = graph(&edges);
        match (graph.order(), shortest_cycle(&edges)) {
            (Ok(_), shortest) => prop_assert_eq!(shortest, None),
            (Err(cycle), shortest) => {
                prop_assert_eq!(Some(cycle.nodes().len()), shortest);
                let path: Vec<_> = cycle.path().collect();
                for step in path.windows(2) {
                    prop_assert!(graph.dependencies(step[0]).any(|on| on == step[1]));
                }
                prop_assert_eq!(cycle.nodes().iter().min(), cycle.nodes().first());
            }
        }
    }

    #[test]
    fn the_order_of_insertion_never_shows(edges in edges(), seed in any::<u64>()) {
        let mut shuffled = edges.clone();
        shuffled.sort_by_key(|edge| seed.wrapping_mul(u64::from(edge.0) * 131 + u64::from(edge.1) + 7));
        prop_assert_eq!(graph(&edges).order(), graph(&shuffled).order());
    }

    #[test]
    fn longest_remaining_is_one_step_more_than_the_heaviest_dependent(edges in acyclic(), weights in any::<[u16; 40]>()) {
        let graph = graph(&edges);
        let weight = |node: &u8| u64::from(weights[usize::from(*node)]);
        let ahead = graph.longest_remaining(weight);
        prop_assert_eq!(ahead.len(), graph.len());
        for node in graph.nodes() {
            let heaviest = graph.dependents(node).map(|dependent| ahead[dependent]).max().unwrap_or(0);
            prop_assert_eq!(ahead[node], weight(node) + heaviest);
        }
    }

    #[test]
    fn reversing_twice_is_the_same_graph(edges in edges()) {
        let graph = graph(&edges);
        prop_assert_eq!(graph.reverse().reverse(), graph.clone());
        let turned: BTreeSet<_> = edges.iter().map(|(a, b)| (*b, *a)).collect();
        for (node, on) in turned {
            prop_assert!(graph.reverse().dependencies(&node).any(|d| *d == on));
        }
    }
}
