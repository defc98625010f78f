//! CloudFormation templates: what CDK writes and what people write by hand is deployed beside an agent, and what exists then is
//! what the templates ask for, property by property, as a reader finds that knows nothing of the engine.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod cdk;
mod life;
mod orders;
mod refused;
