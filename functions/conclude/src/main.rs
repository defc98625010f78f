//! `conclude`: how a deployment ended is recorded, its history is written, and the next one starts. Also what sweeps after
//! executions that died without concluding.

mod approval;
mod conclude;
mod ended;
mod hand_over;
mod history;
mod keep;
mod known;
mod outcome;
mod over;
mod reap;
mod tell;

use std::sync::Arc;

use conclude::Concluding;
use step::{StepError, setting};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    step::log();
    let config = store::configuration().await;
    let concluding = connect(&config).map(Arc::new);
    step::run(move |invocation| {
        let concluding = concluding.clone();
        async move { concluding?.handle(&invocation.payload).await }
    })
    .await
}

fn connect(config: &store::SdkConfig) -> Result<Concluding, StepError> {
    Ok(Concluding {
        store: store::Store::new(config, setting("STRANDS_TABLE")?, setting("STRANDS_DEPLOYMENTS")?),
        machine: control::StateMachine::new(config, setting("STRANDS_STATE_MACHINE")?),
        topic: control::Topic::new(config, setting("STRANDS_NOTIFICATIONS")?),
        now: model::Timestamp::now,
    })
}
