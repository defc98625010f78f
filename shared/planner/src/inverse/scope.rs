//! Which addresses go back.

use std::collections::{BTreeMap, BTreeSet};

use model::{ResourceAddress, ResourceKey};

use super::{Identity, InUse, Inverse};

/// Those at which something in scope stands, or stood; and where such a thing has moved to or from since, because an incarnation
/// goes back as a whole or not at all.
pub(super) fn covered<'a>(
    inputs: &Inverse<'a>,
    in_use: &InUse<'a>,
    alive: &BTreeMap<Identity<'a>, &'a ResourceKey>,
) -> BTreeSet<&'a ResourceAddress> {
    let then = in_use.values().copied();
    let all = inputs.recorded.resources.iter().chain(then);
    let covers = |address: &ResourceAddress, agent: &Option<String>| inputs.scope.covers(address, agent.as_deref());
    let mut covered: BTreeSet<&ResourceAddress> =
        all.filter(|(key, one)| covers(&key.address, &one.agent)).map(|(key, _)| &key.address).collect();
    let pair = |(key, resource): &(&'a ResourceKey, &'a model::RecordedResource)| {
        let now = alive.get(&Identity::of(key, resource))?;
        (now.address != key.address).then_some((&key.address, &now.address))
    };
    let mut pairs: Vec<(&ResourceAddress, &ResourceAddress)> = in_use.values().filter_map(pair).collect();
    loop {
        let count = pairs.len();
        pairs.retain(|(then, now)| {
            let reached = covered.contains(then) || covered.contains(now);
            if reached {
                covered.extend([*then, *now]);
            }
            !reached
        });
        if pairs.len() == count {
            return covered;
        }
    }
}
