//! Approvals: which plans need one, what was asked, and what was decided.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::artifact::ObjectRef;
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
            Request::Deploy | Request::Destroy(_) => !plan.changes.is_empty(),
            Request::Rollback(_) => !plan.irreversible.is_empty(),
            Request::LetGo { .. } | Request::Reap => false,
        };
        self.approval.as_ref().filter(|_| must)
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

    use super::*;

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

    #[test]
    fn what_is_deployed_or_destroyed_must_be_approved_and_what_goes_back_where_it_loses_something() {
        let change = serde_json::json!({
            "key": "shared/Orders@1", "type": "AWS::SQS::Queue", "action": { "do": "create", "to": {} },
            "because": "new", "needs": [], "stage": "build", "dependencies": [], "agent": null, "retention": "delete",
        });
        let plan = |changes: &[&serde_json::Value], losses: &[serde_json::Value]| -> Plan {
            serde_json::from_value(serde_json::json!({
                "version": 1, "deployment": "d1", "environment": { "project": "shop", "environment": "dev" },
                "account": "123456789012", "region": "eu-central-1", "parent": 0, "sequence": 0,
                "stamp": { "engine": "e", "scope": "shop/dev", "version": "1", "deployed_at": "", "deployed_by": "d1" },
                "config": Digest::of(b""), "changes": changes, "unchanged": 0, "irreversible": losses, "outputs": {},
            }))
            .unwrap()
        };
        let loss = serde_json::json!({ "resource": "shared/Orders", "what": "its data" });
        let (nothing, some, losing) = (plan(&[], &[]), plan(&[&change], &[]), plan(&[&change], &[loss]));
        let back: Request = serde_json::from_value(serde_json::json!({ "do": "rollback", "to": "previous" })).unwrap();
        let id = crate::EnvironmentId::new("shop", "dev").unwrap();
        let environment =
            Environment { approval: Some(rule(&[])), ..Environment::new(id, "123456789012", "eu-central-1") };
        for (request, plan, must) in [
            (Request::Deploy, &nothing, false),
            (Request::Deploy, &some, true),
            (Request::Destroy(crate::Destroy::default()), &some, true),
            (back.clone(), &some, false),
            (back, &losing, true),
            (Request::Reap, &losing, false),
            (Request::LetGo { resources: std::collections::BTreeSet::default() }, &losing, false),
        ] {
            assert_eq!(environment.asks(&request, plan).is_some(), must, "{request:?}");
            let free = Environment { approval: None, ..environment.clone() };
            assert_eq!(free.asks(&request, plan), None);
        }
    }
}
