//! What subscribers are told.

use model::{Approval, Notice, ObjectRef};

use super::*;

fn stopped(causes: Vec<Cause>) -> Deployment {
    a_deployment(Outcome::Stopped { causes })
}

fn cause(message: &str) -> Cause {
    let blocked = vec!["shared/Tasks@1".parse().unwrap()];
    Cause { change: Some("shared/Orders@1".parse().unwrap()), message: message.into(), help: "mend it".into(), blocked }
}

fn waiting() -> Deployment {
    let plan = ObjectRef { key: "k".into(), version: "v".into(), digest: Digest::of(b"plan") };
    let approval = Approval { plan, asked: at(0), expires: at(3_600_000), decision: None };
    Deployment {
        status: DeploymentStatus::AwaitingApproval,
        ended: None,
        approval: Some(approval),
        ..a_deployment(Outcome::Deployed)
    }
}

#[test]
fn a_failure_is_told_with_cause_help_and_where_to_look() {
    let told =
        message(&stopped(vec![cause("shared/Orders: dynamodb CreateTable: LimitExceeded")]), Notice::Failed, None);
    insta::assert_snapshot!("notice_failed", told.text);
    assert_eq!((told.outcome, told.id.as_str()), ("Stopped", "0199d2a4c5/failed"));
    assert_eq!(told.subject, "support-desk/dev: Stopped (0199d2a4c5)");
    assert_eq!(told.data["details"]["causes"][0]["help"], "mend it");
    assert_eq!(told.data["details"]["causes"][0]["change"], "shared/Orders@1");
    assert_eq!(told.data["notice"], "failed");
    assert_eq!(told.chat["metadata"]["threadId"], "0199d2a4c5");
}

#[test]
fn a_question_has_the_plan_in_a_few_lines_and_what_to_type() {
    let told = message(&waiting(), Notice::Approval, Some(&a_plan()));
    insta::assert_snapshot!("notice_approval", told.text);
    assert_eq!(told.outcome, "AwaitingApproval");
    let other = Approval {
        plan: ObjectRef { digest: Digest::of(b"another"), ..waiting().approval.unwrap().plan },
        ..waiting().approval.unwrap()
    };
    let again = message(&Deployment { approval: Some(other), ..waiting() }, Notice::Approval, None);
    assert_ne!(told.id, again.id, "another plan is another question");
    assert!(again.text.contains("--plan"), "{}", again.text);
}

#[test]
fn each_kind_of_subscriber_has_a_form_of_its_own() {
    let told = message(&stopped(vec![cause("no")]), Notice::Failed, None);
    let forms: Value = serde_json::from_str(&told.forms()).unwrap();
    let parsed = |name: &str| serde_json::from_str::<Value>(forms[name].as_str().unwrap()).unwrap();
    assert_eq!(parsed("default"), told.data);
    assert_eq!(parsed("https"), told.chat);
    assert_eq!(forms["email"], told.text);
    assert_eq!((&told.chat["version"], &told.chat["source"]), (&json!("1.0"), &json!("custom")));
}

#[test]
fn whatever_went_wrong_a_message_fits() {
    let awkward = "\"\u{1}\u{1f4a5}\\`".repeat(20_000);
    let long = Cause { message: awkward.clone(), help: awkward.clone(), ..cause("") };
    let refusal = Refusal {
        code: "config::unknown-key".into(),
        message: awkward.clone(),
        help: Some(awkward.clone()),
        file: None,
        line: Some(1),
        column: Some(1),
    };
    let names: Vec<model::ResourceKey> =
        (0..5_000).map(|number| format!("stack/Resource{number}@1").parse().unwrap()).collect();
    for outcome in [
        Outcome::Stopped { causes: vec![long.clone(); 500] },
        Outcome::Stuck { causes: vec![long.clone(); 500], because: vec![long; 500], next: awkward.clone() },
        Outcome::Refused { refusals: vec![refusal; 500] },
        Outcome::Draining { left: names.clone(), retained: names },
        Outcome::Denied { by: "kim".into(), why: Some(awkward) },
    ] {
        let deployment = a_deployment(outcome);
        let notice = Notice::of(deployment.outcome().unwrap());
        let told = message(&deployment, notice, None);
        assert!(told.forms().len() <= 250_000, "{} has {} bytes", told.outcome, told.forms().len());
        assert!(told.text.len() <= 64_000 && told.subject.len() <= 100 && told.subject.is_ascii());
        if told.outcome != "Denied" {
            assert!(told.text.contains(" more"), "{}", told.outcome);
        }
    }
}
