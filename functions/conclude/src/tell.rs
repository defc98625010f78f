//! Telling people: what of a deployment is told, and that nobody being told keeps no deployment from ending.
//!
//! At least once: what is to be told is noted in the table before, and taken away after. What comes twice has the same id.

use std::time::Duration;

use control::{Publication, PublishError};
use model::{Deployment, Notice, Plan, Timestamp};
use step::StepError;

use crate::conclude::Concluding;

/// For how long after its end it is tried to tell of a deployment: what is older helps nobody.
const PATIENCE: Duration = Duration::from_secs(86_400);

/// What became of telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// There is nothing left to tell: it was told, nobody wants to know, or it is refused for good.
    Done,
    /// It is to be tried again.
    Later,
}

impl Concluding {
    /// Tells of a deployment that has ended, if that was not told yet.
    pub(crate) async fn tell_end(&self, head: &Deployment, plan: Option<&Plan>) -> Told {
        let Some(outcome) = head.outcome() else { return Told::Done };
        let notice = Notice::of(outcome);
        let wanted = async {
            Ok(self.wants(head, notice).await? && self.store.is_unwritten(&head.environment, &head.id).await?)
        };
        self.tell(head, notice, wanted.await, plan).await
    }

    /// Tells that a plan waits for somebody to approve it.
    pub(crate) async fn tell_question(&self, head: &Deployment) -> Told {
        let wanted = self.wants(head, Notice::Approval).await;
        let plan = match wanted {
            Ok(true) => self.plan(head).await.unwrap_or_else(|error| {
                tracing::error!(deployment = %head.id, %error, "its approval is asked for without its plan");
                None
            }),
            Ok(false) | Err(_) => None,
        };
        self.tell(head, Notice::Approval, wanted, plan.as_ref()).await
    }

    async fn tell(
        &self,
        head: &Deployment,
        notice: Notice,
        wanted: Result<bool, StepError>,
        plan: Option<&Plan>,
    ) -> Told {
        let published = match wanted {
            Ok(false) => return Told::Done,
            Ok(true) => self.publish(head, notice, plan).await,
            Err(error) => Err(PublishError::Transient(error.to_string())),
        };
        let (deployment, notice) = (&head.id, notice.as_str());
        match published {
            Ok(()) => {
                tracing::info!(%deployment, notice, "told");
                Told::Done
            }
            Err(PublishError::Transient(why)) if !is_old(head, (self.now)()) => {
                tracing::warn!(%deployment, notice, why, "could not be told, and is tried again");
                Told::Later
            }
            Err(error) => {
                tracing::error!(%deployment, notice, %error, "nobody was told");
                Told::Done
            }
        }
    }

    async fn publish(&self, head: &Deployment, notice: Notice, plan: Option<&Plan>) -> Result<(), PublishError> {
        let message = render::message(head, notice, plan);
        let attributes = [
            ("project", head.environment.project.as_str()),
            ("environment", head.environment.environment.as_str()),
            ("notice", notice.as_str()),
            ("outcome", message.outcome),
        ];
        let forms = message.forms();
        self.topic.publish(Publication { subject: &message.subject, forms: &forms, attributes: &attributes }).await
    }

    /// Whether somebody is to be told: because the environment's record says so, or the deployment's config. For what has no
    /// config the last one speaks that was accepted before it.
    async fn wants(&self, head: &Deployment, notice: Notice) -> Result<bool, StepError> {
        let Some(environment) = self.store.environment(&head.environment).await? else { return Ok(false) };
        if environment.notices.0.contains(&notice) {
            return Ok(true);
        }
        if head.config.is_some() {
            return Ok(head.notices.contains(&notice));
        }
        let all = self.store.deployments(&head.environment).await?;
        let last = all.into_iter().rfind(|one| one.config.is_some() && one.accepted <= head.accepted);
        Ok(last.is_some_and(|last| last.notices.contains(&notice)))
    }
}

fn is_old(head: &Deployment, now: Timestamp) -> bool {
    head.ended.is_some_and(|ended| now.duration_since(ended).unsigned_abs() >= PATIENCE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use model::{EnvironmentId, Origin, Request};

    use super::*;

    #[test]
    fn what_ended_a_day_ago_is_not_tried_again_and_what_waits_is() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let id = EnvironmentId::new("shop", "dev").unwrap();
        let waits = Deployment::new("d1".into(), id, Origin::Engine, Request::DEPLOY, at(0));
        assert!(!is_old(&waits, at(200_000)));
        let ended = Deployment { ended: Some(at(1_000)), ..waits };
        assert!(!is_old(&ended, at(87_399)));
        assert!(is_old(&ended, at(87_400)));
    }
}
