//! The failure of an AWS call, as a value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure it was, and so what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// Too many calls: wait and try again.
    Throttled,
    /// A fault of the service or the network: the effect is unknown, trying again may help.
    Transient,
    /// Something that it needs is made and not yet visible everywhere.
    NotPropagated,
    /// The resource is in the middle of another change.
    Busy,
    /// A resource of that name exists.
    AlreadyExists,
    /// The resource does not exist.
    NotFound,
    /// Something still uses the resource.
    DependencyViolation,
    /// The caller may not do this.
    Denied,
    /// The request is wrong.
    Invalid,
    /// A quota is used up.
    Quota,
    /// It holds data that nobody agreed to lose.
    HoldsData,
    /// None of these.
    Unknown,
}

impl ErrorClass {
    /// Whether a call that ended so may have taken effect.
    pub fn effect_is_unknown(self) -> bool {
        matches!(self, Self::Transient | Self::Unknown)
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::NotPropagated => "not propagated",
            Self::Busy => "busy",
            Self::AlreadyExists => "already exists",
            Self::NotFound => "not found",
            Self::DependencyViolation => "still in use",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Quota => "quota",
            Self::HoldsData => "holds data",
            Self::Unknown => "unknown",
        })
    }
}

/// The failure of an AWS call, in the words of the service. What is sent holds no secret, so that no message can repeat one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{service} {operation}: {class}{}: {message}", code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct CallError {
    /// What kind of failure it was.
    pub class: ErrorClass,
    /// The service, e.g. `lambda`.
    pub service: String,
    /// The operation, e.g. `CreateFunction`.
    pub operation: String,
    /// The service's error code, where it gave one.
    pub code: Option<String>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The request id, for AWS support.
    pub request_id: Option<String>,
    /// The service's message.
    pub message: String,
}

impl CallError {
    /// Whether the call may still take effect: nobody answered, so that nobody knows where it is.
    pub fn may_land_late(&self) -> bool {
        self.class.effect_is_unknown() && self.status.is_none()
    }

    /// An error that the engine itself found, before or instead of a call.
    pub fn local(class: ErrorClass, operation: &str, message: impl Into<String>) -> Self {
        Self {
            class,
            service: "strandline".to_owned(),
            operation: operation.to_owned(),
            code: None,
            status: None,
            request_id: None,
            message: message.into(),
        }
    }
}
