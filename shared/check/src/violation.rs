//! What can be wrong with a plan.

use model::{ResourceAddress, ResourceKey};

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The plan was made from another state of the record.
    #[error("the plan was made from revision {plan}, and the record stands at {record}, or was changed since")]
    StaleParent {
        /// The plan's.
        plan: model::Revision,
        /// The record's.
        record: model::Revision,
    },
    /// The plan was made from another config.
    #[error("the plan was made from the config {plan}, and this is {config}")]
    OtherConfig {
        /// The digest that the plan names.
        plan: model::Digest,
        /// The digest of the config at hand.
        config: model::Digest,
    },
    /// Two changes of one incarnation.
    #[error("`{0}` is changed twice")]
    Twice(ResourceKey),
    /// A change waits for one that is not in the plan.
    #[error("`{change}` waits for `{on}`, which the plan does not change")]
    DanglingEdge {
        /// The change.
        change: ResourceKey,
        /// What it waits for.
        on: ResourceKey,
    },
    /// What is built waits for what is removed at the end, which waits for all that is built.
    #[error("`{change}` waits for `{on}`, which comes at the end")]
    AwaitsTheEnd {
        /// The change.
        change: ResourceKey,
        /// What it waits for.
        on: ResourceKey,
    },
    /// Changes wait for each other.
    #[error("the changes wait for each other in a circle: {0}")]
    Circle(String),
    /// A change refers to a resource that is not there when it runs.
    #[error("`{change}` refers to `{to}`, which is neither recorded nor made before it")]
    Unreachable {
        /// The change.
        change: ResourceKey,
        /// What it refers to.
        to: ResourceAddress,
    },
    /// The type has no schema.
    #[error("`{0}` is of a type that is not supported")]
    UnknownType(ResourceKey),
    /// What is created is recorded already, or what is changed or deleted is not.
    #[error("`{0}` does not fit the record: {1}")]
    Misfit(ResourceKey, &'static str),
    /// A new incarnation with a generation that was used before, or that is older than one that is recorded.
    #[error("`{0}` is not newer than everything that its address ever had")]
    OldGeneration(ResourceKey),
    /// A replacement after which the old incarnation stays recorded, though neither it nor anything on it holds data.
    #[error("`{change}` replaces `{old}`, which the plan neither deletes nor lets go")]
    StaysBehind {
        /// The change.
        change: ResourceKey,
        /// What it replaces.
        old: ResourceKey,
    },
    /// A move to where something is.
    #[error("`{change}` moves to `{to}`, where something is recorded")]
    MovedOnto {
        /// The change.
        change: ResourceKey,
        /// Where it moves to.
        to: ResourceKey,
    },
    /// A change of what moves, or of what refers to it, that may come before the move.
    #[error("`{change}` does not wait for the move of `{moved}`")]
    BeforeMove {
        /// The change.
        change: ResourceKey,
        /// What moves.
        moved: ResourceKey,
    },
    /// An update in place of a property that AWS cannot change.
    #[error("`{change}` updates `{property}`, which can only be replaced")]
    CreateOnly {
        /// The change.
        change: ResourceKey,
        /// The property.
        property: String,
    },
    /// Calls would be led over in steps that cannot be.
    #[error("`{0}` cannot be shifted so: {1}")]
    WrongShift(ResourceKey, &'static str),
    /// A deletion that does not wait for the end, or does not wait for what stands on it.
    #[error("`{0}` would be deleted before what needs it is gone")]
    TooEarly(ResourceKey),
    /// Data is destroyed and the plan does not say so.
    #[error("`{0}` holds data, and the plan does not list its loss")]
    SilentLoss(ResourceKey),
    /// Two resources would have one name.
    #[error("`{0}` and `{1}` have the same name")]
    SameName(ResourceKey, ResourceKey),
    /// Something that is wanted would be deleted: the plan's changes and the record contradict.
    #[error("`{0}` is in use by `{1}` and would be deleted")]
    InUse(ResourceKey, ResourceKey),
}
