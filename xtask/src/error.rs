//! What ends a command early.

use engine::ports::StoreError;
use local::LocalError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XtaskError {
    /// The reason stands on the screen already.
    #[error("failed")]
    Shown,
    /// A program could not be started.
    #[error("cannot run `{program}`: {source}")]
    Start {
        /// Which.
        program: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A program reported failure.
    #[error("`{0}` failed")]
    Program(String),
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// What was shown is not as it must be.
    #[error("{what}, and {why}")]
    Unexpected {
        /// What was done.
        what: String,
        /// What came of it.
        why: String,
    },
    /// What was typed cannot be done.
    #[error("{0}")]
    Usage(String),
    /// The engine's stores failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The embedded account failed.
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl XtaskError {
    /// What to do about it, where there is something.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Local(LocalError::Io { what, .. }) if what.contains("python3") => {
                Some("install Python 3.10 or newer")
            }
            Self::Local(LocalError::Program { program, .. }) if program.contains("python") => {
                Some("the Python environment is made from PyPI: check the network, then run this again")
            }
            Self::Store(StoreError::Misconfigured { .. }) => {
                Some("check the credentials, the region and `--table`: the engine must be installed in that account")
            }
            Self::Unexpected { .. } => Some("this is a defect of Strandline: the logs tell more"),
            _ => None,
        }
    }
}
