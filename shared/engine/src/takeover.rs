//! What a new holder of a lease does when the one before let it expire: waits until nothing of that one can still land, and
//! looks for what it made and never recorded.
//!
//! Every creation is announced before it is made, so that whatever the dead holder made stands in a journal. What carries our
//! tags, was announced there in vain or more than once, and is in no record, is nobody's: it is recorded as leaving, and the next plan deletes it, with
//! the same check of ownership as any deletion. Whatever else carries our tags (what was retained, say) is left alone.

use std::collections::{BTreeMap, BTreeSet};

use journal::{ChangeStatus, IllegalTransition};
use model::{
    Entry, Event, Lease, Operation, Plan, Presence, Properties, Recorded, RecordedResource, ResourceKey, Retention,
    Timestamp,
};

use crate::ports::{Clock, Existing, Ledger, Owned, Providers};
use crate::wave::{Limits, WaveError};

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

/// What the dead holder announced to create, and of which more may exist than is known.
pub(crate) async fn announced(
    ledger: &dyn Ledger,
    plan: &Plan,
    lease: &Lease,
    own: &[Entry],
) -> Result<BTreeSet<ResourceKey>, WaveError> {
    let mut doubtful = in_doubt(own)?;
    // The holder before this one; and whose plan had started, in case that one died before it got here.
    let others: BTreeSet<_> = [&lease.previous, &lease.started_by].into_iter().flatten().collect();
    for other in others.into_iter().filter(|other| **other != plan.deployment) {
        doubtful.extend(in_doubt(&ledger.journal(other).await?)?);
    }
    Ok(doubtful)
}

/// The creations that are known to have had no effect or to have failed, and those that took more than one attempt.
fn in_doubt(entries: &[Entry]) -> Result<BTreeSet<ResourceKey>, IllegalTransition> {
    let mut attempts: BTreeMap<&ResourceKey, u32> = BTreeMap::new();
    for entry in entries {
        if matches!(entry.event, Event::Started { operation: Operation::Create, .. }) {
            *attempts.entry(&entry.change).or_default() += 1;
        }
    }
    let status = journal::fold(entries)?;
    let is_in_vain = |key: &ResourceKey| {
        matches!(status.changes.get(key), Some(ChangeStatus::Absent { .. } | ChangeStatus::Failed(_)))
    };
    Ok(attempts.into_iter().filter(|(key, n)| *n > 1 || is_in_vain(key)).map(|(key, _)| key.clone()).collect())
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
            Ok(owned) => return there(providers, unknown(owned, announced, recorded)).await,
            Err(error) if attempt < TRIES => {
                tracing::warn!(error = %error, attempt, "the search for what nobody recorded is tried again");
                clock.sleep(std::time::Duration::from_millis(500 << attempt)).await;
            }
            Err(error) => tracing::error!(error = %error, "what nobody recorded could not be searched for"),
        }
    }
    Vec::new()
}

/// What no record knows, by its id. What is recorded without one is resolved by its intent.
fn unknown(owned: Vec<Owned>, announced: &BTreeSet<ResourceKey>, recorded: &Recorded) -> Vec<Owned> {
    let open: BTreeSet<&ResourceKey> = recorded
        .resources
        .iter()
        .filter(|(_, resource)| resource.physical_id.is_none())
        .map(|(key, resource)| resource.made_as.as_ref().unwrap_or(key))
        .collect();
    let ids: BTreeSet<_> = recorded.resources.values().filter_map(|resource| resource.physical_id.as_ref()).collect();
    let is_known = |one: &Owned| open.contains(&one.key) || ids.contains(&one.physical_id);
    owned.into_iter().filter(|one| announced.contains(&one.key) && !is_known(one)).collect()
}

/// Those that a read shows under the very id that the search gave: the search lags, and nothing that is recorded may be taken
/// for a stray because it has two names.
async fn there(providers: &dyn Providers, strays: Vec<Owned>) -> Vec<Owned> {
    let mut there = Vec::new();
    for stray in strays {
        let Some(provider) = providers.get(&stray.kind) else { continue };
        let existing = Existing::settled(&stray.key, &stray.physical_id, &stray.properties);
        match provider.read(&existing).await {
            Ok(Some(observed)) if observed.physical_id == stray.physical_id => there.push(stray),
            Ok(_) => {}
            Err(error) => tracing::warn!(resource = %stray.key, error = %error, "a stray could not be read"),
        }
    }
    there
}

/// The key that a stray is recorded under: its own, or, where that is another's by now, one that nobody has.
pub(crate) fn key(stray: &Owned, recorded: &Recorded) -> ResourceKey {
    if !recorded.resources.contains_key(&stray.key) {
        return stray.key.clone();
    }
    let address = &stray.key.address;
    let last = recorded.generations(address).next_back().map_or(stray.key.generation, |(key, _)| key.generation);
    ResourceKey::new(address.clone(), last.next())
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
        made_as: Some(stray.key.clone()),
        reap: None,
        earlier: Vec::new(),
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
            earlier: Vec::new(),
        }
    }
}
