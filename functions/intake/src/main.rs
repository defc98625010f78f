//! `intake`: what is uploaded becomes a deployment in the queue, or a refusal; and `Enter`, by which an execution claims
//! the deployment that it was started for, or enqueues what whoever started it by hand asks for. Everything that is handed in is
//! treated as hostile.

mod asked;
mod by_hand;
mod enter;
mod event;
mod examine;
mod intake;
mod only;

use std::sync::Arc;

use intake::Intake;
use step::{StepError, setting};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    step::log();
    let config = store::configuration().await;
    let intake = connect(&config).map(Arc::new);
    step::run(move |invocation| {
        let intake = intake.clone();
        async move { intake?.handle(&invocation.payload).await }
    })
    .await
}

fn connect(config: &store::SdkConfig) -> Result<Intake, StepError> {
    Ok(Intake {
        store: store::Store::new(config, setting("STRANDS_TABLE")?, setting("STRANDS_DEPLOYMENTS")?),
        machine: control::StateMachine::new(config, setting("STRANDS_STATE_MACHINE")?),
        conclude: control::Conclude::new(config),
        inbox: setting("STRANDS_INBOX")?,
        now: model::Timestamp::now,
    })
}
