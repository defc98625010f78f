//! The emulator's deviations are taken out of the templates, and nothing else is.

use contracts::{emulated, template};
use serde_json::Value;

fn adapted(mut template: Value) -> Value {
    emulated::adapt(&mut template);
    template
}

#[test]
fn nothing_is_left_that_the_emulator_would_misjudge() {
    for template in [template::engine().unwrap(), template::target_role().unwrap()] {
        let text = adapted(template).to_string();
        for key in ["iam:PermissionsBoundary", "iam:PassedToService"] {
            assert!(!text.contains(key), "{key} is left");
        }
    }
}

#[test]
fn the_functions_own_policies_are_installed_as_they_are() {
    let (real, adapted) = (template::engine().unwrap(), adapted(template::engine().unwrap()));
    for role in [
        "IntakeRole",
        "DriftScanRole",
        "PlanRole",
        "ProvisionWaveRole",
        "RollbackRole",
        "ConcludeRole",
        "StateMachineRole",
    ] {
        let path = format!("/Resources/{role}");
        assert_eq!(real.pointer(&path), adapted.pointer(&path), "{role}");
        assert!(real.pointer(&path).is_some(), "{role}");
    }
}

#[test]
fn a_denial_that_asks_for_tls_stays() {
    let adapted = adapted(template::engine().unwrap());
    for policy in ["InboxPolicy", "DeploymentsPolicy", "IntakeDeadLettersPolicy", "ConcludeDeadLettersPolicy"] {
        let text = adapted.pointer(&format!("/Resources/{policy}")).unwrap().to_string();
        assert!(text.contains("aws:SecureTransport"), "{policy}");
    }
}

#[test]
fn only_what_is_listed_is_changed_in_the_target_role() {
    let (real, adapted) = (template::target_role().unwrap(), adapted(template::target_role().unwrap()));
    let statements = |template: &Value, at: &str| template.pointer(at).unwrap().as_array().unwrap().clone();
    let boundary = "/Resources/Boundary/Properties/PolicyDocument/Statement";
    let is_own = |statement: &Value| statement.get("Sid").is_none_or(|sid| sid != "Emulated");
    let kept: Vec<_> = statements(&adapted, boundary).into_iter().filter(is_own).collect();
    assert_eq!(kept, statements(&real, boundary));
    let sids = |template: &Value| -> Vec<Value> {
        let policies = statements(template, "/Resources/TargetRole/Properties/Policies");
        let statements = policies.iter().flat_map(|policy| statements(policy, "/PolicyDocument/Statement"));
        statements.filter(is_own).map(|statement| statement.get("Sid").unwrap().clone()).collect()
    };
    let gone: Vec<_> = sids(&real).into_iter().filter(|sid| !sids(&adapted).contains(sid)).collect();
    assert_eq!(gone, ["GiveAnotherBoundary"]);
}

#[test]
fn what_the_emulator_checks_on_anything_is_something_that_we_allow() {
    let text = template::target_role().unwrap().to_string();
    for action in emulated::NAMELESS {
        assert!(text.contains(&format!("\"{action}\"")), "{action}");
    }
}
