//! The errors that the state machine knows by name.

use engine::WaveError;
use engine::ports::StoreError;
use lambda_runtime::Diagnostic;
use model::{CallError, ErrorClass};

/// Why a step failed. The name of a variant is its `errorType`, which `statemachine/*.asl.json` retries and catches.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// A fault that may pass.
    #[error("{0}")]
    Transient(String),
    /// Another invocation holds the lease now.
    #[error("{0}")]
    LeaseLost(String),
    /// The input is not of a version or shape that this function reads.
    #[error("{0}")]
    Unreadable(String),
    /// What is stored is not what was stored.
    #[error("{0}")]
    Corrupt(String),
    /// The function's settings or permissions are wrong.
    #[error("{0}")]
    Misconfigured(String),
}

impl StepError {
    /// Every name, for the contract with the state machine.
    pub const NAMES: [&str; 5] = ["Transient", "LeaseLost", "Unreadable", "Corrupt", "Misconfigured"];

    /// The `errorType`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transient(_) => "Transient",
            Self::LeaseLost(_) => "LeaseLost",
            Self::Unreadable(_) => "Unreadable",
            Self::Corrupt(_) => "Corrupt",
            Self::Misconfigured(_) => "Misconfigured",
        }
    }
}

impl From<StepError> for Diagnostic {
    fn from(error: StepError) -> Self {
        Self { error_type: error.name().to_owned(), error_message: error.to_string() }
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Transient { .. } => Self::Transient(message),
            StoreError::LeaseLost(_) => Self::LeaseLost(message),
            StoreError::Corrupt { .. } => Self::Corrupt(message),
            StoreError::Misconfigured { .. } => Self::Misconfigured(message),
        }
    }
}

/// A call to the target account that a step cannot go on without: what passes by itself is tried again.
impl From<CallError> for StepError {
    fn from(error: CallError) -> Self {
        match error.class {
            ErrorClass::Throttled | ErrorClass::Transient | ErrorClass::NotPropagated | ErrorClass::Busy => {
                Self::Transient(error.to_string())
            }
            ErrorClass::AlreadyExists
            | ErrorClass::NotFound
            | ErrorClass::DependencyViolation
            | ErrorClass::Denied
            | ErrorClass::Invalid
            | ErrorClass::Quota
            | ErrorClass::HoldsData
            | ErrorClass::Unknown => Self::Misconfigured(error.to_string()),
        }
    }
}

impl From<WaveError> for StepError {
    fn from(error: WaveError) -> Self {
        match error {
            WaveError::Store(error) => error.into(),
            WaveError::Journal(error) => Self::Corrupt(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_listed() {
        let all = [
            StepError::Transient(String::new()),
            StepError::LeaseLost(String::new()),
            StepError::Unreadable(String::new()),
            StepError::Corrupt(String::new()),
            StepError::Misconfigured(String::new()),
        ];
        assert_eq!(all.map(|error| error.name()), StepError::NAMES);
    }
}
