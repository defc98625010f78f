//! `cargo xtask admin`: what only an administrator may do, with the administrator's own AWS credentials. The engine's
//! functions have no way to do it, and nothing that is uploaded can.

mod approval;
mod asking;
mod back;
mod destroy;
mod engine;
mod history;
mod let_go;
mod limits;
mod notices;
mod plan;
mod queue;

use clap::{Args, Subcommand};
use model::{Environment, EnvironmentId, Keep, OnFailure};
use serde_json::json;
use store::Store;

use self::engine::Engine;
use crate::error::XtaskError;

/// Arguments of `cargo xtask admin`.
#[derive(Args)]
pub(crate) struct Admin {
    /// The engine's table.
    #[arg(long, global = true, default_value = "strandline")]
    table: String,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Environments: who may be deployed to.
    #[command(subcommand)]
    Environment(EnvironmentCommand),
    /// What an upload of a project would do now: a plan, or everything that is wrong. Nothing is done.
    Plan(plan::Planning),
    /// The deployments of an environment, oldest first; one of them; two beside each other.
    History(history::History),
    /// Who has the turn in an environment, and who waits.
    Queue {
        /// `project/environment`
        environment: String,
    },
    /// Ends a deployment: one that waits at once, one that has its turn when what has begun is finished.
    Cancel(queue::Cancelling),
    /// Approves the plan of a deployment that waits for it; shows it first.
    Approve(approval::Deciding),
    /// Denies the plan of a deployment that waits for approval, which ends it; shows it first.
    Deny(approval::Deciding),
    /// Goes back to a revision.
    Rollback(back::GoingBack),
    /// Deletes everything of an environment, or of a part of it.
    Destroy(destroy::Destruction),
    /// Takes resources out of the record; they stay in the account as they are.
    LetGo(let_go::LetGo),
}

#[derive(Subcommand)]
enum EnvironmentCommand {
    /// Registers an environment, or changes its record.
    Put(Box<Put>),
    /// Shows one record.
    Get {
        /// `project/environment`
        environment: String,
    },
    /// Shows every record.
    List,
}

#[derive(Args)]
struct Put {
    /// `project/environment`
    environment: String,
    /// The twelve-digit account that it lives in.
    #[arg(long, value_parser = account)]
    account: String,
    /// The region that it lives in.
    #[arg(long)]
    region: String,
    /// The ARN of its target role; by default what `bootstrap/target-role.yaml` makes in that account.
    #[arg(long)]
    target_role: Option<String>,
    /// The external id of the target role, for another account.
    #[arg(long)]
    external_id: Option<String>,
    /// The ARN of its permissions boundary; by default what `bootstrap/target-role.yaml` makes in that account.
    #[arg(long)]
    boundary: Option<String>,
    /// Refuse every plan that would delete data.
    #[arg(long)]
    protected: bool,
    #[command(flatten)]
    rules: approval::Rules,
    #[command(flatten)]
    limits: limits::Most,
    #[command(flatten)]
    telling: notices::Telling,
    /// Keep so many deployments, the newest.
    #[arg(long, default_value_t = Keep::default().deployments)]
    keep_deployments: usize,
    /// Keep the deployments of so many days.
    #[arg(long, default_value_t = Keep::default().days)]
    keep_days: u32,
}

impl Admin {
    pub(crate) async fn run(self) -> Result<(), XtaskError> {
        let config = store::configuration().await;
        // Nothing here writes to the bucket; what is read from it names it.
        let store = Store::new(&config, &self.table, "");
        match self.command {
            Command::Environment(EnvironmentCommand::Put(put)) => {
                let environment = put.record()?;
                register(&store, &environment).await?;
                show(self.json, &[environment]);
            }
            Command::Environment(EnvironmentCommand::Get { environment }) => {
                let id = id(&environment)?;
                let found = store.environment(&id).await?;
                let found = found.ok_or_else(|| XtaskError::Usage(format!("no environment `{id}` is registered")))?;
                show(self.json, &[found]);
            }
            Command::Environment(EnvironmentCommand::List) => {
                show(self.json, &store.environments().await?);
            }
            Command::Plan(plan) => plan.run(Engine::of(&config, self.table).await?, self.json).await?,
            Command::History(history) => history.run(&config, self.table, self.json).await?,
            Command::Queue { environment } => queue::show(&store, &id(&environment)?, self.json).await?,
            Command::Cancel(cancelling) => cancelling.run(Engine::of(&config, self.table).await?, self.json).await?,
            Command::Approve(one) => one.run(Engine::of(&config, self.table).await?, true, self.json).await?,
            Command::Deny(one) => one.run(Engine::of(&config, self.table).await?, false, self.json).await?,
            Command::Rollback(back) => back.run(Engine::of(&config, self.table).await?, self.json).await?,
            Command::Destroy(destroy) => destroy.run(Engine::of(&config, self.table).await?, self.json).await?,
            Command::LetGo(let_go) => let_go.run(Engine::of(&config, self.table).await?, self.json).await?,
        }
        Ok(())
    }
}

impl Put {
    fn record(self) -> Result<Environment, XtaskError> {
        let id = id(&self.environment)?;
        let usual = Environment::new(id, self.account, self.region);
        let (on_failure, approval) = self.rules.parts();
        Ok(Environment {
            target_role: self.target_role.unwrap_or_else(|| usual.target_role.clone()),
            boundary: self.boundary.unwrap_or_else(|| usual.boundary.clone()),
            external_id: self.external_id,
            protected: self.protected,
            on_failure,
            approval,
            keep: Keep { deployments: self.keep_deployments, days: self.keep_days },
            limits: self.limits.limits(),
            notices: self.telling.notices(),
            ..usual
        })
    }
}

/// Registers an environment that can stand beside those that are registered.
pub(crate) async fn register(store: &Store, environment: &Environment) -> Result<(), XtaskError> {
    let registered = store.environments().await?;
    environment.fits(&registered).map_err(|conflict| XtaskError::Usage(conflict.to_string()))?;
    Ok(store.put_environment(environment).await?)
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account has twelve digits".to_owned()) }
}

fn id(text: &str) -> Result<EnvironmentId, XtaskError> {
    let (project, environment) = text
        .split_once('/')
        .ok_or_else(|| XtaskError::Usage(format!("`{text}` is not of the form `project/environment`")))?;
    EnvironmentId::new(project, environment).map_err(|error| XtaskError::Usage(error.to_string()))
}

fn show(as_json: bool, environments: &[Environment]) {
    if as_json {
        println!("{}", json!(environments));
        return;
    }
    for environment in environments {
        println!("{}", environment.id);
        println!("  account      {} in {}", environment.account, environment.region);
        println!("  target role  {}", environment.target_role);
        println!("  boundary     {}", environment.boundary);
        println!("  protected    {}", if environment.protected { "yes: no data is deleted" } else { "no" });
        println!("  on failure   {}", on_failure(environment.on_failure));
        println!("  approval     {}", approval::rule_words(environment.approval.as_ref()));
        println!("  limits       {}", limits::words(&environment.limits));
        println!("  told         {}", notices::told(&environment.notices));
        let Keep { deployments, days } = &environment.keep;
        println!("  history      {deployments} deployments, and those of {days} days");
    }
    if environments.is_empty() {
        println!(
            "no environment is registered: `cargo xtask admin environment put project/environment --account … --region …`"
        );
    }
}

fn on_failure(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Rollback => "go back to the revision before",
        OnFailure::Stop => "stop where it is",
    }
}
