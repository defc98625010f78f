//! What is wrong with a config, and where.

use std::fmt;

use model::Refusal;

use crate::code::Code;
use crate::span::Span;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which kind of thing.
    pub code: Code,
    /// What is wrong: lower case, the user's text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The text that it is about.
    pub span: Span,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

/// A problem whose line is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The most problems of one report.
const MOST: usize = 200;

/// Everything that is wrong with one text, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
}

impl Report {
    /// A report of `problems`, put in the order of their places; what was found twice (each environment reads what they have
    /// in common) is said once.
    pub fn new(problems: impl IntoIterator<Item = Problem>) -> Self {
        let mut problems: Vec<Problem> = problems.into_iter().collect();
        problems.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        problems.dedup();
        Self { problems }
    }

    /// A report of what was found in `text`. Of very many problems the first are told, and that there are more: whoever
    /// made them mends one cause, not a thousand lines.
    pub(crate) fn of(text: &str, findings: impl IntoIterator<Item = Finding>) -> Self {
        let mut findings: Vec<Finding> = findings.into_iter().collect();
        findings.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        findings.dedup();
        if let Some(next) = findings.get(MOST).map(|finding| finding.span) {
            findings.truncate(MOST);
            let more = Finding::new(Code::TooMany, next, "there are more problems from here on");
            findings.push(more.help(format!("only the first {MOST} are told: mend them and try again")));
        }
        Self::new(findings.into_iter().map(|finding| {
            let (line, column) = finding.span.position(text);
            let Finding { code, span, message, help } = finding;
            Problem { code, message, help, span, line, column }
        }))
    }

    /// The problems, in the order of the text.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self::new(self.problems.into_iter().chain(other.problems))
    }

    /// As the history keeps them.
    pub fn refusals(&self) -> Vec<Refusal> {
        let refusal = |problem: &Problem| Refusal {
            code: problem.code.as_str().to_owned(),
            message: problem.message.clone(),
            help: problem.help.clone(),
            line: Some(problem.line),
            column: Some(problem.column),
        };
        self.problems.iter().map(refusal).collect()
    }
}

/// One line a problem, as a log has them.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem { code, message, line, column, .. }) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{line}:{column}: {message} ({})", code.as_str())?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
