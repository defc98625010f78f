//! The port to signals: what whoever has the address of a wait condition handle tells the engine.

use async_trait::async_trait;

use super::{Secret, StoreError};

/// A signal that came, and was not read yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signal {
    /// What tells it from every other signal to the same handle.
    pub version: String,
    /// Its size, in bytes.
    pub size: u64,
}

/// Where signals are put, each to the address of a handle. A handle is called by 32 hexadecimal digits.
///
/// # Guarantees
/// - Every signal stays, for a day at least, whatever is put to the same address later.
/// - The address is kept nowhere, and takes signals for two hours at most.
///
/// # Assumptions
/// - What a handle is called is never used for another handle.
///
/// # Caveats
/// - The address dies with the credentials that it was made with, which may be sooner.
/// - Whoever has the address can put whatever they like there, of any size and as often as they like.
///
/// # Errors
/// [`StoreError`] of the store.
#[async_trait]
pub trait Signals: Send + Sync {
    /// An address to which signals can be put from now on.
    async fn address(&self, handle: &str) -> Result<Secret, StoreError>;

    /// What came, in the order in which it came. `Corrupt` where more came than anybody could mean.
    async fn came(&self, handle: &str) -> Result<Vec<Signal>, StoreError>;

    /// What a signal says: as many bytes as its size says.
    async fn said(&self, handle: &str, signal: &Signal) -> Result<Vec<u8>, StoreError>;
}
