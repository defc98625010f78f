//! A config held against what is outside of it: the environment's record, the bundle, the stored artifacts.
//!
//! Says what to report; looks at nothing itself.

use crate::config::{Agent, AgentCode, Config, Environment, Runtime, Source};
use source::Code;
use source::Span;
use source::{Finding, Report};

/// What intake must know of an agent to find, check and pack its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentSource<'a> {
    /// The agent's name.
    pub name: &'a str,
    /// Where its code is.
    pub source: &'a Source,
    /// Where that was written.
    pub source_span: Span,
    /// The runtime.
    pub runtime: Runtime,
    /// What the runtime calls.
    pub handler: &'a str,
    /// Where that was written.
    pub handler_span: Span,
    /// Whether the handler is a file.
    is_file: bool,
}

impl AgentSource<'_> {
    /// The files of which one must be in the agent's folder, for the handler to be found; empty where that cannot be told
    /// from names (compiled code).
    pub fn handler_files(&self) -> Vec<String> {
        if self.is_file { vec![self.handler.to_owned()] } else { self.runtime.handler_files(self.handler) }
    }
}

impl Config {
    /// The environment of that name, with its overrides applied.
    ///
    /// # Errors
    /// A report that names those that the config has.
    pub fn environment(&self, name: &str) -> Result<&Environment, Report> {
        self.environments.get(name).ok_or_else(|| {
            let known: Vec<String> = self.environments.keys().map(|known| format!("`{known}`")).collect();
            let message = format!("the config has no environment `{name}`");
            let help = match source::closest(name, self.environments.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`? The environment is the second part of the upload's path"),
                None => format!("it has {}; the environment is the second part of the upload's path", known.join(", ")),
            };
            let span = self.environments.values().map(|known| known.name.span).min().unwrap_or_default();
            Report::of(&self.files, [Finding::new(Code::UnknownEnvironment, span, message).help(help)])
        })
    }

    /// Where the code of each agent is that has any, in one environment. An environment cannot override names and folders,
    /// but runtimes and handlers.
    ///
    /// # Errors
    /// As [`Config::environment`].
    pub fn agents_with_paths(&self, environment: &str) -> Result<Vec<AgentSource<'_>>, Report> {
        fn source(agent: &Agent) -> Option<AgentSource<'_>> {
            let AgentCode { source, runtime, handler } = agent.code()?;
            Some(AgentSource {
                name: &agent.name.value,
                source: &source.value,
                source_span: source.span,
                runtime: runtime.value,
                handler: &handler.value,
                handler_span: handler.span,
                is_file: agent.lambda().is_none(),
            })
        }
        Ok(self.environment(environment)?.agents.iter().filter_map(source).collect())
    }

    /// Whether the config agrees with the record of the environment that it was uploaded to.
    ///
    /// # Errors
    /// A report of every difference: project, environment, account, region, and limits that are wider than the record's.
    pub fn agrees_with(&self, record: &model::Environment) -> Result<(), Report> {
        let mut findings = Vec::new();
        if self.project.value != record.id.project {
            let message =
                format!("the config is of project `{}`, and was uploaded to `{}`", self.project.value, record.id);
            let help = "upload it to its own project, or change the name here";
            findings.push(Finding::new(Code::ProjectMismatch, self.project.span, message).help(help));
        }
        let environment = match self.environment(&record.id.environment) {
            Ok(environment) => environment,
            Err(report) => return Err(Report::of(&self.files, findings).with(report)),
        };
        let pairs = [
            (Code::AccountMismatch, "account", &environment.account, &record.account),
            (Code::RegionMismatch, "region", &environment.region, &record.region),
        ];
        for (code, what, given, recorded) in pairs {
            if let Some(given) = given.as_ref().filter(|given| given.value != *recorded) {
                let message = format!(
                    "the config says {what} `{}` for `{}`, and the environment's record says `{recorded}`",
                    given.value, record.id
                );
                let help = "the record is an administrator's: change the config, or ask for another environment";
                findings.push(Finding::new(code, given.span, message).help(help));
            }
        }
        for (limit, given) in &environment.limits {
            let recorded = record.limits.most(*limit).filter(|most| given.value > *most);
            let Some(most) = recorded else { continue };
            let what = limit.as_str();
            let message = format!(
                "the config allows {} `{what}` for `{}`, and the environment's record allows {most}",
                given.value, record.id
            );
            let help = format!(
                "a config may ask for less than its environment allows: write at most {most}, or remove the line"
            );
            findings.push(Finding::new(Code::OutOfRange, given.span, message).help(help));
        }
        if findings.is_empty() { Ok(()) } else { Err(Report::of(&self.files, findings)) }
    }

    /// A report of things that are found outside of the config (in the bundle, in the artifacts) and concern a place in it.
    pub fn problems_at(&self, found: impl IntoIterator<Item = (Code, Span, String, Option<String>)>) -> Report {
        let finding = |(code, span, message, help)| Finding { code, span, message, help };
        Report::of(&self.files, found.into_iter().map(finding))
    }

    /// What to say of an agent whose folder is not in the bundle; `found` are the folders that are.
    pub fn folder_missing<'f>(&self, agent: &AgentSource<'_>, found: impl IntoIterator<Item = &'f str>) -> Report {
        let folder = match agent.source {
            Source::Folder(folder) => folder.as_str(),
            Source::Stored(digest) => digest.as_str(),
        };
        let message = format!("the folder `{folder}` of agent `{}` is not in the bundle", agent.name);
        let help = match source::closest(folder, found) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "paths start at the folder that `strands.yaml` is in; zip that folder's contents".to_owned(),
        };
        self.problems_at([(Code::FolderMissing, agent.source_span, message, Some(help))])
    }

    /// What to say of an agent whose handler's file is not in its folder.
    pub fn handler_missing(&self, agent: &AgentSource<'_>) -> Report {
        let files: Vec<String> = agent.handler_files().iter().map(|file| format!("`{file}`")).collect();
        let message = format!("the folder of agent `{}` has no {} for its handler", agent.name, files.join(" or "));
        let help = format!("a handler of `{}` is written {}", agent.runtime, agent.runtime.handler_form());
        self.problems_at([(Code::HandlerMissing, agent.handler_span, message, Some(help))])
    }

    /// What to say of an agent whose stored code is not among the artifacts.
    pub fn artifact_missing(&self, agent: &AgentSource<'_>) -> Report {
        let message = match agent.source {
            Source::Stored(digest) => format!("no code `{digest}` is stored for agent `{}`", agent.name),
            Source::Folder(folder) => {
                format!("agent `{}` has its code in `{folder}`, and no bundle was uploaded", agent.name)
            }
        };
        let help =
            "upload a `bundle.zip` with the agent's folder; a bare config can only name code that was deployed before";
        self.problems_at([(Code::ArtifactMissing, agent.source_span, message, Some(help.to_owned()))])
    }
}
