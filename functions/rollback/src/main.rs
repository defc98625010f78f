//! `rollback`: the way back to a recorded revision is planned and written down, because that was asked for or because a
//! deployment failed. Never touches the target account.

mod decide;
mod rollback;

use std::sync::Arc;

use rollback::RollingBack;
use step::{StepError, setting};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    step::log();
    let config = store::configuration().await;
    let rolling_back = connect(&config).map(Arc::new);
    step::run(move |invocation| {
        let rolling_back = rolling_back.clone();
        async move { rolling_back?.handle(&invocation.payload).await }
    })
    .await
}

fn connect(config: &store::SdkConfig) -> Result<RollingBack, StepError> {
    Ok(RollingBack {
        store: store::Store::new(config, setting("STRANDS_TABLE")?, setting("STRANDS_DEPLOYMENTS")?),
        now: model::Timestamp::now,
    })
}
