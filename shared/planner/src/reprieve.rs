//! What AWS would not delete, and is wanted again: it is still there, though nobody knows in which state.

use std::borrow::Cow;

use model::{Desired, Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey};

/// The record, in which what was to be deleted, is not being deleted any more and `is_wanted` counts as unfinished.
pub(crate) fn reprieved<'a>(
    recorded: &'a Recorded,
    is_wanted: impl Fn(&ResourceKey, &RecordedResource) -> bool,
) -> Cow<'a, Recorded> {
    let is_refused = |(key, resource): &(&ResourceKey, &RecordedResource)| {
        resource.presence == Presence::Leaving
            && resource.intent.is_none()
            && resource.physical_id.is_some()
            && is_wanted(key, resource)
    };
    let keys: Vec<&ResourceKey> = recorded.resources.iter().filter(is_refused).map(|(key, _)| key).collect();
    if keys.is_empty() {
        return Cow::Borrowed(recorded);
    }
    let mut recorded = recorded.clone();
    for key in keys {
        if let Some(resource) = recorded.resources.get_mut(key) {
            resource.presence = Presence::Incomplete;
            resource.reap = None;
        }
    }
    Cow::Owned(recorded)
}

/// Whether a config wants what was to be deleted, also where that was put off, or wants it moved: it is the last at its address, and
/// nothing else is in use there. Of what a search for orphans found, nothing is known.
pub(crate) fn is_desired(
    desired: &Desired,
    recorded: &Recorded,
    key: &ResourceKey,
    resource: &RecordedResource,
) -> bool {
    let is_free = |to: &&ResourceAddress| recorded.generations(to).next().is_none();
    let wanted_at = desired.moved.get(&key.address).filter(is_free).unwrap_or(&key.address);
    desired.resources.get(wanted_at).is_some_and(|wanted| wanted.kind == resource.kind)
        && !resource.asked.0.is_empty()
        && recorded.current(&key.address).is_some_and(|(current, _)| current == key)
}
