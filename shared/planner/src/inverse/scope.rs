//! Which addresses go back.

use std::collections::{BTreeMap, BTreeSet};

use model::{RecordedResource, ResourceAddress, ResourceKey};

use super::{Identity, InUse, Inverse};

/// Whether what is or was recorded at an address is of what goes back.
pub(super) fn covers(inputs: &Inverse<'_>, address: &ResourceAddress, one: &RecordedResource) -> bool {
    inputs.scope.covers(address, one.agent.as_deref()) && inputs.touched.is_none_or(|touched| touched.contains(address))
}

/// Those at which something in scope stands, or stood; and where such a thing has moved to or from since, because an incarnation
/// goes back as a whole or not at all.
pub(super) fn covered<'a>(
    inputs: &Inverse<'a>,
    in_use: &InUse<'a>,
    alive: &BTreeMap<Identity<'a>, &'a ResourceKey>,
) -> BTreeSet<&'a ResourceAddress> {
    let then = in_use.values().copied();
    let all = inputs.recorded.resources.iter().chain(then);
    let mut covered: BTreeSet<&ResourceAddress> =
        all.filter(|(key, one)| covers(inputs, &key.address, one)).map(|(key, _)| &key.address).collect();
    let pair = |(key, resource): &(&'a ResourceKey, &'a RecordedResource)| {
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
