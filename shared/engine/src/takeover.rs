//! What a new holder of a lease does when the one before let it expire: waits until nothing of that one can still land, and
//! looks for what it made and never recorded.
//!
//! Every creation is announced before it is made, so that whatever the dead holder made stands in a journal. What carries our
//! tags, was announced there, and is in no record, is nobody's: it is recorded as leaving, and the next plan deletes it, with
//! the same check of ownership as any deletion. Whatever else carries our tags (what was retained, say) is left alone.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Entry, Event, Lease, Operation, Plan, Presence, Properties, Recorded, RecordedResource, ResourceKey, Retention,
    Timestamp,
};

use crate::ports::{Clock, Ledger, Owned, Providers, StoreError};
use crate::wave::Limits;

/// How often the search is tried before the deployment goes on without it.
const TRIES: u32 = 4;

/// Waits until no call of the dead holder can still take effect.
pub(crate) async fn let_land(clock: &dyn Clock, limits: &Limits, expired: Timestamp) {
    let until = expired + limits.landing;
    let left = until.duration_since(clock.now());
    if left.is_positive() {
        clock.sleep(left.unsigned_abs()).await;
    }
}

/// What the dead holder announced to create.
pub(crate) async fn announced(
    ledger: &dyn Ledger,
    plan: &Plan,
    lease: &Lease,
    own: &[Entry],
) -> Result<BTreeSet<ResourceKey>, StoreError> {
    let is_creation = |entry: &&Entry| matches!(entry.event, Event::Started { operation: Operation::Create, .. });
    let keys = |entries: &[Entry]| entries.iter().filter(is_creation).map(|entry| entry.change.clone()).collect();
    match &lease.previous {
        Some(previous) if *previous != plan.deployment => Ok(keys(&ledger.journal(previous).await?)),
        _ => Ok(keys(own)),
    }
}

/// What carries our tags, was announced by the dead holder, and is in no record.
pub(crate) async fn strays(
    providers: &dyn Providers,
    clock: &dyn Clock,
    plan: &Plan,
    announced: &BTreeSet<ResourceKey>,
    recorded: &Recorded,
) -> Vec<Owned> {
    if announced.is_empty() {
        return Vec::new();
    }
    for attempt in 1..=TRIES {
        match providers.owned(&plan.stamp).await {
            Ok(owned) => return unknown(owned, announced, recorded),
            Err(error) if attempt < TRIES => {
                tracing::warn!(error = %error, attempt, "the search for what nobody recorded is tried again");
                clock.sleep(std::time::Duration::from_millis(500 << attempt)).await;
            }
            Err(error) => tracing::error!(error = %error, "what nobody recorded could not be searched for"),
        }
    }
    Vec::new()
}

fn unknown(owned: Vec<Owned>, announced: &BTreeSet<ResourceKey>, recorded: &Recorded) -> Vec<Owned> {
    let made_as: BTreeSet<&ResourceKey> =
        recorded.resources.iter().map(|(key, resource)| resource.made_as.as_ref().unwrap_or(key)).collect();
    let ids: BTreeSet<_> = recorded.resources.values().filter_map(|resource| resource.physical_id.as_ref()).collect();
    let mut strays: BTreeMap<ResourceKey, Owned> = BTreeMap::new();
    for one in owned {
        let is_known = made_as.contains(&one.key) || ids.contains(&one.physical_id);
        if announced.contains(&one.key) && !is_known {
            strays.insert(one.key.clone(), one);
        }
    }
    strays.into_values().collect()
}

/// The record of a stray: it exists, nobody asked for it, and it goes.
pub(crate) fn leaving(stray: &Owned, plan: &Plan) -> RecordedResource {
    RecordedResource {
        kind: stray.kind.clone(),
        physical_id: Some(stray.physical_id.clone()),
        presence: Presence::Leaving,
        asked: Properties::new(),
        sent: stray.properties.clone(),
        baseline: Properties::new(),
        attributes: BTreeMap::new(),
        dependencies: BTreeSet::new(),
        agent: None,
        retention: Retention::Delete,
        deployment: plan.deployment.clone(),
        intent: None,
        made_as: None,
        reap: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(key: &str, id: &str) -> Owned {
        Owned {
            kind: "AWS::SQS::Queue".into(),
            key: key.parse().unwrap(),
            physical_id: id.into(),
            properties: Properties::new(),
        }
    }

    #[test]
    fn only_what_the_dead_holder_announced_and_nobody_recorded_is_a_stray() {
        let announced: BTreeSet<ResourceKey> =
            ["a/Lost@1", "a/Known@1"].into_iter().map(|key| key.parse().unwrap()).collect();
        let mut recorded = Recorded::default();
        let plan_deployment = "d1";
        let known = RecordedResource {
            deployment: plan_deployment.into(),
            physical_id: Some("known".into()),
            presence: Presence::Present,
            ..record()
        };
        recorded.resources.insert("a/Known@1".parse().unwrap(), known);
        let found = vec![owned("a/Lost@1", "lost"), owned("a/Known@1", "known"), owned("a/Retained@1", "kept")];
        let strays = unknown(found, &announced, &recorded);
        assert_eq!(strays.iter().map(|stray| stray.key.to_string()).collect::<Vec<_>>(), ["a/Lost@1"]);
    }

    fn record() -> RecordedResource {
        RecordedResource {
            kind: "AWS::SQS::Queue".into(),
            physical_id: None,
            presence: Presence::Announced,
            asked: Properties::new(),
            sent: Properties::new(),
            baseline: Properties::new(),
            attributes: BTreeMap::new(),
            dependencies: BTreeSet::new(),
            agent: None,
            retention: Retention::Delete,
            deployment: "d0".into(),
            intent: None,
            made_as: None,
            reap: None,
        }
    }
}
