//! `cargo xtask validate`: whether a project can be deployed, as far as that can be told without an account.
//!
//! Looks at it as intake does, through the same crate. What needs the account is said, never guessed: the environment's record,
//! what the config has looked up, and code that earlier deployments stored.

mod folder;
mod summary;
mod wrong;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use config::{Config, Expanded};
use model::{Artifact, Environment, EnvironmentId, Snapshot};
use project::{Contents, Examined, Location, Opened, Rejected};
use serde_json::{Value, json};
use source::Report;

pub(crate) use self::folder::Folder;
pub(crate) use self::summary::words;
pub(crate) use self::wrong::Wrong;

use self::summary::{Summary, summary};
use crate::{console::Console, error::XtaskError};

/// The account and the region of environments that name none.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// Arguments of `cargo xtask validate`.
#[derive(Args)]
pub(crate) struct Validate {
    /// The project's folder, or its `strands.yaml`.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only this environment; without it, each.
    #[arg(long)]
    environment: Option<String>,
    /// Print what the config comes to: every resource with its properties, outputs, health checks.
    #[arg(long)]
    expanded: bool,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
    /// Look at no project: print the JSON Schema of `strands.yaml`, or of an `agent.yaml`, for editors.
    #[arg(
        long,
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "config",
        conflicts_with_all = ["path", "environment", "expanded", "json"],
    )]
    schema: Option<Schema>,
}

/// What there is a JSON Schema of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Schema {
    /// `strands.yaml`
    Config,
    /// `agent.yaml`
    Agent,
}

/// What one environment comes to.
pub(crate) struct Valid {
    /// A stand-in for its record.
    environment: Environment,
    expanded: Expanded,
    /// What was assumed.
    assumed: Vec<String>,
}

impl Validate {
    /// Says everything that is wrong, or what the project comes to.
    pub(crate) fn run(self) -> Result<(), XtaskError> {
        match self.schema {
            Some(Schema::Config) => return shown(&config::json_schema()),
            Some(Schema::Agent) => return shown(&config::manifest_schema()),
            None => {}
        }
        let console = Console::for_output();
        let (folder, config) = located(&self.path)?;
        let mut contents = Folder::open(&folder)
            .map_err(|error| XtaskError::Usage(format!("`{}` cannot be read: {error}", folder.display())))?;
        let named: Vec<&str> = config.as_deref().map_or(project::CONFIG_NAMES.to_vec(), |name| vec![name]);
        if named.iter().all(|name| contents.size(name).is_none()) {
            let message = format!("there is no `{}` in `{}`", named.join("`, `"), folder.display());
            return Err(XtaskError::Usage(message));
        }
        let found = match project::open(&mut contents) {
            Ok(opened) => self.each(&mut contents, &opened)?,
            Err(rejected) => Err(Wrong::of(rejected)?),
        };
        match found {
            Ok(valid) => self.say(&console, &valid),
            Err(wrong) => {
                self.tell(&console, &wrong);
                Err(XtaskError::Shown)
            }
        }
    }

    /// Every environment that is asked for; what is wrong in several is told once.
    fn each(&self, contents: &mut Folder, opened: &Opened) -> Result<Result<Vec<Valid>, Wrong>, XtaskError> {
        let config = &opened.config;
        let names: Vec<&String> = match &self.environment {
            None => config.environments.keys().collect(),
            Some(name) => match config.environments.get_key_value(name) {
                Some((name, _)) => vec![name],
                None => {
                    let known: Vec<String> = config.environments.keys().map(|name| format!("`{name}`")).collect();
                    let message = format!("the config has no environment `{name}`: it has {}", known.join(", "));
                    return Err(XtaskError::Usage(message));
                }
            },
        };
        let (mut valid, mut report, mut refusals) = (Vec::new(), None::<Report>, Vec::new());
        for name in names {
            match environment(contents, opened, name) {
                Ok(one) => valid.push(one),
                Err(rejected) => match Wrong::of(rejected)? {
                    Wrong::Texts(more) => {
                        report = Some(match report {
                            Some(report) => report.with(more),
                            None => more,
                        });
                    }
                    Wrong::Else(more) => {
                        refusals.extend(more.into_iter().filter(|one| !refusals.contains(one)).collect::<Vec<_>>())
                    }
                },
            }
        }
        Ok(match (report, refusals) {
            (Some(report), _) => Err(Wrong::Texts(report)),
            (None, refusals) if !refusals.is_empty() => Err(Wrong::Else(refusals)),
            (None, _) => Ok(valid),
        })
    }

    fn say(&self, console: &Console, valid: &[Valid]) -> Result<(), XtaskError> {
        if self.json {
            let environments: BTreeMap<&str, Value> = valid
                .iter()
                .map(|one| (one.name(), summary(one).json(self.expanded.then_some(&one.expanded))))
                .collect();
            return shown(&json!({ "valid": true, "problems": [], "environments": environments }));
        }
        if self.expanded {
            let all: BTreeMap<&str, &model::Desired> =
                valid.iter().map(|one| (one.name(), &one.expanded.desired)).collect();
            return match valid {
                [one] => shown(&one.expanded.desired),
                _ => shown(&all),
            };
        }
        let summaries: Vec<Summary> = valid.iter().map(summary).collect();
        let style = console.style();
        print!("{}", summary::text(&summaries, &style));
        Ok(())
    }

    fn tell(&self, console: &Console, wrong: &Wrong) {
        if self.json {
            println!("{:#}", json!({ "valid": false, "problems": wrong.refusals(), "environments": {} }));
        } else {
            print!("{}", wrong.text(&console.style()));
        }
    }
}

impl Valid {
    fn name(&self) -> &str {
        &self.environment.id.environment
    }
}

/// The folder of a project, and what its config is called where that was said.
fn located(path: &Path) -> Result<(PathBuf, Option<String>), XtaskError> {
    if path.is_dir() {
        return Ok((path.to_owned(), None));
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !project::CONFIG_NAMES.contains(&name) {
        let message = format!("`{}` is neither a folder nor a `strands.yaml` or `strands.json`", path.display());
        return Err(XtaskError::Usage(message));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((folder.to_owned(), Some(name.to_owned())))
}

/// What the project comes to in one environment.
fn environment(contents: &mut Folder, opened: &Opened, name: &str) -> Result<Valid, Rejected> {
    let (environment, mut assumed) = stand_in(&opened.config, name)?;
    let examined: Examined = opened.clone().examine(contents, &environment)?;
    let bucket = format!("strands-deployments-{}-{}", environment.account, environment.region);
    let snapshot = Snapshot::default();
    let around = (bucket.as_str(), &snapshot);
    // Before anything is packed: what is missing is told with everything else.
    examined.expand(&environment, &BTreeMap::new(), around)?;
    let mut artifacts: BTreeMap<String, Artifact> = BTreeMap::new();
    for (place, named) in examined.places() {
        let artifact = match (place.pack(contents)?, place) {
            (Some(packed), _) => packed.artifact,
            (None, Location::Stored(digest)) => {
                let of = named.iter().map(|code| (digest.short(12), &code.key));
                assumed.extend(of.map(|(digest, key)| format!("that the code `{digest}` of `{key}` is stored")));
                Artifact { digest: digest.clone(), size: 0 }
            }
            (None, Location::Folder(_) | Location::File(_)) => continue,
        };
        artifacts.extend(named.into_iter().map(|code| (code.key.clone(), artifact.clone())));
    }
    let expanded = examined.expand(&environment, &artifacts, around)?;
    Ok(Valid { environment, expanded, assumed })
}

/// A record as there might be one: an administrator has the true one.
fn stand_in(config: &Config, name: &str) -> Result<(Environment, Vec<String>), Report> {
    let said = config.environment(name)?;
    let mut assumed = Vec::new();
    let mut or = |given: Option<&String>, what: &str, otherwise: &str| {
        given.cloned().unwrap_or_else(|| {
            assumed.push(format!("the {what} {otherwise}, because the config names none"));
            otherwise.to_owned()
        })
    };
    let account = or(said.account.as_ref().map(|account| &account.value), "account", ACCOUNT);
    let region = or(said.region.as_ref().map(|region| &region.value), "region", REGION);
    assumed.push(
        "that the environment's record agrees: its limits and its permissions boundary are not looked at".to_owned(),
    );
    let (project, environment) = (config.project.value.clone(), name.to_owned());
    let id = EnvironmentId { project, environment };
    Ok((Environment::new(id, &account, &region), assumed))
}

fn shown(value: &impl serde::Serialize) -> Result<(), XtaskError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| XtaskError::Usage(format!("what it comes to cannot be written: {error}")))?;
    println!("{text}");
    Ok(())
}
