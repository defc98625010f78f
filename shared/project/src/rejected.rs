//! Why a project cannot be deployed.

use bundle::ReadError;
use model::Refusal;
use source::Report;

/// Why a project cannot be deployed, or cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// Its texts are not valid; every problem has a place in them.
    #[error("{0}")]
    Texts(Report),
    /// Something else is wrong with it.
    #[error("{}: {}", .0.code, .0.message)]
    Refused(Refusal),
    /// The machine could not do what was needed: nobody's fault.
    #[error("{0}")]
    Io(String),
}

impl Rejected {
    pub(crate) fn refused(code: &str, message: impl Into<String>, help: &str) -> Self {
        let (code, message, help) = (code.to_owned(), message.into(), Some(help.to_owned()));
        Self::Refused(Refusal { code, message, help, file: None, line: None, column: None })
    }

    /// Everything that is wrong, as the history keeps it.
    pub fn refusals(&self) -> Vec<Refusal> {
        match self {
            Self::Texts(report) => report.refusals(),
            Self::Refused(refusal) => vec![refusal.clone()],
            Self::Io(_) => Vec::new(),
        }
    }
}

impl From<Report> for Rejected {
    fn from(report: Report) -> Self {
        Self::Texts(report)
    }
}

impl From<ReadError> for Rejected {
    fn from(error: ReadError) -> Self {
        Self::refused("intake::unreadable", error.to_string(), "make the archive again")
    }
}
