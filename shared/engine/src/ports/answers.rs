//! The port to what code outside of the engine answers: the functions behind custom resources.

use async_trait::async_trait;
use model::ResourceKey;

use super::StoreError;

/// Where functions that the engine asks for something put their answers.
///
/// # Guarantees
/// - `ask` is durable before it returns: whatever process looks later knows what was asked last.
/// - Of several answers to one request, the first is the one that counts, for ever.
/// - The address of an answer is kept nowhere, and takes an answer for an hour at most.
///
/// # Assumptions
/// - A request's id is never used for another request.
///
/// # Caveats
/// - The address dies with the credentials that it was made with, which may be sooner.
/// - Whoever has the address can answer: it goes to the function that is asked, and nowhere else.
///
/// # Errors
/// [`StoreError`] of the store.
#[async_trait]
pub trait Answers: Send + Sync {
    /// Remembers that `of` is asked `request` now, and gives the address to which the answer is put.
    async fn ask(&self, of: &ResourceKey, request: &str) -> Result<String, StoreError>;

    /// What `of` was asked last; none where it was never asked.
    async fn asked(&self, of: &ResourceKey) -> Result<Option<String>, StoreError>;

    /// The answer to a request; none while there is none.
    async fn answer(&self, of: &ResourceKey, request: &str) -> Result<Option<Vec<u8>>, StoreError>;
}
