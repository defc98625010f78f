//! Everything that is wrong with a project.

use model::Refusal;
use project::Rejected;
use render::{Paint, Style, count};
use source::Report;

use crate::error::XtaskError;

/// What is wrong.
pub(crate) enum Wrong {
    /// With texts, each at its place.
    Texts(Report),
    /// With something else.
    Else(Vec<Refusal>),
}

impl Wrong {
    /// Why a project is rejected.
    ///
    /// # Errors
    /// [`XtaskError::Usage`] where it could not be read.
    pub(crate) fn of(rejected: Rejected) -> Result<Self, XtaskError> {
        match rejected {
            Rejected::Texts(report) => Ok(Self::Texts(report)),
            Rejected::Refused(refusal) => Ok(Self::Else(vec![refusal])),
            Rejected::Io(why) => Err(XtaskError::Usage(format!("the project cannot be read: {why}"))),
        }
    }

    /// For programs.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        match self {
            Self::Texts(report) => report.refusals(),
            Self::Else(refusals) => refusals.clone(),
        }
    }

    /// For people: all of it, and how much that is.
    pub(crate) fn text(&self, style: &Style) -> String {
        let mut text = match self {
            Self::Texts(report) => report.render(style.colour, style.width),
            Self::Else(refusals) => refusals.iter().map(|one| told(one, style)).collect(),
        };
        text.push_str(&format!("{}: nothing of it can be deployed\n", count(self.refusals().len(), "problem")));
        text
    }
}

fn told(refusal: &Refusal, style: &Style) -> String {
    let Refusal { code, message, help, .. } = refusal;
    let place = refusal.place().map(|place| format!("{place}: ")).unwrap_or_default();
    let mut text = format!("{place}{} {message}\n", style.paint(&format!("{code}:"), Paint::Bad));
    if let Some(help) = help {
        text.push_str(&format!("{} {help}\n", style.paint("help:", Paint::Active)));
    }
    text
}
