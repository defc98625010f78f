//! Approvals: which plans need one, what was asked, and what was decided.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::artifact::ObjectRef;
use crate::deployment::Deployment;
use crate::digest::Digest;
use crate::environment::{ApprovalRule, Environment};
use crate::plan::Plan;
use crate::request::Request;

/// The approval that a deployment needs before its plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The plan that was asked about. No other one is approved by it.
    pub plan: ObjectRef,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When it is too late.
    pub expires: Timestamp,
    /// What was decided; none yet.
    #[serde(default)]
    pub decision: Option<Decision>,
}

/// What somebody decided about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whether it may be carried out.
    pub approved: bool,
    /// Who, as IAM names them.
    pub by: String,
    /// Why, in their words.
    #[serde(default)]
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Approval {
    /// Asks about a plan.
    pub fn new(plan: ObjectRef, rule: &ApprovalRule, asked: Timestamp) -> Self {
        let seconds = i64::try_from(rule.seconds).unwrap_or(i64::MAX);
        let expires = asked.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        Self { plan, asked, expires, decision: None }
    }

    /// Whether the plan with this digest may be carried out: this one and no other.
    pub fn allows(&self, plan: &Digest) -> bool {
        self.plan.digest == *plan && self.decision.as_ref().is_some_and(|decision| decision.approved)
    }
}

impl Environment {
    /// The rule by which a plan of such a request must be approved before it is carried out; none where it need not. What a
    /// config asks for and what is to be destroyed must; what only goes back must where it loses something. Deletions that
    /// were put off were approved with the plan that made them, and letting go touches nothing.
    pub fn asks(&self, request: &Request, plan: &Plan) -> Option<&ApprovalRule> {
        let must = match request {
            Request::Deploy { .. } | Request::Destroy(_) => !plan.changes.is_empty(),
            Request::Rollback(_) => !plan.irreversible.is_empty(),
            Request::LetGo { .. } | Request::Reap => false,
        };
        self.approval.as_ref().filter(|_| must)
    }
}

impl Deployment {
    /// Asks for approval of the plan that it is to carry out next, where its environment wants one and it has none yet. Answers
    /// for how many seconds somebody may decide; none where nobody needs to. Not for a plan that undoes what failed: nobody
    /// waits with a half-done change.
    pub fn ask(
        &mut self,
        environment: &Environment,
        plan: &Plan,
        reference: &ObjectRef,
        now: Timestamp,
    ) -> Option<u64> {
        let rule = environment.asks(&self.request, plan)?;
        if self.approval.as_ref().is_some_and(|approval| approval.allows(&reference.digest)) {
            return None;
        }
        self.approval = Some(Approval::new(reference.clone(), rule, now));
        Some(rule.seconds)
    }

    /// Whether it may carry out this plan in this environment, as far as that needs somebody's approval: none is asked for, it
    /// was given for this very plan, or the plan undoes what failed.
    pub fn may_carry_out(&self, environment: &Environment, plan: &Plan, digest: &Digest) -> bool {
        let is_undoing = self.undo.is_some() && self.plan.as_ref().is_some_and(|own| own.digest == *digest);
        is_undoing
            || environment.asks(&self.request, plan).is_none()
            || self.approval.as_ref().is_some_and(|approval| approval.allows(digest))
    }
}

impl ApprovalRule {
    /// Whether somebody may decide, whom `sts:GetCallerIdentity` calls by this ARN. A user, or one session of a role, is listed
    /// by that very ARN; whoever has assumed a role is listed by the role's ARN,
    /// `arn:aws:iam::{account}:role/{path/}{name}`. STS leaves the path out of `arn:aws:sts::{account}:assumed-role/{name}/{session}`,
    /// so it is not compared: an account has one role of a name, whatever its path.
    pub fn lets(&self, caller: &str) -> bool {
        let role = role_of_session(caller);
        let is_listed = |listed: &String| listed == caller || (role.is_some() && role_of_arn(listed) == role);
        self.approvers.is_empty() || self.approvers.iter().any(is_listed)
    }
}

/// Partition, account and name of the role that a session is one of.
fn role_of_session(arn: &str) -> Option<(&str, &str, &str)> {
    let ("sts", partition, account, resource) = parts(arn)? else { return None };
    let (name, _) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some((partition, account, name))
}

/// Partition, account and name of a role.
fn role_of_arn(arn: &str) -> Option<(&str, &str, &str)> {
    let ("iam", partition, account, resource) = parts(arn)? else { return None };
    let path = resource.strip_prefix("role/")?;
    Some((partition, account, path.rsplit('/').next()?))
}

/// Service, partition, account and resource of an ARN that has no region.
fn parts(arn: &str) -> Option<(&str, &str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let ("arn", partition, service) = (parts.next()?, parts.next()?, parts.next()?) else { return None };
    let ("", account, resource) = (parts.next()?, parts.next()?, parts.next()?) else { return None };
    Some((service, partition, account, resource))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::{Destroy, EnvironmentId, Origin};

    const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/Releases/kim@example.com";

    fn rule(approvers: &[&str]) -> ApprovalRule {
        ApprovalRule { seconds: 60, approvers: approvers.iter().map(|&one| one.to_owned()).collect() }
    }

    #[test]
    fn who_is_listed_may_decide_by_user_by_role_or_by_session() {
        assert!(rule(&[]).lets(SESSION), "nobody is listed: everybody may");
        let user = "arn:aws:iam::123456789012:user/kim";
        assert!(rule(&[user]).lets(user));
        for listed in [
            SESSION,
            "arn:aws:iam::123456789012:role/Releases",
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/Releases",
        ] {
            assert!(rule(&["arn:aws:iam::123456789012:user/lee", listed]).lets(SESSION), "{listed}");
        }
    }

    #[test]
    fn who_is_not_listed_may_not_however_alike_the_names() {
        for listed in [
            "arn:aws:iam::123456789012:role/Release",
            "arn:aws:iam::123456789012:role/Releases/Other",
            "arn:aws:iam::210987654321:role/Releases",
            "arn:aws-cn:iam::123456789012:role/Releases",
            "arn:aws:iam::123456789012:user/Releases",
            "arn:aws:sts::123456789012:assumed-role/Releases/lee@example.com",
            "arn:aws:sts::123456789012:assumed-role/Releases",
            "Releases",
            "",
        ] {
            assert!(!rule(&[listed]).lets(SESSION), "{listed}");
        }
        let role = "arn:aws:iam::123456789012:role/Releases";
        assert!(!rule(&[role]).lets("arn:aws:iam::123456789012:user/Releases"));
        assert!(!rule(&["nothing"]).lets("nobody"));
    }

    #[test]
    fn only_an_approved_plan_is_allowed_and_no_other() {
        let plan = |text: &[u8]| ObjectRef { key: "k".into(), version: "v".into(), digest: Digest::of(text) };
        let asked = Timestamp::from_second(1_000).unwrap();
        let mut approval = Approval::new(plan(b"this"), &rule(&[]), asked);
        assert_eq!(approval.expires, Timestamp::from_second(1_060).unwrap());
        assert!(!approval.allows(&Digest::of(b"this")), "nobody has decided");
        let decision = |approved| Decision { approved, by: "kim".into(), why: None, at: asked };
        approval.decision = Some(decision(false));
        assert!(!approval.allows(&Digest::of(b"this")));
        approval.decision = Some(decision(true));
        assert!(approval.allows(&Digest::of(b"this")));
        assert!(!approval.allows(&Digest::of(b"that")));
        let forever = ApprovalRule { seconds: u64::MAX, approvers: Vec::new() };
        assert_eq!(Approval::new(plan(b"this"), &forever, asked).expires, Timestamp::MAX);
    }

    fn plan(changes: usize, losses: usize) -> Plan {
        let change = json!({
            "key": "shared/Orders@1", "type": "AWS::SQS::Queue", "action": { "do": "create", "to": {} },
            "because": "new", "needs": [], "stage": "build", "dependencies": [], "agent": null, "retention": "delete",
        });
        let loss = json!({ "resource": "shared/Orders", "what": "its data" });
        serde_json::from_value(json!({
            "version": 1, "deployment": "d1", "environment": { "project": "shop", "environment": "dev" },
            "account": "123456789012", "region": "eu-central-1", "parent": 0, "sequence": 0,
            "stamp": { "engine": "e", "scope": "shop/dev", "version": "1", "deployed_at": "", "deployed_by": "d1" },
            "config": Digest::of(b""), "changes": vec![change; changes], "unchanged": 0,
            "irreversible": vec![loss; losses], "outputs": {},
        }))
        .unwrap()
    }

    fn environment(approval: Option<ApprovalRule>) -> Environment {
        let id = EnvironmentId::new("shop", "dev").unwrap();
        Environment { approval, ..Environment::new(id, "123456789012", "eu-central-1") }
    }

    fn head(request: Request) -> Deployment {
        let id = EnvironmentId::new("shop", "dev").unwrap();
        Deployment::new("d1".into(), id, Origin::Engine, request, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_is_deployed_or_destroyed_must_be_approved_and_what_goes_back_where_it_loses_something() {
        let back: Request = serde_json::from_value(json!({ "do": "rollback", "to": "previous" })).unwrap();
        for (request, plan, must) in [
            (Request::DEPLOY, plan(0, 0), false),
            (Request::DEPLOY, plan(1, 0), true),
            (Request::Destroy(Destroy::default()), plan(1, 1), true),
            (back.clone(), plan(1, 0), false),
            (back, plan(1, 1), true),
            (Request::Reap, plan(1, 1), false),
            (Request::LetGo { resources: BTreeSet::new() }, plan(1, 0), false),
        ] {
            assert_eq!(environment(Some(rule(&[]))).asks(&request, &plan).is_some(), must, "{request:?}");
            assert_eq!(environment(None).asks(&request, &plan), None);
        }
    }

    #[test]
    fn a_deployment_carries_out_what_was_approved_and_what_undoes_its_failure() {
        let reference = |text: &[u8]| ObjectRef { key: "k".into(), version: "v".into(), digest: Digest::of(text) };
        let (this, that) = (reference(b"this"), reference(b"that"));
        let strict = environment(Some(rule(&[])));
        let now = Timestamp::UNIX_EPOCH;
        let mut head = head(Request::DEPLOY);
        assert!(head.may_carry_out(&environment(None), &plan(1, 0), &this.digest));
        assert!(!head.may_carry_out(&strict, &plan(1, 0), &this.digest), "nobody was asked");
        assert_eq!(head.ask(&environment(None), &plan(1, 0), &this, now), None);
        assert_eq!(head.ask(&strict, &plan(1, 0), &this, now), Some(60));
        assert!(!head.may_carry_out(&strict, &plan(1, 0), &this.digest), "nobody has decided");
        let decision = Decision { approved: true, by: "kim".into(), why: None, at: now };
        head.approval.as_mut().unwrap().decision = Some(decision);
        assert!(head.may_carry_out(&strict, &plan(1, 0), &this.digest));
        assert!(!head.may_carry_out(&strict, &plan(1, 0), &that.digest), "another one");
        assert_eq!(head.ask(&strict, &plan(1, 0), &this, now), None, "it has been given");
        assert_eq!(head.ask(&strict, &plan(1, 0), &that, now), Some(60));
        assert!(!head.may_carry_out(&strict, &plan(1, 0), &this.digest), "what was approved once is not any more");

        let undo = json!({ "to": 1, "causes": [], "failed": this, "state": this, "at": now });
        head.undo = Some(serde_json::from_value(undo).unwrap());
        head.plan = Some(that.clone());
        assert!(head.may_carry_out(&strict, &plan(1, 1), &that.digest));
        assert!(!head.may_carry_out(&strict, &plan(1, 1), &this.digest), "not the one that failed");
    }
}
