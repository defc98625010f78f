//! `provision-wave`: one time slice of carrying out a plan in the target account, and a look at what must hold then. Never
//! looks at a config, never decides.

mod approval;
mod gates;
mod wave;

use std::sync::Arc;

use step::{StepError, number, seconds, setting};
use wave::Provisioning;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    step::log();
    let config = store::configuration().await;
    let provisioning = connect(config).map(Arc::new);
    step::run(move |invocation| {
        let provisioning = provisioning.clone();
        async move { provisioning?.handle(&invocation).await }
    })
    .await
}

fn connect(config: store::SdkConfig) -> Result<Provisioning, StepError> {
    Ok(Provisioning {
        store: store::Store::new(&config, setting("STRANDS_TABLE")?, setting("STRANDS_DEPLOYMENTS")?),
        slice: seconds("STRANDS_SLICE_SECONDS")?,
        lease: seconds("STRANDS_LEASE_SECONDS")?,
        call: seconds("STRANDS_CALL_SECONDS")?,
        waves: number("STRANDS_WAVES")?,
        pace: engine::Pace::new(),
        config,
    })
}
