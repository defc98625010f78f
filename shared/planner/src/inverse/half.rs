//! What the revision had half done: a deployment had stopped there, and one of something else ended well beside it.
//!
//! Nobody wants it as it was then, and finishing it may be what failed. Where nobody has touched it since, it stays as it is. Where
//! somebody has, it goes to what it was when it was last whole, if that fits to what the revision had beside it. What does not, or
//! was never whole, is finished.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::{Presence, Recorded, RecordedResource, ResourceAddress, ResourceKey};

use super::{Identity, InUse, Inverse, in_use, references};

fn is_half(one: &RecordedResource) -> bool {
    matches!(one.presence, Presence::Announced | Presence::Incomplete)
}

/// Whether a snapshot has anything half done of which none of these records, of before, tells what it was when it was whole.
pub fn has_half_done(snapshot: &Recorded, earlier: &[Recorded]) -> bool {
    in_use(snapshot).into_iter().any(|(address, (_, one))| is_half(one) && last_whole(address, earlier).is_none())
}

/// The snapshot, in which what was half done is as it was when it was last whole.
pub(super) fn mended<'a>(inputs: &Inverse<'a>) -> Cow<'a, Recorded> {
    let then = in_use(inputs.snapshot);
    let half = then.iter().filter(|(_, (_, one))| is_half(one)).map(|(address, _)| *address);
    let last = |address| Some((address, last_whole(address, inputs.earlier)?));
    let mut whole: BTreeMap<&ResourceAddress, &Recorded> = half.filter_map(last).collect();
    loop {
        if whole.is_empty() {
            return Cow::Borrowed(inputs.snapshot);
        }
        let used = with(&then, &whole);
        let fits = |address: &ResourceAddress, last: &Recorded| {
            Fitting { inputs, then: &then, used: &used }.fits(address, last)
        };
        let unfit: Vec<&ResourceAddress> =
            whole.iter().filter(|(address, last)| !fits(address, last)).map(|(address, _)| *address).collect();
        if unfit.is_empty() {
            break;
        }
        whole.retain(|address, _| !unfit.contains(address));
    }
    let mut mended = inputs.snapshot.clone();
    mended.resources.retain(|key, _| !whole.contains_key(&key.address));
    let back = whole.iter().filter_map(|(address, last)| used_at(last, address));
    mended.resources.extend(back.map(|(key, one)| (key.clone(), one.clone())));
    Cow::Owned(mended)
}

/// What is in use, where some of it is as these records have it.
fn with<'r>(then: &InUse<'r>, whole: &BTreeMap<&'r ResourceAddress, &'r Recorded>) -> InUse<'r> {
    let mut used = then.clone();
    for (address, last) in whole {
        match used_at(last, address) {
            Some(found) => used.insert(address, found),
            None => used.remove(*address),
        };
    }
    used
}

/// The newest record in which what stands at an address is not half done.
fn last_whole<'r>(address: &ResourceAddress, earlier: &'r [Recorded]) -> Option<&'r Recorded> {
    earlier.iter().find(|record| used_at(record, address).is_none_or(|(_, one)| !is_half(one)))
}

fn used_at<'r>(recorded: &'r Recorded, address: &ResourceAddress) -> Option<(&'r ResourceKey, &'r RecordedResource)> {
    recorded.current(address).filter(|(_, one)| one.presence != Presence::Leaving)
}

struct Fitting<'f, 'a> {
    inputs: &'f Inverse<'a>,
    then: &'f InUse<'a>,
    /// What would be in use.
    used: &'f InUse<'a>,
}

impl Fitting<'_, '_> {
    /// Whether what stood at an address can stand there beside everything else.
    fn fits(&self, address: &ResourceAddress, last: &Recorded) -> bool {
        let Some((half, _)) = self.then.get(address) else { return false };
        let users = || self.used.iter().filter(|(by, _)| **by != address).map(|(_, (_, user))| *user);
        let Some((key, one)) = used_at(last, address) else {
            return self.is_new(address, last) && !users().any(|user| mentions(user).any(|(_, on)| on == *address));
        };
        let is_it = |(key, other): (&ResourceKey, &RecordedResource)| {
            other.presence != Presence::Leaving && Identity::of(key, other) == Identity::of(key, one)
        };
        if !self.inputs.snapshot.resources.get_key_value(key).is_some_and(is_it) {
            return false;
        }
        // It is no longer the one in use, and comes back only where it is still there and nothing was made within the other.
        let comes_back =
            || self.inputs.recorded.resources.iter().any(is_it) && !users().any(|user| stands_in(user, address));
        if key != *half && !comes_back() {
            return false;
        }
        let frozen = frozen(one);
        mentions(one).filter(|(_, on)| on != address).all(|(name, on)| {
            let is_frozen = name.is_some_and(|name| frozen.contains(&name.as_str()));
            let identity = |(key, one)| Identity::of(key, one);
            let then = || used_at(last, &on).map(identity);
            self.used.get(&on).is_some_and(|now| !is_frozen || then() == Some(identity(*now)))
        })
    }

    /// Whether what is half done at an address is the first that was ever made there, and was not made elsewhere.
    fn is_new(&self, address: &ResourceAddress, last: &Recorded) -> bool {
        let stays = self.inputs.snapshot.generations(address).filter(|(_, one)| one.presence != Presence::Leaving);
        let made_as =
            |(key, one): (&ResourceKey, &RecordedResource)| one.made_as.clone().unwrap_or_else(|| key.clone());
        let made: Vec<ResourceKey> = stays.map(made_as).collect();
        made.len() == 1 && !last.resources.iter().any(|one| made.contains(&made_as(one)))
    }
}

/// Everything that a record names, and by which property where that is how.
fn mentions(one: &RecordedResource) -> impl Iterator<Item = (Option<String>, ResourceAddress)> {
    let named = references(&one.asked).into_iter().map(|(name, on)| (Some(name), on));
    named.chain(one.dependencies.iter().map(|on| (None, on.clone())))
}

fn frozen(one: &RecordedResource) -> &'static [&'static str] {
    schema::get(&one.kind).map(|schema| schema.create_only).unwrap_or_default()
}

/// Whether a property that AWS cannot change names what stands at `address`.
fn stands_in(one: &RecordedResource, address: &ResourceAddress) -> bool {
    references(&one.asked).iter().any(|(name, on)| on == address && frozen(one).contains(&name.as_str()))
}

/// What stays as it is: what is as half done as it was, and what stands on that and is as it was.
pub(super) fn left(inputs: &Inverse<'_>) -> BTreeSet<ResourceAddress> {
    let then = in_use(inputs.snapshot);
    let is_untouched = |address: &ResourceAddress| {
        let is_found = |one: &RecordedResource| one.presence == Presence::Leaving && one.asked.0.is_empty();
        let now = inputs.recorded.generations(address).filter(|(_, one)| !is_found(one));
        let then = inputs.snapshot.generations(address).filter(|(_, one)| !is_found(one));
        now.eq(then)
    };
    let half = then.iter().filter(|(address, (_, one))| is_half(one) && is_untouched(address));
    let mut left: BTreeSet<ResourceAddress> = half.map(|(address, _)| (*address).clone()).collect();
    while !left.is_empty() {
        let stands_on = |one: &RecordedResource| mentions(one).any(|(_, on)| left.contains(&on));
        let more = then.iter().filter(|(address, (_, one))| !left.contains(**address) && stands_on(one));
        let more: Vec<ResourceAddress> =
            more.map(|(address, _)| (*address).clone()).filter(|address| is_untouched(address)).collect();
        if more.is_empty() {
            break;
        }
        left.extend(more);
    }
    left
}
