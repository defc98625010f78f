//! The order in which a plan lists its changes.

use graph::{Cycle, order_of_ranks};
use model::{Action, Change, Edge, ResourceKey};

use crate::{Lookup, PlanError, Problem};

/// The changes in an order that respects their edges, building before retiring.
pub(crate) fn in_order(mut changes: Vec<Change>) -> Result<Vec<Change>, PlanError> {
    // Ranks instead of keys: their order is the same, and numbers are put in order in a fraction of the time.
    changes.sort_unstable_by(|one, other| (one.stage, &one.key).cmp(&(other.stage, &other.key)));
    let mut cut = Vec::new();
    let order = loop {
        match order_of_ranks(&needs(&changes)) {
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
    let mut sorted = Vec::with_capacity(changes.len());
    sorted.extend(order.into_iter().filter_map(|rank| changes.get_mut(rank)?.take()));
    sorted.sort_by_key(|change: &Change| change.stage);
    Ok(sorted)
}

/// The ranks of what each waits for.
fn needs(changes: &[Change]) -> Vec<Vec<usize>> {
    let ranks: Lookup<&ResourceKey, usize> =
        changes.iter().enumerate().map(|(rank, change)| (&change.key, rank)).collect();
    let of = |change: &Change| change.needs.iter().filter_map(|edge| ranks.get(&edge.on).copied()).collect();
    changes.iter().map(of).collect()
}

/// Takes a circle out of what goes, if it is one of those. The record knows at which addresses something stands, not on which
/// incarnation: where deployments that stopped left several, and what stood on what was turned round between them, they seem
/// to stand on each other. The newest of a circle was made last, so that no older one stands on it; among equals, the last by
/// name goes first, because some order is better than none.
fn untangle(changes: &mut [Change], cycle: &Cycle<usize>, cut: &mut Vec<(usize, Edge)>) -> bool {
    let is_removal = |change: &&Change| matches!(change.action, Action::Delete { .. } | Action::Forget { .. });
    let goes = |rank: &usize| changes.get(*rank).filter(is_removal);
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
        if order_of_ranks(&needs(changes)).is_err()
            && let Some(change) = changes.get_mut(rank)
        {
            change.needs.retain(|other| *other != edge);
        }
    }
}
