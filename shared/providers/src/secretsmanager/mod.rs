//! Secrets Manager.

mod generate;
mod secret;

pub use secret::Secret;

failures!("secretsmanager");
