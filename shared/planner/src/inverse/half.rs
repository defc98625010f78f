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

/// What a snapshot has half done, as far as no record of before has told what it was when it was whole.
#[derive(Debug, Clone)]
pub struct HalfDone<'a> {
    snapshot: &'a Recorded,
    untold: BTreeSet<&'a ResourceAddress>,
}

impl<'a> HalfDone<'a> {
    /// What a snapshot has half done.
    pub fn of(snapshot: &'a Recorded) -> Self {
        let half = in_use(snapshot).into_iter().filter(|(_, (_, one))| is_half(one));
        Self { snapshot, untold: half.map(|(address, _)| address).collect() }
    }

    /// Whether there is nothing left of which nobody has told.
    pub fn is_told(&self) -> bool {
        self.untold.is_empty()
    }

    /// Takes a record of before, the newest first: whether it tells of anything of which no newer one did. One that does not is not
    /// needed for a way back.
    pub fn is_told_by(&mut self, earlier: &Recorded) -> bool {
        let count = self.untold.len();
        self.untold.retain(|address| !is_whole(address, earlier));
        self.untold.len() < count
    }

    /// Whether nobody has touched any of what is untold since: a way back that leaves such things needs no record of before.
    pub fn is_untouched(&self, recorded: &Recorded) -> bool {
        self.untold.iter().all(|address| is_untouched(address, self.snapshot, recorded))
    }
}

/// The snapshot, in which what was half done is as it was when it was last whole.
pub(super) fn mended<'a>(inputs: &Inverse<'a>) -> Cow<'a, Recorded> {
    let then = in_use(inputs.snapshot);
    let half = then.iter().filter(|(_, (_, one))| is_half(one)).map(|(address, _)| *address);
    let earlier: Vec<Earlier<'a>> = inputs.earlier.iter().map(Earlier::of).collect();
    let last = |address| Some((address, earlier.iter().find(|one| is_whole(address, one.record))?));
    let mut whole: Whole<'_, 'a> = half.filter_map(last).collect();
    if whole.is_empty() {
        return Cow::Borrowed(inputs.snapshot);
    }
    let mut fitting = Fitting::of(inputs, &then, &whole);
    let mut asked: BTreeSet<&ResourceAddress> = whole.keys().copied().collect();
    while !asked.is_empty() {
        let asked_now = asked.iter().filter_map(|address| Some((*address, *whole.get(address)?)));
        let unfit: BTreeSet<&ResourceAddress> =
            asked_now.filter(|(address, last)| !fitting.fits(address, last)).map(|(address, _)| address).collect();
        whole.retain(|address, _| !unfit.contains(address));
        // Whether anything else fits may have changed only where it uses one of these, or one of these uses it.
        asked = unfit.into_iter().flat_map(|address| fitting.finish(address)).collect();
    }
    if whole.is_empty() {
        return Cow::Borrowed(inputs.snapshot);
    }
    let mut mended = inputs.snapshot.clone();
    mended.resources.retain(|key, _| !whole.contains_key(&key.address));
    let back = whole.iter().filter_map(|(address, last)| used_at(last.record, address));
    mended.resources.extend(back.map(|(key, one)| (key.clone(), one.clone())));
    Cow::Owned(mended)
}

/// What was half done, and the newest record in which it is not.
type Whole<'e, 'a> = BTreeMap<&'a ResourceAddress, &'e Earlier<'a>>;

/// A record of before.
struct Earlier<'a> {
    record: &'a Recorded,
    /// As what everything in it was made.
    made: BTreeSet<&'a ResourceKey>,
}

impl<'a> Earlier<'a> {
    fn of(record: &'a Recorded) -> Self {
        Self { record, made: record.resources.iter().map(made_as).collect() }
    }
}

fn made_as<'r>((key, one): (&'r ResourceKey, &'r RecordedResource)) -> &'r ResourceKey {
    one.made_as.as_ref().unwrap_or(key)
}

/// Whether what a record has at an address is not half done.
fn is_whole(address: &ResourceAddress, record: &Recorded) -> bool {
    used_at(record, address).is_none_or(|(_, one)| !is_half(one))
}

fn used_at<'r>(recorded: &'r Recorded, address: &ResourceAddress) -> Option<(&'r ResourceKey, &'r RecordedResource)> {
    recorded.current(address).filter(|(_, one)| one.presence != Presence::Leaving)
}

struct Fitting<'f, 'a> {
    inputs: &'f Inverse<'a>,
    then: &'f InUse<'a>,
    /// What would be in use.
    used: InUse<'a>,
    users: Users<'a>,
    /// What is recorded now and is not being deleted.
    alive: BTreeSet<Identity<'a>>,
}

impl<'f, 'a> Fitting<'f, 'a> {
    fn of(inputs: &'f Inverse<'a>, then: &'f InUse<'a>, whole: &Whole<'_, 'a>) -> Self {
        let mut used = then.clone();
        for (address, last) in whole {
            match used_at(last.record, address) {
                Some(found) => used.insert(address, found),
                None => used.remove(*address),
            };
        }
        let stay = inputs.recorded.resources.iter().filter(|(_, one)| one.presence != Presence::Leaving);
        let alive = stay.map(|(key, one)| Identity::of(key, one)).collect();
        Self { inputs, then, users: Users::of(&used), used, alive }
    }

    /// Whether what stood at an address can stand there beside everything else.
    fn fits(&self, address: &ResourceAddress, last: &Earlier<'a>) -> bool {
        let Some((half, _)) = self.then.get(address) else { return false };
        let mut users = self.users.of_address(address).filter(|(by, _)| *by != address);
        let Some((key, one)) = used_at(last.record, address) else {
            return self.is_new(address, last) && users.next().is_none();
        };
        let identity = Identity::of(key, one);
        let is_it = |(key, other): (&ResourceKey, &RecordedResource)| {
            other.presence != Presence::Leaving && Identity::of(key, other) == identity
        };
        if !self.inputs.snapshot.resources.get_key_value(key).is_some_and(is_it) {
            return false;
        }
        // It is no longer the one in use, and comes back only where it is still there and nothing was made within the other.
        let is_there = || match one.made_as {
            Some(_) => self.alive.contains(&identity),
            None => self.inputs.recorded.resources.get_key_value(key).is_some_and(is_it),
        };
        let mut comes_back = || is_there() && !users.any(|(_, stands_in)| stands_in);
        if key != *half && !comes_back() {
            return false;
        }
        let frozen = frozen(one);
        mentions(one).filter(|(_, on)| on != address).all(|(name, on)| {
            let is_frozen = name.is_some_and(|name| frozen.contains(&name.as_str()));
            let identity = |(key, one)| Identity::of(key, one);
            let then = || used_at(last.record, &on).map(identity);
            self.used.get(&on).is_some_and(|now| !is_frozen || then() == Some(identity(*now)))
        })
    }

    /// Whether what is half done at an address is the first that was ever made there, and was not made elsewhere.
    fn is_new(&self, address: &ResourceAddress, last: &Earlier<'a>) -> bool {
        let stays = self.inputs.snapshot.generations(address).filter(|(_, one)| one.presence != Presence::Leaving);
        let made: Vec<&ResourceKey> = stays.map(made_as).collect();
        made.len() == 1 && !made.iter().any(|made| last.made.contains(made))
    }

    /// What is half done at an address is finished: what stands beside it there, before or after.
    fn finish(&mut self, address: &'a ResourceAddress) -> BTreeSet<&'a ResourceAddress> {
        let was = self.used.remove(address);
        let is = self.then.get(address).copied();
        let mut beside: BTreeSet<_> = self.users.of_address(address).map(|(by, _)| by).collect();
        for (_, one) in was.iter().chain(&is) {
            let named = mentions(one).filter_map(|(_, on)| self.then.get_key_value(&on));
            beside.extend(named.map(|(on, _)| *on));
        }
        if let Some((_, one)) = was {
            self.users.remove(address, one);
        }
        if let Some((key, one)) = is {
            self.used.insert(address, (key, one));
            self.users.add(address, one);
        }
        beside
    }
}

/// Who names what stands at an address, and whether by a property that AWS cannot change.
struct Users<'a>(BTreeMap<ResourceAddress, BTreeMap<&'a ResourceAddress, bool>>);

impl<'a> Users<'a> {
    fn of(used: &InUse<'a>) -> Self {
        let mut users = Self(BTreeMap::new());
        for (by, (_, one)) in used {
            users.add(by, one);
        }
        users
    }

    fn of_address(&self, address: &ResourceAddress) -> impl Iterator<Item = (&'a ResourceAddress, bool)> {
        self.0.get(address).into_iter().flatten().map(|(by, stands_in)| (*by, *stands_in))
    }

    fn add(&mut self, by: &'a ResourceAddress, one: &RecordedResource) {
        let frozen = frozen(one);
        for (name, on) in mentions(one) {
            *self.0.entry(on).or_default().entry(by).or_default() |=
                name.is_some_and(|name| frozen.contains(&name.as_str()));
        }
    }

    fn remove(&mut self, by: &ResourceAddress, one: &RecordedResource) {
        for (_, on) in mentions(one) {
            if let Some(users) = self.0.get_mut(&on) {
                users.remove(by);
            }
        }
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

/// Whether an address is as it was, but for what was found there of a dead deployment.
fn is_untouched(address: &ResourceAddress, snapshot: &Recorded, recorded: &Recorded) -> bool {
    let is_found = |one: &RecordedResource| one.presence == Presence::Leaving && one.asked.0.is_empty();
    let now = recorded.generations(address).filter(|(_, one)| !is_found(one));
    let then = snapshot.generations(address).filter(|(_, one)| !is_found(one));
    now.eq(then)
}

/// What stays as it is: what is as half done as it was, and what stands on that and is as it was.
pub(super) fn left(inputs: &Inverse<'_>) -> BTreeSet<ResourceAddress> {
    let then = in_use(inputs.snapshot);
    let is_untouched = |address: &ResourceAddress| is_untouched(address, inputs.snapshot, inputs.recorded);
    let half = then.iter().filter(|(address, (_, one))| is_half(one) && is_untouched(address));
    let mut next: Vec<&ResourceAddress> = half.map(|(address, _)| *address).collect();
    if next.is_empty() {
        return BTreeSet::new();
    }
    let users = Users::of(&then);
    let mut left: BTreeSet<&ResourceAddress> = next.iter().copied().collect();
    while let Some(address) = next.pop() {
        let more = users.of_address(address).map(|(by, _)| by).filter(|by| !left.contains(by) && is_untouched(by));
        let more: Vec<&ResourceAddress> = more.collect();
        left.extend(&more);
        next.extend(more);
    }
    left.into_iter().cloned().collect()
}
