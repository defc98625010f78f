//! What is known of a deployment when it ends: its plan, its journal, and the record as it left it.
//!
//! What is stored and cannot be read any more must not keep the environment from going on: it becomes a cause, and the
//! deployment ends as one that failed.

use engine::ports::Ledger;
use model::{Cause, Deployment, Entry, Plan, Recorded};
use step::StepError;

use crate::conclude::{Concluding, help};

/// What is known of a deployment.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Its plan, where it has one.
    pub(crate) plan: Option<Plan>,
    /// Its journal.
    pub(crate) entries: Vec<Entry>,
    /// The record.
    pub(crate) recorded: Option<Recorded>,
    /// What could not be read, each with what to do.
    pub(crate) unreadable: Vec<Cause>,
}

impl Known {
    /// The root failures of the plan that the journal tells of, and what could not be read.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        let mut causes = self.unreadable.clone();
        let Some(plan) = &self.plan else { return causes };
        match journal::failures(&self.entries, plan.since) {
            Ok(failed) => causes.extend(engine::causes(plan, &failed)),
            Err(error) => causes.push(broken(&StepError::Corrupt(error.to_string()))),
        }
        causes
    }

    fn take<T>(&mut self, read: Result<T, StepError>) -> Result<Option<T>, StepError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error @ (StepError::Corrupt(_) | StepError::Unreadable(_))) => {
                tracing::error!(%error, "it ends all the same");
                self.unreadable.push(broken(&error));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl Concluding {
    /// Reads what is known of a deployment.
    pub(crate) async fn known(&self, deployment: &Deployment) -> Result<Known, StepError> {
        let (plan, entries, recorded) = tokio::join!(
            self.plan(deployment),
            self.store.journal(&deployment.id),
            self.store.record(&deployment.environment),
        );
        let mut known = Known::default();
        known.plan = known.take(plan)?.flatten();
        known.entries = known.take(entries.map_err(StepError::from))?.unwrap_or_default();
        known.recorded = known.take(recorded.map_err(StepError::from))?;
        Ok(known)
    }
}

/// A cause that says what could not be read.
pub(crate) fn broken(error: &StepError) -> Cause {
    let message = format!("{}: {error}", error.name());
    Cause { change: None, message, help: help(error.name()).to_owned(), blocked: Vec::new() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_a_cause_and_what_may_pass_is_an_error() {
        let mut known = Known::default();
        assert_eq!(known.take::<()>(Err(StepError::Corrupt("the plan is not the plan".into()))), Ok(None));
        let transient = StepError::Transient("no answer".into());
        assert_eq!(known.take::<()>(Err(transient.clone())), Err(transient));
        let causes = known.causes();
        let told: Vec<_> = causes.iter().map(|cause| (cause.message.as_str(), cause.help.as_str())).collect();
        let help = "do not deploy again before an administrator has looked: what is stored is not what was stored";
        assert_eq!(told, [("Corrupt: the plan is not the plan", help)]);
    }

    #[test]
    fn a_journal_that_does_not_fold_is_a_cause() {
        let entry = json!({ "at": "2026-11-01T10:00:00Z", "epoch": 1, "change": "shared/Orders@1", "event": "awaiting", "what": "" });
        let plan = json!({
            "version": 1, "deployment": "d1", "environment": { "project": "shop", "environment": "dev" },
            "account": "123456789012", "region": "eu-central-1", "parent": 0, "sequence": 0, "config": "0",
            "stamp": { "engine": "e", "scope": "shop/dev", "version": "0", "deployed_at": "", "deployed_by": "d1" },
            "changes": [], "unchanged": 0, "irreversible": [], "outputs": {},
        });
        let known = Known {
            plan: Some(serde_json::from_value(plan).unwrap()),
            entries: vec![serde_json::from_value(entry).unwrap()],
            ..Known::default()
        };
        let causes = known.causes();
        assert!(causes.iter().any(|cause| cause.message.contains("the journal is corrupt")), "{causes:#?}");
    }
}
