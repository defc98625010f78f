//! What of the history goes: what is older than an environment keeps it, and what nothing refers to any more.
//!
//! Pure: everything that is known comes in, what may go comes out. When in doubt, something stays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{Deployment, DeploymentId, Digest, Keep, ObjectRef, Outcome, Request, Revision, Scope, Target, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How old a deployment must be, whatever an environment says: the event of its upload may come again for as long as the upload is
/// there, and would be taken for a new one.
pub const REPEATED: Duration = DAY.saturating_mul(15);
/// How old an object must be that nothing refers to: it may have been written a moment before what refers to it.
pub const UNREFERRED: Duration = DAY.saturating_mul(30);
/// How old an object may be that is found where it would be written, and is referred to as it is. An older one is written again, so
/// that it cannot go between being found and being referred to.
pub const FRESH: Duration = DAY.saturating_mul(15);

/// The history of one environment, and what of it is in use.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// How much is kept.
    pub keep: Keep,
    /// Every deployment.
    pub deployments: Vec<Deployment>,
    /// The revision of the record.
    pub revision: Revision,
    /// Deployments that something in the table speaks of: the queue, the lease, an intent that is open, a history that is not
    /// written.
    pub needed: BTreeSet<DeploymentId>,
}

impl History {
    /// The deployments that go, oldest first. A deployment stays where it is one of the newest, or younger than the limit or than
    /// [`REPEATED`], or has not ended; where the environment stands at its revision; where it is the last that succeeded, which is what a
    /// failure goes back to, or let something go since; and where a way back that was asked for may lead to it.
    pub fn outlived(&self, now: Timestamp) -> Vec<DeploymentId> {
        let stay = self.stay();
        let age = DAY.saturating_mul(self.keep.days).max(REPEATED);
        let limit = now.checked_sub(age).unwrap_or(Timestamp::MIN);
        let mut newest: Vec<&Deployment> = self.deployments.iter().collect();
        newest.sort_by_key(|one| std::cmp::Reverse((one.accepted, &one.id)));
        let is_old = |one: &&Deployment| one.ended.is_some_and(|ended| ended <= limit);
        let older = newest.into_iter().skip(self.keep.deployments).filter(is_old);
        let mut gone: Vec<DeploymentId> = older.map(|one| one.id.clone()).filter(|id| !stay.contains(id)).collect();
        gone.reverse();
        gone
    }

    /// What stays, however old it is.
    fn stay(&self) -> BTreeSet<DeploymentId> {
        let has_not_ended = |one: &&Deployment| one.outcome().is_none() || one.ended.is_none();
        let open: Vec<&Deployment> = self.deployments.iter().filter(has_not_ended).collect();
        let by_turn = self.by_turn();
        // What only takes away is as well as what it came after.
        let success = by_turn.iter().rposition(|one| succeeded(one) && !one.request.only_takes_away());
        let since = by_turn.iter().skip(success.map_or(0, |at| at + 1));
        let let_go = since.filter(|one| matches!(one.request, Request::LetGo { .. }) && succeeded(one));
        let success = success.and_then(|at| by_turn.get(at));
        let anywhere = open.iter().any(|one| may_go_anywhere(one));
        let targets = by_turn.iter().filter(|one| anywhere && is_target(one));
        let used: Vec<&Deployment> = success.into_iter().chain(let_go).chain(targets).copied().collect();
        let last = by_turn.last().into_iter().chain(&used).filter_map(|one| one.revision);
        let asked = open.iter().flat_map(|one| asked(one));
        let mut stay: Vec<&Deployment> = open.iter().chain(&used).copied().collect();
        for revision in standing(&by_turn, [self.revision].into_iter().chain(last).chain(asked)) {
            let here = || by_turn.iter().filter(|one| one.revision == Some(revision));
            // Who made it, whose record of it is read, and who says that there was one, so that a record that is missing is not
            // taken for an environment that was empty.
            let named = [
                here().next(),
                here().rfind(|one| is_target(one)),
                here().rfind(|one| succeeded(one)),
                here().rfind(|one| succeeded(one) && !one.request.only_takes_away()),
            ];
            stay.extend(named.into_iter().flatten());
        }
        stay.into_iter().map(|one| &one.id).chain(&self.needed).cloned().collect()
    }

    /// The deployments that ended at a revision, in the order in which they had their turn.
    fn by_turn(&self) -> Vec<&Deployment> {
        let ended = self.deployments.iter().filter(|one| one.revision.is_some() && one.outcome().is_some());
        let mut ended: Vec<_> = ended.collect();
        ended.sort_by_key(|one| (one.revision, one.ended));
        ended
    }

    /// The objects that deployments refer to by key and version.
    pub fn references(&self) -> impl Iterator<Item = &ObjectRef> {
        self.deployments.iter().flat_map(references)
    }
}

/// These revisions, and those that they stand at: where a way back made one, the one that it went to; where something did that changes
/// only a part, the one before.
fn standing(by_turn: &[&Deployment], revisions: impl Iterator<Item = Revision>) -> BTreeSet<Revision> {
    let mut all = BTreeSet::new();
    let mut ahead: Vec<Revision> = revisions.collect();
    while let Some(revision) = ahead.pop() {
        if !all.insert(revision) {
            continue;
        }
        let Some(maker) = by_turn.iter().find(|one| one.revision == Some(revision)) else { continue };
        let is_partial = maker.request.only_takes_away()
            || matches!(&maker.request, Request::Rollback(rollback) if rollback.scope != Scope::All);
        let earlier = by_turn.iter().filter_map(|one| one.revision).filter(|earlier| *earlier < revision).max();
        ahead.extend(earlier.filter(|_| is_partial));
        if let Some(Outcome::RolledBack { to, .. }) = maker.outcome() {
            ahead.push(*to);
        }
    }
    all
}

/// The objects that a head refers to.
fn references(one: &Deployment) -> impl Iterator<Item = &ObjectRef> {
    let undo = one.undo.iter().flat_map(|undo| [&undo.failed, &undo.state]);
    let approval = one.approval.iter().map(|approval| &approval.plan);
    one.config.iter().chain(&one.plan).chain(&one.after).chain(undo).chain(approval)
}

fn succeeded(one: &Deployment) -> bool {
    one.outcome().is_some_and(|outcome| outcome.is_success() || matches!(outcome, Outcome::RolledBack { .. }))
}

/// Whether a rollback can go to it.
fn is_target(one: &Deployment) -> bool {
    one.after.is_some() && succeeded(one)
}

/// The revisions that a deployment which has not ended names.
fn asked(one: &Deployment) -> impl Iterator<Item = Revision> {
    let asked = match &one.request {
        Request::Rollback(rollback) => match rollback.to {
            Target::Revision(revision) => Some(revision),
            Target::Previous => None,
        },
        Request::Deploy { .. } | Request::Destroy(_) | Request::LetGo { .. } | Request::Reap => None,
    };
    asked.into_iter().chain(one.undo.iter().map(|undo| undo.to))
}

/// Whether it is told only when its turn comes which revision it goes back to.
fn may_go_anywhere(one: &Deployment) -> bool {
    matches!(&one.request, Request::Rollback(rollback) if rollback.to == Target::Previous)
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// Its key.
    pub key: String,
    /// Its S3 version id.
    pub version: String,
    /// What S3 says of its content: equal where the bytes are. None for a mark of deletion.
    pub etag: Option<String>,
    /// When it was written.
    pub modified: Timestamp,
    /// Whether it is the current version.
    pub is_current: bool,
}

/// What is referred to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// By key alone: whoever reads it reads the current version.
    pub keys: BTreeSet<String>,
    /// By key and version.
    pub versions: BTreeSet<(String, String)>,
}

impl References {
    /// Takes up a reference. One without a version is to the current one.
    pub fn add(&mut self, key: impl Into<String>, version: &str) {
        let key = key.into();
        if version.is_empty() {
            self.keys.insert(key);
        } else {
            self.versions.insert((key, version.to_owned()));
        }
    }

    /// The versions of `stored` that go: those that nothing refers to, and that are older than [`UNREFERRED`]. Of what is referred to by key
    /// alone, an older version goes where the current one has the same content.
    pub fn unreferred<'a>(&self, stored: &'a [Stored], now: Timestamp) -> Vec<&'a Stored> {
        let limit = now - UNREFERRED;
        let current = stored.iter().filter(|one| one.is_current);
        let current: BTreeMap<&str, &Stored> = current.map(|one| (one.key.as_str(), one)).collect();
        let is_repeated = |one: &Stored| {
            let is_same = |newer: &&Stored| newer.etag.is_some() && newer.etag == one.etag;
            !one.is_current && current.get(one.key.as_str()).is_some_and(is_same)
        };
        let goes = |one: &&Stored| {
            one.modified <= limit
                && !self.versions.contains(&(one.key.clone(), one.version.clone()))
                && (!self.keys.contains(&one.key) || is_repeated(one))
        };
        stored.iter().filter(goes).collect()
    }
}

/// The older versions of what is written over and over, and read by nobody but people: they go after [`UNREFERRED`].
pub fn overwritten(stored: &[Stored], now: Timestamp) -> Vec<&Stored> {
    let limit = now - UNREFERRED;
    stored.iter().filter(|one| !one.is_current && one.modified <= limit).collect()
}

/// Every digest that a text speaks of, whatever it means by it: a plan or a record names the code of its functions somewhere.
pub fn digests(text: &[u8]) -> BTreeSet<Digest> {
    let runs = text.split(|byte| !byte.is_ascii_hexdigit()).filter(|run| run.len() == 64);
    runs.filter_map(|run| Digest::parse(std::str::from_utf8(run).ok()?)).collect()
}

#[cfg(test)]
mod tests;
