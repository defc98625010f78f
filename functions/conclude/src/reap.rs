//! Deletions that were put off: what of them a deployment leaves, when they are due, and the deployment that tries again.

use std::time::Duration;

use model::{Deployment, DeploymentId, Digest, EnvironmentId, Origin, Recorded, Request, ResourceKey, Timestamp};
use step::StepError;
use store::Accepted;

use crate::conclude::Concluding;

/// How long a reap waits that follows one which left what was due: it was stopped or cancelled, and trying again at once
/// would only find the same.
const AGAIN: Duration = Duration::from_secs(1_200);

/// The resources whose deletion is put off.
pub(crate) fn deferred(recorded: &Recorded) -> Vec<ResourceKey> {
    recorded.resources.iter().filter(|(_, one)| one.reap.is_some()).map(|(key, _)| key.clone()).collect()
}

/// When the next reap is due, for a deployment that ends now and was asked for this. Never a time that is past: a reap takes its id
/// from the time, so that each reap needs a time of its own.
pub(crate) fn due(recorded: &Recorded, request: &Request, now: Timestamp) -> Option<Timestamp> {
    let earliest = recorded.resources.values().filter_map(|one| one.reap).min()?;
    let soonest = if *request == Request::Reap { now + AGAIN } else { now };
    Some(earliest.max(soonest))
}

/// The id of the reap of one environment that is due at one time: two sweepers that come to it at once make one deployment.
fn id(environment: &EnvironmentId, due: Timestamp) -> DeploymentId {
    let hash = Digest::of(format!("reap\n{environment}\n{}", due.as_millisecond()).as_bytes());
    DeploymentId(format!("{:011x}-{}", due.as_millisecond(), hash.short(16)))
}

impl Concluding {
    /// Enqueues a reap that is due, if nothing waits. Says which, where it did.
    pub(crate) async fn enqueue_reap(
        &self,
        environment: &EnvironmentId,
        due: Timestamp,
    ) -> Result<Option<DeploymentId>, StepError> {
        use engine::ports::Queue;
        let now = (self.now)();
        if now < due || !self.store.entries(environment).await?.is_empty() {
            return Ok(None);
        }
        let deployment = reap(environment, due, now);
        let accepted = self.store.accept(&deployment).await?;
        tracing::info!(deployment = %deployment.id, environment = %environment, ?accepted, "deletions are due");
        Ok((accepted == Accepted::New).then_some(deployment.id))
    }
}

fn reap(environment: &EnvironmentId, due: Timestamp, now: Timestamp) -> Deployment {
    Deployment::new(id(environment, due), environment.clone(), Origin::Engine, Request::Reap, now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn recorded(reaps: &[Option<i64>]) -> Recorded {
        let resources = reaps.iter().enumerate().map(|(number, reap)| {
            let resource = json!({
                "type": "AWS::EC2::SecurityGroup", "physical_id": "sg-1", "presence": "leaving", "asked": {}, "sent": {},
                "deployment": "d1", "reap": reap.map(at),
            });
            (format!("shared/Group{number}@1").parse().unwrap(), serde_json::from_value(resource).unwrap())
        });
        Recorded { resources: resources.collect(), ..Recorded::default() }
    }

    #[test]
    fn what_was_put_off_is_listed_and_due_at_its_earliest() {
        let recorded = recorded(&[Some(500), None, Some(300)]);
        let keys: Vec<String> = deferred(&recorded).iter().map(ToString::to_string).collect();
        assert_eq!(keys, ["shared/Group0@1", "shared/Group2@1"]);
        assert_eq!(due(&recorded, &Request::DEPLOY, at(100)), Some(at(300)));
    }

    #[test]
    fn where_nothing_is_put_off_nothing_is_due() {
        assert_eq!(due(&recorded(&[None]), &Request::DEPLOY, at(100)), None);
        assert_eq!(deferred(&recorded(&[None])), []);
    }

    #[test]
    fn what_is_overdue_is_due_at_once_but_not_after_a_reap_that_left_it() {
        let recorded = recorded(&[Some(300)]);
        assert_eq!(due(&recorded, &Request::DEPLOY, at(400)), Some(at(400)));
        assert_eq!(due(&recorded, &Request::Reap, at(400)), Some(at(1_600)));
    }

    #[test]
    fn two_sweepers_name_the_same_reap_and_ids_sort_by_time() {
        let [shop, desk] = ["shop", "desk"].map(|project| EnvironmentId::new(project, "dev").unwrap());
        assert_eq!(id(&shop, at(300)), id(&shop, at(300)));
        assert_ne!(id(&shop, at(300)), id(&desk, at(300)));
        assert!(id(&shop, at(300)) < id(&shop, at(301)));
    }
}
