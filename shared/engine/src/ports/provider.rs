//! The port to one AWS resource type.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use model::{CallError, Earlier, Observed, PhysicalId, Properties, ResourceKey, ResourceType, Stamp};
use serde_json::Value;

/// How it is proven whether an announced creation took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Repeating the call with the same token and input gives the same resource, for as long as `life`.
    Token {
        /// The documented life of a token.
        life: Duration,
    },
    /// A strongly consistent read by the name that the plan chose.
    Name {
        /// What the creating call does when that name is taken.
        on_existing: OnExisting,
    },
    /// A search by the tags of ownership. Absence counts only after `lag`.
    Tag {
        /// How long the search may lag behind a creation.
        lag: Duration,
    },
    /// Listed through its parent and recognised by what only it has (a route key, a statement id, a marker).
    Child,
    /// No proof exists: the deployment ends with what to look at.
    Unprovable,
}

/// What a creating call does when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExisting {
    /// It fails with `AlreadyExists`.
    Refuses,
    /// It succeeds on the existing one, so that the engine must look first.
    Succeeds,
}

/// What is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Creation<'a> {
    /// The incarnation.
    pub key: &'a ResourceKey,
    /// Its properties, references resolved, name included where the caller chooses it.
    pub properties: &'a Properties,
    /// The idempotency token of this attempt, 32 hexadecimal digits.
    pub token: &'a str,
    /// What is stamped on it.
    pub stamp: &'a Stamp,
}

/// What exists.
#[derive(Debug, Clone, Copy)]
pub struct Existing<'a> {
    /// The incarnation.
    pub key: &'a ResourceKey,
    /// What AWS knows it by.
    pub physical_id: &'a PhysicalId,
    /// What was sent when it was last changed: for what must be known of its parents.
    pub properties: &'a Properties,
    /// What was sent before that and may still stand in part, oldest first: empty where every change came to its end.
    pub earlier: &'a [Earlier],
    /// The token of the change that is under way: the same for as long as it is not known what became of it. None where
    /// nothing is being changed.
    pub token: Option<&'a str>,
    /// What was sent to it before this change, and what AWS showed of it: what a secret fed then may still be seen.
    pub before: &'a [&'a Properties],
}

impl<'a> Existing<'a> {
    /// What stands as it was sent, and is not being changed.
    pub fn settled(key: &'a ResourceKey, physical_id: &'a PhysicalId, properties: &'a Properties) -> Self {
        Self { key, physical_id, properties, earlier: &[], token: None, before: &[] }
    }

    /// Everything that was sent to it and may stand in part, what was sent last first.
    pub fn sent(&self) -> impl Iterator<Item = &'a Properties> {
        std::iter::once(self.properties).chain(self.earlier.iter().rev().map(|earlier| &earlier.sent))
    }
}

/// What a creating call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What AWS knows it by: the value of `Ref`.
    pub physical_id: PhysicalId,
    /// The attributes that are known already.
    pub attributes: BTreeMap<String, Value>,
}

/// What a search for an announced creation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Absent,
    /// The announced resource: it carries the tags of ownership of this very incarnation, or, where it cannot carry tags,
    /// stands in an owned parent under its distinguishing mark.
    Ours(Made),
    /// Another one of that name.
    Foreign(PhysicalId),
}

/// Whether a resource can be used by what depends on it.
#[derive(Debug, Clone, PartialEq)]
pub enum Readiness {
    /// It can.
    Ready(Box<Observed>),
    /// Not yet; what is waited for, in words.
    Pending(String),
    /// It never will; the state and the reason that AWS gives.
    Failed(String),
}

/// What a deletion came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Gone,
    /// It is going: `read` will show nothing when it is gone.
    Going,
}

/// One resource type.
///
/// # Guarantees (what an implementation must keep)
/// - `create` makes at most one creating request, which carries the tags of ownership where the type can have tags; what
///   else a creation needs is left to `converge`.
/// - `converge` is idempotent: called on a resource in whatever state a crash left it, it makes it what is asked for, and
///   takes away what else stands of it: what it finds by looking, or by what was sent earlier where that is not to be seen.
/// - `read` and `delete` know of what stands in other holders or parents than those that were sent last by `existing.earlier`.
/// - `update` touches only what differs between `from` and `to`: an equal pair makes no mutating request, and a change of a
///   function's code alone makes exactly one. Repeating it is harmless.
/// - `read`, `find` and `settle` make no mutating request.
/// - `delete` of what does not exist is `Gone`, not an error.
/// - Tags of ownership and origin (`model::ownership::CREATION_TAGS`) are never compared, changed or removed by `update`.
///
/// # Assumptions
/// - Properties are resolved and valid against the type's schema.
/// - The engine checks ownership before `update` and `delete`, and has journalled the intent before any mutating method.
///
/// # Caveats
/// - Methods do not retry: the engine does, by the class of the error.
///
/// # Errors
/// [`CallError`] with the class that the table of errors gives.
#[async_trait]
pub trait Provider: Send + Sync {
    /// How an announced creation is proven.
    fn proof(&self) -> Proof;

    /// The resource as AWS shows it now; none where it does not exist.
    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError>;

    /// Looks for what an announced creation may have made.
    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError>;

    /// Makes it.
    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError>;

    /// Brings a resource that exists, made by `creation`, to what is asked for: whatever its creating call could not carry.
    /// `fresh` where this invocation made it a moment ago with these very properties: then only what the creating call could
    /// not carry need be done; otherwise everything is compared.
    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError>;

    /// Changes it in place, from `existing.properties` to `to`.
    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError>;

    /// Whether its dependents can use it.
    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        Ok(match self.read(existing).await? {
            Some(observed) => Readiness::Ready(Box::new(observed)),
            None => Readiness::Pending("to become visible".to_owned()),
        })
    }

    /// Whether it holds anything that would be lost with it. Asked of stateful types only, right before a deletion to which
    /// nobody consented; a type that cannot tell says yes.
    async fn holds_data(&self, _existing: &Existing<'_>) -> Result<bool, CallError> {
        Ok(true)
    }

    /// Deletes it.
    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError>;
}

/// Something that carries our tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Its type.
    pub kind: ResourceType,
    /// The incarnation that its tags name.
    pub key: ResourceKey,
    /// What AWS knows it by.
    pub physical_id: PhysicalId,
    /// What must be known of its parents to read and delete it; empty for most.
    pub properties: Properties,
}

/// Every provider of one target account and region.
///
/// # Guarantees
/// `owned` lists what carries the tags of this installation and environment (`stamp.engine`, `stamp.scope`), of every type that
/// can be searched by tags. It makes no mutating request.
///
/// # Caveats
/// The search by tags lags behind creations and deletions, by seconds to minutes: what it lists may be gone, what it does not
/// list may exist.
#[async_trait]
pub trait Providers: Send + Sync {
    /// The provider of a type; none where the type is not supported.
    fn get(&self, kind: &ResourceType) -> Option<&dyn Provider>;

    /// What carries our tags, whether the record knows it or not.
    async fn owned(&self, stamp: &Stamp) -> Result<Vec<Owned>, CallError>;
}
