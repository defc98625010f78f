//! `cargo xtask admin plan`: what an upload of a project would do now. Reads the engine's stores; writes nothing, starts nothing, and
//! calls nothing in the target account.

mod afterwards;
mod making;
mod told;

use std::fs;
use std::io::{self, Cursor};
use std::path::PathBuf;

use bundle::{Limits, OpenError};
use clap::Args;
use model::Selection;
use project::Bare;
use serde_json::json;

use self::making::{Foreseen, Unplanned, foresee};
use self::told::Upload;
use super::asking::Asking;
use super::engine::Engine;
use super::id;
use crate::console::Console;
use crate::error::XtaskError;
use crate::validate::{Folder, Wrong};

/// Arguments of `cargo xtask admin plan`.
#[derive(Args)]
pub(crate) struct Planning {
    /// `project/environment`
    environment: String,
    /// The project's folder; or a file as it would be uploaded: a zip of it, or a `strands.yaml` by itself.
    project: PathBuf,
    /// Only these agents and stacks, with what they need: `order-agent,storage`.
    #[arg(long, value_name = "NAMES")]
    only: Option<String>,
}

/// What a file is called in the inbox that is neither a config nor in a folder.
const BUNDLE: &str = "bundle.zip";

impl Planning {
    /// Shows the plan, or why there is none.
    pub(crate) async fn run(self, engine: Engine, as_json: bool) -> Result<(), XtaskError> {
        let asking = Asking::of(engine, &id(&self.environment)?, as_json).await?;
        let foreseen = self.foresee(&asking).await;
        let style = Console::for_output().style();
        match foreseen {
            Ok(foreseen) => {
                let upload = self.upload(&asking);
                match as_json {
                    true => println!("{}", told::json(&foreseen, &upload)),
                    false => print!("{}", told::text(&foreseen, &upload, &style)),
                }
                Ok(())
            }
            Err(Unplanned::Failed(error)) => Err(error),
            Err(unplanned) => {
                match as_json {
                    true => println!("{}", told::json_of_none(&unplanned)),
                    false => print!("{}", told::text_of_none(&unplanned, &style)),
                }
                Err(XtaskError::Shown)
            }
        }
    }

    async fn foresee(&self, asking: &Asking) -> Result<Foreseen, Unplanned> {
        let only = match &self.only {
            Some(text) => project::selection(text).map_err(Wrong::Else)?,
            None => Selection::ALL,
        };
        if self.project.is_dir() {
            let mut folder = Folder::open(&self.project).map_err(|error| self.unreadable(&error))?;
            return foresee(asking, &mut folder, only).await;
        }
        let bytes = fs::read(&self.project).map_err(|error| self.unreadable(&error))?;
        if let Some(name) = self.config() {
            return foresee(asking, &mut Bare { name: name.to_owned(), bytes }, only).await;
        }
        match bundle::open(Cursor::new(bytes), &Limits::default()) {
            Ok(mut bundle) => foresee(asking, &mut bundle, only).await,
            Err(OpenError::Refused(problems)) => {
                Err(Wrong::Else(problems.iter().map(bundle::Problem::refusal).collect()).into())
            }
            Err(OpenError::Io(error)) => Err(self.unreadable(&error).into()),
        }
    }

    /// The name of a config that would be uploaded by itself.
    fn config(&self) -> Option<&str> {
        let name = self.project.file_name().and_then(|name| name.to_str())?;
        project::CONFIG_NAMES.contains(&name).then_some(name)
    }

    fn unreadable(&self, error: &io::Error) -> XtaskError {
        XtaskError::Usage(format!("`{}` cannot be read: {error}", self.project.display()))
    }

    fn upload(&self, asking: &Asking) -> Upload {
        let of_folder = self.project.is_dir();
        let (file, name) = match self.config() {
            _ if of_folder => (BUNDLE.to_owned(), BUNDLE),
            Some(name) => (self.project.display().to_string(), name),
            None => (self.project.display().to_string(), BUNDLE),
        };
        // As JSON: in its short form the CLI takes what follows a comma for another entry.
        let only = self.only.as_ref().map(|only| format!(" --metadata '{}'", json!({ "only": only })));
        let only = only.unwrap_or_default();
        let inbox = &asking.engine.inbox;
        Upload { command: format!("aws s3 cp {file} s3://{inbox}/{}/{name}{only}", asking.environment.id), of_folder }
    }
}
