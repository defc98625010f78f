//! Approving and denying plans that wait for it, and the rule that makes them wait.

use ::engine::ports::Queue;
use clap::Args;
use control::Word;
use model::{
    Approval, ApprovalRule, Decision, Deployment, DeploymentId, DeploymentStatus, Digest, EnvironmentId, OnFailure,
    Plan, Timestamp,
};
use serde_json::json;
use store::Decided;

use super::engine::Engine;
use super::id;
use crate::console::Console;
use crate::error::XtaskError;

/// Arguments of `cargo xtask admin approve` and `deny`.
#[derive(Args)]
pub(crate) struct Deciding {
    /// `project/environment`
    environment: String,
    /// Which deployment; by default the one that waits for approval.
    deployment: Option<String>,
    /// The digest of the plan that is decided about. Without it the plan is shown, and nothing is decided.
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    plan: Option<Digest>,
    /// Why, for the record.
    #[arg(long)]
    why: Option<String>,
}

impl Deciding {
    /// Decides, or shows what there is to decide about.
    pub(crate) async fn run(self, engine: Engine, approved: bool, as_json: bool) -> Result<(), XtaskError> {
        let environment = id(&self.environment)?;
        let deployment = match self.deployment {
            Some(deployment) => DeploymentId(deployment),
            None => the_one_that_waits(&engine, &environment).await?,
        };
        let asked = Asked { engine, environment, deployment, approved, as_json };
        match self.plan {
            Some(plan) => asked.decide(&plan, self.why).await,
            None => asked.show().await,
        }
    }
}

/// The deployment of an environment that waits for approval, where there is exactly one.
async fn the_one_that_waits(engine: &Engine, environment: &EnvironmentId) -> Result<DeploymentId, XtaskError> {
    let entries = engine.store.entries(environment).await?;
    let mut waiting = entries.into_iter().filter(|entry| entry.parked).map(|entry| entry.deployment);
    match (waiting.next(), waiting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(XtaskError::Usage(format!(
            "nothing in `{environment}` waits for approval: `cargo xtask admin queue {environment}` shows what there is"
        ))),
        (Some(one), Some(other)) => {
            let all: Vec<String> = [one, other].into_iter().chain(waiting).map(|one| format!("`{one}`")).collect();
            Err(XtaskError::Usage(format!("several wait for approval, name one of them: {}", all.join(", "))))
        }
    }
}

/// A decision that somebody is about to make.
struct Asked {
    engine: Engine,
    environment: EnvironmentId,
    deployment: DeploymentId,
    approved: bool,
    as_json: bool,
}

impl Asked {
    /// Shows the plan, and what to type.
    async fn show(&self) -> Result<(), XtaskError> {
        let head = self.head().await?;
        let Some(Approval { plan: reference, asked, expires, .. }) = &head.approval else {
            return Err(self.waits_not(&head));
        };
        if head.status != DeploymentStatus::AwaitingApproval {
            return Err(self.waits_not(&head));
        }
        let bytes = self.engine.store.get(reference).await?;
        let plan: Plan = serde_json::from_slice(&bytes).map_err(|error| XtaskError::Unexpected {
            what: format!("the plan {} was read", reference.digest),
            why: error.to_string(),
        })?;
        let command = |verb: &str| {
            format!("cargo xtask admin {verb} {} {} --plan {}", self.environment, self.deployment, reference.digest)
        };
        if self.as_json {
            let plan = render::plan_summary(&plan);
            println!(
                "{}",
                json!({
                    "deployment": self.deployment, "digest": reference.digest, "asked": asked, "expires": expires,
                    "plan": plan, "approve": command("approve"), "deny": command("deny"),
                })
            );
            return Ok(());
        }
        print!("{}", render::plan(&plan, &Console::for_output().style()));
        println!("\nNothing was decided. There is time until {}. To approve this very plan:", minute(*expires));
        println!("  {}", command("approve"));
        println!("To deny it:");
        println!("  {} --why '…'", command("deny"));
        Ok(())
    }

    async fn decide(&self, plan: &Digest, why: Option<String>) -> Result<(), XtaskError> {
        let (environment, store) = (&self.environment, &self.engine.store);
        self.check_caller().await?;
        let decision = Decision { approved: self.approved, by: self.engine.caller.clone(), why, at: Timestamp::now() };
        // Before the decision: from then on another execution may wait in its place.
        let waiting = store.waiting_execution(environment, &self.deployment).await?;
        let decided = store.decide(environment, &self.deployment, plan, &decision).await?;
        let (standing, is_new) = match decided {
            Decided::Recorded(_) => (decision, true),
            Decided::Already(before) if before.approved == self.approved => (before, false),
            Decided::Already(before) => {
                return Err(XtaskError::Usage(format!("it is too late: {}", told(&self.deployment, &before, true))));
            }
            Decided::Another { asked } => {
                let how =
                    format!("look at that one first: `cargo xtask admin approve {environment} {}`", self.deployment);
                return Err(XtaskError::Usage(format!("the plan that waits for approval is {}; {how}", asked.digest)));
            }
            Decided::Late { expired } => {
                let how = "nothing was changed: upload it again, or start it again, to be asked again";
                return Err(XtaskError::Usage(format!("there was time until {}; {how}", minute(expired))));
            }
            Decided::Elsewhere(head) => return Err(self.waits_not(&head)),
            Decided::Unknown => return Err(self.unknown()),
        };
        if is_new && let Some(waiting) = waiting {
            // Where this fails, the sweeper tells it.
            let word = if self.approved { Word::Approved } else { Word::Denied };
            self.engine.machine.tell(&waiting.token, word).await?;
            store.forget_token(environment, &waiting).await?;
        }
        self.engine.go_on(environment, &[]).await?;
        if self.as_json {
            println!("{}", json!({ "deployment": self.deployment, "plan": plan, "new": is_new, "decision": standing }));
        } else {
            println!("{}", told(&self.deployment, &standing, !is_new));
        }
        Ok(())
    }

    /// Whether the environment's rule lets this caller decide.
    async fn check_caller(&self) -> Result<(), XtaskError> {
        let rule = self.engine.store.environment(&self.environment).await?.and_then(|record| record.approval);
        match rule {
            Some(rule) if !rule.lets(&self.engine.caller) => {
                let (who, listed) = (&self.engine.caller, rule.approvers.join(", "));
                let list = format!("who may decide in `{}`: {listed}", self.environment);
                Err(XtaskError::Usage(format!("`{who}` is not among those {list}; ask one of them")))
            }
            _ => Ok(()),
        }
    }

    async fn head(&self) -> Result<Deployment, XtaskError> {
        let head = self.engine.store.deployment(&self.environment, &self.deployment).await?;
        head.ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> XtaskError {
        let Self { environment, deployment, .. } = self;
        let how = format!("`cargo xtask admin queue {environment}` lists those that wait");
        XtaskError::Usage(format!("there is no deployment `{deployment}` in `{environment}`; {how}"))
    }

    fn waits_not(&self, head: &Deployment) -> XtaskError {
        let decision = head.approval.as_ref().and_then(|approval| approval.decision.as_ref());
        let why = match (&head.status, decision) {
            (_, Some(decision)) => told(&head.id, decision, true),
            (DeploymentStatus::Ended { outcome }, None) => format!("`{}` has ended as {}", head.id, outcome.name()),
            (DeploymentStatus::Queued, None) => format!("`{}` waits for its turn, and has no plan yet", head.id),
            (DeploymentStatus::Running | DeploymentStatus::AwaitingApproval, None) => format!("`{}` runs", head.id),
        };
        XtaskError::Usage(format!("it waits for no approval: {why}"))
    }
}

/// What somebody decided, in a sentence.
fn told(deployment: &DeploymentId, decision: &Decision, already: bool) -> String {
    let word = if decision.approved { "approved" } else { "denied" };
    let already = if already { " already" } else { "" };
    let why = decision.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{deployment}: it was {word}{already}, by {} at {}{why}", decision.by, minute(decision.at))
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::parse(text)
        .ok_or_else(|| "a digest has 64 hexadecimal digits: take the one that is shown without `--plan`".to_owned())
}

/// What an environment's record says of failures and approvals.
#[derive(Args)]
pub(crate) struct Rules {
    /// Plans must be approved; so many hours are waited for it, at most a year.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=8_760))]
    approval_hours: Option<u64>,
    /// Who may approve, as often as needed: the ARN of a user, or of a role that people assume. By default whoever may write
    /// the engine's table.
    #[arg(long, value_name = "ARN", requires = "approval_hours", value_parser = approver)]
    approver: Vec<String>,
    /// What is done when a deployment fails: `rollback` to the revision before, or `stop` where it is.
    #[arg(long, default_value = "rollback", value_parser = on_failure)]
    on_failure: OnFailure,
}

impl Rules {
    /// The two parts of the record.
    pub(crate) fn parts(self) -> (OnFailure, Option<ApprovalRule>) {
        let rule = |hours: u64| ApprovalRule { seconds: hours.saturating_mul(3_600), approvers: self.approver };
        (self.on_failure, self.approval_hours.map(rule))
    }
}

/// A rule as `admin environment get` shows it.
pub(crate) fn rule_words(rule: Option<&ApprovalRule>) -> String {
    let Some(rule) = rule else { return "no".to_owned() };
    let hours = rule.seconds / 3_600;
    let time = if hours * 3_600 == rule.seconds { format!("{hours} h") } else { format!("{} s", rule.seconds) };
    let who = if rule.approvers.is_empty() {
        "whoever may write the engine's table".to_owned()
    } else {
        rule.approvers.join(", ")
    };
    format!("within {time}, by {who}")
}

fn approver(text: &str) -> Result<String, String> {
    let is_identity = text.starts_with("arn:") && (text.contains(":iam::") || text.contains(":sts::"));
    if is_identity {
        Ok(text.to_owned())
    } else {
        Err("an approver is the ARN of a user or a role, as IAM shows it".to_owned())
    }
}

fn on_failure(text: &str) -> Result<OnFailure, String> {
    match text {
        "rollback" => Ok(OnFailure::Rollback),
        "stop" => Ok(OnFailure::Stop),
        _ => Err("it is `rollback` or `stop`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    #[test]
    fn a_rule_is_shown_as_it_was_given() {
        let rules = |approver: Vec<String>| Rules {
            approval_hours: Some(72),
            approver,
            on_failure: on_failure("stop").unwrap(),
        };
        let (on_failure, rule) = rules(Vec::new()).parts();
        assert_eq!((on_failure, rule.as_ref().unwrap().seconds), (OnFailure::Stop, 259_200));
        assert_eq!(rule_words(rule.as_ref()), "within 72 h, by whoever may write the engine's table");
        let kim = approver("arn:aws:iam::123456789012:user/kim").unwrap();
        let (_, rule) = rules(vec![kim]).parts();
        assert_eq!(rule_words(rule.as_ref()), "within 72 h, by arn:aws:iam::123456789012:user/kim");
        assert_eq!(rule_words(None), "no");
        assert!(approver("kim").is_err());
    }

    #[test]
    fn a_decision_is_told_with_who_when_and_why() {
        let at = Timestamp::from_second(1_000_000).unwrap();
        let why = Some("not on a Friday".to_owned());
        let denied = Decision { approved: false, by: "kim".into(), why, at };
        let id = DeploymentId::from("d1");
        assert_eq!(told(&id, &denied, false), "d1: it was denied, by kim at 1970-01-12 13:46:40 UTC: not on a Friday");
        let approved = Decision { approved: true, why: None, ..denied };
        assert_eq!(told(&id, &approved, true), "d1: it was approved already, by kim at 1970-01-12 13:46:40 UTC");
    }
}
