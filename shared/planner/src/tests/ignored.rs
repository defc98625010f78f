//! `ignore_changes`: what the record says was asked for stays, until the resource is made anew.

use model::PropertyPath;

use super::*;

fn function(paths: &[&str], of: Value) -> Desired {
    let ignore_changes = paths.iter().map(|path| PropertyPath((*path).to_owned())).collect();
    desired(&[("a/F", DesiredResource { ignore_changes, ..resource("AWS::Lambda::Function", of) })])
}

fn variables(model: &str, other: &str, memory: u32) -> Value {
    json!({ "MemorySize": memory, "Environment": { "Variables": { "MODEL": model, "OTHER": other } } })
}

const MODEL: &str = "Environment.Variables.MODEL";

fn made(of: Value) -> Recorded {
    carried_out(&planned(&function(&[MODEL], of), &Recorded::default(), false).unwrap(), &Recorded::default())
}

#[test]
fn a_change_that_is_ignored_is_no_change_and_is_reported() {
    let recorded = made(variables("a", "x", 128));
    let Planned { plan, report } = reported(&function(&[MODEL], variables("b", "x", 128)), &recorded, false).unwrap();
    assert!(plan.changes.is_empty());
    let ignored = &report.ignored[0];
    assert_eq!(
        (ignored.path.0.as_str(), &ignored.kept, &ignored.wanted),
        (MODEL, &Some(json!("a")), &Some(json!("b")))
    );
}

#[test]
fn what_else_changes_is_changed_and_what_is_ignored_keeps_its_value() {
    let recorded = made(variables("a", "x", 128));
    let plan = planned(&function(&[MODEL], variables("b", "y", 128)), &recorded, false).unwrap();
    let Action::Update { to, diff, .. } = &plan.changes[0].action else { panic!("{:?}", plan.changes) };
    assert_eq!(diff.iter().map(|one| one.path.0.as_str()).collect::<Vec<_>>(), ["Environment.Variables.OTHER"]);
    assert_eq!(to.get("Environment").unwrap(), &json!({ "Variables": { "MODEL": "a", "OTHER": "y" } }));
}

#[test]
fn what_appears_or_goes_is_ignored_as_well() {
    let recorded = made(json!({ "MemorySize": 128 }));
    let with = json!({ "MemorySize": 128, "Environment": { "Variables": { "MODEL": "b" } } });
    assert!(planned(&function(&[MODEL], with.clone()), &recorded, false).unwrap().changes.is_empty());
    let recorded = made(with);
    assert!(planned(&function(&[MODEL], json!({ "MemorySize": 128 })), &recorded, false).unwrap().changes.is_empty());
    let whole = function(&["MemorySize", "Environment"], json!({ "MemorySize": 512 }));
    assert!(planned(&whole, &recorded, false).unwrap().changes.is_empty());
}

#[test]
fn a_new_resource_and_a_replacement_take_what_the_config_says() {
    let recorded = made(variables("a", "x", 128));
    let mut wanted = variables("b", "x", 128);
    wanted["PackageType"] = json!("Image");
    let Planned { plan, report } = reported(&function(&[MODEL], wanted), &recorded, false).unwrap();
    let Action::Replace { to, .. } = &plan.changes[0].action else { panic!("{:?}", plan.changes) };
    assert_eq!(to.get("Environment").unwrap()["Variables"]["MODEL"], json!("b"));
    assert!(report.ignored.is_empty());
    assert_eq!(report.replaced[0].forced_by, [PropertyPath::root("PackageType")]);
}

#[test]
fn a_reference_that_is_kept_is_waited_for_and_cannot_lead_to_nothing() {
    let queue = || ("a/Q", resource("AWS::SQS::Queue", json!({})));
    let with = |value: Value, more: &[(&'static str, DesiredResource)]| {
        let mut wanted = function(&[MODEL], json!({ "Environment": { "Variables": { "MODEL": value } } }));
        wanted.resources.extend(desired(more).resources);
        wanted
    };
    let first = with(json!({ "Ref": "a/Q" }), &[queue()]);
    let recorded = carried_out(&planned(&first, &Recorded::default(), false).unwrap(), &Recorded::default());
    assert!(planned(&with(json!("plain"), &[queue()]), &recorded, false).unwrap().changes.is_empty());
    let PlanError(problems) = planned(&with(json!("plain"), &[]), &recorded, false).unwrap_err();
    assert_eq!(problems[0].code(), "plan::kept-reference");
}
