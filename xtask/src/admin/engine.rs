//! The installation that an administrator works with, and who they are.

use control::{Conclude, StateMachine};
use model::{DeploymentId, EnvironmentId, Timestamp};
use store::{SdkConfig, Store};

use crate::error::XtaskError;

/// An installation, as its administrator reaches it.
pub(crate) struct Engine {
    /// Its stores.
    pub(crate) store: Store,
    /// The bucket that uploads are put into.
    pub(crate) inbox: String,
    /// Its state machine.
    pub(crate) machine: StateMachine,
    /// The function that is told what is over.
    conclude: Conclude,
    /// Whose credentials these are: an ARN.
    pub(crate) caller: String,
}

impl Engine {
    /// The one in the account and region of the credentials, whose table has this name.
    pub(crate) async fn of(config: &SdkConfig, table: String) -> Result<Self, XtaskError> {
        let identity = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
        let identity = identity.map_err(|error| {
            let why = error.into_service_error();
            XtaskError::Usage(format!("whose credentials these are cannot be told: {why}"))
        })?;
        let missing = |what: &str| XtaskError::Usage(format!("the credentials or the configuration name no {what}"));
        let account = identity.account().ok_or_else(|| missing("account"))?;
        let caller = identity.arn().ok_or_else(|| missing("user or role"))?;
        let region = config.region().ok_or_else(|| missing("region"))?;
        // `arn:aws:…`, and otherwise in other parts of AWS.
        let partition = caller.split(':').nth(1).unwrap_or("aws");
        let machine = format!("arn:{partition}:states:{region}:{account}:stateMachine:strandline-deploy");
        Ok(Self {
            store: Store::new(config, table, format!("strands-deployments-{account}-{region}")),
            inbox: format!("strands-inbox-{account}-{region}"),
            machine: StateMachine::new(config, machine),
            conclude: Conclude::new(config),
            caller: caller.to_owned(),
        })
    }

    /// Starts what is next in an environment's queue, and sees to it that people are told of what is superseded by it, and of
    /// `over`, which was ended here. Doing so again does no harm.
    pub(crate) async fn go_on(&self, environment: &EnvironmentId, over: &[DeploymentId]) -> Result<(), XtaskError> {
        let superseded = ::engine::start_next(environment, &self.store, &self.machine, Timestamp::now()).await?;
        let over = [over, &superseded].concat();
        if let Err(error) = self.conclude.over(environment, &over).await {
            eprintln!("note: whoever subscribed is told within five minutes, and not at once: {error}");
        }
        Ok(())
    }
}
