//! `plan`, as a Lambda function.

use std::sync::Arc;

use plan::Planning;
use step::{StepError, setting};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    step::log();
    let config = store::configuration().await;
    let planning = connect(&config).map(Arc::new);
    step::run(move |invocation| {
        let planning = planning.clone();
        async move { planning?.handle(&invocation.payload).await }
    })
    .await
}

fn connect(config: &store::SdkConfig) -> Result<Planning, StepError> {
    let store = store::Store::new(config, setting("STRANDS_TABLE")?, setting("STRANDS_DEPLOYMENTS")?);
    Ok(Planning { store, now: model::Timestamp::now })
}
