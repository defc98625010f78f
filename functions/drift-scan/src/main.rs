//! `drift-scan`: a look at the target account that changes nothing there. Today that is what planning must know of it.

mod observe;
mod tell;

use std::sync::Arc;

use observe::Observing;
use step::{StepError, seconds, setting};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    step::log();
    let config = store::configuration().await;
    let observing = connect(config).map(Arc::new);
    step::run(move |invocation| {
        let observing = observing.clone();
        async move { observing?.handle(&invocation.payload).await }
    })
    .await
}

fn connect(config: store::SdkConfig) -> Result<Observing, StepError> {
    let store = store::Store::new(&config, setting("STRANDS_TABLE")?, setting("STRANDS_DEPLOYMENTS")?);
    Ok(Observing { store, call: seconds("STRANDS_CALL_SECONDS")?, config })
}
