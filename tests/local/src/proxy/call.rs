//! One AWS call as the proxy saw it.

use std::{
    fmt,
    time::{Duration, Instant},
};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

/// Who signed a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// Nobody: the call had no signature.
    Nobody,
    /// The account's administrator, which here means a test or the demo.
    Administrator,
    /// A function under its own role, by the function's name in the account.
    Function(String),
    /// A session of a role that somebody assumed through the proxy.
    Role {
        /// Name of the role, without its path.
        role: String,
        /// Name of the session.
        session: String,
    },
    /// An access key that was neither seen handed out nor belongs to a running function.
    Unknown(String),
}

impl Caller {
    /// Whether the role or function has this text in its name.
    pub fn is_named(&self, part: &str) -> bool {
        match self {
            Self::Function(name) | Self::Role { role: name, .. } => name.contains(part),
            Self::Nobody | Self::Administrator | Self::Unknown(_) => false,
        }
    }

    /// Whether it is a session of the role with exactly this name.
    pub fn is_role(&self, name: &str) -> bool {
        matches!(self, Self::Role { role, .. } if role == name)
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::Administrator => f.write_str("administrator"),
            Self::Function(name) => write!(f, "function {name}"),
            Self::Role { role, session } => write!(f, "role {role} ({session})"),
            Self::Unknown(key) => write!(f, "key {key}"),
        }
    }
}

/// One request and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Position in the record.
    pub id: usize,
    /// When it had arrived completely.
    pub at: Timestamp,
    /// The service by its IAM prefix: `iam`, `states`, `cloudwatch`, `apigateway` …
    pub service: String,
    /// The API's operation: `CreateRole`; `GET /path` where it is none that is known.
    pub operation: String,
    /// What it is about, as far as can be told: a name, or the last part of an ARN; for S3 `bucket/key`.
    pub resource: Option<String>,
    /// Who signed it.
    pub caller: Caller,
    /// Whether it could change anything.
    pub mutating: bool,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// HTTP status that the client was sent, or would have been before its connection was cut; `None` while it is under way.
    pub status: Option<u16>,
    /// Error code of a refusal: `AccessDenied`, `SignatureDoesNotMatch`, `ThrottlingException` …
    pub error: Option<String>,
    /// What a rule did to it.
    pub fault: Option<&'static str>,
    /// Whether the emulator got it: whether an effect may exist.
    pub forwarded: bool,
    /// How long it took, in seconds, delays by rules included.
    #[serde(serialize_with = "seconds")]
    pub took: Option<Duration>,
    /// When it had arrived completely, on the monotonic clock.
    #[serde(skip)]
    pub started: Instant,
    /// When it ended, on the monotonic clock.
    #[serde(skip)]
    pub ended: Option<Instant>,
    /// The body, if it is no larger than 64 KiB; else empty.
    #[serde(skip)]
    pub body: Bytes,
}

fn seconds<S: serde::Serializer>(took: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    took.map(|t| t.as_secs_f64()).serialize(to)
}

impl Call {
    /// Whether it is this operation of this service.
    pub fn is(&self, service: &str, operation: &str) -> bool {
        self.service == service && self.operation == operation
    }

    /// Service and operation as IAM policies name them: `iam:CreateRole`.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|s| s < 400)
    }

    /// Whether the account's own checks refused it: signature, policy or trust.
    pub fn was_denied(&self) -> bool {
        matches!(
            self.error.as_deref(),
            Some(
                "AccessDenied"
                    | "AccessDeniedException"
                    | "AuthorizationError"
                    | "AuthorizationErrorException"
                    | "UnauthorizedOperation"
                    | "SignatureDoesNotMatch"
                    | "InvalidSignatureException"
                    | "UnrecognizedClientException"
                    | "InvalidClientTokenId"
                    | "InvalidAccessKeyId"
                    | "ExpiredToken"
                    | "ExpiredTokenException"
                    | "MissingAuthenticationToken"
                    | "MissingAuthenticationTokenException"
                    | "IncompleteSignature"
                    | "InvalidToken"
            )
        ) || self.service == "s3" && self.status == Some(403)
    }
}

impl fmt::Display for Call {
    /// One line for the failure messages of tests: `iam:CreateRole demo-dev-hello 200 by role strandline-target-…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)?;
        if let Some(resource) = &self.resource {
            write!(f, " {resource}")?;
        }
        match self.status {
            Some(status) => write!(f, " {status}")?,
            None => f.write_str(" under way")?,
        }
        if let Some(error) = &self.error {
            write!(f, " {error}")?;
        }
        if let Some(fault) = self.fault {
            write!(f, " [{fault}]")?;
        }
        write!(f, " by {}", self.caller)
    }
}
