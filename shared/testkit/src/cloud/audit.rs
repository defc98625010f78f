//! What must never happen in the account, noticed where it happens.

use model::ResourceKey;

/// Something that must never happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Two things carry one incarnation's tags at the same time.
    #[error("`{0}` was made while another one of it exists")]
    Doubled(ResourceKey),
    /// A creation succeeded on what somebody else, or another incarnation, made.
    #[error("`{key}` took over `{id}`, which is not its own")]
    Adopted {
        /// The incarnation that was to be made.
        key: ResourceKey,
        /// What was there.
        id: String,
    },
    /// Something was changed or deleted that does not carry our tags.
    #[error("`{id}` was touched and is not ours")]
    Foreign {
        /// What was touched.
        id: String,
    },
    /// An invocation changed something after a later one had begun to.
    #[error("epoch {epoch} changed `{id}` after epoch {later} had changed something")]
    TwoWriters {
        /// The one whose time was over.
        epoch: u64,
        /// The later one.
        later: u64,
        /// What it changed.
        id: String,
    },
    /// A call came from an invocation that held no lease.
    #[error("`{id}` was changed by somebody without a lease")]
    NoLease {
        /// What it changed.
        id: String,
    },
}
