//! What can go wrong around the embedded account.

use std::{io, path::PathBuf};

/// An operation on the embedded account that failed; each variant says which.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Somebody pointed this crate at a machine other than this one.
    #[error("`{0}` is not a loopback address: the embedded account never talks to another machine")]
    NotLoopback(String),
    /// Reading, writing or starting something on this machine failed.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was attempted, as an infinitive.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A program that was run to its end reported failure.
    #[error("`{program}` failed: {message}")]
    Program {
        /// The command line, shortened.
        program: String,
        /// The end of what it wrote.
        message: String,
    },
    /// The emulator ended, or did not answer in time.
    #[error("the emulator did not come up: {reason} (its log: `{}`)", log.display())]
    EmulatorDown {
        /// What was observed.
        reason: String,
        /// Where its own words are.
        log: PathBuf,
    },
    /// An AWS call of this crate (not of the engine) was refused.
    #[error("{operation} failed: {message}")]
    Aws {
        /// Service and operation.
        operation: &'static str,
        /// Code and message.
        message: String,
    },
    /// A stack did not come up.
    #[error("stack `{stack}` ended as {status}:\n{events}")]
    Stack {
        /// Its name.
        stack: String,
        /// Its last status.
        status: String,
        /// Its failed events, one a line.
        events: String,
    },
    /// Something that has to be there first is not.
    #[error("`{}` does not exist: {help}", path.display())]
    Missing {
        /// What was looked for.
        path: PathBuf,
        /// How it comes into being.
        help: &'static str,
    },
    /// An answer did not have the expected shape.
    #[error("cannot read {what}: {message}")]
    Unreadable {
        /// Of what.
        what: &'static str,
        /// What was wrong with it.
        message: String,
    },
}

impl LocalError {
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    pub(crate) fn aws<E, R>(
        operation: &'static str,
        error: aws_smithy_runtime_api::client::result::SdkError<E, R>,
    ) -> Self
    where
        E: std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        Self::Aws { operation, message: chain(&error) }
    }
}

/// An error and everything it was caused by, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
