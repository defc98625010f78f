//! Looking up what planning must know of the target account.
//!
//! Reads, and nothing else. What is a secret is never taken: it would stand in a snapshot.

mod parameters;
mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use engine::fence::Fence;
use model::{CallError, ErrorClass, Lookup, Snapshot};
use serde_json::Value;

pub use zones::Zones;

use crate::clients::{Clients, Target, connect};
use crate::rights::Rights;

/// What looking up came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// What was found.
    pub found: Snapshot,
    /// What cannot be used, and why.
    pub unfit: BTreeMap<Lookup, Unfit>,
}

/// Why something that was looked up cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// There is none of that name, or none of that version.
    Missing,
    /// It is a secret.
    Secret,
    /// The target role may not read it.
    Denied,
    /// Its value refers to another one, which whoever may write the parameter might not read.
    Reference,
}

/// Looks all of it up in the target account, with the rights to do that and no others. A call takes no longer than `call`.
///
/// # Guarantees
/// Everything that was asked for is either found or unfit: nothing of it is left out, and one that is unfit keeps no other
/// from being looked up.
///
/// # Errors
/// Any failure but that something is missing or may not be read; that the target role cannot be assumed.
pub async fn look_up(
    base: &SdkConfig,
    target: &Target,
    call: Duration,
    lookups: &BTreeSet<Lookup>,
) -> Result<Looked, CallError> {
    // The fence is never opened: nothing is changed.
    let clients = connect(base, target, Rights::LookUp, Arc::new(Fence::new(call))).await?;
    look_up_with(&clients, lookups).await
}

async fn look_up_with(clients: &Clients, lookups: &BTreeSet<Lookup>) -> Result<Looked, CallError> {
    let mut looked = parameters::look_up(&clients.ssm, lookups).await?;
    for lookup in lookups {
        let Lookup::Zones { region } = lookup else { continue };
        match clients.zones.of(region).await {
            Ok(names) => drop(looked.found.0.insert(lookup.clone(), names.into_iter().map(Value::String).collect())),
            Err(error) if error.class == ErrorClass::Denied => {
                tracing::warn!(region, %error, "zones may not be read");
                looked.unfit.insert(lookup.clone(), Unfit::Denied);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(looked)
}
