//! The order in which a plan lists its changes.

use graph::{Cycle, Graph};
use model::{Change, Edge, ResourceKey, Stage};

use crate::{Lookup, PlanError, Problem};

/// The changes in an order that respects their edges, building before retiring.
pub(crate) fn in_order(mut changes: Vec<Change>) -> Result<Vec<Change>, PlanError> {
    // Ranks instead of keys: their order is the same, and a graph of numbers is built in a fraction of the time.
    changes.sort_unstable_by(|one, other| (one.stage, &one.key).cmp(&(other.stage, &other.key)));
    let mut cut = Vec::new();
    let order = loop {
        match graph_of(&changes).order() {
            Ok(order) if cut.is_empty() => break order,
            Ok(_) => mend(&mut changes, std::mem::take(&mut cut)),
            Err(cycle) if untangle(&mut changes, &cycle, &mut cut) => {}
            Err(cycle) => {
                let name = |rank| changes.get::<usize>(rank).map(|change| change.key.to_string()).unwrap_or_default();
                return Err(PlanError(vec![Problem::Cycle(cycle.map(name).to_string())]));
            }
        }
    };
    let mut changes: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    let mut sorted: Vec<Change> = order.into_iter().filter_map(|rank| changes.get_mut(rank)?.take()).collect();
    sorted.sort_by_key(|change| change.stage);
    Ok(sorted)
}

fn graph_of(changes: &[Change]) -> Graph<usize> {
    let ranks: Lookup<&ResourceKey, usize> =
        changes.iter().enumerate().map(|(rank, change)| (&change.key, rank)).collect();
    let mut graph = Graph::new();
    for (rank, change) in changes.iter().enumerate() {
        graph.add(rank);
        for edge in &change.needs {
            if let Some(on) = ranks.get(&edge.on) {
                graph.depend(rank, *on);
            }
        }
    }
    graph
}

/// Takes a circle out of what goes, if it is one of those. The record knows at which addresses something stands, not on which
/// incarnation: where deployments that stopped left several, and what stood on what was turned round between them, they seem
/// to stand on each other. The newest of a circle was made last, so that no older one stands on it; among equals, the last by
/// name goes first, because some order is better than none.
fn untangle(changes: &mut [Change], cycle: &Cycle<usize>, cut: &mut Vec<(usize, Edge)>) -> bool {
    let goes = |rank: &usize| changes.get(*rank).filter(|change| change.stage == Stage::Retire);
    let newest = cycle
        .path()
        .zip(cycle.path().skip(1))
        .filter_map(|(rank, on)| Some((&goes(rank)?.key, *rank, &goes(on)?.key)))
        .max_by_key(|(key, rank, on)| (key.generation > on.generation, key.generation, *rank))
        .map(|(_, rank, on)| (rank, on.clone()));
    let Some((rank, on)) = newest else { return false };
    let Some(change) = changes.get_mut(rank) else { return false };
    cut.extend(change.needs.extract_if(.., |edge| edge.on == on).map(|edge| (rank, edge)));
    true
}

/// Puts back what was cut and, after all, is in no circle: so that of two that seem to stand on each other, one waits for the
/// other.
fn mend(changes: &mut [Change], cut: Vec<(usize, Edge)>) {
    for (rank, edge) in cut {
        if let Some(change) = changes.get_mut(rank) {
            change.needs.push(edge.clone());
            change.needs.sort();
        }
        if graph_of(changes).order().is_err()
            && let Some(change) = changes.get_mut(rank)
        {
            change.needs.retain(|other| *other != edge);
        }
    }
}
