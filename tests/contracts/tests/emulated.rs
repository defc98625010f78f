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
        for key in ["aws:SecureTransport", "iam:PermissionsBoundary", "iam:PassedToService"] {
            assert!(!text.contains(key), "{key} is left");
        }
    }
}

#[test]
fn the_functions_own_policies_are_installed_as_they_are() {
    let (real, adapted) = (template::engine().unwrap(), adapted(template::engine().unwrap()));
    for role in ["IntakeRole", "PlanRole", "ProvisionWaveRole", "ConcludeRole", "StateMachineRole"] {
        let path = format!("/Resources/{role}");
        assert_eq!(real.pointer(&path), adapted.pointer(&path), "{role}");
        assert!(real.pointer(&path).is_some(), "{role}");
    }
}

#[test]
fn a_policy_with_nothing_left_to_say_is_left_out() {
    let adapted = adapted(template::engine().unwrap());
    let resources = adapted.get("Resources").unwrap();
    assert!(resources.get("InboxPolicy").is_none());
    assert!(resources.get("DeploymentsPolicy").is_some());
}

#[test]
fn only_what_is_listed_is_changed_in_the_target_role() {
    let (real, adapted) = (template::target_role().unwrap(), adapted(template::target_role().unwrap()));
    assert_eq!(real.pointer("/Resources/Boundary"), adapted.pointer("/Resources/Boundary"));
    let count = |template: &Value| -> usize {
        let policies = template.pointer("/Resources/TargetRole/Properties/Policies").unwrap().as_array().unwrap();
        policies.iter().map(|p| p.pointer("/PolicyDocument/Statement").unwrap().as_array().unwrap().len()).sum()
    };
    // One denial of a foreign boundary goes, one permission to create functions comes.
    assert_eq!(count(&real), count(&adapted));
}
