//! What is wrong with what a user wrote, and where.

use std::fmt;
use std::sync::Arc;

use model::Refusal;

use crate::code::{Area, Code};
use crate::files::Files;
use crate::span::Span;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which kind of thing.
    pub code: Code,
    /// The kind of text that it is in.
    pub area: Area,
    /// The name of that text.
    pub file: Arc<str>,
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

impl Problem {
    /// Its whole code, e.g. `config::unknown-key`.
    pub fn full_code(&self) -> String {
        self.code.within(self.area)
    }
}

/// A problem whose line is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind of thing.
    pub code: Code,
    /// The text that it is about.
    pub span: Span,
    /// What is wrong: lower case, the user's text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// A finding that says what is wrong.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The most problems of one report.
const MOST: usize = 200;
/// What is said where there are more.
const MORE: &str = "there are more problems from here on";

/// Everything that is wrong with a project's texts, text by text, each in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
    files: Files,
}

impl Report {
    /// A report of what was found in `files`, put in the order of places; what was found twice (each environment reads what they
    /// have in common) is said once. Of very many problems the first are told, and that there are more: whoever made them mends
    /// one cause, not a thousand lines.
    pub fn of(files: &Files, findings: impl IntoIterator<Item = Finding>) -> Self {
        let mut findings: Vec<Finding> = findings.into_iter().collect();
        findings.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        findings.dedup();
        // The one after the last that is told says where the others begin; finding the lines of all of them takes long.
        findings.truncate(MOST + 1);
        let problem = |finding| {
            let Finding { code, span, message, help } = finding;
            let file = files.of(span);
            let (line, column) = file.map_or((1, 1), |file| span.position(&file.text));
            let area = file.map_or(Area::Config, |file| file.area);
            let file = file.map_or_else(|| "".into(), |file| Arc::clone(&file.name));
            Problem { code, area, file, message, help, span, line, column }
        };
        let problems = findings.into_iter().map(problem).collect();
        Self { problems, files: files.clone() }.bounded()
    }

    /// The first problems, and that there are more.
    fn bounded(mut self) -> Self {
        let told = self.problems.iter().find(|problem| problem.message == MORE).cloned();
        self.problems.retain(|problem| problem.message != MORE);
        let next = self.problems.get(MOST).cloned().or(told);
        self.problems.truncate(MOST);
        let help = Some(format!("only the first {MOST} are told: mend them and try again"));
        self.problems.extend(next.map(|next| Problem { code: Code::TooMany, message: MORE.to_owned(), help, ..next }));
        self
    }

    /// The problems, in the order of the texts.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The texts that they are in.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems of both, which must be about the same texts: where one knows more of them, that is kept.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let files = if other.files.count() > self.files.count() { other.files } else { self.files };
        let mut problems: Vec<Problem> = self.problems.into_iter().chain(other.problems).collect();
        problems.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        problems.dedup();
        Self { problems, files }.bounded()
    }

    /// The same without the problems that `is_known` somewhere else.
    #[must_use]
    pub fn without(mut self, is_known: impl Fn(&Problem) -> bool) -> Self {
        self.problems.retain(|problem| !is_known(problem));
        self
    }

    /// As the history keeps them.
    pub fn refusals(&self) -> Vec<Refusal> {
        let refusal = |problem: &Problem| Refusal {
            code: problem.full_code(),
            message: problem.message.clone(),
            help: problem.help.clone(),
            file: Some(problem.file.to_string()).filter(|name| !name.is_empty()),
            line: Some(problem.line),
            column: Some(problem.column),
        };
        self.problems.iter().map(refusal).collect()
    }
}

/// One line a problem, as a log has them.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            let Problem { file, message, line, column, .. } = problem;
            write!(f, "{separator}{file}:{line}:{column}: {message} ({})", problem.full_code())?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
